#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a shell of its own; bats sets stderr
# swk status: compares the conf file with each nginx and with Consul, and shows what is pending.

load terminal

# begin [SETTINGS] - brings two services into nginx.
begin() {
	settings "${1:-"{}"}"
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register web web-2 10.0.0.2 80
	consul_register web web-3 10.0.0.3 80 gray=b
	consul_register api api-1 10.0.1.1 80
	swk-apply --resync
}

# rows - prints the rows of a table, without titles and with | between columns.
rows() {
	sed -E 's/^ +//; s/ {2,}/|/g; s/\|$//' | grep '|' | grep -v '^UPSTREAM|\|^NOT PUBLISHED|'
}

of_consul='consul|-|left out|it is Consul itself'

@test "status: everything is in step, and status writes, sends and locks nothing" {
	begin
	before=$(state_of_all)
	gateway_requests_clear
	(
		flock 9
		timeout 20 swk status >"$E2E_DIR/out"
	) 9<"$SWK_CONF.lock"
	diff <(rows <"$E2E_DIR/out") - <<-END
		api|1|1|in step
		web|2|2|in step
		web_b|1|1|in step
		$of_consul
	END
	grep -qF "$SWK_CONF: last successful run: 20" "$E2E_DIR/out"
	grep -qx "$GATEWAY_DYUPS: 3 upstreams: 3 in step" "$E2E_DIR/out"
	# Output to a file has no colours.
	run ! grep -q $'\033' "$E2E_DIR/out"
	[ "$(gateway_requests | cut -d ' ' -f 1 | sort -u)" == GET ]
	# It reads several samples, each on its own connection.
	(($(gateway_requests | grep -c '^GET /detail 200') >= 2))
	[ "$(state_of_all)" == "$before" ]
}

@test "status: exits with 1 if there is drift, and a full run repairs it" {
	begin
	gateway_post web 'server 10.0.0.2:80;server 10.0.9.9:80;' >/dev/null
	gateway_delete api >/dev/null
	gateway_post misc 'server 10.0.9.8:80;' >/dev/null
	gateway_workers_detail >/dev/null # so that each worker reads its queue
	run -1 swk status
	diff <(rows <<<"$output") - <<-END
		api|1|0|missing|nginx lacks it
		misc|-|1|unmanaged
		web|2|2|differs|nginx has 10.0.9.9:80; nginx lacks 10.0.0.1:80
		web_b|1|1|in step
		$of_consul
	END
	[[ "$output" == *"$GATEWAY_DYUPS: 4 upstreams: 1 in step, 1 unmanaged, 1 differs, 1 missing"* ]]
	# For one upstream, or for one service.
	run -0 swk status web_b
	[ "$(rows <<<"$output")" == 'web_b|1|1|in step' ]
	run -1 swk status web
	[ "$(rows <<<"$output" | cut -d '|' -f 1 | paste -sd ' ')" == 'web web_b' ]
	run -0 swk status misc
	run -64 swk status web_b none
	[[ "$output" == *"no upstream or service 'none'"* ]]
	swk-apply --resync
	run -0 swk status
	# The unmanaged upstream is unchanged.
	[[ "$(rows <<<"$output")" == *'misc|-|1|unmanaged'* ]]
}

# status_until TEXT WORD... - repeats swk status until it prints the text, at most five times: which workers it reads is chance.
status_until() {
	local text="$1" _

	shift
	for _ in 1 2 3 4 5; do
		run swk status "$@"
		[[ "$output" != *"$text"* ]] || return 0
	done
	return 1
}

@test "status: a replaced worker that has an old state is found" {
	begin
	gateway_kill_worker
	status_until split
	[ "$status" == 1 ]
	[ "$(rows <<<"$output" | grep -c '|split|not all workers have it$')" == 3 ]
	# A replaced worker has the conf file as it was when nginx last read it.
	gateway_reload
	consul_register web web-1 10.0.0.7 80
	swk-apply --resync
	run -0 swk status
	gateway_kill_worker
	status_until split web
	[ "$status" == 1 ]
	[[ "$output" == *'split'*'its workers have different servers'* ]]
	[ "$(rows <<<"$output" | grep '^web_b')" == 'web_b|1|1|in step' ]
}

