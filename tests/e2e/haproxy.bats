#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A target that is HAProxy: servers change through its runtime API, and backends by its file and a reload.

# shellcheck disable=SC2030,SC2031,SC2154 # each test is a shell of its own; bats sets stderr
load ../soak/soak
load settings
# shellcheck source=SCRIPTDIR/../lib/haproxy.bash
source "$BATS_TEST_DIRNAME/../lib/haproxy.bash"

teardown() {
	if [[ -z "${BATS_TEST_COMPLETED:-}" ]]; then
		printf '%s\n' '--- file' && cat "$HAPROXY_FILE"
		printf '%s\n' '--- servers' && proxy_servers
		printf '%s\n' '--- haproxy' && tail -n 30 "$HAPROXY_DIR/log"
	fi 2>/dev/null
	proxy_stop
	((${#STARTED[@]} == 0)) || kill "${STARTED[@]}" 2>/dev/null || true
	e2e_teardown
}

# begin [JSON] [LINE...] - starts HAProxy with these lines in its configuration, and makes settings with it as the only target,
# with the JSON added to it.
begin() {
	proxy_start "$E2E_DIR/haproxy" "${@:2}"
	haproxy_settings "${1:-}"
}

haproxy_settings() {
	edge=$(jq -n --arg api "$HAPROXY_API" --arg master "$HAPROXY_MASTER" --arg file "$HAPROXY_FILE" \
		--argjson check "$(proxy_check_command)" --argjson more "${1:-{\}}" \
		'{kind: "haproxy", name: "edge", socket: $api, file: $file, check: $check, master_socket: $master, interval: 0}
			+ $more | with_entries(select(.value != null))')
	settings "{\"targets\": [$edge], \"attributes\": {\"allow\": [\"weight\", \"max_conns\", \"backup\", \"down\"]}}"
}

# shown BACKEND - prints `ADDRESS WEIGHT STATE` of its servers, in one line.
shown() {
	proxy_servers "$1" | awk '{ printf "%s%s %s %s", (NR > 1 ? ", " : ""), $3, $4, $5 }'
}

# shows TEXT - whether web has these servers. resync_shows TEXT - the same after a full run.
shows() {
	[[ "$(shown web)" == "$1" ]]
}

resync_shows() {
	swk-apply --resync && shows "$1"
}

has_server_down() {
	proxy_ask 'show stat web 4 -1' | grep -q ,DOWN,
}

# reloads - prints how often HAProxy has been reloaded. While its master starts itself anew, nothing listens.
reloads() {
	wait_until "$E2E_PATIENCE" _reloads_are_known && cat "$E2E_DIR/reloads"
}

_reloads_are_known() {
	proxy_ask 'show proc' "$HAPROXY_MASTER" 2>/dev/null | awk '$2 == "master" { print $3 }' >"$E2E_DIR/reloads"
	[[ -s "$E2E_DIR/reloads" ]]
}

# agrees - whether HAProxy's file has what it shows, and a restart would change nothing.
agrees() {
	local before

	before=$(proxy_servers)
	proxy_stop
	proxy_up
	diff <(echo "$before") <(proxy_servers)
}

# at SERVICE PORT [META] - prints an instance on 127.0.0.1, with an own id and metadata as JSON.
at() {
	jq -nc --arg service "$1" --argjson port "$2" --argjson meta "${3:-{\}}" '{Node: {}, Checks: [], Service:
		{Service: $service, ID: "\($service)-\($port)", Port: $port, Address: "127.0.0.1", Tags: [], Meta: $meta}}'
}

# slow_start - starts a backend on the port SLOW whose answers begin at once, and end when the file `release` exists.
slow_start() {
	SLOW=$(free_port)
	cat >"$E2E_DIR/slow" <<-END
		#!/bin/bash
		while read -r line && [[ "\$line" != \$'\r' ]]; do :; done
		printf 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbegin\n'
		until [[ -e '$E2E_DIR/release' ]]; do sleep 0.02; done
		echo end
	END
	chmod +x "$E2E_DIR/slow"
	socat "TCP-LISTEN:$SLOW,bind=127.0.0.1,fork,reuseaddr" "EXEC:$E2E_DIR/slow" >"$E2E_DIR/slow.log" 2>&1 3>&- &
	STARTED+=($!)
	wait_until "$E2E_PATIENCE" _slow_accepts
}

_slow_accepts() {
	(exec 4<>"/dev/tcp/127.0.0.1/$SLOW") 2>/dev/null
}

# slow_request - begins a request that the slow backend does not end, and returns when its answer has begun. Its pid is REQUEST.
slow_request() {
	curl -sN --max-time 60 "$HAPROXY_TRAFFIC/to/web/" >"$E2E_DIR/slow.answer" 3>&- &
	REQUEST=$!
	wait_until "$E2E_PATIENCE" grep -q begin "$E2E_DIR/slow.answer"
}

# ---- what changes how ----

@test "haproxy: a server that fails does not wait for the reload that makes its backup a regular server" {
	begin
	swk-apply < <(document "$(at web 1001)" "$(at web 1002 '{"nginx_backup": "true"}')")
	[ "$(reloads)" == 1 ]
	# The operator's configuration does not allow a reload now.
	echo 'wrong' >"$HAPROXY_DIR/conf.d/more.cfg"
	run -75 swk-apply < <(document "$(at web 1002 '{"nginx_backup": "true"}')")
	[ "$(shown web)" == '127.0.0.1:1002 1 ready' ]
	[ "$(reloads)" == 1 ]
	rm "$HAPROXY_DIR/conf.d/more.cfg"
	swk-apply < <(document "$(instance api 10.0.0.1)")
	[ "$(shown web)" == '127.0.0.1:1002 1 ready' ]
	[ "$(reloads)" == 2 ]
	agrees
	swk-apply < <(document "$(at web 1001)" "$(at web 1002 '{"nginx_backup": "true"}')")
	[ "$(shown web)" == '127.0.0.1:1001 1 ready, 127.0.0.1:1002 1 ready' ]
	agrees
}

@test "haproxy: a new service costs one reload, and its servers none" {
	begin
	swk-apply < <(document "$(instance web 10.0.0.1)" "$(instance api 10.0.0.2)")
	[ "$(shown web)" == '10.0.0.1:80 1 ready' ]
	[ "$(shown api)" == '10.0.0.2:80 1 ready' ]
	[ "$(reloads)" == 1 ]
	swk-apply < <(document "$(instance web 10.0.0.3)" "$(instance web 2001:db8::1)")
	[ "$(shown web)" == '10.0.0.3:80 1 ready, 2001:db8::1:80 1 ready' ]
	[ "$(reloads)" == 1 ]
	agrees
}

@test "haproxy: attributes of servers change without a reload, except 'backup'" {
	begin
	swk-apply < <(document "$(at web 81)" "$(at web 82)")
	swk-apply < <(document "$(at web 81 '{"nginx_weight": "7", "nginx_max_conns": "3"}')" "$(at web 82 '{"nginx_down": "true"}')" \
		"$(at web 83 '{"nginx_backup": "true"}')")
	[ "$(shown web)" == '127.0.0.1:81 7 ready, 127.0.0.1:82 1 maint, 127.0.0.1:83 1 ready' ]
	proxy_ask 'show stat web 4 -1' | awk -F, '{ print $2, $7, $21 }' >"$E2E_DIR/stat"
	grep -qx '127.0.0.1:81 3 0' "$E2E_DIR/stat"
	grep -qx '127.0.0.1:83  1' "$E2E_DIR/stat"
	[ "$(reloads)" == 1 ]
	swk-apply < <(document "$(at web 81)" "$(at web 82)" "$(at web 83 '{"nginx_backup": "true"}')")
	[ "$(shown web)" == '127.0.0.1:81 1 ready, 127.0.0.1:82 1 ready, 127.0.0.1:83 1 ready' ]
	[ "$(proxy_ask 'show stat web 4 -1' | awk -F, '$2 == "127.0.0.1:81" { print $7 }')" == '' ]
	[ "$(reloads)" == 1 ]
	swk-apply < <(document "$(at web 81 '{"nginx_backup": "true"}')" "$(at web 82)" "$(at web 83)")
	[ "$(reloads)" == 2 ]
	[ "$(proxy_ask 'show stat web 4 -1' | awk -F, '{ print $2, $21 }' | grep ' 1$')" == '127.0.0.1:81 1' ]
	agrees
}

@test "haproxy: weights above 256 are scaled" {
	begin
	run -0 swk-apply < <(document "$(at web 81 '{"nginx_weight": "1000"}')" "$(at web 82 '{"nginx_weight": "500"}')")
	[[ "$output" == *'edge: upstream web: its weights are scaled down'* ]]
	[ "$(shown web)" == '127.0.0.1:81 256 ready, 127.0.0.1:82 128 ready' ]
	run -0 swk-apply --dry-run < <(document "$(at web 81 '{"nginx_weight": "1000"}')" "$(at web 82 '{"nginx_weight": "500"}')")
	agrees
}

@test "haproxy: another balancing method and deleted services need a reload" {
	begin
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register api api-1 10.0.0.2 80
	swk-apply --resync
	[ "$(reloads)" == 1 ]
	settings "{\"targets\": [$edge], \"services\": {\"web\": {\"balance\": \"ip_hash\"}}}"
	swk-apply --resync
	grep -A 2 '^backend web' "$HAPROXY_FILE" | grep -q 'balance source'
	[ "$(reloads)" == 2 ]
	# Servers still change without one.
	consul_register web web-2 10.0.0.3 80
	swk-apply --resync
	[ "$(shown web)" == '10.0.0.1:80 1 ready, 10.0.0.3:80 1 ready' ]
	[ "$(reloads)" == 2 ]
	consul_deregister api-1
	swk-apply --resync --force
	[ "$(proxy_backends)" == web ]
	[ "$(reloads)" == 3 ]
	run -0 swk status
	agrees
}

@test "haproxy: servers and backends have their options, and changed options need a reload" {
	begin '{"server_options": ["check", "inter", "50ms", "fastinter", "50ms", "downinter", "50ms"],
		"backend_options": ["option httpchk GET /health", "timeout queue 1s"]}'
	consul_start "$E2E_DIR/consul"
	backend_start "$E2E_DIR/backends" a b
	register web web-a a
	swk-apply --resync
	register web web-b b
	swk-apply --resync
	[ "$(reloads)" == 1 ]
	for backend in a b; do
		wait_until "$E2E_PATIENCE" grep -q 'GET /health' "$E2E_DIR/backends/$backend.log"
	done
	# HAProxy finds out by itself that a backend is down, and swk-apply leaves that alone.
	backend_down b
	wait_until "$E2E_PATIENCE" has_server_down
	swk-apply --resync
	proxy_ask 'show stat web 4 -1' | grep -q ,DOWN,

	haproxy_settings '{"server_options": ["check", "inter", "100ms"]}'
	run -0 swk-apply --resync
	[[ "$output" == *"$HAPROXY_FILE is not as edge has confirmed it"* ]]
	[ "$(reloads)" == 2 ]
	run -0 swk-apply --resync
	[[ "$output" != *warning* ]]
	[ "$(reloads)" == 2 ]
	agrees
}

@test "haproxy: options that change while something is pending need a reload" {
	begin '{"server_options": ["check", "inter", "2h"]}'
	swk-apply < <(document "$(at web 81)" "$(at api 81)")
	proxy_stop
	run -75 swk-apply < <(document "$(at web 82)" "$(at api 81)")
	proxy_up
	haproxy_settings '{"server_options": ["check", "inter", "1h"]}'
	swk-apply < <(document "$(at web 82)" "$(at api 81)")
	[ "$(reloads)" == 1 ]
	swk-apply < <(document "$(at web 83)" "$(at api 81)")
	[ "$(reloads)" == 1 ]
	agrees
}

@test "haproxy: words that 'add server' rejects turn a change into a reload" {
	begin '{"server_options": ["init-addr", "none"]}'
	swk-apply < <(document "$(instance web 10.0.0.1)")
	swk-apply < <(document "$(instance web 10.0.0.2)")
	[ "$(shown web)" == '10.0.0.2:80 1 ready' ]
	[ "$(reloads)" == 2 ]
	# What the API can do needs none: this one only removes a server.
	swk-apply < <(document "$(instance web 10.0.0.2)" "$(instance web 10.0.0.3)")
	[ "$(reloads)" == 3 ]
	swk-apply < <(document "$(instance web 10.0.0.2)")
	[ "$(reloads)" == 3 ]
	agrees
}

@test "haproxy: host names need a reload, even if they can't be resolved" {
	begin
	settings "{\"targets\": [$edge], \"defaults\": {\"allow_hostnames\": true}}"
	swk-apply < <(document "$(instance web nosuch.invalid)" "$(instance web 10.0.0.1)")
	[ "$(reloads)" == 1 ]
	swk-apply < <(document "$(instance web nosuch.invalid)" "$(instance web 10.0.0.2)")
	[ "$(reloads)" == 1 ]
	[ "$(proxy_servers web | cut -d ' ' -f 2)" == $'10.0.0.2:80\nnosuch.invalid:80' ]
	swk-apply < <(document "$(instance web other.invalid)" "$(instance web 10.0.0.2)")
	[ "$(reloads)" == 2 ]
	[ "$(proxy_servers web | cut -d ' ' -f 2)" == $'10.0.0.2:80\nother.invalid:80' ]
}

@test "haproxy: the runtime API may be on TCP, and a command may reload" {
	port=$(free_port)
	begin '{}' 'global' "stats socket 127.0.0.1:$port level admin"
	printf '#!/bin/sh\nexec kill -USR2 %s\n' "$HAPROXY_PID" >"$E2E_DIR/reload"
	chmod +x "$E2E_DIR/reload"
	edge=$(jq -n --argjson edge "$edge" --arg socket "127.0.0.1:$port" --arg reload "$E2E_DIR/reload" \
		'$edge + {socket: $socket, reload: [$reload]} | del(.master_socket)')
	settings "{\"targets\": [$edge]}"
	swk-apply < <(document "$(instance web 10.0.0.1)")
	swk-apply < <(document "$(instance web 10.0.0.2)")
	[ "$(shown web)" == '10.0.0.2:80 1 ready' ]
	[ "$(reloads)" == 1 ]
	# No instance may have the port of the API.
	run swk-apply < <(document "$(at web "$port")" "$(instance web 10.0.0.2)")
	[ "$(shown web)" == '10.0.0.2:80 1 ready' ]
}

@test "haproxy: servers do not wait for a reload that others wait for" {
	begin '{"interval": 3}'
	swk-apply < <(document "$(instance web 10.0.0.1)")
	worker=$(proxy_worker)
	swk-apply < <(document "$(instance web 10.0.0.2)" "$(instance api 10.0.0.3)")
	# The old process has got the server, and the new one has it from the file.
	grep -q "($worker) : CLI : 'server web/10.0.0.2:80' : New server registered" "$HAPROXY_DIR/log"
	[ "$(shown web)" == '10.0.0.2:80 1 ready' ]
	[ "$(shown api)" == '10.0.0.3:80 1 ready' ]
	[ "$(reloads)" == 2 ]
}

@test "haproxy: a change that comes while HAProxy reloads is not lost" {
	begin
	swk-apply < <(document "$(at web 81)")
	worker=$(proxy_worker)
	# While the master reads these, after the file of swk-apply, it does not answer, but the former process does.
	for ((number = 0; number < 4000; number++)); do
		printf 'backend b%s\n    server a 10.0.0.1:80\n' "$number"
	done >"$HAPROXY_DIR/conf.d/z.cfg"
	proxy_ask reload "$HAPROXY_MASTER" || true
	wait_until "$E2E_PATIENCE" reload_is_seen
	swk-apply < <(document "$(at web 82)")
	wait_until "$E2E_PATIENCE" _proxy_is_other_than "$worker"
	nothing_pending
	[ "$(shown web)" == '127.0.0.1:82 1 ready' ]
	agrees
}

# Whether the master does not answer, or the next process already does.
reload_is_seen() {
	! proxy_ask 'show proc' "$HAPROXY_MASTER" >"$E2E_DIR/silent" 2>&1 || _proxy_is_other_than "$worker"
}

# ---- drift, and what is not ours ----

@test "haproxy: a full run repairs drift" {
	begin
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register web web-2 10.0.0.2 80
	swk-apply --resync
	for change in 'set server web/10.0.0.1:80 weight 9' 'set server web/10.0.0.1:80 state maint' \
		'set server web/10.0.0.2:80 state drain' 'set server web/10.0.0.1:80 state maint;del server web/10.0.0.1:80' \
		'add server web/other 10.9.9.9:80;set server web/other state ready' 'set server web/10.0.0.1:80 addr 10.9.9.9 port 81'; do
		proxy_ask "$change" >/dev/null
		run -1 swk status
		swk-apply --resync
		[ "$(proxy_servers web)" == $'web 10.0.0.1:80 10.0.0.1:80 1 ready\nweb 10.0.0.2:80 10.0.0.2:80 1 ready' ]
		run -0 swk status
	done
	agrees
}

@test "haproxy: what the runtime API does not show is no drift; nor is a backend whose name differs in case" {
	begin
	consul_start "$E2E_DIR/consul"
	CONSUL_META='{"nginx_max_conns": "9"}' consul_register web web-1 10.0.0.1 80
	CONSUL_META='{"nginx_backup": "true"}' consul_register web web-2 10.0.0.2 80
	CONSUL_META='{"nginx_down": "true"}' consul_register web web-3 10.0.0.3 80
	swk-apply --resync
	run -0 swk status
	printf 'backend Web\n    server first 10.9.9.9:80\n' >>"$HAPROXY_CFG"
	proxy_reload
	run -0 swk status
	run -0 swk-apply --resync
	[ "$(shown Web)" == '10.9.9.9:80 1 ready' ]
	[ "$(shown web)" == '10.0.0.1:80 1 ready, 10.0.0.2:80 1 ready, 10.0.0.3:80 1 maint' ]
}

@test "haproxy: backends of the operator are never changed; adoption waits until they are gone" {
	begin '{}' 'backend web' '    server first 10.9.9.9:80 weight 7' 'backend more'
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register api api-1 10.0.0.2 80
	run -10 swk-apply --resync
	[[ "$output" == *'web'* ]]
	[ "$(shown web)" == '10.9.9.9:80 7 ready' ]
	[ "$(shown api)" == '10.0.0.2:80 1 ready' ]
	# HAProxy rejects the name twice.
	run -10 swk-apply --resync --adopt
	[ "$(shown web)" == '10.9.9.9:80 7 ready' ]
	run ! grep -q '^backend web' "$HAPROXY_FILE"
	sed -i '/^backend web/,/weight 7/d' "$HAPROXY_CFG"
	run -0 swk-apply --resync
	[ "$(shown web)" == '10.0.0.1:80 1 ready' ]
	[ "$(proxy_backends | sort | paste -sd ' ')" == 'api more web' ]
	agrees
}

@test "haproxy: an instance is not safe to stop while a backend of the operator has it, under whatever name" {
	begin '{}' 'backend legacy' '    server first 10.0.0.1:80'
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register web web-2 10.0.0.2 80
	swk-apply --resync
	run -75 --separate-stderr swk drain --timeout 1s web-1
	[[ "$stderr" == *'edge: upstream legacy has 10.0.0.1:80'* ]]
	shows '10.0.0.2:80 1 ready'
	run -0 swk-apply --resync
	[ "$(shown legacy)" == '10.0.0.1:80 1 ready' ]
	run -0 swk status
	[[ "$output" == *'legacy'*' 1 '*unmanaged* ]]
	proxy_ask 'set server legacy/first state maint'
	run -0 swk drain --grace 0 web-1
	run -0 swk-apply --resync
	[ "$(shown legacy)" == '10.0.0.1:80 1 maint' ]
}

# ---- draining ----

@test "haproxy: a server that leaves is deleted when its requests have ended" {
	begin
	backend_start "$E2E_DIR/backends" a
	consul_start "$E2E_DIR/consul"
	slow_start
	consul_register web web-slow 127.0.0.1 "$SLOW"
	swk-apply --resync
	slow_request
	register web web-a a
	consul_deregister web-slow
	run -0 swk-apply --resync
	[ "$(shown web | tr , '\n' | grep -c "127.0.0.1:$SLOW 1 maint")" == 1 ]
	[ "$(curl -s "$HAPROXY_TRAFFIC/to/web/?[1-9]" | sort -u)" == a ]
	run -0 swk status
	[[ "$output" == *draining* ]]
	[[ "$output" == *'1 server is out of rotation, and deleted when free'* ]]
	run -0 swk-apply --resync
	: >"$E2E_DIR/release"
	wait "$REQUEST"
	[ "$(cat "$E2E_DIR/slow.answer")" == $'begin\nend' ]
	wait_until "$E2E_PATIENCE" resync_shows "127.0.0.1:${BACKEND_PORT[a]} 1 ready"
	run -0 swk status
	[[ "$output" != *draining* ]]
	[ "$(reloads)" == 1 ]
}

@test "haproxy: a server that returns while it drains is used again" {
	begin
	backend_start "$E2E_DIR/backends" a
	slow_start
	swk-apply < <(document "$(at web "$SLOW")")
	slow_request
	swk-apply < <(document "$(at web "${BACKEND_PORT[a]}")")
	[[ "$(shown web)" == *"127.0.0.1:$SLOW 1 maint"* ]]
	swk-apply < <(document "$(at web "${BACKEND_PORT[a]}")" "$(at web "$SLOW" '{"nginx_weight": "4", "nginx_max_conns": "6"}')")
	[[ "$(shown web)" == *"127.0.0.1:$SLOW 4 ready"* ]]
	[ "$(proxy_ask 'show stat web 4 -1' | awk -F, -v name="127.0.0.1:$SLOW" '$2 == name { print $7 }')" == 6 ]
	[ "$(reloads)" == 1 ]
	: >"$E2E_DIR/release"
	wait "$REQUEST"
	[ "$(cat "$E2E_DIR/slow.answer")" == $'begin\nend' ]
	agrees
}

@test "haproxy: a backup that drains, and returns as a regular server, needs a reload" {
	begin
	backend_start "$E2E_DIR/backends" a
	slow_start
	swk-apply < <(document "$(at web "$SLOW" '{"nginx_backup": "true"}')" "$(at web 81 '{"nginx_down": "true"}')")
	slow_request
	a=$(at web "${BACKEND_PORT[a]}")
	swk-apply < <(document "$a")
	[[ "$(shown web)" == *"127.0.0.1:$SLOW 0 maint"* ]]
	swk-apply < <(document "$a" "$(at web "$SLOW" '{"nginx_backup": "true"}')")
	[[ "$(shown web)" == *"127.0.0.1:$SLOW 1 ready"* ]]
	[ "$(reloads)" == 1 ]
	swk-apply < <(document "$a")
	swk-apply < <(document "$a" "$(at web "$SLOW")")
	[ "$(proxy_ask 'show stat web 4 -1' | awk -F, 'NF > 1 { print $21 }' | paste -sd ' ')" == 'bck 0 0' ]
	[ "$(reloads)" == 2 ]
	: >"$E2E_DIR/release"
	wait "$REQUEST"
	[ "$(cat "$E2E_DIR/slow.answer")" == $'begin\nend' ]
	agrees
}

# ---- load ----

@test "haproxy: 20 flips under load without a failed request or a reload" {
	begin
	backend_start "$E2E_DIR/backends" a b c
	swk-apply < <(document "$(at web "${BACKEND_PORT[a]}")" "$(at web "${BACKEND_PORT[b]}")")
	worker=$(proxy_worker)
	until [[ -e "$E2E_DIR/over" ]]; do
		curl -s --max-time 20 -o /dev/null -w '%{http_code}\n' "$HAPROXY_TRAFFIC/to/web/?[1-100]"
	done >"$E2E_DIR/statuses" 2>&1 3>&- &
	load=$!
	names=(a b c)
	for ((i = 0; i < 20; i++)); do
		swk-apply < <(document "$(at web "${BACKEND_PORT[${names[i % 3]}]}")" "$(at web "${BACKEND_PORT[${names[(i + 1) % 3]}]}")")
	done
	: >"$E2E_DIR/over"
	wait "$load"
	[ "$(sort -u "$E2E_DIR/statuses")" == 200 ]
	[ "$(proxy_worker)" == "$worker" ]
}

@test "haproxy: 3,000 servers change in one run, without a reload" {
	begin
	large() {
		jq -nc --argjson net "$1" '[range(3000) as $i | {Node: {}, Checks: [], Service: {Service: "web", ID: "\($i)", Tags: [],
			Port: 80, Address: "10.\($net).\($i / 250 | floor).\($i % 250 + 1)"}}]'
	}
	swk-apply < <(large 1)
	[ "$(proxy_servers web | grep -c '10\.1\..* 1 ready$')" == 3000 ]
	swk-apply < <(large 2)
	[ "$(proxy_servers web | grep -c '10\.2\..* 1 ready$')" == 3000 ]
	[ "$(proxy_servers web | wc -l)" == 3000 ]
	[ "$(reloads)" == 1 ]
	agrees
}

