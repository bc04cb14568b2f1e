# What `make selfcheck` makes of what a suite's run found. The command is one that has no suites, but answers;
# on real Pythons the check itself is run by hand.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR"
	cat >ftstress <<-'E'
		#!/bin/bash
		if [[ $* == *--list ]]; then
			printf '%s\n' tests/one_bug.py tests/two_bug.py tests/one_ok.py
			exit
		fi
		while [[ $1 != --output ]]; do shift; done
		[[ ! -e answer.json ]] || cp answer.json "$2/report.json"
		echo "ftstress: nothing ran" >&2
		exit 5
	E
	chmod +x ftstress
	# The check runs it in the tree's own folder.
	sed -i "s|answer.json|$PWD/answer.json|g" ftstress
}

# answers FINDING...: KIND CASE LANGUAGE [STATUS], the language of the innermost frame.
answers() {
	local finding findings=''
	for finding in "$@"; do
		read -r kind name language status <<<"$finding"
		findings+=${findings:+, }
		findings+="{\"kind\": \"$kind\", \"status\": \"${status:-new}\", \"title\": \"what $name did\","
		findings+=" \"tests\": [\"tests/$name.py\"],"
		findings+=" \"subject\": null, \"threads\": [{\"frames\": $([[ $language == python ]]; echo $?),"
		findings+=" \"created\": 0, \"locks\": []}]}"
	done
	cat >answer.json <<-E
		{"frames": [{"language": "python"}, {"language": "c"}], "stacks": [[0], [1]],
		 "run": {"hooks": [{"name": "locks", "live": false, "off": false, "why": "no such function"},
		                   {"name": "heap", "live": false, "off": true, "why": "as asked"}]},
		 "findings": [$findings]}
	E
}

check() { # STATUS
	BUILD=$PWD run "-$1" "$BATS_TEST_DIRNAME/../selfcheck.py" "$(command -v python3)" -k 'deadlocks of the GIL'
}

says() {
	[[ $output == *"$1"* ]] || {
		echo "expected \"$1\" in: $output"
		return 1
	}
}

@test "all bugs and no twin: the promise holds; what could not be seen is said" {
	answers 'deadlock one_bug python' 'deadlock two_bug python' 'hang two_bug c' 'data-race one_ok c suppressed'
	check 0
	says 'holds   deadlocks of the GIL: 2 of 2 bugs, 0 of 1 twins'
	says 'Off on this Python: locks: no such function'
	says '1 of 1 promises hold on CPython 3.'
	[[ $output != *'as asked'* ]]
}

@test "a bug that is not found, or is found as something else, breaks it" {
	answers 'deadlock one_bug python' 'hang two_bug python'
	check 1
	says 'BROKEN  deadlocks of the GIL: 1 of 2 bugs, 0 of 1 twins'
	says 'two_bug: not found'
	says '0 of 1 promises hold'
}

@test "a finding of any kind in a twin breaks it" {
	answers 'deadlock one_bug python' 'deadlock two_bug python' 'data-race one_ok python'
	check 1
	says '2 of 2 bugs, 1 of 1 twins'
	says 'one_ok: what one_ok did'
}

@test "so does a stopped process without a Python frame" {
	answers 'deadlock one_bug python' 'deadlock two_bug c'
	check 1
	says 'two_bug: no Python frame in what two_bug did'
}

@test "a run without a report is told in its own words, and no promise at all is none that holds" {
	check 1
	says 'deadlocks of the GIL: did not run'
	says 'ftstress: nothing ran'
	BUILD=$PWD run -1 "$BATS_TEST_DIRNAME/../selfcheck.py" "$(command -v python3)" -k 'no such promise'
	says '0 of 0 promises hold'
}
