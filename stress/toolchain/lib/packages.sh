# shellcheck shell=bash
# Packages compiled with ThreadSanitizer, their plain twins, and the environment of a suite.
#
#   pkg/numpy-HASH/   src/    the unpacked source, with what the build generated: debug information
#                             names these files
#                     tsan/   one wheel, compiled with TSan on the plain interpreter (same ABI as the
#                             tsan one; on that one it takes five times as long)
#                     plain/  one wheel of the same version: the index's own, else built without TSan
#   env/NAME-HASH/    tsan/, plain/   site folders: those wheels and what they and the tests require
#                     env.json        where everything is
#   pkg/_numpy-HASH/  plain/          what only a list of tests needs (prepare suite --plain): the plain
#   env/_NAME-HASH/   plain/          half of each, taken into the whole one when that is built
#
# pip resolves each site folder as a whole, so a package that needs another of the suite's packages
# gets the suite's own build of it: of a name that a given wheel has, pip asks no index.
#
# A package of a local source may have the name of a stranger's package in an index. So nothing is ever
# fetched by the name of a local source: its plain twin is built from it too, and where other packages
# of the suite need it to be built, pip gets it by a constraint (package_constraints).

# clang does not instrument what its SLP vectoriser merges: races on neighbouring fields were lost.
# A call at each function's entry says which functions ran, and in which threads (interpose/wrap/cover.c).
readonly PACKAGE_CFLAGS="-g -O2 -fno-omit-frame-pointer -fno-slp-vectorize -fsanitize=thread -shared-libsan -fsanitize-coverage=trace-pc-guard,func,pc-table"
# What a package's own build adds behind these flags, and what would take lines or frames from every
# report: no debug information, no frame pointers, a stripped library. clang drops these words.
readonly PACKAGE_DROPPED="-g0 -fomit-frame-pointer -s -Wl,-s -Wl,-S -Wl,--strip-all -Wl,--strip-debug"
# Raise it when what is built changes in a way that the hashed text below does not show.
readonly PACKAGE_RECIPE=2
readonly ENVIRONMENT_RECIPE=2

BUILD_ENV=() RUST_ENV=() RUST_PLAIN_ENV=() # NAME=VALUE: what the package's language needs besides

# pip_clean COMMAND...: runs pip on the plain interpreter, away from the caller's Python settings.
pip_clean() {
	env -u PYTHONPATH -u PYTHONHOME -u LD_PRELOAD -u PIP_TARGET -u PIP_USER -u PIP_REQUIRE_VIRTUALENV \
		PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore \
		PIP_NO_WARN_SCRIPT_LOCATION=1 PIP_PREFER_BINARY=1 "${BUILD_ENV[@]}" \
		"$PLAIN" -m pip "$@"
}

# pip_with_tsan COMMAND...: the same, compiling with TSan, and Cython naming .pyx lines. CMake's modules
# for extensions strip what they link, with a program of its own.
pip_with_tsan() {
	local flags="$PACKAGE_CFLAGS${PYDEBUG_CFLAGS:+ $PYDEBUG_CFLAGS} -ffile-prefix-map=$PACKAGE_BUILDING=$PACKAGE_FINAL"
	local dropped=$PACKAGE_DROPPED${PYDEBUG_CFLAGS:+ -DNDEBUG}
	local -a BUILD_ENV=("${RUST_ENV[@]}")
	CCC_OVERRIDE_OPTIONS="# x${dropped// / x}" \
		CMAKE_ARGS="${CMAKE_ARGS:+$CMAKE_ARGS }-DCMAKE_STRIP=$(command -v true)" \
		CC=$CLANG CXX=$CLANGXX CFLAGS=$flags CXXFLAGS=$flags \
		LDFLAGS="-fsanitize=thread -shared-libsan -Wl,-rpath,$CLANG_RUNTIME" \
		FTSTRESS_CYTHON_LINES=1 pip_building "$@"
}

# pip_without_tsan COMMAND...
pip_without_tsan() {
	local -a BUILD_ENV=("${RUST_PLAIN_ENV[@]}")
	CC=$CLANG CXX=$CLANGXX CFLAGS=-O2 CXXFLAGS=-O2 pip_building "$@"
}

