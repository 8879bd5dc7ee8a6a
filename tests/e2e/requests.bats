#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a shell of its own; bats sets stderr
# Requests of a fleet: what a host answers to keys that others write.

load settings

ID=00000000000000a1
OTHER=00000000000000a2

# start_host - starts an agent with the files of a member of a fleet. host_with_web - the same, with the service web in the conf file.
start_host() {
	consul_start "$E2E_DIR/consul" "$E2E_ROOT/consul.d/swk-apply.hcl" "$E2E_ROOT/consul.d/swk-fleet.hcl"
}

host_with_web() {
	start_host
	consul_register web web-1 10.0.0.1 80
	wait_until "$E2E_PATIENCE" in_file web
}

# start_agent - starts an agent with a member of a fleet, for a test that starts swk-apply itself. agent_with_web - the same, with the
# service web in the conf file.
start_agent() {
	CONSUL_LOG_LEVEL=debug consul_start "$E2E_DIR/consul"
	consul_register_host critical
}

agent_with_web() {
	start_agent
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
}

# request ID JSON - writes a request.
request() {
	consul_api PUT "/v1/kv/swk/requests/$1" --data "$2" >/dev/null
}

# withdraw ID - deletes a request.
withdraw() {
	consul_api DELETE "/v1/kv/swk/requests/$1" >/dev/null
}

# ack ID - prints this host's acknowledgement.
ack() {
	consul_api GET "/v1/kv/swk/acks/$CONSUL_NODE/$1?raw"
}

# acked ID STATE [REASON] - whether the host has answered this, with a reason that contains REASON.
acked() {
	local got

	got=$(ack "$1" 2>/dev/null) && [[ "$(jq -r .state <<<"$got")" == "$2" && "$(jq -r .reason <<<"$got")" == *"${3:-}"* ]]
}

acks() {
	consul_api GET '/v1/kv/swk/acks/?keys' 2>/dev/null | jq -r '.[]' | sort
}

no_acks() {
	[[ -z "$(acks)" ]]
}

@test "a request is answered when each worker complies, and its answer disappears with it" {
	start_host
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	register web web-2 two
	wait_until "$E2E_PATIENCE" lands web one two
	request "$ID" '{"services": [{"name": "web", "live": 2}]}'
	wait_until "$E2E_PATIENCE" acked "$ID" 'done'
	ack "$ID" | jq -e '.pending == 0 and .on_hold == false and .reason == "" and .time > 0'
	request "$OTHER" "{\"services\": [{\"name\": \"web\", \"without\": \"127.0.0.1:${BACKEND_PORT[one]}\"}]}"
	wait_until "$E2E_PATIENCE" acked "$OTHER" pending "upstream web has 127.0.0.1:${BACKEND_PORT[one]}"
	consul_maintenance web-1 on
	wait_until "$E2E_PATIENCE" acked "$OTHER" 'done'
	# Since when the server is gone, by a clock that nothing sets.
	since=$(sed -n "s/^request $OTHER .* //p" "$SWK_CONF.state")
	((since > 0 && since / 1000 <= $(cut -d. -f1 /proc/uptime)))
	lands web two
	withdraw "$ID"
	withdraw "$OTHER"
	wait_until "$E2E_PATIENCE" no_acks
}

# asking ID... - prints the document of a watch on requests for the service web.
asking() {
	local id IFS=, list=()

	for id; do
		list+=("{\"Key\": \"swk/requests/$id\", \"Value\": \"$(base64 -w0 <<<'{"services": [{"name": "web"}]}')\"}")
	done
	printf '[%s]' "${list[*]}"
}

# watched - prints the document of a watch on all requests.
watched() {
	consul_api GET '/v1/kv/swk/requests/?recurse'
}

@test "twenty requests at once are all answered" {
	local id pids=()

	host_with_web
	for id in {10..29}; do
		request "00000000000000$id" '{"services": [{"name": "web", "live": 1}]}' &
		pids+=($!)
	done
	wait "${pids[@]}"
	all_answered() { (($(acks | grep -c "^swk/acks/$CONSUL_NODE/00000000000000[12]") == 20)); }
	wait_until "$E2E_PATIENCE" all_answered
	for id in {10..29}; do
		acked "00000000000000$id" 'done'
	done
	consul_api DELETE '/v1/kv/swk/requests/?recurse' >/dev/null
	wait_until "$E2E_PATIENCE" no_acks
}

