// SPDX-License-Identifier: MIT
/* A model that no memory holds is refused before its weights are looked at. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <npu/compile.h>
#include <npu/model.h>

#include "memory.h"
#include "tap.h"
#include "tiny_model.h"

static void test_check(void)
{
	struct npu_error err = { 0 };

	is(memory_check("few", 1 << 20, &err), 0, "a MiB is there");
	is(memory_check("many", UINT64_MAX, &err), -E2BIG, "2^64 bytes are not");
	ok(strstr(err.message, "many take 17592186044415 MiB of memory, ") &&
	   strstr(err.message, " MiB are available"), "%s", err.message);
}

/* The file without its data, which is a hole of the file system. */
static uint64_t describe(struct builder *b, uint32_t vocab, uint32_t d)
{
	static const struct {
		const char *name;
		uint64_t row, rows;
	} all[] = {
		{ "attn_q", 0, 2 }, { "attn_k", 0, 2 }, { "attn_v", 0, 2 },
		{ "attn_output", 2, 0 }, { "ffn_gate", 0, 1 }, { "ffn_up", 0, 1 },
		{ "ffn_down", 1, 0 }, { "attn_norm", 0, 1 }, { "ffn_norm", 0, 1 },
	};
	const uint64_t norm[] = { d, 0 }, table[] = { d, vocab, 0 };
	uint64_t end = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uint64_t row = all[i].row ? all[i].row : d;
		uint64_t rows = all[i].rows ? all[i].rows : d;
		const uint64_t dims[] = { row, strstr(all[i].name, "norm") ? 0 : rows, 0 };
		char name[64];

		snprintf(name, sizeof(name), "blk.0.%s.weight", all[i].name);
		add_tensor(b, name, NPU_GGUF_F32, dims, NULL, 0);
		poke_u64(&b->file, b->file.size - 8, end);
		end += (row * rows * sizeof(float) + 31) / 32 * 32;
	}
	add_tensor(b, "output_norm.weight", NPU_GGUF_F32, norm, NULL, 0);
	poke_u64(&b->file, b->file.size - 8, end);
	end += d * sizeof(float);
	add_tensor(b, "token_embd.weight", NPU_GGUF_F32, table, NULL, 0);
	poke_u64(&b->file, b->file.size - 8, end);
	return end + (uint64_t)d * vocab * sizeof(float);
}

static struct npu_gguf *make_huge(void)
{
	static const struct tiny huge = {
		.vocab = 1 << 18, .d_model = 1 << 16, .layers = 1, .heads = 1,
		.kv_heads = 1, .head_dim = 2, .ffn = 1, .context = 8,
		.rope_dims = 2, .tied = true,
	};
	char path[] = "/tmp/npu-huge-XXXXXX";
	int fd = mkstemp(path);
	struct npu_gguf *gguf;
	struct npu_error err;
	struct builder b;
	uint64_t size;
	bool written;

	builder_start(&b, 3);
	tiny_metadata(&b, &huge);
	size = describe(&b, huge.vocab, huge.d_model);
	put_padding(&b.file, b.alignment);
	written = fd >= 0 && write(fd, b.file.data, b.file.size) == (ssize_t)b.file.size;
	if (!written || ftruncate(fd, b.file.size + size)) {
		unlink(path);
		skip_all("no file with a hole of 64 GiB can be made here");
	}
	builder_free(&b);
	close(fd);
	if (npu_gguf_open(path, &gguf, &err))
		bail_out(err.message);
	unlink(path);
	return gguf;
}

static void test_huge(void)
{
	struct npu_gguf *gguf = make_huge();
	struct npu_job_image *image;
	struct npu_target target;
	struct npu_error err;

	npu_target_default(&target);
	if (!memory_check("they", 48ull << 30, NULL)) {
		skip("this machine has memory for the model");
	} else {
		is(npu_compile_llama(gguf, &target, NULL, &image, &err), -E2BIG,
		   "a model of 48 GiB is refused");
		ok(strstr(err.message, "of memory") && strstr(err.message, "available"),
		   "%s", err.message);
	}
	npu_gguf_close(gguf);
}

int main(void)
{
	test_check();
	test_huge();
	return done_testing();
}
