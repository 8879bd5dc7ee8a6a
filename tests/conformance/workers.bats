#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The effects of the interface on several workers, and on traffic, and what reloads do. On a real Tengine: SWK_TENGINE=BINARY bats ...
#
# Tests in which a worker must not read the queue by itself set the workers' timer to a day.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=SCRIPTDIR/../lib/gateway.bash
	source "$BATS_TEST_DIRNAME/../lib/gateway.bash"
	trace_test_only
	DIR="$BATS_TEST_TMPDIR/gateway"
}

teardown() {
	gateway_stop
}

# start [VARIABLE=VALUE...] - starts the gateway and three backends that answer with their names. A, B and C are their addresses.
# UPSTREAMS is configuration that is added to the gateway's own.
start() {
	local name

	mkdir -p "$DIR"
	printf '%s\n' "${UPSTREAMS:-}" >"$DIR/extra.conf"
	for name in A B C; do
		declare -g "$name=127.0.0.1:$(free_port)"
		echo "server { listen ${!name}; location / { return 200 $name; } location /kept { return 200 \$connection; } }" \
			>>"$DIR/extra.conf"
	done
	for name in "$@" GATEWAY_EXTRA="$DIR/extra.conf"; do
		export "${name?}"
	done
	gateway_start "$DIR"
}

# write_file TEXT - writes the file that the gateway includes.
write_file() {
	mkdir -p "$DIR/conf"
	printf '%s\n' "$1" >"$DIR/conf/dyups.upstream.conf"
}

# expect EXPECTED GOT - whether both are equal; prints them if not.
expect() {
	[[ "$2" == "$1" ]] && return
	printf 'expected:\n%s\ngot:\n%s\n' "$1" "$2"
	return 1
}

# fetches NAME - sends 40 requests through an upstream, each on a new connection. Prints each body and then a line "@STATUS".
fetches() {
	curl -sS --max-time 20 -H 'Connection: close' -w '\n@%{http_code}\n' "$GATEWAY_TRAFFIC/to/$1/#[1-40]"
}

# statuses_of NAME - prints the different statuses in one line.
statuses_of() {
	fetches "$1" | sed -n 's/^@//p' | sort -u | paste -sd' '
}

# first_lines_of NAME - prints the first line of each body.
first_lines_of() {
	fetches "$1" | awk '/^@/ { first = 0; next } !first++'
}

# answers_of NAME - prints the different bodies in one line.
answers_of() {
	first_lines_of "$1" | sort -u | paste -sd' '
}

only_status() {
	[[ "$(statuses_of "$1")" == "$2" ]]
}

both_statuses() {
	[[ "$(statuses_of "$1")" == '200 502' ]]
}

# everywhere - prints /detail if all workers give the same answer. Otherwise prints all answers, and fails.
everywhere() {
	local all

	all="$(gateway_workers_detail)" || return 1
	if [[ "$(grep -c '^==' <<<"$all")" != 1 ]]; then
		printf '%s\n' "$all"
		return 1
	fi
	sed 1d <<<"$all"
}

servers() {
	printf 'server %s weight=1 max_conns=0 max_fails=1 fail_timeout=10 backup=0 down=0\n' "$@"
}

# on_one_connection [CURL-ARGUMENT...] - sends requests from lines "METHOD NAME [BODY]" over one connection, so to one worker.
# Prints "ANSWER STATUS" for each. With --parallel it uses many connections.
on_one_connection() {
	local method name body first=1

	while read -r method name body; do
		if ((first == 0)); then
			echo next
		fi
		first=0
		printf 'url = "%s/upstream/%s"\nrequest = %s\nwrite-out = " %%{http_code}\\n"\n' "$GATEWAY_DYUPS" "$name" "$method"
		if [[ -n "$body" ]]; then
			printf 'data = "%s"\n' "$body"
		fi
	done >"$DIR/requests.curl"
	curl -sS -K "$DIR/requests.curl" "$@"
}

UPDATE_NOT_SYNC='alert: update success but not sync to other process 500'
DELETE_NOT_SYNC='alert: delte success but not sync to other process 500'
LONG="server 10.0.0.1:80; #$(printf '%01000d' 0)"

posts() {
	local number

	for ((number = $1; number <= $2; number++)); do
		echo "POST u$number $LONG"
	done
}

@test "other workers see a POST only after they have read the queue" {
	start GATEWAY_READ_TIMEOUT=24h
	gateway_post web "server $A;"
	wait_until 20 both_statuses web
	everywhere # sends a request to each worker
	expect 200 "$(statuses_of web)"
}

