// SPDX-License-Identifier: MIT
/* Images that say they hold a language model, and do not: refused before anything runs. */
#include <errno.h>

#include <hw/npu_isa.h>

#include "llm/llm_model.h"
#include "tap.h"
#include "tiny_model.h"

#include <npu/compile.h>
#include <npu/device.h>
#include <npu/gguf.h>

static struct npu_job_tensor *tensor(struct npu_job_image *image, const char *name)
{
	struct npu_job_tensor *t = npu_job_image_tensor(image, name);

	if (!t)
		bail_out("no tensor");
	return t;
}

static struct npu_job_program *program(struct npu_job_image *image, const char *name)
{
	for (uint32_t i = 0; i < image->n_programs; i++)
		if (!strcmp(image->programs[i].name, name))
			return &image->programs[i];
	bail_out("no program");
	return NULL;
}

/* The numbers of kv.layout, as they are in the weights. */
static void numbers_of(struct npu_job_image *image, int32_t numbers[NPU_KV_LAYOUT_COUNT])
{
	const struct npu_job_tensor *t = tensor(image, "kv.layout");

	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *s = &image->segments[i];

		if (t->va >= s->va && t->va - s->va < s->data_size)
			memcpy(numbers, (const char *)s->data + (t->va - s->va),
			       NPU_KV_LAYOUT_COUNT * sizeof(*numbers));
	}
}

static void refused(const struct npu_job_image *image, const int32_t *numbers,
		    const char *what)
{
	struct llm_image read;
	struct npu_error err = { 0 };

	is(llm_read_image(image, numbers, &read, &err), -EINVAL, "%s: %s", what, err.message);
}

static void test_numbers(const struct npu_job_image *image, const int32_t *good)
{
	static const struct {
		int index;
		int32_t value;
	} bad[] = {
		{ NPU_KV_CONTEXT, 0 }, { NPU_KV_CONTEXT, -1 }, { NPU_KV_CONTEXT, INT32_MAX },
		{ NPU_KV_PAGE_TOKENS, 0 }, { NPU_KV_PAGE_TOKENS, 1 },
		{ NPU_KV_SLOTS, 0 }, { NPU_KV_SLOTS, INT32_MAX }, { NPU_KV_SLOTS, 4000 },
		{ NPU_KV_SLOT_PAGES, 0 }, { NPU_KV_SLOT_PAGES, -1 },
		{ NPU_KV_SLOT_PAGES, INT32_MAX }, { NPU_KV_BATCH, -1 }, { NPU_KV_TYPE, 0 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int32_t numbers[NPU_KV_LAYOUT_COUNT];

		memcpy(numbers, good, sizeof(numbers));
		numbers[bad[i].index] = bad[i].value;
		refused(image, numbers, "a bad number");
	}
	refused(image, NULL, "no numbers");
}

/* One field at a time is made wrong, and mended. */
#define WITH(field, value, what) do {			\
	__typeof__(field) kept = (field);		\
							\
	(field) = (value);				\
	refused(image, numbers, what);			\
	(field) = kept;					\
} while (0)

/* However many tokens have room, a run's are counted in 32 bits. */
static void test_rows(struct npu_job_image *image, const int32_t *numbers)
{
	struct npu_job_tensor *logits = tensor(image, "logits");
	struct npu_job_tensor *tokens = tensor(image, "tokens");
	struct npu_job_program *prefill = program(image, "prefill");
	uint64_t rows = logits->dims[0], room = tokens->dims[0];

	logits->dims[0] = 1ull << 33;
	tokens->dims[0] = 1ull << 33;
	WITH(prefill->args[1], 1ull << 32, "2^32 tokens that have room");
	logits->dims[0] = rows;
	tokens->dims[0] = room;
}

