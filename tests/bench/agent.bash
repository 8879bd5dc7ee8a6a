# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Figures with a real agent.

# shellcheck source=SCRIPTDIR/bench.bash
source "${BASH_SOURCE[0]%/*}/bench.bash"

# catalogue SERVICES INSTANCES [FIRST] - registers the instances of `document` in the catalogue, on nodes without an agent. With FIRST the
# catalogue must have the services before svc-FIRST. It omits the check serfHealth, because the leader would remove a node that has this check and is not a member.
catalogue() {
	local each listed

	document "$@" | jq -c '
		def operations: {Node: {Verb: "set", Node: (.Node | {ID, Node, Address, Meta})}},
			{Service: {Verb: "set", Node: .Node.Node, Service: (.Service | {ID, Service, Tags, Meta, Port, Address, Weights})}},
			(.Node.Node as $node | .Checks[1] | {Check: {Verb: "set", Check: {Node: $node, CheckID, Name, Status, Output, ServiceID}}});
		[.[] | operations] | range(0; length; 60) as $first | .[$first:$first + 60]' | split -l 1 -a 4 - "$work/operations."
	for each in "$work"/operations.*; do
		printf 'url = "http://127.0.0.1:%s/v1/txn"\nrequest = PUT\ndata-binary = "@%s"\noutput = /dev/null\nwrite-out = "%%{http_code}\\n"\nsilent\nnext\n' \
			"$CONSUL_PORT" "$each"
	done | sed '$d' >"$work/transactions"
	curl -K "$work/transactions" | sort | uniq -c >"$work/transactions.status"
	rm "$work"/operations.*
	listed="$(consul_api GET /v1/catalog/services | jq length)"
	[[ "$listed" == "$(($1 + 1))" ]] || fail "the catalogue has $listed services: $(cat "$work/transactions.status")"
}

figure_flip() {
	local block blocks=5 flips=10 handler instance ours shell
	local -A command=([ours]="$swk_apply --service svc-1" [shell]="$shell_handler svc-1")

	bench_begin flip || exit 1
	[[ -z "$BENCH_ONCE" ]] || blocks=1 flips=2
	new_gateway gateway || exit 1
	consul_start "$work/agent" || exit 1
	for ((instance = 1; instance <= 10; instance++)); do
		consul_register svc-1 "svc-1-$instance" "10.0.0.$instance" 8080 || exit 1
	done
	for ((block = 0; block < blocks; block++)); do
		for handler in ours shell; do
			_watch_by "${command[$handler]}"
			"$bench_programs/flip" "$flips" "http://127.0.0.1:$CONSUL_PORT/v1/agent/check/update/service:svc-1-1" \
				"$GATEWAY_DYUPS/detail" >>"$BENCH_OUT/raw/flip.$handler" || exit 1
		done
	done
	ours="$(median <"$BENCH_OUT/raw/flip.ours")"
	shell="$(median <"$BENCH_OUT/raw/flip.shell")"
	note flip ms "$ours" "$shell" ratio "$(jq -n "$ours / $shell")" 0.4
}

# _watch_by COMMAND - makes the agent's watch of svc-1 start this command. A new watch fires at once, so it waits for that run.
_watch_by() {
	# shellcheck disable=SC2086 # words
	jq -n '{watches: [{type: "service", service: "svc-1", handler_type: "script", args: $ARGS.positional}]}' \
		--args -- $1 >"$CONSUL_DIR/config/watch.json"
	consul_reload || exit 1
	sleep 1
}

# The time until the last of four workers serves by the flipped check. Four services flip independently of each other. Each has a
# regular instance, which flips, and a backup instance, so an answer to a request through the gateway tells whether its worker has
# the change. A request to the interface would make the worker read its queue.
figure_flip_last() {
	local services=4 flips=125 service
	local -a pids=()

	bench_begin flip-last || exit 1
	[[ -z "$BENCH_ONCE" ]] || flips=1
	backend_start "$work/backends" regular backup || exit 1
	GATEWAY_WORKERS=4 new_gateway gateway || exit 1
	consul_start "$work/agent" || exit 1
	for ((service = 1; service <= services; service++)); do
		consul_register "svc-$service" "svc-$service-1" 127.0.0.1 "${BACKEND_PORT[regular]}" &&
			consul_register "svc-$service" "svc-$service-2" 127.0.0.1 "${BACKEND_PORT[backup]}" nginx:backup || exit 1
	done
	_watch_all "$services"
	for ((service = 1; service <= services; service++)); do
		"$bench_programs/flip" "$flips" "http://127.0.0.1:$CONSUL_PORT/v1/agent/check/update/service:svc-$service-1" \
			"$GATEWAY_TRAFFIC/to/svc-$service" 4 >"$work/flips-$service" &
		pids+=("$!")
	done
	for service in "${pids[@]}"; do
		wait "$service" || fail 'a flip did not reach all workers'
	done
	cat "$work"/flips-* >"$BENCH_OUT/raw/flip-last.ours"
	note_amount flip-last-median ms "$(percentile 50 <"$BENCH_OUT/raw/flip-last.ours")" -
	note_amount flip-last ms "$(percentile 99 <"$BENCH_OUT/raw/flip-last.ours")" 1200
}

# _watch_all SERVICES - makes the agent's watches start swk-apply, and waits until nginx has the services.
_watch_all() {
	jq -n --arg program "$swk_apply" --argjson services "$1" '{watches: [range($services) | "svc-\(. + 1)" |
		{type: "service", service: ., handler_type: "script", args: [$program, "--service", .]}]}' \
		>"$CONSUL_DIR/config/watch.json"
	consul_reload || exit 1
	sleep 3 # the first runs, and the workers' timers
	[[ "$(_gateway_observe list | wc -l)" == "$1" ]] || fail 'nginx does not have the services'
}

# Counts, in the agent's log, the requests that one changed check among many services causes.
figure_checks() {
	local services=1000 asked

	bench_begin checks || exit 1
	[[ -z "$BENCH_ONCE" ]] || services=20
	new_gateway gateway || exit 1
	CONSUL_LOG_LEVEL=debug consul_start "$work/agent" || exit 1
	catalogue "$services" 10
	"$swk_apply" --quiet --resync || fail "status $? at first"
	_checks_event
	consul_api GET /v1/health/node/host-1 | jq -c '.[0] | .Status = "critical" | {Node, Address: "172.16.0.1",
		SkipNodeUpdate: true, Check: {Node, CheckID, Name, Status, Output, ServiceID}}' >"$work/flip.json"
	consul_catalog_register "$(cat "$work/flip.json")" || exit 1
	asked="$(_health_requests)"
	_checks_event
	asked="$(($(_health_requests) - asked))"
	[[ "$(_gateway_observe detail | grep -c '^server')" == $((services * 10 - 1)) ]] ||
		fail 'nginx does not show the flip'
	note checks requests "$asked" - count "$asked" 1
}

# Starts swk-apply with the current document of checks, as the agent would.
_checks_event() {
	local index

	consul_api GET /v1/health/state/any -D "$work/head" >"$work/checks.json" || exit 1
	index="$(sed -n 's/^X-Consul-Index: \([0-9]*\).*/\1/pI' "$work/head")"
	CONSUL_INDEX="$index" "$swk_apply" --quiet <"$work/checks.json" || fail "status $? of an event of checks"
}

_health_requests() {
	sleep 0.5 # the agent logs a request after it has answered
	grep -c 'Request finished: method=GET url=/v1/health/service/' "$CONSUL_DIR/consul.log"
}
