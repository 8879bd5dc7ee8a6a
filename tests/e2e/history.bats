#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # each test is a shell of its own; variables of e2e.bash, and of run
# The journal has what changed, when and why, and leads back to each point.

load ../soak/soak

# journal FILTER - prints what jq's filter finds in each line of the journal.
journal() {
	jq -r "$1" "$SWK_CONF.journal"
}

# has_servers COUNT - whether the conf file has so many servers of web.
has_servers() {
	[[ "$(servers web | wc -l)" == "$1" ]]
}

# server ADDRESS ID STATUS - prints an instance of the service web with a check.
server() {
	printf '{"Node":{"Node":"n1"},"Service":{"Service":"web","ID":"%s","Port":80,"Address":"%s","Tags":[]},"Checks":[{"Status":"%s"}]}' \
		"$2" "$1" "$3"
}

# Three changes: web with one server, with another one, and without the first, which is critical.
three_changes() {
	swk-apply < <(document "$(server 10.0.0.1 web-1 passing)")
	cp "$SWK_CONF" "$E2E_DIR/one"
	swk-apply < <(document "$(server 10.0.0.1 web-1 passing)" "$(server 10.0.0.2 web-2 passing)")
	cp "$SWK_CONF" "$E2E_DIR/two"
	swk-apply < <(document "$(server 10.0.0.1 web-1 critical)" "$(server 10.0.0.2 web-2 passing)")
	cp "$SWK_CONF" "$E2E_DIR/three"
}

@test "history tells what a check, a deregistration and an operator changed, and why" {
	local port

	jq -n '{watches: [{type: "service", service: "web", handler_type: "script", args: ["swk-apply", "--service", "web"]}]}' >"$E2E_DIR/watch.json"
	consul_start "$E2E_DIR/consul" "$E2E_DIR/watch.json"
	backend_start "$E2E_DIR/backends" one two three
	register web web-1 one
	wait_until "$E2E_PATIENCE" in_file web
	register web web-2 two
	register web web-3 three
	wait_until "$E2E_PATIENCE" has_servers 3
	consul_check web-2 critical
	wait_until "$E2E_PATIENCE" has_servers 2
	consul_deregister web-3
	wait_until "$E2E_PATIENCE" has_servers 1
	SUDO_USER=alice swk hold 'looking at web'
	SUDO_USER=alice swk resume

	run -0 swk history
	[[ "${lines[0]}" =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z\ 1\ service\ web,\ index\ [0-9]+$ ]]
	[ "${lines[1]}" == "  web: new upstream" ]
	[ "${lines[2]}" == "  web: added 127.0.0.1:${BACKEND_PORT[one]} (web-1 on node node-1)" ] ||
		[[ "${lines[2]}" == "  web: added 127.0.0.1:${BACKEND_PORT[one]} (web-1 on node "*")" ]]
	port=${BACKEND_PORT[two]}
	[[ "$output" == *"  web: removed 127.0.0.1:$port (web-2 on node "*"): it is critical"* ]]
	# Consul does not tell who is gone; an earlier change does.
	port=${BACKEND_PORT[three]}
	[[ "$output" == *"  web: removed 127.0.0.1:$port (web-3 on node "*"): Consul has no instance at this address any more"* ]]
	[[ "$output" == *" hold by alice: looking at web"* ]]
	[[ "$output" == *" resume by alice, index "*": it was on hold since 20"*"Z by alice (looking at web)"* ]] ||
		[[ "$output" == *" resume by alice: it was on hold since 20"*"Z by alice (looking at web)"* ]]

	# Of one instance, and of one address.
	run -0 swk history web-2
	[ "$(grep -c ' web-2\|(web-2' <<<"$output")" == 2 ]
	[[ "$output" != *web-3* && "$output" != *web-1* ]]
	run -0 swk history "127.0.0.1:${BACKEND_PORT[three]}"
	[ "$(grep -c '(web-3' <<<"$output")" == 2 ]
	run -0 swk history --since 1h web-3
	[ "$(grep -c '(web-3' <<<"$output")" == 2 ]
	run -0 swk history nothing-of-this-name
	[[ "$output" != *web-* ]]
	# From the second that history shows.
	run -0 swk history --since "$(swk history web-3 | cut -d ' ' -f 1 | sed 1q)" web-3
	[ "$(grep -c '(web-3' <<<"$output")" == 2 ]
	run -0 --separate-stderr swk history --since 0s
	[[ -z "$output" && "$stderr" == *"$SWK_CONF.journal has no such change" ]]
	# JSON is as the journal has it, with the names that earlier changes have.
	run -0 swk history --json
	[ "$(jq -c 'del(.upstreams)' <<<"$output")" == "$(jq -c 'del(.upstreams)' "$SWK_CONF.journal")" ]
	[ "$(jq -r '.upstreams[]?.servers[] | select(.change == "removed") | .instance' <<<"$output")" == $'web-2\nweb-3' ]
	[ "$(stat -c %a "$SWK_CONF.journal")" == 640 ]
}

