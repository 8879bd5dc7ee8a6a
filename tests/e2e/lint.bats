#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# What swk lint finds in configurations, and that nginx accepts them after each proposed fix.

# shellcheck source=SCRIPTDIR/../lib/gateway.bash
source "${BATS_TEST_DIRNAME}/../lib/gateway.bash"

bats_require_minimum_version 1.5.0 # `run -STATUS`

setup() {
	trace_test_only
	ROOT="$(cd "$BATS_TEST_DIRNAME/../.." && pwd)"
	DIR="$BATS_TEST_TMPDIR/nginx"
	export PATH="$ROOT/build:$PATH:/usr/sbin"
	clean_environment
	mkdir -p "$DIR/conf.d" "$DIR/tmp"
	export SWK_CONF="$DIR/conf.d/dyups.upstream.conf"
	conf_file 1
}

teardown() {
	[[ -z "${GATEWAY_PID:-}" ]] || gateway_stop
	[[ -z "${pid:-}" ]] || kill "$pid"
}

# conf_file SERVERS - writes the conf file: upstream web with that many servers, and api with one.
conf_file() {
	local i

	{
		printf '# Written by swk-apply from what Consul says. Changes made by hand are lost.\n\nupstream api {\n'
		printf '    server 127.0.0.1:9 max_fails=3 fail_timeout=2s;\n}\n\nupstream web {\n    keepalive 20;\n'
		for ((i = 1; i <= $1; i++)); do
			printf '    server 127.0.%d.%d:9 max_fails=3 fail_timeout=2s;\n' $((i / 200)) $((i % 200 + 1))
		done
		printf '}\n'
	} >"$SWK_CONF"
}

# main - writes nginx.conf. Its http block contains the text on standard input, from line 9 on.
main() {
	cat >"$DIR/nginx.conf" <<-END
		daemon off; pid $DIR/pid; error_log $DIR/error.log;
		events {}
		http {
		    client_body_temp_path $DIR/tmp; proxy_temp_path $DIR/tmp; fastcgi_temp_path $DIR/tmp;
		    uwsgi_temp_path $DIR/tmp; scgi_temp_path $DIR/tmp;
		    access_log off;
		    # from here on
		    types { text/html html; }
		$(cat)
		}
	END
}

# nginx_takes - whether nginx accepts nginx.conf; prints its messages.
nginx_takes() {
	"${SWK_TENGINE:-nginx}" -t -q -p "$DIR" -c "$DIR/nginx.conf" -e "$DIR/error.log" 2>&1
}

# found [FILE] - prints the findings as LINE RULE; in files other than the main file as NAME:LINE RULE.
found() {
	swk lint --json "${1:-$DIR/nginx.conf}" | jq -r --arg main "$DIR/nginx.conf" --arg dir "$DIR/" \
		'.[] | select(.hint | not) | (if .file == $main then "" else (.file | ltrimstr($dir)) + ":" end) + "\(.line) \(.rule)"'
}

# check_rule RULE BAD GOOD [no] - checks that BAD, the content of an http block, has exactly this finding, and GOOD has none. nginx must
# accept GOOD, and also BAD unless "no" is given. Only a Tengine checks configurations with directives of dyups.
check_rule() {
	main <<<"$2"
	echo "bad: $2"
	[ "$(found | sed 's/.* //')" == "$1" ]
	if [[ -n "${SWK_TENGINE:-}" || "$2$3" != *dyups_* ]]; then
		if [[ "${4:-}" == no ]]; then
			run -1 nginx_takes
		else
			nginx_takes
		fi
	fi
	main <<<"$3"
	echo "good: $3"
	[ -z "$(found)" ]
	if [[ -n "${SWK_TENGINE:-}" || "$2$3" != *dyups_* ]]; then
		nginx_takes
	fi
}

include="include conf.d/*.conf;"

# to DIRECTIVE - prints a server with this directive. interface HTTP SERVER LOCATION - prints a server with the dyups interface.
to() {
	echo "$include server { listen unix:$DIR/s; location /a/ { $1 } }"
}

interface() {
	echo "$include $1 server { $2 location / { $3 dyups_interface; } }"
}

