# Whole runs on small scripts, with the ThreadSanitizer Python (built on the first run).

bats_require_minimum_version 1.5.0

setup() {
	load helper
	cd "$BATS_TEST_TMPDIR"
	export PWD
}

@test "a suite without findings ends with 0 and a report" {
	scripts fine
	suite mine
	run -0 "$FTSTRESS" --suite mine.ini --iterations 2 --gil off --format html,json,tap
	[[ $output == *"Nothing found in 2 iterations of mine"* ]]
	[[ $output == *"Tried: 1 of 1 test, each in "* ]]
	ls reports/mine-*.html reports/mine-*.json reports/mine-*.tap
	[[ $(jq .run.tests.run "$(last_report)") == 2 ]]
	[[ $(jq .run.records_lost "$(last_report)") == 0 ]]
	[[ $(jq '.run.notes | length' "$(last_report)") == 0 ]]
}

@test "a test that fills the rings costs reports, not a false finding" {
	scripts floods fine
	suite mine
	run -0 "$FTSTRESS" --suite mine.ini --iterations 2 --gil off --threads 2
	echo "$output"
	[[ $(jq .run.records_lost "$(last_report)") -gt 0 ]]
	[[ $(jq .run.tests.distinct "$(last_report)") == 2 ]]
	jq -e '.run.notes[] | select(contains("did not fit in the rings")) |
		select(contains("first in iteration") and contains("floods.py"))' "$(last_report)"
	[[ $(jq '.run.notes | length' "$(last_report)") == 1 ]]
}

@test "each way to go wrong ends with a finding or none, and the run goes on" {
	scripts segfault abort exits fork subprocesses memory sleep prints closes daemon parent fine
	suite ways '[run]' 'slice = 1' 'timeout = 10' 'memory = 1500' 'threads = 4' 'gil = off'
	run -1 "$FTSTRESS" --suite ways.ini --iterations 12
	echo "$output"
	finding crash 'SIGSEGV'
	finding crash 'SIGABRT'
	finding crash 'exits.py calls os._exit(3)'
	finding out-of-memory 'memory.py takes more than 1500 MiB'
	finding hang 'sleep.py does not end'
	finding crash 'parent.py ends its parent process'
	[[ $(jq '.findings | length' "$(last_report)") == 6 ]]
	[[ $(jq .run.tests.distinct "$(last_report)") == 12 ]]
	nothing_is_left
}

@test "a recursion in C ends before the memory of ThreadSanitizer does" {
	scripts deep
	suite ways '[run]' 'threads = 1-2' 'gil = off'
	run -0 "$FTSTRESS" --suite ways.ini --iterations 4
}

@test "the tests behind a crash run in a new process of the same iteration" {
	fine_scripts 6
	scripts abort
	suite mine
	run -1 "$FTSTRESS" --suite mine.ini --iterations 1 --gil off
	[[ $(jq .run.tests.distinct "$(last_report)") == 7 ]]
	[[ $(jq .run.iterations.done "$(last_report)") == 1 ]]
}

@test "a crash shows the stacks of its threads, Python and C" {
	scripts segfault
	suite mine
	run -1 "$FTSTRESS" --suite mine.ini --iterations 1 --gil off --threads 2
	local frames='. as $all | .findings[0].threads[] | select(.role == "crashed here") |
		$all.frames[$all.stacks[.frames][]]'
	jq -e "$frames | select(.language == \"python\" and .function == \"stress\")" "$(last_report)"
	jq -e "$frames | select(.language == \"c\")" "$(last_report)"
}

@test "a crash in ThreadSanitizer, a handler, or in the middle of a record, is told, and loses nothing" {
	scripts in_tsan in_tsan_check in_record in_handler
	suite ways '[run]' 'slice = 1' 'threads = 3' 'gil = off' 'timeout = 20'
	run -1 "$FTSTRESS" --suite ways.ini --iterations 32
	echo "$output"
	finding crash 'ThreadSanitizer: CHECK failed'
	jq '.findings' "$(last_report)"
	[[ $(jq '[.findings[] | select(.kind == "crash" and (.threads | length) > 1) | .count] | add' \
		"$(last_report)") == 32 ]]
	[[ $(jq '.findings | map(.tests[]) | unique | length' "$(last_report)") == 4 ]]
	[[ $(jq .run.records_lost "$(last_report)") == 0 ]]
	nothing_is_left
}

