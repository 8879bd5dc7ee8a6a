#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # KIND and CONF come from kinds.bash
#
# What every kind of target must do. ../kind-KIND.bats are links to this file; ../kinds.bash describes the adapters. Where a kind is
# not able to do something, a case checks what happens instead.

# shellcheck source=SCRIPTDIR/../kinds.bash
source "$BATS_TEST_DIRNAME/kinds.bash"

setup_file() {
	kinds_setup_file
}

teardown_file() {
	kinds_teardown_file
}

setup() {
	kinds_setup
}

teardown() {
	kinds_teardown
}

# ---- changes ----

@test "an event creates an upstream" {
	begin one
	serve web 10.0.0.1:80 10.0.0.2:8080
	event web
	has 'web 10.0.0.1:80 1 0 0' 'web 10.0.0.2:8080 1 0 0'
	in_step one
	nothing_pending
}

@test "an event adds and removes servers, and changes their attributes" {
	begin one
	serve web 10.0.0.1:80 10.0.0.2:80
	serve api 10.0.1.1:80
	resync
	for servers in '10.0.0.1:80 10.0.0.2:80 10.0.0.3:80' '10.0.0.3:80' '10.0.0.3:80/weight=7 10.0.0.4:80' \
		'10.0.0.3:80/weight=5 10.0.0.4:80/weight=2' '10.0.0.3:80 10.0.0.4:80/backup' '10.0.0.3:80/backup 10.0.0.4:80' \
		'10.0.0.3:80 10.0.0.4:80/down' '10.0.0.3:80 10.0.0.4:80'; do
		read -ra list <<<"$servers"
		serve web "${list[@]}"
		event web
		[ "$(recorded | grep -c '^web ')" == "${#list[@]}" ]
		in_step one
	done
	has 'api 10.0.1.1:80 1 0 0' 'web 10.0.0.3:80 1 0 0' 'web 10.0.0.4:80 1 0 0'
	nothing_pending
}

@test "a full run deletes an upstream" {
	begin one
	serve web 10.0.0.1:80
	serve api 10.0.1.1:80
	resync
	serve api
	resync
	has 'web 10.0.0.1:80 1 0 0'
	in_step one
	nothing_pending
	# It can return, with other servers.
	serve api 10.0.1.2:80
	resync
	in_step one
	has 'api 10.0.1.2:80 1 0 0' 'web 10.0.0.1:80 1 0 0'
}

@test "a server with an IPv6 address is added, changed and removed" {
	begin one
	serve v6 '[2001:db8::1]:80' 10.0.0.1:80
	event v6
	has 'v6 10.0.0.1:80 1 0 0' 'v6 [2001:db8::1]:80 1 0 0'
	in_step one
	serve v6 '[2001:db8::1]:80/weight=3' '[2001:db8::2]:8080'
	event v6
	has 'v6 [2001:db8::1]:80 3 0 0' 'v6 [2001:db8::2]:8080 1 0 0'
	in_step one
	serve v6 10.0.0.1:80
	event v6
	in_step one
	nothing_pending
}

@test "the name of an upstream has capitals, dots and dashes" {
	begin one
	serve Dots.and-dashes_1.x 10.0.0.1:80
	event Dots.and-dashes_1.x
	in_step one
	serve Dots.and-dashes_1.x 10.0.0.2:80
	event Dots.and-dashes_1.x
	has 'Dots.and-dashes_1.x 10.0.0.2:80 1 0 0'
	in_step one
	nothing_pending
}

# many THIRD - prints a document of a service watch with many services, each with two instances.
many() {
	jq -nc --argjson count "$MANY" --arg third "$1" '[range($count) as $u | range(2) as $s | {Node: {}, Checks: [], Service:
		{Service: "many-\($u)", ID: "\($u)-\($s)", Tags: [], Port: (1000 + $s), Address: "10.\($u / 100 | floor).\($third).\($u % 100 + 1)"}}]'
}

@test "one run creates hundreds of upstreams, and another one changes all of them" {
	begin one
	many 1 >"$E2E_DIR/document"
	swk-apply <"$E2E_DIR/document"
	[ "$(recorded | wc -l)" == $((2 * MANY)) ]
	in_step one
	many 2 >"$E2E_DIR/document"
	swk-apply <"$E2E_DIR/document"
	[ "$(recorded | grep -c ' 10\.[0-9]*\.2\.')" == $((2 * MANY)) ]
	in_step one
	run ! grep '^pending ' "$CONF.state"
}

