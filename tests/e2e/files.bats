#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Faults of the files and their folder. Each test checks the exit status and the message, and that the conf file is complete and
# nginx unchanged.

load e2e

eval "e2e_$(declare -f teardown)"

teardown() {
	[[ -z "${space:-}" ]] || kill "$space"
	e2e_teardown
}

# folder [USER] - makes a folder for the conf file that belongs to the user, or to root.
folder() {
	install -d -m 755 "$E2E_DIR/swk"
	export SWK_CONF="$E2E_DIR/swk/dyups.upstream.conf"
	[[ -n "${1:-}" ]] || return 0
	chown "$1:" "$E2E_DIR/swk"
	chmod 711 "$E2E_DIR" "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
}

as_nobody() {
	# Other users may not be able to read the folder of the sources.
	install -D -m 755 "$E2E_ROOT/build/swk-apply" "$E2E_DIR/bin/swk-apply"
	setpriv --reuid nobody --regid "$(id -g nobody)" --init-groups env PATH="$E2E_DIR/bin:$PATH" "$@"
}

# mount_space - makes a mount namespace that ends with its process. inside COMMAND... - runs a command in that namespace.
mount_space() {
	unshare -m --propagation private sleep 300 3>&- &
	space=$!
	wait_until "$E2E_PATIENCE" is_apart
}

is_apart() {
	[[ "$(readlink "/proc/$space/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]]
}

inside() {
	nsenter -t "$space" -m -r -- "$@"
}

# Puts the folder of the files on a disk of 64 KiB, with upstream web in the conf file.
small_disk() {
	folder
	mount_space
	inside mount -t tmpfs -o size=64k,mode=755 tmpfs "$E2E_DIR/swk"
	begin inside
}

# document SERVICE ADDRESS... - prints the document of a service watch with passing instances.
document() {
	local name="$1"

	shift
	jq -nc --arg name "$name" '[$ARGS.positional[] | {Node: {}, Checks: [],
		Service: {Service: $name, ID: ., Address: ., Port: 80, Tags: []}}]' --args -- "$@"
}

# begin [COMMAND...] - gives the conf file and nginx one upstream, and clears the request log.
begin() {
	"$@" swk-apply <<<"$(document web 10.0.0.1)"
	"$@" cat "$SWK_CONF" >"$E2E_DIR/before"
	gateway_requests_clear
}

# nothing_changed [COMMAND...] - whether the conf file is unchanged, no temporary file is left, and nginx got no change.
nothing_changed() {
	"$@" cat "$SWK_CONF" | cmp - "$E2E_DIR/before" &&
		! "$@" test -f "$SWK_CONF.tmp" &&
		nginx_untouched
}

nginx_untouched() {
	! gateway_requests | grep -v '^GET '
}

@test "no space for the state file: exit status 73, nothing changed; with space again, the next run works" {
	[ "$EUID" == 0 ] || skip 'mounting needs root'
	small_disk
	inside sh -c "cat /dev/zero >'$E2E_DIR/swk/fill'" || true
	run -73 inside swk-apply <<<"$(document web 10.0.0.2)"
	[[ "$output" == *"$SWK_CONF.state: cannot be written: No space left on device"* ]]
	nothing_changed inside
	inside rm "$E2E_DIR/swk/fill"
	inside swk-apply <<<"$(document web 10.0.0.2)"
	[ "$(gateway_detail | grep -c '10\.0\.0\.2:80')" == 1 ]
}

