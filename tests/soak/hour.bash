# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A long life of a fleet: three hosts with many services, of which ten checks a second change. Meanwhile services fail over to another
# datacenter, instances are drained and restarted, nginx and HAProxy reload, and each host makes a full run every minute.
#
# Services:	svc-0… have addresses that nothing serves. All of their checks change.
#		live-0, live-1 have three real instances each, and get requests. The checks of `b` change, `c` is drained, `a` stays.
#		fail-0…fail-9 fail over to dc2. Those of fail-0 are real, and get requests.

# shellcheck source=SCRIPTDIR/soak.bash
source "${BASH_SOURCE[0]%/*}/soak.bash"
# shellcheck source=SCRIPTDIR/../lib/fleet.bash
source "${BASH_SOURCE[0]%/*}/../lib/fleet.bash"
# shellcheck source=SCRIPTDIR/../lib/datacenters.bash
source "${BASH_SOURCE[0]%/*}/../lib/datacenters.bash"

HOUR_SECONDS=${SOAK_SECONDS:-3600}
HOUR_SERVICES=${SOAK_SERVICES:-1000}
HOUR_FLIPS=10    # a second
_HOUR_LIVE=2	 # services live-N
_HOUR_FAIL=10	 # services fail-N
_HOUR_PATIENCE=90 # seconds after which a wait here fails
_HOUR_SAMPLE=10	 # seconds between two lines of the table
# Files beside the conf file that have a column of their own.
_HOUR_FILES=(conf state checks journal journal.old)

# ---- the beginning ----

# hour_begin - starts the hosts and the other datacenter, and registers all services. Returns when each host has them all.
hour_begin() {
	local number

	HOUR_OUT="${SOAK_OUT:-$E2E_ROOT/build/soak}"
	HOUR_TABLE="$HOUR_OUT/hour.tsv"
	mkdir -p "$HOUR_OUT" "$E2E_DIR/events" || return 1
	there_start "$E2E_DIR/dc2" || return 1
	FLEET_SERVER="$THERE_DIR/home.json" fleet_start "$E2E_DIR/fleet" \
		'{"fleet_check": true, "services": {"fail-*": {"failover": ["dc2"]}}}' || return 1
	there_joined || return 1
	backend_start "$E2E_DIR/backends" live-0-a live-0-b live-0-c live-1-a live-1-b live-1-c fail-0-a fail-0-b far || return 1
	_hour_instances >"$E2E_DIR/instances"
	for ((number = 0; number < _HOUR_FAIL; number++)); do
		there consul_register "fail-$number" "far-$number" "$(_hour_far_address "$number")" "$(_hour_far_port "$number")" || return 1
	done
	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		fleet_on "$number" _hour_register "$number" || return 1
	done
	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		wait_until "$_HOUR_PATIENCE" _hour_has_all "$number" || return 1
		wc -l <"$FLEET_DIR/$number/consul/consul.log" >"$E2E_DIR/log-$number"
	done
}

# Prints each instance: service, ID, address, port, and the host at whose agent it is registered.
_hour_instances() {
	local service number each host=0 port

	for ((number = 0; number < HOUR_SERVICES - _HOUR_LIVE - _HOUR_FAIL; number++)); do
		for ((each = 1; each <= 2 + number % 2; each++)); do
			echo "svc-$number svc-$number-$each 10.$((number / 250)).$((number % 250)).$each 80 $((1 + host++ % FLEET_HOSTS))"
		done
	done
	for service in live-0 live-1; do
		for each in a b c; do
			echo "$service $service-$each 127.0.0.1 ${BACKEND_PORT[$service-$each]} $((1 + host++ % FLEET_HOSTS))"
		done
	done
	for ((number = 0; number < _HOUR_FAIL; number++)); do
		for each in a b; do
			port=${BACKEND_PORT[fail-$number-$each]:-80}
			echo "fail-$number fail-$number-$each $( ((number)) && echo "10.100.$number.$((16#$each))" || echo 127.0.0.1) $port $((1 + host++ % FLEET_HOSTS))"
		done
	done
}

_hour_far_address() {
	(($1)) && echo "10.200.0.$1" || echo 127.0.0.1
}

_hour_far_port() {
	(($1)) && echo 80 || echo "${BACKEND_PORT[far]}"
}

# Registers the instances of the host in use by a file of its agent: thousands of requests would take minutes.
_hour_register() {
	awk -v host="$1" '$5 == host' "$E2E_DIR/instances" | jq -Rn '{services: [inputs | split(" ")
		| {name: .[0], id: .[1], address: .[2], port: (.[3] | tonumber), check: {ttl: "24h", status: "passing"}}]}' \
		>"$CONSUL_DIR/config/services.json" && consul_reload
}

