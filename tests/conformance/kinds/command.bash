# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Adapter for targets of the kind `command`: see ../kinds.bash. The "proxy" is what the command keeps in a file.

# shellcheck source=SCRIPTDIR/../../lib/command.bash
source "${BASH_SOURCE[0]%/*}/../../lib/command.bash"

# shellcheck disable=SC2034 # used through their names
declare -ga command_can=(creates deletes attributes) command_breaks=(fails hangs missing)

command_start() {
	command_make "$E2E_DIR/$1"
}

command_restart() {
	:
}

# A command that hangs belongs to a run, which ends it.
command_stop() {
	[[ ! -e "$E2E_DIR/$1/has" ]] || command_mend "$1"
}

command_settings() {
	jq -n --arg name "$1" --arg path "$E2E_DIR/$1/command" '{kind: "command", name: $name, command: [$path], timeout: 2}'
}

command_live() {
	command_has "$E2E_DIR/$1"
}

command_trace() {
	cat "$E2E_DIR/$1/starts"
}

command_break() {
	case $2 in
	missing) mv "$E2E_DIR/$1/command" "$E2E_DIR/$1/command.gone" ;;
	fails) command_first "$E2E_DIR/$1" 'echo no room; exit 3' ;;
	hangs) command_first "$E2E_DIR/$1" 'exec sleep 1000' ;;
	esac
}

command_mend() {
	command_first "$E2E_DIR/$1"
	[[ -e "$E2E_DIR/$1/command" ]] || mv "$E2E_DIR/$1/command.gone" "$E2E_DIR/$1/command"
}

command_derived() {
	echo "$CONF.$1.confirmed"
}
