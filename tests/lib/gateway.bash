# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A gateway with the dyups interface that carries real traffic: tests/gateway under stock nginx, or the binary with the dyups
# module that SWK_TENGINE names. Two gateways must not share a DIR. A shell runs one gateway at a time.
#
# With GATEWAY_KIND=dynamic it is one with ngx_dynamic_upstream: the stand-in, or the binary that SWK_DYNAMIC names. Then only the
# functions work that do not read or change upstreams; dynamic.bash has others.

# shellcheck source=SCRIPTDIR/common.bash
source "${BASH_SOURCE[0]%/*}/common.bash"

_GATEWAY_SOURCE="$(cd "${BASH_SOURCE[0]%/*}/../gateway" && pwd)"
_GATEWAY_PATIENCE=20 # seconds after which a wait here fails

# gateway_start DIR - starts the gateway, and returns when it answers. On failure it prints nginx's error log and returns 1.
#
# Set before:	GATEWAY_WORKERS (2), GATEWAY_QUEUE (2m), GATEWAY_READ_TIMEOUT (1s), GATEWAY_BODY_MAX (1m), GATEWAY_BODY_BUFFER (16m),
#		GATEWAY_WORKER (what the header X-Worker contains: $pid; '""' for no header),
#		GATEWAY_CONF (DIR/conf/dyups.upstream.conf; gateway_start makes its folder, the file may be absent),
#		GATEWAY_EXTRA (a file with more http-level configuration, for example upstreams)
# Exported:	GATEWAY_DIR, GATEWAY_CONF, GATEWAY_PID, GATEWAY_WORKERS,
#		GATEWAY_DYUPS, GATEWAY_TRAFFIC, GATEWAY_CONTROL (each http://127.0.0.1:PORT; with Tengine there is no control),
#		GATEWAY_SOCKET (the interface listens here, too: unix:DIR/dyups.sock, or empty if that is too long)
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
	if [[ -z "$(_gateway_binary)" ]]; then
		GATEWAY_CONTROL="http://127.0.0.1:$(free_port)" || return 1
	fi
	_gateway_configuration >"$GATEWAY_DIR/nginx.conf" || return 1
	# Descriptor 3 belongs to bats, which does not end while a process holds it.
	_gateway_nginx >"$GATEWAY_DIR/nginx.out" 2>&1 </dev/null 3>&- &
	GATEWAY_PID=$!
	if ! wait_until "$_GATEWAY_PATIENCE" _gateway_started || ! _gateway_alive; then
		cat "$GATEWAY_DIR/nginx.out" "$GATEWAY_DIR/error.log" >&2
		gateway_stop
		return 1
	fi
}

# Prints the path of the binary that has the module, or nothing: then it is the stand-in.
_gateway_binary() {
	if [[ "${GATEWAY_KIND:-}" == dynamic ]]; then
		printf '%s' "${SWK_DYNAMIC:-}"
	else
		printf '%s' "${SWK_TENGINE:-}"
	fi
}

# Prints nginx.conf.in with the values filled in.
_gateway_configuration() {
	local kind=lua real=tengine template=nginx.conf.in user='' empty="$GATEWAY_DIR/empty.conf" other

	if [[ "${GATEWAY_KIND:-}" == dynamic ]]; then
		real=real template=dynamic.conf.in
	fi
	other=$real
	if [[ -n "$(_gateway_binary)" ]]; then
		kind=$real other=lua
	fi
	# If root starts nginx, its workers would otherwise run as a user who can't read DIR.
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
		"$_GATEWAY_SOURCE/$template"
}

# Replaces the calling shell by nginx. An ordinary user has no sbin in the PATH.
_gateway_nginx() {
	local nginx

	nginx="$(_gateway_binary)"
	if [[ -z "$nginx" ]]; then
		nginx="$(PATH="$PATH:/usr/sbin" command -v nginx)"
	fi
	exec "$nginx" -p "$GATEWAY_DIR" -c "$GATEWAY_DIR/nginx.conf" -e "$GATEWAY_DIR/error.log" "$@"
}

# Ends the wait: nginx answers, or it is dead.
_gateway_started() {
	! _gateway_alive || _gateway_answers
}

_gateway_answers() {
	local path=list

	[[ "${GATEWAY_KIND:-}" != dynamic ]] || path=dynamic
	_gateway_observe "$path" -o /dev/null 2>/dev/null
}

# A zombie counts as dead: its parent may not have waited for it.
_gateway_alive() {
	[[ -n "${GATEWAY_PID:-}" ]] && grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$GATEWAY_PID/status"
}

_gateway_dead() {
	! _gateway_alive
}

# gateway_stop - ends the gateway, if one runs, and waits until it is gone.
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

# gateway_restart - starts the stopped gateway again, on the same ports; returns when it answers.
gateway_restart() {
	_gateway_nginx >>"$GATEWAY_DIR/nginx.out" 2>&1 </dev/null 3>&- &
	export GATEWAY_PID=$!
	wait_until "$_GATEWAY_PATIENCE" _gateway_answers
}

# gateway_workers - prints the pids of the workers that accept requests, one per line, without workers that are shutting down.
gateway_workers() {
	local pid title
	local -a children

	# read fails at the end of a file, but has read it.
	read -r -a children <"/proc/$GATEWAY_PID/task/$GATEWAY_PID/children" || true
	for pid in "${children[@]}"; do
		title=''
		{ IFS= read -r -d '' title <"/proc/$pid/cmdline"; } 2>/dev/null || true
		if [[ "$title" == *'worker process' ]]; then
			echo "$pid"
		fi
	done
}

# gateway_signal SIGNAL - sends a signal to the master and the workers, if the gateway runs. The processes stay stopped while the
# master does not continue, so it goes first.
gateway_signal() {
	local pid

	_gateway_alive || return 0
	for pid in $GATEWAY_PID $(gateway_workers); do
		kill -s "$1" "$pid" || return 1
	done
}

# gateway_reload - reloads nginx, and returns when the new workers serve and the old workers accept no more requests. If nginx
# rejects the configuration, it prints nginx's reason and returns 1; the old workers then continue.
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

# gateway_kill_worker - kills one worker with SIGKILL, and returns when the master has replaced it.
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

# gateway_fault COUNT KIND [PATTERN] - makes the next COUNT requests to the interface fail; with PATTERN, a Lua pattern, only
# requests whose "METHOD URI" matches. Without arguments it cancels all faults. With Tengine, which has no faults, it returns 2.
#
#	conflict		409; nothing changes
#	refused			500 add server failed; nothing changes
#	unavailable		503; nothing changes
#	notsync			500 not sync; the worker that answers applies it, the others never learn of it
#	notsync-unapplied	500 not sync; nothing changes
#	skew			200; the worker that answers applies it, the others never learn of it
#	slow:SECONDS		waits, then applies the request and answers as usual
#	late:SECONDS		applies the request, then waits and answers as usual
#	cut:BYTES		uses only so many bytes of a body, unless the body exceeds nginx's buffer and so went through a file
#	reset			resets the connection; nothing changes
#	reset-applied		applies the request on all workers, and resets the connection
#	gone			400 server or peer is not found; nothing changes (dynamic only)
#	full			500 no shared memory; nothing changes (dynamic only)
#	unchanged		304; nothing changes (dynamic only)
gateway_fault() {
	if [[ -n "$(_gateway_binary)" ]]; then
		echo "gateway_fault: a real nginx has no faults to order" >&2
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

# gateway_requests - prints every request to the interface except this file's own reads, in the order of the answers. A line is
# METHOD URI STATUS BODY, with - for no body, escapes such as \x0A for control characters, and 444 for a reset.
# nginx writes a line after it has sent the answer, so this waits until the log stops growing.
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

# Sends a request on its own connection. Prints the body, then the status on its own line.
_gateway_curl() {
	curl -sS --max-time "$_GATEWAY_PATIENCE" -w '\n%{http_code}\n' "$@"
}

# This file's own read of the interface. The request log omits it, and faults do not affect it.
_gateway_observe() {
	curl -sS --max-time "$_GATEWAY_PATIENCE" -H 'X-Observer: 1' "$GATEWAY_DYUPS/$1" "${@:2}"
}

# gateway_fetch NAME - sends a request through upstream NAME. Prints the body, then the status on the last line.
gateway_fetch() {
	_gateway_curl "$GATEWAY_TRAFFIC/to/$1/"
}

# gateway_post NAME BODY, gateway_delete NAME - print the interface's answer, then the status on the last line.
gateway_post() {
	_gateway_curl --data-binary "$2" "$GATEWAY_DYUPS/upstream/$1"
}

gateway_delete() {
	_gateway_curl -X DELETE "$GATEWAY_DYUPS/upstream/$1"
}

# gateway_detail - prints the /detail of one worker, with the upstreams sorted by name. Their order means nothing, and with
# Tengine it differs between workers. The order of the servers is kept.
gateway_detail() {
	_gateway_observe detail | awk 'BEGIN { RS = "" } { gsub(/\n/, "\001"); print }' | LC_ALL=C sort |
		awk '{ gsub(/\001/, "\n"); print; print "" }'
}

# gateway_workers_detail - prints the /detail of every worker. Each distinct answer appears once, after a line "== PID PID..."
# with the workers that gave it. These requests make the workers read their queue, as any GET does.
gateway_workers_detail() {
	local end=$((SECONDS + _GATEWAY_PATIENCE)) workers count missing samples=''

	workers="$(gateway_workers)"
	count="$(wc -l <<<"$workers")"
	missing="$workers"
	while [[ -n "$missing" ]]; do
		if ((SECONDS > end)); then
			echo "gateway_workers_detail: no answer from worker" "$missing" >&2
			return 1
		fi
		# Each request has its own connection. curl does not send the text after #; the range only makes it ask several times.
		samples+="$(_gateway_observe "detail#[1-$((2 * count))]" -H 'Connection: close' -w '\n\n@%header{x-worker}\n\n')"$'\n\n'
		missing="$(grep -vxF -f <(sed -n 's/^@//p' <<<"$samples") <<<"$workers")" || true # grep fails once the list is empty
	done
	_gateway_by_answer <<<"$samples"
}

# Reads samples of /detail, each followed by a line "@PID". Takes the first sample of each worker, sorts its upstreams by name, and
# groups the workers with equal samples.
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
