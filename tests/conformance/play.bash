# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Plays the .cases files of this folder on a running gateway. Prints each line that fails, and the answer that came.

# Splits "a | b | c" into the array FIELDS, and replaces \n by newlines. Fails for empty lines and comments.
_split() {
	local line="$1" field

	FIELDS=()
	[[ -n "$line" && "$line" != '#'* ]] || return 1
	line+=' |'
	while [[ -n "$line" ]]; do
		field="${line%%|*}"
		line="${line#*|}"
		field="${field#"${field%%[! ]*}"}"
		field="${field%"${field##*[! ]}"}"
		FIELDS+=("${field//\\n/$'\n'}")
	done
}

# Runs a function with the fields of each line, and fails if it failed for any line.
_play() {
	local file="$1" each="$2" line count=0 failed=0
	local -a FIELDS

	while IFS= read -r line; do
		_split "$line" || continue
		count=$((count + 1))
		if ! "$each" "${FIELDS[@]}"; then
			printf '  in the line: %s\n' "$line"
			failed=1
		fi
	done <"$file"
	if ((count == 0)); then
		echo "no case in $file"
		return 1
	fi
	return "$failed"
}

# Sends a request, and sets STATUS and ANSWER. The x keeps the last newline of an answer.
_request() {
	ANSWER="$(curl -gsS --max-time 20 --path-as-is -w 'x%{http_code}' -X "$1" "${@:3}" "$GATEWAY_DYUPS$2")"
	STATUS="${ANSWER##*x}"
	ANSWER="${ANSWER%x*}"
}

_play_request() {
	local method="$1" path="$2" body="$3" status="$4" answer="$5"
	local STATUS ANSWER
	local -a data=()

	if [[ "$body" != - ]]; then
		data=(--data-binary "$body")
	fi
	if [[ "$answer" == - ]]; then
		answer=''
	fi
	_request "$method" "$path" "${data[@]}"
	[[ "$STATUS" == "$status" && ("$answer" == '*' || "$ANSWER" == "$answer") ]] && return
	printf 'got %s "%s"\n' "$STATUS" "$ANSWER"
	return 1
}

# A query to ngx_dynamic_upstream.
_play_query() {
	local method="$1" query="$2" status="$3" answer="$4"

	[[ "$query" == - ]] || query="?$query"
	_play_request "$method" "/dynamic${query#-}" - "$status" "$answer"
}

play_queries() {
	_play "$1" _play_query
}

play_requests() {
	_play "$1" _play_request
}

# Prints "ADDRESS weight max_conns max_fails fail_timeout backup down, ..." for an upstream, from /detail.
_servers_of() {
	gateway_detail | sed -n "/^$1\$/,/^\$/{/^server/{s/^server //;s/[a-z_]*=//g;p}}" | paste -sd, | sed 's/,/, /g'
}

_play_body() {
	local status="$1" body="$2" servers="$3" answer=success got
	local STATUS ANSWER

	# The interface takes what this nginx takes in a file.
	if [[ "$status" == any ]]; then
		echo "pid $GATEWAY_DIR/body.pid; events {} http { upstream body { $body } }" >"$GATEWAY_DIR/body.conf"
		(_gateway_nginx -c "$GATEWAY_DIR/body.conf" -t -q 2>/dev/null) && status=200 || status=500
	fi
	if [[ "$status" == 500 ]]; then
		answer='add server failed'
		servers='10.9.9.9:9 1 0 1 10 0 0'
	fi
	_request POST /upstream/body --data-binary 'server 10.9.9.9:9;'
	_request POST /upstream/body --data-binary "$body"
	got="$(_servers_of body)"
	[[ "$STATUS" == "$status" && "$ANSWER" == "$answer" && "$got" == "$servers" ]] && return
	printf 'got %s "%s", then %s\n' "$STATUS" "$ANSWER" "$got"
	return 1
}

play_bodies() {
	_play "$1" _play_body
}
