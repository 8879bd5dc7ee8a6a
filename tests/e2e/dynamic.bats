#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A target that is an nginx with ngx_dynamic_upstream. On a real one: SWK_DYNAMIC=BINARY bats ...
# shellcheck disable=SC2154 # bats sets stderr

load ../soak/soak
load settings
load ../lib/dynamic

setup() {
	trace_test_only
	export E2E_DIR="$BATS_TEST_TMPDIR"
	export PATH="$E2E_ROOT/build:$PATH"
	clean_environment
	SWK_CONF="$E2E_DIR/conf" # helper functions use it; swk-apply must not see it
	export SWK_CONFIG="$E2E_DIR/swk.json"
}

# start UPSTREAM... - starts the gateway, which declares these, and writes settings for it.
start() {
	dynamic_gateway_start "$E2E_DIR/gateway" "$@"
	targets
}

# targets [JSON] - writes the settings: the target, with this added, and `more`, which is settings.
targets() {
	jq -n --arg conf "$SWK_CONF" --arg url "$DYNAMIC_URL" --arg directory "$DYNAMIC_DIRECTORY" --argjson more "${1:-{\}}" \
		--argjson settings "${more:-{\}}" '{conf: $conf, targets: [{kind: "dynamic", name: "edge", url: $url, directory: $directory}
			+ $more], log_format: "text"} + $settings' >"$SWK_CONFIG"
}

# server_of BACKEND - prints the server that nginx has for a backend that is registered without more.
server_of() {
	echo "127.0.0.1:${BACKEND_PORT[$1]} 1 3 2 0"
}

# lines NAME - prints the directives in the file of an upstream.
lines() {
	grep -v '^#' "$DYNAMIC_DIRECTORY/$1.servers"
}

# has NAME BACKEND... - whether nginx and the file have exactly these backends.
has() {
	local name="$1" each

	shift
	diff <(dynamic_servers "$name") <(for each; do server_of "$each"; done | LC_ALL=C sort) >/dev/null &&
		diff <(lines "$name") <(for each; do echo "server 127.0.0.1:${BACKEND_PORT[$each]} max_fails=3 fail_timeout=2s;"; done | sort) \
			>/dev/null
}

attributes='weight=1&max_fails=3&fail_timeout=2&max_conns=0'

# add_foreign UPSTREAM WORD [MORE] - adds a server that swk-apply did not add.
add_foreign() {
	dynamic_ask "upstream=$1&add=&server=$2&$attributes${3:-}" >/dev/null
}

# only NAME ADDRESS... - whether nginx has exactly these servers, with the attributes of the defaults.
only() {
	local name="$1" each

	shift
	diff <(dynamic_servers "$name") <(for each; do echo "$each 1 3 2 0"; done)
}

# gone NAME - whether it has left the conf file, and nginx has no server for it.
gone() {
	not_in_file "$1" && [[ "$(dynamic_servers "$1")" == *' down' && "$(lines "$1")" == 'server 0.0.0.1 down;' ]]
}

in_step() {
	local output

	output=$(swk status 2>&1) && [[ "$output" == *'in step'* ]]
}

# ---- the agent ----

start_agent() {
	consul_start "$E2E_DIR/consul" "$E2E_ROOT/consul.d/swk-apply.hcl"
}

@test "dynamic: two instances register and serve; one fails, is out, and returns" {
	start web
	start_agent
	backend_start "$E2E_DIR/backends" one two
	[ "$(gateway_fetch web | tail -n 1)" == 502 ]
	register web web-1 one
	register web web-2 two
	wait_until "$E2E_PATIENCE" lands web one two
	has web one two
	consul_check web-1 critical
	wait_until "$E2E_PATIENCE" lands web two
	has web two
	consul_check web-1 passing
	wait_until "$E2E_PATIENCE" lands web one two
	has web one two
	# The last one stays when it fails.
	consul_deregister web-2
	wait_until "$E2E_PATIENCE" lands web one
	consul_check web-1 critical
	swk-apply --resync
	wait_until "$E2E_PATIENCE" lands web one
	run -0 swk status
	[[ "$output" == *'1 kept'* ]]
}

