# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Backends that say who they are: one stock nginx each, so that one can go down while the others serve on.

# shellcheck source=SCRIPTDIR/common.bash
source "${BASH_SOURCE[0]%/*}/common.bash"

declare -gA BACKEND_PORT=() # by name
declare -gA BACKEND_PID=()  # by name; no entry while it is down
_BACKEND_PATIENCE=20        # seconds that anything here may take before it counts as broken

# backend_start DIR NAME... - starts them on free ports of 127.0.0.1 and returns when they accept. Each answers everything with
# status 200, the header X-Backend and the body "NAME\n", and notes each request in DIR/NAME.log. A name is letters, digits,
# "_", "-", ".". May be called again for more of them.
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

# backend_up NAME - starts it again, on the port that it had.
backend_up() {
	local name="$1"

	# Descriptor 3 is bats's: whoever holds it keeps bats from ending.
	_backend_nginx "$name" >"$_BACKEND_DIR/$name.out" 2>&1 </dev/null 3>&- &
	BACKEND_PID[$name]=$!
	disown # else bash reports how it ended
	if ! wait_until "$_BACKEND_PATIENCE" _backend_settled "$name" || ! _backend_accepts "$name"; then
		cat "$_BACKEND_DIR/$name.out" >&2
		backend_down "$name"
		return 1
	fi
}

# backend_down NAME - ends it: connections are refused from now on, open ones are cut.
backend_down() {
	local pid="${BACKEND_PID[$1]:-}"

	[[ -n "$pid" ]] || return 0
	unset "BACKEND_PID[$1]"
	kill "$pid" 2>/dev/null || return 0
	wait_until "$_BACKEND_PATIENCE" _backend_gone "$pid" || kill -s KILL "$pid"
}

# backend_stop - ends all of them.
backend_stop() {
	local name

	for name in "${!BACKEND_PID[@]}"; do
		backend_down "$name"
	done
}

# One process without a master: nothing to fork, and the process that was started is the one that listens.
_backend_configuration() {
	local kind

	printf 'daemon off;\nmaster_process off;\npid %s;\n' "$_BACKEND_DIR/$1.pid"
	printf 'events {}\nhttp {\n\taccess_log %s;\n' "$_BACKEND_DIR/$1.log"
	for kind in client_body proxy fastcgi uwsgi scgi; do
		printf '\t%s_temp_path %s;\n' "$kind" "$_BACKEND_DIR/$1.tmp"
	done
	printf '\tserver {\n\t\tlisten 127.0.0.1:%s;\n' "${BACKEND_PORT[$1]}"
	printf '\t\tadd_header X-Backend %s;\n\t\treturn 200 "%s\\n";\n\t}\n}\n' "$1" "$1"
}

# nginx itself, in place of the shell that calls. An ordinary user has no sbin in the PATH.
_backend_nginx() {
	exec "$(PATH="$PATH:/usr/sbin" command -v nginx)" -p "$_BACKEND_DIR" -e stderr -c "$_BACKEND_DIR/$1.conf"
}

_backend_gone() {
	! kill -0 "$1" 2>/dev/null
}

_backend_accepts() {
	(exec 4<>"/dev/tcp/127.0.0.1/${BACKEND_PORT[$1]}") 2>/dev/null
}

# Nothing more to wait for: it accepts, or it has ended.
_backend_settled() {
	_backend_accepts "$1" || _backend_gone "${BACKEND_PID[$1]}"
}
