#!/bin/bash
# TAP: the observer does not change what it observes. Programs and library are built by make; the
# second part needs the TSan CPython of stress/toolchain.
build=${BUILD:-build}
# shellcheck source=tests/lib/pythons.bash
source tests/lib/pythons.bash
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

# The locks that threads hold stand in TSan's own sets of mutexes, and order nothing there.
python=$(python_of "${pythons%% *}")
sections() { # HOW
	FTSTRESS_LOCKS=on FTSTRESS_HAPPENS_BEFORE=meant \
		"$host" "$ours" "$python" tests/interpose/sections.py "$1"
}
races() { # HOW
	sections "$1" | grep '^report kind=1'
}
lock='section=3/[1-9]:1:' section='section=3/0:4:list' # kinds of locks.h
side='section=1/[0-9]+ section=8/0 section=8/0'
found=0 both=0 silent=0
for _ in $(seq $runs); do
	out=$(races own)
	[ -n "$out" ] && found=$((found + 1))
	grep -qE "$side $side .*$lock.*$section" <<<"$out" && both=$((both + 1))
	[ -z "$(races shared)" ] && silent=$((silent + 1))
done
check "a race is reported in each of $runs runs though each thread holds locks of one class" \
	[ "$found" = "$runs" ]
check "the report has the lock and the critical section of both sides" [ "$both" = "$runs" ]
check "the control, one lock for both, is silent in each of them" [ "$silent" = "$runs" ]
all=$(sections one)
check "orders are told as meant, whatever was imported before" \
	grep -q '^hook live happens-before as meant' <<<"$all"
out=$(grep '^report kind=1' <<<"$all")
check "a lock that one side held is told of that side" \
	grep -qE 'section=1/[0-9]+ section=1/[0-9]+ section=8/0 section=7' <<<"$out"
out=$(races many | head -n 1)
held=$(grep -oE 'section=8/0' <<<"$out" | wc -l)
check "of a side that held 40 locks 15 are told, and that there were more" [ "$held" = 16 ]
check "which ones is not said" grep -q ' section=3/0:0: ' <<<"$out"
echo "1..$n"
