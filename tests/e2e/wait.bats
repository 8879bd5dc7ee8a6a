#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a shell of its own; bats sets stderr
# swk wait: waits until so many healthy instances are live on all targets and workers.

load terminal

# begin [SETTINGS] - brings one instance into nginx.
begin() {
	settings "${1:-"{}"}"
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
}

@test "wait: ends at once if enough instances are live, and writes, sends and locks nothing" {
	begin
	before=$(state_of_all)
	gateway_requests_clear
	(
		flock 9
		timeout 20 swk wait web=1 >"$E2E_DIR/out"
	) 9<"$SWK_CONF.lock"
	[ "$(cat "$E2E_DIR/out")" == 'web: 1 of 1 live (1 registered, 1 healthy, 1 in the file, 1 sent)' ]
	[ "$(gateway_requests | cut -d ' ' -f 1 | sort -u)" == GET ]
	(($(gateway_requests | grep -c '^GET /detail 200') >= 2))
	[ "$(state_of_all)" == "$before" ]
}

@test "wait: waits until runs have brought the instances to each nginx" {
	first="$GATEWAY_DYUPS" first_dir="$GATEWAY_DIR" first_pid="$GATEWAY_PID"
	gateway_start "$E2E_DIR/gateway-2"
	begin "{\"targets\": [{\"url\": \"$first\"}, {\"url\": \"$GATEWAY_DYUPS\", \"name\": \"two\"}]}"
	consul_register api api-1 10.0.1.1 80
	swk wait web=3,60 api=1,60 >"$E2E_DIR/out" 2>"$E2E_DIR/err" 3>&- &
	waiting=$!
	consul_register web web-2 10.0.0.2 80
	swk-apply --resync
	consul_register web web-3 10.0.0.3 80 gray=b
	sleep 1.5 # swk wait reads once a second, and must not end yet
	kill -0 "$waiting"
	gateway_stop
	run -75 swk-apply --resync --timeout 2
	sleep 1.5
	kill -0 "$waiting"
	gateway_restart
	kill -0 "$waiting"
	swk-apply --resync
	wait "$waiting"
	# If the output is not a terminal, each change is a line.
	grep -q '^swk: [0-9]* s: api: 0 of 1 sent (1 registered, 1 healthy, 0 in the file), web: 1 of 3 sent (' "$E2E_DIR/err"
	(($(wc -l <"$E2E_DIR/err") >= 2))
	[ "$(sed 's/^swk: [0-9]* s: //' "$E2E_DIR/err" | uniq -d)" == '' ]
	[ "$(cat "$E2E_DIR/out")" == 'api: 1 of 1 live (1 registered, 1 healthy, 1 in the file, 1 sent),'$(
	)' web: 3 of 3 live (3 registered, 3 healthy, 3 in the file, 3 sent)' ]
	gateway_stop
	GATEWAY_DIR="$first_dir" GATEWAY_PID="$first_pid" # so that teardown stops this one, too
}

@test "wait: exits with 75 after the time; nginx gets no request before the conf file has enough servers" {
	begin
	consul_register api api-1 10.0.1.1 80
	consul_register web web-2 10.0.0.2 80
	gateway_requests_clear
	run -75 --separate-stderr swk wait web=2,2
	[ -z "$output" ]
	[ "${stderr##*$'\n'}" == 'swk: error: web: 1 of 2 sent (2 registered, 2 healthy, 1 in the file) after 2 s' ]
	[ -z "$(gateway_requests)" ]
	# One operand that runs out of time ends it, even if another has more time.
	run -75 --separate-stderr swk wait web=2,1 api=1,600
	[[ "$stderr" == *'web: 1 of 2 sent'*'after 1 s' ]]
	# With time 0 it reads once.
	swk-apply --resync
	run -0 swk wait web=2,0
	run -75 swk wait web=3,0
}

@test "wait: accepts an upstream's name; an unknown name ends it at once" {
	begin
	consul_register web web-2 10.0.0.2 80 gray=b
	swk-apply --resync
	run -0 swk wait web_b=1
	[ "$output" == 'web_b: 1 of 1 live (2 registered, 1 healthy, 1 in the file, 1 sent)' ]
	run -75 swk wait web_b=2,0
	run -64 --separate-stderr timeout 20 swk wait web=1 none=1
	[ "$stderr" == "swk: error: 'none': Consul has no instance of this service, and $SWK_CONF has no upstream of this name: \
register the first instance before you wait" ]
	# A name that is still in the conf file may return, so it waits.
	consul_deregister web-1
	consul_deregister web-2
	run -75 --separate-stderr swk wait web=1,0
	[[ "$stderr" == *'web: 0 of 1 sent'*'Consul has no instance of it' ]]
}

