# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Requests that fail while instances are restarted under load on three hosts, with `swk drain --fleet` and with `sleep 2` in its place.

# shellcheck source=SCRIPTDIR/bench.bash
source "${BASH_SOURCE[0]%/*}/bench.bash"

# _restarts NAME COUNT COMMAND - restarts so many instances by the script of docs/operating.md, with the command in place of `swk drain`
# unless it is empty, and runs the function $before before each. Sets $failed to the number of requests that failed, or that a proxy had
# to send again.
_restarts() {
	local clients lost

	export E2E_DIR="$work/$1"
	mkdir "$E2E_DIR"
	# shellcheck disable=SC2119 # no settings
	begin >/dev/null || fail 'the fleet did not start'
	deploy_script "$3"
	load_begin
	deploys "$2" "${before:-true}" || fail 'a restart failed'
	load_end
	read -r clients lost < <(load_failed)
	failed=$((clients + lost))
	fleet_stop
	backend_stop
}

# The agent of a host does nothing for three seconds, as while its machine swaps.
_freeze() {
	freeze 3
}

figure_drains() {
	local count=50 late=10 failed ours before='' maintenance

	bench_begin drains || exit 1
	# shellcheck source=SCRIPTDIR/../e2e/fleet.bash
	source "$bench_root/tests/e2e/fleet.bash"
	trap '[[ -z "${FLEET_DIR:-}" ]] || fleet_stop; bench_end' EXIT
	export PATH="$bench_root/build:$PATH"
	[[ -z "$BENCH_ONCE" ]] || count=1 late=1
	# shellcheck disable=SC2016 # the script expands it
	maintenance='curl -sX PUT "$CONSUL_HTTP_ADDR/v1/agent/service/maintenance/$1?enable=true"; sleep 2'
	_restarts ours "$count" ''
	ours=$failed
	_restarts peer "$count" "$maintenance"
	note drain-failed requests "$ours" "$failed" count "$ours" 0
	before=_freeze
	_restarts ours-late "$late" ''
	ours=$failed
	_restarts peer-late "$late" "$maintenance"
	note drain-failed-late requests "$ours" "$failed" count "$ours" 0
}
