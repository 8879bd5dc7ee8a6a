#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# Requests of a fleet: what a host answers to keys that others write.

load settings

ID=00000000000000a1
OTHER=00000000000000a2

# start_host [CONFIG...] - starts an agent with the files of a member of a fleet.
start_host() {
	CONSUL_LOG_LEVEL=debug consul_start "$E2E_DIR/consul" "$E2E_ROOT/consul.d/swk-apply.hcl" \
		"$E2E_ROOT/consul.d/swk-fleet.hcl" "$@"
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
	settings '{}'
	start_host
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	register web web-2 two
	wait_until "$E2E_PATIENCE" lands web one two
	request "$ID" '{"services": [{"name": "web", "live": 2}]}'
	wait_until "$E2E_PATIENCE" acked "$ID" done
	ack "$ID" | jq -e '.pending == 0 and .on_hold == false and .reason == "" and .time > 0'
	request "$OTHER" "{\"services\": [{\"name\": \"web\", \"without\": \"127.0.0.1:${BACKEND_PORT[one]}\"}]}"
	wait_until "$E2E_PATIENCE" acked "$OTHER" pending "upstream web has 127.0.0.1:${BACKEND_PORT[one]}"
	consul_maintenance web-1 on
	wait_until "$E2E_PATIENCE" acked "$OTHER" done
	lands web two
	withdraw "$ID"
	withdraw "$OTHER"
	wait_until "$E2E_PATIENCE" no_acks
}
