# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A real Consul agent: one server on loopback, on free ports, with its data on disk as in production. A shell runs one agent at a
# time. Functions that change something through the agent return when the catalogue shows the change.
#
# Exported while it runs:	CONSUL_HTTP_ADDR, for the program under test; with TLS also CONSUL_CACERT
#			CONSUL_DIR, CONSUL_PID, CONSUL_PORT (plain HTTP on 127.0.0.1, even if CONSUL_HTTP_ADDR has another address)
#			CONSUL_ACL_ROOT, the management token, after consul_acl_start
# A handler gets the environment of the agent, including CONSUL_HTTP_ADDR.
# Set before the start:	CONSUL_LOG_LEVEL (info), CONSUL_USER (the user who runs the agent; needs root, and access to DIR)

# shellcheck source=SCRIPTDIR/common.bash
source "${BASH_SOURCE[0]%/*}/common.bash"

CONSUL_NODE=node-1
CONSUL_UNPACKED="$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)/build/consul"
_CONSUL_PATIENCE=20 # seconds after which a wait here fails

# consul_binary - prints the agent's path, or fails if there is none.
#
# If SWK_CONSUL is wrong, it does not fall back to another agent, so that a test never runs on an unintended version.
consul_binary() {
	if [[ -n "${SWK_CONSUL:-}" ]]; then
		command -v "$SWK_CONSUL"
	elif command -v consul; then
		:
	elif [[ -x "$CONSUL_UNPACKED/usr/bin/consul" ]]; then
		printf '%s\n' "$CONSUL_UNPACKED/usr/bin/consul"
	else
		return 1
	fi
}

# consul_start DIR [CONFIG...] - starts the agent with these configuration files or folders in addition to its own. Returns when
# the agent is leader and the catalogue has its node. On failure it prints the log and returns 1.
consul_start() {
	_consul_configure "$@" &&
		_consul_run _consul_ready
}

# consul_tls_start DIR [CONFIG...] - the same with HTTPS. CONSUL_HTTP_ADDR is the https:// address, CONSUL_CACERT the certificate
# of the authority. With {"verify_incoming_https": true} in a CONFIG the agent demands a certificate: DIR/tls/client.pem and client.key.
consul_tls_start() {
	local port

	_consul_configure "$@" || return 1
	port="$(free_port)" || return 1
	_consul_certificates "$CONSUL_DIR/tls" || return 1
	jq -n --argjson port "$port" --arg tls "$CONSUL_DIR/tls" '{ports: {https: $port},
		ca_file: "\($tls)/ca.pem", cert_file: "\($tls)/server.pem", key_file: "\($tls)/server.key"}' \
		>"$CONSUL_DIR/config/tls.json" || return 1
	export CONSUL_HTTP_ADDR="https://127.0.0.1:$port" CONSUL_CACERT="$CONSUL_DIR/tls/ca.pem"
	_consul_run _consul_ready
}

# consul_unix_start DIR [CONFIG...] - the same with the API on the socket DIR/consul.sock. CONSUL_HTTP_ADDR is unix://...
consul_unix_start() {
	_consul_configure "$@" || return 1
	export CONSUL_HTTP_ADDR="unix://$CONSUL_DIR/consul.sock"
	jq -n --arg http "127.0.0.1 $CONSUL_HTTP_ADDR" '{addresses: {http: $http}}' \
		>"$CONSUL_DIR/config/unix.json" || return 1
	_consul_run _consul_ready
}

# consul_leaderless_start DIR [CONFIG...] - starts one of three servers; the other two never start. The agent answers, but has no
# leader and no catalogue.
consul_leaderless_start() {
	_consul_configure "$@" || return 1
	echo '{"bootstrap": false, "bootstrap_expect": 3}' >"$CONSUL_DIR/config/leaderless.json"
	_consul_run _consul_answers
}

