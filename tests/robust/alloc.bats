#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Any allocation may fail. Then swk-apply prints an error, no file is torn, and the next run finishes the work.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # variables of robust.bash; each test is a shell of its own
load robust

untouched() {
	cmp -s "$SWK_CONF" "$TEST_DIR/old/conf" && cmp -s "$SWK_CONF.state" "$TEST_DIR/old/state" &&
		! grep -qv '^GET' "$GATEWAY_DIR/requests.log"
}

# fail_allocations STEP STATUS... - repeats the run, and lets one allocation after main fail, each time STEP allocations later, until
# a run ends before that allocation. Each run must end with one of these statuses. ROBUST_OFFSET determines the first allocation.
# With FAILALLOC_ON all later allocations fail, too. ROBUST_ALL=1 makes STEP 1.
fail_allocations() {
	local number step="$1" points=0 changed=yes allowed
	local -A counted=()

	shift
	allowed=" $* "
	[[ -z "${ROBUST_ALL:-}" ]] || step=1
	cc -std=c11 -Wall -Wextra -Werror -O1 -shared -fPIC -o "$TEST_DIR/failalloc.so" "$BATS_TEST_DIRNAME/failalloc.c" -ldl
	: >"$TEST_DIR/injected"
	for ((number = 1 + ROBUST_OFFSET % step; ; number += step)); do
		point="no memory at allocation $number"
		status=0
		[[ -z "$changed" ]] || put_back
		changed=''
		rm -f "$TEST_DIR/allocations"
		{
			LD_PRELOAD="$TEST_DIR/failalloc.so" FAILALLOC_AT=$number FAILALLOC_LOG="$TEST_DIR/allocations" \
				"${run_of[@]}" <"$TEST_DIR/document" >/dev/null 2>"$TEST_DIR/said" || status=$?
		} 2>/dev/null
		[[ -s "$TEST_DIR/allocations" ]] || problem 'it did not exit normally' || return 1
		# If memory runs out while a path is resolved, the error is 73 for the file.
		[[ "$allowed" == *" $status "* || "$status $(cat "$TEST_DIR/said")" == '73 '*': Cannot allocate memory; '* ]] ||
			problem 'a wrong status' || return 1
		cat "$TEST_DIR/said" >>"$TEST_DIR/all-said"
		counted[$status]=$((${counted[$status]:-0} + 1))
		(($(cat "$TEST_DIR/allocations") >= number)) || break
		points=$((points + 1))
		! grep -qvE "^swk(-apply)?: " "$TEST_DIR/said" || problem 'another program printed a message' || return 1
		((!status)) || grep -qE "^swk(-apply)?: error: " "$TEST_DIR/said" || problem 'no error message' || return 1
		nothing_left_over || problem 'a file is left over' || return 1
		# Most runs end before they change anything. Then there is nothing to finish or to restore.
		! untouched || continue
		changed=yes
		if [[ "${run_of[*]}" == *--resync* ]]; then
			[[ "$(conf_is)" != torn ]] || (_gateway_nginx -t -q) || problem 'nginx does not read the conf file' || return 1
			one_more_run_reconciles new || return 1
		else
			one_more_run_reconciles || return 1
		fi
	done
	((!status)) || problem 'a run with enough memory fails' || return 1
	say "$BATS_TEST_DESCRIPTION: $points failures among $(cat "$TEST_DIR/allocations") allocations; of status$(for status in "${!counted[@]}"; do
		printf ' %s: %s' "$status" "${counted[$status]}"
	done)"
	((points * step > 200 && ${counted[70]:-0} * step > 50))
}

@test "alloc: each allocation fails in turn" {
	begin_with old
	fail_allocations 9 0 70 75
}

@test "alloc: each allocation of a failover fails in turn" {
	begin_with_failover
	fail_allocations 39 0 69 70 75
}

@test "alloc: from some allocation on, all fail" {
	begin_with_others
	export FAILALLOC_ON=1
	fail_allocations 19 0 70 75
}

# jansson gets memory for a text even if malloc fails, but not that much.
@test "alloc: with a long text, from some allocation on, all fail" {
	begin_with_others
	jq -c '.[0].Node.Meta = {text: ("x" * 200000)}' "$TEST_DIR/document" >"$TEST_DIR/long"
	mv "$TEST_DIR/long" "$TEST_DIR/document"
	export FAILALLOC_ON=1
	fail_allocations 2 0 70 75 # a few allocations in a row are for that text
	grep -qx 'swk-apply: error: not enough memory' "$TEST_DIR/all-said"
}

@test "alloc: each allocation of a full run fails in turn" {
	begin_with_consul
	fail_allocations 55 0 69 70 75
}

@test "alloc: each allocation of swk undo fails in turn" {
	begin_with_undo
	fail_allocations 9 0 70 75
}

@test "alloc: each allocation of swk undo --to fails in turn" {
	begin_with_undo_to
	fail_allocations 21 0 70 75
}

@test "alloc: each allocation of a run with a command fails in turn" {
	begin_with_command
	fail_allocations 9 0 70 75
}

@test "alloc: each allocation of a run with a file fails in turn" {
	begin_with_file
	fail_allocations 9 0 70 75
}

@test "alloc: each allocation of a run with HAProxy fails in turn" {
	begin_with_haproxy
	fail_allocations 19 0 70 75
}

@test "alloc: each allocation of a run with ngx_dynamic_upstream fails in turn" {
	begin_with_dynamic
	fail_allocations 25 0 70 75
}

@test "alloc: each allocation of a run that answers a request fails in turn" {
	begin_with_requests
	fail_allocations 29 0 69 70 75
}