@test "history of an address without brackets, and of an instance with another letter than ASCII's" {
	local name

	swk-apply < <(document "$(server 2001:db8::1 'wéb-1' passing)" "$(server 10.0.0.2 web-2 passing)")
	for name in 2001:db8::1 '[2001:db8::1]' '[2001:DB8::1]:80' 'wéb-1' 'w\xc3\xa9b-1'; do
		run -0 swk history "$name"
		[ "$(grep -c '(w' <<<"$output")" == 1 ]
		[ "${lines[2]}" == '  web: added [2001:db8::1]:80 (w\xc3\xa9b-1 on node n1)' ]
	done
}

@test "undo --to returns to a number and to a time, and a dry run only shows it" {
	local past

	three_changes
	run -0 swk undo --to 1 --dry-run
	[[ "$output" == *'~ web: +10.0.0.1:80 -10.0.0.2:80'* ]]
	cmp "$SWK_CONF" "$E2E_DIR/three"
	[ ! -e "$SWK_CONF.hold" ]
	SUDO_USER=alice run -0 swk undo --to 1
	cmp "$SWK_CONF" "$E2E_DIR/one"
	in_step
	[ "$(journal 'select(.event == "undo") | "\(.number) \(.by) \(.reason)"')" == "4 alice swk undo --to 1" ]
	# From there to later points, and to that of the undo.
	run -0 swk undo --to 2 'better'
	cmp "$SWK_CONF" "$E2E_DIR/two"
	run -0 swk undo --to 3
	cmp "$SWK_CONF" "$E2E_DIR/three"
	run -0 swk undo --to 4
	cmp "$SWK_CONF" "$E2E_DIR/one"
	in_step
	# At a time in the future, nothing changes.
	run -0 swk undo --to 0s
	[[ "$output" == *"$SWK_CONF had the same upstreams then, so there is nothing to put back"* ]]
	cmp "$SWK_CONF" "$E2E_DIR/one"
	past=$(journal 'select(.number == 3) | .time')
	run -0 swk undo --to "$past"
	cmp "$SWK_CONF" "$E2E_DIR/three"
	[ "$(journal .number | tail -n 1)" == 9 ]

	# The undo of all is still there.
	run -0 swk undo
	cmp "$SWK_CONF" "$E2E_DIR/one"

	run -73 swk undo --to 99
	[[ "$output" == *"$SWK_CONF.journal does not have this point: it has the changes 1 of 20"*" to "*" of 20"*"; see 'swk history'"* ]]
	run -73 swk undo --to 1d
	run -73 swk undo --to 0
	[[ "$output" == *"$SWK_CONF: change 1 of 20"*": before it, there was no file, or not one that swk-apply had written"* ]]
	for wrong in '' 1x 2026-11-21 yesterday; do
		run -64 swk undo --to "$wrong"
		run -64 swk history --since "$wrong"
	done
	cmp "$SWK_CONF" "$E2E_DIR/one"
}