@test "after a DELETE, other workers serve the upstream until they have read the queue" {
	start GATEWAY_READ_TIMEOUT=24h
	gateway_post web "server $A;"
	everywhere
	gateway_delete web
	wait_until 20 both_statuses web
	everywhere
	expect 502 "$(statuses_of web)"
}

@test "workers also read the queue on a timer" {
	start GATEWAY_READ_TIMEOUT=50ms
	gateway_post web "server $A;"
	wait_until 20 only_status web 200
	gateway_delete web
	wait_until 20 only_status web 502
}

@test "after concurrent POSTs, all workers have the same upstreams" {
	local number

	start GATEWAY_WORKERS=4
	for number in {1..400}; do
		echo "POST web$((number % 200)) server 10.0.0.1:$number;" # each name twice
	done | on_one_connection --parallel --parallel-max 40 >"$BATS_TEST_TMPDIR/answers"
	expect 400 "$(grep -o success "$BATS_TEST_TMPDIR/answers" | wc -l)" # the answers are not separated by newlines
	wait_until 20 everywhere
	expect 200 "$(everywhere | grep -c '^server 10.0.0.1')"
}

@test "a reload empties the queue" {
	start GATEWAY_READ_TIMEOUT=24h GATEWAY_QUEUE=64k
	posts 1 200 | on_one_connection >"$BATS_TEST_TMPDIR/answers"
	expect "$UPDATE_NOT_SYNC" "$(tail -n 1 "$BATS_TEST_TMPDIR/answers")"
	gateway_reload
	expect '' "$(everywhere)"
	expect 'success 200' "$(posts 1 20 | on_one_connection | sort -u)"
	expect 20 "$(everywhere | grep -c '^u[0-9]')"
}

@test "a full queue gives not sync, and has room again after all workers have read it" {
	start GATEWAY_READ_TIMEOUT=24h GATEWAY_QUEUE=64k
	posts 1 200 | on_one_connection >"$BATS_TEST_TMPDIR/answers"
	expect 'success 200' "$(head -n 1 "$BATS_TEST_TMPDIR/answers")"
	expect "$UPDATE_NOT_SYNC" "$(tail -n 1 "$BATS_TEST_TMPDIR/answers")"
	expect "$UPDATE_NOT_SYNC
success 200" "$(sort -u "$BATS_TEST_TMPDIR/answers")"

	# The worker that answered has all upstreams. The others have those that fitted, and never get the rest.
	for _ in 1 2; do
		gateway_workers_detail >"$BATS_TEST_TMPDIR/detail"
		expect 2 "$(grep -c '^==' "$BATS_TEST_TMPDIR/detail")"
		expect 1 "$(grep -cx u200 "$BATS_TEST_TMPDIR/detail")"
		expect 2 "$(grep -cx u1 "$BATS_TEST_TMPDIR/detail")"
	done

	expect 'success 200' "$(posts 200 200 | on_one_connection)"
	gateway_workers_detail >"$BATS_TEST_TMPDIR/detail"
	expect 2 "$(grep -cx u200 "$BATS_TEST_TMPDIR/detail")"
}

@test "GET /list on new connections flushes a full queue until every POST gets 200" {
	local number tries=0

	start GATEWAY_READ_TIMEOUT=24h GATEWAY_QUEUE=64k GATEWAY_WORKERS=4
	for ((number = 1; number <= 100; number++)); do
		until [[ "$(gateway_post "u$number" "$LONG")" == success* ]]; do
			tries=$((tries + 1))
			((tries < 1000))
			curl -sS -o /dev/null -H 'Connection: close' "$GATEWAY_DYUPS/list#[1-6]"
		done
	done
	expect 100 "$(everywhere | grep -c '^u[0-9]')"
}

@test "a body larger than the queue always gives not sync" {
	start GATEWAY_READ_TIMEOUT=24h GATEWAY_QUEUE=64k
	printf 'server 10.0.0.1:80; #%060000d' 0 >"$BATS_TEST_TMPDIR/body"
	for _ in 1 2 3; do
		expect "$UPDATE_NOT_SYNC" "$(gateway_post web "@$BATS_TEST_TMPDIR/body" | paste -sd' ')"
		gateway_workers_detail >"$BATS_TEST_TMPDIR/detail"
	done
}

