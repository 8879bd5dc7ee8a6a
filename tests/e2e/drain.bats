#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a shell of its own; bats sets stderr
# swk drain and swk undrain on one host, with and without the fleet.

load terminal

# begin [CONFIG...] - starts an agent, and the service web with the instances web-one and web-two, which nginx serves.
begin() {
	consul_start "$E2E_DIR/consul" "$E2E_ROOT/consul.d/swk-apply.hcl" "$@"
	serve
}

serve() {
	backend_start "$E2E_DIR/backends" one two
	register web web-one one
	register web web-two two
	wait_until "$E2E_PATIENCE" lands web one two
}

# in_maintenance ID - whether the agent has it in maintenance.
in_maintenance() {
	consul_api GET /v1/agent/checks | jq -e --arg id "_service_maintenance:$1" 'has($id)' >/dev/null
}

@test "drain: takes the instance out of nginx, and is safe at once if it has no connection" {
	begin
	run -0 --separate-stderr swk drain web-one
	[ "$output" == "web-one: safe to stop: this host's proxies do not use it, and it has no connection left" ]
	[ -z "$stderr" ]
	lands web two
	in_maintenance web-one
	consul_api GET /v1/agent/checks | jq -r '.[].Notes' | grep '^swk drain by .*@'
	run -0 swk drain web-one # again
	run -0 swk undrain web-one
	[ "$output" == 'web-one: its maintenance has ended' ]
	run ! in_maintenance web-one
	wait_until "$E2E_PATIENCE" lands web one two
}

# reload_slowly - has nginx begin a reload, and returns when it has read its files. Its new workers start half a second later.
reload_slowly() {
	RELOADED_FROM=$(gateway_workers)
	strace -o "$E2E_DIR/strace" -e trace=openat,clone -e inject=clone:delay_enter=500000:when=1 -p "$GATEWAY_PID" 2>"$E2E_DIR/attached" 3>&- &
	STARTED+=($!)
	wait_until "$E2E_PATIENCE" grep -q attached "$E2E_DIR/attached"
	kill -HUP "$GATEWAY_PID"
	# nginx opens the logs when it has read all files.
	wait_until "$E2E_PATIENCE" grep -q 'error\.log' "$E2E_DIR/strace"
}

is_reloaded() {
	[[ "$(gateway_workers | wc -l)" == "$GATEWAY_WORKERS" ]] && ! gateway_workers | grep -qxF "$RELOADED_FROM"
}

@test "drain: waits for workers that start later with the old conf file" {
	begin
	reload_slowly
	run -0 --separate-stderr swk drain web-one
	grep -q 'clone(.*DELAYED' "$E2E_DIR/strace"
	wait_until "$E2E_PATIENCE" is_reloaded
	lands web two
}

@test "drain: waits for connections, but not longer than the grace period" {
	begin
	exec 5<>"/dev/tcp/127.0.0.1/${BACKEND_PORT[one]}" 6<>"/dev/tcp/127.0.0.1/${BACKEND_PORT[two]}"
	swk drain web-one >"$E2E_DIR/out" 2>"$E2E_DIR/err" 3>&- 5>&- &
	STARTED+=($!)
	wait_until "$E2E_PATIENCE" grep -qx 'swk: [0-9]* s: 1 connection is open' "$E2E_DIR/err"
	[ ! -s "$E2E_DIR/out" ]
	exec 5>&-
	wait "${STARTED[0]}"
	grep 'safe to stop.* it has no connection left$' "$E2E_DIR/out"
	swk undrain web-one
	wait_until "$E2E_PATIENCE" lands web one two
	run -0 --separate-stderr swk drain --grace 1s web-two
	[[ "$output" == *'safe to stop'*', and 1 of its connections is still open after 1 s' ]]
}

