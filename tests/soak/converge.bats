#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What tests/e2e/converge.bats does a few times, many times over: SOAK_EVENTS, SOAK_STORMS say how often, SWK_SEED with what seed.

load soak

# What nobody is told of (skew, a worker that died) only a complete pass finds: here one comes as a timer would start it.
# bats test_tags=gateway
@test "1,000 events under faults of every kind at random end with every worker in step" {
	kinds=(conflict unavailable refused notsync notsync-unapplied skew slow:0.1 late:0.1 reset reset-applied)
	seed
	consul_start "$E2E_DIR/consul"
	consul_register always always-1 10.0.0.1 80
	for ((event = 0; event < ${SOAK_EVENTS:-1000}; event++)); do
		gateway_fault $((1 + RANDOM % 3)) "${kinds[RANDOM % ${#kinds[@]}]}" '^[PD]'
		name="web-$((RANDOM % 20))"
		# With a colour now and then, and not at all now and then, so that there is something to delete.
		case $((RANDOM % 8)) in
		0) consul_deregister "$name" 2>/dev/null || true ;;
		1 | 2) consul_register "$name" "$name" "10.0.$((RANDOM % 250)).$((1 + RANDOM % 250))" 80 gray=a ;;
		*) consul_register "$name" "$name" "10.0.$((RANDOM % 250)).$((1 + RANDOM % 250))" 80 ;;
		esac
		case $((event % 25)) in
		8) gateway_reload ;;
		20)
			# What is left of an upstream on one worker is taken for ours; on all of them it could be anybody's.
			gateway_fault
			goes_on --resync </dev/null
			gateway_kill_worker
			goes_on --resync </dev/null
			;;
		24) goes_on --resync </dev/null ;;
		*) goes_on --service "$name" < <(consul_api GET "/v1/health/service/$name") ;;
		esac
	done
	gateway_fault
	swk-apply --resync
	mkdir -p "$E2E_DIR/storm"
	storm_wanted >"$E2E_DIR/storm/wanted"
	diff "$E2E_DIR/storm/wanted" <(storm_had)
	nothing_owed
	in_step
}

# goes_on ARGUMENT... - a run that may leave something owed, or held back, and nothing else.
goes_on() {
	local status=0

	swk-apply --timeout 20 "$@" >"$E2E_DIR/out" 2>&1 || status=$?
	case $status in
	0 | 10 | 75) ;;
	*) cat "$E2E_DIR/out" && return 1 ;;
	esac
}

@test "200 storms of 50 handlers end as Consul says" {
	seed
	consul_start "$E2E_DIR/consul"
	storm_begin
	for ((round = 0; round < ${SOAK_STORMS:-200}; round++)); do
		storm_round 38 # and 12 that come last
		if ((round % 50 == 49)); then
			consul_restart_clean
			storm_begin
		fi
	done
}
