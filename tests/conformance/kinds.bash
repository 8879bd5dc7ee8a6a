# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Shared by the tests of all kinds of targets. A test file is a link to kinds/contract.bats: kind-KIND.bats plays the cases on targets
# of that kind, through the adapter kinds/KIND.bash. The targets are named one, two, … and belong to one settings file. A Consul
# agent, which all tests of a file share, has the services.
#
# An adapter defines these functions and lists. TARGET is the target's name; $E2E_DIR/TARGET is a folder for its files. If a library has
# one proxy per shell, KIND_start is a shell of its own, and remembers the library's variables for the other functions.
#
#	KIND_can		what a kind is able to do, words of:
#				creates		it creates upstreams. Otherwise KIND_start declares those in UPSTREAMS
#				deletes		it deletes upstreams. Otherwise it keeps the last servers
#				attributes	KIND_live knows the last three fields
#				tells		it tells the live state, so another program's changes are noticed
#				adopts		swk-apply --adopt can take over what another program made
#				traffic		it serves requests
#	KIND_breaks		the ways in which KIND_break can break a target; most cases use the first
#	KIND_start TARGET	starts the proxy, with no upstream but those of the conf file; returns when it answers
#	KIND_restart TARGET	the same for a proxy that was started before, and runs or not. It starts as it does on a real machine
#	KIND_stop TARGET	ends all processes, also those of a broken proxy; also accepts a target that was not started
#	KIND_settings TARGET	prints the target's object of the settings file
#	KIND_live TARGET	prints a line for each server of each upstream: UPSTREAM ADDRESS WEIGHT BACKUP DOWN, the last two 0 or 1.
#				If the parts of a proxy differ, prints lines that equal no line of the conf file
#	KIND_trace TARGET	prints what is longer or different after each change that the target gets, such as a log
#	KIND_break TARGET HOW	breaks it: changes fail, or have no answer, until KIND_mend TARGET
#	KIND_change TARGET UPSTREAM ADDRESS	(tells) does what another program could do: gives an upstream, new or not, one server
#	KIND_derived TARGET	prints the files beside the conf file that swk-apply can write again, one per line
#	KIND_fetch TARGET UPSTREAM	(traffic) sends a request on a new connection, and prints the body of the answer

# shellcheck source=SCRIPTDIR/../lib/common.bash
source "${BASH_SOURCE[0]%/*}/../lib/common.bash"
# shellcheck source=SCRIPTDIR/../lib/consul.bash
source "${BASH_SOURCE[0]%/*}/../lib/consul.bash"
# shellcheck source=SCRIPTDIR/../lib/backend.bash
source "${BASH_SOURCE[0]%/*}/../lib/backend.bash"

bats_require_minimum_version 1.5.0 # `run -STATUS`

KINDS_DIR="$(cd "${BASH_SOURCE[0]%/*}" && pwd)/kinds"
KINDS_ROOT="$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)"
MANY=300 # the upstreams of the case with many

# The upstreams that the cases use, for a kind that does not create any.
UPSTREAMS=(web api shop v6 Dots.and-dashes_1.x)
for ((i = 0; i < MANY; i++)); do
	UPSTREAMS+=("many-$i")
done

for adapter in "$KINDS_DIR"/*.bash; do
	# shellcheck source=/dev/null
	source "$adapter"
done

declare -gA KIND_OF=() # the kinds of the targets that were started

kinds_setup_file() {
	consul_start "$BATS_FILE_TMPDIR/consul"
}

kinds_teardown_file() {
	consul_stop
}

# The agent has no services yet, and there is no target.
kinds_setup() {
	trace_test_only
	export E2E_DIR="$BATS_TEST_TMPDIR" PATH="$KINDS_ROOT/build:$PATH"
	clean_environment
	export CONSUL_HTTP_ADDR="127.0.0.1:$CONSUL_PORT" SWK_CONFIG="$E2E_DIR/swk.json"
	mkdir "$E2E_DIR/conf"
	CONF="$E2E_DIR/conf/upstreams.conf"
	KIND=${BATS_TEST_FILENAME##*/kind-}
	KIND=${KIND%.bats}
	forget_services
}

kinds_teardown() {
	local name

	if [[ -z "${BATS_TEST_COMPLETED:-}" ]]; then
		printf '%s\n' '--- settings' && cat "$SWK_CONFIG"
		printf '%s\n' '--- conf' && head -n 50 "$CONF"
		printf '%s\n' '--- state' && head -n 50 "$CONF.state"
	fi 2>/dev/null
	backend_stop
	for name in "${!KIND_OF[@]}"; do
		target stop "$name"
	done
}

# ---- targets ----

# start KIND TARGET... - starts the proxies of targets.
start() {
	local name

	for name in "${@:2}"; do
		KIND_OF[$name]=$1
		mkdir "$E2E_DIR/$name"
		target start "$name" || return 1
	done
}

# target FUNCTION TARGET [ARGUMENT...] - calls a function of the target's adapter, in a shell of its own if there are variables.
target() {
	local variables="$E2E_DIR/$2/variables" function="${KIND_OF[$2]}_$1"

	if [[ -e "$variables" ]]; then
		# shellcheck source=/dev/null
		(source "$variables" && "$function" "${@:2}")
	else
		"$function" "${@:2}"
	fi
}