@test "each proposed fix removes its finding, and nginx accepts the result" {
	local beside="$include"

	check_rule bound-at-start "$(to 'proxy_pass http://web;')" "$(to "set \$backend web; proxy_pass http://\$backend;")"
	check_rule bound-at-start "$(to 'proxy_pass http://web/b/;')" \
		"$(to "set \$backend web; rewrite ^/a/(.*) /b/\$1 break; proxy_pass http://\$backend;")"
	check_rule bound-at-start "$(to 'fastcgi_pass web;')" "$(to "set \$backend web; fastcgi_pass \$backend;")"
	check_rule bound-at-start "$(to 'uwsgi_pass uwsgi://web;')" "$(to "set \$backend web; uwsgi_pass uwsgi://\$backend;")"
	check_rule bound-at-start "$(to 'scgi_pass web;')" "$(to "set \$backend web; scgi_pass \$backend;")"
	check_rule upstream-port "$(to 'proxy_pass http://web:80;')" "$(to "set \$backend web; proxy_pass http://\$backend;")" no
	check_rule upstream-port "$(to 'fastcgi_pass web:9000;')" "$(to "set \$backend web; fastcgi_pass \$backend;")" no
	check_rule upstream-twice "$include upstream web { server 127.0.0.1:1; }" "$include" no
	# Tengine compares names with case.
	check_rule upstream-case "$include upstream Web { server 127.0.0.1:1; }" "$include" "${SWK_TENGINE:-no}"
	check_rule included-twice "$include include conf.d/dyups.upstream.conf;" "$include" no
	echo 'state' >"$SWK_CONF.state"
	check_rule include-too-wide 'include conf.d/*;' "$beside" no
	rm "$SWK_CONF.state"
	check_rule not-included '' "$include"
	check_rule not-included 'include conf.d/*.other;' "include $SWK_CONF;"
	check_rule not-included "dyups_upstream_conf $SWK_CONF;" "$include dyups_upstream_conf $SWK_CONF;"
	check_rule included-elsewhere "server { listen unix:$DIR/s; $include }" "$include server { listen unix:$DIR/s; }" no
	check_rule included-elsewhere "$include map \$uri \$x { $include }" "$include" no

	check_rule interface-open "$(interface '' "listen $(free_port);")" \
		"$(interface '' "listen 127.0.0.1:$(free_port);" 'allow 127.0.0.1; deny all;')"
	check_rule interface-open "$(interface '' "listen [::]:$(free_port);")" \
		"$(interface '' "listen [::]:$(free_port);" 'allow 127.0.0.1; deny all;')"
	conf_file 30
	check_rule body-in-pieces "$(interface '' "listen unix:$DIR/s;")" \
		"$(interface '' "listen unix:$DIR/s;" 'client_body_in_file_only clean;')"
	check_rule body-size "$(interface '' "listen unix:$DIR/s;" 'client_body_in_file_only clean; client_max_body_size 1k;')" \
		"$(interface '' "listen unix:$DIR/s;" 'client_body_in_file_only clean; client_max_body_size 2m;')"
	conf_file 1100
	check_rule queue-size "$(interface 'dyups_shm_zone_size 64k;' "listen unix:$DIR/s;" 'client_body_in_file_only clean;')" \
		"$(interface 'dyups_shm_zone_size 2m;' "listen unix:$DIR/s;" 'client_body_in_file_only clean;')"
	sed -i 's/keepalive 20;/zone web 1m;/' "$SWK_CONF"
	main <<<"$include"
	[ "$(found)" == 'conf.d/dyups.upstream.conf:8 zone' ]
	sed -i "s/zone web 1m;/hash \$uri;/" "$SWK_CONF"
	[ "$(found)" == 'conf.d/dyups.upstream.conf:8 hash' ]
}