@test "undo --to stops at a manual edit and at a gap, names it, and changes nothing" {
	three_changes
	# The file was edited after the last change: as swk-apply writes it, and otherwise.
	sed -i 's/10.0.0.2/10.0.0.9/' "$SWK_CONF"
	cp "$SWK_CONF" "$E2E_DIR/edited"
	run -73 swk undo --to 2
	[[ "$output" == *"$SWK_CONF: change 3 of 20"*": another program changed the file after it, or the journal lacks a change"* ]]
	echo '# by hand' >>"$SWK_CONF"
	run -73 swk undo --to 2
	[[ "$output" == *"$SWK_CONF is not as swk-apply wrote it: another program changed it after the last change in the journal"* ]]
	run -0 swk history
	[[ "$output" == *'  after this, another program changed the file, or the journal lacks a change' ]]
	cp "$E2E_DIR/edited" "$SWK_CONF"
	# What follows can be taken back, up to the edit.
	swk-apply < <(document "$(server 10.0.0.4 web-4 passing)")
	run -73 swk undo --to 2
	[[ "$output" == *"change 3 of 20"*": another program changed the file after it"* ]]
	[ "$(servers web)" == 10.0.0.4:80 ]
	[ ! -e "$SWK_CONF.hold" ]
	run -0 swk history
	[[ "${lines[*]}" == *" 3 service web"*"  after this, another program changed the file"*" 4 service web"* ]]

	# A line that can't be read is a gap, too.
	sed -i '4s/"hash_before":"/&x/' "$SWK_CONF.journal"
	swk-apply < <(document "$(server 10.0.0.5 web-5 passing)")
	run -0 swk history
	[[ "$output" == *"$SWK_CONF.journal: 1 line cannot be read, and is left out"* ]]
	run -73 swk undo --to 3
	[[ "$output" == *"change 3 of 20"*": another program changed the file after it, or the journal lacks a change"* ]]
	run -73 swk undo --to 4
	[[ "$output" == *'does not have this point'* ]]
}

@test "wherever the journal is cut off: history shows whole lines, undo stops or returns, and the next run goes on" {
	local length size whole status

	three_changes
	cp "$SWK_CONF.journal" "$E2E_DIR/journal"
	size=$(stat -c %s "$E2E_DIR/journal")
	for ((length = 0; length <= size; length++)); do
		head -c "$length" "$E2E_DIR/journal" >"$SWK_CONF.journal"
		whole=$(wc -l <"$SWK_CONF.journal")
		swk history --json >"$E2E_DIR/shown" 2>/dev/null
		[ "$(wc -l <"$E2E_DIR/shown")" == "$whole" ]
		# The rest at fewer bytes, because it takes longer, and around the end of each line.
		((length % 29 == 0 || length >= size - 1)) || [[ "$(tail -c 2 "$SWK_CONF.journal")" == *'}'* ]] || continue
		status=73
		((whole < 3)) || status=0
		run "-$status" swk undo --to 1 --dry-run --verify=no
		swk-apply < <(document "$(server 10.0.0.6 web-6 passing)")
		[ "$(journal .number | tail -n 1)" == $((whole + 1)) ]
		[ "$(wc -l <"$SWK_CONF.journal")" == $((whole + 1)) ]
		[[ -z "$(swk history 2>&1 >/dev/null)" ]]
		# The new change can be taken back, unless that leads into the gap.
		status=73
		((whole != 0 && whole != 3)) || status=0
		run "-$status" swk undo --to "$whole" --verify=no
		((status)) || cmp "$SWK_CONF" "$E2E_DIR/three"
		rm -f "$SWK_CONF.hold"
		swk-apply < <(document "$(server 10.0.0.1 web-1 critical)" "$(server 10.0.0.2 web-2 passing)")
		cmp "$SWK_CONF" "$E2E_DIR/three"
	done
}

