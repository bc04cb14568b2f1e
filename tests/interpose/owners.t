#!/bin/bash
# TAP: a race on the data of a buffer is told as such, by the object that has it, though others of
# its kind are and were there. Needs the TSan CPythons of stress/toolchain.
build=${BUILD:-build}
export FTSTRESS_HAPPENS_BEFORE=meant
n=0
for version in 3.14 3.13; do
	python=$(stress/toolchain/prepare python $version | tail -n 1 | jq -r .python)
	for kind in bytearray array; do
		out=$("$build/tests/interpose/host" "$build/libftstress.so" "$python" \
			tests/interpose/owners.py $kind | grep '^report kind=1')
		n=$((n + 1))
		grep -qE ':data of (array\.)?'$kind'\+24 ' <<<"$out" && echo "ok $n - $kind, $version" ||
			printf 'not ok %s - %s, %s\n# %s\n' $n $kind $version "$out"
	done
done
echo "1..$n"
