# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A fleet on loopback: three hosts, each with a Consul agent, a proxy and settings of its own. host-1 and host-2 have a gateway with
# two workers, host-3 has HAProxy. The agents are joined; host-1's is the server. Each starts the swk-apply on PATH by the watches in
# consul.d/, and has registered it.
#
# fleet_use N makes a host the one on which this shell works: swk-apply, swk and the functions of the other helpers are about it. The
# variables of each host are also in DIR/N/env.
# Set before the start:	FLEET_WITHOUT (numbers of hosts that don't start: fleet_join starts them later)
#			FLEET_SERVER (one more configuration file for the agent of host-1)

# shellcheck source=SCRIPTDIR/gateway.bash
source "${BASH_SOURCE[0]%/*}/gateway.bash"
# shellcheck source=SCRIPTDIR/haproxy.bash
source "${BASH_SOURCE[0]%/*}/haproxy.bash"
# shellcheck source=SCRIPTDIR/consul.bash
source "${BASH_SOURCE[0]%/*}/consul.bash"
# shellcheck source=SCRIPTDIR/backend.bash
source "${BASH_SOURCE[0]%/*}/backend.bash"

FLEET_HOSTS=3
_FLEET_PATIENCE=30 # seconds after which a wait here fails
_FLEET_ROOT="$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)"
# The variables of a host.
_FLEET_VARIABLES=(CONSUL_NODE CONSUL_DIR CONSUL_PORT CONSUL_PID CONSUL_HTTP_ADDR GATEWAY_DIR GATEWAY_CONF GATEWAY_DYUPS
	GATEWAY_TRAFFIC GATEWAY_CONTROL GATEWAY_SOCKET GATEWAY_PID GATEWAY_WORKERS HAPROXY_DIR HAPROXY_PID HAPROXY_API HAPROXY_MASTER
	HAPROXY_TRAFFIC HAPROXY_CFG HAPROXY_FILE SWK_CONFIG FLEET_CONF FLEET_TRAFFIC)

# fleet_start DIR [JSON] - starts the hosts, with the JSON added to each one's settings. Returns when Consul lists them, and host 1 is
# in use.
fleet_start() {
	local number pids=() failed=0

	mkdir -p "$1" || return 1
	FLEET_DIR="$(cd "$1" && pwd)" || return 1
	FLEET_JSON=${2:-"{}"}
	FLEET_JOIN="$(free_port)" || return 1
	export FLEET_DIR FLEET_JSON FLEET_JOIN
	fleet_join 1 || return 1
	for ((number = 2; number <= FLEET_HOSTS; number++)); do
		[[ " ${FLEET_WITHOUT:-} " != *" $number "* ]] || continue
		fleet_join "$number" 3>&- &
		pids+=($!)
	done
	for number in "${pids[@]}"; do
		wait "$number" || failed=1
	done
	fleet_use 1
	return "$failed"
}

# fleet_join N - starts a host, and uses it. Returns when Consul lists it.
fleet_join() {
	_fleet_start "$1" >"$FLEET_DIR/start-$1" 2>&1 3>&- || {
		cat "$FLEET_DIR/start-$1" >&2
		return 1
	}
	fleet_use "$1"
}

# fleet_stop - kills all hosts. They have nothing to save, and a clean end takes seconds.
fleet_stop() {
	local number

	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		[[ -e "$FLEET_DIR/$number/env" ]] || continue
		# shellcheck disable=SC2046 # several numbers
		(fleet_use "$number" && kill -s KILL $(_fleet_processes) "$CONSUL_PID") 2>/dev/null || true
	done
}

# fleet_use N - makes this shell work on a host.
fleet_use() {
	# shellcheck disable=SC1090 # written by _fleet_remember
	source "$FLEET_DIR/$1/env"
}

# fleet_on N COMMAND... - runs a command on a host, and keeps the one in use.
fleet_on() {
	(fleet_use "$1" && "${@:2}")
}

# fleet_servers N NAME - prints the addresses of the upstream in the host's conf file.
fleet_servers() {
	awk -v name="$2" '$1 == "upstream" { in_it = $2 == name } in_it && $1 == "server" { print $2 }' "$FLEET_DIR/$1/conf/upstreams.conf" 2>/dev/null
}

# fleet_has N NAME COUNT - whether the conf file's upstream has so many servers. fleet_all_have NAME COUNT - on all hosts that run.
fleet_has() {
	(($(fleet_servers "$1" "$2" | wc -l) == $3))
}

fleet_all_have() {
	local number

	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		[[ ! -e "$FLEET_DIR/$number/env" ]] || fleet_has "$number" "$1" "$2" || return 1
	done
}

# fleet_register NAME ID BACKEND [TAG...] - registers a backend as an instance, at the agent of the host in use.
fleet_register() {
	consul_register "$1" "$2" 127.0.0.1 "${BACKEND_PORT[$3]}" "${@:4}"
}

# fleet_signal N SIGNAL agent|proxy - sends a signal to the processes of a host's agent, or of its proxy.
fleet_signal() {
	(
		fleet_use "$1"
		if [[ $3 == agent ]]; then
			kill -s "$2" "$CONSUL_PID"
		else
			# shellcheck disable=SC2046 # several numbers
			kill -s "$2" $(_fleet_processes)
		fi
	)
}

