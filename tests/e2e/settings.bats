#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# The settings file, with a real agent, nginx and backends.

load settings

start_agent() {
	consul_start "$E2E_DIR/consul" "$E2E_ROOT/consul.d/swk-apply.hcl"
}

# ---- weights ----

# instance NAME ID BACKEND JSON - prints the registration of an instance with additional fields.
instance() {
	jq -n --arg name "$1" --arg id "$2" --argjson port "${BACKEND_PORT[$3]}" --argjson more "$4" '{Name: $name, ID: $id,
		Address: "127.0.0.1", Port: $port, Check: {TTL: "24h", Status: "passing"}} + $more'
}

# Starts an nginx with one process and without the dyups interface, which reads only the conf file. `plain` is its URL.
start_plain() {
	local dir="$E2E_DIR/plain" port each

	port=$(free_port)
	plain="http://127.0.0.1:$port"
	mkdir -p "$dir/tmp"
	{
		printf 'daemon off;\nmaster_process off;\npid %s/pid;\nevents {}\nhttp {\n\taccess_log off;\n' "$dir"
		for each in client_body proxy fastcgi uwsgi scgi; do
			printf '\t%s_temp_path %s/tmp/%s;\n' "$each" "$dir" "$each"
		done
		printf '\tinclude %s;\n\tserver {\n\t\tlisten 127.0.0.1:%s;\n' "$SWK_CONF" "$port"
		# shellcheck disable=SC2016 # nginx expands it
		printf '\t\tlocation ~ ^/to/(?<to>[^/]+) {\n\t\t\tproxy_pass http://$to;\n\t\t}\n\t}\n}\n'
	} >"$dir/nginx.conf"
	PATH="$PATH:/usr/sbin" "${SWK_TENGINE:-nginx}" -p "$dir" -e "$dir/error.log" -c "$dir/nginx.conf" >"$dir/out" 2>&1 \
		</dev/null 3>&- &
	STARTED+=($!)
	wait_until "$E2E_PATIENCE" curl -s -o /dev/null "$plain/"
}

