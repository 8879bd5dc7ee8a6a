#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# Every worker ends up with the state in the conf file, whatever nginx answers meanwhile.

load ../soak/soak

# wait_for PID STATUS - whether a background process ends with this status.
wait_for() {
	local status=0

	wait "$1" || status=$?
	[ "$status" == "$2" ]
}

# ---- many upstreams ----

@test "one run brings 3,000 new upstreams to both workers" {
	large_document 3000 10 >"$E2E_DIR/document"
	swk-apply --timeout 300 <"$E2E_DIR/document"
	[ "$(grep -c '^upstream' "$SWK_CONF")" == 3000 ]
	large_in_step
	nothing_pending
}

@test "one run brings 3,000 new upstreams to four workers, although their queue is small" {
	GATEWAY_WORKERS=4 GATEWAY_QUEUE=64k gateway_replace
	large_document 3000 10 >"$E2E_DIR/document"
	swk-apply --timeout 300 <"$E2E_DIR/document"
	[ "$(grep -c '^upstream' "$SWK_CONF")" == 3000 ]
	large_in_step
	nothing_pending
	# Check that the queue was full at some time.
	gateway_requests | grep -q '^POST [^ ]* 500 '
}

# ---- errors ----

# Temporary errors.
PASSING='conflict unavailable notsync notsync-unapplied reset reset-applied late:0.3 slow:0.3'

# bats test_tags=gateway
@test "one run adds or changes an upstream in spite of each temporary error" {
	for kind in $PASSING; do
		for address in 10.0.0.1 10.0.0.2; do
			gateway_fault 2 "$kind" '^POST'
			swk-apply < <(document "$(instance "web-${kind%:*}" "$address")")
			gateway_fault
			[ "$(servers "web-${kind%:*}")" == "$address:80" ]
			in_step
			nothing_pending
		done
	done
}

# bats test_tags=gateway
@test "one run deletes an upstream in spite of each temporary error" {
	for kind in $PASSING; do
		name="web-${kind%:*}"
		swk-apply < <(document "$(instance "$name" 10.0.0.1)")
		gateway_fault 2 "$kind" '^DELETE'
		# All instances now have a colour, so the plain upstream is deleted.
		swk-apply < <(document "$(instance "$name" 10.0.0.1 gray=a)")
		gateway_fault
		not_in_file "$name"
		in_file "${name}_a"
		in_step
		nothing_pending
	done
}

# bats test_tags=gateway
@test "a deletion stays pending until it is certain on every worker" {
	swk-apply < <(document "$(instance web 10.0.0.1)")
	# Each time, the worker that answers deletes it, and the others do not learn of it.
	gateway_fault 1000 notsync '^DELETE'
	run -75 swk-apply --timeout 20 < <(document "$(instance web 10.0.0.1 gray=a)")
	[[ "$output" == *"deletion of upstream web "* ]]
	grep -qx 'pending web' "$SWK_CONF.state"
	# A 404 does not confirm the deletion either.
	gateway_fault
	gateway_delete web >/dev/null
	swk-apply --service other <<<'[]'
	gateway_requests | grep '^DELETE /upstream/web' | tail -n 1 | grep -q ' 200 '
	in_step
	nothing_pending
}

# bats test_tags=gateway
@test "if an error lasts, the run gives up in time, the change stays pending, and the next run sends it once" {
	for kind in conflict unavailable notsync-unapplied reset; do
		gateway_fault 100000 "$kind" '^POST'
		run -75 swk-apply --timeout 20 < <(document "$(instance "web-$kind" 10.0.0.1)")
		grep -qx "pending web-$kind" "$SWK_CONF.state"
		gateway_fault
		gateway_requests_clear
		swk-apply --service other <<<'[]'
		[ "$(gateway_requests | grep -c "^POST /upstream/web-$kind ")" == 1 ]
		in_step
		nothing_pending
	done
}

# Starts a run that has written the conf file and waits for an nginx that is down. $first is its process.
begin_while_down() {
	gateway_stop
	swk-apply < <(document "$(instance web 10.0.0.1)") >"$E2E_DIR/out" 2>&1 3>&- &
	first=$!
	wait_until "$E2E_PATIENCE" in_file web
}

@test "a run waits for an nginx that is down for a moment" {
	begin_while_down
	gateway_restart
	wait_for "$first" 0
	in_step
	nothing_pending
}

