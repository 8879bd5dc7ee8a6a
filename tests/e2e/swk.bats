#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# swk explain and swk check-config, and the output of all commands.

load settings
load terminal

register_json() {
	jq -n --argjson more "$1" '{Check: {TTL: "24h", Status: "passing"}} + $more' | consul_register_json -
}

# Makes a catalogue with an instance of each kind. Kept upstreams were healthy before; one upstream is unmanaged.
catalogue() {
	register web web-1 one primary
	register web web-3 two gray=b
	consul_register later later-1 10.0.2.1 80
	gateway_post foreign 'server 10.0.9.9:80;' >/dev/null
	swk-apply --resync
	consul_check web-3 critical
	consul_check later-1 critical

	consul_register web web-2 10.0.0.2 80 gray=a
	consul_check web-2 warning
	consul_register web web-4 ::1 80 gray=default
	consul_register web web-5 '' 80 backup
	consul_register web web-6 backend.example 80
	register_json '{"Name": "web", "ID": "web-7", "Address": "10.0.0.7", "Port": 80, "Check": null}'
	register_json '{"Name": "web", "ID": "web-8", "Address": "10.0.0.8", "Port": 80, "Check": null,
		"Checks": [{"TTL": "24h", "Status": "passing"}, {"TTL": "24h", "Status": "critical"}]}'
	consul_register web web-9 10.0.0.9 80
	consul_maintenance web-9 on
	consul_register web web-10 10.0.0.10 0
	consul_register web web-11 10.0.0.11 80 nginx:down
	consul_register api 'api 1' 10.0.1.1 80 gray=a gray=b
	consul_register api evil-2 '10.0.1.2:80; include /etc/passwd' 80
	consul_register 'evil; } include /etc/passwd; #' evil-1 10.0.1.3 80
	consul_register WebApp upper 10.0.1.4 80
	consul_register webapp lower 10.0.1.5 80
	consul_register intern-a intern-1 10.0.1.6 80
	consul_register foreign foreign-1 10.0.1.7 80
	register_json '{"Kind": "connect-proxy", "Name": "web-sidecar-proxy", "ID": "proxy", "Address": "10.0.1.8", "Port": 80,
		"Proxy": {"DestinationServiceName": "web"}}'
	consul_api PUT /v1/kv/nginx/upstreams/legacy/10.0.3.1:80 --data '' >/dev/null
	consul_api PUT /v1/kv/nginx/upstreams/legacy/10.0.3.2:80 --data '{"down": 1}' >/dev/null
	consul_api PUT /v1/kv/nginx/upstreams/legacy/10.0.3.3 --data '' >/dev/null
}

# cells - prints a table with | between its columns.
cells() {
	sed -E 's/ {2,}/|/g; s/\|$//'
}

# explained WORD... - prints the table of swk explain, without titles and messages.
explained() {
	swk explain "$@" 2>>"$E2E_DIR/said" | cells | tail -n +2
}

