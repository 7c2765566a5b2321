# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What each libFuzzer target is run with, whoever runs it: for tests/fuzz/libfuzzer.sh
# and tests/fuzz/long-run.

# Inputs that are longer show nothing that shorter ones do not, and take long.
declare -A fuzz_max_len=([text]=512 [core_decode]=128 [core_pages]=1024 [core_text]=2048
	[core_device]=1024 [core_program]=65536 [job_file]=4096)

# An input that takes this long, or this much memory, has found something. It is
# time by the clock: a host that is busy needs more.
fuzz_seconds=${NPU_FUZZ_INPUT_SECONDS:-120}
fuzz_megabytes=1024

# Of a long run, by how much there is to find: where order and threads count, most.
declare -A fuzz_share=([core_device]=8 [core_program]=5 [core_pages]=3 [core_text]=2
	[core_decode]=2 [job_file]=2 [gguf]=2)

# fuzz_options TARGET: an option a line.
fuzz_options()
{
	echo "-max_len=${fuzz_max_len[$1]:-32768}"
	echo "-timeout=$fuzz_seconds"
	echo "-rss_limit_mb=$fuzz_megabytes"
	echo "-malloc_limit_mb=$fuzz_megabytes"
	echo "-print_final_stats=1"
	echo "-artifact_prefix=build/fuzz/$1-"
	if [ -f "tests/fuzz/dict/$1.dict" ]; then
		echo "-dict=tests/fuzz/dict/$1.dict"
	fi
}

# fuzz_corpus TARGET FOLDER: unpacks the inputs that are kept, if there are any.
fuzz_corpus()
{
	mkdir -p "$2"
	if [ -f "tests/fuzz/corpus/$1.tar.gz" ]; then
		tar -xzf "tests/fuzz/corpus/$1.tar.gz" -C "$2"
	fi
}

# fuzz_models FOLDER: small models of every kind, for targets that read them.
fuzz_models()
{
	local arch type n=0
	local -a tokenizers=(gpt2 llama llama gpt2)
	local -A width=([F32]=16 [Q4_0]=32)

	mkdir -p "$1"
	for arch in llama qwen2 qwen3 gpt2; do
		for type in F32 Q4_0; do
			build/tests/tools/make-model --arch $arch --type $type \
				--width "${width[$type]}" --layers 1 --context 8 \
				--tokenizer "${tokenizers[n % 4]}" \
				"$1/$arch-$type.gguf" || return 1
			n=$((n + 1))
		done
	done
}

# fuzz_wants_models TARGET: whether it starts from those.
fuzz_wants_models()
{
	case $1 in
	gguf | text | vocabulary) return 0 ;;
	*) return 1 ;;
	esac
}