@test "if nginx stays down, the run ends with 75, and another run gets the lock meanwhile" {
	begin_while_down
	run -75 swk-apply --timeout 1 < <(document "$(instance api 10.0.0.2)")
	[[ "$output" != *"held the lock"* ]]
	in_file api
	wait_for "$first" 75
	gateway_restart
	swk-apply --service other <<<'[]'
	in_step
	nothing_pending
}

@test "a body larger than client_max_body_size: a message names the upstream and the directive, and other upstreams are applied" {
	GATEWAY_BODY_MAX=1k gateway_replace
	large_document 1 100 big >"$E2E_DIR/document"
	run -75 swk-apply < <(document "$(instance api 10.0.0.1)" "$(jq -c '.[]' "$E2E_DIR/document" | paste -sd,)" \
		"$(instance web 10.0.0.2)")
	echo "$output"
	[[ "$output" == *"upstream big-0 "*"client_max_body_size"* ]]
	[ "$(grep '^pending' "$SWK_CONF.state")" == 'pending big-0' ]
	[ "$(gateway_detail | grep -c '^server')" == 2 ]
}

@test "a body larger than the queue: a message names the upstream and dyups_shm_zone_size" {
	GATEWAY_QUEUE=64k gateway_replace
	large_document 1 1280 big >"$E2E_DIR/document"
	run -75 swk-apply < <(document "$(instance api 10.0.0.1)" "$(jq -c '.[]' "$E2E_DIR/document" | paste -sd,)" \
		"$(instance web 10.0.0.2)")
	echo "$output"
	[[ "$output" == *"upstream big-0 "*"dyups_shm_zone_size"* ]]
	[ "$(grep '^pending' "$SWK_CONF.state")" == 'pending big-0' ]
}

