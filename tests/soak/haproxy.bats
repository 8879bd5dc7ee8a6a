#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A longer form of a test in tests/e2e/haproxy.bats. SOAK_STORMS sets the number of rounds, SWK_SEED the seed.

load soak
load ../e2e/settings

# shellcheck source=SCRIPTDIR/../lib/haproxy.bash
source "$BATS_TEST_DIRNAME/../lib/haproxy.bash"

eval "settings_$(declare -f teardown)"

teardown() {
	HAPROXY_PID=$(cat "$E2E_DIR/haproxy.pid")
	[[ -n "${BATS_TEST_COMPLETED:-}" ]] || tail -n 30 "$HAPROXY_DIR/log"
	proxy_stop
	settings_teardown
}

@test "after each of 200 storms of 50 runs, with kills, an operator, reloads and restarts, HAProxy has what the conf file has" {
	seed
	consul_start "$E2E_DIR/consul"
	storm_haproxy_begin
	for ((round = 0; round < ${SOAK_STORMS:-200}; round++)); do
		storm_haproxy_round 38 # and 12 more at the end
	done
}