@test "dynamic: blue and green have their own upstreams" {
	start web web_blue web_green
	more='{"routing": [{"tag": "gray", "separator": "_"}]}' targets
	start_agent
	backend_start "$E2E_DIR/backends" plain blue green
	register web web-1 plain
	register web web-2 blue gray=blue
	register web web-3 green gray=green
	wait_until "$E2E_PATIENCE" lands web plain
	wait_until "$E2E_PATIENCE" lands web_blue blue
	wait_until "$E2E_PATIENCE" lands web_green green
	consul_deregister web-2
	wait_until "$E2E_PATIENCE" gone web_blue
	wait_until "$E2E_PATIENCE" lands web_blue none
	wait_until "$E2E_PATIENCE" lands web plain
	wait_until "$E2E_PATIENCE" lands web_green green
	register web web-2 blue gray=blue
	wait_until "$E2E_PATIENCE" lands web_blue blue
	has web_blue blue
}

@test "dynamic: an upstream that nginx does not declare is reported, and is there after its declaration" {
	start api
	backend_start "$E2E_DIR/backends" one
	consul_start "$E2E_DIR/consul"
	register api api-1 one
	register web web-1 one
	run -0 swk-apply --resync
	[[ "$output" == *"edge: nginx does not declare upstream web: put 'upstream web { zone web 1m; include $DYNAMIC_DIRECTORY/web.servers; }'"* ]]
	[[ "$output" != *pending* ]]
	run -0 swk status
	[[ "$output" == *'1 undeclared'*'web '*'undeclared  nginx lacks it'* ]]
	[ "$(lines web)" == "server 127.0.0.1:${BACKEND_PORT[one]} max_fails=3 fail_timeout=2s;" ]
	dynamic_declare api web
	gateway_reload
	wait_until "$E2E_PATIENCE" lands web one
	run -0 swk-apply --resync
	[[ "$output" != *declare* ]]
	in_step
	# It can leave the conf file whether it is declared or not.
	dynamic_declare api
	gateway_reload
	consul_deregister web-1
	swk-apply --resync --force
	not_in_file web
	[ "$(lines web)" == 'server 0.0.0.1 down;' ]
	run ! grep -q pending "$SWK_CONF.state"
}

@test "dynamic: an upstream without a zone is reported, and is not pending" {
	DYNAMIC_MORE='upstream web { server 127.0.0.1:1; }' start
	run -0 swk-apply < <(document "$(instance web 10.0.0.1)")
	[[ "$output" == *"edge: upstream web has no zone, so it cannot be changed: put 'zone web 1m;' into it"* ]]
	run ! grep -q pending "$SWK_CONF.state"

	# nginx does not say what it has there.
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 127.0.0.1 1
	consul_register web web-2 10.0.0.2 80
	swk-apply --resync
	run -75 --separate-stderr swk drain --timeout 1s web-1
	[[ "$stderr" == *'edge: what nginx has is not known until it confirms a change'* ]]
}

@test "dynamic: no instance is safe to stop while nginx may have it in an upstream whose file is lost" {
	start web
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register web web-2 10.0.0.2 80
	swk-apply --resync

	# The file is lost, and can't be written.
	rm "$DYNAMIC_DIRECTORY/web.servers"
	mkdir "$DYNAMIC_DIRECTORY/web.servers.tmp"
	run -75 --separate-stderr swk drain --timeout 1s web-1
	[[ "$stderr" == *'edge: what nginx has is not known until it confirms a change'* ]]
	only web 10.0.0.1:80 10.0.0.2:80
	rmdir "$DYNAMIC_DIRECTORY/web.servers.tmp"
	run -0 swk drain --grace 0 web-1
	only web 10.0.0.2:80
}

# ---- changes ----

