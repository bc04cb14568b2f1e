# `ftstress try`: a package by its name or folder. What is read of a source: tests/driver/test_trying.py.

bats_require_minimum_version 1.5.0

setup() {
	load helper
	cd "$BATS_TEST_TMPDIR"
	export PWD
}

@test "a folder's tests are found, and a suite file is left that is taken as it is then" {
	mkdir -p words/words words/tests
	printf '[project]\nname = "Some_Words"\nversion = "1.5"\n[tool.setuptools]\npackages = ["words"]\n' >words/pyproject.toml
	touch words/words/__init__.py
	printf 'import words\ndef test_a(): pass\ndef test_b(): pass\n' >words/tests/test_words.py
	run -0 --separate-stderr "$FTSTRESS" try ./words --list
	[[ $output == *"Some_Words 1.5: 2 tests; how they are run stands in some-words.ini"* ]]
	[[ $output == *"words/tests/test_words.py::test_b"* ]]
	grep -qx 'install = ./words' some-words.ini
	grep -qx 'target = words/tests' some-words.ini

	echo 'skip = *test_b' >>some-words.ini
	run -0 --separate-stderr "$FTSTRESS" try ./words --list
	[[ $output == *"some-words.ini is there, and taken as it is"* ]]
	[[ $output == *"::test_a"* && $output != *"::test_b"* ]]
}

@test "what can't be tried is told in one message" {
	run -4 "$FTSTRESS" try
	[[ $output == *"which package? ftstress try bitarray"* ]]
	run -4 "$FTSTRESS" try ./gone
	[[ $output == *"./gone is no folder"*"What to do: "* ]]
	printf '[suite]\ninstall = words==1.0\n' >words.ini
	run -4 "$FTSTRESS" try words==1.1
	[[ $output == *"words.ini is about words==1.0, not words==1.1"*"What to do: "* ]]
	mkdir empty
	run -4 "$FTSTRESS" try ./empty
	[[ $output == *"failed at the stage: install"* ]]
}
