#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The setup that docs/setup.md describes for Debian: the agent's user is consul, and access control denies by default.

load e2e

# Debian's unit runs the agent as user consul. Without that package, the test uses another user.
agent_user() {
	if id consul >/dev/null 2>&1; then
		echo consul
	else
		echo nobody
	fi
}

# conf_of USER - makes a folder for the conf file that belongs to the user.
conf_of() {
	install -d -o "$1" -g "$(id -g "$1")" -m 755 "$E2E_DIR/swk"
	chmod 711 "$E2E_DIR" "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	export SWK_CONF="$E2E_DIR/swk/dyups.upstream.conf"
	# Other users may not be able to read the folder of the sources.
	install -D -m 755 "$E2E_ROOT/build/swk-apply" "$E2E_DIR/bin/swk-apply"
}

as_user() {
	setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups env PATH="$E2E_DIR/bin:$PATH" "$@"
}

@test "swk-apply works as the agent's user with the documented token; without it, a message says why nothing changes" {
	[ "$EUID" == 0 ] || skip 'changing the user needs root'
	user=$(agent_user)
	conf_of "$user"
	consul_acl_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	# The rights that docs/setup.md lists.
	consul_token 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }' >"$E2E_DIR/token"
	install -o "$user" -m 600 "$E2E_DIR/token" "$E2E_DIR/swk/token"

	run -10 as_user swk-apply --resync
	[[ "$output" == *"service:read"* ]]
	[ ! -e "$SWK_CONF" ]

	run -0 as_user swk-apply --resync --token-file "$E2E_DIR/swk/token"
	[ "$(servers web)" == 10.0.0.1:80 ]
	[ "$(stat -c %U "$SWK_CONF")" == "$user" ]
	# The file keeps its mode and owner, even if root runs swk-apply.
	chmod 640 "$SWK_CONF"
	consul_register web web-2 10.0.0.2 80
	swk-apply --resync --token-file "$E2E_DIR/swk/token"
	[ "$(stat -c %U:%a "$SWK_CONF")" == "$user:640" ]
	[ "$(stat -c %U "$SWK_CONF.state")" == "$user" ]
	cp "$SWK_CONF" "$E2E_DIR/before"

	# The list has services, but no instance, because the right to read nodes is missing.
	consul_token 'service_prefix "" { policy = "read" }' >"$E2E_DIR/swk/token"
	run -10 as_user swk-apply --resync --token-file "$E2E_DIR/swk/token"
	[[ "$output" == *"node:read"* ]]
	cmp "$SWK_CONF" "$E2E_DIR/before"

	# No token, and a wrong token.
	run -10 as_user swk-apply --resync
	run -69 env CONSUL_HTTP_TOKEN=00000000-0000-0000-0000-000000000000 swk-apply --resync
	[[ "$output" == *"403"* && "$output" != *"00000000"* ]]
	cmp "$SWK_CONF" "$E2E_DIR/before"
}

@test "a dyups interface on a socket: only users who can enter its folder reach it" {
	[ "$EUID" == 0 ] || skip 'changing the user needs root'
	[ -n "$GATEWAY_SOCKET" ]
	user=nobody
	conf_of "$user"
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register web web-2 10.0.0.2 80
	export SWK_DYUPS="$GATEWAY_SOCKET"

	run -0 as_user swk-apply --resync
	[[ "$output" == "services=1 upstreams=1 servers=2 updated=1 "* ]]
	[ "$(_gateway_observe upstream/web)" == $'server 10.0.0.1:80\nserver 10.0.0.2:80' ]
	run -0 swk status
	[[ "${lines[1]}" == "$GATEWAY_SOCKET: 1 upstream: 1 in step" ]]
	consul_deregister web-2
	run -0 as_user swk-apply --resync
	[ "$(_gateway_observe upstream/web)" == 'server 10.0.0.1:80' ]

	# nginx gives its sockets mode 666: the mode of the folder decides.
	chmod 700 "$GATEWAY_DIR"
	consul_register web web-3 10.0.0.3 80
	run -75 as_user swk-apply --resync
	[[ "$output" == *"$GATEWAY_SOCKET: http://localhost/detail: "* ]]
	[ "$(_gateway_observe upstream/web)" == 'server 10.0.0.1:80' ]
	swk-apply --resync
	[ "$(_gateway_observe upstream/web)" == $'server 10.0.0.1:80\nserver 10.0.0.3:80' ]
}

@test "a folder without write permission: exit status 73, nginx unchanged, and the message names the file" {
	[ "$EUID" == 0 ] || skip 'changing the user needs root'
	user=nobody
	conf_of root
	run -73 as_user swk-apply <<<'[{"Node":{},"Service":{"Service":"web","ID":"w","Port":80,"Address":"10.0.0.1","Tags":[]},"Checks":[]}]'
	[[ "$output" == *"$SWK_CONF.lock"*"Permission denied"* ]]
	[ -z "$(gateway_requests)" ]
}
