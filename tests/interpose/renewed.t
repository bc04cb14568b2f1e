#!/bin/bash
# TAP: where one pair's object was, there the next one's is; ThreadSanitizer remembers few accesses, and
# those to the old one must not push those to the new one out. Needs the TSan CPython of stress/toolchain.
build=${BUILD:-build}
# shellcheck source=tests/lib/pythons.bash
source tests/lib/pythons.bash
export FTSTRESS_HAPPENS_BEFORE=meant
export HOST_TSAN_OPTIONS=suppress_equal_stacks=0 # the same race in each pair
python=$(python_of "${pythons%% *}")
said=$(timeout 60 "$build/tests/interpose/host" "$build/libftstress.so" "$python" \
	tests/interpose/renewed.py)
races=$(grep -c '^report kind=1 .*:list+32' <<<"$said")
echo "1..1"
if [ "$races" = 60 ] && grep -qx 'exit 0' <<<"$said"; then
	echo "ok 1 - the race of each of 60 pairs in the same memory is seen"
else
	echo "not ok 1 - the race of each of 60 pairs in the same memory is seen"
	printf '# %s races\n# %s\n' "$races" "$(grep -E '^(lost|exit)' <<<"$said" | tr '\n' ' ')"
fi
