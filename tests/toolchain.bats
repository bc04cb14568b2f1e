# What `prepare` promises to people who start it, without building anything big: compilers, readelf,
# curl and CPython's source tree are stand-ins made here.

bats_require_minimum_version 1.5.0

setup() {
	PREPARE=$BATS_TEST_DIRNAME/../stress/toolchain/prepare
	export FTSTRESS_CACHE=$BATS_TEST_TMPDIR/cache
	export FTSTRESS_CLANG=clang-test
	FAKES=$BATS_TEST_TMPDIR/bin
	mkdir -p "$FAKES"
	PATH=$FAKES:$PATH
	unset PYTHON_SRC PREPARE_PROGRESS_FD FTSTRESS_JOBS
	fake_compiler
}

# fake NAME: a program in PATH, its script on standard input.
fake() {
	{ echo '#!/bin/bash'; cat; } >"$FAKES/$1"
	chmod +x "$FAKES/$1"
}

fake_compiler() {
	touch "$BATS_TEST_TMPDIR/runtime.so"
	fake clang-test <<-E
		case \$1 in
		--version) echo 'test clang 22.0' ;;
		-print-runtime-dir) echo '$BATS_TEST_TMPDIR' ;;
		-print-file-name=*) echo '$BATS_TEST_TMPDIR/runtime.so' ;;
		esac
	E
}

# fake_python FACTS: an interpreter that tells about itself what FACTS says.
fake_python() {
	fake python-test <<-E
		echo '$1'
	E
}

# fake_readelf NEEDED SYMBOLS
fake_readelf() {
	fake readelf <<-E
		case "\$*" in
		-d*) echo ' 0x1 (NEEDED) Shared library: [$1]' ;;
		*dyn-syms*) echo '$2' ;;
		-r*) for name in _PyMutex_LockTimed _PyThreadState_Attach _Py_Dealloc; do
			echo "0001 0007 R_X86_64_JUMP_SLOT 0001 \$name + 0"; done ;;
		esac
	E
}

# fake_pip: an interpreter whose pip does next to nothing, and writes down what it is asked: wheels
# (what it compiles: "tsan" or "plain"), installed, asked (of an index). Compiled wheels are of
# mine 1.0. The index has the source of all it is asked for, and plain wheels if the file `index` is
# there. Commands in the file `meanwhile` run while a wheel is compiled.
fake_pip() {
	cat >"$BATS_TEST_TMPDIR/interpreter" <<-E
		#!/bin/bash
		cd '$BATS_TEST_TMPDIR'
		kind=plain
		[[ \$CFLAGS != *sanitize* ]] || kind=tsan
		wheel() {
			mkdir -p "\$1" && touch "\$1/mine-1.0-cp314-cp314t-linux_x86_64.whl"
		}
		for word; do [[ \$before != -[wd] ]] || folder=\$word; before=\$word; done
		case "\$*" in
		*'pip install'*) echo "\$*" >>installed ;;
		*'pip wheel'*)
			echo "\$kind" >>wheels
			cat \$PIP_BUILD_CONSTRAINT /dev/null >>constraints
			[[ ! -e meanwhile ]] || source ./meanwhile
			wheel "\$folder"
			;;
		*'pip download'*)
			echo "\$*" >>asked
			[[ -e index ]] && wheel "\$folder"
			;;
		*sdist.py*)
			echo "\$*" >>asked
			mkdir -p "\$3/src"
			printf 'Name: %s\nVersion: 1.0\n' "\$2" >"\$3/src/PKG-INFO"
			;;
		*'-m trying'*) exit 1 ;;
		-I*import\ configparser*) python3 -I - "\${@:4}" <<<"\$3" ;;
		esac
	E
}

# local_package FOLDER NAME
local_package() {
	mkdir -p "$1"
	printf '[project]\nname = "%s"\n' "$2" >"$1/pyproject.toml"
	echo 'int one;' >"$1/words.c"
}

# prepare_suite ARGUMENT...: an environment of a suite; its answer in output, what it said in stderr.
prepare_suite() {
	run --separate-stderr timeout 100 "$PREPARE" suite --name mine "$@"
	echo "status $status, said: $stderr"
}

# was WORD FILE: how often is WORD a line of FILE?
was() {
	grep -cx -- "$1" "$BATS_TEST_TMPDIR/$2" || true
}

# fake_source: a CPython source tree whose build takes no time. Each configure leaves a line in
# configured, each pip install one in installed.
fake_source() {
	export PYTHON_SRC=$BATS_TEST_TMPDIR/source
	mkdir -p "$PYTHON_SRC/Include"
	echo '#define PY_VERSION "3.14.99"' >"$PYTHON_SRC/Include/patchlevel.h"
	fake_pip
	chmod +x "$BATS_TEST_TMPDIR/interpreter"
	cat >"$PYTHON_SRC/configure" <<-E
		#!/bin/bash
		[[ -z \$PREPARE_PID ]] || { touch half-done; kill -KILL \$PREPARE_PID; exit; }
		echo "\$*" >>'$BATS_TEST_TMPDIR/configured'
		for option; do case \$option in --prefix=*) prefix=\${option#*=} ;; esac; done
		{
			printf 'all:\n\techo compiled\n'
			printf 'install:\n\tmkdir -p \$(DESTDIR)%s/bin \$(DESTDIR)%s/lib/python3.14t/site-packages\n' "\$prefix" "\$prefix"
			printf '\tcp $BATS_TEST_TMPDIR/interpreter \$(DESTDIR)%s/bin/python3.14t\n' "\$prefix"
		} >Makefile
	E
	chmod +x "$PYTHON_SRC/configure"
	fake_readelf none ''
}

