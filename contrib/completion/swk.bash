# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Completion for bash. Source this file, or copy it to bash-completion's folder twice, as swk and as swk-apply.
# It reads commands and options from the programs' --help, so it is never out of date. It asks neither Consul nor nginx.

# _swk_options COMMAND... - prints the options: letter, name, and the name of the value, in brackets if it is optional.
_swk_options() {
	"$@" --help 2>/dev/null | sed -nE 's/^ +(-.), (--[a-z-]+)([ [][^ ]+)? .*/\1 \2 \3/p'
}

_swk_commands() {
	"$1" --help 2>/dev/null | sed -nE 's/^  ([a-z][a-z-]*)  .*/\1/p'
}

# _swk_values VALUE WORD - completes WORD, where --help names the value VALUE.
_swk_values() {
	case $1 in
	*FILE* | *nginx.conf*)
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		compopt -o filenames 2>/dev/null
		;;
	*DIR*)
		mapfile -t COMPREPLY < <(compgen -d -- "$2")
		compopt -o filenames 2>/dev/null
		;;
	*'|'*) mapfile -t COMPREPLY < <(compgen -W "${1//|/ }" -- "$2") ;;
	esac
}

# _swk PROGRAM WORD BEFORE
_swk() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} given='' names='' letter name takes
	local -a command=("$1")

	COMPREPLY=()
	if [[ ${1##*/} == swk ]]; then
		if ((COMP_CWORD == 1)); then
			mapfile -t COMPREPLY < <(compgen -W "$(_swk_commands "$1") --help --version" -- "$word")
			return
		fi
		_swk_commands "$1" | grep -qxF -e "${COMP_WORDS[1]}" || return
		command+=("${COMP_WORDS[1]}")
	fi

	# Bash splits --config=FILE at the equals sign.
	if [[ $word == '=' ]]; then
		given=1 word=''
	elif [[ $before == '=' ]]; then
		given=1 before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	while read -r letter name takes; do
		names+="$name "
		if [[ $before != "$name" && $before != "$letter" ]]; then
			continue
		elif [[ -n $takes && ($takes != '['* || -n $given) ]]; then
			_swk_values "$takes" "$word"
			return
		elif [[ -n $given ]]; then
			_swk_values 'yes|no' "$word"
			return
		fi
	done < <(_swk_options "${command[@]}")

	[[ $word == -* ]] || _swk_values "$("${command[@]}" --help 2>/dev/null | sed -n '1s/.*…//p')" "$word"
	[[ -n $word && $word != -* || ${#COMPREPLY[@]} != 0 ]] ||
		mapfile -t COMPREPLY < <(compgen -W "$names" -- "$word")
}

complete -F _swk swk swk-apply
