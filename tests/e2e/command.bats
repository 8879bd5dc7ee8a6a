#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A target that is a command: it is started with the change on its standard input, and what it does not confirm stays pending.

load ../soak/soak
load settings

# Makes the command, which appends what it reads to `record`, and runs the file `also` if there is one; and settings with it. The
# argument is JSON that is added to the target.
setup_command() {
	export RECORD="$E2E_DIR/record"
	cat >"$E2E_DIR/command" <<-END
		#!/bin/sh
		[ "\$*" = 'one two; three' ] || exit 9
		cat >>"$RECORD"
		[ ! -e "$E2E_DIR/also" ] || . "$E2E_DIR/also"
	END
	chmod +x "$E2E_DIR/command"
	edge=$(jq -n --arg path "$E2E_DIR/command" --argjson more "${1:-{\}}" \
		'{kind: "command", name: "edge", command: [$path, "one", "two; three"]} + $more')
	settings "{\"targets\": [$edge]}"
	: >"$RECORD"
}

# also LINE - lets the command run this as well. Without an argument: nothing more.
also() {
	rm -f "$E2E_DIR/also"
	[[ -z "${1:-}" ]] || echo "$1" >"$E2E_DIR/also"
}

# recorded - prints the changes that the command got since the last call: for each start a line, with `NAME CHANGE BEFORE>AFTER` for
# each upstream.
recorded() {
	jq -r '[.upstreams[] | "\(.name) \(.change) \([.before[]?.address] | join(","))>\([.after[]?.address] | join(","))"] | join(" ")' \
		"$RECORD"
	: >"$RECORD"
}

# confirmed - whether the command has confirmed what the conf file has.
confirmed() {
	cmp -s "$SWK_CONF" "$SWK_CONF.edge.confirmed"
}

@test "command: the program gets each change, without a dyups interface" {
	setup_command
	swk-apply < <(document "$(instance web 10.0.0.1)" "$(instance api 10.0.0.2)")
	jq -e --arg conf "$SWK_CONF" '.version == 1 and .event == "service" and .index == 0 and .conf == $conf' "$RECORD"
	jq -e '.upstreams[1] | .source == {kind: "service", name: "web"} and .keepalive == 20 and .after[0].max_fails == 3' "$RECORD"
	[ "$(recorded)" == 'api created >10.0.0.2:80 web created >10.0.0.1:80' ]
	confirmed

	CONSUL_INDEX=7 swk-apply < <(document "$(instance web 10.0.0.3)")
	jq -e '.index == 7' "$RECORD"
	[ "$(recorded)" == 'web updated 10.0.0.1:80>10.0.0.3:80' ]
	confirmed

	# Nothing changes, so nothing is started.
	swk-apply < <(document "$(instance web 10.0.0.3)")
	[ -z "$(recorded)" ]
	[ -z "$(gateway_requests)" ]
}

@test "command: a change that the program refuses is given again, merged with later changes" {
	setup_command
	swk-apply < <(document "$(instance web 10.0.0.1)" "$(instance api 10.0.0.2)")
	recorded
	also 'echo no room; exit 3'
	run -75 swk-apply < <(document "$(instance web 10.0.0.3)")
	[[ "$output" == *"edge: $E2E_DIR/command ended with status 3: no room"* ]]
	[[ "$output" == *'edge: 1 upstream is pending; the next run sends it'* ]]
	run -75 swk-apply < <(document "$(instance api 10.0.0.4)")
	recorded
	run ! confirmed
	also
	swk-apply < <(document "$(instance web 10.0.0.5)")
	[ "$(recorded)" == 'web updated 10.0.0.1:80>10.0.0.5:80 api updated 10.0.0.2:80>10.0.0.4:80' ]
	confirmed
}

@test "command: if the program takes too long or is missing, the change stays pending" {
	setup_command '{"timeout": 1}'
	also 'sleep 1000'
	run -75 swk-apply < <(document "$(instance web 10.0.0.1)")
	[[ "$output" == *"edge: $E2E_DIR/command was not done in time, and was ended"* ]]
	run ! pgrep -f "^/bin/sh $E2E_DIR/command"
	rm "$E2E_DIR/command"
	run -75 swk-apply < <(document "$(instance web 10.0.0.1)")
	[[ "$output" == *"edge: $E2E_DIR/command cannot be run: No such file or directory"* ]]
}

@test "command: a dry run shows the changes, and does not start the program" {
	setup_command
	swk-apply < <(document "$(instance web 10.0.0.1)")
	recorded
	also 'exit 1'
	run -75 swk-apply < <(document "$(instance web 10.0.0.2)")
	recorded
	run -0 swk-apply --dry-run < <(document "$(instance web 10.0.0.3)" "$(instance api 10.0.0.4)")
	[[ "$output" == *'web: -10.0.0.2:80 +10.0.0.3:80'* ]]
	[[ "$output" == *'api: 10.0.0.4:80'* ]]
	[ -z "$(recorded)" ]
}

