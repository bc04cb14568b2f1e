# shellcheck shell=bash
# Three CPythons from one source, same ABI:
#
#   plain       free-threaded, with pip: builds packages and collects tests, at full speed
#   tsan        free-threaded, ThreadSanitizer, shared runtime: runs the tests
#   tsan-debug  the same with CPython's own checks (--with-pydebug); where a run asks for it
#
# A debug build loads what was compiled for another one. What its headers check in Py_INCREF() and Py_DECREF()
# it checks in packages that were compiled with -DPy_DEBUG: that is all that its pyconfig.h says otherwise.
# Their own assertions are compiled in, too, as they would be there.
#
# What the interposer needs of the tsan build:
#   -shared-libsan           a preloaded library precedes the TSan runtime and may wrap it
#   --enable-shared          libpython's own functions are exported...
#   -fvisibility=default     ...all of them, not only the API (_PyMutex_LockTimed,
#                            _PyThreadState_Attach, the TLS variable _Py_tss_tstate)...
#   -fsemantic-interposition ...and are called through the PLT (_Py_Dealloc)
#   -fno-omit-frame-pointer  C stacks in 20 ns
#   -fno-slp-vectorize       clang does not instrument what that merges
# The last three flags go to make's CFLAGS_NODIST, which follows configure's -fvisibility=hidden and
# -fno-semantic-interposition on the command line; packages don't get them.

readonly TSAN_CFLAGS="-g -O2 -fno-omit-frame-pointer -fno-slp-vectorize -shared-libsan"
readonly TSAN_CORE_CFLAGS="-fvisibility=default -fsemantic-interposition"
# Raise it when what is built changes in a way that the hashed text below does not show.
readonly CPYTHON_RECIPE=2
# Lines that make prints up to the end, for the progress display.
readonly CPYTHON_MAKE_LINES=540

# compiler_find: sets CLANG, CLANGXX, CLANG_VERSION and CLANG_RUNTIME, or says what is missing.
compiler_find() {
	CLANG=${FTSTRESS_CLANG:-clang-22}
	CLANGXX=${CLANG##*/}
	CLANGXX=${CLANG%"${CLANG##*/}"}${CLANGXX/clang/clang++}
	command -v -- "$CLANG" >/dev/null ||
		fail "the compiler $CLANG is not installed." "run \"prepare apt\" (it installs clang-22 and its runtime)."
	CLANG_VERSION=$("$CLANG" --version | head -n 1)
	CLANG_RUNTIME=$("$CLANG" -print-runtime-dir)
	[[ -e $("$CLANG" -print-file-name="libclang_rt.tsan-$(uname -m).so") ]] ||
		fail "$CLANG has no shared ThreadSanitizer runtime (libclang_rt.tsan-$(uname -m).so in $CLANG_RUNTIME)." \
			"run \"prepare apt\" (it installs libclang-rt-22-dev)."
}

# tools_check TOOL...: the programs that a build needs.
tools_check() {
	local tool
	for tool; do
		command -v -- "$tool" >/dev/null ||
			fail "the program $tool is not installed." "run \"prepare apt\"."
	done
}

# cpython_resolve MINOR [FLAVOUR]: sets, without building, PLAIN_NAME, TSAN_NAME (artefact names), PLAIN
# and TSAN (interpreters), TSAN_LIBRARY, and, of the flavour debug, PYDEBUG_CONFIGURE and PYDEBUG_CFLAGS
# (what configure and packages' compilers are told), from the source's and the compiler's identity.
cpython_resolve() {
	compiler_find
	source_resolve "$1"
	local base hash kind=tsan abi=t
	PYDEBUG_CONFIGURE=() PYDEBUG_CFLAGS=
	case ${2:-} in
	debug) kind=tsan-debug abi=td PYDEBUG_CONFIGURE=(--with-pydebug) PYDEBUG_CFLAGS=-DPy_DEBUG ;;
	release | '') ;;
	*) usage_error "the flavour of a Python is release or debug, not \"$2\"." ;;
	esac
	base="$CPYTHON_RECIPE|$SOURCE_ID|$CLANG_VERSION|$CACHE|$(hash_text <"$TOOLCHAIN/lib/ftstress_cython_lines.py")"
	hash=$(hash_text <<<"$base")
	PLAIN_NAME=$1-plain-$hash
	hash=$(hash_text <<<"$base|$TSAN_CFLAGS|$TSAN_CORE_CFLAGS|$CLANG_RUNTIME${PYDEBUG_CFLAGS:+|pydebug}")
	TSAN_KIND=$kind TSAN_NAME=$1-$kind-$hash
	PLAIN=$CACHE/python/$PLAIN_NAME/bin/python${1}t
	TSAN=$CACHE/python/$TSAN_NAME/bin/python$1$abi
	TSAN_LIBRARY=libpython$1$abi.so.1.0
	MINOR=$1
}

