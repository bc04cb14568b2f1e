# shellcheck shell=bash
# The cache: every artefact is a folder named after the hash of its recipe.
#
#   $FTSTRESS_CACHE/src/cpython-3.14.6-<sha>/   sources, kept: reports show lines of them
#                  /python/3.14-tsan-<hash>/    an installed interpreter
#                  /pkg/numpy-<hash>/           src/ (kept), tsan/ and plain/ (wheels)
#                  /env/NAME-<hash>/            tsan/ and plain/ (site folders), env.json
#                  /log/  /lock/
#
# An artefact is built in .building-NAME beside its place and moved there by one rename(2), so a
# folder that carries the final name is complete, whatever killed an earlier try. One lock file an
# artefact: of two that want the same, one builds and the other waits.

cache_init() {
	CACHE=${FTSTRESS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ftstress}
	mkdir -p -- "$CACHE"/{src,python,rust,pkg,env,log,lock} 2>/dev/null ||
		fail "the cache folder $CACHE can't be written." \
			"make it writable, or set FTSTRESS_CACHE to another folder."
	CACHE=$(cd -- "$CACHE" && pwd -P)
	JOBS=${FTSTRESS_JOBS:-$(nproc)}
	[[ $JOBS =~ ^[1-9][0-9]*$ ]] || usage_error "FTSTRESS_JOBS must be a number of jobs, not \"$JOBS\"."
}

# hash_text: 12 hex digits of the SHA-256 of standard input.
hash_text() {
	local sum
	sum=$(sha256sum)
	printf '%s' "${sum:0:12}"
}

# source_files DIR: the files of a source tree, relative to it, each ended by a NUL byte.
# Left out is what does not decide what is built from it: hidden folders, virtual environments, what
# was built in place for another purpose (without ThreadSanitizer: it must not get into our build), and
# what a run itself writes (reports, the store).
source_files() (
	cd -- "$1" || exit
	skipped=(-name '.?*' -o -name __pycache__ -o -name '*.egg-info' -o -path './build/lib*'
		-o -path './build/temp.*' -o -path './build/bdist.*' -o -path './build/cp3*' -o -path ./dist)
	while read -rd '' venv; do
		skipped+=(-o -path "${venv%/pyvenv.cfg}")
	done < <(find . -maxdepth 3 -name pyvenv.cfg -print0)
	find . -regextype posix-extended -mindepth 1 -type d \( "${skipped[@]}" \) -prune \
		-o -xtype f ! -name '*.o' ! -name '*.cpython-*.so' ! -name '*.py[co]' ! -name '*.db' \
		! -name '*.db-*' ! -name '.*.lock' ! -regex '.*-[0-9]{8}-[0-9]{6}\.(html|json|tap)' -print0
)

# hash_tree DIR: changes when a source file of DIR does, by path and content. Times do not count: a
# fresh checkout has others, and what restores a file may restore its time. Nor do suite files: who
# changes `skip` does not want the package built again.
hash_tree() {
	source_files "$1" | LC_ALL=C sort -z |
		LC_ALL=C comm -z -23 - <(cd -- "$1" &&
			grep -rlZ --include='*.ini' '^\[suite\]' . 2>/dev/null | LC_ALL=C sort -z) |
		(cd -- "$1" && xargs -0 -r -P "$(nproc)" -n 500 sha256sum --) | LC_ALL=C sort -k 2 | hash_text
}

# lock_take NAME: waits, saying so, until this process alone may build NAME.
lock_take() {
	local file=$CACHE/lock/$1.lock holder
	exec {LOCK_FD}>>"$file"
	if ! flock -n "$LOCK_FD"; then
		holder=$(tail -n 1 -- "$file" 2>/dev/null) || true
		say "waiting: another prepare (process ${holder:-unknown}) is building $1"
		flock "$LOCK_FD"
	fi
	printf '%d\n' "$$" >"$file"
}

lock_drop() {
	exec {LOCK_FD}>&-
}

# artefact_make KIND NAME BUILDER: makes $CACHE/KIND/NAME unless it is there. BUILDER is called
# with the folder to build in and the final folder; it leaves there exactly what is to be kept.
artefact_make() {
	local kind=$1 name=$2 builder=$3
	local final=$CACHE/$kind/$name building=$CACHE/$kind/.building-$name
	[[ -d $final ]] && return
	lock_take "$kind-$name"
	if [[ ! -d $final ]]; then # else the one we waited for made it
		rm -rf -- "$building"
		mkdir -p -- "$building"
		LOG_FILE=$CACHE/log/$kind-$name.log
		: >"$LOG_FILE"
		"$builder" "$building" "$final"
		mv -T -- "$building" "$final"
		LOG_FILE=
	fi
	lock_drop
}

# cache_touch KIND/NAME...: notes that these were used today. The folder's own time is the note.
cache_touch() {
	(cd -- "$CACHE" && touch -c -- "$@") 2>/dev/null || true
}

# clean_one DIR: removes an artefact unless someone builds it.
clean_one() {
	local dir=$1 name=${1##*/}
	(
		exec {lock}>>"$CACHE/lock/$2-${name#.building-}.lock"
		flock -n "$lock" || exit 0
		# Under another name first: a folder with the final name is always whole.
		mv -T -- "$dir" "$CACHE/$2/.building-removed-$$" && rm -rf -- "$CACHE/$2/.building-removed-$$"
	)
}

# cache_trim KIND NAME: removes what was made of other versions of NAME, all that no run used for a day
# but the newest four: each change of a package's source makes another one.
cache_trim() {
	local dir
	while IFS= read -r dir; do
		[[ -z $(find "$dir" -maxdepth 0 -mmin +1440) ]] || clean_one "$dir" "$1"
	done < <(find "$CACHE/$1" -mindepth 1 -maxdepth 1 -type d -regextype posix-extended \
		-regex ".*/${2//./\\.}-[0-9a-f]{12}" -printf '%T@ %p\n' | sort -rn | tail -n +5 | cut -d ' ' -f 2-)
}

# Removes what killed builds left, and what no run used for DAYS days.
command_clean() {
	local days=30 kind dir
	case ${1:-} in
	'') ;;
	--days)
		[[ ${2:-} =~ ^[0-9]+$ ]] || usage_error "prepare clean: --days needs a number."
		days=$2
		;;
	*) usage_error "prepare clean: unknown option \"$1\" (there is only --days N)." ;;
	esac
	cache_init
	for kind in env pkg python src rust collected pairs; do
		[[ -d $CACHE/$kind ]] || continue
		while read -rd '' dir; do
			say "removing $dir"
			clean_one "$dir" "$kind"
		done < <(find "$CACHE/$kind" -mindepth 1 -maxdepth 1 \
			\( -name '.building-*' -o -mtime "+$((days - 1))" \) -print0)
	done
	find "$CACHE" -mindepth 1 -maxdepth 1 -type d \( -name '.packing-*' -o -name '.unpacking-*' \) \
		-mmin +60 -exec rm -rf -- {} +
}

# json_string TEXT: TEXT as a JSON string.
json_string() {
	local text=$1
	text=${text//\\/\\\\}
	text=${text//\"/\\\"}
	text=${text//$'\n'/\\n}
	text=${text//$'\t'/\\t}
	printf '"%s"' "$text"
}

# json_array TEXT...
json_array() {
	local separator= item
	printf '['
	for item; do
		printf '%s' "$separator"
		json_string "$item"
		separator=,
	done
	printf ']'
}
