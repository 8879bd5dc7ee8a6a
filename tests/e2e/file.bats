#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A target that is a file: stock nginx, whose configuration refers to the upstreams, loads it when it reloads.

load settings

# shellcheck source=SCRIPTDIR/../lib/nginx.bash
source "$BATS_TEST_DIRNAME/../lib/nginx.bash"

setup_file_target() {
	backend_start "$E2E_DIR/backends" one two
	nginx_start "$E2E_DIR/nginx"
	STARTED+=("$NGINX_PID")
	# It counts, and may do something else first.
	cat >"$E2E_DIR/reload" <<-END
		#!/bin/bash
		echo >>"$E2E_DIR/reloads"
		[[ ! -e "$E2E_DIR/also" ]] || . "$E2E_DIR/also"
		exec $NGINX_BINARY -p "$NGINX_DIR" -e "$NGINX_DIR/error.log" -c "$NGINX_DIR/nginx.conf" -s reload
	END
	chmod +x "$E2E_DIR/reload"
	use_target "$@"
}

# use_target [JSON] - writes settings with the target, to which the JSON is added.
use_target() {
	web=$(jq -n --arg file "$NGINX_FILE" --argjson check "$(nginx_argv -t -q)" --arg reload "$E2E_DIR/reload" \
		--arg pid "$NGINX_DIR/nginx.pid" --argjson more "${1:-{\}}" \
		'{kind: "file", name: "web", file: $file, check: $check, reload: [$reload], interval: 0, pid_file: $pid} + $more')
	settings "{\"targets\": [$web]}"
}


# also COMMAND - lets the reload do this first. Without an argument: nothing.
also() {
	rm -f "$E2E_DIR/also"
	[[ -z "${1:-}" ]] || echo "$1" >"$E2E_DIR/also"
}

# reloads - prints how often the command was started.
reloads() {
	cat "$E2E_DIR/reloads" 2>/dev/null | wc -l
}

# backend_instance SERVICE BACKEND - prints an instance at a backend's port.
backend_instance() {
	instance "$1" 127.0.0.1 | jq -c --argjson port "${BACKEND_PORT[$2]}" '.Service.Port = $port'
}

# serves NAME BACKEND... - waits until exactly these backends answer: the old workers accept connections for a moment longer.
serves() {
	wait_until "$E2E_PATIENCE" nginx_lands "$@"
}

# confirmed - whether the target has confirmed what the conf file has, and the file has it.
confirmed() {
	cmp -s "$SWK_CONF" "$SWK_CONF.web.confirmed" && cmp -s "$SWK_CONF" "$NGINX_FILE"
}

@test "file: nginx loads each change, and no dyups interface is asked" {
	setup_file_target
	swk-apply < <(document "$(backend_instance web one)")
	serves web one
	confirmed
	swk-apply < <(document "$(backend_instance web one)" "$(backend_instance web two)" "$(backend_instance api two)")
	serves web one two
	serves api two
	[ "$(reloads)" == 2 ]

	# Nothing changes, so nothing is started.
	swk-apply < <(document "$(backend_instance web one)" "$(backend_instance web two)" "$(backend_instance api two)")
	[ "$(reloads)" == 2 ]
	[ "$(nginx_reloads)" == 2 ]
	[ -z "$(gateway_requests)" ]
	confirmed
}

@test "file: a check that fails keeps the previous file in service, and the next run catches up" {
	setup_file_target
	swk-apply < <(document "$(backend_instance web one)")
	echo 'listen 1;' >"$NGINX_DIR/more.conf"
	run -75 swk-apply < <(document "$(backend_instance web two)")
	[[ "$output" == *"web: $NGINX_BINARY ended with status 1: nginx: [emerg] \"listen\" directive is not allowed here"* ]]
	[[ "$output" == *'web: 1 upstream is pending; the next run sends it'* ]]
	grep -q ":${BACKEND_PORT[one]}" "$NGINX_FILE"
	cmp "$NGINX_FILE" "$SWK_CONF.web.confirmed"
	serves web one
	[ "$(reloads)" == 1 ]
	run -75 swk-apply < <(document "$(backend_instance api one)")

	: >"$NGINX_DIR/more.conf"
	swk-apply < <(document "$(backend_instance more one)")
	serves web two
	serves api one
	serves more one
	confirmed
}