@test "processes that end themselves for different reasons are different crashes" {
	scripts fatal throws
	for name in fatal throws; do
		sed 's/the pool is gone/the queue is closed/' "tests/$name.py" >"tests/${name}_too.py"
	done
	suite mine '[run]' 'slice = 1' 'threads = 2-4' 'gil = off'
	run -1 "$FTSTRESS" --suite mine.ini --iterations 8 --output reports
	echo "$output"
	finding crash 'SIGABRT in fatal.py: Fatal Python error: the pool is gone'
	finding crash 'SIGABRT in fatal_too.py: Fatal Python error: the queue is closed'
	finding crash "in throws.py: terminate called after throwing an instance of 'std::length_error': the pool is gone"
	finding crash "in throws_too.py: terminate called after throwing an instance of 'std::length_error': the queue is closed"
	[[ $(jq '[.findings[] | select(.kind == "crash")] | length' "$(last_report)") == 4 ]]
	# none of the four is taken for a known one, and all are known to the next run
	run -0 "$FTSTRESS" --suite mine.ini --iterations 4 --output reports
}

@test "a test that fails when threads overlap is a finding, one that fails in turns is a note" {
	scripts threads sleeps always twice
	suite mine
	run -1 "$FTSTRESS" --suite mine.ini --iterations 5 --gil off --schedule overlap
	finding test-failure 'threads.py fails in threads: ValueError'
	[[ $output == *$'threads.py fails in threads: ValueError\n    ValueError: '*', at '*'/threads.py:'* ]]
	finding test-failure 'sleeps.py fails in threads: ValueError'
	[[ $(jq '[.findings[] | select(.kind == "test-failure")] | length' "$(last_report)") == 2 ]]
	jq -e '.run.notes[] | select(contains("always.py fails when its threads do not overlap"))' "$(last_report)"
	jq -e '.run.notes[] | select(contains("twice.py fails when its threads do not overlap"))' "$(last_report)"
	[[ $(jq .run.iterations.done "$(last_report)") == 5 ]]
}

@test "a suite in which no test passes ends with 5 and says first why" {
	scripts imports always
	suite mine
	run -5 "$FTSTRESS" --suite mine.ini --iterations 2 --gil off --threads 2 --format json,tap
	[[ $output == *"nothing passed: 2 of 2 tests failed every time"* ]]
	[[ $output == *"2 of 2 tests failed every time, in every schedule"*"tests/always.py"*"AssertionError"*"always.py:2: assert 1 == 2"*"Nothing found in"* ]]
	jq -e '.run.tests.failing == 2 and .run.tests.passed == 0 and .run.exit_code == 5' "$(last_report)"
	jq -e '.run.first_failing.test == "tests/always.py"' "$(last_report)"
	grep -q '^not ok 1 - nothing passed' reports/mine-*.tap
}

@test "a test that failed alone in the last run is not tried alone again" {
	scripts always fine
	suite mine
	run -0 "$FTSTRESS" --suite mine.ini --iterations 2 --gil off --threads 2 --schedule overlap --verbose
	[[ $(grep -c '"op":"started"' <<<"$output") -gt 2 ]] # two of them to see whether it passes alone
	[[ $(stored 'select * from failures') == "tests/always.py|AssertionError" ]]
	run -0 "$FTSTRESS" --suite mine.ini --iterations 2 --gil off --threads 2 --schedule overlap --verbose
	[[ $(grep -c '"op":"started"' <<<"$output") == 2 ]]
	[[ $output == *"1 of 2 tests failed every time"* ]]
}

# old_module: lib/old.so, an extension that declares nothing.
old_module() {
	local python
	python=$("$BATS_TEST_DIRNAME/../../stress/toolchain/prepare" python 3.14 | jq -r .python)
	mkdir -p lib
	"${CLANG:-clang-22}" -shared -fPIC -x c -o lib/old.so \
		-I"$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')" - <<'C'
#include <Python.h>
static struct PyModuleDef def = { PyModuleDef_HEAD_INIT, .m_name = "old", .m_size = -1 };
PyMODINIT_FUNC PyInit_old(void) { return PyModule_Create(&def); }
C
}