@test "a key that is no request is left alone, and a request that cannot be read is answered as invalid" {
	local bad=00000000000000b1 newer=00000000000000b2

	start_agent
	request '../evil' '{}'
	request 'a%3Bb%C3%A9%20%27' '{}'
	request "${ID^^}" '{}'
	request "$bad" '{"services": [{"name": "web", "without": "10.0.0.1; x"}]}'
	request "$newer" '{"services": [{"name": "web", "warm": true}]}'
	request "$ID" '{"by": "x\n\u001b[1m", "services": [{"name": "web"}]}'
	request "$OTHER" '{}'
	run -0 swk-apply --requests < <(watched)
	[[ "$output" == *"of the keys under swk/requests/ cannot be a request"* ]]
	acked "$bad" invalid "web: 'without' is not an IP address with a port"
	acked "$newer" invalid "does not know its member 'warm'"
	acked "$ID" 'done'
	acked "$OTHER" 'done'
	[ "$(acks | wc -l)" == 4 ]
	# Another document.
	run -65 swk-apply --requests <<<'{"web": []}'
	run -65 swk-apply --requests <<<'[{"Node": "n", "CheckID": "c", "Status": "passing"}]'
	run -65 swk-apply --requests <<<'no'
	run -64 swk-apply --requests --resync </dev/null
}

@test "an empty document, and requests that are answered, cost no request, and write nothing" {
	local before files

	agent_with_web
	for each in "$ID" "$OTHER"; do
		request "$each" '{"services": [{"name": "web"}]}'
	done
	before=$(requests_made)
	asking "$ID" "$OTHER" | swk-apply --requests
	# The requests, the service, the node, two answers, and what has to be deleted.
	(($(requests_made) - before == 6))
	files=$(state_of_all)
	before=$(requests_made)
	asking "$ID" "$OTHER" | strace -f -qq -o "$E2E_DIR/trace" -e trace=openat,rename,connect swk-apply --requests
	asking "$OTHER" "$ID" | swk-apply --requests
	[ "$(requests_made)" == "$before" ]
	[ "$(state_of_all)" == "$files" ]
	run ! grep -E 'libcurl|connect|rename|O_CREAT' "$E2E_DIR/trace"
	consul_api DELETE '/v1/kv/swk/requests/?recurse' >/dev/null
	swk-apply --requests <<<null
	no_acks
	files=$(state_of_all)
	before=$(requests_made)
	swk-apply --requests <<<null
	[ "$(requests_made)" == "$before" ]
	[ "$(state_of_all)" == "$files" ]
}

@test "null at the start of an agent deletes no answer of a request that still exists" {
	start_agent
	request "$ID" '{}'
	asking "$ID" | swk-apply --requests
	acked "$ID" 'done'
	swk-apply --requests <<<null
	acked "$ID" 'done'
	# A lost state file leaves nothing behind: the next request cleans up.
	withdraw "$ID"
	rm "$SWK_CONF.state"
	request "$OTHER" '{}'
	asking "$OTHER" | swk-apply --requests
	[ "$(acks)" == "swk/acks/$CONSUL_NODE/$OTHER" ]
	# Another host's is not touched.
	consul_api PUT "/v1/kv/swk/acks/$CONSUL_NODE-2/$ID" --data '{}' >/dev/null
	withdraw "$OTHER"
	swk-apply --requests <<<null
	[ "$(acks)" == "swk/acks/$CONSUL_NODE-2/$ID" ]
}

@test "an instance that is kept as the last one, and a hold, leave a request pending with the reason" {
	start_host
	backend_start "$E2E_DIR/backends" one
	register web web-1 one
	wait_until "$E2E_PATIENCE" lands web one
	consul_maintenance web-1 on
	request "$ID" "{\"services\": [{\"name\": \"web\", \"without\": \"127.0.0.1:${BACKEND_PORT[one]}\"}]}"
	wait_until "$E2E_PATIENCE" acked "$ID" pending 'upstream web keeps its last servers'
	consul_maintenance web-1 off
	swk hold --conf "$SWK_CONF" 'a test'
	request "$OTHER" '{"services": [{"name": "web"}]}'
	wait_until "$E2E_PATIENCE" acked "$OTHER" pending 'web: changes are on hold'
	ack "$OTHER" | jq -e .on_hold
	wait_until "$E2E_PATIENCE" acked "$ID" pending 'changes are on hold, and upstream web has'
	swk resume
	wait_until "$E2E_PATIENCE" acked "$OTHER" 'done'
	# A registration of another instance frees the last one.
	backend_start "$E2E_DIR/more" two
	register web web-2 two
	consul_maintenance web-1 on
	wait_until "$E2E_PATIENCE" acked "$ID" 'done'
}

