# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For tests of the settings file: it alone says where things are, so that nothing of the environment wins over it.

# shellcheck source=SCRIPTDIR/e2e.bash
source "${BASH_SOURCE[0]%/*}/e2e.bash"

eval "e2e_$(declare -f setup)"
eval "e2e_$(declare -f teardown)"

declare -ga STARTED=() # process ids, to be ended with the test

setup() {
	# Nothing here is about when workers hear of a change.
	GATEWAY_READ_TIMEOUT=100ms e2e_setup
	unset SWK_DYUPS
	export -n SWK_CONF # what is shared looks there
	export SWK_CONFIG="$E2E_DIR/swk.json"
	settings '{}'
}

teardown() {
	[[ -n "${BATS_TEST_COMPLETED:-}" ]] || { printf '%s\n' '--- settings' && cat "$SWK_CONFIG"; }
	((${#STARTED[@]} == 0)) || kill "${STARTED[@]}" 2>/dev/null || true
	e2e_teardown
}

# settings JSON [FILE] - puts them in place, in one step, with what every test needs.
settings() {
	jq -n --arg conf "$SWK_CONF" --arg url "$GATEWAY_DYUPS" --argjson more "$1" \
		'{conf: $conf, targets: [{url: $url}], read_interval: 0} + $more' >"$E2E_DIR/settings.new" &&
		mv "$E2E_DIR/settings.new" "${2:-$SWK_CONFIG}"
}

# server_line NAME BACKEND - its line in the conf file, without what is the same for all.
server_line() {
	awk -v name="$1" -v address="127.0.0.1:${BACKEND_PORT[$2]}" '$1 == "upstream" { in_it = $2 == name }
		in_it && $2 == address' "$SWK_CONF"
}

# live_server NAME BACKEND - its line in /detail.
live_server() {
	gateway_detail | awk -v name="$1" -v address="127.0.0.1:${BACKEND_PORT[$2]}" '/^$/ { name_is = ""; next }
		name_is == "" { name_is = $1; next } name_is == name && $2 == address'
}

# handler_ended STATUS [TIMES] - whether the agent logged that handlers of it ended so, as often at least.
handler_ended() {
	(($(grep -c "Failed to run watch handler.*exit status $1\"" "$CONSUL_DIR/consul.log") >= ${2:-1}))
}

# asked BACKEND - how many requests it had so far.
asked() {
	wc -l <"$_BACKEND_DIR/$1.log"
}

# What the files and nginx are, to compare: bytes, times and numbers.
state_of_all() {
	(cd "${SWK_CONF%/*}" && stat -c '%n %i %s %y %z' -- * && md5sum -- *)
	gateway_workers_detail | sed "s/^==.*/==/" # they come in any order
}