@test "space for the state file, but not for the conf file: exit status 73, nothing changed" {
	[ "$EUID" == 0 ] || skip 'mounting needs root'
	small_disk
	# 400 servers need about 20 KB; 8 KB are free.
	inside sh -c "cat /dev/zero >'$E2E_DIR/swk/fill'; truncate -s -8192 '$E2E_DIR/swk/fill'" || true
	mapfile -t many < <(printf '10.1.0.%d\n' {1..200} && printf '10.1.1.%d\n' {1..200})
	run -73 inside swk-apply <<<"$(document web "${many[@]}")"
	[[ "$output" == *"$SWK_CONF: cannot be written: No space left on device"* ]]
	# The JSON report has no changes either.
	run -73 --separate-stderr inside swk-apply --json <<<"$(document web "${many[@]}")"
	jq -e '.changes == []' <<<"$output"
	nothing_changed inside
	# The next run sends what is pending from the present conf file: unnecessary, but not wrong.
	inside rm "$E2E_DIR/swk/fill"
	inside swk-apply --service other <<<'[]'
	[ "$(gateway_detail | grep -c '^server ')" == 1 ]
	inside swk-apply <<<"$(document web "${many[@]}")"
	[ "$(gateway_detail | grep -c '^server ')" == 400 ]
}

# bats test_tags=gateway
@test "the disk fills up while a run sends changes: exit status 73, the message says what may be changed, and the new conf file is complete" {
	[ "$EUID" == 0 ] || skip 'mounting needs root'
	small_disk
	gateway_fault 1 slow:2 '^POST'
	inside swk-apply <<<"$(document web 10.0.0.2)" >"$E2E_DIR/said" 2>&1 3>&- &
	pid=$! status=0
	wait_until "$E2E_PATIENCE" inside grep -q '10\.0\.0\.2' "$SWK_CONF"
	inside sh -c "cat /dev/zero >'$E2E_DIR/swk/fill'" || true
	wait "$pid" || status=$?
	[ "$status" == 73 ]
	grep -q "$SWK_CONF.state: cannot be written: No space left on device; the conf file or a proxy may already be changed" "$E2E_DIR/said"
	[ "$(inside grep -c '^    server 10\.0\.0\.2:80' "$SWK_CONF")" == 1 ]
	inside rm "$E2E_DIR/swk/fill"
	inside swk-apply --service other <<<'[]'
	[ "$(gateway_detail | grep -c '10\.0\.0\.2:80')" == 1 ]
}

@test "a read-only file system: exit status 73 at the lock; a dry run still works" {
	[ "$EUID" == 0 ] || skip 'mounting needs root'
	folder
	mount_space
	inside mount -t tmpfs -o mode=755 tmpfs "$E2E_DIR/swk"
	begin inside
	inside mount -o remount,ro "$E2E_DIR/swk"
	run -73 inside swk-apply <<<"$(document web 10.0.0.2)"
	[[ "$output" == *"$SWK_CONF.lock: the lock cannot be opened: Read-only file system"* ]]
	nothing_changed inside
	[ -z "$(gateway_requests)" ]
	run -0 inside swk-apply --dry-run <<<"$(document web 10.0.0.2)"
	[ "$output" == '~ web: -10.0.0.1:80 +10.0.0.2:80' ]
}

@test "a file system without fsync, or a folder that the user may not read: the run is normal, and -v says so once" {
	[ "$EUID" == 0 ] || skip 'changing the user needs root'
	folder nobody
	begin
	unsynced="swk-apply: debug: $E2E_DIR/swk cannot be synced, so a crash of the machine may undo this change"
	strace -o /dev/null -e inject=fsync:error=EINVAL swk-apply -v <<<"$(document web 10.0.0.2)" 2>"$E2E_DIR/said"
	[ "$(grep -c synced "$E2E_DIR/said")" == 1 ]
	grep -qFx "$unsynced" "$E2E_DIR/said"
	in_step
	chmod 300 "$E2E_DIR/swk"
	as_nobody swk-apply -v <<<"$(document web 10.0.0.3)" 2>"$E2E_DIR/said"
	grep -qFx "$unsynced" "$E2E_DIR/said"
	[ "$(servers web)" == 10.0.0.3:80 ]
	in_step
}