@test "haproxy: with an agent, HAProxy has the last of many changes, although it restarts meanwhile" {
	begin
	sed 's/NAME/web/g' "$E2E_ROOT"/consul.d/service-NAME.hcl.example >"$E2E_DIR/web.hcl"
	consul_start "$E2E_DIR/consul" "$E2E_DIR/web.hcl"
	consul_register web web-0 10.0.0.1 80
	wait_until "$E2E_PATIENCE" shows '10.0.0.1:80 1 ready'
	for ((i = 1; i <= 12; i++)); do
		consul_register web "web-$((i % 4))" 10.0.0.1 "$((100 + i))"
		((i != 4)) || proxy_stop
		((i != 6)) || proxy_up
		((i != 9)) || proxy_reload
	done
	wait_until "$E2E_PATIENCE" shows '10.0.0.1:109 1 ready, 10.0.0.1:110 1 ready, 10.0.0.1:111 1 ready, 10.0.0.1:112 1 ready'
	run -0 swk-apply --resync
	[ "$(proxy_servers web | wc -l)" == 4 ]
	run -0 swk status
	agrees
}

@test "haproxy: after a storm of runs with kills, an operator, reloads and restarts, all agree, and no request fails" {
	seed
	consul_start "$E2E_DIR/consul"
	storm_haproxy_begin
	storm_haproxy_round 14 # and 12 more at the end
}

