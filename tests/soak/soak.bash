# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Shared by the short tests in e2e/ and the long tests here, so that they differ in size only.

# shellcheck source=SCRIPTDIR/../e2e/e2e.bash
source "${BASH_SOURCE[0]%/*}/../e2e/e2e.bash"
# shellcheck source=SCRIPTDIR/../lib/command.bash
source "${BASH_SOURCE[0]%/*}/../lib/command.bash"

# seed - seeds RANDOM with SWK_SEED, or with a new seed, and prints it so that a run can be repeated.
seed() {
	RANDOM=${SWK_SEED:=$((${EPOCHREALTIME/[.,]/} % 32768))}
	echo "# $BATS_TEST_DESCRIPTION: SWK_SEED=$SWK_SEED" >&3
}

# instance SERVICE ADDRESS [TAG], document INSTANCE... - print an instance, and a document of a `service` watch. The instances may
# belong to several services.
instance() {
	printf '{"Node":{},"Service":{"Service":"%s","ID":"%s","Port":80,"Address":"%s","Tags":[%s]},"Checks":[]}' \
		"$1" "$1" "$2" "${3:+\"$3\"}"
}

document() {
	local IFS=,

	printf '[%s]' "$*"
}

# large_document UPSTREAMS SERVERS [PREFIX] - prints a document of so many services, each with so many instances.
large_document() {
	jq -nc --argjson upstreams "$1" --argjson servers "$2" --arg prefix "${3:-svc}" '[range($upstreams) as $u
		| range($servers) as $s
		| {Node: {}, Checks: [], Service: {Service: "\($prefix)-\($u)", ID: "\($u)-\($s)", Tags: [], Port: (1000 + $s),
			Address: "10.\($u / 250 | floor).\($u % 250).\($s % 250 + 1)"}}]'
}

# gateway_replace - stops the gateway, and starts another with the present GATEWAY_ variables and the same conf file.
gateway_replace() {
	gateway_stop
	gateway_start "$E2E_DIR/gateway-$BASHPID-${EPOCHREALTIME/[.,]/}"
	export SWK_DYUPS="$GATEWAY_DYUPS"
}

# nothing_pending - whether the state file has no pending operation.
nothing_pending() {
	! grep '^pending ' "$SWK_CONF.state"
}

# large_in_step - like in_step, with far fewer reads of /detail. An idle nginx gives 16 connections in a row to the same worker,
# and then changes to the next. So 15 short requests and one read of /detail reach each worker in turn.
large_in_step() {
	local end=$((SECONDS + 60)) missing worker
	local expected="$E2E_DIR/expected" seen="$E2E_DIR/seen"

	awk '$1 == "upstream" { name = $2 } $1 == "server" { print name, $2 }' "$SWK_CONF" | sort >"$expected"
	missing="$(gateway_workers)"
	while [[ -n "$missing" ]]; do
		((SECONDS < end)) || return 1
		_gateway_observe 'upstream/-[1-15]' -H 'Connection: close' -o /dev/null
		_gateway_observe detail -D "$seen.head" >"$seen"
		awk '/^$/ { name = ""; next } name == "" { name = $1; next } { print name, $2 }' "$seen" | sort |
			cmp - "$expected" || return 1
		worker="$(sed -n 's/^X-Worker: \([0-9]*\).*/\1/p' "$seen.head")"
		missing="$(grep -vx "$worker" <<<"$missing")" || true # grep fails once the list is empty
	done
}

# ---- a storm of runs ----
#
# Each service base-0… always has its instance 0, which never changes. Other instances, and the services temp-0…, come and go.

STORM_BASES=8
STORM_TEMPS=4
STORM_ATTRIBUTES='' # not empty: instances get random attributes, which the settings must allow

storm_begin() {
	local i

	for ((i = 0; i < STORM_BASES; i++)); do
		storm_register "base-$i" 0 || return 1
	done
	consul_register base-0 base-0-1 10.1.0.2 80
	swk-apply --resync >"$E2E_DIR/storm.out" 2>&1
}

# storm_register SERVICE NUMBER - registers an instance, without waiting for the catalogue.
storm_register() {
	local last=${1##*-}

	[[ "$1" != temp* ]] || last=$((last + 100))
	jq -n --arg name "$1" --arg id "$1-$2" --arg address "10.1.$last.$(($2 + 1))" --argjson meta "$(storm_meta "$2")" '{Name: $name,
		ID: $id, Address: $address, Port: 80, Meta: $meta, Check: {TTL: "24h", Status: "passing"}}' |
		consul_api PUT /v1/agent/service/register --data @-
}