# cpython_make: builds both interpreters if need be.
cpython_make() {
	[[ -d $CACHE/python/$PLAIN_NAME && -d $CACHE/python/$TSAN_NAME ]] && return
	tools_check make pkg-config readelf
	artefact_make python "$PLAIN_NAME" cpython_build_plain
	artefact_make python "$TSAN_NAME" cpython_build_tsan
}

cpython_plain_make() {
	[[ -d $CACHE/python/$PLAIN_NAME ]] && return
	tools_check make pkg-config
	artefact_make python "$PLAIN_NAME" cpython_build_plain
}

cpython_build_plain() {
	local root=$1/root$2
	CORE_CFLAGS=
	cpython_compile plain "$1" "$SOURCE_DIR/configure" --prefix="$2" --disable-gil \
		--without-ensurepip CC="$CLANG" CXX="$CLANGXX" CFLAGS="-O2"
	local python=$root/bin/python${MINOR}t
	cpython_run plain "byte-compiling the standard library" "$python" -m compileall -q -j "$JOBS" \
		-x 'bad_coding|badsyntax|site-packages|lib2to3/tests' -s "$root" -p "$2" "$root/lib/python${MINOR}t" || true
	cpython_run plain "installing pip" "$python" -m ensurepip || cpython_failed plain
	# Their first lines name the folder of the build; `python -m pip` is what is used.
	rm -f -- "$root"/bin/pip*
	cp -- "$TOOLCHAIN/lib/ftstress_cython_lines.py" "$root/lib/python${MINOR}t/site-packages/"
	echo 'import ftstress_cython_lines' >"$root/lib/python${MINOR}t/site-packages/ftstress_cython_lines.pth"
	cpython_check plain "$python"
	cpython_keep "$1" "$2"
}

cpython_build_tsan() {
	local root=$1/root$2
	CORE_CFLAGS=$TSAN_CORE_CFLAGS
	cpython_compile "$TSAN_KIND" "$1" "$SOURCE_DIR/configure" --prefix="$2" --disable-gil \
		--with-thread-sanitizer --enable-shared --without-ensurepip "${PYDEBUG_CONFIGURE[@]}" \
		CC="$CLANG" CXX="$CLANGXX" CFLAGS="$TSAN_CFLAGS -ffile-prefix-map=$1=$2" \
		LDFLAGS="-shared-libsan -Wl,-rpath,$2/lib -Wl,-rpath,$CLANG_RUNTIME"
	# The byte code is the plain interpreter's: TSan would take minutes over it.
	tar -C "$CACHE/python/$PLAIN_NAME/lib/python${MINOR}t" -c --exclude=./lib-dynload \
		--exclude=./site-packages --exclude='./_sysconfig*' --exclude='./config-*' \
		--exclude=./build-details.json --exclude='__pycache__/_sysconfig*' . |
		tar -C "$root/lib/python${MINOR}t" -x ||
		fail "copying the standard library failed." "$(advice_from_log "$1" "run the same command again.")"
	LD_LIBRARY_PATH=$root/lib cpython_check "$TSAN_KIND" "$root/bin/${TSAN##*/}"
	cpython_check_symbols "$root/lib/$TSAN_LIBRARY"
	cpython_keep "$1" "$2"
}