# ---- failures ----

@test "haproxy: while HAProxy is down, changes are pending, and it starts with them" {
	begin
	swk-apply < <(document "$(instance web 10.0.0.1)")
	proxy_stop
	run -75 swk-apply < <(document "$(instance web 10.0.0.2)")
	[[ "$output" == *"edge: $HAPROXY_API: cannot connect: "* ]]
	[[ "$output" == *'edge: 1 upstream is pending; the next run sends it'* ]]
	proxy_up
	[ "$(shown web)" == '10.0.0.2:80 1 ready' ]
	swk-apply < <(document "$(instance web 10.0.0.3)")
	[ "$(shown web)" == '10.0.0.3:80 1 ready' ]
	[ "$(reloads)" == 0 ]
	agrees
}

@test "haproxy: if HAProxy does not answer, or another program does, the change stays pending" {
	begin
	swk-apply < <(document "$(instance web 10.0.0.1)")
	kill -s STOP "$(proxy_worker)"
	worker=$(pgrep -P "$HAPROXY_PID")
	haproxy_settings '{"timeout": 1}'
	run -75 swk-apply < <(document "$(instance web 10.0.0.2)")
	[[ "$output" == *"edge: $HAPROXY_API: no answer in time"* ]]
	kill -s CONT "$worker"
	swk-apply < <(document "$(instance web 10.0.0.3)")
	[ "$(shown web)" == '10.0.0.3:80 1 ready' ]

	socat "UNIX-LISTEN:$E2E_DIR/other.sock,fork" SYSTEM:'cat >/dev/null; echo hello' 3>&- &
	STARTED+=($!)
	wait_until "$E2E_PATIENCE" test -S "$E2E_DIR/other.sock"
	haproxy_settings "{\"socket\": \"$E2E_DIR/other.sock\"}"
	run -75 swk-apply < <(document "$(instance web 10.0.0.4)")
	[[ "$output" == *"edge: $E2E_DIR/other.sock: "* ]]
}