@test "a request is done only when all workers have answered, and their number is known" {
	local worker

	host_with_web
	request "$ID" '{"services": [{"name": "web"}]}'
	wait_until "$E2E_PATIENCE" acked "$ID" 'done'
	worker=$(gateway_workers | head -n 1)
	kill -STOP "$worker"
	STARTED+=("$worker")
	request "$OTHER" '{"services": [{"name": "web", "without": "10.0.0.9:80"}]}'
	wait_until "$E2E_PATIENCE" acked "$OTHER" pending 'of its workers did not answer'
	kill -CONT "$worker"
	wait_until "$E2E_PATIENCE" acked "$OTHER" 'done'
	STARTED=()
}

@test "a worker that has never answered is missed" {
	local worker

	start_agent
	consul_register web web-1 10.0.0.1 80
	worker=$(gateway_workers | head -n 1)
	kill -STOP "$worker"
	STARTED+=("$worker")
	run -75 swk-apply --resync
	[[ "$output" == *'only 1 of 2 workers answered'* ]]
	request "$ID" '{"services": [{"name": "web", "without": "10.0.0.2:80"}]}'
	run swk-apply --requests --timeout 6 < <(watched)
	acked "$ID" pending '1 of its workers did not answer'
	kill -CONT "$worker"
	STARTED=()
	swk-apply --resync
	acked "$ID" 'done'
}

@test "without the header X-Worker, no request about servers is done" {
	gateway_stop
	GATEWAY_WORKER='""' gateway_start "$E2E_DIR/gateway"
	settings '{"timeout": "5s"}'
	start_agent
	request "$ID" '{"services": [{"name": "web"}]}'
	request "$OTHER" '{}'
	run swk-apply --requests < <(watched)
	acked "$ID" pending 'not all of its workers are known to have answered: see swk lint'
	acked "$OTHER" 'done'
}

@test "a full run of all hosts is requested with all" {
	host_with_web
	consul_register api api-1 10.0.0.2 80
	wait_until "$E2E_PATIENCE" in_file api
	# The conf file is as the last run wrote it, so an event would read only a part of it.
	swk-apply --resync
	swk-apply --resync
	gateway_delete web
	request "$ID" '{"all": true}'
	wait_until "$E2E_PATIENCE" acked "$ID" 'done'
	in_step
	gateway_detail | grep -q 10.0.0.1
	[ "$(grep -c '^upstream' "$SWK_CONF")" == 2 ]
}

@test "a host on which a target rejects an upstream is not in step" {
	settings '{"defaults": {"allow_hostnames": true}}'
	start_host
	consul_register web web-1 10.0.0.1 80
	wait_until "$E2E_PATIENCE" in_file web
	run -0 swk resync --fleet
	[ "$output" == '1 host is in step' ]
	consul_register web web-1 nowhere.invalid 80
	run -75 --separate-stderr swk resync --fleet --timeout 4s
	[[ "$stderr" == *"$CONSUL_NODE: upstream web: a target rejects what Consul says"* ]]
}

@test "a host ignores a service that it does not publish, and an unknown service has no live instance" {
	settings '{"exclude": ["api"]}'
	host_with_web
	request "$ID" '{"services": [{"name": "api", "live": 3}]}'
	wait_until "$E2E_PATIENCE" acked "$ID" 'done'
	request "$OTHER" '{"services": [{"name": "db", "live": 1}]}'
	wait_until "$E2E_PATIENCE" acked "$OTHER" pending 'db: 0 of 1'
	consul_register db db-1 10.0.0.2 80
	wait_until "$E2E_PATIENCE" acked "$OTHER" 'done'
	ack "$ID" | jq -e '.unpublished == [0]'
	ack "$OTHER" | jq -e '.unpublished == []'
	# No host publishes it, so no proxy has three of its instances.
	run -64 --separate-stderr swk wait --fleet web=1 api=3
	[ "$stderr" == "swk: error: service 'api' is published by no host of the fleet: is its name right?" ]
	run -0 swk wait --fleet web=1
	[ "$output" == 'web: 1 live, on each of 1 host' ]
}

