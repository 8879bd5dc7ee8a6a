#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A longer form of a test in tests/e2e/file.bats. SOAK_STORMS sets the number of rounds, SWK_SEED the seed.

load soak
load ../e2e/settings

@test "after each of 200 storms of 50 runs, with kills, an operator, and checks and reloads that fail, a file has what the conf file has" {
	seed
	consul_start "$E2E_DIR/consul"
	storm_file_begin
	for ((round = 0; round < ${SOAK_STORMS:-200}; round++)); do
		storm_file_round 38 # and 12 more at the end
	done
}
