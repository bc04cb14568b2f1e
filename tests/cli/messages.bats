# What is said about wrong input: one clear message each, and the documented exit code. Nothing here
# needs a Python.

bats_require_minimum_version 1.5.0

setup() {
	load helper
	cd "$BATS_TEST_TMPDIR"
	scripts fine
	suite mine
}

says() {
	[[ $output == *"$1"* ]] || {
		echo "expected \"$1\" in: $output"
		return 1
	}
}

@test "without arguments it prints its help" {
	run -0 "$FTSTRESS"
	says 'ftstress --suite numpy_tests --iterations 500'
	run -0 "$FTSTRESS" --help
	says '--switch-interval A..B'
}

@test "the help has what each report format says of itself" {
	local source name
	run -0 "$FTSTRESS" --help
	for source in "$BATS_TEST_DIRNAME"/../../reports/*.c; do
		name=$(sed -n 's/^\t\.name = "\(.*\)",$/\1/p' "$source")
		[[ -n $name ]] || continue
		says "  $(printf '%-6s' "$name") $(sed -n 's/^\t\.help = "\(.*\)",$/\1/p' "$source")"
	done
	says 'html '
}

@test "the version is printed" {
	run -0 "$FTSTRESS" --version
	[[ $output =~ ^ftstress\ [0-9]+\.[0-9]+ ]]
}

@test "a run without a suite is told how to name one" {
	run -4 "$FTSTRESS" --iterations 5
	says 'which suite? ftstress --suite NAME'
}

@test "a misspelt suite names the closest one" {
	printf '%s\n' '[suite]' 'driver = script' 'target = x' >numpy_own.ini
	run -4 "$FTSTRESS" --suite numpy_onw.ini
	says "the suite file numpy_onw.ini (in $PWD) does not exist; did you mean numpy_own.ini?"
	run -4 "$FTSTRESS" --suite "$PWD/numpy_on.ini"
	says "did you mean $PWD/numpy_own.ini?"
	run -4 "$FTSTRESS" --suite nothing_like_it_at_all
	says '`ftstress suites` lists them'
}

@test "a suite file that is not there is told as a file" {
	run -4 "$FTSTRESS" --suite nofile.ini
	says "the suite file nofile.ini (in $PWD) does not exist; correct the path"
	run -4 "$FTSTRESS" --suite no/such/thing
	says "the suite file no/such/thing (in $PWD) does not exist"
	run -4 "$FTSTRESS" --suite /no/such/thing.ini
	says 'the suite file /no/such/thing.ini does not exist'
	run -4 "$FTSTRESS" run nofile.py
	says "the script nofile.py (in $PWD) does not exist"
	run -4 "$FTSTRESS" --suite ./tests
	says "--suite ./tests (in $PWD) is a folder; give the path of a suite file in it"
}

@test "a misspelt option names the closest one" {
	run -4 "$FTSTRESS" --suite mine.ini --iteration 5
	says 'no option --iteration; did you mean --iterations?'
}

@test "a bad value says what is expected" {
	run -4 "$FTSTRESS" --suite mine.ini --threads 8-2
	says '--threads: expected a number of threads such as 4 or a range such as 2-8'
}

@test "a misspelt key is told with file and line" {
	suite mine 'requires = pytest'
	run -4 "$FTSTRESS" --suite mine.ini
	says "$PWD/mine.ini:4: key \"requires\" is not known; did you mean \"require\"?"
}

@test "a bad value in [run] is told with file and line" {
	suite mine '[run]' 'gil = sometimes'
	run -4 "$FTSTRESS" --suite mine.ini
	says "$PWD/mine.ini:5: gil: expected off, on or mixed, not \"sometimes\""
}

@test "a baseline that can't be read is told with file and line" {
	printf '[data-race-0123456789ab]\nexpires = soon\n' >known.ini
	run -4 "$FTSTRESS" --suite mine.ini --baseline known.ini
	says 'known.ini:2: expires is a day such as 2027-01-31'
	run -4 "$FTSTRESS" --suite mine.ini --baseline none.ini
	says "can't read the baseline none.ini: No such file or directory"
	run -4 "$FTSTRESS" baseline renew mine
	says 'ftstress baseline update SUITE: not "renew"'
}

@test "what is not in a store is told with where to look" {
	run -4 "$FTSTRESS" list
	says 'reports has no store of a suite (--output DIR looks in another folder)'
	run -4 "$FTSTRESS" list mine
	says 'there is no run of mine in reports'
	run -4 "$FTSTRESS" history crash-0123456789ab
	says 'no run whose reports are in reports has found crash-0123456789ab'
	run -4 "$FTSTRESS" compare 1
	says 'which runs? ftstress compare RUN RUN'
	mkdir reports
	echo "not a database, but longer than the header of one, and then some, and more ......" >reports/mine.db
	run -4 "$FTSTRESS" list mine
	says 'reports/mine.db is not an ftstress store'
}

@test "an unknown report format names the ones there are" {
	run -4 "$FTSTRESS" --suite mine.ini --format jsn
	says '--format: no format "jsn"; did you mean "json"? (there are: html, json'
}

@test "an output folder that is a file is told before anything runs" {
	touch taken
	run -4 "$FTSTRESS" --suite mine.ini --output taken
	says 'taken: no report can be written there: Not a directory; choose another folder with --output'
}

@test "an output folder that can't be made is told before anything runs" {
	run -4 "$FTSTRESS" --suite mine.ini --output /proc/nothing
	says '/proc/nothing: no report can be written there'
}

@test "a full disk is told before anything runs" {
	mkdir full
	mount -t tmpfs -o size=64k none full 2>/dev/null || skip "needs the right to mount"
	run -3 "$FTSTRESS" --suite mine.ini --output full
	umount full
	says 'full: no report can be written there: No space left on device'
}

@test "a Python that is none is told by the toolchain" {
	run -4 "$FTSTRESS" --suite mine.ini --python ./no/such/python
	[[ $output == *no/such/python* ]]
}

@test "a report of a suite that never ran is told" {
	run -4 "$FTSTRESS" report mine.ini
	says 'reports has no run of mine'
}

@test "a finding that no run has found can't be explained" {
	run -4 "$FTSTRESS" explain
	says 'which finding? ftstress explain ID'
	run -4 "$FTSTRESS" explain data-race-000000000000
	says 'no run whose reports are in reports has found data-race-000000000000 (--output DIR names'
}

@test "a word too many is told" {
	run -4 "$FTSTRESS" suites extra
	says 'unexpected "extra"'
}
