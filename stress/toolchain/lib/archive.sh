# shellcheck shell=bash
# The cache as a whole: what is in it, and an archive of it that another machine starts from.
#
# An archive is a tar file, compressed by zstd. Its first member, `manifest`, says where it belongs and
# what each file must be:
#
#   ftstress-cache 1
#   cache /home/ci/.cache/ftstress        the interpreters and the debug information name this folder
#   machine x86_64
#   <SHA-256>  ./python/3.14-tsan-.../lib/...     as sha256sum writes it
#
# Unpacked is beside the cache's own folders, on the same disk; what is as the manifest says is moved in
# folder by folder, each by one rename(2), and what is there already stays.

readonly ARCHIVE_MAGIC="ftstress-cache 1"
# What is kept of a cache: a folder (src, python, pkg, env, pairs) or file (src, layout, collected) each.
readonly -a ARCHIVE_KINDS=(src python rust pkg env layout collected pairs)

command_cache() {
	local command=${1:-}
	(($# == 0)) || shift
	case $command in
	list | pack | unpack) "cache_$command" "$@" ;;
	prune) command_clean "$@" ;;
	'') usage_error "prepare cache: say list, pack, unpack or prune." ;;
	*) usage_error "prepare cache: there is list, pack, unpack and prune, not \"$command\"." ;;
	esac
}

# cache_entries: KIND/NAME of all that is whole, a line each.
cache_entries() {
	local kind
	for kind in "${ARCHIVE_KINDS[@]}"; do
		[[ ! -d $CACHE/$kind ]] || find "$CACHE/$kind" -mindepth 1 -maxdepth 1 ! -name '.*' ! -name '*.part' -printf "$kind/%f\n"
	done
}