@test "drain: waits for the whole grace period where it can't see the connections" {
	begin
	port=$(free_port)
	consul_register web web-box 127.0.0.1 "$port"
	run -0 --separate-stderr swk drain --grace 1 web-box
	[[ "$output" == *'waited 1 s more, because nothing listens on its address and port here, as with a container' ]]
	# Docker, whose proxy only listens.
	mkfifo "$E2E_DIR/fifo"
	(exec -a /usr/bin/docker-proxy bash -c 'read -rt 60 <>"$0"' "$E2E_DIR/fifo" -proto tcp -host-ip 0.0.0.0 -host-port "${BACKEND_PORT[one]}") 3>&- &
	STARTED+=($!)
	run -0 --separate-stderr swk drain --grace 1 web-one
	[[ "$output" == *'waited 1 s more, because docker-proxy listens on its port for a container, whose connections are not seen here' ]]
	swk undrain web-one
	wait_until "$E2E_PATIENCE" lands web one two
	run -0 --separate-stderr swk drain web-two
	[[ "$output" == *', and it has no connection left' ]]
	consul_register web web-far 192.0.2.1 80
	run -0 --separate-stderr swk drain --grace 1 web-far
	[[ "$output" == *"waited 1 s more, because its address is not on this host, which can't see its connections" ]]
}

@test "drain: the last healthy instance is not safe to stop" {
	begin
	swk drain web-one
	run -75 --separate-stderr swk drain --timeout 1s web-two
	[ -z "$output" ]
	[[ "${stderr##*$'\n'}" == 'swk: error: web-two: not drained after '?' s: '*'keeps its last servers'*"; it stays in maintenance until 'swk undrain web-two'" ]]
	in_maintenance web-two
	lands web two
}

@test "drain: does not take connections here for those of an instance on loopback elsewhere" {
	echo '{"advertise_addr": "192.0.2.1"}' >"$E2E_DIR/elsewhere.json"
	consul_start "$E2E_DIR/consul" "$E2E_DIR/elsewhere.json"
	backend_start "$E2E_DIR/backends" one
	register web web-one one
	run -0 --separate-stderr swk drain --grace 1 web-one
	[[ "$output" == *"waited 1 s more, because its address is not on this host, which can't see its connections" ]]
	# Unless this host is known to be its node.
	settings "{\"consul\": {\"node\": \"$CONSUL_NODE\"}}"
	run -0 --separate-stderr swk drain --grace 1 web-one
	[[ "$output" == *', and it has no connection left' ]]
}

@test "drain: does not wait for the lock after its time" {
	consul_start "$E2E_DIR/consul"
	serve_now
	flock "$SWK_CONF.lock" sleep 40 3>&- &
	STARTED+=($!)
	wait_until "$E2E_PATIENCE" is_locked
	run -75 --separate-stderr timeout 10 swk drain --timeout 1s web-one
	[[ "$stderr" == 'swk: error: web-one: not drained after '?' s: '*'.lock: another run held the lock until this run timed out'* ]]
	swk drain web-one >"$E2E_DIR/out" 2>"$E2E_DIR/err" 3>&- &
	STARTED+=($!)
	wait_until "$E2E_PATIENCE" waits_for_lock
	kill -INT "$!"
	status=0
	wait "$!" || status=$?
	[ "$status" == 75 ]
	grep '^swk: error: web-one: interrupted after . s: .*another run held the lock' "$E2E_DIR/err"
}

# waits_for_lock - whether a run shows that it waits.
waits_for_lock() {
	grep -q "^[0-9]*: OFDLCK .* READ .*:$(stat -c %i "$SWK_CONF.lock") 0 0\$" /proc/locks
}

# serve_now - like serve, without an agent that starts swk-apply.
serve_now() {
	backend_start "$E2E_DIR/backends" one two
	register web web-one one
	register web web-two two
	swk-apply --resync
	lands web one two
}

is_locked() {
	! flock -n "$SWK_CONF.lock" true
}

