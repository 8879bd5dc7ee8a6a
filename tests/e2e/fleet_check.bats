#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# The check that shows a host's state in Consul, and what its changes cost.

load settings

start_agent() {
	CONSUL_LOG_LEVEL=debug consul_start "$E2E_DIR/consul"
	consul_register_host critical
	consul_register web web-1 10.0.0.1 80
	consul_register api api-1 10.0.0.2 80
}

# check - prints the status and the output of this host's check.
check() {
	consul_api GET /v1/agent/checks | jq -r '."swk-apply" | .Status + ": " + .Output'
}

# updates - prints how often the check was set.
updates() {
	grep -c 'method=PUT url=/v1/agent/check/update/swk-apply' "$CONSUL_DIR/consul.log"
}

# checks, service NAME - print the document of a watch.
checks() {
	consul_api GET /v1/health/state/any
}

service() {
	consul_api GET "/v1/health/service/$1"
}

# cost COMMAND... - runs a command, and prints how many requests it made to the agent.
cost() {
	local before

	before=$(requests_made)
	"$@" >/dev/null
	echo $(($(requests_made) - before))
}

@test "the check is passing, warning or critical as the host is, and wrong settings make it critical" {
	settings '{"fleet_check": true}'
	start_agent
	[[ "$(check)" == critical:* ]]
	swk-apply --resync
	[ "$(check)" == 'passing: in step' ]
	# A hold: any run shows it. The end of the hold is a full run.
	swk hold --conf "$SWK_CONF" 'a test'
	service web >"$E2E_DIR/web"
	run -10 swk-apply --service web <"$E2E_DIR/web"
	[[ "$(check)" == "warning: on hold, held back or pending, or a run failed: see 'swk status' on this host" ]]
	swk resume
	[ "$(check)" == 'passing: in step' ]
	# A target that is down.
	gateway_stop
	run -75 swk-apply --resync
	[[ "$(check)" == 'critical: no proxy answers, or the settings are wrong: see'* ]]
	# A run that sees nothing of the target does not make it better.
	run swk-apply --service web <"$E2E_DIR/web"
	[[ "$(check)" == critical:* ]]
	GATEWAY_READ_TIMEOUT=100ms gateway_start "$E2E_DIR/gateway"
	settings '{"fleet_check": true}'
	swk-apply --resync
	[ "$(check)" == 'passing: in step' ]
	settings '{"fleet_check": true, "max_deletions": 101}'
	run -78 swk-apply --service web <"$E2E_DIR/web"
	[[ "$(check)" == critical:* ]]
	settings '{"fleet_check": true}'
	swk-apply --resync
	[ "$(check)" == 'passing: in step' ]
}

@test "a run that writes the page sets the check, too" {
	settings "{\"fleet_check\": true, \"page_file\": \"$E2E_DIR/page.html\"}"
	start_agent
	swk-apply --resync
	[ -s "$E2E_DIR/page.html" ]
	[ "$(check)" == 'passing: in step' ]
	[ "$(updates)" == 1 ]
	swk hold --conf "$SWK_CONF" 'a test'
	run -10 swk-apply --resync
	[[ "$(check)" == warning:* ]]
	[ "$(updates)" == 2 ]
	swk resume
	[ "$(check)" == 'passing: in step' ]
	gateway_stop
	run -75 swk-apply --resync
	[[ "$(check)" == critical:* ]]
	[ "$(updates)" == 4 ]
}

@test "a run that waited in vain for a target sets the check, too" {
	settings '{"fleet_check": true}'
	start_agent
	swk-apply --resync
	[ "$(check)" == 'passing: in step' ]
	gateway_stop
	consul_register web web-2 10.0.0.3 80
	run -75 swk-apply --resync
	[[ "$(check)" == critical:* ]]
	[ "$(updates)" == 2 ]
	run -75 swk-apply --resync
	[ "$(updates)" == 3 ]
}

@test "a full run sets the check each time, and another run only if it is worse" {
	settings '{"fleet_check": true}'
	start_agent
	swk-apply --resync
	swk-apply --resync
	[ "$(updates)" == 2 ]
	consul_register web web-2 10.0.0.3 80
	service web >"$E2E_DIR/web"
	[ "$(cost swk-apply --service web <"$E2E_DIR/web")" == 0 ]
	in_file web
	swk hold --conf "$SWK_CONF" 'a test'
	[ "$(cost swk-apply --service web <"$E2E_DIR/web" || true)" == 1 ]
	[ "$(cost swk-apply --service web <"$E2E_DIR/web" || true)" == 0 ]
	[ "$(updates)" == 3 ]
	run -10 swk-apply --resync --dry-run
	[ "$(updates)" == 3 ]
}

