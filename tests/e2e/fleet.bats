#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a shell of its own; bats sets stderr
# swk drain, wait, resync and fleet on three hosts.

bats_require_minimum_version 1.5.0 # `run -STATUS`
load fleet

@test "fleet: no request fails while the script in docs/operating.md restarts instances under load" {
	begin
	load_begin
	deploys 6
	load_end
	load_was_well
	(($(grep -c 'safe to stop: 3 hosts have confirmed, and it has no connection left' "$E2E_DIR/deploys") == 6))
}