# refuses STATUS TEXT... -- ARGUMENT...: prepare ends with STATUS and says each TEXT.
refuses() {
	local status_wanted=$1 text
	local -a texts=()
	shift
	while [[ $1 != -- ]]; do
		texts+=("$1")
		shift
	done
	shift
	run --separate-stderr "$PREPARE" "$@"
	echo "status $status, said: $stderr"
	[[ $status -eq $status_wanted && -z $output ]]
	for text in "${texts[@]}"; do
		[[ $stderr == *"$text"* ]]
	done
}

# Of a release all has to be there: docs/adding.md.
@test "the releases that are pinned are those that programs and documents know" {
	local root=$BATS_TEST_DIRNAME/.. version pinned
	pinned=$(awk '!/^#/ { print $1 }' "$root/stress/toolchain/cpython-sources.txt")
	[[ $pinned == "$(sed -n 's/^\trelease(\([0-9]*\), \([0-9]*\)).*/\1.\2/p' "$root/include/ftstress/pythons.h")" ]]
	for version in $pinned; do
		for document in README.md docs/design.md docs/ftstress.1; do
			grep -qF "$version" "$root/$document"
		done
		"$root/stress/toolchain/prepare" help | grep -q -- "--version.*$version"
	done
}

@test "wrong usage ends with status 4 and names what is wrong" {
	refuses 4 'say what to prepare' --
	refuses 4 'unknown command "sweet"' -- sweet
	refuses 4 'which version' -- python
	refuses 4 'CPython 3.12 is not supported' '3.14 and 3.13 and 3.15' -- python 3.12
	refuses 4 '--version needs a value' -- suite --name a --version
	refuses 4 'unknown option "--speed"' -- suite --name a --speed 9
	refuses 4 '--name must be letters' 'a/b' -- suite --name a/b
	refuses 4 'first comes a package' -- suite --name a --install -Cx=y
	FTSTRESS_JOBS=many refuses 4 'FTSTRESS_JOBS must be a number' -- python 3.14
}

@test "a missing compiler is named, with the command that installs it" {
	FTSTRESS_CLANG=clang-nowhere refuses 1 'clang-nowhere is not installed' 'prepare apt' -- python 3.14
}

@test "a compiler without the shared ThreadSanitizer runtime is named" {
	rm "$BATS_TEST_TMPDIR/runtime.so"
	refuses 1 'no shared ThreadSanitizer runtime' 'prepare apt' -- python 3.14
}

