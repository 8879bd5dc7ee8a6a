# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Adapter for targets of the kind `dynamic`: see ../kinds.bash. As for `dyups`, the variables of each gateway are in a file.

# shellcheck source=SCRIPTDIR/../../lib/dynamic.bash
source "${BASH_SOURCE[0]%/*}/../../lib/dynamic.bash"

# An upstream that leaves the conf file stays, but without servers.
# shellcheck disable=SC2034 # used through their names
declare -ga dynamic_can=(deletes attributes tells traffic) dynamic_breaks=(down hangs)
# A real nginx has no faults to order.
[[ -n "${SWK_DYNAMIC:-}" ]] || dynamic_breaks+=(unavailable)

# _dynamic_remember TARGET - writes the variables of the gateway.
_dynamic_remember() {
	declare -p "${!GATEWAY_@}" "${!DYNAMIC_@}" >"$E2E_DIR/$1/variables"
}

# _dynamic_of TARGET COMMAND... - runs a command with the variables of the target's gateway.
_dynamic_of() (
	# shellcheck source=/dev/null
	source "$E2E_DIR/$1/variables" && "${@:2}"
)

_dynamic_start() {
	export DYNAMIC_ZONE=64k
	dynamic_gateway_start "$E2E_DIR/$1/gateway" "${UPSTREAMS[@]}" && _dynamic_remember "$1"
}

dynamic_start() {
	(_dynamic_start "$1")
}

# _dynamic_signal SIGNAL - sends a signal to the master and the workers. A stopped master would not see its workers end.
_dynamic_signal() {
	local worker

	_gateway_alive || return 0
	# shellcheck disable=SC2153 # the file of variables has it
	for worker in $GATEWAY_PID $(gateway_workers); do
		kill -s "$1" "$worker" || return 1
	done
}

_dynamic_stop() {
	_dynamic_signal CONT && gateway_stop
}

_dynamic_restart() {
	_dynamic_stop && gateway_restart && _dynamic_remember "$1"
}

dynamic_restart() {
	_dynamic_of "$1" _dynamic_restart "$1"
}

dynamic_stop() {
	[[ ! -e "$E2E_DIR/$1/variables" ]] || _dynamic_of "$1" _dynamic_stop
}

_dynamic_settings() {
	jq -n --arg name "$1" --arg url "$DYNAMIC_URL" --arg directory "$DYNAMIC_DIRECTORY" \
		'{kind: "dynamic", name: $name, url: $url, directory: $directory}'
}

dynamic_settings() {
	_dynamic_of "$1" _dynamic_settings "$1"
}

# Prints `UPSTREAM ADDRESS WEIGHT BACKUP DOWN` for each server in memory, in one curl for all upstreams.
_dynamic_memory() {
	local name

	for name in "${UPSTREAMS[@]}"; do
		printf 'url = "%s?upstream=%s&verbose="\nwrite-out = "= %s\\n"\n' "$DYNAMIC_URL" "$name" "$name"
		echo next
	done | sed '$d' | sed 's/^next$/next\nsilent\nglobbing = false\nheader = "X-Observer: 1"/' |
		curl -gsS --max-time 20 -H 'X-Observer: 1' -K - | awk '
			/^= / { for (i = 0; i < count; i++) print $2, line[i]; count = 0; next }
			/addr=0\./ { next }
			{
				backup = / backup/; down = / down/
				match($0, /addr=[^ ]*/); address = substr($0, RSTART + 5, RLENGTH - 5)
				match($0, /weight=[0-9]*/)
				line[count++] = address " " substr($0, RSTART + 7, RLENGTH - 7) " " backup " " down
			}'
}

# Prints the same from the files.
_dynamic_files() {
	awk '$1 == "server" && $2 !~ /^0\./ {
		name = FILENAME
		sub(/.*\//, "", name)
		sub(/\.servers$/, "", name)
		weight = 1
		if (match($0, /weight=[0-9]*/)) weight = substr($0, RSTART + 7, RLENGTH - 7)
		sub(/;/, "")
		print name, $2, weight, ($0 ~ / backup/) + 0, ($0 ~ / down/) + 0
	}' "$DYNAMIC_DIRECTORY"/*.servers
}

# Both must be the same.
_dynamic_live() {
	local memory

	memory=$(_dynamic_memory | LC_ALL=C sort)
	[[ "$memory" == "$(_dynamic_files | LC_ALL=C sort)" ]] || echo 'memory and files differ'
	[[ -z "$memory" ]] || echo "$memory"
}

dynamic_live() {
	_dynamic_of "$1" _dynamic_live
}

# Only changes count.
_dynamic_trace() {
	gateway_requests | grep -E '(add|remove|weight)=' || true
}

dynamic_trace() {
	_dynamic_of "$1" _dynamic_trace
}

dynamic_break() {
	echo "$2" >"$E2E_DIR/$1/broken"
	case $2 in
	down) _dynamic_of "$1" gateway_stop ;;
	hangs) _dynamic_of "$1" _dynamic_signal STOP ;;
	unavailable) _dynamic_of "$1" gateway_fault 1000 unavailable '&' ;;
	esac
}

dynamic_mend() {
	case $(<"$E2E_DIR/$1/broken") in
	down) dynamic_restart "$1" ;;
	hangs) _dynamic_of "$1" _dynamic_signal CONT ;;
	unavailable) _dynamic_of "$1" gateway_fault ;;
	esac
}

# Another host's file, and a reload: memory and file agree, and differ from the conf file.
_dynamic_change() {
	printf '%s\n' '# Written by swk-apply from what Consul says. Changes made by hand are lost.' \
		"server $2 max_fails=1 fail_timeout=10s;" >"$DYNAMIC_DIRECTORY/$1.servers"
	gateway_reload
}

dynamic_change() {
	_dynamic_of "$1" _dynamic_change "$2" "$3"
}

_dynamic_derived() {
	grep -LF 'server 0.0.0.1' "$DYNAMIC_DIRECTORY"/*.servers
}

dynamic_derived() {
	_dynamic_of "$1" _dynamic_derived
}

_dynamic_fetch() {
	curl -sS --max-time 20 "$GATEWAY_TRAFFIC/to/$1/"
}

dynamic_fetch() {
	_dynamic_of "$1" _dynamic_fetch "$2"
}
