# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Figures for a large document and a first sync.

# shellcheck source=SCRIPTDIR/bench.bash
source "${BASH_SOURCE[0]%/*}/bench.bash"

# How time and memory depend on the size of a document: for an event, and for a program that only streams the document.
#
# The upstream in the conf file has one server fewer, so each run writes the file and sends the servers, whatever nginx has from
# the run before. nginx's limits are raised, because 100,000 servers are a body of 6 MB. It has one worker, because others would
# still process a body when the next run begins.
figure_document() {
	local n ours stream
	local -a numbers=(10 100 1000 10000 100000)

	bench_begin document || exit 1
	[[ -z "$BENCH_ONCE" ]] || numbers=(10 100)
	GATEWAY_WORKERS=1 GATEWAY_BODY_BUFFER=16k GATEWAY_BODY_MAX=64m GATEWAY_QUEUE=64m new_gateway gateway || exit 1
	for n in "${numbers[@]}"; do
		document 1 "$n" >"$work/a.json"
		document -c 1 "$n" | "$swk_apply" --quiet --service svc-1 || fail "status $? at first"
		keep_files svc-1
		ours="$swk_apply --quiet --service svc-1 <$work/a.json"
		stream="$bench_programs/stream <$work/a.json"
		race "$((n > 10000 ? 21 : 5))" "$((n > 10000 ? 1 : n > 1000 ? 3 : 20))" ours "$(files_back svc-1)" "exec $ours" \
			stream "$(files_back svc-1)" "exec $stream" || exit 1
		sh -c "$(files_back svc-1)"
		printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$n" "$(stat -c %s "$work/a.json")" "$(seconds ours)" "$(memory "exec $ours")" \
			"$(seconds stream)" "$(memory "exec $stream")" "$(times ours stream)"
		[[ "$(_gateway_observe upstream/svc-1 | wc -l)" == "$n" ]] || fail "nginx does not have all $n servers"
	done >"$work/growth"
	mv "$work/growth" "$BENCH_OUT/growth-document.tsv"
	# shellcheck disable=SC2046 # words of numbers
	set -- $(tail -n 1 "$BENCH_OUT/growth-document.tsv")
	note document-time s "$3" "$5" ratio "$7" 1.0
	note document-memory MiB "$(mib "$4")" "$(mib "$6")" more "$(mib "$(($4 - $6))")" 32
}

# A first sync, and how its time depends on the number of services. Each run, and each run of the peer, begins with an nginx that has
# just started and has no upstream. In first-sync the conf file exists without a state file, so everything is pending. In
# first-sync-document there is only a document.
figure_first_sync() {
	local n wrong
	local -a numbers=(10 100 1000 10000)

	bench_begin first-sync || exit 1
	[[ -z "$BENCH_ONCE" ]] || numbers=(10 300)
	document 1 10 >"$work/one.json"
	for n in "${numbers[@]}"; do
		_first_syncs
	done >"$work/growth" || exit 1
	mv "$work/growth" "$BENCH_OUT/growth-first-sync.tsv"
	note first-sync-wrong upstreams "$wrong" "$(_wrong_upstreams)" count "$wrong" 0
}

