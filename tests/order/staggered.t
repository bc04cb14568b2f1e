#!/bin/bash
# TAP: races are found although their threads do not meet, and ordered twins stay silent. Cases of
# NumPy and of the planted extension are run where their packages have been built.
here=$(dirname "$0")
cache=${FTSTRESS_CACHE:-$HOME/.cache/ftstress}
site=
for suite in numpy_tests planted_races; do
	for env in $(ls -t "$cache"/env/$suite-*/env.json 2>/dev/null); do
		if [ "$(jq -r .version "$env" | cut -d. -f1-2)" = 3.14 ]; then
			site=${site:+$site:}$(jq -r '.tsan_site | join(":")' "$env")
			break
		fi
	done
done
FTSTRESS_PYTHON=$("$here/../../stress/toolchain/prepare" python 3.14 | tail -n 1 | jq -r .python)
export FTSTRESS_PYTHON PYTHONPATH=$site
exec python3 "$here/table.py" --tap
