#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Memory may run out at any allocation: that is said, nothing is torn, and the next run finishes what was begun.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # what robust.bash reads and sets; each test is a shell of its own
load robust

untouched() {
	cmp -s "$SWK_CONF" "$TEST_DIR/old/conf" && cmp -s "$SWK_CONF.state" "$TEST_DIR/old/state" &&
		! grep -qv '^GET' "$GATEWAY_DIR/requests.log"
}

# fail_allocations STEP STATUS... - fails one of the first allocations from main on, then another so many further, and so on, until
# a run gets by without; these are the statuses that may come of it. ROBUST_OFFSET says which is the first. FAILALLOC_ON fails all
# the others behind it, too; ROBUST_ALL=1 has every single one fail where the step leaves some out.
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
		# Where a path can't be followed for want of memory, it is the file that can't be had.
		[[ "$allowed" == *" $status "* || "$status $(cat "$TEST_DIR/said")" == '73 '*': Cannot allocate memory; nothing was changed' ]] ||
			problem 'a wrong status' || return 1
		counted[$status]=$((${counted[$status]:-0} + 1))
		(($(cat "$TEST_DIR/allocations") >= number)) || break
		points=$((points + 1))
		! grep -qvE "^swk(-apply)?: " "$TEST_DIR/said" || problem 'another program printed a message' || return 1
		((!status)) || grep -qE "^swk(-apply)?: error: " "$TEST_DIR/said" || problem 'no error message' || return 1
		nothing_left_over || problem 'a file is left over' || return 1
		# Most of them end before anything is changed: then there is nothing to finish, or to put back.
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
	fail_allocations 5 0 70 75
}

@test "alloc: no more memory from some point on" {
	begin_with old
	export FAILALLOC_ON=1
	fail_allocations 10 0 70 75
}

@test "alloc: allocations of a complete pass fail in turn" {
	begin_with_consul
	fail_allocations 33 0 69 70 75
}

@test "alloc: allocations of going back to the file before fail in turn" {
	begin_with_undo
	fail_allocations 5 0 70 75
}