@test "if the journal cannot be written, the run warns and makes the change, and the journal has a gap" {
	three_changes
	mv "$SWK_CONF.journal" "$E2E_DIR/journal"
	mkdir "$SWK_CONF.journal"
	run -0 swk-apply < <(document "$(server 10.0.0.7 web-7 passing)")
	[[ "$output" == *"swk-apply: warning: $SWK_CONF.journal: cannot be opened: Is a directory; the journal lacks this change, so 'swk undo --to' cannot go back past it"* ]]
	[ "$(servers web)" == 10.0.0.7:80 ]
	in_step
	rmdir "$SWK_CONF.journal"
	mv "$E2E_DIR/journal" "$SWK_CONF.journal"
	run -0 swk history
	[[ "$output" == *'  after this, another program changed the file, or the journal lacks a change' ]]
	run -73 swk undo --to 2
	# An undo warns, too.
	mv "$SWK_CONF.journal" "$E2E_DIR/journal"
	ln -s /etc/passwd "$SWK_CONF.journal"
	run -0 swk undo
	[[ "$output" == *"warning: $SWK_CONF.journal: cannot be opened: Too many levels of symbolic links; the journal lacks this change"* ]]
	[ "$(grep -c 'warning: ' <<<"$output")" == 1 ]
	# Without a change, undo --to is not affected.
	rm "$SWK_CONF.hold"
	run -0 swk hold
	[[ "$output" == *"warning: $SWK_CONF.journal: cannot be opened: Too many levels of symbolic links; 'swk history' does not show what this run did" ]]
	cmp "$SWK_CONF" "$E2E_DIR/three"
	cmp /etc/passwd "$SWK_CONF.journal"
	run -73 swk history
}

@test "journal_size bounds the journal, and 0 means none" {
	local i

	echo '{"journal_size": "4k"}' >"$E2E_DIR/settings"
	export SWK_CONFIG="$E2E_DIR/settings"
	for ((i = 1; i <= 30; i++)); do
		swk-apply < <(document "$(server "10.0.0.$i" "web-$i" passing)")
		(($(stat -c %s "$SWK_CONF.journal") <= 4096))
		cp "$SWK_CONF" "$E2E_DIR/$i"
	done
	(($(stat -c %s "$SWK_CONF.journal.old") <= 4096))
	[ "$(stat -c %a "$SWK_CONF.journal.old")" == 640 ]
	run -0 swk history
	[[ "$output" == *' 30 service web'* && "$output" != *' 5 service web'* ]]
	# Across the two files.
	run -0 swk undo --to "$(jq -r .number "$SWK_CONF.journal.old" | head -n 1)"
	cmp "$SWK_CONF" "$E2E_DIR/$(jq -r .number "$SWK_CONF.journal.old" | head -n 1)"
	swk resume >/dev/null 2>&1 || true
	rm -f "$SWK_CONF".journal*
	echo '{"journal_size": 0}' >"$E2E_DIR/settings"
	swk-apply < <(document "$(server 10.0.0.1 web-1 passing)")
	run -0 swk undo
	[ ! -e "$SWK_CONF.journal" ]
	run -0 swk history
	[[ "$output" == *"$SWK_CONF.journal has no such change, because journal_size is 0 in the settings" ]]
	run -73 swk undo --to 1
	[[ "$output" == *"$SWK_CONF.journal has no change to go back to: 'swk undo' without --to restores $SWK_CONF.previous"* ]]
}

