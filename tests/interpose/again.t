#!/bin/bash
# TAP: a race at an address is not the last one there, if another object gets the memory. Needs the
# TSan CPythons of stress/toolchain.
build=${BUILD:-build}
export FTSTRESS_HAPPENS_BEFORE=meant
n=0

check() { # NAME CONDITION...
	local name=$1
	shift
	n=$((n + 1))
	if "$@"; then echo "ok $n - $name"; else
		printf 'not ok %s - %s\n# %s\n' $n "$name" "${said//$'\n'/$'\n'# }"
	fi
}

races() { # PYTHON
	timeout 60 "$build/tests/interpose/host" "$build/libftstress.so" "$1" \
		tests/interpose/again.py | grep -E '^(report kind=1|hook off|moved)'
}

for version in 3.14 3.13; do
	python=$(stress/toolchain/prepare python $version | tail -n 1 | jq -r .python)
	said=$(races "$python")
	for case in slots list float items buffer own; do
		check "$case, $version" grep -q "user=again_${case}_" <<<"$said"
	done
	check "the second object had the address of the first, $version" \
		eval '! grep -q ^moved <<<"$said"'
done
said=$(FTSTRESS_HEAP=off races "$python")
check "what is looked for here: without it, the second race is not seen" \
	eval '! grep -q user=again_slots <<<"$said"'
echo "1..$n"
