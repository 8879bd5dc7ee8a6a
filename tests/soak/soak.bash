# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the short tests (e2e/converge.bats, e2e/traffic.bats) and the long ones here share, so that they differ in size only.

# shellcheck source=SCRIPTDIR/../e2e/e2e.bash
source "${BASH_SOURCE[0]%/*}/../e2e/e2e.bash"

# seed - from here on, chance is as SWK_SEED says, or new; printed, so that it can be said again.
seed() {
	RANDOM=${SWK_SEED:=$((${EPOCHREALTIME/[.,]/} % 32768))}
	echo "# $BATS_TEST_DESCRIPTION: SWK_SEED=$SWK_SEED" >&3
}

# instance SERVICE ADDRESS [TAG], document INSTANCE... - of a `service` watch, as many services as one likes.
instance() {
	printf '{"Node":{},"Service":{"Service":"%s","ID":"%s","Port":80,"Address":"%s","Tags":[%s]},"Checks":[]}' \
		"$1" "$1" "$2" "${3:+\"$3\"}"
}

document() {
	local IFS=,

	printf '[%s]' "$*"
}

# large_document UPSTREAMS SERVERS [PREFIX] - a document of so many services, each with so many instances.
large_document() {
	jq -nc --argjson upstreams "$1" --argjson servers "$2" --arg prefix "${3:-svc}" '[range($upstreams) as $u
		| range($servers) as $s
		| {Node: {}, Checks: [], Service: {Service: "\($prefix)-\($u)", ID: "\($u)-\($s)", Tags: [], Port: (1000 + $s),
			Address: "10.\($u / 250 | floor).\($u % 250).\($s % 250 + 1)"}}]'
}

# gateway_anew - another one in place of the one that runs, with the settings as they are now, and the conf file that there is.
gateway_anew() {
	gateway_stop
	gateway_start "$E2E_DIR/gateway-$BASHPID-${EPOCHREALTIME/[.,]/}"
	export SWK_DYUPS="$GATEWAY_DYUPS"
}

# gateway_again - the one that was stopped, on the ports that it had; returns when it answers.
gateway_again() {
	_gateway_nginx >>"$GATEWAY_DIR/nginx.out" 2>&1 </dev/null 3>&- &
	export GATEWAY_PID=$!
	wait_until "$E2E_PATIENCE" _gateway_answers
}

# nothing_owed - whether no target is owed anything.
nothing_owed() {
	! grep '^owed ' "$SWK_CONF.state"
}

# large_in_step - as in_step, with far fewer looks at all there is. An idle nginx gives one connection after another to the
# same worker, and passes on to the next after every 16th: so 15 short answers, and then a look, is a look at each in turn.
large_in_step() {
	local end=$((SECONDS + 60)) missing worker
	local wanted="$E2E_DIR/wanted" seen="$E2E_DIR/seen"

	awk '$1 == "upstream" { name = $2 } $1 == "server" { print name, $2 }' "$SWK_CONF" | sort >"$wanted"
	missing="$(gateway_workers)"
	while [[ -n "$missing" ]]; do
		((SECONDS < end)) || return 1
		_gateway_observe 'upstream/-[1-15]' -H 'Connection: close' -o /dev/null
		_gateway_observe detail -D "$seen.head" >"$seen"
		awk '/^$/ { name = ""; next } name == "" { name = $1; next } { print name, $2 }' "$seen" | sort |
			cmp - "$wanted" || return 1
		worker="$(sed -n 's/^X-Worker: \([0-9]*\).*/\1/p' "$seen.head")"
		missing="$(grep -vx "$worker" <<<"$missing")" || true # empty at last
	done
}

# ---- a storm of handlers ----
#
# Services base-0… always have their instance 0, of which nothing changes; others come and go, and so do services temp-0….

STORM_BASES=8
STORM_TEMPS=4

storm_begin() {
	local i

	for ((i = 0; i < STORM_BASES; i++)); do
		storm_register "base-$i" 0 || return 1
	done
	consul_register base-0 base-0-1 10.1.0.2 80
	swk-apply --resync >"$E2E_DIR/storm.out" 2>&1
}

# storm_register SERVICE NUMBER - an instance, without waiting for the catalogue.
storm_register() {
	local last=${1##*-}

	[[ "$1" != temp* ]] || last=$((last + 100))
	jq -n --arg name "$1" --arg id "$1-$2" --arg address "10.1.$last.$(($2 + 1))" '{Name: $name, ID: $id,
		Address: $address, Port: 80, Check: {TTL: "24h", Status: "passing"}}' |
		consul_api PUT /v1/agent/service/register --data @-
}

