# shellcheck shell=bash
# CPython's source: found, verified, unpacked and kept (findings show lines of it).
#
# The first of these that has it:
#   PYTHON_SRC=  a source tree or tarball that the user names
#   the cache
#   python.org
#   the Debian mirror that this machine's apt is set to: the tarball in its pool
#   Debian's source packages of newer releases, verified by the archive's signature
# Whatever came over the network must have the SHA-256 that cpython-sources.txt pins.

readonly PYTHON_ORG=https://www.python.org/ftp/python

# source_pin MINOR: sets PIN_VERSION, PIN_PACKAGE and PIN_SHA256.
source_pin() {
	read -r _ PIN_VERSION PIN_PACKAGE PIN_SHA256 < <(
		grep -E "^${1//./\\.}[[:space:]]" "$TOOLCHAIN/cpython-sources.txt"
	) || usage_error "CPython $1 is not supported: ftstress builds $(versions " and ")."
}

# versions [SEPARATOR]: those that are pinned, the first is the default.
versions() {
	awk -v between="${1:-, }" '!/^#/ { printf "%s%s", separator, $1; separator = between }' \
		"$TOOLCHAIN/cpython-sources.txt"
}

default_version() {
	awk '!/^#/ { print $1; exit }' "$TOOLCHAIN/cpython-sources.txt"
}

file_sha256() {
	local sum
	sum=$(sha256sum -- "$1")
	printf '%s' "${sum%% *}"
}

# tree_version DIR: the release that CPython's source tree DIR holds.
tree_version() {
	sed -n 's/^#define PY_VERSION[[:space:]]*"\([^"]*\)"/\1/p' "$1/Include/patchlevel.h" 2>/dev/null
}

# source_resolve MINOR: sets SOURCE_DIR, SOURCE_ID (hash) and SOURCE_VERSION, fetching if need be.
source_resolve() {
	source_pin "$1"
	if [[ -n ${PYTHON_SRC:-} ]]; then
		source_of_user "$1"
		return
	fi
	SOURCE_VERSION=$PIN_VERSION SOURCE_ID=${PIN_SHA256:0:12}
	SOURCE_DIR=$CACHE/src/cpython-$SOURCE_VERSION-$SOURCE_ID
	artefact_make src "cpython-$SOURCE_VERSION-$SOURCE_ID" source_build
}

# source_of_user MINOR: what PYTHON_SRC names. A tree is used where it is; a tarball is unpacked.
source_of_user() {
	[[ -e $PYTHON_SRC ]] || fail "PYTHON_SRC=$PYTHON_SRC does not exist." \
		"name a CPython source tree or tarball, or unset PYTHON_SRC."
	if [[ -d $PYTHON_SRC ]]; then
		SOURCE_DIR=$(cd -- "$PYTHON_SRC" && pwd -P)
		[[ ! -e $SOURCE_DIR/pyconfig.h && ! -e $SOURCE_DIR/Programs/python.o ]] ||
			fail "PYTHON_SRC=$PYTHON_SRC was built in, and CPython can't be built outside such a tree." \
				"run \"make distclean\" there, or name a clean tree."
		SOURCE_ID=$(hash_tree "$SOURCE_DIR")
	else
		PIN_SHA256=$(file_sha256 "$PYTHON_SRC")
		SOURCE_ID=${PIN_SHA256:0:12}
		SOURCE_DIR=$CACHE/src/cpython-user-$SOURCE_ID
		artefact_make src "cpython-user-$SOURCE_ID" source_build
	fi
	SOURCE_VERSION=$(tree_version "$SOURCE_DIR")
	[[ $SOURCE_VERSION == "$1".* ]] ||
		fail "PYTHON_SRC=$PYTHON_SRC is CPython ${SOURCE_VERSION:-(no Include/patchlevel.h)}, not $1." \
			"name a source of CPython $1, or unset PYTHON_SRC."
}

# source_build BUILDING FINAL: gets the tarball and unpacks it into BUILDING.
source_build() {
	local building=$1 tarball
	if [[ -n ${PYTHON_SRC:-} ]]; then
		tarball=$PYTHON_SRC
	else
		tarball=$CACHE/src/Python-$PIN_VERSION.tar.xz
		[[ -f $tarball ]] && tarball_is_pinned "$tarball" ||
			source_from_python_org "$tarball" ||
			source_from_mirror "$tarball" ||
			source_from_debian "$tarball" ||
			fail "CPython $PIN_VERSION's source was not found anywhere." \
				"$(source_advice "$tarball")"
	fi
	run_logged source 0 - "unpacking CPython's source" -- \
		tar -x -f "$tarball" -C "$building" --strip-components=1 --no-same-owner ||
		fail "$tarball could not be unpacked." \
			"$(advice_from_log "$building" "it may be damaged: remove it and run the same command again.")"
}

