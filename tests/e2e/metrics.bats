#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# The file of metrics after successful and failed runs, and the alert rules and the dashboard that use it.

load e2e

eval "e2e_$(declare -f setup)"

setup() {
	# These tests do not depend on when workers learn of a change, so a short time saves waiting.
	GATEWAY_READ_TIMEOUT=100ms e2e_setup
	mkdir "$E2E_DIR/metrics"
	export SWK_READ_INTERVAL=0 SWK_METRICS_FILE="$E2E_DIR/metrics/swk.prom"
}

# metric SAMPLE - prints the value of the sample, or nothing if there is none.
metric() {
	awk -v sample="$1" '$1 == sample { print $2 }' "$SWK_METRICS_FILE"
}

# are SAMPLE=VALUE... - whether the samples have these values.
are() {
	local each

	for each in "$@"; do
		[[ "$(metric "${each%=*}")" == "${each##*=}" ]] || {
			echo "${each%=*} is $(metric "${each%=*}"), not ${each##*=}" >&2
			return 1
		}
	done
}

# in_order - whether Prometheus accepts the file, and no other file is in its folder.
in_order() {
	promtool check metrics <"$SWK_METRICS_FILE" && [[ "$(ls -A "$E2E_DIR/metrics")" == swk.prom ]]
}

document() {
	jq -nc '[$ARGS.positional[] | {Node: {}, Service: {Service: "web", ID: ., Address: ., Port: 80, Tags: []}, Checks: []}]' --args -- "$@"
}

@test "metrics after a full run and an event" {
	before=$(date +%s)
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register web web-2 10.0.0.2 80
	consul_register api api-1 10.0.1.1 80
	swk-apply --resync
	in_order
	[ "$(stat -c %a "$SWK_METRICS_FILE")" == 644 ]
	are swk_exit_status=0 swk_upstreams=2 swk_servers=3 swk_upstreams_kept=0 swk_registrations_skipped=0 \
		'swk_upstream_healthy_ratio{upstream="web"}=1' 'swk_upstream_healthy_ratio{upstream="api"}=1' \
		"swk_pending_upstreams{target=\"$GATEWAY_DYUPS\"}=0" 'swk_events_total{kind="resync"}=1' 'swk_events_total{kind="checks"}=0'
	last=$(metric swk_last_attempt_timestamp_seconds)
	[ "$(metric swk_last_success_timestamp_seconds) $(metric swk_last_pass_timestamp_seconds)" == "$last $last" ]
	[ "${last%.*}" -ge "$before" ]
	[ "$(grep -c '^swk_step_duration_seconds{' "$SWK_METRICS_FILE")" == 9 ]
	# The time for Consul's answers is never 0.
	[[ "$(metric 'swk_step_duration_seconds{step="consul"}')" =~ [1-9] ]]
	grep -q "^swk_build_info{version=\"$(swk-apply --version | cut -d ' ' -f 2)\"} 1$" "$SWK_METRICS_FILE"

	consul_check web-2 critical
	consul_api GET /v1/health/service/web | swk-apply --service web
	in_order
	are swk_servers=2 'swk_upstream_healthy_ratio{upstream="web"}=0.5' 'swk_upstream_healthy_ratio{upstream="api"}=1' \
		'swk_events_total{kind="service"}=1' 'swk_events_total{kind="resync"}=1' "swk_last_pass_timestamp_seconds=$last"
}

@test "a failure changes the time of the last attempt and the status, and keeps all other values" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	success=$(metric swk_last_success_timestamp_seconds)
	# failed STATUS - whether the metrics are right after a run with this status.
	failed() {
		in_order && are "swk_exit_status=$1" "swk_last_success_timestamp_seconds=$success" \
			"swk_last_pass_timestamp_seconds=$success" swk_upstreams=1 swk_servers=1 \
			'swk_upstream_healthy_ratio{upstream="web"}=1' "swk_pending_upstreams{target=\"$GATEWAY_DYUPS\"}=0" &&
			[[ "$(metric swk_last_attempt_timestamp_seconds)" > "$attempt" ]] || return 1
		attempt=$(metric swk_last_attempt_timestamp_seconds)
	}
	attempt=$success
	run -65 swk-apply <<<'{'
	failed 65
	run -64 swk-apply --keepalive x <<<'[]'
	failed 64
	run -78 swk-apply --config "$E2E_DIR/none.json" <<<'[]'
	failed 78
	run -73 swk-apply --conf "$E2E_DIR/none/conf" <<<"$(document 10.0.0.1)"
	failed 73
	are 'swk_events_failed_total{kind="unknown"}=3' 'swk_events_failed_total{kind="service"}=1'
	consul_stop
	export CONSUL_HTTP_ADDR=127.0.0.1:1
	run -69 swk-apply --resync
	failed 69
	are 'swk_events_failed_total{kind="resync"}=1' 'swk_events_total{kind="resync"}=2'
}