@test "dyups_upstream_conf is not an include: alone, nginx starts without the upstreams" {
	main <<<"dyups_upstream_conf $SWK_CONF;"
	run -1 swk lint "$DIR/nginx.conf"
	[[ "${lines[0]}" == "$DIR/nginx.conf:9: hint: 'dyups_upstream_conf $SWK_CONF' is not an include: "* ]]
	[[ "${lines[1]}" == "$DIR/nginx.conf:3: $SWK_CONF is not included: dyups_upstream_conf is not an include: "* ]]
	main <<<"dyups_upstream_conf $DIR/none;"
	run -1 swk lint "$DIR/nginx.conf"
	[ "${#lines[@]}" == 2 ]
	[[ -n "${SWK_TENGINE:-}" ]] || return 0
	nginx_takes
	# dyups lists the upstreams that nginx has read.
	main <<<"dyups_upstream_conf $SWK_CONF; server { listen unix:$DIR/s; location / { dyups_interface; } }"
	"$SWK_TENGINE" -p "$DIR" -c "$DIR/nginx.conf" -e "$DIR/error.log" 3>&- &
	wait_until 10 test -S "$DIR/s"
	[ "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$DIR/s" http://localhost/list)" == 204 ]
	kill $!
	wait $!
}

# accepts SERVERS - whether a new Tengine with $config accepts a POST of that many servers.
accepts() {
	local pid code

	conf_file 1
	# Its workers must reach the folder for bodies. With four, dyups needs the most pages in its zone.
	"$SWK_TENGINE" -g 'user root; worker_processes 4;' -p "$DIR" -c "$DIR/nginx.conf" -e "$DIR/error.log" 3>&- &
	pid=$!
	wait_until 10 test -S "$DIR/s"
	conf_file "$1"
	sed -n '/^upstream web/,$p' "$SWK_CONF" | sed '1d; $d; s/^ *//' | tr -d '\n' >"$DIR/body"
	code=$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$DIR/s" --data-binary "@$DIR/body" http://localhost/upstream/web)
	kill "$pid"
	wait "$pid"
	[ "$code" == 200 ]
}

@test "body-size and queue-size begin where Tengine begins to refuse" {
	local good bad middle

	[[ -n "${SWK_TENGINE:-}" ]] || return 0
	for config in "client_max_body_size 10k;" "dyups_shm_zone_size 64k;" "dyups_shm_zone_size 128k;"; do
		main <<<"$include $config server { listen unix:$DIR/s; location / { client_body_in_file_only clean; dyups_interface; } }"
		good=1
		bad=4000
		while ((bad - good > 1)); do
			middle=$(((good + bad) / 2))
			conf_file "$middle"
			if [[ -z "$(found)" ]]; then good=$middle; else bad=$middle; fi
		done
		echo "$config: $good"
		accepts "$good"
		run ! accepts "$bad"
	done
}

@test "a service that the settings name, and that nginx takes for a host with a port, is found before the conf file has it" {
	echo '{"include": ["api*", "web", "ms1.example.com"], "services": {"shop": {"upstream": "backend"}}}' >"${SWK_CONFIG:?}"
	main <<-END
		    include conf.d/*.conf;
		    server {
		        location /1/ { proxy_pass http://ms1.example.com:1234; }
		        location /2/ { proxy_pass http://shop:80; }
		        location /3/ { proxy_pass http://backend:80; }
		        location /4/ { proxy_pass http://api-x:80; }
		    }
	END
	# The service shop is not published.
	[ "$(found)" == '11 upstream-port' ]
	sed -i 's/"web"/"web", "shop"/' "$SWK_CONFIG"
	[ "$(found)" == $'11 upstream-port\n13 upstream-port' ]
	sed -i 's/upstream web /upstream api-x /' "$SWK_CONF"
	[ "$(found)" == $'11 upstream-port\n13 upstream-port\n14 upstream-port' ]
}

@test "with a conf file that swk-apply cannot read, lint exits with 1" {
	main <<<"$include"
	sed -i 's/fail_timeout=2s/slow_start=5s/' "$SWK_CONF"
	run -1 nginx_takes
	run --separate-stderr -1 swk lint "$DIR/nginx.conf"
	[ -z "$output" ]
	[[ "$stderr" == "swk: warning: $SWK_CONF:4: unexpected 'slow_start=5s': swk-apply neither writes nor overwrites this; "* ]]
}

@test "a finding is one line with place, problem, reason and fix; lint exits with 1" {
	main <<-END
		    include conf.d/*.conf;
		    server {
		        location / { proxy_pass http://web; }
		    }
	END
	run --separate-stderr -1 swk lint "$DIR/nginx.conf"
	[ "$output" == "$DIR/nginx.conf:11: 'proxy_pass http://web' names upstream web: nginx binds this name when it starts, and never sees \
what dyups changes; fix: use 'set \$backend web;' and 'proxy_pass http://\$backend;'" ]
	[ -z "$stderr" ]
	# With a relative file name, and with the conf file from the settings.
	cd "$DIR"
	jq -n --arg conf "$SWK_CONF" '{conf: $conf}' >"${SWK_CONFIG:?}"
	SWK_CONF='' run -1 swk lint nginx.conf
	[[ "$output" == "nginx.conf:11: 'proxy_pass"* ]]
	sed -i 's|http://web|http://other|' nginx.conf
	run --separate-stderr -0 swk lint nginx.conf
	[ "$output$stderr" == "nginx.conf: ok for swk-apply; run nginx -t to check the rest" ]
	run -0 swk lint --json nginx.conf
	[ "$output" == '[]' ]
}

@test "the configuration in docs/setup.md is right, even with large upstreams; lint finds each line that is removed" {
	# shellcheck disable=SC2016 # the backquotes mark a block of text; it is the first one
	sed -n '/^```nginx$/,/^```$/{/^```nginx$/d; /^```$/q; p}' "$ROOT/docs/setup.md" | sed "s|/var/lib/swk-apply/|$DIR/conf.d/|" >"$DIR/shown"
	grep -q "include $DIR" "$DIR/shown"
	conf_file 10000
	sed -i 's/upstream web /upstream web_blue /' "$SWK_CONF"
	run -0 swk lint "$DIR/shown"
	[ "$output" == "$DIR/shown: ok for swk-apply; run nginx -t to check the rest" ]
	sed 's|listen 127.0.0.1:18882|listen unix:/run/nginx-dyups/dyups.sock|; /allow 127/d; /deny all/d' "$DIR/shown" >"$DIR/socket"
	run -0 swk lint "$DIR/socket"
	[ "$output" == "$DIR/socket: ok for swk-apply; run nginx -t to check the rest" ]
	without() {
		grep -v "$1" "$DIR/shown" >"$DIR/nginx.conf"
		found | sed 's/.* //'
	}
	[ "$(without 'include /')" == not-included ]
	[ "$(without 'client_body_in_file_only')" == body-in-pieces ]
	without X-Worker
	run -0 swk lint "$DIR/nginx.conf"
	[[ "${lines[0]}" == "$DIR/nginx.conf:"*": hint: the header X-Worker is missing: "* ]]
	[[ "${lines[1]}" == "$DIR/nginx.conf: ok for swk-apply; "* ]]
	[ -z "$(without 'deny all')" ]
	[ "$(sed -i 's/listen 127.0.0.1:/listen /' "$DIR/shown" && without 'deny all')" == interface-open ]
	[ "$(sed -i "s/\\\$web;/web_blue;/" "$DIR/shown" && without 'nothing')" == bound-at-start ]
}

@test "the configuration of the tests' gateway has no finding; with Tengine, only body-in-pieces" {
	export GATEWAY_CONF="$SWK_CONF"
	conf_file 30
	gateway_start "$BATS_TEST_TMPDIR/gateway"
	expected=''
	[[ -z "${SWK_TENGINE:-}" ]] || expected="$(grep -n dyups_interface "$GATEWAY_DIR/nginx.conf" | cut -d : -f 1) body-in-pieces"
	[ "$(found "$GATEWAY_DIR/nginx.conf" | sed 's/^.*://')" == "$expected" ]
	(_gateway_nginx -T) >"$DIR/dump" 2>&1
	[ "$(found - <"$DIR/dump" | sed 's/^.*://')" == "$expected" ]
}

# debian PORT - copies Debian's /etc/nginx, and changes paths and ports so that an ordinary user can test it.
debian() {
	cp -rL /etc/nginx/. "$DIR"
	find "$DIR" -type f -exec sed -i -e "s|/etc/nginx|$DIR|g" -e "s|/run/nginx.pid|$DIR/pid|; s|/var/log/nginx|$DIR|" \
		-e "s|listen 80 |listen $1 |; s|listen \[::\]:80 |listen [::]:$1 |" {} +
}

@test "Debian's configuration is right, from files or from nginx -T; lint finds a wrong site in it" {
	debian "$(free_port)"
	conf_file 1
	nginx -T -c "$DIR/nginx.conf" -e "$DIR/error.log" >"$DIR/dump" 2>/dev/null
	run --separate-stderr -0 swk lint "$DIR/nginx.conf"
	[ "$output$stderr" == "$DIR/nginx.conf: ok for swk-apply; run nginx -t to check the rest" ]
	run --separate-stderr -0 swk lint - <"$DIR/dump"
	[ "$output$stderr" == "standard input: ok for swk-apply; run nginx -t to check the rest" ]

	cat >"$DIR/sites-enabled/web" <<-'END'
		server {
		    listen unix:/tmp/never-started;
		    include snippets/fastcgi-php.conf;
		    location / {
		        include proxy_params;
		        proxy_pass http://web;
		    }
		    location /api/ { include snippets/api.conf; }
		}
	END
	printf '\n\nproxy_pass http://api;\n' >"$DIR/snippets/api.conf"
	expected=$'sites-enabled/web:6 bound-at-start\nsnippets/api.conf:3 bound-at-start'
	nginx -T -c "$DIR/nginx.conf" -e "$DIR/error.log" >"$DIR/dump" 2>&1 # nginx prints messages before the first file
	[ "$(found)" == "$expected" ]
	[ "$(found - <"$DIR/dump")" == "$expected" ]
	# The site alone, as a fragment: its includes are relative to the main file's folder.
	[ "$(found "$DIR/sites-enabled/web")" == "$expected" ]
	[ "$(found - <"$DIR/sites-enabled/web")" == '(standard input):6 bound-at-start' ]
	# The output of nginx -T on another machine: its folders are not here, and it contains the conf file.
	sed 's|/nginx/|/elsewhere/|g' "$DIR/dump" >"$DIR/other"
	SWK_CONF="${SWK_CONF/\/nginx\///elsewhere/}"
	run --separate-stderr -1 swk lint - <"$DIR/other"
	[[ "$output" == */elsewhere/sites-enabled/web:6:* && -z "$stderr" ]]
}

