#!/bin/bash
# TAP: fences order what they are there for, and nothing else. Plain TSan, which reports the correct
# ones, is told of in a comment, not judged.
build=${BUILD:-build}
host="$build/tests/interpose/host"
program="$build/tests/interpose/fence"
n=0

check() { # HOW REPORTS PROMISE
	local reports plain
	reports=$("$host" "$build/libftstress.so" "$program" "$1" | grep -c '^report kind=1')
	TSAN_OPTIONS=symbolize=0:exitcode=66 "$program" "$1" 2>/dev/null
	plain=$?
	echo "# $1: $reports, plain ThreadSanitizer $([ $plain = 66 ] && echo reports || echo is silent)"
	n=$((n + 1))
	[ "$((reports > 0))" = "$2" ] && echo "ok $n - $3" || echo "not ok $n - $3"
}

check count 0 "who is last to give a share up, and has an acquire fence, may end the object"
check count32 0 "the same with a count of 32 bits"
check count-bare 1 "without the fence it is a race"
check flag 0 "a relaxed flag between a release and an acquire fence publishes"
check flag8 0 "the same with a flag of one byte"
check flag-no-release 1 "without the release fence it is a race"
check flag-no-acquire 1 "without the acquire fence it is a race"
check flag-other 1 "a flag that nobody set publishes nothing, whatever the fences"
echo "1..$n"
