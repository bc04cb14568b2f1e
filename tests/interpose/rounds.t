#!/bin/bash
# TAP: what a call of a pair gave ends in the thread that it was given to, before the next pair: else what
# two ends do to each other would be told of that one. Needs the TSan CPythons of stress/toolchain.
build=${BUILD:-build}
export FTSTRESS_HAPPENS_BEFORE=meant
n=0
for version in 3.14 3.13; do
	python=$(stress/toolchain/prepare python $version | tail -n 1 | jq -r .python)
	said=$(timeout 60 "$build/tests/interpose/host" "$build/libftstress.so" "$python" \
		tests/interpose/rounds.py | grep '^rounds ')
	for line in "lives while the calls are made" "ended each in its own thread, before the next pair"; do
		n=$((n + 1))
		[ "$(grep -cx "rounds $line" <<<"$said")" = 2 ] && echo "ok $n - it $line, $version" ||
			printf 'not ok %s - it %s, %s\n# %s\n' $n "$line" $version "${said//$'\n'/$'\n'# }"
	done
done
echo "1..$n"