@test "if the very first run fails, the file has only what is known" {
	run -65 swk-apply <<<'{'
	in_order
	are swk_exit_status=65 'swk_events_total{kind="unknown"}=1'
	run ! grep -q -e success -e swk_upstreams -e swk_pending "$SWK_METRICS_FILE"
}

@test "swk_pending_upstreams shows what a target that is down misses, and disappears with the target" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	# settings URL... - writes settings with targets at these URLs, called t0, t1 and so on.
	settings() {
		jq -n --arg conf "$E2E_CONF" --arg file "$E2E_DIR/metrics/swk.prom" '{conf: $conf, read_interval: 0, metrics_file: $file,
			targets: $ARGS.positional | to_entries | map({url: .value, name: "t\(.key)"})}' --args "$@" >"$SWK_CONFIG"
	}
	E2E_CONF=$SWK_CONF
	unset SWK_CONF SWK_DYUPS
	settings "$GATEWAY_DYUPS" "http://127.0.0.1:$(free_port)"
	run -75 env -u SWK_METRICS_FILE swk-apply --resync
	in_order
	are swk_exit_status=75 'swk_pending_upstreams{target="t0"}=0' 'swk_pending_upstreams{target="t1"}=1' \
		'swk_events_failed_total{kind="resync"}=1'
	run ! grep -q last_success "$SWK_METRICS_FILE"
	# The run had Consul's complete answer, although nginx failed.
	[ -n "$(metric swk_last_pass_timestamp_seconds)" ]
	# Now only the first target is configured.
	settings "$GATEWAY_DYUPS/"
	env -u SWK_METRICS_FILE swk-apply --resync
	in_order
	are swk_exit_status=0 'swk_pending_upstreams{target="t0"}=0'
	[ -z "$(metric 'swk_pending_upstreams{target="t1"}')" ]
}

@test "kept upstreams and skipped registrations of the last complete run; an upstream without a healthy instance has ratio 0" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register api api-1 10.0.1.1 80
	swk-apply --resync
	consul_check web-1 critical
	consul_register api api-2 backend.example 80
	swk-apply --resync
	are swk_exit_status=0 swk_upstreams=2 swk_upstreams_kept=1 swk_registrations_skipped=1 \
		'swk_upstream_healthy_ratio{upstream="web"}=0' 'swk_upstream_healthy_ratio{upstream="api"}=0.5'
	# An event of one service does not change the totals.
	consul_api GET /v1/health/service/api | swk-apply --service api
	are swk_upstreams_kept=1 swk_registrations_skipped=1 'swk_upstream_healthy_ratio{upstream="web"}=0'
	consul_check web-1 passing
	consul_deregister api-2
	swk-apply --resync
	are swk_upstreams_kept=0 swk_registrations_skipped=0 'swk_upstream_healthy_ratio{upstream="web"}=1' \
		'swk_upstream_healthy_ratio{upstream="api"}=1'
}

# Writes a fake Consul that lists a service, and answers 500 to every other request.
write_canned() {
	cat >"$E2E_DIR/canned" <<-'END'
		#!/usr/bin/env bash
		read -r request
		case $request in
		*/catalog/services*) printf 'HTTP/1.0 200 OK\r\nX-Consul-Index: 9\r\n\r\n{"web":[]}' ;;
		*) printf 'HTTP/1.0 500 No\r\n\r\nno cluster leader' ;;
		esac
	END
	chmod 755 "$E2E_DIR/canned"
}

