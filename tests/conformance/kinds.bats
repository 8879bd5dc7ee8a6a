#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Each kind of target holds the contract that kinds/contract.bats describes.

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