@test "drain: the address that the settings select counts, too" {
	settings '{"defaults": {"address": "wan"}}'
	consul_start "$E2E_DIR/consul"
	backend_start "$E2E_DIR/backends" one two
	for each in one two; do
		jq -n --arg id "web-$each" --argjson port "${BACKEND_PORT[$each]}" '{Name: "web", ID: $id, Address: "192.0.2.1", Port: 80,
			TaggedAddresses: {wan: {Address: "127.0.0.1", Port: $port}}}' | consul_register_json -
	done
	swk-apply --resync
	lands web one two
	# nginx does not learn of the change.
	swk hold
	run -75 --separate-stderr swk drain --timeout 1s web-one
	[[ "$stderr" == *"127.0.0.1:${BACKEND_PORT[one]}"* ]]
	# The same if this host's settings select another address than those of the proxies.
	jq 'del(.defaults)' "$SWK_CONFIG" >"$E2E_DIR/other"
	SWK_CONFIG=$E2E_DIR/other run -75 --separate-stderr swk drain --timeout 1s web-one
	[[ "$stderr" == *"127.0.0.1:${BACKEND_PORT[one]}"* ]]
	swk resume
	run -0 swk drain --grace 0 web-one
	lands web two
}

@test "drain: an instance of another node with the same ID is another instance" {
	consul_start "$E2E_DIR/consul" "$E2E_ROOT/consul.d/swk-apply.hcl"
	backend_start "$E2E_DIR/backends" one
	jq -n --argjson port "${BACKEND_PORT[one]}" '{Name: "web", Port: $port}' | consul_register_json -
	wait_until "$E2E_PATIENCE" lands web one
	# Those of two other nodes are in maintenance.
	for each in 1 2; do
		consul_catalog_register "{\"Node\": \"a-$each\", \"Address\": \"192.0.2.$each\", \"Service\": {\"Service\": \"web\", \"Port\": ${BACKEND_PORT[one]}},
			\"Check\": {\"CheckID\": \"_service_maintenance:web\", \"Name\": \"m\", \"Status\": \"critical\", \"ServiceID\": \"web\"}}"
	done
	run -75 --separate-stderr swk drain --timeout 2s web
	[[ "$stderr" == *"upstream web keeps its last servers, and has 127.0.0.1:${BACKEND_PORT[one]}"* ]]
	lands web one
}

@test "drain: an ID that is no instance of the agent, or a wrong option, changes nothing" {
	begin
	run -64 --separate-stderr swk drain web
	[ "$stderr" == "swk: error: 'web': no instance with this ID is registered at the agent http://$CONSUL_HTTP_ADDR: give --agent with the \
address of the instance's own agent" ]
	run -64 swk undrain web
	run -64 swk drain
	run -64 swk undrain
	run -64 swk drain web-one web-two
	run -64 swk drain --timeout 0 web-one
	run -64 swk drain --grace x web-one
	# Another agent, by an option that overrides the variable.
	run -69 swk drain --agent 127.0.0.1:1 web-one
	run -64 swk drain --agent ftp://127.0.0.1 web-one
	address=$CONSUL_HTTP_ADDR
	CONSUL_HTTP_ADDR=127.0.0.1:1 run -69 swk drain --agent "$address" web-one
	run ! in_maintenance web-one
	# Without the fleet, no host is registered.
	run -69 --separate-stderr swk drain --fleet web-two
	[[ "$stderr" == 'swk: error: Consul lists no host with the service swk-apply: '* ]]
	run ! in_maintenance web-two
	# A host name can't be confirmed.
	consul_register web web-name backend.example 80
	run -65 --separate-stderr swk drain web-name
	[[ "$stderr" == *'web-name: it has no address with a port'* ]]
}

