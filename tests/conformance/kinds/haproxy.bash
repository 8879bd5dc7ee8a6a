# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Adapter for targets of the kind `haproxy`: see ../kinds.bash.

# shellcheck source=SCRIPTDIR/../../lib/haproxy.bash
source "${BASH_SOURCE[0]%/*}/../../lib/haproxy.bash"

# shellcheck disable=SC2034 # used through their names
declare -ga haproxy_can=(creates deletes attributes tells traffic) haproxy_breaks=(down hangs)

haproxy_start() (
	proxy_start "$E2E_DIR/$1/haproxy" && remember "$1" "${!HAPROXY_@}"
)

haproxy_stop() {
	[[ -e "$E2E_DIR/$1/variables" ]] || return 0
	_haproxy_signal CONT && proxy_stop
}

haproxy_restart() {
	haproxy_stop "$1" && proxy_up && remember "$1" "${!HAPROXY_@}"
}

# _haproxy_signal SIGNAL - sends a signal to the master and the workers.
_haproxy_signal() {
	local pid

	kill -0 "$HAPROXY_PID" 2>/dev/null || return 0
	for pid in $HAPROXY_PID $(pgrep -P "$HAPROXY_PID"); do
		kill -s "$1" "$pid" || return 1
	done
}

haproxy_settings() {
	jq -n --arg name "$1" --arg api "$HAPROXY_API" --arg master "$HAPROXY_MASTER" --arg file "$HAPROXY_FILE" \
		--argjson check "$(proxy_check_command)" '{kind: "haproxy", name: $name, socket: $api, master_socket: $master,
		file: $file, check: $check, interval: 0, timeout: 2}'
}

# Without servers that drain: they are in maintenance, and the file does not have them. One with idle connections drains, too.
haproxy_live() {
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

# The log has what the runtime API adds and removes, and reloads; weights and states are not in it.
haproxy_trace() {
	cat "$E2E_DIR/$1/haproxy/log"
	proxy_servers 2>/dev/null || true
}

haproxy_break() {
	echo "$2" >"$E2E_DIR/$1/broken"
	case $2 in
	down) proxy_stop ;;
	hangs) _haproxy_signal STOP ;;
	esac
}

haproxy_mend() {
	case $(<"$E2E_DIR/$1/broken") in
	down) haproxy_restart "$1" ;;
	hangs) _haproxy_signal CONT ;;
	esac
}

# A backend that HAProxy does not have can only come from its configuration.
haproxy_change() {
	local server

	if ! proxy_backends | grep -qx "$2"; then
		printf 'backend %s\n    server %s %s\n' "$2" "$3" "$3" >>"$HAPROXY_CFG"
		proxy_reload
		return
	fi
	proxy_ask "add server $2/other $3;set server $2/other state ready" >/dev/null
	for server in $(proxy_servers "$2" | cut -d ' ' -f 2 | grep -vx other); do
		proxy_ask "set server $2/$server state maint;del server $2/$server" >/dev/null
	done
}

haproxy_derived() {
	printf '%s\n' "$CONF.$1.confirmed" "$E2E_DIR/$1/haproxy/conf.d/upstreams.cfg"
}

haproxy_fetch() {
	curl -sS --max-time 20 "$HAPROXY_TRAFFIC/to/$2/"
}
