# SPDX-License-Identifier: MIT
# Completion of liblinux for bash.
_liblinux()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} words= before_all= file
	local program=${COMP_WORDS[0]}
	case $program in \~/*) program=$HOME/${program#*/} ;; esac
	# bash takes = as a word of its own.
	[ "$before" != = ] || before=${COMP_WORDS[COMP_CWORD-2]}
	[ "$word" != = ] || word=
	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		words='list show probe needs errno call --help --version'
	elif [ "$before" = --category ]; then
		words=$("$program" list --categories 2>/dev/null | while read -r file _; do echo "$file"; done)
	elif [ "$before" = --not-in ]; then
		words='glibc musl'
	elif [ "$before" = --arch ]; then
		words=$("$program" list --arch= 2>&1 | sed -n 's/.*there are: //p' | tr -d ,)
	elif [ "$before" = --since ]; then
		return
	else
		case $command:$word in
		list:-*) words='--since --category --categories --not-in --arch --json --help' ;;
		probe:-*) words='--all --json --help' ;;
		show:-* | needs:-* | errno:-* | call:-*) words='--json --help' ;;
		list:* | show:* | probe:*) _liblinux_calls ;;
		errno:*) words=$("$program" errno 2>/dev/null | while read -r file _; do echo "$file"; done)
			case $word in [a-z]*) words=${words,,} ;; esac
			;;
		needs:* | call:*)
			if [ "$command" = call ] && [ "$COMP_CWORD" = 2 ]; then
				_liblinux_calls
			elif [ "$command" = needs ] || [ -n "$word" ]; then
				# Only here: Tab would add a slash to a call that a folder is named as.
				compopt -o filenames
				while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$word")
				return
			fi
			;;
		esac
	fi
	while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -P "$before_all" -W "$words" -- "${word#"$before_all"}")
}

# Sets words, and before_all to a linux_ that the word begins with.
_liblinux_calls()
{
	case $word in linux_*) before_all=linux_ ;; esac
	words=$("$program" list 2>/dev/null | while read -r name _; do [ "$name" = NAME ] || echo "$name"; done)
}

complete -F _liblinux liblinux