# cut_answers - starts a socket, cut.sock, in front of HAProxy's: it passes all commands on, but nothing is answered to those that
# change servers.
cut_answers() {
	cat >"$E2E_DIR/cut" <<-END
		#!/bin/bash
		while read -r line; do
			request+=\$line\$'\n'
			[[ "\$line" != quit ]] || break
		done
		answer=\$(printf %s "\$request" | socat -t 10 - 'UNIX-CONNECT:$HAPROXY_API' && echo .)
		[[ "\$request" == *\$'\n'@(add|set|del)\ * ]] || printf %s "\${answer%.}"
	END
	chmod +x "$E2E_DIR/cut"
	socat "UNIX-LISTEN:$E2E_DIR/cut.sock,fork" "EXEC:$E2E_DIR/cut" 3>&- &
	STARTED+=($!)
	wait_until "$E2E_PATIENCE" test -S "$E2E_DIR/cut.sock"
}

# applies_cut INSTANCE... - applies changes, which HAProxy carries out, but swk-apply does not learn that.
applies_cut() {
	haproxy_settings "{\"socket\": \"$E2E_DIR/cut.sock\"}"
	run -75 swk-apply < <(document "$@")
	haproxy_settings
}

# details - prints `ADDRESS MAXCONN BACKUP` of the servers of web, in one line.
details() {
	proxy_ask 'show stat web 4 -1' | awk -F, '!/^#/ && NF > 1 { print $2, $7 + 0, $21 }' | sort | paste -sd ,
}

