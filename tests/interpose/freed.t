#!/bin/bash
# TAP: memory of Python's heap that is freed while another thread uses it is told so, and its correct
# twin is not. Needs the TSan CPythons of stress/toolchain.
build=${BUILD:-build}
export FTSTRESS_HAPPENS_BEFORE=meant
# shellcheck source=tests/lib/check.bash
source tests/lib/check.bash
# shellcheck source=tests/lib/pythons.bash
source tests/lib/pythons.bash

races() { # CASE [HOW]
	timeout 60 "$build/tests/interpose/host" "$build/libftstress.so" "$python" \
		tests/interpose/freed.py "$@" | grep '^report kind=1'
}

seen() { # PATTERN CASE
	out=$(races "$2")
	grep -qE "$1" <<<"$out"
}

called_use() {
	grep -q ' freed ' <<<"$out"
}

not() {
	! "$@"
}

for version in $pythons; do
	python=$(python_of "$version")
	# What the memory was: blocks of PyMem_Malloc() have no type.
	for case in bytes:bytes slots:Slots plain:Plain items: data: moved:'data of array.array'; do
		type=${case#*:} case=${case%:*}
		check "$case, $version" \
			seen ":$type\+[0-9]+ .* made in case_$case by [1-9][0-9]* freed user=use" "$case"
		out=$(races "$case" held)
		check "$case with a reference or view of its own, $version" [ -z "$out" ]
	done
	for case in bytes plain; do
		out=$(races "$case" head)
		check "a look at the header of $case is not called a use, $version" not called_use
	done
	check "what somebody else has by now is not told as what it was, $version" \
		seen ':\+[0-9]+ section=2/[0-9]+ section=2/[0-9]+ freed user=use' again
	silent=0
	for _ in 1 2 3; do
		out=$(races churn)
		called_use || silent=$((silent + 1))
	done
	check "readers without a lock, $version" [ $silent = 3 ]
	out=$(FTSTRESS_HEAP=off races bytes)
	check "off: the control is not seen, $version" [ -z "$out" ]
done
echo "1..$n"
