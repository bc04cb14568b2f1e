#!/bin/bash
# TAP: which C functions ran, and in which threads: cover.c beside this.
build=${BUILD:-build}
host="$build/tests/interpose/host"
program="$build/tests/interpose/cover"
n=0

run() { "$host" "$build/libftstress.so" "$program" "$@"; }

# functions OUTPUT: "NAME BITS" of each of the program's functions.
functions() {
	join <(nm "$program" | awk '$2 == "T" { sub(/^0+/, "", $1); print $1, $3 }' | sort) \
		<(awk '$1 == "cover" && $2 ~ /interpose\/cover$/ { print $3, $4 }' <<<"$1" | sort) |
		awk '{ print $2, $3 }'
}

check() { # FUNCTION BITS PROMISE
	n=$((n + 1))
	if grep -qx "$1 $2" <<<"$told"; then
		echo "ok $n - $3"
	else
		echo "not ok $n - $3"
		grep "^$1 " <<<"$told" | sed 's/^/# /'
	fi
}

out=$(run)
told=$(functions "$out")
check f_never 0 "a function that nobody called never ran"
check f_main 1 "one that the main thread called ran"
check f_main_and_one 1 "the main thread, which sets up, is not one of two threads"
check f_one 1 "one that one thread called twice ran in one thread"
check f_one_in_each_test 1 "two threads of different tests are no two threads"
check f_two_without_a_test 1 "nor are two threads outside of tests"
check f_two 3 "two threads of one test are"
check f_pair_both 5 "both calls of a pair are on one object"
check f_pair_first 1 "one call of a pair is one thread"
check f_pair_by_turns 1 "two calls in different pairs are on different objects"

out=$(run fork)
told=$(functions "$out")
check f_child_two 3 "what forked processes saw is one table"
check f_child_one 1 "and what each of them saw is not added up"

found=0
for _ in 1 2 3 4 5; do
	run race | grep -q '^report kind=1 .*section=1' && found=$((found + 1))
done
n=$((n + 1))
[ $found = 5 ] && echo "ok $n - a race 0.2 s apart between such functions is reported in each of 5 runs" ||
	echo "not ok $n - a race is hidden: reported in $found of 5 runs"
echo "1..$n"
