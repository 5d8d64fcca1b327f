#!/usr/bin/env bash
# Installs the type checker and the linter of deploy/web; does nothing when they are there.
# Usage: scripts/setup_web.sh      status 0 when they are
set -euo pipefail
cd "$(dirname "$0")/../deploy/web"

command -v npm >/dev/null || {
    echo "the page's linter needs npm: see scripts/install_device_tools.sh" >&2
    exit 1
}
stamp=node_modules/.installed
if ! cmp --silent package-lock.json "$stamp"; then
    echo "installing the linter of the page into deploy/web/node_modules" >&2
    npm ci --silent --no-audit --no-fund
    cp package-lock.json "$stamp"
fi
