#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The examples in README are real.

bats_require_minimum_version 1.5.0 # `run -STATUS`

@test "the session in README, run again, gives the same output" {
	local root="$BATS_TEST_DIRNAME/../.."

	sed -n '/^<!-- session -->$/,/^<!-- session end -->$/p' "$root/README.md" | sed '/^<!--/d; /^```/d' >"$BATS_TEST_TMPDIR/shown"
	[ -s "$BATS_TEST_TMPDIR/shown" ]
	"$root/tests/demo/session" >"$BATS_TEST_TMPDIR/said" 3>&-
	# If a difference is intended: tests/demo/session --write
	diff "$BATS_TEST_TMPDIR/shown" "$BATS_TEST_TMPDIR/said"
}

@test "the quick start of README serves the first service" {
	local root="$BATS_TEST_DIRNAME/../.."

	run -0 --separate-stderr "$root/tests/demo/quick-start" 3>&-
	[ "${lines[0]}" == '/etc/swallowkeeper/swk.json: ok' ]
	sed -n '/^<!-- first service -->$/,/^<!-- first service end -->$/p' "$root/README.md" | grep -v '^[<`$]' >"$BATS_TEST_TMPDIR/shown"
	[ "${lines[1]}" == "$(cat "$BATS_TEST_TMPDIR/shown")" ]
	grep -q '^web  *1  *1  in step$' <<<"$output"
}

# without_other_sets SET - prints a PATH that lacks the programs of all packages in tests/setup that are not for this set.
without_other_sets() {
	local tools="$BATS_TEST_TMPDIR/tools-$1" folder package

	mkdir "$tools"
	for folder in ${PATH//:/ }; do
		ln -s "$folder"/* "$tools" 2>/dev/null || true # the first folder that has a program wins
	done
	while read -r package; do
		dpkg -L "$package" 2>/dev/null | sed -n 's,.*/s\?bin/,,p' | (cd "$tools" && xargs -r rm -f)
	done < <(sed -n "/^packages='/,/^'/p" "$BATS_TEST_DIRNAME/../setup" | awk -v set="$1" 'NF == 2 && "," $1 "," !~ "," set "," { print $2 }')
	echo "$tools"
}

@test "in make demo no request fails with any proxy, and the last line names the next step" {
	local target tools

	tools=$(without_other_sets demo)
	for target in dyups file haproxy; do
		run -0 --separate-stderr env PATH="$tools" "$BATS_TEST_DIRNAME/../demo/demo" "$target" 3>&-
		[ -z "$stderr" ]
		[[ "$output" =~ ([0-9]+)" requests sent, 0 failed. Nothing is left running." ]]
		((BASH_REMATCH[1] > 50))
		[[ "${lines[-1]}" == 'Next: '* ]]
	done
	run -64 "$BATS_TEST_DIRNAME/../demo/demo" upsync
}

@test "a demo that is stopped leaves no process and no folder" {
	local demo url folder status=0

	"$BATS_TEST_DIRNAME/../demo/demo" >"$BATS_TEST_TMPDIR/out" 3>&- &
	demo=$!
	until grep -q 'requests.* sent' "$BATS_TEST_TMPDIR/out"; do
		kill -0 "$demo"
		sleep 0.1
	done
	url=$(sed -n 's/^ *nginx *\(http[^,]*\),.*/\1/p' "$BATS_TEST_TMPDIR/out")
	folder=$(sed -n 's,^ *file *\(/.*\)/gateway/conf/.*,\1,p' "$BATS_TEST_TMPDIR/out")
	[ -d "$folder" ]
	kill "$demo"
	wait "$demo" || status=$?
	[ "$status" -eq 143 ]
	run -1 pgrep -af "^curl .*$url/"
	run -1 pgrep -af "$folder"
	[ ! -e "$folder" ]
}

# anchors PAGE - prints the anchors of the page's headings.
anchors() {
	sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g; s/^/#/'
}

@test "the links in all pages lead to existing files and headings" {
	local page link path wrong=''

	cd "$BATS_TEST_DIRNAME/../.."
	for page in *.md docs/*.md src/README.md tests/README.md tests/*/README.md consul.d/README.md; do
		while read -r link; do
			path=$page
			if [[ "$link" != '#'* ]]; then
				path=./$page
				path=${path%/*}/${link%%#*}
			fi
			[[ -e "$path" ]] || wrong+="$page: $link"$'\n'
			[[ "$link" != *'#'* ]] || grep -qxF -- "#${link#*#}" < <(anchors "$path") || wrong+="$page: $link"$'\n'
		done < <(grep -oE '\]\([^) ]+\)' "$page" | sed 's/^](//; s/)$//' | grep -v '^https\?:')
	done
	echo "$wrong"
	[ -z "$wrong" ]
}

@test "tests/setup without root and sudo lists what is missing, and names the command for root" {
	local tools="$BATS_TEST_TMPDIR/tools" tool

	mkdir "$tools"
	for tool in bash dirname grep tr; do
		ln -s "$(command -v "$tool")" "$tools/$tool"
	done
	printf '#!/bin/sh\necho 1000\n' >"$tools/id"
	printf '#!/bin/sh\n' >"$tools/dpkg-query" # nothing is installed
	chmod +x "$tools/id" "$tools/dpkg-query"
	run -1 env -i PATH="$tools" bash "$BATS_TEST_DIRNAME/../setup" build
	[ "$output" == 'tests/setup: these packages are missing: build-essential libjansson-dev libcurl4-openssl-dev pkgconf; '\
'there is no sudo here, so run as root: tests/setup build' ]
}

@test "docs/setup.md names each tested version of Consul, and where to get an agent and an nginx with dyups" {
	local root="$BATS_TEST_DIRNAME/../.." folder needs versions=0

	needs=$(sed -n '/^## What you need$/,/^## The conf file/p' "$root/docs/setup.md")
	for folder in "$root"/tests/fixtures/consul-*; do
		grep -q "a Consul agent.* tested with .*\b${folder##*-}\b.*](https://" <<<"$needs"
		versions=$((versions + 1))
	done
	((versions > 0))
	grep -q 'nginx with dyups.*Tengine\](https://.*module\](https://' <<<"$needs"
}