@test "the conf file or its folder is a symbolic link, or does not exist yet" {
	mkdir "$DIR/real"
	mv "$SWK_CONF" "$DIR/real/"
	ln -s "$DIR/real/dyups.upstream.conf" "$SWK_CONF"
	main <<<'include real/*.conf;'
	run -0 swk lint "$DIR/nginx.conf"
	main <<<'include real/*.conf; include conf.d/*.conf;'
	[ "$(found)" == '9 included-twice' ]
	rm "$SWK_CONF" "$DIR/real/dyups.upstream.conf"
	rmdir "$DIR/conf.d"
	ln -s real "$DIR/conf.d"
	for pattern in 'real/*.conf' 'conf.d/*.conf' conf.d/dyups.upstream.conf; do
		main <<<"include $pattern;"
		run --separate-stderr -0 swk lint "$DIR/nginx.conf"
		[[ "$stderr" == "swk: warning: $SWK_CONF does not exist yet"* ]]
		[ -z "$(cd "$DIR" && found nginx.conf)" ]
	done
}

is_mounted() {
	grep -q "$1" "/proc/$pid/mountinfo"
}

@test "the conf file is mounted without its folder, before and after it is replaced: a warning" {
	[ "$EUID" == 0 ] || skip 'mounting needs root'
	main <<<'include conf.d/*.conf;'
	mkdir "$DIR/container"
	touch "$DIR/container/mounted.conf"
	for what in '' /dyups.upstream.conf; do
		# shellcheck disable=SC2016 # the inner shell expands it
		unshare -m --propagation private sh -c 'mount --bind "$1" "$2" && exec sleep 300' sh \
			"$DIR/conf.d$what" "$DIR/container${what:+/mounted.conf}" 3>&- &
		pid=$!
		wait_until 20 is_mounted "$DIR/container"
		for _ in before after; do
			run --separate-stderr -0 swk lint "$DIR/nginx.conf"
			if [[ -n "$what" ]]; then
				[[ "$stderr" == "swk: warning: $SWK_CONF is mounted by itself, for example into a container, "* ]]
			else
				[ -z "$stderr" ]
			fi
			conf_file 1
			cp "$SWK_CONF" "$DIR/new"
			mv "$DIR/new" "$SWK_CONF"
		done
		kill "$pid"
		wait "$pid" || true
		unset pid
	done
	# A mount in its place, as the container itself sees it.
	touch "$DIR/outside"
	# shellcheck disable=SC2016 # the inner shell expands it
	run --separate-stderr -0 unshare -m --propagation private sh -c 'mount --bind "$1" "$2" && exec swk lint "$3"' sh \
		"$DIR/outside" "$SWK_CONF" "$DIR/nginx.conf"
	[[ "$stderr" == *"$SWK_CONF is mounted by itself"* ]]
	run --separate-stderr -0 swk lint "$DIR/nginx.conf"
	[ -z "$stderr" ]
}

