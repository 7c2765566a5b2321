#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Each option that a tool's --help names is in its man page, each that the man
# page lists is known to the tool, and what README and Documentation link to is there.

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh

# Options in a text: at the start of a word, as -x or --long.
options()
{
	grep -oE -- '(^|[[:space:],(*])--?[a-zA-Z][-a-zA-Z0-9]*' | sed 's/^[^-]*//' | sort -u
}

# Those of the first text that the second lacks.
lacks()
{
	comm -23 <(options <<<"$1") <(options <<<"$2") | xargs
}

# is_none TOOL OPTION: the tool says that it has no such option
is_none()
{
	"$1" "$2" --help 2>&1 </dev/null | grep -qE 'unrecognized|no option'
}

# Those in the entries of a man page that the tool does not know.
unknown()
{
	sed -n 's/^\(-.*\)$/\1/p' "$2" | options | grep '^--' | while read -r option; do
		# Some take a value, some none.
		is_none "$1" "$option=1" && is_none "$1" "$option" && echo "$option"
	done | xargs
}

for source in tools/*.c tools/npu-vm; do
	name=$(basename "$source" .c)
	tool=build/bin/$name
	[ "$source" != tools/npu-vm ] || tool=$source
	page=Documentation/man/$name.1.rst
	help=$("$tool" --help)
	is $? 0 "$name --help"
	like "$help" "--help" "names options"
	is "$(lacks "$help" "$(cat "$page")")" "" "and none that its man page lacks"
	is "$(unknown "$tool" "$page")" "" "which lists none that it does not know"
done
is "$(lacks "  -x, --more=N" "-x alone")" --more "one that a page lacks would be seen"
for tool in build/bin/npu-run tools/npu-vm; do
	is "$(unknown $tool <(echo --nonsense))" --nonsense "one that $tool does not know, too"
done

# What a page links to or shows, by its own folder.
links()
{
	grep -oE '\]\([^)#]+\)|<[^<> ]+\.(rst|c|h|png)>`_|image:: [^ ]+' "$1" |
		sed -E 's/^\]\(|\)$|^<|>`_$|^image:: //g' | grep -vE '^https?:'
}

for page in README.md Documentation/*.rst Documentation/man/*.rst; do
	missing=$(links "$page" | while read -r link; do
		[ -e "$(dirname "$page")/$link" ] || echo "$link"
	done | xargs)
	is "$missing" "" "$page: what it links to is there"
done

# And files that they name.
missing=$(grep -ohE '`(tools|tests|libnpu|driver|uapi|qemu-device|mk|models|packaging|Documentation)/[a-zA-Z0-9_./-]+`' \
	README.md Documentation/*.rst Documentation/man/*.rst | tr -d '`' | sort -u |
	while read -r file; do
		[ -e "$file" ] || echo "$file"
	done | xargs)
is "$missing" "" "files that pages name are there"
done_testing
