#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Requests under way while instances go and come.

load ../soak/soak

@test "10 times an instance is drained, stopped and restored, and no request fails or finds it down" {
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
