#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# swk watches: what it prints, that an agent accepts it, and what --write does to a folder.

load settings

# Starts an agent that also reads the folder to which swk watches writes.
start_agent() {
	mkdir -p "$E2E_DIR/consul.d"
	WATCHES="$E2E_DIR/consul.d/swk-watches.json"
	consul_start "$E2E_DIR/consul" "$E2E_DIR/consul.d"
}

# agent_watches - prints the watches of the agent, sorted.
agent_watches() {
	consul_api GET /v1/agent/self | jq '.DebugConfig.Watches | sort_by(tojson)'
}

# file_identity FILE - prints what changes if the file is written or replaced.
file_identity() {
	stat -c '%i %y %z %a' "$1"
}

@test "for an agent, the printed watches are the same as those of consul.d" {
	settings '{"keyprefix": "nginx/upstreams", "consul": {"datacenter": "dc1"}}'
	start_agent
	for name in web api Web-2; do
		consul_register "$name" "$name" 10.0.0.1 80
	done
	diff <(swk watches) - <<-END
		{
		  "watches": [
		    {"type": "checks", "datacenter": "dc1", "handler_type": "script", "args": ["$E2E_ROOT/build/swk-apply"]},
		    {"type": "services", "datacenter": "dc1", "handler_type": "script", "args": ["$E2E_ROOT/build/swk-apply"]},
		    {"type": "keyprefix", "prefix": "nginx/upstreams/", "datacenter": "dc1", "handler_type": "script", "args": ["$E2E_ROOT/build/swk-apply"]},
		    {"type": "service", "service": "Web-2", "datacenter": "dc1", "handler_type": "script", "args": ["$E2E_ROOT/build/swk-apply", "--service", "Web-2"]},
		    {"type": "service", "service": "api", "datacenter": "dc1", "handler_type": "script", "args": ["$E2E_ROOT/build/swk-apply", "--service", "api"]},
		    {"type": "service", "service": "web", "datacenter": "dc1", "handler_type": "script", "args": ["$E2E_ROOT/build/swk-apply", "--service", "web"]}
		  ]
		}
	END
	settings '{"keyprefix": "nginx/upstreams"}'
	swk watches >"$WATCHES"
	"$(consul_binary)" validate "$CONSUL_DIR/config" "$E2E_DIR/consul.d"
	consul_restart # the agent shows the watches that it had when it started
	agent_watches >"$E2E_DIR/from-swk"
	rm "$WATCHES"

	# As in an installation whose sbindir is build.
	here="s|/usr/local/sbin|$E2E_ROOT/build|"
	sed "$here" "$E2E_ROOT/consul.d/swk-apply.hcl" >"$E2E_DIR/consul.d/swk-apply.hcl"
	sed "$here; s|PREFIX|nginx/upstreams|" "$E2E_ROOT/consul.d/keys.hcl.example" >"$E2E_DIR/consul.d/keys.hcl"
	for name in web api Web-2; do
		sed "$here; s/NAME/$name/g" "$E2E_ROOT/consul.d/service-NAME.hcl.example" >"$E2E_DIR/consul.d/service-$name.hcl"
	done
	consul_restart
	[ "$(jq length "$E2E_DIR/from-swk")" == 6 ]
	diff "$E2E_DIR/from-swk" <(agent_watches)
}

@test "written watches that the agent has loaded report a new address at once" {
	start_agent
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	register api api-1 one
	[ "$(swk watches --write "$E2E_DIR/consul.d")" == "$WATCHES" ]
	consul_reload
	wait_until "$E2E_PATIENCE" lands web one
	register web web-1 two
	wait_until "$E2E_PATIENCE" lands web two
	lands api one
	in_step
}

