#!/bin/bash
# SPDX-License-Identifier: MIT
#
# npu-run with every option, on a device in the process.

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/npu_run.sh

# refused PATTERN WHAT OPTION...: status 2, nothing on standard output, and a reason
refused()
{
	local pattern=$1 what=$2

	shift 2
	out=$(npu-run "$@" 2>"$dir/err" </dev/null)
	is "$?" 2 "$what: status 2"
	like "$(<"$dir/err")" "$pattern" "$what: the reason"
}

# session [LINE]...: npu-run --interactive with $options, and these lines as input
session() { printf "${1+%s\n}" "$@" | npu-run -m $model -i "${options[@]}" 2>"$dir/err"; }

prompt="And the king"
run -p "$prompt" -n 48
greedy=$out
is $status 0 "a text"
like "$out" "^$prompt." "that goes on from the prompt"
like "$err" "^load +[0-9.]+ .?s, then [0-9.]+ .?s to the first token, [0-9.]+ .?s modelled" \
	"time to load and to the first token"
like "$err" "^prompt +[0-9]+ tokens .*tokens/s wall .*tokens/s modelled .*J and .*B a token" \
	"figures of the prompt"
like "$err" "^generated +47 tokens .*tokens/s wall .*tokens/s modelled" "and of the text"

# The prompt
printf '%s\n' "$prompt" >"$dir/prompt"
run -f "$dir/prompt" -n 48
is "$out" "$greedy" "a prompt from a file"
out=$(npu-run -m $model -f - -n 48 <"$dir/prompt" 2>"$dir/err")
is "$out" "$greedy" "from standard input"
run --file="$dir/prompt" --n-predict 48 -c 200 -b 7
is "$out" "$greedy" "other names, context and chunk make no difference"
run -e -p 'A\x6ed the\tking\n' -n 0
is "$out" "And the	king" "backslashes with --escape"
run -p 'A\nB' -n 0
is "$out" 'A\nB' "and without"
run -p "$prompt" -n 0
is "$status $out" "0 $prompt" "no tokens at all"
run -n 5 --json
is "$status $(field 'd["prompt"]["tokens"]')" "0 1" "without a prompt there is the token for the beginning"

# Where a text ends
for at in 13 20 31 44; do
	for len in 1 3 9; do
		stop=${greedy:at:len}
		run -p "$prompt" -n 48 --stop "$stop" --stop "never in it"
		rest=${greedy#"$prompt"}
		[ "$out" = "$prompt${rest%%"$stop"*}" ]
		ok $? "ends at '$stop', which is not shown"
	done
done
run -p "$prompt" -n 48 -j -r "${greedy:20:7}" -r "never in it"
is "$(field 'd["stopped"], d["stop_string"]')" "stop string ${greedy:20:7}" \
	"JSON tells which text it was"
run -p "$prompt" -n 48 --stop "never in it"
is "$out" "$greedy" "one that does not come changes nothing"
run -p "$prompt" -n 48 -e --stop '\x6' --stop '${greedy:14:1}Q\n'
is "$out" "$greedy" "nor does what only starts like one"
refused "stop string is empty" "an empty one" -m $model -p x --stop ""

# Choice
run -p "$prompt" -n 48 --temp 0.9 --seed 3
warm=$out
[ "$warm" != "$greedy" ]
ok $? "temperature makes another text"
run -p "$prompt" -n 48 --temp 0.9 -s 3
is "$out" "$warm" "the same with the same seed"
run -p "$prompt" -n 48 --temp 0.9 --seed 4
[ "$out" != "$warm" ]
ok $? "another with another seed"
for only in "--top-k 1" "--top-p 0.0001" "--min-p 1" "--temp 0.0001"; do
	# shellcheck disable=SC2086
	run -p "$prompt" -n 48 --temp 0.9 --seed 3 $only
	is "$out" "$greedy" "$only leaves the likeliest token"
done
for filter in "--top-k 5" "--top-p 0.6" "--min-p 0.2"; do
	# shellcheck disable=SC2086
	run -p "$prompt" -n 48 --temp 2 --seed 3 $filter
	filtered=$out
	run -p "$prompt" -n 48 --temp 2 --seed 3
	[ "$out" != "$filtered" ]
	ok $? "$filter is heeded"
done

# What comes again is what a greedy text of a small model is full of.
words() { tr -s ' \n' '\n' <<<"$1" | sort -u | wc -l; }
run -p "$prompt" -n 100
plain=$(words "$out")
for penalty in "--repeat-penalty 1.5" "--frequency-penalty 2" "--presence-penalty 3"; do
	# shellcheck disable=SC2086
	run -p "$prompt" -n 100 $penalty
	[ "$(words "$out")" -gt "$plain" ]
	ok $? "$penalty: $(words "$out") different words instead of $plain"
	# shellcheck disable=SC2086
	run -p "$prompt" -n 48 $penalty --repeat-last-n 0
	is "$out" "$greedy" "and none with --repeat-last-n 0"
done

# JSON
run -p "$prompt" -n 48 --json
is "$(field 'd["text"]')" "$greedy" "JSON has the text"
is "$(field 'd["generated"], d["stopped"], d["seed"]')" "48 length 0" "how long it is, and why"
is "$(field '[d[k]["tokens"] > 0 and d[k]["model_tokens_per_second"] > 0 and
	d[k]["wall_seconds"] > 0 and d[k]["joules_per_token"] > 0 and d[k]["bytes_per_token"] > 0
	for k in ("prompt", "decode")]')" "[True, True]" "figures of prompt and text"
