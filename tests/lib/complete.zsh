#!/usr/bin/env zsh
# SPDX-License-Identifier: MIT
#
# complete.zsh FOLDER LINE - what zsh, with the completions of the folder, offers after this line: one a line, sorted. It is the
# shell's own completion, in a shell of its own on a terminal of its own; what it would add to the line is printed. The list of all
# completions, which takes zsh long to make, is kept in the file zcompdump here.

# In that shell: it reads this file, with the folder.
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
		builtin compadd "$@" # or the next kind of match would be tried
	}
	look() {
		print
		_main_complete
		print -r -- "that is"" all"
		exit
	}
	zle -C look complete-word look
	bindkey "^I" look
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
