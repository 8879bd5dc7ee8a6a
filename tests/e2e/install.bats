#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What `make install` installs, that `make uninstall` removes it, and what `make dist` packs.
# shellcheck disable=SC2154 # bats sets stderr_lines

bats_require_minimum_version 1.5.0 # `run -STATUS`

ROOT="$(cd "$BATS_TEST_DIRNAME/../.." && pwd)"

setup() {
	# These variables may come from a `make` that started the tests.
	unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL DESTDIR PREFIX BUILD CFLAGS
	cd "$ROOT" || return 1
	tree="$BATS_TEST_TMPDIR/a tree"
	mkdir "$tree"
}

# in_tree - prints every file of the tree as "MODE PATH".
in_tree() {
	(cd "$tree" && find . -type f -printf '%m %P\n' | LC_ALL=C sort -k 2)
}

# examples FOLDER - prints the files of consul.d and contrib that are installed as examples.
examples() {
	find consul.d contrib -type f ! -path 'contrib/debian/*' ! -path 'contrib/systemd/*' ! -path 'contrib/completion/*' \
		-printf "644 $1/%p\n"
}

manuals() {
	find man -name '*.[1-9]' -printf '%f\n' | sed -E "s,.*\.(.)$,644 $1/man\1/&,"
}

completions() {
	local name

	for name in swk swk-apply; do
		[ ! -e contrib/completion/swk.bash ] || echo "644 $1/$name"
	done
	[ ! -e contrib/completion/_swk ] || echo "644 $2/_swk"
}