@test "if a run may not write an answer, a later run writes it" {
	consul_acl_start "$E2E_DIR/consul"
	CONSUL_HTTP_TOKEN=$CONSUL_ACL_ROOT consul_register_host critical
	CONSUL_HTTP_TOKEN=$CONSUL_ACL_ROOT consul_register web web-1 10.0.0.1 80
	request "$ID" '{"services": [{"name": "web"}]}'
	export CONSUL_HTTP_TOKEN
	CONSUL_HTTP_TOKEN=$(consul_token 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }
		key_prefix "swk/requests/" { policy = "read" }')
	run -69 swk-apply --requests < <(asking "$ID")
	[[ "$output" == *"the token needs key:write for swk/acks/$CONSUL_NODE/"* ]]
	no_acks
	in_file web
	# An event run that may write answers it.
	CONSUL_HTTP_TOKEN=$(consul_token "service_prefix \"\" { policy = \"read\" } node_prefix \"\" { policy = \"read\" }
		key_prefix \"swk/requests/\" { policy = \"read\" } key_prefix \"swk/acks/$CONSUL_NODE/\" { policy = \"write\" }")
	run swk-apply --service web <<<'[]'
	acked "$ID" 'done'
	# Without any right, the host is not known to be a member.
	CONSUL_HTTP_TOKEN=''
	request "$OTHER" '{}'
	run -69 swk-apply --requests < <(asking "$ID" "$OTHER")
	[[ "$output" != *"$CONSUL_ACL_ROOT"* ]]
}

@test "a host that is not registered says so" {
	consul_start "$E2E_DIR/consul"
	request "$ID" '{}'
	run -69 swk-apply --requests < <(asking "$ID")
	[[ "$output" == *"the agent has no service swk-apply with a check: install swk-fleet.hcl"* ]]
	no_acks
	consul_register_host critical
	run -0 swk-apply --requests < <(asking "$ID")
	acked "$ID" 'done'
}

@test "a node's name with a slash and a space is percent-encoded in the key" {
	echo '{"node_name": "web/1 a%"}' >"$E2E_DIR/node.json"
	CONSUL_NODE='web%2F1%20a%25' consul_start "$E2E_DIR/consul" "$E2E_DIR/node.json"
	CONSUL_NODE='web/1 a%' consul_register_host critical || true
	request "$ID" '{}'
	run -0 swk-apply --requests < <(asking "$ID")
	[ "$(acks)" == "swk/acks/web%2F1%20a%25/$ID" ]
	withdraw "$ID"
	swk-apply --requests <<<null
	no_acks
}

@test "a run that waits for the lock answers the requests that there are when it gets the lock" {
	agent_with_web
	request "$ID" '{}'
	flock -o "$SWK_CONF.lock" sleep 30 &
	STARTED+=($!)
	wait_until "$E2E_PATIENCE" is_locked
	swk-apply --requests < <(asking "$ID") &
	wait_until "$E2E_PATIENCE" is_awaited
	# Meanwhile the request is withdrawn, and another one comes.
	withdraw "$ID"
	request "$OTHER" '{}'
	kill "${STARTED[0]}"
	wait "$!"
	[ "$(acks)" == "swk/acks/$CONSUL_NODE/$OTHER" ]
}

is_locked() {
	! flock -n "$SWK_CONF.lock" true
}

# Whether a process waits for the lock.
is_awaited() {
	grep -q -- "-> .*:$(stat -c %i "$SWK_CONF.lock") " /proc/locks
}

# remember_gone MS - has FILE.state say since when FILE has none of the servers that the request asks about.
remember_gone() {
	sed -i "s/^\(request $ID new 0 0\) .*/\1 $1/" "$SWK_CONF.state"
}

