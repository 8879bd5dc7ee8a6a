# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For tests with a fleet of three hosts, and for the benchmark with one.

# shellcheck source=SCRIPTDIR/../lib/fleet.bash
source "${BASH_SOURCE[0]%/*}/../lib/fleet.bash"

E2E_ROOT="$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)"
export E2E_PATIENCE=20 # seconds after which a wait fails
STARTED=()	       # process ids that teardown ends

setup() {
	trace_test_only
	export E2E_DIR="$BATS_TEST_TMPDIR"
	export PATH="$E2E_ROOT/build:$PATH"
	clean_environment
}

teardown() {
	local number

	: >"$E2E_DIR/over"
	# bats shows this output only if the test failed.
	if [[ -z "${BATS_TEST_COMPLETED:-}" ]]; then
		cat "$E2E_DIR/deploys" "$E2E_DIR/out" "$E2E_DIR/err"
		for number in 1 2 3; do
			printf '%s\n' "--- host-$number" && tail -n 25 "$FLEET_DIR/$number/consul/consul.log"
			cat "$FLEET_DIR/$number/conf/upstreams.conf" "$FLEET_DIR/$number/conf/upstreams.conf.state"
		done
	fi 2>/dev/null
	((${#STARTED[@]} == 0)) || kill "${STARTED[@]}" 2>/dev/null || true
	backend_stop
	[[ -z "${FLEET_DIR:-}" ]] || fleet_stop
}

# begin [JSON] - starts the fleet, and the service web with the instances web-one, web-two and web-three, which every proxy serves.
begin() {
	fleet_start "$E2E_DIR/fleet" "${1:-"{}"}"
	BACKEND_DELAY=0.03 backend_start "$E2E_DIR/backends" one two three
	for each in one two three; do
		fleet_register web "web-$each" "$each"
	done
	wait_until "$E2E_PATIENCE" swk wait --fleet web=3,1
}

# ---- deploys under load ----

# load_begin - sends requests through each proxy until load_end. Requests of one loop share a connection to the proxy, as far as it keeps
# it. The answers are in $E2E_DIR/answers-N-*: status, and what failed.
load_begin() {
	local number loop url

	rm -f "$E2E_DIR/over"
	for number in 1 2 3; do
		for loop in 1 2; do
			url="$(fleet_on "$number" printenv FLEET_TRAFFIC)/to/web/?[1-40]"
			_load "$url" >"$E2E_DIR/answers-$number-$loop" 2>&1 3>&- &
			LOADS+=($!)
		done
	done
}

_load() {
	while [[ ! -e "$E2E_DIR/over" ]] && kill -0 "$$" 2>/dev/null; do
		curl -s --max-time 20 -o /dev/null -w '%{http_code} %{errormsg}\n' "$1"
	done
}

# load_end - ends the load. load_failed - prints two numbers: how many requests failed, as their clients see it, and how often an nginx
# lost its backend, or found none, which its client may not notice. load_was_well - whether both are 0.
load_end() {
	: >"$E2E_DIR/over"
	wait "${LOADS[@]}"
	LOADS=()
}

load_failed() {
	local clients lost

	clients=$(cat "$E2E_DIR"/answers-* | grep -cv '^200 ')
	lost=$(cat "$E2E_DIR"/fleet/*/gateway/error.log |
		grep -cE 'while connecting to upstream|while reading response header from upstream|no live upstreams')
	echo "$clients $lost"
}

load_was_well() {
	local answers failed

	answers=$(cat "$E2E_DIR"/answers-* | wc -l)
	failed=$(load_failed)
	echo "$answers requests, failed: $failed"
	((answers > 100)) && [[ "$failed" == '0 0' ]]
}

# deploy_script [COMMAND] - writes the script of docs/operating.md to $E2E_DIR/deploy, with the command in place of `swk drain`; and a
# systemctl that kills a backend the moment it is called, and starts it again.
deploy_script() {
	sed -n '/^<!-- deploy -->$/,/^<!-- deploy end -->$/p' "$E2E_ROOT/docs/operating.md" | sed '/^<!--/d; /^```/d' >"$E2E_DIR/deploy"
	cat >"$E2E_DIR/systemctl" <<-END
		#!/bin/bash
		source '$E2E_ROOT/tests/lib/backend.bash'
		_BACKEND_DIR='$E2E_DIR/backends'
		$(declare -p BACKEND_PORT | sed 's/^declare -A/declare -gA/')
		name=\${2#web-}
		BACKEND_PID[\$name]=\$(<"\$_BACKEND_DIR/\$name.pid")
		backend_kill "\$name"
		sleep 0.3
		backend_up "\$name"
	END
	[[ -z "${1:-}" ]] || sed -i "s|^swk drain .*|$1|" "$E2E_DIR/deploy"
	chmod +x "$E2E_DIR/deploy" "$E2E_DIR/systemctl"
}

# freeze SECONDS - stops the agent of host-2, and next time of host-3, for so long.
freeze() {
	frozen=$((${frozen:-3} == 3 ? 2 : 3))
	fleet_signal "$frozen" STOP agent
	(sleep "$1" && fleet_signal "$frozen" CONT agent) >/dev/null 2>&1 3>&- &
}

freeze_shortly() {
	freeze 0.7
}

# deploys COUNT [COMMAND] - restarts one instance after another under load; runs the command before each.
deploys() {
	local i names=(one two three)

	for ((i = 0; i < $1; i++)); do
		"${2:-true}"
		PATH="$E2E_DIR:$PATH" timeout 60 "$E2E_DIR/deploy" "web-${names[i % 3]}" web 3 >>"$E2E_DIR/deploys" 2>&1 || {
			cat "$E2E_DIR/deploys" "$E2E_DIR/out" "$E2E_DIR/err"
			return 1
		}
	done
}
