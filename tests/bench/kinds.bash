# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Figures for other kinds of targets than dyups.

# shellcheck source=SCRIPTDIR/bench.bash
source "${BASH_SOURCE[0]%/*}/bench.bash"
# shellcheck source=SCRIPTDIR/../lib/haproxy.bash
source "$bench_root/tests/lib/haproxy.bash"
# shellcheck source=SCRIPTDIR/../lib/nginx.bash
source "$bench_root/tests/lib/nginx.bash"

# use_kind NAME TARGET [DEFAULTS] - writes $work/NAME.json: settings with this target, whose conf file has a folder of its own. The
# target is JSON, and so are the defaults for services.
use_kind() {
	mkdir -p "$work/$1.files"
	jq -n --arg conf "$work/$1.files/upstreams.conf" --argjson target "$2" --argjson defaults "${3:-{\}}" \
		'{conf: $conf, targets: [$target], defaults: $defaults}' >"$work/$1.json"
}

# apply NAME INDEX DOCUMENT - prints the command that applies a document as an event of svc-1, with these settings.
apply() {
	echo "unset SWK_CONF SWK_DYUPS; SWK_CONFIG=$work/$1.json CONSUL_INDEX=$2 exec $swk_apply --quiet --service svc-1 <$3"
}

# bring_to_b NAME - lets the kind apply the two documents, ending with b.json, and keeps its files. back NAME - prints the command that
# restores them.
bring_to_b() {
	local each

	for each in b a b; do
		sh -c "$(apply "$1" 1000041 "$work/$each.json")" || fail "status $? of $1 at first"
	done
	mkdir -p "$work/kept/$1"
	cp -p "$work/$1.files/"* "$work/kept/$1/"
}

back() {
	echo "cp -p $work/kept/$1/* $work/$1.files/"
}

# The target of HAProxy's runtime API, and of a file for it and for nginx. Without a check, which all of them could have.
haproxy_target() {
	jq -n --arg socket "$HAPROXY_API" --arg file "$HAPROXY_FILE" --arg master "$HAPROXY_MASTER" \
		'{kind: "haproxy", name: "haproxy", socket: $socket, file: $file, master_socket: $master, interval: 0}'
}

haproxy_file_target() {
	jq -n --arg file "$HAPROXY_FILE" --arg pid "$HAPROXY_DIR/pid" --arg master "$HAPROXY_MASTER" \
		'{kind: "file", name: "haproxy", format: "haproxy", file: $file, pid_file: $pid, interval: 0,
		reload: ["/usr/bin/socat", "-u", "EXEC:echo reload", ("UNIX-CONNECT:" + $master)]}'
}

nginx_target() {
	jq -n --arg file "$NGINX_FILE" --arg pid "$NGINX_DIR/nginx.pid" --argjson reload "$(nginx_argv -s reload)" \
		'{kind: "file", name: "nginx", file: $file, pid_file: $pid, reload: $reload, interval: 0}'
}

# One event per kind, in which a server is added, against a bare curl.
figure_kinds() {
	local server again

	bench_begin kinds || exit 1
	new_gateway gateway || exit 1
	proxies+=(haproxy nginx)
	proxy_start "$work/haproxy" && nginx_start "$work/nginx" || exit 1
	two_documents
	bodies
	use_kind haproxy "$(haproxy_target)"
	use_kind nginx "$(nginx_target)"
	use_kind command '{"kind": "command", "name": "command", "command": ["/bin/cat"]}'
	bring_to_b haproxy
	bring_to_b nginx
	bring_to_b command
	cp "$HAPROXY_FILE" "$work/b.cfg"
	cp "$NGINX_FILE" "$work/b.conf"
	server=$(sh -c "$(apply haproxy 1000042 "$work/a.json")" && proxy_servers svc-1 | awk '{ print $2 }' |
		grep -vFf <(sed -n 's/^ *server \([^ ]*\).*/\1/p' "$work/b.cfg"))
	[[ -n "$server" ]] || fail 'HAProxy does not have what was sent'
	# Takes the server out of HAProxy again. In one line, as hyperfine needs it.
	again="$(back haproxy) && cp $work/b.cfg $HAPROXY_FILE && echo 'set server svc-1/$server state maint; del server svc-1/$server'"
	again+=" | socat - UNIX-CONNECT:$HAPROXY_API >$work/answer"
	race 18 4 haproxy "$again" "$(apply haproxy 1000042 "$work/a.json")" \
		curl "$(post "$work/b.body")" "exec $(post "$work/a.body")" \
		command "$(back command)" "$(apply command 1000042 "$work/a.json")" \
		nginx "$(back nginx) && cp $work/b.conf $NGINX_FILE" "$(apply nginx 1000042 "$work/a.json")" || exit 1
	[[ "$(proxy_servers svc-1 | grep -c 'ready$')" == 10 ]] || fail 'HAProxy does not have what was sent'
	note_race event-haproxy 0.5 haproxy curl
	note_race event-command - command curl
	note_race event-file - nginx curl
}