@test "a source with the wrong checksum is never used, and both checksums are shown" {
	fake curl <<-'E'
		while (($# > 1)); do [[ $1 == -o ]] && echo forged >"$2"; shift; done
	E
	fake apt-get <<<'exit 1'
	refuses 1 'source was not found anywhere' 'SHA-256' 'wrong checksum' 'PYTHON_SRC' -- python 3.14
	run find "$FTSTRESS_CACHE/src" -name '*.tar.xz*'
	[[ -z $output ]]
}

@test "a forged tarball that lies in the cache is not used either" {
	mkdir -p "$FTSTRESS_CACHE/src"
	version=$(awk '$1 == "3.14" { print $2 }' "$BATS_TEST_DIRNAME/../stress/toolchain/cpython-sources.txt")
	echo forged >"$FTSTRESS_CACHE/src/Python-$version.tar.xz"
	fake curl <<<'exit 6'
	fake apt-get <<<'exit 1'
	refuses 1 'SHA-256' 'is pinned' -- python 3.14
}

@test "without a network the message says how to bring the source by hand" {
	fake curl <<<'echo "curl: (6) Could not resolve host" >&2; exit 6'
	fake apt-get <<<'exit 100'
	refuses 1 'not found anywhere' 'Could not resolve host' 'check the network' 'set PYTHON_SRC' -- python 3.14
}

@test "the Debian mirror of the machine's own apt is asked, and no other" {
	fake curl <<-E
		echo "\${@: -1}" >>'$BATS_TEST_TMPDIR/asked'; exit 22
	E
	fake apt-get <<-'E'
		[[ $1 == indextargets ]] || exit 100
		echo 'Debian http://mirror.test/debian'
		echo 'Debian http://mirror.test/debian-security'
		echo 'Other http://other.test/apt'
	E
	run "$PREPARE" python 3.13
	run cat "$BATS_TEST_TMPDIR/asked"
	[[ $output == *http://mirror.test/debian/pool/main/p/python3.13/python3.13_3.13.*.orig.tar.xz* ]]
	[[ $output != *other.test* && $output != *debian-security* ]]
}

@test "PYTHON_SRC must exist, hold the wanted version, and be clean" {
	PYTHON_SRC=/nowhere refuses 1 'PYTHON_SRC=/nowhere does not exist' -- python 3.14
	fake_source
	refuses 1 'is CPython 3.14.99, not 3.13' -- python 3.13
	touch "$PYTHON_SRC/pyconfig.h"
	refuses 1 'was built in' 'make distclean' -- python 3.14
}

@test "a failing build shows the log's last lines and where the log is" {
	fake_source
	printf '#!/bin/bash\necho "configure: error: no such luck" >&2\nexit 77\n' >"$PYTHON_SRC/configure"
	refuses 1 'CPython 3.14.99 (plain) could not be built' 'configure: error: no such luck' \
		"$FTSTRESS_CACHE/log/" 'What to do:' -- python 3.14
	run find "$FTSTRESS_CACHE/python" -mindepth 1 -maxdepth 1 ! -name '.*'
	[[ -z $output ]]
}

@test "a full disk is called a full disk" {
	fake_source
	printf '#!/bin/bash\necho "write error: No space left on device" >&2\nexit 1\n' >"$PYTHON_SRC/configure"
	refuses 1 'the disk is full' 'FTSTRESS_CACHE' -- python 3.14
}

@test "a libpython whose functions can't be hooked is refused" {
	fake_source
	fake readelf <<<'exit 0'
	refuses 1 'does not call _PyMutex_LockTimed through its PLT' -- python 3.14
}

@test "both interpreters are built once, and the answer is one JSON object" {
	fake_source
	run --separate-stderr "$PREPARE" python 3.14
	echo "$stderr"
	[[ $status -eq 0 && ${#lines[@]} -eq 1 ]]
	[[ -x $(jq -r .python <<<"$output") && -x $(jq -r .plain <<<"$output") ]]
	[[ $(jq -r .version <<<"$output") == 3.14.99 ]]
	first=$output
	run --separate-stderr "$PREPARE" python 3.14
	[[ $output == "$first" && -z $stderr ]]
	[[ $(wc -l <"$BATS_TEST_TMPDIR/configured") -eq 2 ]]
}

@test "a changed source is another recipe" {
	fake_source
	run --separate-stderr "$PREPARE" python 3.14
	first=$(jq -r .python <<<"$output")
	echo change >"$PYTHON_SRC/Include/object.h"
	run --separate-stderr "$PREPARE" python 3.14
	[[ $(jq -r .python <<<"$output") != "$first" ]]
}

@test "what a killed build left is thrown away, and the next start builds" {
	fake_source
	# The build kills its prepare, with a signal that none can catch.
	run bash -c 'export PREPARE_PID=$$; exec "$0" python 3.14' "$PREPARE"
	[[ $status -eq 137 ]]
	[[ -n $(find "$FTSTRESS_CACHE/python" -name half-done) ]]
	run --separate-stderr "$PREPARE" python 3.14
	[[ $status -eq 0 ]]
	run find "$FTSTRESS_CACHE/python" -name half-done -o -name '.building*'
	[[ -z $output ]]
}

@test "ending prepare ends its compilers too" {
	fake_source
	mkfifo "$BATS_TEST_TMPDIR/started" "$BATS_TEST_TMPDIR/never"
	printf '#!/bin/bash\necho $$ >%q\nread -r _ <%q\n' \
		"$BATS_TEST_TMPDIR/started" "$BATS_TEST_TMPDIR/never" >"$PYTHON_SRC/configure"
	"$PREPARE" python 3.14 2>/dev/null 3>&- &
	prepare=$!
	read -r compiler <"$BATS_TEST_TMPDIR/started"
	kill -TERM "$prepare"
	run wait "$prepare"
	timeout 20 tail --pid="$compiler" -f /dev/null
}

@test "clean removes what killed builds left and what was not used, and keeps the rest" {
	fake_source
	run --separate-stderr "$PREPARE" python 3.14
	python=$(jq -r .python <<<"$output")
	mkdir "$FTSTRESS_CACHE/python/.building-3.14-tsan-dead" "$FTSTRESS_CACHE/pkg/old-1"
	touch -d '40 days ago' "$FTSTRESS_CACHE/pkg/old-1"
	run --separate-stderr "$PREPARE" clean
	[[ $status -eq 0 && -x $python ]]
	[[ ! -e $FTSTRESS_CACHE/python/.building-3.14-tsan-dead && ! -e $FTSTRESS_CACHE/pkg/old-1 ]]
	run --separate-stderr "$PREPARE" clean --days 0
	[[ ! -e $python ]]
}

@test "an archive of the cache gives another machine what this one built" {
	fake_source
	run --separate-stderr "$PREPARE" python 3.14
	python=$(jq -r .python <<<"$output")
	mkdir -p "$FTSTRESS_CACHE/env/a_suite-0123456789ab" "$FTSTRESS_CACHE/env/other-0123456789ab"
	printf '{"python":"%s","sources":["%s/src/none"]}' "$python" "$FTSTRESS_CACHE" \
		>"$FTSTRESS_CACHE/env/a_suite-0123456789ab/env.json"
	run --separate-stderr "$PREPARE" cache list
	[[ $status -eq 0 && $output == *'env/other-0123456789ab'* && $output == *'in all' ]]
	archive=$BATS_TEST_TMPDIR/a.tar.zst
	run --separate-stderr "$PREPARE" cache pack "$archive" a_suite
	[[ $status -eq 0 && $output == *'  a.tar.zst' ]]
	sum=${output%% *}
	refuses 1 'nothing of a suite none' 'ftstress prepare none' -- cache pack "$archive.2" none
	[[ ! -e $archive.2 && -z $(find "$FTSTRESS_CACHE" -maxdepth 1 -name '.packing-*') ]]

	mv "$FTSTRESS_CACHE" "$FTSTRESS_CACHE.old"
	refuses 1 'not the archive that was asked for' 'nothing of it was used' \
		-- cache unpack "$archive" --sha256 "${sum//[0-8]/9}"
	run --separate-stderr env "FTSTRESS_CACHE=$FTSTRESS_CACHE.2" "$PREPARE" cache unpack "$archive"
	[[ $status -eq 1 && $stderr == *"belongs into the folder $FTSTRESS_CACHE,"*"FTSTRESS_CACHE to $FTSTRESS_CACHE,"* ]]
	run --separate-stderr "$PREPARE" cache unpack "$archive" --sha256 "$sum"
	[[ $status -eq 0 && -x $python && ! -e $FTSTRESS_CACHE/env/other-0123456789ab ]]
	run diff -r "$FTSTRESS_CACHE.old/env/a_suite-0123456789ab" "$FTSTRESS_CACHE/env/a_suite-0123456789ab"
	[[ $status -eq 0 ]]
	# What is there stays, and what was cut off or changed on the way is not taken.
	echo mine >"$FTSTRESS_CACHE/env/a_suite-0123456789ab/env.json"
	run --separate-stderr "$PREPARE" cache unpack "$archive"
	[[ $status -eq 0 && $(<"$FTSTRESS_CACHE/env/a_suite-0123456789ab/env.json") == mine ]]
	rm -rf "$FTSTRESS_CACHE"
	head -c 200 "$archive" >"$archive.cut"
	refuses 1 'is damaged' 'fetch it again' -- cache unpack "$archive.cut"
	zstd -qd "$archive" -o "$BATS_TEST_TMPDIR/a.tar"
	sed -i 's|"sources":|"Sources":|' "$BATS_TEST_TMPDIR/a.tar"
	zstd -q "$BATS_TEST_TMPDIR/a.tar" -o "$archive.changed"
	refuses 1 'is damaged' 'nothing of it was used' -- cache unpack "$archive.changed"
	[[ ! -e $FTSTRESS_CACHE/env/a_suite-0123456789ab && -z $(find "$FTSTRESS_CACHE" -maxdepth 1 -name '.unpacking-*') ]]
}

@test "of two that want the same, the second waits and says so" {
	fake_source
	mkfifo "$BATS_TEST_TMPDIR/said"
	# The first holds its lock until the second has said that it waits, which must not inherit the
	# lock's descriptor: it would wait for itself.
	cp "$PYTHON_SRC/configure" "$PYTHON_SRC/configure.real"
	cat >"$PYTHON_SRC/configure" <<-E
		#!/bin/bash
		if mkdir '$BATS_TEST_TMPDIR/first' 2>/dev/null; then
			for open in /proc/\$\$/fd/*; do
				((\${open##*/} > 2 && \${open##*/} < 255)) && eval "exec \${open##*/}>&-"
			done
			'$PREPARE' python 3.14 >'$BATS_TEST_TMPDIR/second' 2>'$BATS_TEST_TMPDIR/said' &
			exec 8<'$BATS_TEST_TMPDIR/said'
			grep -m 1 waiting <&8 >'$BATS_TEST_TMPDIR/waited'
			cat <&8 >/dev/null &
		fi
		exec "\$0.real" "\$@"
	E
	run --separate-stderr timeout 60 "$PREPARE" python 3.14
	[[ $status -eq 0 ]]
	grep -q 'another prepare (process [0-9]*) is building python-3.14-plain' "$BATS_TEST_TMPDIR/waited"
	[[ $(wc -l <"$BATS_TEST_TMPDIR/configured") -eq 2 ]]
	for _ in {1..300}; do
		[[ -s $BATS_TEST_TMPDIR/second ]] && break
		sleep 0.1
	done
	jq -e .python "$BATS_TEST_TMPDIR/second"
}

@test "a suite's environment names its site folders and is answered from the cache" {
	fake_source
	mkdir "$BATS_TEST_TMPDIR/mine"
	run --separate-stderr "$PREPARE" suite --name my_tests --require pytest --path "$BATS_TEST_TMPDIR/mine"
	echo "$stderr"
	[[ $status -eq 0 ]]
	[[ $(jq -r '.tsan_site[0]' <<<"$output") == "$BATS_TEST_TMPDIR/mine" ]]
	[[ -d $(jq -r '.tsan_site[1]' <<<"$output") && -d $(jq -r '.plain_site[1]' <<<"$output") ]]
	[[ $(jq -r .recipe <<<"$output") =~ ^[0-9a-f]{12}$ ]]
	first=$output
	run --separate-stderr "$PREPARE" suite --name my_tests --require pytest --path "$BATS_TEST_TMPDIR/mine"
	[[ $output == "$first" && -z $stderr ]]
	[[ $(wc -l <"$BATS_TEST_TMPDIR/installed") -eq 2 ]]
}

@test "a package folder or path that does not exist is named" {
	fake_source
	refuses 1 'package folder ./nowhere' 'does not exist' -- suite --name a --install ./nowhere
	refuses 1 'folder /nowhere (from --path) does not exist' -- suite --name a --path /nowhere
}

@test "a name that may be a folder beside the suite is refused, with both ways to write it" {
	fake_source
	cd "$BATS_TEST_TMPDIR"
	local_package pkg mine
	refuses 1 "install = pkg may be a package of an index or $PWD/pkg" 'write ./pkg' 'pkg==1.0' -- \
		suite --name a --install pkg
	refuses 1 'write ./pkg' -- suite --name a --install 'pkg[extra] -Cx=y'
	touch pkg-1.0.tar.gz
	refuses 1 'write ./pkg-1.0.tar.gz' -- suite --name a --install pkg-1.0.tar.gz
	[[ ! -e asked ]]
}

@test "what else is no package with its pip options is refused, with what to write" {
	fake_source
	refuses 1 'numpy >=2' 'without blanks' -- suite --name a --install 'numpy >=2'
	refuses 1 'one package a line' -- suite --name a --install 'numpy scipy'
	refuses 1 'is an address' 'write the path itself' -- suite --name a --install file:///tmp/pkg
	refuses 1 'clone it' -- suite --name a --install git+https://example.test/pkg
	refuses 1 'a wheel is built already' 'name its source' -- suite --name a --install ./mine-1.0-py3-none-any.whl
}

@test "nothing is fetched by the name of a local source" {
	fake_source
	touch "$BATS_TEST_TMPDIR/index"
	cd "$BATS_TEST_TMPDIR"
	local_package pkg mine
	prepare_suite --install ./pkg
	[[ $status -eq 0 && ! -e asked ]]
	[[ $(was tsan wheels) -eq 1 && $(was plain wheels) -eq 1 ]]
	# Nor of an archive whose address alone is known.
	prepare_suite --install https://example.test/mine-1.0.tar.gz
	[[ $status -eq 0 ]]
	run ! grep 'pip download' asked
}

@test "a build that needs another local package gets that one, whichever is built first" {
	fake_source
	cd "$BATS_TEST_TMPDIR"
	local_package one first
	local_package two second
	prepare_suite --install ./one --install ./two
	[[ $status -eq 0 ]]
	[[ $(was "second @ file://$PWD/two" constraints) -eq 2 ]]
	grep -qx "mine @ file://$FTSTRESS_CACHE/pkg/one-[0-9a-f]*/plain/mine-1.0-.*\.whl" constraints
	run ! grep -E '^(first|mine) @ .*/two' constraints
}

@test "a local source is built again when its content changes, and for nothing else" {
	fake_source
	cd "$BATS_TEST_TMPDIR"
	local_package pkg mine
	mkdir pkg/stress pkg/reports pkg/.git
	cd pkg/stress
	echo '[suite]' >mine.ini
	prepare_suite --install ..
	cp -p ../words.c ../before.c
	touch ../words.c
	echo 'skip = x' >>mine.ini
	cp mine.ini ../other.ini
	touch ../reports/mine.db ../reports/.mine.lock ../reports/mine-20260102-030405.json ../.git/index ../words.o
	rm ../before.c
	prepare_suite --install ..
	[[ $status -eq 0 && $(was tsan wheels) -eq 1 ]]
	# As long as before, and as old.
	touch -r ../words.c ../../time
	echo 'int two;' >../words.c
	touch -r ../../time ../words.c
	prepare_suite --install ..
	[[ $status -eq 0 && $(was tsan wheels) -eq 2 ]]
}

@test "of a suite's older environments and packages the newest four stay, and what was used today" {
	fake_source
	cd "$BATS_TEST_TMPDIR"
	local_package pkg mine
	for number in 1 2 3 4 5; do
		mkdir -p "$FTSTRESS_CACHE"/env/{pkg-00000000000$number,pkg-other-00000000000$number}
		touch -d "$number days ago" "$FTSTRESS_CACHE"/env/pkg-*"$number"
	done
	mkdir "$FTSTRESS_CACHE/env/pkg-000000000009"
	prepare_suite --name pkg --install ./pkg
	[[ $status -eq 0 ]]
	run ls "$FTSTRESS_CACHE/env"
	[[ $output == *pkg-000000000009* && $output == *pkg-000000000001* && $output == *pkg-000000000002* ]]
	[[ $output != *pkg-000000000003* && $output != *pkg-000000000005* ]]
	[[ $output == *pkg-other-000000000005* ]]
}

@test "folders of one name are two packages" {
	fake_source
	cd "$BATS_TEST_TMPDIR"
	local_package a/pkg mine
	local_package b/pkg mine
	echo 'int other;' >b/pkg/words.c
	cd a
	prepare_suite --install ./pkg
	first=$(jq -r '.sources[1]' <<<"$output")
	[[ $(jq -r '.packages | join(" ")' <<<"$output") == mine ]]
	cd ../b
	prepare_suite --install ./pkg
	[[ $(cat "$first/words.c") == 'int one;' ]]
	[[ $(cat "$(jq -r '.sources[1]' <<<"$output")/words.c") == 'int other;' ]]
}

@test "what was built in place, and virtual environments, stay out of the build" {
	fake_source
	cd "$BATS_TEST_TMPDIR"
	local_package pkg mine
	mkdir -p pkg/build/temp.linux-x86_64 pkg/venv/lib pkg/mine pkg/.git pkg/build/scripts
	touch pkg/build/temp.linux-x86_64/words.o pkg/venv/pyvenv.cfg pkg/venv/lib/x.py pkg/.git/HEAD \
		pkg/mine/words.cpython-314t-x86_64-linux-gnu.so pkg/build/scripts/make.py
	prepare_suite --install ./pkg
	cd "$(jq -r '.sources[1]' <<<"$output")"
	[[ -e .git/HEAD && -e build/scripts/make.py && -e words.c ]]
	[[ ! -e build/temp.linux-x86_64 && ! -e venv && ! -e mine/words.cpython-314t-x86_64-linux-gnu.so ]]
}

@test "the index's plain wheel is taken, and asked for where the suite's line says" {
	fake_source
	touch "$BATS_TEST_TMPDIR/index"
	prepare_suite --install 'mine --index-url https://mine.test -Cx=y'
	[[ $status -eq 0 && $stderr != *'at once'* ]]
	cd "$BATS_TEST_TMPDIR"
	[[ $(was tsan wheels) -eq 1 && $(was plain wheels) -eq 0 ]]
	[[ $(grep -c -- '--index-url https://mine.test' asked) -eq 2 ]]
	[[ $(grep -c -- '--index-url https://mine.test' installed) -eq 2 ]]
	run ! grep -- -Cx=y asked installed
}

@test "without a plain wheel both are compiled at once, and it says why" {
	fake_source
	mkfifo "$BATS_TEST_TMPDIR/meeting"
	# Each waits for the other one.
	echo 'if [[ $kind == tsan ]]; then echo here >meeting; else read -r _ <meeting; fi' \
		>"$BATS_TEST_TMPDIR/meanwhile"
	FTSTRESS_JOBS=2 prepare_suite --install mine==1.0
	[[ $status -eq 0 ]]
	[[ $stderr == *'compiling mine==1.0 with ThreadSanitizer and, at once, without (no wheel of mine==1.0 1.0 for free-threaded Python 3.14 is to be had)'* ]]
	[[ -n $(find "$FTSTRESS_CACHE"/pkg/*/plain -name '*.whl') ]]
}

@test "with one job they are compiled one after the other" {
	fake_source
	echo 'mkdir busy || exit 1; rmdir busy' >"$BATS_TEST_TMPDIR/meanwhile"
	FTSTRESS_JOBS=1 prepare_suite --install mine==1.0
	[[ $status -eq 0 && $(tr '\n' ' ' <"$BATS_TEST_TMPDIR/wheels") == 'tsan plain ' ]]
	[[ $stderr == *'compiling mine==1.0 without ThreadSanitizer (no wheel'* ]]
}

@test "a plain twin that can't be compiled is told with its own log" {
	fake_source
	echo '[[ $kind == tsan ]] || { echo "error: no twin" >&2; exit 1; }' >"$BATS_TEST_TMPDIR/meanwhile"
	FTSTRESS_JOBS=2 refuses 1 'mine could not be compiled without ThreadSanitizer' 'error: no twin' \
		'-plain.log' 'What to do:' -- suite --name a --install mine
}

@test "ending prepare ends both compilers" {
	fake_source
	mkfifo "$BATS_TEST_TMPDIR/started" "$BATS_TEST_TMPDIR/never"
	echo 'exec 9<>never; echo $$ >started; read -r _ <&9' >"$BATS_TEST_TMPDIR/meanwhile"
	FTSTRESS_JOBS=2 "$PREPARE" suite --name a --install mine >/dev/null 2>&1 3>&- &
	prepare=$!
	exec 8<>"$BATS_TEST_TMPDIR/started"
	read -ru 8 first
	read -ru 8 second
	kill -TERM "$prepare"
	run wait "$prepare"
	timeout 20 tail --pid="$first" -f /dev/null
	timeout 20 tail --pid="$second" -f /dev/null
}

@test "a source that is fetched to be tried replaces nothing of the user's" {
	fake_source
	mkdir -p "$BATS_TEST_TMPDIR/here/mine-1.0"
	cd "$BATS_TEST_TMPDIR/here"
	touch mine-1.0/own
	refuses 1 'mine-1.0 is there' 'ftstress try ./mine-1.0' -- try mine ftstress
	[[ -e mine-1.0/own && $(ls -A) == mine-1.0 ]]
	[[ -z $(find "$FTSTRESS_CACHE/src" -name '.building-try*') ]]

	# Nor is a source left that no suite file is about: the same command would be refused then.
	rm -r mine-1.0
	refuses 1 -- try mine ftstress
	[[ -z $(ls -A) ]]
}

@test "a source that does not compile is not called a version that is missing" {
	fake_source
	echo 'echo "No matching distribution found for mine"; echo "Failed building wheel for mine"; exit 1' \
		>"$BATS_TEST_TMPDIR/meanwhile"
	refuses 1 'could not be compiled' 'look for the first "error:"' -- suite --name mine --install mine
}

# fake_rust: packages whose rustc and cargo write down how they are called, and leave libraries.
fake_rust() {
	fake apt-cache <<<"echo '  Candidate: 1.99.0+dfsg1-1'"
	fake apt-get <<-'E'
		case "$*" in
		*'install -s'*) echo 'Inst libgit2-1.5 (1.5 Debian:12 [amd64])' ;;
		*download*) for name in "${@:4}"; do touch "$name.deb"; done ;;
		esac
	E
	fake dpkg-deb <<-E
		basename "\$2" >>'$BATS_TEST_TMPDIR/unpacked'
		mkdir -p "\$3/usr/bin" "\$3/usr/lib/rustlib/src/rust/library/vendor"
		printf '#!/bin/sh\necho "%s/usr"\n' "\$3" >"\$3/usr/bin/rustc"
		cat >"\$3/usr/bin/cargo" <<-'CARGO'
			#!/bin/sh
			echo "\$* RUSTFLAGS=\$RUSTFLAGS" >>'$BATS_TEST_TMPDIR/cargo'
			mkdir -p target/x86_64-unknown-linux-gnu/release/deps
			touch target/x86_64-unknown-linux-gnu/release/deps/libcore.rlib target/x86_64-unknown-linux-gnu/release/deps/libcore.rmeta
		CARGO
		chmod +x "\$3"/usr/bin/*
	E
}

# rust_package FOLDER NAME
rust_package() {
	local_package "$@"
	printf '[build-system]\nrequires = ["maturin>=1"]\n' >>"$1/pyproject.toml"
	touch "$1/Cargo.toml"
}

@test "a package in Rust is built with a Rust of the toolchain's own, and its twin without ThreadSanitizer" {
	fake_source
	fake_rust
	rust_package "$BATS_TEST_TMPDIR/words" words
	cat >"$BATS_TEST_TMPDIR/meanwhile" <<-E
		echo "\$kind \${RUSTC_WRAPPER##*/} \${CARGO_PROFILE_RELEASE_LTO:-as it is} \$FTSTRESS_RUST_FLAGS" >>built
		mkdir -p \${PIP_CONSTRAINT:+x} "\${@: -1}/target/release"
		touch "\${@: -1}/target/CACHEDIR.TAG"
	E
	prepare_suite --install "$BATS_TEST_TMPDIR/words"
	[[ $status -eq 0 ]]
	grep -qx 'tsan rustc-tsan off -Zsanitizer=thread .*--sysroot .*/sysroot --remap-path-prefix=.*' "$BATS_TEST_TMPDIR/built"
	grep -qx 'plain  as it is ' "$BATS_TEST_TMPDIR/built"
	grep -q -- '--offline .*-Zbuild-std=std,.*RUSTFLAGS=-Zsanitizer=thread' "$BATS_TEST_TMPDIR/cargo"
	[[ $(was libgit2-1.5.deb unpacked) == 1 && $(was rustc-web.deb unpacked) == 1 ]]
	ls "$FTSTRESS_CACHE"/rust/1.99.0-*/sysroot/lib/rustlib/*/lib/libcore.rlib
	[[ -z $(find "$FTSTRESS_CACHE/pkg" -name CACHEDIR.TAG) ]]

	# Once for all packages.
	rust_package "$BATS_TEST_TMPDIR/more" more
	prepare_suite --install "$BATS_TEST_TMPDIR/more"
	[[ $status -eq 0 && $(wc -l <"$BATS_TEST_TMPDIR/cargo") == 1 ]]
}

@test "where apt has no Rust, a package that needs it says so" {
	fake_source
	fake apt-cache <<<'true'
	rust_package "$BATS_TEST_TMPDIR/words" words
	refuses 1 'is written in Rust, and apt knows no rustc-web' 'apt-get update' -- \
		suite --name mine --install "$BATS_TEST_TMPDIR/words"
}

@test "Rust's compiler is asked for ThreadSanitizer for the package's crates alone" {
	export FTSTRESS_RUST_FLAGS='-Zsanitizer=thread --sysroot /s'
	local wrapper=$BATS_TEST_DIRNAME/../stress/toolchain/lib/rustc-tsan
	run -0 "$wrapper" echo --crate-name words --json=artifacts --target x86
	[[ $output == *'--target x86 -Zsanitizer=thread --sysroot /s' ]]
	run -0 "$wrapper" echo --crate-name build_script_build --json=artifacts
	[[ $output != *sanitizer* ]]
	run -0 "$wrapper" echo --crate-name probe --target x86
	[[ $output != *sanitizer* ]]
	run -0 "$wrapper" echo - --crate-name ___ --print=cfg --target x86
	[[ $output == *sanitizer* ]]
}

@test "for a list of the tests nothing is built with ThreadSanitizer, and nothing is built twice" {
	fake_source
	cd "$BATS_TEST_TMPDIR"
	local_package pkg mine
	prepare_suite --plain --install ./pkg --require pytest
	[[ $status -eq 0 && $(wc -l <configured) -eq 1 && $(was tsan wheels) -eq 0 ]]
	[[ $(jq -r .python <<<"$output") == "$(jq -r .plain <<<"$output")" ]]
	local listed=$output
	[[ -d $(jq -r '.plain_site[-1]' <<<"$listed") ]]
	prepare_suite --plain --install ./pkg --require pytest
	[[ $output == "$listed" && $(wc -l <installed) -eq 1 ]]
	# The run takes the wheel over, and what was collected for the list.
	prepare_suite --install ./pkg --require pytest
	[[ $status -eq 0 && $(was tsan wheels) -eq 1 && $(was plain wheels) -eq 1 ]]
	[[ $(jq -r .recipe <<<"$output") == "$(jq -r .recipe <<<"$listed")" ]]
	[[ $(jq -r .python <<<"$output") != "$(jq -r .plain <<<"$output")" ]]
	# Behind a run its own environment lists.
	local whole=$output
	prepare_suite --plain --install ./pkg --require pytest
	[[ $output == "$whole" ]]
}

@test "a list of the tests takes a wheel without compiled parts for a package that has some for none" {
	fake_source
	touch "$BATS_TEST_TMPDIR/index"
	sed -i 's/\[\[ -e index \]\] && wheel "$folder"/mkdir -p "$folder"; touch "$folder\/mine-1.0-py3-none-any.whl"/
		s/mkdir -p "$3\/src"/&; [[ ! -e c ]] || touch "$3\/src\/words.c"/' "$BATS_TEST_TMPDIR/interpreter"
	prepare_suite --plain --install mine==1.0
	[[ $status -eq 0 && ! -e $BATS_TEST_TMPDIR/wheels ]]
	touch "$BATS_TEST_TMPDIR/c"
	prepare_suite --plain --install mine==1.0.0
	[[ $status -eq 0 && $(was plain wheels) -eq 1 ]]
}

@test "progress lines go to the asked descriptor, and nothing to standard error" {
	fake_source
	PREPARE_PROGRESS_FD=3 run --separate-stderr "$PREPARE" python 3.14 3>"$BATS_TEST_TMPDIR/progress"
	[[ $status -eq 0 && -z $stderr ]]
	run grep -vcP '^[a-z-]+\t\d+\t\d+\t.+$' "$BATS_TEST_TMPDIR/progress"
	[[ $output -eq 0 ]]
	grep -q 'compiling CPython 3.14.99 (tsan)' "$BATS_TEST_TMPDIR/progress"
}

@test "the share of a build that is done comes from ninja, not from Cython before it" {
	# shellcheck source=/dev/null
	source "${PREPARE%/*}/lib/packages.sh"
	LOG_FILE=$BATS_TEST_TMPDIR/log NINJA_LOG_START=1
	echo '[1/1] Cythonizing words.pyx' >"$LOG_FILE"
	[[ $(ninja_probe) -eq 0 ]]
	echo '[3/10] Compiling C object words.o' >>"$LOG_FILE"
	[[ $(ninja_probe) -eq 299 ]]
}

@test "a step of which no share is known gives signs of life" {
	local progress=$BATS_TEST_TMPDIR/progress
	: >"$progress"
	PROGRESS=$progress LIB=${PREPARE%/*}/lib timeout 60 bash -c '
		source "$LIB/log.sh"
		LOG_FILE=/dev/null PREPARE_PROGRESS_FD=3
		three_lines() { until (($(wc -l <"$PROGRESS") >= 3)); do read -rt 0.1 <> <(:) || true; done; }
		run_logged package 0 - "compiling words" -- three_lines' 3>>"$progress"
	[[ $(sort -u "$progress") == $'package\t0\t0\tcompiling words' ]]
}

@test "check-python: a path that is nothing, and a program that is no Python" {
	refuses 1 'there is no program "no-such-python"' -- check-python no-such-python
	refuses 1 '/etc/passwd is not a program' -- check-python /etc/passwd
	fake python-test <<<'echo "libpython3.14t.so.1.0: cannot open shared object file" >&2; exit 127'
	refuses 1 'does not run as Python' 'cannot open shared object file' 'LD_LIBRARY_PATH' -- check-python python-test
}

@test "check-python: an unsupported version" {
	fake_python '3.12.3|1|/bin/true|-|Clang'
	refuses 1 'is Python 3.12.3' 'use a free-threaded CPython 3.14 or 3.13 or 3.15' -- check-python python-test
}

@test "check-python: not free-threaded" {
	fake_python '3.14.6|0|/bin/true|-|Clang'
	refuses 1 'is not free-threaded' '--disable-gil' -- check-python python-test
}

@test "check-python: without ThreadSanitizer" {
	fake_python '3.14.6|1|/bin/true|-|Clang'
	fake_readelf libc.so.6 'main'
	refuses 1 'was built without ThreadSanitizer' '--with-thread-sanitizer' -- check-python python-test
}

@test "check-python: with the runtime linked statically" {
	fake_python '3.14.6|1|/bin/true|-|Clang'
	fake_readelf libc.so.6 '1: 0001 0 FUNC GLOBAL DEFAULT 1 __tsan_init'
	refuses 1 'linked statically' '-shared-libsan' -- check-python python-test
}

@test "check-python: with GCC's runtime" {
	fake_python '3.14.6|1|/bin/true|-|GCC'
	fake_readelf libtsan.so.2 ''
	refuses 1 "GCC's ThreadSanitizer" 'CC=clang-22' -- check-python python-test
}

@test "check-python: asks for functions that ftstress hooks, and for no others" {
	local hooked symbol
	hooked=$(nm -D --defined-only "$BATS_TEST_DIRNAME/../${BUILD:-build}/libftstress.so" | awk '{ print $3 }')
	# shellcheck source=stress/toolchain/lib/check.sh
	source "$BATS_TEST_DIRNAME/../stress/toolchain/lib/check.sh"
	for symbol in "${HOOK_TARGETS[@]%%|*}"; do
		grep -qx -- "$symbol" <<<"$hooked"
	done
}

@test "check-python: a usable one is described, with what can't be seen in it" {
	fake_python '3.14.6|1|/bin/true|-|Clang 22'
	fake_readelf libclang_rt.tsan-x86_64.so ''
	run "$PREPARE" check-python python-test
	[[ $status -eq 0 ]]
	[[ $output == *'CPython 3.14.6, free-threaded, ThreadSanitizer with a shared runtime'* ]]
	[[ $output == *'Not seen: locks that are given back (_PyMutex_TryUnlock is not exported)'* ]]
	[[ $output != *_Py_Dealloc* ]]
}

@test "apt --check lists a missing package with its reason, and installs nothing" {
	fake dpkg-query <<<'exit 1'
	fake apt-get <<<"touch '$BATS_TEST_TMPDIR/apt-ran'"
	run "$PREPARE" apt --check
	[[ $status -eq 1 && $output == *clang-22*'compiles CPython'* ]]
	[[ ! -e $BATS_TEST_TMPDIR/apt-ran ]]
}

@test "apt is not started when everything is installed" {
	fake dpkg-query <<-'E'
		shift 3; for name; do echo "ii $name"; done
	E
	fake apt-get <<<"touch '$BATS_TEST_TMPDIR/apt-ran'"
	run "$PREPARE" apt
	[[ $status -eq 0 && $output == *'all Debian packages are installed'* ]]
	[[ ! -e $BATS_TEST_TMPDIR/apt-ran ]]
}

@test "doctor answers in plain words and as JSON, and fails when something is lacking" {
	fake dpkg-query <<-'E'
		shift 3; for name; do echo "ii $name"; done
	E
	run "$PREPARE" doctor
	[[ $output == *'ok    compiler       test clang 22.0'* ]]
	FTSTRESS_CLANG=clang-nowhere run "$PREPARE" doctor --json
	[[ $status -eq 1 ]]
	[[ $(jq -r '.facts[] | select(.name == "compiler").state' <<<"$output") == bad ]]
}

@test "optional modules that Python lacks are listed by the build and by doctor, with their packages" {
	fake_source
	mv "$BATS_TEST_TMPDIR/interpreter" "$BATS_TEST_TMPDIR/rest"
	cat >"$BATS_TEST_TMPDIR/interpreter" <<-E
		#!/bin/bash
		case "\$*" in
		*MODULE_*) printf '%s\n' _dbm _zstd _odd ;;
		*platform*) echo '3.14.6|1|/bin/true|-|Clang 22' ;;
		*) exec '$BATS_TEST_TMPDIR/rest' "\$@" ;;
		esac
	E
	chmod +x "$BATS_TEST_TMPDIR/interpreter"
	run --separate-stderr "$PREPARE" python 3.14
	echo "$stderr"
	[[ $status -eq 0 ]]
	[[ $stderr == *'(tsan) is built without _dbm, _zstd, _odd'*'(apt-get install libgdbm-compat-dev libzstd-dev)'* ]]
	fake_readelf libclang_rt.tsan-x86_64.so ''
	run "$PREPARE" doctor
	echo "$output"
	[[ $output == *'warn  modules 3.14   not built: _dbm, _zstd, _odd'*'apt-get install libgdbm-compat-dev libzstd-dev, remove '* ]]
}

@test "the scripts pass shellcheck" {
	command -v shellcheck >/dev/null || skip "shellcheck is not installed"
	shellcheck -x "$PREPARE"
}