# The expected tables for this catalogue.
none='none of its instances in Consul is passing and usable'
keeps="but its upstream keeps its last servers"
taken='the name is taken by service WebApp (nginx ignores case in names); rename one of them'
foreign="a proxy has an unmanaged upstream of this name: remove that one, or take it over with --adopt"
of_api="api|-|-|api|left out|$none
api|evil-2@node-1|passing|api|skipped|its address is not an IPv4 or IPv6 address: '10.0.1.2:80; include /etc/passwd'
api|api 1@node-1|passing|api_a|served
api|api 1@node-1|passing|api_b|served"
of_web="web|web-1@node-1|passing|web|served
web|web-10@node-1|passing|web|skipped|its port is not from 1 to 65535: '0'
web|web-11@node-1|passing|web|down|its tags or Meta say that it is down
web|web-4@node-1|passing|web|served
web|web-5@node-1|passing|web|served
web|web-6@node-1|passing|web|skipped|its address is not an IPv4 or IPv6 address: 'backend.example'
web|web-7@node-1|passing|web|served
web|web-8@node-1|critical|web|left out|it is critical
web|web-9@node-1|maintenance|web|down|it is in maintenance
web|-|-|web_a|left out|$none
web|web-2@node-1|warning|web_a|left out|it is warning
web|-|-|web_b|kept|$none
web|web-3@node-1|critical|web_b|kept|it is critical, $keeps"
of_all="WebApp|upper@node-1|passing|WebApp|served
$of_api
consul|-|-|-|left out|it is Consul itself
evil; } include /etc/passwd; #|-|-|-|skipped|its name cannot be an upstream's name (letters, digits, '.', '_', '-', at most 200)
foreign|-|-|foreign|held back|$foreign
foreign|foreign-1@node-1|passing|foreign|held back|$foreign
intern-a|-|-|-|left out|include or exclude leaves it out
later|-|-|later|kept|$none
later|later-1@node-1|critical|later|kept|it is critical, $keeps
legacy|nginx/upstreams/legacy/10.0.3.1:80|passing|legacy|served
legacy|nginx/upstreams/legacy/10.0.3.2:80|passing|legacy|down|its value says that it is down
legacy|nginx/upstreams/legacy/10.0.3.3|passing|legacy|skipped|it does not end in ADDRESS:PORT: '10.0.3.3'
$of_web
web-sidecar-proxy|proxy@node-1|passing|-|left out|it is a proxy or gateway of Consul's mesh
webapp|-|-|webapp|skipped|$taken
webapp|lower@node-1|passing|webapp|skipped|$taken"

# explained_servers, conf_servers - print the number of servers of each upstream, from the table of swk explain and from the conf file.
explained_servers() {
	awk -F '|' '$2 != "-" && ($5 == "served" || $5 == "down" || $5 == "kept") { print $4 }' | sort | uniq -c
}

conf_servers() {
	awk '$1 == "upstream" { name = $2 } $1 == "server" { print name }' "$SWK_CONF" | sort | uniq -c
}

@test "explain shows every kind of instance with its reason, and changes nothing" {
	settings '{"exclude": ["intern-*"], "keyprefix": "nginx/upstreams", "services": {"web": {"maintenance": "down"}}}'
	consul_start "$E2E_DIR/consul"
	backend_start "$E2E_DIR/backends" one two
	catalogue
	before=$(state_of_all)
	gateway_requests_clear

	diff <(explained </dev/null) - <<<"$of_all"
	# For one service, and for a document from a pipe or a file.
	diff <(explained web </dev/null) - <<<"$of_web"
	consul_api GET /v1/health/service/api >"$E2E_DIR/document"
	diff <(explained <"$E2E_DIR/document") - <<<"$of_api"
	diff <(explained api < <(cat "$E2E_DIR/document")) - <<<"$of_api"
	# The message about a change that is held back comes before the table, even if both go to the same place.
	run -10 swk explain </dev/null
	[[ "${lines[0]}" == "swk: error: upstream foreign of service foreign: held back"* && "${lines[1]}" == SERVICE* ]]
	[ "$(gateway_requests | cut -d ' ' -f 1 | sort -u)" == GET ]
	[ "$(state_of_all)" == "$before" ]

	# swk-apply then does the same.
	run -10 swk-apply --resync
	diff <(explained_servers <<<"$of_all") <(conf_servers)
}

