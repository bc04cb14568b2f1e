#!/bin/bash
# TAP: a race on the data of a buffer is told as such, by the object that has it, though others of
# its kind are and were there; and one on an object that its type takes from C's malloc() as the
# object's. Needs the TSan CPythons of stress/toolchain.
build=${BUILD:-build}
# shellcheck source=tests/lib/pythons.bash
source tests/lib/pythons.bash
export FTSTRESS_HAPPENS_BEFORE=meant
n=0
for version in $pythons; do
	python=$(python_of "$version")
	for kind in bytearray array derived; do
		out=$("$build/tests/interpose/host" "$build/libftstress.so" "$python" \
			tests/interpose/owners.py $kind | grep '^report kind=1')
		n=$((n + 1))
		told=${kind/derived/bytearray}
		grep -qE ':data of (array\.)?'"$told"'\+24 ' <<<"$out" && echo "ok $n - $kind, $version" ||
			printf 'not ok %s - %s, %s\n# %s\n' $n $kind "$version" "$out"
	done
	# As many as there may be in an iteration: they are looked for where the last ones were. (A line or
	# two of the host and of its Python get mixed.)
	out=$("$build/tests/interpose/host" "$build/libftstress.so" "$python" \
		tests/interpose/owners.py many | grep -cE '^report kind=1.*:data of bytearray\+24 ')
	n=$((n + 1))
	[ "$out" -ge 290 ] && echo "ok $n - three hundred owners, $version" ||
		printf 'not ok %s - three hundred owners, %s\n# %s\n' $n "$version" "$out"
	# A search that finds nothing looks everywhere: it is over soon, and touches no memory that
	# was not there.
	out=$(timeout 30 "$build/tests/interpose/host" "$build/libftstress.so" "$python" \
		tests/interpose/owners.py ctypes)
	n=$((n + 1))
	tables=$(grep -o 'page tables [0-9]*' <<<"$out" | cut -d' ' -f3)
	grep '^report kind=1' <<<"$out" | grep -qv ':data of' && [ "${tables:-99999}" -lt 20000 ] &&
		echo "ok $n - no owner is made up, $version" ||
		printf 'not ok %s - no owner is made up, %s\n# %s\n' $n "$version" "$out"
	# Such objects are as long as their type says; what is longer only looks like one.
	for kind in object longer; do
		out=$("$build/tests/interpose/host" "$build/libftstress.so" "$python" \
			tests/interpose/owners.py $kind | grep '^report kind=1')
		n=$((n + 1))
		told=$(grep -oE ':float\+32 ' <<<"$out")
		[ $kind = object ] && right=":float+32 " || right=
		[ -n "$out" ] && [ "$told" = "$right" ] &&
			echo "ok $n - malloc: $kind, $version" ||
			printf 'not ok %s - malloc: %s, %s\n# %s\n' $n $kind "$version" "$out"
	done
done
echo "1..$n"
