#!/bin/bash
# TAP: a thread with a small stack comes nearly as deep with the library as without it. Needs the TSan CPython of
# stress/toolchain.
build=${BUILD:-build}
# shellcheck source=tests/lib/pythons.bash
source tests/lib/pythons.bash
export FTSTRESS_HAPPENS_BEFORE=meant
number=0
for version in $pythons; do
	python=$(python_of "$version")
	script=tests/interpose/small_stack.py
	alone=$(timeout 60 setarch -R "$python" "$script" | sed -n 's/^depth //p')
	if [ -z "$alone" ]; then
		echo "ok $((++number)) - $version: # SKIP it overflows such a stack by itself"
		continue
	fi
	said=$(timeout 60 "$build/tests/interpose/host" "$build/libftstress.so" "$python" "$script")
	depth=$(sed -n 's/^depth //p' <<<"$said")
	result="not ok"
	if [ "${depth:-0}" -gt 0 ] && [ "$((depth * 4))" -ge "$((alone * 3))" ] && grep -qx 'exit 0' <<<"$said"; then
		result=ok
	fi
	echo "$result $((++number)) - $version: a thread with 256 KiB comes nearly as deep as without the library"
	[ "$result" = ok ] || printf '# %s of %s\n# %s\n' "${depth:-nothing}" "$alone" "$(tail -n 5 <<<"$said" | tr '\n' ' ')"
done
echo "1..$number"
