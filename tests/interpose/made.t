#!/bin/bash
# TAP: a race's object is told with the function that made it and the thread, also if it has memory
# that others had before. Needs the TSan CPythons of stress/toolchain.
build=${BUILD:-build}
export FTSTRESS_HAPPENS_BEFORE=meant
# shellcheck source=tests/lib/check.bash
source tests/lib/check.bash
# shellcheck source=tests/lib/pythons.bash
source tests/lib/pythons.bash

# Twice, as one in hundreds of such races is missed.
races() { # PYTHON
	for _ in 1 2; do
		timeout 60 "$build/tests/interpose/host" "$build/libftstress.so" "$1" \
			tests/interpose/made.py | grep '^report kind=1'
	done
}

# What the report on the case says behind its sections.
told() { # CASE
	out=$(grep -m 1 " user=work_$1\$" <<<"$all")
	[[ $out =~ \ (made\ in\ .*)?user= ]]
	said=${BASH_REMATCH[1]% }
}

for version in $pythons; do
	python=$(python_of "$version")
	all=$(races "$python")
	for case in list items tuple float dict bytes instance slots data; do
		told $case
		check "$case, $version" [ "$said" = "made in case_$case by 0" ]
	done
	told forked
	check "made before the fork, $version" [ "$said" = "made in made_before_fork by 0" ]
	told thread
	check "made by a thread that is no part of the report: which one is not said, $version" \
		[ "$said" = "made in case_thread.<locals>.make by -1" ]
	told racing
	check "made by one of the two, $version" grep -qE '^made in racing_address by [1-9]' <<<"$said"
	told before
	check "made before ftstress came: nothing is said, $version" [ "${out:+there}$said" = there ]
	all=$(FTSTRESS_HEAP=off races "$python")
	told list
	check "off: nothing is said, $version" [ "${out:+there}$said" = there ]
done
echo "1..$n"