@test "file: an upstream to which nginx refers is not deleted, and does not block others" {
	setup_file_target
	consul_start "$E2E_DIR/consul"
	register web web-1 one
	register api api-1 one
	swk-apply --resync
	echo 'location /fixed/ { proxy_pass http://web; }' >"$NGINX_DIR/static.conf"
	consul_deregister web-1
	register api api-1 two
	run -10 swk-apply --resync --force
	[[ "$output" == *'web: upstream web: not deleted, because the proxy rejects its configuration without it: remove what refers to it ('*'host not found in upstream "web"'* ]]
	[ "$(grep -c 'not deleted' <<<"$output")" == 1 ]
	not_in_file web
	serves web one
	serves api two
	run -1 swk status
	[[ "$output" == *pending* ]]

	# The next run tries again, and does not reload for nothing.
	before=$(reloads)
	run -10 swk-apply --resync
	[ "$(reloads)" == "$before" ]
	: >"$NGINX_DIR/static.conf"
	swk-apply --resync
	run ! grep -q '^upstream web' "$NGINX_FILE"
	confirmed
	run -0 swk status
}

@test "file: a new upstream that nginx rejects does not block others" {
	setup_file_target
	echo 'upstream api { server 127.0.0.1:1; }' >"$NGINX_DIR/more.conf"
	swk-apply < <(document "$(backend_instance web one)")
	run -10 swk-apply < <(document "$(backend_instance web two)" "$(backend_instance api two)")
	[[ "$output" == *'web: upstream api: not added, because the proxy rejects its configuration with it ('*'duplicate upstream "api"'* ]]
	serves web two
	: >"$NGINX_DIR/more.conf"
	swk-apply < <(document "$(backend_instance web two)")
	serves api two
	confirmed
}

@test "file: the first upstreams are rejected, so there is no file afterwards" {
	setup_file_target
	rm "$NGINX_FILE"
	printf 'upstream api { server 127.0.0.1:1; }\ninclude %s;\n' "$NGINX_DIR/upstreams.con[f]" >"$NGINX_DIR/more.conf"
	sed -i '/^include .*upstreams.conf;/d' "$NGINX_DIR/nginx.conf"
	run -75 swk-apply < <(document "$(backend_instance web two)" "$(backend_instance api two)")
	[ ! -e "$NGINX_FILE" ]
	[ "$(reloads)" == 0 ]
}

@test "file: a reload that nginx does not carry out is noticed by its processes" {
	setup_file_target
	swk-apply < <(document "$(backend_instance web one)")
	also 'exit 0'
	use_target '{"timeout": 1}'
	run -75 swk-apply < <(document "$(backend_instance web two)")
	[[ "$output" == *"web: the process of $NGINX_DIR/nginx.pid has no new child after the reload: its log says why"* ]]
	cmp "$NGINX_FILE" "$SWK_CONF.web.confirmed"
	serves web one
	use_target '{"pid_file": "/nonexistent"}'
	run -75 swk-apply < <(document "$(backend_instance web two)")
	[[ "$output" == *'/nonexistent has no process id: is the proxy running?'* ]]

	# Without a pid_file the command is believed.
	use_target '{"pid_file": null}' || web=$(jq 'del(.pid_file)' <<<"$web")
	settings "{\"targets\": [$(jq 'del(.pid_file)' <<<"$web")]}"
	swk-apply < <(document "$(backend_instance web two)")
	confirmed
	serves web one
}

