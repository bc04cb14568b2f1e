#!/bin/bash
# TAP: with FTSTRESS_HEAP=deep each use of memory that was freed is told, also by the thread that freed it and
# also if that was waited for; with on none of these is. Needs the TSan CPythons of stress/toolchain.
build=${BUILD:-build}
export FTSTRESS_HAPPENS_BEFORE=meant
# shellcheck source=tests/lib/check.bash
source tests/lib/check.bash
# shellcheck source=tests/lib/pythons.bash
source tests/lib/pythons.bash

races() { # HEAP CASE...
	FTSTRESS_HEAP=$1 timeout 100 "$build/tests/interpose/host" "$build/libftstress.so" "$python" \
		tests/interpose/kept.py "${@:2}" | grep -E '^(report kind=1|exit)'
}

seen() { # PATTERN
	grep -qE "$1" <<<"$out"
}

not_seen() {
	! seen "$1"
}

# Who freed has a stack of more than its function and a line.
late='late, freed with [1-9][0-9]+ frames freed user=use$'

for version in $pythons; do
	python=$(python_of "$version")
	for case in bytes:bytes slots:Slots list:list float:float tuple:tuple dict:dict items:; do
		type=${case#*:} case=${case%:*}
		out=$(races deep "$case")
		check "$case by the same thread, $version" seen ":$type\+[0-9]+ .* made in case_$case by 0 $late"
		out=$(races deep "$case" - in_order)
		check "$case by a thread that waited for it, $version" seen "$late"
		out=$(races deep "$case" held)
		check "$case with a reference of its own, $version" [ "$out" = "exit 0" ]
	done
	out=$(races deep moved)
	check "what PyMem_Realloc() has moved, $version" seen ":\+[0-9]+ .* $late"
	out=$(races deep moved held)
	check "what it has not, $version" [ "$out" = "exit 0" ]
	for case in bytes list items; do
		out=$(races deep $case whole)
		check "$case, all eight bytes of a cell, $version" seen "$late"
		out=$(races on $case - in_order)
		check "on: $case is not seen, $version" [ "$out" = "exit 0" ]
	done
	out=$(races deep churn)
	check "what is used as it should be, $version" seen '^exit 0$'
	check "... of that nothing is told as used after it was freed, $version" not_seen ' freed '
done
echo "1..$n"
