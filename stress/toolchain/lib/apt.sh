# shellcheck shell=bash
# Debian packages that the project needs: debian-packages.txt lists them with a reason each.

# packages_listed [required]: names from the list, all or without the optional ones.
packages_listed() {
	local name mark
	while read -r name mark _; do
		case $name,$mark in
		,* | '#'*) continue ;;
		*,optional\;) [[ -z ${1:-} ]] || continue ;;
		*,unless:*) ! command -v -- "${mark#unless:}" >/dev/null || continue ;;
		esac
		printf '%s\n' "$name"
	done <"$TOOLCHAIN/debian-packages.txt"
}

# packages_missing [required]: those that are not installed.
packages_missing() {
	local -a wanted
	mapfile -t wanted < <(packages_listed "$@")
	comm -13 <(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "${wanted[@]}" 2>/dev/null |
		sed -n 's/^ii *//p' | LC_ALL=C sort) <(printf '%s\n' "${wanted[@]}" | LC_ALL=C sort)
}

# apt_run TEXT ARGUMENT...: apt-get with its output in the log.
apt_run() {
	local text=$1
	shift
	run_logged apt 0 - "$text" -- "${AS_ROOT[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "$@"
}

command_apt() {
	local check= name
	case ${1:-} in
	--check) check=yes ;;
	'') ;;
	*) usage_error "prepare apt: unknown option \"$1\" (there is only --check)." ;;
	esac
	command -v dpkg-query >/dev/null ||
		fail "this is not a Debian system (no dpkg-query)." \
			"install by your own means what $TOOLCHAIN/debian-packages.txt lists."
	local -a missing required
	mapfile -t missing < <(packages_missing)
	if ((${#missing[@]} == 0)); then
		say "all Debian packages are installed."
		return
	fi
	if [[ $check ]]; then
		for name in "${missing[@]}"; do
			awk -v name="$name" '$1 == name { $1 = sprintf("%-20s", $1); print }' \
				"$TOOLCHAIN/debian-packages.txt"
		done
		mapfile -t required < <(packages_missing required)
		((${#required[@]} == 0)) || exit "$EXIT_FAILED"
		return
	fi

	AS_ROOT=()
	if ((EUID != 0)); then
		command -v sudo >/dev/null ||
			fail "${#missing[@]} Debian packages are missing, and installing them needs root." \
				"as root, run: apt-get install ${missing[*]}"
		AS_ROOT=(sudo -n)
	fi
	cache_init
	lock_take apt
	LOG_FILE=$CACHE/log/apt.log
	: >"$LOG_FILE"
	say "installing ${#missing[@]} Debian packages: ${missing[*]}"
	apt_run "reading the package lists" update ||
		fail "apt-get update failed." "$(advice_from_log / "check apt's sources and the network.")"
	if ! apt_run "installing Debian packages" install -y --no-install-recommends "${missing[@]}"; then
		# An optional package that this release doesn't have must not keep out the rest.
		mapfile -t required < <(packages_missing required)
		((${#required[@]} == 0)) ||
			apt_run "installing Debian packages" install -y --no-install-recommends "${required[@]}" ||
			fail "apt-get could not install ${required[*]}." "$(advice_from_log / \
				"clang-22 comes with Debian 12 (security updates) and later: check that apt's sources have them.")"
	fi
	LOG_FILE=
	lock_drop
	say "all Debian packages are installed."
}
