#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Colours as percentages of one upstream, measured: a stock nginx that loads its file, and HAProxy.

# shellcheck disable=SC2030,SC2031,SC2119 # each test is a shell of its own; proxy_servers without an argument
load ../soak/soak
load settings
# shellcheck source=SCRIPTDIR/../lib/haproxy.bash
source "$BATS_TEST_DIRNAME/../lib/haproxy.bash"
# shellcheck source=SCRIPTDIR/../lib/nginx.bash
source "$BATS_TEST_DIRNAME/../lib/nginx.bash"

eval "settings_$(declare -f teardown)"

teardown() {
	if [[ -z "${BATS_TEST_COMPLETED:-}" ]]; then
		printf '%s\n' '--- conf' && cat "$SWK_CONF"
		printf '%s\n' '--- servers' && proxy_servers
		tail -n 5 "$E2E_DIR"/*.counts
	fi 2>/dev/null
	proxy_stop
	settings_teardown
}

# settings_of_both - settings with nginx and HAProxy as targets.
settings_of_both() {
	settings "$(jq -n --arg nginx "$NGINX_FILE" --argjson nginx_check "$(nginx_argv -t -q)" --argjson reload "$(nginx_argv -s reload)" \
		--arg pid "$NGINX_DIR/nginx.pid" --arg api "$HAPROXY_API" --arg master "$HAPROXY_MASTER" --arg haproxy "$HAPROXY_FILE" \
		--argjson haproxy_check "$(proxy_check_command)" '{targets: [
			{kind: "file", name: "nginx", file: $nginx, check: $nginx_check, reload: $reload, interval: 0, pid_file: $pid},
			{kind: "haproxy", name: "haproxy", socket: $api, file: $haproxy, check: $haproxy_check, master_socket: $master, interval: 0}],
			services: {web: {shares: {canary: 5, "": 95}}}}')"
}

# comes BACKEND, goes BACKEND - an instance at a backend comes or goes. Those whose names begin with c are canaries.
comes() {
	case $1 in
	c*) consul_register web "$1" 127.0.0.1 "${BACKEND_PORT[$1]}" gray=canary ;;
	*) consul_register web "$1" 127.0.0.1 "${BACKEND_PORT[$1]}" ;;
	esac
}

goes() {
	consul_deregister "$1"
}

# both_have BACKEND... - whether nginx and HAProxy send requests to exactly these. A canary may get one request in 40.
both_have() {
	local url

	for url in "$NGINX_URL" "$HAPROXY_TRAFFIC"; do
		diff <(printf '%s\n' "$@" | sort) <(curl -s --max-time 20 "$url/to/web/?[1-200]" | sort -u) || return 1
	done
}

# ask_both REQUESTS - sends requests through both, and keeps the answers.
ask_both() {
	local nginx

	curl -s --max-time 60 "$NGINX_URL/to/web/?[1-$1]" >>"$E2E_DIR/nginx.answers" 3>&- &
	nginx=$!
	curl -s --max-time 60 "$HAPROXY_TRAFFIC/to/web/?[1-$1]" >>"$E2E_DIR/haproxy.answers"
	wait "$nginx"
}

# shares_hold REQUESTS - whether so many were answered, 4 to 6 percent of them by a canary. Forgets the answers.
shares_hold() {
	local proxy canaries failed=0

	for proxy in nginx haproxy; do
		sort "$E2E_DIR/$proxy.answers" | uniq -c >"$E2E_DIR/$proxy.counts"
		canaries=$(grep -c '^c[0-9]$' "$E2E_DIR/$proxy.answers") || true
		echo "$proxy: $canaries of $1 requests"
		[[ "$(grep -c '^[cs][0-9]$' "$E2E_DIR/$proxy.answers")" == "$1" ]] || failed=1
		((canaries * 100 >= 4 * $1 && canaries * 100 <= 6 * $1)) || failed=1
		: >"$E2E_DIR/$proxy.answers"
	done
	return "$failed"
}

@test "each colour has its share of 20,000 requests, while instances of both come and go" {
	sed 's/NAME/web/g' "$E2E_ROOT"/consul.d/service-NAME.hcl.example >"$E2E_DIR/web.hcl"
	backend_start "$E2E_DIR/backends" c1 c2 s1 s2 s3
	nginx_start "$E2E_DIR/nginx"
	STARTED+=("$NGINX_PID")
	proxy_start "$E2E_DIR/haproxy"
	settings_of_both
	consul_start "$E2E_DIR/consul" "$E2E_DIR/web.hcl"
	comes s1
	comes s2
	comes c1
	wait_until "$E2E_PATIENCE" both_have c1 s1 s2
	run ! grep canary "$SWK_CONF"

	for change in 'comes c2' 'comes s3' 'goes c1' 'goes s1' 'comes s1' 'comes c1' 'goes c2' 'goes s2' 'goes s3' 'comes c2'; do
		$change
		ask_both 2000
	done
	shares_hold 20000
	wait_until "$E2E_PATIENCE" both_have c1 c2 s1
	ask_both 1000
	shares_hold 1000

	# Without a canary, the others get its requests.
	goes c1
	goes c2
	wait_until "$E2E_PATIENCE" both_have s1
	run -0 swk-apply --resync
	[[ "$output" == *updated=0* ]]
}