@test "services with an invalid name, and excluded services, get no watch" {
	settings '{"include": ["web*", "evil*", "*\""], "exclude": ["*-internal"]}'
	start_agent
	consul_register web web-1 10.0.0.1 80
	consul_register web-internal web-2 10.0.0.1 80
	consul_register api api-1 10.0.0.1 80
	consul_register 'evil; } include /etc/passwd; #' evil-1 10.0.0.1 80
	# shellcheck disable=SC2016 # literally
	consul_register 'web$(reboot)"' evil-2 10.0.0.1 80
	run -0 --separate-stderr swk watches
	# shellcheck disable=SC2154 # bats sets stderr
	sort <<<"$stderr" >"$E2E_DIR/said"
	[ "$(jq -r '.watches[].service // empty' <<<"$output")" == web ]
	why="skipped: its name cannot be an upstream's name (letters, digits, '.', '_', '-', at most 200)"
	# shellcheck disable=SC2016 # literally
	diff "$E2E_DIR/said" - <<-END
		swk: 2 services are left out by include or exclude
		swk: warning: service 'evil; } include /etc/passwd; #': $why
		swk: warning: service 'web\$(reboot)"': $why
	END
}

@test "--write replaces the file atomically, and only if it changes" {
	start_agent
	consul_register web web-1 10.0.0.1 80
	consul_register 'no name' odd-1 10.0.0.1 80
	cd "$E2E_DIR"
	run -0 --separate-stderr swk watches --write consul.d
	[[ "$output" == consul.d/swk-watches.json && "$stderr" == *"service 'no name': skipped"* ]]
	cmp "$WATCHES" <(swk watches 2>/dev/null)
	[ "$(stat -c %a "$WATCHES")" == 644 ]

	before=$(file_identity "$WATCHES")
	run -0 --separate-stderr swk watches --write consul.d
	[ -z "$output$stderr" ]
	[ "$(file_identity "$WATCHES")" == "$before" ]
	run -75 flock consul.d swk watches --write consul.d --timeout 1
	[[ "$output" == "swk: error: $E2E_DIR/consul.d: another run held the lock until this run timed out" ]]

	# A process that has the file open still reads the complete old file.
	cp "$WATCHES" old
	exec 7<"$WATCHES"
	consul_register api api-1 10.0.0.1 80
	cp "$E2E_ROOT/consul.d/swk-apply.hcl" consul.d
	run -0 --separate-stderr swk watches --write consul.d
	[[ "$output" == consul.d/swk-watches.json && "$stderr" == *"consul.d/swk-apply.hcl has two of these watches too"* ]]
	rm consul.d/swk-apply.hcl
	cmp old /dev/fd/7
	[ "$(jq -r '.watches[].service // empty' "$WATCHES" | xargs)" == 'api web' ]
	# The agent would complain about any other file.
	[ "$(ls consul.d)" == swk-watches.json ]
	"$(consul_binary)" validate "$CONSUL_DIR/config" consul.d
}