# bats test_tags=gateway
@test "if nginx used only a part of a body, swk-apply sends it again until nginx has all of it" {
	GATEWAY_BODY_BUFFER=16k gateway_replace
	line='server 10.0.0.1:1000 max_fails=3 fail_timeout=2s;' keepalive='keepalive 20;'
	# Cut after the 9th server, within the 10th, and before the first.
	for bytes in $((${#keepalive} + 9 * ${#line})) $((${#keepalive} + 9 * ${#line} + 9)) ${#keepalive}; do
		large_document 1 100 "big-$bytes" >"$E2E_DIR/document"
		gateway_fault 2 "cut:$bytes" '^POST'
		swk-apply <"$E2E_DIR/document"
		gateway_fault
		in_step
		nothing_pending
		[ "$(gateway_requests | grep -c "^POST /upstream/big-$bytes-0 ")" == 2 ]
	done
}

# bats test_tags=gateway
@test "if nginx always uses only a part of a body, a message names the upstream and the directive, and others are applied" {
	large_document 1 100 big >"$E2E_DIR/document"
	gateway_fault 1000 cut:1000 '^POST /upstream/big'
	run -75 swk-apply < <(document "$(instance api 10.0.0.1)" "$(jq -c '.[]' "$E2E_DIR/document" | paste -sd,)" \
		"$(instance web 10.0.0.2)")
	echo "$output"
	[[ "$output" == *"upstream big-0 "*"cut short"*"client_body_in_file_only clean;"* ]]
	[ "$(grep '^pending' "$SWK_CONF.state")" == 'pending big-0' ]
	gateway_fault
	swk-apply --service other <<<'[]'
	in_step
	nothing_pending
}

@test "upstreams whose bodies arrive in small pieces are complete on every worker" {
	GATEWAY_BODY_BUFFER=16k gateway_replace
	port=$(free_port)
	# Less than an Ethernet packet, so that even a small body arrives in two pieces.
	socat -b 700 "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" "TCP:${GATEWAY_DYUPS#http://},nodelay" 3>&- &
	pieces=$!
	wait_until "$E2E_PATIENCE" curl -s -o /dev/null "http://127.0.0.1:$port/list"
	for servers in 1 10 40 150 330 1000; do
		large_document 1 "$servers" "big-$servers" >"$E2E_DIR/document"
		swk-apply --dyups "http://127.0.0.1:$port" <"$E2E_DIR/document"
	done
	kill "$pieces"
	in_step
	nothing_pending
}

# bats test_tags=gateway
@test "an upstream that can't be read back stays pending, and the message does not blame its body" {
	large_document 1 100 big >"$E2E_DIR/document"
	gateway_fault 1000 unavailable '^GET /upstream/big'
	run -75 swk-apply <"$E2E_DIR/document"
	[[ "$output" == *"upstream big-0 "*"cannot be read back"* ]]
	gateway_fault
	swk-apply --service other <<<'[]'
	in_step
	nothing_pending
}

# bats test_tags=gateway
@test "an upstream that nginx never accepts does not delay the others" {
	gateway_fault 100000 reset '^POST /upstream/aaa'
	run -75 swk-apply < <(document "$(instance aaa 10.0.0.1)" "$(instance bbb 10.0.0.2)")
	gateway_fault
	[ "$(grep '^pending' "$SWK_CONF.state")" == 'pending aaa' ]
}

@test "upstreams larger than the queue do not delay the others" {
	GATEWAY_QUEUE=64k gateway_replace
	large_document 10 1280 big | jq -c '.[]' | paste -sd, >"$E2E_DIR/document"
	run -75 swk-apply --timeout 10 < <(document "$(cat "$E2E_DIR/document")" "$(instance web 10.0.0.2)")
	[ "$(grep -c '^pending big' "$SWK_CONF.state")" == 10 ]
	[ "$(grep -c '^pending' "$SWK_CONF.state")" == 10 ]
}

# ---- workers that differ: --verify and --resync ----

# bats test_tags=gateway
@test "--verify repairs a change that only the answering worker has" {
	gateway_fault 1 skew '^POST'
	swk-apply --verify < <(document "$(instance web 10.0.0.1)")
	in_step
	gateway_fault 1 skew '^DELETE'
	swk-apply --verify < <(document "$(instance web 10.0.0.1 gray=a)")
	in_step
}

# Whether the upstream was sent.
sent() {
	grep -q "^POST /upstream/$1 200" "$GATEWAY_DIR/requests.log"
}

@test "--verify repairs a worker that was replaced right after the change" {
	# The read interval leaves time to kill the worker before --verify reads.
	swk-apply --verify --read-interval 4 < <(document "$(instance web 10.0.0.1)") >"$E2E_DIR/out" 2>&1 3>&- &
	first=$!
	wait_until "$E2E_PATIENCE" sent web
	gateway_kill_worker
	wait_for "$first" 0
	in_step
}

@test "a replaced worker has the conf file from nginx's start; the next resync updates it" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	gateway_kill_worker
	run ! in_step
	swk-apply --resync
	in_step
}

# detail_reads COMMAND... - prints how often the command read /detail.
detail_reads() {
	gateway_requests_clear
	"$@" >"$E2E_DIR/out" 2>&1
	gateway_requests | grep -c '^GET /detail '
}

@test "if answers name the worker, a resync reads each of four workers" {
	GATEWAY_WORKERS=4 gateway_replace
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	# The kernel chooses the worker for a connection, so a run may miss one of them.
	for _ in 1 2 3 4 5; do
		run detail_reads swk-apply --resync
		((output < 4)) || break
	done
	((output >= 4))
	# Now one of them dies.
	gateway_kill_worker
	run ! in_step
	full_runs_bring_in_step
}

# bats test_tags=gateway
@test "a resync that reads old and new workers, because nginx reloads meanwhile, does not expect the old ones later" {
	local reading

	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	gateway_fault 1 slow:1 'GET /detail'
	swk-apply --resync 3>&- &
	reading=$!
	sleep 0.4
	gateway_reload
	wait "$reading"
	[ "$(sed -n 's/^part //p' "$SWK_CONF.state" | sort)" == "$(gateway_workers | sort)" ]
	run -0 swk-apply --resync
	in_step
}

@test "a resync that does not reach a known worker ends with 75, and a wait does not count that nginx" {
	local stopped

	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	swk-apply --resync
	[ "$(grep -c '^part ' "$SWK_CONF.state")" == 2 ]
	stopped=$(gateway_workers | head -n 1)
	kill -STOP "$stopped"
	run -75 swk-apply --resync
	[[ "$output" == *": only 1 of 2 workers answered, and the others may differ: the next full run reads them"* ]]
	run -75 swk wait web=1,1
	run swk status
		[[ "$output" == *'only 1 of 2 workers answered'* ]]
	kill -CONT "$stopped"
	swk-apply --resync
	swk wait web=1,10

	# After a reload, nothing is known of the number of workers.
	sed -i 's/^worker_processes .*/worker_processes 1;/' "$GATEWAY_DIR/nginx.conf"
	GATEWAY_WORKERS=1 gateway_reload
	swk-apply --resync
	[ "$(grep -c '^part ' "$SWK_CONF.state")" == 1 ]
}

@test "if answers do not name the worker, a resync reads twelve times" {
	GATEWAY_WORKER='""' gateway_replace
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	run detail_reads swk-apply --resync
	[ "$output" == 12 ]
	gateway_kill_worker
	run ! in_step
	full_runs_bring_in_step
}

# full_runs_bring_in_step - whether at most five full runs make all workers match the conf file. Which workers a run reads is chance.
full_runs_bring_in_step() {
	local _

	for _ in 1 2 3 4 5; do
		swk-apply --resync || true
		! in_step || return 0
	done
	return 1
}

@test "an upstream that was deleted and returns with a replaced worker still counts as managed" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register api api-1 10.0.0.1 80
	swk-apply --resync
	gateway_reload
	consul_deregister web-1
	swk-apply --resync
	not_in_file web
	in_step
	gateway_kill_worker
	run ! in_step
	# Now only some workers have it.
	full_runs_bring_in_step
	# It does not prevent the service from returning.
	gateway_kill_worker
	consul_register web web-2 10.0.0.2 80
	full_runs_bring_in_step
	[ "$(servers web)" == 10.0.0.2:80 ]
}

# `web` was managed, was deleted, and another program has added it again. `api` is managed.
web_taken_over() {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register api api-1 10.0.0.1 80
	swk-apply --resync
	consul_deregister web-1
	swk-apply --resync
	gateway_post web 'server 10.0.0.9:80;'
}

@test "a deleted upstream that another program adds again is unmanaged" {
	web_taken_over
	swk-apply --resync
	consul_register web web-2 10.0.0.2 80
	run -10 swk-apply --resync
	[[ "$output" == *"upstream web"* ]]
	not_in_file web
	gateway_detail | grep -qx 'server 10.0.0.9:80.*'
}

# Starts a target that accepts connections and never answers.
hung_target() {
	hung_port=$(free_port)
	socat "TCP-LISTEN:$hung_port,bind=127.0.0.1,fork,reuseaddr" 'SYSTEM:sleep 100' 3>&- &
	hung_pid=$!
	wait_until "$E2E_PATIENCE" listens "$hung_port"
}

listens() {
	[[ -n "$(ss -Htln "sport = :$1")" ]]
}

@test "swk status soon gives up on a target that disappears after its first answer" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	port=$(free_port)
	printf 'HTTP/1.1 204 No Content\r\nX-Worker: 7\r\n\r\n' >"$E2E_DIR/answer"
	socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr" "SYSTEM:cat '$E2E_DIR/answer'" 3>&- &
	wait_until "$E2E_PATIENCE" listens "$port"
	strace -f -e trace=connect -o "$E2E_DIR/trace" swk status --dyups "http://127.0.0.1:$port" || true
	run grep -c "sin_port=htons($port)" "$E2E_DIR/trace"
	((output >= 2 && output < 30))
}

