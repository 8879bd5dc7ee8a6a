#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Runs at the same time, started by several watches, the timer or a person.

load e2e

@test "a complete run that waited for the lock never deletes a service that was registered meanwhile" {
	consul_start "$E2E_DIR/consul"
	consul_register base base-1 10.0.0.1 80
	swk-apply --resync
	for round in 1 2 3 4 5 6 7 8 9 10; do
		# Two runs with old lists, and a service that is registered while they wait.
		exec 8<"$SWK_CONF.lock"
		flock 8
		swk-apply <<<'{"base":[]}' >"$E2E_DIR/out.1" 2>&1 3>&- 8<&- &
		first=$!
		swk-apply <<<'{"base":[]}' >"$E2E_DIR/out.2" 2>&1 3>&- 8<&- &
		second=$!
		consul_register "new-$round" "new-$round" 10.0.1.1 80
		swk-apply < <(consul_api GET "/v1/health/service/new-$round") >"$E2E_DIR/out.3" 2>&1 3>&- 8<&- &
		third=$!
		exec 8<&-
		wait "$first"
		wait "$second"
		wait "$third"
		in_file "new-$round"
	done
	[ "$(grep -c '^upstream' "$SWK_CONF")" == 11 ]
	in_step
}

@test "swk-apply does not believe a document older than the last" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_api GET /v1/health/service/web >"$E2E_DIR/old"
	old=$(consul_api GET /v1/health/service/web -D - -o /dev/null | tr -d '\r' | awk 'tolower($1) == "x-consul-index:" { print $2 }')
	consul_register web web-2 10.0.0.2 80
	consul_api GET /v1/health/service/web >"$E2E_DIR/new"
	new=$(consul_api GET /v1/health/service/web -D - -o /dev/null | tr -d '\r' | awk 'tolower($1) == "x-consul-index:" { print $2 }')
	[ "$old" -lt "$new" ]
	CONSUL_INDEX=$new swk-apply <"$E2E_DIR/new"
	CONSUL_INDEX=$old swk-apply <"$E2E_DIR/old"
	[ "$(servers web | wc -l)" == 2 ]
}

@test "a run that does not get the lock in time reports it, and the end of the other process frees the lock" {
	echo '[]' | swk-apply --service web
	exec 8<"$SWK_CONF.lock"
	flock 8
	run -75 swk-apply --timeout 1 --service web 8<&- <<<'[]'
	[[ "$output" == *"another run held the lock"* ]]
	exec 8<&-
	run -0 swk-apply --timeout 1 --service web <<<'[]'
}