@test "swk_on_hold is 1 from the first run on hold until the first run after it" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	are swk_on_hold=0
	swk hold
	run -10 swk-apply --resync --log-format logfmt
	[[ "${lines[-1]}" == *' status=10 on_hold=1 '* ]]
	in_order
	are swk_on_hold=1 swk_exit_status=10
	# This run fails before it reads the hold.
	run -65 swk-apply <<<'{'
	are swk_on_hold=1
	swk resume
	swk-apply --resync
	are swk_on_hold=0 swk_exit_status=0
	# A run that stops at min_services also reads the hold.
	swk hold
	run -10 swk-apply --resync --min-services 5
	are swk_on_hold=1
	rm "$SWK_CONF.hold"
	run -10 swk-apply --resync --min-services 5
	are swk_on_hold=0
}

@test "a full run with an unavailable service does not count as a complete run" {
	swk-apply <<<"$(document 10.0.0.1)"
	port=$(free_port)
	write_canned
	socat "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" "EXEC:$E2E_DIR/canned" 3>&- &
	listener=$!
	wait_until "$E2E_PATIENCE" curl -s -o /dev/null "http://127.0.0.1:$port/v1/catalog/services"
	CONSUL_HTTP_ADDR="127.0.0.1:$port" run -69 swk-apply --resync
	kill "$listener"
	[[ "$output" == *'could not be asked about service web'* ]]
	are swk_exit_status=69 swk_upstreams=1 'swk_upstream_healthy_ratio{upstream="web"}=1'
	run ! grep -q last_pass "$SWK_METRICS_FILE"
}

@test "FILE.checks has no health ratios: the first checks event with metrics asks about all services, once" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register web web-2 10.0.0.2 80
	consul_check web-2 critical
	SWK_METRICS_FILE='' swk-apply --resync
	consul_api GET /v1/health/state/any >"$E2E_DIR/checks"
	run -0 env SWK_METRICS_FILE='' swk-apply --verbose <"$E2E_DIR/checks"
	[[ "$output" == *'Consul is not asked about 1 of 1 services'* ]]
	# The first run with metrics knows only another service.
	swk-apply --service other <<<'[]'
	[ -z "$(metric 'swk_upstream_healthy_ratio{upstream="web"}')" ]
	run -0 swk-apply --verbose <"$E2E_DIR/checks"
	[[ "$output" != *'not asked about'* ]]
	are 'swk_upstream_healthy_ratio{upstream="web"}=0.5'
	run -0 swk-apply --verbose <"$E2E_DIR/checks"
	[[ "$output" == *'Consul is not asked about 1 of 1 services'* ]]
	are 'swk_upstream_healthy_ratio{upstream="web"}=0.5' 'swk_events_total{kind="checks"}=2'
}

@test "without the option, or in a dry run, no file is written" {
	SWK_METRICS_FILE='' swk-apply <<<"$(document 10.0.0.1)"
	swk-apply --dry-run <<<"$(document 10.0.0.2)"
	[ -z "$(ls -A "$E2E_DIR/metrics")" ]
}

@test "many concurrent runs: each is counted, and a reader sees only complete files" {
	swk-apply <<<"$(document 10.0.0.1)"
	document 10.0.0.1 >"$E2E_DIR/document"
	pids=()
	for _ in {1..20}; do
		swk-apply <"$E2E_DIR/document" >/dev/null 2>"$E2E_DIR/said" 3>&- &
		pids+=($!)
	done
	for _ in {1..10}; do
		promtool check metrics <"$SWK_METRICS_FILE"
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	in_order
	are 'swk_events_total{kind="service"}=21' 'swk_events_failed_total{kind="service"}=0'
}

# warned ADDRESS TEXT - whether a run applied this address, ended with 0, and warned that the metrics are not written.
warned() {
	run -0 --separate-stderr swk-apply <<<"$(document "$1")"
	# shellcheck disable=SC2154 # `run` sets it
	[[ "$(servers web)" == "$1:80" && "$output" == services=1* && "$stderr" == "swk-apply: warning: $2"*'the metrics were not written'* ]]
}