@test "a target that hangs does not delay other targets, and unmanaged upstreams stay unmanaged" {
	web_taken_over
	consul_register api api-1 10.0.0.3 80
	hung_target
	run -75 swk-apply --resync --dyups "http://127.0.0.1:$hung_port" --dyups "$GATEWAY_DYUPS"
	# Two runs at the same time: both get the lock.
	swk-apply --dyups "http://127.0.0.1:$hung_port" --dyups "$GATEWAY_DYUPS" --timeout 10 \
		< <(document "$(instance more 10.0.0.4)") >"$E2E_DIR/out" 2>&1 3>&- &
	first=$!
	run -75 swk-apply --dyups "http://127.0.0.1:$hung_port" --dyups "$GATEWAY_DYUPS" --timeout 10 \
		< <(document "$(instance other 10.0.0.5)")
	wait_for "$first" 75
	cat "$E2E_DIR/out"
	kill "$hung_pid"
	gateway_detail | grep -A 1 '^api$' | grep -q '^server 10.0.0.3:80 '
	gateway_detail | grep -A 1 '^more$' | grep -q '^server 10.0.0.4:80 '
	gateway_detail | grep -A 1 '^other$' | grep -q '^server 10.0.0.5:80 '
	# The unmanaged upstream is unchanged.
	gateway_detail | grep -A 1 '^web$' | grep -q '^server 10.0.0.9:80 '
	run ! grep -qx 'pending web' "$SWK_CONF.state"
}

