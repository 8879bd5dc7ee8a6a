#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What bash and zsh complete: every option of every command, and the values of options.

bats_require_minimum_version 1.5.0 # `run -STATUS`

ROOT="${BATS_TEST_DIRNAME%/tests/e2e}"

setup() {
	export PATH="$ROOT/build:$PATH"
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir folder
	touch 'a file' fine folder/in_it
}

# by_bash WORD... - prints what bash offers for the last of these words, one per line, sorted.
by_bash() {
	bash --norc -c '
		source "$0"
		function=$(complete -p "${1##*/}") && function=${function#*-F } && function=${function%% *} || exit 1
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
		"$function" "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
		((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"
	' "$ROOT/contrib/completion/swk.bash" "$@" | sort
}

# by_zsh LINE - prints what zsh offers at the end of this line, in the same form.
by_zsh() {
	timeout 60 zsh -f "$ROOT/tests/lib/complete.zsh" "$ROOT/contrib/completion" "$1" | LC_ALL=C sort
}

# commands - prints swk's commands. names COMMAND, names_and_letters COMMAND - print the long options of a command, or long and
# short ones.
commands() {
	swk --help | awk '/^  [a-z]/ { print $1 }'
}

names() {
	"$@" --help | grep -oE '^ +-., --[a-z-]+' | sed 's/.* //' | LC_ALL=C sort
}

names_and_letters() {
	"$@" --help | grep -oE '^ +-., --[a-z-]+' | tr -d ' ' | tr , '\n' | LC_ALL=C sort
}

# Prints the name of each option in the table of the source code, once: some have another meaning for some commands.
table() {
	sed -nE "s/^\t\{'.', [A-Z_ |]+, \"([a-z-]+)\",.*/--\1/p" "$ROOT/src/settings/options.c" | LC_ALL=C sort -u
}

# program NAME HELP - makes a program that prints this help, and puts it first in the PATH.
program() {
	mkdir -p bin
	printf '#!/bin/sh\ncat <<END\n%s\nEND\n' "$2" >"bin/$1"
	chmod +x "bin/$1"
	PATH="$PWD/bin:$PATH"
}

@test "bash offers every command and every option" {
	[ "$(commands | wc -l)" -ge 3 ]
	[ "$(by_bash swk '')" == "$( (commands && printf '%s\n' --help --version) | sort)" ]
	[ "$(by_bash swk wat)" == watches ]
	all=$(names swk-apply)
	LC_ALL=C diff <(LC_ALL=C by_bash swk-apply -) - <<<"$all"
	for command in $(commands); do
		LC_ALL=C diff <(LC_ALL=C by_bash swk "$command" -) <(names swk "$command")
		all+=$'\n'$(by_bash swk "$command" -)
	done
	diff <(LC_ALL=C sort -u <<<"$all") <(table)
	# A path to the program works, too.
	[ "$(by_bash "$ROOT/build/swk" explain --conf)" == "$(printf '%s\n' --conf --config)" ]
}

@test "zsh offers every command and every option" {
	[ "$(by_zsh 'swk ')" == "$( (commands && printf '%s\n' --help --version) | LC_ALL=C sort)" ]
	diff <(by_zsh 'swk-apply -') <(names_and_letters swk-apply)
	for command in $(commands); do
		diff <(by_zsh "swk $command -") <(names_and_letters swk "$command")
	done
	# An option that was given is not offered again, unless it may be repeated.
	[ -z "$(by_zsh 'swk-apply -n --dry-r')" ]
	[ "$(by_zsh 'swk-apply -d http://127.0.0.1:1 --dy')" == --dyups ]
}

@test "values: files, folders, yes or no, fixed words; nothing for free text" {
	for shell in in_bash in_zsh; do
		[ "$("$shell" swk-apply --config fin)" == fine ]
		[ "$("$shell" swk-apply -C fin)" == fine ]
		[ "$("$shell" swk-apply --config = fin)" == fine ]
		[ "$("$shell" swk check-config fin)" == fine ]
		[ "$("$shell" swk check-config --config fin)" == fine ]
		[ "$("$shell" swk watches --write f)" == folder ]
		[ "$("$shell" swk watches --config f)" == "$(printf '%s\n' fine folder)" ]
		[ "$("$shell" swk-apply --verify = '')" == "$(printf '%s\n' no yes)" ]
		[ "$("$shell" swk-apply --verify = n)" == no ]
		[ -z "$("$shell" swk-apply --keepalive '')" ]
		[ "$("$shell" swk status --color = '')" == "$(printf '%s\n' always auto never)" ]
		[ -z "$("$shell" swk-apply --service f)" ]
		[ -z "$("$shell" swk explain f)" ]
		[ -z "$("$shell" swk nothing f)" ]
	done
	program swk-apply 'Usage: swk-apply [option]…

  -L, --log-format plain|logfmt how lines look
  -v, --verbose              say more'
	for shell in in_bash in_zsh; do
		[ "$("$shell" swk-apply --log-format '')" == "$(printf '%s\n' logfmt plain)" ]
		[ "$("$shell" swk-apply --log-format = p)" == plain ]
		[ "$("$shell" swk-apply --log-format plain --v)" == --verbose ]
	done
}

# The same words for both shells. A = is a word of its own, because bash splits words there.
in_bash() {
	by_bash "$@"
}

in_zsh() {
	local line="$*"

	by_zsh "${line/ = /=}"
}

@test "completion does not execute the command line, and makes no network request" {
	# shellcheck disable=SC2016 # literally, as a user types it
	[ -z "$(by_bash swk '$(touch ran)' '')" ]
	# shellcheck disable=SC2016
	[ -z "$(by_bash swk-apply --config '$(touch ran)')" ]
	# shellcheck disable=SC2016
	[ -z "$(by_bash swk explain '`touch ran`')" ]
	# shellcheck disable=SC2016
	[ -z "$(by_zsh 'swk $(touch ran) ')" ]
	[ ! -e ran ]
	export -f by_bash
	ROOT="$ROOT" strace -f -qq -e trace=connect -o calls bash -c 'by_bash swk explain ""; by_bash swk watches --write ""' >offered
	[ "$(tail -n 1 offered)" == folder ]
	run -1 grep -E 'AF_INET6?' calls
}

@test "make install installs both completions where the shells find them, and uninstall removes them" {
	make -s -C "$ROOT" install DESTDIR="$PWD/root" PREFIX=/usr >/dev/null
	cmp root/usr/share/bash-completion/completions/swk "$ROOT/contrib/completion/swk.bash"
	cmp root/usr/share/bash-completion/completions/swk-apply "$ROOT/contrib/completion/swk.bash"
	cmp root/usr/share/zsh/site-functions/_swk "$ROOT/contrib/completion/_swk"
	make -s -C "$ROOT" uninstall DESTDIR="$PWD/root" PREFIX=/usr >/dev/null
	[ -z "$(find root ! -type d)" ]
}
