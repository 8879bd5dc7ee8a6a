#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What the gateway has beyond dyups: faults on order, and the helpers of tests/lib. Not for a real Tengine.

bats_require_minimum_version 1.5.0

setup() {
	unset SWK_TENGINE
	# shellcheck source=SCRIPTDIR/../lib/gateway.bash
	source "$BATS_TEST_DIRNAME/../lib/gateway.bash"
	trace_test_only
	DIR="$BATS_TEST_TMPDIR/gateway"
}

teardown() {
	gateway_stop
}

expect() {
	[[ "$2" == "$1" ]] && return
	printf 'expected:\n%s\ngot:\n%s\n' "$1" "$2"
	return 1
}

# A POST, and who has it then: "ANSWER STATUS, WORKERS THAT HAVE IT".
post() {
	local answer

	answer="$(gateway_post "$1" 'server 10.0.0.1:80;' 2>/dev/null | paste -sd' ')"
	echo "$answer, $(workers_with "$1")"
}

# How many workers know this upstream.
workers_with() {
	gateway_workers_detail | awk -v name="$1" '/^==/ { count = NF - 1 } $0 == name { sum += count } END { print sum + 0 }'
}

@test "faults without effect: conflict, refused, unavailable, notsync-unapplied, reset" {
	gateway_start "$DIR"
	gateway_fault 1 conflict
	expect 'wait and try again  409, 0' "$(post web)"
	gateway_fault 1 refused
	expect 'add server failed 500, 0' "$(post web)"
	gateway_fault 1 unavailable
	expect ' 503, 0' "$(post web)"
	gateway_fault 1 notsync-unapplied
	expect 'alert: update success but not sync to other process 500, 0' "$(post web)"
	gateway_fault 1 reset
	expect ' 000, 0' "$(post web)"
	expect 'success 200, 2' "$(post web)"
}

@test "faults with half an effect: notsync and skew reach one worker, reset-applied all" {
	gateway_start "$DIR"
	gateway_fault 1 notsync
	expect 'alert: update success but not sync to other process 500, 1' "$(post a)"
	gateway_fault 1 skew
	expect 'success 200, 1' "$(post b)"
	gateway_fault 1 reset-applied
	expect ' 000, 2' "$(post c)"
	expect 'success 200, 2' "$(post a)"
}

@test "a DELETE has its own text for not sync" {
	gateway_start "$DIR"
	post web
	gateway_fault 1 notsync
	expect 'alert: delte success but not sync to other process 500' "$(gateway_delete web | paste -sd' ')"
	expect 1 "$(workers_with web)"
}

@test "a reset is one" {
	gateway_start "$DIR"
	gateway_fault 1 reset
	run -56 curl -sS "$GATEWAY_DYUPS/list"
}

@test "a body is cut to so many bytes, unless it went through a file" {
	GATEWAY_BODY_BUFFER=1k gateway_start "$DIR"
	for body in 'server 10.0.0.1:80;server 10.0.0.2:80;' "server 10.0.0.1:80;server 10.0.0.2:80;$(printf '%4000s' '')"; do
		gateway_fault 1 cut:19
		gateway_post web "$body" >/dev/null
		gateway_detail | grep -c '^server'
	done >"$DIR/counts"
	expect '1 2' "$(paste -sd' ' "$DIR/counts")"
	gateway_fault 1 cut:30
	expect 'add server failed 500' "$(gateway_post web 'server 10.0.0.1:80;server 10.0.0.2:80;' | paste -sd' ')"
}

@test "slow works after the wait, late before it" {
	gateway_start "$DIR"
	gateway_fault 1 slow:60
	run -28 curl -sS --max-time 1 --data 'server 10.0.0.1:80;' "$GATEWAY_DYUPS/upstream/slow"
	gateway_fault 1 late:60
	run -28 curl -sS --max-time 1 --data 'server 10.0.0.1:80;' "$GATEWAY_DYUPS/upstream/late"
	expect '0 2' "$(workers_with slow) $(workers_with late)"
	gateway_fault 1 slow:0.01
	expect 'success 200, 2' "$(post web)"
}

@test "faults are counted, chosen by pattern, taken in order, and taken back" {
	gateway_start "$DIR"
	gateway_fault 2 refused '^POST /upstream/web$'
	gateway_fault 1 conflict POST
	expect 'wait and try again  409, 0' "$(post other)"
	expect 'success 200, 2' "$(post other)"
	expect 'add server failed 500, 0' "$(post web)"
	expect 'add server failed 500, 0' "$(post web)"
	expect 'success 200, 2' "$(post web)"
	gateway_fault 9 conflict
	gateway_fault
	expect 'success 200, 2' "$(post web)"
}

@test "a fault that does not exist is refused" {
	gateway_start "$DIR"
	run -1 gateway_fault 1 wibble
	run -1 gateway_fault x conflict
	run -1 gateway_fault 1 slow
	run -1 gateway_fault 1 slow:x
	run -1 gateway_fault 1 cut
	run -1 gateway_fault 1 conflict '['
	expect 'success 200, 2' "$(post web)"
}

@test "the log has spoilt requests, too, but not the helpers' own looks" {
	gateway_start "$DIR"
	gateway_fault 1 reset
	post web
	gateway_detail
	expect 'POST /upstream/web 444 server 10.0.0.1:80;' "$(gateway_requests)"
}

@test "what must not reach the parser is refused: include, zone, hash" {
	local body

	gateway_start "$DIR"
	# shellcheck disable=SC2016 # the variable is nginx's
	for body in 'include /etc/passwd;' 'zone z 64k;' 'hash $uri;'; do
		expect 'add server failed 500' "$(gateway_post web "$body server 10.0.0.1:80;" | paste -sd' ')"
	done
	expect 'success 200, 2' "$(post web)"
}

@test "nothing is left after a stop, and stopping twice is no harm" {
	local pid

	gateway_start "$DIR"
	pid="$GATEWAY_PID"
	gateway_stop
	[[ ! -d "/proc/$pid" ]] || grep -q '^State:.Z' "/proc/$pid/status"
	run ! curl -sS "$GATEWAY_DYUPS/list"
	gateway_stop
}

@test "free_port gives each port once, outside the range of outgoing connections" {
	local low high port

	read -r low high </proc/sys/net/ipv4/ip_local_port_range
	for _ in {1..30}; do
		port="$(free_port)"
		((port > 1023 && port < 65536 && (port < low || port > high)))
		echo "$port"
	done >"$BATS_TEST_TMPDIR/ports"
	expect 30 "$(sort -u "$BATS_TEST_TMPDIR/ports" | wc -l)"
}

@test "wait_until ends with success or with its time" {
	touch "$BATS_TEST_TMPDIR/there"
	wait_until 1 test -e "$BATS_TEST_TMPDIR/there"
	run -1 wait_until 1 test -e "$BATS_TEST_TMPDIR/not there"
	run -1 wait_until 0 false
	wait_until 0 true
}