# storm_meta NUMBER - prints the metadata of an instance. The instance 0 has none.
storm_meta() {
	if [[ -n "$STORM_ATTRIBUTES" && "$1" != 0 ]]; then
		printf '{"nginx_weight": "%s", "nginx_max_conns": "%s", "nginx_backup": "%s"}' $((1 + RANDOM % 5)) $((RANDOM % 3)) \
			"$( ((RANDOM % 4)) && echo false || echo true)"
	else
		echo '{}'
	fi
}

# storm_change - makes one random change.
storm_change() {
	local service="base-$((RANDOM % STORM_BASES))" number=$((1 + RANDOM % 3))

	if ((RANDOM % 3 == 0)); then
		service="temp-$((RANDOM % STORM_TEMPS))"
	fi
	# A change of an instance that is not registered fails; that is expected.
	case $((RANDOM % 4)) in
	0 | 1) storm_register "$service" "$number" ;;
	2) consul_api PUT "/v1/agent/service/deregister/$service-$number" || true ;;
	3)
		jq -n --arg status "$( ((RANDOM % 2)) && echo passing || echo critical)" '{Status: $status}' |
			consul_api PUT "/v1/agent/check/update/service:$service-$number" --data @- || true
		;;
	esac >/dev/null 2>&1
}

# storm_run NUMBER KIND [DELAY [after]] - fetches a document and its index, waits DELAY seconds (with `after`: once the last change
# is done), and gives it to swk-apply.
storm_run() {
	local at="$E2E_DIR/storm/$1" path=/v1/catalog/services status=0
	local -a arguments=()

	case $2 in
	resync) arguments=(--resync) ;;
	checks) path=/v1/health/state/any ;;
	services) ;;
	*) path="/v1/health/service/$2" arguments=(--service "$2") ;;
	esac
	consul_api GET "$path" -D "$at.head" -o "$at.document" || return 1
	while [[ "${4:-}" == after ]] && test_goes_on "$E2E_DIR/storm/last"; do
		sleep 0.02
	done
	sleep "${3:-0}"
	CONSUL_INDEX="$(tr -d '\r' <"$at.head" | awk 'tolower($1) == "x-consul-index:" { print $2 }')" \
		swk-apply "${arguments[@]}" <"$at.document" >"$at.out" 2>&1 || status=$?
	echo "$2 $status" >"$at.status"
}

# test_goes_on FILE - whether FILE does not exist yet and the test still runs: background processes must not outlive the test.
test_goes_on() {
	[[ ! -e "$1" ]] && kill -0 "$$" 2>/dev/null
}

# Fails as soon as the conf file lacks one of the services that are always registered.
storm_watch() {
	while test_goes_on "$E2E_DIR/storm/over"; do
		if [[ "$(grep -c '^upstream base-' "$SWK_CONF")" != "$STORM_BASES" ]]; then
			echo "the file lost one of the base services"
			return 1
		fi
		sleep 0.02
	done
}

# Prints what the conf file must have according to Consul, a line for each server; nothing for a service without a healthy instance.
storm_expected() {
	local service

	for service in $(consul_api GET /v1/catalog/services | jq -r 'del(.consul) | keys[]'); do
		consul_api GET "/v1/health/service/$service?passing" |
			jq -r '.[].Service | "\(.Service + (.Tags | map(select(startswith("gray=")) | "_" + .[5:]) | add // ""))"
				+ " \(.Address):\(.Port)"'
	done | sort
}

# Prints what the conf file has, without the kept servers of services that are registered but have no healthy instance.
storm_actual() {
	local all

	all=" $(consul_api GET /v1/catalog/services | jq -r 'del(.consul) | keys | join(" ")') "
	awk '$1 == "upstream" { name = $2 } $1 == "server" { print name, $2 }' "$SWK_CONF" | sort |
		awk -v all="$all" 'FNR == NR { healthy[$1] = 1; next } $1 in healthy || index(all, " " $1 " ") == 0' \
			"$E2E_DIR/storm/expected" -
}

storm_is_fetched() {
	[[ "$(find "$E2E_DIR/storm" -name 'old-*.document' -size +0 | wc -l)" == "$STORM_BASES" ]]
}