@test "swk lint finds mistakes in watches that an agent accepts, and none in those that swk watches writes" {
	start_agent
	consul_register web web-1 10.0.0.1 80
	swk watches --write "$E2E_DIR/consul.d"
	run --separate-stderr -0 swk lint "$WATCHES"
	[[ "$output" == *"$WATCHES: ok for swk-apply; run consul validate to check the rest"* ]]

	mkdir "$E2E_DIR/closed"
	cp "$E2E_ROOT/build/swk-apply" "$E2E_DIR/closed"
	cat >"$E2E_DIR/consul.d/zzz.json" <<-END
		{"watches": [
		  {"type": "service", "service": "web", "passingonly": true, "token": "secret", "args": ["swk-apply"]},
		  {"type": "nodes", "token": "secret", "args": ["$E2E_DIR/closed/swk-apply"]}
		]}
	END
	cp "$E2E_ROOT/consul.d/swk-apply.hcl" "$E2E_DIR/consul.d"
	"$(consul_binary)" validate "$CONSUL_DIR/config" "$E2E_DIR/consul.d"
	run --separate-stderr -1 swk lint --json "$E2E_DIR/consul.d"
	[ "$(jq -r '.[] | "\(.file | sub(".*/"; "")):\(.line) \(.rule)"' <<<"$output")" == "swk-watches.json:3 watch-token
swk-watches.json:4 watch-token
swk-watches.json:5 watch-token
zzz.json:2 watch-filtered
zzz.json:2 watch-service
zzz.json:2 watch-twice
zzz.json:3 watch-type" ]
	[[ "$stderr" == *"/swk-apply.hcl is not checked: swk lint reads JSON only"* ]]
	run ! grep -q secret <<<"$output$stderr"

	# As a user who may not enter the folder of a handler.
	mkdir "$E2E_DIR/bin"
	cp "$E2E_ROOT/build/swk" "$E2E_ROOT/build/swk-apply" "$E2E_DIR/bin"
	chmod 700 "$E2E_DIR/closed"
	chmod 711 "$E2E_DIR" "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	run --separate-stderr -1 setpriv --reuid nobody --regid "$(id -g nobody)" --init-groups \
		env PATH="$E2E_DIR/bin:$PATH" swk lint "$E2E_DIR/consul.d/zzz.json"
	[[ "${lines[-1]}" == *"zzz.json:3: this user cannot execute '$E2E_DIR/closed/swk-apply': Permission denied: "* ]]
	[ -z "$stderr" ]
	run -73 swk lint "$E2E_DIR/none.json"
	echo '{' >"$E2E_DIR/consul.d/zzz.json"
	run -65 swk lint "$E2E_DIR/consul.d"
}

# unit_line, script_line - set $line to the commands of contrib/systemd and of the manual, with the test's folders.
unit_line() {
	line=$(sed -n "s/^ExecStart=.bin.sh -c '\(.*\)'$/\1/p" "$E2E_ROOT/contrib/systemd/swk-watches.service" | sed -e 's/[$][$]/$/g' \
		-e "s|%%|%|g; s|/usr/local/sbin/swk|swk|; s|/etc/consul.d|$E2E_DIR/consul.d|g; s|/run/swk-watches/|$E2E_DIR/run.|g")
}
script_line() {
	line=$(sed -n '/^swk watches --write/,/^[.]Ed/p' "$E2E_ROOT/man/swk.8" |
		sed -e '/^[.]Ed/d' -e "s|/etc/consul.d|$E2E_DIR/consul.d|g; s|/run/swk-watches.|$E2E_DIR/run.|g")
}

# Replaces systemctl and consul by a script that records its arguments, and fails once if there is a file `fail`.
stub_reload() {
	mkdir "$E2E_DIR/bin"
	printf '#!/bin/sh\necho "$*" >>%s\n! rm %s 2>/dev/null\n' "$E2E_DIR/calls" "$E2E_DIR/fail" | tee "$E2E_DIR/bin/systemctl" >"$E2E_DIR/bin/consul"
	chmod +x "$E2E_DIR/bin/"*
	PATH="$E2E_DIR/bin:$PATH"
}

# reloads WORDS - whether $line reloads the agent, with these arguments, for each new file until a reload succeeds.
reloads() {
	run -10 sh -c "$line"
	[ ! -e "$E2E_DIR/calls" ]
	consul_register web web-1 10.0.0.1 80
	sh -c "$line"
	sh -c "$line"
	diff "$E2E_DIR/calls" <(echo "$1")
	# The reload fails, and the next run repeats it.
	consul_register api api-1 10.0.0.1 80
	touch "$E2E_DIR/fail"
	run ! sh -c "$line"
	sh -c "$line"
	sh -c "$line"
	diff "$E2E_DIR/calls" <(printf '%s\n' "$1" "$1" "$1")
	# A run that replaced the file failed before it could reload.
	consul_register db db-1 10.0.0.1 80
	run -70 sh -c "($line) >/dev/full"
	sh -c "$line"
	diff "$E2E_DIR/calls" <(printf '%s\n' "$1" "$1" "$1" "$1")
	# Others replaced the file twice, and may have reloaded the agent in between. Although its content is the same, it is not the file
	# that was loaded last.
	consul_deregister db-1
	swk watches --write "$E2E_DIR/consul.d"
	consul_register db db-1 10.0.0.1 80
	swk watches --write "$E2E_DIR/consul.d"
	sh -c "$line"
	sh -c "$line"
	diff "$E2E_DIR/calls" <(printf '%s\n' "$1" "$1" "$1" "$1" "$1")
}

@test "the command of swk-watches.service reloads the agent for each new file until a reload succeeds" {
	start_agent
	stub_reload
	unit_line
	reloads 'reload consul'
}

@test "the script in the manual does the same" {
	start_agent
	stub_reload
	script_line
	reloads reload
}

@test "--write does not change a file that another program wrote, or that was edited" {
	start_agent
	consul_register web web-1 10.0.0.1 80
	swk watches --write "$E2E_DIR/consul.d"
	consul_register api api-1 10.0.0.1 80
	for change in '.watches[0].token = "secret"' '.watches[1].args[0] = "notify"' '.watches[1].args = "swk-apply"' \
		'.watches += [{}]' '.log_level = "debug"' '.limits.https_handshake_timeout = "1s"' '.watches = []' '[.]' '1'; do
		swk watches >"$WATCHES"
		jq "$change" "$WATCHES" >"$E2E_DIR/changed"
		cp "$E2E_DIR/changed" "$WATCHES"
		run -10 swk watches --write "$E2E_DIR/consul.d"
		[[ "$output" == "swk: error: $WATCHES contains something that swk watches does not write, "* ]]
		[[ "$output" != *secret* ]]
		cmp "$WATCHES" "$E2E_DIR/changed"
	done
	for text in '' '# watches' '{"watches": [{"args": ["swk-apply"]}]} {}' '{"watches": [], "watches": [{"args": ["swk-apply"]}]}'; do
		printf '%s' "$text" >"$WATCHES"
		run -10 swk watches --write "$E2E_DIR/consul.d"
		[ "$(cat "$WATCHES")" == "$text" ]
	done
	# It replaces its own file, even with other options and services.
	echo '{"limits": {"http_max_conns_per_client": 9}, "watches": [{"type": "service", "service": "old", "args": ["swk-apply"]}]}' >"$WATCHES"
	run -0 swk watches --write "$E2E_DIR/consul.d"
	cmp "$WATCHES" <(swk watches)
}

@test "without the folder, Consul or services, --write writes nothing" {
	start_agent
	run -10 swk watches
	[[ "$output" == "swk: error: Consul's list of services has no service, so nothing was changed: "* ]]
	consul_register web web-1 10.0.0.1 80
	run -73 swk watches --write "$E2E_DIR/none"
	[[ "$output" == "swk: error: --write: '$E2E_DIR/none' is not a folder"* ]]
	run -64 swk watches --write
	run -64 swk watches "$E2E_DIR/consul.d"
	[ -z "$(ls "$E2E_DIR/consul.d")" ]
	# There is no variable for --write.
	SWK_WRITE="$E2E_DIR/consul.d" swk watches >/dev/null
	[ -z "$(ls "$E2E_DIR/consul.d")" ]
	run -70 bash -c 'swk watches >/dev/full'

	swk watches --write "$E2E_DIR/consul.d"
	before=$(file_identity "$WATCHES")
	run -10 swk watches --write "$E2E_DIR/consul.d" --min-services 2
	[[ "$output" == *"has 1 service, but min_services (--min-services) is 2"* ]]
	settings '{"exclude": ["*"]}'
	run -10 swk watches --write "$E2E_DIR/consul.d"
	[[ "$output" == *"none of Consul's 1 services is published"* ]]
	settings '{}'
	consul_deregister web-1
	run -10 swk watches --write "$E2E_DIR/consul.d"
	[[ "$output" == "swk: error: Consul's list of services has no service, so nothing was changed: "* ]]
	# A service that can't be published does not count.
	consul_register 'no name' odd-1 10.0.0.1 80
	run -10 swk watches --write "$E2E_DIR/consul.d"
	[[ "$output" == *"swk: error: Consul's list of services has no service, so nothing was changed: "* ]]
	real="$CONSUL_HTTP_ADDR"
	CONSUL_HTTP_ADDR="127.0.0.1:$(free_port)"
	run -69 swk watches --write "$E2E_DIR/consul.d"
	[[ "$output" == "swk: error: Consul could not be asked, so nothing was written: "*"$CONSUL_HTTP_ADDR"* ]]
	CONSUL_HTTP_ADDR="$real"
	settings '{"keepalive": 5}'
	run -78 swk watches --write "$E2E_DIR/consul.d"
	[ "$(file_identity "$WATCHES")" == "$before" ]
}

@test "each handler gets the options of the command line, with absolute paths" {
	start_agent
	consul_register web web-1 10.0.0.1 80
	mkdir "$E2E_DIR/set"
	settings '{"min_services": 1}' "$E2E_DIR/set/own \"é\".json"
	cd "$E2E_DIR/set"
	# Variables are not passed on: the agent's environment must have them.
	export SWK_KEEPALIVE=7
	swk watches -C 'own "é".json' --conf=/x/y.conf -d http://127.0.0.1:1 --dyups http://127.0.0.1:2 -T 20 --syslog --verify=no -q \
		-o "$E2E_DIR/consul.d"
	jq -c '.watches[].args' "$WATCHES" >"$E2E_DIR/args"
	options="\"--config\",\"$E2E_DIR/set/own \\\"é\\\".json\",\"--conf\",\"/x/y.conf\",\"--dyups\",\"http://127.0.0.1:1\",\"--dyups\",\"http://127.0.0.1:2\",\"--timeout\",\"20\",\"--syslog\",\"--verify=no\",\"--quiet\""
	diff "$E2E_DIR/args" - <<-END
		["$E2E_ROOT/build/swk-apply",$options]
		["$E2E_ROOT/build/swk-apply",$options]
		["$E2E_ROOT/build/swk-apply",$options,"--service","web"]
	END
	# swk-apply accepts these options.
	readarray -t arguments < <(jq -r '.watches[2].args[]' "$WATCHES")
	"${arguments[@]}" --help >/dev/null
	for option in --service=web --resync --force --adopt --dry-run; do
		run -64 swk watches "$option"
	done
	run -64 swk watches --token-file "$(printf '/\xff')"
	[[ "$output" != *"$(printf '\xff')"* ]]
}

@test "with many watches, the file raises the agent's connection limit, so that a reload works, too" {
	mkdir "$E2E_DIR/bin"
	printf '#!/bin/sh\ncat >/dev/null\necho "$*" >>%s\n' "$E2E_DIR/calls" >"$E2E_DIR/bin/swk-apply"
	chmod +x "$E2E_DIR/bin/swk-apply"
	# The watches start the swk-apply in the folder of swk.
	cp "$E2E_ROOT/build/swk" "$E2E_DIR/bin"
	start_agent
	for ((i = 0; i < 220; i++)); do
		echo 'next'
		echo "url = \"http://127.0.0.1:$CONSUL_PORT/v1/catalog/register\""
		echo 'request = PUT'
		printf 'data = "{\\"Node\\":\\"other\\",\\"Address\\":\\"10.0.0.1\\",\\"Service\\":{\\"Service\\":\\"svc-%d\\"}}"\n' "$i"
	done >"$E2E_DIR/register"
	curl -sSf -K "$E2E_DIR/register" >/dev/null
	"$E2E_DIR/bin/swk" watches --write "$E2E_DIR/consul.d"
	[ "$(jq '.watches | length' "$WATCHES")" == 222 ]
	[ "$(jq .limits.http_max_conns_per_client "$WATCHES")" == 644 ]
	for round in 1 2; do
		consul_reload
		wait_until "$E2E_PATIENCE" runs_started $((round * 222))
	done
	[ "$(grep -c -- '^--service svc-7$' "$E2E_DIR/calls")" == 2 ]
	run -1 grep 'Watch errored' "$CONSUL_DIR/consul.log"
	# With few watches the agent's default is enough.
	settings '{"include": ["svc-1*"], "exclude": ["svc-1?1"]}'
	[ "$(swk watches 2>/dev/null | jq -c '[(.watches | length), .limits]')" == '[103,{"http_max_conns_per_client":406}]' ]
	settings '{"include": ["svc-1??"], "exclude": ["svc-1[5-9]?"]}'
	[ "$(swk watches 2>/dev/null | jq -c '[(.watches | length), .limits]')" == '[52,null]' ]
}

# runs_started COUNT - whether the agent has started so many runs.
runs_started() {
	(($(wc -l <"$E2E_DIR/calls") == $1))
}
