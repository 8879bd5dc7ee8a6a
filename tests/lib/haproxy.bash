# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A real HAProxy in master-worker mode, with a frontend that routes /to/NAME/ to the backend NAME. A shell runs one at a time.
#
# Exported while it runs:	HAPROXY_DIR, HAPROXY_PID (the master), HAPROXY_API and HAPROXY_MASTER (sockets), HAPROXY_TRAFFIC (a URL),
#			HAPROXY_CFG (its own configuration), HAPROXY_FILE (where swk-apply's file belongs)
# Set before the start:	SWK_HAPROXY (the binary: the one in PATH)

# shellcheck source=SCRIPTDIR/common.bash
source "${BASH_SOURCE[0]%/*}/common.bash"

_PROXY_PATIENCE=20 # seconds after which a wait here fails

# proxy_binary - prints HAProxy's path, or fails if there is none. An ordinary user has no sbin in the PATH.
proxy_binary() {
	PATH="$PATH:/usr/sbin" command -v "${SWK_HAPROXY:-haproxy}"
}

# proxy_start DIR [LINE...] - starts HAProxy, and returns when it answers. The lines are added to its configuration.
proxy_start() {
	local port

	mkdir -p "$1/conf.d" || return 1
	port=$(free_port) || return 1
	HAPROXY_DIR=$(cd "$1" && pwd) || return 1
	export HAPROXY_DIR HAPROXY_API=$HAPROXY_DIR/api.sock HAPROXY_MASTER=$HAPROXY_DIR/master.sock
	export HAPROXY_CFG=$HAPROXY_DIR/haproxy.cfg HAPROXY_FILE=$HAPROXY_DIR/conf.d/upstreams.cfg
	export HAPROXY_TRAFFIC=http://127.0.0.1:$port
	shift
	_proxy_configuration "$port" "$@" >"$HAPROXY_CFG"
	proxy_up
}

# proxy_up - starts HAProxy again, with its present configuration.
proxy_up() {
	# Descriptor 3 belongs to bats, which does not end while a process holds it.
	_proxy_run >>"$HAPROXY_DIR/log" 2>&1 </dev/null 3>&- &
	export HAPROXY_PID=$!
	disown # otherwise bash reports how it ended
	if ! wait_until "$_PROXY_PATIENCE" _proxy_settled || ! _proxy_answers; then
		cat "$HAPROXY_DIR/log" >&2
		proxy_stop
		return 1
	fi
}

# proxy_stop - ends HAProxy with all its processes: its sockets refuse connections.
proxy_stop() {
	local pid="${HAPROXY_PID:-}"

	[[ -n "$pid" ]] || return 0
	unset HAPROXY_PID
	wait_until "$_PROXY_PATIENCE" _proxy_told "$pid" || kill -s KILL "$pid"
}

# proxy_ask COMMAND [SOCKET] - prints the answer of the runtime API to one command.
proxy_ask() {
	socat -t "$_PROXY_PATIENCE" - "UNIX-CONNECT:${2:-$HAPROXY_API}" <<<"$1"
}

# proxy_servers [BACKEND] - prints a line for each server: backend, name, address with port, weight, `ready`, `maint` or `drain`.
proxy_servers() {
	proxy_ask "show servers state ${1:-}" | awk '$1 ~ /^[0-9]+$/ && NF > 20 {
		print $2, $4, $5 ":" $19, $8, ($7 % 2 ? "maint" : int($7 / 8) % 2 ? "drain" : "ready") }' | sort
}

# proxy_backends - prints the names of all backends.
proxy_backends() {
	proxy_ask 'show backend' | sed '/^#/d; /^$/d'
}

# proxy_worker - prints the process that answers. It changes with each reload.
proxy_worker() {
	proxy_ask 'show info' | sed -n 's/^Pid: //p'
}

# proxy_reload - reloads HAProxy by its master, and returns when the new process answers.
proxy_reload() {
	local before

	before=$(proxy_worker)
	# While the master starts itself anew, nothing listens.
	wait_until "$_PROXY_PATIENCE" proxy_ask reload "$HAPROXY_MASTER" 2>/dev/null || return 1
	wait_until "$_PROXY_PATIENCE" _proxy_is_other_than "$before"
}

_proxy_is_other_than() {
	local worker

	worker=$(proxy_worker 2>/dev/null) && [[ -n "$worker" && "$worker" != "$1" ]]
}

# proxy_check_command - prints, as JSON, a command that checks the configuration.
proxy_check_command() {
	jq -nc --arg binary "$(proxy_binary)" --arg dir "$HAPROXY_DIR" \
		'[$binary, "-c", "-f", "\($dir)/haproxy.cfg", "-f", "\($dir)/conf.d"]'
}

_proxy_configuration() {
	cat <<-END
		global
		    stats socket $HAPROXY_API mode 600 level admin
		    nbthread 2
		defaults
		    mode http
		    timeout connect 2s
		    timeout client 60s
		    timeout server 60s
		frontend traffic
		    bind 127.0.0.1:$1
		    use_backend %[path,field(3,/)]
	END
	shift
	((!$#)) || printf '%s\n' "$@"
}

# Replaces the calling shell by HAProxy.
_proxy_run() {
	exec "$(proxy_binary)" -W -S "$HAPROXY_MASTER" -f "$HAPROXY_CFG" -f "$HAPROXY_DIR/conf.d"
}

_proxy_answers() {
	[[ -n "$(proxy_worker 2>/dev/null)" ]]
}

# Tells HAProxy to end, and whether it has ended. A master that reloads just then forgets that it is to end.
_proxy_told() {
	! kill "$1" 2>/dev/null
}

_proxy_gone() {
	! kill -0 "$1" 2>/dev/null
}

# Ends the wait: HAProxy answers, or it has ended.
_proxy_settled() {
	_proxy_answers || _proxy_gone "$HAPROXY_PID"
}
