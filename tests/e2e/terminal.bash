# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For tests of what a person sees: terminals, which end with the test.

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

# on_terminal COLUMNSxROWS [NAME=VALUE]... -- COMMAND - a new terminal that runs it; $screen names it to tmux.
on_terminal() {
	local columns="${1%x*}" rows="${1#*x}"
	local -a environment=()

	shift
	while [[ "$1" != -- ]]; do
		environment+=("$1")
		shift
	done
	screen=$(mktemp -u "$E2E_DIR/terminal-XXXXXX")
	# The shell stays, so that what is left of the terminal can be seen.
	TERM=xterm tmux -S "$screen" -f /dev/null new-session -d -x "$columns" -y "$rows" \
		env "${environment[@]}" bash --norc --noprofile -c "PS1=; $2; echo \"ended \$?\"; exec cat" 3>&-
}

# shown - what the screen shows, with its colours.
shown() {
	tmux -S "$screen" capture-pane -p -e
}

# plain - the same without them.
plain() {
	shown | sed $'s/\033\\[[0-9;]*m//g'
}

shows() {
	shown | grep -q -- "$1"
}

shows_not() {
	! shows "$1"
}

# sees TEXT - waits for it.
sees() {
	wait_until "$E2E_PATIENCE" shows "$1" || { shown && return 1; }
}