@test "a host confirms that a server is gone only when a reload that began earlier would have ended" {
	agent_with_web
	request "$ID" '{"services": [{"name": "web", "without": "10.0.0.2:80"}]}'
	# An agent delivers a request only once, and this run is killed while it waits.
	swk-apply --requests < <(watched) &
	wait_until "$E2E_PATIENCE" grep -q "^request $ID new 0 0 [1-9]" "$SWK_CONF.state"
	kill -KILL "$!"
	no_acks
	# An event does not wait for that. It notices that the clock was set back.
	remember_gone 4000000000000
	run swk-apply --service other <<<'[]'
	no_acks
	run ! grep -q ' 4000000000000$' "$SWK_CONF.state"
	remember_gone 1000
	run swk-apply --service other <<<'[]'
	acked "$ID" 'done'
	withdraw "$ID"
	# Others wait: a full run, and an event if the run that the agent started has answered, and may have ended.
	for each in new pending; do
		request "$OTHER" '{"services": [{"name": "web", "without": "10.0.0.2:80"}]}'
		sed -i "s/^request .*/request $OTHER $each 1 0 0\nasks 0 10.0.0.2:80 web/" "$SWK_CONF.state"
		if [[ "$each" == new ]]; then
			swk-apply --resync
		else
			run swk-apply --service other <<<'[]'
		fi
		acked "$OTHER" 'done'
		consul_api DELETE "/v1/kv/swk/acks/$CONSUL_NODE/$OTHER" >/dev/null
	done
}

# An agent delivers a request only once.
@test "a run that is killed before it answers leaves the answer to the next event" {
	local stopped=()

	agent_with_web
	request "$ID" '{"services": [{"name": "web"}]}'
	mapfile -t stopped < <(gateway_workers)
	kill -STOP "$GATEWAY_PID" "${stopped[@]}"
	STARTED+=("$GATEWAY_PID" "${stopped[@]}")
	consul_register web web-2 10.0.0.2 80
	swk-apply --requests < <(asking "$ID") &
	wait_until "$E2E_PATIENCE" is_remembered
	kill -KILL "$!"
	kill -CONT "$GATEWAY_PID" "${stopped[@]}"
	STARTED=()
	no_acks
	run swk-apply --service other <<<'[]'
	acked "$ID" 'done'
	[ "$(servers web | wc -l)" == 2 ]
}

is_remembered() {
	grep -q "^request $ID new" "$SWK_CONF.state"
}

# event SERVICE - has swk-apply handle what a watch of the service would deliver now.
event() {
	consul_api GET "/v1/health/service/$1" | swk-apply --service "$1"
}

@test "a request that comes while a run answers others is left to the next run, which asks Consul about it" {
	local named=00000000000000a3

	agent_with_web
	request "$ID" '{"services": [{"name": "web", "without": "10.0.0.2:80"}]}'
	# This run waits for a second before it confirms.
	swk-apply --requests < <(watched) &
	wait_until "$E2E_PATIENCE" grep -q "^request $ID new 0 0 [1-9]" "$SWK_CONF.state"
	consul_register api api-1 10.0.0.2 80
	request "$OTHER" '{"all": true}'
	request "$named" '{"services": [{"name": "api"}]}'
	wait "$!"
	[ "$(acks)" == "swk/acks/$CONSUL_NODE/$ID" ]
	acked "$ID" 'done'
	not_in_file api
	swk-apply --requests < <(watched)
	acked "$OTHER" 'done'
	acked "$named" 'done'
	in_file api
}

# An agent delivers a request only once, so these are of runs that were killed.
@test "a request with all is answered only by a run that asks Consul about everything" {
	agent_with_web
	consul_api GET /v1/health/state/any >"$E2E_DIR/checks"
	swk-apply <"$E2E_DIR/checks"
	# Its checks do not show this change.
	consul_register web web-1 10.0.0.3 80
	swk-apply <"$E2E_DIR/checks"
	servers web | grep -qx 10.0.0.1:80
	request "$ID" '{"all": true}'
	sed -i "s/^end$/request $ID new 0 1 0\nend/" "$SWK_CONF.state"
	swk-apply --verify <"$E2E_DIR/checks"
	acked "$ID" 'done'
	servers web | grep -qx 10.0.0.3:80
	# What is pending stays so until the next full run, or the next request.
	consul_api DELETE "/v1/kv/swk/acks/$CONSUL_NODE/$ID" >/dev/null
	sed -i "s/^request $ID .*/request $ID pending 1 1 0/" "$SWK_CONF.state"
	consul_register api api-1 10.0.0.2 80
	event web
	swk-apply <"$E2E_DIR/checks"
	no_acks
	swk-apply --resync
	acked "$ID" 'done'
	sed -i "s/^request $ID .*/request $ID pending 1 1 0/" "$SWK_CONF.state"
	consul_register db db-1 10.0.0.4 80
	asking "$ID" | swk-apply --requests
	grep -q "^request $ID done" "$SWK_CONF.state"
	in_file db
}

