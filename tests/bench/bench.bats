#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Checks that the measurements still work: some of each file, once and with small sizes. The results do not matter.

bats_require_minimum_version 1.5.0

once() {
	run -0 --separate-stderr "$BATS_TEST_DIRNAME/run" --once "$1"
	grep "^$1" <<<"$output"
}

@test "an event, compared with curl and the shell handler" {
	once event-changed
	grep '^event-changed-shell' <<<"$output"
}

@test "a document, compared with a program that streams it" {
	once document
}

@test "events with many services, and a full run on a real agent, compared with curl" {
	once managed
	grep '^resync' <<<"$output"
}

@test "an event and a flip of other kinds of targets" {
	run -0 --separate-stderr "$BATS_TEST_DIRNAME/run" --once kinds
	grep '^event-haproxy' <<<"$output"
	once haproxy-3000
	run -0 --separate-stderr "$BATS_TEST_DIRNAME/run" --once flip-kinds
	grep '^flip-haproxy' <<<"$output"
}

@test "requests that fail during restarts" {
	run -0 --separate-stderr "$BATS_TEST_DIRNAME/run" --once drains
	grep "^drain-failed-late" <<<"$output"
}

@test "the time until the last worker serves by a flip" {
	once flip-last
}
