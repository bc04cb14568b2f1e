#!/bin/bash
# TAP: a race in code that goes byte by byte is found however it falls among TSan's four places for
# eight bytes. Plain TSan, which misses most of these, is told of in a comment, not judged.
build=${BUILD:-build}
host="$build/tests/interpose/host"
program="$build/tests/interpose/bytes"
n=0

for order in up down first second halves; do
	found=0 plain=0 ended=0
	for events in 0 1 2 3 4 5 6 7; do
		out=$("$host" "$build/libftstress.so" "$program" $order $events)
		grep -q '^report kind=1' <<<"$out" && found=$((found + 1))
		grep -q '^exit 0$' <<<"$out" && ended=$((ended + 1))
		TSAN_OPTIONS=symbolize=0:exitcode=66 "$program" $order $events 2>/dev/null
		[ $? = 66 ] && plain=$((plain + 1))
	done
	echo "# $order: $found of 8, plain ThreadSanitizer $plain of 8"
	n=$((n + 1))
	if [ $order = halves ]; then
		[ $found$ended = 08 ] && echo "ok $n - halves: neighbours are no race" ||
			echo "not ok $n - halves: neighbours are no race"
	else
		[ $found = 8 ] && echo "ok $n - $order: the race is found" ||
			echo "not ok $n - $order: the race is found"
	fi
done
echo "1..$n"