@test "wait: counts healthy instances once over all upstreams, but not kept servers or servers that are down" {
	begin '{"defaults": {"warning": "include"}, "routing": [{"tag": "gray"}, {"tag": "zone", "also_plain": true}]}'
	consul_register web web-2 10.0.0.2 80 gray=b
	consul_register web web-3 10.0.0.3 80
	consul_register web web-4 10.0.0.4 80 nginx:down
	consul_register web web-5 10.0.0.5 80 zone=x
	consul_check web-3 warning
	swk-apply --resync
	# web-5 is in two upstreams, and counts once.
	swk wait web=4,0 >"$E2E_DIR/out"
	cat "$E2E_DIR/out"
	[ "$(cat "$E2E_DIR/out")" == 'web: 4 of 4 live (5 registered, 4 healthy, 4 in the file, 4 sent)' ]
	# web_b keeps its last server, which is live in nginx.
	consul_check web-2 critical
	swk-apply --resync
	in_file web_b
	run -75 swk wait web=4,0
	[[ "$output" == *'web: 3 of 4 sent (5 registered, 3 healthy, 3 in the file)'* ]]
	run -0 swk wait web=3,0
}

@test "wait: an instance is not live if nginx is down, a replaced worker lacks it, or another program removed it" {
	begin
	gateway_post web 'server 10.0.0.9:80;' >/dev/null
	gateway_workers_detail >/dev/null
	run -75 swk wait web=1,0
	[[ "$output" == *'0 of 1 live'*', 1 sent)'* ]]
	swk-apply --resync
	run -0 swk wait web=1,0
	gateway_kill_worker
	for _ in 1 2 3 4 5; do # which workers it reads is chance
		run swk wait web=1,0
		((status == 0)) || break
	done
	[ "$status" == 75 ]
	gateway_stop
	run -75 swk wait web=1,0
	[[ "$output" == *'0 of 1 live'*"$GATEWAY_DYUPS/detail: "*onnect* ]]
	# Now a change is pending for this nginx.
	consul_register web web-1 10.0.0.2 80
	run -75 swk-apply --resync --timeout 2
	run -75 swk wait web=1,0
	[[ "$output" == *'web: 0 of 1 sent (1 registered, 1 healthy, 1 in the file)'* ]]
}

@test "wait: without Consul it waits, and prints the reason at the end; a file of another program ends it" {
	begin
	real="$CONSUL_HTTP_ADDR"
	CONSUL_HTTP_ADDR="127.0.0.1:$(free_port)"
	run -75 --separate-stderr swk wait web=1,1
	[[ "$stderr" == *'web: 0 of 1 sent'*'could not be asked about service web'*"$CONSUL_HTTP_ADDR"* ]]
	[[ "$stderr" != *'has no instance'* ]]
	CONSUL_HTTP_ADDR="$real"
	echo x >"$SWK_CONF"
	run -10 swk wait web=1,60
	[[ "$output" == *"$SWK_CONF was not written by swk-apply"* ]]
}

@test "wait: on hold, a message says so, because the conf file gets no new servers" {
	begin
	SUDO_USER=alice swk hold 'the registry is mad'
	run -0 swk wait web=1,0
	[ "$output" == 'web: 1 of 1 live (1 registered, 1 healthy, 1 in the file, 1 sent)' ]
	consul_register web web-2 10.0.0.2 80
	run -10 swk-apply --resync
	run -75 swk wait web=2,1
	[[ "${output##*$'\n'}" == 'swk: error: web: 1 of 2 sent (2 registered, 2 healthy, 1 in the file) after 1 s; on hold since '*Z' by alice (the'\
' registry is mad): '"$SWK_CONF stays as it is until 'swk resume', which catches up with Consul" ]]
	# The hold ends during the wait.
	swk wait web=2,60 >"$E2E_DIR/out" &
	swk resume
	wait "$!"
	[ "$(cat "$E2E_DIR/out")" == 'web: 2 of 2 live (2 registered, 2 healthy, 2 in the file, 2 sent)' ]
}

@test "wait: exits with 64 for an invalid operand, without any request" {
	settings '{"exclude": ["intern-*"]}'
	CONSUL_HTTP_ADDR="127.0.0.1:$(free_port)"
	for operands in '' web web= web=0 web=-1 web=x 'web=1,' web=1,x web=1,86401 =1 'web=1 web=2' 'a/b=1' consul=1 intern-a=1 \
		'--json web=1' '--color never web=1'; do
		echo "$operands"
		# shellcheck disable=SC2086 # words
		run -64 --separate-stderr swk wait $operands
		[ -z "$output" ]
	done
	[ -z "$(gateway_requests)" ]
}

@test "wait on a terminal updates one line, and leaves the result" {
	begin
	consul_register web web-2 10.0.0.2 80
	on_terminal 60x10 -- 'swk wait web=2,60'
	sees '^[1-9][0-9]* s: web: 1 of 2 sent (2 registered, 2 healthy, '
	[ "$(plain | grep -c .)" == 1 ]
	swk-apply --resync
	sees 'ended 0'
	[ "$(plain | head -n 3 | tr -d ' \n')" == 'web:2of2live(2registered,2healthy,2inthefile,2sent)ended0' ]
	[ "$(plain | grep -c .)" == 3 ]
}
