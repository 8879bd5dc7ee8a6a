# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Shared by the tests of this folder: a gateway in the state `old`, a run that changes it to `new`, and functions that disturb the
# run at one point, restore the state `old`, and check the result.

# shellcheck source=SCRIPTDIR/../lib/gateway.bash
source "${BASH_SOURCE[0]%/*}/../lib/gateway.bash"
# shellcheck source=SCRIPTDIR/../lib/consul.bash
source "${BASH_SOURCE[0]%/*}/../lib/consul.bash"
# shellcheck source=SCRIPTDIR/../lib/datacenters.bash
source "${BASH_SOURCE[0]%/*}/../lib/datacenters.bash"
# shellcheck source=SCRIPTDIR/../lib/haproxy.bash
source "${BASH_SOURCE[0]%/*}/../lib/haproxy.bash"

bats_require_minimum_version 1.5.0

ROOT="$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)"
PROGRAM="${SWK_APPLY:-$ROOT/build/swk-apply}"
OPERATOR="${SWK_SWK:-${PROGRAM%/*}/swk}"
JOURNAL="${BUILD:-$ROOT/build}/journal"

# page: the page that the run writes, if it is a full run. run_of: the command of the disturbed run. point: the current point, for messages. status: the status of the last run.
declare -ga run_of=()
declare -g point='' status=0 page=''
# The state that a repeated run reaches (old or new); empty if the next run is one about another service.
declare -g next_is=''
declare -g ends=0 # the status of the undisturbed run

setup() {
	trace_test_only
	export TEST_DIR="$BATS_TEST_TMPDIR"
	ROBUST_OFFSET=${ROBUST_OFFSET:-$RANDOM}
	clean_environment
	gateway_start "$TEST_DIR/gateway"
	echo '[]' >"$TEST_DIR/empty"
	mkdir "$TEST_DIR/old" "$TEST_DIR/new"
	export SWK_CONF="$GATEWAY_CONF" SWK_DYUPS="$GATEWAY_DYUPS" SWK_READ_INTERVAL=0
}

teardown() {
	[[ -z "${CONSUL_PID:-}" ]] || consul_stop
	there_stop
	proxy_stop
	gateway_stop
}

# say WORD... - prints a comment to the test's output.
say() {
	echo "# $*" >&3
}

# chosen EVERY - whether to try the next point of a run: every EVERYth, starting at ROBUST_OFFSET, which tests/run prints.
# With ROBUST_ALL every point.
points_seen=0
chosen() {
	points_seen=$((points_seen + 1))
	[[ -n "${ROBUST_ALL:-}" ]] || (((points_seen + ROBUST_OFFSET) % $1 == 0))
}

# instance SERVICE HOST [COLOUR], document INSTANCE... - print an instance and a document.
instance() {
	printf '{"Node":{},"Service":{"Service":"%s","ID":"%s-%s","Port":80,"Address":"10.0.0.%s","Tags":[%s]},"Checks":[]}' \
		"$1" "$1" "$2" "$2" "${3:+\"gray=$3\"}"
}

document() {
	local IFS=,

	printf '[%s]' "$*"
}

# ---- from old to new ----

# old_upstreams, new_upstreams - print documents. The second changes an upstream of the first, keeps one, deletes one, and adds one.
old_upstreams() {
	document "$(instance web 1)" "$(instance web 2 same)" "$(instance web 3 gone)"
}

new_upstreams() {
	document "$(instance web 4)" "$(instance web 2 same)" "$(instance web 5 new)"
}

# begin_with nothing|old - makes the state before each disturbed run, and the run's document.
begin_with() {
	if [[ "$1" == old ]]; then
		"$PROGRAM" < <(old_upstreams)
	fi
	keep "$TEST_DIR/old"
	new_upstreams >"$TEST_DIR/document"
	run_of=("$PROGRAM")
	reach_new
}

# begin_with_others - the same for a run that adds nothing, so it reads its own upstreams only, and copies those of other services.
begin_with_others() {
	"$PROGRAM" < <(document "$(instance api 1)" "$(instance web 1)" "$(instance web 2 same)" "$(instance web 3 gone)" "$(instance xyz 1)")
	keep "$TEST_DIR/old"
	document "$(instance web 4)" "$(instance web 2 same)" >"$TEST_DIR/document"
	run_of=("$PROGRAM")
	reach_new
	grep -q '^conf [1-9]' "$TEST_DIR/old/state"
}

