# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Adapter for targets of the kind `dyups`: see ../kinds.bash. lib/gateway.bash has one gateway per shell, so each target's variables
# are in a file, and each function here is a shell of its own.

# shellcheck source=SCRIPTDIR/../../lib/gateway.bash
source "${BASH_SOURCE[0]%/*}/../../lib/gateway.bash"

# shellcheck disable=SC2034 # used through their names
declare -ga dyups_can=(creates deletes attributes tells adopts traffic) dyups_breaks=(down hangs)
# A real Tengine has no faults to order.
[[ -n "${SWK_TENGINE:-}" ]] || dyups_breaks+=(unavailable)

# _dyups_remember TARGET - writes the variables of the gateway.
_dyups_remember() {
	declare -p "${!GATEWAY_@}" >"$E2E_DIR/$1/variables"
}

# _dyups_of TARGET COMMAND... - runs a command with the variables of the target's gateway.
_dyups_of() (
	# shellcheck source=/dev/null
	source "$E2E_DIR/$1/variables" && "${@:2}"
)

_dyups_start() {
	export GATEWAY_CONF="$CONF" GATEWAY_READ_TIMEOUT=100ms
	gateway_start "$E2E_DIR/$1/gateway" && _dyups_remember "$1"
}

dyups_start() {
	(_dyups_start "$1")
}

# The processes stay stopped while the master does not continue, so it goes first.
_dyups_stop() {
	_dyups_signal CONT && gateway_stop
}

_dyups_restart() {
	_dyups_stop && gateway_restart && _dyups_remember "$1"
}

dyups_restart() {
	_dyups_of "$1" _dyups_restart "$1"
}

dyups_stop() {
	[[ ! -e "$E2E_DIR/$1/variables" ]] || _dyups_of "$1" _dyups_stop
}

# _dyups_signal SIGNAL - sends a signal to the master and the workers.
_dyups_signal() {
	local worker

	_gateway_alive || return 0
	for worker in $GATEWAY_PID $(gateway_workers); do
		kill -s "$1" "$worker" || return 1
	done
}

_dyups_settings() {
	jq -n --arg name "$1" --arg url "$GATEWAY_DYUPS" '{kind: "dyups", name: $name, url: $url}'
}

dyups_settings() {
	_dyups_of "$1" _dyups_settings "$1"
}

dyups_live() {
	_dyups_of "$1" gateway_workers_detail | awk '
		/^==/ { if (answers++) print "workers differ"; next }
		/^$/ { name = ""; next }
		name == "" { name = $1; next }
		{
			split("", value)
			for (i = 3; i <= NF; i++) { split($i, pair, "="); value[pair[1]] = pair[2] }
			print name, $2, value["weight"], value["backup"], value["down"]
		}'
}

# Only changes count.
_dyups_trace() {
	gateway_requests | grep -v '^GET ' || true
}

dyups_trace() {
	_dyups_of "$1" _dyups_trace
}

dyups_break() {
	echo "$2" >"$E2E_DIR/$1/broken"
	case $2 in
	down) _dyups_of "$1" gateway_stop ;;
	hangs) _dyups_of "$1" _dyups_signal STOP ;;
	unavailable) _dyups_of "$1" gateway_fault 1000 unavailable '^[PD]' ;;
	esac
}

dyups_mend() {
	case $(<"$E2E_DIR/$1/broken") in
	down) dyups_restart "$1" ;;
	hangs) _dyups_of "$1" _dyups_signal CONT ;;
	unavailable) _dyups_of "$1" gateway_fault ;;
	esac
}

# The second request makes every worker read its queue: what only some workers have counts as managed.
dyups_change() {
	_dyups_of "$1" gateway_post "$2" "server $3;" && _dyups_of "$1" gateway_workers_detail
}

dyups_derived() {
	:
}

_dyups_fetch() {
	curl -sS --max-time 20 "$GATEWAY_TRAFFIC/to/$1/"
}

dyups_fetch() {
	_dyups_of "$1" _dyups_fetch "$2"
}
