#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Harmful registrations, and the ways to reach Consul.

load e2e

# catalog_service SERVICE [CHECK] - registers JSON on a node without an agent, so that no agent checks it.
catalog_service() {
	consul_catalog_register "$(jq -n --argjson service "$1" --argjson check "${2:-null}" \
		'{Node: "elsewhere", Address: "10.9.9.9", Service: $service, Check: $check}')"
}

# catalog_service_of_a_tag NUMBER TAG - registers an instance with a tag that is too long for a program's argument.
catalog_service_of_a_tag() {
	consul_catalog_register "{\"Node\": \"elsewhere\", \"Address\": \"10.9.9.9\", \"Service\": {\"ID\": \"tagged-$1\",
		\"Service\": \"tagged-$1\", \"Address\": \"10.0.0.$1\", \"Port\": 80, \"Tags\": [\"$2\"]}}"
}

@test "a registration that breaks parsers does not affect the others" {
	consul_start "$E2E_DIR/consul"
	consul_register good good-1 10.0.0.1 80
	catalog_service '{"ID": "n1", "Service": "nul\u0000name", "Address": "10.0.0.2", "Port": 80}'
	catalog_service '{"ID": "n2", "Service": "output", "Address": "10.0.0.3", "Port": 80}' \
		'{"CheckID": "c", "ServiceID": "n2", "Status": "passing", "Output": "binary \u0000 body"}'
	consul_catalog_register '{"Node": "elsewhere", "Address": "10.9.9.9", "Service": {"ID": "n3", "Service": "big",
		"Address": "10.0.0.4", "Port": 80, "Proxy": {"Config": {"n": 18446744073709551616, "m": 1e300}}}}'
	consul_catalog_register '{"Node": "elsewhere", "Address": "10.9.9.9", "Service": {"ID": "n4", "Service": "tags",
		"Address": "10.0.0.5", "Port": 80, "Tags": ["x\u0000y"]}}'
	run -0 swk-apply --resync
	in_file good
	in_file big
	in_file output
	[ "$(servers good)" == 10.0.0.1:80 ]
	[ "$(servers output)" == 10.0.0.3:80 ]
	in_step
}

@test "an instance on loopback is served if its node has an address of this host, or the name in consul.node" {
	# shellcheck disable=SC2016 # the inner shell expands it
	jq -nc '[["10.207.70.12", 81], ["10.207.70.13", 82], ["2001:db8::8", 83], ["2001:db8::9", 84], ["127.0.0.1", 85], ["nat", 86]] | map(
		{Node: {Node: "node-\(.[1])", Address: .[0]}, Checks: [],
		Service: {ID: "web-\(.[1])", Service: "web", Address: "127.0.0.1", Port: .[1]}})' >"$E2E_DIR/document"
	echo '{"consul": {"node": "node-86"}}' >"$SWK_CONFIG"
	# In a network of its own, it cannot reach nginx.
	run -75 unshare --net bash -c 'ip link set lo up; ip address add 10.207.70.12/32 dev lo; ip address add 2001:db8::8/128 dev lo
		swk-apply' <"$E2E_DIR/document"
	[ "$(servers web | tr '\n' ' ')" == "127.0.0.1:81 127.0.0.1:83 127.0.0.1:85 127.0.0.1:86 " ]
	[[ "$output" == *"instance 1 ('web-82' on node 'node-82') skipped: its address is on loopback, and its node's address 10.207.70.13 "* ]]
	[[ "$output" == *"instance 3 ('web-84' on node 'node-84') skipped: its address is on loopback"* ]]
}

@test "many services with long tags need only the memory for those that are requested at once" {
	local tag i

	consul_start "$E2E_DIR/consul"
	tag=$(head -c 270000 /dev/zero | tr '\0' t)
	for ((i = 1; i <= 150; i++)); do
		catalog_service_of_a_tag "$i" "$tag"
	done
	# The tags have 40 MB together, and swk-apply needs twice the size of an instance to read it, so all at once would not fit.
	run -0 bash -c 'ulimit -v 65536 && exec swk-apply --resync'
	[ "$(grep -c '^upstream' "$SWK_CONF")" == 150 ]
	[ "$(servers tagged-150)" == 10.0.0.150:80 ]
}