# begin_with_consul - the same for a full run, which also writes a page: an agent has the new state.
begin_with_consul() {
	mkdir "$TEST_DIR/page"
	page="$TEST_DIR/page/status.html"
	jq -n --arg page "$page" '{page_file: $page}' >"$TEST_DIR/settings"
	export SWK_CONFIG="$TEST_DIR/settings"
	"$PROGRAM" < <(document "$(instance api 1)" "$(instance web 1)" "$(instance web 2 same)" "$(instance web 3 gone)" "$(instance gone 1)")
	keep "$TEST_DIR/old"
	consul_start "$TEST_DIR/consul"
	consul_register api api-1 10.0.0.1 80
	consul_register more more-1 10.0.0.1 80
	consul_register web web-4 10.0.0.4 80
	consul_register web web-2 10.0.0.2 80 gray=same
	consul_register web web-5 10.0.0.5 80 gray=new
	: >"$TEST_DIR/document"
	# Without --verify=no, the reads of each worker would add about 2,000 similar calls.
	run_of=("$PROGRAM" --resync --verify=no)
	reach_new
}

# begin_with_checks - the same for a document of checks, with a FILE.checks from an earlier run. The checks of api are unchanged, so
# the run does not ask about api. The same document again leads to the state new.
begin_with_checks() {
	consul_start "$TEST_DIR/consul"
	consul_register api api-1 10.0.0.1 80
	consul_register web web-1 10.0.0.1 80
	consul_register web web-2 10.0.0.2 80 gray=same
	consul_register web web-3 10.0.0.3 80 gray=gone
	consul_register gone gone-1 10.0.0.1 80
	"$PROGRAM" < <(consul_api GET /v1/health/state/any)
	keep "$TEST_DIR/old"
	consul_register more more-1 10.0.0.1 80
	consul_register web web-4 10.0.0.4 80
	consul_register web web-5 10.0.0.5 80 gray=new
	consul_check web-1 critical
	consul_deregister web-3
	consul_deregister gone-1
	consul_api GET /v1/health/state/any >"$TEST_DIR/document"
	run_of=("$PROGRAM")
	next_is=new
	reach_new
	[ "$(grep -c '^service .* gone$' "$TEST_DIR/new/checks")" == 0 ]
	[ "$(grep -c '^service .* \(api\|more\|web\)$' "$TEST_DIR/new/checks")" == 3 ]
}

# begin_with_undo - the same for swk undo. The tests also check the hold that it begins.
begin_with_undo() {
	"$PROGRAM" < <(new_upstreams)
	"$PROGRAM" < <(old_upstreams)
	keep "$TEST_DIR/old"
	: >"$TEST_DIR/document"
	run_of=("$OPERATOR" undo --verify=no)
	reach_new
}

# begin_with_undo_to - the same for swk undo --to, past two changes.
begin_with_undo_to() {
	"$PROGRAM" < <(new_upstreams)
	"$PROGRAM" < <(document "$(instance web 6)" "$(instance api 2)")
	"$PROGRAM" < <(old_upstreams)
	keep "$TEST_DIR/old"
	: >"$TEST_DIR/document"
	run_of=("$OPERATOR" undo --to 1 --verify=no)
	reach_new
}

# begin_with_full_journal - as begin_with old, for a run that begins a new journal, because the present one is full.
begin_with_full_journal() {
	echo '{"journal_size": "5k"}' >"$TEST_DIR/settings"
	for _ in 1 2 3; do
		"$PROGRAM" < <(document "$(instance web 7)" "$(instance web 8 same)" "$(instance web 9 gone)")
		"$PROGRAM" < <(old_upstreams)
	done
	keep "$TEST_DIR/old"
	[ ! -e "$SWK_CONF.journal.old" ]
	new_upstreams >"$TEST_DIR/document"
	run_of=("$PROGRAM" --config "$TEST_DIR/settings")
	reach_new
	[ -e "$TEST_DIR/new/journal.old" ]
}

# begin_with_failover - the same for an event after which the upstream `web` has servers from another datacenter.
begin_with_failover() {
	echo '{"defaults": {"failover": ["dc2"]}}' >"$TEST_DIR/settings"
	"$PROGRAM" < <(old_upstreams)
	keep "$TEST_DIR/old"
	datacenters_start "$TEST_DIR/consul"
	there consul_register web web-4 10.0.0.4 80
	document "$(instance web 1 | jq -c '.Checks = [{CheckID: "c", ServiceID: "web-1", Status: "critical"}]')" \
		"$(instance web 2 same)" "$(instance web 5 new)" >"$TEST_DIR/document"
	# Without the warning about the failover.
	run_of=("$PROGRAM" --quiet --config "$TEST_DIR/settings")
	next_is=new
	reach_new
	grep -q '^# service web, from dc2$' "$TEST_DIR/new/conf"
}

