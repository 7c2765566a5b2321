// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "float_model.h"
#include "plan.h"

/* Matrices of a block by their names in the file, and what goes into them. */
static const struct {
	const char *name;
	uint32_t input;
} matrices[] = {
	{ "attn_q.weight", FLOAT_ATTN }, { "attn_k.weight", FLOAT_ATTN },
	{ "attn_v.weight", FLOAT_ATTN }, { "attn_qkv.weight", FLOAT_ATTN },
	{ "attn_output.weight", FLOAT_HEADS }, { "ffn_gate.weight", FLOAT_FFN },
	{ "ffn_up.weight", FLOAT_FFN }, { "ffn_down.weight", FLOAT_HIDDEN },
};

/* The block of a tensor named "blk.N.rest", and @rest; -1 for others. */
static long block_of(const char *name, const char **rest)
{
	char *end;
	long block;

	if (strncmp(name, "blk.", 4) || name[4] < '0' || name[4] > '9')
		return -1;
	block = strtol(name + 4, &end, 10);
	if (*end != '.')
		return -1;
	*rest = end + 1;
	return block;
}

static void plan_one(struct quant_plan *p, const struct npu_gguf_tensor *t,
		     const struct npu_model *model)
{
	const char *rest = NULL;
	long block = block_of(t->name, &rest);

	p->tensor = t;
	if (t == model->output) {
		p->matrix = true;
		p->input = model->config.layers * FLOAT_INPUTS;
		return;
	}
	if (block < 0 || block >= model->config.layers)
		return;
	for (size_t i = 0; i < sizeof(matrices) / sizeof(matrices[0]); i++) {
		if (strcmp(rest, matrices[i].name))
			continue;
		p->matrix = true;
		p->input = (uint32_t)block * FLOAT_INPUTS + matrices[i].input;
	}
}

struct quant_plan *quant_plan_create(const struct npu_gguf *gguf,
				     const struct npu_model *model)
{
	uint64_t n = npu_gguf_tensor_count(gguf);
	struct quant_plan *plan = calloc(n ? n : 1, sizeof(*plan));

	for (uint64_t i = 0; plan && i < n; i++)
		plan_one(&plan[i], npu_gguf_tensor_at(gguf, i), model);
	return plan;
}