# Measures a first sync of $n services. Prints the services, the seconds of first-sync, of the peer, and of first-sync-document.
_first_syncs() {
	local rounds=3 round ours_s loop_s whole_s
	local -a ours=() loop=() whole=()

	[[ -z "$BENCH_ONCE" ]] || rounds=1
	document "$n" 10 >"$work/document.json"
	rm -f "$work/loop" "$work/expected.conf"
	for ((round = 1; round <= rounds; round++)); do
		_fresh_gateway
		whole+=("$(_first_sync whole "$swk_apply --quiet --timeout 300 <$work/document.json")") || exit 1
		_none_wrong
		[[ -s "$work/loop" ]] || _bare_loop
		_fresh_gateway
		cp "$work/expected.conf" "$SWK_CONF"
		ours+=("$(_first_sync ours "$swk_apply --quiet --timeout 300 --service svc-1 <$work/one.json")") || exit 1
		_none_wrong
		_fresh_gateway
		sed -i "s|http://[^/]*|$GATEWAY_DYUPS|" "$work/loop"
		loop+=("$(_first_sync loop "curl -s -K $work/loop")") || exit 1
	done
	ours_s="$(printf '%s\n' "${ours[@]}" | median)" loop_s="$(printf '%s\n' "${loop[@]}" | median)"
	whole_s="$(printf '%s\n' "${whole[@]}" | median)"
	printf '%s\t%s\t%s\t%s\n' "$n" "$ours_s" "$loop_s" "$whole_s"
	((n == numbers[-1])) || return 0
	note first-sync s "$ours_s" "$loop_s" ratio \
		"$(for round in "${!ours[@]}"; do jq -n "${ours[round]} / ${loop[round]}"; done | median)" 1.2 >&2
	note first-sync-document s "$whole_s" "$loop_s" ratio \
		"$(for round in "${!whole[@]}"; do jq -n "${whole[round]} / ${loop[round]}"; done | median)" - >&2
}

_none_wrong() {
	wrong="$(_wrong_upstreams)"
	[[ "$wrong" == 0 ]] || fail "$wrong upstreams are wrong on some worker"
}

_fresh_gateway() {
	gateway_stop
	rm -rf "$work/gateway"
	GATEWAY_WORKERS=4 GATEWAY_QUEUE=64k new_gateway gateway || exit 1
}

# _first_sync LABEL COMMAND - runs the command, and prints its seconds.
_first_sync() {
	race 1 1 "$1" true "exec $2" >&2 || exit 1
	seconds "$1"
}

# Makes the peer: curl sends the same bodies, each on its own connection, and ignores the answers.
_bare_loop() {
	gateway_requests | awk -v at="$GATEWAY_DYUPS" '
		$1 == "POST" && !seen[$2]++ {
			uri = $2
			sub(/^[^ ]+ [^ ]+ [^ ]+ /, "")
			printf "%surl = \"%s%s\"\ndata-binary = \"%s\"\nheader = \"Connection: close\"\noutput = /dev/null\nsilent\n",
				between, at, uri, $0
			between = "next\n"
		}' >"$work/loop"
	cp "$SWK_CONF" "$work/expected.conf"
}

# Writes each worker's answer to GET /detail to $work/details/PID. The requests are parallel, because an idle worker accepts a connection
# while others are busy with an answer. A worker then does not always read its queue first, so this waits for the workers' timers.
_read_details() {
	local tries file worker

	rm -rf "$work/details"
	mkdir "$work/details"
	sleep 2
	for ((tries = 0; tries < 50; tries++)); do
		rm -f "$work"/detail.*
		_gateway_observe 'detail#[1-8]' --parallel --parallel-immediate --no-progress-meter -H 'Connection: close' \
			-o "$work/detail.#1" -w '%{filename_effective} %header{x-worker}\n' >"$work/answers" || return 1
		while read -r file worker; do
			[[ -e "$work/details/$worker" ]] || cat "$file" >"$work/details/$worker"
		done <"$work/answers"
		[[ "$(ls "$work/details")" != "$(gateway_workers | sort)" ]] || return 0
	done
	return 1
}

# Prints how many upstreams differ from the conf file on at least one worker.
_wrong_upstreams() {
	local expected="$SWK_CONF"

	[[ ! -s "$work/expected.conf" ]] || expected="$work/expected.conf"
	_read_details || fail 'the workers do not answer'
	awk '
		FNR == 1 { file++; name = "" }
		file == 1 && $1 == "upstream" { name = $2; names[name] }
		file == 1 && $1 == "server" { has[name] = has[name] " " $2 }
		file == 1 { next }
		/^$/ { name = ""; next }
		name == "" { name = $1; next }
		{ live[file, name] = live[file, name] " " $2 }
		END {
			if (file != 5)
				exit 1
			for (name in names) {
				bad = 0
				for (worker = 2; worker <= file; worker++)
					bad = bad || live[worker, name] != has[name]
				wrong += bad
			}
			print wrong + 0
		}' "$expected" "$work"/details/* || fail 'a worker has no upstreams'
}