@test "haproxy: a change that HAProxy made without an answer is undone when it is no longer desired" {
	begin
	cut_answers
	swk-apply < <(document "$(at web 81)")
	# A limit
	applies_cut "$(at web 81 '{"nginx_max_conns": "3"}')"
	[ "$(details)" == '127.0.0.1:81 3 0' ]
	swk-apply < <(document "$(at web 81)")
	[ "$(details)" == '127.0.0.1:81 0 0' ]
	[ "$(reloads)" == 1 ]
	# A new backup server
	applies_cut "$(at web 81)" "$(at web 82 '{"nginx_backup": "true"}')"
	[ "$(details)" == '127.0.0.1:81 0 0,127.0.0.1:82 0 1' ]
	swk-apply < <(document "$(at web 81)" "$(at web 82)")
	[ "$(details)" == '127.0.0.1:81 0 0,127.0.0.1:82 0 0' ]
	nothing_pending
	agrees
}

@test "haproxy: a new upstream that is held back causes no reloads" {
	begin '{}' 'backend web' '    server first 10.9.9.9:80'
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register api api-1 10.0.0.2 80
	run -10 swk-apply --resync
	run -10 swk-apply --resync --adopt
	before=$(reloads)
	for last in 3 4; do
		run -10 swk-apply < <(document "$(instance api "10.0.0.$last")")
		[[ "$output" == *'edge: upstream web: not added'* ]]
		[ "$(shown api)" == "10.0.0.$last:80 1 ready" ]
	done
	run -10 swk-apply --resync
	[ "$(reloads)" == "$before" ]
}

