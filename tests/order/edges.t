#!/bin/bash
# TAP: no function of CPython orders threads by accident that the rules do not know. With a new CPython
# this fails with the name of the function. On 3.14, or on the release, or the path of a Python, that is given.
here=$(dirname "$0")
# shellcheck source=tests/lib/pythons.bash
source "$here/../lib/pythons.bash"
FTSTRESS_PYTHON=$(python_of "${1:-${pythons%% *}}")
export FTSTRESS_PYTHON
exec python3 "$here/edges.py" --tap
