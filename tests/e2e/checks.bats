#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# With a document of checks, swk-apply asks Consul only about the services whose checks changed.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a shell of its own; bats sets stderr

load e2e

# ---- a catalogue of many services ----

# Nodes without an agent, because an agent would remove registrations that it doesn't know. Service sN has the instances sN-1 and
# sN-2, on node edge-K and on the next node; K is N modulo 3.
catalog() {
	local number
	local -a registrations=()

	consul_start "$E2E_DIR/consul"
	for number in 0 1 2; do
		registrations+=("$(node "edge-$number" passing)")
	done
	for ((number = 1; number <= $1; number++)); do
		registrations+=("$(instance "s$number" "s$number-1" "edge-$((number % 3))" 10.0.1.$((number % 250)))"
			"$(instance "s$number" "s$number-2" "edge-$(((number + 1) % 3))" 10.0.2.$((number % 250)))")
	done
	consul_catalog_register "${registrations[@]}"
}

# node NODE STATUS - prints the registration of a node with its own check.
node() {
	printf '{"Node": "%s", "Address": "10.9.9.9", "Check": {"CheckID": "alive", "Status": "%s"}}' "$@"
}

# instance SERVICE ID NODE ADDRESS [TAG] - prints the registration of an instance with its own passing check.
instance() {
	printf '{"Node": "%s", "Address": "10.9.9.9", "SkipNodeUpdate": true,
		"Service": {"Service": "%s", "ID": "%s", "Address": "%s", "Port": 80, "Tags": [%s]},
		"Check": {"CheckID": "check:%s", "ServiceID": "%s", "Status": "passing"}}' \
		"$3" "$1" "$2" "$4" "${5:+\"$5\"}" "$2" "$2"
}

set_node() {
	consul_catalog_register "$(node "$@")"
}

add_instance() {
	consul_catalog_register "$(instance "$@")"
}

# set_check ID NODE STATUS
set_check() {
	consul_catalog_register "$(printf '{"Node": "%s", "Address": "10.9.9.9", "SkipNodeUpdate": true,
		"Check": {"CheckID": "check:%s", "ServiceID": "%s", "Status": "%s"}}' "$2" "$1" "$1" "$3")"
}

# ---- events ----

