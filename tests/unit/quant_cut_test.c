// SPDX-License-Identifier: MIT
/*
 * Some inputs of a matrix, of every type of GGUF and of npu-quantize's: they are
 * the floats that the same inputs of the whole matrix are, to the bit.
 */
#include <errno.h>
#include <unistd.h>

#include <npu/gguf.h>

#include "quant/cut.h"
#include "tap.h"
#include "tiny_model.h"

static const struct tiny wide = {
	.vocab = 67, .d_model = 256, .layers = 1, .heads = 8, .kv_heads = 2, .head_dim = 64,
	.ffn = 1024, .context = 32, .rope_dims = 64, .seed = 9,
};

/* Whether the inputs from @first on are those of the whole matrix. */
static bool same(const struct npu_gguf_tensor *t, const struct npu_gguf_tensor *cut,
		 uint64_t first)
{
	float *whole = calloc(t->dims[0], sizeof(*whole));
	float *part = calloc(t->dims[0], sizeof(*part));
	uint64_t count = cut->dims[0];
	bool good = cut->rows == t->rows;

	for (uint64_t r = 0; good && r < t->rows; r++)
		good = !npu_gguf_tensor_row(t, r, whole) && !npu_gguf_tensor_row(cut, r, part) &&
		       !memcmp(whole + first, part, count * sizeof(*part));
	free(whole);
	free(part);
	return good;
}

/* All parts of a matrix, and that together they have all outliers. */
static void test_matrix(const struct npu_gguf_tensor *t, const char *what)
{
	uint64_t n = t->dims[0], unit = quant_cut_unit(t);
	const uint64_t at[] = { 0, unit, n / 2 / unit * unit, n };
	uint32_t outliers = 0;
	bool good = true;

	for (size_t i = 0; i + 1 < sizeof(at) / sizeof(at[0]); i++) {
		struct npu_gguf_tensor cut;
		struct npu_error err;
		void *memory;

		if (at[i + 1] <= at[i])
			continue;
		if (quant_cut(t, at[i], at[i + 1] - at[i], &cut, &memory, &err))
			bail_out(err.message);
		good &= cut.dims[0] == at[i + 1] - at[i] && same(t, &cut, at[i]);
		outliers += cut.quant ? cut.quant->outliers : 0;
		free(memory);
	}
	ok(good, "%s: cut every %u of %u inputs", what, (unsigned int)unit, (unsigned int)n);
	is(outliers, t->quant ? t->quant->outliers : 0, "  with %u outliers", outliers);
}

static const struct npu_gguf_tensor *down(const struct npu_gguf *gguf)
{
	const struct npu_gguf_tensor *t = npu_gguf_find_tensor(gguf, "blk.0.ffn_down.weight");

	if (!t)
		bail_out("no matrix");
	return t;
}

static void test_type(uint32_t type)
{
	struct tiny tiny = wide;
	struct builder b;
	struct exact file;

	tiny.type = type;
	tiny_build(&b, &tiny);
	file = open_exact(b.file.data, b.file.size);
	test_matrix(down(file.gguf), npu_gguf_type_name(type));
	close_exact(&file);
	builder_free(&b);
}

static void test_quantised(const char *format)
{
	struct npu_quantize_options options = { .outlier_threshold = 1 };
	uint32_t tokens[24];
	const struct npu_text text = { tokens, 24 };
	struct npu_quantize_report report;
	struct npu_gguf *gguf;
	struct npu_error err;
	struct builder b;
	struct exact file;
	char path[64];

	for (uint32_t i = 0; i < 24; i++)
		tokens[i] = i * 5 % wide.vocab;
	snprintf(path, sizeof(path), "/tmp/quant-cut-%ld.gguf", (long)getpid());
	npu_quant_parse(format, &options.format, NULL);
	if (options.format.kind == NPU_QUANT_MIXED) {
		options.texts = &text;
		options.n_texts = 1;
	}
	tiny_build(&b, &wide);
	file = open_exact(b.file.data, b.file.size);
	if (npu_quantize(file.gguf, path, &options, &report, &err) ||
	    npu_gguf_open(path, &gguf, &err))
		bail_out(err.message);
	unlink(path);
	test_matrix(down(gguf), format);
	npu_gguf_close(gguf);
	npu_quantize_report_free(&report);
	close_exact(&file);
	builder_free(&b);
}

int main(void)
{
	static const uint32_t types[] = {
		NPU_GGUF_F32, NPU_GGUF_F16, NPU_GGUF_BF16, NPU_GGUF_Q8_0, NPU_GGUF_Q4_0,
		NPU_GGUF_Q4_1, NPU_GGUF_Q4_K, NPU_GGUF_Q6_K,
	};
	static const char *const formats[] = {
		"int8", "int8-g32", "int4-g32", "int4-g64-asym", "nf4-g32", "mixed", "f16",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		test_type(types[i]);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		test_quantised(formats[i]);
	return done_testing();
}
