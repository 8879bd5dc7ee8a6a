# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Adapter for targets of the kind `dyups`: see ../kinds.bash.

# shellcheck source=SCRIPTDIR/../../lib/gateway.bash
source "${BASH_SOURCE[0]%/*}/../../lib/gateway.bash"

# shellcheck disable=SC2034 # used through their names
declare -ga dyups_can=(creates deletes attributes tells adopts traffic) dyups_breaks=(down hangs)
# A real Tengine has no faults to order.
[[ -n "${SWK_TENGINE:-}" ]] || dyups_breaks+=(unavailable)

dyups_start() (
	export GATEWAY_CONF="$CONF" GATEWAY_READ_TIMEOUT=100ms
	gateway_start "$E2E_DIR/$1/gateway" && remember "$1" "${!GATEWAY_@}"
)

dyups_stop() {
	[[ -e "$E2E_DIR/$1/variables" ]] || return 0
	gateway_signal CONT && gateway_stop
}

dyups_restart() {
	dyups_stop "$1" && gateway_restart && remember "$1" "${!GATEWAY_@}"
}

dyups_settings() {
	jq -n --arg name "$1" --arg url "$GATEWAY_DYUPS" '{kind: "dyups", name: $name, url: $url}'
}

dyups_live() {
	gateway_workers_detail | awk '
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
dyups_trace() {
	gateway_requests | grep -v '^GET ' || true
}

dyups_break() {
	echo "$2" >"$E2E_DIR/$1/broken"
	case $2 in
	down) gateway_stop ;;
	hangs) gateway_signal STOP ;;
	unavailable) gateway_fault 1000 unavailable '^[PD]' ;;
	esac
}

dyups_mend() {
	case $(<"$E2E_DIR/$1/broken") in
	down) dyups_restart "$1" ;;
	hangs) gateway_signal CONT ;;
	unavailable) gateway_fault ;;
	esac
}

# The second request makes every worker read its queue: what only some workers have counts as managed.
dyups_change() {
	gateway_post "$2" "server $3;" && gateway_workers_detail
}

dyups_derived() {
	:
}

dyups_fetch() {
	curl -sS --max-time 20 "$GATEWAY_TRAFFIC/to/$2/"
}