# begin_with_rejected - the same for a change that nginx rejects, beside others. The same run again leads to the state new.
begin_with_rejected() {
	"$PROGRAM" < <(old_upstreams)
	keep "$TEST_DIR/old"
	echo '{"defaults": {"allow_hostnames": true}}' >"$TEST_DIR/settings"
	new_upstreams | sed 's/10.0.0.[45]/nowhere.invalid/g' >"$TEST_DIR/document"
	run_of=("$PROGRAM" --config "$TEST_DIR/settings")
	next_is=new
	ends=75
	reach_new
	grep -q 10.0.0.1 "$TEST_DIR/new/conf"
	run ! grep -q nowhere "$TEST_DIR/new/conf"
}

# begin_with_command [PREPARE] - as begin_with old, for a target that is a command instead of nginx. The command keeps what it has in `has`, in
# the form of one_detail; the functions below read and restore that.
begin_with_command() {
	cat >"$TEST_DIR/command" <<-'END'
		#!/bin/sh
		cd "${0%/*}" || exit
		change=$(cat) || exit
		jq -rn --argjson change "$change" --rawfile has has '($change.upstreams | map({(.name): .after}) | add) as $new |
			[$has | split("\n")[] | . as $line | select($line != "" and ($new | has($line / ";" | .[0]) | not))] +
			[$new | to_entries[] | select(.value) | "\(.key);" + ([.value[].address] | join(";"))] | sort[]' >next &&
			exec mv next has
	END
	chmod +x "$TEST_DIR/command"
	: >"$TEST_DIR/has"
	unset SWK_DYUPS
	jq -n --arg command "$TEST_DIR/command" '{targets: [{kind: "command", name: "edge", command: ["/usr/bin/env", "-u", "LD_PRELOAD", $command]}]}' >"$TEST_DIR/settings"
	export SWK_CONFIG="$TEST_DIR/settings"
	one_detail() {
		cat "$TEST_DIR/has"
	}
	is_on_all_workers() {
		cmp -s "$TEST_DIR/$1/detail" "$TEST_DIR/has" && cmp -s "$SWK_CONF" "$SWK_CONF.edge.confirmed"
	}
	"$PROGRAM" < <(old_upstreams)
	keep "$TEST_DIR/old"
	new_upstreams >"$TEST_DIR/document"
	run_of=("$PROGRAM")
	[[ -z "${1:-}" ]] || "$1"
	reach_new
}

# begin_with_requests - the same for a request of a fleet, which makes Consul's new state reach the target, with a check of the host.
# The same document again leads to the state new, and to an answer.
begin_with_requests() {
	next_is=new
	export SWK_TIMEOUT=5 # a run repeats its reads for so long, less 3 s, while the target fails
	begin_with_command make_request
	eval "target_$(declare -f is_on_all_workers)"
	# shellcheck disable=SC2317 # as below, one_more_run_reconciles calls it
	is_on_all_workers() {
		target_is_on_all_workers "$1" && [[ "$1" == old || "$(answer)" == "done" ]]
	}
	[ -z "$(answer)" ]
	# A run that was killed after it had answered may leave a file. The next one has nothing to do, and leaves it to another run.
	eval "target_$(declare -f nothing_left_over)"
	# shellcheck disable=SC2317
	nothing_left_over() {
		[[ "$status" != 137 || ! -e "$SWK_CONF.tmp" ]] || "$PROGRAM" --service other <"$TEST_DIR/empty" >/dev/null
		target_nothing_left_over
	}
}

make_request() {
	consul_start "$TEST_DIR/consul"
	consul_register_host critical
	consul_register web web-4 10.0.0.4 80
	consul_register web web-2 10.0.0.2 80 gray=same
	consul_register web web-5 10.0.0.5 80 gray=new
	# An answer of this host that is to be deleted, and a request.
	consul_api PUT /v1/kv/swk/requests/00000000000000a1 \
		--data '{"services": [{"name": "web", "live": 3}, {"name": "web", "without": "10.0.0.1:80"}]}' >/dev/null
	consul_api GET '/v1/kv/swk/requests/?recurse' >"$TEST_DIR/document"
	run_of=("$PROGRAM" --requests)
	jq '. + {fleet_check: true}' "$TEST_DIR/settings" >"$TEST_DIR/settings.new"
	mv "$TEST_DIR/settings.new" "$TEST_DIR/settings"
	eval "target_$(declare -f way_back)"
	# shellcheck disable=SC2031,SC2317 # reach_new calls it
	way_back() {
		target_way_back
		printf 'next\nsilent\nrequest = DELETE\noutput = /dev/null\nurl = "http://127.0.0.1:%s/v1/kv/swk/acks/?recurse"\n' "$CONSUL_PORT"
		printf 'next\nsilent\nrequest = PUT\noutput = /dev/null\nurl = "http://127.0.0.1:%s/v1/kv/swk/acks/%s/00000000000000a0"\n' \
			"$CONSUL_PORT" "$CONSUL_NODE"
	}
}