@test "requests reach the servers that Consul has" {
	can traffic || return 0
	begin one
	backend_start "$E2E_DIR/backends" first second
	serve web "127.0.0.1:${BACKEND_PORT[first]}"
	event web
	in_step one
	[ "$(target fetch one web)" == first ]
	serve web "127.0.0.1:${BACKEND_PORT[second]}"
	event web
	in_step one
	[ "$(target fetch one web)" == second ]
}

# ---- nothing to do ----

@test "a run without a change sends nothing" {
	begin one
	serve web 10.0.0.1:80/weight=3 10.0.0.2:80/backup
	serve api '[2001:db8::1]:80' 10.0.0.2:80/down
	[ "$(changes resync)" == one ]
	[ -z "$(changes event web)" ]
	[ -z "$(changes resync)" ]
	in_step one
}

@test "a dry run changes nothing" {
	begin one
	serve web 10.0.0.1:80
	resync
	serve web 10.0.0.2:80
	serve api 10.0.1.1:80
	state=$(files && live one)
	[ -z "$(changes event web --dry-run)" ]
	grep -F 'web: -10.0.0.1:80 +10.0.0.2:80' "$E2E_DIR/changes.out"
	[ -z "$(changes resync --dry-run)" ]
	grep -F 'api: 10.0.1.1:80' "$E2E_DIR/changes.out"
	[ "$(files && live one)" == "$state" ]
}

@test "nothing changes if Consul lists no services, or if too many are missing" {
	begin one
	for name in web api shop many-0 many-1; do
		serve "$name" 10.0.0.1:80
	done
	resync
	servers=$(recorded)
	for name in api shop many-0 many-1; do
		serve "$name"
	done
	run -10 changes resync
	[ -z "$output" ]
	serve web
	run -10 changes resync
	[ -z "$output" ]
	run -10 changes swk-apply <<<'{}'
	[ -z "$output" ]
	[ "$(recorded)" == "$servers" ]
	in_step one
}

@test "a target does not receive a service that its settings exclude" {
	start "$KIND" one
	MORE='{"exclude": ["api"]}' settings one
	serve web 10.0.0.1:80
	serve api 10.0.1.1:80
	resync
	serve api 10.0.1.2:80
	[ -z "$(changes event api)" ]
	has 'api 10.0.1.2:80 1 0 0' 'web 10.0.0.1:80 1 0 0'
	EXCLUDED=api in_step one
	[ -z "$(pending one)" ]
}

# ---- trouble ----

@test "what a broken target does not confirm stays pending, and the next run sends it" {
	local -n ways="${KIND}_breaks"

	begin one
	serve web 10.0.0.0:80
	serve api 10.0.1.0:80
	resync
	count=0
	for way in "${ways[@]}"; do
		((++count))
		target break one "$way"
		serve web "10.0.0.$count:80"
		run -75 event web
		[[ "$output" == *'one: 1 upstream is pending; the next run sends it'* ]]
		has 'api 10.0.1.'$((count - 1))':80 1 0 0' "web 10.0.0.$count:80 1 0 0"
		[ "$(pending one)" == web ]
		serve api "10.0.1.$count:80"
		run -75 event api
		[ "$(pending one)" == 'api web' ]

		target mend one
		event web
		has "api 10.0.1.$count:80 1 0 0" "web 10.0.0.$count:80 1 0 0"
		in_step one
		nothing_pending
	done
}

@test "a deletion that a broken target does not confirm stays pending, and the next run sends it" {
	local -n ways="${KIND}_breaks"

	begin one
	serve web 10.0.0.1:80
	serve api 10.0.1.1:80
	resync
	target break one "${ways[0]}"
	serve api
	run -75 resync
	has 'web 10.0.0.1:80 1 0 0'
	[ "$(pending one)" == api ]
	target mend one
	event web
	in_step one
	nothing_pending
}

# killed_at CALL NUMBER COMMAND... - runs a command, and kills it when it enters this system call for the NUMBERth time. Returns 1 if
# it ended before.
killed_at() {
	local status=0

	strace -f -qq -e signal=none -e trace="$1" -e inject="$1:signal=KILL:when=$2" -o /dev/null "${@:3}" >"$E2E_DIR/out" 2>&1 ||
		status=$?
	((status == 128 + 9))
}