@test "tests whose import switches the GIL on run apart, and with --gil off it stays off" {
	old_module
	scripts needs_gil gil_inside
	for name in a b z; do cp "$BATS_TEST_DIRNAME/ways/no_gil.py" "tests/$name.py"; done
	suite mine 'path = lib'
	run -1 "$FTSTRESS" --suite mine.ini --iterations 3 --threads 2
	[[ $(jq -r '.findings[].title' "$(last_report)") == "Importing old switched the GIL back on" ]]
	[[ $output == *$'\n    --gil off tests on without the GIL; --gil mixed runs the tests'* ]]
	jq -e '.run.tests | .failing == 0 and .passed == 5 and .run == 15' "$(last_report)"
	jq -e '.run.notes[] | select(contains("tests/needs_gil.py (1 test) runs apart, with the GIL"))' "$(last_report)"
	jq -e '.run.notes[] | select(contains("tests/gil_inside.py (1 test) runs apart, with the GIL"))' "$(last_report)"
	rm -r reports
	run -0 "$FTSTRESS" --suite mine.ini --iterations 1 --threads 2 --gil off
	[[ $output == *"the GIL kept off"* ]]
	jq -e '.run.tests | .failing == 0 and .passed == 5' "$(last_report)"
	jq -e '.run.notes[] | select(contains("old does not declare that it needs no GIL"))' "$(last_report)"
}

@test "threads that outlive their test, fork or nap in turns are no findings" {
	scripts outlives leaves naps
	for name in a b; do
		mkdir "$name"
		echo "NAME = '$name'" >"$name/helper.py"
		printf '%s\n' 'import helper' "assert helper.NAME == '$name'" >"$name/test_$name.py"
	done
	suite mine '  a/test_a.py' '  b/test_b.py' '[run]' 'timeout = 10'
	run -0 "$FTSTRESS" --suite mine.ini --schedule whole-turns --threads 4 --gil off --iterations 3
	[[ $output == *"Nothing found in 3 iterations"* ]]
	[[ $(jq '.run.notes | length' "$(last_report)") == 0 ]]
	jq -e '.run.settings[] | select(.[0] == "pairs" and (.[1] | startswith("none: ")))' "$(last_report)"
}

