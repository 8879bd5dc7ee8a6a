#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Any system call may fail. A run tolerates harmless errors; for others it prints one line and ends with the right status, and the
# next run finishes the work.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # variables of robust.bash; each test is a shell of its own
load robust

# kind_of CALL - prints `stat` for each system call that libc may use for stat(2) and similar functions, because versions differ.
kind_of() {
	case $1 in
	newfstatat | fstat | fstat64 | fstatat64 | lstat | statx) echo stat ;;
	*) echo "$1" ;;
	esac
}

# store_status CALL FILE ERROR - prints the expected status of a run in which this call on one of its files fails.
store_status() {
	local call file="$2" error="$3"

	call=$(kind_of "$1")
	case "$call $file $error" in
	'read '*' EINTR' | 'write '*' EINTR') echo 0 ;;
	# A run that cannot write the journal warns, and goes on.
	*' journal '* | *' journal.old '*) echo 0 ;;
	# Only for a written file does the result of close matter. The lock ends with the process.
	'close tmp '*) echo 73 ;;
	'close '*) echo 0 ;;
	# The run reads the lock's owner only to give the lock to the folder's owner.
	'stat lock '*) echo 0 ;;
	# If the hold can't be read, the run must assume that there is one.
	'stat hold '*) echo 10 ;;
	# Some file systems have no fsync.
	'fsync '*' EINVAL') echo 0 ;;
	# The old conf file then keeps its second name.
	'rename previous.tmp '*) echo 0 ;;
	# If a hard link is impossible, the run writes a copy.
	'link conf '*) echo 0 ;;
	# The run then copies by itself.
	'copy_file_range '*) echo 0 ;;
	# If the owner can't be changed, the file keeps its owner.
	'fchown '*) echo 0 ;;
	*) echo 73 ;;
	esac
}

# store_errors CALL - prints the errors with which this call on a file may fail.
store_errors() {
	case $(kind_of "$1") in
	openat) echo ENOSPC EMFILE ;;
	write) echo ENOSPC EIO EINTR ;;
	fsync | fdatasync) echo EIO ENOSPC EINVAL ;;
	ftruncate | lseek) echo EIO ;;
	close) echo EIO ENOSPC ;;
	read) echo EIO EINTR ;;
	pread64) echo EIO ;;
	flock) echo EINTR ENOLCK ;;
	link) echo EPERM ENOSPC ;;
	rename | unlink | readlink | stat) echo EACCES EIO ;;
	fchown) echo EPERM EIO ;;
	*) echo EPERM ;;
	esac
}

# journal_error_is_harmless CALL ERROR - whether the journal gets the line nevertheless. The folder's owner need not get it, and stat is
# called for that, too.
journal_error_is_harmless() {
	case "$(kind_of "$1") $2" in
	'stat '* | 'close '* | 'fchown '* | *' EINTR' | *' EINVAL') ;;
	*) return 1 ;;
	esac
}