@test "with PREFIX alone, install puts every file below it, including all manuals" {
	make -s install DESTDIR="$tree" PREFIX=/opt/swk
	(
		echo '755 opt/swk/sbin/swk'
		echo '755 opt/swk/sbin/swk-apply'
		find contrib/systemd -type f -printf '644 opt/swk/lib/systemd/system/%f\n'
		manuals opt/swk/share/man
		printf '644 opt/swk/share/doc/swallowkeeper/%s\n' LICENSE NEWS.md README.md SECURITY.md docs/*
		examples opt/swk/share/doc/swallowkeeper/examples
		completions opt/swk/share/bash-completion/completions opt/swk/share/zsh/site-functions
	) | LC_ALL=C sort -k 2 >"$BATS_TEST_TMPDIR/expected"
	diff "$BATS_TEST_TMPDIR/expected" <(in_tree)
	cmp build/swk-apply "$tree/opt/swk/sbin/swk-apply"
}

# links_lead_to_files - whether each link of an installed page leads to an existing file.
links_lead_to_files() {
	local page link wrong=''

	while read -r page; do
		while read -r link; do
			if [[ "$link" == /* ]]; then
				[[ -e "$tree$link" ]] || wrong+="$page: $link"$'\n'
			else
				[[ -e "${page%/*}/$link" ]] || wrong+="$page: $link"$'\n'
			fi
		done < <(grep -oE '\]\([^) #]+' "$page" | sed 's/^](//' | grep -v '^https\?:')
	done < <(find "$tree" -path '*/doc/*' -name '*.md' ! -path '*/examples/*')
	echo "$wrong"
	[ -z "$wrong" ]
}

@test "systemd accepts the installed units" {
	make -s install DESTDIR="$tree"
	# It looks for the programs, which are not installed.
	cp "$tree"/usr/local/lib/systemd/system/* "$BATS_TEST_TMPDIR"
	sed -i "s,/usr/local/sbin,$PWD/build," "$BATS_TEST_TMPDIR"/*.service
	cd "$BATS_TEST_TMPDIR"
	run -0 systemd-analyze verify --man=no swk-apply.service swk-apply.timer swk-watches.service swk-watches.timer \
		swk-reload@nginx.service swk-reload@nginx.path
	[ -z "$output" ]
}

@test "the links of the installed pages lead to installed files" {
	make -s install DESTDIR="$tree"
	links_lead_to_files
	grep -q '](/usr/local/share/man/man8/swk-apply.8)' "$tree/usr/local/share/doc/swallowkeeper/README.md"
}

@test "each directory can be changed, and uninstall removes exactly what install added" {
	local -a where=(DESTDIR="$tree" prefix=/p exec_prefix=/e sysconfdir=/s datarootdir=/r mandir=/m docdir=/d/ours
		systemdsystemunitdir=/u zshcompletiondir=/z)
	mkdir -p "$tree/m/man8" "$tree/d/ours/examples/consul.d" "$tree/u"
	echo theirs | tee "$tree/m/man8/swk-other.8" "$tree/d/ours/examples/consul.d/mine.hcl" >"$tree/u/other.service"
	in_tree >"$BATS_TEST_TMPDIR/before"

	make -s install "${where[@]}"
	(
		cat "$BATS_TEST_TMPDIR/before"
		echo '755 e/sbin/swk'
		echo '755 e/sbin/swk-apply'
		find contrib/systemd -type f -printf '644 u/%f\n'
		manuals m
		printf '644 d/ours/%s\n' LICENSE NEWS.md README.md SECURITY.md docs/*
		examples d/ours/examples
		completions r/bash-completion/completions z
	) | LC_ALL=C sort -k 2 >"$BATS_TEST_TMPDIR/expected"
	diff "$BATS_TEST_TMPDIR/expected" <(in_tree)

	# The paths inside the installed files are right.
	grep -x 'ExecStart=/e/sbin/swk-apply --resync --quiet .*' "$tree/u/swk-apply.service"
	grep -x 'EnvironmentFile=-/s/default/swk-apply' "$tree/u/swk-apply.service"
	grep -x 'PATH=/e/sbin:.*' "$tree/d/ours/examples/contrib/cron/swk-apply"
	[ "$(cat "$tree/d/ours/examples/consul.d"/* | grep -cF '["/e/sbin/swk-apply"')" == 5 ]
	grep -F '/s/swallowkeeper/swk.json' "$tree/m/man8/swk-apply.8"
	grep -F '/d/ours/examples' "$tree/m/man8/swk-apply.8"
	run ! grep -rE '/usr/local/(sbin|share/doc)|/etc/(swallowkeeper|default/swk-apply)' "$tree"/[murz] "$tree/d"

	make -s uninstall "${where[@]}"
	diff "$BATS_TEST_TMPDIR/before" <(in_tree)
	[ "$(cd "$tree/d" && find . -type d | LC_ALL=C sort | tr '\n' ' ')" == '. ./ours ./ours/examples ./ours/examples/consul.d ' ]
}

@test "uninstall leaves no folder with our name, and also succeeds without an installation" {
	make -s install DESTDIR="$tree"
	make -s uninstall DESTDIR="$tree"
	[ -z "$(in_tree)" ]
	[ -z "$(find "$tree" -name '*sw*k*')" ]
	make -s uninstall DESTDIR="$tree"
}

@test "install-strip removes symbols, and the programs start" {
	make -s install-strip DESTDIR="$tree" prefix=/usr
	[ "$(stat -c %s "$tree/usr/sbin/swk-apply")" -lt "$(stat -c %s build/swk-apply)" ]
	[ "$("$tree/usr/sbin/swk-apply" --version)" == "$(build/swk-apply --version)" ]
	"$tree/usr/sbin/swk" --help
}

@test "make install uses INSTALL, INSTALL_PROGRAM and INSTALL_DATA" {
	# shellcheck disable=SC2016 # the script expands it
	printf '%s\n' '#!/bin/sh' 'echo "$*" >>"$INSTALL_LOG"' 'exec install "$@"' >"$BATS_TEST_TMPDIR/own"
	chmod 755 "$BATS_TEST_TMPDIR/own"
	export INSTALL_LOG="$BATS_TEST_TMPDIR/log"

	make -s install DESTDIR="$tree" INSTALL="$BATS_TEST_TMPDIR/own"
	[ "$(grep -c -- '-m 644 .*\.8$' "$INSTALL_LOG")" == "$(find man -name '*.8' | wc -l)" ]
	grep -- 'swk-apply build/swk .*/sbin$' "$INSTALL_LOG"

	make -s install DESTDIR="$tree" INSTALL_PROGRAM='install -m 700' INSTALL_DATA='install -m 600'
	[ "$(in_tree | cut -d ' ' -f 1 | sort | uniq -c | sort -n | awk '{ print $2 }' | tr '\n' ' ')" == '700 600 ' ]
	[ "$(stat -c %a "$tree/usr/local/sbin/swk")" == 700 ]
}

@test "make dist gives the same bytes for the same commit in any environment, and its sources build without git" {
	make -s dist BUILD="$BATS_TEST_TMPDIR/one"
	git clone -q "$ROOT" "$BATS_TEST_TMPDIR/clone"
	(
		cd "$BATS_TEST_TMPDIR/clone"
		git checkout -q --detach "$(git -C "$ROOT" rev-parse HEAD)"
		umask 077
		TZ=Asia/Tokyo LC_ALL=C make -s dist BUILD="$BATS_TEST_TMPDIR/two"
	)
	version=$(build/swk-apply --version)
	name=swallowkeeper-${version#swk-apply }
	cmp "$BATS_TEST_TMPDIR/one/$name.tar.gz" "$BATS_TEST_TMPDIR/two/$name.tar.gz"

	# It contains all committed files, in one folder.
	diff <(git ls-tree -r --name-only HEAD | sed "s|^|$name/|" | LC_ALL=C sort) \
		<(tar -tzf "$BATS_TEST_TMPDIR/one/$name.tar.gz" | grep -v '/$' | LC_ALL=C sort)

	tar -xzf "$BATS_TEST_TMPDIR/one/$name.tar.gz" -C "$tree"
	mv "$tree/$name" "$BATS_TEST_TMPDIR/sources"
	cd "$BATS_TEST_TMPDIR/sources"
	export GIT_DIR=/dev/null
	run -2 --separate-stderr make -s dist
	[[ "${stderr_lines[0]}" == 'make dist and make deb pack the current commit: run them in a git clone' ]]
	make -s -j2 CFLAGS=-O1 sysconfdir="$BATS_TEST_TMPDIR/etc"
	[ "$(build/swk-apply --version)" == "$version" ]
	# The program reads its settings below sysconfdir.
	mkdir -p "$BATS_TEST_TMPDIR/etc/swallowkeeper"
	echo '{"nonsense": 1}' >"$BATS_TEST_TMPDIR/etc/swallowkeeper/swk.json"
	run -78 env -u SWK_CONFIG build/swk check-config
	[[ "$output" == *"$BATS_TEST_TMPDIR/etc/swallowkeeper/swk.json"*nonsense* ]]
}
