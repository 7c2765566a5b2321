// SPDX-License-Identifier: MIT
/*
 * Models of random shapes for devices of random sizes: each either compiles,
 * and then has no race and gives the same bytes on the device core, or is
 * refused with a message. A bounded run; NPU_FUZZ_ROUNDS asks for more.
 */
#include <npu/compile.h>

#include "loaded.h"
#include "replay.h"
#include "tap.h"
#include "tiny_model.h"

#define ROUNDS 60

static uint32_t state;

static uint32_t below(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

static struct tiny random_model(void)
{
	static const char *const arch[] = { "llama", "llama", "qwen2", "qwen3", "gpt2" };
	struct tiny t = {
		.arch = arch[below(5)], .bias = below(2), .freqs = below(2),
		.window = below(2) ? 1 + below(40) : 0,
		.vocab = 1 + below(200), .d_model = 1 + below(150), .layers = 1 + below(2),
		.kv_heads = 1 + below(3), .head_dim = 1 + below(40), .ffn = 1 + below(200),
		.context = 1 + below(160), .tied = below(2), .seed = state,
	};

	t.heads = t.kv_heads * (1 + below(4));
	t.rope_dims = t.head_dim < 2 ? 0 : 2 * (1 + below(t.head_dim / 2));
	/* without RoPE there is nothing to divide */
	t.freqs = t.freqs && t.rope_dims && !strcmp(t.arch, "llama");
	return t;
}

static bool same_memory(const struct replay *r, const struct loaded *l)
{
	for (uint32_t i = 0; i < r->image->n_segments; i++)
		if (memcmp(r->memory[i], l->memory[i], r->image->segments[i].size))
			return false;
	return true;
}

static uint32_t program_of(const struct replay *r, const char *name)
{
	uint32_t i = 0;

	while (i < r->image->n_programs && strcmp(r->image->programs[i].name, name))
		i++;
	return i;
}

/* Prefill in two runs, then decode and a batch of one, in both machines. */
static const char *run_both(struct replay *r, const struct loaded *l, const struct tiny *t,
			    uint32_t chunk)
{
	uint32_t first = 1 + below(chunk), second = t->context - first;
	static const char *const names[] = { "prefill", "prefill", "decode", "batch" };
	int32_t *tokens[] = { replay_tensor(r, "tokens"), loaded_tensor(l, "tokens") };
	int32_t *places[] = { replay_tensor(r, "places"), NULL };
	struct npu_completion done;

	if (places[0])
		places[1] = loaded_tensor(l, "places");
	if (second > chunk)
		second = below(chunk + 1);
	for (uint32_t i = 0; i < chunk; i++)
		tokens[0][i] = tokens[1][i] = below(t->vocab);
	for (int i = 0; i < (places[0] ? 4 : 3); i++) {
		uint64_t pos[] = { 0, first, below(t->context) };
		uint64_t n[] = { first, second, 1 };
		uint64_t run[] = { pos[i % 3], n[i % 3], below(n[i % 3] + 1), 0 };
		uint64_t single[] = { pos[2], 0 }, batch[] = { 1 };
		uint64_t *const args[] = { run, run, single, batch };

		if (i == 3)
			places[0][0] = places[1][0] = pos[0] + below(t->context);
		if (!replay_run(r, program_of(r, names[i]), args[i]))
			return r->problem;
		if (!loaded_run(l, names[i], 0, args[i], &done))
			return "the job failed";
		if (!same_memory(r, l))
			return "device and replay differ";
	}
	return NULL;
}

static void one_round(uint32_t round, uint32_t *refused)
{
	struct npu_compile_options options = {
		.chunk = 1 + below(40), .batch = 1 + below(5), .kv = below(2),
	};
	struct tiny t = random_model();
	struct npu_target target;
	struct npu_job_image *image;
	struct npu_error err = { 0 };
	struct builder b;
	struct exact file;
	const char *problem = NULL;

	npu_target_default(&target);
	target.cores = 1 + below(5);
	target.sram_size = 4096u << below(8);
	if (options.chunk > t.context)
		options.chunk = t.context;
	tiny_build(&b, &t);
	file = open_exact(b.file.data, b.file.size);
	if (file.ret || npu_compile_llama(file.gguf, &target, &options, &image, &err)) {
		++*refused;
		ok(err.message[0], "round %u is refused: %s", round, err.message);
	} else {
		struct npu_core_config config = {
			.cores = target.cores, .sram_size = target.sram_size, .threads = 1,
		};
		struct loaded l = loaded_new(&config, image);
		struct replay r;

		replay_new(&r, image, target.cores);
		problem = run_both(&r, &l, &t, options.chunk);
		ok(!problem, "round %u: %s, width %u, %u/%u heads of %u, chunk %u, %u cores of %u bytes",
		   round, t.arch, t.d_model, t.heads, t.kv_heads, t.head_dim, options.chunk,
		   target.cores, target.sram_size);
		if (problem)
			diag("%s", problem);
		replay_free(&r);
		loaded_free(&l);
		npu_job_image_free(image);
	}
	close_exact(&file);
	builder_free(&b);
}

int main(void)
{
	const char *asked = getenv("NPU_FUZZ_ROUNDS");
	uint32_t rounds = asked ? strtoul(asked, NULL, 0) : ROUNDS, refused = 0;

	for (uint32_t i = 0; i < rounds; i++) {
		state = (i + 1) * 2654435761u ^ i << 7;
		one_round(i, &refused);
	}
	ok(refused * 2 < rounds, "%u of %u models were refused", refused, rounds);
	return done_testing();
}
