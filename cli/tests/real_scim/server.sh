#!/usr/bin/env bash
# Installs scim2-server, a SCIM server that this project did not write, into a virtual environment of its own, and
# prints the path of its program. Exits 3 with one line where there is no Python to do so.
set -euo pipefail

version=0.8.3
venv=$1
program=$venv/bin/scim2-server

if [ ! -x "$program" ]; then
    python=$(command -v python3) || { echo "there is no python3" >&2; exit 3; }
    "$python" -m venv "$venv" >&2 || { echo "python3 cannot make a virtual environment (python3-venv)" >&2; exit 3; }
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "scim2-server==$version" >&2 ||
        { echo "scim2-server $version cannot be installed" >&2; exit 3; }
fi
echo "$program"