@test "without the setting, no run sets the check; without the check, a run only warns" {
	settings '{}'
	start_agent
	swk-apply --resync
	[[ "$(check)" == critical:* ]]
	[ "$(updates)" == 0 ]
	settings '{"fleet_check": true}'
	consul_deregister swk-apply
	run -0 swk-apply --resync
	[[ "$output" == *"the check of this host could not be set to passing (it needs swk-fleet.hcl"* ]]
	in_file web
	run ! grep -q '^check' "$SWK_CONF.state"
}

@test "a change of a fleet's check starts a run that asks nothing, and writes nothing" {
	local files

	start_agent
	swk-apply --resync
	checks >"$E2E_DIR/checks"
	swk-apply <"$E2E_DIR/checks"
	# Other hosts' checks, too.
	consul_api PUT /v1/agent/check/update/swk-apply --data '{"Status": "passing"}' >/dev/null
	consul_catalog_register '{"Node": "other", "Address": "10.9.9.9", "Service": {"Service": "swk-apply"},
		"Check": {"CheckID": "swk-apply", "Name": "swk-apply", "Status": "warning", "ServiceID": "swk-apply"}}'
	checks >"$E2E_DIR/checks"
	[ "$(jq 'map(select(.ServiceName == "swk-apply")) | length' "$E2E_DIR/checks")" == 2 ]
	files=$(state_of_all)
	[ "$(cost swk-apply <"$E2E_DIR/checks")" == 0 ]
	[ "$(state_of_all)" == "$files" ]
	# Any other change is asked about.
	consul_maintenance api-1 on
	checks >"$E2E_DIR/checks"
	(($(cost swk-apply <"$E2E_DIR/checks") >= 2))
	[ "$(cost swk-apply <"$E2E_DIR/checks")" == 0 ]
	# So is the same document if the conf file is another one, or something is pending.
	sed -i 's/10.0.0.1:80/& weight=5/' "$SWK_CONF"
	(($(cost swk-apply <"$E2E_DIR/checks") >= 2))
	run ! grep -q weight "$SWK_CONF"
	[ "$(cost swk-apply <"$E2E_DIR/checks")" == 0 ]
	sed -i '/^target /a pending web' "$SWK_CONF.state"
	(($(cost swk-apply <"$E2E_DIR/checks") >= 2))
	run ! grep -q '^pending' "$SWK_CONF.state"
	[ "$(cost swk-apply <"$E2E_DIR/checks")" == 0 ]
}

@test "an event makes no more requests with the fleet's files than without them" {
	local with=() without=() files each

	for each in without with; do
		CONSUL_LOG_LEVEL=debug consul_start "$E2E_DIR/consul-$each"
		[[ "$each" == without ]] || consul_register_host passing
		consul_register web web-1 10.0.0.1 80
		consul_register api api-1 10.0.0.2 80
		rm -f "$SWK_CONF".*
		declare -n list=$each
		list+=("$(cost swk-apply --resync)")
		service web >"$E2E_DIR/document"
		list+=("$(cost swk-apply --service web <"$E2E_DIR/document")")
		checks >"$E2E_DIR/document"
		list+=("$(cost swk-apply <"$E2E_DIR/document")")
		consul_register web web-2 10.0.0.3 80
		checks >"$E2E_DIR/document"
		list+=("$(cost swk-apply <"$E2E_DIR/document")")
		service web >"$E2E_DIR/document"
		list+=("$(cost swk-apply --service web <"$E2E_DIR/document")")
		[[ "$each" == without ]] || break
		consul_stop
		gateway_delete web
		gateway_delete api
		rm -f "$SWK_CONF"
	done
	echo "with: ${with[*]}, without: ${without[*]}"
	[ "${with[*]}" == "${without[*]}" ]
	# With the setting, only the timer's run makes more: it asks for requests, and updates the check.
	settings '{"fleet_check": true}'
	swk-apply --resync
	[ "$(cost swk-apply --resync)" == $((without[0] + 2)) ]
	[ "$(cost swk-apply --service web <"$E2E_DIR/document")" == "${without[1]}" ]
}