@test "no run waits for a target that hangs while it is changed, or while it is read" {
	local begin='{"targets": [{"kind": "dyups", "name": "hung", "timeout": 100, "url": "http://127.0.0.1'
	local end="{\"kind\": \"dyups\", \"url\": \"$GATEWAY_DYUPS\"}]}"

	unset SWK_DYUPS
	# The first target answers GETs only.
	port=$(free_port)
	cat >"$E2E_DIR/answer" <<-EOF
		read -r method path rest
		echo "\$method" >>'$E2E_DIR/methods'
		[[ \$method == GET ]] || exec sleep 100
		[[ \$path == /list ]] && answer='204 No Content' || answer='404 Not Found'
		printf 'HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' "\$answer"
	EOF
	socat "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" "SYSTEM:bash '$E2E_DIR/answer'" 3>&- &
	half_hung=$!
	wait_until "$E2E_PATIENCE" listens "$port"
	echo "$begin:$port\"}, $end" >"$E2E_DIR/settings"
	swk-apply --config "$E2E_DIR/settings" --timeout 100 < <(document "$(instance one 10.0.0.1)") 3>&- &
	first=$!
	wait_until "$E2E_PATIENCE" grep -qs POST "$E2E_DIR/methods"
	run -75 timeout 50 swk-apply --config "$E2E_DIR/settings" < <(document "$(instance two 10.0.0.2)")
	[[ "$output" == *'update of upstream '*' failed: no answer so far, and others wait'* ]]
	wait_for "$first" 75

	hung_target
	echo "$begin:$hung_port\"}, $end" >"$E2E_DIR/settings"
	run -75 timeout 50 swk-apply --config "$E2E_DIR/settings" < <(document "$(instance two 10.0.0.3)")
	kill "$half_hung" "$hung_pid"
	[ "$(_gateway_observe list | xargs)" == 'one two' ]
	gateway_detail | grep -A 1 '^two$' | grep -q '^server 10.0.0.3:80 '
}

# bats test_tags=gateway
@test "a late change that arrives after a newer one does not stay" {
	unset SWK_DYUPS
	port=$(free_port)
	# A second nginx that takes everything, so that there is another target.
	echo "server { listen 127.0.0.1:$port; location /list { return 204; } location / { return 200; } }" >"$GATEWAY_DIR/empty.conf"
	gateway_reload
	jq -n --arg url "$GATEWAY_DYUPS" --arg other "http://127.0.0.1:$port" '{targets: [{url: $url}, {url: $other}]}' >"$E2E_DIR/settings"
	swk-apply --config "$E2E_DIR/settings" < <(document "$(instance one 10.0.0.1)")
	gateway_fault 1 slow:4 '^POST /upstream/one'
	swk-apply --config "$E2E_DIR/settings" < <(document "$(instance one 10.0.0.2)") 3>&- &
	first=$!
	wait_until "$E2E_PATIENCE" grep -q '^pending one' "$SWK_CONF.state"
	sleep 0.5 # now the request is under way
	run -75 swk-apply --config "$E2E_DIR/settings" < <(document "$(instance one 10.0.0.3)")
	wait_for "$first" 75
	[[ "$output" == *'upstream one is sent once more by the next run'* ]]
	sleep 5 # now it was carried out
	swk-apply --config "$E2E_DIR/settings" --service other <<<'[]'
	gateway_detail | grep -A 1 '^one$' | grep -q '^server 10.0.0.3:80 '
	run ! grep -qE '^(pending|late) ' "$SWK_CONF.state"
}

# failing_targets N - sets `failing` to the options for N interfaces that answer 503.
failing_targets() {
	local port

	failing=()
	: >"$GATEWAY_DIR/empty.conf"
	for ((i = 0; i < $1; i++)); do
		port=$(free_port)
		echo "server { listen 127.0.0.1:$port; return 503; access_log $GATEWAY_DIR/requests.log; }" >>"$GATEWAY_DIR/empty.conf"
		failing+=(--dyups "http://127.0.0.1:$port")
	done
	gateway_reload
}

