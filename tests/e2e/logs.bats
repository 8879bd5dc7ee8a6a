#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# Messages for programs: one line each, the summary of the run last. How they appear in an agent's log and in the journal.

load e2e

# Prints a document in which every second instance is invalid and has text that breaks parsers.
odd_document() {
	jq -nc --argjson count "$1" '[range($count) | {Node: {Node: "n"}, Checks: [], Service: {Service: "web", ID: "id \(.)",
		Address: (if . % 2 == 0 then "10.0.0.\(. / 2 % 250 + 1)" else "a=\"b\\c\u001b[31m\u007f\n\u00e9{" end), Port: 80, Tags: []}}]'
}

# messages FORMAT WORD... - runs swk-apply with $E2E_DIR/document, and writes its standard error to $E2E_DIR/said.
messages() {
	swk-apply --log-format "$@" <"$E2E_DIR/document" >"$E2E_DIR/out" 2>"$E2E_DIR/said"
}

# field NAME - prints the value of a field of logfmt, if no value before it has spaces.
field() {
	grep -oE "(^| )$1=[^ ]*" | cut -d = -f 2
}

@test "JSON: every line is an object, the last one the summary of the run" {
	odd_document 8 >"$E2E_DIR/document"
	messages json
	[ ! -s "$E2E_DIR/out" ]
	jq -es 'length == 5' "$E2E_DIR/said"
	jq -es 'all(.[]; (.ts | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$")))' "$E2E_DIR/said"
	jq -es '.[:4] | all(.[]; .level == "warn" and keys == ["level", "msg", "ts"])' "$E2E_DIR/said"
	# As in text messages, all bytes except printable ASCII are escaped.
	jq -es '.[0].msg | contains("a=\"b\\c\\x1b[31m\\x7f\\x0a\\xc3\\xa9{")' "$E2E_DIR/said"
	jq -es '.[4] | .duration_ms >= 0 and (del(.ts, .duration_ms) == {level: "info", msg: "in step", event: "service",
		service: "web", status: 0, added: 1, removed: 0, changed: 0, upstreams: 1, servers: 4, kept: 0, skipped: 4,
		updated: 1, deleted: 0, pending: 0, targets: 1})' "$E2E_DIR/said"
}

@test "logfmt: the same lines as JSON; with text, the summary goes to standard output" {
	odd_document 4 >"$E2E_DIR/document"
	messages logfmt
	[ ! -s "$E2E_DIR/out" ]
	[ "$(wc -l <"$E2E_DIR/said")" == 3 ]
	[ "$(grep -c '^ts=[^ ]* level=warn msg="service .web.: instance .*"$' "$E2E_DIR/said")" == 2 ]
	tail -n 1 "$E2E_DIR/said" | sed -E 's/^ts=[^ ]* //; s/=[0-9]+$/=N/' >"$E2E_DIR/line"
	[ "$(<"$E2E_DIR/line")" == 'level=info msg="in step" event=service service=web status=0 added=1 removed=0 changed=0 upstreams=1 servers=2 kept=0 skipped=2 updated=1 deleted=0 pending=0 targets=1 duration_ms=N' ]
	messages text
	grep -q '^services=1 upstreams=1 servers=2 updated=0 ' "$E2E_DIR/out"
	[ "$(grep -c '^swk-apply: warning: ' "$E2E_DIR/said")" == 2 ]
	[ "$(wc -l <"$E2E_DIR/said")" == 2 ]
}

@test "the summary of a failed run has the error; --quiet prints it, and nothing for a successful run" {
	odd_document 2 >"$E2E_DIR/document"
	messages json --quiet
	[ ! -s "$E2E_DIR/said" ]
	echo '[{' >"$E2E_DIR/document"
	run -65 messages json --quiet
	jq -es 'length == 1 and (.[0] | .level == "error" and .msg == "failed" and .status == 65 and .event == "unknown"
		and (.error | endswith("; nothing was changed")) and (has("upstreams") | not))' "$E2E_DIR/said"
	# Runs that fail before they start: a wrong option, variable or settings file.
	run -64 messages json --keepalive x
	jq -es 'length == 1 and .[0].error == "--keepalive: '\''x'\'' is not a number from 0 to 65535"' "$E2E_DIR/said"
	echo '{"log_format": "json", "timeout": 0}' >"$SWK_CONFIG"
	run -78 swk-apply <"$E2E_DIR/document"
	jq -e '.status == 78' <<<"$output"
	# The format applies to the message about any error, wherever the format is set.
	for each in --bogus -Z word --keepalive=x; do
		run -64 swk-apply "$each" --log-format json --metrics-file "$E2E_DIR/m.prom" <"$E2E_DIR/document"
		jq -es 'length == 1 and .[0].status == 64' <<<"$output"
		grep -qx 'swk_exit_status 64' "$E2E_DIR/m.prom"
		rm "$E2E_DIR/m.prom"
		SWK_TIMEOUT=abc SWK_LOG_FORMAT=json SWK_METRICS_FILE="$E2E_DIR/m.prom" run -64 swk-apply "$each" <"$E2E_DIR/document"
		jq -es 'length == 1 and .[0].status == 64' <<<"$output"
		grep -qx 'swk_exit_status 64' "$E2E_DIR/m.prom"
		rm "$E2E_DIR/m.prom"
		run -64 swk-apply "$each" <"$E2E_DIR/document"
		jq -es 'length == 1 and .[0].status == 64' <<<"$output"
	done
	SWK_TIMEOUT=abc run -0 swk-apply --help
	run -64 swk-apply --log-format xml <"$E2E_DIR/document"
	[[ "$output" == *"--log-format: 'xml' is not text, logfmt or json"* ]]
}

