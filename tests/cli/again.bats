# What was found is run again: how often does it come, and is it gone once it is mended? With the ThreadSanitizer
# Python (built on the first run), and a package that is edited and built again meanwhile.

bats_require_minimum_version 1.5.0

setup() {
	load helper
	cd "$BATS_TEST_TMPDIR" || return
	export PWD
}

# A package that needs nothing to be built: its backend stands beside it.
package() {
	mkdir -p counted tests
	cat >counted/pyproject.toml <<-'EOF'
		[build-system]
		requires = []
		build-backend = "backend"
		backend-path = ["."]

		[project]
		name = "counted"
		version = "1.0"
	EOF
	cat >counted/backend.py <<-'EOF'
		import zipfile

		def build_wheel(folder, config=None, metadata=None):
		    name, info = "counted-1.0-py3-none-any.whl", "counted-1.0.dist-info/"
		    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
		        wheel.write("counted.py")
		        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: counted\nVersion: 1.0\n")
		        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: x\nTag: py3-none-any\n")
		        wheel.writestr(info + "RECORD", "")
		    return name
	EOF
	broken
	printf '%s\n' 'import counted' 'def stress(thread):' '    for _ in range(50):' \
		'        counted.add()' >tests/adds.py
}

broken() {
	printf '%s\n' 'value = 0' '' 'def add():' '    global value' '    value += 1' >counted/counted.py
}

mended() {
	printf '%s\n' 'import threading' 'value = 0' 'lock = threading.Lock()' '' 'def add():' \
		'    global value' '    with lock:' '        value += 1' >counted/counted.py
}

@test "a finding that is mended is gone, and one that is not shows again" {
	package
	suite mine 'install = ./counted' '[run]' 'python-races-every = 1' 'gil = off' 'threads = 3'
	run -1 "$FTSTRESS" --suite mine.ini --iterations 3 --format json
	id=$(jq -r '.findings[] | select(.kind == "python-race") | .id' "$(last_report)")

	# By the turns of its tests; others have come meanwhile.
	mended
	cp tests/adds.py tests/aaa.py
	run -0 "$FTSTRESS" verify-fix "$id"
	echo "$output"
	[[ $output == *"turns without it say at 95 % that it is gone"*"Gone, at 95 %: not seen in "* ]]
	"$FTSTRESS" list mine | grep "^fixed .*$id"
	run -0 "$FTSTRESS" repro "${id%??}" --times 2
	[[ $output == *"Not seen: 0 of 2 tries (0 to 66 % at 95 %)"* ]]

	# It comes back.
	broken
	run -1 "$FTSTRESS" verify-fix "$id" --suite mine
	echo "$output"
	[[ $output == *"Still there, in try "* ]]
	"$FTSTRESS" history "$id" | grep 'It is there: run .*It had been fixed before, and came back'
	run -1 "$FTSTRESS" repro "$id" --times 3
	echo "$output"
	[[ $output == *"try 3: seen"*"Seen in 3 of 3 tries"*"tests/adds.py alone"* ]]

	# The command that is printed shows it each time.
	run -1 "$FTSTRESS" minimise "$id"
	echo "$output"
	[[ $output == *"1 test in 2 threads, seen in 4 of 4 tries"*"No script shows it without ftstress: a race in Python code"* ]]
	command=$(grep -- '--tests tests/adds.py --threads 2 .*--iterations 1$' <<<"$output")
	eval "$command --format json"
	jq -e --arg id "$id" '.findings[] | select(.id == $id)' "$(last_report)" >/dev/null

	# By what repro has seen.
	mended
	run -0 "$FTSTRESS" verify-fix "$id"
	echo "$output"
	[[ $output == *"ftstress repro saw it in 3 of 3 tries"*"Gone, at 95 %"* ]]
	"$FTSTRESS" history "$id" | grep 'It is fixed, at 95 %'

	# Its test is no longer there.
	rm tests/adds.py
	run -5 "$FTSTRESS" repro "$id"
	[[ $output == *"no longer has the tests that showed it, such as tests/adds.py"* ]]
}

