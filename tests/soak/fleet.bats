#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# Longer forms of tests in tests/e2e/fleet.bats.

bats_require_minimum_version 1.5.0
load ../e2e/fleet

@test "fleet: no request fails while the script in docs/operating.md restarts 50 instances under load" {
	begin
	load_begin
	deploy_script
	deploys "${SOAK_DEPLOYS:-50}"
	deploys 10 freeze_shortly
	load_end
	load_was_well
}

@test "fleet: the request of a requester that was killed disappears from Consul" {
	begin
	fleet_signal 3 STOP agent
	swk drain --fleet web-one >"$E2E_DIR/out" 2>"$E2E_DIR/err" 3>&- &
	STARTED+=($!)
	wait_until "$E2E_PATIENCE" grep -q ' 2 of 3 hosts have confirmed; host-3: no answer' "$E2E_DIR/err"
	kill -s KILL "${STARTED[0]}"
	run ! _nothing_asked
	wait_until 40 _nothing_asked
	# The hosts delete their acknowledgements, too: at the latest with the next request.
	fleet_signal 3 CONT agent
	wait_until "$E2E_PATIENCE" swk fleet
	wait_until "$E2E_PATIENCE" _nothing_acknowledged
}

@test "fleet: a request lasts as long as its requester, longer than a session without renewal" {
	begin
	fleet_signal 3 STOP agent
	swk drain --fleet --timeout 3m web-one >"$E2E_DIR/out" 2>"$E2E_DIR/err" 3>&- &
	STARTED+=($!)
	sleep 30
	[ "$(consul_api GET '/v1/kv/swk/requests/?keys' | jq length)" == 1 ]
	fleet_signal 3 CONT agent
	wait "${STARTED[0]}"
	grep '^web-one: safe to stop: 3 hosts have confirmed, ' "$E2E_DIR/out"
}

_nothing_asked() {
	! consul_api GET '/v1/kv/swk/requests/?keys' >/dev/null 2>&1
}

_nothing_acknowledged() {
	! consul_api GET '/v1/kv/swk/acks/?keys' >/dev/null 2>&1
}
