#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Plays the .cases files: single requests and their answers. On a real Tengine: SWK_TENGINE=BINARY bats ...

setup() {
	# shellcheck source=SCRIPTDIR/../lib/gateway.bash
	source "$BATS_TEST_DIRNAME/../lib/gateway.bash"
	trace_test_only
	# shellcheck source=SCRIPTDIR/play.bash
	source "$BATS_TEST_DIRNAME/play.bash"
	gateway_start "$BATS_TEST_TMPDIR/gateway"
}

teardown() {
	gateway_stop
}

@test "requests and their answers" {
	play_requests "$BATS_TEST_DIRNAME/requests.cases"
}

@test "names of upstreams" {
	play_requests "$BATS_TEST_DIRNAME/names.cases"
}

@test "valid and invalid bodies" {
	play_bodies "$BATS_TEST_DIRNAME/bodies.cases"
}