# answer - prints the state of this host's answer to the request, or nothing.
answer() {
	# shellcheck disable=SC2031 # this shell has set it
	consul_api GET "/v1/kv/swk/acks/$CONSUL_NODE/00000000000000a1?raw" 2>/dev/null | jq -r .state
}

# begin_with_file [CHECK] - as begin_with old, for a target that is a file. The proxy has loaded what is in `has`; CHECK is a line of
# shell, which may reject the file "$1".
begin_with_file() {
	local check="${1:-true}"

	# A file that is not whole would be noticed here, too.
	cat >"$TEST_DIR/check" <<-END
		#!/bin/bash
		[[ "\$(head -n 1 "\$1")" == '# Written by swk-apply'* && "\$(tail -n 1 "\$1")" == '}' ]] || exit 9
		$check
	END
	cat >"$TEST_DIR/reload" <<-END
		#!/bin/sh
		cp "\$1" "$TEST_DIR/has.next" && mv "$TEST_DIR/has.next" "$TEST_DIR/has"
	END
	chmod +x "$TEST_DIR/check" "$TEST_DIR/reload"
	: >"$TEST_DIR/has"
	unset SWK_DYUPS
	jq -n --arg dir "$TEST_DIR" --arg file "$SWK_CONF.for-edge" '{targets: [{kind: "file", name: "edge", file: $file, interval: 0,
		check: ["/usr/bin/env", "-u", "LD_PRELOAD", $dir + "/check", $file],
		reload: ["/usr/bin/env", "-u", "LD_PRELOAD", $dir + "/reload", $file]}]}' >"$TEST_DIR/settings"
	export SWK_CONFIG="$TEST_DIR/settings"
	one_detail() {
		cat "$TEST_DIR/has"
	}
	# What the proxy has loaded, what is confirmed, and the file are the same.
	is_on_all_workers() {
		local file

		for file in "$TEST_DIR/has" "$SWK_CONF.edge.confirmed" "$SWK_CONF.for-edge"; do
			cmp -s "$TEST_DIR/$1/detail" "$file" || return 1
		done
	}
	# The file is what is confirmed, or a candidate: the conf file, or that without what is left out.
	# shellcheck disable=SC2317 # one_more_run_reconciles calls it
	own_file_is_whole() {
		local which

		for which in old/conf new/conf new/detail; do
			! cmp -s "$TEST_DIR/$which" "$SWK_CONF.for-edge" || return 0
		done
		return 1
	}
	begin_with old
}

# begin_with_dynamic - as begin_with old, for an nginx with ngx_dynamic_upstream in place of dyups. The functions below read and
# restore what it has, and the files that it includes.
begin_with_dynamic() {
	local name

	gateway_stop
	# shellcheck source=SCRIPTDIR/../lib/dynamic.bash
	source "$ROOT/tests/lib/dynamic.bash"
	dynamic_gateway_start "$TEST_DIR/dynamic" web web_same web_gone web_new
	unset SWK_DYUPS
	jq -n --arg url "$DYNAMIC_URL" --arg directory "$DYNAMIC_DIRECTORY" \
		'{targets: [{kind: "dynamic", name: "edge", url: $url, directory: $directory}]}' >"$TEST_DIR/settings"
	export SWK_CONFIG="$TEST_DIR/settings"
	one_detail() {
		for name in web web_same web_gone web_new; do
			echo "$name;$({
				dynamic_servers "$name" | sed 's/^0\.0\.0\..*/placeholder/'
				grep -v '^#' "$DYNAMIC_DIRECTORY/$name.servers"
			} | paste -sd ';')"
		done
	}
	is_on_all_workers() {
		one_detail | cmp -s "$TEST_DIR/$1/detail" -
	}
	way_back() {
		local attributes='weight=1&max_fails=3&fail_timeout=2&max_conns=0' host query

		for name in web web_same web_gone web_new; do
			for query in 'add=&server=0.0.0.1:80&down=' {add,remove}'=&server=10.0.0.'{1,2,3,4,5}':80'; do
				host=${query#*10.0.0.}
				[[ "$query" != add* || "$query" == *down= ]] ||
					grep -q "^server 10.0.0.$host " "$TEST_DIR/old/servers/$name.servers" || continue
				[[ "$query" != remove* ]] ||
					! grep -q "^server 10.0.0.$host " "$TEST_DIR/old/servers/$name.servers" || continue
				printf 'silent\nglobbing = false\nheader = "X-Observer: 1"\noutput = /dev/null\nurl = "%s?upstream=%s&%s&%s"\n' \
					"$DYNAMIC_URL" "$name" "$query" "$attributes"
			done
			grep -q '^server 0' "$TEST_DIR/old/servers/$name.servers" ||
				printf 'output = /dev/null\nurl = "%s?upstream=%s&remove=&server=0.0.0.1:80"\n' "$DYNAMIC_URL" "$name"
		done
	}
	begin_with old
}

