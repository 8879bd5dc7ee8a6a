#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a shell of its own; bats sets stderr
# swk status: what the file says, what each nginx has, what it is owed, and what Consul says by now.

load ../soak/soak # gateway_restart
load terminal

# Two services, in step.
begin() {
	settings "${1:-"{}"}"
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register web web-2 10.0.0.2 80
	consul_register web web-3 10.0.0.3 80 gray=b
	consul_register api api-1 10.0.1.1 80
	swk-apply --resync
}

# rows - the rows of a table on standard input, with one sign between columns, and without titles.
rows() {
	sed -E 's/^ +//; s/ {2,}/|/g; s/\|$//' | grep '|' | grep -v '^UPSTREAM|\|^NOT PUBLISHED|'
}

of_consul='consul|-|left out|it is Consul itself'

@test "status: in step, and nothing is written, sent or locked" {
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
	# A file isn't for colours.
	run ! grep -q $'\033' "$E2E_DIR/out"
	[ "$(gateway_requests | cut -d ' ' -f 1 | sort -u)" == GET ]
	# Several looks, each on a connection of its own.
	(($(gateway_requests | grep -c '^GET /detail 200') >= 2))
	[ "$(state_of_all)" == "$before" ]
}

@test "status: what somebody changed in nginx is named, with status 1, and mended by a full pass" {
	begin
	gateway_post web 'server 10.0.0.2:80;server 10.0.9.9:80;' >/dev/null
	gateway_delete api >/dev/null
	gateway_post misc 'server 10.0.9.8:80;' >/dev/null
	gateway_workers_detail >/dev/null # so that each knows
	run -1 swk status
	diff <(rows <<<"$output") - <<-END
		api|1|0|missing|nginx lacks it
		misc|-|1|unmanaged
		web|2|2|differs|nginx has 10.0.9.9:80; nginx lacks 10.0.0.1:80
		web_b|1|1|in step
		$of_consul
	END
	[[ "$output" == *"$GATEWAY_DYUPS: 4 upstreams: 1 in step, 1 unmanaged, 1 differs, 1 missing"* ]]
	# Narrowed to an upstream, or to a service.
	run -0 swk status web_b
	[ "$(rows <<<"$output")" == 'web_b|1|1|in step' ]
	run -1 swk status web
	[ "$(rows <<<"$output" | cut -d '|' -f 1 | paste -sd ' ')" == 'web web_b' ]
	run -0 swk status misc
	run -64 swk status web_b none
	[[ "$output" == *"no upstream or service 'none'"* ]]
	swk-apply --resync
	run -0 swk status
	# What others made is theirs.
	[[ "$(rows <<<"$output")" == *'misc|-|1|unmanaged'* ]]
}

# looks_until TEXT WORD... - swk status, until it says this: which workers one look reaches is chance. Five, at most.
looks_until() {
	local text="$1" _

	shift
	for _ in 1 2 3 4 5; do
		run swk status "$@"
		[[ "$output" != *"$text"* ]] || return 0
	done
	return 1
}

@test "status: a worker that died, and came back with less, is found out" {
	begin
	gateway_kill_worker
	looks_until split
	[ "$status" == 1 ]
	[ "$(rows <<<"$output" | grep -c '|split|not all workers have it$')" == 3 ]
	# It comes back with the file as it was when nginx started.
	gateway_reload
	consul_register web web-1 10.0.0.7 80
	swk-apply --resync
	run -0 swk status
	gateway_kill_worker
	looks_until split web
	[ "$status" == 1 ]
	[[ "$output" == *'split'*'its workers have different servers'* ]]
	[ "$(rows <<<"$output" | grep '^web_b')" == 'web_b|1|1|in step' ]
}

