# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For tests of output on a terminal. Terminals end with the test.

# shellcheck source=SCRIPTDIR/settings.bash
source "${BASH_SOURCE[0]%/*}/settings.bash"

eval "settings_$(declare -f teardown)"

teardown() {
	local each

	for each in "$E2E_DIR"/terminal-*; do
		[[ ! -S "$each" ]] || tmux -S "$each" kill-server
	done
	settings_teardown
}

# on_terminal COLUMNSxROWS [NAME=VALUE]... -- COMMAND - runs the command on a new terminal; $screen is its tmux socket.
on_terminal() {
	local columns="${1%x*}" rows="${1#*x}"
	local -a environment=()

	shift
	while [[ "$1" != -- ]]; do
		environment+=("$1")
		shift
	done
	screen=$(mktemp -u "$E2E_DIR/terminal-XXXXXX")
	# The terminal stays open, so that its last contents can be checked.
	TERM=xterm tmux -S "$screen" -f /dev/null new-session -d -x "$columns" -y "$rows" \
		env "${environment[@]}" bash --norc --noprofile -c "PS1=; $2; echo \"ended \$?\"; exec cat" 3>&-
}

# shown - prints the screen with its colours.
shown() {
	tmux -S "$screen" capture-pane -p -e
}

# plain - prints the screen without colours.
plain() {
	shown | sed $'s/\033\\[[0-9;]*m//g'
}

shows() {
	shown | grep -q -- "$1"
}

shows_not() {
	! shows "$1"
}

# sees TEXT - waits until the screen shows the text.
sees() {
	wait_until "$E2E_PATIENCE" shows "$1" || { shown && return 1; }
}