_hour_has_all() {
	[[ "$(grep -c '^upstream ' "$FLEET_DIR/$1/conf/upstreams.conf" 2>/dev/null)" == "$HOUR_SERVICES" ]]
}

# ---- what happens ----

# Each event is a function that runs in the background, at most once at a time, and has arguments instead of random numbers. It writes
# how long it took to events/NAME, or why it failed to events/failed.

# _hour_start NAME ARGUMENT... - starts the event, unless the one before has not ended.
_hour_start() {
	local pid=${_hour_running[$1]:-}

	[[ -z "$pid" ]] || ! kill -0 "$pid" 2>/dev/null || return 0
	_hour_event "$@" >"$E2E_DIR/events/$1.out" 2>&1 3>&- &
	_hour_running[$1]=$!
}

_hour_event() {
	local began=${EPOCHREALTIME/[.,]/}

	if "_hour_$1" "${@:2}"; then
		echo "$(((${EPOCHREALTIME/[.,]/} - began) / 1000))" >>"$E2E_DIR/events/$1"
	else
		{
			echo "second $SECONDS: $*"
			cat "$E2E_DIR/events/$1.out"
		} >>"$E2E_DIR/events/failed"
	fi
}

# _hour_checks pass|fail SERVICE - sets all checks of a service.
_hour_checks() {
	local id host

	while read -r _ id _ _ host; do
		fleet_on "$host" consul_api PUT "/v1/agent/check/$1/service:$id" || return 1
	done < <(grep "^$2 " "$E2E_DIR/instances")
}

# All instances of fail-N become critical, and passing again when each host has that of dc2. Its upstream must then be the old one.
_hour_failover() {
	local far

	far="$(_hour_far_address "$1"):$(_hour_far_port "$1")"
	_hour_checks fail "fail-$1" || return 1
	wait_until "$_HOUR_PATIENCE" _hour_all_have "fail-$1" "$far" || return 1
	sleep "$2"
	_hour_checks pass "fail-$1" || return 1
	wait_until "$_HOUR_PATIENCE" fleet_all_have "fail-$1" 2
}

_hour_all_have() {
	local number

	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		[[ "$(fleet_servers "$number" "$1")" == "$2" ]] || return 1
	done
}

# Drains an instance of live-N, restarts it as soon as that is safe, and puts it back.
_hour_drain() {
	local name="live-$1-c" host

	host=$(awk -v id="$name" '$2 == id { print $5 }' "$E2E_DIR/instances")
	fleet_on "$host" timeout 120 swk drain --fleet "$name" || return 1
	BACKEND_PID[$name]=$(<"$_BACKEND_DIR/$name.pid")
	backend_kill "$name"
	sleep 0.5
	backend_up "$name" || return 1
	fleet_on "$host" timeout 60 swk undrain "$name"
}

_hour_nginx_reload() {
	fleet_on "$1" gateway_reload
}

_hour_haproxy_reload() {
	fleet_on 3 proxy_reload
}

# _hour_full_N - the timer of a host. Its exit statuses are in events/full.statuses.
_hour_full() {
	local ended=0

	fleet_on "$1" timeout 120 swk-apply --resync || ended=$?
	echo "$ended" >>"$E2E_DIR/events/full.statuses"
}
_hour_full_1() { _hour_full 1; }
_hour_full_2() { _hour_full 2; }
_hour_full_3() { _hour_full 3; }

