# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What every test needs, whatever it tests. Source it; it starts nothing.

# jq before version 1.7 takes 30 ms to start, and tests start it more than a thousand times. gojq has the same language.
_JQ=$(type -P gojq || type -P jq || echo jq) # not yet there in tests/setup
jq() {
	"$_JQ" "$@"
}

# free_port - prints a TCP port on loopback that nothing uses now.
#
# The port lies outside the range from which the kernel takes ports for outgoing connections, so none of those can take it
# before the caller listens. It is called as $(free_port), in a subshell that can remember nothing: who was given which
# port stands in a file, with the id of the process that asked. A port is given again only when that process has ended.
free_port() {
	local dir="${TMPDIR:-/tmp}/swk-test-ports.$UID"

	mkdir -m 700 "$dir" 2>/dev/null
	[[ -O "$dir" ]] || return 1 # somebody else's: not to be trusted
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

# wait_until SECONDS COMMAND... - polls until the command succeeds, every 20 ms at first and every 100 ms after a while;
# status 1 when the (whole) seconds are over. The command runs at least once.
wait_until() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000)) polls=0

	shift
	until "$@"; do
		((${EPOCHREALTIME/[.,]/} < end)) || return 1
		if ((polls++ < 10)); then sleep 0.02; else sleep 0.1; fi
	done
}

# trace_test_only - to be called first in setup(). Of what a test runs, bats then traces the test's own lines, of which
# it shows the one that failed, and not those of the functions it calls: a line traced takes half a millisecond. With
# TRACE_ALL it traces all of them, and shows which line of a function failed.
trace_test_only() {
	[[ -z "${TRACE_ALL:-}" ]] || return 0
	# In a function that isn't traced, bats cannot end the trace of the test when something fails.
	trap '[[ -n "$BATS_DEBUG_LAST_STACK_TRACE_IS_VALID" ]] || bats_debug_trap "$BASH_SOURCE"' DEBUG
	set +T
	declare -ft "$BATS_TEST_NAME"
}

# clean_environment - takes out what would set swk-apply up, the machine's own settings among it, and leaves what the tests
# themselves are told by.
clean_environment() {
	local name

	for name in "${!SWK_@}" "${!CONSUL_HTTP_@}"; do
		case $name in
		SWK_APPLY | SWK_CONSUL | SWK_SEED | SWK_TENGINE) ;;
		*) unset "$name" ;;
		esac
	done
	export SWK_CONFIG="$BATS_TEST_TMPDIR/no-settings.json"
	echo '{}' >"$SWK_CONFIG"
}
