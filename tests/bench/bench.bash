# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Shared by the figures: where they run, how two programs are compared, and how a figure is recorded.
#
# Set by run: BENCH_OUT (results), BENCH_ONCE (not empty: measure as little as possible, to check that it works), BENCH_DISK (a
# folder on a disk).
# A figure runs in a subshell between bench_begin and bench_end. $work is its folder, in memory.

bench_root="$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)"
bench_programs="${BUILD:-$bench_root/build}/bench"
# shellcheck source=SCRIPTDIR/../lib/gateway.bash
source "$bench_root/tests/lib/gateway.bash"
# shellcheck source=SCRIPTDIR/../lib/consul.bash
source "$bench_root/tests/lib/consul.bash"
# shellcheck source=SCRIPTDIR/../lib/backend.bash
source "$bench_root/tests/lib/backend.bash"

# shellcheck disable=SC2034 # for those that source this
swk_apply="${SWK_APPLY:-$bench_root/build/swk-apply}"
# shellcheck disable=SC2034
shell_handler="$bench_root/tests/bench/shell-handler"
work='' disk='' figure='' gateways=() proxies=() masters=()

# bench_begin FIGURE - makes a folder in memory, and lets bench_end clean up at exit.
bench_begin() {
	figure="$1"
	gateways=() proxies=() masters=()
	disk=''
	work="$(mktemp -d /dev/shm/swk-bench.XXXXXX)" || return 1
	trap bench_end EXIT
	mkdir -p "$BENCH_OUT/raw"
	rm -f "$BENCH_OUT/raw/$figure".*
	BATS_TEST_TMPDIR="$work" clean_environment
	unset BATS_TEST_TMPDIR
}