is "$(field 'd["load_seconds"] > 0, d["first_token_seconds"] > 0, d["first_token_model_seconds"] > 0')" \
	"True True True" "time to load and to the first token"
[ -z "$err" ]
ok $? "and nothing else is said"

# The context
run -p "$prompt" -n 100 -c 16
is $status 2 "more tokens than the context has"
like "$err" "context of 16 tokens is full after [0-9]+ of the 100 tokens" "are told of with both numbers"
full=${greedy:0:${#out}}
is "$out" "$full" "after the text that there is room for"
run -p "$prompt" -n -1 -c 16
is "$status $out" "0 $full" "without a limit this is the end"
run -p "$(printf 'word %.0s' {1..60})" -c 16
is $status 2 "a prompt that is too long"
like "$err" "[0-9]+ tokens of text behind 0 exceed the context of 16" "is refused with both numbers"

# A model that guesses ahead: the same, and one that is half gone
cp $model "$dir/draft.gguf"
size=$(stat -c %s $model)
dd if=/dev/zero of="$dir/draft.gguf" bs=1 seek=$((size * 3 / 4)) count=200000 conv=notrunc 2>/dev/null
for draft in $model "$dir/draft.gguf"; do
	for n in 1 5 64; do
		run -p "$prompt" -n 48 -md "$draft" --draft $n
		is "$out" "$greedy" "the same text with ${draft##*/} guessing $n tokens"
	done
	like "$err" "^draft +[0-9]+ of [0-9]+ guesses right" "how well it guesses"
	run -p "$prompt" -n 48 --temp 0.9 --seed 3 --model-draft "$draft"
	is "$out" "$warm" "and when tokens are drawn"
done
run -p "$prompt" -n -1 -c 40 -md "$dir/draft.gguf"
drafted=$out
run -p "$prompt" -n -1 -c 40
is "$drafted" "$out" "up to the end of the context"
run -p "$prompt" -n 48 -md $model --stop "${greedy:20:7}" --json
is "$(field 'd["text"]')" "${greedy%%"${greedy:20:7}"*}" "up to a stop text"
is "$(field 'd["draft"]["right"] <= d["draft"]["guesses"]')" True "JSON tells of the guesses"

# A compiled model
npu-compile $model -o "$dir/model.npu" >/dev/null 2>&1
run -m "$dir/model.npu" -p "$prompt" -n 48
is "$out" "$greedy" "a compiled model writes the same"
npu-compile --block 0 $model -o "$dir/block.npu" >/dev/null 2>&1
refused "holds no model's metadata" "a compiled block" -m "$dir/block.npu" -p x
mkdir "$dir/cache"
run -p "$prompt" -n 48 --cache "$dir/cache"
run -p "$prompt" -n 48 --cache "$dir/cache"
is "$out" "$greedy" "a model from the cache of compiled models, too"
[ -n "$(ls "$dir/cache")" ]
ok $? "where it is kept"

# Sessions: what the model has read it does not read again
refused "not for a session" "a session as JSON" -m $model -i --json
options=(-n 12)
run -p "$prompt" -n 12
first=${out#"$prompt"}
out=$(session "$prompt/" "Now")
is "${out:0:${#first}}" "$first" "a session goes on from what is typed"
second=${out#"$first"}
second=${second#$'\n'}
run -p "$prompt${first}Now"$'\n' -n 12
is "$second" "${out#"$prompt${first}Now"$'\n'}" "and then from all of it"
all=$(npu-run -m $model -p "$prompt${first}Now"$'\n' -n 0 --json | python3 -c \
	'import json, sys; print(json.load(sys.stdin)["prompt"]["tokens"])')
session "$prompt/" "Now" >/dev/null
read -r _ tokens _ <<<"$(grep '^prompt' "$dir/err")"
[ "$tokens" -lt "$all" ]
ok $? "$tokens tokens of text were read, not $all"
out=$(session "$prompt\\" "of/" "/clear" "/help" "$prompt\\" "of/" "/exit" "never read")
is "$(head -1 <<<"$out")" "$(tail -1 <<<"$out")" "/clear starts anew, \\ joins lines, /exit ends"
like "$(<"$dir/err")" "/clear  start anew" "/help helps"
options=(-n 8 -c 24)
out=$(session "$(printf 'word %.0s' {1..60})" "$prompt/")
like "$(<"$dir/err")" "exceed the context of 24" "what does not fit is refused"
is "$out" "${greedy:${#prompt}:${#out}}" "and counts as not said"
options=(-n 100 -c 24)
session "$prompt/" >/dev/null
like "$(<"$dir/err")" "context of 24 tokens is full" "the end of the context is told"
options=(-p "$prompt" -n 48)
is "$(session)" "$greedy" "a session may start with a prompt"
options=(-n 12 -md "$model")
drafted=$(session "$prompt/" "Now")
options=(-n 12)
is "$drafted" "$(session "$prompt/" "Now")" "a session with a model that guesses"

# Chats; the built-in model was not trained on any, which makes no difference here
options=(-cnv --chat-template chatml --system "You are a psalm." -n 12)
out=$(session "Hello" "And you" "/clear" "Hello")
is "$(wc -l <<<"$out")" 3 "a chat of three answers"
is "$(sed -n 1p <<<"$out")" "$(sed -n 3p <<<"$out")" "/clear leaves what the system says"
run -st -p Hello --chat-template chatml --system "You are a psalm." -n 12
is "$(head -1 <<<"$out")" "$(session "Hello")" "one answer by itself"
form=$'<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n'
run -st -p Hello --chat-template chatml -n 12
single=$out
run -p "$form" -n 12
is "$form$single" "$out" "is what the form of the chat leads to"
run -p "$form" -n 12 --special
is "$form$single" "$out" "also where control tokens would count"
refused "has no chat template" "a chat with a model that has none" -m $model -cnv
refused "there is no chat template 'x': there are .*chatml" "an unknown one" \
	-m $model -cnv --chat-template x
refused "give one with -p" "one answer to nothing" -m $model -st --chat-template chatml
refused "leaves no chat" "no chat, but one turn of it" -m $model -no-cnv -st -p x

# Ctrl-C
report=$(tests/lib/interrupted.py plain npu-run -m $model -p "$prompt" -n -1)
like "$report" "status=130" "Ctrl-C ends the answer"
like "$report" "figures=1" "after which the figures come"
report=$(tests/lib/interrupted.py twice npu-run -m $model -p "$prompt" -n -1)
is "$report" $'status=130\nfigures=0' "a second one, while the first is not heeded, ends the program"
report=$(tests/lib/interrupted.py session npu-run -m $model -i -n -1 -c 128)
like "$report" "second=[1-9]" "in a session another answer may follow"
like "$report" "status=0" "and at the prompt it ends the session"
like "$report" "figures=1" "with figures"

# Types of weights
run -p "$prompt" -n 48 --type int8
is "$out" "$greedy" "INT8 is what the model gets without --type"
for type in nf4 f16; do
	run -p "$prompt" -n 48 --type $type
	like "$out" "^$prompt [A-Za-z ,.;:]+" "$type writes words"
done
run -p "$prompt" -n 48 --kv-type f16
is "$out" "$greedy" "keys and values have 16 bits without --kv-type"
run -p "$prompt" -n 48 --json
wide=$(field 'd["decode"]["bytes_per_token"]')
run -p "$prompt" -n 48 --kv-type i8 --json
like "$(field 'd["text"]')" "^$prompt [A-Za-z ,.;:]+" "with 8 bits there are words, too"
is "$(field "d['decode']['bytes_per_token'] < $wide")" True "for fewer bytes"

# The command line
for option in "-n x" "-n -2" "--temp x" "--temp -1" "--temp nan" "--top-k -1" "--top-p 0" "--top-p 1.1" \
	"--min-p 2" "--repeat-penalty -1" "--repeat-last-n x" "--seed -1" "-c 99999999999" "-b x" \
	"-np 0" "--draft 0" "--no-such-option" "stray" "--type int5" "--kv-type i4" "-c 100000000" \
	"-f $dir/nothing" "-md $dir/nothing" "-np 2 -i" "-np 2 -md $model"; do
	# shellcheck disable=SC2086
	refused "^npu-run: .*[a-z]" "$option" -m $model -p x $option
done
refused "give a model with -m" "no model" -p x
refused "$dir/nothing: cannot open" "a model that is not there" -m "$dir/nothing" -p x
mkfifo "$dir/fifo"
refused "not a regular file" "a model that is no file" -m "$dir/fifo" -p x
head -c 100000 $model >"$dir/cut.gguf"
refused "$dir/cut.gguf: offset" "a model that is cut" -m "$dir/cut.gguf" -p x
head -c 100000 "$dir/model.npu" >"$dir/cut.npu"
refused "$dir/cut.npu" "a compiled model that is cut" -m "$dir/cut.npu" -p x
NPU_DEVICE=/dev/null npu-run -m $model -p x >"$dir/out" 2>&1
is $? 1 "a device that is none: status 1"
npu-run -m $model -p x -n 4 >/dev/full 2>"$dir/err"
is $? 1 "text that cannot be written: status 1"
like "$(<"$dir/err")" "cannot write the text: No space left" "and why"

help=$(npu-run --help)
for option in model prompt file tokens stop escape special ignore-eos interactive conversation system \
	chat-template single-turn parallel repeat-penalty repeat-last-n frequency-penalty \
	presence-penalty top-k top-p min-p temp seed ctx-size batch-size kv-type type model-draft draft \
	device cache no-cache json help version; do
	grep -q -e "--$option\b" <<<"$help" && grep -q -e "--$option\b" Documentation/man/npu-run.1.rst
	ok $? "--$option is in the help and in the manual"
done
done_testing
