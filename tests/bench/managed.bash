# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# How the cost of a run depends on the number of managed services: a full run, and events. Each number has its own gateway and files.

# shellcheck source=SCRIPTDIR/agent.bash
source "${BASH_SOURCE[0]%/*}/agent.bash"
# shellcheck source=SCRIPTDIR/events.bash
source "${BASH_SOURCE[0]%/*}/events.bash"

# A full run with a real agent makes the state of each number, and events follow. So FILE.state has an index for each service.
figure_managed() {
	local few=10 some=1000 many=10000 n last=0
	local -a numbers=(10 100 1000 10000)
	local -A conf=() dyups=() dir=() changed=() unchanged=() full=() full_curl=() full_memory=()

	bench_begin managed || exit 1
	use_disk
	two_documents
	[[ -z "$BENCH_ONCE" ]] || few=10 some=20 many=30 numbers=(10 20 30)
	consul_start "$work/agent" || exit 1
	for n in "${numbers[@]}"; do
		catalogue "$n" 10 "$((last + 1))"
		last="$n"
		GATEWAY_BODY_BUFFER=1m new_gateway "$n" || exit 1
		conf[$n]="$SWK_CONF" dyups[$n]="$SWK_DYUPS" dir[$n]="$GATEWAY_DIR"
		_full_run
		bodies
		keep_files "$n"
	done
	consul_stop
	_changed_events
	_unchanged_events
	_count_detail
	_growth >"$BENCH_OUT/growth-managed.tsv" || exit 1
}

# Compares a full run of $n services with curl. In the first run everything is new.
_full_run() {
	local rounds=5 runs=10 service

	# With one run of each side in turn, one of them would always be the one during which Consul's agent frees memory.
	((n < some)) || rounds=21 runs=2
	((n < many)) || rounds=6 runs=2
	"$swk_apply" --quiet --timeout 300 --resync || fail "status $? at first"
	for ((service = 1; service <= n; service++)); do
		printf 'url = "http://127.0.0.1:%s/v1/health/service/svc-%s"\noutput = /dev/null\n' "$CONSUL_PORT" "$service"
	done >"$work/urls"
	gateway_requests_clear
	figure="managed-full-$n"
	race "$rounds" "$runs" ours true "exec $swk_apply --quiet --resync" \
		curl true "exec curl -sf --parallel -K $work/urls" || exit 1
	full_memory[$n]="$(memory "exec $swk_apply --quiet --resync")" || fail 'the measured run of its memory failed'
	gateway_requests | grep -q '^POST' && fail 'something was sent although nothing had changed'
	full[$n]="$(seconds ours)" full_curl[$n]="$(seconds curl)"
	((n != some)) || note_race resync 1.2 ours curl
	((n != many)) || note_race resync-10000 1.2 ours curl
	((n != many)) || note_amount managed-memory-resync MiB "$(mib "${full_memory[$n]}")" 64
}

# _use N - makes swk-apply and the helpers use the gateway of this number.
_use() {
	SWK_CONF="${conf[$1]}" SWK_DYUPS="${dyups[$1]}" GATEWAY_DYUPS="${dyups[$1]}" GATEWAY_DIR="${dir[$1]}"
}

# _event DOCUMENT [VARIABLE] - prints the command for an event of svc-1 on the gateway in use.
_event() {
	echo "SWK_CONF=$SWK_CONF SWK_DYUPS=$SWK_DYUPS ${2:-} $(event "$1")"
}

# _before_event FILES-BACK [VARIABLE] - prints the command that brings files and nginx to b.json, with an earlier event, which changes
# nothing: an event usually follows another one.
_before_event() {
	echo "$1 && $(post "$work/b.body") && SWK_CONF=$SWK_CONF SWK_DYUPS=$SWK_DYUPS ${2:-} $_before $swk_apply --quiet --service svc-1 <$work/b.json"
}

_changed_events() {
	local -a arguments=()

	figure=managed-changed
	for n in "${numbers[@]}"; do
		_use "$n"
		arguments+=("$n" "$(_before_event "$(files_back "$n")")" "$(_event "$work/a.json")")
	done
	arguments+=(disk "$(_before_event "$(files_to_disk "$many")" "$(on_disk)") && sync $disk/*" "$(_event "$work/a.json" "$(on_disk)")")
	race 7 10 "${arguments[@]}" || exit 1
	has_all_ten
	for n in "${numbers[@]}"; do
		changed[$n]="$(seconds "$n")"
	done
	note_race managed 2 "$some" "$few"
	note_race managed-10000 2 "$many" "$few"
	note_race managed-10000-disk - disk "$many"
}

_unchanged_events() {
	local -a arguments=()

	figure=managed-unchanged
	for n in "${numbers[@]}"; do
		_use "$n"
		arguments+=("$n" "$(_before_event "$(files_back "$n")")" "$(_event "$work/b.json")")
	done
	arguments+=(disk "$(_before_event "$(files_to_disk "$many")" "$(on_disk)") && sync $disk/*" "$(_event "$work/b.json" "$(on_disk)")")
	race 7 10 "${arguments[@]}" || exit 1
	for n in "${numbers[@]}"; do
		_use "$n"
		gateway_requests_clear
		sh -c "$(_event "$work/b.json")" || fail "status $? when counted"
		gateway_requests | grep -q '^POST' && fail 'something was sent although nothing had changed'
		unchanged[$n]="$(seconds "$n")"
	done
	note_race unchanged-10000 3 "$many" "$few"
	note_race unchanged-10000-disk - disk "$many"
}

# Counts the requests for /detail of an event.
_count_detail() {
	local requests

	figure=managed
	_use "$some"
	sh -c "$(files_back "$some")"
	gateway_requests_clear
	sh -c "$(_event "$work/a.json")" || fail "status $? when counted"
	requests="$(gateway_requests | grep -c '^GET /detail')"
	note managed-detail requests "$requests" - count "$requests" 0
}

# Prints a line for each number: the services, the seconds of an event, an unchanged event, a full run and curl, the KiB of an event and
# a full run.
_growth() {
	local kib

	for n in "${numbers[@]}"; do
		_use "$n"
		sh -c "$(_before_event "$(files_back "$n")")"
		kib="$(memory "$(_event "$work/a.json")")" || fail 'the measured run of its memory failed'
		has_all_ten
		printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$n" "${changed[$n]}" "${unchanged[$n]}" "${full[$n]}" "${full_curl[$n]}" \
			"$kib" "${full_memory[$n]}"
	done
	note_amount managed-memory MiB "$(mib "$kib")" 64 >&2
}
