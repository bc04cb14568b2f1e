#!/bin/bash
# TAP: the driver's tests, in the interpreter that the driver is written for: the plain 3.14 that
# ftstress builds.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/lib/tools.bash
source tests/lib/tools.bash
tool_install "${typed_tools[@]}" || exit
PYTHONPATH=$tool exec "$(plain_python)" tests/driver/main.py "$@"
