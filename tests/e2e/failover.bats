#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Servers from another datacenter or from a list while no own instance is usable; filters. Two real datacenters, Tengine's interface
# and HAProxy.

# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
load ../soak/soak
load settings
# shellcheck source=SCRIPTDIR/../lib/haproxy.bash
source "$BATS_TEST_DIRNAME/../lib/haproxy.bash"
# shellcheck source=SCRIPTDIR/../lib/datacenters.bash
source "$BATS_TEST_DIRNAME/../lib/datacenters.bash"

eval "settings_$(declare -f teardown)"

teardown() {
	[[ -z "${HAPROXY_PID:-}" ]] || proxy_stop
	there_stop
	settings_teardown
}

# both_have BACKEND... - whether nginx and HAProxy send requests for web, or SERVICE, to exactly these.
both_have() {
	local name=${SERVICE:-web} expected

	expected=$(printf '%s\n' "$@" | sort)
	lands "$name" "$@" && [[ "$(curl -s --max-time 20 "$HAPROXY_TRAFFIC/to/$name/?[1-20]" | sort -u)" == "$expected" ]]
}

# settings_of_both JSON - settings with nginx and HAProxy as targets.
settings_of_both() {
	settings "$(jq -n --arg url "$GATEWAY_DYUPS" --arg api "$HAPROXY_API" --arg master "$HAPROXY_MASTER" --arg file "$HAPROXY_FILE" \
		--argjson check "$(proxy_check_command)" --argjson more "$1" '{targets: [{url: $url}, {kind: "haproxy", name: "edge",
			socket: $api, file: $file, check: $check, master_socket: $master, interval: 0}]} + $more')"
}

@test "requests move to the other datacenter and back, none fails, and a datacenter that is cut off changes nothing" {
	sed 's/NAME/web/g' "$E2E_ROOT"/consul.d/service-NAME.hcl.example >"$E2E_DIR/web.hcl"
	proxy_start "$E2E_DIR/haproxy"
	settings_of_both '{"services": {"web": {"failover": ["dc2"]}}}'
	datacenters_start "$E2E_DIR/consul" "$E2E_DIR/web.hcl"
	backend_start "$E2E_DIR/backends" one two far
	there register web far-1 far
	register web web-1 one
	register web web-2 two
	wait_until "$E2E_PATIENCE" both_have one two
	while test_goes_on "$E2E_DIR/over"; do
		curl -s --max-time 20 -w '%{http_code}\n' -o /dev/null "$GATEWAY_TRAFFIC/to/web/?[1-20]" -o /dev/null "$HAPROXY_TRAFFIC/to/web/?[1-20]"
		sleep 0.05
	done >"$E2E_DIR/statuses" 2>&1 3>&- &
	load=$!
	consul_check web-1 critical
	wait_until "$E2E_PATIENCE" both_have two
	consul_check web-2 critical
	wait_until "$E2E_PATIENCE" both_have far
	grep -x '# service web, from dc2' "$SWK_CONF"
	backend_down one
	backend_down two
	sleep 0.3

	# Cut off: what comes from there stays, and own instances come back.
	kill -s STOP "$THERE_PID"
	run -69 swk-apply --resync --timeout 5
	[[ "$output" == *'Consul could not be asked about service web in datacenter dc2, so an upstream with servers from there keeps them'* ]]
	both_have far
	backend_up one
	consul_check web-1 passing
	wait_until "$E2E_PATIENCE" both_have one
	run -0 swk-apply --resync
	[[ "$output" != *dc2* ]]
	kill -s CONT "$THERE_PID"

	: >"$E2E_DIR/over"
	wait "$load"
	[ "$(sort -u "$E2E_DIR/statuses")" == 200 ]
	(($(wc -l <"$E2E_DIR/statuses") > 500))
	in_step
}

@test "a datacenter that hangs keeps a full run neither from the keys nor from its end" {
	settings '{"keyprefix": "nginx/upstreams", "services": {"web": {"failover": ["dc2"]}}}'
	datacenters_start "$E2E_DIR/consul"
	consul_register api api-1 10.0.0.1 80
	there consul_register web far-1 10.2.0.1 80
	consul_api PUT /v1/kv/nginx/upstreams/legacy/10.0.0.7:80 >/dev/null
	run -0 swk-apply --resync
	consul_api PUT /v1/kv/nginx/upstreams/legacy/10.0.0.8:80 >/dev/null
	kill -s STOP "$THERE_PID"
	run -69 swk-apply --resync --timeout 5
	[[ "$output" == *'Consul could not be asked about service web in datacenter dc2'* ]]
	[ "$(servers legacy | paste -sd' ')" == '10.0.0.7:80 10.0.0.8:80' ]
	grep -x '# service web, from dc2' "$SWK_CONF"

	# Other runs need not wait long for the lock.
	run -69 swk-apply --resync
	kill -s CONT "$THERE_PID"
	[[ "$output" =~ ms=([0-9]+) ]]
	((BASH_REMATCH[1] < 10000))
}

@test "a full run takes changes of the other datacenter, and leaves nothing behind without the setting" {
	proxy_start "$E2E_DIR/haproxy"
	settings_of_both '{"services": {"web": {"failover": ["dc2"], "fallback": ["127.0.0.1:9"]}}}'
	datacenters_start "$E2E_DIR/consul"
	backend_start "$E2E_DIR/backends" far more
	consul_register api api-1 10.0.0.1 80
	there register web far-1 far
	# Consul's list in dc1 has no such service.
	run -0 swk-apply --resync
	both_have far
	run -0 swk status --html
	[[ "$output" == *'<section id="failover">'* ]]
	run -0 swk history web
	[[ "$output" == *'its servers come from datacenter dc2: its service has no registered instance'* ]]
	there register web far-2 more
	run -0 swk-apply --resync
	both_have far more
	there consul_check far-1 critical
	there consul_check far-2 critical
	run -0 swk-apply --resync
	[ "$(servers web)" == 127.0.0.1:9 ]
	grep -x '# service web, from the fallback list' "$SWK_CONF"
	in_step

	settings_of_both '{}'
	run -0 swk-apply --resync
	not_in_file web
	in_step
	[ -z "$(proxy_servers web)" ]
}

