# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Adapter for targets of the kind `dynamic`: see ../kinds.bash.

# shellcheck source=SCRIPTDIR/../../lib/dynamic.bash
source "${BASH_SOURCE[0]%/*}/../../lib/dynamic.bash"

# An upstream that leaves the conf file stays, but without servers.
# shellcheck disable=SC2034 # used through their names
declare -ga dynamic_can=(deletes attributes tells traffic) dynamic_breaks=(down hangs)
# A real nginx has no faults to order.
[[ -n "${SWK_DYNAMIC:-}" ]] || dynamic_breaks+=(unavailable)

dynamic_start() (
	export DYNAMIC_ZONE=64k
	dynamic_gateway_start "$E2E_DIR/$1/gateway" "${UPSTREAMS[@]}" && remember "$1" "${!GATEWAY_@}" "${!DYNAMIC_@}"
)

dynamic_stop() {
	[[ -e "$E2E_DIR/$1/variables" ]] || return 0
	gateway_signal CONT && gateway_stop
}

dynamic_restart() {
	dynamic_stop "$1" && gateway_restart && remember "$1" "${!GATEWAY_@}" "${!DYNAMIC_@}"
}

dynamic_settings() {
	jq -n --arg name "$1" --arg url "$DYNAMIC_URL" --arg directory "$DYNAMIC_DIRECTORY" \
		'{kind: "dynamic", name: $name, url: $url, directory: $directory}'
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
dynamic_live() {
	local memory

	memory=$(_dynamic_memory | LC_ALL=C sort)
	[[ "$memory" == "$(_dynamic_files | LC_ALL=C sort)" ]] || echo 'memory and files differ'
	[[ -z "$memory" ]] || echo "$memory"
}

# Only changes count.
dynamic_trace() {
	gateway_requests | grep -E '(add|remove|weight)=' || true
}

dynamic_break() {
	echo "$2" >"$E2E_DIR/$1/broken"
	case $2 in
	down) gateway_stop ;;
	hangs) gateway_signal STOP ;;
	unavailable) gateway_fault 1000 unavailable '&' ;;
	esac
}

dynamic_mend() {
	case $(<"$E2E_DIR/$1/broken") in
	down) dynamic_restart "$1" ;;
	hangs) gateway_signal CONT ;;
	unavailable) gateway_fault ;;
	esac
}

# Another host's file, and a reload: memory and file agree, and differ from the conf file.
dynamic_change() {
	printf '%s\n' '# Written by swk-apply from what Consul says. Changes made by hand are lost.' \
		"server $3 max_fails=1 fail_timeout=10s;" >"$DYNAMIC_DIRECTORY/$2.servers"
	gateway_reload
}

dynamic_derived() {
	grep -LF 'server 0.0.0.1' "$DYNAMIC_DIRECTORY"/*.servers
}

dynamic_fetch() {
	curl -sS --max-time 20 "$GATEWAY_TRAFFIC/to/$2/"
}