@test "a host withdraws what it has confirmed if the server comes back" {
	local before

	agent_with_web
	consul_register web web-2 10.0.0.2 80
	consul_maintenance web-2 on
	request "$ID" '{"services": [{"name": "web", "without": "10.0.0.2:80"}]}'
	swk-apply --requests < <(watched)
	acked "$ID" 'done'
	# Until then, an event makes no request.
	before=$(requests_made)
	swk-apply --service other <<<'[]'
	[ "$(requests_made)" == "$before" ]
	consul_maintenance web-2 off
	run event web
	acked "$ID" pending 'upstream web has 10.0.0.2:80'
	consul_maintenance web-2 on
	event web
	acked "$ID" 'done'
	# An undo does not ask Consul, so the next run answers.
	swk undo
	grep -q "^request $ID pending" "$SWK_CONF.state"
	run swk-apply --service other <<<'[]'
	acked "$ID" pending 'changes are on hold, and upstream web has 10.0.0.2:80'
}

@test "the answer to a request that is gone is deleted, whichever run notices that first" {
	agent_with_web
	request "$ID" '{"services": [{"name": "web", "live": 5}]}'
	watched | swk-apply --requests --timeout 4
	acked "$ID" pending
	withdraw "$ID"
	# An event comes before what the agent's watch delivers.
	swk-apply --service other <<<'[]'
	acked "$ID" pending
	swk-apply --requests <<<null
	no_acks
	run ! grep -q '^request' "$SWK_CONF.state"
	before=$(requests_made)
	swk-apply --requests <<<null
	[ "$(requests_made)" == "$before" ]
	# The next request may come before that, or the same one again.
	for each in "$OTHER" "$ID"; do
		request "$ID" '{"services": [{"name": "web", "live": 5}]}'
		watched | swk-apply --requests --timeout 4
		withdraw "$ID"
		swk-apply --service other <<<'[]'
		acked "$ID" pending
		request "$each" '{"services": [{"name": "web"}]}'
		watched | swk-apply --requests
		[ "$(acks)" == "swk/acks/$CONSUL_NODE/$each" ]
		acked "$each" 'done'
		withdraw "$each"
		swk-apply --requests <<<null
		no_acks
	done
	request "$ID" '{"services": [{"name": "web", "live": 5}]}'
	watched | swk-apply --requests --timeout 4
	withdraw "$ID"
	swk-apply --service other <<<'[]'
	swk-apply --resync --dry-run
	acked "$ID" pending
	# What the agent's watch delivers may be lost.
	swk-apply --resync
	no_acks
	before=$(requests_made)
	swk-apply --requests <<<null
	[ "$(requests_made)" == "$before" ]
}

@test "on a host of a fleet, the timer's run finds a request that an earlier run lost" {
	settings '{"fleet_check": true}'
	agent_with_web
	request "$ID" '{"services": [{"name": "web", "live": 1}]}'
	swk-apply --resync
	acked "$ID" 'done'
	rm "$SWK_CONF.state"
	consul_api DELETE "/v1/kv/swk/acks/$CONSUL_NODE/$ID"
	swk-apply --service other <<<'[]'
	no_acks
	swk-apply --resync
	acked "$ID" 'done'
	withdraw "$ID"
	swk-apply --resync
	no_acks
}

@test "a request survives a new cluster only as long as Consul has it" {
	host_with_web
	request "$ID" '{"services": [{"name": "web", "live": 5}]}'
	wait_until "$E2E_PATIENCE" acked "$ID" pending
	consul_restart_clean
	no_acks
	request "$OTHER" '{"services": [{"name": "web"}]}'
	wait_until "$E2E_PATIENCE" acked "$OTHER" 'done'
	[ "$(acks)" == "swk/acks/$CONSUL_NODE/$OTHER" ]
	run ! grep -qE "^request $ID (new|pending|done) " "$SWK_CONF.state"
}