@test "haproxy: if the socket may not change servers, a reload does" {
	begin '{}' 'global' "stats socket $E2E_DIR/read.sock level operator"
	haproxy_settings "{\"socket\": \"$E2E_DIR/read.sock\"}"
	swk-apply < <(document "$(instance web 10.0.0.1)")
	# A reload can do what the socket must not.
	swk-apply < <(document "$(instance web 10.0.0.2)")
	[ "$(shown web)" == '10.0.0.2:80 1 ready' ]
	[ "$(reloads)" == 2 ]
}

@test "haproxy: while the operator's configuration is broken, the file goes back, and servers still change" {
	begin
	swk-apply < <(document "$(instance web 10.0.0.1)")
	cp "$HAPROXY_FILE" "$E2E_DIR/before"
	echo 'nonsense' >>"$HAPROXY_CFG"
	run swk-apply < <(document "$(instance api 10.0.0.2)")
	((status == 75 || status == 10))
	[[ "$output" == *'unknown keyword'* ]]
	cmp "$HAPROXY_FILE" "$E2E_DIR/before"
	[ "$(proxy_backends)" == web ]
	run swk-apply < <(document "$(instance web 10.0.0.3)")
	((status == 75 || status == 10))
	[ "$(shown web)" == '10.0.0.3:80 1 ready' ]
	sed -i /nonsense/d "$HAPROXY_CFG"
	swk-apply < <(document "$(instance web 10.0.0.4)")
	[ "$(shown web)" == '10.0.0.4:80 1 ready' ]
	[ "$(shown api)" == '10.0.0.2:80 1 ready' ]
	agrees
}