@test "a change of too many upstreams is in the journal without them, and undo --to stops there" {
	echo '{"journal_size": "8k", "defaults": {"keepalive": 10}}' >"$E2E_DIR/settings"
	export SWK_CONFIG="$E2E_DIR/settings"
	swk-apply < <(large_document 20 2)
	swk-apply < <(large_document 1 3)
	run -0 swk history
	[[ "$output" == *'  20 upstreams changed, which is too much for the journal'* ]]
	echo '{"journal_size": "8k", "defaults": {"keepalive": 5}}' >"$E2E_DIR/settings"
	swk-apply < <(large_document 20 2)
	run -73 swk undo --to 2
	[[ "$output" == *"change 3 of 20"*": the journal has no upstreams of it, because it was too large"* ]]
	run -0 swk undo
	[ "$(servers svc-0 | wc -l)" == 3 ]
}

@test "what a guard holds back and what is kept is in the journal, once an hour" {
	local i before

	consul_start "$E2E_DIR/consul"
	for i in 1 2 3 4 5 6; do
		consul_register "svc-$i" "svc-$i" "10.0.0.$i" 80
	done
	swk-apply --resync
	for i in 1 2 3 4; do
		consul_deregister "svc-$i"
	done
	for i in 1 2 3; do
		run -10 swk-apply --resync
	done
	run -0 swk history
	[ "$(grep -c '4 of 6 upstreams would be deleted' <<<"$output")" == 1 ]
	# After an hour it is told again.
	sed -i 's/^{"time":"20../{"time":"2001/' "$SWK_CONF.journal"
	run -10 swk-apply --resync
	[ "$(swk history | grep -c '4 of 6 upstreams would be deleted')" == 2 ]
	# The clock was wrong, and was set back.
	sed -i 's/^{"time":"20../{"time":"2099/' "$SWK_CONF.journal"
	run -10 swk-apply --resync
	run -10 swk-apply --resync
	[ "$(swk history | grep -c '4 of 6 upstreams would be deleted')" == 3 ]
	swk-apply --resync --force
	[ "$(journal 'select(.reason == "--force") | .upstreams | length')" == 4 ]

	# An upstream is kept; then it changes, and is kept again: that is news.
	for i in 1 2; do
		swk-apply < <(document "$(server 10.0.0.1 web-1 passing)")
		swk-apply < <(document "$(server 10.0.0.1 web-1 critical)")
		swk-apply < <(document "$(server 10.0.0.1 web-1 critical)")
		swk-apply < <(document "$(server "10.0.0.$((i + 1))" web-1 passing)")
	done
	[ "$(swk history web | grep -c 'upstream web: kept with its last 1 server: ')" == 2 ]
	# An agent without a registry: the run ends before it takes the lock.
	run -10 swk-apply <<<'{}'
	[[ "$(swk history)" == *'  the document has no service, so nothing was changed: '* ]]
	# On hold, nothing is decided.
	swk hold
	before=$(wc -l <"$SWK_CONF.journal")
	run -10 swk-apply < <(document "$(server 10.0.0.9 web-9 critical)")
	run -10 swk-apply --resync
	[ "$(wc -l <"$SWK_CONF.journal")" == "$before" ]
}

@test "what a target rejects goes back, with its reason" {
	echo '{"defaults": {"allow_hostnames": true}}' >"$E2E_DIR/settings"
	export SWK_CONFIG="$E2E_DIR/settings"
	swk-apply < <(document "$(server 10.0.0.1 web-1 passing)")
	cp "$SWK_CONF" "$E2E_DIR/one"
	run -75 swk-apply < <(document "$(server nowhere.invalid web-1 passing)")
	cmp "$SWK_CONF" "$E2E_DIR/one"
	run -0 swk history
	[[ "$output" == *" 3 a target rejects what was sent web: $SWK_DYUPS: update of upstream web ("*') was refused: '* ]]
	[[ "$output" == *$'\n  web: added 10.0.0.1:80\n  web: removed nowhere.invalid:80' ]] ||
		[[ "$output" == *$'\n  web: added 10.0.0.1:80 (web-1 on node n1)\n  web: removed nowhere.invalid:80'* ]]
	# The registration is still rejected.
	run -75 swk undo --to 1
	cmp "$SWK_CONF" "$E2E_DIR/one"
}