@test "the conf file is a mount point: exit status 73, because it can't be replaced; swk undo still has the previous file" {
	[ "$EUID" == 0 ] || skip 'mounting needs root'
	folder
	swk-apply <<<"$(document web 10.0.0.9)"
	cp "$SWK_CONF" "$E2E_DIR/previous"
	begin
	cp "$SWK_CONF" "$E2E_DIR/mounted"
	mount_space
	inside mount --bind "$E2E_DIR/mounted" "$SWK_CONF"
	run -73 inside swk-apply <<<"$(document web 10.0.0.2)"
	[[ "$output" == *"$SWK_CONF: cannot be replaced, because it is a mount point; mount its folder instead: Device or resource busy"* ]]
	nothing_changed inside
	[ ! -e "$SWK_CONF.previous.tmp" ]
	swk undo
	cmp "$SWK_CONF" "$E2E_DIR/previous"
}

@test "the conf file is a symbolic link: swk-apply replaces the target and keeps the link" {
	folder
	mkdir "$E2E_DIR/real"
	ln -s ../real/file.conf "$SWK_CONF"
	: >"$E2E_DIR/real/file.conf"
	swk-apply <<<"$(document web 10.0.0.1)"
	[ "$(readlink "$SWK_CONF")" == ../real/file.conf ]
	[ ! -L "$E2E_DIR/real/file.conf" ]
	[ "$(servers web)" == 10.0.0.1:80 ]
	# The lock and state files are next to the target, so that runs with either path share them.
	[ -e "$E2E_DIR/real/file.conf.lock" ]
	[ -e "$E2E_DIR/real/file.conf.state" ]
	[ "$(ls "$E2E_DIR/swk")" == dyups.upstream.conf ]
}

@test "a broken link, a directory, a pipe or a missing folder as the conf file: exit status 73, and no file is left" {
	folder
	ln -s nowhere "$SWK_CONF"
	run -73 swk-apply <<<"$(document web 10.0.0.1)"
	[[ "$output" == *"$SWK_CONF: the path cannot be resolved: No such file or directory"* ]]
	[ "$(readlink "$SWK_CONF")" == nowhere ]
	[ "$(ls "$E2E_DIR/swk")" == dyups.upstream.conf ]

	ln -sfn dyups.upstream.conf "$SWK_CONF"
	run -73 swk-apply <<<"$(document web 10.0.0.1)"
	[[ "$output" == *"$SWK_CONF: the path cannot be resolved: Too many levels"* ]]
	rm "$SWK_CONF"

	mkdir "$SWK_CONF"
	run -73 swk-apply <<<"$(document web 10.0.0.1)"
	[[ "$output" == *"$SWK_CONF: not a regular file"* ]]
	[ "$(ls "$E2E_DIR/swk")" == dyups.upstream.conf ]
	rmdir "$SWK_CONF"

	mkfifo "$SWK_CONF"
	run -73 timeout 10 swk-apply <<<"$(document web 10.0.0.1)"
	[[ "$output" == *"$SWK_CONF: not a regular file"* ]]
	[ "$(ls "$E2E_DIR/swk")" == dyups.upstream.conf ]
	rm "$SWK_CONF"

	run -73 swk-apply --conf "$E2E_DIR/none/file.conf" <<<"$(document web 10.0.0.1)"
	[[ "$output" == *"$E2E_DIR/none: create this folder, or name another file with --conf"* ]]
	[ ! -e "$E2E_DIR/none" ]
	[ -z "$(gateway_requests)" ]
}

@test "a conf file that another program wrote: exit status 10, unchanged; --adopt takes it over" {
	folder
	printf 'upstream web {\n    server 10.0.0.9:80;\n}\n' >"$SWK_CONF"
	cp "$SWK_CONF" "$E2E_DIR/before"
	run -10 swk-apply <<<"$(document web 10.0.0.1)"
	[[ "$output" == *"$SWK_CONF was not written by swk-apply"*--adopt* ]]
	nothing_changed
	[ -z "$(gateway_requests)" ]
	swk-apply --adopt <<<"$(document web 10.0.0.1)"
	[ "$(servers web)" == 10.0.0.1:80 ]
	[ "$(gateway_detail | grep -c '10\.0\.0\.1:80')" == 1 ]
}

