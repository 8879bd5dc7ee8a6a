#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A longer form of tests/e2e/traffic.bats, with more traffic. SWK_SEED=N repeats a run with the seed that it printed.

load soak

@test "no request fails or finds a backend down while instances are drained, stopped and restored 200 times" {
	seed
	sed 's/NAME/web/g' "$E2E_ROOT"/consul.d/service-NAME.hcl.example >"$E2E_DIR/web.hcl"
	traffic_begin
	# Milliseconds between two requests of a connection. They limit the size of nginx's log.
	echo 'function delay() return 5 end' >"$E2E_DIR/delay.lua"
	wrk -t 2 -c 16 -d 3600s -s "$E2E_DIR/delay.lua" "$GATEWAY_TRAFFIC/to/web/" >"$E2E_DIR/wrk.out" 2>&1 3>&- &
	load=$!
	failed=0
	traffic_rounds "${SOAK_TRAFFIC:-200}" || failed=1
	# wrk then prints its counts.
	kill -s INT "$load"
	wait "$load" || true
	sed 's/^/# /' "$E2E_DIR/wrk.out" >&3
	[ "$failed" == 0 ]
	grep -q 'requests in' "$E2E_DIR/wrk.out"
	run ! grep -E 'Socket errors|Non-2xx' "$E2E_DIR/wrk.out"
	traffic_was_well
	in_step
}
