#!/bin/bash
# TAP: that nothing is told while the process is alone hides nothing of what comes after it. Needs the TSan
# CPython of stress/toolchain.
build=${BUILD:-build}
# shellcheck source=tests/lib/pythons.bash
source tests/lib/pythons.bash
export FTSTRESS_HAPPENS_BEFORE=meant
number=0
for version in $pythons; do
	python=$(python_of "$version")
	said=$(timeout 60 "$build/tests/interpose/host" "$build/libftstress.so" "$python" tests/interpose/quiet.py)
	races=$(grep -c '^report kind=1 .*:list+32' <<<"$said")
	result="not ok"
	if [ "$races" = 2 ] && grep -qx 'exit 0' <<<"$said"; then
		result=ok
	fi
	echo "$result $((++number)) - $version: the race in the forked child is seen, and the one in the process itself"
	[ "$result" = ok ] || printf '# %s races\n# %s\n' "$races" "$(grep -vE '^report' <<<"$said" | tail -n 5 | tr '\n' ' ')"
done
echo "1..$number"