static void test_tensors(struct npu_job_image *image, const int32_t *numbers)
{
	struct npu_job_tensor *kv = tensor(image, "kv"), *logits = tensor(image, "logits");
	struct npu_job_tensor *places = tensor(image, "places");
	struct npu_job_program *prefill = program(image, "prefill");
	struct npu_job_program *decode = program(image, "decode");

	WITH(kv->name[0], 'x', "no cache");
	WITH(kv->type, NPU_TYPE_F16, "a cache of another type");
	WITH(kv->dims[0], kv->dims[0] + 1, "a cache of more pages");
	WITH(kv->dims[1], kv->dims[1] + 64, "pages that are no pages");
	WITH(kv->dims[1], 0, "pages of nothing");
	WITH(kv->dims[1], 1ull << 60, "pages larger than anything");
	WITH(kv->va, kv->va + 4096, "a cache that is not its segment");
	WITH(logits->name[0], 'x', "no logits");
	WITH(logits->dims[1], 0, "no vocabulary");
	WITH(logits->dims[1], 1ull << 40, "a vocabulary of 2^40");
	WITH(logits->dims[0], 1, "logits of fewer tokens than a run has");
	WITH(tensor(image, "tokens")->dims[0], 2, "fewer tokens than a run has");
	WITH(places->dims[0], 3, "places of three numbers");
	WITH(places->dims[1], 1000, "more places than rows");
	WITH(prefill->args[1], 0, "runs of no token");
	WITH(prefill->args[1], 1ull << 32 | 4, "runs of 2^32 tokens");
	WITH(prefill->num_args, 3, "a prefill of other arguments");
	WITH(prefill->name[0], 'x', "no prefill");
	WITH(decode->name[0], 'x', "no decode");
	WITH(tensor(image, "kv.layout")->dims[0], 3, "a short layout");
}

static void not_opened(struct npu_device *device, const struct npu_job_image *image,
		       const char *what)
{
	struct npu_error err = { 0 };
	struct npu_llm *llm;

	is(npu_llm_open_image(device, image, NULL, &llm, &err), -EINVAL, "%s: %s", what,
	   err.message);
}

/* Images that are good by themselves, but not to be run. */
static void test_open(struct npu_job_image *image)
{
	static const char *const names[] = { "tokens", "logits", "places", "kv.layout" };
	uint64_t cache = llm_cache_address(image);
	struct npu_job_segment *first = image->segments;
	uint64_t size = first->size;
	struct npu_device *device;
	struct npu_error err;
	struct npu_llm *llm;

	if (npu_device_open("sim", &device, &err))
		bail_out(err.message);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct npu_job_tensor *t = tensor(image, names[i]);
		uint64_t va = t->va;

		t->va = cache;
		not_opened(device, image, names[i]);
		t->va = va;
	}
	first->size = 1ull << 46;
	is(npu_llm_open_image(device, image, NULL, &llm, &err), -E2BIG, "64 TiB of memory");
	ok(strstr(err.message, "67108") && strstr(err.message, "MiB are available"), "%s",
	   err.message);
	first->size = size;
	ok(!npu_llm_open_image(device, image, NULL, &llm, &err), "as it was it is opened");
	npu_llm_close(llm);
	npu_device_close(device);
}

int main(void)
{
	struct npu_compile_options options = { .chunk = 4, .sequences = 3, .batch = 3 };
	int32_t numbers[NPU_KV_LAYOUT_COUNT] = { 0 };
	struct tiny t = tiny_default;
	struct npu_job_image *image;
	struct npu_target target;
	struct llm_image read;
	struct npu_error err;
	struct builder b;
	struct exact file;

	tiny_build(&b, &t);
	file = open_exact(b.file.data, b.file.size);
	npu_target_default(&target);
	if (file.ret || npu_compile_llama(file.gguf, &target, &options, &image, &err))
		bail_out("no image");
	numbers_of(image, numbers);
	ok(!llm_read_image(image, numbers, &read, &err), "an image as it should be");
	is(read.slots, 3, "  sequences");
	is(read.batch, 3, "  of a batch");
	is(read.chunk, 4, "  tokens of a run");
	is(read.context, t.context, "  positions");
	is(read.vocab, t.vocab, "  vocabulary");
	test_numbers(image, numbers);
	test_tensors(image, numbers);
	test_rows(image, numbers);
	ok(!llm_read_image(image, numbers, &read, &err), "it is as it was");
	test_open(image);
	npu_job_image_free(image);
	close_exact(&file);
	builder_free(&b);
	return done_testing();
}
