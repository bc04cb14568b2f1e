# What the command-line tests share: the command, built with sanitizers, and small script suites.

FTSTRESS=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/${BUILD:-build}/sanitized/ftstress
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:exitcode=86}

# scripts NAME...: tests out of ways/.
scripts() {
	local name
	mkdir -p tests
	for name in "$@"; do cp "$BATS_TEST_DIRNAME/ways/$name.py" tests; done
}

# fine_scripts COUNT: so many tests that pass, t1 and up.
fine_scripts() {
	local i
	mkdir -p tests
	for ((i = 1; i <= $1; i++)); do cp "$BATS_TEST_DIRNAME/ways/fine.py" "tests/t$i.py"; done
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

# stored SQL: what the store of the suite "mine" answers.
stored() {
	python3 -c 'import sqlite3, sys
for row in sqlite3.connect("reports/mine.db").execute(sys.argv[1]): print(*row, sep="|")' "$1"
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
