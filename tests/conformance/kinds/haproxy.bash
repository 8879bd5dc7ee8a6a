# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Adapter for targets of the kind `haproxy`: see ../kinds.bash. lib/haproxy.bash has one HAProxy per shell, so each target's variables
# are in a file, and each function here is a shell of its own.

# shellcheck source=SCRIPTDIR/../../lib/haproxy.bash
source "${BASH_SOURCE[0]%/*}/../../lib/haproxy.bash"

# shellcheck disable=SC2034 # used through their names
declare -ga haproxy_can=(creates deletes attributes tells traffic) haproxy_breaks=(down hangs)

# _haproxy_remember TARGET - writes the variables of HAProxy.
_haproxy_remember() {
	declare -p "${!HAPROXY_@}" >"$E2E_DIR/$1/variables"
}

# _haproxy_of TARGET COMMAND... - runs a command with the variables of the target's HAProxy.
_haproxy_of() (
	# shellcheck source=/dev/null
	source "$E2E_DIR/$1/variables" && "${@:2}"
)

_haproxy_start() {
	proxy_start "$E2E_DIR/$1/haproxy" && _haproxy_remember "$1"
}

haproxy_start() {
	(_haproxy_start "$1")
}

_haproxy_stop() {
	_haproxy_signal CONT && proxy_stop
}

_haproxy_restart() {
	_haproxy_stop && proxy_up && _haproxy_remember "$1"
}

haproxy_restart() {
	_haproxy_of "$1" _haproxy_restart "$1"
}

haproxy_stop() {
	[[ ! -e "$E2E_DIR/$1/variables" ]] || _haproxy_of "$1" _haproxy_stop
}

# _haproxy_signal SIGNAL - sends a signal to the master and the workers.
_haproxy_signal() {
	local pid

	kill -0 "$HAPROXY_PID" 2>/dev/null || return 0
	for pid in $HAPROXY_PID $(pgrep -P "$HAPROXY_PID"); do
		kill -s "$1" "$pid" || return 1
	done
}

_haproxy_settings() {
	jq -n --arg name "$1" --arg api "$HAPROXY_API" --arg master "$HAPROXY_MASTER" --arg file "$HAPROXY_FILE" \
		--argjson check "$(proxy_check_command)" '{kind: "haproxy", name: $name, socket: $api, master_socket: $master,
		file: $file, check: $check, interval: 0, timeout: 2}'
}

haproxy_settings() {
	_haproxy_of "$1" _haproxy_settings "$1"
}

# Without servers that drain: they are in maintenance, and the file does not have them. One with idle connections drains, too.
_haproxy_live() {
	proxy_ask 'show stat -1 4 -1' | awk -F , -v file="$HAPROXY_FILE" '
		BEGIN {
			while ((getline line <file) > 0) {
				split(line, word, " ")
				if (word[1] == "backend")
					backend = word[2]
				else if (word[1] == "server")
					stays[backend " " word[2]] = 1
			}
		}
		/^# / { sub(/^# /, ""); for (i = 1; i <= NF; i++) column[$i] = i; next }
		NF > 1 {
			address = port = $column["svname"]
			down = $column["status"] ~ /^MAINT/
			if (down && !stays[$1 " " address])
				next
			sub(/.*:/, "", port)
			sub(/:[0-9]+$/, "", address)
			if (address ~ /:/)
				address = "[" address "]"
			print $1, address ":" port, $column["uweight"], $column["bck"], down
		}'
}

haproxy_live() {
	_haproxy_of "$1" _haproxy_live
}

# The log has what the runtime API adds and removes, and reloads; weights and states are not in it.
haproxy_trace() {
	cat "$E2E_DIR/$1/haproxy/log"
	_haproxy_of "$1" proxy_servers 2>/dev/null || true
}

haproxy_break() {
	echo "$2" >"$E2E_DIR/$1/broken"
	case $2 in
	down) _haproxy_of "$1" proxy_stop ;;
	hangs) _haproxy_of "$1" _haproxy_signal STOP ;;
	esac
}

haproxy_mend() {
	case $(<"$E2E_DIR/$1/broken") in
	down) haproxy_restart "$1" ;;
	hangs) _haproxy_of "$1" _haproxy_signal CONT ;;
	esac
}

# A backend that HAProxy does not have can only come from its configuration.
_haproxy_change() {
	local server

	if ! proxy_backends | grep -qx "$1"; then
		printf 'backend %s\n    server %s %s\n' "$1" "$2" "$2" >>"$HAPROXY_CFG"
		proxy_reload
		return
	fi
	proxy_ask "add server $1/other $2;set server $1/other state ready" >/dev/null
	for server in $(proxy_servers "$1" | cut -d ' ' -f 2 | grep -vx other); do
		proxy_ask "set server $1/$server state maint;del server $1/$server" >/dev/null
	done
}

haproxy_change() {
	_haproxy_of "$1" _haproxy_change "$2" "$3"
}

haproxy_derived() {
	printf '%s\n' "$CONF.$1.confirmed" "$E2E_DIR/$1/haproxy/conf.d/upstreams.cfg"
}

_haproxy_fetch() {
	curl -sS --max-time 20 "$HAPROXY_TRAFFIC/to/$1/"
}

haproxy_fetch() {
	_haproxy_of "$1" _haproxy_fetch "$2"
}