@test "dynamic: only changed servers are sent, and attributes are changed in place" {
	start web
	swk-apply < <(document "$(instance web 10.0.0.1)" "$(instance web 10.0.0.2)")
	only web 10.0.0.1:80 10.0.0.2:80
	gateway_requests_clear
	swk-apply < <(document "$(instance web 10.0.0.2)" "$(instance web ::3)")
	only web 10.0.0.2:80 '[::3]:80'
	[ "$(gateway_requests | grep -cE 'add=|remove=')" == 2 ]
	gateway_requests_clear
	more='{"defaults": {"max_fails": 7, "fail_timeout": "9s", "max_conns": 5}}' targets
	swk-apply < <(document "$(instance web 10.0.0.2)" "$(instance web ::3)")
	[ "$(dynamic_servers web)" == $'10.0.0.2:80 1 7 9 5\n[::3]:80 1 7 9 5' ]
	[ "$(gateway_requests | grep -cE 'add=|remove=')" == 0 ]
	gateway_requests_clear
	swk-apply < <(document "$(instance web 10.0.0.2)" "$(instance web ::3)")
	[ -z "$(gateway_requests)" ]
	swk status 2>/dev/null || true
	run -0 gateway_reload
	[ "$(dynamic_servers web)" == $'10.0.0.2:80 1 7 9 5\n[::3]:80 1 7 9 5' ]
}

# tagged ADDRESS TAG... - prints an instance of web whose tags set its attributes.
tagged() {
	local address="$1" tags

	shift
	tags=$(printf '"nginx:%s",' "$@")
	instance web "$address" | sed "s/\"Tags\":\[\]/\"Tags\":[${tags%,}]/; s/\"ID\":\"web\"/\"ID\":\"$address\"/"
}

@test "dynamic: servers get weights, down and backup, and lose them again" {
	start web
	more='{"attributes": {"tag_prefix": "nginx:", "allow": ["weight", "down", "backup"]}}' targets
	swk-apply < <(document "$(tagged 10.0.0.1 weight=5)" "$(tagged 10.0.0.2 down)" "$(tagged 10.0.0.3 backup)")
	[ "$(dynamic_servers web)" == $'10.0.0.1:80 5 3 2 0\n10.0.0.2:80 1 3 2 0 down\n10.0.0.3:80 1 3 2 0 backup' ]
	swk-apply < <(document "$(tagged 10.0.0.1 backup)" "$(tagged 10.0.0.2 weight=2)" "$(tagged 10.0.0.3 down)")
	[ "$(dynamic_servers web)" == $'10.0.0.1:80 1 3 2 0 backup\n10.0.0.2:80 2 3 2 0\n10.0.0.3:80 1 3 2 0 down' ]
	gateway_reload
	[ "$(dynamic_servers web)" == $'10.0.0.1:80 1 3 2 0 backup\n10.0.0.2:80 2 3 2 0\n10.0.0.3:80 1 3 2 0 down' ]
}

@test "dynamic: a backup takes over from a single server" {
	start web
	more='{"attributes": {"tag_prefix": "nginx:", "allow": ["backup"]}}' targets
	consul_start "$E2E_DIR/consul"
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	register web web-2 two nginx:backup
	swk-apply --resync
	wait_until "$E2E_PATIENCE" lands web one
	backend_down one
	wait_until "$E2E_PATIENCE" lands web two
	backend_up one
	gateway_reload
	wait_until "$E2E_PATIENCE" lands web one
	backend_down one
	wait_until "$E2E_PATIENCE" lands web two
	in_step
}

@test "dynamic: an upstream that leaves the conf file gets the placeholder, and servers when it returns" {
	start web api
	consul_start "$E2E_DIR/consul"
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	register api api-1 two
	swk-apply --resync
	wait_until "$E2E_PATIENCE" lands api two
	consul_deregister api-1
	swk-apply --resync --force
	gone api
	wait_until "$E2E_PATIENCE" lands api none
	in_step
	gateway_reload
	wait_until "$E2E_PATIENCE" lands api none
	# It is not unmanaged now.
	run -0 swk-apply --resync
	[[ "$output" != *api* ]]
	run -0 swk status
	[[ "$output" != *api* ]]
	register api api-1 two
	swk-apply --resync
	wait_until "$E2E_PATIENCE" lands api two
	has api two
}