@test "root keeps the owner, group and mode of the conf file; a user who owns the folder becomes its owner" {
	[ "$EUID" == 0 ] || skip 'changing the user needs root'
	folder nobody
	begin
	[ "$(stat -c %U:%a "$SWK_CONF")" == nobody:644 ]
	chown daemon:adm "$SWK_CONF"
	chmod 640 "$SWK_CONF"
	swk-apply <<<"$(document web 10.0.0.2)"
	[ "$(stat -c %U:%G:%a "$SWK_CONF")" == daemon:adm:640 ]

	chown root:root "$SWK_CONF"
	chmod 644 "$SWK_CONF"
	as_nobody swk-apply <<<"$(document web 10.0.0.3)"
	[ "$(stat -c %U:%G:%a "$SWK_CONF")" == "nobody:$(id -gn nobody):644" ]
	[ "$(servers web)" == 10.0.0.3:80 ]
}

@test "a file without read permission: exit status 73" {
	[ "$EUID" == 0 ] || skip 'changing the user needs root'
	folder nobody
	begin
	for each in "$SWK_CONF" "$SWK_CONF.state" "$SWK_CONF.lock"; do
		about=$(stat -c %u:%g\ %a "$each")
		chown root:root "$each"
		chmod 600 "$each"
		run -73 as_nobody swk-apply <<<"$(document web 10.0.0.2)"
		[[ "$output" == *"$each: "*": Permission denied"* ]]
		nothing_changed
		chown "${about% *}" "$each"
		chmod "${about#* }" "$each"
	done
	as_nobody swk-apply <<<"$(document web 10.0.0.2)"
	[ "$(servers web)" == 10.0.0.2:80 ]
}

@test "a link, directory or pipe as lock or state file: exit status 73, without following it or hanging" {
	folder
	begin
	rm "$SWK_CONF.lock"
	ln -s ../elsewhere "$SWK_CONF.lock"
	run -73 swk-apply <<<"$(document web 10.0.0.2)"
	[[ "$output" == *"$SWK_CONF.lock: the lock cannot be opened: "* ]]
	[ ! -e "$E2E_DIR/elsewhere" ]
	rm "$SWK_CONF.lock"
	mkdir "$SWK_CONF.lock"
	run -73 swk-apply <<<"$(document web 10.0.0.2)"
	[[ "$output" == *"$SWK_CONF.lock: the lock cannot be opened: "* ]]
	rmdir "$SWK_CONF.lock"
	nothing_changed

	rm "$SWK_CONF.state"
	mkdir "$SWK_CONF.state"
	run -73 swk-apply <<<"$(document web 10.0.0.2)"
	[[ "$output" == *"$SWK_CONF.state: not a regular file"* ]]
	rmdir "$SWK_CONF.state"
	mkfifo "$SWK_CONF.state"
	run -73 timeout 10 swk-apply <<<"$(document web 10.0.0.2)"
	[[ "$output" == *"$SWK_CONF.state: not a regular file"* ]]
	nothing_changed
}

@test "a damaged state file that cannot be set aside is replaced, with a warning" {
	folder
	begin
	mkdir "$SWK_CONF.state.bad"
	echo damaged >"$SWK_CONF.state"
	run -0 swk-apply <<<"$(document web 10.0.0.2)"
	[[ "$output" == *"warning: $SWK_CONF.state: cannot be set aside: Is a directory"* ]]
	[[ "$output" == *"warning: $SWK_CONF.state:1: cannot be read; every upstream is sent again"* ]]
	[ "$(head -n 1 "$SWK_CONF.state")" == 'swk-apply state 1' ]
	in_step
}

@test "FILE.previous is a directory: nginx gets the change, and the next change ends with exit status 73" {
	folder
	begin
	rm -f "$SWK_CONF.previous"
	mkdir "$SWK_CONF.previous"
	swk-apply <<<"$(document web 10.0.0.2)"
	in_step
	cp "$SWK_CONF" "$E2E_DIR/before"
	gateway_requests_clear
	run -73 swk-apply <<<"$(document web 10.0.0.3)"
	[[ "$output" == *"$SWK_CONF.previous: is in the way and cannot be replaced: Is a directory; nothing was changed"* ]]
	nothing_changed
}

