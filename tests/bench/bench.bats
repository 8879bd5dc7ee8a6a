#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# That figures can still be taken: some of each file, once and small. What comes out is not looked at.

bats_require_minimum_version 1.5.0

once() {
	run -0 --separate-stderr "$BATS_TEST_DIRNAME/run" --once "$1"
	grep "^$1" <<<"$output"
}

@test "an event beside curl and the shell handler" {
	once event-changed
	grep '^event-changed-shell' <<<"$output"
}

@test "a document beside one that streams it" {
	once document
}

@test "a pass over a real agent beside curl" {
	once resync
}
