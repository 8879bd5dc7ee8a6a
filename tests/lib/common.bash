# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Helpers for all tests. Source this file; it starts nothing.

# jq before version 1.7 takes 30 ms to start, and the tests start it more than a thousand times. gojq runs the same programs.
_JQ=$(type -P gojq || type -P jq || echo jq) # tests/setup sources this before it installs either
jq() {
	"$_JQ" "$@"
}

# free_port - prints an unused TCP port on loopback.
#
# The port lies outside the kernel's range for outgoing connections, so no such connection can take it before the caller listens.
# Callers write $(free_port), and that subshell can't remember anything, so a file records each port that was given out, with the
# process that asked for it. A port is given out again only after that process has ended.
free_port() {
	local dir="${TMPDIR:-/tmp}/swk-test-ports.$UID"

	mkdir -m 700 "$dir" 2>/dev/null
	[[ -O "$dir" ]] || return 1 # it belongs to another user
	(
		flock 9 || exit 1
		_free_port_locked "$dir/given"
	) 9>"$dir/lock"
}

_free_port_locked() {
	local given="$1" low high port owner each attempt
	local -A taken=()

	read -r low high </proc/sys/net/ipv4/ip_local_port_range
	[[ -e "$given" ]] || : >"$given"
	while read -r port owner; do
		if [[ -d "/proc/$owner" ]]; then
			taken[$port]=$owner
		fi
	done <"$given"

	for ((attempt = 0; attempt < 1000; attempt++)); do
		port=$((10240 + RANDOM % 32768))
		((port < low || port > high)) || continue
		[[ -z "${taken[$port]:-}" ]] || continue
		! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || continue
		taken[$port]=$$
		for each in "${!taken[@]}"; do
			printf '%s %s\n' "$each" "${taken[$each]}"
		done >"$given"
		printf '%s\n' "$port"
		return 0
	done
	echo "free_port: no port found outside $low-$high" >&2
	return 1
}

# wait_until SECONDS COMMAND... - runs the command until it succeeds: every 20 ms, and after ten attempts every 100 ms. Fails
# after that many (whole) seconds. The command runs at least once.
wait_until() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000)) polls=0

	shift
	until "$@"; do
		((${EPOCHREALTIME/[.,]/} < end)) || return 1
		if ((polls++ < 10)); then sleep 0.02; else sleep 0.1; fi
	done
}

# trace_test_only - call it first in setup(). bats then traces only the lines of the test itself, and shows the one that failed.
# It does not trace the functions that the test calls, because each traced line takes half a millisecond. With TRACE_ALL it
# traces them too, and shows which line of a function failed.
trace_test_only() {
	[[ -z "${TRACE_ALL:-}" ]] || return 0
	# In a function that is not traced, bats can't end the trace of the test when a command fails.
	trap '[[ -n "$BATS_DEBUG_LAST_STACK_TRACE_IS_VALID" ]] || bats_debug_trap "$BASH_SOURCE"' DEBUG
	set +T
	declare -ft "$BATS_TEST_NAME"
}

# clean_environment - unsets the variables that configure swk-apply, and replaces the machine's settings file by an empty one.
# Keeps the variables that configure the tests.
clean_environment() {
	local name

	for name in "${!SWK_@}" "${!CONSUL_HTTP_@}"; do
		case $name in
		SWK_APPLY | SWK_CONSUL | SWK_DYNAMIC | SWK_HAPROXY | SWK_SEED | SWK_TENGINE) ;;
		*) unset "$name" ;;
		esac
	done
	export SWK_CONFIG="$BATS_TEST_TMPDIR/no-settings.json"
	echo '{}' >"$SWK_CONFIG"
}
