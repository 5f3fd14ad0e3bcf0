# SPDX-License-Identifier: MIT
# Completion of liblinux for bash.
_liblinux()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} words= file
	# bash takes = as a word of its own.
	[ "$before" != = ] || before=${COMP_WORDS[COMP_CWORD-2]}
	[ "$word" != = ] || word=
	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		words='list show probe needs errno call --help --version'
	elif [ "$before" = --category ]; then
		words=$("${COMP_WORDS[0]}" list --categories 2>/dev/null | while read -r file _; do echo "$file"; done)
	elif [ "$before" = --not-in ]; then
		words='glibc musl'
	elif [ "$before" = --arch ]; then
		words=$("${COMP_WORDS[0]}" list --arch= 2>&1 | sed -n 's/.*there are: //p' | tr -d ,)
	elif [ "$before" = --since ]; then
		return
	else
		case $command:$word in
		list:-*) words='--since --category --categories --not-in --arch --json --help' ;;
		probe:-*) words='--all --json --help' ;;
		show:-* | needs:-* | errno:-* | call:-*) words='--json --help' ;;
		list:* | show:* | probe:*) words=$(_liblinux_calls) ;;
		errno:*) words=$("${COMP_WORDS[0]}" errno 2>/dev/null | while read -r file _; do echo "$file"; done) ;;
		call:*)
			[ "$COMP_CWORD" = 2 ] && words=$(_liblinux_calls)
			;;
		needs:*)
			while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$word")
			return
			;;
		esac
	fi
	while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -W "$words" -- "$word")
}

_liblinux_calls()
{
	"${COMP_WORDS[0]}" list 2>/dev/null | while read -r name _; do [ "$name" = NAME ] || echo "$name"; done
}

complete -o filenames -F _liblinux liblinux
