# shellcheck shell=bash
# TAP in bash: a condition is a command, and what $out holds is shown if it fails.
n=0

check() { # NAME CONDITION...
	local name=$1
	shift
	n=$((n + 1))
	if "$@"; then echo "ok $n - $name"; else
		# shellcheck disable=SC2154 # the caller's
		printf 'not ok %s - %s\n# %s\n' $n "$name" "${out//$'\n'/$'\n'# }"
	fi
}
