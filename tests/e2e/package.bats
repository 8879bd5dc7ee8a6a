#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The Debian package, built once from what is committed, as by `make dist`. tests/soak/package.bats installs it.

bats_require_minimum_version 1.5.0 # `run -STATUS`

ROOT="$(cd "$BATS_TEST_DIRNAME/../.." && pwd)"

# Builds in its own folder, to keep a package that was built by hand. nocheck, because other tests run the unit tests.
setup_file() {
	unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL
	export PACKAGE_BUILD="$BATS_FILE_TMPDIR/build" PACKAGE_ROOT="$BATS_FILE_TMPDIR/root"
	DEB_BUILD_OPTIONS=nocheck make -s -C "$ROOT" BUILD="$PACKAGE_BUILD" deb >"$BATS_FILE_TMPDIR/log" 2>&1 || {
		cat "$BATS_FILE_TMPDIR/log"
		return 1
	}
	dpkg-deb -R "$PACKAGE_BUILD"/swallowkeeper_*.deb "$PACKAGE_ROOT"
}

setup() {
	cd "$ROOT" || return 1
}

field() {
	dpkg-deb -f "$PACKAGE_BUILD"/swallowkeeper_*.deb "$1"
}

@test "make deb names the package that it made" {
	grep -qxF "The package: $(ls "$PACKAGE_BUILD"/swallowkeeper_*.deb)" "$BATS_FILE_TMPDIR/log"
}

@test "lintian has no error and no warning" {
	lintian --allow-root --fail-on error,warning "$PACKAGE_BUILD"/deb/*.changes
}

@test "the package has programs, manuals, units and examples in Debian's folders" {
	(
		printf '%s\n' usr/sbin/swk usr/sbin/swk-apply
		find man -name '*.[1-9]' -printf '%f\n' | sed -E 's,.*\.(.)$,usr/share/man/man\1/&.gz,'
		printf 'usr/share/doc/swallowkeeper/%s\n' README.Debian.gz README.md SECURITY.md changelog.Debian.gz \
			changelog.gz copyright
		git ls-tree -r --name-only HEAD docs | sed 's,^,usr/share/doc/swallowkeeper/,'
		git ls-tree -r --name-only HEAD consul.d contrib |
			sed -n -e '/^contrib\/\(debian\|completion\)\/\|\.\(service\|timer\|path\)$/!s,^,usr/share/doc/swallowkeeper/examples/,p'
		git ls-tree -r --name-only HEAD contrib/completion |
			sed -n -e 's,.*/swk\.bash$,usr/share/bash-completion/completions/swk,p' \
				-e 's,.*/_swk$,usr/share/zsh/vendor-completions/_swk,p'
		[ -z "$(git ls-tree HEAD contrib/completion/swk.bash)" ] || echo usr/share/bash-completion/completions/swk-apply
		echo usr/share/lintian/overrides/swallowkeeper
		# Below /lib or /usr/lib, depending on Debian's release.
		units=$(cd "$PACKAGE_ROOT" && find . -path '*/systemd/system' -printf '%P\n')
		git ls-tree -r --name-only HEAD contrib/systemd | sed -n "s,.*/\(.*\.\(service\|timer\|path\)\)\$,$units/\1,p"
	) | LC_ALL=C sort >"$BATS_TEST_TMPDIR/expected"
	diff "$BATS_TEST_TMPDIR/expected" <(cd "$PACKAGE_ROOT" && find . -path ./DEBIAN -prune -o ! -type d -printf '%P\n' | LC_ALL=C sort)
	[ -z "$(find "$PACKAGE_ROOT/usr" -type f -perm /022)" ]
}

@test "the links in its pages lead to files" {
	local page link

	while read -r page; do
		while read -r link; do
			[[ "$link" == /* ]] && link=$PACKAGE_ROOT$link || link=${page%/*}/$link
			[ -e "$link" ] || { echo "$page: $link" && return 1; }
		done < <(grep -oE '\]\([^) #]+' "$page" | sed 's/^](//' | grep -v '^https\?:')
	done < <(find "$PACKAGE_ROOT/usr/share/doc" -name '*.md' ! -path '*/examples/*')
}

@test "the package depends on the libcurl that the programs load at run time" {
	soname=$(grep -aoE 'libcurl[a-z-]*\.so\.[0-9]+' "$PACKAGE_ROOT/usr/sbin/swk-apply" | sort -u)
	[ -n "$soname" ]
	[ "$(grep -aoE 'libcurl[a-z-]*\.so\.[0-9]+' "$PACKAGE_ROOT/usr/sbin/swk" | sort -u)" == "$soname" ]
	package=$(dpkg -S "*/$soname" | sed 's/[:,].*//' | sort -u)
	[[ ", $(field Depends)," == *", $package (>= 7.85),"* ]]
	[[ "$(field Depends)" == *libjansson4*libc6* || "$(field Depends)" == *libc6*libjansson4* ]]
}

@test "the programs are built with Debian's flags and with the Makefile's" {
	grep -q -- ' -ffile-prefix-map=' "$BATS_FILE_TMPDIR/log"
	tests/lint/hardened "$PACKAGE_ROOT/usr/sbin/swk"
	tests/lint/hardened "$PACKAGE_ROOT/usr/sbin/swk-apply"
}

@test "the package starts and enables nothing, and README.Debian makes the folder that the unit needs" {
	run ! grep -E 'deb-systemd-invoke|debconf|useradd|adduser|chown' "$PACKAGE_ROOT/DEBIAN/postinst"
	[ ! -e "$PACKAGE_ROOT/DEBIAN/config" ]
	# All instances of a template.
	for unit in contrib/systemd/*; do
		unit=${unit##*/}
		grep -A 1 -F 'deb-systemd-invoke stop ' "$PACKAGE_ROOT/DEBIAN/prerm" | grep -F -- "${unit/@./@*.}"
	done
	[ ! -e "$PACKAGE_ROOT/DEBIAN/conffiles" ]
	unit=$(find "$PACKAGE_ROOT" -name swk-apply.service)
	program=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$unit")
	[ -x "$PACKAGE_ROOT$program" ]
	# An agent starts the same program, whatever its PATH is.
	[ "$(grep -cF "args         = [\"$program\"]" "$PACKAGE_ROOT/usr/share/doc/swallowkeeper/examples/consul.d/swk-apply.hcl")" == 2 ]
	# README.Debian makes the folder that the unit writes to, for the user of the unit.
	folder=$(sed -n 's/^ReadWritePaths=//p' "$unit")
	user=$(sed -n 's/^User=//p' "$unit")
	zgrep -x "    install -d -o $user -g $user -m 755 $folder" "$PACKAGE_ROOT/usr/share/doc/swallowkeeper/README.Debian.gz"
}

@test "the package has the program's version, and the news of that version" {
	version=$("$PACKAGE_ROOT/usr/sbin/swk-apply" --version)
	[ "$(field Version)" == "${version#swk-apply }-1" ]
	zcat "$PACKAGE_ROOT/usr/share/doc/swallowkeeper/changelog.gz" | cmp - <(git show HEAD:NEWS.md)
	grep -q "^## ${version#swk-apply }\$" NEWS.md
	[ "$(dpkg-parsechangelog -l "$PACKAGE_BUILD"/deb/*/debian/changelog -S Timestamp)" == "$(git log -1 --format=%ct)" ]
}
