#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
#
# ngx_dynamic_upstream: single requests and their answers; traffic and reloads. On a real one: SWK_DYNAMIC=BINARY bats ...

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=SCRIPTDIR/../lib/dynamic.bash
	source "$BATS_TEST_DIRNAME/../lib/dynamic.bash"
	# shellcheck source=SCRIPTDIR/../lib/traffic.bash
	source "$BATS_TEST_DIRNAME/../lib/traffic.bash"
	# shellcheck source=SCRIPTDIR/../lib/backend.bash
	source "$BATS_TEST_DIRNAME/../lib/backend.bash"
	# shellcheck source=SCRIPTDIR/play.bash
	source "$BATS_TEST_DIRNAME/play.bash"
	trace_test_only
	DIR="$BATS_TEST_TMPDIR/gateway"
}

teardown() {
	backend_stop
	gateway_stop
}

attributes='weight=1&max_fails=1&fail_timeout=10&max_conns=0'

# status_of NAME - prints the status of a request through an upstream.
status_of() {
	gateway_fetch "$1" | tail -n 1
}

@test "dynamic: requests and their answers" {
	export DYNAMIC_MORE='upstream two { zone two 64k; server 10.0.1.1:80; server 10.0.1.2:80 backup; }
		upstream words { zone words 64k; server 10.0.2.1; server 10.0.2.1:80; server unix:/tmp/x; }
		upstream static { server 127.0.0.1:1; }'
	dynamic_gateway_start "$DIR" web last
	play_queries "$BATS_TEST_DIRNAME/dynamic.cases"
}

@test "dynamic: each worker sends traffic to what any of them was told" {
	backend_start "$BATS_TEST_TMPDIR/backends" one two
	dynamic_gateway_start "$DIR" web
	[ "$(status_of web)" == 502 ]
	dynamic_ask "upstream=web&add=&server=127.0.0.1:${BACKEND_PORT[one]}&$attributes"
	wait_until 15 lands web one
	dynamic_ask "upstream=web&add=&server=127.0.0.1:${BACKEND_PORT[two]}&$attributes"
	wait_until 15 lands web one two
	dynamic_ask "upstream=web&server=127.0.0.1:${BACKEND_PORT[one]}&down="
	wait_until 15 lands web two
	dynamic_ask "upstream=web&remove=&server=127.0.0.1:${BACKEND_PORT[two]}"
	[ "$(status_of web)" == 502 ]
	[ "$(status_of none)" == 502 ]
}

@test "dynamic: after a reload, and when a worker dies" {
	backend_start "$BATS_TEST_TMPDIR/backends" one two
	dynamic_gateway_start "$DIR" web
	dynamic_ask "upstream=web&add=&server=127.0.0.1:${BACKEND_PORT[one]}&$attributes"
	gateway_kill_worker
	wait_until 15 lands web one
	echo "server 127.0.0.1:${BACKEND_PORT[two]};" >"$DYNAMIC_DIRECTORY/web.servers"
	gateway_reload
	[ "$(dynamic_servers web)" == "127.0.0.1:${BACKEND_PORT[two]} 1 1 10 0" ]
	wait_until 15 lands web two
	: >"$DYNAMIC_DIRECTORY/web.servers"
	run ! gateway_reload
	wait_until 15 lands web two
}

@test "dynamic: backups are used beside a single server only if there is a placeholder" {
	backend_start "$BATS_TEST_TMPDIR/backends" one two
	dynamic_gateway_start "$DIR" web
	backend_down one
	dynamic_ask "upstream=web&add=&server=127.0.0.1:${BACKEND_PORT[two]}&backup=&$attributes"
	dynamic_ask "upstream=web&add=&server=127.0.0.1:${BACKEND_PORT[one]}&$attributes"
	wait_until 15 lands web two
	dynamic_ask 'upstream=web&remove=&server=0.0.0.1:80'
	[ "$(status_of web)" == 502 ]
	dynamic_ask "upstream=web&add=&server=0.0.0.1:80&down=&$attributes"
	wait_until 15 lands web two
}

@test "dynamic: a long answer is cut" {
	export DYNAMIC_MORE='upstream big { zone big 8m; server 0.0.0.1 down; }'
	dynamic_gateway_start "$DIR"
	for ((i = 1; i <= 1500; i++)); do
		printf 'url = "%s?upstream=big&add=&server=10.%d.%d.1:8001&%s"\noutput = /dev/null\n' "$DYNAMIC_URL" $((i / 250)) $((i % 250)) "$attributes"
	done | curl -gsS -K -
	[ "$(dynamic_ask 'upstream=big&verbose=' | head -c -4 | wc -c)" == $((32 * 4096)) ]
}