@test "status: nginx is down: what it is owed, and 75; and what it is owed when it is back" {
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
	# Another that is up is looked at all the same.
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
@test "status: what was sent and is not confirmed is owed, though nginx has it" {
	begin
	consul_register web web-4 10.0.0.4 80
	gateway_fault 100000 reset-applied '^POST'
	run -75 swk-apply --resync --timeout 10
	gateway_fault
	run -1 swk status web
	[[ "$(rows <<<"$output")" == 'web|3|3|pending|'* ]]
}

@test "status: what Consul says by now and the file doesn't; what is kept, foreign, or not published, and why" {
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
		taken|taken|held back|nginx has an unmanaged upstream of this name: remove that one, or take it over with --adopt
	END
	run -10 --separate-stderr swk status
	diff <(rows <<<"$output") "$E2E_DIR/expected"
	[[ "$stderr" == *"upstream taken of service taken: held back"* ]]
	# Of others only.
	run -0 --separate-stderr swk status web
	[ -z "$stderr" ]
	run -10 --separate-stderr swk status taken
	# Consul goes on, and nobody runs swk-apply.
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

@test "status: Consul is down, or has lost its services: what can be said, and 69 or 10; no file, nothing made" {
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
	# Drift is what a full pass would mend; one that would be refused is told as well.
	run -1 swk status --min-services 50
	[[ "$output" == *'but min_services (--min-services) is 50'* ]]
	swk-apply --resync
	run -10 swk status --min-services 50
	run -10 swk status --min-services 50 web
	[[ "$output" == *'but min_services (--min-services) is 50'* ]]

	settings '{}' # a file that is not there
	SWK_CONF="$E2E_DIR/none/dyups.conf"
	mkdir "$E2E_DIR/none"
	# All that nginx has is somebody's then.
	run -10 swk status --conf "$SWK_CONF"
	[ -z "$(ls "$E2E_DIR/none")" ]
	[[ "$output" == *'last successful run: never'* ]]
	# Somebody else's file.
	echo 'upstream x { server 10.0.0.1:80; }' >"$SWK_CONF"
	run -10 swk status --conf "$SWK_CONF"
	[[ "$output" == *"$SWK_CONF was not written by swk-apply"* ]]
	[ "$(ls "$E2E_DIR/none")" == dyups.conf ]
}

@test "status: a hold is told of, with 10, whether it can be read or not; with 1 where a pass still has something to do" {
	begin
	SUDO_USER=alice swk hold 'mad, again'
	run -10 swk status
	[[ "${lines[1]}" == "on hold since 20"*"Z by alice (mad, again): the file stays as it is until 'swk resume'" ]]
	run -10 swk status api
	[[ "${lines[1]}" == 'on hold since 20'* ]]
	# That the file is behind is not what a pass would mend now.
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

@test "status --json: one object, with the status in it, whatever happens" {
	begin
	gateway_post misc 'server 10.0.9.8:80;' >/dev/null
	consul_check web-3 critical
	swk status --json >"$E2E_DIR/json"
	[ "$(wc -l <"$E2E_DIR/json")" == 1 ]
	jq -e --arg conf "$SWK_CONF" --arg url "$GATEWAY_DYUPS" '
		.status == 0 and .error == null and .conf == $conf and (.success | type) == "number" and .notes == []
		and .unpublished == [{service: "consul", upstream: null, decision: "left out", reason: "it is Consul itself"}]
		and [.targets[] | [.target, .asked, .trouble]] == [[$url, true, null]]
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
	# A path of bytes that are no text.
	SWK_CONF="${SWK_CONF%/*}/"$'caf\xe9\e' run -69 --separate-stderr swk status --json
	jq -e '.status == 69 and (.conf | endswith("/caf\\xe9\\x1b"))' <<<"$output"
	run -64 --separate-stderr swk status --color=yes
}

# ---- on a terminal ----

@test "status on a terminal has colours, but for NO_COLOR and TERM=dumb" {
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
	# On a pipe too, where they are asked for.
	run swk status
	[[ "$output" != *$'\033'* ]]
	run swk status --color=always
	[[ "$output" == *$'\033[31mdiffers'* ]]
	on_terminal 100x30 -- 'swk status --color=never'
	sees 'ended 1'
	shown >"$E2E_DIR/never"
	diff "$E2E_DIR/none" "$E2E_DIR/never"
	# The same without them.
	diff <(sed $'s/\033\\[[0-9;]*m//g' "$E2E_DIR/colours") "$E2E_DIR/none"
}
