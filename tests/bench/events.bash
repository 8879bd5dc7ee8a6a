# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Figures for one event of a service watch.

# shellcheck source=SCRIPTDIR/bench.bash
source "${BASH_SOURCE[0]%/*}/bench.bash"

# Each measured event is newer than the last applied one; the files are restored before each run.
_before='CONSUL_INDEX=41' _after='CONSUL_INDEX=42'

# event DOCUMENT - prints the command that applies the document as an event of svc-1.
event() {
	echo "$_after exec $swk_apply --quiet --service svc-1 <$1"
}

# post BODY-FILE - prints the command that only sends the POST.
post() {
	echo "curl -s -X POST -o /dev/null --data-binary @$1 $SWK_DYUPS/upstream/svc-1"
}

# bodies - applies $work/b.json, then a.json, then b.json again, and writes the bodies that were sent to a.body and b.body.
bodies() {
	local each

	for each in b a b; do
		env "$_before" "$swk_apply" --quiet --service svc-1 <"$work/$each.json" || fail "status $? at first"
		gateway_requests | awk '$1 " " $2 == "POST /upstream/svc-1" { body = $0 }
			END { sub(/^[^ ]+ [^ ]+ [^ ]+ /, "", body); printf "%s", body }' >"$work/$each.body"
	done
	if [[ ! -s "$work/a.body" ]] || cmp -s "$work/a.body" "$work/b.body"; then
		fail 'both documents give the same upstream'
	fi
}

# two_documents - makes two documents of 10 instances; in b.json one is critical.
two_documents() {
	document 1 10 >"$work/a.json"
	document -c 1 10 >"$work/b.json"
}

# Checks that nginx has all instances of a.json.
has_all_ten() {
	[[ "$(_gateway_observe upstream/svc-1 | wc -l)" == 10 ]] || fail 'nginx does not have what was sent'
}

figure_event_changed() {
	local back

	bench_begin event-changed || exit 1
	new_gateway gateway || exit 1
	two_documents
	bodies
	"$shell_handler" svc-1 <"$work/b.json" || fail 'the shell handler'
	keep_files
	back="$(files_back) && $(post "$work/b.body")"
	race 9 16 ours "$back" "$(event "$work/a.json")" \
		curl "$back" "exec $(post "$work/a.body")" \
		shell "$back" "exec $shell_handler svc-1 <$work/a.json" || exit 1
	has_all_ten
	note_race event-changed 1.15 ours curl
	note_race event-changed-shell - shell curl
}

figure_event_unchanged() {
	bench_begin event-unchanged || exit 1
	new_gateway gateway || exit 1
	two_documents
	bodies
	keep_files
	race 9 16 ours "$(files_back)" "$(event "$work/b.json")" \
		curl "$(files_back)" "exec $(post "$work/b.body")" || exit 1
	note_race event-unchanged 0.35 ours curl
}

# How the cost of an event depends on the number of managed upstreams. Each number has its own gateway and files.
figure_managed() {
	local n command
	local -a numbers=(10 100 1000 10000) arguments=()
	local -A conf=() dyups=() dir=()

	bench_begin managed || exit 1
	two_documents
	[[ -z "$BENCH_ONCE" ]] || numbers=(10 1000 1000)
	for n in "${numbers[@]}"; do
		GATEWAY_BODY_BUFFER=1m new_gateway "$n" || exit 1
		document -c "$n" 10 | "$swk_apply" --quiet --timeout 300 || fail "status $? at first"
		bodies
		rm -rf "$work/kept-$n"
		keep_files
		mv "$work/kept" "$work/kept-$n"
		arguments+=("$n" "cp -p $work/kept-$n/* ${SWK_CONF%/*}/ && $(post "$work/b.body")"
			"SWK_CONF=$SWK_CONF SWK_DYUPS=$SWK_DYUPS $(event "$work/a.json")")
		conf[$n]="$SWK_CONF" dyups[$n]="$SWK_DYUPS" dir[$n]="$GATEWAY_DIR"
	done
	race 7 10 "${arguments[@]}" || exit 1
	note_race managed 2 1000 10
	[[ -n "$BENCH_ONCE" ]] || note_race managed-10000 - 10000 10

	GATEWAY_DIR="${dir[1000]}"
	gateway_requests_clear
	cp -p "$work/kept-1000/"* "${conf[1000]%/*}/"
	SWK_CONF="${conf[1000]}" SWK_DYUPS="${dyups[1000]}" sh -c "$(event "$work/a.json")" || fail "status $? when counted"
	note managed-detail requests "$(gateway_requests | grep -c '^GET /detail')" - count \
		"$(gateway_requests | grep -c '^GET /detail')" 0

	for n in "${numbers[@]}"; do
		cp -p "$work/kept-$n/"* "${conf[$n]%/*}/"
		command="SWK_CONF=${conf[$n]} SWK_DYUPS=${dyups[$n]} $(event "$work/a.json")"
		printf '%s\t%s\t%s\n' "$n" "$(seconds "$n")" "$(memory "$command")"
	done >"$BENCH_OUT/growth-managed.tsv"
}
