#!/bin/bash
# TAP: no function of CPython orders threads by accident that the rules do not know. With a new CPython
# this fails with the name of the function. On 3.14, or on the version that is given.
here=$(dirname "$0")
FTSTRESS_PYTHON=$("$here/../../stress/toolchain/prepare" python "${1:-3.14}" | tail -n 1 | jq -r .python)
export FTSTRESS_PYTHON
exec python3 "$here/edges.py" --tap
