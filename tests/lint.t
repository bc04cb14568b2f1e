#!/bin/bash
# TAP: how the sources are written. Formats, static analysis, and what no file may name.
#
# Tracked files alone are looked at. clang-tidy takes minutes; a file that passed is not analysed
# again until it, a header, or the checks change (folder lint of the cache). ruff has no Debian
# package: the version below is installed into the cache once.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
ruff_version=0.17.6
cache=${FTSTRESS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ftstress}
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

# tidy_one BASE FILE: BASE is the hash of all that the file's analysis depends on besides itself.
tidy_one() {
	local passed
	passed=$cache/lint/$(sha256sum "$2" | sed "s/^/$1 /" | sha256sum | cut -c1-32)
	[[ -e $passed ]] && touch "$passed" && return
	clang-tidy-22 --quiet "$2" -- -std=gnu17 -D_GNU_SOURCE -Iinclude -I. -Ibuild \
		-DFTSTRESS_VERSION='"x"' 2>&1 || return 1
	: >"$passed"
}

c_tidy() {
	local base
	mkdir -p "$cache/lint" && find "$cache/lint" -type f -mtime +30 -delete || return
	base=$({ clang-tidy-22 --version && tracked '*.h' .clang-tidy | xargs sha256sum; } |
		sha256sum | cut -c1-32) || return
	export -f tidy_one
	export cache
	tracked 'runner/*.c' 'reports/*.c' 'interpose/*.c' ':!reports/page_data.c' |
		xargs -P "${FTSTRESS_JOBS:-$(nproc)}" -I{} bash -c 'tidy_one "$@"' _ "$base" {}
}

# includes_one_way: of the two houses; tests may include what they like.
includes_one_way() {
	tracked 'runner/*.[ch]' 'reports/*.[ch]' 'interpose/*.[ch]' | xargs tests/lint/includes.py
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

# ruff_install: sets `ruff`.
ruff_install() {
	local folder=$cache/tools/ruff-$ruff_version python fresh
	ruff=$folder/bin/ruff
	[[ ! -x $ruff ]] || return 0
	python=$(stress/toolchain/prepare python 3.14 | sed 's/.*"plain":"\([^"]*\)".*/\1/')
	[[ -x $python ]] || python=python3
	mkdir -p "$cache/tools" && fresh=$(mktemp -d "$folder.XXXXXX") || return
	"$python" -m pip install --quiet --target "$fresh" "ruff==$ruff_version" || return
	mv -T "$fresh" "$folder" 2>/dev/null || rm -r "$fresh" # another run was faster
	[[ -x $ruff ]]
}

python_files() {
	local tests
	mapfile -t tests < <(tracked 'tests/*.t')
	tracked 'stress/*.py' 'tests/*.py'
	with_shebang python "${tests[@]}"
}

python_with() { # ruff's COMMAND...
	ruff_install || return
	python_files | xargs "$ruff" --config "$config" --quiet "$@" --force-exclude
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
echo 1..9
check_with clang-format-22 'C is formatted' c_format
check_with clang-tidy-22 'C passes clang-tidy' c_tidy
check 'includes go one way' includes_one_way
check_with shellcheck 'shell scripts pass shellcheck' shell_scripts
check 'Python passes ruff' python_with check --output-format concise
check 'Python is formatted' python_with format --check --output-format concise
check 'no file names a path of one machine' absent '(^|[^[:alnum:]_}.-])/(root|work)/'
check 'no file names a package registry' \
	absent 'pypi\.org|pythonhoste[d]|npmjs\.(org|com)|crates\.io|deb\.debian\.org|anaconda\.org'
check 'no work is left for later' absent '(^|[^[:alnum:]_])(TOD[O]|FIXM[E])([^[:alnum:]_]|$)'
