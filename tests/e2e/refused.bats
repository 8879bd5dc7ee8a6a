#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# nginx must always be able to load the conf file: what it rejects does not stay there. Here it rejects a host name that does not
# resolve. With Tengine, the tests need a resolver that says so at once, or none.

load settings

BAD=nowhere.invalid

setup_settings() {
	settings '{"defaults": {"allow_hostnames": true}}'
}

# live NAME - prints the addresses of an upstream's servers in nginx.
live() {
	gateway_detail | awk -v name="$1" '/^$/ { it = ""; next } it == "" { it = $1; next } it == name { print $2 }'
}

# web_is ADDRESS - whether both the conf file and nginx have only this server, and nginx can load the conf file.
web_is() {
	[[ "$(servers web)" == "$1" && "$(live web)" == "$1" ]] && in_step && gateway_reload
}

@test "a rejected change: the conf file and nginx keep the confirmed servers, and others change" {
	setup_settings
	swk-apply < <(document "$(instance web 10.0.0.1)" "$(instance api 10.0.0.2)")
	run -75 swk-apply < <(document "$(instance web "$BAD")" "$(instance api 10.0.0.3)")
	[[ "$output" == *'update of upstream web ('*') was refused: 500 add server failed: see nginx'* ]]
	[[ "$output" == *"upstream web: a target rejects what Consul says, so $SWK_CONF keeps its last confirmed servers"* ]]
	web_is 10.0.0.1:80
	[ "$(servers api)" == 10.0.0.3:80 ]
	run ! grep -qE '^(pending|confirmed|new) ' "$SWK_CONF.state"

	# Nothing is sent again for the same registration, or because of another service; both runs say so.
	gateway_requests_clear
	run -75 swk-apply < <(document "$(instance web "$BAD")")
	[[ "$output" == *'upstream web: a target rejects'* ]]
	run -75 swk-apply < <(document "$(instance api 10.0.0.3)")
	[[ "$output" == *'upstream web: a target rejects'* ]]
	[ -z "$(gateway_requests)" ]

	# The registration is as the conf file has it, then another one is rejected, then one is good.
	swk-apply < <(document "$(instance web 10.0.0.1)")
	run ! grep -q '^refused' "$SWK_CONF.state"
	run -75 swk-apply < <(document "$(instance web "other.$BAD")")
	web_is 10.0.0.1:80
	swk-apply < <(document "$(instance web 10.0.0.4)")
	run ! grep -q '^refused' "$SWK_CONF.state"
	web_is 10.0.0.4:80
}

@test "a rejected new upstream is in neither the conf file nor nginx, until it is good" {
	setup_settings
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 "$BAD" 80
	consul_register api api-1 10.0.0.2 80
	for _ in 1 2; do
		gateway_requests_clear
		run -75 swk-apply --resync
		[[ "$output" == *"upstream web: a target rejects what Consul says, so $SWK_CONF does not have it"* ]]
		gateway_requests | grep -q "^POST /upstream/web 500"
		in_step
		not_in_file web
		in_file api
		gateway_reload
	done
	run -1 swk status
	[[ "$output" == *'behind   a target rejects it; the file lacks it'* ]]
	run -0 swk-apply --resync --dry-run
	[[ "$output" == *"upstream web: a target rejects"*"$SWK_CONF does not have it"* ]]
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	web_is 10.0.0.1:80
}

# takes_none - whether this nginx takes 'keepalive 0;' in a file.
takes_none() {
	echo "pid $E2E_DIR/none.pid; events {} http { upstream web { server 10.0.0.1:80; keepalive 0; } }" >"$E2E_DIR/none.conf"
	(_gateway_nginx -c "$E2E_DIR/none.conf" -t -q 2>/dev/null)
}

@test "keepalive 0: a full run finds out whether nginx takes it in a file, and the conf file says it only then" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register api api-1 10.0.0.2 80
	swk-apply --resync
	run ! grep -q _swk-apply <(gateway_requests)
	settings '{"services": {"web": {"keepalive": 0}}}'
	for _ in 1 2; do
		swk-apply --resync
		in_step
		[ "$(grep -c 'keepalive 20;' "$SWK_CONF")" == 1 ]
		takes_none || run ! grep -q 'keepalive 0;' "$SWK_CONF"
		! takes_none || grep -q 'keepalive 0;' "$SWK_CONF"
	done
	gateway_requests | grep -q '^POST /upstream/_swk-apply '
	gateway_requests | grep -q '^DELETE /upstream/_swk-apply 200'
	run ! grep -q _swk <(gateway_detail)
	gateway_reload
	# An event keeps the form, and asks nothing.
	gateway_requests_clear
	cp "$SWK_CONF" "$E2E_DIR/before"
	swk-apply < <(document "$(instance web 10.0.0.3)")
	run ! grep -q _swk-apply <(gateway_requests)
	diff <(sed 's/10.0.0.1/10.0.0.3/' "$E2E_DIR/before") "$SWK_CONF"
	gateway_reload

	# What a killed run left behind is not reported, and goes.
	gateway_post _swk-apply 'server 127.0.0.1:1 down;'
	swk-apply --resync --dry-run
	run swk status
	[[ "$output" != *_swk* ]]
	consul_register web web-1 10.0.0.3 80
	swk-apply --resync
	run ! grep -q _swk <(gateway_detail)
}