@test "Consul decides which registrations a filter matches, and a filter that it rejects changes nothing" {
	settings '{"services": {"web": {"filter": "Service.Meta.version == \"2\" and \"public\" in Service.Tags"}}}'
	consul_start "$E2E_DIR/consul"
	CONSUL_META='{"version": "1"}' consul_register web web-1 10.0.0.1 80 public
	CONSUL_META='{"version": "2"}' consul_register web web-2 10.0.0.2 80 public
	CONSUL_META='{"version": "2"}' consul_register web web-3 10.0.0.3 80
	consul_api GET /v1/health/service/web >"$E2E_DIR/document"
	run -0 swk-apply <"$E2E_DIR/document"
	[ "$(servers web)" == 10.0.0.2:80 ]
	run -0 swk explain web
	[[ "$output" =~ web-1@[^$'\n']*\ left\ out\ +the\ filter\ does\ not\ match\ it ]]
	[[ "$output" =~ web-2@[^$'\n']*\ served ]]

	settings '{"services": {"web": {"filter": "Service.Meta.version = 2"}}}'
	state_of_all >"$E2E_DIR/before"
	run -69 strace -f -qq -e trace=sendto -o "$E2E_DIR/calls" swk-apply <"$E2E_DIR/document"
	[[ "$output" == *'Consul could not be asked about service web, so its upstreams stay as they are: '*'Failed to create boolean expression evaluator: '* ]]
	[ "$(grep -c 'GET /v1/health/service/web' "$E2E_DIR/calls")" == 1 ]
	[ "$(servers web)" == 10.0.0.2:80 ]
}

@test "a filter that no instance matches is no outage of Consul" {
	settings '{"services": {"web": {"filter": "Service.Meta.version == \"2\"", "fallback": ["10.0.0.9:80"]}}}'
	consul_start "$E2E_DIR/consul"
	CONSUL_META='{"version": "2"}' consul_register web web-2 10.0.0.2 80
	run -0 swk-apply --resync
	[ "$(servers web)" == 10.0.0.2:80 ]
	CONSUL_META='{"version": "1"}' consul_register web web-2 10.0.0.2 80
	run -0 swk-apply --resync
	[ "$(servers web)" == 10.0.0.9:80 ]
}

@test "a filter selects the instances for nginx and HAProxy" {
	proxy_start "$E2E_DIR/haproxy"
	settings_of_both '{"services": {"web": {"filter": "Service.Meta.version == 2"}}}'
	consul_start "$E2E_DIR/consul"
	backend_start "$E2E_DIR/backends" one two
	for each in one two; do
		jq -n --arg name "$each" --argjson port "${BACKEND_PORT[$each]}" '{Name: "web", ID: $name, Address: "127.0.0.1", Port: $port,
			Meta: {version: (if $name == "one" then "1" else "2" end)}}' | consul_register_json -
	done
	run -0 swk-apply --resync
	both_have two
	# The document has both.
	run -0 swk-apply --service web < <(consul_api GET /v1/health/service/web)
	both_have two
}

# imported NAME - makes this backend the only instance of billing that is imported from a peer. Before 1.14, Consul knows no peers, and a
# stand-in answers. Consul's list of services lacks what is imported.
imported() {
	if consul_has_peers; then
		[[ -e "$E2E_DIR/consul" ]] || partner_start "$E2E_DIR/consul" billing
		there register billing billing-1 "$1"
		[[ -n "$(consul_api GET /v1/catalog/service/web | jq '.[]')" ]] || consul_register web web-1 10.0.0.1 80
		wait_until "$E2E_PATIENCE" is_imported "${BACKEND_PORT[$1]}"
		return
	fi
	consul_stand_in "location = /v1/catalog/services { return 200 '{\"web\":[]}'; }
		location = /v1/health/service/web {
			return 200 '[{\"Node\":{},\"Service\":{\"Service\":\"web\",\"ID\":\"w\",\"Port\":80,\"Address\":\"10.0.0.1\"},\"Checks\":[]}]';
		}
		location = /v1/health/service/billing {
			if (\$arg_peer != partner) { return 500 'no peer'; }
			return 200 '[{\"Node\":{\"PeerName\":\"partner\"},\"Service\":{\"Service\":\"billing\",\"ID\":\"b\",\"PeerName\":\"partner\",\"Port\":${BACKEND_PORT[$1]},\"Address\":\"127.0.0.1\"},\"Checks\":[]}]';
		}"
}

is_imported() {
	consul_api GET '/v1/health/service/billing?peer=partner' | jq -e --argjson port "$1" 'map(.Service.Port) == [$port]' >/dev/null
}

@test "instances that are imported from a peer are served by nginx and HAProxy" {
	proxy_start "$E2E_DIR/haproxy"
	settings_of_both '{"services": {"billing": {"peer": "partner"}}}'
	backend_start "$E2E_DIR/backends" one two
	imported one
	run -0 swk-apply --resync
	SERVICE=billing both_have one
	imported two
	run -0 swk-apply --resync
	SERVICE=billing both_have two
	# An event of the own cluster is only a signal.
	imported one
	run -0 swk-apply --service billing < <(document "$(instance billing 10.0.0.1)")
	SERVICE=billing wait_until "$E2E_PATIENCE" both_have one
}
