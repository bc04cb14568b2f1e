# shellcheck shell=bash
# `ftstress try PACKAGE`: fetches a package's source and finds out how it is tested (trying/). What it
# leaves in the folder where it was called is the user's: NAME.ini, and of an index's package its source,
# NAME-VERSION/, in which the tests may lie.

# try_name: the suite's name, by what is asked for: as pip compares names.
try_name() {
	local name=${REQUIREMENT%%[^A-Za-z0-9._-]*}
	if [[ $ORIGIN == local ]]; then
		name=$(source_name "$REQUIREMENT")
		name=${name:-$(basename -- "$(readlink -f -- "$REQUIREMENT")")}
	fi
	sed -E 's/[-_.]+/-/g; s/[^A-Za-z0-9-]//g' <<<"${name,,}"
}

# try_known SUITE: answers with a suite file that is there already. The user may have changed it.
try_known() {
	local said
	grep -q '^\[suite\]' "$1" ||
		fail "$1 is there, and no suite file." "move it away, or call from another folder."
	said=$(sed -n 's/^install *= *//p' "$1")
	[[ $REQUIREMENT != *==* || $said == "$REQUIREMENT" || $said == "$REQUIREMENT "* ]] ||
		fail "$1 is about $said, not $REQUIREMENT." \
			"move it away, and $REQUIREMENT is looked at anew; or: ftstress --suite ./$1."
	say "taking $1 as it is"
	printf '{"suite":%s,"known":true}\n' "$(json_string "$PWD/$1")"
}

# try_fetch NAME: the source of what an index has. Sets SOURCE, its folder, and INSTALL, the line for it.
try_fetch() {
	local fetched name version
	fetched=$(mktemp -d "$CACHE/src/.building-try-XXXXXX")
	UNFINISHED=$fetched
	LOG_FILE=$CACHE/log/try-$1.log
	: >"$LOG_FILE"
	if ! run_logged package 0 - "fetching the source of $REQUIREMENT" -- \
		env -u PYTHONPATH -u PYTHONHOME -u LD_PRELOAD PYTHONDONTWRITEBYTECODE=1 \
		"$PLAIN" "$TOOLCHAIN/lib/sdist.py" "$REQUIREMENT" "$fetched" "${INDEX_FLAGS[@]}"; then
		fail "the source of $REQUIREMENT could not be fetched." \
			"$(advice_from_log "$PWD" "is it published as source? Its wheels alone can't be tested: clone its repository and run ftstress try FOLDER.")"
	fi
	LOG_FILE=
	name=$(sed -n 's/^Name: *//p;/^$/q' "$fetched/src/PKG-INFO" 2>/dev/null | tr -d '\r') || true
	version=$(sed -n 's/^Version: *//p;/^$/q' "$fetched/src/PKG-INFO" 2>/dev/null | tr -d '\r') || true
	SOURCE=$PWD/$1${version:+-$version}
	INSTALL=$REQUIREMENT
	[[ $ORIGIN != index || -z $name || -z $version ]] || INSTALL="$name==$version"
	((${#FLAGS[@]} == 0)) || INSTALL+=$(printf " '%s'" "${FLAGS[@]}")
	[[ ! -e $SOURCE ]] ||
		fail "$SOURCE is there, where the source of $REQUIREMENT would go." \
			"move it away; or, to test that one: ftstress try ./${SOURCE##*/}"
	mv -T -- "$fetched/src" "$SOURCE"
	rmdir -- "$fetched"
	UNFINISHED=$SOURCE
}

# command_try REQUIREMENT FTSTRESS: writes a suite file for a package and answers with its path.
command_try() {
	(($# == 2)) || usage_error "prepare try: say which package, and where ftstress is."
	local name suite SOURCE INSTALL
	requirement_split "$1"
	if [[ $ORIGIN == local ]]; then
		[[ -d $REQUIREMENT ]] || fail "$REQUIREMENT is no folder." "unpack it and name the folder."
	fi
	cache_init
	cpython_resolve "$(default_version)" ""
	cpython_plain_make
	name=$(try_name)
	[[ $name ]] || usage_error "\"$1\" names no package."
	suite=$name.ini
	if [[ -e $suite ]]; then
		try_known "$suite"
		return
	fi
	if [[ $ORIGIN == local ]]; then
		SOURCE=$(readlink -f -- "$REQUIREMENT")
		INSTALL=$1
	else
		try_fetch "$name"
	fi
	local status=0
	env -u PYTHONHOME -u LD_PRELOAD PYTHONPATH="$TOOLCHAIN" PYTHONDONTWRITEBYTECODE=1 \
		"$PLAIN" -m trying "$INSTALL" "$SOURCE" "$suite" --ftstress "$2" --prepare "$SELF" || status=$?
	# shellcheck disable=SC2034 # log.sh has it
	[[ ! -e $suite ]] || UNFINISHED= # it names tests in there
	((status == 0)) || exit "$EXIT_FAILED"
}