@test "explain without nginx or without Consul shows what it knows, names what is missing, and creates no file" {
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	gateway_stop
	run -0 swk explain </dev/null
	[[ "$output" == *"web-1@node-1"*served* && "$output" == *"$GATEWAY_DYUPS/detail: "*connect* ]]
	consul_api GET /v1/health/service/web >"$E2E_DIR/document"
	real="$CONSUL_HTTP_ADDR"
	CONSUL_HTTP_ADDR="127.0.0.1:$(free_port)"
	run -69 swk explain </dev/null
	[[ "$output" == *"Consul could not be asked"*"$CONSUL_HTTP_ADDR"* && "$output" != *web-1* ]]
	run -69 swk explain web </dev/null
	[[ "$output" == *"could not be asked about service web"* && "$output" != *web-1* ]]
	# For a document it needs neither.
	run -0 swk explain <"$E2E_DIR/document"
	[[ "$output" == *"web-1@node-1"*served* ]]
	# It rejects an invalid document.
	run -65 swk explain <<<'{"web": '
	run -65 swk explain api <"$E2E_DIR/document"
	[[ "$output" == *"belongs to service 'web', not to "*api* ]]
	CONSUL_HTTP_ADDR="$real"
	[ -z "$(ls "${SWK_CONF%/*}")" ]
	settings '{"keepalive": 5}'
	run -78 swk explain </dev/null
	[[ "$output" == *"$SWK_CONFIG:"*": keepalive: "* ]]
}

@test "check-config prints ok, or the line and the key; it sends nothing and creates no file" {
	settings '{"services": {"web": {"fail_timeout": "5m"}}}'
	run -0 swk check-config
	[ "$output" == "$SWK_CONFIG: ok" ]
	settings '{"targets": [{"url": "http://127.0.0.1:1"}]}' "$E2E_DIR/other.json"
	run -0 swk check-config --config "$E2E_DIR/other.json"
	[ "$output" == "$E2E_DIR/other.json: ok" ]
	# The example names a token file, which must exist.
	echo secret >"$E2E_DIR/token"
	jq --arg token "$E2E_DIR/token" '.consul.token_file = $token' "$E2E_ROOT/contrib/swk.json" >"$E2E_DIR/other.json"
	run -0 swk check-config --config "$E2E_DIR/other.json"
	rm "$E2E_DIR/token"
	run -78 swk check-config --config "$E2E_DIR/other.json"
	[[ "$output" == *"consul.token_file: $E2E_DIR/token: "*"No such file"* ]]

	printf '{\n  "services": {\n    "web": {\n      "fail_timeout": "5x"\n    }\n  }\n}\n' >"$SWK_CONFIG"
	run -78 swk check-config
	[[ "$output" == "swk: error: $SWK_CONFIG:4: services.web.fail_timeout: "* ]]
	printf '{\n  "targets": [\n    {"url": "http://127.0.0.1:1", "name": "a"},\n' >"$SWK_CONFIG"
	printf '    {"url": "http://127.0.0.1:2", "name": "a"}]\n}\n' >>"$SWK_CONFIG"
	run -78 swk check-config
	[[ "$output" == "swk: error: $SWK_CONFIG:4: targets[1]: "* ]]
	printf '{\n  "conf": "/x"\n  "timeout": 5\n}\n' >"$SWK_CONFIG"
	run -78 swk check-config
	[[ "$output" == "swk: error: $SWK_CONFIG:3: "* ]]
	run -78 swk check-config --config "$E2E_DIR/none.json"
	[[ "$output" == *"$E2E_DIR/none.json"*"No such file"* ]]
	[ -z "$(gateway_requests)" ]
	[ -z "$(ls "${SWK_CONF%/*}")" ]
}

@test "if standard output can't be written, every command ends with 70 and prints the error once" {
	jq -n '[{Node: {}, Service: {Service: "web", ID: "w", Address: "10.0.0.1", Port: 80, Tags: []}, Checks: []}]' >"$E2E_DIR/document"
	swk-apply <"$E2E_DIR/document"
	echo 'events {} http { }' >"$E2E_DIR/nginx.conf"
	for each in 'swk --help' 'swk --version' 'swk lint --help' 'swk lint --version' 'swk check-config' 'swk explain' \
		"swk lint $E2E_DIR/nginx.conf" "swk lint --json $E2E_DIR/nginx.conf" 'swk status --version' 'swk hold' \
		'swk-apply --help' 'swk-apply --version'; do
		run -70 bash -c "$each <'$E2E_DIR/document' 2>&1 >/dev/full"
		[ "$(grep -cx "${each%% *}: error: cannot write to standard output" <<<"$output")" == 1 ]
	done
	# The commands still did their work, and another error keeps its status.
	[ -e "$SWK_CONF.hold" ]
	for each in 'swk resume' 'swk status'; do
		run bash -c "timeout 30 $each </dev/null 2>&1 >/dev/full"
		((status == 69 || status == 75))
		[ "$(grep -cx "swk: error: cannot write to standard output" <<<"$output")" == 1 ]
	done
	run -70 bash -c "swk-apply <'$E2E_DIR/document' 2>&1 >/dev/full"
	[ "$output" == "swk-apply: error: cannot write to standard output" ]
	run -70 bash -c "swk-apply --log-format json --json <'$E2E_DIR/document' 2>&1 >/dev/full"
	jq -es 'length == 2 and .[1].status == 70' <<<"$output"
}

@test "unprintable bytes of words and paths are escaped" {
	odd=$'caf\xe9\e[31m' shown='caf\xe9\x1b[31m'
	run -64 swk "$odd"
	[ "$output" == "swk: error: there is no command '$shown'; see swk --help" ]
	mkdir "$E2E_DIR/$odd"
	cp "$SWK_CONFIG" "$E2E_DIR/$odd/swk.json"
	run -0 swk check-config "$E2E_DIR/$odd/swk.json"
	[ "$output" == "$E2E_DIR/$shown/swk.json: ok" ]
	SWK_CONF="$E2E_DIR/$odd/conf" run -0 swk hold
	[[ "$output" == "$E2E_DIR/$shown/conf stays as it is until 'swk resume'" ]]
	# lint without a finding, and without a conf file.
	printf 'events {}\nhttp {\n    include %s/*.conf;\n}\n' "$E2E_DIR/$odd" >"$E2E_DIR/$odd/nginx"
	SWK_CONF="$E2E_DIR/$odd/a.conf" run swk lint "$E2E_DIR/$odd/nginx"
	[[ "$output" == *"swk: warning: $E2E_DIR/$shown/a.conf does not exist yet"* ]]
	[[ "$output" != *$'\e'* && "$output" != *$'\xe9'* ]]
}

# bats test_tags=gateway
@test "a run longer than a second shows its progress on a terminal, and erases it at the end" {
	consul_start "$E2E_DIR/consul"
	for name in a b c d; do
		consul_register "$name" "$name-1" 10.0.0.1 80
	done
	gateway_fault 3 slow:1 'POST /upstream/'
	on_terminal 100x20 -- 'swk-apply --resync --verify=no'
	sees "^$GATEWAY_DYUPS: [123] of 4 upstreams"
	sees 'ended 0'
	[ "$(plain | grep -c ' of 4 upstreams')" == 0 ]
	[ "$(plain | grep -c '^services=4 upstreams=4 ')" == 1 ]
	# It shows no progress if the output is not a terminal.
	rm "$SWK_CONF"*
	gateway_fault 3 slow:1 'POST /upstream/'
	run -0 swk-apply --resync --verify=no --adopt
	[[ "$output" != *' of 4 '* ]]
}

@test "a run that asks Consul for longer than a second shows its progress on a terminal" {
	local port

	consul_start "$E2E_DIR/consul"
	for name in a b c d; do
		consul_register "$name" "$name-1" 10.0.0.1 80
	done
	# The gateway passes on two requests a second.
	port=$(free_port)
	cat >"$GATEWAY_DIR/empty.conf" <<-END
		limit_req_zone \$binary_remote_addr zone=slow:1m rate=2r/s;
		server {
			listen 127.0.0.1:$port;
			location / {
				limit_req zone=slow burst=10;
				proxy_pass http://127.0.0.1:$CONSUL_PORT;
			}
		}
	END
	gateway_reload
	CONSUL_HTTP_ADDR="127.0.0.1:$port" on_terminal 100x20 -- 'swk-apply --resync --verify=no'
	sees '^Consul: [123] of 4 services'
	sees 'ended 0'
	[ "$(plain | grep -c ' of 4 services')" == 0 ]
	[ "$(plain | grep -c '^services=4 upstreams=4 ')" == 1 ]
}