@test "command: a program that gets some services, and an nginx, do not delay each other" {
	setup_command '{"include": ["web"]}'
	settings "{\"targets\": [{\"url\": \"$GATEWAY_DYUPS\", \"name\": \"nginx\"}, $edge]}"
	also 'exit 1'
	run -75 swk-apply < <(document "$(instance web 10.0.0.1)" "$(instance api 10.0.0.2)")
	in_step
	[ "$(recorded)" == 'web created >10.0.0.1:80' ]
	also
	swk-apply < <(document "$(instance web 10.0.0.1)" "$(instance api 10.0.0.3)")
	[ "$(recorded)" == 'web created >10.0.0.1:80' ]
	in_step
}

@test "command: a full run reports deletions, and gives everything again if FILE.NAME.confirmed is lost or damaged" {
	setup_command
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register api api-1 10.0.0.2 80
	swk-apply --resync
	jq -e '.event == "resync" and .index > 0' "$RECORD"
	[ "$(recorded)" == 'api created >10.0.0.2:80 web created >10.0.0.1:80' ]
	consul_deregister api-1
	swk-apply --resync --force
	[ "$(recorded)" == 'api deleted 10.0.0.2:80>' ]
	confirmed

	rm "$SWK_CONF.edge.confirmed"
	swk-apply --resync
	[ "$(recorded)" == 'web created >10.0.0.1:80' ]
	confirmed
	echo 'upstream {' >"$SWK_CONF.edge.confirmed"
	run -0 swk-apply --resync
	[[ "$output" == *"$SWK_CONF.edge.confirmed"*'; the command is given every upstream again'* ]]
	[ "$(recorded)" == 'web created >10.0.0.1:80' ]
	confirmed
}

@test "command: undo, hold, status and wait work" {
	setup_command
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	consul_register web web-1 10.0.0.2 80
	swk-apply --resync
	run -0 swk status
	run -0 swk wait web=1,5
	recorded
	swk undo
	jq -e '.event == "undo"' "$RECORD"
	[ "$(recorded)" == 'web updated 10.0.0.2:80>10.0.0.1:80' ]
	confirmed
	run -10 swk-apply --resync
	[ -z "$(recorded)" ]
	also 'exit 1'
	run -75 swk resume
	recorded
	run swk status
	[[ "$output" == *'the command'* ]]
	also
	swk-apply --resync
	[ "$(recorded)" == 'web updated 10.0.0.1:80>10.0.0.2:80' ]
	run -0 swk status
}

@test "command: the example program of docs/setup.md" {
	setup_command
	mkdir -p "$E2E_DIR/edge/upstreams"
	awk '/^#!\/bin\/bash$/ { shown = 1 } /^```$/ { shown = 0 } shown' "$E2E_ROOT/docs/setup.md" |
		sed "s|/var/lib/swk-apply/edge|$E2E_DIR/edge/upstreams|" >"$E2E_DIR/command"
	swk-apply < <(document "$(instance web 10.0.0.1)" "$(instance api 10.0.0.2)")
	[ "$(cd "$E2E_DIR/edge/upstreams" && tail -n +1 -- *)" == $'==> api <==\n10.0.0.2:80\n\n==> web <==\n10.0.0.1:80' ]
	"$E2E_DIR/command" <<<'{"upstreams": [{"name": "web", "after": null}]}'
	[ "$(ls "$E2E_DIR/edge/upstreams")" == api ]
	run ! "$E2E_DIR/command" <<<'{"upstreams": [{"name": '
}

@test "command: a full run starts a command that fails once, and says why" {
	setup_command
	settings "{\"targets\": [{\"url\": \"$GATEWAY_DYUPS\", \"name\": \"nginx\"}, $edge]}"
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	also 'echo no room; exit 1'
	run -75 swk-apply --resync
	[ "$(grep -c 'ended with status 1: no room' <<<"$output")" == 1 ]
	[ "$(recorded)" == 'web created >10.0.0.1:80' ]
	in_step
}

@test "command: after storms of concurrent runs, in which it fails, is slow or hangs, it has what the conf file has" {
	seed
	consul_start "$E2E_DIR/consul"
	storm_command_begin
	for _ in 1 2; do
		storm_command_round 14 # and 12 more at the end
	done
}

@test "command: if the conf file is lost, nothing changes until --adopt" {
	setup_command
	consul_start "$E2E_DIR/consul"
	for name in web api old; do
		consul_register "$name" "$name-1" 10.0.0.1 80
	done
	swk-apply --resync
	recorded
	rm "$SWK_CONF"
	consul_register web web-1 10.0.0.2 80
	consul_deregister old-1
	run -10 swk-apply --resync
	[ -z "$(recorded)" ]
	swk-apply --resync --adopt
	[ "$(recorded)" == 'api updated 10.0.0.1:80>10.0.0.1:80 web updated 10.0.0.1:80>10.0.0.2:80' ]
	# It still has what left Consul meanwhile, because no file says that this was managed.
	run -0 swk status old
	[[ "$output" == *old*unmanaged* ]]
	[ "$(servers web)" == 10.0.0.2:80 ]
	consul_register web web-1 10.0.0.3 80
	swk-apply --resync
	[ "$(recorded)" == 'web updated 10.0.0.2:80>10.0.0.3:80' ]
}
