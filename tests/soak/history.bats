#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A longer form of a test in tests/e2e/history.bats. SOAK_EVENTS sets the number of events, SWK_SEED the seed.

load soak

@test "after many random events, undo --to returns to each of 20 points" {
	events_and_points "${SOAK_EVENTS:-1000}" 20
}