# One run finds it, its report is written again, and one more run knows it.
@test "a finding: its command, the report written again, and the next run that knows it" {
	scripts exits
	suite mine
	run -1 "$FTSTRESS" --suite mine.ini --iterations 1 --gil off
	[[ $output == *"    \$ $FTSTRESS --suite mine.ini --gil off "* ]]
	[[ $(jq -r .run.command "$(last_report)") == "$FTSTRESS --suite mine.ini --iterations 1 --gil off" ]]
	rm reports/mine-*
	run -0 "$FTSTRESS" report mine.ini
	finding crash 'calls os._exit(3)'
	[[ $(jq -r '.findings[0].status' "$(last_report)") == new ]]
	# Commands name the program as it was called, unless PATH leads to it.
	PATH=${FTSTRESS%/*}:$PATH run -0 "$FTSTRESS" --suite mine.ini --iterations 1 --gil off
	[[ $(jq -r '.findings[0].command' "$(last_report)") == 'ftstress --suite mine.ini --gil off '* ]]
	[[ $(jq -r '.findings[0].status' "$(last_report)") == known ]]
}

@test "the same seed gives the same plan, and the token repeats an iteration" {
	scripts exits
	for i in 1 2 3 4 5 6; do cp tests/exits.py "tests/e$i.py"; done
	suite mine '[run]' 'slice = 2'
	"$FTSTRESS" --suite mine.ini --plan --seed 1f --iterations 9 >one
	"$FTSTRESS" --suite mine.ini --plan --seed 1f --iterations 9 >two
	"$FTSTRESS" --suite mine.ini --plan --seed 20 --iterations 9 >three
	cmp one two
	run ! cmp -s one three
	run -1 "$FTSTRESS" --suite mine.ini --seed 1f --iterations 2 --gil off
	token=$(jq -r '.findings[0].replays[0]' "$(last_report)")
	test=$(jq -r '.findings[0].tests[0]' "$(last_report)")
	run -0 "$FTSTRESS" --suite mine.ini --replay "$token" --gil off --iterations 1
	jq -e --arg test "$test" '[.findings[].tests[]] | index($test)' "$(last_report)"
}

@test "the deck goes on where the last run ended" {
	fine_scripts 4
	suite mine '[run]' 'slice = 1'
	"$FTSTRESS" --suite mine.ini --list >all
	[[ $(wc -l <all) == 4 ]]
	run -0 "$FTSTRESS" --suite mine.ini --iterations 2 --gil off
	[[ $output == *"Tried: 2 of 4 tests"*"Next: the same command goes on with the other 2: about 1 run "* ]]
	"$FTSTRESS" --suite mine.ini --plan --iterations 2 | grep '^  ' | sort >rest
	run -0 "$FTSTRESS" --suite mine.ini --iterations 2 --gil off
	[[ $output == *"Tried: 2 of 4 tests"*"Next: all tests had their turn"* ]]
	[[ $(jq .run.tests.distinct "$(last_report)") == 2 ]]
	[[ $(sort -u rest | wc -l) == 2 ]]
	[[ $(stored 'select next_slice from deck') == 4 ]]
}

@test "the gate runs every test once, in turns, and leaves the deck where it was" {
	fine_scripts 5
	suite mine '[run]' 'slice = 2' 'threads = 4-8' 'schedule = overlap' 'budget = 1'
	run -0 "$FTSTRESS" --suite mine.ini --iterations 1 --gil off
	before=$(stored 'select next_slice from deck')
	"$FTSTRESS" --suite mine.ini --gate --slice 3 --plan >plan
	[[ $(grep -c '^1\.[01]\.[01] 2 .* off whole-turns ' plan) == 2 ]]
	[[ $(grep '^  ' plan | sort -u | wc -l) == 5 && $(grep -c '^  ' plan) == 5 ]]
	run -0 "$FTSTRESS" --suite mine.ini --gate --slice 3
	[[ $(jq -c '[.run.iterations.done, .run.tests.run, .run.tests.distinct]' "$(last_report)") \
		== '[2,5,5]' ]]
	[[ $(stored 'select next_slice from deck') == "$before" ]]
}

@test "turns with the order as written are told to show little" {
	scripts fine
	suite mine
	run -0 "$FTSTRESS" --suite mine.ini --iterations 1 --schedule turns --happens-before as-written
	[[ $output == *'take turns show next to nothing with the order as written'* ]]
	run -0 "$FTSTRESS" --suite mine.ini --iterations 1 --happens-before as-written
	[[ $output != *'take turns'* ]]
}

@test "a new race says whether the order as written shows it, too" {
	scripts staggered meeting
	suite mine '[run]' 'gil = off' 'threads = 2' 'happens-before = meant'
	run -1 "$FTSTRESS" --suite mine.ini --iterations 2 --schedule overlap
	[[ $output == *'The order as written shows it, too ('*' of 3 runs)'* ]]
	[[ $output == *'Not seen in 3 runs with the order as written'* ]]
	jq -e '.findings[] | select(.tests == ["tests/staggered.py"]) |
		.as_written == {"runs": 3, "seen": 0}' "$(last_report)"
	jq -e '.findings[] | select(.tests == ["tests/meeting.py"]) | .as_written.seen > 0' \
		"$(last_report)"
	# These runs are no iterations, and what the last report tells is kept.
	[[ $(jq -c '[.run.iterations.done, .run.tests.run]' "$(last_report)") == '[2,4]' ]]
	"$FTSTRESS" report mine.ini
	jq -e 'any(.findings[].as_written; .seen == 0 and .runs == 3)' "$(last_report)"
}

@test "tests that the time was too short for come first in the next run" {
	scripts slow
	for i in 1 2 3; do cp tests/slow.py "tests/s$i.py"; done
	suite mine '[run]' 'slice = 4' 'budget = 0.1' 'gil = off' 'threads = 2'
	left() { stored 'select test from leftovers order by test'; }
	run -0 "$FTSTRESS" --suite mine.ini --iterations 1 --schedule overlap
	left >first
	[[ $(wc -l <first) == 3 ]]
	"$FTSTRESS" --suite mine.ini --plan --iterations 1 | grep '^  ' | sort >planned
	[[ $(tr -d ' ' <planned) == "$(cat first)" ]]
	run -0 "$FTSTRESS" --suite mine.ini --iterations 1 --schedule overlap --budget 60
	[[ $(jq .run.tests.distinct "$(last_report)") == 3 && -z $(left) ]]
	[[ $(stored 'select next_slice from deck') == 4 ]]
}

@test "a test that the worker can't read does not come first in the next run" {
	fine_scripts 2
	mkdir lib
	cat >lib/spoils.py <<-EOF
		import os
		if "FTSTRESS_WORKER" in os.environ:
		    open("$PWD/tests/t2.py", "w").write("(")
	EOF
	suite mine 'args = spoils' 'path = lib'
	run -0 "$FTSTRESS" --suite mine.ini --iterations 1 --gil off
	[[ $(jq .run.tests.run "$(last_report)") == 1 ]]
	[[ -z $(stored 'select test from leftovers') ]]
}

@test "Ctrl-C ends the workers, keeps what was found and writes the report" {
	scripts exits slow
	suite mine '[run]' 'slice = 1' 'gil = off'
	"$FTSTRESS" --suite mine.ini --iterations 10000 >out 2>messages &
	pid=$!
	until grep -q 'new: crash' messages; do read -rt 0.1 <> <(:) || true; done
	kill -INT $pid
	status=0
	wait $pid || status=$?
	[[ $status == 2 ]]
	grep -qF "ftstress: interrupted; to go on: $FTSTRESS --suite mine.ini --resume" messages
	finding crash 'calls os._exit(3)'
	[[ $(jq .run.interrupted "$(last_report)") == true ]]
	nothing_is_left
}

builds() { # PID
	[[ -e /proc/$1 ]] && ! grep -q '^State:	Z' "/proc/$1/status"
}

@test "Ctrl-C while packages are built ends the builds and says how to go on" {
	scripts fine
	suite mine 'install = ./slow'
	cp -r "$BATS_TEST_DIRNAME/slow" .
	export BUILDS=$PWD/builds # a package's source is copied to where it is built
	"$FTSTRESS" --suite mine.ini --iterations 3 2>messages &
	pid=$!
	until [[ -e $BUILDS && $(wc -l <"$BUILDS") == 2 ]]; do read -rt 0.1 <> <(:) || true; done
	kill -INT $pid
	status=0
	wait $pid || status=$?
	[[ $status == 2 ]]
	[[ $(tail -n 1 messages) == 'ftstress: interrupted before the first iteration; what is done by now is kept, and the same command goes on from there' ]]
	local builder
	while read -r builder; do # it was asked to end, which takes a moment
		for _ in {1..50}; do
			builds "$builder" || break
			read -rt 0.1 <> <(:) || true
		done
		if builds "$builder"; then false; fi
	done <"$BUILDS"
}

@test "a run that was killed leaves no process and goes on with --resume" {
	scripts exits slow
	suite mine '[run]' 'slice = 1' 'gil = off'
	"$FTSTRESS" --suite mine.ini --iterations 12 --seed 77 >out 2>messages &
	pid=$!
	until grep -q 'new: crash' messages; do read -rt 0.1 <> <(:) || true; done
	kill -KILL $pid
	wait $pid || true
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		nothing_is_left && break
		read -rt 0.2 <> <(:) || true
	done
	nothing_is_left
	run -1 "$FTSTRESS" --suite mine.ini --resume
	[[ $output == *'goes on at iteration'* ]]
	finding crash 'calls os._exit(3)'
	[[ $(jq -r .run.seed "$(last_report)") == 0000000000000077 ]]
	[[ $(jq .run.iterations.done "$(last_report)") == 12 ]]
	run -4 "$FTSTRESS" --suite mine.ini --resume
	[[ $output == *'no run of mine'*'that was cut off'* ]]
}

@test "--duration ends a run" {
	scripts fine
	suite mine
	run -0 "$FTSTRESS" --suite mine.ini --duration 3s --gil off
	[[ $(jq '.run.seconds < 15' "$(last_report)") == true ]]
	[[ $(jq '.run.iterations.done > 0' "$(last_report)") == true ]]
}

@test "a test that outlasts --duration is ended and named" {
	scripts spin
	suite mine '[run]' 'threads = 2' 'gil = off'
	run -5 "$FTSTRESS" --suite mine.ini --duration 4s
	[[ $output == *'no test came to its end before --duration was over'* ]]
	jq -e '.run.notes[] | select(contains("tests/spin.py was ended after") and
		contains("--duration (4 s)") and contains("skip = tests/spin.py"))' "$(last_report)"
	jq -e '.run.slowest[0] | .test == "tests/spin.py" and .seconds > 3' "$(last_report)"
	[[ $(jq '.run.seconds < 100' "$(last_report)") == true ]]
	nothing_is_left
}

@test "who waits for the GIL and who keeps it are a deadlock, told within seconds" {
	scripts gil_mutex gil_futex
	suite mine '[run]' 'slice = 1' 'threads = 2' 'gil = on' 'schedule = overlap' 'timeout = 60'
	run -1 "$FTSTRESS" --suite mine.ini --iterations 2
	finding deadlock 'wait for each other'
	finding deadlock 'keeps the GIL'
	jq -e '[.findings[] | select(.kind == "deadlock") | .explanation | contains("the GIL")] | all' \
		"$(last_report)"
	# The mutex lies in a buffer of ctypes; its order is known, too.
	finding lock-order 'pthread mutex and the attached state'
	jq -e '.run.seconds < 50' "$(last_report)"
}

@test "who stops the world and who stays attached are a deadlock, told within seconds" {
	scripts stop_futex
	suite mine '[run]' 'threads = 2' 'gil = off' 'schedule = overlap' 'timeout = 60'
	run -1 "$FTSTRESS" --suite mine.ini --iterations 1
	finding deadlock 'stays attached'
	jq -e '.findings[0].explanation | contains("a stop of the world")' "$(last_report)"
	jq -e '.run.seconds < 40' "$(last_report)"
}

@test "a free list that leads back into itself is told as heap corruption" {
	scripts corrupt
	suite mine '[run]' 'threads = 2' 'gil = off' 'schedule = overlap' 'timeout = 120'
	run -1 "$FTSTRESS" --suite mine.ini --iterations 1
	finding hang 'The heap is corrupted: tests/corrupt.py'
	jq -e '.run.seconds < 100' "$(last_report)"
}

@test "two jobs run all iterations" {
	fine_scripts 4
	suite mine '[run]' 'slice = 1' 'gil = off'
	run -0 "$FTSTRESS" --suite mine.ini --iterations 8 --jobs 2
	[[ $(jq .run.tests.run "$(last_report)") == 8 ]]
	[[ $(jq .run.tests.distinct "$(last_report)") == 4 ]]
}

@test "tests are selected by expression, and none that match is told" {
	fine_scripts 2
	suite mine
	run -0 "$FTSTRESS" --suite mine.ini --tests 't1' --list
	[[ $output == tests/t1.py ]]
	run -5 "$FTSTRESS" --suite mine.ini --tests 't3'
	[[ $output == *'nothing ran: none of the 2 tests matches --tests "t3"; --list in place'* ]]
	run -4 "$FTSTRESS" --suite mine.ini --tests 't1 and ('
	# Before the types' calls are tried, which would be told, too.
	run -4 "$FTSTRESS" --suite mine.ini --pairs --tests 't1=2'
	[[ $output == "ftstress: --tests: bad expression 't1=2': unexpected '=' at column 3" ]]
}

@test "an id above tests selects all that are in it, as pytest takes it" {
	file=planted_share/tests/test_planted_share.py
	for node in $file "${file%/*}" "$file::test_a_key_opens_its_vault"; do
		run -0 --separate-stderr "$FTSTRESS" --suite planted_share --tests "$node" --list
		[[ $output == *'vault[bug]'*'vault[ok]'* ]]
	done
	[[ ${#lines[@]} == 2 ]]
	run -5 "$FTSTRESS" --suite planted_share --tests "$file::test_a_key" --list
	[[ $output == *'nothing ran: none of the 4 tests matches'* ]]
}

@test "tests are collected anew when pytest's configuration above them changes" {
	fine_scripts 1
	suite mine
	local kept=${FTSTRESS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ftstress}/collected
	lists() { grep -lF "\"$PWD\"" "$kept"/mine-*.json | wc -l; }
	run -0 "$FTSTRESS" --suite mine.ini --list
	run -0 "$FTSTRESS" --suite mine.ini --list
	[[ $(lists) == 1 ]]
	echo '[pytest]' >pytest.ini
	run -0 "$FTSTRESS" --suite mine.ini --list
	[[ $(lists) == 2 ]]
}

@test "a suite without tests is told where they were looked for" {
	mkdir tests.py
	printf '%s\n' '[suite]' 'driver = script' 'target = tests.py' >mine.ini
	run -5 "$FTSTRESS" --suite mine.ini
	[[ $output == *"$PWD/mine.ini has no tests: tests.py names no file below $PWD; folders are not searched"* ]]
}

@test "what the suite skips is not run" {
	fine_scripts 2
	suite mine 'skip = tests/*2.py'
	run -0 "$FTSTRESS" --suite mine.ini --list
	[[ $output == tests/t1.py ]]
}

@test "a list of the tests needs nothing that is built with ThreadSanitizer" {
	local cache=${FTSTRESS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ftstress}
	fine_scripts 2
	suite listed "path = $PWD/tests" # of no other suite: it has no environment yet
	touch before
	run -0 "$FTSTRESS" --suite listed.ini --list
	[[ $output == $'tests/t1.py\ntests/t2.py' ]]
	run -0 find "$cache/env" -maxdepth 1 -newer before -name '*listed-*'
	[[ $output == "$cache"/env/_listed-* && ${#lines[@]} == 1 ]]
	rm -r "$output"
}

@test "a suite whose import fails says what, where and what to do, in one line" {
	scripts fine
	mkdir lib
	printf '%s\n' 'def needs():' '    import no_such_module' 'needs()' >lib/ahead.py
	suite mine 'args = ahead' 'path = lib'
	run -4 "$FTSTRESS" --suite mine.ini
	[[ $output == *"ModuleNotFoundError: No module named 'no_such_module', at lib/ahead.py:2 (import no_such_module)"* ]]
	[[ $output == *'`require` in [suite]'*'--verbose shows the traceback'* ]]
	[[ $(grep -c . <<<"$output") == 1 ]]
	run -4 "$FTSTRESS" --suite mine.ini --verbose
	[[ $output == *Traceback*"ModuleNotFoundError: No module named 'no_such_module'"* ]]
}

@test "a suite whose import fails in the worker only shows what it printed" {
	scripts fine
	mkdir lib
	cat >lib/picky.py <<-EOF
		import os
		if "FTSTRESS_WORKER" in os.environ:
		    raise RuntimeError("not here")
	EOF
	suite mine 'args = picky' 'path = lib'
	run -4 "$FTSTRESS" --suite mine.ini --gil off
	[[ $output == *'RuntimeError: not here'* ]]
}

@test "a disk that gets full loses no finding and is told" {
	scripts exits
	cat >tests/fill.py <<-EOF
		import os
		if os.path.exists("$PWD/small/armed"):
		  try:
		    with open("$PWD/small/fill", "ab", 0) as file:
		      while True: file.write(b"x" * 4096)
		  except OSError: pass
	EOF
	suite mine '[run]' 'gil = off'
	mkdir small
	mount -t tmpfs -o size=2m none small 2>/dev/null || skip "needs the right to mount"
	touch small/armed
	run -3 "$FTSTRESS" --suite mine.ini --iterations 2 --output small
	umount small
	[[ $output == *'No space left on device'* || $output == *'full'* ]]
	[[ $output == *'calls os._exit(3)'* ]]
}

@test "files of tests that can't be imported are counted, and the first one's reason is told" {
	scripts fine
	printf '%s\n' 'def stress(:' >tests/broken.py
	suite mine
	run -0 "$FTSTRESS" --suite mine.ini --iterations 1 --gil off --threads 2
	[[ $output == *$'1 of 2 files of tests can\'t be imported: none of its tests ran\n    the first: tests/broken.py\n        SyntaxError: invalid syntax'*"Nothing found in"* ]]
	jq -e '.run.unimported | .count == 1 and .of == 2 and .file == "tests/broken.py"' "$(last_report)"
	rm tests/fine.py
	run -5 "$FTSTRESS" --suite mine.ini --iterations 1 --gil off --threads 2
	[[ $output == *"nothing ran: "*"1 file of tests can't be imported; tests/broken.py: SyntaxError: invalid syntax"* ]]
}

@test "files of tests that only the worker can't import are counted as well" {
	mkdir lib
	cat >lib/test_picky.py <<-EOF
		import os, unittest
		if "FTSTRESS_WORKER" in os.environ:
		    raise OSError("no such library")
		class Picky(unittest.TestCase):
		    def test_one(self): pass
		    def test_two(self): pass
	EOF
	sed '2,3d' lib/test_picky.py >lib/test_fine.py
	printf '%s\n' 'import no_such_module' >lib/test_lost.py
	printf '%s\n' '[suite]' 'driver = unittest' 'path = lib' 'target = test_picky' >mine.ini
	run -5 "$FTSTRESS" --suite mine.ini --iterations 1 --gil off --threads 2
	[[ $output == *$'1 of 1 file of tests can\'t be imported: none of its tests ran\n    the first: test_picky\n        OSError: no such library'* ]]
	[[ $output == *"nothing ran: the files of tests can't be imported"* ]]
	printf '\ttest_fine\n\ttest_lost\n' >>mine.ini
	run -0 "$FTSTRESS" --suite mine.ini --iterations 1 --gil off --threads 2
	[[ $output == *$'2 of 3 files of tests can\'t be imported: none of their tests ran\n    the first: test_lost\n        ModuleNotFoundError: No module named \'no_such_module\''* ]]
}

@test "many tests that fail alone too take two processes to see that, and hide none that does not" {
	local i
	scripts threads
	for ((i = 1; i <= 8; i++)); do cp "$BATS_TEST_DIRNAME/ways/always.py" "tests/always$i.py"; done
	suite mine
	run -1 "$FTSTRESS" --suite mine.ini --iterations 1 --gil off --threads 4 --schedule overlap --verbose
	finding test-failure 'threads.py fails in threads: ValueError'
	[[ $(jq '.findings | length' "$(last_report)") == 1 ]]
	[[ $output == *"8 of 9 tests failed every time"* ]]
	# The iteration, all in turns, the eight one by one, and threads.py in a process of its own.
	[[ $(grep -c '"op":"started"' <<<"$output") == 4 ]]
}

@test "what a baseline has is known to a store that never saw it, until it expires" {
	scripts exits fine
	suite mine
	run -1 "$FTSTRESS" --suite mine.ini --iterations 2 --gil off --threads 2
	run -4 "$FTSTRESS" baseline update mine.ini
	[[ $output == *"which file? --baseline FILE"* ]]
	run -0 "$FTSTRESS" baseline update mine.ini --baseline known.ini
	[[ $output == *"known.ini: of "*" of the last run 1 new, "* ]]
	grep -q '^title = .*exits.py calls os._exit(3)' known.ini
	rm reports/mine.db*
	run -0 "$FTSTRESS" --suite mine.ini --iterations 2 --gil off --threads 2 --baseline known.ini --format json,tap
	[[ $output == *"Not shown: 1 known."* ]]
	grep -q '^not ok 1 .* # T.DO known from baseline known.ini:4' reports/*.tap
	[[ $(jq -r '.run.suppressions[] | select(.rule | startswith("baseline:")) | .used > 0' "$(last_report)") == true ]]
	run -0 "$FTSTRESS" report mine.ini --format json
	[[ $output == *"Not shown: 1 known."* ]]
	sed -i 's/^expires =$/expires = 2026-01-01/' known.ini
	run -1 "$FTSTRESS" --suite mine.ini --iterations 2 --gil off --threads 2 --baseline known.ini
	[[ $output == *"expired on 2026-01-01: it was seen, and is new"* ]]
}

@test "a finding counts as fixed when its test had enough turns without it, and comes back" {
	scripts exits
	suite mine
	run -1 "$FTSTRESS" --suite mine.ini --iterations 3 --gil off --threads 2
	id=$(jq -r '.findings[0].id' "$(last_report)")
	cp "$BATS_TEST_DIRNAME/ways/fine.py" tests/exits.py
	run -0 "$FTSTRESS" --suite mine.ini --iterations 2 --gil off --threads 2
	run -0 "$FTSTRESS" history "$id"
	[[ $output == *"3 of 3 turns of its tests up to run 1, and in none of 2 since; 3 would be enough"* ]]
	run -0 "$FTSTRESS" --suite mine.ini --iterations 2 --gil off --threads 2
	run -0 "$FTSTRESS" list mine
	[[ $output == *$'\nfixed  '*"$id"* ]]
	run -0 "$FTSTRESS" compare 1 2
	[[ $output == *"not in run 2:"*"$id"*"2 of the 3 turns of its tests that it takes"* ]]
	run -0 "$FTSTRESS" compare 1 3
	[[ $output == *"not in run 3:"*"$id"*"fixed, at 95 %"* ]]
	cp "$BATS_TEST_DIRNAME/ways/exits.py" tests/exits.py
	run -0 "$FTSTRESS" --suite mine.ini --iterations 1 --gil off --threads 2
	run -0 "$FTSTRESS" show "${id:0:12}"
	[[ $output == *"calls os._exit(3)"*"$ "*"--replay"*"came back in run 4."* ]]
	run -1 "$FTSTRESS" compare 3 4
}