@test "the field event has the kind of the watch" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	SWK_LOG_FORMAT=logfmt swk-apply --resync 2>"$E2E_DIR/said"
	[ "$(field event <"$E2E_DIR/said")" == resync ]
	[ "$(field index <"$E2E_DIR/said")" -gt 0 ]
	for each in services:/v1/catalog/services checks:/v1/health/state/any service:/v1/health/service/web; do
		consul_api GET "${each#*:}" >"$E2E_DIR/document"
		messages logfmt
		[ "$(field event <"$E2E_DIR/said")" == "${each%%:*}" ]
	done
	[ "$(field service <"$E2E_DIR/said")" == web ]
	echo '[]' >"$E2E_DIR/document"
	messages logfmt --service api
	[ "$(field event <"$E2E_DIR/said") $(field service <"$E2E_DIR/said")" == 'service api' ]
	cp "$E2E_ROOT/Makefile" "$E2E_DIR/theirs"
	run -10 messages logfmt --service web --conf "$E2E_DIR/theirs"
	tail -n 1 "$E2E_DIR/said" | grep -q 'level=error msg="held back" event=service service=web status=10 error='
	# A dry run is not reported as in step.
	consul_api GET /v1/health/service/web >"$E2E_DIR/document"
	messages logfmt --dry-run
	tail -n 1 "$E2E_DIR/said" | grep -q 'msg="dry run"'
}

@test "a target that is down: the summary counts pending upstreams" {
	odd_document 2 >"$E2E_DIR/document"
	run -75 messages json --dyups "$GATEWAY_DYUPS" --dyups "http://127.0.0.1:$(free_port)"
	jq -es '.[-1] | .msg == "not confirmed" and .status == 75 and .targets == 2 and .pending == 1 and .updated == 1
		and (has("error") | not)' "$E2E_DIR/said"
	jq -es '.[:-1] | map(.level) | contains(["error"])' "$E2E_DIR/said"
}

agent_log_has() {
	grep -q "$1" "$CONSUL_DIR/consul.log"
}

# start_agent FORMAT - starts an agent that logs the output of handlers, with a watch of one service.
start_agent() {
	cat >"$E2E_DIR/watch.json" <<-END
		{"watches": [{"type": "service", "service": "web", "handler_type": "script", "args": ["swk-apply", "--service", "web"]}]}
	END
	SWK_LOG_FORMAT="$1" CONSUL_LOG_LEVEL=debug consul_start "$E2E_DIR/consul" "$E2E_DIR/watch.json"
}

@test "the agent's log has the complete summary" {
	start_agent json
	consul_register web web-1 10.0.0.1 80
	wait_until "$E2E_PATIENCE" agent_log_has '"added":1'
	grep '"added":1' "$CONSUL_DIR/consul.log" | grep -o '{"ts":.*}' >"$E2E_DIR/line"
	jq -e '.event == "service" and .service == "web" and .status == 0 and .index > 0' "$E2E_DIR/line"
}

@test "the agent's log has the complete summary, even if the run prints more than the agent keeps" {
	start_agent logfmt
	# About 10 KB of messages.
	for number in {1..60}; do
		jq -n --arg id "web-$number" --arg address "not-an-address-but-a-name-of-some-length-$number.example" \
			'{Node: "elsewhere", Address: "10.9.9.9", Service: {ID: $id, Service: "web", Address: $address, Port: 80}}' |
			consul_api PUT /v1/catalog/register --data-binary @- >/dev/null
	done
	wait_until "$E2E_PATIENCE" agent_log_has 'Captured 4096 of'
	consul_register web last 10.0.0.1 80
	wait_until "$E2E_PATIENCE" agent_log_has 'added=1'
	grep 'added=1' "$CONSUL_DIR/consul.log" | grep -oE 'ts=[^ ]* level=info msg=.*' | grep -E ' skipped=60 .* duration_ms=[0-9]+$'
}

# ---- the journal ----

# stream_of FILE - prints the value of JOURNAL_STREAM that makes this file look like the journal.
stream_of() {
	stat -L -c %d:%i "$1"
}