# fleet_restart N [clean] - starts the host's agent again; `clean`: without its data.
fleet_restart() {
	(
		fleet_use "$1"
		_CONSUL_CONFIGS=("$CONSUL_DIR"/*.json "$CONSUL_DIR"/*.hcl)
		"consul_restart${2:+_$2}" && _fleet_remember >"$FLEET_DIR/$1/env.new" && mv "$FLEET_DIR/$1/env.new" "$FLEET_DIR/$1/env"
	)
}

# fleet_rejoin N - joins a host with the server again, and starts its watches again. Both happen by themselves, some time later.
fleet_rejoin() {
	(fleet_use "$1" && consul_api PUT "/v1/agent/join/127.0.0.1:$FLEET_JOIN" && consul_reload)
}

# Prints the process ids of the proxy of the host in use.
_fleet_processes() {
	local pid="${GATEWAY_PID:-${HAPROXY_PID:-}}"

	echo "$pid $(<"/proc/$pid/task/$pid/children")"
}

# Starts the host's proxy and agent.
_fleet_start() {
	local at="$FLEET_DIR/$1" server=''

	unset CONSUL_PID GATEWAY_PID HAPROXY_PID
	unset -v "${_FLEET_VARIABLES[@]}"
	mkdir -p "$at/conf" "$at/consul" || return 1
	export SWK_CONFIG="$at/swk.json" FLEET_CONF="$at/conf/upstreams.conf"
	unset SWK_CONF SWK_DYUPS
	_fleet_proxy_start "$1" || return 1
	CONSUL_NODE="host-$1"
	_fleet_agent "$1" >"$at/agent.json"
	(($1 != 1)) || server=${FLEET_SERVER:-}
	consul_start "$at/consul" "$at/agent.json" ${server:+"$server"} "$_FLEET_ROOT/consul.d/swk-apply.hcl" \
		"$_FLEET_ROOT/consul.d/swk-fleet.hcl" || return 1
	_fleet_remember >"$at/env.new" && mv "$at/env.new" "$at/env" || return 1
	# A watch that starts before its agent has joined fails, and starts again 5 s later; or at a reload.
	consul_reload && wait_until "$_FLEET_PATIENCE" _fleet_is_listed
}

_fleet_is_listed() {
	consul_api GET '/v1/catalog/service/swk-apply?consistent' 2>/dev/null | jq -es --arg node "$CONSUL_NODE" '.[0] | any(.Node == $node)' >/dev/null 2>&1
}

# Starts the proxy, and writes the settings with it.
_fleet_proxy_start() {
	local at="$FLEET_DIR/$1" target

	if (($1 < 3)); then
		GATEWAY_READ_TIMEOUT=100ms GATEWAY_CONF="$FLEET_CONF" gateway_start "$at/gateway" || return 1
		disown 2>/dev/null
		export FLEET_TRAFFIC=$GATEWAY_TRAFFIC
		target=$(jq -nc --arg url "$GATEWAY_DYUPS" '{url: $url, name: "nginx"}')
	else
		# A connection that it keeps for later requests would make each drain last for the grace period. If it tried again, its
		# clients would not see that it has lost a backend.
		proxy_start "$at/haproxy" '    option http-server-close' 'defaults' '    mode http' '    retries 0' \
			'    timeout connect 2s' '    timeout client 60s' '    timeout server 60s' || return 1
		export FLEET_TRAFFIC=$HAPROXY_TRAFFIC
		target=$(jq -nc --arg api "$HAPROXY_API" --arg master "$HAPROXY_MASTER" --arg file "$HAPROXY_FILE" \
			--argjson check "$(proxy_check_command)" '{kind: "haproxy", name: "edge", socket: $api, file: $file, check: $check,
				master_socket: $master, interval: 0}')
	fi
	jq -n --arg conf "$FLEET_CONF" --argjson target "$target" --argjson more "$FLEET_JSON" \
		'{conf: $conf, targets: [$target], read_interval: 0} + $more' >"$SWK_CONFIG"
}

# Prints what the agent's configuration adds to that of consul_start. The gossip is faster, so that a dead agent is found soon.
_fleet_agent() {
	local serf=$FLEET_JOIN

	(($1 == 1)) || serf=$(free_port)
	jq -n --argjson serf "$serf" --arg join "127.0.0.1:$FLEET_JOIN" --argjson server "$( (($1 == 1)) && echo true || echo false)" \
		'{server: $server, bootstrap: $server, ports: {serf_lan: $serf},
			gossip_lan: {gossip_interval: "100ms", probe_interval: "500ms", probe_timeout: "250ms", suspicion_mult: 2}}
		+ (if $server then {} else {start_join: [$join]} end)'
}

# Prints commands that set the host's variables.
_fleet_remember() {
	local name

	for name in "${_FLEET_VARIABLES[@]}"; do
		if [[ -n "${!name:-}" ]]; then
			printf 'export %s=%q\n' "$name" "${!name}"
		else
			printf 'unset %s\n' "$name"
		fi
	done
	echo 'unset SWK_CONF SWK_DYUPS'
}
