// SPDX-License-Identifier: MIT
/*
 * GGUF's quantised types in the device's formats: what can be taken as it is
 * comes out with the same values to the bit, and the rest as INT8.
 */
#include <errno.h>
#include <math.h>

#include <npu/gguf.h>

#include "model/half.h"
#include "quant/source.h"
#include "tap.h"

#define K    64u
#define ROWS 20u

/* A tensor of blocks of 32 with sane scales and random codes; @whole: zero points too. */
static void make(struct npu_gguf_tensor *t, uint32_t type, bool whole)
{
	uint32_t block = npu_gguf_type_size(type), n = K / npu_gguf_type_elements(type) * ROWS;
	uint8_t *data = calloc(n, block);
	uint32_t seed = 17;

	memset(t, 0, sizeof(*t));
	snprintf(t->name, sizeof(t->name), "blk.0.ffn_up.weight");
	t->type = type;
	t->n_dims = 2;
	t->dims[0] = K;
	t->dims[1] = t->rows = ROWS;
	t->dims[2] = t->dims[3] = 1;
	t->row_size = K / npu_gguf_type_elements(type) * block;
	t->size = t->row_size * ROWS;
	for (uint32_t i = 0; i < n; i++) {
		float scale = 0.01f * (1 + i % 7);
		uint16_t half = float_to_half(scale);

		for (uint32_t j = 0; j < block; j++) {
			seed = seed * 1664525 + 1013904223;
			data[i * block + j] = seed >> 24;
		}
		memcpy(data + i * block, &half, 2);
		half = float_to_half(-half_to_float(half) * (i % 16 + (whole ? 0 : 0.4f)));
		if (type == NPU_GGUF_Q4_1)
			memcpy(data + i * block + 2, &half, 2);
	}
	t->data = data;
}

static void test_type(uint32_t type, bool whole, const char *want, double most)
{
	static const struct npu_quant_format automatic;
	float scratch[16 * K], got[K], exact[K];
	struct npu_quant_format f;
	struct npu_gguf_tensor t;
	struct npu_error err;
	struct panel p;
	double worst = 0, size = 0;
	char name[NPU_QUANT_NAME_LEN];

	make(&t, type, whole);
	f = quant_resolve(&t, &automatic);
	ok(!strcmp(npu_quant_name(&f, name), want), "%s becomes %s", npu_gguf_type_name(type),
	   name);
	if (panel_init(&p, &f, K))
		abort();
	for (uint32_t first = 0; first < ROWS; first += 16) {
		uint32_t rows = ROWS - first < 16 ? ROWS - first : 16;

		if (quant_source_panel(&t, first, rows, &p, scratch, &err))
			bail_out(err.message);
		for (uint32_t r = 0; r < rows; r++) {
			npu_gguf_tensor_row(&t, first + r, exact);
			panel_row(&p, r, got);
			for (uint32_t i = 0; i < K; i++) {
				worst = fmax(worst, fabsf(got[i] - exact[i]));
				size = fmax(size, fabsf(exact[i]));
			}
		}
	}
	ok(worst <= most * size, "  at most %.2g apart, of %.2g", worst, size);
	panel_free(&p);
	free((void *)t.data);
}

/* The matrices that decide the logits stay at eight bits. */
static void test_sensitive(void)
{
	struct npu_quant_format int4 = { .kind = NPU_QUANT_INT4, .group = 32 };
	struct npu_gguf_tensor t = { .type = NPU_GGUF_F32 };

	strcpy(t.name, "output.weight");
	is(quant_resolve(&t, &int4).kind, NPU_QUANT_INT8, "the output matrix becomes INT8");
	strcpy(t.name, "token_embd.weight");
	is(quant_resolve(&t, &int4).kind, NPU_QUANT_INT8, "so does a tied embedding");
	strcpy(t.name, "blk.0.output.weight");
	is(quant_resolve(&t, &int4).kind, NPU_QUANT_INT4, "others do not");
}

static void test_not_finite(uint32_t type)
{
	static const struct npu_quant_format automatic;
	float scratch[16 * K];
	struct npu_quant_format f;
	struct npu_gguf_tensor t;
	struct npu_error err = { 0 };
	struct panel p;

	make(&t, type, true);
	memset((uint8_t *)t.data + t.row_size * 3, 0x7e, 2);
	f = quant_resolve(&t, &automatic);
	panel_init(&p, &f, K);
	is(quant_source_panel(&t, 0, 16, &p, scratch, &err), -EINVAL, "%s: %s",
	   npu_gguf_type_name(type), err.message);
	panel_free(&p);
	free((void *)t.data);
}

int main(void)
{
	test_type(NPU_GGUF_Q4_0, true, "int4-g32", 0);
	test_type(NPU_GGUF_Q8_0, true, "int8-g32", 0);
	test_type(NPU_GGUF_Q4_1, true, "int4-g32-asym", 1e-3);
	test_type(NPU_GGUF_Q4_1, false, "int8", 0.005);
	test_sensitive();
	test_not_finite(NPU_GGUF_Q4_0);
	test_not_finite(NPU_GGUF_Q8_0);
	return done_testing();
}