@test "status: if nginx is down, status shows what is pending and exits with 75" {
	begin
	gateway_stop
	consul_register web web-4 10.0.0.4 80
	consul_deregister api-1
	run -75 swk-apply --resync --timeout 2
	run -75 swk status
	diff <(rows <<<"$output") - <<-END
		api|-|?|pending|to be deleted
		web|3|?|pending
		web_b|1|?|unseen
		$of_consul
	END
	[[ "$output" == *"$GATEWAY_DYUPS/detail: "*onnect* ]]
	# A target that is up is still read.
	down="$GATEWAY_DYUPS"
	gateway_start "$E2E_DIR/gateway-2"
	settings "{\"targets\": [{\"url\": \"$down\"}, {\"url\": \"$GATEWAY_DYUPS\", \"name\": \"two\"}]}"
	run -75 swk status
	[[ "$output" == *$'\n'"two: 2 upstreams: 2 pending"$'\n'* ]]
	run -75 swk-apply --resync --timeout 2
	run -75 swk status
	[[ "$output" == *$'\n'"two: 2 upstreams: 2 in step"$'\n'* ]]
}

# bats test_tags=gateway
@test "status: a change that was sent but not confirmed is pending, even if nginx has it" {
	begin
	consul_register web web-4 10.0.0.4 80
	gateway_fault 100000 reset-applied '^POST'
	run -75 swk-apply --resync --timeout 10
	gateway_fault
	run -1 swk status web
	[[ "$(rows <<<"$output")" == 'web|3|3|pending|'* ]]
}

@test "status: shows what the conf file lacks, and what is kept, unmanaged or not published, with reasons" {
	begin '{"exclude": ["intern-*"]}'
	gateway_post taken 'server 10.0.9.9:80;' >/dev/null
	consul_check web-3 critical
	consul_register intern-a intern-1 10.0.0.3 80
	consul_register late late-1 10.0.0.5 80
	consul_check late-1 critical
	consul_register taken taken-1 10.0.0.6 80
	consul_register 'no; name' evil-1 10.0.0.7 80
	none='none of its instances in Consul is passing and usable'
	cat >"$E2E_DIR/expected" <<-END
		api|1|1|in step
		taken|-|1|unmanaged
		web|2|2|in step
		web_b|1|1|kept|kept: $none
		$of_consul
		intern-a|-|left out|include or exclude leaves it out
		late|late|left out|$none
		no; name|-|skipped|its name cannot be an upstream's name (letters, digits, '.', '_', '-', at most 200)
		taken|taken|held back|a proxy has an unmanaged upstream of this name: remove that one, or take it over with --adopt
	END
	run -10 --separate-stderr swk status
	diff <(rows <<<"$output") "$E2E_DIR/expected"
	[[ "$stderr" == *"upstream taken of service taken: held back"* ]]
	# The message is not printed for other upstreams.
	run -0 --separate-stderr swk status web
	[ -z "$stderr" ]
	run -10 --separate-stderr swk status taken
	# Consul changes, and swk-apply does not run.
	consul_register web web-4 10.0.0.4 80
	consul_register more more-1 10.0.0.8 80
	consul_deregister api-1
	run -1 --separate-stderr swk status
	diff <(rows <<<"$output" | grep '|behind|') - <<-END
		api|1|1|behind|Consul no longer has it
		more|-|0|behind|the file lacks it
		web|2|2|behind|the file lacks 10.0.0.4:80
	END
}