source_advice() {
	if grep -q 'SHA-256' "$LOG_FILE"; then
		echo "a file came with the wrong checksum (see above) and was not used: a proxy may have" \
			"changed it, or the mirror is broken. Fetch Python-$PIN_VERSION.tar.xz by other means" \
			"and set PYTHON_SRC to it."
	else
		echo "check the network; or fetch Python-$PIN_VERSION.tar.xz on another machine and" \
			"set PYTHON_SRC to it, or put it at $1."
	fi
}

# tarball_is_pinned FILE [ORIGIN]: whether FILE has the pinned checksum; else it goes.
tarball_is_pinned() {
	local got
	got=$(file_sha256 "$1")
	[[ $got == "$PIN_SHA256" ]] && return
	printf '%s: its SHA-256 is %s, but %s is pinned\n' "${2:-$1}" "$got" "$PIN_SHA256" |
		tee -a "$LOG_FILE" >&2
	rm -f -- "$1"
	return 1
}

# source_download URL FILE: fetches and verifies.
source_download() {
	run_logged source 0 - "fetching $1" -- \
		curl -fsSL --connect-timeout 10 --retry 2 --max-time 600 -o "$2.part" -- "$1" || {
		printf 'not to be had: %s\n' "$1" >>"$LOG_FILE"
		return 1
	}
	tarball_is_pinned "$2.part" "$1" && mv -- "$2.part" "$2"
}

# A release candidate lies with the release that it is one of.
source_from_python_org() {
	source_download "$PYTHON_ORG/${PIN_VERSION%rc*}/Python-$PIN_VERSION.tar.xz" "$1"
}

# debian_version: as Debian writes the release, a candidate sorting before what it is one of.
debian_version() {
	printf '%s' "${PIN_VERSION/rc/\~rc}"
}

# source_from_mirror FILE: the pool keeps releases that apt's index no longer lists.
source_from_mirror() {
	local site
	while read -r site; do
		source_download \
			"$site/pool/main/${PIN_PACKAGE:0:1}/$PIN_PACKAGE/${PIN_PACKAGE}_$(debian_version).orig.tar.xz" \
			"$1" && return
	done < <(debian_mirrors)
	return 1
}

# debian_mirrors: the base addresses of the Debian archives in apt's configuration.
debian_mirrors() {
	apt-get indextargets --format '$(ORIGIN) $(SITE)' 'Created-By: Packages' 2>/dev/null |
		sed -n 's/^Debian \(.*[^/]\)\/*$/\1/p' | sort -u | grep -v -- '-security$' || true
}

# source_from_debian FILE: Debian's source package of a newer release, through package lists of our
# own, so that the machine's apt stays as it is. apt verifies the archive's signature.
source_from_debian() {
	local site suite state=$CACHE/src/.apt keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	[[ -f $keyring ]] || return 1
	while read -r site; do
		for suite in trixie forky sid; do
			rm -rf -- "$state"
			mkdir -p -- "$state"/{lists/partial,cache/archives/partial,get}
			printf 'deb-src [signed-by=%s] %s %s main\n' "$keyring" "$site" "$suite" >"$state/sources.list"
			local -a options=(-o "Dir::Etc::SourceList=$state/sources.list" -o Dir::Etc::SourceParts=-
				-o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state/cache"
				-o APT::Sandbox::User=root)
			run_logged source 0 - "looking for $PIN_PACKAGE $PIN_VERSION in Debian $suite" -- \
				apt-get "${options[@]}" update || continue
			apt-get "${options[@]}" source --print-uris "$PIN_PACKAGE" 2>/dev/null |
				grep -qF "_$(debian_version).orig.tar.xz" || continue
			run_logged source 0 - "fetching $PIN_PACKAGE from Debian $suite" -- \
				env -C "$state/get" apt-get "${options[@]}" source --download-only "$PIN_PACKAGE" || continue
			local found
			found=$state/get/${PIN_PACKAGE}_$(debian_version).orig.tar.xz
			if [[ -f $found ]] && tarball_is_pinned "$found"; then
				mv -- "$found" "$1"
				rm -rf -- "$state"
				return
			fi
		done
	done < <(debian_mirrors)
	rm -rf -- "$state"
	return 1
}
