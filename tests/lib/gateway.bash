# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A gateway with the dyups interface, that carries real traffic: tests/gateway under stock nginx, or, where SWK_TENGINE names
# a binary with the dyups module, that one. A DIR must not be used by two gateways. One gateway at a time per shell.

# shellcheck source=SCRIPTDIR/common.bash
source "${BASH_SOURCE[0]%/*}/common.bash"

_GATEWAY_SOURCE="$(cd "${BASH_SOURCE[0]%/*}/../gateway" && pwd)"
_GATEWAY_PATIENCE=20 # seconds that anything here may take before it counts as broken

# gateway_start DIR - starts it, returns when it answers; on failure prints nginx's error log and returns 1.
#
# Read before:	GATEWAY_WORKERS (2), GATEWAY_QUEUE (2m), GATEWAY_READ_TIMEOUT (1s), GATEWAY_BODY_MAX (1m), GATEWAY_BODY_BUFFER (16m),
#		GATEWAY_WORKER (what the interface names the worker that answers: $pid; '""': not at all),
#		GATEWAY_CONF (DIR/conf/dyups.upstream.conf; its directory is made, the file may be absent),
#		GATEWAY_EXTRA (a file with more http-level configuration, upstreams for example)
# Exported:	GATEWAY_DIR, GATEWAY_CONF, GATEWAY_PID, GATEWAY_WORKERS,
#		GATEWAY_DYUPS, GATEWAY_TRAFFIC, GATEWAY_CONTROL (http://127.0.0.1:PORT each; no control with Tengine),
#		GATEWAY_SOCKET (where the interface listens as well: unix:DIR/dyups.sock, or empty where that is too long)
gateway_start() {
	export GATEWAY_DIR="$1" GATEWAY_CONF="${GATEWAY_CONF:-$1/conf/dyups.upstream.conf}"
	export GATEWAY_WORKERS="${GATEWAY_WORKERS:-2}"
	export GATEWAY_DYUPS GATEWAY_TRAFFIC GATEWAY_CONTROL='' GATEWAY_SOCKET="unix:$GATEWAY_DIR/dyups.sock" GATEWAY_PID

	((${#GATEWAY_SOCKET} <= 5 + 107)) || GATEWAY_SOCKET='' # sun_path
	rm -f "$GATEWAY_DIR/dyups.sock" # nginx does not start if a killed one left it

	mkdir -p "$GATEWAY_DIR/tmp" "${GATEWAY_CONF%/*}" || return 1
	: >"$GATEWAY_DIR/requests.log"
	GATEWAY_DYUPS="http://127.0.0.1:$(free_port)" || return 1
	GATEWAY_TRAFFIC="http://127.0.0.1:$(free_port)" || return 1
	if [[ -z "${SWK_TENGINE:-}" ]]; then
		GATEWAY_CONTROL="http://127.0.0.1:$(free_port)" || return 1
	fi
	_gateway_configuration >"$GATEWAY_DIR/nginx.conf" || return 1
	# Descriptor 3 is bats's: whoever holds it keeps bats from ending.
	_gateway_nginx >"$GATEWAY_DIR/nginx.out" 2>&1 </dev/null 3>&- &
	GATEWAY_PID=$!
	if ! wait_until "$_GATEWAY_PATIENCE" _gateway_started || ! _gateway_alive; then
		cat "$GATEWAY_DIR/nginx.out" "$GATEWAY_DIR/error.log" >&2
		gateway_stop
		return 1
	fi
}

# nginx.conf.in with everything filled in.
_gateway_configuration() {
	local kind=lua other=tengine user='' empty="$GATEWAY_DIR/empty.conf"

	if [[ -n "${SWK_TENGINE:-}" ]]; then
		kind=tengine other=lua
	fi
	# Started by root, workers would become somebody who may not read DIR.
	if ((EUID == 0)); then
		user='user root;'
	fi
	: >"$empty"
	sed -e "/^%$other /d" -e "s|^%$kind |    |" \
		-e "s|@USER@|$user|" \
		-e "s|@DIR@|$GATEWAY_DIR|" \
		-e "s|@SOURCE@|$_GATEWAY_SOURCE|" \
		-e "s|@MODULES@|/usr/lib/nginx/modules|" \
		-e "s|@WORKERS@|$GATEWAY_WORKERS|" \
		-e "s|@WORKER@|${GATEWAY_WORKER-\$pid}|" \
		-e "s|@QUEUE@|${GATEWAY_QUEUE:-2m}|" \
		-e "s|@READ_TIMEOUT@|${GATEWAY_READ_TIMEOUT:-1s}|" \
		-e "s|@BODY_MAX@|${GATEWAY_BODY_MAX:-1m}|" \
		-e "s|@BODY_BUFFER@|${GATEWAY_BODY_BUFFER:-16m}|" \
		-e "s|@CONF@|$GATEWAY_CONF|" \
		-e "s|@CONF_GLOB@|${GATEWAY_CONF%?}[${GATEWAY_CONF: -1}]|" \
		-e "s|@EXTRA@|${GATEWAY_EXTRA:-$empty}|" \
		-e "s|@LISTEN@|${GATEWAY_SOCKET:+listen $GATEWAY_SOCKET;}|" \
		-e "s|@DYUPS_PORT@|${GATEWAY_DYUPS##*:}|" \
		-e "s|@TRAFFIC_PORT@|${GATEWAY_TRAFFIC##*:}|" \
		-e "s|@CONTROL_PORT@|${GATEWAY_CONTROL##*:}|" \
		"$_GATEWAY_SOURCE/nginx.conf.in"
}

# nginx itself, in place of the shell that calls. An ordinary user has no sbin in the PATH.
_gateway_nginx() {
	local nginx="${SWK_TENGINE:-}"

	if [[ -z "$nginx" ]]; then
		nginx="$(PATH="$PATH:/usr/sbin" command -v nginx)"
	fi
	exec "$nginx" -p "$GATEWAY_DIR" -c "$GATEWAY_DIR/nginx.conf" -e "$GATEWAY_DIR/error.log" "$@"
}

# Over, one way or the other: a dead one must not be waited for.
_gateway_started() {
	! _gateway_alive || _gateway_answers
}

_gateway_answers() {
	_gateway_observe list -o /dev/null 2>/dev/null
}

# A zombie is dead, too: nobody may have waited for it.
_gateway_alive() {
	[[ -n "${GATEWAY_PID:-}" ]] && grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$GATEWAY_PID/status"
}

_gateway_dead() {
	! _gateway_alive
}

# gateway_stop - ends it and waits until it is gone; nothing to do where none runs.
gateway_stop() {
	if _gateway_alive; then
		kill -TERM "$GATEWAY_PID"
		if ! wait_until "$_GATEWAY_PATIENCE" _gateway_dead; then
			echo "gateway_stop: $GATEWAY_PID does not end" >&2
			return 1
		fi
	fi
	GATEWAY_PID=''
}

# gateway_workers - the pids of the workers that serve, a line each; those that only finish what they had are left out.
gateway_workers() {
	local pid title
	local -a children

	read -r -a children <"/proc/$GATEWAY_PID/task/$GATEWAY_PID/children"
	for pid in "${children[@]}"; do
		title=''
		{ IFS= read -r -d '' title <"/proc/$pid/cmdline"; } 2>/dev/null
		if [[ "$title" == *'worker process' ]]; then
			echo "$pid"
		fi
	done
}

# gateway_reload - returns when the new workers serve and the old ones take nothing new; 1, with nginx's reason, when nginx
# refuses the configuration, and then the old workers go on.
gateway_reload() {
	local before

	(_gateway_nginx -t -q) || return 1
	before="$(gateway_workers)"
	kill -HUP "$GATEWAY_PID"
	if ! wait_until "$_GATEWAY_PATIENCE" _gateway_reloaded "$before"; then
		tail -n 20 "$GATEWAY_DIR/error.log" >&2
		return 1
	fi
}

_gateway_reloaded() {
	local now

	now="$(gateway_workers)"
	[[ "$(wc -l <<<"$now")" == "$GATEWAY_WORKERS" ]] && ! grep -qxF "$1" <<<"$now" && _gateway_answers
}

# gateway_kill_worker - kills one worker outright, and returns when the master has started another in its place.
gateway_kill_worker() {
	local pid

	pid="$(gateway_workers | head -n 1)"
	kill -KILL "$pid"
	wait_until "$_GATEWAY_PATIENCE" _gateway_replaced "$pid"
}

_gateway_replaced() {
	local now

	now="$(gateway_workers)"
	[[ "$(wc -l <<<"$now")" == "$GATEWAY_WORKERS" ]] && ! grep -qxF "$1" <<<"$now"
}

# gateway_fault COUNT KIND [PATTERN] - spoils the next COUNT answers of the interface, or of those requests whose
# "METHOD URI" matches the Lua pattern. With no argument takes all faults back. 2 with Tengine, which has none.
#
#	conflict		409, nothing done
#	refused			500 add server failed, nothing done
#	unavailable		503, nothing done
#	notsync			500 not sync; done on the worker that answers, the others never hear of it
#	notsync-unapplied	500 not sync, nothing done
#	skew			200; done on the worker that answers, the others never hear of it
#	slow:SECONDS		the right answer; the work starts only after a wait
#	late:SECONDS		the right answer, after a wait; the work is done before
#	cut:BYTES		of a body only so much is taken, unless it went through a file, being larger than nginx's buffer
#	reset			the connection is reset, nothing done
#	reset-applied		the connection is reset, all is done
gateway_fault() {
	if [[ -n "${SWK_TENGINE:-}" ]]; then
		echo "gateway_fault: a real Tengine has no faults to order" >&2
		return 2
	fi
	local answer

	if (($# == 0)); then
		set -- -X DELETE
	else
		set -- -G -X POST --data-urlencode "count=$1" --data-urlencode "kind=$2" --data-urlencode "pattern=${3:-}"
	fi
	answer="$(curl -sS --fail-with-body "$@" "$GATEWAY_CONTROL/fault")" || {
		echo "gateway_fault: $answer" >&2
		return 1
	}
}

# gateway_requests - every request to the interface (but the lib's own looks), in the order of the answers, a line each:
# METHOD URI STATUS BODY, with - for no body, \x0A and the like for what would not stand on a line, 444 for a reset.
# nginx writes a line after it has sent the answer, so this waits until the file rests.
gateway_requests() {
	local size before=-1

	while size="$(stat -c %s "$GATEWAY_DIR/requests.log")" && [[ "$size" != "$before" ]]; do
		before="$size"
		sleep 0.05
	done
	cat "$GATEWAY_DIR/requests.log"
}

gateway_requests_clear() {
	gateway_requests >/dev/null
	: >"$GATEWAY_DIR/requests.log"
}

# A request on a connection of its own: the body, and the status on a line of its own.
_gateway_curl() {
	curl -sS --max-time "$_GATEWAY_PATIENCE" -w '\n%{http_code}\n' "$@"
}

# The lib's own look at the interface: left out of the request log, and passed over by faults.
_gateway_observe() {
	curl -sS --max-time "$_GATEWAY_PATIENCE" -H 'X-Observer: 1' "$GATEWAY_DYUPS/$1" "${@:2}"
}

# gateway_fetch NAME - what comes back through upstream NAME: the body, then the status on the last line.
gateway_fetch() {
	_gateway_curl "$GATEWAY_TRAFFIC/to/$1/"
}

# gateway_post NAME BODY, gateway_delete NAME - the interface's answer, then the status on the last line.
gateway_post() {
	_gateway_curl --data-binary "$2" "$GATEWAY_DYUPS/upstream/$1"
}

gateway_delete() {
	_gateway_curl -X DELETE "$GATEWAY_DYUPS/upstream/$1"
}

# gateway_detail - /detail as some worker sees it, with the upstreams sorted by name: their order says nothing, and differs
# from worker to worker with Tengine. The servers stay as they are.
gateway_detail() {
	_gateway_observe detail | awk 'BEGIN { RS = "" } { gsub(/\n/, "\001"); print }' | LC_ALL=C sort |
		awk '{ gsub(/\001/, "\n"); print; print "" }'
}

# gateway_workers_detail - /detail as every worker sees it. Each answer that differs from the others is printed once, after a
# line "== PID PID..." of the workers that gave it. Asking makes the workers read their queue, as any GET does.
gateway_workers_detail() {
	local end=$((SECONDS + _GATEWAY_PATIENCE)) workers count missing looks=''

	workers="$(gateway_workers)"
	count="$(wc -l <<<"$workers")"
	missing="$workers"
	while [[ -n "$missing" ]]; do
		if ((SECONDS > end)); then
			echo "gateway_workers_detail: no answer from worker" "$missing" >&2
			return 1
		fi
		# Each look is a connection of its own. What stands behind # is not sent; it only makes curl ask several times.
		looks+="$(_gateway_observe "detail#[1-$((2 * count))]" -H 'Connection: close' -w '\n\n@%header{x-worker}\n\n')"$'\n\n'
		missing="$(grep -vxF -f <(sed -n 's/^@//p' <<<"$looks") <<<"$workers")" || true # empty at last
	done
	_gateway_by_answer <<<"$looks"
}

# Of looks, each with a line "@PID" behind it, the first of every worker: the upstreams sorted by name, and the workers put
# together that say the same.
_gateway_by_answer() {
	awk 'BEGIN { RS = "" }
		!/^@/ { gsub(/\n/, "\001"); block[n++] = $0; next }
		!($0 in seen) { seen[$0]; print $0 "\002"; for (i = 0; i < n; i++) print $0 "\002" block[i] }
		{ n = 0 }' | LC_ALL=C sort |
		awk -F '\002' '
			$2 == "" { worker[w++] = $1; next }
			{ answer[$1] = answer[$1] (answer[$1] == "" ? "" : "\001\001") $2 }
			END {
				for (i = 0; i < w; i++) {
					text = answer[worker[i]]
					if (!(text in pids)) texts[t++] = text
					pids[text] = pids[text] " " substr(worker[i], 2)
				}
				for (i = 0; i < t; i++) {
					text = texts[i]
					gsub(/\001/, "\n", text)
					printf "==%s\n%s\n", pids[texts[i]], text
				}
			}'
}