@test "dynamic: a name in another case is another upstream, which nginx must declare" {
	start Web web_x
	swk-apply < <(document "$(instance Web 10.0.0.1)")
	only Web 10.0.0.1:80
	more='{"services": {"Web": {"upstream": "web"}}}' targets
	run -0 swk-apply < <(document "$(instance Web 10.0.0.1)")
	[[ "$output" == *'does not declare upstream web:'* ]]
	[[ "$(dynamic_servers Web)" == *' down' ]]
	[ "$(lines Web)" == 'server 0.0.0.1 down;' ]
	dynamic_declare web
	gateway_reload
	only web 10.0.0.1:80
}

@test "dynamic: what the module cannot take is left out" {
	start web
	more='{"defaults": {"allow_hostnames": true}}' targets
	run -0 swk-apply < <(document "$(instance web 10.0.0.1)" "$(instance web backend.example)")
	[[ "$output" == *'edge: upstream web: servers with host names are left out'* ]]
	only web 10.0.0.1:80
	run -0 swk-apply < <(document "$(instance web backend.example)")
	[ "$(lines web)" == 'server 0.0.0.1 down;' ]
	[[ "$(dynamic_servers web)" == '0.0.0.'*' down' ]]
	run -0 gateway_reload
}

@test "dynamic: the URL may be a socket" {
	start web
	[[ -n "$GATEWAY_SOCKET" ]] || GATEWAY_SOCKET="$DYNAMIC_URL" # its path may be too long here
	targets "{\"url\": \"$GATEWAY_SOCKET\"}"
	swk-apply < <(document "$(instance web 10.0.0.1)")
	only web 10.0.0.1:80
}

# ---- drift ----

@test "dynamic: a full run repairs drift in memory" {
	start web
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register web web-2 10.0.0.2 80
	swk-apply --resync
	dynamic_ask 'upstream=web&remove=&server=10.0.0.1:80'
	dynamic_ask 'upstream=web&server=10.0.0.2:80&weight=7&down='
	add_foreign web 10.0.0.9:80
	add_foreign web 10.0.0.2
	add_foreign web 10.0.0.8 '&backup='
	run swk status
	[[ "$output" == *'web '*'split'* ]]
	run -0 swk-apply --resync
	only web 10.0.0.1:80 10.0.0.2:80
	in_step
	gateway_requests_clear
	swk-apply --resync
	[ "$(gateway_requests | grep -cE 'add=|remove=|weight=')" == 0 ]
}