@test "drain: when interrupted, it reports the state of the instance, and removes its request" {
	begin "$E2E_ROOT/consul.d/swk-fleet.hcl"
	consul_catalog_register '{"Node": "host-9", "Address": "192.0.2.9", "Service": {"Service": "swk-apply"}}'
	for signal in INT TERM; do
		rm -f "$E2E_DIR/err"
		swk drain --fleet web-one >"$E2E_DIR/out" 2>"$E2E_DIR/err" 3>&- &
		STARTED=($!)
		wait_until "$E2E_PATIENCE" grep -q ': 1 of 2 hosts have confirmed; host-9: no answer$' "$E2E_DIR/err"
		[ "$(consul_api GET '/v1/kv/swk/requests/?keys' | jq length)" == 1 ]
		kill -s "$signal" "${STARTED[0]}"
		status=0
		wait "${STARTED[0]}" || status=$?
		[ "$status" == 75 ]
		grep -x 'swk: error: host-9: no answer' "$E2E_DIR/err"
		grep "^swk: error: web-one: interrupted after . s: 1 of 2 hosts have confirmed; it stays in maintenance until 'swk undrain web-one'$" "$E2E_DIR/err"
		run ! consul_api GET '/v1/kv/swk/requests/?keys'
	done
	# An excluded host is not awaited; a host that is not there is a mistake.
	run -0 --separate-stderr swk drain --fleet --without host-9 --without host-7 web-one
	[ "$output" == 'web-one: safe to stop: 1 host has confirmed, and it has no connection left' ]
	[ "$stderr" == "swk: warning: --without host-7: no host of this name is registered; 'swk fleet' shows the names" ]
	run -64 --separate-stderr swk drain --fleet --without host-9 --without "$CONSUL_NODE" web-one
	[[ "$stderr" == *'--without excludes every host of the fleet, so none is left to confirm anything' ]]
}

# between RULES - has a proxy pass requests to the agent, but for those in nginx's blocks. Its address is $VIA.
between() {
	VIA="127.0.0.1:$(free_port)"
	echo "server { listen $VIA; $1 location / { proxy_pass http://127.0.0.1:$CONSUL_PORT; } }" >"$GATEWAY_DIR/empty.conf"
	gateway_reload
}

# bats test_tags=gateway
@test "drain: a session that ends before the request is replaced" {
	begin "$E2E_ROOT/consul.d/swk-fleet.hcl"
	between "location /v1/agent/service/maintenance/ { rewrite_by_lua 'ngx.sleep(3.4)'; proxy_pass http://127.0.0.1:$CONSUL_PORT; }"
	CONSUL_HTTP_ADDR=$VIA swk drain --fleet --grace 0 web-one >"$E2E_DIR/out" 2>"$E2E_DIR/err" 3>&- &
	STARTED=($!)
	wait_until "$E2E_PATIENCE" has_session
	consul_api PUT "/v1/session/destroy/$(sessions)" >/dev/null
	wait "${STARTED[0]}"
	grep '^web-one: safe to stop: 1 host has confirmed' "$E2E_DIR/out"
	[ -z "$(sessions)" ]
}

sessions() {
	consul_api GET /v1/session/list | jq -r '.[].ID'
}

has_session() {
	[[ -n "$(sessions)" ]]
}

@test "drain on a terminal updates one line, and leaves the result" {
	begin
	exec 5<>"/dev/tcp/127.0.0.1/${BACKEND_PORT[one]}"
	on_terminal 80x10 -- 'swk drain web-one' 5>&-
	sees '^[1-9] s: 1 connection is open$'
	exec 5>&-
	sees '^ended 0$'
	[ "$(plain | grep -c .)" == 3 ]
	plain | grep '^web-one: safe to stop: this host'
}