# begin_with_haproxy - as begin_with old, for HAProxy instead of nginx, and servers only: they change through the runtime API. The
# file has what HAProxy shows, and what is confirmed.
begin_with_haproxy() {
	proxy_start "$TEST_DIR/haproxy"
	unset SWK_DYUPS
	jq -n --arg api "$HAPROXY_API" --arg master "$HAPROXY_MASTER" --arg file "$HAPROXY_FILE" '{targets: [
		{kind: "haproxy", name: "edge", socket: $api, file: $file, master_socket: $master, interval: 0}]}' >"$TEST_DIR/settings"
	export SWK_CONFIG="$TEST_DIR/settings"
	one_detail() {
		proxy_servers "" | awk '{ line[$1] = line[$1] ";" $3 " " $4 " " $5 } END { for (name in line) print name line[name] }' | LC_ALL=C sort
	}
	is_on_all_workers() {
		cmp -s "$TEST_DIR/$1/detail" <(one_detail) && cmp -s "$SWK_CONF" "$SWK_CONF.edge.confirmed" &&
			cmp -s "$TEST_DIR/$1/upstreams.cfg" "$HAPROXY_FILE"
	}
	"$PROGRAM" < <(document "$(instance web 1)" "$(instance web 3)" "$(instance web 2 same)")
	keep "$TEST_DIR/old"
	document "$(instance web 4)" "$(instance web 5)" "$(instance web 2 same)" >"$TEST_DIR/document"
	run_of=("$PROGRAM")
	reach_new
}

# begin_with_file_left_out - the same, and the proxy rejects the deletion of an upstream. The same run again leads to the state new.
begin_with_file_left_out() {
	next_is=new
	ends=10
	begin_with_file "grep -q '^upstream web_gone ' \"\$1\""
	grep -q web_gone "$TEST_DIR/new/detail"
	run ! grep -q web_gone "$TEST_DIR/new/conf"
}

# Whether the file of a target is whole. Other targets have none.
own_file_is_whole() {
	:
}

# Makes the state new with an undisturbed run, and then restores the state old.
reach_new() {
	run "-$ends" "${run_of[@]}" <"$TEST_DIR/document"
	keep "$TEST_DIR/new"
	run ! cmp -s "$TEST_DIR/old/detail" "$TEST_DIR/new/detail"
	(_gateway_nginx -t -q)
	way_back >"$TEST_DIR/way-back"
	put_back
	is_on_all_workers old
}

keep() {
	[[ ! -e "$SWK_CONF" ]] || cp "$SWK_CONF" "$1/conf"
	[[ ! -e "$SWK_CONF.state" ]] || cp "$SWK_CONF.state" "$1/state"
	[[ ! -e "$SWK_CONF.checks" ]] || cp "$SWK_CONF.checks" "$1/checks"
	[[ ! -e "$SWK_CONF.previous" ]] || cp "$SWK_CONF.previous" "$1/previous"
	[[ ! -e "$SWK_CONF.journal" ]] || cp "$SWK_CONF.journal" "$1/journal"
	[[ ! -e "$SWK_CONF.journal.old" ]] || cp "$SWK_CONF.journal.old" "$1/journal.old"
	[[ ! -e "$SWK_CONF.edge.confirmed" ]] || cp "$SWK_CONF.edge.confirmed" "$1/confirmed"
	[[ ! -e "$SWK_CONF.edge.lock" ]] || cp "$SWK_CONF.edge.lock" "$1/lock"
	[[ -z "${HAPROXY_PID:-}" ]] || cp "$HAPROXY_FILE" "$1/upstreams.cfg"
	[[ -z "${DYNAMIC_DIRECTORY:-}" ]] || cp -r "$DYNAMIC_DIRECTORY" "$1/servers"
	one_detail >"$1/detail"
}