# consul_acl_start DIR [CONFIG...] - the same with access control that denies by default. The agent's own token is valid for its
# node only, so a caller without a token has no rights.
consul_acl_start() {
	local token

	_consul_configure "$@" || return 1
	echo '{"acl": {"enabled": true, "default_policy": "deny"}}' >"$CONSUL_DIR/config/acl.json"
	_consul_run _consul_leads || return 1
	wait_until "$_CONSUL_PATIENCE" _consul_acl_bootstrap || return 1
	token="$(consul_token "node \"$CONSUL_NODE\" { policy = \"write\" }")" || return 1
	jq -n --arg token "$token" '{Token: $token}' | consul_api PUT /v1/agent/token/agent --data @- >/dev/null || return 1
	wait_until "$_CONSUL_PATIENCE" _consul_ready
}

# Consul rejects this while the new leader still prepares access control.
_consul_acl_bootstrap() {
	export CONSUL_ACL_ROOT

	CONSUL_ACL_ROOT="$(consul_api PUT /v1/acl/bootstrap 2>/dev/null | jq -esr '.[0].SecretID' 2>/dev/null)"
}

# consul_token RULES - prints the secret of a new token with these rules (HCL).
consul_token() {
	local policy="policy-${EPOCHREALTIME/[.,]/}"

	jq -n --arg name "$policy" --arg rules "$1" '{Name: $name, Rules: $rules}' |
		consul_api PUT /v1/acl/policy --data @- >/dev/null || return 1
	jq -n --arg name "$policy" '{Policies: [{Name: $name}]}' |
		consul_api PUT /v1/acl/token --data @- | jq -esr '.[0].SecretID'
}

# consul_stop - kills the agent. It has nothing to save, and a clean end would take half a second.
consul_stop() {
	_consul_end KILL
	unset CONSUL_HTTP_ADDR CONSUL_CACERT CONSUL_ACL_ROOT CONSUL_PID CONSUL_PORT
}

# consul_restart - ends the agent cleanly, and starts it again with its data, ports and configuration.
consul_restart() {
	_consul_end TERM
	_consul_run _consul_ready
}

# consul_restart_clean - the same without its data, like a rebuilt cluster: the index starts again. Does not work with access control.
consul_restart_clean() {
	_consul_end KILL
	rm -rf "$CONSUL_DIR/data"
	_consul_run _consul_ready
}

# consul_reload - makes the agent read its configuration again, as `consul reload` does.
consul_reload() {
	consul_api PUT /v1/agent/reload
}

# consul_api METHOD PATH [CURL-ARGUMENT...] - sends a request with the management token, and prints the answer. The status is curl's.
consul_api() {
	local method="$1" path="$2"

	shift 2
	curl --silent --show-error --fail-with-body --max-time "$_CONSUL_PATIENCE" --path-as-is \
		-H "X-Consul-Token: ${CONSUL_ACL_ROOT:-}" -X "$method" "$@" "http://127.0.0.1:$CONSUL_PORT$path"
}

# consul_encode WORD - prints the word percent-encoded, as one segment of a path.
consul_encode() {
	jq -nr --arg word "$1" '$word | @uri'
}

# consul_register NAME ID ADDRESS PORT [TAG...] - registers or changes an instance with one passing check.
# CONSUL_META='{"k":"v"}' gives it metadata, CONSUL_WEIGHT=N the weight while it passes.
consul_register() {
	local name="$1" id="$2" address="$3" port="$4"

	shift 4
	jq -n --arg name "$name" --arg id "$id" --arg address "$address" --argjson port "$port" \
		--argjson meta "${CONSUL_META:-null}" --argjson weight "${CONSUL_WEIGHT:-null}" \
		'{Name: $name, ID: $id, Address: $address, Port: $port, Tags: $ARGS.positional, Meta: $meta,
		Weights: (if $weight then {Passing: $weight, Warning: 1} else null end),
		Check: {TTL: "24h", Status: "passing"}}' --args -- "$@" | consul_register_json -
}

# consul_register_json FILE|- - registers an instance from JSON, as the agent's API takes it.
consul_register_json() {
	consul_api PUT /v1/agent/service/register --data-binary "@$1" && _consul_wait
}

# consul_register_host STATUS - registers this host as a member of a fleet, as consul.d/swk-fleet.hcl does.
consul_register_host() {
	jq -n --arg status "$1" \
		'{Name: "swk-apply", Check: {CheckID: "swk-apply", TTL: "3m", Status: $status}}' | consul_register_json -
}