@test "messages about unreadable files and syntax errors name the place; each kind has its own status" {
	run -64 swk lint a b
	run -64 swk lint --resync
	run -73 swk lint "$DIR/none"
	[[ "$output" == *"$DIR/none: does not exist" ]]
	main <<<'include none.conf;'
	run -73 swk lint "$DIR/nginx.conf"
	[[ "$output" == *"$DIR/nginx.conf:9: $DIR/none.conf is included, but does not exist"* ]]
	main <<<$'server {\n  listen 80;\n} }'
	run -65 swk lint "$DIR/nginx.conf"
	[[ "$output" == *"$DIR/nginx.conf:12: unexpected '}'" ]]
	run -65 swk lint - <"$DIR/nginx.conf"
	[[ "$output" == *"(standard input):12: unexpected '}'" ]]
	run -65 swk lint - < <(printf '# configuration file \0nginx.conf:\n}\n')
	[[ "$output" == *"(standard input):2: unexpected '}'" ]]
	main <<<'include nginx.conf;'
	run -65 swk lint "$DIR/nginx.conf"
	[[ "$output" == *"nginx.conf:9: includes are nested too deeply"* ]]
	main <<<'include conf.d/*.conf;'
	run -65 swk lint - <"$DIR/nginx.conf"
	[[ "$output" == *"(standard input):9: ./conf.d/*.conf is included, "*"give it all that 'nginx -T' prints" ]]
	# A part of the output of nginx -T.
	printf '# configuration file /n/nginx.conf:\nevents {}\nhttp { include a.conf; }\n' >"$DIR/dump"
	run -65 swk lint - <"$DIR/dump"
	[[ "$output" == *"/n/nginx.conf:2: /n/a.conf is included, "*"give it all that 'nginx -T' prints" ]]
	printf '\n# configuration file /n/a.conf:\n# nothing\n' >>"$DIR/dump"
	[ "$(found - <"$DIR/dump")" == '/n/nginx.conf:2 not-included' ]
	printf 'a "b"\033[2J;\n' >"$DIR/noise"
	run -65 swk lint "$DIR/noise"
	[ "$output" == "swk: error: $DIR/noise:1: unexpected '\x1b'" ]
}

