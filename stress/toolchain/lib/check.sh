# shellcheck shell=bash
# Is a Python that the user brings usable, and what has this machine: facts and plain words.

# The functions that the interposer hooks by symbol, and what can't be seen without each.
HOOK_TARGETS=(
	"_PyMutex_LockTimed|waits on PyMutex locks, critical sections and threading.Lock"
	"_PyThreadState_Attach|threads that wait to run Python code (the GIL, stop-the-world)"
	"_PyMutex_TryUnlock|locks that are given back"
	"_PySemaphore_Wait|what a thread sleeps for: whose turn it is"
	"_Py_Dealloc|the end of objects, and of the locks in them"
	"PyMem_Free|the end of blocks of memory, and of the locks in them"
)
readonly HOOK_TARGETS

# python_facts PYTHON: "version|Py_GIL_DISABLED|executable|libpython or -|compiler" on one line.
python_facts() {
	env -u PYTHONPATH -u PYTHONHOME -u LD_PRELOAD PYTHONDONTWRITEBYTECODE=1 "$1" -I -c '
import os, platform, sys, sysconfig
value = sysconfig.get_config_var
library = "-"
if value("Py_ENABLE_SHARED"):
    with open("/proc/self/maps") as maps:
        for line in maps:
            path = line.split(maxsplit=5)[5:]
            if path and os.path.basename(path[0]).startswith("libpython"):
                library = path[0].strip()
print(platform.python_version(), value("Py_GIL_DISABLED") or 0, os.path.realpath(sys.executable),
      library, platform.python_compiler(), sep="|")'
}

