# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Figures for one event of a service watch.

# shellcheck source=SCRIPTDIR/bench.bash
source "${BASH_SOURCE[0]%/*}/bench.bash"

# Each measured event is newer than the last applied one, and than every index of an agent; the files are restored before each run.
_before='CONSUL_INDEX=1000041' _after='CONSUL_INDEX=1000042'

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
	use_disk
	new_gateway gateway || exit 1
	two_documents
	bodies
	"$shell_handler" svc-1 <"$work/b.json" || fail 'the shell handler'
	keep_files svc-1
	back="$(files_back svc-1) && $(post "$work/b.body")"
	race 36 4 ours "$back" "$(event "$work/a.json")" \
		curl "$back" "exec $(post "$work/a.body")" \
		shell "$back" "exec $shell_handler svc-1 <$work/a.json" \
		disk "$(files_to_disk svc-1) && $(post "$work/b.body")" "$(on_disk) $(event "$work/a.json")" || exit 1
	has_all_ten
	note_race event-changed 1.0 ours curl
	note_race event-changed-disk - disk ours
	note_race event-changed-shell - shell curl
}

figure_event_unchanged() {
	bench_begin event-unchanged || exit 1
	new_gateway gateway || exit 1
	two_documents
	bodies
	keep_files svc-1
	race 9 16 ours "$(files_back svc-1)" "$(event "$work/b.json")" \
		curl "$(files_back svc-1)" "exec $(post "$work/b.body")" || exit 1
	note_race event-unchanged 0.35 ours curl
}

# The instructions of an event with many managed services. They do not depend on the load of the machine.
figure_event_instructions() {
	local case=event-changed-10000 count

	bench_begin event-instructions || exit 1
	[[ -z "$BENCH_ONCE" ]] || case=event-changed-10
	"$bench_root/tests/bench/instructions" "$case" >"$work/counted" # its status is about another bar
	count="$(awk -v name="$case" '$1 == name { print $2 / 1e6 }' "$work/counted")"
	[[ -n "$count" ]] || fail "$case was not counted"
	note_amount event-instructions M "$count" 40
}
