# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A command for targets of the kind `command`. It keeps the servers of each upstream in a file.

# shellcheck source=SCRIPTDIR/common.bash
source "${BASH_SOURCE[0]%/*}/common.bash"

# command_make DIR - makes the command, DIR/command. It has no upstream yet.
#
#	DIR/has		a JSON object: the servers of each upstream, as swk-apply gave them
#	DIR/starts	a line for each start
#	DIR/first	shell commands that it runs before it takes the change over, if the file exists
command_make() {
	mkdir -p "$1" || return 1
	echo '{}' >"$1/has"
	: >"$1/starts"
	cat >"$1/command" <<-END
		#!/bin/bash
		set -e
		cd '$1'
		echo started >>starts
		cat >"change.\$\$"
		[ ! -e first ] || . ./first
		'$_JQ' -n '[inputs] | .[0] + (.[1].upstreams | map({(.name): .after}) | add) | del(.[] | nulls)' \
			has "change.\$\$" >"has.\$\$"
		mv "has.\$\$" has
	END
	chmod +x "$1/command"
}

# command_first DIR [COMMAND] - from now on the command first runs this, or nothing more.
command_first() {
	if (($# > 1)); then
		echo "$2" >"$1/first.new" && mv "$1/first.new" "$1/first"
	else
		rm -f "$1/first"
	fi
}

# command_has DIR - prints a line for each server: UPSTREAM ADDRESS WEIGHT BACKUP DOWN, the last two 0 or 1.
command_has() {
	jq -r 'to_entries[] | .key as $name | .value[] |
		"\($name) \(.address) \(.weight) \(if .backup then 1 else 0 end) \(if .down then 1 else 0 end)"' "$1/has"
}
