# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # the demo sets and uses them
#
# For the demo: nginx with the dyups interface. Each proxy of the demo has these functions.

# shellcheck source=SCRIPTDIR/../lib/traffic.bash
source "$root/tests/lib/traffic.bash"

demo_name='nginx'
demo_start() {
	gateway_start "$work/gateway"
	traffic=$GATEWAY_TRAFFIC
	about="nginx with the dyups interface"
	demo_lines="    nginx    $GATEWAY_TRAFFIC, dyups $GATEWAY_DYUPS"
}

# Prints the target for the settings.
demo_target() {
	jq -n --arg url "$GATEWAY_DYUPS" '{name: "nginx", url: $url}'
}

# has UPSTREAM BACKEND... - whether the upstream has exactly these backends in nginx's memory.
has() {
	local name=$1

	shift
	diff <(curl -s "$GATEWAY_DYUPS/upstream/$name" | sort) <(addresses "$@" | sed 's/^/server /') >/dev/null
}

# demo_lands UPSTREAM BACKEND... - whether exactly these backends answer.
demo_lands() {
	lands "$@"
}

demo_reload() {
	gateway_reload
}

demo_stop() {
	gateway_stop
}