# killed_run [OPTION]... - a run that is killed between the journal and the conf file.
killed_run() {
	strace -o /dev/null -e trace=rename -e inject=rename:signal=KILL:when=1 swk-apply "$@" \
		< <(document "$(server 10.0.0.8 web-8 passing)") >/dev/null 2>&1 || true
}

@test "where the servers come from is a part of a change, even if they are the same" {
	echo '{"services": {"web": {"fallback": ["10.0.0.1:80"]}, "api": {"fallback": ["10.0.0.9:80"]}}}' >"$E2E_DIR/settings"
	export SWK_CONFIG="$E2E_DIR/settings"
	three_changes
	swk-apply < <(document "$(server 10.0.0.1 web-1 passing)")
	cp "$SWK_CONF" "$E2E_DIR/own"
	swk-apply < <(document "$(server 10.0.0.1 web-1 critical)")
	cp "$SWK_CONF" "$E2E_DIR/fallback"
	[ "$(diff "$E2E_DIR/own" "$E2E_DIR/fallback" | tail -n 1)" == '> # service web, from the fallback list' ]
	run -0 swk history
	[[ "$output" == *" 5 service web"*'  web: changed: its servers come from the fallback list: none of its instances in Consul is passing and usable'* ]]
	run -0 swk undo --to 4
	cmp "$SWK_CONF" "$E2E_DIR/own"
	run -0 swk undo --to 5
	cmp "$SWK_CONF" "$E2E_DIR/fallback"
	run -0 swk history
	[[ "$output" == *" 6 undo "*'  web: changed: its servers no longer come from the fallback list'*" 7 undo "*'  web: changed: its servers come from the fallback list' ]]

	# A server that is not needed any more was never in Consul.
	rm "$SWK_CONF.hold"
	swk-apply < <(document "$(server 10.0.0.1 web-1 critical)" | sed 's/web/api/g')
	swk-apply < <(document "$(server 10.0.0.1 web-1 passing)" | sed 's/web/api/g')
	run -0 swk history api
	[[ "$output" == *$'\n  api: changed: its servers no longer come from the fallback list\n  api: added 10.0.0.1:80 (api-1 on node n1)\n  api: removed 10.0.0.9:80' ]]
}

@test "a run that is killed between the journal and the conf file: its change did not happen" {
	three_changes
	killed_run
	cmp "$SWK_CONF" "$E2E_DIR/three"
	[ "$(journal .number | tail -n 1)" == 4 ]
	run -0 swk history
	[[ "$output" == *'  not done: the run has not replaced the file' ]]
	[ "$(swk history --json | jq -r .fate | tail -n 1)" == 'not done' ]
	run -0 swk undo --to 2
	cmp "$SWK_CONF" "$E2E_DIR/two"
}

@test "a first run that is killed has changed nothing; a file that is removed later is a change" {
	local content

	# There is no file, an empty one, or one of another program.
	for content in '' ' ' 'upstream web { server 10.0.0.9:80; }'; do
		rm -f "$SWK_CONF"*
		[[ -z "$content" ]] || printf '%s' "${content# }" >"$SWK_CONF"
		killed_run --adopt
		[ "$(journal .number)" == 1 ]
		[ "$(swk history --json | jq -r .fate)" == 'not done' ]
	done
	rm -f "$SWK_CONF"*
	three_changes
	rm "$SWK_CONF"
	[ "$(swk history --json | jq -r '.fate // "done"' | paste -sd ' ')" == 'done done gap' ]
	run -73 swk undo --to 2
	[[ "$output" == *"$SWK_CONF does not exist, and undo --to begins with it: 'swk-apply --resync --adopt' writes it from Consul; nothing was changed" ]]
	[ ! -e "$SWK_CONF.hold" ]
	swk-apply --adopt < <(document "$(server 10.0.0.8 web-8 passing)")
	[ "$(swk history --json | jq -r '.fate // "done"' | paste -sd ' ')" == 'done done gap done' ]
	# A first change that another program changed afterwards has happened.
	rm "$SWK_CONF" "$SWK_CONF.journal"
	swk-apply --adopt < <(document "$(server 10.0.0.9 web-9 passing)")
	echo '# by hand' >>"$SWK_CONF"
	[ "$(swk history --json | jq -r .fate)" == gap ]
}

