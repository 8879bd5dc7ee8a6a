# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # the demo sets and uses them
#
# For the demo: HAProxy with its runtime API.

# shellcheck source=SCRIPTDIR/../lib/haproxy.bash
source "$root/tests/lib/haproxy.bash"

demo_name='HAProxy'
demo_start() {
	proxy_start "$work/haproxy"
	traffic=$HAPROXY_TRAFFIC
	about="HAProxy with its runtime API"
	demo_lines="    HAProxy  $HAPROXY_TRAFFIC, runtime API $HAPROXY_API"
}

demo_target() {
	jq -n --arg socket "$HAPROXY_API" --arg file "$HAPROXY_FILE" --arg master "$HAPROXY_MASTER" \
		--argjson check "$(proxy_check_command)" \
		'{kind: "haproxy", name: "haproxy", socket: $socket, file: $file, check: $check, master_socket: $master}'
}

# A server in maintenance is leaving.
has() {
	local name=$1

	shift
	diff <(proxy_servers "$name" | awk '$5 == "ready" { print $3 }' | sort) <(addresses "$@") >/dev/null
}

demo_lands() {
	local name=$1

	shift
	diff <(printf '%s\n' "$@" | sort) \
		<(curl -s --max-time 20 -H 'Connection: close' "$traffic/to/$name/?[1-20]" | grep -v '^<' | sort -u) >/dev/null
}

demo_reload() {
	proxy_reload
}

demo_stop() {
	proxy_stop
}