# remember TARGET VARIABLE... - keeps variables for the functions of an adapter.
remember() {
	declare -p "${@:2}" >"$E2E_DIR/$1/variables"
}

# can WORD [KIND] - whether the kind is able to do this.
can() {
	local -n words="${2:-$KIND}_can"

	[[ " ${words[*]} " == *" $1 "* ]]
}

# settings TARGET... - writes the settings file. MORE='{"exclude": …}' is added to the last target.
settings() {
	local name

	for name; do
		target settings "$name"
	done | jq -s --arg conf "$CONF" --argjson more "${MORE:-null}" \
		'.[-1] += $more | {conf: $conf, read_interval: 0, targets: .}' >"$SWK_CONFIG"
}

# begin TARGET... - starts targets of the kind under test, with settings.
begin() {
	start "$KIND" "$@" && settings "$@"
}

# ---- services and runs ----

# serve SERVICE [ADDRESS:PORT[/ATTRIBUTE...]]... - makes Consul have exactly these instances of a service.
serve() {
	local name="$1" each id host
	local -a tags
	local -A ids=()

	for each in "${@:2}"; do
		IFS=/ read -ra tags <<<"$each"
		each=${tags[0]}
		tags=("${tags[@]:1}")
		id="$name@$each"
		host=${each%:*}
		host=${host#[}
		ids[$id]=1
		consul_register "$name" "$id" "${host%]}" "${each##*:}" "${tags[@]/#/nginx:}" || return 1
	done
	for id in $(consul_api GET /v1/agent/services | jq -r --arg name "$name" '.[] | select(.Service == $name).ID'); do
		[[ -n "${ids[$id]:-}" ]] || consul_deregister "$id" || return 1
	done
}

forget_services() {
	local id

	for id in $(consul_api GET /v1/agent/services | jq -r '.[].ID'); do
		consul_api PUT "/v1/agent/service/deregister/$(consul_encode "$id")" || return 1
	done
	_consul_wait
}

# event SERVICE [ARGUMENT...] - runs swk-apply as a watch of the service does.
event() {
	swk-apply --service "$1" "${@:2}" < <(consul_api GET "/v1/health/service/$1")
}

resync() {
	swk-apply --resync "$@"
}

# ---- results ----

# recorded - prints the servers in the conf file, in the form of KIND_live, in byte order.
recorded() {
	[[ ! -e "$CONF" ]] || awk '
		$1 == "upstream" { name = $2 }
		$1 == "server" {
			weight = 1
			backup = down = 0
			for (i = 3; i <= NF; i++) {
				sub(/;/, "", $i)
				if ($i ~ /^weight=/) weight = substr($i, 8)
				backup += $i == "backup"
				down += $i == "down"
			}
			sub(/;/, "", $2)
			print name, $2, weight, backup, down
		}' "$CONF" | LC_ALL=C sort
}

# shown KIND - reduces such lines to what the kind tells.
shown() {
	if can attributes "$1"; then cat; else cut -d' ' -f1,2; fi
}

# live TARGET - prints the servers of a target, in byte order.
live() {
	target live "$1" | LC_ALL=C sort
}

# deletable KIND - removes lines of upstreams that the kind cannot delete: those that the conf file does not have.
deletable() {
	if can deletes "$1"; then
		cat
	else
		awk 'FNR == NR { known[$1]; next } $1 in known' <(recorded && echo -) -
	fi
}

# in_step TARGET... - whether the targets have the servers of the conf file, except for upstreams whose names match EXCLUDED.
in_step() {
	local name kind

	for name; do
		kind=${KIND_OF[$name]}
		diff <(recorded | grep -Evx "${EXCLUDED:-} .*" | shown "$kind") \
			<(live "$name" | deletable "$kind" | shown "$kind") || return 1
	done
}

# has LINE... - whether the conf file has exactly these lines, in the form of KIND_live.
has() {
	diff <(printf '%s\n' "$@" | LC_ALL=C sort) <(recorded)
}

# nothing_pending - whether swk status finds every target in step with the conf file and Consul.
nothing_pending() {
	local out

	! grep '^pending ' "$CONF.state" || return 1
	out=$(swk status 2>&1) || { echo "$out" && return 1; }
}

# pending TARGET - prints what is pending there according to swk status, in one line.
pending() {
	{ swk status --json 2>/dev/null || true; } |
		jq -r --arg name "$1" '[.targets[] | select(.target == $name).upstreams[] | select(.pending).upstream] | join(" ")'
}

# changes COMMAND... - runs a command, and prints the targets that got a change meanwhile, in one line. Its status is the command's.
changes() {
	local name status=0 out=''
	local -A before=()

	for name in "${!KIND_OF[@]}"; do
		before[$name]=$(target trace "$name")
	done
	"$@" >"$E2E_DIR/changes.out" 2>&1 || status=$?
	for name in $(printf '%s\n' "${!KIND_OF[@]}" | sort); do
		[[ "$(target trace "$name")" == "${before[$name]}" ]] || out+=" $name"
	done
	echo "${out# }"
	return "$status"
}

# files - prints the names, contents and times of all files of swk-apply, for comparison.
files() {
	(cd "${CONF%/*}" && stat -c '%n %i %s %y %z' -- * && md5sum -- *)
}
