# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Adapter for targets of the kind `file`: see ../kinds.bash. The proxy is stock nginx.

# shellcheck source=SCRIPTDIR/../../lib/nginx.bash
source "${BASH_SOURCE[0]%/*}/../../lib/nginx.bash"

# shellcheck disable=SC2034 # used through their names
declare -ga file_can=(creates deletes attributes traffic) file_breaks=(check fails hangs missing)

file_start() {
	local dir="$E2E_DIR/$1"

	nginx_start "$dir/nginx" || return 1
	file_note "$1"
	# It keeps what nginx has loaded.
	cat >"$dir/reload" <<-END
		#!/bin/bash
		echo start >>"$dir/starts"
		[[ ! -e "$dir/first" ]] || . "$dir/first"
		"$NGINX_BINARY" -p "$NGINX_DIR" -e "$NGINX_DIR/error.log" -c "$NGINX_DIR/nginx.conf" -s reload &&
			cp "$NGINX_FILE" "$dir/loaded"
	END
	chmod +x "$dir/reload"
	: >"$dir/starts"
	: >"$dir/loaded"
}

# Several nginx run at a time, so each call says which one the functions of nginx.bash mean.
file_use() {
	NGINX_DIR="$E2E_DIR/$1/nginx" NGINX_FILE="$E2E_DIR/$1/nginx/upstreams.conf"
	[[ ! -e "$E2E_DIR/$1/running" ]] || read -r NGINX_URL NGINX_PID <"$E2E_DIR/$1/running"
}

file_note() {
	echo "$NGINX_URL $NGINX_PID" >"$E2E_DIR/$1/running"
}

file_restart() {
	file_use "$1"
	nginx_down
	nginx_up || return 1
	file_note "$1"
	cp "$NGINX_FILE" "$E2E_DIR/$1/loaded"
}

file_stop() {
	[[ -e "$E2E_DIR/$1/running" ]] || return 0
	file_use "$1"
	nginx_down
}

file_settings() {
	file_use "$1"
	jq -n --arg name "$1" --arg file "$NGINX_FILE" --arg pid "$NGINX_DIR/nginx.pid" --arg reload "$E2E_DIR/$1/reload" \
		--argjson check "$(nginx_argv -t -q)" '{kind: "file", name: $name, file: $file, check: $check, reload: [$reload],
		pid_file: $pid, interval: 0, timeout: 1}'
}

file_live() {
	awk '$1 == "upstream" { name = $2 } $1 == "server" {
		weight = 1; backup = down = 0
		for (i = 3; i <= NF; i++) {
			sub(/;$/, "", $i)
			if ($i ~ /^weight=/) weight = substr($i, 8)
			if ($i == "backup") backup = 1
			if ($i == "down") down = 1
		}
		sub(/;$/, "", $2)
		print name, $2, weight, backup, down }' "$E2E_DIR/$1/loaded"
}

file_trace() {
	cat "$E2E_DIR/$1/starts"
}

file_break() {
	case $2 in
	check) echo 'listen 1;' >"$E2E_DIR/$1/nginx/more.conf" ;;
	fails) echo 'echo no room; exit 3' >"$E2E_DIR/$1/first" ;;
	hangs) echo 'exec sleep 1000' >"$E2E_DIR/$1/first" ;;
	missing) mv "$E2E_DIR/$1/reload" "$E2E_DIR/$1/reload.gone" ;;
	esac
}

file_mend() {
	: >"$E2E_DIR/$1/nginx/more.conf"
	rm -f "$E2E_DIR/$1/first"
	[[ -e "$E2E_DIR/$1/reload" ]] || mv "$E2E_DIR/$1/reload.gone" "$E2E_DIR/$1/reload"
}

file_derived() {
	printf '%s\n' "$CONF.$1.confirmed" "$E2E_DIR/$1/nginx/upstreams.conf"
}

# After a reload, the two old workers accept connections for a moment longer.
file_fetch() {
	file_use "$1"
	wait_until 20 file_is_settled
	curl -s --max-time 5 -H 'Connection: close' "$NGINX_URL/to/$2/"
}

file_is_settled() {
	(($(pgrep -c -P "$NGINX_PID") == 2))
}