@test "after a run that was killed, the next runs reach the same state" {
	begin one
	serve web 10.0.0.0:80
	serve api 10.0.1.0:80
	serve shop 10.0.2.0:80
	resync
	rounds=0
	for call in fsync rename sendto,write,writev unlink; do
		for ((number = 1; number < 40; number += 1 + number / 3)); do
			((++rounds))
			serve web "10.0.0.$rounds:80"
			if ((rounds % 2)); then serve shop; else serve shop "10.0.2.$rounds:80"; fi
			killed_at "$call" "$number" swk-apply --resync || break
			# This run is about another service. It sends what the killed run had recorded.
			event api
			in_step one
			resync
			[ "$(recorded | grep '^web ')" == "web 10.0.0.$rounds:80 1 0 0" ]
			in_step one
		done
		# The last run was not killed.
		in_step one
	done
	((rounds > 8))
	nothing_pending
}

@test "a full run repairs what another program changed" {
	begin one
	serve web 10.0.0.1:80
	resync
	# A kind that does not tell its state has nothing to compare.
	if ! can tells; then
		[ -z "$(changes resync)" ]
		return
	fi
	target change one web 10.9.9.9:80
	run -1 swk status web
	[[ "$output" == *differs* ]]
	resync
	has 'web 10.0.0.1:80 1 0 0'
	in_step one
	nothing_pending
}

@test "an unmanaged upstream stays as it is" {
	can tells && can creates || return 0
	begin one
	serve web 10.0.0.1:80
	resync
	target change one legacy 10.9.9.9:80
	resync
	serve legacy 10.0.9.1:80
	run -10 event legacy
	run -10 resync
	has 'web 10.0.0.1:80 1 0 0'
	[ "$(live one | shown "$KIND")" == "$(printf '%s\n' 'legacy 10.9.9.9:80 1 0 0' 'web 10.0.0.1:80 1 0 0' | shown "$KIND")" ]
	if ! can adopts; then
		run -10 resync --adopt
		[ "$(live one | shown "$KIND")" == "$(printf '%s\n' 'legacy 10.9.9.9:80 1 0 0' 'web 10.0.0.1:80 1 0 0' | shown "$KIND")" ]
		return
	fi
	resync --adopt
	has 'legacy 10.0.9.1:80 1 0 0' 'web 10.0.0.1:80 1 0 0'
	in_step one
	nothing_pending
}

@test "after a restart of the proxy, a full run brings it to the conf file" {
	begin one
	serve web 10.0.0.1:80
	serve api 10.0.1.1:80
	resync
	target restart one
	resync
	in_step one
	serve web 10.0.0.2:80/weight=3
	event web
	target restart one
	serve api
	resync
	has 'web 10.0.0.2:80 3 0 0'
	in_step one
	nothing_pending
}

# ---- lost files ----

@test "without the state file, a run only sends more" {
	local -n ways="${KIND}_breaks"

	begin one
	serve web 10.0.0.1:80
	serve api 10.0.1.1:80
	resync
	rm "$CONF.state"
	event web
	in_step one
	rm "$CONF.state"
	serve web 10.0.0.2:80
	event web
	has 'api 10.0.1.1:80 1 0 0' 'web 10.0.0.2:80 1 0 0'
	in_step one
	rm "$CONF.state"
	resync
	in_step one
	nothing_pending
	# If a change was pending, the target gets it nevertheless.
	target break one "${ways[0]}"
	serve web 10.0.0.3:80
	run -75 event web
	rm "$CONF.state"
	target mend one
	event api
	in_step one
	nothing_pending
}

@test "a full run writes the files beside the conf file again" {
	begin one
	serve web 10.0.0.1:80
	serve api 10.0.1.1:80
	resync
	for run in resync 'event web'; do
		while read -r file; do
			[ -e "$file" ]
			rm "$file"
		done < <(target derived one)
		$run
		resync
		in_step one
		while read -r file; do
			[ -e "$file" ]
		done < <(target derived one)
	done
	serve web 10.0.0.2:80
	event web
	in_step one
	nothing_pending
}

# ---- several targets ----

@test "a target that is added to the settings receives everything" {
	start "$KIND" one two
	settings one
	serve web 10.0.0.1:80/weight=3
	serve api 10.0.1.1:80
	resync
	in_step one
	settings one two
	[ "$(changes resync)" == two ]
	in_step one two
	nothing_pending
}

@test "three targets of one kind: one that is broken does not delay the others" {
	local -n ways="${KIND}_breaks"

	begin one two three
	serve web 10.0.0.0:80
	resync
	in_step one two three
	target break two "${ways[0]}"
	serve web 10.0.0.1:80
	run -75 event web
	in_step one three
	[ -z "$(pending one)$(pending three)" ]
	[ "$(pending two)" == web ]
	target mend two
	event web
	in_step one two three
	nothing_pending
}
