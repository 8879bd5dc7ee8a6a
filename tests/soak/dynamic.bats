#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A longer form of a test in tests/e2e/dynamic.bats. SOAK_STORMS sets the number of rounds, SWK_SEED the seed.

load soak

setup() {
	trace_test_only
	export E2E_DIR="$BATS_TEST_TMPDIR"
	export PATH="$E2E_ROOT/build:$PATH"
	clean_environment
	# shellcheck disable=SC2034 # helper functions use it; swk-apply must not see it
	SWK_CONF="$E2E_DIR/conf"
	export SWK_CONFIG="$E2E_DIR/swk.json"
}

# What the conf file and nginx have is compared by the storm.
in_step() {
	swk status
}

@test "after each of 200 storms of 50 runs, with kills, an operator, faults, reloads and restarts, nginx has what the conf file has" {
	seed
	consul_start "$E2E_DIR/consul"
	storm_dynamic_begin
	for ((round = 0; round < ${SOAK_STORMS:-200}; round++)); do
		storm_dynamic_round 38 # and 12 more at the end
	done
}