@test "4 or 16 targets that answer 503 do not delay another one" {
	local i number items=()

	for ((i = 1; i <= 30; i++)); do
		items+=("$(instance "s$i" 10.0.0.1)")
	done
	for number in 4 16; do
		rm -f "$SWK_CONF"*
		failing_targets "$number" # a reload, which also empties the interface
		gateway_requests_clear
		run -75 swk-apply "${failing[@]}" --dyups "$GATEWAY_DYUPS" --timeout 6 < <(document "${items[@]}")
		[ "$(_gateway_observe list | grep -c '^s')" == 30 ]
		[ "$(grep -c '^pending ' "$SWK_CONF.state")" == $((30 * number)) ]
		# The first upstream is sent before the others are asked a second time.
		[ "$(gateway_requests | sed '/^POST/Q' | grep -c ' 503 ')" == "$number" ]
	done
}

# bats test_tags=gateway
@test "a reload during a run loses no change" {
	for fault in slow:1 late:1; do
		for method in POST DELETE; do
			name="web-${fault%:*}-$method"
			swk-apply < <(document "$(instance "$name" 10.0.0.1)")
			in_step
			gateway_fault 1 "$fault" "^$method"
			swk-apply --verify < <(document "$(instance "$name" 10.0.0.1 gray=a)") >"$E2E_DIR/out" 2>&1 3>&- &
			first=$!
			wait_until "$E2E_PATIENCE" in_file "${name}_a"
			gateway_reload
			wait_for "$first" 0
			in_step
			nothing_pending
		done
	done
}

# ---- guards ----

@test "many deletions at once are held back until --force" {
	consul_start "$E2E_DIR/consul"
	for i in 1 2 3 4 5 6; do
		consul_register "web-$i" "web-$i" "10.0.0.$i" 80
	done
	swk-apply --resync
	for i in 1 2 3 4; do
		consul_deregister "web-$i"
	done
	run -10 swk-apply --resync
	[[ "$output" == *"4 of 6 upstreams would be deleted"* ]]
	[ "$(grep -c '^upstream' "$SWK_CONF")" == 6 ]
	in_step
	# Additions and changes are applied meanwhile.
	consul_register web-7 web-7 10.0.0.7 80
	consul_register web-6 web-6 10.0.1.6 80
	run -10 swk-apply --resync
	in_file web-7
	[ "$(servers web-6)" == 10.0.1.6:80 ]
	swk-apply --resync --force
	[ "$(grep -c '^upstream' "$SWK_CONF")" == 3 ]
	in_step
}

# ---- concurrent runs and old documents ----

@test "after each of three storms of concurrent runs, nginx matches Consul" {
	seed
	consul_start "$E2E_DIR/consul"
	storm_begin
	for _ in 1 2 3; do
		storm_round 25
	done
}

@test "a resync that verifies late does not overwrite the newer index of another run" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_api GET /v1/health/service/web -D "$E2E_DIR/head" >"$E2E_DIR/old"
	swk-apply --resync --read-interval 4 >"$E2E_DIR/out" 2>&1 3>&- &
	first=$!
	wait_until "$E2E_PATIENCE" sent web
	consul_register web web-2 10.0.0.2 80
	swk-apply --resync --verify=no
	wait_for "$first" 0
	CONSUL_INDEX="$(tr -d '\r' <"$E2E_DIR/head" | awk 'tolower($1) == "x-consul-index:" { print $2 }')" \
		swk-apply <"$E2E_DIR/old"
	[ "$(servers web | wc -l)" == 2 ]
}

@test "an old document does not restore a deregistered service" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register api api-1 10.0.0.2 80
	consul_api GET /v1/health/service/web -D "$E2E_DIR/head" >"$E2E_DIR/old"
	swk-apply --resync
	consul_deregister web-1
	swk-apply --resync
	not_in_file web
	CONSUL_INDEX="$(tr -d '\r' <"$E2E_DIR/head" | awk 'tolower($1) == "x-consul-index:" { print $2 }')" \
		swk-apply <"$E2E_DIR/old"
	not_in_file web
}

@test "after Consul's index restarts, swk-apply still follows Consul" {
	consul_start "$E2E_DIR/consul"
	storm_begin
	storm_round 10
	consul_restart_clean
	storm_begin
	storm_round 10
}
