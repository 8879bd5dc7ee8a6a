#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The Debian package: built twice, and installed on a minimal Debian.

bats_require_minimum_version 1.5.0 # `run -STATUS`

ROOT="$(cd "$BATS_TEST_DIRNAME/../.." && pwd)"

# shellcheck source=SCRIPTDIR/../lib/archive.bash
source "$ROOT/tests/lib/archive.bash"

setup_file() {
	unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL
	make -s -C "$ROOT" BUILD="$BATS_FILE_TMPDIR/build" deb >"$BATS_FILE_TMPDIR/log" 2>&1 || {
		cat "$BATS_FILE_TMPDIR/log"
		return 1
	}
}

setup() {
	cd "$ROOT" || return 1
	unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL
	root="$BATS_TEST_TMPDIR/root"
	deb=$(echo "$BATS_FILE_TMPDIR"/build/swallowkeeper_*.deb)
}

# bare_debian - installs a minimal Debian into $root: this machine's release, from this machine's archive.
bare_debian() {
	local address file key suite
	local -a trust=()

	read -r address file < <(debian_sources)
	key=$(signed_by "$address" "$file" | sed -n 's/^Signed-By: *\(\/[^ ]*\).*/\1/p')
	[ -z "$key" ] || trust=(--keyring="$key")
	# shellcheck source=/dev/null
	suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
	debootstrap --variant=minbase "${trust[@]}" "$suite" "$root" "$address"
	# The name of the archive may be in this file.
	cp /etc/hosts "$root/etc/hosts"
	inside apt-get -q update
}

inside() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root DEBIAN_FRONTEND=noninteractive \
		${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} chroot "$root" "$@"
}

# all_there_is - prints every path and every package, without apt's and dpkg's caches and logs.
all_there_is() {
	(cd "$root" && find . -xdev \( -path ./tmp -o -path ./var/cache -o -path ./var/log -o -path ./var/lib/apt \) -prune -o -print |
		LC_ALL=C sort)
	# shellcheck disable=SC2016 # dpkg-query's own
	inside dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n'
}

@test "a build in another folder, with another umask, language and time zone, gives the same bytes" {
	(
		umask 027
		TZ=Asia/Tokyo LC_ALL=C.UTF-8 DEB_BUILD_OPTIONS=nocheck make -s BUILD="$BATS_TEST_TMPDIR/else/where" deb \
			>"$BATS_TEST_TMPDIR/log" 2>&1 || cat "$BATS_TEST_TMPDIR/log"
	)
	sha256sum "$deb" "$BATS_TEST_TMPDIR"/else/where/swallowkeeper_*.deb
	cmp "$deb" "$BATS_TEST_TMPDIR"/else/where/swallowkeeper_*.deb
}

@test "on a minimal Debian, apt-get installs the package with its dependencies, it works, and a purge leaves nothing" {
	[ "$EUID" == 0 ] || skip 'debootstrap needs root'
	bare_debian
	all_there_is >"$BATS_TEST_TMPDIR/before"
	cp "$deb" tests/fixtures/consul-1.8.7/service-web.json "$root/tmp"

	inside apt-get -q -y --no-install-recommends install "/tmp/${deb##*/}"
	[ "$(inside swk-apply --version)" == "swk-apply $(dpkg-deb -f "$deb" Version | sed 's/-[^-]*$//')" ]
	inside swk --help | grep -q '^  check-config '
	inside swk check-config

	# A document while there is no conf file and no nginx.
	run -0 --separate-stderr inside sh -c 'swk-apply --dry-run --conf /tmp/up.conf --service web </tmp/service-web.json'
	[ "$output" == '+ web: 10.0.0.1:8001 10.0.0.7:8007 127.0.0.1:8005 [2001:db8::4]:8004' ]
	[ ! -e "$root/tmp/up.conf" ]
	# apt-get installed libcurl although no program is linked with it. So the message names Consul, which does not run, and not libcurl.
	run -69 inside swk-apply --resync --dry-run --conf /tmp/up.conf
	[[ "$output" == *"Couldn't connect"* ]]
	[[ "$output" != *"cannot be loaded"* ]]

	inside dpkg -L swallowkeeper | grep '/man/.*\.gz$' >"$BATS_TEST_TMPDIR/manuals"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/manuals")" == "$(find man -name '*.[1-9]' | wc -l)" ]
	while read -r manual; do
		zcat "$root$manual" | mandoc -Tutf8 | grep -q NAME || return 1
	done <"$BATS_TEST_TMPDIR/manuals"

	# The package does not enable the timer. If the operator enabled it, a purge removes that link, too.
	[ -z "$(find "$root/etc/systemd" -name 'swk-apply*')" ]
	unit=$(inside dpkg -L swallowkeeper | grep '/swk-apply\.timer$')
	mkdir -p "$root/etc/systemd/system/timers.target.wants"
	ln -s "$unit" "$root/etc/systemd/system/timers.target.wants/swk-apply.timer"

	inside apt-get -q -y --autoremove purge swallowkeeper
	diff "$BATS_TEST_TMPDIR/before" <(all_there_is)
}