# bats test_tags=gateway
@test "a rejected upstream goes back to what was confirmed last, not to what is pending" {
	setup_settings
	swk-apply < <(document "$(instance web 10.0.0.1)")
	gateway_fault 99 conflict '^POST'
	run -75 swk-apply --timeout 1 < <(document "$(instance web 10.0.0.2)")
	gateway_fault
	grep -q '^confirmed .*server 10.0.0.1:80' "$SWK_CONF.state"
	run -75 swk-apply < <(document "$(instance web "$BAD")")
	web_is 10.0.0.1:80
}

@test "swk undo after a rejected change restores what was there before" {
	setup_settings
	swk-apply < <(document "$(instance web 10.0.0.1)")
	swk-apply < <(document "$(instance web 10.0.0.2)")
	run -75 swk-apply < <(document "$(instance web "$BAD")")
	web_is 10.0.0.2:80
	run ! grep -q "$BAD" "$SWK_CONF" "$SWK_CONF.previous"
}

# bats test_tags=gateway
@test "swk undo does not restore what was rejected after it had become FILE.previous" {
	setup_settings
	swk-apply < <(document "$(instance web 10.0.0.1)" "$(instance api 10.0.0.2)")
	gateway_fault 99 conflict '^POST'
	run -75 swk-apply --timeout 1 < <(document "$(instance web "$BAD")")
	gateway_fault
	run -75 swk-apply < <(document "$(instance api 10.0.0.3)")
	run swk undo test
	run ! grep -q "$BAD" "$SWK_CONF"
}

# bats test_tags=gateway
@test "if nginx accepts neither the change nor the old servers because it is busy, the message does not ask for a reload" {
	setup_settings
	swk-apply < <(document "$(instance web 10.0.0.1)")
	gateway_fault 1 refused '^POST /upstream/web'
	gateway_fault 99 conflict '^POST /upstream/web'
	run -75 swk-apply --timeout 3 < <(document "$(instance web 10.0.0.2)")
	[[ "$output" != *'refuses good upstreams'* ]]
}

# many [INSTANCE...] - prints a document with 25 servers of web, and more.
many() {
	local list=()

	for ((i = 1; i <= 25; i++)); do
		list+=("$(instance web "10.0.1.$i" | sed "s/\"ID\":\"web\"/\"ID\":\"web$i\"/")")
	done
	document "${list[@]}" "$@"
}

@test "a rejected change of an upstream with many servers, whose body may arrive in pieces" {
	setup_settings
	swk-apply < <(many)
	run -75 swk-apply < <(many "$(instance web "$BAD")")
	run ! grep -q "$BAD" "$SWK_CONF"
	[ "$(servers web | wc -l)" == 25 ]
	in_step
	gateway_reload
	# The same for a new upstream.
	run -75 swk-apply < <(many "$(instance web "$BAD")" | sed 's/"Service":"web"/"Service":"new"/g')
	not_in_file new
	in_step
	gateway_reload
}

# bats test_tags=gateway
@test "on hold, the conf file stays as it is although nginx rejects what is pending" {
	setup_settings
	swk-apply < <(document "$(instance web 10.0.0.1)")
	gateway_fault 99 conflict '^POST'
	run -75 swk-apply --timeout 1 < <(document "$(instance web "$BAD")")
	gateway_fault
	swk hold test
	gateway_requests_clear
	run -75 swk-apply --service other <<<'[]'
	gateway_requests | grep -q '^POST /upstream/web 500'
	[ "$(servers web)" == "$BAD:80" ]
	[ "$(live web)" == 10.0.0.1:80 ]
	grep -qx 'pending web' "$SWK_CONF.state"
}

# Makes every worker reject every body, as one with a variable does.
break_workers() {
	if [[ -z "${SWK_TENGINE:-}" ]]; then
		gateway_fault 99 refused '^POST'
		return
	fi
	for _ in {1..40}; do
		# shellcheck disable=SC2016 # nginx expands it
		gateway_post broken 'hash $uri;server 10.0.0.9:80;' >/dev/null
	done
}

mend_workers() {
	[[ -n "${SWK_TENGINE:-}" ]] || gateway_fault
	gateway_reload
}

@test "if nginx rejects everything, the conf file keeps the changes" {
	setup_settings
	swk-apply < <(document "$(instance web 10.0.0.1)" "$(instance api 10.0.0.2)")
	break_workers
	run -75 swk-apply < <(document "$(instance web 10.0.0.3)" "$(instance api 10.0.0.4)" "$(instance new 10.0.0.5)")
	[[ "$output" == *'; it refuses good upstreams, too: reload nginx'* ]]
	[ "$(servers web)" == 10.0.0.3:80 ]
	[ "$(servers api)" == 10.0.0.4:80 ]
	in_file new
	mend_workers
	swk-apply --service other <<<'[]'
	in_step
	run ! grep -qE '^(pending|confirmed|new|refused) ' "$SWK_CONF.state"
}
