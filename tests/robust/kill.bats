#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A run that is killed at any system call leaves the old or the new conf file, and the next run finishes the work.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # variables of robust.bash; each test is a shell of its own
load robust

# kill_everywhere - repeats the run, and kills it at every twentieth system call, on entry, so that the call is not made. ROBUST_OFFSET
# chooses which calls. The number of calls on connections varies from run to run. So the test continues after the recorded number of
# such calls, until a run does not reach the next chosen one, and counts recorded calls that a run did not reach as missed. No other
# call may be missed.
kill_everywhere() {
	local call first recorded varies number killed=0 missed=0 of_call tried_of_call tried=0 all=0

	record
	while read -r call first recorded varies; do
		of_call=0
		tried_of_call=0
		for ((number = first; ; number++)); do
			if ! chosen 20; then
				((number <= recorded)) || break
				continue
			fi
			((number > recorded)) || tried_of_call=$((tried_of_call + 1))
			point="killed at $call $number"
			# A run may by chance make fewer such calls, and not reach this one.
			for _ in 1 2 3 4 5; do
				put_back
				disturb "$call" "$number" signal=KILL
				if [[ "$status" != "$ends" || "$varies" != varies ]] || ((number > recorded)); then
					break
				fi
			done
			if [[ "$status" == 137 ]]; then
				grep -q 'killed by SIGKILL' "$TEST_DIR/injected" || problem 'it was not killed by the test' || return 1
				of_call=$((of_call + 1))
				one_more_run_reconciles || return 1
			elif [[ "$status" != "$ends" ]]; then
				problem 'it was neither killed nor successful' || return 1
			elif ((number > recorded)); then
				break
			else
				missed=$((missed + 1))
				[[ "$varies" == varies ]] || problem 'it did not reach this call' || return 1
			fi
		done
		killed=$((killed + of_call))
		all=$((all + recorded - first + 1))
		tried=$((tried + tried_of_call))
		[[ "$varies" == varies ]] || ((of_call == tried_of_call)) ||
			problem "killed at $of_call of $tried_of_call" || return 1
	done < <(awk '
		!($1 in first) { first[$1] = $2 }
		{ last[$1] = $2 }
		$3 == "net" || $1 ~ /^(poll|restart_syscall|waitid|brk|mmap|munmap|madvise)$/ { varies[$1] = "varies" }
		END { for (call in last) print call, first[call], last[call], (call in varies ? "varies" : "fixed") }' \
		"$TEST_DIR/calls")
	say "$BATS_TEST_DESCRIPTION: $all calls, of which $tried were tried; killed at $killed, missed $missed"
	((all > 100 && killed >= tried - missed && missed * 10 < tried + 10)) || problem 'too many points were missed' || return 1
	# Every twentieth is chosen of all calls, including those after the last recorded one.
	((points_seen >= all && tried >= all / 32)) || problem 'too few points were tried'
}

@test "kill: the first run, without a conf file" {
	begin_with nothing
	kill_everywhere
}

@test "kill: a run that adds, changes and deletes upstreams" {
	begin_with old
	kill_everywhere
}

@test "kill: a run that copies most of the conf file" {
	begin_with_others
	kill_everywhere
}

@test "kill: a full run" {
	begin_with_consul
	kill_everywhere
}

@test "kill: a document of checks, some of them recorded in FILE.checks" {
	begin_with_checks
	kill_everywhere
}

@test "kill: swk undo" {
	begin_with_undo
	kill_everywhere
}

@test "kill: swk undo --to" {
	begin_with_undo_to
	kill_everywhere
}

@test "kill: a run that begins a new journal" {
	begin_with_full_journal
	kill_everywhere
}

@test "kill: a failover to another datacenter" {
	begin_with_failover
	kill_everywhere
}

@test "kill: a change that nginx rejects" {
	begin_with_rejected
	kill_everywhere
}

@test "kill: a target that is a command" {
	begin_with_command
	kill_everywhere
}

@test "kill: a target that is a file" {
	begin_with_file
	kill_everywhere
}

@test "kill: a target that is a file, whose check rejects a part" {
	begin_with_file_left_out
	kill_everywhere
}

@test "kill: a target that is HAProxy" {
	begin_with_haproxy
	kill_everywhere
}

@test "kill: a target with ngx_dynamic_upstream" {
	begin_with_dynamic
	kill_everywhere
}

@test "kill: a request of a fleet" {
	begin_with_requests
	kill_everywhere
}
