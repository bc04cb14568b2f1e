#!/bin/bash
# TAP: how the sources are written. Formats, static analysis, and what no file may name.
#
# Tracked files alone are looked at. clang-tidy takes minutes; a file that passed is not analysed
# again until it, a header of its own, or the checks change (folder lint of the cache). ruff and mypy have no
# Debian package that is new enough (lib/tools.bash).
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
ruff_version=0.17.6
# shellcheck source=tests/lib/tools.bash
source tests/lib/tools.bash
config=stress/pyproject.toml
number=0
said=$(mktemp) || exit 1
trap 'rm -f "$said"' EXIT

# check NAME COMMAND...: the command's status is the result, its output the diagnostics.
check() {
	local name=$1 result=ok
	shift
	"$@" </dev/null >"$said" 2>&1 || result='not ok'
	echo "$result $((++number)) - $name"
	[[ $result == ok ]] || head -n 200 "$said" | sed 's/^/# /'
}

# check_with TOOL NAME COMMAND...: as check; skipped where Debian's package is not installed.
check_with() {
	if command -v "$1" >/dev/null; then
		check "${@:2}"
	else
		echo "ok $((++number)) - $2 # SKIP $1 is not installed (prepare apt)"
	fi
}

# tracked PATTERN...: what git knows and the tree still has.
tracked() {
	local file
	git ls-files -- "$@" | while IFS= read -r file; do
		[[ ! -f $file ]] || echo "$file"
	done
}

# with_shebang WORD FILE...: those of the files that start so.
with_shebang() {
	local word=$1 file first
	shift
	for file; do
		IFS= read -r first <"$file" || continue
		[[ $first != '#!'*"$word"* ]] || echo "$file"
	done 2>/dev/null
}

c_format() {
	tracked '*.c' '*.h' ':!tests/unit/fixtures' | xargs clang-format-22 --dry-run -Werror
}

# tidy_one BASE FILE: BASE is the hash of the tool and its checks. A file passes again when it, or
# a header that it includes, changes.
tidy_one() {
	local passed flags=(-std=gnu17 -D_GNU_SOURCE -Iinclude -I. -Ibuild '-DFTSTRESS_VERSION="x"')
	passed=$cache/lint/$({
		echo "$1 $2"
		clang-22 "${flags[@]}" -MM "$2" | sed 's/^[^:]*://; s/\\$//' | xargs sha256sum
	} | sha256sum | cut -c1-32)
	[[ -e $passed ]] && touch "$passed" && return
	clang-tidy-22 --quiet "$2" -- "${flags[@]}" 2>&1 || return 1
	: >"$passed"
}

c_tidy() {
	local base
	mkdir -p "$cache/lint" && find "$cache/lint" -type f -mtime +30 -delete || return
	base=$({ clang-tidy-22 --version && cat .clang-tidy; } | sha256sum | cut -c1-32) || return
	export -f tidy_one
	export cache
	tracked 'runner/*.c' 'reports/*.c' 'interpose/*.c' ':!reports/page_data.c' |
		xargs -P "${FTSTRESS_JOBS:-$(nproc)}" -I{} bash -c 'tidy_one "$@"' _ "$base" {}
}

# includes_one_way: of the two houses; tests may include what they like.
includes_one_way() {
	tracked 'runner/*.[ch]' 'reports/*.[ch]' 'interpose/*.[ch]' | xargs tests/lint/includes.py
}

# maps_name_every_file: below the two houses.
maps_name_every_file() {
	tracked 'runner/*.[ch]' 'interpose/*.[chS]' | xargs tests/lint/map.py
}

# locks_are_free_after_fork: those of the interposer.
locks_are_free_after_fork() {
	tracked 'interpose/*.c' | xargs tests/lint/fork_locks.py
}

shell_scripts() {
	local files
	mapfile -t files < <(tracked)
	{
		with_shebang bash "${files[@]}"
		tracked '*.sh'
	} | xargs shellcheck -x &&
		# bats ends a test at a failed cd, and its tests use what their helper sets.
		tracked '*.bats' '*.bash' | xargs shellcheck -x -e SC2034,SC2164
}

python_files() {
	local tests
	mapfile -t tests < <(tracked 'tests/*.t')
	tracked 'stress/*.py' 'tests/*.py'
	with_shebang python "${tests[@]}"
}

python_with() { # ruff's COMMAND...
	tool_install "ruff==$ruff_version" || return
	python_files | xargs "$tool/bin/ruff" --config "$config" --quiet "$@" --force-exclude
}

# python_types: not of what stands for a user's program, or runs inside of another's (toolchain).
python_types() {
	local python kept programs='^stress/(planted|toolchain)|^tests/(adding|bench/programs|cli|planted|unit)/'
	programs+='|^tests/order/(calls|cases|classes|handed_over|inside|twins)\.py$'
	tool_install "${typed_tools[@]}" || return
	python=$(plain_python)
	kept=$cache/lint/mypy-$(pwd -P | sha256sum | cut -c1-12)
	mkdir -p "$cache/lint" || return
	python_files | grep -vE "$programs" |
		PYTHONPATH=$tool xargs "$python" -m mypy --config-file "$config" \
			--cache-dir "$kept" --scripts-are-modules --no-error-summary
}

# absent PATTERN: no tracked text has a match. (C code may print TAP's own directive.)
absent() {
	local found
	found=$(git grep -nIE "$1" | grep -vE '^[^:]*\.c:[0-9]+:.*# TOD[O]')
	[[ -z $found ]] || {
		echo "$found"
		return 1
	}
}

if ! git rev-parse --git-dir >/dev/null 2>&1; then
	echo "1..0 # SKIP not a git checkout"
	exit
fi
echo 1..12
check_with clang-format-22 'C is formatted' c_format
check_with clang-tidy-22 'C passes clang-tidy' c_tidy
check 'includes go one way' includes_one_way
check 'the maps name every file' maps_name_every_file
check 'locks are free after fork' locks_are_free_after_fork
check_with shellcheck 'shell scripts pass shellcheck' shell_scripts
check 'Python passes ruff' python_with check --output-format concise
check 'Python passes mypy' python_types
check 'Python is formatted' python_with format --check --output-format concise
check 'no file names a path of one machine' absent '(^|[^[:alnum:]_}.-])/(root|work)/'
check 'no file names a package registry' \
	absent 'pypi\.org|pythonhoste[d]|npmjs\.(org|com)|crates\.io|deb\.debian\.org|anaconda\.org'
check 'no work is left for later' absent '(^|[^[:alnum:]_])(TOD[O]|FIXM[E])([^[:alnum:]_]|$)'