@test "dynamic: swk status reports edited files, and a full run repairs them" {
	start web api
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register api api-1 10.0.0.2 80
	swk-apply --resync
	cp -r "$DYNAMIC_DIRECTORY" "$E2E_DIR/files"
	echo 'server 10.0.0.9;' >"$DYNAMIC_DIRECTORY/web.servers"
	run swk status
	[[ "$output" == *'web '*'split'*'its copies, in memory and in the file, have different servers'* ]]
	swk-apply --resync
	diff -r "$DYNAMIC_DIRECTORY" "$E2E_DIR/files"
	rm "$DYNAMIC_DIRECTORY"/*
	swk-apply --resync
	diff -r "$DYNAMIC_DIRECTORY" "$E2E_DIR/files"
	in_step
}

@test "dynamic: a lost conf file does not make its upstreams unmanaged forever, and --adopt takes them" {
	start web
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	rm "$SWK_CONF" "$SWK_CONF.state"
	consul_register web web-1 10.0.0.2 80
	run -10 swk-apply < <(document "$(instance web 10.0.0.2)")
	[[ "$output" == *'upstream web of service web: held back: a proxy has an unmanaged upstream of this name'* ]]
	run -10 swk-apply --resync
	only web 10.0.0.1:80
	swk-apply --resync --adopt
	only web 10.0.0.2:80
}

# ---- restarts and failures ----

@test "dynamic: nginx restarts in the middle, and starts with the files" {
	start web
	start_agent
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	wait_until "$E2E_PATIENCE" lands web one
	gateway_stop
	register web web-2 two
	# The event fails while nginx is down; the file has the change already.
	wait_until "$E2E_PATIENCE" file_has_two
	(_gateway_nginx -t -q)
	gateway_restart
	wait_until "$E2E_PATIENCE" lands web one two
	swk-apply --resync
	has web one two
	run ! grep -q pending "$SWK_CONF.state"
	in_step
}

file_has_two() {
	[[ "$(lines web | wc -l)" == 2 ]]
}

@test "dynamic: what nginx does not confirm stays pending, and the next run sends it" {
	start web api
	targets '{"url": "http://127.0.0.1:9/dynamic"}'
	run -75 swk-apply < <(document "$(instance web 10.0.0.1)")
	[[ "$output" == *'edge: 1 upstream is pending; the next run sends it'* ]]
	grep -qx 'pending web' "$SWK_CONF.state"
	targets
	swk-apply < <(document "$(instance api 10.0.0.2)")
	only web 10.0.0.1:80
	only api 10.0.0.2:80
	run ! grep -q pending "$SWK_CONF.state"
}

@test "dynamic: if the directory is missing or not writable, or the URL is wrong, nginx stays as it is" {
	start web
	targets "{\"directory\": \"$E2E_DIR/none\"}"
	run -75 swk-apply < <(document "$(instance web 10.0.0.1)")
	[[ "$output" == *"$E2E_DIR/none cannot be read: No such file or directory"* ]]
	[ "$(dynamic_servers web)" == '0.0.0.1:80 1 1 10 0 down' ]
	targets "{\"url\": \"$GATEWAY_DYUPS/elsewhere\"}"
	run -75 swk-apply < <(document "$(instance web 10.0.0.1)")
	[[ "$output" == *"answered 404"*": give the URL of the location that has 'dynamic_upstream'"* ]]
	targets
	mkdir "$DYNAMIC_DIRECTORY/web.servers.tmp"
	run -75 swk-apply < <(document "$(instance web 10.0.0.2)")
	[[ "$output" == *"$DYNAMIC_DIRECTORY/web.servers.tmp"*'cannot be removed'* ]]
	[ "$(dynamic_servers web)" == '0.0.0.1:80 1 1 10 0 down' ] # the file comes first
	rmdir "$DYNAMIC_DIRECTORY/web.servers.tmp"
	swk-apply < <(document "$(instance web 10.0.0.2)")
	only web 10.0.0.2:80
	mv "$DYNAMIC_DIRECTORY" "$E2E_DIR/away"
	run -75 swk-apply < <(document "$(instance web 10.0.0.3)")
	[[ "$output" == *"$DYNAMIC_DIRECTORY cannot be read: No such file or directory"* ]]
	only web 10.0.0.2:80
	mv "$E2E_DIR/away" "$DYNAMIC_DIRECTORY"
	swk-apply < <(document "$(instance web 10.0.0.3)")
	only web 10.0.0.3:80
}

@test "dynamic: an upstream with more servers than the module can print gets them all, and stays pending" {
	DYNAMIC_MORE='upstream big { zone big 8m; server 0.0.0.1 down; }' start web
	many=$(for ((i = 1; i <= 1500; i++)); do printf '%s%s' "$separator" "$(instance_of big "$i")" && separator=,; done)
	run -75 swk-apply <<<"[$many]"
	[[ "$output" == *'upstream big has more servers than ngx_dynamic_upstream can print, about 1,300, so they cannot be verified'* ]]
	[ "$(dynamic_ask 'upstream=big' | grep -c '^server 10')" == 1500 ]
	# Another upstream does not wait for it.
	run -75 swk-apply < <(document "$(instance web 10.0.0.1)")
	only web 10.0.0.1:80
}

instance_of() {
	printf '{"Node":{},"Service":{"Service":"%s","ID":"%s","Port":80,"Address":"10.0.%d.%d","Tags":[]},"Checks":[]}' \
		"$1" "$2" $(($2 / 250)) $(($2 % 250 + 1))
}

# bats test_tags=gateway
@test "dynamic: swk-apply repeats requests until temporary errors are over" {
	local count=0

	start web
	for kind in unavailable reset reset-applied unchanged; do
		for what in add= remove= verbose=; do
			count=$((count + 1))
			gateway_fault 2 "$kind" "$what"
			swk-apply < <(document "$(instance web "10.0.0.$count")")
			only web "10.0.0.$count:80"
			gateway_fault
		done
	done
	# Something else removes a server before its attributes are changed.
	more='{"defaults": {"max_fails": 7}}' targets
	gateway_fault 1 gone 'server=10'
	swk-apply < <(document "$(instance web "10.0.0.$count")")
	[ "$(dynamic_servers web)" == "10.0.0.$count:80 1 7 2 0" ]
	run ! grep -q pending "$SWK_CONF.state"
}

# bats test_tags=gateway
@test "dynamic: if a request always fails, the zone is full, or a server is never added, the upstream stays pending" {
	start web api
	gateway_fault 1000 full 'upstream=web&add='
	run -75 swk-apply < <(document "$(instance web 10.0.0.1)" "$(instance api 10.0.0.2)")
	[[ "$output" == *'edge: upstream web has no room for more servers: enlarge its zone'* ]]
	only api 10.0.0.2:80
	grep -qx 'pending web' "$SWK_CONF.state"
	gateway_fault
	gateway_fault 1000 unchanged 'upstream=web&add='
	run -75 swk-apply < <(document "$(instance api 10.0.0.2)")
	[[ "$output" == *'upstream web still has other servers after it was changed'* ]]
	gateway_fault
	gateway_fault 1000 unavailable 'upstream=web&'
	run -75 swk-apply < <(document "$(instance api 10.0.0.2)")
	[[ "$output" == *'change of upstream web failed: 503'* ]]
	gateway_fault
	swk-apply < <(document "$(instance api 10.0.0.2)")
	only web 10.0.0.1:80
	run ! grep -q pending "$SWK_CONF.state"
}

@test "dynamic: after a storm of runs with kills, an operator, faults, reloads and restarts, all agree" {
	seed
	consul_start "$E2E_DIR/consul"
	storm_dynamic_begin
	storm_dynamic_round 14 # and 12 more at the end
}

# ---- what nginx's configuration lacks ----

@test "dynamic: swk lint says what to declare, and nginx takes it" {
	start api
	more='{"attributes": {"tag_prefix": "nginx:", "allow": ["backup"]}}' targets
	swk-apply < <(document "$(instance api 10.0.0.1)" "$(instance web 10.0.0.1)")
	conf="$GATEWAY_DIR/nginx.conf"
	run -1 swk lint "$conf"
	[[ "$output" == *'upstream web is not declared'* && "$output" != *'upstream api'* ]]
	line=$(sed -n "s/.*put '\(upstream web .*\)' into http.*/\1/p" <<<"$output")
	echo "$line" >>"$GATEWAY_EXTRA"
	run -0 swk lint "$conf"
	gateway_reload
	swk-apply < <(document "$(instance web 10.0.0.2)")
	only web 10.0.0.2:80

	sed -i 's/zone web 1m;//' "$GATEWAY_EXTRA"
	run -1 swk lint "$conf"
	[[ "$output" == *"upstream web has no zone"*"put 'zone web 1m;' into it"* ]]
	sed -i 's/upstream web {/& zone web 1m; ip_hash;/' "$GATEWAY_EXTRA"
	run -0 swk lint "$conf"
	swk-apply < <(document "$(instance web 10.0.0.2)" "$(tagged 10.0.0.3 backup)")
	run -1 swk lint "$conf"
	[[ "$output" == *"upstream web has 'ip_hash', and a backup server"* ]]
	run ! gateway_reload
	more='{"services": {"web": {"balance": "ip_hash"}}}' targets
	swk-apply < <(document "$(instance web 10.0.0.2)" "$(tagged 10.0.0.3 backup)")
	run -0 swk lint "$conf"
	gateway_reload
	sed -i 's/include [^;]*web.servers;/server 10.0.0.9;/' "$GATEWAY_EXTRA"
	run -1 swk lint "$conf"
	[[ "$output" == *"put 'include $DYNAMIC_DIRECTORY/web.servers;' into it, instead of servers"* ]]
}
