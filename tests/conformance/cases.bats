#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# How the interface answers, one request at a time: the .cases files. Against a real Tengine: SWK_TENGINE=BINARY bats ...

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

@test "names" {
	play_requests "$BATS_TEST_DIRNAME/names.cases"
}

@test "what a body may hold" {
	play_bodies "$BATS_TEST_DIRNAME/bodies.cases"
}
