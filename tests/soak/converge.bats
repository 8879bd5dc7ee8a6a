#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What tests/e2e/converge.bats does a few times, many times over: SOAK_EVENTS, SOAK_STORMS say how often, SWK_SEED with what seed.

load soak

# What nobody is told of (skew, a worker that died) only a second look can find: see e2e/converge.bats.
# bats test_tags=gateway
@test "1,000 changes under faults of every kind at random end with every worker in step" {
	kinds=(conflict unavailable refused notsync notsync-unapplied slow:0.1 late:0.1 reset reset-applied)
	seed
	declare -A wanted=()
	for ((event = 0; event < ${SOAK_EVENTS:-1000}; event++)); do
		name="web-$((RANDOM % 20))"
		wanted[$name]="10.0.$((RANDOM % 250)).$((1 + RANDOM % 250))"
		gateway_fault $((1 + RANDOM % 3)) "${kinds[RANDOM % ${#kinds[@]}]}" '^[PD]'
		((event % 50 != 24)) || gateway_reload
		# With a colour now and then, so that there is something to delete.
		colour=''
		((RANDOM % 3)) || colour=gray=a
		wanted[$name]+=" $colour"
		status=0
		swk-apply --timeout 10 < <(document "$(instance "$name" "${wanted[$name]% *}" $colour)") \
			>"$E2E_DIR/out" 2>&1 || status=$?
		if ((status != 0 && status != 75)); then
			cat "$E2E_DIR/out"
			false
		fi
	done
	gateway_fault
	# One more that finds nothing wrong: all in one document, as they were last.
	last=()
	for name in "${!wanted[@]}"; do
		# shellcheck disable=SC2086 # none or one
		last+=("$(instance "$name" ${wanted[$name]})")
	done
	swk-apply --verify < <(document "${last[@]}")
	for name in "${!wanted[@]}"; do
		upstream="$name"
		[[ "${wanted[$name]}" == *' ' ]] || upstream+=_a
		[ "$(servers "$upstream")" == "${wanted[$name]% *}:80" ]
	done
	nothing_owed
	in_step
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
