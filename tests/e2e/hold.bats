#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# An operator restores the previous conf file, and puts automatic changes on hold until the registry is right again.

load ../soak/soak

# Starts an agent with one watch, of the services. Its handler keeps the reports and messages of each run.
start_agent() {
	cat >"$E2E_DIR/handler" <<-'END'
		#!/bin/sh
		swk-apply --json >"$E2E_DIR/report.tmp" 2>>"$E2E_DIR/said"
		cat "$E2E_DIR/report.tmp" >>"$E2E_DIR/reports"
	END
	chmod +x "$E2E_DIR/handler"
	jq -n --arg handler "$E2E_DIR/handler" \
		'{watches: [{type: "services", handler_type: "script", args: [$handler]}]}' >"$E2E_DIR/watch.json"
	consul_start "$E2E_DIR/consul" "$E2E_DIR/watch.json"
}

# was_held_back CHANGE - whether a run reported this change as on hold.
was_held_back() {
	jq -se --arg text "$1" 'any(.status == 10 and any(.changes[]; .text == $text and .on_hold))' "$E2E_DIR/reports" >/dev/null
}

# hold_message REASON [FILE] - whether the message has the time, the operator, the reason and the command that ends the hold.
hold_message() {
	grep -qE "swk-apply: error: on hold since 20[0-9T:-]+Z by alice \($1\): $SWK_CONF stays as it is until 'swk resume'" "${@:2}"
}

