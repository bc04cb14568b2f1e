# tools.bash - Python tools of PyPI that tests use, each version installed into the cache once.
#
# To be sourced by a test, in the top folder.

# shellcheck shell=bash disable=SC2034

cache=${FTSTRESS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ftstress}
# The types of the driver are checked against pytest's, and its tests run with it.
typed_tools=(mypy==2.4.1 pytest==9.2.0)

# plain_python: the toolchain's, else the system's.
plain_python() {
	local python
	python=$(stress/toolchain/prepare python 3.14 | sed 's/.*"plain":"\([^"]*\)".*/\1/')
	[[ -x $python ]] || python=python3
	echo "$python"
}

# tool_install PACKAGE==VERSION...: sets `tool` to the folder of the cache that has them.
tool_install() {
	local fresh
	tool=$(printf -- '-%s' "${@//==/-}")
	tool=$cache/tools/${tool#-}
	[[ ! -d $tool ]] || return 0
	mkdir -p "$cache/tools" && fresh=$(mktemp -d "$tool.XXXXXX") || return
	"$(plain_python)" -m pip install --quiet --target "$fresh" "$@" || return
	mv -T "$fresh" "$tool" 2>/dev/null || rm -r "$fresh" # another run was faster
	[[ -d $tool ]]
}
