# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For tests of the settings file. No variables set the same options, because variables override the settings file.

# shellcheck source=SCRIPTDIR/e2e.bash
source "${BASH_SOURCE[0]%/*}/e2e.bash"

eval "e2e_$(declare -f setup)"
eval "e2e_$(declare -f teardown)"

declare -ga STARTED=() # process ids that teardown ends

setup() {
	# These tests do not depend on when workers learn of a change, so a short time saves waiting.
	GATEWAY_READ_TIMEOUT=100ms e2e_setup
	unset SWK_DYUPS
	export -n SWK_CONF # helper functions use it, but swk-apply must not see it
	export SWK_CONFIG="$E2E_DIR/swk.json"
	settings '{}'
}

teardown() {
	[[ -n "${BATS_TEST_COMPLETED:-}" ]] || { printf '%s\n' '--- settings' && cat "$SWK_CONFIG"; }
	((${#STARTED[@]} == 0)) || kill "${STARTED[@]}" 2>/dev/null || true
	e2e_teardown
}

# settings JSON [FILE] - atomically writes the settings file: JSON, and the settings that every test needs.
settings() {
	jq -n --arg conf "$SWK_CONF" --arg url "$GATEWAY_DYUPS" --argjson more "$1" \
		'{conf: $conf, targets: [{url: $url}], read_interval: 0} + $more' >"$E2E_DIR/settings.new" &&
		mv "$E2E_DIR/settings.new" "${2:-$SWK_CONFIG}"
}

# server_line NAME BACKEND - prints the backend's line in the conf file.
server_line() {
	awk -v name="$1" -v address="127.0.0.1:${BACKEND_PORT[$2]}" '$1 == "upstream" { in_it = $2 == name }
		in_it && $2 == address' "$SWK_CONF"
}

# live_server NAME BACKEND - prints the backend's line in /detail.
live_server() {
	gateway_detail | awk -v name="$1" -v address="127.0.0.1:${BACKEND_PORT[$2]}" '/^$/ { name_is = ""; next }
		name_is == "" { name_is = $1; next } name_is == name && $2 == address'
}

# handler_ended STATUS [TIMES] - whether the agent logged this exit status of a handler, at least that many times.
handler_ended() {
	(($(grep -c "Failed to run watch handler.*exit status $1\"" "$CONSUL_DIR/consul.log") >= ${2:-1}))
}

# requests_made - prints how many requests an agent has answered that logs at the level debug. The test's own are among them, this one not
# yet.
requests_made() {
	grep -c 'agent.http: Request finished' "$CONSUL_DIR/consul.log"
}

# asked BACKEND - prints how many requests the backend has received.
asked() {
	wc -l <"$_BACKEND_DIR/$1.log"
}

# Prints the contents and metadata of the files, and the live state, for comparison.
state_of_all() {
	(cd "${SWK_CONF%/*}" && stat -c '%n %i %s %y %z' -- * && md5sum -- *)
	gateway_workers_detail | sed "s/^==.*/==/" # the order of the workers varies
}
