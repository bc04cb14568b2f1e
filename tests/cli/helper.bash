# What the command-line tests share: the command, built with sanitizers, and small script suites.

FTSTRESS=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/${BUILD:-build}/sanitized/ftstress
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:exitcode=86}

# script NAME: a test of that name, its text from standard input.
script() {
	mkdir -p tests
	cat >"tests/$1.py"
}

# suite NAME [LINE]...: a suite of all scripts, with further lines (for [suite] first).
suite() {
	local name=$1
	shift
	{
		printf '%s\n' '[suite]' 'driver = script' 'target = tests/*.py' "$@"
	} >"$name.ini"
}

# finding KIND WORD: is there a finding of that kind with that word in its title in the last report?
finding() {
	jq -e --arg kind "$1" --arg word "$2" \
		'.findings[] | select(.kind == $kind and (.title | contains($word)))' "$(last_report)" \
		>/dev/null
}

last_report() {
	ls -t reports/*.json | head -n 1
}

# No process of the run is left: their environment names the folder that they worked in.
nothing_is_left() {
	local file
	for file in /proc/[0-9]*/environ; do
		if tr '\0' '\n' <"$file" 2>/dev/null | grep -q "^PWD=$PWD\$" &&
			tr '\0' '\n' <"$file" 2>/dev/null | grep -q '^FTSTRESS_WORKER='; then
			echo "left: $file $(tr '\0' ' ' <"${file%/environ}/cmdline")"
			return 1
		fi
	done
}