# fail_files [PATTERN] - lets each call on the run's files fail, or on those that match the pattern.
fail_files() {
	local call number what conf error points=0 tried=0 only=${1:-*}
	local -A counted=() expected=()

	record
	while read -r call number what conf; do
		# shellcheck disable=SC2053 # a pattern
		[[ "$what" != net && "$what" != - && "$what" == $only ]] || continue
		for error in $(store_errors "$call"); do
			expected[$(store_status "$call" "$what" "$error")]+=.
			chosen 5 || continue
			tried=$((tried + 1))
			point="$error from $call $number ($what)"
			put_back
			disturb "$call" "$number" "error=$error"
			grep -q 'INJECTED' "$TEST_DIR/injected" || problem 'it did not reach this call' || return 1
			# The folder's stat is called twice: to see whether the folder exists, which is essential, and for its owner, which is not.
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
				[[ "$(conf_is)" == new ]] || problem 'wrong conf file' || return 1
				if [[ "$what" == journal* ]] && ! journal_error_is_harmless "$call" "$error"; then
					grep -qE "^swk-apply: warning: $SWK_CONF.journal(.old)?: .*; the journal lacks this change" "$TEST_DIR/said" ||
						problem 'no warning about the journal' || return 1
					[[ "$(wc -l <"$TEST_DIR/said")" == 1 ]] || problem 'not exactly one warning' || return 1
				elif [[ "$(kind_of "$call") $what" != 'stat journal' ]]; then
					[[ ! -s "$TEST_DIR/said" ]] || problem 'unexpected output' || return 1
				fi
			fi
			one_more_run_reconciles || return 1
			counted[$status]=$((${counted[$status]:-0} + 1))
			points=$((points + 1))
		done
	done <"$TEST_DIR/calls"
	say "$BATS_TEST_DESCRIPTION: $points failures of $points_seen; status 0: ${counted[0]:-0}, 10: ${counted[10]:-0}, 73: ${counted[73]:-0}"
	((points == tried && tried >= points_seen / 5))
	[[ "$only" != '*' ]] || ((points_seen > 80 && ${#expected[73]} > 40 && ${counted[73]:-0} > 0))
}

# page_strace [OPTION...] - starts the run, and traces its calls on the page, its folder and what becomes the page. Sets $status.
page_strace() {
	status=0
	strace -P "$page" -P "${page%/*}" -P "${page%/*}/.status.html.tmp" "$@" "${run_of[@]}" <"$TEST_DIR/document" \
		>/dev/null 2>"$TEST_DIR/said" || status=$?
}

# fail_page - lets each call on the page fail. The run has its status nevertheless, and the old page stays, or the new one is whole.
fail_page() {
	local call number error lines points=0 warned=0

	put_back
	page_strace -o "$TEST_DIR/trace"
	cp "$page" "$TEST_DIR/page.old"
	awk 'match($0, /^[a-z_0-9]+\(/) { call = substr($0, 1, RLENGTH - 1); print call, ++number[call] }' "$TEST_DIR/trace" >"$TEST_DIR/calls"
	grep -q '^rename ' "$TEST_DIR/calls"
	while read -r call number; do
		for error in $(store_errors "$call"); do
			point="$error from $call $number"
			put_back
			cp "$TEST_DIR/page.old" "$page"
			page_strace -o "$TEST_DIR/injected" -e inject="$call:error=$error:when=$number"
			grep -q 'INJECTED' "$TEST_DIR/injected" || problem 'it did not reach this call' || return 1
			((status == ends)) || problem 'a wrong status' || return 1
			[[ "$(conf_is)" == new ]] || problem 'wrong conf file' || return 1
			page_is_whole || problem 'the page is torn' || return 1
			lines=$(wc -l <"$TEST_DIR/said")
			if cmp -s "$page" "$TEST_DIR/page.old"; then
				[[ "$lines" == 1 ]] && grep -q '^swk-apply: warning: .*; the page was not written, and nothing else is affected$' "$TEST_DIR/said" ||
					problem 'the page is the old one, and there is no warning, or more' || return 1
				warned=$((warned + 1))
			else
				[[ "$lines" == 0 ]] || problem 'unexpected output' || return 1
			fi
			[[ ! -e "${page%/*}/.status.html.tmp" ]] || problem 'a file is left over' || return 1
			points=$((points + 1))
		done
	done <"$TEST_DIR/calls"
	say "$BATS_TEST_DESCRIPTION: $points failures, of which $warned kept the page"
	((points > 10 && warned > 5))
}

@test "fail: each call for the page of a full run" {
	begin_with_consul
	fail_page
}

@test "fail: each call on the run's files" {
	begin_with old
	fail_files
}

@test "fail: each call on the files of a run that copies most of the conf file" {
	begin_with_others
	fail_files
}

@test "fail: each call on the journal of a run that begins a new one" {
	begin_with_full_journal
	fail_files 'journal*'
}

@test "fail: another program changes the conf file while a run copies it" {
	local edit='/^# service api$/,/^}$/s/^ *server 10.0.0.1:\(.*\)/&\n    server 10.0.0.77:\1/'

	begin_with_others
	# The hard link comes between reading and copying.
	strace -o "$TEST_DIR/injected" -e trace=link -e inject=link:delay_exit=1000000 "$PROGRAM" \
		<"$TEST_DIR/document" >/dev/null 2>"$TEST_DIR/said" &
	wait_until 10 test -e "$SWK_CONF.previous.tmp"
	sed "$edit" "$SWK_CONF" >"$TEST_DIR/edited"
	cat "$TEST_DIR/edited" >"$SWK_CONF"
	wait $!
	[ ! -s "$TEST_DIR/said" ]
	# As if the change had come before the run.
	sed "$edit" "$TEST_DIR/new/conf" | cmp - "$SWK_CONF"
	is_on_all_workers new
}

# net_errors CALL - prints the errors with which this call on a connection may fail.
net_errors() {
	case $1 in
	socket | socketpair | pipe2) echo EMFILE ENOBUFS ;;
	connect) echo ECONNREFUSED ENETUNREACH EINTR ;;
	sendto | recvfrom) echo ECONNRESET EINTR ;;
	poll) echo EINTR ENOMEM ;;
	close) echo EIO ;;
	*) echo EINVAL ;;
	esac
}

