#!/bin/bash
# TAP: which calls touch nothing in common that one of them changes. Needs the TSan CPythons of
# stress/toolchain.
build=${BUILD:-build}
# shellcheck source=tests/lib/pythons.bash
source tests/lib/pythons.bash
export FTSTRESS_HAPPENS_BEFORE=meant FTSTRESS_LOCKS=on
n=0

check() { # NAME STATE PAIR...: each pair has this state, in both orders
	local name=$1 state=$2 pair wrong=
	shift 2
	for pair; do
		grep -qx "apart $kind $pair $state" <<<"$said" &&
			grep -qx "apart $kind ${pair#*|}|${pair%|*} $state" <<<"$said" || wrong+=" $pair"
	done
	n=$((n + 1))
	if [ -z "$wrong" ]; then echo "ok $n - $name, $version"; else
		printf 'not ok %s - %s, %s:%s\n# %s\n' $n "$name" "$version" "$wrong" \
			"${said//$'\n'/$'\n'# }"
	fi
}

for version in $pythons; do
	python=$(python_of "$version")
	said=$(timeout 100 "$build/tests/interpose/host" "$build/libftstress.so" "$python" \
		tests/interpose/footprint.py | grep -E '^(apart|report kind=1)')
	kind=array
	check "who only reads is apart from who only reads" - 'len|len' 'first|len' 'same|same' \
		'copy|first' 'copy|copy' 'get_global|get_global'
	check "and not from who writes there" x 'len|append' 'first|set_first' 'append|append' \
		'copy|set_first' 'append|same' 'second|set_slice' 'first|append'
	check "a byte beside it is another" - 'second|set_first' 'len|set_first'
	check "what is written and put back is written" x 'export|export' 'export|append'
	check "the object that is an argument of the other call" x 'same|other' 'other|len' 'other|other'
	check "what is not the object's, but anybody's" x 'get_global|set_global' \
		'set_global|set_global'
	check "memset() in a block of malloc() writes, and makes none" x 'fill|peek' 'fill|fill'
	check "what memcpy() reads there is read" - 'peek|peek'
	check "and a byte beside that" - 'set_second|set_global' 'set_second|get_global' \
		'set_second|append'
	check "of a call that fails nothing is known" '?' 'fails|fails' 'fails|len'
	check "what the call itself made is left out, also where a longer block was before" - 'twice|first' \
		'twice|append'
	kind=slow
	check "an object that takes long to make" - 'len|len'
	check "is known as well" x 'len|append' 'append|append'
	kind=keys
	check "what is in a small dict, whose keys come from a free list" - 'look|look'
	check "and found through them" x 'look|put' 'put|put'
	kind=hidden
	check "nor of one that writes memory which nobody saw being made" '?' 'count|count' 'count|look'
	check "but of one that does not" - 'look|look'
	n=$((n + 1))
	if grep -q '^report' <<<"$said"; then echo "not ok $n - no race is seen, $version"; else
		echo "ok $n - no race is seen, $version"
	fi
done
echo "1..$n"