@test "if the registry is wrong, undo restores traffic, runs on hold change nothing, and resume catches up" {
	start_agent
	backend_start "$E2E_DIR/backends" one two
	register web web-1 one
	register api api-1 two
	register other other-1 two
	register more more-1 two
	wait_until "$E2E_PATIENCE" lands web one
	wait_until "$E2E_PATIENCE" in_file more
	wait_until "$E2E_PATIENCE" lands api two

	# Hold the lock until Consul has all changes, so that one run makes them all.
	exec 8<"$SWK_CONF.lock"
	flock 8
	cp "$SWK_CONF" "$E2E_DIR/good"
	consul_register web web-1 127.0.0.1 "$(free_port)"
	consul_register other other-1 127.0.0.1 "$(free_port)"
	consul_deregister api-1
	exec 8<&-
	wait_until "$E2E_PATIENCE" not_in_file api
	wait_until "$E2E_PATIENCE" lands web none
	wait_until "$E2E_PATIENCE" lands api none

	SUDO_USER=alice run -0 swk undo 'the registry is mad'
	[[ "$output" == *"$SWK_CONF stays as it is until 'swk resume'" ]]
	lands web one
	lands api two
	cmp "$SWK_CONF" "$E2E_DIR/good"
	in_step

	# Each run reports the changes that it would make, and makes none, with any options.
	consul_deregister more-1
	wait_until "$E2E_PATIENCE" was_held_back more
	hold_message 'the registry is mad' "$E2E_DIR/said"
	for form in '--resync' '--resync --force' '--resync --verify' '--service web'; do
		# shellcheck disable=SC2086 # words
		run -10 swk-apply $form <<<'[]'
		hold_message 'the registry is mad' <<<"$output"
	done
	run -10 swk-apply < <(consul_api GET /v1/health/state/any)
	run -10 swk-apply < <(consul_api GET /v1/health/service/web)
	[[ "$output" == *'~ web: '*' (on hold)'* ]]
	cmp "$SWK_CONF" "$E2E_DIR/good"
	lands web one
	lands api two
	gateway_reload
	lands web one
	in_step

	register web web-1 one
	register api api-1 two
	register more more-1 two
	register other other-1 one
	run -0 swk resume --dry-run
	[ "$output" == "~ other: +127.0.0.1:${BACKEND_PORT[one]} -127.0.0.1:${BACKEND_PORT[two]}" ] ||
		[ "$output" == "~ other: -127.0.0.1:${BACKEND_PORT[two]} +127.0.0.1:${BACKEND_PORT[one]}" ]
	cmp "$SWK_CONF" "$E2E_DIR/good"
	run -0 swk resume
	lands other one
	in_step
	[ ! -e "$SWK_CONF.hold" ]
	# From now on swk-apply follows events again.
	consul_deregister more-1
	wait_until "$E2E_PATIENCE" not_in_file more
	[ "$(ls "${SWK_CONF%/*}"/*.conf)" == "$SWK_CONF" ]
}

@test "a second undo reverts the first; both put changes on hold" {
	swk-apply < <(document "$(instance web 10.0.0.1)")
	cp "$SWK_CONF" "$E2E_DIR/one"
	swk-apply < <(document "$(instance web 10.0.0.2)" "$(instance api 10.0.0.3)")
	cp "$SWK_CONF" "$E2E_DIR/two"
	run -0 swk undo --dry-run
	[[ "$output" == *'- api'* && "$output" == *'~ web: '* ]]
	cmp "$SWK_CONF" "$E2E_DIR/two"
	[ ! -e "$SWK_CONF.hold" ]
	swk undo
	cmp "$SWK_CONF" "$E2E_DIR/one"
	in_step
	swk undo
	cmp "$SWK_CONF" "$E2E_DIR/two"
	in_step
	run -10 swk-apply < <(document "$(instance web 10.0.0.4)")
	cmp "$SWK_CONF" "$E2E_DIR/two"
	cmp "$SWK_CONF.previous" "$E2E_DIR/one"
}

# bats test_tags=gateway
@test "undo exits with 75 while nginx accepts nothing; a run on hold finishes it, and so does resume" {
	consul_start "$E2E_DIR/consul"
	for finish in run resume; do
		swk-apply < <(document "$(instance web 10.0.0.1)")
		swk-apply < <(document "$(instance web 10.0.0.2)")
		gateway_fault 1000 unavailable '^POST'
		run -75 swk undo --timeout 8
		[[ "$output" == *"$GATEWAY_DYUPS: 1 upstream is pending; the next run sends it"* ]]
		[ "$(servers web)" == 10.0.0.1:80 ]
		grep -qx 'pending web' "$SWK_CONF.state"
		[ "$(gateway_detail | grep -c '10\.0\.0\.2:80')" == 1 ]
		gateway_fault
		if [[ "$finish" == run ]]; then
			run -10 swk-apply --service other <<<'[]'
		else
			# Consul has only this service, with the servers of the restored file, so resume changes nothing else.
			consul_register web web-1 10.0.0.1 80
			run -0 swk resume
		fi
		in_step
		nothing_pending
		[ "$(gateway_detail | grep -c '10\.0\.0\.1:80')" == 1 ]
		rm -f "$SWK_CONF.hold"
	done
}

@test "on hold, a full run reconciles nginx with the conf file, not with Consul" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	consul_register web web-1 10.0.0.2 80
	swk hold
	gateway_post web 'server 10.0.0.9:80;' >/dev/null
	run -10 swk-apply --resync
	[ "$(servers web)" == 10.0.0.1:80 ]
	in_step
}

@test "an unreadable hold file still holds, whatever kind of file it is, and resume ends the hold" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	consul_register web web-1 10.0.0.2 80
	for place in 'echo half >' 'head -c 100000 /dev/zero >' 'mkfifo' 'ln -s nowhere' 'ln -s /etc/passwd'; do
		eval "$place '$SWK_CONF.hold'"
		run -10 timeout 20 swk-apply --resync
		[[ "$output" == *"swk-apply: error: on hold ($SWK_CONF.hold:"*"until 'swk resume'"* ]] ||
			[[ "$output" == *"swk-apply: error: on hold (its file is a broken link): "*"until 'swk resume'"* ]]
		[[ "$output" != *root:* ]]
		[ "$(servers web)" == 10.0.0.1:80 ]
		rm "$SWK_CONF.hold"
	done
	mkdir "$SWK_CONF.hold"
	run -10 swk-apply --resync
	run -73 swk resume
	[[ "$output" == *"$SWK_CONF.hold: cannot be removed: Is a directory"* ]]
	[ "$(servers web)" == 10.0.0.1:80 ]
	rmdir "$SWK_CONF.hold"
	echo half >"$SWK_CONF.hold"
	run -0 swk resume
	[ "$(servers web)" == 10.0.0.2:80 ]
	[ ! -e "$SWK_CONF.hold" ]
}

@test "if Consul is unreachable, resume ends the hold and exits with 69, and the next full run catches up" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	swk hold
	consul_register web web-1 10.0.0.2 80
	CONSUL_HTTP_ADDR=127.0.0.1:1 run -69 swk resume
	[ ! -e "$SWK_CONF.hold" ]
	[ "$(servers web)" == 10.0.0.1:80 ]
	swk-apply --resync
	[ "$(servers web)" == 10.0.0.2:80 ]
}

@test "undo and hold wait for the current run, and runs that start later change nothing" {
	swk-apply < <(document "$(instance web 10.0.0.1)")
	swk-apply < <(document "$(instance web 10.0.0.2)")
	for storm in 1 2 3; do
		(
			for ((i = 0; i < 20; i++)); do
				swk-apply < <(document "$(instance web "10.0.$storm.$((i + 1))")") >>"$E2E_DIR/out.$storm" 2>&1 || echo "$?"
			done
		) >"$E2E_DIR/statuses.$storm" 3>&- &
		storms[storm]=$!
	done
	wait_until "$E2E_PATIENCE" grep -q '10\.0\.[123]\.' "$SWK_CONF"
	swk undo --json >"$E2E_DIR/undone"
	cp "$SWK_CONF" "$E2E_DIR/after"
	for storm in 1 2 3; do
		wait "${storms[storm]}"
	done
	cmp "$SWK_CONF" "$E2E_DIR/after"
	[ "$(sort -u "$E2E_DIR"/statuses.*)" == 10 ]
	jq -e '.status == 0 and .changes != []' "$E2E_DIR/undone"
	in_step
	# swk hold takes effect between two runs, never during one; so here it waits for the lock.
	rm "$SWK_CONF.hold"
	exec 8<"$SWK_CONF.lock"
	flock 8
	run -75 swk hold --timeout 1 8<&-
	[[ "$output" == *"$SWK_CONF.lock: another run held the lock"* ]]
	[ ! -e "$SWK_CONF.hold" ]
	exec 8<&-
}

@test "if another user owns the conf file, FILE.previous still gets its content and mode" {
	[ "$EUID" == 0 ] || skip 'changing the user needs root'
	chmod 711 "$E2E_DIR" "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	install -d -o nobody -m 755 "$E2E_DIR/swk"
	export SWK_CONF="$E2E_DIR/swk/dyups.upstream.conf"
	install -D -m 755 "$E2E_ROOT/build/swk-apply" "$E2E_ROOT/build/swk" -t "$E2E_DIR/bin"
	swk-apply < <(document "$(instance web 10.0.0.1)")
	cp "$SWK_CONF" "$E2E_DIR/one"
	chown root:root "$SWK_CONF"
	chmod 664 "$SWK_CONF"
	# The kernel may forbid other users to make a hard link to this file (protected_hardlinks).
	setpriv --reuid nobody --regid "$(id -g nobody)" --init-groups env PATH="$E2E_DIR/bin:$PATH" \
		swk-apply < <(document "$(instance web 10.0.0.2)")
	cmp "$SWK_CONF.previous" "$E2E_DIR/one"
	[ "$(stat -c %a "$SWK_CONF.previous")" == 664 ]
	setpriv --reuid nobody --regid "$(id -g nobody)" --init-groups env PATH="$E2E_DIR/bin:$PATH" swk undo
	cmp "$SWK_CONF" "$E2E_DIR/one"
	in_step
}