@test "file: a reload command that fails, hangs, or is missing" {
	setup_file_target '{"timeout": 1}'
	swk-apply < <(document "$(backend_instance web one)")
	for line in 'echo no rights; exit 4' 'sleep 1000'; do
		also "$line"
		run -75 swk-apply < <(document "$(backend_instance web two)")
		[[ "$output" == *"web: $E2E_DIR/reload "@('ended with status 4: no rights'|'was not done in time')* ]]
		serves web one
		cmp "$NGINX_FILE" "$SWK_CONF.web.confirmed"
	done
	run ! pgrep -f "^/bin/bash $E2E_DIR/reload"
	use_target '{"reload": ["/nonexistent/reload"]}'
	run -75 swk-apply < <(document "$(backend_instance web two)")
	[[ "$output" == *'/nonexistent/reload cannot be run: No such file or directory'* ]]
}

@test "file: a dry run starts nothing" {
	setup_file_target
	swk-apply < <(document "$(backend_instance web one)")
	run -0 swk-apply --dry-run < <(document "$(backend_instance web two)")
	[[ "$output" == *"web: -127.0.0.1:${BACKEND_PORT[one]} +127.0.0.1:${BACKEND_PORT[two]}"* ||
		"$output" == *"web: +127.0.0.1:${BACKEND_PORT[two]} -127.0.0.1:${BACKEND_PORT[one]}"* ]]
	[ "$(reloads)" == 1 ]
	confirmed
}

@test "file: full runs mend a file that is lost or edited, and what is confirmed" {
	setup_file_target
	consul_start "$E2E_DIR/consul"
	register web web-1 one
	swk-apply --resync
	echo '# by hand' >>"$NGINX_FILE"
	run -0 swk-apply --resync
	[[ "$output" == *"$NGINX_FILE is not as web has confirmed it; it is written again"* ]]
	confirmed
	rm "$NGINX_FILE"
	run -1 swk status
	run -0 swk-apply --resync
	[[ "$output" == *"$NGINX_FILE does not exist; it is written again"* ]]
	confirmed
	rm "$SWK_CONF.web.confirmed"
	swk-apply --resync
	confirmed
	echo 'upstream {' >"$SWK_CONF.web.confirmed"
	run -0 swk-apply --resync
	[[ "$output" == *"$SWK_CONF.web.confirmed"*'; it is written again'* ]]
	confirmed
	[ "$(reloads)" == 5 ]
	rm "$SWK_CONF.state"
	swk-apply --resync
	[ "$(reloads)" == 5 ]
}

@test "file: an event with nothing confirmed still writes all upstreams" {
	setup_file_target '{"exclude": ["hidden"]}'
	swk-apply < <(document "$(backend_instance web one)" "$(backend_instance api two)" "$(backend_instance hidden two)")
	run ! grep hidden "$NGINX_FILE"
	rm "$SWK_CONF.web.confirmed"
	swk-apply < <(document "$(backend_instance web two)")
	serves web two
	serves api two
	run ! grep hidden "$NGINX_FILE"
}

@test "file: a file of another program is not overwritten" {
	setup_file_target
	echo 'upstream other { server 127.0.0.1:1; }' >"$NGINX_FILE"
	run -75 swk-apply < <(document "$(backend_instance web one)")
	[[ "$output" == *"$NGINX_FILE was not written by swk-apply, which does not overwrite it: move it away, or set another file for the target"* ]]
	[ "$(cat "$NGINX_FILE")" == 'upstream other { server 127.0.0.1:1; }' ]
	[ "$(reloads)" == 0 ]
	: >"$NGINX_FILE"
	swk-apply < <(document "$(backend_instance web one)")
	serves web one
}

@test "file: undo, hold, status and wait" {
	setup_file_target
	consul_start "$E2E_DIR/consul"
	register web web-1 one
	swk-apply --resync
	register web web-1 two
	swk-apply --resync
	run -0 swk status
	run -0 swk wait web=1,5
	use_target '{"interval": 20}'
	swk undo
	serves web one
	use_target
	run -10 swk-apply --resync
	serves web one
	run -0 swk resume
	serves web two
	confirmed
}
