#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a shell of its own; bats sets stderr
# swk drain, wait, resync and fleet on three hosts.

bats_require_minimum_version 1.5.0 # `run -STATUS`
load fleet

@test "fleet: no request fails while the script in docs/operating.md restarts instances under load" {
	begin
	load_begin
	deploy_script
	# One of the agents is late.
	deploys 4 freeze_shortly
	load_end
	load_was_well
	(($(grep -c 'safe to stop: 3 hosts have confirmed, and it has no connection left' "$E2E_DIR/deploys") == 4))
}

@test "fleet: a host that can't confirm is named, and its proxy may still serve: 75" {
	begin
	# The nginx of host-2 is frozen, and the agent of host-3 is stopped, while its HAProxy serves.
	fleet_signal 2 STOP proxy
	fleet_signal 3 TERM agent
	run -75 --separate-stderr swk drain --fleet --timeout 4s web-one
	[ -z "$output" ]
	grep -E "^swk: error: host-2: " <<<"$stderr"
	grep -xE "swk: error: host-3: no answer(; Consul finds that its agent has failed)?" <<<"$stderr"
	[[ "${stderr##*$'\n'}" == "swk: error: web-one: not confirmed after "?" s: 1 of 3 hosts have confirmed; it stays in maintenance until \
'swk undrain web-one'" ]]
	# That host is right not to be believed.
	curl -s "$(fleet_on 3 printenv FLEET_TRAFFIC)/to/web/?[1-20]" | grep -qx one
	# Once host-2 has given up nginx, it says so.
	swk drain --fleet web-one 2>"$E2E_DIR/err" 3>&- &
	STARTED=($!)
	wait_until "$E2E_PATIENCE" grep -q ' 1 of 3 hosts have confirmed; host-2: .*nginx.*; host-3: no answer' "$E2E_DIR/err"
	kill "${STARTED[0]}"
	wait "${STARTED[0]}" || true
	grep -E "^swk: error: host-2: .*nginx" "$E2E_DIR/err"
	# Excluded, they are not awaited.
	run -0 --separate-stderr swk drain --fleet --without host-2 --without host-3 web-one
	[[ "$output" == 'web-one: safe to stop: 1 host has confirmed, '* ]]
	# A host that answers late is awaited.
	(sleep 1 && fleet_signal 2 CONT proxy) 3>&- &
	run -0 --separate-stderr swk drain --fleet --without host-3 web-one
	[[ "$output" == 'web-one: safe to stop: 2 hosts have confirmed, '* ]]
	# The table.
	run -75 swk fleet --timeout 1s
	grep -E '^host-2 +[a-z]+ +0\.[0-9]+ s +0 +no$' <<<"$output"
	grep -E '^host-3 +[a-z]+ +none +\? +\? +its agent has failed$' <<<"$output"
	swk fleet --timeout 1s --json | jq -e '.status == 75 and (.hosts[2] | .host == "host-3" and .agent == "critical" and .pending == null)'
	# A command that has seen it awaits it. For the next one, it is no part of the fleet.
	swk drain --fleet web-one 2>"$E2E_DIR/err" 3>&- &
	STARTED=($!)
	wait_until "$E2E_PATIENCE" grep -q ' 2 of 3 hosts have confirmed; host-3: no answer' "$E2E_DIR/err"
	consul_catalog_deregister '{"Node": "host-3"}'
	wait_until "$E2E_PATIENCE" grep -q ' 2 of 3 hosts have confirmed; host-3: no answer; Consul does not list this host now' "$E2E_DIR/err"
	kill "${STARTED[0]}"
	wait "${STARTED[0]}" || true
	run -0 --separate-stderr swk drain --fleet web-one
	[[ "$output" == 'web-one: safe to stop: 2 hosts have confirmed, '* ]]
	run -0 swk fleet
}

@test "fleet: a host joins, another dies, and Consul is rebuilt while swk drain waits" {
	FLEET_WITHOUT=3 begin
	# At host 2's agent: host 1's loses its data below.
	fleet_use 2
	backend_start "$E2E_DIR/backends" four
	fleet_register web web-four four
	agent=$CONSUL_HTTP_ADDR
	fleet_use 1
	wait_until "$E2E_PATIENCE" fleet_all_have web 4
	fleet_signal 2 STOP proxy
	swk drain --fleet --agent "$agent" --grace 0 --timeout 2m web-four >"$E2E_DIR/out" 2>"$E2E_DIR/err" 3>&- &
	STARTED+=($!)
	wait_until "$E2E_PATIENCE" grep -q ' 1 of 2 hosts have confirmed; host-2: ' "$E2E_DIR/err"
	(fleet_join 3)
	wait_until "$E2E_PATIENCE" grep -q ' 2 of 3 hosts have confirmed; host-2: ' "$E2E_DIR/err"
	# A host that has confirmed may die.
	fleet_signal 3 KILL agent
	fleet_restart 1 clean
	fleet_rejoin 2
	wait_until "$E2E_PATIENCE" grep -q ' 0 of 3 hosts have confirmed; .*host-3: no answer; Consul does not list this host now' "$E2E_DIR/err"
	fleet_signal 2 CONT proxy
	wait_until "$E2E_PATIENCE" grep -q ' 2 of 3 hosts have confirmed; host-3: no answer; Consul does not list this host now' "$E2E_DIR/err"
	[ ! -s "$E2E_DIR/out" ]
	fleet_restart 3
	wait "${STARTED[0]}"
	grep '^web-four: safe to stop: 3 hosts have confirmed, ' "$E2E_DIR/out"
}

@test "fleet: twenty requests at once, and clocks that differ by years" {
	begin
	STARTED=()
	for ((i = 0; i < 20; i++)); do
		swk wait --fleet web=3,30 >>"$E2E_DIR/out" 2>>"$E2E_DIR/err" 3>&- &
		STARTED+=($!)
	done
	for each in "${STARTED[@]}"; do
		wait "$each"
	done
	STARTED=()
	[ "$(sort -u "$E2E_DIR/out")" == 'web: 3 live, on each of 3 hosts' ]
	# Nothing stays in Consul.
	wait_until "$E2E_PATIENCE" nothing_asked
	run -0 swk resync --fleet
	[ "$output" == '3 hosts are in step' ]
	run -75 --separate-stderr swk wait --fleet web=4,1
	grep '^swk: error: host-2: web: 3 of 4 live' <<<"$stderr"
	# A host of another age: its clock and its version say nothing about its answer.
	consul_catalog_register '{"Node": "host-9", "Address": "192.0.2.9", "Service": {"Service": "swk-apply"}}'
	swk wait --fleet web=3,20 >"$E2E_DIR/out" 2>"$E2E_DIR/err" 3>&- &
	STARTED=($!)
	wait_until "$E2E_PATIENCE" grep -q ' 3 of 4 hosts have confirmed; host-9: no answer$' "$E2E_DIR/err"
	id=$(consul_api GET '/v1/kv/swk/requests/?keys' | jq -r '.[0] | sub(".*/"; "")')
	echo '{"state": "done", "time": 4, "version": "99.0"}' | consul_api PUT "/v1/kv/swk/acks/host-9/$id" --data @-
	wait "${STARTED[0]}"
	[ "$(cat "$E2E_DIR/out")" == 'web: 3 live, on each of 4 hosts' ]
}

nothing_asked() {
	! consul_api GET '/v1/kv/swk/?keys' 2>/dev/null
}