@test "a DELETE with not sync, sent again, gives 404 although another worker still serves the upstream" {
	start GATEWAY_READ_TIMEOUT=24h GATEWAY_QUEUE=64k
	{
		echo 'POST victim server 10.0.0.2:80;'
		posts 1 200
		posts 1 200 | sed 's/^POST \(u[0-9]*\).*/DELETE \1/'
		echo 'DELETE victim'
		echo 'DELETE victim'
	} | on_one_connection >"$BATS_TEST_TMPDIR/answers"
	expect 'success 200' "$(head -n 1 "$BATS_TEST_TMPDIR/answers")"
	expect "$DELETE_NOT_SYNC
not found uptream 404" "$(tail -n 2 "$BATS_TEST_TMPDIR/answers")"
	gateway_workers_detail >"$BATS_TEST_TMPDIR/detail"
	expect 2 "$(grep -c '^==' "$BATS_TEST_TMPDIR/detail")"
	expect 1 "$(grep -cx victim "$BATS_TEST_TMPDIR/detail")"

	# The remedy: add it again, and delete it again.
	expect 'success 200' "$(gateway_post victim 'server 10.0.0.2:80;' | paste -sd' ')"
	gateway_workers_detail >/dev/null
	expect 'success 200' "$(gateway_delete victim | paste -sd' ')"
	gateway_workers_detail >"$BATS_TEST_TMPDIR/detail"
	run ! grep -x victim "$BATS_TEST_TMPDIR/detail"
}

@test "a body larger than client_max_body_size gives 413" {
	start GATEWAY_BODY_MAX=512
	expect 413 "$(gateway_post web "$LONG" | tail -n 1)"
	expect 204 "$(curl -sS -o /dev/null -w '%{http_code}' "$GATEWAY_DYUPS/list")"
}

@test "upstreams from files are in /detail, can be replaced and deleted, and return with a reload" {
	write_file 'upstream web { server 10.0.0.1:80 max_fails=3 fail_timeout=2s; keepalive 20; }'
	# shellcheck disable=SC2016 # the variable is nginx's
	UPSTREAMS='upstream made_by_hand { hash $uri; server 10.0.0.2:80; }' start
	expect "made_by_hand
$(servers 10.0.0.2:80)

web
server 10.0.0.1:80 weight=1 max_conns=0 max_fails=3 fail_timeout=2 backup=0 down=0" "$(everywhere)"

	gateway_post made_by_hand "server $A;"
	gateway_post added "server $A;"
	gateway_delete web
	wait_until 20 only_status made_by_hand 200
	expect "added
$(servers "$A")

made_by_hand
$(servers "$A")" "$(everywhere)"

	write_file 'upstream web { server 10.0.0.3:80; }'
	gateway_reload
	expect "made_by_hand
$(servers 10.0.0.2:80)

web
$(servers 10.0.0.3:80)" "$(everywhere)"
}

@test "the included file may appear and disappear between reloads" {
	start
	expect '' "$(everywhere)"
	write_file 'upstream web { server 10.0.0.1:80; }'
	gateway_reload
	expect "web
$(servers 10.0.0.1:80)" "$(everywhere)"
	rm "$GATEWAY_CONF"
	gateway_reload
	expect '' "$(everywhere)"
}

@test "at a reload, nginx rejects an invalid file and keeps its upstreams" {
	local text

	UPSTREAMS='upstream made_by_hand { server 10.0.0.2:80; }' start
	gateway_post web "server $A;"
	for text in 'upstream web { server 10.0.0.1:80' 'upstream web { }' 'upstream web { server 10.0.0.1:80 weight=0; }' \
		'upstream made_by_hand { server 10.0.0.1:80; }'; do
		write_file "$text"
		run gateway_reload
		[[ "$status" == 1 && "$output" == *emerg* ]]
	done
	expect "made_by_hand
$(servers 10.0.0.2:80)

web
$(servers "$A")" "$(everywhere)"
}

@test "nginx does not start with an invalid file" {
	write_file 'upstream web { server 10.0.0.1:80'
	run start
	[[ "$status" == 1 && "$output" == *emerg* ]]
}

@test "a replaced worker has the upstreams of the files" {
	write_file 'upstream web { server 10.0.0.1:80; }'
	start
	gateway_post web 'server 10.0.0.2:80;'
	gateway_post added 'server 10.0.0.3:80;'
	everywhere
	gateway_kill_worker
	gateway_workers_detail >"$BATS_TEST_TMPDIR/detail"
	expect 2 "$(grep -c '^==' "$BATS_TEST_TMPDIR/detail")"
	expect 1 "$(grep -c '^server 10.0.0.1:80' "$BATS_TEST_TMPDIR/detail")"
	expect 1 "$(grep -c '^server 10.0.0.2:80' "$BATS_TEST_TMPDIR/detail")"
	expect 1 "$(grep -cx added "$BATS_TEST_TMPDIR/detail")"

	# It receives later changes.
	gateway_post web 'server 10.0.0.4:80;'
	gateway_workers_detail >"$BATS_TEST_TMPDIR/detail"
	expect 2 "$(grep -c '^server 10.0.0.4:80' "$BATS_TEST_TMPDIR/detail")"
}

