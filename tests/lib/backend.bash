# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Backends that answer with their name. Each is its own stock nginx, so one can go down while the others continue to serve.

# shellcheck source=SCRIPTDIR/common.bash
source "${BASH_SOURCE[0]%/*}/common.bash"

declare -gA BACKEND_PORT=() # by name
declare -gA BACKEND_PID=()  # by name; a backend that is down has no entry
_BACKEND_PATIENCE=20        # seconds after which a wait here fails

# backend_start DIR NAME... - starts backends on free ports of 127.0.0.1, and returns when they accept connections. Each answers
# every request with status 200, the header X-Backend and the body "NAME\n", and logs it to DIR/NAME.log. A name consists of
# letters, digits, "_", "-" and ".". Call it again to add backends.
#
# Set before: BACKEND_DELAY (seconds before an answer; none: at once)
backend_start() {
	local name

	mkdir -p "$1" || return 1
	_BACKEND_DIR="$(cd "$1" && pwd)" || return 1
	shift
	for name in "$@"; do
		BACKEND_PORT[$name]="$(free_port)" || return 1
		_backend_configuration "$name" >"$_BACKEND_DIR/$name.conf" || return 1
		backend_up "$name" || return 1
	done
}

# backend_up NAME - starts a backend again, on its previous port.
backend_up() {
	local name="$1"

	# Descriptor 3 belongs to bats, which does not end while a process holds it.
	_backend_nginx "$name" >"$_BACKEND_DIR/$name.out" 2>&1 </dev/null 3>&- &
	BACKEND_PID[$name]=$!
	disown # otherwise bash reports how it ended
	if ! wait_until "$_BACKEND_PATIENCE" _backend_settled "$name" || ! _backend_accepts "$name"; then
		cat "$_BACKEND_DIR/$name.out" >&2
		backend_down "$name"
		return 1
	fi
}

# backend_down NAME - ends a backend: its port refuses connections, and open connections are cut.
backend_down() {
	local pid="${BACKEND_PID[$1]:-}"

	[[ -n "$pid" ]] || return 0
	unset "BACKEND_PID[$1]"
	kill "$pid" 2>/dev/null || return 0
	wait_until "$_BACKEND_PATIENCE" _backend_gone "$pid" || kill -s KILL "$pid"
}

# backend_kill NAME - ends a backend like a crash.
backend_kill() {
	kill -s KILL "${BACKEND_PID[$1]}" && wait_until "$_BACKEND_PATIENCE" _backend_gone "${BACKEND_PID[$1]}"
	rm -f "$_BACKEND_DIR/$1.pid"
	unset "BACKEND_PID[$1]"
}

# backend_stop - ends all backends, also those that a script under test has started again.
backend_stop() {
	local name

	for name in "${!BACKEND_PORT[@]}"; do
		[[ ! -s "$_BACKEND_DIR/$name.pid" ]] || BACKEND_PID[$name]=$(<"$_BACKEND_DIR/$name.pid")
		backend_down "$name"
	done
}

# One process without a master, so the process that was started is the one that listens.
_backend_configuration() {
	local kind answer="return 200 \"$1\\n\";" modules=/usr/lib/nginx/modules

	if [[ -n "${BACKEND_DELAY:-}" ]]; then
		printf 'load_module %s;\n' "$modules/ndk_http_module.so" "$modules/ngx_http_lua_module.so"
		answer="location / { content_by_lua_block { ngx.sleep($BACKEND_DELAY) ngx.say('$1') } }"
	fi
	printf 'daemon off;\nmaster_process off;\npid %s;\n' "$_BACKEND_DIR/$1.pid"
	printf 'events {}\nhttp {\n\taccess_log %s;\n' "$_BACKEND_DIR/$1.log"
	for kind in client_body proxy fastcgi uwsgi scgi; do
		printf '\t%s_temp_path %s;\n' "$kind" "$_BACKEND_DIR/$1.tmp"
	done
	printf '\tserver {\n\t\tlisten 127.0.0.1:%s;\n' "${BACKEND_PORT[$1]}"
	printf '\t\tadd_header X-Backend %s;\n\t\t%s\n\t}\n}\n' "$1" "$answer"
}

# Replaces the calling shell by nginx. An ordinary user has no sbin in the PATH.
_backend_nginx() {
	exec "$(PATH="$PATH:/usr/sbin" command -v nginx)" -p "$_BACKEND_DIR" -e stderr -c "$_BACKEND_DIR/$1.conf"
}

_backend_gone() {
	! kill -0 "$1" 2>/dev/null
}

_backend_accepts() {
	(exec 4<>"/dev/tcp/127.0.0.1/${BACKEND_PORT[$1]}") 2>/dev/null
}

# Ends the wait: the backend accepts connections, or it has ended.
_backend_settled() {
	_backend_accepts "$1" || _backend_gone "${BACKEND_PID[$1]}"
}