# Prints curl's configuration for requests that restore every upstream in nginx.
way_back() {
	local name first=1

	for name in $(names old) $(names new); do
		((first)) || echo next
		first=0
		printf 'silent\nheader = "X-Observer: 1"\noutput = /dev/null\nurl = %s/upstream/%s\n' "$GATEWAY_DYUPS" "$name"
		if names old | grep -qx "$name"; then
			printf 'data-binary = "%s"\n' "$(awk -v name="$name" '$1 == "upstream" { it = $2 == name; next }
				/^}/ { it = 0 } it { sub(/^[[:space:]]+/, ""); printf "%s", $0 }' "$TEST_DIR/old/conf")"
		else
			printf 'request = DELETE\n'
		fi
	done
}

names() {
	[[ ! -e "$TEST_DIR/$1/conf" ]] || awk '$1 == "upstream" { print $2 }' "$TEST_DIR/$1/conf"
}

put_back() {
	rm -rf "${SWK_CONF:?}"*
	[[ ! -e "$TEST_DIR/old/conf" ]] || cp "$TEST_DIR/old/conf" "$SWK_CONF"
	[[ ! -e "$TEST_DIR/old/state" ]] || cp "$TEST_DIR/old/state" "$SWK_CONF.state"
	[[ ! -e "$TEST_DIR/old/checks" ]] || cp "$TEST_DIR/old/checks" "$SWK_CONF.checks"
	[[ ! -e "$TEST_DIR/old/previous" ]] || cp "$TEST_DIR/old/previous" "$SWK_CONF.previous"
	[[ ! -e "$TEST_DIR/old/journal" ]] || cp "$TEST_DIR/old/journal" "$SWK_CONF.journal"
	[[ ! -e "$TEST_DIR/old/confirmed" ]] || cp "$TEST_DIR/old/confirmed" "$SWK_CONF.edge.confirmed"
	[[ ! -e "$TEST_DIR/old/lock" ]] || cp "$TEST_DIR/old/lock" "$SWK_CONF.edge.lock"
	[[ ! -e "$TEST_DIR/old/lock" ]] || cp "$TEST_DIR/old/detail" "$SWK_CONF.for-edge"
	[[ ! -e "$TEST_DIR/has" ]] || cp "$TEST_DIR/old/detail" "$TEST_DIR/has"
	[[ -z "${DYNAMIC_DIRECTORY:-}" ]] || {
		rm -f "$DYNAMIC_DIRECTORY"/*
		cp "$TEST_DIR/old/servers"/* "$DYNAMIC_DIRECTORY"
	}
	curl -K "$TEST_DIR/way-back"
	: >"$GATEWAY_DIR/requests.log"
	[[ -z "${HAPROXY_PID:-}" ]] || put_haproxy_back
}

put_haproxy_back() {
	rm -f "$HAPROXY_FILE".*
	cp "$TEST_DIR/old/upstreams.cfg" "$HAPROXY_FILE"
	proxy_reload
}

# ---- the points of a run ----

# record - writes every system call of an undisturbed run, from main on, to $TEST_DIR/calls. A line has the name of the call; its
# number among the calls of that name; what it concerns: `net` for a connection, or a file (conf, state, lock, tmp, checks, journal, folder, or
# `servers` for all files that only begin_with_dynamic has),
# or `-`; and whether the conf file is old or new then. main begins by opening /dev/null for reading and writing; the loader
# never opens a file for writing.
record() {
	put_back
	strace -y -s 4096 -o "$TEST_DIR/trace" "${run_of[@]}" <"$TEST_DIR/document" >/dev/null || (($? == ends))
	awk -v folder="${SWK_CONF%/*}" -v conf="$SWK_CONF" -v servers="${DYNAMIC_DIRECTORY:-none}" '
		match($0, /^[a-z_0-9]+\(/) {
			call = substr($0, 1, RLENGTH - 1)
			number[call]++
			if (call == "openat" && /"\/dev\/null", O_RDWR/)
				begun = 1
			if (!begun || call == "exit_group")
				next
			what = "-"
			if (/^[a-z_0-9]+\([0-9]+<pipe:/)
				what = "net" # to or from a command; what is written there has the path of the conf file
			else if (index($0, "\"" servers "/") || index($0, "\"" servers "\"") || index($0, "<" servers))
				what = "servers"
			else if (match($0, "[\"<]" conf "[^\">]*")) {
				what = substr($0, RSTART + length(conf) + 2, RLENGTH - length(conf) - 2)
				what = what == "" ? "conf" : what
			} else if (index($0, "\"" folder "\"") || index($0, "<" folder ">"))
				what = "folder"
			else if (/<(socket|TCP|UNIX|anon_inode|pipe):/ || call == "socket" || call == "socketpair")
				what = "net"
			print call, number[call], what, (committed ? "new" : "old")
			if (call == "rename" && index($0, ".tmp\", \"" conf "\""))
				committed = 1
		}
	' "$TEST_DIR/trace" >"$TEST_DIR/calls"
	# If the trace was not parsed correctly, there would be no points, and the test would pass.
	grep -q '^openat [0-9]* - old$' "$TEST_DIR/calls"
	grep -q '^rename [0-9]* tmp old$' "$TEST_DIR/calls"
	grep -qE '^(sendto|write|read) [0-9]* net new$' "$TEST_DIR/calls"
}

# disturb CALL NUMBER INJECTION - runs swk-apply with this injection at that call. Sets $status; messages are in $TEST_DIR/said, and
# the trace of that call in $TEST_DIR/injected.
disturb() {
	status=0
	# Otherwise the shell would report each process that was killed.
	{
		strace -o "$TEST_DIR/injected" -e trace="$1" -e inject="$1:$3:when=$2" "${run_of[@]}" \
			<"$TEST_DIR/document" >/dev/null 2>"$TEST_DIR/said" || status=$?
	} 2>/dev/null
}

# ---- the result ----

# problem WORD... - prints what is wrong at this point, with all files and nginx's state. Fails.
problem() {
	{
		printf '%s: %s (status %s, ROBUST_OFFSET=%s)\n' "$point" "$*" "$status" "$ROBUST_OFFSET"
		tail -n 3 "$TEST_DIR/injected"
		printf '%s\n' '--- said' && cat "$TEST_DIR/said"
		for file in "$SWK_CONF"*; do
			printf -- '--- %s\n' "${file##*/}" && cat "$file"
		done
		printf '%s\n' '--- detail' && all_details
	} 2>/dev/null
	return 1
}