# check_python PATH: sets CHECKED_PATH, CHECKED_VERSION, CHECKED_MINOR, CHECKED_LIBRARY (the file
# that holds the interpreter's code) and CHECKED_COMPILER; or says why ftstress can't use PATH.
check_python() {
	local path=$1 facts problem free_threaded library needed symbols
	local build="build one with --disable-gil --with-thread-sanitizer, or leave out --python: ftstress builds its own."
	tools_check readelf
	[[ $path == */* ]] || path=$(command -v -- "$path") ||
		fail "there is no program \"$1\"." "give the path of a Python interpreter."
	[[ -f $path && -x $path ]] ||
		fail "$path is not a program." "give the path of a Python interpreter (bin/python3.14t)."
	problem=$(mktemp)
	if ! facts=$(python_facts "$path" 2>"$problem") || [[ $facts != *'|'*'|'*'|'*'|'* ]]; then
		local said
		said=$(head -n 1 -- "$problem" | cut -c 1-160)
		rm -f -- "$problem"
		fail "$path does not run as Python${said:+; it says: $said}" \
			"start it by hand; if a shared library is not found, set LD_LIBRARY_PATH or build it with an rpath."
	fi
	rm -f -- "$problem"
	IFS='|' read -r CHECKED_VERSION free_threaded CHECKED_PATH library CHECKED_COMPILER <<<"$facts"
	CHECKED_MINOR=${CHECKED_VERSION%.*}
	grep -qE "^${CHECKED_MINOR//./\\.}[[:space:]]" "$TOOLCHAIN/cpython-sources.txt" ||
		fail "$path is Python $CHECKED_VERSION, which ftstress does not know." \
			"use a free-threaded CPython $(versions " or ")."
	[[ $free_threaded == 1 ]] ||
		fail "$path (Python $CHECKED_VERSION) is not free-threaded: it was built without --disable-gil." "$build"

	CHECKED_LIBRARY=$CHECKED_PATH
	[[ $library == - ]] || CHECKED_LIBRARY=$library
	needed=$(readelf -dW -- "$CHECKED_PATH" "$CHECKED_LIBRARY" 2>/dev/null | grep NEEDED) || true
	symbols=$(readelf -W --dyn-syms -- "$CHECKED_PATH" 2>/dev/null) || true
	[[ $needed != *libtsan.so* ]] ||
		fail "$path was built with GCC's ThreadSanitizer (libtsan), whose reports ftstress can't read." \
			"build it with clang-22: CC=clang-22 CFLAGS=-shared-libsan LDFLAGS=-shared-libsan."
	if [[ $needed != *libclang_rt.tsan* ]]; then
		[[ $symbols == *__tsan_init* ]] ||
			fail "$path (Python $CHECKED_VERSION) was built without ThreadSanitizer." "$build"
		fail "$path has the ThreadSanitizer runtime linked statically, where ftstress can't hook it." \
			"build it with CFLAGS=-shared-libsan LDFLAGS=-shared-libsan added, or leave out --python."
	fi
}

# Modules of the standard library that need a library of Debian's, and its package.
declare -A MODULE_PACKAGES=(
	[_bz2]=libbz2-dev [_ctypes]=libffi-dev [_curses]=libncurses-dev [_curses_panel]=libncurses-dev
	[_dbm]=libgdbm-compat-dev [_decimal]=libmpdec-dev [_gdbm]=libgdbm-dev [_hashlib]=libssl-dev [_lzma]=liblzma-dev
	[_sqlite3]=libsqlite3-dev [_ssl]=libssl-dev [_tkinter]=tk-dev [_uuid]=uuid-dev
	[_zstd]=libzstd-dev [readline]=libreadline-dev [zlib]=zlib1g-dev
)
readonly MODULE_PACKAGES

# python_lacks PYTHON: sets LACKS, the modules whose libraries its configure did not find ("_zstd, _dbm";
# empty: none), and LACKS_ADVICE, what installs those.
python_lacks() {
	local module
	local -A packages=()
	LACKS='' LACKS_ADVICE=''
	while read -r module; do
		LACKS+=${LACKS:+, }$module
		[[ -z ${MODULE_PACKAGES[$module]:-} ]] || packages[${MODULE_PACKAGES[$module]}]=1
	done < <(env -u PYTHONPATH -u PYTHONHOME -u LD_PRELOAD PYTHONDONTWRITEBYTECODE=1 "$1" -I -c '
import sysconfig
for name, value in sorted(sysconfig.get_config_vars().items()):
    if name.startswith("MODULE_") and name.endswith("_STATE") and value == "missing":
        print(name[len("MODULE_"):-len("_STATE")].lower())' 2>/dev/null)
	((${#packages[@]} == 0)) ||
		LACKS_ADVICE="apt-get install $(printf '%s\n' "${!packages[@]}" | sort | paste -sd' ')"
}

# symbol_state LIBRARY_SYMBOLS LIBRARY_RELOCATIONS SYMBOL: hookable, exported or hidden.
symbol_state() {
	if [[ $2 == *"JUMP_SLO"*" $3 "* ]]; then
		echo hookable
	elif grep -qE "[[:space:]]$3(@|\$)" <<<"$1"; then
		echo exported
	else
		echo hidden
	fi
}

# hooks_of LIBRARY: one line a hook target: "symbol|state|meaning".
hooks_of() {
	local symbols relocations target symbol
	symbols=$(readelf -W --dyn-syms -- "$1" 2>/dev/null | awk '$7 != "UND"')
	relocations=$(readelf -rW -- "$1" 2>/dev/null)
	for target in "${HOOK_TARGETS[@]}"; do
		symbol=${target%%|*}
		printf '%s|%s|%s\n' "$symbol" "$(symbol_state "$symbols" "$relocations" "$symbol")" "${target#*|}"
	done
}

command_check_python() {
	[[ $# -eq 1 ]] || usage_error "prepare check-python: give the path of one Python interpreter."
	check_python "$1"
	printf '%s: CPython %s, free-threaded, ThreadSanitizer with a shared runtime (%s).\n' \
		"$CHECKED_PATH" "$CHECKED_VERSION" "$CHECKED_COMPILER"
	local symbol state meaning
	while IFS='|' read -r symbol state meaning; do
		case $state in
		exported) printf 'Seen only in part: %s (%s is not called through the PLT).\n' "$meaning" "$symbol" ;;
		hidden) printf 'Not seen: %s (%s is not exported).\n' "$meaning" "$symbol" ;;
		esac
	done < <(hooks_of "$CHECKED_LIBRARY")
}

# doctor_facts: "key|ok, warn or bad|value|what to do", one line each.
doctor_facts() {
	local runtime free_mib memory_mib cores value missing
	if command -v -- "$CLANG" >/dev/null; then
		printf 'compiler|ok|%s|\n' "$("$CLANG" --version | head -n 1)"
		runtime=$("$CLANG" -print-file-name="libclang_rt.tsan-$(uname -m).so")
		if [[ -e $runtime ]]; then
			printf 'tsan_runtime|ok|%s|\n' "$runtime"
		else
			printf 'tsan_runtime|bad|missing|run "prepare apt" (libclang-rt-22-dev)\n'
		fi
	else
		printf 'compiler|bad|%s is missing|run "prepare apt" (clang-22)\n' "$CLANG"
	fi
	value=$(command -v llvm-symbolizer-22 || command -v llvm-symbolizer || true)
	if [[ $value ]]; then
		printf 'symbolizer|ok|%s|\n' "$value"
	else
		printf 'symbolizer|bad|missing|run "prepare apt" (llvm-22)\n'
	fi
	if command -v dpkg-query >/dev/null; then
		missing=$(packages_missing required | tr '\n' ' ')
		if [[ $missing ]]; then
			printf 'packages|bad|missing: %s|run "prepare apt"\n' "${missing% }"
		else
			printf 'packages|ok|all Debian packages are installed|\n'
		fi
	fi
	if [[ $(uname -sm) == "Linux x86_64" ]]; then
		printf 'machine|ok|%s, Linux %s|\n' "$(uname -m)" "$(uname -r)"
	else
		printf 'machine|bad|%s|ftstress needs Linux on x86_64\n' "$(uname -sm)"
	fi
	cores=$(nproc)
	if ((cores > 1)); then
		printf 'cores|ok|%d|\n' "$cores"
	else
		printf 'cores|warn|1|with one core threads never truly overlap: fewer races are found\n'
	fi
	memory_mib=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
	if ((memory_mib >= 4096)); then
		printf 'memory|ok|%d MiB free|\n' "$memory_mib"
	else
		printf 'memory|warn|%d MiB free|4 GiB or more: TSan takes 5 to 10 times what a program takes\n' "$memory_mib"
	fi
	free_mib=$(($(df -Pk -- "$CACHE" | awk 'NR == 2 { print $4 }') / 1024))
	if ((free_mib >= 4096)); then
		printf 'disk|ok|%d MiB free in %s|\n' "$free_mib" "$CACHE"
	else
		printf 'disk|warn|%d MiB free in %s|4 GiB or more, or set FTSTRESS_CACHE\n' "$free_mib" "$CACHE"
	fi
	doctor_kernel_facts
	doctor_python_facts
}

doctor_kernel_facts() {
	local value
	value=$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)
	if ((value <= 1 || (value == 2 && EUID == 0))); then
		printf 'ptrace|ok|allowed (ptrace_scope %d)|\n' "$value"
	else
		printf 'ptrace|bad|forbidden (ptrace_scope %d)|stacks of hung processes need it: sysctl kernel.yama.ptrace_scope=1\n' "$value"
	fi
	# TSan's shadow memory needs its usual places: more random bits move libraries into it.
	value=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 28)
	if ((value <= 30)); then
		printf 'address_space|ok|%d random bits|\n' "$value"
	else
		printf 'address_space|warn|%d random bits|if TSan stops with "unexpected memory mapping": sysctl vm.mmap_rnd_bits=30\n' "$value"
	fi
	value=$(ulimit -v)
	if [[ $value == unlimited ]]; then
		printf 'address_limit|ok|none|\n'
	else
		printf 'address_limit|bad|%s KiB|TSan maps 120 TB: run "ulimit -v unlimited" first\n' "$value"
	fi
}

doctor_python_facts() {
	local minor python problem
	while read -r minor; do
		for python in "$CACHE/python/$minor-tsan-"*/bin/"python${minor}t"; do
			[[ -x $python ]] || continue
			if problem=$( (check_python "$python") 2>&1); then
				printf 'python_%s|ok|%s|\n' "$minor" "$python"
				doctor_module_facts "$minor" "$python"
			else
				printf 'python_%s|bad|%s|%s\n' "$minor" "$python" "$(head -n 1 <<<"$problem")"
			fi
			continue 2
		done
		printf 'python_%s|warn|not built yet|the first run builds it (5 minutes on two cores), or: prepare python %s\n' \
			"$minor" "$minor"
	done < <(awk '!/^#/ { print $1 }' "$TOOLCHAIN/cpython-sources.txt")
}

# doctor_module_facts MINOR PYTHON
doctor_module_facts() {
	python_lacks "$2"
	if [[ $LACKS ]]; then
		printf 'modules_%s|warn|not built: %s|tests that need them are skipped or fail; %sremove %s and the next run builds it anew\n' \
			"$1" "$LACKS" "${LACKS_ADVICE:+$LACKS_ADVICE, }" "$CACHE/python/$1-*"
	else
		printf 'modules_%s|ok|all optional modules are built|\n' "$1"
	fi
}

command_doctor() {
	local json=${1:-} key state value advice separator= bad=0
	[[ -z $json || $json == --json ]] || usage_error "prepare doctor: unknown option \"$json\" (there is only --json)."
	cache_init
	CLANG=${FTSTRESS_CLANG:-clang-22}
	[[ -z $json ]] || printf '{"schema":1,"facts":['
	while IFS='|' read -r key state value advice; do
		[[ $state != bad ]] || bad=1
		if [[ $json ]]; then
			printf '%s{"name":%s,"state":%s,"value":%s,"advice":%s}' "$separator" "$(json_string "$key")" \
				"$(json_string "$state")" "$(json_string "$value")" "$(json_string "$advice")"
			separator=,
		else
			printf '%-4s  %-14s %s\n' "$state" "${key//_/ }" "$value"
			[[ -z $advice ]] || printf '                     → %s\n' "$advice"
		fi
	done < <(doctor_facts)
	[[ -z $json ]] || printf ']}\n'
	((bad == 0)) || exit "$EXIT_FAILED"
}
