#!/bin/bash
# TAP: the observer does not change what it observes. Programs and library are built by make.
build=${BUILD:-build}
host="$build/tests/interpose/host"
program="$build/tests/interpose/staggered"
ours="$build/libftstress.so"
naive="$build/tests/interpose/naive.so"
runs=5
n=0

check() { # NAME CONDITION...
	local name=$1
	shift
	n=$((n + 1))
	if "$@"; then echo "ok $n - $name"; else echo "not ok $n - $name"; fi
}

found=0 hidden=0
for _ in $(seq $runs); do
	"$host" "$ours" "$program" | grep -q '^report kind=1 .*section=1' && found=$((found + 1))
	LD_PRELOAD=$naive TSAN_OPTIONS=symbolize=0 "$program" | grep -q 'race reported' ||
		hidden=$((hidden + 1))
done
check "a race 0.2 s apart is reported in each of $runs runs" [ "$found" = "$runs" ]
check "the control, a hook with malloc and a mutex, hides it in each of them" [ "$hidden" = "$runs" ]

out=$("$host" "$ours" "$program")
check "both accesses come with their stacks" grep -qE 'section=1/[2-9].*section=1/[2-9]' <<<"$out"
check "the report capture tested itself" grep -q '^hook live data races' <<<"$out"
check "without a Python the stacks hook says why it is off" \
	grep -q '^hook off Python frames in stacks: .' <<<"$out"
check "mapped modules are told" grep -q '^module .*libclang_rt.tsan' <<<"$out"

out=$("$host" "$ours" "$program" fork)
check "200 forks under two busy threads end" grep -q '^exit 0$' <<<"$out"

out=$("$host" "$ours" "$program" exec)
check "a program that is started does not load the library" grep -qF '[][]' <<<"$out"
check "and its own TSan stays quiet" grep -q '^quiet$' <<<"$out"
echo "1..$n"
