#!/bin/bash
# SPDX-License-Identifier: MIT
# A command in the guest behaves as it would here: arguments, streams, status,
# working directory.

cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
root=$PWD
dir=$(mktemp -d build/vm/test.XXXXXX)
trap 'rm -rf "$root/$dir"' EXIT
vm=(tools/npu-vm --timeout 120 --log "$dir/kernel.log")

# One boot for what one boot can show.
cat >"$dir/probe" <<-'EOF'
	#!/bin/bash
	echo "arguments:$(printf '<%s>' "$@")"
	echo "directory:$PWD"
	echo "input:$(cat | md5sum)"
	echo "path:$(type -p npu-vm)"
	echo "module:$(sed -n 's/ .*//p' /proc/modules | grep -x npu)"
	echo "node:$(ls /dev/accel)"
	echo "release:$(uname -r)"
	echo "again:$(echo reopened >/dev/stdout)"
	echo "tmp:$(echo x >/tmp/x && cat /tmp/x)"
	echo "read-only:$(touch /etc/npu-vm-was-here 2>&1 | grep -c 'Read-only')"
	echo "on stderr" >&2
	cp seen-by-guest written-by-guest
	exit 42
EOF
chmod +x "$dir/probe"
head -c 300000 /dev/urandom >"$dir/input"
echo shared >"$dir/seen-by-guest"

cd "$dir" || exit 1
out=$("$root/tools/npu-vm" --timeout 120 --log kernel.log -- \
	./probe one "two words" "it's" '$HOME "q" \n *' '' <input 2>errors)
status=$?
cd "$root" || exit 1

is $status 42 "the command's status comes back"
line() { printf '%s\n' "$out" | sed -n "s/^$1://p"; }
is "$(line arguments)" '<one><two words><it'"'"'s><$HOME "q" \n *><>' "arguments arrive as they were"
is "$(line directory)" "$root/$dir" "the working directory is the caller's"
is "$(line input)" "$(md5sum <"$dir/input")" "standard input arrives whole"
is "$(line path)" "$root/tools/npu-vm" "the tools are on the path"
is "$(line module)" "npu" "npu.ko is loaded"
is "$(line node)" "accel0" "the accel node is there"
is "$(line release)" "$(cat build/kernel/release)" "the kernel is the one that was fetched"
is "$(line again)" "reopened" "a program may open /dev/stdout"
is "$(line tmp)" "x" "/tmp can be written"
is "$(line read-only)" "1" "what is not shared cannot be written"
is "$(cat "$dir/errors")" "on stderr" "standard error comes apart, and nothing else on it"
is "$(cat "$dir/written-by-guest")" shared "the host sees what the guest wrote"
like "$(cat "$dir/kernel.log")" "Linux version" "the kernel's log is kept"

# What is written arrives while the command runs.
start=$(date +%s)
"${vm[@]}" -- sh -c 'echo first; sleep 20' </dev/null | {
	read -r line
	[ "$line" = first ] && date +%s >"$dir/first"
	cat >/dev/null
}
end=$(date +%s)
[ $((end - $(cat "$dir/first"))) -ge 15 ]
ok $? "output is seen while the command runs"
echo "# booted and ran echo in $(($(cat "$dir/first") - start)) seconds"

# A script on standard input, for a shell that has no terminal.
is "$(echo 'echo $((6 * 7)); exit 3' | "${vm[@]}" --shell 2>&1; echo $?)" $'42\n3' \
	"--shell without a terminal reads its commands from standard input"
done_testing
