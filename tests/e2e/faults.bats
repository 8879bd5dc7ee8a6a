#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=gateway
# Errors between swk-apply and nginx that the gateway makes on request. refused.bats has those of a real nginx, too.

load e2e

@test "swk-apply repeats requests until temporary errors are over" {
	for kind in conflict unavailable reset reset-applied; do
		gateway_fault 2 "$kind" '^POST'
		swk-apply < <(document "$(instance "web-$kind" 10.0.0.1)")
		in_step
	done
}

@test "not sync: swk-apply makes the workers read their queue, and sends the change again" {
	for kind in notsync notsync-unapplied; do
		gateway_fault 2 "$kind" '^POST'
		swk-apply < <(document "$(instance "web-$kind" 10.0.0.1)")
		in_step
	done
	run ! grep -q pending "$SWK_CONF.state"
}

@test "a refused change is reported at once, and does not delay others" {
	gateway_fault 1 refused '^POST /upstream/bad'
	run -75 swk-apply < <(document "$(instance bad 10.0.0.1)" "$(instance good 10.0.0.2)")
	[[ "$output" == *"upstream bad"*"refused"*"error log"* ]]
	run ! grep -q '^pending' "$SWK_CONF.state"
	not_in_file bad
	in_file good
	in_step
}

@test "a failed deletion stays pending" {
	swk-apply < <(document "$(instance web 10.0.0.1)")
	gateway_fault 1 refused '^DELETE'
	colours='{"Node":{},"Service":{"Service":"web","ID":"w","Port":80,"Address":"10.0.0.1","Tags":["gray=a"]},"Checks":[]}'
	run -75 swk-apply < <(document "$colours")
	not_in_file web
	grep -qx 'pending web' "$SWK_CONF.state"
	swk-apply --service other <<<'[]'
	in_step
}

@test "a time-out ends the run, and the remaining changes stay pending" {
	gateway_fault 1 slow:5 '^POST'
	run -75 swk-apply --timeout 1 < <(document "$(instance web 10.0.0.1)")
	grep -qx 'pending web' "$SWK_CONF.state"
	swk-apply --service other <<<'[]'
	wait_until "$E2E_PATIENCE" in_step
}

@test "swk-apply repeats a failed read" {
	for kind in unavailable reset; do
		gateway_fault 2 "$kind" '^GET'
		swk-apply < <(document "$(instance "web-$kind" 10.0.0.1)")
		in_step
	done
}