@test "a run replaces the temporary file of a killed run, and does not follow a link in its place" {
	folder
	begin
	echo half >"$SWK_CONF.tmp"
	chmod 400 "$SWK_CONF.tmp"
	swk-apply <<<"$(document web 10.0.0.2)"
	[ ! -e "$SWK_CONF.tmp" ]
	[ "$(servers web)" == 10.0.0.2:80 ]

	echo precious >"$E2E_DIR/elsewhere"
	ln -s ../elsewhere "$SWK_CONF.tmp"
	swk-apply <<<"$(document web 10.0.0.3)"
	[ ! -L "$SWK_CONF.tmp" ]
	[ ! -L "$SWK_CONF" ]
	[ "$(cat "$E2E_DIR/elsewhere")" == precious ]
	[ "$(servers web)" == 10.0.0.3:80 ]

	# A hard link: the other name keeps its content.
	ln "$E2E_DIR/elsewhere" "$SWK_CONF.tmp"
	swk-apply <<<"$(document web 10.0.0.4)"
	[ "$(cat "$E2E_DIR/elsewhere")" == precious ]
	[ "$(servers web)" == 10.0.0.4:80 ]
}

@test "a user replaces root's temporary file in the user's folder" {
	[ "$EUID" == 0 ] || skip 'changing the user needs root'
	folder nobody
	begin
	install -m 600 /dev/null "$SWK_CONF.tmp"
	as_nobody swk-apply <<<"$(document web 10.0.0.2)"
	[ ! -e "$SWK_CONF.tmp" ]
	[ "$(servers web)" == 10.0.0.2:80 ]
}

@test "a directory in place of the temporary file: exit status 73, nothing changed" {
	folder
	begin
	mkdir "$SWK_CONF.tmp"
	run -73 swk-apply <<<"$(document web 10.0.0.2)"
	[[ "$output" == *"$SWK_CONF"*": "* ]]
	[ -d "$SWK_CONF.tmp" ]
	nothing_changed
}

@test "a temporary file that can't be removed: exit status 73, nothing changed" {
	[ "$EUID" == 0 ] || skip 'mounting needs root'
	folder
	begin
	: >"$SWK_CONF.tmp"
	mount_space
	# A bind mount can't be removed, like an immutable file, and works on any file system.
	inside mount --bind "$SWK_CONF.tmp" "$SWK_CONF.tmp"
	run -73 inside swk-apply <<<"$(document web 10.0.0.2)"
	[[ "$output" == *"$SWK_CONF"*": "* ]]
	cmp "$SWK_CONF" "$E2E_DIR/before"
	nginx_untouched
}

@test "a limit of file sizes: exit status 73, nothing changed" {
	folder
	begin
	limited() {
		(ulimit -f 1 && swk-apply --service web < <(document web 10.0.0.{1..200}))
	}
	run -73 limited
	[[ "$output" == *"File too large; nothing was changed" ]]
	nothing_changed
}

is_locked() {
	! flock -n "$SWK_CONF.lock" true
}

# bats test_tags=gateway
@test "the lock file is removed while a run holds the lock: that run writes nothing over the next one, and exits with 75" {
	folder
	begin
	gateway_fault 1 slow:1 '^GET'
	swk-apply <<<"$(document web 10.0.0.2)" >"$E2E_DIR/said" 2>&1 3>&- &
	pid=$! status=0
	wait_until "$E2E_PATIENCE" is_locked
	kill -s STOP "$pid"
	rm "$SWK_CONF.lock"
	swk-apply <<<"$(document web 10.0.0.3)"
	kill -s CONT "$pid"
	wait "$pid" || status=$?
	[ "$status" == 75 ]
	grep -q "$SWK_CONF.lock was removed or replaced while this run held the lock.*; nothing was changed" "$E2E_DIR/said"
	[ "$(servers web)" == 10.0.0.3:80 ]
	in_step
}
