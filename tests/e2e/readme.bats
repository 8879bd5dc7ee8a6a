#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What README shows is what happens.

bats_require_minimum_version 1.5.0 # `run -STATUS`

@test "the session in README, typed again, comes out the same" {
	local root="$BATS_TEST_DIRNAME/../.."

	sed -n '/^<!-- session -->$/,/^<!-- session end -->$/p' "$root/README.md" | sed '/^<!--/d; /^```/d' >"$BATS_TEST_TMPDIR/shown"
	[ -s "$BATS_TEST_TMPDIR/shown" ]
	"$root/tests/demo/session" >"$BATS_TEST_TMPDIR/said" 3>&-
	# Where it is meant to differ: tests/demo/session --write
	diff "$BATS_TEST_TMPDIR/shown" "$BATS_TEST_TMPDIR/said"
}