# consul_check ID passing|warning|critical [OUTPUT] - sets the status of the check that consul_register gave the instance.
#
# If only the output changes, the agent updates the catalogue minutes later (check_update_interval).
consul_check() {
	jq -n --arg status "$2" --arg output "${3:-}" '{Status: $status, Output: $output}' |
		consul_api PUT "/v1/agent/check/update/service:$(consul_encode "$1")" --data @- && _consul_wait
}

consul_deregister() {
	consul_api PUT "/v1/agent/service/deregister/$(consul_encode "$1")" && _consul_wait
}

# consul_maintenance ID on|off
consul_maintenance() {
	local enable=false

	[[ "$2" != on ]] || enable=true
	consul_api PUT "/v1/agent/service/maintenance/$(consul_encode "$1")?enable=$enable" && _consul_wait
}

# consul_catalog_register JSON..., consul_catalog_deregister JSON... - change the catalogue directly, as for a node without an
# agent. The node must not be CONSUL_NODE, because its agent removes registrations that it doesn't know.
consul_catalog_register() {
	_consul_catalog register "$@"
}

consul_catalog_deregister() {
	_consul_catalog deregister "$@"
}

# One curl for all requests: starting curl takes longer than a request.
_consul_catalog() {
	local document files status
	local -a requests=()

	files=$(mktemp -d) || return 1
	for document in "${@:2}"; do
		printf '%s' "$document" >"$files/${#requests[@]}"
		requests+=(--next --silent --show-error --fail-with-body --max-time "$_CONSUL_PATIENCE"
			-H "X-Consul-Token: ${CONSUL_ACL_ROOT:-}" -X PUT -o /dev/null --data-binary "@$files/${#requests[@]}"
			"http://127.0.0.1:$CONSUL_PORT/v1/catalog/$1")
	done
	curl --fail-early "${requests[@]:1}"
	status=$?
	rm -r "$files"
	return "$status"
}

# Whether the agent has the version $1 or a later one.
_consul_since() {
	local line

	read -r line < <("$(consul_binary)" version)
	printf '%s\n' "$1" "${line#Consul v}" | sort -CV
}

# Makes DIR and the agent's own configuration, and remembers the caller's CONFIGs. Of a file it makes a copy, in which the watches
# start the swk-apply on PATH.
_consul_configure() {
	local serf server config program more=''

	mkdir -p "$1/config" || return 1
	CONSUL_DIR="$(cd "$1" && pwd)" || return 1
	CONSUL_PORT="$(free_port)" && serf="$(free_port)" && server="$(free_port)" || return 1
	export CONSUL_DIR CONSUL_PORT CONSUL_HTTP_ADDR="127.0.0.1:$CONSUL_PORT"
	unset CONSUL_CACERT CONSUL_ACL_ROOT
	shift
	# Later servers also listen on port 8503, so two could not run at the same time. Earlier ones reject the key.
	! _consul_since 1.14 || more='"grpc_tls": -1,'
	program="$(command -v swk-apply)"
	_CONSUL_CONFIGS=()
	for config in "$@"; do
		if [[ -f "$config" ]]; then
			sed "s|/usr/local/sbin/swk-apply|$program|" "$config" >"$CONSUL_DIR/${config##*/}" || return 1
			config="$CONSUL_DIR/${config##*/}"
		fi
		_CONSUL_CONFIGS+=("$config")
	done
	# Production should use raft_multiplier 1, too; with the default an election takes five times as long.
	cat >"$CONSUL_DIR/config/agent.json" <<-END
		{
			"node_name": "$CONSUL_NODE",
			"server": true,
			"bootstrap": true,
			"bind_addr": "127.0.0.1",
			"client_addr": "127.0.0.1",
			"data_dir": "$CONSUL_DIR/data",
			"ports": {"http": $CONSUL_PORT, "https": -1, "dns": -1, "grpc": -1, $more
				"server": $server, "serf_lan": $serf, "serf_wan": -1},
			"performance": {"raft_multiplier": 1},
			"disable_update_check": true
		}
	END
}