@test "if the file can't be written, there is a warning and the status stays 0; a link is not followed" {
	rmdir "$E2E_DIR/metrics"
	warned 10.0.0.1 "$E2E_DIR/metrics/: "
	mkdir -p "$SWK_METRICS_FILE"
	warned 10.0.0.2 "$SWK_METRICS_FILE: cannot be replaced"
	[ "$(ls -A "$E2E_DIR/metrics")" == swk.prom ]
	rmdir "$SWK_METRICS_FILE"
	# Another process has locked the folder.
	flock --no-fork "$E2E_DIR/metrics" sleep 60 3>&- &
	holder=$!
	wait_until "$E2E_PATIENCE" sh -c "! flock -n '$E2E_DIR/metrics' true"
	warned 10.0.0.3 "$E2E_DIR/metrics/: another run held the lock"
	[ -z "$(ls -A "$E2E_DIR/metrics")" ]
	kill "$holder"
	wait "$holder" || true

	# A link: its target is neither read nor written.
	printf 'swk_events_total{kind="service"} 1000\n' >"$E2E_DIR/elsewhere"
	cp "$E2E_DIR/elsewhere" "$E2E_DIR/before"
	chmod 600 "$E2E_DIR/elsewhere"
	ln -s ../elsewhere "$SWK_METRICS_FILE"
	ln -s ../elsewhere "$E2E_DIR/metrics/.swk.prom.tmp"
	swk-apply <<<"$(document 10.0.0.4)"
	[ ! -L "$SWK_METRICS_FILE" ]
	cmp "$E2E_DIR/elsewhere" "$E2E_DIR/before"
	in_order
	[ "$(stat -c %a "$SWK_METRICS_FILE")" == 644 ]
	are 'swk_events_total{kind="service"}=1'

	# An invalid file is replaced, and the counts start again.
	head -c 100000 /dev/urandom >"$SWK_METRICS_FILE"
	swk-apply <<<"$(document 10.0.0.4)"
	in_order
	are 'swk_events_total{kind="service"}=1'
	run -64 swk-apply --metrics-file "$E2E_DIR/metrics/swk.txt" <<<'[]'
	[[ "$output" == *"--metrics-file: "*"path that ends in .prom"* ]]
}

# ---- alert rules and dashboard ----

# known_names - whether every name of a metric on standard input exists.
known_names() {
	local name count=0

	while read -r name; do
		grep -q "^# TYPE $name " "$SWK_METRICS_FILE" || {
			echo "there is no metric $name" >&2
			return 1
		}
		count=$((count + 1))
	done < <(grep -oE '\bswk_[a-z_]+' | sort -u)
	((count > 4))
}

@test "the alert rules are valid, and each has a test in which it fires" {
	promtool check rules "$E2E_ROOT/contrib/prometheus/swk.rules.yml"
	promtool test rules "$E2E_ROOT/contrib/prometheus/swk.rules.test.yml"
	# Each alert has a test in which it fires.
	sed -n 's/^ *- alert: //p' "$E2E_ROOT/contrib/prometheus/swk.rules.yml" >"$E2E_DIR/alerts"
	[ "$(wc -l <"$E2E_DIR/alerts")" -ge 5 ]
	while read -r alert; do
		grep -A1 "^ *alertname: $alert$" "$E2E_ROOT/contrib/prometheus/swk.rules.test.yml" | grep -q 'exp_alerts:$'
	done <"$E2E_DIR/alerts"
}

@test "the rules and the dashboard use only metrics that exist" {
	dashboard="$E2E_ROOT/contrib/grafana/swk-apply.json"
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	grep -v '^ *#' "$E2E_ROOT/contrib/prometheus/swk.rules.yml" | known_names
	jq -er '.panels[].targets[].expr, .templating.list[].definition // empty' "$dashboard" >"$E2E_DIR/asked"
	known_names <"$E2E_DIR/asked"
	# Prometheus accepts each expression, after Grafana's variables are replaced.
	# shellcheck disable=SC2016 # Grafana's variables
	jq -er '.panels[].targets[].expr' "$dashboard" | sed 's/\$__rate_interval/5m/g; s/\$instance/.*/g' |
		jq -Rn '{groups: [{name: "dashboard", rules: [inputs | {expr: .}] | to_entries | map(.value + {record: "r\(.key)"})}]}' \
			>"$E2E_DIR/asked.yml"
	[ "$(jq '.groups[0].rules | length' "$E2E_DIR/asked.yml")" -ge 12 ]
	promtool check rules "$E2E_DIR/asked.yml"
	# Each panel has its own place and id, and a title.
	jq -e '(.panels | map(.id) | unique | length) == (.panels | length)
		and (.panels | map(.gridPos | [.x, .y]) | unique | length) == (.panels | length) and all(.panels[]; .title != "")' "$dashboard"
}