@test "status: exits with 69 without Consul, and with 10 without a conf file or with too few services" {
	begin
	gateway_post api 'server 10.0.9.9:80;' >/dev/null
	gateway_workers_detail >/dev/null
	real="$CONSUL_HTTP_ADDR"
	CONSUL_HTTP_ADDR="127.0.0.1:$(free_port)"
	run -69 swk status
	diff <(rows <<<"$output") - <<-END
		api|1|1|differs|nginx has 10.0.9.9:80; nginx lacks 10.0.1.1:80
		web|2|2|in step
		web_b|1|1|in step
	END
	[[ "$output" == *"Consul could not be asked"*"$CONSUL_HTTP_ADDR"* ]]
	CONSUL_HTTP_ADDR="$real"
	# Drift has status 1, and a message says that a full run would stop at min_services.
	run -1 swk status --min-services 50
	[[ "$output" == *'but min_services (--min-services) is 50'* ]]
	swk-apply --resync
	run -10 swk status --min-services 50
	run -10 swk status --min-services 50 web
	[[ "$output" == *'but min_services (--min-services) is 50'* ]]

	settings '{}' # a conf file that does not exist
	SWK_CONF="$E2E_DIR/none/dyups.conf"
	mkdir "$E2E_DIR/none"
	# All upstreams in nginx are unmanaged then.
	run -10 swk status --conf "$SWK_CONF"
	[ -z "$(ls "$E2E_DIR/none")" ]
	[[ "$output" == *'last successful run: never'* ]]
	# A file that another program wrote.
	echo 'upstream x { server 10.0.0.1:80; }' >"$SWK_CONF"
	run -10 swk status --conf "$SWK_CONF"
	[[ "$output" == *"$SWK_CONF was not written by swk-apply"* ]]
	[ "$(ls "$E2E_DIR/none")" == dyups.conf ]
}

@test "status: exits with 10 on hold, even if the hold is unreadable, and with 1 if nginx differs from the conf file" {
	begin
	SUDO_USER=alice swk hold 'mad, again'
	run -10 swk status
	[[ "${lines[1]}" == "on hold since 20"*"Z by alice (mad, again): the file stays as it is until 'swk resume'" ]]
	run -10 swk status api
	[[ "${lines[1]}" == 'on hold since 20'* ]]
	# On hold, a full run would not update the conf file, so this is not drift.
	consul_register web web-4 10.0.0.4 80
	run -10 --separate-stderr swk status --json
	jq -e '.status == 10 and (.on_hold | test("^since 20.*Z by alice \\(mad, again\\)$"))
		and [.targets[0].upstreams[] | select(.upstream == "web").state] == ["on hold"]' <<<"$output"
	gateway_post api 'server 10.0.9.9:80;' >/dev/null
	gateway_workers_detail >/dev/null
	run -1 swk status
	[[ "${lines[1]}" == 'on hold since 20'* ]]
	run -10 swk-apply --resync
	echo half >"$SWK_CONF.hold"
	run -10 swk status
	[[ "${lines[1]}" == "on hold ($SWK_CONF.hold:1: cannot be read): the file stays as it is until 'swk resume'" ]]
	swk resume
	run -0 swk status
	[[ "$output" != *'on hold'* ]]
	[ "$(swk status --json | jq .on_hold)" == null ]
}