@test "no byte of an injection reaches the conf file, a body or a path" {
	consul_start "$E2E_DIR/consul"
	consul_register good good-1 10.0.0.1 80
	catalog_service '{"ID": "e1", "Service": "evil; } include /etc/passwd; #", "Address": "10.0.0.2", "Port": 80}'
	catalog_service '{"ID": "e2", "Service": "address", "Address": "10.0.0.3:80; include /etc/passwd", "Port": 80}'
	catalog_service '{"ID": "e3", "Service": "tag", "Tags": ["gray=x;include /etc/passwd"], "Address": "10.0.0.4", "Port": 80}'
	catalog_service '{"ID": "e4", "Service": "../../detail", "Address": "10.0.0.5", "Port": 80}'
	catalog_service '{"ID": "e5", "Service": "a/b?c#d", "Address": "10.0.0.6", "Port": 80}'
	catalog_service '{"ID": "e6", "Service": "line\nfeed", "Address": "10.0.0.7", "Port": 80}'
	run -0 swk-apply --resync
	# Each message about them is one line without control characters.
	[[ "$output" == *"'evil; } include /etc/passwd; #'"* ]]
	[[ "$output" == *'line\x0afeed'* ]]
	[ "$(grep -c '^upstream' "$SWK_CONF")" == 1 ]
	in_file good
	run ! grep -rq -e include -e evil -e passwd -e detail "$SWK_CONF" "$SWK_CONF.state"
	gateway_requests >"$E2E_DIR/requests"
	run ! grep -q -e include -e evil -e passwd -e '10\.0\.0\.[2-9]' "$E2E_DIR/requests"
	gateway_reload
}

@test "of two names that differ only in case, the same one is always served" {
	consul_start "$E2E_DIR/consul"
	consul_register WebApp upper 10.0.0.1 80
	consul_register webapp lower 10.0.0.2 80
	run -0 swk-apply --resync
	[ "$(servers WebApp)" == 10.0.0.1:80 ]
	not_in_file webapp
	[[ "$output" == *"upstream webapp of service webapp: skipped"* ]]
	before=$(md5sum "$SWK_CONF")
	swk-apply --resync
	[ "$(md5sum "$SWK_CONF")" == "$before" ]
}

@test "swk-apply reaches Consul over a unix socket" {
	consul_unix_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	[ "$(servers web)" == 10.0.0.1:80 ]
}

@test "swk-apply reaches Consul over TLS, and verifies its certificate" {
	consul_tls_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	CONSUL_CACERT='' run -69 swk-apply --resync
	[[ "$output" == *"SSL"* ]]
	CONSUL_CACERT='' CONSUL_HTTP_SSL_VERIFY=false swk-apply --resync
	in_file web
	consul_register api api-1 10.0.0.2 80
	swk-apply --resync
	in_file api
	# At the same address, with a server name that the certificate does not have, and with one that it has.
	CONSUL_TLS_SERVER_NAME=other.example run -69 swk-apply --resync
	[[ "$output" == *"SSL"* ]]
	consul_register shop shop-1 10.0.0.3 80
	CONSUL_TLS_SERVER_NAME=server.dc1.consul swk-apply --resync
	in_file shop
}

@test "an agent that demands a client certificate gets it" {
	echo '{"verify_incoming_https": true}' >"$E2E_DIR/verify.json"
	consul_tls_start "$E2E_DIR/consul" "$E2E_DIR/verify.json"
	consul_register web web-1 10.0.0.1 80
	run -69 swk-apply --resync
	CONSUL_CLIENT_CERT="$CONSUL_DIR/tls/client.pem" CONSUL_CLIENT_KEY="$CONSUL_DIR/tls/client.key" swk-apply --resync
	in_file web
}

@test "with an agent without a leader, swk-apply changes nothing" {
	consul_leaderless_start "$E2E_DIR/consul"
	swk-apply <<<'[{"Node":{},"Service":{"Service":"web","ID":"w","Port":80,"Address":"10.0.0.1","Tags":[]},"Checks":[]}]'
	cp "$SWK_CONF" "$E2E_DIR/before"
	run -69 swk-apply <<<'{"web":[]}'
	[[ "$output" == *"No cluster leader"* ]]
	cmp "$SWK_CONF" "$E2E_DIR/before"
}

@test "a run outlasts the restart of an agent, but asks only a few times" {
	local address tries

	consul_start "$E2E_DIR/consul"
	address=$CONSUL_HTTP_ADDR
	consul_register web web-1 10.0.0.1 80
	strace -qq -o "$E2E_DIR/trace" -e trace=connect -e inject=connect:error=ECONNREFUSED:when=1..3 swk-apply --resync
	[ "$(servers web)" == 10.0.0.1:80 ]
	consul_stop
	CONSUL_HTTP_ADDR=$address run -69 strace -qq -o "$E2E_DIR/trace" -e trace=connect swk-apply --resync
	tries=$(grep -c "htons(${address##*:})" "$E2E_DIR/trace")
	((tries > 1 && tries <= 12))
	[ "$(servers web)" == 10.0.0.1:80 ]
}