# shares URL REQUESTS BACKEND=PARTS... - whether exactly these backends answer, each its part of the requests within 1 % of that
# part. Weighted round robin is off by less than one request. Each worker counts for itself, so N workers are off by less than N.
shares() {
	local url="$1" requests="$2" total=0 each name count parts expected failed=0

	shift 2
	curl -s --max-time 60 "$url/?[1-$requests]" | sort | uniq -c >"$E2E_DIR/shares"
	cat "$E2E_DIR/shares"
	[[ "$(wc -l <"$E2E_DIR/shares")" == "$#" ]] || return 1
	for each; do
		total=$((total + ${each#*=}))
	done
	for each; do
		name=${each%=*} parts=${each#*=}
		count=$(awk -v name="$name" '$2 == name { print $1 }' "$E2E_DIR/shares")
		expected=$((requests * parts))
		# |count - requests * parts / total| <= 1 % of it
		((100 * (count * total - expected) <= expected && 100 * (expected - count * total) <= expected)) || failed=1
	done
	return "$failed"
}

@test "10,000 requests are distributed by Consul's weights, both from the conf file and from dyups" {
	settings '{"services": {"mix": {"warning": "weight"}}, "attributes": {"max": {"weight": 10}}}'
	consul_start "$E2E_DIR/consul"
	backend_start "$E2E_DIR/backends" one two three four
	CONSUL_WEIGHT=10 register pair pair-1 one
	CONSUL_WEIGHT=1 register pair pair-2 two
	# Meta overrides a tag, and a tag overrides Weights. For a warning instance only Weights count.
	instance mix mix-1 one '{"Weights": {"Passing": 10, "Warning": 1}}' | consul_register_json -
	instance mix mix-2 two '{"Weights": {"Passing": 2, "Warning": 1}, "Tags": ["nginx:weight=5"]}' | consul_register_json -
	instance mix mix-3 three '{"Tags": ["nginx:weight=9"], "Meta": {"nginx_weight": "3"}}' | consul_register_json -
	instance mix mix-4 four '{"Weights": {"Passing": 30, "Warning": 2}, "Meta": {"nginx_weight": "40"}}' |
		consul_register_json -
	consul_check mix-4 warning
	# The largest weight becomes 10, and the others are scaled in proportion, but not below 1.
	CONSUL_WEIGHT=50 register large large-1 one
	CONSUL_WEIGHT=25 register large large-2 two
	CONSUL_WEIGHT=1 register large large-3 three
	swk-apply --resync
	in_step
	[[ "$(live_server pair one) $(live_server pair two)" == *' weight=10 '*' weight=1 '* ]]
	[[ "$(live_server large one) $(live_server large two) $(live_server large three)" == \
		*' weight=10 '*' weight=5 '*' weight=1 '* ]]

	shares "$GATEWAY_TRAFFIC/to/pair" 10000 one=10 two=1
	shares "$GATEWAY_TRAFFIC/to/mix" 2000 one=10 two=5 three=3 four=2
	start_plain
	shares "$plain/to/pair" 10000 one=10 two=1
	shares "$plain/to/mix" 2000 one=10 two=5 three=3 four=2
}

# ---- colours ----

# traffic - sends requests through the upstream of the colour in $E2E_DIR/colour, the plain upstream, and that of the zone, until
# $E2E_DIR/over exists. Prints a line "UPSTREAM STATUS BACKEND" for each.
traffic() {
	local name

	while [[ ! -e "$E2E_DIR/over" ]] && kill -0 "$$" 2>/dev/null; do
		for name in "web_$(<"$E2E_DIR/colour")" web web-eu; do
			curl -s --max-time 20 -w "$name %{http_code} %header{x-backend}\n" "$GATEWAY_TRAFFIC/to/$name/?[1-10]" |
				grep "^$name "
		done
	done
}

# switch COLOUR - makes traffic use this colour; returns when requests have used it.
switch() {
	local before

	before=$(wc -l <"$E2E_DIR/traffic")
	echo "$1" >"$E2E_DIR/colour.new"
	mv "$E2E_DIR/colour.new" "$E2E_DIR/colour"
	# Wait for the current round, and for one that began afterwards.
	wait_until "$E2E_PATIENCE" eval "tail -n +$((before + 31)) '$E2E_DIR/traffic' | grep -q '^web_$1 '"
}

@test "no request fails while colours are switched" {
	settings '{"routing": [{"tag": "gray", "also_plain": true}, {"tag": "zone", "separator": "-", "also_plain": true}]}'
	start_agent
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one gray=a zone=eu
	register web web-2 two gray=a zone=eu
	wait_until "$E2E_PATIENCE" lands web_a one two
	wait_until "$E2E_PATIENCE" lands web-eu one two
	wait_until "$E2E_PATIENCE" lands web one two
	not_in_file web_a-eu
	echo a >"$E2E_DIR/colour"
	traffic >"$E2E_DIR/traffic" 2>&1 3>&- &
	load=$!
	for colours in 'a b' 'b a'; do
		read -r from to <<<"$colours"
		register web web-1 one "gray=$to" zone=eu
		wait_until "$E2E_PATIENCE" lands "web_$to" one
		wait_until "$E2E_PATIENCE" lands "web_$from" two
		switch "$to"
		register web web-2 two "gray=$to" zone=eu
		wait_until "$E2E_PATIENCE" lands "web_$to" one two
		wait_until "$E2E_PATIENCE" not_in_file "web_$from"
		wait_until "$E2E_PATIENCE" lands "web_$from" none
	done
	: >"$E2E_DIR/over"
	wait "$load"
	awk '{ print $1, $2 }' "$E2E_DIR/traffic" | sort | uniq -c
	[ "$(awk '{ print $2 }' "$E2E_DIR/traffic" | sort -u)" == 200 ]
	for name in web_a web_b web web-eu; do
		[ "$(awk -v name="$name" '$1 == name { print $3 }' "$E2E_DIR/traffic" | sort -u | paste -sd,)" == one,two ]
	done
	in_step
}

# ---- which services ----

@test "include, exclude and require_tag delete upstreams that no longer match, guarded by max_deletions" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register web-sidecar side-1 10.0.0.2 80
	consul_register shop-a a-1 10.0.0.3 80 public
	consul_register shop-a a-2 10.0.0.4 80
	consul_register shop-b b-1 10.0.0.5 80
	consul_register intern-a ia-1 10.0.0.6 80
	consul_register intern-b ib-1 10.0.0.7 80
	swk-apply --resync
	[ "$(grep -c '^upstream' "$SWK_CONF")" == 6 ]

	# 3 of 6 are more than 25 %.
	narrow='{"include": ["web*", "shop-*"], "exclude": ["*-sidecar"]}'
	settings "$(jq '.max_deletions = 25' <<<"$narrow")"
	run -10 swk-apply --resync
	[[ "$output" == *"3 of 6 upstreams would be deleted"* ]]
	[ "$(grep -c '^upstream' "$SWK_CONF")" == 6 ]
	in_step
	# The document of a service watch deletes its upstream, because it shows that the service still has instances.
	swk-apply < <(consul_api GET /v1/health/service/web-sidecar)
	not_in_file web-sidecar
	[ "$(grep -c '^upstream' "$SWK_CONF")" == 5 ]
	settings "$narrow"
	swk-apply --resync
	[ "$(awk '$1 == "upstream" { print $2 }' "$SWK_CONF" | paste -sd,)" == shop-a,shop-b,web ]
	in_step
	# An excluded service is not added again by the document of its own watch.
	swk-apply < <(consul_api GET /v1/health/service/intern-a)
	not_in_file intern-a

	settings "$(jq '.require_tag = "public"' <<<"$narrow")"
	swk-apply --resync
	[ "$(awk '$1 == "upstream" { print $2 }' "$SWK_CONF" | paste -sd,)" == shop-a ]
	[ "$(servers shop-a)" == 10.0.0.3:80 ]
	in_step

	settings '{}'
	swk-apply --resync
	[ "$(grep -c '^upstream' "$SWK_CONF")" == 6 ]
	[ "$(servers shop-a | paste -sd,)" == 10.0.0.3:80,10.0.0.4:80 ]
	in_step
}

# ---- health ----

# reaches_no_backend COMMAND... - whether no request reaches a backend during the command.
reaches_no_backend() {
	local one two

	one=$(asked one) two=$(asked two)
	"$@"
	[[ "$(asked one) $(asked two)" == "$one $two" ]]
}

# requests NAME STATUS - whether 20 requests through the upstream all get this status.
requests() {
	[[ "$(curl -s --max-time 20 -o /dev/null -w '%{http_code}\n' "$GATEWAY_TRAFFIC/to/$1/?[1-20]" | sort -u)" == "$2" ]]
}

@test "maintenance, critical and empty set to down: servers are listed but get no request; all down gives 502" {
	settings '{"defaults": {"maintenance": "down", "critical": "down", "empty": "down"},
		"services": {"api": {"critical": "exclude"}}}'
	start_agent
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	register web web-2 two
	register api api-1 one
	wait_until "$E2E_PATIENCE" lands web one two
	consul_maintenance web-1 on
	wait_until "$E2E_PATIENCE" lands web two
	[[ "$(server_line web one)" == *' down;' ]]
	[[ "$(server_line web two)" != *down* ]]
	[[ "$(live_server web one)" == *down=1* ]]
	before=$(asked one)
	requests web 200
	[ "$(asked one)" == "$before" ]

	consul_check web-2 critical
	wait_until "$E2E_PATIENCE" lands web none
	[[ "$(server_line web two)" == *' down;' ]]
	reaches_no_backend requests web 502
	# No instance is listed, but nginx needs a server, so the upstream gets a placeholder.
	wait_until "$E2E_PATIENCE" lands api one
	consul_check api-1 critical
	wait_until "$E2E_PATIENCE" lands api none
	[ "$(servers api)" == 127.0.0.1:1 ]
	reaches_no_backend requests api 502
	in_step
	# nginx also starts with this conf file.
	gateway_reload
	reaches_no_backend requests web 502
	reaches_no_backend requests api 502

	consul_maintenance web-1 off
	wait_until "$E2E_PATIENCE" lands web one
	consul_check web-2 passing
	wait_until "$E2E_PATIENCE" lands web one two
	consul_check api-1 passing
	wait_until "$E2E_PATIENCE" lands api one
	run ! grep -q 'down;' "$SWK_CONF"
	in_step
}

@test "the only server that is up gets requests again at once after failures" {
	settings '{"defaults": {"critical": "down", "max_fails": 1, "fail_timeout": "60s"}}'
	consul_start "$E2E_DIR/consul"
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	register web web-2 two
	consul_check web-2 critical
	swk-apply --resync
	[[ "$(server_line web two)" == *' down;' ]]
	backend_down one
	for ((i = 0; i < 8; i++)); do # more than one for each worker
		[ "$(gateway_fetch web | tail -n 1)" == 502 ]
	done
	backend_up one
	requests web 200
}

# ---- Consul ----

# consul_settings JSON - writes settings with this value of `consul`.
consul_settings() {
	settings "$(jq -n --argjson consul "$1" '{consul: $consul}')"
}

@test "Consul's address, datacenter, stale and cached; CONSUL_HTTP_ADDR overrides the address" {
	CONSUL_LOG_LEVEL=debug consul_start "$E2E_DIR/consul"
	real="$CONSUL_HTTP_ADDR" dead="127.0.0.1:$(free_port)"
	unset CONSUL_HTTP_ADDR
	consul_register web web-1 10.0.0.1 80
	consul_settings "{\"address\": \"$real\", \"datacenter\": \"dc1\", \"stale\": true, \"cached\": true}"
	swk-apply --resync
	in_file web
	# Newer versions of Consul quote it.
	grep -q 'url="\?/v1/catalog/services?dc=dc1&stale&cached"\? ' "$CONSUL_DIR/consul.log"
	grep -q 'url="\?/v1/health/service/web?dc=dc1&stale&cached"\? ' "$CONSUL_DIR/consul.log"

	consul_settings "{\"address\": \"http://$real\", \"datacenter\": \"dc2\"}"
	run -69 swk-apply --resync
	[[ "$output" == *"dc2"* ]]
	consul_settings "{\"address\": \"$dead\"}"
	run -69 swk-apply --resync
	[[ "$output" == *"$dead"* ]]
	consul_register api api-1 10.0.0.2 80
	CONSUL_HTTP_ADDR="$real" swk-apply --resync
	in_file api
	consul_settings "{\"address\": \"$real\"}"
	CONSUL_HTTP_ADDR="$dead" run -69 swk-apply --resync
	consul_register shop shop-1 10.0.0.3 80
	swk-apply --resync
	in_file shop
}

@test "Consul's certificates from the settings; variables override them" {
	echo '{"verify_incoming_https": true}' >"$E2E_DIR/verify.json"
	consul_tls_start "$E2E_DIR/consul" "$E2E_DIR/verify.json"
	url="$CONSUL_HTTP_ADDR" tls="$CONSUL_DIR/tls"
	unset CONSUL_HTTP_ADDR CONSUL_CACERT
	consul_register web web-1 10.0.0.1 80
	all=$(jq -n --arg url "$url" --arg tls "$tls" '{address: $url, ca_file: "\($tls)/ca.pem",
		cert_file: "\($tls)/client.pem", key_file: "\($tls)/client.key"}')
	for left_out in ca_file cert_file,key_file; do
		consul_settings "$(jq "del(.${left_out/,/,.})" <<<"$all")"
		run -69 swk-apply --resync
		[ ! -e "$SWK_CONF" ]
	done
	consul_settings "$all"
	CONSUL_CACERT="$tls/client.pem" run -69 swk-apply --resync
	swk-apply --resync
	in_file web
	consul_settings "$(jq '.server_name = "other.example"' <<<"$all")"
	run -69 swk-apply --resync
	CONSUL_TLS_SERVER_NAME=server.dc1.consul swk-apply --resync
	consul_register api api-1 10.0.0.2 80
	consul_settings "$(jq '.server_name = "server.dc1.consul" | .ca_file = "/none"' <<<"$all")"
	run -69 swk-apply --resync
	CONSUL_CACERT="$tls/ca.pem" swk-apply --resync
	in_file api
}

@test "the token file from the settings; variables override it, and no message shows a token" {
	consul_acl_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_token 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }' >"$E2E_DIR/token"
	wrong=00000000-1111-2222-3333-444444444444
	echo "$wrong" >"$E2E_DIR/wrong"
	run -10 swk-apply --resync # without a token the list is empty
	consul_settings "{\"token_file\": \"$E2E_DIR/token\"}"
	CONSUL_HTTP_TOKEN="$wrong" run -69 swk-apply --resync
	[[ "$output" == *403* && "$output" != *"${wrong%%-*}"* ]]
	CONSUL_HTTP_TOKEN_FILE="$E2E_DIR/wrong" run -69 swk-apply --resync
	run -69 swk-apply --resync --token-file "$E2E_DIR/wrong"
	[ ! -e "$SWK_CONF" ]
	swk-apply --resync
	in_file web
	consul_settings "{\"token_file\": \"$E2E_DIR/wrong\"}"
	run -69 swk-apply --resync
	consul_register api api-1 10.0.0.2 80
	CONSUL_HTTP_TOKEN="$(<"$E2E_DIR/token")" swk-apply --resync
	in_file api
	consul_settings "{\"token_file\": \"$E2E_DIR/none\"}"
	run -78 swk-apply --resync
	[[ "$output" == *"consul.token_file"*"$E2E_DIR/none"* ]]
}

# ---- targets ----

# Starts a second gateway, which includes the same conf file. `second` is its interface.
start_second() {
	local first=("$GATEWAY_DIR" "$GATEWAY_PID" "$GATEWAY_DYUPS" "$GATEWAY_TRAFFIC" "$GATEWAY_CONTROL")

	gateway_start "$E2E_DIR/second"
	STARTED+=("$GATEWAY_PID")
	second="$GATEWAY_DYUPS"
	GATEWAY_DIR="${first[0]}" GATEWAY_PID="${first[1]}" GATEWAY_DYUPS="${first[2]}" GATEWAY_TRAFFIC="${first[3]}"
	GATEWAY_CONTROL="${first[4]}"
}

@test "two targets with names: both are updated, and the report, messages and state file use their names" {
	start_second
	settings "$(jq -n --arg first "$GATEWAY_DYUPS" --arg second "$second" \
		'{targets: [{name: "edge", url: $first}, {name: "inner", url: $second, timeout: "3s"}]}')"
	document='[{"Node":{},"Service":{"Service":"web","ID":"w","Port":80,"Address":"10.0.0.1","Tags":[]},"Checks":[]}]'
	run -0 swk-apply --json <<<"$document"
	[ "$(jq -c '[.targets[] | [.target, .updated, .pending]]' <<<"${lines[-1]}")" == '[["edge",1,0],["inner",1,0]]' ]
	[ "$(curl -s "$second/upstream/web" | grep -c '^server 10\.0\.0\.1:80')" == 1 ]
	[ "$(gateway_detail | grep -c '^server 10\.0\.0\.1:80')" == 1 ]
	[ "$(grep '^target ' "$SWK_CONF.state" | paste -sd,)" == 'target edge,target inner' ]

	# A target that is down appears under its name.
	gone="http://127.0.0.1:$(free_port)"
	settings "$(jq -n --arg first "$GATEWAY_DYUPS" --arg second "$gone" \
		'{targets: [{name: "edge", url: $first}, {name: "inner", url: $second}], timeout: 2}')"
	run -75 swk-apply <<<"${document/10.0.0.1/10.0.0.2}"
	[[ "$output" == *"inner: $gone/upstream/web: "*"inner: 1 upstream is pending"* ]]
	[ "$(gateway_detail | grep -c '^server 10\.0\.0\.2:80')" == 1 ]
	[ "$(grep -A 1 '^target inner' "$SWK_CONF.state" | tail -n 1)" == 'pending web' ]
	# The state file identifies a target by its name, whatever its URL.
	settings "$(jq -n --arg first "$GATEWAY_DYUPS" --arg second "$second" \
		'{targets: [{name: "inner", url: $second}, {name: "edge", url: $first}]}')"
	swk-apply --service other <<<'[]'
	[ "$(curl -s "$second/upstream/web" | grep -c '^server 10\.0\.0\.2:80')" == 1 ]
	run ! grep -q '^pending' "$SWK_CONF.state"
	# --dyups replaces both targets.
	run -0 swk-apply --json --dyups "$GATEWAY_DYUPS" <<<"${document/10.0.0.1/10.0.0.3}"
	[ "$(jq -c '[.targets[].target]' <<<"${lines[-1]}")" == "[\"$GATEWAY_DYUPS\"]" ]
	[ "$(curl -s "$second/upstream/web" | grep -c '^server 10\.0\.0\.2:80')" == 1 ]
}

# bats test_tags=gateway
@test "a target's timeout limits the time for an answer" {
	document='[{"Node":{},"Service":{"Service":"web","ID":"w","Port":80,"Address":"10.0.0.1","Tags":[]},"Checks":[]}]'
	patient="{\"timeout\": \"60s\", \"targets\": [{\"name\": \"edge\", \"url\": \"$GATEWAY_DYUPS\", \"timeout\": \"50s\"}]}"
	gateway_fault 1 late:2 '^GET'
	settings "${patient/50s/1s}"
	run -75 swk-apply <<<"$document"
	[[ "$output" == *"edge: $GATEWAY_DYUPS/list: Timeout was reached"* ]]
	gateway_fault 1 late:2 '^GET'
	settings "$patient"
	swk-apply <<<"$document"
	in_step
}

# ---- errors ----

@test "with wrong settings the handler ends with 78 and changes nothing; once they are corrected, it works again" {
	# One watch, so that its runs never overlap.
	echo '{"watches": [{"type": "services", "handler_type": "script", "args": ["swk-apply"]}]}' >"$E2E_DIR/watch.json"
	consul_start "$E2E_DIR/consul" "$E2E_DIR/watch.json"
	consul_register web web-1 10.0.0.1 80
	wait_until "$E2E_PATIENCE" in_file web
	printf '{\n  "conf": "%s",\n  "max_deletion": 20\n}\n' "$SWK_CONF" >"$SWK_CONFIG"
	consul_register api api-1 10.0.0.2 80
	wait_until "$E2E_PATIENCE" handler_ended 78
	in_step
	gateway_requests_clear
	before=$(state_of_all)
	consul_register shop shop-1 10.0.0.3 80
	wait_until "$E2E_PATIENCE" handler_ended 78 2
	run -78 swk-apply --resync
	[[ "$output" == *"$SWK_CONFIG:3: max_deletion: "* ]]
	[ "$(state_of_all)" == "$before" ]
	[ -z "$(gateway_requests)" ]
	settings '{}'
	consul_register more more-1 10.0.0.4 80
	wait_until "$E2E_PATIENCE" in_file more
	in_file api
	in_file shop
	wait_until "$E2E_PATIENCE" in_step
}
