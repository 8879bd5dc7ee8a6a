#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Standard input, output and descriptors as no case folder can give them.

load e2e

web='{"Node":{},"Service":{"Service":"web","ID":"w","Port":80,"Address":"10.0.0.1","Tags":[]},"Checks":[]}'

untouched() {
	[ ! -e "$SWK_CONF" ]
	[ -z "$(gateway_requests)" ]
}

@test "a document nested 10,000 deep is refused; an instance that is so is skipped" {
	deep=$(printf '[%.0s' {1..10000})
	end=$(printf ']%.0s' {1..10000})
	run -65 swk-apply <<<"$deep$end"
	run -65 swk-apply <<<"$deep"
	untouched
	run -0 swk-apply <<<"[{\"Service\":$deep$end},$web]"
	[[ "$output" == *"instance 0"*"skipped"* ]]
	[ "$(servers web)" == 10.0.0.1:80 ]
}

@test "a document of 300 MiB is refused, at the size that is allowed" {
	# shellcheck disable=SC2016 # the inner shell expands it
	run -65 bash -c '{ printf "["; yes "$1," | head -c 300M; } | swk-apply --timeout 300' - "$web"
	[[ "$output" == *"larger than 256 MiB"* ]]
	untouched
}

@test "one instance larger than is allowed is skipped, and the others go on" {
	head -c 5M /dev/zero | tr '\0' x >"$E2E_DIR/output"
	run -0 swk-apply < <(
		printf '[{"Node":{},"Service":{"Service":"web"},"Checks":[{"Output":"'
		cat "$E2E_DIR/output"
		printf '"}]},%s]' "$web"
	)
	[[ "$output" == *"instance 0 (line 1) skipped: it is larger than"* ]]
	[ "$(servers web)" == 10.0.0.1:80 ]
}

@test "a writer that goes on after a broken beginning is heard out" {
	run -65 bash -c 'set -o pipefail; { printf "x"; head -c 20M /dev/zero; echo done >&2; } | swk-apply'
	[[ "$output" == *done* ]]
}

@test "a terminal on standard input is a usage error" {
	run -64 script -qec 'swk-apply' /dev/null
	[[ "$output" == *"standard input is a terminal"* ]]
	untouched
}

@test "standard input that doesn't end is waited for until the deadline" {
	mkfifo "$E2E_DIR/fifo"
	sleep 60 >"$E2E_DIR/fifo" 3>&- &
	run -65 swk-apply --timeout 1 <"$E2E_DIR/fifo"
	kill $!
	[[ "$output" == *"did not end within --timeout"* ]]
	untouched
}

@test "closed descriptors and a closed pipe change nothing of what is done" {
	swk-apply <<<"[$web]" >&- 2>&-
	[ "$(servers web)" == 10.0.0.1:80 ]
	run ! grep -q services= "$SWK_CONF" "$SWK_CONF.state"
	swk-apply <<<"[${web//web/api}]" 2>&1 | true
	wait_until "$E2E_PATIENCE" in_file api
	run -65 swk-apply <&-
}

@test "a proxy in the environment is not asked" {
	run -0 env http_proxy=http://127.0.0.1:1 HTTP_PROXY=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 swk-apply <<<"[$web]"
	[[ "$(gateway_post web 'server 10.0.0.9:80;')" == *success* ]]
}

# Whatever libcurl's file is called, none of those here can be loaded.
@test "libcurl is loaded when somebody is asked, and not before" {
	local name

	swk-apply <<<"[$web]"
	mkdir "$E2E_DIR/none"
	for name in libcurl.so.4 libcurl-gnutls.so.4 libcurl-nss.so.4; do
		echo 'no library' >"$E2E_DIR/none/$name"
	done
	gateway_requests_clear
	LD_LIBRARY_PATH="$E2E_DIR/none" run -0 swk-apply <<<"[$web]"
	[ -z "$(gateway_requests)" ]
	LD_LIBRARY_PATH="$E2E_DIR/none" run -70 swk-apply <<<"[${web/10.0.0.1/10.0.0.2}]"
	[[ "$output" == *"libcurl cannot be loaded: "*"libcurl"*"; nothing was changed"* ]]
	[ "$(servers web)" == 10.0.0.1:80 ]
	run -0 swk-apply <<<"[${web/10.0.0.1/10.0.0.2}]"
	[ "$(servers web)" == 10.0.0.2:80 ]
}

@test "--syslog says the same to syslog" {
	strace -f -qq -e trace=sendto,connect,write -s 300 -o "$E2E_DIR/trace" swk-apply --syslog <<<"[$web,5]"
	# There may be no syslog here; that it is spoken to is what can be seen.
	grep -q '/dev/log' "$E2E_DIR/trace"
}
