#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own

load e2e

# Starts a real agent with the watches of consul.d.
start_agent() {
	consul_start "$E2E_DIR/consul" "$E2E_ROOT/consul.d/swk-apply.hcl" "$@"
}

@test "a critical instance is removed, and added again when it passes" {
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

@test "an instance in maintenance is removed; the last instance stays when it turns critical" {
	start_agent
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	register web web-2 two
	wait_until "$E2E_PATIENCE" lands web one two
	consul_maintenance web-2 on
	wait_until "$E2E_PATIENCE" lands web one
	consul_check web-1 critical
	# A later change: once it is applied, the event before it is handled.
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

@test "a deregistered service disappears from the conf file and from every worker" {
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

@test "a full run follows an instance to its new port" {
	start_agent
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	wait_until "$E2E_PATIENCE" lands web one
	register web web-1 two
	# Names, tags and checks did not change, so only a watch of this service would start a run.
	swk-apply --resync
	wait_until "$E2E_PATIENCE" lands web two
}

@test "blue and green have their own upstreams, and the upstream of a colour without instances is deleted" {
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

@test "nginx keeps all upstreams across reloads" {
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

@test "an agent that is killed and restarts without data does not change nginx" {
	start_agent
	backend_start "$E2E_DIR/backends" one
	register web web-1 one
	wait_until "$E2E_PATIENCE" lands web one
	cp "$GATEWAY_CONF" "$E2E_DIR/before"
	kill -KILL "$CONSUL_PID"
	lands web one
	rm -rf "$CONSUL_DIR/data"
	# The agent fires all its watches with empty documents.
	CONSUL_LOG_LEVEL=debug consul_restart_clean
	wait_until "$E2E_PATIENCE" grep -q 'Consul seems to be down' "$CONSUL_DIR/consul.log"
	cmp "$GATEWAY_CONF" "$E2E_DIR/before"
	lands web one
}

@test "swk-apply follows a rebuilt cluster, whose index starts over" {
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

@test "a watch of the service reports a new address at once" {
	sed 's/NAME/web/g' "$E2E_ROOT"/consul.d/service-NAME.hcl.example >"$E2E_DIR/web.hcl"
	start_agent "$E2E_DIR/web.hcl"
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	wait_until "$E2E_PATIENCE" lands web one
	register web web-1 two
	wait_until "$E2E_PATIENCE" lands web two
	# Another service, so that the list of services is not empty.
	register api api-1 one
	consul_deregister web-1
	wait_until "$E2E_PATIENCE" not_in_file web
}

@test "a watch that shows only a part of the service deletes no upstream, and follows the whole service" {
	sed -e 's/NAME/web/g' -e 's/"NAME"/"web"/' -e '/service  *=/a tag = "gray=blue"' \
		"$E2E_ROOT"/consul.d/service-NAME.hcl.example >"$E2E_DIR/web.hcl"
	consul_start "$E2E_DIR/consul" "$E2E_DIR/web.hcl"
	backend_start "$E2E_DIR/backends" plain blue other green
	register web web-1 plain
	register web web-3 green gray=green
	register web web-2 blue gray=blue
	wait_until "$E2E_PATIENCE" lands web_blue blue
	swk-apply --resync
	lands web plain
	lands web_green green
	# The document has only web_blue; the run that it starts also sees that web_green is gone.
	consul_deregister web-3
	register web web-2 other gray=blue
	wait_until "$E2E_PATIENCE" lands web_blue other
	wait_until "$E2E_PATIENCE" lands web_green none
	not_in_file web_green
	lands web plain
	in_step
}

@test "swk-apply leaves an unmanaged upstream alone until --adopt" {
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

@test "a dead nginx does not delay another, and its changes stay pending" {
	backend_start "$E2E_DIR/backends" one two
	consul_start "$E2E_DIR/consul"
	register web web-1 one
	dead="http://127.0.0.1:$(free_port)"
	run -75 swk-apply --resync --dyups "$dead" --dyups "$GATEWAY_DYUPS"
	[[ "$output" == *"$dead"*"1 upstream is pending"* ]]
	wait_until "$E2E_PATIENCE" lands web one
	# A run without the dead target has nothing pending. What is pending for the dead target stays recorded.
	run -0 swk-apply --resync --json
	[ "$(jq .targets[0].pending <<<"${lines[-1]}")" == 0 ]
	grep -A1 -x "target $dead" "$SWK_CONF.state" | grep -qx 'pending web'
}

@test "consul watch goes on after a failed run with --consul-watch, and ends without it" {
	consul_start "$E2E_DIR/consul"
	export SWK_DYUPS=http://127.0.0.1:9 # nothing listens: exit status 75
	watch() {
		"$(consul_binary)" watch -http-addr="$CONSUL_HTTP_ADDR" -type=service -service=web swk-apply --service web "$@" \
			>"$E2E_DIR/watch.log" 2>&1 3>&- &
		watch_pid=$!
	}
	watch --consul-watch
	consul_register web web-1 10.0.0.1 80
	wait_until "$E2E_PATIENCE" has_servers 10.0.0.1:80
	consul_register web web-2 10.0.0.2 80
	wait_until "$E2E_PATIENCE" has_servers $'10.0.0.1:80\n10.0.0.2:80'
	kill "$watch_pid"
	grep -q 'upstream is pending' "$E2E_DIR/watch.log"
	watch
	wait_until "$E2E_PATIENCE" has_ended "$watch_pid"
}

has_servers() {
	[[ "$(servers web 2>/dev/null)" == "$1" ]]
}

has_ended() {
	! kill -0 "$1" 2>/dev/null
}
