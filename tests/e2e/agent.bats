#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own

load e2e

# The stanzas as they stand in consul.d, on a real agent.
start_agent() {
	consul_start "$E2E_DIR/consul" "$E2E_ROOT/consul.d/swk-apply.hcl" "$@"
}

@test "an instance that goes critical leaves, and comes back" {
	start_agent
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	register web web-2 two
	wait_until "$E2E_PATIENCE" lands web one two
	consul_check web-1 critical
	wait_until "$E2E_PATIENCE" lands web two
	[ "$(servers web)" == "127.0.0.1:${BACKEND_PORT[two]}" ]
	consul_check web-1 passing
	wait_until "$E2E_PATIENCE" lands web one two
	in_step
}

@test "an instance in maintenance leaves; the last one critical stays" {
	start_agent
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	register web web-2 two
	wait_until "$E2E_PATIENCE" lands web one two
	consul_maintenance web-2 on
	wait_until "$E2E_PATIENCE" lands web one
	consul_check web-1 critical
	# Something that comes after it, so that it is known to be handled.
	register api api-1 two
	wait_until "$E2E_PATIENCE" lands api two
	lands web one
	in_step
}

@test "a warning instance is not served" {
	start_agent
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	register web web-2 two
	consul_check web-2 warning
	wait_until "$E2E_PATIENCE" lands web one
}

@test "a service that is deregistered goes, from the file and every worker" {
	start_agent
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	register api api-1 two
	wait_until "$E2E_PATIENCE" lands web one
	wait_until "$E2E_PATIENCE" lands api two
	consul_deregister api-1
	wait_until "$E2E_PATIENCE" not_in_file api
	wait_until "$E2E_PATIENCE" lands api none
	lands web one
	in_step
}

@test "an instance that moves to another port is followed" {
	start_agent
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	wait_until "$E2E_PATIENCE" lands web one
	register web web-1 two
	# Neither names, tags nor checks changed: of the watches, only the service's own tells of it.
	swk-apply --resync
	wait_until "$E2E_PATIENCE" lands web two
}

@test "blue and green land in their own upstreams, and a colour without instances goes" {
	start_agent
	backend_start "$E2E_DIR/backends" plain blue green
	register web web-1 plain
	register web web-2 blue gray=blue
	register web web-3 green gray=green
	wait_until "$E2E_PATIENCE" lands web plain
	wait_until "$E2E_PATIENCE" lands web_blue blue
	wait_until "$E2E_PATIENCE" lands web_green green
	consul_deregister web-2
	wait_until "$E2E_PATIENCE" lands web_blue none
	not_in_file web_blue
	lands web plain
	lands web_green green
}

@test "a reload of nginx in between loses nothing" {
	start_agent
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	wait_until "$E2E_PATIENCE" lands web one
	gateway_reload
	lands web one
	register web web-2 two
	wait_until "$E2E_PATIENCE" lands web one two
	gateway_reload
	lands web one two
	in_step
}

@test "the agent killed, and started again with nothing in it, leaves nginx as it was" {
	start_agent
	backend_start "$E2E_DIR/backends" one
	register web web-1 one
	wait_until "$E2E_PATIENCE" lands web one
	cp "$GATEWAY_CONF" "$E2E_DIR/before"
	kill -KILL "$CONSUL_PID"
	lands web one
	rm -rf "$CONSUL_DIR/data"
	# It fires all its watches with empty answers.
	CONSUL_LOG_LEVEL=debug consul_restart_clean
	wait_until "$E2E_PATIENCE" grep -q 'Consul seems to be down' "$CONSUL_DIR/consul.log"
	cmp "$GATEWAY_CONF" "$E2E_DIR/before"
	lands web one
}

@test "a cluster that was rebuilt, so that its index goes back, is followed again" {
	start_agent
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	for _ in 1 2 3 4 5; do
		consul_check web-1 warning
		consul_check web-1 passing
	done
	wait_until "$E2E_PATIENCE" lands web one
	consul_restart_clean
	register web web-2 two
	wait_until "$E2E_PATIENCE" lands web two
}

@test "one watch a service tells of a new address at once" {
	sed 's/NAME/web/g' "$E2E_ROOT"/consul.d/service-NAME.hcl.example >"$E2E_DIR/web.hcl"
	start_agent "$E2E_DIR/web.hcl"
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	wait_until "$E2E_PATIENCE" lands web one
	register web web-1 two
	wait_until "$E2E_PATIENCE" lands web two
	# The list must not be empty without it.
	register api api-1 one
	consul_deregister web-1
	wait_until "$E2E_PATIENCE" not_in_file web
}

@test "a foreign upstream is left alone until it is adopted" {
	backend_start "$E2E_DIR/backends" hand one
	gateway_post web "server 127.0.0.1:${BACKEND_PORT[hand]};" >/dev/null
	wait_until "$E2E_PATIENCE" lands web hand
	start_agent
	register web web-1 one
	register api api-1 one
	wait_until "$E2E_PATIENCE" lands api one
	lands web hand
	not_in_file web
	run -10 swk-apply --resync
	[[ "$output" == *"upstream web of service web: held back"* ]]
	swk-apply --resync --adopt
	wait_until "$E2E_PATIENCE" lands web one
	in_step
}

@test "one dead nginx keeps no other from being updated, and is owed what it missed" {
	backend_start "$E2E_DIR/backends" one two
	consul_start "$E2E_DIR/consul"
	register web web-1 one
	dead="http://127.0.0.1:$(free_port)"
	run -75 swk-apply --resync --dyups "$dead" --dyups "$GATEWAY_DYUPS"
	[[ "$output" == *"$dead"*"1 upstream is pending"* ]]
	wait_until "$E2E_PATIENCE" lands web one
	# The next run finds it alive again: another gateway, on the port.
	run -0 swk-apply --resync --json
	[ "$(jq .targets[0].pending <<<"${lines[-1]}")" == 0 ]
	grep -A1 -x "target $dead" "$SWK_CONF.state" | grep -qx 'owed web'
}