# cpython_compile KIND BUILDING CONFIGURE...: configure, make, and install into BUILDING/root.
cpython_compile() {
	local kind=$1 building=$2
	shift 2
	mkdir -p -- "$building/build"
	# shellcheck disable=SC2317 # run_logged calls it
	cpython_in_build() { env -C "$building/build" -u PYTHONHOME -u PYTHONPATH -u LD_PRELOAD "$@"; }
	run_logged "python-$kind" 0 - "configuring CPython $SOURCE_VERSION ($kind)" -- \
		cpython_in_build "$@" || cpython_failed "$kind"
	CPYTHON_LOG_START=$(wc -l <"$LOG_FILE")
	run_logged "python-$kind" "$CPYTHON_MAKE_LINES" cpython_probe \
		"compiling CPython $SOURCE_VERSION ($kind)" -- \
		cpython_in_build make -j "$JOBS" CFLAGS_NODIST="$CORE_CFLAGS" || cpython_failed "$kind"
	# PYTHON_FOR_BUILD=: leaves out make's own byte-compiling, at three optimisation levels.
	run_logged "python-$kind" 0 - "installing CPython $SOURCE_VERSION ($kind)" -- \
		cpython_in_build make -j "$JOBS" install DESTDIR="$building/root" PYTHON_FOR_BUILD=: \
		CFLAGS_NODIST="$CORE_CFLAGS" || cpython_failed "$kind"
}

cpython_probe() {
	local lines
	lines=$(wc -l <"$LOG_FILE")
	lines=$((lines - CPYTHON_LOG_START))
	printf '%d' $((lines < CPYTHON_MAKE_LINES ? lines : CPYTHON_MAKE_LINES - 1))
}

cpython_run() {
	local kind=$1 text=$2
	shift 2
	run_logged "python-$kind" 0 - "$text" -- "$@"
}

cpython_failed() {
	fail "CPython $SOURCE_VERSION ($1) could not be built." \
		"$(advice_from_log "$CACHE/python" "look for the first \"error:\" in the log; \"prepare apt --check\" lists what is not installed.")"
}

# cpython_check KIND PYTHON: the new interpreter starts, is free-threaded and has its libraries.
cpython_check() {
	progress "python-$1" 0 0 "checking CPython $SOURCE_VERSION ($1)"
	PYTHONDONTWRITEBYTECODE=1 "$2" -I -c '
import sysconfig
assert sysconfig.get_config_var("Py_GIL_DISABLED") == 1, "not free-threaded"
import bz2, ctypes, lzma, sqlite3, ssl, zlib
import test.support
' >>"$LOG_FILE" 2>&1 ||
		fail "CPython $SOURCE_VERSION ($1) was built, but does not work." \
			"if a module is missing above, run \"prepare apt\", then the same command again."
	python_lacks "$2"
	[[ -z $LACKS ]] || say "CPython $SOURCE_VERSION ($1) is built without $LACKS: their libraries were not" \
		"found${LACKS_ADVICE:+ ($LACKS_ADVICE)}; \"prepare doctor\" says how to get them later."
}

# cpython_check_symbols LIBPYTHON: the hooks' targets are exported, and called through the PLT.
cpython_check_symbols() {
	local symbol
	for symbol in _PyMutex_LockTimed _PyThreadState_Attach _Py_Dealloc; do
		[[ $(readelf -rW -- "$1") == *JUMP_SLO*" $symbol "* ]] ||
			fail "libpython does not call $symbol through its PLT, so it can't be hooked." \
				"the compiler did not honour \"$TSAN_CORE_CFLAGS\": use clang-22."
	done
}

# cpython_keep BUILDING FINAL: leaves the installed tree alone in BUILDING.
cpython_keep() {
	mv -T -- "$1/root$2" "$1/.installed"
	# Frozen modules and pyconfig.h: what else the debug information names.
	mkdir -p -- "$1/.installed/build"
	(cd -- "$1/build" && find . \( -name '*.h' -o -name '*.c' \) -print0 |
		tar -c --null -T - | tar -x -C "$1/.installed/build")
	find "$1" -mindepth 1 -maxdepth 1 ! -name .installed -exec rm -rf {} +
	find "$1/.installed" -mindepth 1 -maxdepth 1 -exec mv -t "$1" {} +
	rmdir -- "$1/.installed"
}

command_python() {
	[[ $# -eq 1 || ($# -eq 3 && $2 == --flavour) ]] ||
		usage_error "prepare python: say which version, for example: prepare python $(default_version)."
	cache_init
	cpython_resolve "$1" "${3:-}"
	cpython_make
	cache_touch "python/$PLAIN_NAME" "python/$TSAN_NAME" "src/${SOURCE_DIR##*/}"
	printf '{"schema":1,"python":%s,"plain":%s,"version":%s,"source":%s}\n' \
		"$(json_string "$TSAN")" "$(json_string "$PLAIN")" "$(json_string "$SOURCE_VERSION")" \
		"$(json_string "$SOURCE_DIR")"
}