@test "if standard error is the journal, each line begins with its priority; otherwise no line does" {
	odd_document 2 >"$E2E_DIR/document"
	: >"$E2E_DIR/said"
	export JOURNAL_STREAM
	JOURNAL_STREAM=$(stream_of "$E2E_DIR/said")
	messages text
	grep -q '^<4>swk-apply: warning: service ' "$E2E_DIR/said"
	run ! grep -q '^<' "$E2E_DIR/out" # standard output has no priorities
	messages logfmt --verbose
	grep -q '^<4>ts=[^ ]* level=warn ' "$E2E_DIR/said"
	tail -n 1 "$E2E_DIR/said" | grep -q '^<6>ts=[^ ]* level=info msg="in step"'
	echo '{' >"$E2E_DIR/document"
	run -65 messages json
	grep -q '^<3>{"ts":' "$E2E_DIR/said"
	sed 's/^<3>//' "$E2E_DIR/said" | jq -e '.status == 65'
	run -64 messages text --keepalive x
	grep -q '^<3>swk-apply: error: ' "$E2E_DIR/said"
	# The variable is inherited, but standard error is another file or a pipe.
	run -65 swk-apply <"$E2E_DIR/document" 2>"$E2E_DIR/other"
	[[ "$output" != '<'* ]]
	swk-apply <"$E2E_DIR/document" 2>"$E2E_DIR/other" || true
	grep -q '^swk-apply: error: ' "$E2E_DIR/other"
	unset JOURNAL_STREAM
	run -65 messages text
	grep -q '^swk-apply: error: ' "$E2E_DIR/said"
}

@test "if the journal is a pipe, each line begins with its priority" {
	echo '{' >"$E2E_DIR/document"
	# Only the inner shell can find out which pipe it is.
	# shellcheck disable=SC2016 # the inner shell expands it
	bash -c 'export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/$$/fd/2); exec swk-apply <"$E2E_DIR/document"' 2>&1 |
		cat >"$E2E_DIR/heard"
	grep -q '^<3>swk-apply: error: ' "$E2E_DIR/heard"
}

# ---- secrets ----

@test "no message contains a token, whatever its source and the log format" {
	secret=5ec7e75e-c7e7-5ec7-e75e-c7e75ec7e75e
	consul_acl_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	good=$(consul_token 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }')
	echo "$secret" >"$E2E_DIR/token"
	echo "$good" >"$E2E_DIR/good"
	consul_api GET /v1/health/service/web >"$E2E_DIR/document"
	everything=()
	for format in text logfmt json; do
		export SWK_LOG_FORMAT="$format" SWK_METRICS_FILE="$E2E_DIR/swk.prom" SWK_VERBOSE=1
		(
			run_all() {
				"$@" swk-apply --resync --verify
				"$@" swk-apply --resync --json
				"$@" swk-apply --resync --dry-run
				"$@" swk-apply --service web <"$E2E_DIR/document"
				"$@" swk explain
				"$@" swk check-config
			}
			# Right and wrong tokens: in variables, in files, in the settings, as a password, in URLs.
			for token in "$good" "$secret"; do
				run_all env CONSUL_HTTP_TOKEN="$token"
				run_all env CONSUL_HTTP_AUTH="user:$token"
				run_all env CONSUL_HTTP_ADDR="http://user:$token@$CONSUL_HTTP_ADDR"
				run_all env CONSUL_HTTP_ADDR="http://$CONSUL_HTTP_ADDR/?token=$token"
				run_all env SWK_DYUPS="http://user:$token@127.0.0.1:18882"
				run_all env SWK_DYUPS="http://127.0.0.1:18882?token=$token"
			done
			run_all env CONSUL_HTTP_TOKEN_FILE="$E2E_DIR/good"
			run_all env SWK_TOKEN_FILE="$E2E_DIR/token"
			run_all env CONSUL_HTTP_TOKEN="$secret"$'\n'"X-Other: 1"
			jq -n --arg file "$E2E_DIR/good" '{consul: {token_file: $file}}' >"$E2E_DIR/named.json"
			run_all env SWK_CONFIG="$E2E_DIR/named.json"
			jq -n --arg token "$secret" '{consul: {token: $token}}' >"$E2E_DIR/wrong.json"
			run_all env SWK_CONFIG="$E2E_DIR/wrong.json"
			jq -n --arg token "$secret" '{consul: {address: "http://user:\($token)@127.0.0.1:8500"}}' >"$E2E_DIR/address.json"
			run_all env SWK_CONFIG="$E2E_DIR/address.json"
		) >"$E2E_DIR/everything.$format" 2>&1 || true
		everything+=("$E2E_DIR/everything.$format")
	done
	# The runs worked, and there is enough output to search.
	in_file web
	grep -q 'ACL not found' "$E2E_DIR/everything.json"
	[ "$(cat "${everything[@]}" | wc -l)" -gt 300 ]
	run ! grep -n -e "$secret" -e "$good" "${everything[@]}" "$E2E_DIR/swk.prom" "$SWK_CONF" "$SWK_CONF.state" "$SWK_CONF.checks"
}
