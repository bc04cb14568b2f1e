#!/bin/bash
# TAP: what a call of a pair gave ends in the thread that it was given to, before the next pair: else what
# two ends do to each other would be told of that one. Needs the TSan CPythons of stress/toolchain.
build=${BUILD:-build}
# shellcheck source=tests/lib/pythons.bash
source tests/lib/pythons.bash
export FTSTRESS_HAPPENS_BEFORE=meant
n=0
for version in $pythons; do
	python=$(python_of "$version")
	said=$(timeout 60 "$build/tests/interpose/host" "$build/libftstress.so" "$python" \
		tests/interpose/rounds.py | grep '^rounds ')
	for line in "lives while the calls are made" "ended each in its own thread, before the next pair"; do
		n=$((n + 1))
		[ "$(grep -cx "rounds $line" <<<"$said")" = 2 ] && echo "ok $n - it $line, $version" ||
			printf 'not ok %s - it %s, %s\n# %s\n' $n "$line" "$version" "${said//$'\n'/$'\n'# }"
	done
done
echo "1..$n"
