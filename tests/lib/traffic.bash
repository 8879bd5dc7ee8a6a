# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Where requests through the gateway land, on each of its workers: they learn of a change one by one.

# shellcheck source=SCRIPTDIR/gateway.bash
source "${BASH_SOURCE[0]%/*}/gateway.bash"

# landing NAME REQUESTS - sends requests through the upstream, each on a connection of its own, and prints a line for each: the
# worker that took it, and the backend that answered, or `nobody`.
landing() {
	curl -s --max-time 20 -H 'Connection: close' -w '\n@%header{x-worker}\n' "$GATEWAY_TRAFFIC/to/$1/?[1-$2]" |
		awk '/^@/ { print substr($0, 2), (answer ~ /^</ || answer == "" ? "nobody" : answer); answer = ""; next }
			answer == "" { answer = $0 }'
}

# lands NAME BACKEND... - whether requests through the upstream are answered by these backends and no other, whichever worker
# takes them: each worker must have been seen, with each of them.
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
