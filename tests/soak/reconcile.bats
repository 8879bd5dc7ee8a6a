#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A longer form of tests/e2e/reconcile.bats. SOAK_EVENTS and SOAK_STORMS set the number of rounds, SWK_SEED the seed.

load soak

# Only a full run finds differences that no answer shows (skew, a worker that died). Here full runs start as a timer would start them.
# bats test_tags=gateway
@test "after 1,000 events with random faults of every kind, every worker matches the conf file" {
	kinds=(conflict unavailable refused notsync notsync-unapplied skew slow:0.1 late:0.1 reset reset-applied)
	seed
	consul_start "$E2E_DIR/consul"
	consul_register always always-1 10.0.0.1 80
	for ((event = 0; event < ${SOAK_EVENTS:-1000}; event++)); do
		gateway_fault $((1 + RANDOM % 3)) "${kinds[RANDOM % ${#kinds[@]}]}" '^[PD]'
		name="web-$((RANDOM % 20))"
		# Sometimes with a colour, and sometimes not at all, so that there is something to delete.
		case $((RANDOM % 8)) in
		0) consul_deregister "$name" 2>/dev/null || true ;;
		1 | 2) consul_register "$name" "$name" "10.0.$((RANDOM % 250)).$((1 + RANDOM % 250))" 80 gray=a ;;
		*) consul_register "$name" "$name" "10.0.$((RANDOM % 250)).$((1 + RANDOM % 250))" 80 ;;
		esac
		case $((event % 25)) in
		8) gateway_reload ;;
		20)
			# swk-apply counts an upstream that only one worker still has as managed. If all workers have it, another program may own it.
			gateway_fault
			run_may_be_incomplete --resync </dev/null
			gateway_kill_worker
			run_may_be_incomplete --resync </dev/null
			;;
		24) run_may_be_incomplete --resync </dev/null ;;
		*) run_may_be_incomplete --service "$name" < <(consul_api GET "/v1/health/service/$name") ;;
		esac
	done
	gateway_fault
	swk-apply --resync
	mkdir -p "$E2E_DIR/storm"
	storm_expected >"$E2E_DIR/storm/expected"
	diff "$E2E_DIR/storm/expected" <(storm_actual)
	nothing_pending
	in_step
}

# run_may_be_incomplete ARGUMENT... - runs swk-apply, which may end with 0, 10 (held back) or 75 (pending), but with nothing else.
run_may_be_incomplete() {
	local status=0

	swk-apply --timeout 20 "$@" >"$E2E_DIR/out" 2>&1 || status=$?
	case $status in
	0 | 10 | 75) ;;
	*) cat "$E2E_DIR/out" && return 1 ;;
	esac
}

@test "after each of 200 storms of 50 runs, nginx matches Consul" {
	seed
	consul_start "$E2E_DIR/consul"
	storm_begin
	for ((round = 0; round < ${SOAK_STORMS:-200}; round++)); do
		storm_round 38 # and 12 more at the end
		if ((round % 50 == 49)); then
			consul_restart_clean
			storm_begin
		fi
	done
}
