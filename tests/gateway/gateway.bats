#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What the stand-in has in addition to dyups: faults on request. Also the helpers of tests/lib. Not for a real Tengine.

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

# post NAME - sends a POST, and prints "ANSWER STATUS, WORKERS"; WORKERS is the number of workers that then have the upstream.
post() {
	local answer

	answer="$(gateway_post "$1" 'server 10.0.0.1:80;' 2>/dev/null | paste -sd' ')"
	echo "$answer, $(workers_with "$1")"
}

# workers_with NAME - prints how many workers have this upstream.
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

@test "faults with an effect: notsync and skew change one worker, reset-applied all workers" {
	gateway_start "$DIR"
	gateway_fault 1 notsync
	expect 'alert: update success but not sync to other process 500, 1' "$(post a)"
	gateway_fault 1 skew
	expect 'success 200, 1' "$(post b)"
	gateway_fault 1 reset-applied
	expect ' 000, 2' "$(post c)"
	expect 'success 200, 2' "$(post a)"
}

@test "the not sync message of a DELETE differs from that of a POST" {
	gateway_start "$DIR"
	post web
	gateway_fault 1 notsync
	expect 'alert: delte success but not sync to other process 500' "$(gateway_delete web | paste -sd' ')"
	expect 1 "$(workers_with web)"
}

@test "the fault reset really resets the connection" {
	gateway_start "$DIR"
	gateway_fault 1 reset
	run -56 curl -sS "$GATEWAY_DYUPS/list"
}

@test "cut shortens a body, unless it went through a file" {
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

@test "slow changes the workers after its wait, late before" {
	gateway_start "$DIR"
	gateway_fault 1 slow:60
	run -28 curl -sS --max-time 1 --data 'server 10.0.0.1:80;' "$GATEWAY_DYUPS/upstream/slow"
	gateway_fault 1 late:60
	run -28 curl -sS --max-time 1 --data 'server 10.0.0.1:80;' "$GATEWAY_DYUPS/upstream/late"
	expect '0 2' "$(workers_with slow) $(workers_with late)"
	gateway_fault 1 slow:0.01
	expect 'success 200, 2' "$(post web)"
}

@test "faults have a count and a pattern, are used in order, and can be cancelled" {
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

@test "an invalid fault is an error" {
	gateway_start "$DIR"
	run -1 gateway_fault 1 wibble
	run -1 gateway_fault x conflict
	run -1 gateway_fault 1 slow
	run -1 gateway_fault 1 slow:x
	run -1 gateway_fault 1 cut
	run -1 gateway_fault 1 conflict '['
	expect 'success 200, 2' "$(post web)"
}

@test "the log has requests with faults, but not the helpers' own reads" {
	gateway_start "$DIR"
	gateway_fault 1 reset
	post web
	gateway_detail
	expect 'POST /upstream/web 444 server 10.0.0.1:80;' "$(gateway_requests)"
}

@test "the interface rejects include, zone and hash" {
	local body

	gateway_start "$DIR"
	# shellcheck disable=SC2016 # the variable is nginx's
	for body in 'include /etc/passwd;' 'zone z 64k;' 'hash $uri;'; do
		expect 'add server failed 500' "$(gateway_post web "$body server 10.0.0.1:80;" | paste -sd' ')"
	done
	expect 'success 200, 2' "$(post web)"
}

@test "gateway_stop leaves no process, and may be called twice" {
	local pid

	gateway_start "$DIR"
	pid="$GATEWAY_PID"
	gateway_stop
	[[ ! -d "/proc/$pid" ]] || grep -q '^State:.Z' "/proc/$pid/status"
	run ! curl -sS "$GATEWAY_DYUPS/list"
	gateway_stop
}

@test "free_port gives out each port once, outside the range for outgoing connections" {
	local low high port

	read -r low high </proc/sys/net/ipv4/ip_local_port_range
	for _ in {1..30}; do
		port="$(free_port)"
		((port > 1023 && port < 65536 && (port < low || port > high)))
		echo "$port"
	done >"$BATS_TEST_TMPDIR/ports"
	expect 30 "$(sort -u "$BATS_TEST_TMPDIR/ports" | wc -l)"
}

@test "wait_until ends when the command succeeds or the time is over" {
	touch "$BATS_TEST_TMPDIR/there"
	wait_until 1 test -e "$BATS_TEST_TMPDIR/there"
	run -1 wait_until 1 test -e "$BATS_TEST_TMPDIR/not there"
	run -1 wait_until 0 false
	wait_until 0 true
}

@test "an agent gets no port that another agent may have, whatever its version" {
	local SWK_CONSUL="$BATS_TEST_TMPDIR/consul" version

	# shellcheck source=SCRIPTDIR/../lib/consul.bash
	source "$BATS_TEST_DIRNAME/../lib/consul.bash"
	# It only tells its version, so the start fails.
	# shellcheck disable=SC2016 # the script expands it
	printf '#!/bin/sh\n[ "$1" != version ] || echo "Consul v$VERSION"\n' >"$SWK_CONSUL"
	chmod +x "$SWK_CONSUL"
	for version in 1.8.7 1.13.9 1.14.0 1.14.1+ent 1.22.0-dev 2.0.0; do
		! VERSION="$version" consul_start "$DIR" 2>/dev/null
		jq -r --arg version "$version" '"\($version) \(.ports.grpc_tls) \(.ports.grpc)"' "$DIR/config/agent.json"
	done >"$BATS_TEST_TMPDIR/ports"
	expect $'1.8.7 null -1\n1.13.9 null -1\n1.14.0 -1 -1\n1.14.1+ent -1 -1\n1.22.0-dev -1 -1\n2.0.0 -1 -1' \
		"$(<"$BATS_TEST_TMPDIR/ports")"
}
