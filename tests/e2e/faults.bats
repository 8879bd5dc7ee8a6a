#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=gateway
# What goes wrong between swk-apply and nginx, as the gateway can be told to do.

load e2e

document() {
	local IFS=,

	printf '[%s]' "$*"
}

instance() {
	printf '{"Node":{},"Service":{"Service":"%s","ID":"%s","Port":80,"Address":"%s","Tags":[]},"Checks":[]}' "$1" "$1" "$2"
}

@test "answers that pass are waited out" {
	for kind in conflict unavailable reset reset-applied; do
		gateway_fault 2 "$kind" '^POST'
		swk-apply < <(document "$(instance "web-$kind" 10.0.0.1)")
		in_step
	done
}

@test "not sync: the workers are made to read, and it is sent again" {
	for kind in notsync notsync-unapplied; do
		gateway_fault 2 "$kind" '^POST'
		swk-apply < <(document "$(instance "web-$kind" 10.0.0.1)")
		in_step
	done
	run ! grep -q owed "$SWK_CONF.state"
}

@test "what is refused is said at once, stays owed, and holds up no other" {
	gateway_fault 1 refused '^POST /upstream/bad'
	run -75 swk-apply < <(document "$(instance bad 10.0.0.1)" "$(instance good 10.0.0.2)")
	[[ "$output" == *"upstream bad"*"refused"*"error log"* ]]
	grep -qx 'owed bad' "$SWK_CONF.state"
	run ! grep -qx 'owed good' "$SWK_CONF.state"
	# The file has both, and the next run sends what is owed.
	in_file bad
	swk-apply --service other <<<'[]'
	in_step
}

@test "a deletion that fails stays owed" {
	swk-apply < <(document "$(instance web 10.0.0.1)")
	gateway_fault 1 refused '^DELETE'
	colours='{"Node":{},"Service":{"Service":"web","ID":"w","Port":80,"Address":"10.0.0.1","Tags":["gray=a"]},"Checks":[]}'
	run -75 swk-apply < <(document "$colours")
	not_in_file web
	grep -qx 'owed web' "$SWK_CONF.state"
	swk-apply --service other <<<'[]'
	in_step
}

@test "a time-out ends the run, and the rest stays owed" {
	gateway_fault 1 slow:5 '^POST'
	run -75 swk-apply --timeout 1 < <(document "$(instance web 10.0.0.1)")
	grep -qx 'owed web' "$SWK_CONF.state"
	swk-apply --service other <<<'[]'
	wait_until "$E2E_PATIENCE" in_step
}

@test "a look that fails is tried again" {
	for kind in unavailable reset; do
		gateway_fault 2 "$kind" '^GET'
		swk-apply < <(document "$(instance "web-$kind" 10.0.0.1)")
		in_step
	done
}
