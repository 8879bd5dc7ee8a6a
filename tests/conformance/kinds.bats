#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2119 # resync and event take options, and need none
# Each kind of target holds the contract that kinds/contract.bats describes, also beside targets of all other kinds.

# shellcheck source=SCRIPTDIR/kinds.bash
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

@test "each kind of target has an adapter, and a file that plays the cases with it" {
	echo '{"targets": [{"kind": "none"}]}' >"$BATS_TEST_TMPDIR/swk.json"
	kinds=$(PATH="$BATS_TEST_DIRNAME/../../build:$PATH" swk check-config "$BATS_TEST_TMPDIR/swk.json" 2>&1 |
		sed -n "s/.*kind: 'none' is not //p" | sed 's/,\? or /,/; s/, */\n/g')
	[ -n "$kinds" ]
	for kind in $kinds; do
		echo "kind: $kind"
		[ -e "$BATS_TEST_DIRNAME/kinds/$kind.bash" ]
		[ "$BATS_TEST_DIRNAME/kind-$kind.bats" -ef "$BATS_TEST_DIRNAME/kinds/contract.bats" ]
	done
	[ "$(printf '%s\n' "$kinds" | wc -l)" == "$(find "$BATS_TEST_DIRNAME/kinds" -name '*.bash' | wc -l)" ]
}

# without NAME NAME... - prints the names other than the first.
without() {
	printf '%s\n' "${@:2}" | grep -vx "$1"
}

@test "a target of each kind in one run: one that is broken does not delay the others" {
	local all=() count=0 broken others

	for adapter in "$KINDS_DIR"/*.bash; do
		all+=("$(basename "$adapter" .bash)")
		start "${all[-1]}" "${all[-1]}"
	done
	settings "${all[@]}"
	serve web 10.0.0.0:80
	serve api 10.0.1.0:80
	resync
	in_step "${all[@]}"
	for broken in "${all[@]}"; do
		local -n ways="${broken}_breaks"
		mapfile -t others < <(without "$broken" "${all[@]}")
		target break "$broken" "${ways[0]}"
		serve web "10.0.0.$((++count)):80"
		run -75 event web
		in_step "${others[@]}"
		[ "$(pending "$broken")" == web ]
		for name in "${others[@]}"; do
			[ -z "$(pending "$name")" ]
		done
		target mend "$broken"
		event web
		in_step "${all[@]}"
	done
	has 'api 10.0.1.0:80 1 0 0' "web 10.0.0.$count:80 1 0 0"
	nothing_pending
}