@test "status --json: always one object, which contains the exit status" {
	begin
	gateway_post misc 'server 10.0.9.8:80;' >/dev/null
	consul_check web-3 critical
	swk status --json >"$E2E_DIR/json"
	[ "$(wc -l <"$E2E_DIR/json")" == 1 ]
	jq -e --arg conf "$SWK_CONF" --arg url "$GATEWAY_DYUPS" '
		.status == 0 and .error == null and .conf == $conf and (.success | type) == "number" and .notes == []
		and .unpublished == [{service: "consul", upstream: null, decision: "left out", reason: "it is Consul itself"}]
		and [.targets[] | [.target, .asked, (.trouble // "" | sub(".* ignores the keepalive .*"; ""))]] == [[$url, true, ""]]
		and [.targets[0].upstreams[] | [.upstream, .service, .tag, .file, .live, .state, .pending, .kept]] == [
			["api", "api", "", 1, 1, "in step", false, false],
			["misc", "", "", null, 1, "unmanaged", false, false],
			["web", "web", "", 2, 2, "in step", false, false],
			["web_b", "web", "gray=b", 1, 1, "kept", false, true]]' "$E2E_DIR/json"
	gateway_stop
	run -75 --separate-stderr swk status --json
	jq -e '.status == 75 and .targets[0].asked == false and (.targets[0].trouble | contains("onnect"))
		and .targets[0].upstreams[0].live == null' <<<"$output"
	CONSUL_HTTP_ADDR="127.0.0.1:$(free_port)"
	run -69 --separate-stderr swk status --json
	jq -e '.status == 69 and (.notes[0] | contains("Consul could not be asked"))' <<<"$output"
	echo x >"$SWK_CONF"
	run -10 --separate-stderr swk status --json
	jq -e '.status == 10 and .targets == [] and (.error | contains("was not written by swk-apply"))' <<<"$output"
	# A path with bytes that are not UTF-8.
	SWK_CONF="${SWK_CONF%/*}/"$'caf\xe9\e' run -69 --separate-stderr swk status --json
	jq -e '.status == 69 and (.conf | endswith("/caf\\xe9\\x1b"))' <<<"$output"
	run -64 --separate-stderr swk status --color=yes
}

# ---- on a terminal ----

@test "status on a terminal has colours, except with NO_COLOR or TERM=dumb" {
	begin
	gateway_post api 'server 10.0.9.9:80;' >/dev/null
	gateway_workers_detail >/dev/null
	consul_check web-3 critical
	on_terminal 100x30 -- 'swk status'
	sees 'ended 1'
	shown >"$E2E_DIR/colours"
	on_terminal 100x30 NO_COLOR=1 -- 'swk status'
	sees 'ended 1'
	shown >"$E2E_DIR/none"
	on_terminal 100x30 NO_COLOR= -- 'swk status'
	sees 'ended 1'
	shown >"$E2E_DIR/empty"
	on_terminal 100x30 TERM=dumb -- 'swk status'
	sees 'ended 1'
	shown >"$E2E_DIR/dumb"
	cat "$E2E_DIR/colours"
	grep -q $'api  .*\033\\[31mdiffers' "$E2E_DIR/colours"
	grep -q $'web  .*\033\\[32min step' "$E2E_DIR/colours"
	grep -q $'web_b  .*\033\\[33mkept' "$E2E_DIR/colours"
	run ! grep -q $'\033' "$E2E_DIR/none" "$E2E_DIR/dumb"
	diff "$E2E_DIR/colours" "$E2E_DIR/empty"
	# On a pipe only with --color=always.
	run swk status
	[[ "$output" != *$'\033'* ]]
	run swk status --color=always
	[[ "$output" == *$'\033[31mdiffers'* ]]
	on_terminal 100x30 -- 'swk status --color=never'
	sees 'ended 1'
	shown >"$E2E_DIR/never"
	diff "$E2E_DIR/none" "$E2E_DIR/never"
	# The text is the same with and without colours.
	diff <(sed $'s/\033\\[[0-9;]*m//g' "$E2E_DIR/colours") "$E2E_DIR/none"
}

# bats test_tags=gateway
@test "an nginx that ignores keepalive in what dyups changes is reported by status and lint" {
	local url=$GATEWAY_DYUPS server port

	server=$(curl -sSI -H 'X-Observer: 1' "$url/list" | tr -d '\r' | sed -n 's|^Server: ||p')
	swk-apply <<<'[{"Node":{},"Service":{"Service":"web","ID":"w","Port":80,"Address":"10.0.0.1","Tags":[]},"Checks":[]}]'
	if [[ "$server" != Tengine/* ]]; then
		run swk lint "$GATEWAY_DIR/nginx.conf"
		[[ "$output" != *keepalive* ]]
		# A server that calls itself Tengine, before the same interface.
		port=$(free_port)
		cat >"$GATEWAY_DIR/empty.conf" <<-EOF
			server {
				listen 127.0.0.1:$port;
				location / {
					proxy_pass $url;
					header_filter_by_lua 'ngx.header.Server = "Tengine/3.2.0"';
				}
			}
		EOF
		gateway_reload
		url=http://127.0.0.1:$port
		server=Tengine/3.2.0
	fi
	settings "{\"targets\": [{\"url\": \"$url\"}]}"
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	for command in "swk lint $GATEWAY_DIR/nginx.conf" 'swk status'; do
		run $command
		if printf '%s\n' Tengine/3.2.0 "$server" | sort -CV; then
			[[ "$output" == *"$url: this nginx ignores the keepalive of each upstream that changed since its last reload"* ]]
		else
			[[ "$output" != *keepalive* ]]
		fi
	done
	# Without keepalive, there is nothing to ignore.
	swk-apply --resync --keepalive 0
	run swk status
	[[ "$output" != *keepalive* ]]
}
