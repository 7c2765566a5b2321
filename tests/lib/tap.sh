# SPDX-License-Identifier: MIT
# Test Anything Protocol for shell tests: source it, then ok, is, and done_testing.

tap_run=0
tap_failed=0

# ok STATUS NAME: passes when STATUS is 0.
ok()
{
	tap_run=$((tap_run + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_run - $2"
	else
		echo "not ok $tap_run - $2"
		tap_failed=$((tap_failed + 1))
	fi
}

# is GOT WANTED NAME
is()
{
	if [ "$1" = "$2" ]; then
		ok 0 "$3"
	else
		ok 1 "$3"
		echo "# got:    $1" | sed '2,$s/^/#         /'
		echo "# wanted: $2" | sed '2,$s/^/#         /'
	fi
}

# like GOT PATTERN NAME: an extended regular expression, anywhere in GOT.
like()
{
	if printf '%s\n' "$1" | grep -qE -- "$2"; then
		ok 0 "$3"
	else
		ok 1 "$3"
		echo "# got:    $1" | sed '2,$s/^/#         /'
		echo "# lacks:  $2"
	fi
}

done_testing()
{
	echo "1..$tap_run"
	[ "$tap_failed" = 0 ]
	exit
}