# pip_building COMMAND...: with so many compilers at once as there are JOBS.
pip_building() {
	MAX_JOBS=$JOBS CMAKE_BUILD_PARALLEL_LEVEL=$JOBS \
		PIP_CONSTRAINT="${CONSTRAINTS:+$CONSTRAINTS }${PIP_CONSTRAINT:-}" \
		PIP_BUILD_CONSTRAINT="${CONSTRAINTS:+$CONSTRAINTS }${PIP_BUILD_CONSTRAINT:-}" pip_clean "$@"
}

# requirement_split SPEC: what an --install line says. Sets REQUIREMENT and FLAGS (words, with shell
# quoting), INDEX_FLAGS (those that say where packages are looked for), and ORIGIN:
#   local  a folder or archive: it has a slash, or is "." or ".."
#   url    an archive elsewhere
#   index  a name, with a version or not
requirement_split() {
	local -a words
	mapfile -t words < <(xargs printf '%s\n' <<<"$1" 2>/dev/null)
	((${#words[@]} > 0)) && [[ -n ${words[0]} && ${words[0]} != -* ]] ||
		usage_error "--install \"$1\": first comes a package (\"numpy==2.4.6\") or its folder, then pip options."
	REQUIREMENT=${words[0]}
	FLAGS=("${words[@]:1}")
	[[ ${#FLAGS[@]} -eq 0 || ${FLAGS[0]} == -* ]] ||
		fail "install = $1: behind the package come options of pip alone." \
			"write one package a line, and versions and addresses without blanks (numpy>=2, mine@https://...)."
	index_flags
	case $REQUIREMENT in
	file:* | *@file:*) fail "install = $1 is an address." "write the path itself." ;;
	git+* | hg+* | svn+* | bzr+* | *@git+* | *@hg+* | *@svn+* | *@bzr+*)
		fail "install = $1: repositories are not fetched." "clone it and write the folder's path." ;;
	*://*) ORIGIN=url ;;
	. | .. | */*) ORIGIN=local ;;
	*)
		ORIGIN=index
		# A stranger's package may have the name that is meant as a folder.
		local path=${REQUIREMENT%%\[*}
		[[ ! -e $path ]] ||
			fail "install = $1 may be a package of an index or $PWD/$path." \
				"write ./$path if that is meant, else the package with a version ($path==1.0)."
		;;
	esac
	[[ $ORIGIN == index || $REQUIREMENT != *.whl ]] ||
		fail "install = $1: a wheel is built already, without ThreadSanitizer." "name its source."
}

# index_flags: sets INDEX_FLAGS, those of FLAGS that say where packages are looked for.
index_flags() {
	local -i i
	INDEX_FLAGS=()
	for ((i = 0; i < ${#FLAGS[@]}; i++)); do
		case ${FLAGS[i]} in
		-i | --index-url | --extra-index-url | -f | --find-links | --trusted-host | --cert | --proxy)
			INDEX_FLAGS+=("${FLAGS[@]:i:2}")
			;;
		--index-url=* | --extra-index-url=* | --find-links=* | --trusted-host=* | --cert=* | --proxy=* | \
			--no-index | --pre) INDEX_FLAGS+=("${FLAGS[i]}") ;;
		esac
	done
}

# package_resolve SPEC: sets PACKAGE_NAME, the artefact's, without building.
package_resolve() {
	local content= label
	requirement_split "$1"
	if [[ $ORIGIN == local ]]; then
		[[ -e $REQUIREMENT ]] ||
			fail "the package folder $REQUIREMENT (from --install) does not exist." \
				"correct the path in the suite file; relative paths count from $PWD."
		REQUIREMENT=$(readlink -f -- "$REQUIREMENT")
		if [[ -d $REQUIREMENT ]]; then
			content=$(hash_tree "$REQUIREMENT")
		else
			content=$(file_sha256 "$REQUIREMENT")
		fi
		label=${REQUIREMENT##*/}
	else
		label=${REQUIREMENT%%[^A-Za-z0-9._-]*}
	fi
	label=${label//[^A-Za-z0-9._-]/_}
	PACKAGE_NAME=$label-$(printf '%s\n' "$PACKAGE_RECIPE" "$PLAIN_NAME" "$PACKAGE_CFLAGS" \
		"$PACKAGE_DROPPED" "$CLANG_RUNTIME" "$REQUIREMENT" "$content" "${FLAGS[@]}" \
		${PYDEBUG_CFLAGS:+"$PYDEBUG_CFLAGS"} | hash_text)
}

# package_make SPEC: builds the two wheels if need be; sets PACKAGE_NAME.
package_make() {
	package_resolve "$1"
	[[ -d $CACHE/pkg/$PACKAGE_NAME ]] || cpython_plain_make
	artefact_make pkg "$PACKAGE_NAME" package_build
}

# package_make_plain SPEC: gets the plain wheel alone if need be; sets PACKAGE_NAME.
package_make_plain() {
	package_resolve "$1"
	[[ ! -d $CACHE/pkg/$PACKAGE_NAME ]] || return 0
	cpython_plain_make
	PACKAGE_NAME=_$PACKAGE_NAME
	artefact_make pkg "$PACKAGE_NAME" package_build_plain
}

package_build_plain() {
	PACKAGE_BUILDING=$1 PACKAGE_FINAL=$2
	package_unpack "$1"
	package_constraints "$1/.constraints"
	package_plain_fetch "$1"
	if [[ -z $WHY_TWICE ]] && package_has_compiled "$1/src"; then
		package_plain_doubt "$1" compiled
	fi
	[[ -z $WHY_TWICE ]] || package_language "$1/src"
	mv -- "$1/src" "$1/.plain-source"
	[[ -z $WHY_TWICE ]] || package_plain_wheel "$1"
	rm -rf -- "$1/.plain-source" "$1/.constraints"
}

# package_language SOURCE: gets the compiler of a language that the machine need not have.
package_language() {
	RUST_ENV=() RUST_PLAIN_ENV=()
	if rust_wanted "$1"; then
		rust_make
		rust_variables
	fi
}

# package_has_compiled FOLDER: are there sources of a language that is compiled?
package_has_compiled() {
	[[ $(find "$1" -type f \( -name '*.c' -o -name '*.cc' -o -name '*.cpp' -o -name '*.cxx' \
		-o -name '*.pyx' -o -name '*.rs' \) -print -quit) ]]
}

package_build() {
	PACKAGE_BUILDING=$1 PACKAGE_FINAL=$2
	local twin= text=
	package_unpack "$1"
	package_language "$1/src"
	package_constraints "$1/.constraints"
	cp -a -- "$1/src" "$1/.plain-source"
	package_plain_fetch "$1"
	if [[ $WHY_TWICE && $JOBS -gt 1 ]]; then
		twin_start "$1"
		twin=yes text=" and, at once, without ($WHY_TWICE)"
	fi
	package_tsan_wheel "$1" "$text"
	package_check_instrumented "$1"
	package_plain_doubt "$1"
	if [[ $twin ]]; then
		twin_wait "$1"
	elif [[ $WHY_TWICE ]]; then
		package_plain_wheel "$1"
	fi
	package_link_cython "$1/src"
	find "$1/src" -name '*.o' -delete
	rust_tidy "$1/src"
	rm -rf -- "$1/.plain-source" "$1/.constraints"
}

# package_tsan_wheel BUILDING TEXT
package_tsan_wheel() {
	local -a defaults=()
	if grep -qE "^build-backend *= *[\"']mesonpy[\"']" "$1/src/pyproject.toml" 2>/dev/null; then
		# A build folder that stays: generated C files are shown in reports. The library is linked
		# without the TSan runtime's symbols, so undefined ones are no error.
		defaults=(-Cbuild-dir="$1/src/build-tsan" -Csetup-args=-Dbuildtype=debugoptimized
			-Csetup-args=-Db_lundef=false)
	fi
	NINJA_LOG_START=$(wc -l <"$LOG_FILE")
	run_logged "package" 1000 ninja_probe "compiling $REQUIREMENT with ThreadSanitizer$2" -- \
		pip_with_tsan wheel -v --no-deps -w "$1/tsan" "${defaults[@]}" "${FLAGS[@]}" "$1/src" ||
		package_failed "could not be compiled with ThreadSanitizer"
}

# package_unpack BUILDING: the source, into BUILDING/src.
package_unpack() {
	if [[ -d $REQUIREMENT ]]; then
		mkdir -- "$1/src"
		run_logged package 0 - "copying $REQUIREMENT" -- \
			package_copy "$REQUIREMENT" "$1/src" || package_failed "could not be copied"
		return
	fi
	run_logged package 0 - "fetching the source of $REQUIREMENT" -- \
		env -u PYTHONPATH -u PYTHONHOME -u LD_PRELOAD PYTHONDONTWRITEBYTECODE=1 \
		"$PLAIN" "$TOOLCHAIN/lib/sdist.py" "$REQUIREMENT" "$1" "${INDEX_FLAGS[@]}" ||
		package_failed "could not be fetched as a source package"
}

# package_copy FROM TO: what is built from, and the history, from which some take their version.
package_copy() {
	{
		source_files "$1"
		[[ ! -e $1/.git ]] || printf '.git\0'
	} | tar -C "$1" -c -h --null --verbatim-files-from -T - | tar -C "$2" -x
}

# package_constraints FILE: the suite's other local packages, for pip's build environments: by their
# names an index has other people's packages. What is not built yet is given as its source.
package_constraints() {
	local other source name
	: >"$1"
	for other in "${!LOCALS[@]}"; do
		source=${LOCALS[$other]}
		[[ $source != "$REQUIREMENT" ]] || continue
		local -a wheels=("$CACHE/pkg/$other"/plain/*.whl)
		if [[ -e ${wheels[0]} ]]; then
			name=${wheels[0]##*/}
			printf '%s @ file://%s\n' "${name%%-*}" "${wheels[0]// /%20}" >>"$1"
		else
			name=$(source_name "$source")
			[[ -z $name ]] || printf '%s @ file://%s\n' "$name" "${source// /%20}" >>"$1"
		fi
	done
	CONSTRAINTS=
	[[ ! -s $1 ]] || CONSTRAINTS=$1
}

# source_name FOLDER: the package's name, as far as it stands in pyproject.toml or setup.cfg.
source_name() {
	"$PLAIN" -I -c '
import configparser, pathlib, sys, tomllib
folder, name = pathlib.Path(sys.argv[1]), None
try:
    name = tomllib.loads((folder / "pyproject.toml").read_text()).get("project", {}).get("name")
except (OSError, ValueError):
    pass
if not name:
    config = configparser.ConfigParser(interpolation=None)
    try:
        config.read(folder / "setup.cfg")
    except configparser.Error:
        pass
    name = config.get("metadata", "name", fallback="")
print(name or "")' "$1" 2>/dev/null
}

# ninja_probe: thousandths, from ninja's last "[12/345]".
ninja_probe() {
	tail -n "+$NINJA_LOG_START" -- "$LOG_FILE" | awk '
		/\] [A-Z]/ && !/\] Cythonizing/ && match($0, /\[[0-9]+\/[0-9]+\]/) {
			split(substr($0, RSTART + 1, RLENGTH - 2), part, "/")
			if (part[2] > 0) done = int(999 * part[1] / part[2])
		}
		END { print done + 0 }'
}

package_failed() {
	fail "the package $REQUIREMENT $1." \
		"$(advice_from_log "$CACHE/pkg" "look for the first \"error:\" in the log; options for the package's build follow its name in the suite's install line.")"
}

# package_check_instrumented BUILDING: at least one library in the wheel calls the TSan runtime.
# A pure-Python package has no library, and that is fine.
package_check_instrumented() {
	local -a wheels=("$1"/tsan/*.whl)
	[[ ${wheels[0]} == *-none-any.whl ]] && return
	local probe=$1/.probe library found=
	"$PLAIN" -m zipfile -e "${wheels[0]}" "$probe" >>"$LOG_FILE" 2>&1 ||
		package_failed "gave a wheel that can't be read"
	while read -rd '' library; do
		found=no
		if readelf -sW --dyn-syms -- "$library" 2>/dev/null | grep '__tsan_init' >/dev/null; then
			found=yes
			break
		fi
	done < <(find "$probe" -name '*.so' -print0)
	rm -rf -- "$probe"
	[[ $found != no ]] ||
		package_failed "was built, but without ThreadSanitizer: its build ignores CFLAGS (a language other than C, C++ or Cython?)"
}

# package_plain_fetch BUILDING: gets the plain wheel of the same version from the index. Sets
# WHY_TWICE: why it must be compiled instead, empty if it is there.
package_plain_fetch() {
	local name version known=$CACHE/pkg/_${PACKAGE_FINAL##*/}/plain
	if [[ -d $known ]]; then # it was made for a list of the tests
		cp -a -- "$known" "$1/plain"
		WHY_TWICE=
		return 0
	fi
	WHY_TWICE="a source of your own, so not to be had as a wheel"
	[[ $ORIGIN == index ]] || return 0
	name=$(sed -n 's/^Name: *//p;/^$/q' "$1/src/PKG-INFO" 2>/dev/null) || true
	version=$(sed -n 's/^Version: *//p;/^$/q' "$1/src/PKG-INFO" 2>/dev/null) || true
	WHY_TWICE=
	if [[ -z $name || -z $version ]] ||
		! run_logged package 0 - "fetching the plain wheel of $name $version" -- \
			pip_clean download --no-deps --only-binary :all: -d "$1/plain" "${INDEX_FLAGS[@]}" \
			"$name==$version"; then
		rm -rf -- "$1/plain"
		WHY_TWICE="no wheel of ${name:-$REQUIREMENT} $version for free-threaded Python $MINOR is to be had"
	fi
}

# package_plain_doubt BUILDING [compiled]: a wheel of Python files alone is no twin of a compiled one,
# that is of the one built with TSan, or, with `compiled`, of one that will be.
package_plain_doubt() {
	local -a built=("$1"/tsan/*.whl) fetched=("$1"/plain/*.whl)
	[[ ${2:-} != compiled ]] || built=(compiled)
	if [[ -z $WHY_TWICE && ${built[0]} != *-none-any.whl && ${fetched[0]} == *-none-any.whl ]]; then
		rm -rf -- "$1/plain"
		WHY_TWICE="the only wheel for free-threaded Python $MINOR has no compiled parts"
	fi
}

# package_plain_wheel BUILDING: compiles it without TSan.
package_plain_wheel() {
	NINJA_LOG_START=$(wc -l <"$LOG_FILE")
	run_logged package 1000 ninja_probe \
		"compiling $REQUIREMENT without ThreadSanitizer ($WHY_TWICE)" -- \
		pip_without_tsan wheel -v --no-deps -w "$1/plain" "${FLAGS[@]}" "$1/.plain-source" ||
		package_failed "could not be compiled without ThreadSanitizer"
}

# twin_start BUILDING: compiles the plain wheel beside the other. Each gets half of the jobs, as each
# compiler takes a core and memory. It has a log of its own; what it has to say comes in twin_wait.
twin_start() {
	local all=$JOBS
	JOBS=$((all / 2))
	(
		trap 'end_child' EXIT
		# It comes twice, by the group and by end_child(): the second must not end the first one's work.
		trap 'trap "" TERM; exit 143' TERM
		if [[ -n ${PREPARE_PROGRESS_FD:-} ]]; then
			exec {PREPARE_PROGRESS_FD}>&-
			unset PREPARE_PROGRESS_FD
		fi
		# shellcheck disable=SC2030,SC2031 # only here, and no other log is touched there
		LOG_FILE=${LOG_FILE%.log}-plain.log
		: >"$LOG_FILE"
		package_plain_wheel "$1"
	) >/dev/null 2>"$1/.twin-said" &
	TWIN=$! TWIN_JOBS=$JOBS
	JOBS=$((all - all / 2))
}

# twin_wait BUILDING: until it is done. Its failure is ours.
twin_wait() {
	local status=0
	run_logged package 0 - "compiling $REQUIREMENT without ThreadSanitizer ($WHY_TWICE)" -- \
		tail --pid="$TWIN" -f /dev/null || true
	wait "$TWIN" || status=$?
	TWIN='' JOBS=$((JOBS + TWIN_JOBS))
	if ((status != 0)); then
		cat -- "$1/.twin-said" >&2
		exit "$status"
	fi
	rm -f -- "$1/.twin-said"
}

# package_link_cython SRC: Cython names a file relative to the source tree ("numpy/random/mtrand.pyx"),
# the debug information takes that relative to the build folder: make it true there.
package_link_cython() {
	local file
	[[ -d $1/build-tsan ]] || return 0
	while read -r file; do
		[[ -e $1/build-tsan/$file ]] && continue
		mkdir -p -- "$1/build-tsan/$(dirname -- "$file")"
		ln -- "$1/$file" "$1/build-tsan/$file"
	done < <(cd -- "$1" && find . -path ./build-tsan -prune -o \
		\( -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' \) -print)
}

# environment_build BUILDING FINAL: both site folders and env.json.
environment_build() {
	local building=$1 final=$2 name spec
	local -a tsan_wheels=() plain_wheels=() where=()
	for spec in "${INSTALLS[@]}"; do
		requirement_split "$spec"
		where+=("${INDEX_FLAGS[@]}")
	done
	CONSTRAINTS=
	for name in "${PACKAGES[@]}"; do
		tsan_wheels+=("$CACHE/pkg/$name"/tsan/*.whl)
		plain_wheels+=("$CACHE/pkg/$name"/plain/*.whl)
	done
	mkdir -- "$building/tsan" "$building/plain"
	if ((${#PACKAGES[@]} + ${#REQUIRES[@]} > 0)); then
		run_logged environment 0 - "installing the suite's packages" -- \
			pip_without_tsan install --target "$building/tsan" "${where[@]}" "${tsan_wheels[@]}" "${REQUIRES[@]}" ||
			environment_failed
		# shellcheck disable=SC2031 # the log of this shell
		pip_clean list --path "$building/tsan" --format freeze >"$building/versions.txt" 2>>"$LOG_FILE" ||
			environment_failed
		run_logged environment 0 - "installing their plain twins" -- \
			pip_without_tsan install --target "$building/plain" -c "$building/versions.txt" \
			"${where[@]}" "${plain_wheels[@]}" "${REQUIRES[@]}" || environment_failed
	fi
	environment_json "$final" >"$building/env.json"
}

# environment_build_plain BUILDING FINAL: the plain site folder and env.json.
environment_build_plain() {
	local building=$1 final=$2 name spec
	local -a wheels=() where=()
	for spec in "${INSTALLS[@]}"; do
		requirement_split "$spec"
		where+=("${INDEX_FLAGS[@]}")
	done
	CONSTRAINTS=
	for name in "${PACKAGES[@]}"; do
		wheels+=("$CACHE/pkg/$name"/plain/*.whl)
	done
	mkdir -- "$building/plain"
	((${#PACKAGES[@]} + ${#REQUIRES[@]} == 0)) ||
		run_logged environment 0 - "installing the suite's packages, without ThreadSanitizer" -- \
			pip_without_tsan install --target "$building/plain" "${where[@]}" "${wheels[@]}" \
			"${REQUIRES[@]}" || environment_failed
	environment_json "$final" >"$building/env.json"
}

environment_failed() {
	fail "the packages of suite $SUITE_NAME could not be installed." \
		"$(advice_from_log "$CACHE/env" "the log says which requirement pip could not satisfy; correct the suite's install and require lines.")"
}

# environment_json FINAL: the answer, on standard output.
environment_json() {
	local name wheel
	local -a sources=("$SOURCE_DIR") packages=()
	for name in "${PACKAGES[@]}"; do
		sources+=("$CACHE/pkg/$name/src")
		wheel=$(find "$CACHE/pkg/$name" -maxdepth 2 -name '*.whl' -printf '%f\n' -quit)
		packages+=("${wheel%%-*}")
	done
	printf '{"schema":1,"python":%s,"plain":%s,"version":%s,"tsan_site":%s,"plain_site":%s,"sources":%s,"packages":%s,"recipe":%s}\n' \
		"$(json_string "$SUITE_PYTHON")" "$(json_string "$PLAIN")" "$(json_string "$SUITE_VERSION")" \
		"$(json_array "${PATHS[@]}" "$1/tsan")" "$(json_array "${PATHS[@]}" "$1/plain")" \
		"$(json_array "${sources[@]}")" "$(json_array "${packages[@]}")" "$(json_string "${1##*-}")"
}

# suite_options ARGUMENT...: sets SUITE_NAME, MINOR_WANTED, FLAVOUR, USER_PYTHON, INSTALLS, REQUIRES and
# PATHS, and PLAIN_ALONE.
suite_options() {
	SUITE_NAME='' MINOR_WANTED='' FLAVOUR='' USER_PYTHON='' PLAIN_ALONE='' INSTALLS=() REQUIRES=() PATHS=()
	while (($# > 0)); do
		if [[ $1 == --plain ]]; then
			PLAIN_ALONE=yes
			shift
			continue
		fi
		[[ $# -ge 2 ]] || usage_error "prepare suite: the option $1 needs a value (or is none of ours)."
		case $1 in
		--name) SUITE_NAME=$2 ;;
		--version) MINOR_WANTED=$2 ;;
		--flavour) FLAVOUR=$2 ;;
		--python) USER_PYTHON=$2 ;;
		--install)
			requirement_split "$2"
			INSTALLS+=("$2")
			;;
		--require) REQUIRES+=("$2") ;;
		--path)
			[[ -d $2 ]] || fail "the folder $2 (from --path) does not exist." \
				"correct the path in the suite file; relative paths count from $PWD."
			PATHS+=("$(cd -- "$2" && pwd -P)")
			;;
		*) usage_error "prepare suite: unknown option \"$1\"." ;;
		esac
		shift 2
	done
	[[ $SUITE_NAME =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] ||
		usage_error "prepare suite: --name must be letters, digits, \".\", \"_\" and \"-\", not \"$SUITE_NAME\"."
}

command_suite() {
	local spec hash
	suite_options "$@"
	cache_init
	if [[ $USER_PYTHON ]]; then
		[[ -z $FLAVOUR ]] ||
			usage_error "--python $USER_PYTHON is a build of its own: a flavour is chosen of those that ftstress builds."
		check_python "$USER_PYTHON"
		[[ -z $MINOR_WANTED || $MINOR_WANTED == "$CHECKED_MINOR" ]] ||
			fail "--python $USER_PYTHON is CPython $CHECKED_VERSION, but the suite wants $MINOR_WANTED." \
				"name a Python $MINOR_WANTED, or change the suite's version."
		MINOR_WANTED=$CHECKED_MINOR
	fi
	cpython_resolve "${MINOR_WANTED:-$(default_version)}" "$FLAVOUR"
	SUITE_PYTHON=$TSAN SUITE_VERSION=$SOURCE_VERSION
	[[ -z $USER_PYTHON ]] || SUITE_PYTHON=$CHECKED_PATH SUITE_VERSION=$CHECKED_VERSION

	PACKAGES=()
	declare -gA LOCALS=() # artefact's name: source
	for spec in "${INSTALLS[@]}"; do
		package_resolve "$spec"
		PACKAGES+=("$PACKAGE_NAME")
		[[ $ORIGIN != local ]] || LOCALS[$PACKAGE_NAME]=$REQUIREMENT
	done
	hash=$(printf '%s\n' "$ENVIRONMENT_RECIPE" "$PLAIN_NAME" "$SUITE_PYTHON" "$SUITE_VERSION" \
		packages "${PACKAGES[@]}" requires "${REQUIRES[@]}" paths "${PATHS[@]}" | hash_text)
	ENVIRONMENT=$SUITE_NAME-$hash
	if [[ $PLAIN_ALONE && ! -d $CACHE/env/$ENVIRONMENT ]]; then
		suite_plain
		return
	fi
	if [[ ! -d $CACHE/env/$ENVIRONMENT ]]; then
		for spec in "${INSTALLS[@]}"; do
			package_make "$spec"
		done
		cpython_plain_make
		artefact_make env "$ENVIRONMENT" environment_build
		cache_trim env "$SUITE_NAME"
		for spec in "${PACKAGES[@]}"; do
			cache_trim pkg "${spec%-*}"
		done
	fi
	VARIABLES=
	if [[ $USER_PYTHON ]]; then
		cpython_plain_make
	else
		CHECKED_LIBRARY=$CACHE/python/$TSAN_NAME/lib/$TSAN_LIBRARY
		cpython_make
		variables_make
	fi
	cache_touch "env/$ENVIRONMENT" "${PACKAGES[@]/#/pkg/}" "python/$PLAIN_NAME" "python/$TSAN_NAME" \
		"src/${SOURCE_DIR##*/}" ${VARIABLES:+"python/$VARIABLES_NAME"}
	sed "s|}\$|,\"variables\":$(json_string "$VARIABLES"),\"library\":$(json_string "$CHECKED_LIBRARY")}|" "$CACHE/env/$ENVIRONMENT/env.json"
}

# suite_plain: makes and answers what is enough for a list of the tests. The answer's `recipe` is the
# whole environment's, so that the list counts for a run, too; its tsan_site does not exist.
suite_plain() {
	local spec
	cpython_plain_make
	SUITE_PYTHON=$PLAIN PACKAGES=() ENVIRONMENT=_$ENVIRONMENT
	if [[ ! -d $CACHE/env/$ENVIRONMENT ]]; then
		for spec in "${INSTALLS[@]}"; do
			package_make_plain "$spec"
			PACKAGES+=("$PACKAGE_NAME")
		done
		artefact_make env "$ENVIRONMENT" environment_build_plain
	fi
	cache_touch "env/$ENVIRONMENT" "python/$PLAIN_NAME" "src/${SOURCE_DIR##*/}"
	cat -- "$CACHE/env/$ENVIRONMENT/env.json"
}
