#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Standard input, output and descriptors that a case folder can't describe.

load e2e

web='{"Node":{},"Service":{"Service":"web","ID":"w","Port":80,"Address":"10.0.0.1","Tags":[]},"Checks":[]}'

untouched() {
	[ ! -e "$SWK_CONF" ]
	[ -z "$(gateway_requests)" ]
}

@test "a document nested 10,000 deep is an error; an instance nested as deep is skipped" {
	deep=$(printf '[%.0s' {1..10000})
	end=$(printf ']%.0s' {1..10000})
	run -65 swk-apply <<<"$deep$end"
	run -65 swk-apply <<<"$deep"
	untouched
	run -0 swk-apply <<<"[{\"Service\":$deep$end},$web]"
	[[ "$output" == *"instance 0"*"skipped"* ]]
	[ "$(servers web)" == 10.0.0.1:80 ]
}

@test "a document of 300 MiB is an error, found as soon as the limit is reached" {
	# shellcheck disable=SC2016 # the inner shell expands it
	run -65 bash -c '{ printf "["; yes "$1," | head -c 300M; } | swk-apply --timeout 300' - "$web"
	[[ "$output" == *"larger than 256 MiB"* ]]
	untouched
}

@test "an instance that is too large is skipped, and the others are served" {
	head -c 5M /dev/zero | tr '\0' x >"$E2E_DIR/output"
	run -0 swk-apply < <(
		printf '[{"Node":{},"Service":{"Service":"web"},"Checks":[{"Output":"'
		cat "$E2E_DIR/output"
		printf '"}]},%s]' "$web"
	)
	[[ "$output" == *"instance 0 (line 1) skipped: it is larger than"* ]]
	[ "$(servers web)" == 10.0.0.1:80 ]
}

@test "swk-apply reads a broken document to its end, so that the writer can finish" {
	run -65 bash -c 'set -o pipefail; { printf "x"; head -c 20M /dev/zero; echo done >&2; } | swk-apply'
	[[ "$output" == *done* ]]
}

@test "a terminal on standard input is a usage error" {
	run -64 script -qec 'swk-apply' /dev/null
	[[ "$output" == *"standard input is a terminal"* ]]
	untouched
}

@test "swk-apply waits for the end of standard input until the deadline" {
	mkfifo "$E2E_DIR/fifo"
	sleep 60 >"$E2E_DIR/fifo" 3>&- &
	run -65 swk-apply --timeout 1 <"$E2E_DIR/fifo"
	kill $!
	[[ "$output" == *"did not end within --timeout"* ]]
	untouched
}

@test "with closed descriptors or a closed pipe, swk-apply still does its work" {
	swk-apply <<<"[$web]" >&- 2>&-
	[ "$(servers web)" == 10.0.0.1:80 ]
	run ! grep -q services= "$SWK_CONF" "$SWK_CONF.state"
	swk-apply <<<"[${web//web/api}]" 2>&1 | true
	wait_until "$E2E_PATIENCE" in_file api
	run -65 swk-apply <&-
}

@test "swk-apply ignores proxies in the environment" {
	run -0 env http_proxy=http://127.0.0.1:1 HTTP_PROXY=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 swk-apply <<<"[$web]"
	[[ "$(gateway_post web 'server 10.0.0.9:80;')" == *success* ]]
}