# bats test_tags=gateway
@test "errors of an agent that pass do not cost an upstream, even if one service has an error that stays" {
	local names=()

	mapfile -t names < <(printf 'web-%d\n' {1..70})
	consul_stand_in "location = /v1/catalog/services { return 200 '{\"bad\":[]$(printf ',"%s":[]' "${names[@]}")}'; }
		location / { content_by_lua '
			local name = ngx.var.uri:match(\"[^/]+\$\")
			if ngx.shared.gateway:incr(name, 1, 0) < 2 or name == \"bad\" then
				ngx.status = 500
				return ngx.say(\"rpc error making call: EOF\")
			end
			ngx.say((([=[[{\"Node\": {}, \"Service\": {\"Service\": \"@\", \"ID\": \"w\", \"Port\": 80, \"Address\": \"10.0.0.1\"},
				\"Checks\": []}]]=]):gsub(\"@\", name)))'; }"
	run -69 swk-apply --resync
	[[ "$output" == *"about service bad,"*"500: rpc error making call: EOF"* ]]
	[ "$(grep -c '^upstream web-' "$SWK_CONF")" == 70 ]
	in_step
}

# lock_is_free - whether no run holds the lock.
lock_is_free() {
	flock -n "$SWK_CONF.lock" true
}

# bound ADDRESS - whether a program receives UDP there.
bound() {
	[[ -n "$(ss -Hlun "src = $1")" ]]
}

@test "a name server that does not answer does not outlast --timeout" {
	local server=127.$((RANDOM % 200 + 10)).$((RANDOM % 250 + 1)).53 socat
	local -a with_server

	timeout 90 socat -u "UDP4-RECV:53,bind=$server" OPEN:/dev/null 3>&- &
	socat=$!
	wait_until "$E2E_PATIENCE" bound "$server:53"
	# Without --timeout, a lookup would take 2 minutes.
	printf 'nameserver %s\noptions timeout:30 attempts:4\n' "$server" >"$E2E_DIR/resolv.conf"
	# shellcheck disable=SC2016 # the inner shell expands it
	with_server=(timeout 30 unshare -m sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$E2E_DIR/resolv.conf")
	swk-apply <<<'[{"Node":{},"Service":{"Service":"web","ID":"w","Port":80,"Address":"10.0.0.1","Tags":[]},"Checks":[]}]'
	gateway_delete web
	CONSUL_HTTP_ADDR=consul.example:8500 run -69 "${with_server[@]}" swk-apply --resync --timeout 2
	lock_is_free
	in_step
	run -75 "${with_server[@]}" swk-apply --timeout 2 --dyups http://nginx.example:81 --service web <<<'[]'
	[[ "$output" == *"nginx.example"*"Timeout was reached"* ]]
	lock_is_free
	kill "$socat"
}

@test "a server's answer that repeats the token or the password is not quoted" {
	local port answer

	port=$(free_port)
	export CONSUL_HTTP_ADDR="127.0.0.1:$port" CONSUL_HTTP_TOKEN=s3cr3t-t0k3n CONSUL_HTTP_AUTH=user:pässw0rd
	# A refused token; in capitals; instead of JSON; the header with user and password; the password.
	for answer in "403 'not valid: \$http_x_consul_token'" "403 'not valid: S3CR3T-T0K3N'" "200 '\$http_x_consul_token'" \
		"401 'not valid: \$http_authorization.'" "401 'not valid: pässw0rd'"; do
		echo "server { listen 127.0.0.1:$port; return $answer; }" >"$GATEWAY_DIR/empty.conf"
		gateway_reload
		run -69 swk-apply --resync --verbose
		[[ "${output,,}" != *s3cr3t* && "$output" != *w0rd* && "$output" != *"$(printf %s "$CONSUL_HTTP_AUTH" | base64)"* ]]
		[[ "$answer" == 200* || "$output" == *' 40'[13]': not valid: '*'***'* ]]
	done
}

# bats test_tags=gateway
@test "if Consul answers nothing but its list, an nginx without upstreams still gets the recorded ones" {
	local names=()

	mapfile -t names < <(printf 'web-%d\n' {1..70})
	swk-apply < <(printf '{"Node":{},"Service":{"Service":"%s","ID":"w","Port":80,"Address":"10.0.0.1","Tags":[]},"Checks":[]}\n' \
		"${names[@]}" | jq -s .)
	cp "$SWK_CONF" "$E2E_DIR/before"
	consul_stand_in "location = /v1/catalog/services { return 200 '{$(printf '"%s":[],' "${names[@]}")\"web-1\":[]}'; }
		location / { content_by_lua 'ngx.sleep(100)'; }"
	printf 'url=%s\n' "${names[@]/#/$GATEWAY_DYUPS/upstream/}" | curl -sS -X DELETE -K - >/dev/null
	[ -z "$(gateway_detail)" ]
	gateway_fault 1 slow:0.1 '^GET' # a real nginx is not always as fast as this one
	run -69 swk-apply --resync --timeout 6
	cmp "$SWK_CONF" "$E2E_DIR/before"
	run ! grep -q pending "$SWK_CONF.state"
	in_step
}
