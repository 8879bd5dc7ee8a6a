#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Any system call may fail. What can be borne is borne; what can't is said, in one line, with the right status, and the next run
# finishes what was begun.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # what robust.bash reads and sets; each test is a shell of its own
load robust

# kind_of CALL - prints `stat` for each system call that stat(2) and its siblings may be: versions of libc differ.
kind_of() {
	case $1 in
	newfstatat | fstat | fstat64 | fstatat64 | lstat | statx) echo stat ;;
	*) echo "$1" ;;
	esac
}

# The status of a run in which this call on one of its files fails so.
store_status() {
	local call file="$2" error="$3"

	call=$(kind_of "$1")
	case "$call $file $error" in
	'read '*' EINTR' | 'write '*' EINTR') echo 0 ;;
	# What was to be read from it, was; the lock goes with the process.
	'close tmp '*) echo 73 ;;
	'close '*) echo 0 ;;
	# Whose the lock is, is looked at only to give it to the folder's owner.
	'stat lock '*) echo 0 ;;
	# Who can't look whether an operator holds has to think so.
	'stat hold '*) echo 10 ;;
	# Where a file can't have two names, it is written twice.
	'link conf '*) echo 0 ;;
	# Whoever may not give a file away keeps it.
	'fchown '*) echo 0 ;;
	*) echo 73 ;;
	esac
}

# Why this call may fail.
store_errors() {
	case $(kind_of "$1") in
	openat) echo ENOSPC EMFILE ;;
	write) echo ENOSPC EIO EINTR ;;
	fsync | close) echo EIO ENOSPC ;;
	read) echo EIO EINTR ;;
	flock) echo EINTR ENOLCK ;;
	link) echo EPERM ENOSPC ;;
	rename | unlink | readlink | stat) echo EACCES EIO ;;
	fchown) echo EPERM EIO ;;
	*) echo EPERM ;;
	esac
}

@test "fail: each call on its files" {
	local call number what conf error points=0 tried=0
	local -A counted=() expected=()

	begin_with old
	record
	while read -r call number what conf; do
		[[ "$what" != net && "$what" != - ]] || continue
		for error in $(store_errors "$call"); do
			expected[$(store_status "$call" "$what" "$error")]+=.
			chosen 3 || continue
			tried=$((tried + 1))
			point="$error from $call $number ($what)"
			put_back
			disturb "$call" "$number" "error=$error"
			grep -q 'INJECTED' "$TEST_DIR/injected" || problem 'it did not reach this call' || return 1
			# Asked twice: whether it is there, without which nothing works, and whose it is, which is not so important.
			[[ "$(kind_of "$call") $what $status" == 'stat folder 0' ]] ||
				[[ "$status" == "$(store_status "$call" "$what" "$error")" ]] || problem 'a wrong status' || return 1
			nothing_left_over || problem 'a file is left over' || return 1
			if ((status)); then
				[[ "$(wc -l <"$TEST_DIR/said")" == 1 ]] || problem 'not exactly one line of output' || return 1
				grep -q "^swk-apply: error: .*$SWK_CONF" "$TEST_DIR/said" ||
					grep -q "^swk-apply: error: ${SWK_CONF%/*}: " "$TEST_DIR/said" ||
					problem 'the message does not name the file' || return 1
				[[ "$conf" == new || "$call $what" == 'rename conf' || "$(conf_is)" == old ]] ||
					problem 'the conf file was replaced in spite of the error' || return 1
				[[ "$(conf_is)" != old ]] || ! grep -qv '^GET' "$GATEWAY_DIR/requests.log" || problem 'nginx was changed' || return 1
			else
				[[ "$(conf_is)" == new && ! -s "$TEST_DIR/said" ]] || problem 'wrong conf file or unexpected output' || return 1
			fi
			one_more_run_reconciles || return 1
			counted[$status]=$((${counted[$status]:-0} + 1))
			points=$((points + 1))
		done
	done <"$TEST_DIR/calls"
	say "$BATS_TEST_DESCRIPTION: $points failures of $points_seen; status 0: ${counted[0]:-0}, 10: ${counted[10]:-0}, 73: ${counted[73]:-0}"
	((points_seen > 80 && ${#expected[73]} > 40 && points == tried && tried >= points_seen / 3 && ${counted[73]:-0} > 0))
}

# Why a call about a connection may fail.
net_errors() {
	case $1 in
	socket | socketpair) echo EMFILE ENOBUFS ;;
	connect) echo ECONNREFUSED ENETUNREACH EINTR ;;
	sendto | recvfrom) echo ECONNRESET EINTR ;;
	poll) echo EINTR ENOMEM ;;
	close) echo EIO ;;
	*) echo EINVAL ;;
	esac
}

