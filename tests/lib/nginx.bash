# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A stock nginx that carries traffic, and learns of its upstreams from a file when it reloads. It has no interface to change it.

# shellcheck source=SCRIPTDIR/common.bash
source "${BASH_SOURCE[0]%/*}/common.bash"

NGINX_BINARY="$(PATH="$PATH:/usr/sbin" command -v nginx)"
_NGINX_PATIENCE=20 # seconds after which a wait here fails

# nginx_start DIR - starts nginx, with a master and two workers. It includes DIR/upstreams.conf and DIR/more.conf, both in `http`, and
# serves /to/NAME/ through the upstream NAME. DIR/static.conf is in its server.
#
# Exported: NGINX_DIR, NGINX_FILE (DIR/upstreams.conf), NGINX_URL, NGINX_PID
nginx_start() {
	export NGINX_DIR="$1" NGINX_FILE="$1/upstreams.conf" NGINX_URL NGINX_PID=''

	NGINX_URL="http://127.0.0.1:$(free_port)" || return 1
	mkdir -p "$NGINX_DIR"
	touch "$NGINX_DIR"/{upstreams,more,static}.conf
	_nginx_configuration >"$NGINX_DIR/nginx.conf"
	nginx_up
}

# nginx_up - starts it again.
nginx_up() {
	# Descriptor 3 belongs to bats, which does not end while a process holds it.
	# shellcheck disable=SC2119 # without arguments
	nginx_command >"$NGINX_DIR/nginx.out" 2>&1 </dev/null 3>&- &
	NGINX_PID=$!
	disown
	if ! wait_until "$_NGINX_PATIENCE" _nginx_settled || ! _nginx_listens; then
		cat "$NGINX_DIR/nginx.out" "$NGINX_DIR/error.log" >&2
		return 1
	fi
}

# nginx_down - ends it.
nginx_down() {
	[[ -n "${NGINX_PID:-}" ]] || return 0
	kill "$NGINX_PID" 2>/dev/null || return 0
	wait_until "$_NGINX_PATIENCE" _nginx_gone
	NGINX_PID=''
}

# nginx_command ARGUMENT... - replaces the calling shell by nginx with the configuration.
# shellcheck disable=SC2120 # others give arguments
nginx_command() {
	exec "$NGINX_BINARY" -p "$NGINX_DIR" -e "$NGINX_DIR/error.log" -c "$NGINX_DIR/nginx.conf" "$@"
}

# nginx_argv OPTION... - prints a JSON array that starts nginx with its configuration and these options.
nginx_argv() {
	printf '%s\n' "$NGINX_BINARY" -p "$NGINX_DIR" -e "$NGINX_DIR/error.log" -c "$NGINX_DIR/nginx.conf" "$@" | jq -Rnc '[inputs]'
}

# nginx_reloads - prints how often its master has loaded the configuration again.
nginx_reloads() {
	grep -c ': reconfiguring$' "$NGINX_DIR/error.log"
}

# nginx_lands NAME BACKEND... - whether exactly these backends answer requests through the upstream.
nginx_lands() {
	local name="$1"

	shift
	diff <(printf '%s\n' "$@" | sort) \
		<(curl -s --max-time 20 -H 'Connection: close' "$NGINX_URL/to/$name/?[1-20]" | grep -v '^<' | sort -u) >/dev/null
}

_nginx_configuration() {
	local kind user=''

	((EUID != 0)) || user='user root;'
	printf '%s\n' "$user" 'daemon off;' 'worker_processes 2;' "pid $NGINX_DIR/nginx.pid;" "error_log $NGINX_DIR/error.log notice;" 'events {}' 'http {' 'access_log off;'
	for kind in client_body proxy fastcgi uwsgi scgi; do
		printf '%s_temp_path %s;\n' "$kind" "$NGINX_DIR/$kind.tmp"
	done
	printf '%s\n' "include $NGINX_DIR/upstreams.conf;" "include $NGINX_DIR/more.conf;" \
		'server {' "listen ${NGINX_URL#http://};" "include $NGINX_DIR/static.conf;" \
		"location ~ ^/to/([^/]+)/ { proxy_pass http://\$1; }" 'location = /up { return 200 "up\n"; }' '}' '}'
}

_nginx_gone() {
	! kill -0 "$NGINX_PID" 2>/dev/null
}

_nginx_listens() {
	[[ "$(curl -s --max-time 5 "$NGINX_URL/up")" == up ]]
}

# Ends the wait: nginx answers, or it has ended.
_nginx_settled() {
	_nginx_gone || _nginx_listens
}