# Starts a proxy in front of the agent that logs the requests.
count_requests() {
	local port user=''

	port="$(free_port)"
	((EUID)) || user='user root;'
	mkdir "$E2E_DIR/proxy"
	cat >"$E2E_DIR/proxy/conf" <<-CONF
		$user daemon off; worker_processes 1; pid $E2E_DIR/proxy/pid; error_log $E2E_DIR/proxy/error.log;
		events {}
		http {
			client_body_temp_path $E2E_DIR/proxy; proxy_temp_path $E2E_DIR/proxy;
			fastcgi_temp_path $E2E_DIR/proxy; uwsgi_temp_path $E2E_DIR/proxy; scgi_temp_path $E2E_DIR/proxy;
			log_format uri '\$request_uri';
			access_log $E2E_DIR/proxy/asked uri;
			server {
				listen 127.0.0.1:$port;
				location / { proxy_pass http://127.0.0.1:$CONSUL_PORT; }
			}
		}
	CONF
	PATH="$PATH:/usr/sbin" nginx -p "$E2E_DIR/proxy" -c "$E2E_DIR/proxy/conf" -e "$E2E_DIR/proxy/error.log" 3>&- &
	PROXY_PID=$!
	export CONSUL_HTTP_ADDR="127.0.0.1:$port"
	wait_until "$E2E_PATIENCE" curl -s -o /dev/null "http://$CONSUL_HTTP_ADDR/v1/status/leader"
}

teardown() {
	[[ -z "${PROXY_PID:-}" ]] || kill "$PROXY_PID"
	[[ -z "${CONSUL_PID:-}" ]] || consul_stop
	gateway_stop
}

# document PATH FILE - writes the document that a watch of this path would give, and its index to FILE.index.
document() {
	consul_api GET "$1" -D "$E2E_DIR/head" >"$2"
	sed -n 's/^X-Consul-Index: \([0-9]*\).*/\1/p' "$E2E_DIR/head" >"$2.index"
}

checks_document() {
	document /v1/health/state/any "$E2E_DIR/checks"
}

# give FILE ARGUMENT... - starts swk-apply as an agent does, with the document and its index.
give() {
	CONSUL_INDEX="$(cat "$1.index")" swk-apply "${@:2}" <"$1"
}

# checks_event ARGUMENT... - gives swk-apply the current document of checks. Sets $asked to the services that it asked Consul
# about, sorted.
checks_event() {
	local ended=0

	checks_document
	clear_asked
	give "$E2E_DIR/checks" "$@" || ended=$?
	read_asked
	return "$ended"
}

clear_asked() {
	: >"$E2E_DIR/proxy/asked"
}

# nginx logs a request after it has sent the answer, so this makes one more request and waits until the log has it.
read_asked() {
	curl -s -o /dev/null "http://$CONSUL_HTTP_ADDR/v1/status/leader?last"
	wait_until "$E2E_PATIENCE" grep -q 'leader?last' "$E2E_DIR/proxy/asked"
	asked="$(sed -n 's|^/v1/health/service/||p' "$E2E_DIR/proxy/asked" | sort | xargs)"
}

# Prints what a full run would change in the conf file. It leaves out differences in nginx, because an event run does not read
# upstreams that it doesn't send. --force makes swk-apply decode everything.
differences() {
	CONSUL_HTTP_ADDR="127.0.0.1:$CONSUL_PORT" swk-apply --resync --dry-run --quiet --force | grep -vE '^No changes$|\(http[^ ]*\)$' || true
}

# ---- one of many ----

@test "if one check of 60 services changes, swk-apply asks about one service" {
	catalog 60
	count_requests
	checks_event
	[ "$(wc -w <<<"$asked")" == 60 ]
	checks_event
	[ -z "$asked" ]
	set_check s7-1 edge-1 critical
	checks_event
	[ "$asked" == s7 ]
	[ "$(servers s7)" == 10.0.2.7:80 ]
	[ "$(grep -c '^/v1/catalog/services$' "$E2E_DIR/proxy/asked")" == 1 ]
	# And back.
	set_check s7-1 edge-1 passing
	run -0 checks_event
	[[ "$output" == services=60\ upstreams=60\ servers=120\ updated=1\ deleted=0\ kept=0\ * ]]
	checks_event
	[ -z "$asked" ]
	[ "$(servers s7 | xargs)" == '10.0.1.7:80 10.0.2.7:80' ]
	[ -z "$(differences)" ]
	in_step
}

@test "if a node's check changes, swk-apply asks about the services with an instance on that node" {
	catalog 9
	add_instance alone alone-1 edge-9 10.0.9.1
	set_node edge-9 passing
	count_requests
	checks_event
	set_node edge-9 critical
	checks_event
	[ "$asked" == alone ]
	set_node edge-9 passing
	checks_event
	set_node EDGE-0 critical
	checks_event
	# The instances of s1, s4 and s7 are on edge-1 and edge-2.
	[ "$asked" == 's2 s3 s5 s6 s8 s9' ]
	[ "$(servers s2)" == 10.0.1.2:80 ]
	[ -z "$(differences)" ]
}

@test "a change that was reverted between two documents is noticed" {
	catalog 5
	count_requests
	checks_event
	set_check s3-1 edge-0 critical
	set_check s3-1 edge-0 passing
	checks_event
	[ "$asked" == s3 ]
}

@test "swk-apply notices new and removed instances, services and nodes" {
	catalog 5
	count_requests
	checks_event
	add_instance s2 s2-3 edge-2 10.0.3.2
	checks_event
	[ "$asked" == s2 ]
	[ "$(servers s2 | wc -l)" == 3 ]
	consul_catalog_deregister '{"Node": "edge-2", "ServiceID": "s2-1"}'
	checks_event
	[ "$asked" == s2 ]
	add_instance new new-1 edge-0 10.0.4.1
	checks_event
	[ "$asked" == new ]
	in_file new
	consul_catalog_deregister '{"Node": "edge-0", "ServiceID": "new-1"}'
	checks_event
	[ -z "$asked" ]
	not_in_file new
	# A node goes with all that is on it.
	consul_catalog_deregister '{"Node": "edge-1"}'
	checks_event
	[ "$asked" == 's1 s3 s4' ]
	[ -z "$(differences)" ]
	in_step
}

# ---- FILE.checks may be lost, damaged or old ----

@test "if FILE.checks is missing, truncated, damaged or unreadable, swk-apply asks about all services" {
	local damage

	catalog 5
	count_requests
	checks_event
	cp "$SWK_CONF.checks" "$E2E_DIR/before"
	for damage in 'rm FILE' 'truncate -s 0 FILE' 'truncate -s -1 FILE' 'truncate -s -5 FILE' \
		'sed -i s/^node/mode/ FILE' 'sed -i 1s/1$/2/ FILE' 'sed -i 2s/.$/x/ FILE' 'sed -i 2s/....$/0000/ FILE' 'cp /etc/passwd FILE'; do
		cp "$E2E_DIR/before" "$SWK_CONF.checks"
		checks_event
		[ -z "$asked" ]
		set_check s3-1 edge-0 critical
		set_check s3-1 edge-0 passing
		eval "${damage//FILE/\"\$SWK_CONF.checks\"}"
		checks_event
		[ "$asked" == 's1 s2 s3 s4 s5' ] || { echo "after: $damage" && return 1; }
		cp "$SWK_CONF.checks" "$E2E_DIR/before"
	done
	rm "$SWK_CONF.checks"
	mkdir "$SWK_CONF.checks"
	run -0 --separate-stderr checks_event
	[[ "$stderr" == *"swk-apply: warning: $SWK_CONF.checks: "*"; Consul is asked about all services again"* ]]
	read_asked
	[ "$asked" == 's1 s2 s3 s4 s5' ]
	rmdir "$SWK_CONF.checks"
	checks_event
	checks_event
	[ -z "$asked" ]
}

@test "an old FILE.checks, as after a crash of the machine, does no harm" {
	catalog 5
	count_requests
	checks_event
	cp "$SWK_CONF.checks" "$E2E_DIR/before"
	set_check s3-1 edge-0 critical
	checks_event
	cp "$E2E_DIR/before" "$SWK_CONF.checks"
	checks_event
	[ "$asked" == s3 ]
	cp "$E2E_DIR/before" "$SWK_CONF.checks"
	set_check s3-1 edge-0 passing
	checks_event
	[ "$asked" == s3 ]
	[ -z "$(differences)" ]
}

@test "if the conf file or the state file was changed or lost, swk-apply asks about the services concerned" {
	catalog 5
	count_requests
	checks_event
	# Like a run that was killed before it recorded anything else.
	sed -i '/10\.0\.1\.4:80/d' "$SWK_CONF"
	checks_event
	[ "$asked" == s4 ]
	[ "$(servers s4 | wc -l)" == 2 ]
	sed -i '/^index [0-9]* s2$/d' "$SWK_CONF.state"
	checks_event
	[ "$asked" == s2 ]
	# To find the service of this upstream, swk-apply needs the answers about all services.
	sed -i '/^# service s5$/d' "$SWK_CONF"
	checks_event
	[ "$asked" == 's1 s2 s3 s4 s5' ]
	rm "$SWK_CONF"
	run -10 checks_event
	rm "$SWK_CONF.state"
	checks_event --adopt
	[ "$asked" == 's1 s2 s3 s4 s5' ]
	[ -z "$(differences)" ]
}

@test "after a service event, the next checks event asks about that service again" {
	catalog 5
	count_requests
	checks_event
	checks_document
	cp "$E2E_DIR/checks" "$E2E_DIR/old"
	cp "$E2E_DIR/checks.index" "$E2E_DIR/old.index"
	cp "$SWK_CONF.checks" "$E2E_DIR/before"
	set_check s3-1 edge-0 critical
	document /v1/health/service/s3 "$E2E_DIR/s3"
	give "$E2E_DIR/s3" --service s3
	[ "$(servers s3)" == 10.0.2.3:80 ]
	# An event of one service does not write FILE.checks.
	cmp "$SWK_CONF.checks" "$E2E_DIR/before"
	# The old document arrives late. FILE.checks has the same checks, but the conf file no longer has the result of them.
	clear_asked
	give "$E2E_DIR/old"
	read_asked
	[ "$asked" == s3 ]
	[ "$(servers s3)" == 10.0.2.3:80 ]
	# The same with a snapshot, which swk-apply applies without asking Consul.
	jq 'map(select(.Service.ID == "s4-1"))' <(consul_api GET /v1/health/service/s4) | swk-apply
	[ "$(servers s4)" == 10.0.1.4:80 ]
	checks_event
	[ "$asked" == s4 ]
	[ -z "$(differences)" ]
}

@test "an old document does not restore an old state" {
	catalog 5
	count_requests
	checks_event
	checks_document
	cp "$E2E_DIR/checks" "$E2E_DIR/old"
	cp "$E2E_DIR/checks.index" "$E2E_DIR/old.index"
	set_check s3-1 edge-0 critical
	checks_event
	clear_asked
	give "$E2E_DIR/old"
	read_asked
	[ "$asked" == s3 ]
	[ "$(servers s3)" == 10.0.2.3:80 ]
	checks_event
	[ -z "$asked" ]
}

@test "after a change of settings, Consul address or token, swk-apply asks about all services" {
	catalog 4
	count_requests
	checks_event
	checks_event --keepalive 7
	[ "$asked" == 's1 s2 s3 s4' ]
	checks_event --keepalive 7
	[ -z "$asked" ]
	checks_event
	[ "$asked" == 's1 s2 s3 s4' ]
	echo '{"exclude": ["x"]}' >"$SWK_CONFIG"
	checks_event
	[ "$asked" == 's1 s2 s3 s4' ]
	CONSUL_HTTP_TOKEN=00000000-0000-0000-0000-000000000001 checks_event
	[ "$asked" == 's1 s2 s3 s4' ]
	CONSUL_HTTP_TOKEN=00000000-0000-0000-0000-000000000001 checks_event
	[ -z "$asked" ]
	CONSUL_HTTP_TOKEN=00000000-0000-0000-0000-000000000002 checks_event
	[ "$asked" == 's1 s2 s3 s4' ]
	CONSUL_HTTP_ADDR="localhost:${CONSUL_HTTP_ADDR##*:}" checks_event
	[ "$asked" == 's1 s2 s3 s4' ]
	# These options do not affect decisions, so FILE.checks stays valid.
	checks_event
	checks_event --verify --json --verbose
	[ -z "$asked" ]
	# The file has only a 16-bit hash of the token.
	run ! grep -q 0000-0000 "$SWK_CONF.checks"
}

@test "--force, --adopt and swk explain ask about all services; a dry run does not" {
	catalog 4
	count_requests
	checks_event
	checks_document
	for arguments in --force --adopt; do
		checks_event "$arguments"
		[ "$asked" == 's1 s2 s3 s4' ]
	done
	clear_asked
	swk explain <"$E2E_DIR/checks" >"$E2E_DIR/why"
	read_asked
	[ "$asked" == 's1 s2 s3 s4' ]
	grep -q s3-1 "$E2E_DIR/why"
	# A dry run uses FILE.checks, and does not change it.
	set_check s3-1 edge-0 critical
	cp "$SWK_CONF.checks" "$E2E_DIR/before"
	run -0 checks_event --dry-run
	[ "$output" == '~ s3: -10.0.1.3:80' ]
	run -0 checks_event --dry-run --json
	[ "$(jq -c '[.services, .upstreams, .servers]' <<<"$output")" == '[4,4,7]' ]
	read_asked
	[ "$asked" == s3 ]
	cmp "$SWK_CONF.checks" "$E2E_DIR/before"
}

@test "a resync asks about all services, and records their checks" {
	catalog 4
	count_requests
	swk-apply --resync
	checks_event
	[ -z "$asked" ]
	clear_asked
	swk-apply --resync
	read_asked
	[ "$asked" == 's1 s2 s3 s4' ]
}

@test "if Consul does not answer, the next event asks again" {
	catalog 4
	count_requests
	checks_event
	set_check s3-1 edge-0 critical
	checks_document
	CONSUL_HTTP_ADDR=127.0.0.1:1 run -69 give "$E2E_DIR/checks"
	[ "$(servers s3 | wc -l)" == 2 ]
	checks_event
	[ "$asked" == s3 ]
	[ "$(servers s3)" == 10.0.2.3:80 ]
}

@test "a checks watch on a real agent, with services on the agent's own node" {
	cat >"$E2E_DIR/watch.json" <<-END
		{"watches": [{"type": "checks", "handler_type": "script", "args": ["sh", "-c",
			"CONSUL_HTTP_ADDR=\$(cat $E2E_DIR/address) swk-apply"]}]}
	END
	echo 127.0.0.1:1 >"$E2E_DIR/address"
	consul_start "$E2E_DIR/consul" "$E2E_DIR/watch.json"
	count_requests
	echo "$CONSUL_HTTP_ADDR" >"$E2E_DIR/address"
	for name in a b c d e f; do
		consul_register "$name" "$name-1" 10.0.0.1 80
		consul_register "$name" "$name-2" 10.0.0.2 80
	done
	wait_until "$E2E_PATIENCE" two_servers f
	swk-apply --resync
	clear_asked
	consul_check d-1 critical
	wait_until "$E2E_PATIENCE" one_server d
	consul_check d-1 passing
	wait_until "$E2E_PATIENCE" two_servers d
	consul_maintenance e-2 on
	wait_until "$E2E_PATIENCE" one_server e
	read_asked
	# One run may already apply the change that starts the next.
	[[ "$asked" == d*e && ! "$asked" =~ [abcf] ]]
	[ -z "$(differences)" ]
}

one_server() {
	[ "$(servers "$1" | wc -l)" == 1 ]
}

two_servers() {
	[ "$(servers "$1" | wc -l)" == 2 ]
}

# ---- random changes ----

# anything - makes a random change: some are visible in the document of checks, some in no document.
anything() {
	local number=$((1 + RANDOM % services)) status=(passing passing warning critical)
	local name=s$number node=edge-$((number % 3))

	case $((RANDOM % 16)) in
	0 | 1 | 2 | 3 | 4) set_check "$name-1" "$node" "${status[RANDOM % 4]}" 2>/dev/null || true ;;
	5 | 6) set_node "edge-$((RANDOM % 3))" "${status[RANDOM % 4]}" ;;
	7) add_instance "$name" "$name-1" "$node" 10.0.1.$number ;;
	8) add_instance "$name" "$name-3" edge-0 10.0.3.$number "gray=$((RANDOM % 2))" && set_check "$name-3" edge-0 "${status[RANDOM % 4]}" ;;
	9) consul_catalog_deregister "{\"Node\": \"$node\", \"ServiceID\": \"$name-1\"}" ;;
	10) consul_catalog_deregister "{\"Node\": \"edge-0\", \"ServiceID\": \"$name-3\"}" ;;
	11) rm -f "$SWK_CONF.checks" ;;
	12) cp "$E2E_DIR/once" "$SWK_CONF.checks" ;;
	13) sed -i '0,/:80 /s//:81 /' "$SWK_CONF" ;;
	14) consul_api GET "/v1/health/service/$name" | swk-apply --service "$name" ;;
	15) give "$E2E_DIR/before" ;;
	esac >>"$E2E_DIR/log" 2>&1
}