# Prints the state of the conf file: old, new or torn. If the state old has no conf file, a missing file is old.
conf_is() {
	local which

	for which in old new; do
		if [[ ! -e "$SWK_CONF" && ! -e "$TEST_DIR/$which/conf" ]] || cmp -s "$SWK_CONF" "$TEST_DIR/$which/conf"; then
			echo "$which"
			return
		fi
	done
	echo torn
}

# Whether the state file is complete or missing.
state_reads() {
	[[ ! -e "$SWK_CONF.state" ]] ||
		[[ "$(head -n 1 "$SWK_CONF.state")" == 'swk-apply state 1' && "$(tail -n 1 "$SWK_CONF.state")" == end ]]
}

# Whether FILE.checks is complete or missing.
checks_read() {
	[[ ! -e "$SWK_CONF.checks" ]] ||
		[[ "$(head -n 1 "$SWK_CONF.checks")" == 'swk-apply checks 1' && "$(tail -n 1 "$SWK_CONF.checks")" == end ]]
}

# Whether the previous file is right: once the conf file is new, it is the old conf file; until then it is unchanged.
previous_is_right() {
	local found="$SWK_CONF.previous" expected="$TEST_DIR/old/previous"

	if [[ -e "$found.tmp" && ! "$found.tmp" -ef "$SWK_CONF" ]]; then
		found="$found.tmp"
	fi
	if [[ "$(conf_is)" == new && -e "$TEST_DIR/old/conf" ]]; then
		expected="$TEST_DIR/old/conf"
	fi
	if [[ -e "$expected" ]]; then cmp -s "$found" "$expected"; else [[ ! -e "$found" ]] || cmp -s "$found" "$SWK_CONF"; fi
}

# Whether the hold is complete or missing. swk undo must write it before it restores the conf file.
hold_reads() {
	if [[ -e "$SWK_CONF.hold" ]]; then
		[[ "$(head -n 1 "$SWK_CONF.hold")" == 'swk hold 1' && "$(tail -n 1 "$SWK_CONF.hold")" == end ]]
	else
		[[ "${run_of[0]}" != "$OPERATOR" || "$(conf_is)" == old ]]
	fi
}

# Whether the journal leads from the old conf file to the present one, and back. Prints what is wrong. A run that could not write
# the journal has said so; then there is a gap.
journal_is_right() {
	grep -q 'the journal lacks this change' "$TEST_DIR/said" || "$JOURNAL" "$SWK_CONF" "$TEST_DIR/old/conf"
}

