#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a shell of its own; bats sets stderr
# The page: full runs write it, `swk status --html` prints it, and nginx serves it.

load settings

# with_page [JSON] - writes the settings, with a page in a folder of its own.
with_page() {
	mkdir -p "$E2E_DIR/page"
	page="$E2E_DIR/page/status.html"
	settings "$(jq -n --arg page "$page" --argjson more "${1:-"{}"}" '{page_file: $page} + $more')"
}

# begin - an agent with two services, and settings with a page.
begin() {
	with_page
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register web web-2 10.0.0.2 80
	consul_register web web-3 10.0.0.3 80 gray=b
	consul_register api api-1 10.0.1.1 80
}

# untimed FILE|- - prints a page without what varies: the time, and how long it took to read the targets.
untimed() {
	sed -E 's|As of <b><time[^/]*</time>|As of|; s|[0-9.]+ ms</td>|ms</td>|' "$@"
}

# is_sound FILE - whether it is HTML and well-formed XML, and neither tidy nor xmllint finds fault with it.
is_sound() {
	[[ "$(head -n 1 "$1")" == '<!DOCTYPE html>' && "$(tail -n 1 "$1")" == '</html>' ]] && xmllint --noout "$1" && tidy -q -e "$1"
}

# words FILE - prints the text of a page, without its style.
words() {
	xmllint --html --xpath '//body//text()' "$1" 2>/dev/null | sed 's/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g'
}

verdict() {
	xmllint --html --xpath 'string(//h1)' "$page" 2>/dev/null
}

# shows TEXT - whether the page has this text.
shows() {
	[[ "$(words "$page" | tr -s ' \n' ' ')" == *"$1"* ]]
}

@test "page: a full run writes it for everyone to read, and an event run leaves it alone" {
	begin
	swk-apply --resync
	[ "$(stat -c %a "$page")" == 644 ]
	[ "$(ls -A "$E2E_DIR/page")" == status.html ]
	is_sound "$page"
	[ "$(verdict)" == 'In step' ]
	shows "$SWK_CONF"
	[ "$(xmllint --html --xpath '//section[@id="others"]//summary/b/text()' "$page" 2>/dev/null | paste -sd ' ')" == 'api web web_b' ]
	[ "$(xmllint --html --xpath '//section[@id="others"]//tbody//th/span/text()' "$page" 2>/dev/null | paste -sd ' ')" == \
		'10.0.1.1:80 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80' ]
	shows "web-3@$CONSUL_NODE"
	shows 'tag gray=b'
	shows 'consul left out it is Consul itself'

	before=$(stat -c '%i %y' "$page")
	consul_register web web-4 10.0.0.4 80
	swk-apply < <(consul_api GET /v1/health/service/web)
	[ "$(stat -c '%i %y' "$page")" == "$before" ]
	swk-apply --resync --dry-run
	[ "$(stat -c '%i %y' "$page")" == "$before" ]
	swk-apply < <(consul_api GET /v1/catalog/services)
	[ "$(stat -c '%i %y' "$page")" != "$before" ]
	shows 10.0.0.4:80
}

@test "page: swk status --html prints the same page" {
	begin
	same() {
		diff <(untimed "$page") <(untimed <(swk status --html 2>/dev/null))
	}
	gateway_post legacy 'server 10.0.9.9:80;' >/dev/null
	swk-apply --resync
	same
	shows legacy
	# With --verify=no, the run does not read nginx again after it has sent the change.
	consul_register web web-4 10.0.0.4 80
	swk-apply --resync --verify=no
	[ "$(verdict)" == 'In step' ]
	same
	consul_check api-1 critical
	swk-apply --resync
	same
	shows 'kept: none of its instances in Consul is passing and usable'
	swk hold 'a <deploy>'
	consul_register web web-5 10.0.0.5 80
	run -10 swk-apply --resync
	[ "$(verdict)" == 'Changes are on hold' ]
	same
	shows "'swk resume' would add 10.0.0.5:80"
	shows 'On hold since 20'
	run -64 swk status --html --json
	[[ "$output" == *'--json and --html are two forms of one output'* ]]
}

@test "page: what a target rejects is shown, and so is what swk status then says" {
	with_page '{"defaults": {"allow_hostnames": true}}'
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	consul_register api api-1 10.0.0.2 80
	swk-apply --resync
	consul_register web web-1 nowhere.invalid 80
	run -75 swk-apply --resync
	[ "$(verdict)" == 'Not in step' ]
	shows 'a target rejects it; the file has 10.0.0.1:80; the file lacks nowhere.invalid:80'
	details='//section[@id="troubled"]//p/text()'
	diff <(xmllint --html --xpath "$details" "$page" 2>/dev/null) \
		<(swk status --html 2>/dev/null | xmllint --html --xpath "$details" - 2>/dev/null)
}