# Starts the agent and waits for the condition $1.
_consul_run() {
	local config as=() arguments=(-log-level "${CONSUL_LOG_LEVEL:-info}")
	export CONSUL_PID

	for config in "$CONSUL_DIR/config" "${_CONSUL_CONFIGS[@]}"; do
		if [[ -d "$config" ]]; then
			arguments+=(-config-dir "$config")
		else
			arguments+=(-config-file "$config")
		fi
	done
	if [[ -n "${CONSUL_USER:-}" ]]; then
		chown -R "$CONSUL_USER" "$CONSUL_DIR" || return 1
		as=(setpriv --reuid "$CONSUL_USER" --regid "$(id -g "$CONSUL_USER")" --init-groups)
	fi
	_consul_exec "${as[@]}" "$(consul_binary)" agent "${arguments[@]}" \
		>>"$CONSUL_DIR/consul.log" 2>&1 </dev/null 3>&- &
	CONSUL_PID=$!
	disown # otherwise bash reports how it ended
	if ! wait_until "$_CONSUL_PATIENCE" _consul_settled "$1" || ! _consul_alive; then
		cat "$CONSUL_DIR/consul.log" >&2
		_consul_end KILL
		return 1
	fi
}

# Replaces the calling shell, so that the shell's process id becomes the agent's.
_consul_exec() {
	exec "$@"
}

_consul_end() {
	[[ -n "${CONSUL_PID:-}" ]] || return 0
	kill -s "$1" "$CONSUL_PID" 2>/dev/null || return 0
	wait_until "$_CONSUL_PATIENCE" _consul_gone || kill -s KILL "$CONSUL_PID"
}

_consul_alive() {
	kill -0 "$CONSUL_PID" 2>/dev/null
}

_consul_gone() {
	! _consul_alive
}

# Ends the wait: the condition is true, or the agent has ended.
_consul_settled() {
	_consul_gone || "$1"
}

_consul_answers() {
	consul_api GET /v1/status/leader >/dev/null 2>&1
}

_consul_leads() {
	[[ "$(consul_api GET /v1/status/leader 2>/dev/null)" == *[0-9]* ]]
}

_consul_ready() {
	# -s, because jq -e succeeds without any input.
	consul_api GET "/v1/health/node/$CONSUL_NODE" 2>/dev/null | jq -es '.[0] | length > 0' >/dev/null 2>&1
}

_consul_wait() {
	wait_until "$_CONSUL_PATIENCE" _consul_in_step
}

# Whether the catalogue matches the agent. Outputs of checks may differ, because the agent delays them.
_consul_in_step() {
	local at="http://127.0.0.1:$CONSUL_PORT"

	consul_api GET /v1/agent/services "$at/v1/agent/checks" \
		"$at/v1/catalog/node/$CONSUL_NODE" "$at/v1/health/node/$CONSUL_NODE" 2>/dev/null |
		jq -es '
			def services: map({key: .ID, value: ({Service, Address, Weights}
				+ {Port: (.Port // 0), Tags: (.Tags // []), Meta: (.Meta // {})})}) | from_entries;
			def checks: map({key: .CheckID, value: {Status, ServiceID}}) | from_entries;
			# curl requests the address that consul_api appends last
			(.[3] | services) == (.[1].Services | del(.consul) | services)
			and (.[0] | checks) == (.[2] | checks | del(.serfHealth))' >/dev/null 2>&1
}

# Makes an authority, a certificate for the agent, and one for its clients.
_consul_certificates() {
	local dir="$1" name

	mkdir -p "$dir" || return 1
	(
		cd "$dir" || exit 1
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
			-subj '/CN=test authority' -keyout ca.key -out ca.pem || exit 1
		printf 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:server.dc1.consul\n' >names
		for name in server client; do
			openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
				-subj "/CN=$name" -keyout "$name.key" -out "$name.csr" &&
				openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial \
					-days 2 -extfile names -out "$name.pem" || exit 1
		done
	) >"$dir/openssl.log" 2>&1
}
