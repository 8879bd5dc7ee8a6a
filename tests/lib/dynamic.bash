# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A gateway with ngx_dynamic_upstream that carries real traffic: the stand-in in tests/gateway, or the binary that SWK_DYNAMIC
# names. It is a gateway of gateway.bash, which has the functions for reloads, workers, faults and the log of requests.

# shellcheck source=SCRIPTDIR/gateway.bash
source "${BASH_SOURCE[0]%/*}/gateway.bash"

# dynamic_gateway_start DIR [UPSTREAM...] - starts the gateway. It declares these upstreams, each with the file that swk-apply writes;
# where there is none yet, with the placeholder. DYNAMIC_MORE has more declarations, DYNAMIC_ZONE the size of the zones (256k).
#
# Exported:	DYNAMIC_URL (of the location), DYNAMIC_DIRECTORY (of the files), and what gateway_start exports
dynamic_gateway_start() {
	export GATEWAY_KIND=dynamic DYNAMIC_DIRECTORY="$1/servers" GATEWAY_EXTRA="$1/extra.conf" DYNAMIC_URL

	mkdir -p "$DYNAMIC_DIRECTORY" || return 1
	dynamic_declare "${@:2}"
	gateway_start "$1" || return 1
	DYNAMIC_URL="$GATEWAY_DYUPS/dynamic"
}

# dynamic_declare UPSTREAM... - declares these upstreams, and no others. They are there after a reload.
dynamic_declare() {
	local name

	for name; do
		[[ -e "$DYNAMIC_DIRECTORY/$name.servers" ]] || echo 'server 0.0.0.1 down;' >"$DYNAMIC_DIRECTORY/$name.servers"
		echo "upstream $name { zone $name ${DYNAMIC_ZONE:-256k}; include $DYNAMIC_DIRECTORY/$name.servers; }"
	done >"$GATEWAY_EXTRA"
	printf '%s\n' "${DYNAMIC_MORE:-}" >>"$GATEWAY_EXTRA"
}

# dynamic_ask QUERY - prints the interface's answer, then the status on its own line. The log omits it, and faults do not affect it.
dynamic_ask() {
	curl -gsS --max-time "$_GATEWAY_PATIENCE" -H 'X-Observer: 1' -w '%{http_code}\n' "$DYNAMIC_URL?$1"
}

# dynamic_servers UPSTREAM - prints the servers in order of their addresses, without conns: `ADDRESS weight max_fails fail_timeout
# max_conns [down] [backup]`.
dynamic_servers() {
	dynamic_ask "upstream=$1&verbose=" | sed -n 's/^server [^ ]* addr=//; s/ conns=[0-9]*//; s/[a-z_]*=//g; s/;$//p' | LC_ALL=C sort
}
