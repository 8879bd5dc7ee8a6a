#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a shell of its own; round only counts; bats sets stderr
# A target that is a file: stock nginx, whose configuration refers to the upstreams, loads it when it reloads.

load ../soak/soak
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

# reloads - prints how often the command was started; nothing before the first time.
reloads() {
	[[ ! -e "$E2E_DIR/reloads" ]] || wc -l <"$E2E_DIR/reloads"
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

# delete_referred - makes a run that deletes the upstream web, to which nginx refers, and changes api.
delete_referred() {
	consul_start "$E2E_DIR/consul"
	register web web-1 one
	register api api-1 one
	swk-apply --resync
	echo 'location /fixed/ { proxy_pass http://web; }' >"$NGINX_DIR/static.conf"
	consul_deregister web-1
	register api api-1 two
	run -10 swk-apply --resync --force
}

@test "file: an upstream to which nginx refers is not deleted, and does not block others" {
	setup_file_target
	delete_referred
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

@test "file: if the first upstreams are rejected, there is no file afterwards" {
	setup_file_target
	rm "$NGINX_FILE"
	printf 'upstream api { server 127.0.0.1:1; }\ninclude %s;\n' "$NGINX_DIR/upstreams.con[f]" >"$NGINX_DIR/more.conf"
	sed -i '/^include .*upstreams.conf;/d' "$NGINX_DIR/nginx.conf"
	run -75 swk-apply < <(document "$(backend_instance web two)" "$(backend_instance api two)")
	[ ! -e "$NGINX_FILE" ]
	[ -z "$(reloads)" ]
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

@test "file: if the reload command fails, hangs or is missing, the change stays pending" {
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

# takes_too_long - lets the reload be carried out, but not end.
takes_too_long() {
	also "$NGINX_BINARY -p '$NGINX_DIR' -e '$NGINX_DIR/error.log' -c '$NGINX_DIR/nginx.conf' -s reload; sleep 1000"
}

@test "file: if a reload takes too long but loads the change, nginx still follows when the change is taken back" {
	setup_file_target '{"timeout": 1}'
	swk-apply < <(document "$(backend_instance web one)")
	takes_too_long
	run -75 swk-apply < <(document "$(backend_instance web two)")
	[[ "$output" == *'was not done in time'* ]]
	serves web two
	cmp "$NGINX_FILE" "$SWK_CONF.web.confirmed"
	also
	use_target
	swk-apply < <(document "$(backend_instance web one)")
	serves web one
	confirmed
	before=$(reloads)
	swk-apply < <(document "$(backend_instance web one)")
	[ "$(reloads)" == "$before" ]
}

@test "file: a reload that fails after a check that succeeds is no rejection of new upstreams" {
	setup_file_target
	swk-apply < <(document "$(backend_instance web one)")
	also 'echo no rights; exit 4'
	run -75 swk-apply < <(document "$(backend_instance api one)")
	[[ "$output" == *"ended with status 4: no rights"* ]]
	[[ "$output" != *'not added'* ]]
	[ "$(reloads)" == 2 ]
	also
	swk-apply < <(document "$(backend_instance more one)")
	serves api one
	confirmed
}

@test "file: one nginx has two files, and rejecting one does not block the other" {
	setup_file_target
	printf '#!/bin/sh\nsleep 0.2\nexec %s\n' "$(nginx_argv -t -q | jq -r '@sh')" >"$E2E_DIR/check"
	chmod +x "$E2E_DIR/check"
	two=$(jq --arg check "$E2E_DIR/check" '.check = [$check] | . + {name: "two", exclude: ["web"]},
		(.name = "one" | .file = "'"$NGINX_DIR"'/more.conf" | .include = ["web"])' <<<"$web" | jq -s .)
	settings "{\"targets\": $two}"
	consul_start "$E2E_DIR/consul"
	register web web-1 one
	register api api-1 one
	swk-apply --resync
	echo 'location /fixed/ { proxy_pass http://api; }' >"$NGINX_DIR/static.conf"
	consul_deregister api-1
	register web web-1 two
	for backend in two one two; do
		register web web-1 "$backend"
		run -10 swk-apply --resync --force
		[[ "$output" == *'two: upstream api: not deleted'* ]]
		serves web "$backend"
	done
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
	[ -z "$(reloads)" ]
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

# ---- the interval ----

# reloads_since COUNT STARTED - whether there were at most as many reloads as seconds have begun since then, and one more.
reloads_since() {
	(($(reloads) - $1 <= $(date +%s) - $2 + 2))
}

# burst - sends 100 events within five seconds, in no certain order, and a last one, and checks the number of reloads.
burst() {
	local started before i pids=()

	before=$(reloads) started=$(date +%s)
	for i in {1..100}; do
		swk-apply < <(document "$(instance web "10.0.0.$i")" "$(instance "web-$i" "10.0.0.$i")") >"$E2E_DIR/out.$i" 2>&1 &
		pids+=($!)
		sleep 0.05
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	swk-apply < <(document "$(backend_instance web two)") # may wait
	echo "$(($(reloads) - before)) reloads in $(($(date +%s) - started)) s"
	reloads_since "$before" "$started"
}

@test "file: a burst of events causes a reload per interval, and the last state is served" {
	setup_file_target '{"interval": 1}'
	swk-apply < <(document "$(backend_instance web one)")
	burst
	serves web two
	[ "$(grep -c '^upstream' "$NGINX_FILE")" == 101 ]
	confirmed
	grep -q 'web: reload due in 1 s' "$E2E_DIR"/out.*
}

@test "file: while one run waits, others leave their changes to it; if it is killed, the next run has them" {
	setup_file_target '{"interval": 20}'
	swk-apply < <(document "$(backend_instance web one)")
	swk-apply < <(document "$(backend_instance api one)") >"$E2E_DIR/waiting" 2>&1 &
	waiting=$!
	wait_until "$E2E_PATIENCE" in_file api
	wait_until "$E2E_PATIENCE" is_unlocked "$SWK_CONF"
	run -0 swk-apply < <(document "$(backend_instance more one)")
	[[ "$output" =~ 'web: reload due in '(1?[0-9]|20)' s' ]]
	[[ "$output" != *pending* ]]
	[ "$(reloads)" == 1 ]
	run swk status
	[[ "$output" == *pending* ]]

	kill -KILL "$waiting"
	wait "$waiting" || true
	use_target
	swk-apply < <(document "$(backend_instance last one)")
	[ "$(reloads)" == 2 ]
	for name in web api more last; do
		serves "$name" one
	done
	confirmed
}

# is_unlocked FILE - whether no run holds the lock of this file.
is_unlocked() {
	flock -n "$1.lock" true
}

# drain_while_one_waits - tries to drain web-one while another run waits for the next reload, and ends that run.
drain_while_one_waits() {
	use_target '{"interval": 20}'
	swk-apply --resync 3>&- &
	waiting=$!
	wait_until "$E2E_PATIENCE" holds_lock "$waiting" "$SWK_CONF.web"
	run -75 --separate-stderr swk drain --timeout 1s web-one
	kill -KILL "$waiting"
	wait "$waiting" || true
	[[ "$stderr" == *'web: what the proxy has is not known until it confirms a change'* ]]
	nginx_lands web one two
	use_target
}

# holds_lock PID FILE - whether the process holds the lock of this file.
holds_lock() {
	grep -q "^[0-9]*: .* $1 .*:$(stat -c %i "$2.lock") " /proc/locks
}

@test "file: no instance is safe to stop while it is not known what nginx has loaded" {
	setup_file_target
	consul_start "$E2E_DIR/consul"
	register web web-one one
	register web web-two two
	swk-apply --resync
	serves web one two
	rm "$SWK_CONF.web.confirmed"
	drain_while_one_waits
	run -0 swk drain --grace 0 web-one
	serves web two

	# A reload was carried out, but did not end.
	takes_too_long
	use_target '{"timeout": 1}'
	swk undrain web-one
	run -75 swk-apply --resync
	serves web one two
	also
	drain_while_one_waits
	run -0 swk drain --grace 0 web-one
	serves web two
	confirmed
}

@test "file: an instance can be drained although a proxy has nothing yet" {
	setup_file_target '{"exclude": ["web"]}'
	consul_start "$E2E_DIR/consul"
	register web web-one one
	register web web-two two
	run -0 swk drain --grace 0 web-one
	[ ! -e "$SWK_CONF.web.confirmed" ]
	register api api-two two
	swk-apply --resync
	run -0 swk drain --grace 0 web-one
	cmp "$SWK_CONF.web.confirmed" "$NGINX_FILE"
}

# answered ID STATE - whether this host has answered a request so.
answered() {
	[[ "$(consul_api GET "/v1/kv/swk/acks/$CONSUL_NODE/$1?raw" 2>/dev/null | jq -r .state)" == "$2" ]]
}

@test "file: that an instance gets no requests is confirmed when a late reload would have ended" {
	local id=00000000000000a1

	setup_file_target '{"interval": 5}'
	# The command returns when nginx has begun. Nothing shows the end.
	settings "{\"targets\": [$(jq 'del(.pid_file)' <<<"$web")]}"
	also "(sleep 0.6 && $(nginx_argv -s reload | jq -r @sh)) >/dev/null 2>&1 & exit"
	consul_start "$E2E_DIR/consul"
	consul_register_json <(echo '{"Name": "swk-apply", "Check": {"CheckID": "swk-apply", "TTL": "3m"}}')
	register web web-one one
	register web web-two two
	swk-apply --resync
	serves web one two
	consul_maintenance web-one on
	# This run waits until the next reload is due, and the next one does not wait so long.
	consul_api GET /v1/health/service/web | swk-apply --service web 3>&- &
	waiting=$!
	wait_until "$E2E_PATIENCE" not_in_conf one
	echo "{\"services\": [{\"name\": \"web\", \"without\": \"127.0.0.1:${BACKEND_PORT[one]}\"}]}" |
		consul_api PUT "/v1/kv/swk/requests/$id" --data @- >/dev/null
	consul_api GET '/v1/kv/swk/requests?recurse' | swk-apply --requests --timeout 6
	answered "$id" pending
	nginx_lands web one two
	wait "$waiting"
	swk-apply --service other <<<'[]'
	answered "$id" 'done'
	nginx_lands web two
}

not_in_conf() {
	! grep -q ":${BACKEND_PORT[$1]} " "$SWK_CONF"
}

@test "file: the run that waits loads the changes that other runs left to it" {
	setup_file_target '{"interval": 2}'
	swk-apply < <(document "$(backend_instance web one)")
	swk-apply < <(document "$(backend_instance api one)") >"$E2E_DIR/waiting" 2>&1 &
	waiting=$!
	wait_until "$E2E_PATIENCE" in_file api
	wait_until "$E2E_PATIENCE" is_unlocked "$SWK_CONF"
	swk-apply < <(document "$(backend_instance more one)")
	wait "$waiting"
	[ "$(reloads)" == 2 ]
	serves more one
	confirmed
}

@test "file: after an undo, a run that waits finds nothing left to do, and ends" {
	setup_file_target '{"interval": 4}'
	swk-apply < <(document "$(backend_instance web one)")
	swk-apply --timeout 300 < <(document "$(backend_instance web two)") >"$E2E_DIR/waiting" 2>&1 &
	waiting=$!
	wait_until "$E2E_PATIENCE" grep -q ":${BACKEND_PORT[two]} " "$SWK_CONF"
	wait_until "$E2E_PATIENCE" is_unlocked "$SWK_CONF"
	swk undo
	[ "$(reloads)" == 1 ]
	wait_until "$E2E_PATIENCE" has_ended "$waiting"
	wait "$waiting"
	confirmed
}

# has_ended PID - whether this process has ended.
has_ended() {
	! kill -0 "$1" 2>/dev/null
}

@test "file: a run that waits says once that it mends an edited file" {
	setup_file_target '{"interval": 2}'
	consul_start "$E2E_DIR/consul"
	register web web-1 one
	swk-apply --resync
	echo '# by hand' >>"$NGINX_FILE"
	run -0 swk-apply --resync
	[ "$(grep -c 'it is written again' <<<"$output")" == 1 ]
	[ "$(reloads)" == 2 ]
	confirmed
}

@test "file: a reload that is due after --timeout stays pending" {
	setup_file_target '{"interval": 20}'
	swk-apply < <(document "$(backend_instance web one)")
	# The last reload begins while the run reads its document.
	run -75 swk-apply --timeout 21 < <(sleep 2 && touch "$SWK_CONF.web.lock" && document "$(backend_instance web two)")
	[[ "$output" == *'web: the next reload is due in '*' s, after this run'"'"'s --timeout'* ]]
}

# ---- swk reload ----

# Without `reload` in the settings. The loop is what a systemd path unit does: it starts `swk reload` when the file changes.
setup_reloader() {
	setup_file_target
	settings "{\"targets\": [$(jq 'del(.reload)' <<<"$web")]}"
	: >"$E2E_DIR/unit-options"
	cat >"$E2E_DIR/unit" <<-END
		#!/bin/bash
		last=\$(stat -c %i "$NGINX_FILE")
		while :; do
			now=\$(stat -c %i "$NGINX_FILE")
			if [[ "\$now" != "\$last" ]]; then
				last=\$now
				swk reload \$(cat "$E2E_DIR/unit-options") web -- "$E2E_DIR/reload"
			fi
			sleep 0.02
		done
	END
	bash "$E2E_DIR/unit" >"$E2E_DIR/unit.out" 2>&1 </dev/null 3>&- &
	STARTED+=($!)
	disown
}

@test "swk reload: another user's unit loads the file, and the run waits for its result" {
	setup_reloader
	swk-apply < <(document "$(backend_instance web one)")
	serves web one
	swk-apply < <(document "$(backend_instance web two)")
	serves web two
	confirmed
	[ "$(reloads)" == 2 ]
	[ "$(sed -n 's/^status //p' "$SWK_CONF.web.result")" == 0 ]
}

@test "swk reload: a check that fails restores the file, and the message comes from the result" {
	setup_reloader
	swk-apply < <(document "$(backend_instance web one)")
	echo 'listen 1;' >"$NGINX_DIR/more.conf"
	run -75 swk-apply < <(document "$(backend_instance web two)")
	[[ "$output" == *'web: '*'directive is not allowed here'* ]]
	cmp "$NGINX_FILE" "$SWK_CONF.web.confirmed"
	: >"$NGINX_DIR/more.conf"
	swk-apply < <(document "$(backend_instance api two)")
	serves web two
	serves api two
	confirmed
}

@test "swk reload: an upstream to which nginx refers is held back" {
	setup_reloader
	delete_referred
	[[ "$output" == *'web: upstream web: not deleted'* ]]
	serves web one
	serves api two
	: >"$NGINX_DIR/static.conf"
	swk-apply --resync
	confirmed
}

@test "swk reload: if it takes too long but loads the change, nginx still follows when the change is taken back" {
	setup_reloader
	swk-apply < <(document "$(backend_instance web one)")
	takes_too_long
	echo --timeout 3 >"$E2E_DIR/unit-options"
	run -75 swk-apply < <(document "$(backend_instance web two)")
	also
	swk-apply < <(document "$(backend_instance web one)")
	serves web one
	confirmed
}

@test "swk reload: a file that comes while it fails is loaded too" {
	setup_file_target
	settings "{\"targets\": [$(jq 'del(.reload, .check, .pid_file) | .timeout = 1' <<<"$web")]}"
	run -75 swk-apply < <(document "$(backend_instance web one)")
	run -75 swk-apply < <(document "$(backend_instance web one)")
	# The first time another run replaces the file, and the command fails.
	cat >"$E2E_DIR/fails-once" <<-END
		#!/bin/sh
		[ ! -e "$E2E_DIR/failed" ] || exec "$E2E_DIR/reload"
		touch "$E2E_DIR/failed"
		sed 's/:[0-9]* /:${BACKEND_PORT[two]} /' "$SWK_CONF" >"$NGINX_FILE.new"
		mv "$NGINX_FILE.new" "$NGINX_FILE"
		exit 1
	END
	chmod +x "$E2E_DIR/fails-once"
	cp "$SWK_CONF" "$NGINX_FILE"
	run -0 swk reload web -- "$E2E_DIR/fails-once"
	serves web two
	[ "$(sed -n 's/^status //p' "$SWK_CONF.web.result")" == 0 ]
}

@test "swk reload: without a unit the change is pending, until there is a result" {
	setup_file_target
	settings "{\"targets\": [$(jq 'del(.reload) | .timeout = 1' <<<"$web")]}"
	run -75 swk-apply < <(document "$(backend_instance web one)")
	[[ "$output" == *"web: 'swk reload web' has not loaded the file yet: is its unit active?"* ]]
	[[ "$output" == *'web: 1 upstream is pending'* ]]
}

@test "swk reload: it works by hand, and refuses a target that is unknown, or has no file or no reload" {
	setup_file_target
	swk-apply < <(document "$(backend_instance web one)")
	swk reload web
	[ "$(reloads)" == 2 ]
	web=$(jq 'del(.pid_file)' <<<"$web")
	settings "{\"targets\": [$web]}"
	run -0 swk reload web -- /bin/true
	[ "$(reloads)" == 2 ]
	run -75 swk reload web -- /bin/false
	[[ "$output" == 'swk: error: web: /bin/false ended with status 1'* ]]
	run -64 swk reload
	[[ "$output" == *'the target to reload is missing'* ]]
	run -64 swk reload other
	[[ "$output" == *"'other': there is no target of this name"* ]]
	settings "{\"targets\": [$(jq 'del(.reload)' <<<"$web"), {\"url\": \"$GATEWAY_DYUPS\", \"name\": \"edge\"}]}"
	run -64 swk reload web
	[[ "$output" == *"target 'web' has no \"reload\" in its settings: give a command, as in 'swk reload web -- PROGRAM ARGUMENT'"* ]]
	run -64 swk reload edge
	[[ "$output" == *"target 'edge' has no file of its own, so there is nothing to reload"* ]]
	rm "$NGINX_FILE"
	run -73 swk reload web -- /bin/true
}

# ---- other syntax ----

@test "file: nginx's stream module gets what it supports" {
	[[ -e /usr/lib/nginx/modules/ngx_stream_module.so ]]
	setup_file_target '{"context": "stream"}'
	# Its configuration has no http.
	printf '%s\n' 'load_module /usr/lib/nginx/modules/ngx_stream_module.so;' 'events {}' \
		"stream { include $NGINX_FILE; server { listen 127.0.0.1:$(free_port); proxy_pass web; } }" >"$NGINX_DIR/nginx.conf"
	settings "{\"targets\": [$(jq 'del(.pid_file, .reload) | .reload = ["/bin/true"]' <<<"$web")], \"defaults\": {\"balance\": \"ip_hash\", \"max_conns\": 5}}"
	run -0 swk-apply < <(document "$(backend_instance web one)" "$(backend_instance web two)")
	[[ "$output" == *"web: upstream web: nginx's stream module has no ip_hash: it is balanced by round robin"* ]]
	run ! grep -E 'keepalive|ip_hash' "$NGINX_FILE"
	grep -q 'max_conns=5' "$NGINX_FILE"
}

@test "file: after storms of concurrent runs, with kills, an operator, and checks and reloads that fail, it has what the conf file has" {
	seed
	consul_start "$E2E_DIR/consul"
	storm_file_begin
	for round in 1 2; do
		storm_file_round 14 # and 12 more at the end
	done
}

# ---- HAProxy's syntax ----

# HAProxy without its runtime API. Its master reloads the file.
setup_haproxy_file() {
	# shellcheck source=SCRIPTDIR/../lib/haproxy.bash
	source "$BATS_TEST_DIRNAME/../lib/haproxy.bash"
	backend_start "$E2E_DIR/backends" one two
	proxy_start "$E2E_DIR/haproxy"
	STARTED+=("$HAPROXY_PID")
	echo "$HAPROXY_PID" >"$E2E_DIR/haproxy.pid"
	cat >"$E2E_DIR/reload" <<-END
		#!/bin/bash
		echo >>"$E2E_DIR/reloads"
		echo reload | socat - "UNIX-CONNECT:$HAPROXY_MASTER" || true
	END
	chmod +x "$E2E_DIR/reload"
	web=$(jq -n --arg file "$HAPROXY_FILE" --argjson check "$(proxy_check_command)" --arg reload "$E2E_DIR/reload" \
		--arg pid "$E2E_DIR/haproxy.pid" --argjson more "${1:-{\}}" '{kind: "file", format: "haproxy", name: "web", file: $file,
		check: $check, reload: [$reload], interval: 0, pid_file: $pid} + $more')
	settings "{\"targets\": [$web]}"
}

# proxy_serves NAME BACKEND... - waits until exactly these backends answer through HAProxy.
proxy_serves() {
	wait_until "$E2E_PATIENCE" proxy_lands "$@"
}

proxy_lands() {
	local name="$1"

	shift
	diff <(printf '%s\n' "$@" | sort) \
		<(curl -s --max-time 20 -H 'Connection: close' "$HAPROXY_TRAFFIC/to/$name/?[1-20]" | grep -v '^<' | sort -u) >/dev/null
}

@test "file: HAProxy loads each change, and a check that fails keeps the previous file in service" {
	setup_haproxy_file
	swk-apply < <(document "$(backend_instance web one)" "$(backend_instance api two)")
	proxy_serves web one
	proxy_serves api two
	echo 'wrong' >"$HAPROXY_DIR/conf.d/more.cfg"
	run -75 swk-apply < <(document "$(backend_instance web two)")
	[[ "$output" == *"web: $(proxy_binary) ended with status 1: "*"unknown keyword 'wrong'"* ]]
	proxy_serves web one
	rm "$HAPROXY_DIR/conf.d/more.cfg"
	swk-apply < <(document "$(backend_instance more one)")
	proxy_serves web two
	proxy_serves more one
	[ "$(reloads)" == 2 ]
}

@test "file: HAProxy keeps a backend to which it refers; a burst of events causes a reload per interval" {
	setup_haproxy_file '{"interval": 1}'
	consul_start "$E2E_DIR/consul"
	register web web-1 one
	register api api-1 one
	swk-apply --resync
	printf 'frontend fixed\n    bind 127.0.0.1:%s\n    use_backend api\n' "$(free_port)" >"$HAPROXY_DIR/conf.d/fixed.cfg"
	consul_deregister api-1
	run -10 swk-apply --resync --force
	[[ "$output" == *'web: upstream api: not deleted, because the proxy rejects its configuration without it: remove what refers to it ('* ]]
	proxy_serves api one
	rm "$HAPROXY_DIR/conf.d/fixed.cfg"
	swk-apply --resync

	burst
	proxy_serves web two
}