# cache_list: size, day of the last use and name of each, the largest first, then the sum.
cache_list() {
	local kilobytes sum=0 entry
	(($# == 0)) || usage_error "prepare cache list takes no more words."
	cache_init
	printf '%9s  %-10s  %s\n' "MiB" "last used" "$CACHE"
	while read -r kilobytes entry; do
		sum=$((sum + kilobytes))
		printf '%9d  %-10s  %s\n' $(((kilobytes + 1023) / 1024)) \
			"$(date -d "@$(stat -c %Y -- "$CACHE/$entry")" +%F)" "$entry"
	done < <(cd -- "$CACHE" && cache_entries | tr '\n' '\0' | du -sk --files0-from=- 2>/dev/null | sort -rn)
	printf '%9d  %-10s  %s\n' $(((sum + 1023) / 1024)) "" "in all"
}

# archive_of_suite NAME: KIND/NAME of all that a suite's newest environment needs, a line each.
archive_of_suite() {
	local name=$1 dir text path kind
	dir=$(find "$CACHE/env" -mindepth 1 -maxdepth 1 -type d -regextype posix-extended \
		-regex ".*/${name//./\\.}-[0-9a-f]{12}" -printf '%T@ %f\n' | sort -rn | head -n 1)
	dir=${dir#* }
	[[ $dir ]] || fail "the cache has nothing of a suite $name." \
		"build it first: ftstress prepare $name (ftstress cache list shows what there is)."
	printf 'env/%s\n' "$dir"
	text=$(<"$CACHE/env/$dir/env.json")
	while [[ $text =~ "$CACHE"/((src|python|pkg)/[^/\"]+) ]]; do
		path=${BASH_REMATCH[1]}
		text=${text//"$CACHE/$path"/}
		[[ ! -e $CACHE/$path ]] || printf '%s\n' "$path"
	done
	# Small, and which of them are this interpreter's no name says.
	(cd -- "$CACHE" && find python -mindepth 1 -maxdepth 1 -name 'variables-*' -mmin -1440)
	for kind in collected pairs; do
		[[ ! -d $CACHE/$kind ]] || (cd -- "$CACHE" && find "$kind" -mindepth 1 -maxdepth 1 -name "$name-*" ! -name '*.part')
	done
	[[ ! -d $CACHE/layout ]] || (cd -- "$CACHE" && find layout -mindepth 1 -maxdepth 1)
}

# cache_pack FILE [SUITE...]: an archive of what these suites need; of the whole cache, if none is named.
# Standard output has its SHA-256, as sha256sum writes it.
cache_pack() {
	local file=${1:-} folder suite entries
	local -a paths
	[[ $file && $file != -* ]] || usage_error "prepare cache pack FILE [SUITE...]: say where the archive goes."
	shift
	cache_init
	archive_needs_zstd
	folder=$(dirname -- "$file")
	[[ -d $folder && -w $folder ]] || fail "the archive $file can't be written: $folder is no folder, or not yours." \
		"name a file in a folder that can be written."
	entries=$(
		if (($# == 0)); then cache_entries; fi
		for suite; do archive_of_suite "$suite"; done
	)
	[[ $entries ]] || fail "the cache $CACHE is empty." "build something first: ftstress prepare SUITE."
	mapfile -t paths < <(sort -u <<<"$entries")
	paths=("${paths[@]/#/./}")
	SCRATCH=$(mktemp -d "$CACHE/.packing-XXXXXX") PACKING=$file.part
	trap 'rm -rf -- "$SCRATCH" "$PACKING"' EXIT
	say "packing ${#paths[@]} entries of $CACHE"
	{
		printf '%s\ncache %s\nmachine %s\n' "$ARCHIVE_MAGIC" "$CACHE" "$(uname -m)"
		cd -- "$CACHE"
		find "${paths[@]}" -type f -print0 | xargs -0 -r -P "$JOBS" -n 500 sha256sum --
	} >"$SCRATCH/manifest" || fail "the cache could not be read." "see the message above."
	if ! tar --create --use-compress-program='zstd -q -T0 -3' --file "$PACKING" -C "$SCRATCH" manifest \
		-C "$CACHE" --verbatim-files-from --files-from=<(printf '%s\n' "${paths[@]}"); then
		fail "the archive $file could not be written." \
			"see the message above: is the disk full? $(df -Pk -- "$folder" | awk 'NR == 2 { print int($4 / 1024) }') MiB are free in $folder."
	fi
	mv -T -- "$PACKING" "$file"
	(cd -- "$folder" && sha256sum -- "${file##*/}")
}

# cache_unpack FILE [--sha256 HASH]: puts what an archive has into the cache.
cache_unpack() {
	local file=${1:-} wanted='' sum entry taken=0 there=0
	local -a head
	[[ $file && $file != -* ]] || usage_error "prepare cache unpack FILE [--sha256 HASH]: say which archive."
	shift
	if [[ ${1:-} == --sha256 ]]; then
		wanted=${2:-}
		[[ $wanted =~ ^[0-9a-f]{64}$ ]] || usage_error "prepare cache unpack: --sha256 needs 64 hexadecimal digits."
		shift 2
	fi
	(($# == 0)) || usage_error "prepare cache unpack: unknown option \"$1\"."
	[[ -r $file && -f $file ]] || fail "there is no archive $file." "check its name."
	cache_init
	archive_needs_zstd
	if [[ $wanted ]]; then
		sum=$(sha256sum -- "$file")
		[[ ${sum%% *} == "$wanted" ]] || fail "$file is not the archive that was asked for: its SHA-256 is ${sum%% *}." \
			"fetch it again, or build without it: nothing of it was used."
	fi
	SCRATCH=$(mktemp -d "$CACHE/.unpacking-XXXXXX")
	trap 'rm -rf -- "$SCRATCH"' EXIT
	# The first member alone: the refusals below come before gigabytes are written.
	tar --extract --use-compress-program='zstd -q' --file "$file" -C "$SCRATCH" --occurrence=1 manifest 2>/dev/null ||
		archive_damaged "$file"
	mapfile -t -n 3 head <"$SCRATCH/manifest"
	[[ ${head[0]:-} == "$ARCHIVE_MAGIC" ]] || fail "$file is no archive of ftstress's cache, or one of another version." \
		"make one with this version: ftstress cache pack FILE."
	[[ ${head[2]:-} == "machine $(uname -m)" ]] || fail "$file is of another kind of machine (${head[2]#machine }, not $(uname -m))." \
		"make one on a machine like this one."
	[[ ${head[1]:-} == "cache $CACHE" ]] || fail "$file belongs into the folder ${head[1]#cache }, and the cache is $CACHE: interpreters and debug information name their folder." \
		"set FTSTRESS_CACHE to ${head[1]#cache }, or make the archive with FTSTRESS_CACHE=$CACHE."
	say "unpacking $file"
	tar --extract --use-compress-program='zstd -q' --file "$file" -C "$SCRATCH" || archive_damaged "$file"
	if ! (cd -- "$SCRATCH" && tail -n +4 manifest | sha256sum --quiet --strict -c - >&2); then
		archive_damaged "$file"
	fi
	while read -r entry; do
		if [[ -e $CACHE/$entry ]]; then
			there=$((there + 1))
			continue
		fi
		mkdir -p -- "$CACHE/${entry%/*}"
		mv -T -- "$SCRATCH/$entry" "$CACHE/$entry"
		taken=$((taken + 1))
	done < <(
		cd -- "$SCRATCH" || exit
		for entry in "${ARCHIVE_KINDS[@]}"; do
			[[ ! -d $entry ]] || find "$entry" -mindepth 1 -maxdepth 1
		done
	)
	say "$taken entries are in $CACHE now; $there were there before"
}

archive_damaged() {
	fail "$1 is damaged, or no archive of ftstress's cache." \
		"fetch it again, or build without it: nothing of it was used."
}

archive_needs_zstd() {
	command -v zstd >/dev/null || fail "zstd is missing, which archives are compressed with." \
		"sudo apt-get install zstd (or: make deps)."
}