# storm_change - one change by chance.
storm_change() {
	local service="base-$((RANDOM % STORM_BASES))" number=$((1 + RANDOM % 3))

	if ((RANDOM % 3 == 0)); then
		service="temp-$((RANDOM % STORM_TEMPS))"
	fi
	# What isn't registered can't be changed: that is no failure.
	case $((RANDOM % 4)) in
	0 | 1) storm_register "$service" "$number" ;;
	2) consul_api PUT "/v1/agent/service/deregister/$service-$number" || true ;;
	3)
		jq -n --arg status "$( ((RANDOM % 2)) && echo passing || echo critical)" '{Status: $status}' |
			consul_api PUT "/v1/agent/check/update/service:$service-$number" --data @- || true
		;;
	esac >/dev/null 2>&1
}

# storm_handler NUMBER KIND [DELAY [after]] - fetches a document and its index, lets it grow old (after: from the last change
# on), and hands it to swk-apply.
storm_handler() {
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

# test_goes_on FILE - until FILE is there, and as long as the test runs: nothing in the background must outlive it.
test_goes_on() {
	[[ ! -e "$1" ]] && kill -0 "$$" 2>/dev/null
}

# Ends with 1 when the file is seen without one of those that are always registered.
storm_watch() {
	while test_goes_on "$E2E_DIR/storm/over"; do
		if [[ "$(grep -c '^upstream base-' "$SWK_CONF")" != "$STORM_BASES" ]]; then
			echo "the file lost one of the base services"
			return 1
		fi
		sleep 0.02
	done
}

# What the file must have, as Consul sees it now: a line for each server. Of a service without a healthy instance nothing.
storm_wanted() {
	local service

	for service in $(consul_api GET /v1/catalog/services | jq -r 'del(.consul) | keys[]'); do
		consul_api GET "/v1/health/service/$service?passing" |
			jq -r '.[].Service | "\(.Service + (.Tags | map(select(startswith("gray=")) | "_" + .[5:]) | add // ""))"
				+ " \(.Address):\(.Port)"'
	done | sort
}

# What it has. A service that is registered, but has no healthy instance, keeps its servers: those are left out.
storm_had() {
	local all

	all=" $(consul_api GET /v1/catalog/services | jq -r 'del(.consul) | keys | join(" ")') "
	awk '$1 == "upstream" { name = $2 } $1 == "server" { print name, $2 }' "$SWK_CONF" | sort |
		awk -v all="$all" 'FNR == NR { healthy[$1] = 1; next } $1 in healthy || index(all, " " $1 " ") == 0' \
			"$E2E_DIR/storm/wanted" -
}

storm_is_fetched() {
	[[ "$(find "$E2E_DIR/storm" -name 'old-*.document' -size +0 | wc -l)" == "$STORM_BASES" ]]
}

# storm_round HANDLERS - so many handlers, of every kind, while things change; the last of them begin after the last change,
# with documents that are old among theirs. What the file and nginx have when all ended must be what Consul says.
storm_round() {
	local i kind watch failed=0
	local -a handlers=()

	rm -rf "$E2E_DIR/storm"
	mkdir "$E2E_DIR/storm"
	storm_watch >"$E2E_DIR/storm.watch" 2>&1 3>&- &
	watch=$!
	# These come last of all, and know nothing of what happens here.
	for ((i = 0; i < STORM_BASES; i++)); do
		storm_handler "old-$i" "base-$i" "1.$i" after >/dev/null 2>&1 3>&- &
		handlers+=($!)
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
		storm_handler "$i" "$kind" "0.$((RANDOM % 10))" >"$E2E_DIR/storm/$i.err" 2>&1 3>&- &
		handlers+=($!)
		((RANDOM % 2)) || storm_change
	done
	_consul_wait || return 1 # the agent has told the catalogue
	: >"$E2E_DIR/storm/last"
	for kind in services checks resync services; do
		storm_handler "$i" "$kind" >/dev/null 2>&1 3>&- &
		handlers+=($!)
		((++i))
	done
	wait "${handlers[@]}" || true # each notes how it ended
	: >"$E2E_DIR/storm/over"
	if ! wait "$watch"; then
		cat "$E2E_DIR/storm.watch"
		failed=1
	fi
	if [[ "$(cat "$E2E_DIR"/storm/*.status | wc -l)" != "${#handlers[@]}" ]]; then
		echo "a handler got no document, or said nothing"
		failed=1
	fi
	if cat "$E2E_DIR"/storm/*.status | grep -v ' 0$'; then
		grep -h error: "$E2E_DIR"/storm/*.out | sort | uniq -c
		failed=1
	fi
	storm_wanted >"$E2E_DIR/storm/wanted"
	diff "$E2E_DIR/storm/wanted" <(storm_had) || failed=1
	in_step || failed=1
	nothing_owed || failed=1
	return "$failed"
}

# ---- traffic while instances go and come ----

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

# traffic_rounds COUNT - so often one instance is taken out, its backend ended and started again, and the instance put back.
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
		# By then every worker has read it, and what it had under way is answered.
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

# traffic_was_well - whether nginx never tried a backend that was down: it would have asked another, and told nobody.
traffic_was_well() {
	! grep -E 'while connecting to upstream|while reading response header from upstream|no live upstreams' \
		"$GATEWAY_DIR/error.log" | head -n 5 | grep .
}