@test "page: it shows why a run ended early" {
	begin
	swk-apply --resync
	# nginx is down.
	gateway_stop
	consul_register web web-4 10.0.0.4 80
	run -75 swk-apply --resync --timeout 2
	is_sound "$page"
	[ "$(verdict)" == 'A target does not answer' ]
	shows 'web 3 servers pending'
	gateway_restart
	swk-apply --resync
	[ "$(verdict)" == 'In step' ]
	# Consul is distrusted: the run ends before it reads nginx.
	run -10 swk-apply --resync --min-services 100
	is_sound "$page"
	[ "$(verdict)" == 'Changes are held back' ]
	shows 'held back Consul'
	shows 'web 3 servers in step'
	# The conf file can't be replaced.
	consul_register web web-5 10.0.0.5 80
	mkdir "$SWK_CONF.tmp"
	run -73 swk-apply --resync
	rmdir "$SWK_CONF.tmp"
	is_sound "$page"
	[ "$(verdict)" == Failed ]
	shows "$SWK_CONF"
	shows '(status 73)'
	# Consul is down.
	consul_stop
	run -69 swk-apply --resync
	is_sound "$page"
	[ "$(verdict)" == 'Consul does not answer' ]
	shows 'so every upstream stays as it is'
	shows 'web 3 servers in step'
	# The settings are wrong, so the page's file may be wrong, too.
	before=$(stat -c '%i %y' "$page")
	jq '. + {"x": 1}' "$SWK_CONFIG" >"$E2E_DIR/wrong.json"
	SWK_CONFIG="$E2E_DIR/wrong.json" run -78 swk-apply --resync
	[ "$(stat -c '%i %y' "$page")" == "$before" ]
}

@test "page: a page that can't be written is a warning, and changes nothing else" {
	begin
	rmdir "$E2E_DIR/page"
	run -0 --separate-stderr swk-apply --resync
	[[ "$stderr" == *"warning: "*"$E2E_DIR/page"*"; the page was not written, and nothing else is affected" ]]
	in_step
	mkdir -p "$page"
	run -0 --separate-stderr swk-apply --resync
	[[ "$stderr" == *"the page was not written, and nothing else is affected" ]]
	[ "$(ls -A "$E2E_DIR/page")" == status.html ]
}

@test "page: its file must be a file of its own" {
	begin
	settings "$(jq -n --arg page "$E2E_DIR/status" '{page_file: $page}')"
	run -78 swk-apply --resync
	[[ "$output" == *"page_file: '$E2E_DIR/status' is not a path that ends in .html"* ]]
	settings "$(jq -n --arg page "$E2E_DIR/status.html" '{page_file: $page, conf: $page}')"
	run -78 swk-apply --resync
	[[ "$output" == *"page_file: '$E2E_DIR/status.html' is the conf file: the page needs another file"* ]]
	run -78 swk check-config
	ln -s "$E2E_DIR" "$E2E_DIR/link"
	settings "$(jq -n --arg dir "$E2E_DIR" '{page_file: ($dir + "/link/edge.html"),
		targets: [{kind: "file", name: "edge", file: ($dir + "/edge.html")}]}')"
	run -78 swk-apply --resync
	[[ "$output" == *"edge.html' is the file of target 'edge': the page needs another file"* ]]
	[ ! -e "$E2E_DIR/edge.html" ]
	[ ! -e "$E2E_DIR/status.html" ]
}

@test "page: whoever reads it while it is replaced gets a whole page" {
	begin
	swk-apply --resync
	(
		while [[ ! -e "$E2E_DIR/ended" ]]; do
			cp "$page" "$E2E_DIR/copy" && [[ "$(tail -n 1 "$E2E_DIR/copy")" == '</html>' ]] || touch "$E2E_DIR/torn"
			echo >>"$E2E_DIR/reads"
		done
	) &
	STARTED+=($!)
	for _ in {1..20}; do
		swk-apply --resync --verify=no
	done
	touch "$E2E_DIR/ended"
	wait "${STARTED[@]}"
	STARTED=()
	(($(wc -l <"$E2E_DIR/reads") > 20))
	[ ! -e "$E2E_DIR/torn" ]
}

# skeleton FILE - prints the elements of a page with their attributes, each once: all that is not text.
skeleton() {
	xmllint --html --xpath '//*' "$1" 2>/dev/null | grep -oE '<[a-zA-Z!/][^>]*>' |
		sed -E 's/ (datetime|content|href)="[^"]*"/ \1/g' | LC_ALL=C sort -u
}