@test "a script shows a race without ftstress" {
	scripts fine
	printf '%s\n' 'import array' 'shared = array.array("l", [0])' 'def unused():' '    pass' \
		'def stress(thread):' '    for i in range(20000):' '        shared[0] = i' >tests/shares.py
	suite mine '[run]' 'gil = off' 'threads = 2' 'schedule = overlap' 'python-races = off'
	run -1 "$FTSTRESS" --suite mine.ini --iterations 1 --format json
	id=$(jq -r '.findings[] | select(.kind == "data-race") | .id' "$(last_report)" | head -n 1)
	run -1 "$FTSTRESS" minimise "$id" --duration 40s
	echo "$output"
	[[ $output == *"Without ftstress (seen in run "*"reports/repro_$id.py"* ]]
	[[ $(wc -l <"reports/repro_$id.py") -le 40 ]]
	run -1 grep unused "reports/repro_$id.py"
}

@test "a lock order is confirmed by a deadlock on purpose" {
	mkdir tests
	printf '%s\n' 'import threading' 'a = threading.Lock()' 'b = threading.Lock()' \
		'def stress(thread):' '    first, second = (a, b) if thread % 2 else (b, a)' \
		'    with first:' '        with second:' '            pass' >tests/order.py
	suite mine '[run]' 'gil = off' 'threads = 2' 'schedule = turns' 'python-races = off'
	run -1 "$FTSTRESS" --suite mine.ini --iterations 2 --format json
	id=$(jq -r '.findings[] | select(.kind == "lock-order") | .id' "$(last_report)")
	run -1 "$FTSTRESS" repro "$id" --times 2
	echo "$output"
	[[ $output == *"Seen in 2 of 2 tries"*"Confirmed: its threads did wait for each other for ever (deadlock-${id#lock-order-})"* ]]
}

# The package as source distributions of versions, of which 8.2 broke it; 8.1 can't be built.
versions() {
	local version
	package
	sed -i 's/-1\.0/-VERSION/g; s/"1\.0"/"VERSION"/; s/Version: 1\.0\\n")/Version: VERSION\\n")/' counted/pyproject.toml counted/backend.py
	mkdir -p links
	for version in 8.0 8.1 8.2 8.3; do
		broken
		[[ $version == 8.[23] ]] || mended
		rm -rf "counted-$version"
		cp -r counted "counted-$version"
		sed -i "s/VERSION/$version/g" "counted-$version"/*
		[[ $version != 8.1 ]] || echo 'raise SystemExit("no")' >"counted-$version/backend.py"
		printf '%s\n' 'Metadata-Version: 2.1' 'Name: counted' "Version: $version" >"counted-$version/PKG-INFO"
		tar -czf "links/counted-$version.tar.gz" "counted-$version"
	done
}

@test "the first version of a package that shows it is named" {
	versions
	export PIP_NO_INDEX=1 PIP_FIND_LINKS=$PWD/links
	suite mine 'install = counted==8.3' '[run]' 'python-races-every = 1' 'gil = off' 'threads = 2'
	run -1 "$FTSTRESS" --suite mine.ini --iterations 2 --format json
	id=$(jq -r '.findings[] | select(.kind == "python-race") | .id' "$(last_report)")
	run -0 "$FTSTRESS" bisect "$id" --package counted==8.0..8.3
	echo "$output"
	[[ $output == *"counted 8.0: not seen in 5 tries"*"counted 8.1: can't be built"*"counted 8.2 is the first that shows it; 8.0 does not. In between can't be built: 8.1."* ]]
	# What is known is not run again; and the suite's own runs are as they were.
	rm -r links
	run -0 "$FTSTRESS" bisect "$id" --package counted==8.0..8.3
	[[ $output == *"counted 8.2 is the first that shows it"* ]]
	[[ $("$FTSTRESS" list mine | grep -c finished) == 1 ]]
}

@test "what is not known or not named is told" {
	mkdir reports
	run -4 "$FTSTRESS" repro data-race-123456789abc
	[[ $output == *"has found data-race-123456789abc"* ]]
	run -4 "$FTSTRESS" verify-fix
	[[ $output == *"which finding? ftstress verify-fix ID"* ]]
}