@test "haproxy: servers stay in service until HAProxy has those that replace them" {
	begin '{"server_options": ["init-addr", "none"]}'
	swk-apply < <(document "$(instance web 10.0.0.1)")
	# HAProxy rejects the new server, and a reload is not possible.
	echo 'nonsense' >>"$HAPROXY_CFG"
	run -75 swk-apply < <(document "$(instance web 10.0.0.2)")
	[ "$(shown web)" == '10.0.0.1:80 1 ready' ]
	sed -i /nonsense/d "$HAPROXY_CFG"
	swk-apply < <(document "$(instance web 10.0.0.2)")
	[ "$(shown web)" == '10.0.0.2:80 1 ready' ]
	agrees
}

@test "haproxy: a reload that fails without a check leaves HAProxy and its file as they were" {
	begin '{"check": []}'
	swk-apply < <(document "$(instance web 10.0.0.1)")
	cp "$HAPROXY_FILE" "$E2E_DIR/before"
	echo 'nonsense' >>"$HAPROXY_CFG"
	run -75 swk-apply < <(document "$(instance api 10.0.0.2)")
	[[ "$output" == *"edge: $HAPROXY_MASTER: HAProxy cannot load its configuration: its log says why"* ]]
	cmp "$HAPROXY_FILE" "$E2E_DIR/before"
	[ "$(shown web)" == '10.0.0.1:80 1 ready' ]
	sed -i /nonsense/d "$HAPROXY_CFG"
	swk-apply < <(document "$(instance web 10.0.0.3)")
	[ "$(shown web)" == '10.0.0.3:80 1 ready' ]
	[ "$(shown api)" == '10.0.0.2:80 1 ready' ]
	agrees
}