# record_fewest - the record of a run that got along with few calls: how many connections it takes, and how often it waits, varies,
# and what only some runs do would mostly be missed.
record_fewest() {
	local _

	record
	for _ in 1 2 3 4; do
		cp "$TEST_DIR/calls" "$TEST_DIR/calls.fewest"
		record
		(($(wc -l <"$TEST_DIR/calls") <= $(wc -l <"$TEST_DIR/calls.fewest"))) ||
			mv "$TEST_DIR/calls.fewest" "$TEST_DIR/calls"
	done
}

# fail_connections STATUS... - lets each fail. The statuses that may come of it; whether another run, the same once more, brings all
# to be as it should.
fail_connections() {
	local call number what conf error points=0 missed=0 tried=0 allowed=" $* "
	local -A counted=()

	record_fewest
	while read -r call number what conf; do
		[[ "$what" == net ]] || continue
		for error in $(net_errors "$call" | cut -d " " -f "${FAIL_ERRORS:-1-}"); do
			chosen 3 || continue
			tried=$((tried + 1))
			point="$error from $call $number"
			# A run that didn't come to it may have had fewer such calls by chance.
			for _ in 1 2 3; do
				put_back
				disturb "$call" "$number" "error=$error"
				! grep -q 'INJECTED' "$TEST_DIR/injected" || break
			done
			if ! grep -q 'INJECTED' "$TEST_DIR/injected"; then
				missed=$((missed + 1))
				continue
			fi
			[[ "$allowed" == *" $status "* ]] || problem 'a wrong status' || return 1
			nothing_left_over || problem 'a file is left over' || return 1
			if ((status)); then
				grep -q '^swk-apply: error: ' "$TEST_DIR/said" || problem 'no error message' || return 1
				! grep -qv '^swk-apply: ' "$TEST_DIR/said" || problem 'another program printed a message' || return 1
			fi
			# Of Consul, a part may have been heard, and the file is right for that part.
			if [[ "$status" == 69 || "$(conf_is)" == torn ]]; then
				[[ "$status" == 69 ]] || problem 'the conf file is neither old nor new' || return 1
				(_gateway_nginx -t -q) || problem 'nginx does not read the conf file' || return 1
			fi
			one_more_run_reconciles new || return 1
			counted[$status]=$((${counted[$status]:-0} + 1))
			points=$((points + 1))
		done
	done <"$TEST_DIR/calls"
	say "$BATS_TEST_DESCRIPTION: $points failures of $points_seen, missed $missed; of status$(for number in "${!counted[@]}"; do
		printf ' %s: %s' "$number" "${counted[$number]}"
	done)"
	((points_seen > 30 && tried >= points_seen / 3 && points + missed == tried && missed * 3 < points)) || problem 'too many points were missed'
}

@test "fail: each call on the connection to nginx" {
	begin_with old
	fail_connections 0 75
}

@test "fail: each call on the connections to Consul and nginx" {
	begin_with_consul
	[[ -n "${ROBUST_ALL:-}" ]] || FAIL_ERRORS=1 # of each call's errors, the first
	fail_connections 0 69 75
}
