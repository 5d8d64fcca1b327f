#!/usr/bin/env bash
# Checks types and style of deploy/web; says so where npm is missing and nothing is checked.
set -euo pipefail
cd "$(dirname "$0")/../deploy/web"

if ! command -v npm >/dev/null; then
    echo "skipped: types and lint of deploy/web, which need npm" >&2
    exit 0
fi
../../scripts/setup_web.sh
for project in tsconfig.json tsconfig.worker.json tsconfig.node.json; do
    node_modules/.bin/tsc --project "$project"
done
node_modules/.bin/biome check --error-on-warnings .