@test "a target of kind file: nginx loads its file, and not the conf file too" {
	local folder

	jq -n --arg conf "$SWK_CONF" --arg file "$DIR/web/upstreams.conf" '{conf: $conf, targets: [
		{kind: "file", name: "web", file: $file, reload: ["/bin/true"]}]}' >"$SWK_CONFIG"
	unset SWK_CONF
	mkdir "$DIR/web"
	# Before the first run, the file does not exist.
	for folder in web "$DIR/web"; do
		main <<<"include $folder/*.conf;"
		nginx_takes
		run -0 swk lint "$DIR/nginx.conf"
	done
	main <<<"include web/*.cfg;"
	run -1 swk lint "$DIR/nginx.conf"
	printf 'upstream one { server 127.0.0.1:9; }\n' >"$DIR/web/upstreams.conf"
	main <<<'server { listen 127.0.0.1:9; location / { proxy_pass http://web; } }'
	run -1 swk lint "$DIR/nginx.conf"
	[[ "$output" == "$DIR/nginx.conf:1: $DIR/web/upstreams.conf, the file of target 'web', is not included: nginx does not have "*"fix: put 'include $DIR/web/upstreams.conf;' in http" ]]
	main <<<"include web/*.conf;"
	nginx_takes
	run -0 swk lint "$DIR/nginx.conf"
	main <<<"include web/*.conf; include conf.d/*.conf;"
	run -1 swk lint "$DIR/nginx.conf"
	[[ "$output" == "$DIR/conf.d/dyups.upstream.conf:1: nginx loads the conf file and also $DIR/web/upstreams.conf, the file of target 'web': each upstream then exists twice, "* ]]
	[ "$(found - < <(nginx -T -p "$DIR" -c "$DIR/nginx.conf" -e "$DIR/error.log" 2>/dev/null))" == "conf.d/dyups.upstream.conf:1 conf-file-too" ]

	# A part of a configuration need not have it; HAProxy's file is not nginx's.
	echo 'server { listen 127.0.0.1:9; }' >"$DIR/site"
	run -0 swk lint "$DIR/site"
	jq '.targets[0].format = "haproxy"' "$SWK_CONFIG" >"$DIR/new"
	mv "$DIR/new" "$SWK_CONFIG"
	main <<<''
	run -0 swk lint "$DIR/nginx.conf"
}