@test "traffic follows an upstream that is added, replaced and deleted" {
	start GATEWAY_READ_TIMEOUT=50ms
	expect 502 "$(statuses_of web)"
	gateway_post web "server $A;keepalive 4;"
	wait_until 20 only_status web 200
	expect A "$(answers_of web)"
	gateway_post web "server $B;"
	everywhere
	expect B "$(answers_of web)"
	gateway_delete web
	everywhere
	expect 502 "$(statuses_of web)"
}

# connections NAME - prints how many connections nginx opens for ten requests through an upstream.
connections() {
	curl -sS --max-time 20 -w '\n' "$GATEWAY_TRAFFIC/kept/$1/#[1-10]" | sort -u | wc -l
}

# since VERSION - whether this nginx is Tengine of this version or a later one.
since() {
	local server

	server=$(curl -sSI -H 'X-Observer: 1' "$GATEWAY_DYUPS/list" | tr -d '\r' | sed -n 's|^Server: Tengine/||p')
	[[ -n "$server" ]] && printf '%s\n' "$1" "$server" | sort -CV
}

@test "traffic: connections are kept as keepalive says, but since Tengine 3.2.0 not after a POST" {
	start GATEWAY_WORKERS=1
	write_file "upstream file { server $A; keepalive 4; } upstream plain { server $A; }"
	gateway_reload
	gateway_post posted "server $A;keepalive 4;"
	gateway_post plain_posted "server $A;"
	expect 1 "$(connections file)"
	if since 3.2.0; then
		expect '10 10 1' "$(connections posted) $(connections plain_posted) $(connections plain)"
		write_file "upstream none { server $A; keepalive 0; }"
		gateway_reload
		expect 10 "$(connections none)"
	else
		expect 1 "$(connections posted)"
		# The stand-in keeps all connections.
		[[ -z "$SWK_TENGINE" ]] || expect '10 10' "$(connections plain_posted) $(connections plain)"
		write_file "upstream none { server $A; keepalive 0; }"
		run ! gateway_reload
	fi
}

@test "traffic finds an upstream only under its last name, in the same case" {
	write_file 'upstream FromFile { server 10.0.0.1:80; }'
	start GATEWAY_WORKERS=1
	gateway_post FromFile "server $A;"
	gateway_post web "server $A;"
	expect '200 502 200 502' "$(statuses_of FromFile) $(statuses_of fromfile) $(statuses_of web) $(statuses_of WEB)"
	gateway_post WEB "server $A;"
	expect '502 200' "$(statuses_of web) $(statuses_of WEB)"
}

@test "traffic uses all servers except those that are down or backup" {
	start GATEWAY_WORKERS=1
	gateway_post web "server $A;server $B weight=3;server $C down;"
	expect 'A B' "$(answers_of web)"
	gateway_post web "server $A;server $B backup;"
	expect A "$(answers_of web)"
	gateway_post web "server $A down;"
	expect 502 "$(statuses_of web)"
}

@test "traffic skips a server that refuses connections, and falls back to backup servers" {
	local dead

	start GATEWAY_WORKERS=1
	dead="127.0.0.1:$(free_port)"
	gateway_post web "server $dead;server $A;server $B;"
	expect 200 "$(statuses_of web)"
	expect 'A B' "$(answers_of web)"
	gateway_post web "server $dead;server $C backup;"
	expect C "$(answers_of web)"
	gateway_post web "server $dead;"
	expect 502 "$(statuses_of web)"
}

@test "traffic is distributed by weights" {
	start GATEWAY_WORKERS=1
	gateway_post web "server $A weight=3;server $B;"
	first_lines_of web >"$BATS_TEST_TMPDIR/answers"
	expect '30 10' "$(grep -c A "$BATS_TEST_TMPDIR/answers") $(grep -c B "$BATS_TEST_TMPDIR/answers")"
}

@test "the log has each request's method, path, status and body" {
	start
	gateway_post web "server $A;"
	gateway_post bad $'wibble\n"x";'
	gateway_delete web
	gateway_fetch web
	expect "POST /upstream/web 200 server $A;
POST /upstream/bad 500 wibble\\x0A\\x22x\\x22;
DELETE /upstream/web 200 -" "$(gateway_requests)"
	gateway_requests_clear
	gateway_delete nothing
	expect 'DELETE /upstream/nothing 404 -' "$(gateway_requests)"
}