bench_end() {
	local pid

	trap - EXIT
	[[ -z "${CONSUL_PID:-}" ]] || consul_stop
	backend_stop
	for pid in "${gateways[@]}"; do
		GATEWAY_PID="$pid" gateway_stop
	done
	[[ " ${proxies[*]} " != *' nginx '* ]] || nginx_down
	[[ " ${proxies[*]} " != *' haproxy '* ]] || proxy_stop
	((${#masters[@]} == 0)) || kill "${masters[@]}"
	rm -rf "$work" ${disk:+"$disk"}
}

# new_gateway NAME - starts a gateway, and makes swk-apply and the shell handler use it and its conf file. There may be several.
new_gateway() {
	unset GATEWAY_CONF
	gateway_start "$work/$1" || return 1
	gateways+=("$GATEWAY_PID")
	export SWK_CONF="$GATEWAY_CONF" SWK_DYUPS="$GATEWAY_DYUPS"
}

# document [-c] SERVICES INSTANCES - prints a document; with -c one instance is critical.
document() {
	"$bench_programs/make_document" "$@"
}

# keep_files NAME - copies the files in the conf file's folder. files_back NAME - prints the command that restores them.
keep_files() {
	mkdir -p "$work/kept/$1"
	rm -f "$work/kept/$1/"*
	cp -p "${SWK_CONF%/*}/"* "$work/kept/$1/"
}

files_back() {
	echo "cp -p $work/kept/$1/* ${SWK_CONF%/*}/"
}

# use_disk - makes the folder $disk in BENCH_DISK. bench_end removes it.
use_disk() {
	disk="$(mktemp -d "$BENCH_DISK/swk-bench.XXXXXX")" || exit 1
	[[ "$(stat -f -c %T "$disk")" != tmpfs ]] || fail "$BENCH_DISK is in memory; set BENCH_DISK to a folder on a disk"
}

# files_to_disk NAME - prints the command that restores these files in $disk, and waits until the disk has them, so that a measured
# fsync writes nothing else. on_disk - prints the variable that makes swk-apply use them.
files_to_disk() {
	echo "cp -p $work/kept/$1/* $disk/ && sync $disk/*"
}

on_disk() {
	echo "SWK_CONF=$disk/${SWK_CONF##*/}"
}

# race ROUNDS RUNS LABEL PREPARE COMMAND [LABEL PREPARE COMMAND]... - in each round, runs each command RUNS times, each time after
# its PREPARE, which is not measured. Commands are for sh; `exec` at the beginning saves a process. The results go to
# $BENCH_OUT/raw/FIGURE.ROUND.json, for `seconds` and `times`, which subtract the time of an empty sh. hyperfine can subtract that
# too, but uses the mean of a few runs at its start, which one slow run distorts.
race() {
	local rounds="$1" runs="$2" round command
	local -a arguments=(--command-name nothing --prepare true "sh -c ''")

	shift 2
	while (($#)); do
		command="$3 2>>$work/said"
		arguments+=(--command-name "$1" --prepare "sh -c ${2@Q}" "sh -c ${command@Q}")
		shift 3
	done
	[[ -z "$BENCH_ONCE" ]] || rounds=1 runs=1
	rm -f "$BENCH_OUT/raw/$figure".*.json
	for ((round = 1; round <= rounds; round++)); do
		hyperfine --style none --shell none --warmup "$((runs > 2))" --runs "$runs" \
			--export-json "$BENCH_OUT/raw/$figure.$round.json" "${arguments[@]}" >"$work/hyperfine.log" 2>&1 || {
			cat "$work/hyperfine.log" "$work/said" >&2 2>/dev/null
			return 1
		}
	done
}

# shellcheck disable=SC2016 # jq's variables
_jq_median='def median: sort | if length % 2 == 1 then .[length / 2 | floor]
	else (.[length / 2 - 1] + .[length / 2]) / 2 end;
	def raw($l): .results[] | select(.command == $l) | .median; def of($l): [raw($l) - raw("nothing"), 1e-5] | max;'

# seconds LABEL - prints the median over the rounds of their medians.
seconds() {
	jq -rs --arg l "$1" "$_jq_median"' map(of($l)) | median' "$BENCH_OUT/raw/$figure".*.json
}

# times LABEL LABEL - prints the ratio of the first to the second: the median over the rounds of their ratios, so that
# a temporary slowdown of the machine affects both.
times() {
	jq -rs --arg a "$1" --arg b "$2" "$_jq_median"' map(of($a) / of($b)) | median' "$BENCH_OUT/raw/$figure".*.json
}

# median - prints the median of the numbers on standard input, one per line.
median() {
	jq -rs "$_jq_median median"
}

# percentile P - prints the P-th percentile of the numbers on standard input, one per line, by nearest rank.
percentile() {
	sort -g | awk -v p="$1" '{ value[NR] = $1 } END { rank = int((p * NR + 99) / 100); print value[rank] }'
}

# memory COMMAND - prints the maximum resident memory of a command for sh, in KiB.
memory() {
	/usr/bin/time -f %M -o "$work/memory" sh -c "$1" >/dev/null 2>&1 || return 1
	cat "$work/memory"
}

# mib KIB - prints it in MiB.
mib() {
	jq -n "$1 / 1024"
}

# note ROW UNIT OURS PEER KIND VALUE BAR - records a figure, and replaces an earlier one of that name. KIND is ratio, more (a difference
# in UNIT), amount (VALUE is OURS), or count (an amount without a unit). BAR is the maximum for VALUE, or - if there is none.
note() {
	local ok=-

	[[ "$7" == - ]] || ok="$(jq -rn "if $6 <= $7 then \"yes\" else \"NO\" end")"
	touch "$BENCH_OUT/results.tsv"
	awk -F '\t' -v row="$1" '$1 != row' "$BENCH_OUT/results.tsv" >"$BENCH_OUT/results.new"
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$@" "$ok" >>"$BENCH_OUT/results.new"
	mv "$BENCH_OUT/results.new" "$BENCH_OUT/results.tsv"
	printf '%-22s %12.4g %12.4g %s %10.3g %8s %5s\n' "$1" "$3" "${4/#-/0}" "$2" "$6" "$7" "$ok"
}

# note_race ROW BAR OURS PEER - records the figure for two labels of the race.
note_race() {
	note "$1" s "$(seconds "$3")" "$(seconds "$4")" ratio "$(times "$3" "$4")" "$2"
}

# note_amount ROW UNIT OURS BAR - records a figure without a peer.
note_amount() {
	note "$1" "$2" "$3" - amount "$3" "$4"
}

# fail TEXT - ends the figure, because it did not measure what it should.
fail() {
	echo "bench: $figure: $1" >&2
	exit 1
}