# refers JSON - lets HAProxy's configuration refer to a backend that is to be deleted. The JSON is added to the target.
refers() {
	begin "$1" 'frontend more' "    bind 127.0.0.1:$(free_port)"
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register api api-1 10.0.0.2 80
	swk-apply --resync
	echo '    default_backend api' >>"$HAPROXY_CFG"
	proxy_reload
	consul_deregister api-1
	consul_register new new-1 10.0.0.3 80
	run -10 swk-apply --resync --force
	[[ "$output" == *'edge: upstream api: not deleted'* ]]
	[ "$(shown new)" == '10.0.0.3:80 1 ready' ]
	[ "$(shown api)" == '10.0.0.2:80 1 ready' ]
	sed -i /default_backend/d "$HAPROXY_CFG"
	swk-apply --resync --force
	[ "$(proxy_backends | sort | paste -sd ' ')" == 'new web' ]
	agrees
}

@test "haproxy: a backend to which the operator's configuration refers is not deleted" {
	refers '{}'
}

@test "haproxy: without a check, HAProxy's own failure to load says that a backend must stay" {
	refers '{"check": []}'
}

@test "haproxy: a dry run reads HAProxy, and changes nothing" {
	begin
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	consul_register web web-2 10.0.0.2 80
	consul_register api api-1 10.0.0.3 80
	before=$(proxy_servers && md5sum "$HAPROXY_FILE")
	run -0 swk-apply --resync --dry-run
	[[ "$output" == *'10.0.0.2:80'* ]]
	[ "$(proxy_servers && md5sum "$HAPROXY_FILE")" == "$before" ]
	[ "$(reloads)" == 1 ]
}

@test "haproxy: check-config names what is wrong in the settings" {
	begin
	while read -r row; do
		more=${row% | *} message=${row#* | }
		haproxy_settings "$more"
		run -78 swk check-config
		[[ "$output" == *"$message"* ]] || { echo "$more: no '$message'" && false; }
	done <<-'END'
		{"socket":"run/api.sock"} | socket
		{"socket":"localhost:99"} | socket
		{"socket":null} | socket
		{"file":null} | it needs a file
		{"reload":["/bin/true"]} | not both
		{"reload":["true"],"master_socket":null} | absolute path
		{"master_socket":"x"} | master_socket
		{"server_options":["check\ninter"]} | must be a word
		{"server_options":["check;quit"]} | must be a word
		{"server_options":["check inter"]} | must be a word
		{"server_options":["backup"]} | comes from the registrations
		{"backend_options":["a\nbackend"]} | without control characters
		{"backend_options":["default-server check"]} | do not inherit 'default-server'
		{"backend_options":["server a 10.0.0.1:80"]} | servers come from Consul
		{"backend_options":["frontend a"]} | would begin a section
	END
}

@test "haproxy: two targets must not write the same file" {
	begin
	settings "{\"targets\": [$edge, {\"kind\": \"file\", \"name\": \"other\", \"file\": \"$HAPROXY_FILE\"}]}"
	run -78 swk check-config
	[[ "$output" == *"targets[1].file: there already is a target that writes '$HAPROXY_FILE'"* ]]
}

@test "haproxy: no registered value becomes a command or a line of the file" {
	begin
	consul_start "$E2E_DIR/consul"
	swk-apply < <(document "$(instance web 10.0.0.1)")
	for text in 'a;shutdown' $'a\nshutdown' 'a b' $'a\tb' 'a#b' $'a\r' "a'b" 'a"b' 'a\\b' '<<'; do
		jq -nc --arg text "$text" '[{Node: {}, Checks: [], Service: {Service: "web", ID: $text, Port: 80, Address: $text, Tags: [$text],
			Meta: {nginx_weight: $text, nginx_max_conns: $text, nginx_backup: $text}}}]' >"$E2E_DIR/document"
		run swk-apply <"$E2E_DIR/document"
		jq -nc --arg text "$text" '[{Node: {}, Checks: [], Service: {Service: $text, ID: "x", Port: 80, Address: "10.0.0.2", Tags: []}}]' \
			>"$E2E_DIR/document"
		run swk-apply <"$E2E_DIR/document"
	done
	[ "$(proxy_backends)" == web ]
	run ! grep -vE '^(|#.*|backend web|    balance roundrobin|    option allbackups|    server [0-9.:]+ [0-9.:]+ weight 1)$' "$HAPROXY_FILE"
	agrees
}

@test "haproxy: the example of docs/setup.md" {
	mkdir "$E2E_DIR/folder"
	# shellcheck disable=SC2016 # the backquotes mark a block of text
	sed -n '/^```haproxy$/,/^```$/{/^```/d; p}' "$E2E_ROOT/docs/setup.md" |
		sed "s|/run/haproxy|$E2E_DIR|; s|group consul|group $(id -gn)|" >"$E2E_DIR/haproxy.cfg"
	grep -q use_backend "$E2E_DIR/haproxy.cfg"
	"$(proxy_binary)" -c -f "$E2E_DIR/haproxy.cfg" -f "$E2E_DIR/folder"
	# shellcheck disable=SC2016
	sed -n '/^### HAProxy$/,/^### /p' "$E2E_ROOT/docs/setup.md" | sed -n '/^```json$/,/^```$/{/^```/d; p}' >"$E2E_DIR/swk.json"
	swk check-config "$E2E_DIR/swk.json"
}