# The test makes every possible file name of libcurl unloadable.
@test "libcurl is loaded only for a run that makes a request" {
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

# An old library lacks functions, and only this one is there.
@test "a libcurl that is too old is named, with its version and the one that is needed" {
	local name

	mkdir "$E2E_DIR/old"
	cc -x c -shared -fPIC -o "$E2E_DIR/old/libcurl.so.4" - <<-'END'
		static struct { int age; const char *version; unsigned number; } its = {0, "7.74.0", 0x074a00};
		const void *curl_version_info(int age) { (void)age; return &its; }
	END
	for name in libcurl-gnutls.so.4 libcurl-nss.so.4; do
		ln -s libcurl.so.4 "$E2E_DIR/old/$name"
	done
	LD_LIBRARY_PATH="$E2E_DIR/old" run -70 swk-apply <<<"[$web]"
	[[ "$output" == *"error: libcurl is too old: it has version 7.74.0, and 7.85.0 or later is needed; nothing was changed" ]]
}

# loads CONFIGURATION COMMAND... - whether OpenSSL opens the file in a command.
loads() {
	OPENSSL_CONF="$1" strace -f -qq -e trace=open,openat -o "$E2E_DIR/trace" "${@:2}" || true
	grep -qF "\"$1\"" "$E2E_DIR/trace"
}

@test "OpenSSL reads its configuration only if a URL is https" {
	: >"$E2E_DIR/openssl.cnf"
	run -1 loads "$E2E_DIR/openssl.cnf" swk-apply <<<"[$web]"
	[ "$(servers web)" == 10.0.0.1:80 ]
	loads "$E2E_DIR/openssl.cnf" swk-apply --dyups "${GATEWAY_DYUPS/http:/https:}" <<<"[${web/10.0.0.1/10.0.0.2}]"
	CONSUL_HTTP_ADDR=https://127.0.0.1:1 loads "$E2E_DIR/openssl.cnf" swk-apply <<<"[${web/10.0.0.1/10.0.0.3}]"
}

@test "--syslog also sends messages to syslog" {
	strace -f -qq -e trace=sendto,connect,write -s 300 -o "$E2E_DIR/trace" swk-apply --syslog <<<"[$web,5]"
	# There may be no syslog here, so this checks only that swk-apply tries to connect.
	grep -q '/dev/log' "$E2E_DIR/trace"
}

# lock_is_free - whether no run holds the lock.
lock_is_free() {
	flock -n "$SWK_CONF.lock" true
}

@test "token and settings file may be pipes, which must end in time" {
	swk-apply --config <(sleep 1 && echo '{"defaults": {"max_fails": 7}}') --token-file <(sleep 1 && echo token) <<<"[$web]"
	grep -q max_fails=7 "$SWK_CONF"
	mkfifo "$E2E_DIR/fifo"
	# Nothing writes to it. Then this shell does, and does not end.
	run -64 timeout 30 swk-apply --token-file "$E2E_DIR/fifo" <<<"[$web]"
	[[ "$output" == *"$E2E_DIR/fifo: the token: what writes into this pipe did not end in time"* ]]
	exec 8<>"$E2E_DIR/fifo"
	echo '{' >&8
	run -78 timeout 30 swk-apply --config "$E2E_DIR/fifo" <<<"[$web]"
	[[ "$output" == *"$E2E_DIR/fifo: what writes into this pipe did not end in time"* ]]
	exec 8>&-
	lock_is_free
}

@test "a run waits for the lock until the deadline, even if its parent blocked all signals" {
	swk-apply <<<"[$web]"
	exec 8>"$SWK_CONF.lock"
	flock 8
	run -75 timeout -s KILL 30 env --block-signal swk-apply --timeout 1 <<<"[$web]" 8>&-
	[[ "$output" == *"another run held the lock"* ]]
	exec 8>&-
}

@test "a run ends although no program reads its messages" {
	mkfifo "$E2E_DIR/fifo"
	exec 8<>"$E2E_DIR/fifo"
	dd if=/dev/zero of="$E2E_DIR/fifo" bs=4096 oflag=nonblock 2>"$E2E_DIR/dd" || true
	run -0 timeout 30 bash -c 'swk-apply --timeout 1 2>&8 >&8' <<<"[$web]"
	[ "$(servers web)" == 10.0.0.1:80 ]
	run -64 timeout 30 bash -c 'swk-apply --timeout 1 --no-such-option 2>&8' <<<"[$web]"
	lock_is_free
	in_step
}

# libcurl opens this file itself, and that blocks.
@test "a run that hangs in a library is ended after the deadline, and does not keep the lock" {
	mkfifo "$E2E_DIR/fifo"
	CONSUL_HTTP_ADDR="${GATEWAY_DYUPS/http:/https:}" CONSUL_CACERT="$E2E_DIR/fifo" run -75 timeout 30 swk-apply --resync --timeout 1
	[[ "$output" == *"swk-apply: error: the run hung until 10 s after --timeout, and was ended"* ]]
	CONSUL_HTTP_ADDR="${GATEWAY_DYUPS/http:/https:}" CONSUL_CACERT="$E2E_DIR/fifo" run -0 timeout 30 swk-apply --resync --timeout 1 --consul-watch
	CONSUL_HTTP_ADDR="${GATEWAY_DYUPS/http:/https:}" CONSUL_CACERT="$E2E_DIR/fifo" run -75 timeout 20 swk resync --timeout 1
	lock_is_free
}
