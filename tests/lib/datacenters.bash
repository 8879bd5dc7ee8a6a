# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Two joined datacenters on loopback, each with one agent. The shell, and the program under test, work with the agent of dc1.

# shellcheck source=SCRIPTDIR/consul.bash
source "${BASH_SOURCE[0]%/*}/consul.bash"

# datacenters_start DIR [CONFIG...] - starts both, dc1's agent with these configurations. Returns when dc1 gets answers from dc2.
#
# Exported: THERE_DIR, THERE_PID (of dc2's agent), and what consul_start exports, for dc1.
datacenters_start() {
	there_start "$1-dc2" && consul_start "$1" "$THERE_DIR/home.json" "${@:2}" && there_joined
}

# there_start DIR [CONFIG...] - starts dc2's agent alone. The agent of dc1 must then start with $THERE_DIR/home.json, which makes it join. Exports
# THERE_DIR and THERE_PID. there_joined - waits until dc1 gets answers from dc2.
there_start() {
	local wan other

	export THERE_DIR="$1" THERE_PID
	wan="$(free_port)" && other="$(free_port)" && mkdir -p "$THERE_DIR" || return 1
	jq -n --argjson port "$other" '{datacenter: "dc2", ports: {serf_wan: $port}}' >"$THERE_DIR/wan.json"
	(
		CONSUL_NODE=node-2
		consul_start "$THERE_DIR/agent" "$THERE_DIR/wan.json" "${@:2}" &&
			declare -p CONSUL_NODE CONSUL_DIR CONSUL_PORT CONSUL_PID CONSUL_HTTP_ADDR >"$THERE_DIR/variables"
	) || return 1
	# shellcheck disable=SC2016 # the other shell expands it
	THERE_PID=$(there eval 'echo "$CONSUL_PID"')
	jq -n --argjson port "$wan" --arg join "127.0.0.1:$other" \
		'{datacenter: "dc1", ports: {serf_wan: $port}, retry_join_wan: [$join]}' >"$THERE_DIR/home.json"
}

there_joined() {
	wait_until "$_CONSUL_PATIENCE" _there_answers
}

# there COMMAND... - runs a command with dc2's agent.
there() {
	(
		# shellcheck disable=SC1091 # datacenters_start writes it
		source "$THERE_DIR/variables"
		"$@"
	)
}

# there_stop - kills dc2's agent, if it was started.
there_stop() {
	[[ ! -e "${THERE_DIR:-}/variables" ]] || there consul_stop
}

_there_answers() {
	consul_api GET '/v1/catalog/nodes?dc=dc2' 2>/dev/null | jq -es '.[0] | length == 1' >/dev/null 2>&1
}

# ---- peers ----

# consul_has_peers - whether the agent under test can import services from another cluster.
consul_has_peers() {
	[[ "$("$(consul_binary)" version)" =~ v1\.([0-9]+)\. ]] && ((BASH_REMATCH[1] >= 14))
}

# partner_start DIR SERVICE - starts an agent, and another one of a cluster of its own, which exports the service to the first. There it
# is the peer `partner`. `there` works with the other agent.
partner_start() {
	local token

	mkdir -p "$1" || return 1
	jq -n --argjson port "$(free_port)" '{ports: {grpc_tls: $port}, connect: {enabled: true}}' >"$1/partner.json" || return 1
	echo '{"datacenter": "dc1", "connect": {"enabled": true}}' >"$1/home.json"
	there_start "$1/partner" "$1/partner.json" && consul_start "$1/agent" "$1/home.json" || return 1
	token=$(there consul_api POST /v1/peering/token --data '{"PeerName": "home"}' | jq '{PeerName: "partner", PeeringToken}') &&
		consul_api POST /v1/peering/establish --data "$token" >/dev/null &&
		there consul_api PUT /v1/config --data '{"Kind": "exported-services", "Name": "default", "Services": [
			{"Name": "'"$2"'", "Consumers": [{"Peer": "home"}]}]}' >/dev/null
}