# storm_runs RUNS STATUSES - starts so many runs of every kind while the catalogue changes. The last runs start after the last change,
# some of them with old documents. Each must end with one of the statuses, a regular expression.
storm_runs() {
	local i kind watch failed=0
	local -a runs=()

	rm -rf "$E2E_DIR/storm"
	mkdir "$E2E_DIR/storm"
	storm_watch >"$E2E_DIR/storm.watch" 2>&1 3>&- &
	watch=$!
	# These runs come last, with documents from before the changes.
	for ((i = 0; i < STORM_BASES; i++)); do
		storm_run "old-$i" "base-$i" "1.$i" after >/dev/null 2>&1 3>&- &
		runs+=($!)
	done
	wait_until "$E2E_PATIENCE" storm_is_fetched
	for ((i = 0; i < $1; i++)); do
		kind="base-$((RANDOM % STORM_BASES))"
		case $((RANDOM % 8)) in
		0) kind=resync ;;
		1) kind=services ;;
		2) kind=checks ;;
		3) kind="temp-$((RANDOM % STORM_TEMPS))" ;;
		esac
		storm_run "$i" "$kind" "0.$((RANDOM % 10))" >"$E2E_DIR/storm/$i.err" 2>&1 3>&- &
		runs+=($!)
		((RANDOM % 2)) || storm_change
	done
	_consul_wait || return 1 # until the agent has updated the catalogue
	: >"$E2E_DIR/storm/last"
	for kind in services checks resync services; do
		storm_run "$i" "$kind" >/dev/null 2>&1 3>&- &
		runs+=($!)
		((++i))
	done
	wait "${runs[@]}" || true # each writes its exit status to a file
	: >"$E2E_DIR/storm/over"
	if ! wait "$watch"; then
		cat "$E2E_DIR/storm.watch"
		failed=1
	fi
	if [[ "$(cat "$E2E_DIR"/storm/*.status | wc -l)" != "${#runs[@]}" ]]; then
		echo "a run got no document, or left no exit status"
		failed=1
	fi
	if cat "$E2E_DIR"/storm/*.status | grep -vE " ($2)\$"; then
		grep -h error: "$E2E_DIR"/storm/*.out | sort | uniq -c
		failed=1
	fi
	return "$failed"
}

# storm_next_runs COMMAND - makes an event run and a full run. After each, the command says whether the target is in step.
storm_next_runs() {
	local failed=0

	swk-apply --service base-0 < <(consul_api GET /v1/health/service/base-0) || failed=1
	"$1" || failed=1
	swk-apply --resync || failed=1
	"$1" || failed=1
	return "$failed"
}

# storm_ended_well - whether the conf file and nginx match Consul.
storm_ended_well() {
	local failed=0

	storm_expected >"$E2E_DIR/storm/expected"
	diff "$E2E_DIR/storm/expected" <(storm_actual) || failed=1
	in_step || failed=1
	nothing_pending || failed=1
	return "$failed"
}

# storm_round RUNS - plays a storm. When all runs have ended, the conf file and nginx must match Consul.
storm_round() {
	local failed=0

	storm_runs "$1" 0 || failed=1
	storm_ended_well || failed=1
	return "$failed"
}

# ---- the same, with a command as another target ----

# Makes the command of a storm, $E2E_DIR/edge, and settings with it.
storm_command_begin() {
	command_make "$E2E_DIR/edge"
	settings "$(jq -n --arg path "$E2E_DIR/edge/command" --arg url "$GATEWAY_DYUPS" '{targets: [{url: $url, name: "nginx"},
		{kind: "command", name: "edge", command: [$path], timeout: 2}]}')"
	storm_begin
}

# storm_command_round RUNS - plays a storm in which the command is slow, hangs, or fails, before or after it has taken a change over.
# When the command works again, the next run, about any service, must bring it to the conf file.
storm_command_round() {
	local failed=0

	# shellcheck disable=SC2016 # the command expands it
	command_first "$E2E_DIR/edge" 'case $((RANDOM % 20)) in
		[0-9]) exit 1 ;;
		1[0-4]) trap "exit 1" EXIT ;;
		1[56]) sleep 0.2 ;;
		17) exec sleep 1000 ;;
	esac'
	storm_runs "$1" '0|75' || failed=1
	command_first "$E2E_DIR/edge"
	storm_next_runs storm_command_in_step || failed=1
	storm_ended_well || failed=1
	return "$failed"
}

storm_command_in_step() {
	diff <(awk '$1 == "upstream" { name = $2 } $1 == "server" { print name, $2 }' "$SWK_CONF" | sort) \
		<(command_has "$E2E_DIR/edge" | cut -d' ' -f1,2 | sort) && cmp "$SWK_CONF" "$SWK_CONF.edge.confirmed"
}


# ---- the same, with a file as another target, kills, and an operator ----

# Makes a proxy for a file, $E2E_DIR/proxy, and settings with it. `has` is what it has loaded, and `reloads` has a line for each reload.
# `check` and `reload` first run the files `check-first` and `reload-first`, if they exist.
storm_file_begin() {
	local dir="$E2E_DIR/proxy"

	mkdir "$dir"
	cat >"$dir/check" <<-END
		#!/bin/bash
		cd "$dir"
		[[ "\$(head -n 1 upstreams)" == '# Written by swk-apply'* && "\$(tail -n 1 upstreams)" == '}' ]] || cp upstreams torn
		[[ ! -e check-first ]] || . ./check-first
	END
	cat >"$dir/reload" <<-END
		#!/bin/bash
		cd "$dir"
		load() {
			cp upstreams "has.\$\$" && mv "has.\$\$" has
		}
		echo >>reloads
		[[ ! -e reload-first ]] || . ./reload-first
		load
	END
	chmod +x "$dir/check" "$dir/reload"
	settings "$(jq -n --arg dir "$dir" --arg url "$GATEWAY_DYUPS" '{targets: [{url: $url, name: "nginx"}, {kind: "file", name: "edge",
		file: ($dir + "/upstreams"), check: [$dir + "/check"], reload: [$dir + "/reload"], timeout: 1, interval: 1}]}')"
	storm_begin
	# An undo needs an earlier version.
	consul_register base-1 base-1-1 10.1.1.2 80
	swk-apply --resync
}

# Undoes the last change and resumes, again and again, until the storm is over. Its exit statuses are in `operator`.
storm_operator() {
	local status

	while test_goes_on "$E2E_DIR/storm/over"; do
		sleep "0.$((RANDOM % 10))"
		status=0
		swk undo || status=$?
		echo "undo $status" >>"$E2E_DIR/operator"
		sleep "0.$((RANDOM % 10))"
		status=0
		swk resume || status=$?
		echo "resume $status" >>"$E2E_DIR/operator"
	done >"$E2E_DIR/operator.out" 2>&1
}

# storm_disturbed_runs RUNS [COMMAND] - plays a storm in which some runs are killed, and an operator undoes changes. The command also
# runs meanwhile; it must end when the storm is over.
storm_disturbed_runs() {
	local failed=0 each
	local -a others=()

	# shellcheck disable=SC2317 # storm_run calls it
	swk-apply() {
		if ((RANDOM % 6)); then
			command swk-apply "$@"
		else
			timeout --signal=KILL "0.$((RANDOM % 10))" swk-apply "$@"
		fi
	}
	: >"$E2E_DIR/operator"
	rm -rf "$E2E_DIR/storm"
	for each in storm_operator "${@:2}"; do
		"$each" 3>&- &
		others+=($!)
	done
	storm_runs "$1" '0|10|75|137' || failed=1
	for each in "${others[@]}"; do
		wait "$each" || failed=1
	done
	unset -f swk-apply
	! grep -vE ' (0|10|75)$' "$E2E_DIR/operator" || { cat "$E2E_DIR/operator.out" && failed=1; }
	return "$failed"
}

# storm_file_round RUNS - plays a storm in which the check and the reload are slow, hang or fail, some runs are killed, and an operator
# undoes changes. There is a reload in each second at most, and one for an undo. When the proxy works again, the next run must bring it
# to the conf file.
storm_file_round() {
	local dir="$E2E_DIR/proxy" failed=0 before started reloads most

	cat >"$dir/check-first" <<-'END'
		case $((RANDOM % 10)) in
		[0-2]) exit 1 ;;
		3) kill -KILL $$ ;;
		4) sleep 0.3 ;;
		esac
	END
	cat >"$dir/reload-first" <<-'END'
		case $((RANDOM % 10)) in
		[01]) exit 1 ;;
		2) load && exit 1 ;;
		3) load && exec sleep 1000 ;;
		4) exec sleep 1000 ;;
		5) sleep 0.3 ;;
		esac
	END
	rm -f "$dir/torn"
	before=$(wc -l <"$dir/reloads") started=$(date +%s)
	storm_disturbed_runs "$1" || failed=1
	reloads=$(($(wc -l <"$dir/reloads") - before))
	most=$(($(date +%s) - started + 1 + $(grep -c '^undo' "$E2E_DIR/operator")))
	echo "$reloads reloads, at most $most"
	((reloads <= most)) || failed=1
	[[ ! -e "$dir/torn" ]] || failed=1

	rm "$dir/check-first" "$dir/reload-first"
	swk resume || failed=1
	storm_next_runs storm_file_in_step || failed=1
	storm_ended_well || failed=1
	return "$failed"
}

storm_file_in_step() {
	local file failed=0

	for file in "$SWK_CONF.edge.confirmed" "$E2E_DIR/proxy/upstreams" "$E2E_DIR/proxy/has"; do
		diff "$SWK_CONF" "$file" || failed=1
	done
	return "$failed"
}

# ---- traffic in a storm ----
#
# The service web has real backends, which are always up, so that requests for it must always succeed.

# storm_change_web NUMBER - replaces a server of web by another, and tells a run.
storm_change_web() {
	local -a names=(one two three)

	register web "web-${names[$1 % 3]}" "${names[$1 % 3]}"
	consul_deregister "web-${names[($1 + 1) % 3]}"
	swk-apply --service web < <(consul_api GET /v1/health/service/web)
}

# storm_traffic URL - each request must succeed, until the storm is over.
storm_traffic() {
	while test_goes_on "$E2E_DIR/storm/over"; do
		flock -s "$E2E_DIR/proxy.lock" curl -s --max-time 20 -H 'Connection: close' -o /dev/null -w '%{http_code} %{errormsg}\n' \
			"$1/?[1-20]" || true # the status tells
	done >"$E2E_DIR/statuses"
	! grep -v '^200 ' "$E2E_DIR/statuses" | sort | uniq -c | grep .
}

# storm_servers_of FILE [NAME] - prints the servers of a file in the syntax of nginx or HAProxy, or of one upstream of it. Each is
# `UPSTREAM ADDRESS WEIGHT MAXCONN BACKUP`.
storm_servers_of() {
	awk -v only="${2:-}" '$1 == "upstream" || $1 == "backend" { name = $2 }
		$1 == "server" && (only == "" || name == only) {
			weight = 1; most = 0; backup = 0
			gsub(/[=;]/, " "); sub(/max_conns/, "maxconn")
			for (i = 2; i <= NF; i++) {
				if ($i == "weight") weight = $(i + 1)
				if ($i == "maxconn") most = $(i + 1)
				if ($i == "backup") backup = 1
			}
			print name, $2, weight, most, backup
		}' "$1" | sort
}

# ---- the same, with HAProxy as another target ----

# Starts HAProxy and the backends, and makes settings with HAProxy. It runs `check-first` before it checks a configuration.
storm_haproxy_begin() {
	# shellcheck source=SCRIPTDIR/../lib/haproxy.bash
	source "${BASH_SOURCE[0]%/*}/../lib/haproxy.bash"
	STORM_ATTRIBUTES=1
	proxy_start "$E2E_DIR/haproxy" || return 1
	backend_start "$E2E_DIR/backends" one two three
	echo "$HAPROXY_PID" >"$E2E_DIR/haproxy.pid"
	cat >"$E2E_DIR/check" <<-END
		#!/bin/bash
		[[ ! -e "$E2E_DIR/check-first" ]] || . "$E2E_DIR/check-first"
		exec $(proxy_check_command | jq -r '@sh')
	END
	chmod +x "$E2E_DIR/check"
	settings "$(jq -n --arg api "$HAPROXY_API" --arg master "$HAPROXY_MASTER" --arg file "$HAPROXY_FILE" --arg check "$E2E_DIR/check" \
		--arg url "$GATEWAY_DYUPS" '{attributes: {allow: ["weight", "max_conns", "backup"]}, targets: [{url: $url, name: "nginx"},
		{kind: "haproxy", name: "edge", socket: $api, file: $file, check: [$check], master_socket: $master, timeout: 2,
		interval: 1}]}')"
	register web web-one one
	storm_begin
	# An undo needs an earlier version.
	register web web-two two
	swk-apply --resync
}

# Takes turns with requests: a restart cuts them off, and what is connecting.
storm_haproxy_restart() {
	(
		flock 9
		HAPROXY_PID=$(cat "$E2E_DIR/haproxy.pid")
		proxy_stop
		proxy_up 9>&-
		echo "$HAPROXY_PID" >"$E2E_DIR/haproxy.pid"
	) 9>"$E2E_DIR/proxy.lock"
	HAPROXY_PID=$(cat "$E2E_DIR/haproxy.pid")
}

# Restarts and reloads HAProxy, and changes the servers of web, until the storm is over.
storm_haproxy_operator() {
	local number=0

	while test_goes_on "$E2E_DIR/storm/over"; do
		sleep "0.$((RANDOM % 10))"
		case $((RANDOM % 6)) in
		0) storm_haproxy_restart ;;
		1)
			proxy_ask reload "$HAPROXY_MASTER" || true
			echo >>"$E2E_DIR/operator-reloads"
			;;
		*) storm_change_web $((++number)) ;;
		esac || true # the run may be killed
	done >"$E2E_DIR/haproxy-operator.out" 2>&1
}

storm_haproxy_traffic() {
	storm_traffic "$HAPROXY_TRAFFIC/to/web"
}

# storm_haproxy_reloads - prints how often a master was asked to reload, in all its lives.
storm_haproxy_reloads() {
	grep -c 'Reloading HAProxy' "$HAPROXY_DIR/log" || true
}

# storm_haproxy_round RUNS - plays a storm in which HAProxy is reloaded and restarted, its check is slow or fails, some runs are killed,
# and an operator undoes changes. A run reloads once in each second at most, and once for an undo.
storm_haproxy_round() {
	local failed=0 before started reloads most

	cat >"$E2E_DIR/check-first" <<-'END'
		case $((RANDOM % 10)) in
		[0-2]) exit 1 ;;
		3) kill -KILL $$ ;;
		4) sleep 0.3 ;;
		5) exec sleep 1000 ;;
		esac
	END
	: >"$E2E_DIR/operator-reloads"
	touch "$E2E_DIR/proxy.lock"
	before=$(storm_haproxy_reloads) started=$(date +%s)
	mkdir -p "$E2E_DIR/storm"
	storm_disturbed_runs "$1" storm_haproxy_operator storm_haproxy_traffic || failed=1
	HAPROXY_PID=$(cat "$E2E_DIR/haproxy.pid")
	reloads=$(($(storm_haproxy_reloads) - before - $(wc -l <"$E2E_DIR/operator-reloads")))
	most=$(($(date +%s) - started + 1 + $(grep -c '^undo' "$E2E_DIR/operator")))
	echo "$reloads reloads, at most $most; $(wc -l <"$E2E_DIR/statuses") requests"
	((reloads <= most)) || failed=1

	rm "$E2E_DIR/check-first"
	swk resume || failed=1
	storm_next_runs storm_haproxy_in_step || failed=1
	storm_haproxy_restart
	storm_haproxy_in_step || failed=1
	storm_ended_well || failed=1
	return "$failed"
}

# Whether HAProxy has what FILE has, and so does each file about it. Servers that drain are in maintenance.
storm_haproxy_in_step() {
	local failed=0

	cmp "$SWK_CONF" "$SWK_CONF.edge.confirmed" || failed=1
	diff <(storm_servers_of "$SWK_CONF") <(storm_servers_of "$HAPROXY_FILE") || failed=1
	diff <(storm_servers_of "$SWK_CONF") <(storm_haproxy_live) || failed=1
	return "$failed"
}

storm_haproxy_live() {
	proxy_ask 'show stat -1 4 -1' | awk -F, '
		/^# / { sub(/^# /, ""); for (i = 1; i <= NF; i++) column[$i] = i; next }
		NF > 1 && $column["status"] !~ /^MAINT/ {
			print $1, $2, $column["weight"], $column["slim"] + 0, $column["bck"]
		}' | sort
}

# ---- the same, with ngx_dynamic_upstream as the only target ----

# Starts the gateway, makes settings with it, and declares what a storm has: the conf file is SWK_CONF.
storm_dynamic_begin() {
	local i names=(web)

	# shellcheck source=SCRIPTDIR/../lib/dynamic.bash
	source "${BASH_SOURCE[0]%/*}/../lib/dynamic.bash"
	for ((i = 0; i < STORM_BASES; i++)); do
		names+=("base-$i")
	done
	for ((i = 0; i < STORM_TEMPS; i++)); do
		names+=("temp-$i")
	done
	STORM_ATTRIBUTES=1
	dynamic_gateway_start "$E2E_DIR/gateway" "${names[@]}" || return 1
	STORM_DECLARED=("${names[@]}")
	echo "$GATEWAY_PID" >"$E2E_DIR/gateway.pid"
	jq -n --arg conf "$SWK_CONF" --arg url "$DYNAMIC_URL" --arg directory "$DYNAMIC_DIRECTORY" '{conf: $conf, targets: [
		{kind: "dynamic", name: "edge", url: $url, directory: $directory}], attributes: {allow: ["weight", "max_conns", "backup"]}}' \
		>"$SWK_CONFIG"
	backend_start "$E2E_DIR/backends" one two three
	register web web-one one
	storm_begin
	# An undo needs an earlier version.
	register web web-two two
	swk-apply --resync
}

# Takes turns with requests: a restart cuts them off, and what is connecting.
storm_dynamic_restart() {
	(
		flock 9
		GATEWAY_PID=$(cat "$E2E_DIR/gateway.pid")
		gateway_stop
		gateway_restart 9>&-
		echo "$GATEWAY_PID" >"$E2E_DIR/gateway.pid"
	) 9>"$E2E_DIR/proxy.lock"
	GATEWAY_PID=$(cat "$E2E_DIR/gateway.pid")
}

# Restarts and reloads nginx, and changes the servers of web, until the storm is over. The stand-in also makes faults.
storm_dynamic_operator() {
	local number=0
	local -a faults=(unavailable reset reset-applied unchanged slow:0.3 late:0.3 gone full)

	while test_goes_on "$E2E_DIR/storm/over"; do
		sleep "0.$((RANDOM % 10))"
		case $((RANDOM % 6)) in
		0) storm_dynamic_restart ;;
		1) kill -HUP "$(cat "$E2E_DIR/gateway.pid")" ;;
		2) [[ -n "$GATEWAY_CONTROL" ]] && gateway_fault $((1 + RANDOM % 9)) "${faults[RANDOM % ${#faults[@]}]}" ;;
		*) storm_change_web $((++number)) ;;
		esac || true # the run may be killed
	done >"$E2E_DIR/dynamic-operator.out" 2>&1
}

# storm_dynamic_round RUNS - plays a storm in which nginx is reloaded and restarted and its answers fail, some runs are killed, and an
# operator undoes changes. When it works again, the next run must bring it to the conf file.
storm_dynamic_round() {
	local failed=0

	touch "$E2E_DIR/proxy.lock"
	mkdir -p "$E2E_DIR/storm"
	storm_disturbed_runs "$1" storm_dynamic_operator || failed=1
	GATEWAY_PID=$(cat "$E2E_DIR/gateway.pid")
	[[ -z "$GATEWAY_CONTROL" ]] || gateway_fault

	swk resume || failed=1
	storm_next_runs storm_dynamic_in_step || failed=1
	storm_dynamic_restart
	storm_dynamic_in_step || failed=1
	storm_ended_well || failed=1
	return "$failed"
}

# Whether nginx and its files have what FILE has. An upstream that FILE lacks has the placeholder.
storm_dynamic_in_step() {
	local name failed=0

	for name in "${STORM_DECLARED[@]}"; do
		diff <(storm_servers_of "$SWK_CONF" "$name") <(dynamic_servers "$name" | grep -v '^0\.0\.0\..* down$' | awk '{
			print name, $1, $2, $5, ($6 == "backup") }' name="$name" | sort) || failed=1
		diff <(grep -o 'server .*' < <(sed -n "/^upstream $name {/,/}/p" "$SWK_CONF")) \
			<(grep '^server' "$DYNAMIC_DIRECTORY/$name.servers" | grep -vx 'server 0.0.0.1 down;') || failed=1
	done
	return "$failed"
}

# ---- traffic while instances leave and return ----

traffic_begin() {
	consul_start "$E2E_DIR/consul" "$E2E_ROOT/consul.d/swk-apply.hcl" "$E2E_DIR/web.hcl"
	backend_start "$E2E_DIR/backends" one two three
	register web web-one one
	register web web-two two
	register web web-three three
	wait_until "$E2E_PATIENCE" lands web one two three
}

traffic_is_served() {
	grep -qxF "127.0.0.1:${BACKEND_PORT[$1]}" <(servers web)
}

traffic_is_gone() {
	! traffic_is_served "$1"
}

# traffic_rounds COUNT - each round drains one instance, stops and starts its backend, and brings the instance back.
traffic_rounds() {
	local i name
	local -a names=(one two three)

	for ((i = 0; i < $1; i++)); do
		name=${names[RANDOM % 3]}
		if ((i % 2)); then
			consul_maintenance "web-$name" on
		else
			consul_deregister "web-$name"
		fi
		wait_until "$E2E_PATIENCE" traffic_is_gone "$name" || return 1
		# After this pause every worker has read the change and has answered its open requests.
		sleep "${TRAFFIC_PAUSE:-2}"
		backend_down "$name"
		sleep 0.2
		backend_up "$name" || return 1
		if ((i % 2)); then
			consul_maintenance "web-$name" off
		else
			register web "web-$name" "$name"
		fi
		wait_until "$E2E_PATIENCE" traffic_is_served "$name" || return 1
	done
}

# traffic_was_well - whether nginx never tried a backend that was down. It would then have asked another backend, unnoticed by clients.
traffic_was_well() {
	! grep -E 'while connecting to upstream|while reading response header from upstream|no live upstreams' \
		"$GATEWAY_DIR/error.log" | head -n 5 | grep .
}

# ---- random events, and the way back ----

# One change in Consul, by chance. Sets $changed to the service.
chance_in_consul() {
	local number=$((1 + RANDOM % 6)) status=(passing passing warning critical)
	local id="s$number-$((1 + RANDOM % 3))" tags=()

	changed="s$number"
	((RANDOM % 3)) || tags+=("gray=$((RANDOM % 2))")
	((RANDOM % 4)) || tags+=("nginx:weight=$((1 + RANDOM % 9))")
	case $((RANDOM % 8)) in
	0) consul_deregister "$id" 2>/dev/null || true ;;
	1 | 2) consul_check "$id" "${status[RANDOM % 4]}" >/dev/null 2>&1 || true ;;
	*) consul_register "$changed" "$id" "10.0.$number.$((1 + RANDOM % 9))" 80 "${tags[@]}" ;;
	esac
}

# One run after a change, by chance: an event, a full run, one that is killed, or what an operator does.
chance_run() {
	case $((RANDOM % 16)) in
	0 | 1) swk-apply --resync --force ;;
	2) timeout -s KILL "0.0$((RANDOM % 30 + 10))" swk-apply --resync --force ;;
	3 | 4) timeout -s KILL "0.00$((RANDOM % 10))" swk-apply --service "$changed" < <(consul_api GET "/v1/health/service/$changed") ;;
	5) swk undo ;;
	6) swk hold ;;
	7) swk undo --to "$((RANDOM % 5 + 1))m" || swk undo ;;
	*) swk-apply --service "$changed" < <(consul_api GET "/v1/health/service/$changed") ;;
	esac >/dev/null 2>&1 || true
	if [[ -e "$SWK_CONF.hold" ]] && ((RANDOM % 2)); then
		swk resume >/dev/null 2>&1 || true
	fi
}

# last_number - prints the number of the last change in the journal.
last_number() {
	tail -n 1 "$SWK_CONF.journal" | jq .number
}

# events_and_points EVENTS POINTS - makes random events, and keeps the conf file after each. Then returns to random points, by number
# and by time, in any order: the conf file must be what it was then, byte for byte.
events_and_points() {
	local events="$1" points="$2" i number time changed kept="$E2E_DIR/kept"

	seed
	mkdir "$kept"
	consul_start "$E2E_DIR/consul"
	# swk undo leaves out what nginx still has of a deleted upstream; with two workers, this can take a moment.
	export SWK_READ_INTERVAL=0
	# No event changes this one. Without any service, a run takes Consul for broken.
	consul_register always always-1 10.0.0.1 80
	chance_in_consul
	swk-apply --resync >/dev/null
	cp "$SWK_CONF" "$kept/$(last_number)"
	for ((i = 1; i < events; i++)); do
		chance_in_consul
		chance_run
		cp "$SWK_CONF" "$kept/$(last_number)"
	done
	# A run that made several changes, or that was killed, leaves only the last state.
	swk history --json >"$E2E_DIR/history"
	echo "# $BATS_TEST_DESCRIPTION: $(wc -l <"$E2E_DIR/history") changes, $(grep -c '"fate":"not done"' "$E2E_DIR/history") not done" >&3
	run ! grep -q '"fate":"gap"' "$E2E_DIR/history"
	# A time names the whole second: the changes below must come later.
	sleep 1
	for ((i = 0; i < points; i++)); do
		number=$(find "$kept" -type f -printf '%f\n' | sort -n | shuf -n 1 --random-source=<(yes "$((SWK_SEED + i))"))
		if ((i % 2)); then
			swk undo --to "$number" >"$E2E_DIR/undone" 2>&1 || { cat "$E2E_DIR/undone" && return 1; }
		else
			# The last change of that second.
			time=$(jq -r --argjson number "$number" 'select(.number == $number) | .time[:19]' "$E2E_DIR/history")
			number=$(jq -r --arg time "$time" 'select(.time[:19] == $time) | .number' "$E2E_DIR/history" | tail -n 1)
			[[ -e "$kept/$number" ]] || continue
			swk undo --to "${time}Z" >"$E2E_DIR/undone" 2>&1 || { cat "$E2E_DIR/undone" && return 1; }
		fi
		cmp "$SWK_CONF" "$kept/$number" || { echo "point $number of seed $SWK_SEED" && return 1; }
		in_step
	done
}
