#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Requests while instances leave and return.

load ../soak/soak

@test "no request fails or finds a backend down while instances are drained, stopped and restored 10 times" {
	seed
	sed 's/NAME/web/g' "$E2E_ROOT"/consul.d/service-NAME.hcl.example >"$E2E_DIR/web.hcl"
	traffic_begin
	while test_goes_on "$E2E_DIR/over"; do
		curl -s --max-time 20 -o /dev/null -w '%{http_code}\n' "$GATEWAY_TRAFFIC/to/web/?[1-100]"
		sleep 0.05
	done >"$E2E_DIR/statuses" 2>&1 3>&- &
	load=$!
	traffic_rounds 10
	: >"$E2E_DIR/over"
	wait "$load"
	[ "$(sort -u "$E2E_DIR/statuses")" == 200 ]
	traffic_was_well
	in_step
}