# play TEXT - makes a page that has this text in every field that comes from Consul or from an operator.
play() {
	consul_register "$1" evil-service 10.0.0.6 80
	consul_register web "$1" 10.0.0.7 80 "$1" "gray=$1"
	CONSUL_META="$(jq -nc --arg text "$1" '{nginx_weight: $text}')" consul_register web web-8 10.0.0.8 80
	consul_check web-8 critical "$1"
	consul_register web web-9 "$1" 80
	consul_maintenance web-2 on
	consul_catalog_register "$(jq -nc --arg text "$1" '{Node: $text, Address: "10.0.0.10", Service: {Service: "web", ID: $text, Port: 80},
		Check: {Node: $text, CheckID: "c", Name: $text, Status: "critical", Output: $text, ServiceID: $text}}')" || true
	SUDO_USER="$1" swk hold "$1"
	run -10 swk-apply --resync
	is_sound "$page"
	shows "$2"
	skeleton "$page" >"$3"
	swk status --html 2>/dev/null >"$E2E_DIR/printed" || true
	is_sound "$E2E_DIR/printed"
	diff <(untimed "$page") <(untimed "$E2E_DIR/printed")
	swk resume
}

@test "page: no text from Consul or from an operator becomes markup" {
	begin
	mkdir "$E2E_DIR/<b> & conf"
	SWK_CONF="$E2E_DIR/<b> & conf/dyups.conf" with_page
	gateway_post legacy 'server 10.0.9.9:80;' >/dev/null
	swk-apply --resync
	play 'not a name!' 'not a name!' "$E2E_DIR/plain"
	play 'not a name!' 'not a name!' "$E2E_DIR/plain"
	# shellcheck disable=SC2016 # the text is literal
	play '"><script>alert(1)</script><img src=x onerror=alert(2)>'"'"'&lt;${x}%s%n'$'\t\xc3\xa4' 'onerror=alert(2)' "$E2E_DIR/hostile"
	run ! grep -qiE '<(script|img|b )' "$page"
	shows '<b> & conf/dyups.conf'
	# It has no element or attribute that the other page does not have.
	diff <(grep -vxFf "$E2E_DIR/plain" "$E2E_DIR/hostile") /dev/null
}

@test "page: its policy allows its own style, and nothing else" {
	begin
	swk-apply --resync
	policy=$(xmllint --html --xpath 'string(//meta[@http-equiv="Content-Security-Policy"]/@content)' "$page" 2>/dev/null)
	hash=$(awk 'sub(/^<style>/, "") { in_it = 1 } /^<\/style>/ { exit } in_it' "$page" | openssl dgst -sha256 -binary | base64)
	# If the style was changed: this is the value for swk_page_style_hash.
	[ "$policy" == "default-src 'none'; style-src 'sha256-$hash'; base-uri 'none'; form-action 'none'" ]
	# Nothing on the page would be stopped by it.
	run ! grep -qiE '<(script|link|img|iframe|form|object|base)|style=| on[a-z]+=|url\(|@import' "$page"
}

@test "page: nginx serves it as docs/setup.md says, to those who are allowed" {
	begin
	swk-apply --resync
	port=$(free_port)
	{
		printf 'user root; daemon off; pid %s; error_log stderr; events {} http { access_log off; server { listen 127.0.0.1:%s; listen [::1]:%s;\n' \
			"$E2E_DIR/page.pid" "$port" "$port"
		awk '/^```nginx$/ { in_it = 1; text = ""; next } /^```$/ { if (in_it && text ~ /status\.html/) print text; in_it = 0 } in_it { text = text $0 "\n" }' \
			"$E2E_ROOT/docs/setup.md" | sed "s|/var/lib/swk-apply/|$E2E_DIR/page/|"
		printf '} }\n'
	} >"$E2E_DIR/page.conf"
	nginx -t -q -c "$E2E_DIR/page.conf"
	nginx -c "$E2E_DIR/page.conf" 3>&- &
	STARTED+=($!)
	wait_until "$E2E_PATIENCE" curl -sf -o "$E2E_DIR/served" "http://127.0.0.1:$port/swk-status"
	cmp "$E2E_DIR/served" "$page"
	curl -s -D - -o /dev/null "http://127.0.0.1:$port/swk-status" | tr -d '\r' >"$E2E_DIR/headers"
	grep -qi '^Content-Type: text/html' "$E2E_DIR/headers"
	grep -qi '^Cache-Control: no-store' "$E2E_DIR/headers"
	grep -qi "^Content-Security-Policy: frame-ancestors 'none'" "$E2E_DIR/headers"
	# It is not for every address.
	[ "$(curl -s -o /dev/null -w '%{http_code}' "http://[::1]:$port/swk-status")" == 403 ]
}

@test "page: without the setting there is none, and nothing is read for it" {
	settings '{}'
	consul_start "$E2E_DIR/consul"
	consul_register web web-1 10.0.0.1 80
	swk-apply --resync
	[ -z "$(find "$E2E_DIR" -name '*.html*')" ]
}
