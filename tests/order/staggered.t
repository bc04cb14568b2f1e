#!/bin/bash
# TAP: races are found although their threads do not meet, and ordered twins stay silent. Cases of
# NumPy and of the planted extension are run where their packages have been built. On 3.14, or on the
# release, or the path of a Python, that is given: staggered.t 3.13
here=$(dirname "$0")
# shellcheck source=tests/lib/pythons.bash
source "$here/../lib/pythons.bash"
FTSTRESS_PYTHON=$(python_of "${1:-${pythons%% *}}")
cache=${FTSTRESS_CACHE:-$HOME/.cache/ftstress}
site=
for suite in numpy_tests planted_races; do
	for env in $(ls -t "$cache"/env/$suite-*/env.json 2>/dev/null); do
		if [ "$(jq -r .python "$env")" = "$FTSTRESS_PYTHON" ]; then
			site=${site:+$site:}$(jq -r '.tsan_site | join(":")' "$env")
			break
		fi
	done
done
export FTSTRESS_PYTHON PYTHONPATH=$site
exec python3 "$here/table.py" --tap
