#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# Upstreams from keys in Consul's key-value store.

load settings

TREE=nginx/upstreams

# start_agent [CONFIG...] - starts an agent with the keyprefix watch of consul.d.
start_agent() {
	sed "s|PREFIX|$TREE|" "$E2E_ROOT"/consul.d/keys.hcl.example >"$E2E_DIR/keys.hcl"
	consul_start "$E2E_DIR/consul" "$E2E_DIR/keys.hcl" "$@"
}

# put UPSTREAM/ADDRESS:PORT [VALUE], remove UPSTREAM/ADDRESS:PORT, remove UPSTREAM/?recurse - change keys below the prefix.
put() {
	consul_api PUT "/v1/kv/$TREE/$1" --data "${2:-}" >/dev/null
}

remove() {
	consul_api DELETE "/v1/kv/$TREE/$1" >/dev/null
}

at() {
	echo "127.0.0.1:${BACKEND_PORT[$1]}"
}

# live_has UPSTREAM BACKEND WORD - whether the server's line in nginx has this word, and nginx matches the conf file.
live_has() {
	[[ "$(live_server "$1" "$2") " == *" $3 "* ]] && in_step
}

# has_servers UPSTREAM ADDRESS - whether this is the only server of the upstream in the conf file.
has_servers() {
	[[ "$(servers "$1")" == "$2" ]]
}

upstreams() {
	awk '$1 == "upstream" { print $2 }' "$SWK_CONF" | paste -sd,
}

@test "the watch follows changes of keys and values, and the removal of an upstream's last key" {
	settings '{"keyprefix": "nginx/upstreams", "services": {"legacy": {"balance": "least_conn"}}}'
	start_agent
	backend_start "$E2E_DIR/backends" one two three
	put "legacy/$(at one)"
	wait_until "$E2E_PATIENCE" lands legacy one
	grep -qx '# key legacy' "$SWK_CONF"
	grep -q '^ *least_conn;' "$SWK_CONF"
	put "legacy/$(at two)" '{"weight": 3}'
	wait_until "$E2E_PATIENCE" lands legacy one two
	live_has legacy two weight=3
	put "legacy/$(at two)" '{"weight": 7, "max_fails": 9}'
	wait_until "$E2E_PATIENCE" live_has legacy two weight=7
	live_has legacy two max_fails=9
	put "legacy/$(at two)" '{"down": 1}'
	wait_until "$E2E_PATIENCE" lands legacy one
	live_has legacy two down=1
	put "other/$(at three)"
	wait_until "$E2E_PATIENCE" lands other three
	remove "legacy/$(at two)"
	wait_until "$E2E_PATIENCE" has_servers legacy "$(at one)"
	remove "other/$(at three)"
	wait_until "$E2E_PATIENCE" not_in_file other
	wait_until "$E2E_PATIENCE" lands other none
	lands legacy one
	in_step
}

@test "many deleted upstreams of keys are held back; a deleted tree is kept; services are still updated" {
	settings '{"keyprefix": "nginx/upstreams"}'
	CONSUL_LOG_LEVEL=debug start_agent "$E2E_ROOT/consul.d/swk-apply.hcl"
	consul_register web web-1 10.0.0.1 80
	for each in a-1 a-2 a-3 b-1; do
		put "$each/10.0.1.1:80"
	done
	wait_until "$E2E_PATIENCE" in_file b-1
	wait_until "$E2E_PATIENCE" in_file web
	[ "$(upstreams)" == a-1,a-2,a-3,b-1,web ]
	# 3 of 4 upstreams in one change; upstreams of services do not count.
	remove 'a-?recurse'
	run -10 swk-apply --resync
	[[ "$output" == *"3 of 4 upstreams would be deleted"* ]]
	[ "$(upstreams)" == a-1,a-2,a-3,b-1,web ]
	swk-apply --resync --force
	[ "$(upstreams)" == b-1,web ]
	in_step

	: >"$CONSUL_DIR/consul.log"
	remove '?recurse'
	wait_until "$E2E_PATIENCE" grep -q 'no key of an upstream, so nothing was changed' "$CONSUL_DIR/consul.log"
	wait_until "$E2E_PATIENCE" handler_ended 10
	[ "$(upstreams)" == b-1,web ]
	consul_register api api-1 10.0.0.2 80
	wait_until "$E2E_PATIENCE" in_file api
	run -10 swk-apply --resync
	[[ "$output" == *"Consul has no key under nginx/upstreams/"* ]]
	[ "$(upstreams)" == api,b-1,web ]
	# Without the setting they are kept, too, until --force.
	settings '{}'
	run -0 swk-apply --resync
	[[ "$output" == *"no keyprefix"* ]]
	[ "$(upstreams)" == api,b-1,web ]
	run -65 swk-apply <<<'[{"Key": "nginx/upstreams/c/10.0.0.9:80", "Value": null}]'
	swk-apply --resync --force
	[ "$(upstreams)" == api,web ]
	in_step
}

@test "--resync reads the tree; if a service and a key have the same name, the recorded one wins, otherwise the service" {
	settings '{"keyprefix": "nginx/upstreams"}'
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	put legacy/10.0.1.1:80
	put 'legacy/[::1]:8080' '{"backup": 1}'
	put web/10.0.1.2:80
	put 'bad/10.0.1.3' # no port
	run -0 swk-apply --resync
	[[ "$output" == *"upstream web of key web: skipped"* ]]
	[[ "$output" == *"key 'nginx/upstreams/bad/10.0.1.3' skipped"* ]]
	[ "$(upstreams)" == legacy,web ]
	[ "$(servers web)" == 10.0.0.1:80 ]
	[ "$(servers legacy | paste -sd,)" == '10.0.1.1:80,[::1]:8080' ]
	grep -q '\[::1\]:8080 .*backup;' "$SWK_CONF"

	# The name belongs to the key.
	consul_register legacy legacy-1 10.0.0.2 80
	run -0 swk-apply --resync
	[[ "$output" == *"upstream legacy of service legacy: skipped"* ]]
	[ "$(servers legacy | head -n 1)" == 10.0.1.1:80 ]
	consul_register api api-1 10.0.0.3 80
	remove 'legacy/?recurse'
	swk-apply --resync
	[ "$(servers legacy)" == 10.0.0.2:80 ]
	grep -qx '# service legacy' "$SWK_CONF"
	in_step
	# When the service is gone, the key gets its name.
	consul_deregister web-1
	swk-apply --resync
	[ "$(servers web)" == 10.0.1.2:80 ]
	grep -qx '# key web' "$SWK_CONF"
	in_step
	# A document of another kind does not affect keys.
	swk-apply < <(consul_api GET /v1/health/service/api)
	[ "$(upstreams)" == api,legacy,web ]
}
