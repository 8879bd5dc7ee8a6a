#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# An hour in the life of a fleet. SOAK_SECONDS and SOAK_SERVICES set its length and size, SWK_SEED the seed, SOAK_OUT the folder of
# the results (build/soak). tests/bench/README.md tells how to draw them.

load hour

setup() {
	trace_test_only
	export E2E_DIR="$BATS_TEST_TMPDIR"
	export PATH="$E2E_ROOT/build:$PATH"
	clean_environment
}

teardown() {
	# bats shows this output only if the test failed.
	[[ -n "${BATS_TEST_COMPLETED:-}" ]] || tail -n 5 "$E2E_DIR"/fleet/*/consul/consul.log "$E2E_DIR"/fleet/start-*
	hour_end
}

@test "three hosts with 1,000 services are in step after an hour of changes, failovers, drains and reloads, and no request has failed" {
	seed
	hour_begin
	hour_pass
	hour_summary | tee "$HOUR_OUT/hour.md"
	hour_ended_well
	hour_failures >"$HOUR_OUT/failures"
	diff /dev/null "$HOUR_OUT/failures"
}
