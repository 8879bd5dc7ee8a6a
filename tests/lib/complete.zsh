#!/usr/bin/env zsh
# SPDX-License-Identifier: MIT
#
# complete.zsh FOLDER LINE - prints what zsh offers after this line with the completions of FOLDER: one word per line, sorted.
# It starts a second zsh on its own terminal, and prints what that shell would add to the line. It stores the list of all
# completions in the file zcompdump of the current folder, because zsh takes long to make it.

# The second shell sources this file with --inside and the folder.
if [[ $1 == --inside ]]; then
	fpath=($2 $fpath)
	autoload -Uz compinit && compinit -u -d $PWD/zcompdump
	compadd() {
		if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
			builtin compadd "$@"
			return $?
		fi
		local -a hits
		builtin compadd -A hits "$@"
		((${#hits})) && print -rl -- "offered "$^hits
		builtin compadd "$@" # otherwise zsh tries the next kind of match
	}
	offers() {
		print
		_main_complete
		print -r -- "that is"" all"
		exit
	}
	zle -C offers complete-word offers
	bindkey "^I" offers
	print -r -- "rea""dy"
	return
fi

zmodload zsh/zpty || exit 1
zpty shell zsh -f -i
zpty -w shell "source ${(q)0:A} --inside ${(q)1}"
zpty -r -m shell said '*ready*' || exit 1
zpty -n -w shell "$2"$'\t'
text=
while zpty -r shell said; do
	text+=$said
	[[ $said != *'that is all'* ]] || break
done
zpty -d shell
print -rC1 -- ${(ou)${(M)${(f)text//$'\r'/}:#offered *}#offered }
