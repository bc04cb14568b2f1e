# shellcheck shell=bash
# Rust, for packages that are written in it.
#
#   rust/VERSION-HASH/   usr/        Debian's rustc, cargo and library source, unpacked and not installed:
#                                    they conflict with a rustc that the machine may have
#                        bin/        rustc and cargo, as they are to be called
#                        sysroot/    the standard library, compiled with ThreadSanitizer: what the locks
#                                    of the one that comes with rustc order would not be seen
#   cargo/               CARGO_HOME: crates that were fetched; reports show their lines
#
# A package built by maturin or setuptools-rust takes all of that from the environment (rust_variables).

# The compiler must be of the LLVM that clang's runtime is of: Debian builds both with one library.
readonly -a RUST_PACKAGES=(rustc-web cargo-web libstd-rust-web-dev rust-web-src)
readonly RUST_TARGET=x86_64-unknown-linux-gnu
# -Cno-vectorize-slp: see PACKAGE_CFLAGS.
readonly RUST_FLAGS="-Zsanitizer=thread -Cforce-frame-pointers=yes -Cno-vectorize-slp -Cdebuginfo=1 -Cstrip=none"
readonly RUST_RECIPE=1

# rust_wanted SOURCE: does it have to be built with Rust?
rust_wanted() {
	grep -qsE "^[^#]*[\"' ](maturin|setuptools[-_]rust)\b" "$1/pyproject.toml" "$1/setup.py" &&
		[[ $(find "$1" -maxdepth 4 -name Cargo.toml -print -quit) ]]
}

# rust_make: fetches and builds it if need be; sets RUST, its folder.
rust_make() {
	local version name advice
	version=$(apt-cache policy "${RUST_PACKAGES[0]}" 2>/dev/null | sed -n 's/^ *Candidate: *//p') || true
	if [[ -z $version || $version == "(none)" ]]; then
		advice="apt-get update, where apt's sources have Debian 12's security updates, or later."
		fail "$REQUIREMENT is written in Rust, and apt knows no ${RUST_PACKAGES[0]}." "$advice"
	fi
	name=${version//[^A-Za-z0-9.]/-}-$(printf '%s\n' "$RUST_RECIPE" "$RUST_FLAGS" "$version" | hash_text)
	local log=$LOG_FILE lock=${LOCK_FD:-} # of the package that is being built
	artefact_make rust "$name" rust_build
	LOG_FILE=$log LOCK_FD=$lock
	RUST=$CACHE/rust/$name
	cache_touch "rust/$name"
}

rust_build() {
	run_logged rust 0 - "fetching Rust (for $REQUIREMENT)" -- rust_unpack "$1" ||
		fail "Debian's packages of Rust could not be fetched." "$(advice_from_log "$1" "apt-get update, then the same command again.")"
	run_logged rust 0 - "compiling Rust's standard library with ThreadSanitizer" -- rust_sysroot "$1" "$2" ||
		fail "Rust's standard library could not be compiled with ThreadSanitizer." \
			"$(advice_from_log "$1" "look for the first \"error\" in the log.")"
}

# rust_unpack BUILDING: the packages, and of those that they need what the machine has not.
rust_unpack() {
	local -a names
	local name file
	mkdir -- "$1/debs" "$1/bin"
	mapfile -t names < <({
		printf '%s\n' "${RUST_PACKAGES[@]}"
		apt-get install -s --no-install-recommends "${RUST_PACKAGES[@]}" | awk '/^Inst / { print $2 }'
	} | sort -u)
	(cd -- "$1/debs" && apt-get -o APT::Sandbox::User=root download "${names[@]}") || return
	for file in "$1"/debs/*.deb; do
		dpkg-deb -x "$file" "$1" || return
	done
	# Half of the size is the compiler's own source, LLVM's with it.
	rm -rf -- "${1:?}"/{debs,usr/share,usr/lib/rustlib/src/rust/{compiler,src}}
	for name in rustc cargo; do
		cat >"$1/bin/$name" <<-'EOF' || return
			#!/bin/sh
			here=$(dirname "$(dirname "$(readlink -f "$0")")")
			LD_LIBRARY_PATH=$here/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
			export LD_LIBRARY_PATH
			exec "$here/usr/bin/${0##*/}" "$@"
		EOF
		chmod +x "$1/bin/$name"
	done
}

# rust_sysroot BUILDING FINAL: from the library's source and the crates that lie beside it: no network.
rust_sysroot() {
	local work=$1/work lib=$1/sysroot/lib/rustlib/$RUST_TARGET/lib
	local vendor
	vendor=$("$1/bin/rustc" --print sysroot)/lib/rustlib/src/rust/library/vendor
	[[ -d $vendor ]] || return
	mkdir -p -- "$work/src" "$lib"
	printf '[package]\nname = "for_std"\nversion = "0.0.0"\nedition = "2021"\n[profile.release]\ndebug = 1\n' \
		>"$work/Cargo.toml"
	: >"$work/src/lib.rs"
	(
		cd -- "$work" || exit
		env -u RUSTC_WRAPPER -u CARGO_BUILD_TARGET PATH="$1/bin:$PATH" CARGO_HOME="$work/home" RUSTC_BOOTSTRAP=1 \
			RUSTFLAGS="$RUST_FLAGS --remap-path-prefix=$1=$2" \
			cargo build --release --offline --jobs "$JOBS" --target "$RUST_TARGET" \
			-Zbuild-std=std,panic_unwind,panic_abort \
			--config 'source.crates-io.replace-with="std"' --config "source.std.directory=\"$vendor\""
	) || return
	cp -- "$work/target/$RUST_TARGET/release/deps/"*.{rlib,rmeta} "$lib" || return
	rm -rf -- "$work" "$lib"/libfor_std*
}

# rust_variables: sets RUST_ENV, what a build with ThreadSanitizer has in its environment, and
# RUST_PLAIN_ENV, what one without has. Profiles that link all into one or strip lose lines.
rust_variables() {
	RUST_PLAIN_ENV=("PATH=$RUST/bin:$PATH" "CARGO_HOME=$CACHE/cargo" "RUSTC=$RUST/bin/rustc" "CARGO=$RUST/bin/cargo"
		"CARGO_BUILD_JOBS=$JOBS")
	# shellcheck disable=SC2034 # packages.sh has it
	RUST_ENV=("${RUST_PLAIN_ENV[@]}" "CARGO_BUILD_TARGET=$RUST_TARGET" "RUSTC_WRAPPER=$TOOLCHAIN/lib/rustc-tsan"
		"FTSTRESS_RUST_FLAGS=$RUST_FLAGS --sysroot $RUST/sysroot --remap-path-prefix=$PACKAGE_BUILDING=$PACKAGE_FINAL"
		CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_STRIP=none CARGO_PROFILE_RELEASE_DEBUG=1
		CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16)
}

# rust_tidy SOURCE: cargo's results are ten times as large as what is made of them.
rust_tidy() {
	local folder
	while IFS= read -r folder; do
		rm -rf -- "${folder%/CACHEDIR.TAG}"
	done < <(find "$1" -path '*/target/CACHEDIR.TAG')
}
