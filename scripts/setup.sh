#!/usr/bin/env bash
# Makes the virtual environment .venv, if it is not there, and installs a requirements file into it.
# Usage: scripts/setup.sh requirements.txt      PYTHON=/path/to/python3.11 chooses the interpreter.
set -euo pipefail

requirements=$1
supported='import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))'

find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3.12 python3.10 python3 python; do
        if "$candidate" -c "$supported" 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "error: Python 3.10, 3.11 or 3.12 is needed (MindSpore 2.10 has no other builds);" \
        "found: $(python3 --version 2>/dev/null || echo none)." \
        "PYTHON=/path/to/python make ... names one" >&2
    exit 2
}

if ! .venv/bin/python -c "$supported" 2>/dev/null; then
    python=$(find_python)
    echo "virtual environment: .venv, $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv || {
        echo "error: $python has no venv module; on Debian and Ubuntu: apt install python3-venv" >&2
        exit 2
    }
fi
echo "installing $requirements (MindSpore alone is 800 MB; minutes the first time)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$requirements"