# acl_begin - an agent that denies by default, with a host that has the rights in swk-fleet(7), and two instances. These are registered with
# the management token, because the host has no rights on their service. $1: the policy for the host's acknowledgements.
acl_begin() {
	consul_acl_start "$E2E_DIR/consul" "$E2E_ROOT/consul.d/swk-apply.hcl" "$E2E_ROOT/consul.d/swk-fleet.hcl"
	consul_token "service_prefix \"\" { policy = \"read\" } node_prefix \"\" { policy = \"read\" }
		service \"swk-apply\" { policy = \"write\" } key_prefix \"swk/requests/\" { policy = \"read\" }
		key_prefix \"swk/acks/$CONSUL_NODE/\" { policy = \"$1\" }" >"$E2E_DIR/token"
	settings "{\"consul\": {\"token_file\": \"$E2E_DIR/token\"}}"
	# The watches, and the service of the fleet, use the agent's default token.
	jq -n --arg mine "$CONSUL_ACL_ROOT" --rawfile token "$E2E_DIR/token" \
		'{acl: {tokens: {agent: $mine, default: ($token | rtrimstr("\n"))}}}' >"$CONSUL_DIR/config/tokens.json"
	consul_reload
	backend_start "$E2E_DIR/backends" one two
	for each in one two; do
		jq -n --arg id "web-$each" --arg token "$CONSUL_ACL_ROOT" --argjson port "${BACKEND_PORT[$each]}" '{Name: "web", ID: $id,
			Address: "127.0.0.1", Port: $port, Token: $token}' | consul_api PUT "/v1/agent/service/register?token=$CONSUL_ACL_ROOT" --data @-
	done
	wait_until "$E2E_PATIENCE" in_catalogue swk-apply 1
	wait_until "$E2E_PATIENCE" in_catalogue web 2
	swk-apply --resync
	lands web one two
}

in_catalogue() {
	(($(consul_api GET "/v1/catalog/service/$1" | jq length) == $2))
}

# as RULES COMMAND... - runs the command with a token that has these rules, besides those to read services and nodes.
as() {
	consul_token "service_prefix \"\" { policy = \"read\" } node_prefix \"\" { policy = \"read\" } $1" >"$E2E_DIR/mine"
	run --separate-stderr "${@:2}" --token-file "$E2E_DIR/mine"
}

@test "drain: with access control, it needs the rights in swk-fleet(7), and says which one it lacks" {
	acl_begin write
	session='session_prefix "" { policy = "write" }'
	requests='key_prefix "swk/requests/" { policy = "write" }'
	acks='key_prefix "swk/acks/" { policy = "read" }'
	web='service "web" { policy = "write" }'
	# Nothing has changed if it fails before the maintenance.
	as "$requests $acks $web" swk drain --fleet web-one
	[ "$status" == 69 ]
	[[ "$stderr" == *'/v1/session/create: Consul answered 403: '*'; swk-fleet(7) lists the rights of the token'* ]]
	as "$session $requests $acks" swk drain --fleet web-one
	[ "$status" == 69 ]
	run ! in_maintenance web-one
	as "$session $acks $web" swk drain --fleet web-one
	[ "$status" == 69 ]
	[[ "$stderr" == *'/v1/kv/swk/requests/'*'403'*"; it stays in maintenance until 'swk undrain web-one'" ]]
	as "$session $requests $web" swk drain --fleet --timeout 1s web-one
	[ "$status" == 75 ]
	[[ "$stderr" == *': no answer'*'0 of 1 host has confirmed; it stays'* ]] # Consul does not say that it hides the answer
	as "$session $requests $acks $web" swk drain --fleet web-one
	[ "$status" == 0 ]
	[[ "$output" == 'web-one: safe to stop: 1 host has confirmed, '* ]]
	as "$web" swk undrain web-one
	[ "$status" == 0 ]
	# The table needs no right to write.
	as '' swk fleet
	[ "$status" == 69 ]
	[[ "$output" == *"$CONSUL_NODE"*none* ]]
	[[ "$stderr" == *'/v1/session/create: Consul answered 403: '* ]]
	as "$session $requests $acks" swk fleet
	[ "$status" == 0 ]
	[[ "$(cat "$E2E_DIR/consul/consul.log")" != *"$CONSUL_ACL_ROOT"* ]]
}

@test "drain: a host that may not write its acknowledgement counts as unconfirmed: 75" {
	acl_begin read
	as 'session_prefix "" { policy = "write" } key_prefix "swk/" { policy = "write" } service "web" { policy = "write" }' \
		swk drain --fleet --timeout 2s web-one
	[ "$status" == 75 ]
	[[ "$stderr" == *"swk: error: $CONSUL_NODE: no answer"* ]]
	wait_until "$E2E_PATIENCE" handler_ended 69
	lands web two
}
