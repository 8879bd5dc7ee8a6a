# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Which backends answer requests through the gateway, for each worker: workers learn of a change one by one.

# shellcheck source=SCRIPTDIR/gateway.bash
source "${BASH_SOURCE[0]%/*}/gateway.bash"

# landing NAME REQUESTS - sends requests through the upstream, each on its own connection. For each it prints a line: the worker
# that took it, and the backend that answered, or `none`.
landing() {
	curl -s --max-time 20 -H 'Connection: close' -w '\n@%header{x-worker}\n' "$GATEWAY_TRAFFIC/to/$1/?[1-$2]" |
		awk '/^@/ { print substr($0, 2), (answer ~ /^</ || answer == "" ? "none" : answer); answer = ""; next }
			answer == "" { answer = $0 }'
}

# lands NAME BACKEND... - whether exactly these backends answer requests through the upstream, on each worker. Each worker must
# be seen to use each backend.
lands() {
	local name="$1" worker backend

	shift
	diff <(landing "$name" 40 | sort -u) <(
		for worker in $(gateway_workers); do
			for backend; do
				echo "$worker $backend"
			done
		done | sort
	) >/dev/null
}
