# pythons.bash - the CPythons that a test runs on: those of FTSTRESS_TEST_PYTHONS (releases or paths, separated
# by blanks), else those that CI builds.

# shellcheck shell=bash disable=SC2034

pythons=${FTSTRESS_TEST_PYTHONS:-3.14 3.13}

# python_of RELEASE|PATH: the interpreter; of a release the toolchain's.
python_of() {
	case $1 in
	*/*) echo "$1" ;;
	*) "${BASH_SOURCE[0]%/*}/../../stress/toolchain/prepare" python "$1" | tail -n 1 | jq -r .python ;;
	esac
}