# _hour_flip SECOND - changes so many random checks that there were ten for each second.
_hour_flip() {
	local i number urls=()

	for ((i = _hour_flips; i < HOUR_FLIPS * ($1 + 1) && i < _hour_flips + 5 * HOUR_FLIPS; i++)); do
		number=$(((RANDOM * 32768 + RANDOM) % ${#_hour_flippable[@]}))
		urls+=(-o /dev/null "${_hour_flippable[number]/VERB/${_hour_verb[number]:-fail}}")
		[[ "${_hour_verb[number]:-fail}" == pass ]] && _hour_verb[number]=fail || _hour_verb[number]=pass
	done
	_hour_flips=$i
	((${#urls[@]} == 0)) || curl --silent --max-time 20 --rate "$((2 * HOUR_FLIPS))/s" -X PUT -w '%{http_code} %{errormsg}\n' \
		"${urls[@]}" >>"$E2E_DIR/flips" 2>&1 || true
}

# Sends requests through the proxy of a host.
_hour_traffic() {
	local url

	url="$(fleet_on "$1" printenv FLEET_TRAFFIC)/to"
	while test_goes_on "$E2E_DIR/over"; do
		curl -s --max-time 20 --rate 10/s -o /dev/null -w '%{http_code} %{errormsg}\n' \
			"$url/live-0/?[1-20]" -o /dev/null "$url/live-1/?[1-20]" -o /dev/null "$url/fail-0/?[1-20]"
	done
}

# hour_pass - lets the time pass.
hour_pass() {
	local second number began loads=()

	declare -gA _hour_running=()
	declare -ga _hour_flippable=() _hour_verb=()
	_hour_flips=0
	_hour_find_flippable
	rm -f "$E2E_DIR/over"
	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		_hour_traffic "$number" >"$E2E_DIR/answers-$number" 2>&1 3>&- &
		loads+=($!)
	done
	_hour_head >"$HOUR_TABLE"
	began=$SECONDS
	while second=$((SECONDS - began)) && ((second < HOUR_SECONDS)); do
		_hour_due "$second"
		_hour_flip "$second"
		while ((SECONDS - began == second)); do
			sleep 0.05
		done
	done
	_hour_await_events
	: >"$E2E_DIR/over"
	wait "${loads[@]}"
	_hour_line "$((SECONDS - began))" >>"$HOUR_TABLE"
}

# The requests that change the checks, with the word VERB in place of pass or fail.
_hour_find_flippable() {
	local service id host number ports=()

	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		ports[number]=$(fleet_on "$number" printenv CONSUL_PORT)
	done
	while read -r service id _ _ host; do
		if [[ $service == svc-* || $id == live-*-b ]]; then
			_hour_flippable+=("http://127.0.0.1:${ports[host]}/v1/agent/check/VERB/service:$id")
		fi
	done <"$E2E_DIR/instances"
}

# _hour_due SECOND - starts what is due, with random arguments. The loop may miss a second.
_hour_due() {
	local number

	if (($1 / _HOUR_SAMPLE != ${_hour_sampled:--1})); then
		_hour_sampled=$(($1 / _HOUR_SAMPLE))
		_hour_line "$1" >>"$HOUR_TABLE"
	fi
	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		! _hour_is_time "full_$number" "$1" 60 $((20 * number - 10)) || _hour_start "full_$number"
	done
	! _hour_is_time failover "$1" 30 5 || _hour_start failover $((RANDOM % (_HOUR_FAIL - 1))) $((RANDOM % 10))
	! _hour_is_time drain "$1" 40 15 || _hour_start drain $((RANDOM % _HOUR_LIVE))
	! _hour_is_time nginx_reload "$1" 90 25 || _hour_start nginx_reload $((1 + RANDOM % 2))
	! _hour_is_time haproxy_reload "$1" 90 70 || _hour_start haproxy_reload
}

# _hour_is_time NAME SECOND PERIOD OFFSET - whether a period of the event has begun since the last call.
_hour_is_time() {
	local period=$((($2 - $4 + $3) / $3))

	((period > ${_hour_period[$1]:-0})) && _hour_period[$1]=$period
}
declare -gA _hour_period=()

_hour_await_events() {
	local name

	for name in "${!_hour_running[@]}"; do
		wait "${_hour_running[$name]}" || true
	done
}

# ---- the table ----

# Prints the names of the columns.
_hour_head() {
	local number file

	printf 'second\tagent_1\tagent_2\tagent_3\tagent_dc2\tnginx_1\tnginx_2\thaproxy\tnginx_1_processes\tnginx_2_processes\thaproxy_processes'
	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		for file in "${_HOUR_FILES[@]}" others; do
			printf '\t%s_%s' "$file" "$number"
		done
	done
	echo
}

# _hour_line SECOND - prints a line of the table: resident memory in KiB, numbers of processes, and sizes of files in bytes.
_hour_line() {
	local number line=$1 pids=() processes=()

	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		line+=$'\t'$(fleet_on "$number" _hour_agent_memory)
		pids[number]=$(fleet_on "$number" _fleet_processes)
		processes[number]=$(wc -w <<<"${pids[number]}")
	done
	line+=$'\t'$(_hour_memory "$THERE_PID")
	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		# shellcheck disable=SC2086 # several numbers
		line+=$'\t'$(_hour_memory ${pids[number]})
	done
	line+=$'\t'${processes[1]}$'\t'${processes[2]}$'\t'${processes[3]}
	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		line+=$(_hour_sizes "$FLEET_DIR/$number/conf")
	done
	echo "$line"
}

_hour_agent_memory() {
	_hour_memory "$CONSUL_PID"
}

# A process may end meanwhile.
_hour_memory() {
	local each

	for each; do
		cat "/proc/$each/status"
	done 2>/dev/null | awk '/^VmRSS:/ { sum += $2 } END { print sum + 0 }'
}

_hour_sizes() {
	find "$1" -maxdepth 1 -type f -printf '%f %s\n' 2>/dev/null | awk -v names="${_HOUR_FILES[*]}" '
		{ name = $1 == "upstreams.conf" ? "conf" : substr($1, 16) }
		index(" " names " ", " " name " ") { size[name] = $2; next }
		{ others += $2 }
		END {
			count = split(names, list, " ")
			for (i = 1; i <= count; i++)
				printf "\t%d", size[list[i]]
			printf "\t%d", others
		}'
}

# ---- the end ----

# hour_ended_well - one service stays at dc2. Whether the events alone bring each conf file to what Consul has; and whether, after a full
# run, each host is in step, and its proxy has what the conf file has.
hour_ended_well() {
	local number failed=0

	_hour_checks fail "fail-$((_HOUR_FAIL - 1))" || return 1
	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		fleet_on "$number" _consul_wait || return 1
	done
	_hour_expected | sort >"$E2E_DIR/expected" || return 1
	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		wait_until "$_HOUR_PATIENCE" _hour_conf_is_right "$number" 2>/dev/null >&2 || {
			echo "host-$number: after the events, the conf file differs from Consul:"
			_hour_conf_is_right "$number" || true
			failed=1
		}
	done
	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		fleet_on "$number" _hour_host_ended_well "$number" >"$E2E_DIR/ended-$number" 2>&1 || {
			echo "host-$number:"
			tail -n 40 "$E2E_DIR/ended-$number"
			failed=1
		}
	done
	return "$failed"
}

_hour_host_ended_well() {
	local failed=0 ended=0

	swk-apply --resync || { echo "the full run: status $?" && failed=1; }
	_hour_conf_is_right "$1" || { echo "the conf file differs from Consul" && failed=1; }
	swk status --color never >"$E2E_DIR/status-$1" 2>&1 || ended=$?
	tail -n 5 "$E2E_DIR/status-$1"
	((ended == 0)) || { echo "swk status: $ended" && failed=1; }
	SWK_CONF=$FLEET_CONF
	nothing_pending || failed=1
	if (($1 < 3)); then
		large_in_step || { echo "nginx differs from the conf file" && failed=1; }
	else
		# shellcheck disable=SC2119 # of all backends
		diff <(awk '$1 == "upstream" { name = $2 } $1 == "server" { print name, $2 }' "$FLEET_CONF" | sort) \
			<(proxy_servers | awk '$5 == "ready" { print $1, $3 }' | sort) || { echo "HAProxy differs from the conf file" && failed=1; }
	fi
	return "$failed"
}

# Prints what each conf file must have, according to Consul: a line for each server. Nothing for a service without a usable instance.
_hour_expected() {
	local last=$((HOUR_SERVICES - _HOUR_LIVE - _HOUR_FAIL - 1))

	fleet_on 1 _hour_ask "svc-[0-$last]" '' && fleet_on 1 _hour_ask "live-[0-$((_HOUR_LIVE - 1))]" '' &&
		fleet_on 1 _hour_ask "fail-[0-$((_HOUR_FAIL - 2))]" '' && fleet_on 1 _hour_ask "fail-$((_HOUR_FAIL - 1))" '&dc=dc2'
}

_hour_ask() {
	consul_api GET "/v1/health/service/$1?passing$2" | jq -r '.[].Service | "\(.Service) \(.Address):\(.Port)"'
}

# Whether a host's conf file has these servers, and every service. Without a usable instance, a service keeps its last servers.
_hour_conf_is_right() {
	_hour_has_all "$1" && diff "$E2E_DIR/expected" <(awk 'FNR == NR { usable[$1] = 1; next } $1 == "upstream" { name = $2 }
		$1 == "server" && name in usable { print name, $2 }' "$E2E_DIR/expected" "$FLEET_DIR/$1/conf/upstreams.conf" | sort)
}

# hour_failures - prints what went wrong in the time that passed; nothing is expected.
hour_failures() {
	cat "$E2E_DIR/events/failed" 2>/dev/null || true
	grep -hv '^200 ' "$E2E_DIR"/answers-* "$E2E_DIR/flips" | sort | uniq -c
	_hour_lost | head -n 20
	sort "$E2E_DIR/events/full.statuses" | grep -v '^0$' | uniq -c | sed 's/$/ is the status of a full run/'
}

# Prints how often an nginx lost its backend, or found none. It then tries another, so its client may not notice.
_hour_lost() {
	cat "$E2E_DIR"/fleet/*/gateway/error.log |
		grep -E 'while connecting to upstream|while reading response header from upstream|no live upstreams'
}

# hour_summary - prints a Markdown table of what happened, and on which machine.
hour_summary() {
	local number

	echo '| what | number |'
	echo '| --- | --: |'
	echo "| services, instances | $HOUR_SERVICES, $(wc -l <"$E2E_DIR/instances") |"
	echo "| seconds | $HOUR_SECONDS |"
	echo "| changes of a check | $(wc -l <"$E2E_DIR/flips") |"
	echo "| requests through the proxies | $(cat "$E2E_DIR"/answers-* | wc -l) |"
	echo "| requests that failed | $(cat "$E2E_DIR"/answers-* | grep -cv '^200 ') |"
	echo "| requests that an nginx had to send to another backend | $(_hour_lost | wc -l) |"
	_hour_times failover 'failovers to the other datacenter, and back'
	_hour_times drain 'instances drained on all hosts, killed, and started again'
	_hour_times nginx_reload 'reloads of an nginx'
	_hour_times haproxy_reload 'reloads of HAProxy'
	echo "| full runs by the timer | $(wc -l <"$E2E_DIR/events/full.statuses") |"
	for ((number = 1; number <= FLEET_HOSTS; number++)); do
		echo "| runs of host-$number by events that ended with another status than 0 | $(_hour_log "$number" | grep -c 'exit status') |"
	done
	echo
	_hour_machine
}

_hour_machine() {
	printf 'Taken on %s at %s, seed %s, on %s cores of %s, Linux %s. ' "$(date -u +%F)" \
		"$(git -C "$E2E_ROOT" describe --always --dirty 2>/dev/null || echo 'an unknown commit')" "$SWK_SEED" "$(nproc)" \
		"$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)" "$(uname -r)"
	printf '%s, HAProxy %s, %s.\n' "$(_gateway_nginx -v 2>&1 | sed -n 's/.*version: //p' | paste -sd ' ')" \
		"$("$(proxy_binary)" -v | sed -n '1s/^HAProxy version \([^ ]*\) .*/\1/p')" "$("$(consul_binary)" version | head -n 1)"
}

# Prints what the agent of a host has logged since the beginning.
_hour_log() {
	tail -n "+$(($(<"$E2E_DIR/log-$1") + 1))" "$FLEET_DIR/$1/consul/consul.log"
}

_hour_times() {
	[[ -s "$E2E_DIR/events/$1" ]] || return 0
	sort -n "$E2E_DIR/events/$1" | awk -v what="$2" '{ time[NR] = $1 }
		END { printf "| %s (median %.1f s, longest %.1f s) | %d |\n", what, time[int((NR + 1) / 2)] / 1000, time[NR] / 1000, NR }'
}

# hour_end - ends all processes.
hour_end() {
	local name

	: >"$E2E_DIR/over"
	for name in "${_hour_running[@]}"; do
		kill "$name" 2>/dev/null || true
	done
	for name in "${!BACKEND_PID[@]}"; do
		BACKEND_PID[$name]=$(<"$_BACKEND_DIR/$name.pid")
	done
	backend_stop
	[[ -z "${FLEET_DIR:-}" ]] || fleet_stop
	there_stop
}