# record_fewest - records several runs, and keeps the record with the fewest calls. The number of connections and waits varies, and
# calls that only some runs make would mostly be missed.
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

# fail_connections STATUS... - lets each call on a connection fail. Each run must end with one of these statuses, and the same run
# again must finish the work.
fail_connections() {
	local call number what conf error errors points=0 missed=0 tried=0 allowed=" $* "
	local -A counted=()

	record_fewest
	while read -r call number what conf; do
		case $what in
		net) errors=$(net_errors "$call" | cut -d " " -f "${FAIL_ERRORS:-1-}") ;;
		edge.* | for-edge* | servers) errors=$(store_errors "$call") ;;
		*) continue ;;
		esac
		for error in $errors; do
			chosen 5 || continue
			tried=$((tried + 1))
			point="$error from $call $number"
			# A run may by chance make fewer such calls, and not reach this one.
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
			# If Consul answered only in part, the conf file is right for that part.
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
	((points_seen > 30 && tried >= points_seen / 5 && points + missed == tried && missed * 3 < points)) || problem 'too many points were missed'
}

@test "fail: each call on the connection to nginx" {
	begin_with old
	fail_connections 0 75
}

@test "fail: each call on the connections to Consul and nginx" {
	begin_with_consul
	[[ -n "${ROBUST_ALL:-}" ]] || FAIL_ERRORS=1 # only the first error of each call
	fail_connections 0 69 75
}

@test "fail: each call on the connections to Consul and nginx in a failover" {
	begin_with_failover
	[[ -n "${ROBUST_ALL:-}" ]] || FAIL_ERRORS=1
	fail_connections 0 69 75 78
}

# strace counts the calls of each process, so a call of a program may be one on the settings file, too: status 78.
@test "fail: each call on the pipes to a command, and on the file of what it confirmed" {
	begin_with_command
	fail_connections 0 75 78
}

@test "fail: each call on the file of a target, its lock, and what is confirmed" {
	begin_with_file
	fail_connections 0 75 78
}

@test "fail: each call on the connections to HAProxy, and on the file of what it confirmed" {
	begin_with_haproxy
	fail_connections 0 75 78
}

@test "fail: each call on the connection to ngx_dynamic_upstream, and on the files that it includes" {
	begin_with_dynamic
	fail_connections 0 75 78
}

@test "fail: each call on the connections of a run that answers a request" {
	begin_with_requests
	[[ -n "${ROBUST_ALL:-}" ]] || FAIL_ERRORS=1 # only the first error of each call
	fail_connections 0 69 73 75 78
}