@test "after random changes, every checks event applies all differences" {
	local round each all=0 rounds=${CHECKS_ROUNDS:-60}
	services=8

	RANDOM=${SWK_SEED:-1}
	catalog "$services"
	count_requests
	export SWK_MAX_DELETIONS=100
	checks_event >/dev/null
	cp "$SWK_CONF.checks" "$E2E_DIR/once"
	for ((round = 1; round <= rounds; round++)); do
		cp "$E2E_DIR/checks" "$E2E_DIR/before"
		cp "$E2E_DIR/checks.index" "$E2E_DIR/before.index"
		((RANDOM % 8)) || cp "$SWK_CONF.checks" "$E2E_DIR/once"
		for ((each = RANDOM % 4; each >= 0; each--)); do
			anything
		done
		checks_event >>"$E2E_DIR/log" 2>&1
		all=$((all + $(wc -w <<<"$asked")))
		[ -z "$(differences 2>&1)" ] || {
			echo "round $round of seed ${SWK_SEED:-1}:" && differences && return 1
		}
	done
	echo "# asked about $all of $((rounds * services)) services" >&3
	((all * 4 < rounds * services * 3))
}

# another_registration - makes a random change that no document of checks shows: an address, a port, a tag or a weight.
another_registration() {
	local number=$((1 + RANDOM % services))

	consul_catalog_register "$(jq -n --arg name "s$number" --arg node "edge-$((number % 3))" --argjson chance "$RANDOM" \
		'{Node: $node, Address: "10.9.9.9", SkipNodeUpdate: true,
		Service: {Service: $name, ID: ($name + "-1"), Address: "10.0.1.\($chance % 4 + 1)", Port: ($chance % 3 + 80),
			Tags: ([["gray=a"], [], ["nginx:weight=\($chance % 5 + 1)"]][$chance % 3])}}')"
}

@test "after random registrations, a resync applies all differences" {
	local round each
	services=6

	RANDOM=${SWK_SEED:-1}
	catalog "$services"
	count_requests
	export SWK_MAX_DELETIONS=100 SWK_VERIFY=no
	document /v1/health/state/any "$E2E_DIR/before"
	swk-apply --resync
	cp "$SWK_CONF.checks" "$E2E_DIR/once"
	for ((round = 1; round <= ${CHECKS_ROUNDS:-40}; round++)); do
		for ((each = RANDOM % 4; each > 0; each--)); do
			another_registration >/dev/null
			((RANDOM % 4)) || anything
		done
		[ ! -e "$SWK_CONF.checks" ] || ((RANDOM % 4)) || cp "$SWK_CONF.checks" "$E2E_DIR/once"
		swk-apply --resync >>"$E2E_DIR/log" 2>&1
		[ -z "$(differences 2>&1)" ] || {
			echo "round $round of seed ${SWK_SEED:-1}:" && differences && return 1
		}
	done
}
