# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # the demo sets and uses them
#
# For the demo: stock nginx, which loads a file when it reloads.

# shellcheck source=SCRIPTDIR/../lib/nginx.bash
source "$root/tests/lib/nginx.bash"

demo_name='nginx'
demo_start() {
	nginx_start "$work/nginx"
	traffic=$NGINX_URL
	about="stock nginx, which loads the target's file at each reload"
	demo_lines="    nginx    $NGINX_URL, target's file $NGINX_FILE"
}

demo_target() {
	jq -n --arg file "$NGINX_FILE" --arg pid "$NGINX_DIR/nginx.pid" --argjson check "$(nginx_argv -t -q)" \
		--argjson reload "$(nginx_argv -s reload)" \
		'{kind: "file", name: "nginx", file: $file, check: $check, reload: $reload, pid_file: $pid, interval: "1s"}'
}

# The file that nginx has loaded.
has() {
	local name=$1

	shift
	diff <(awk -v name="$name" '$1 == "upstream" { in_it = $2 == name } in_it && $1 == "server" { print $2 }' \
		"$SWK_CONF.nginx.confirmed" 2>/dev/null | sort) <(addresses "$@") >/dev/null
}

demo_lands() {
	nginx_lands "$@"
}

demo_reload() {
	(nginx_command -s reload)
}

demo_stop() {
	nginx_down
}
