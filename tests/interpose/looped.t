#!/bin/bash
# TAP: what a thread did again and again races with what another one does once, later: ThreadSanitizer's
# history has the last time. Needs the TSan CPython of stress/toolchain.
build=${BUILD:-build}
# shellcheck source=tests/lib/pythons.bash
source tests/lib/pythons.bash
export FTSTRESS_HAPPENS_BEFORE=meant
export HOST_TSAN_OPTIONS=history_size=30 # as in a run
python=$(python_of "${pythons%% *}")
number=0
echo "1..2"
for case in writes releases; do
	said=$(timeout 60 "$build/tests/interpose/host" "$build/libftstress.so" "$python" \
		tests/interpose/looped.py $case)
	result='not ok'
	grep -q '^report kind=1 ' <<<"$said" && grep -qx 'exit 0' <<<"$said" && result=ok
	echo "$result $((++number)) - the last of many, where the thread $case"
done