@test "the line is on disk before the conf file is replaced, and in a run without a change there is none" {
	local order

	three_changes
	strace -y -o "$E2E_DIR/trace" -e trace=openat,write,fdatasync,rename swk-apply \
		< <(document "$(server 10.0.0.8 web-8 passing)") >/dev/null
	order=$(sed -nE -e "s|^(write\|fdatasync)\([0-9]+<$SWK_CONF.journal>.*|\1|p" -e "s|^rename\(.*, \"$SWK_CONF\"\).*|replaced|p" "$E2E_DIR/trace")
	[ "$order" == $'write\nfdatasync\nreplaced' ]
	strace -o "$E2E_DIR/trace" swk-apply < <(document "$(server 10.0.0.8 web-8 passing)") >/dev/null
	run ! grep -F "$SWK_CONF.journal" "$E2E_DIR/trace"
}

# while_delayed PATH DOCUMENT - prints what history shows, as `NUMBER FATE`, if a run gets the document while history opens the file.
while_delayed() {
	strace -qq -o "$E2E_DIR/delayed" -P "$1" -e trace=openat -e inject=openat:delay_enter=2000000:when=1 \
		swk history --json >"$E2E_DIR/shown" 3>&- &
	STARTED+=($!)
	wait_until "$E2E_PATIENCE" test -e "$E2E_DIR/delayed"
	sleep 0.3
	swk-apply <<<"$2" >/dev/null
	wait "${STARTED[@]}"
	STARTED=()
	grep -q DELAYED "$E2E_DIR/delayed"
	jq -r '"\(.number) \(.fate // "done")"' "$E2E_DIR/shown"
}

@test "history while a run begins a new journal: each change once" {
	three_changes
	cp "$SWK_CONF.journal" "$SWK_CONF.journal.old"
	sed -i 3d "$SWK_CONF.journal.old"
	sed -i 1,2d "$SWK_CONF.journal"
	[ "$(swk history --json | jq .number | paste -sd ' ')" == '1 2 3' ]
	jq -n --argjson size "$(stat -c %s "$SWK_CONF.journal")" '{journal_size: $size}' >"$E2E_DIR/settings"
	export SWK_CONFIG="$E2E_DIR/settings"
	run -0 while_delayed "$SWK_CONF.journal.old" "$(document "$(server 10.0.0.8 web-8 passing)")"
	[ "$(jq .number "$SWK_CONF.journal")" == 4 ]
	[ "$output" == $'3 done\n4 done' ]
}

@test "history while a run replaces the file: no gap" {
	three_changes
	run -0 while_delayed "$SWK_CONF" "$(document "$(server 10.0.0.8 web-8 passing)")"
	[ "$output" == $'1 done\n2 done\n3 done\n4 done' ]
}

@test "history while a run is about to replace the file: not 'not done'" {
	three_changes
	strace -qq -o "$E2E_DIR/delayed" -e trace=rename -e inject=rename:delay_enter=100000 \
		swk-apply < <(document "$(server 10.0.0.8 web-8 passing)") >/dev/null 3>&- &
	STARTED+=($!)
	wait_until "$E2E_PATIENCE" grep -q '"number":4}' "$SWK_CONF.journal"
	[ "$(swk history --json | jq -r '"\(.number) \(.fate // "done")"' | tail -n 1)" == '4 done' ]
	wait "${STARTED[@]}"
	STARTED=()
}

@test "after random events, undo --to returns to each point" {
	events_and_points 200 20
}