# Whether the page is whole or missing, and its folder has only the page and the file that becomes the next one.
page_is_whole() {
	[[ -n "$page" ]] || return 0
	[[ -z "$(find "${page%/*}" -type f ! -name status.html ! -name .status.html.tmp)" ]] || return 1
	[[ ! -e "$page" || "$(head -n 1 "$page")$(tail -n 1 "$page")" == '<!DOCTYPE html></html>' ]]
}

nothing_left_over() {
	local file

	for file in "${SWK_CONF%/*}"/*; do
		case $file in
		"$SWK_CONF" | "$SWK_CONF.state" | "$SWK_CONF.checks" | "$SWK_CONF.lock" | "$SWK_CONF.journal") ;;
		"$SWK_CONF.journal.old") [[ -e "$TEST_DIR/new/journal.old" ]] || return 1 ;;
		# The second may be the previous file, and stays until the conf file changes again.
		"$SWK_CONF.previous" | "$SWK_CONF.previous.tmp") ;;
		"$SWK_CONF.edge.confirmed") [[ -e "$TEST_DIR/has" || -n "${HAPROXY_PID:-}" ]] || return 1 ;;
		"$SWK_CONF.edge.lock" | "$SWK_CONF.for-edge") [[ -e "$TEST_DIR/old/lock" || -n "${HAPROXY_PID:-}" ]] || return 1 ;;
		"$SWK_CONF.hold") [[ "${run_of[0]}" == "$OPERATOR" ]] || return 1 ;;
		*) return 1 ;;
		esac
	done
}

# one_more_run_reconciles [new] - whether one more run finishes the work: it prints no message, and all workers match the conf file.
# With new, or if next_is is set, it repeats the same run, and the conf file must reach that state. Otherwise the run is about another
# service, and must keep the conf file.
one_more_run_reconciles() {
	local expected="${1:-$next_is}" input="$TEST_DIR/document" wrong
	local -a next=("${run_of[@]}")

	own_file_is_whole || problem "the file of the target is neither what is confirmed nor whole" || return 1
	state_reads || problem 'the state file is not valid' || return 1
	page_is_whole || problem 'the page is torn' || return 1
	checks_read || problem 'FILE.checks is not valid' || return 1
	[[ "$(conf_is)" == torn ]] || previous_is_right || problem 'FILE.previous is wrong' || return 1
	hold_reads || problem 'the hold is invalid or missing' || return 1
	[[ "$(conf_is)" == torn ]] || wrong=$(journal_is_right) || problem "the journal is wrong: $wrong" || return 1
	# On hold, every run would print an error.
	rm -f "$SWK_CONF.hold"
	if [[ -z "$expected" ]]; then
		expected=$(conf_is)
		[[ "$expected" != torn ]] || problem 'the conf file is torn' || return 1
		next=("$PROGRAM" --service other)
		input="$TEST_DIR/empty"
	fi
	"${next[@]}" <"$input" >/dev/null 2>"$TEST_DIR/said.next" || (($? == ends)) ||
		problem "the next run fails: $(cat "$TEST_DIR/said.next")" || return 1
	((ends)) || [[ ! -s "$TEST_DIR/said.next" ]] || problem "the next run complains: $(cat "$TEST_DIR/said.next")" || return 1
	[[ "$(conf_is)" == "$expected" ]] || problem "after the next run the conf file is $(conf_is), not $expected" || return 1
	wrong=$(journal_is_right) || problem "the journal is wrong after the next run: $wrong" || return 1
	nothing_left_over || problem 'a file is left over' || return 1
	is_on_all_workers "$expected" || problem "not all workers match the conf file ($expected)"
}

# Prints /detail with one upstream per line, sorted, because the order differs between workers.
one_detail() {
	_gateway_observe detail | awk 'BEGIN { RS = "" } { gsub(/\n/, ";"); print }' | LC_ALL=C sort
}

# Prints the same for every worker, each line preceded by its worker. It repeats requests on new connections until all have answered.
all_details() {
	local workers end=$((SECONDS + 20)) samples='' seen

	workers=$(gateway_workers | wc -l)
	while ((SECONDS < end)); do
		# curl does not send the text after #; the range only makes it ask several times.
		samples+=$(curl -sS --max-time 20 -H 'X-Observer: 1' -H 'Connection: close' -w '\n@%header{x-worker}\n' \
			"$GATEWAY_DYUPS/detail#[1-8]")$'\n'
		seen=$(awk '
			/^@/ { print $0, "is"; for (i = 0; i < n; i++) print $0, line[i]; n = 0; text = ""; next }
			$0 == "" { if (text != "") line[n++] = text; text = ""; next }
			{ text = text (text == "" ? "" : ";") $0 }' <<<"$samples" | LC_ALL=C sort -u)
		[[ "$(grep -c ' is$' <<<"$seen")" != "$workers" ]] || break
	done
	echo "$seen"
}

# is_on_all_workers old|new - whether each worker has exactly this state.
is_on_all_workers() {
	local worker

	for worker in $(gateway_workers); do
		echo "@$worker is"
		sed "s/^/@$worker /" "$TEST_DIR/$1/detail"
	done | LC_ALL=C sort | cmp -s - <(all_details)
}
