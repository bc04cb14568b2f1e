# shellcheck shell=bash
# The table of the places where the TSan interpreter's code reads and writes Python variables
# (variables.py). It belongs to one build of the interpreter and is kept beside it, so that a change
# of how it is made does not build the interpreter again:
#
#   python/variables-3.14-HASH/   table    or why-not, a line, if this build has none

# variables_make: sets VARIABLES to the table's path; empty for a Python of which there is none.
# shellcheck disable=SC2034 # packages.sh reads both
variables_make() {
	local name hash
	VARIABLES=
	# 3.13 does not specialise and locks its cells: its accesses are other ones. 3.15 has some that are not
	# listed yet: of 142 correct programs it had two told.
	case $MINOR in 3.13 | 3.15) return 0 ;; esac
	hash=$(hash_text <<<"$TSAN_NAME|$(hash_text <"$TOOLCHAIN/lib/variables.py")")
	name=variables-$MINOR-$hash
	VARIABLES_NAME=$name
	# An own compiler may have come without LLVM's other tools; then they may come later.
	command -v -- "$(variables_tool objdump)" "$(variables_tool symbolizer)" \
		"$(variables_tool readelf)" >/dev/null || return 0
	artefact_make python "$name" variables_build
	[[ ! -e $CACHE/python/$name/table ]] || VARIABLES=$CACHE/python/$name/table
}

# variables_tool NAME: LLVM's tool of the compiler's release: clang-22's is llvm-NAME-22.
variables_tool() {
	printf 'llvm-%s%s' "$1" "$(variables_suffix)"
}

variables_suffix() {
	local compiler=${CLANG##*/}
	printf '%s' "${compiler#clang}"
}

variables_build() {
	if ! run_logged variables 0 - "listing where Python $MINOR reads and writes variables" -- \
		env LLVM_SUFFIX="$(variables_suffix)" "$PLAIN" -I "$TOOLCHAIN/lib/variables.py" \
		"$CACHE/python/$TSAN_NAME/lib/$TSAN_LIBRARY" "$SOURCE_DIR" "$1/table"; then
		rm -f -- "$1/table"
		tail -n 1 -- "$LOG_FILE" >"$1/why-not"
	fi
}