# One run that replaces 3,000 servers of 30 services in HAProxy: each server is added or deleted.
figure_haproxy_3000() {
	local services=30 round rounds=6 each

	bench_begin haproxy-3000 || exit 1
	[[ -z "$BENCH_ONCE" ]] || services=2 rounds=1
	proxies+=(haproxy)
	proxy_start "$work/haproxy" || exit 1
	use_kind haproxy "$(haproxy_target)"
	document "$services" 100 >"$work/a.json"
	jq -c '[.[] | .Service.Port += 1]' "$work/a.json" >"$work/b.json"
	sh -c "unset SWK_CONF SWK_DYUPS; SWK_CONFIG=$work/haproxy.json exec $swk_apply --quiet <$work/b.json" || fail "status $? at first"
	for ((round = 0; round < rounds; round++)); do
		for each in a b; do
			/usr/bin/time -f %e -a -o "$BENCH_OUT/raw/haproxy-3000.ours" \
				sh -c "unset SWK_CONF SWK_DYUPS; SWK_CONFIG=$work/haproxy.json exec $swk_apply --quiet <$work/$each.json" ||
				fail "status $? of $each"
			[[ "$(proxy_servers '' | grep -c 'ready$')" == $((services * 100)) ]] || fail 'HAProxy does not have what was sent'
		done
	done
	note_amount haproxy-3000 s "$(median <"$BENCH_OUT/raw/haproxy-3000.ours")" 2
}

# The time until requests show a flip. The service has one instance; while that is critical, the proxy answers with an error.
figure_flip_kinds() {
	local block blocks=4 flips=8 kind
	local -a kinds=(haproxy file nginx)
	local -A traffic=()
	local down='{"empty": "down"}'

	bench_begin flip-kinds || exit 1
	[[ -z "$BENCH_ONCE" ]] || blocks=1 flips=2
	backend_start "$work/backends" one || exit 1
	consul_start "$work/agent" || exit 1
	consul_register svc-1 svc-1-1 127.0.0.1 "${BACKEND_PORT[one]}" || exit 1
	proxies+=(haproxy nginx)
	proxy_start "$work/haproxy" || exit 1
	use_kind haproxy "$(haproxy_target)" "$down"
	traffic[haproxy]=$HAPROXY_TRAFFIC
	masters+=("$HAPROXY_PID")
	proxy_start "$work/file" || exit 1
	echo "$HAPROXY_PID" >"$HAPROXY_DIR/pid"
	use_kind file "$(haproxy_file_target)" "$down"
	traffic[file]=$HAPROXY_TRAFFIC
	nginx_start "$work/nginx" || exit 1
	use_kind nginx "$(nginx_target)" "$down"
	traffic[nginx]=$NGINX_URL
	for ((block = 0; block < blocks; block++)); do
		for kind in "${kinds[@]}"; do
			(unset SWK_CONF SWK_DYUPS && SWK_CONFIG="$work/$kind.json" "$swk_apply" --quiet --resync) || fail "status $? of $kind at first"
			_watch_by "$swk_apply --config $work/$kind.json --service svc-1"
			"$bench_programs/flip" "$flips" "http://127.0.0.1:$CONSUL_PORT/v1/agent/check/update/service:svc-1-1" \
				"${traffic[$kind]}/to/svc-1/" >>"$BENCH_OUT/raw/flip-kinds.$kind" || fail "a flip did not reach $kind"
		done
	done
	for kind in "${kinds[@]}"; do
		median <"$BENCH_OUT/raw/flip-kinds.$kind" >"$work/median.$kind"
	done
	_note_flips flip-haproxy haproxy file 0.5
	_note_flips flip-haproxy-nginx haproxy nginx -
}

# _note_flips ROW OURS PEER BAR
_note_flips() {
	local ours peer

	ours=$(<"$work/median.$2") peer=$(<"$work/median.$3")
	note "$1" ms "$ours" "$peer" ratio "$(jq -n "$ours / $peer")" "$4"
}
