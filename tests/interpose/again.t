#!/bin/bash
# TAP: a race at an address is not the last one there, if another object gets the memory. Needs the
# TSan CPythons of stress/toolchain.
build=${BUILD:-build}
export FTSTRESS_HAPPENS_BEFORE=meant
# shellcheck source=tests/lib/check.bash
source tests/lib/check.bash
# shellcheck source=tests/lib/pythons.bash
source tests/lib/pythons.bash

races() { # PYTHON
	timeout 60 "$build/tests/interpose/host" "$build/libftstress.so" "$1" \
		tests/interpose/again.py | grep -E '^(report kind=1|hook off|moved)'
}

cases=(slots list float items buffer own)
for version in $pythons; do
	python=$(python_of "$version")
	# On a busy machine one of them is missed now and then: three tries are what is promised.
	out=
	for _ in 1 2 3; do
		out+=$(races "$python")$'\n'
		found=$(grep -oE "user=again_[a-z]+_" <<<"$out" | sort -u | wc -l)
		[[ $found -lt ${#cases[@]} ]] || break
	done
	for case in "${cases[@]}"; do
		check "$case, $version" grep -q "user=again_${case}_" <<<"$out"
	done
	check "the second object had the address of the first, $version" \
		eval '! grep -q ^moved <<<"$out"'
done
out=$(FTSTRESS_HEAP=off races "$python")
check "what is looked for here: without it, the second race is not seen" \
	eval '! grep -q user=again_slots <<<"$out"'
echo "1..$n"
