# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Shared by the end-to-end tests: a real agent that starts swk-apply, the gateway with real traffic, and backends that answer with
# their name. Each test has its own.

# shellcheck source=SCRIPTDIR/../lib/common.bash
source "${BASH_SOURCE[0]%/*}/../lib/common.bash"
# shellcheck source=SCRIPTDIR/../lib/traffic.bash
source "${BASH_SOURCE[0]%/*}/../lib/traffic.bash"
# shellcheck source=SCRIPTDIR/../lib/consul.bash
source "${BASH_SOURCE[0]%/*}/../lib/consul.bash"
# shellcheck source=SCRIPTDIR/../lib/backend.bash
source "${BASH_SOURCE[0]%/*}/../lib/backend.bash"

bats_require_minimum_version 1.5.0 # `run -STATUS`

E2E_ROOT="$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)"
export E2E_PATIENCE=15 # seconds after which a wait fails

setup() {
	trace_test_only
	export E2E_DIR="$BATS_TEST_TMPDIR"
	# A handler gets the agent's environment, and finds swk-apply through PATH.
	export PATH="$E2E_ROOT/build:$PATH"
	clean_environment
	gateway_start "$E2E_DIR/gateway"
	export SWK_CONF="$GATEWAY_CONF" SWK_DYUPS="$GATEWAY_DYUPS"
}

teardown() {
	# bats shows this output only if the test failed.
	if [[ -z "${BATS_TEST_COMPLETED:-}" ]]; then
		printf '%s\n' '--- conf' && cat "$GATEWAY_CONF"
		printf '%s\n' '--- state' && cat "$GATEWAY_CONF.state"
		printf '%s\n' '--- requests' && tail -n 30 "$GATEWAY_DIR/requests.log"
		printf '%s\n' '--- agent' && tail -n 30 "$CONSUL_DIR/consul.log"
	fi 2>/dev/null
	[[ -z "${CONSUL_PID:-}" ]] || consul_stop
	backend_stop
	gateway_stop
}

# register NAME ID BACKEND [TAG...] - registers a backend as an instance of a service.
register() {
	consul_register "$1" "$2" 127.0.0.1 "${BACKEND_PORT[$3]}" "${@:4}"
}

# instance SERVICE ADDRESS, document INSTANCE... - print an instance, and a document of instances.
instance() {
	printf '{"Node":{},"Service":{"Service":"%s","ID":"%s","Port":80,"Address":"%s","Tags":[]},"Checks":[]}' "$1" "$1" "$2"
}

document() {
	local IFS=,

	printf '[%s]' "$*"
}

# consul_stand_in LOCATIONS - starts a server in the gateway that answers instead of Consul: nginx's blocks say how.
consul_stand_in() {
	export CONSUL_HTTP_ADDR

	CONSUL_HTTP_ADDR="127.0.0.1:$(free_port)"
	echo "server { listen $CONSUL_HTTP_ADDR; $1 }" >"$GATEWAY_DIR/empty.conf"
	gateway_reload
}

# in_file NAME - whether the conf file has an upstream. servers NAME - prints its addresses in the conf file, one per line.
in_file() {
	grep -qx "upstream $1 {" "$SWK_CONF" 2>/dev/null
}

not_in_file() {
	! in_file "$1"
}

servers() {
	awk -v name="$1" '$1 == "upstream" { in_it = $2 == name } in_it && $1 == "server" { print $2 }' "$SWK_CONF"
}

# in_step - whether the conf file and every worker have the same upstreams with the same servers.
in_step() {
	local live

	live=$(gateway_workers_detail) || return 1
	[[ "$(grep -c '^==' <<<"$live")" == 1 ]] || return 1
	diff <(awk '/^==/ { next } /^$/ { name = ""; next } name == "" { name = $1; next } { print name, $2 }' <<<"$live" | sort) \
		<(awk '$1 == "upstream" { name = $2 } $1 == "server" { print name, $2 }' "$SWK_CONF" | sort)
}
