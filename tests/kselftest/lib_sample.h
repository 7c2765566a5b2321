/* SPDX-License-Identifier: GPL-2.0 */
/* A job image that does a little of everything, for tests on a real device. */
#ifndef LIB_SAMPLE_H
#define LIB_SAMPLE_H

#include "lib_machine.h"

#define SAMPLE_CODE	0x40000000ull
#define SAMPLE_DATA	0x80000000ull
#define SAMPLE_BIG	0xc0000000ull
#define SAMPLE_BIG_SIZE	((9u << 20) + 777)
#define SAMPLE_N	64
#define SAMPLE_ROW	(SAMPLE_N * 4)

/**
 * struct sample - an image that adds x * y to a state
 */
struct sample {
	struct npu_job_image image;
	struct npu_job_segment segments[3];
	struct npu_job_tensor tensors[4];
	struct npu_job_program program;
	char tags[2][NPU_JOB_NAME_LEN];
	char arg_names[1][NPU_JOB_NAME_LEN];
	uint64_t args[1];
	float inputs[2 * SAMPLE_N];
	float expected[SAMPLE_N];
	unsigned char *big;
	void *code;
};

/* state += x * y, args[0] bytes further on: one that is not zero faults. */
static inline void sample_build(struct sample *s)
{
	struct npu_builder *b = lib_begin(1);
	uint32_t at = npu_builder_sram(b, "x, y and state", 3 * SAMPLE_ROW);
	struct npu_insn_dma load = { .sram = npu_at(0, at), .mem = npu_at(8, 0),
				     .row = npu_imm(3 * SAMPLE_ROW) };
	struct npu_insn_dma store = { .sram = npu_at(0, at + 2 * SAMPLE_ROW),
				      .mem = npu_at(8, 2 * SAMPLE_ROW),
				      .row = npu_imm(SAMPLE_N * 4) };
	struct npu_insn_vec vec = {
		.dst = store.sram, .src0 = npu_at(0, at), .src1 = npu_at(0, at + SAMPLE_ROW),
		.src2 = store.sram, .rows = npu_imm(1), .cols = npu_imm(SAMPLE_N),
		.type_dst = NPU_TYPE_F32, .type_src0 = NPU_TYPE_F32,
		.type_src1 = NPU_TYPE_F32, .type_src2 = NPU_TYPE_F32,
	};

	npu_build_alu(b, NPU_ALU_ADD, 8, NPU_R_ARG(0), 0, SAMPLE_DATA);
	npu_builder_tag(b, 1, "load it");
	npu_build_load(b, &load, npu_order(0, NPU_TOKEN(0)));
	npu_build_muladd(b, &vec, npu_order(NPU_TOKEN(0), NPU_TOKEN(1)));
	npu_build_store(b, &store, npu_order(NPU_TOKEN(1), 0));
	if (npu_builder_finish(b, &s->code, &s->program.size, NULL))
		abort();
	npu_builder_destroy(b);
}

static inline void sample_tensor(struct npu_job_tensor *tensor, const char *name, uint32_t role,
				 uint32_t type, uint64_t size, uint64_t va)
{
	*tensor = (struct npu_job_tensor){
		.role = role, .type = type, .n_dims = 1, .dims = { size }, .va = va,
	};
	strcpy(tensor->name, name);
}

static inline struct npu_job_image *sample(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	sample_build(s);
	s->big = malloc(SAMPLE_BIG_SIZE);
	for (uint32_t i = 0; i < SAMPLE_BIG_SIZE; i++)
		s->big[i] = i * 2654435761u >> 24;
	for (int i = 0; i < SAMPLE_N; i++) {
		s->inputs[i] = i;
		s->inputs[SAMPLE_N + i] = 2;
		s->expected[i] = 2 * i;
	}
	s->segments[0] = (struct npu_job_segment){ "code", SAMPLE_CODE, s->program.size, s->code,
						   s->program.size, 1 };
	s->segments[1] = (struct npu_job_segment){ "data", SAMPLE_DATA, 4096, s->inputs,
						   sizeof(s->inputs), 0 };
	s->segments[2] = (struct npu_job_segment){ "big", SAMPLE_BIG, SAMPLE_BIG_SIZE + 5000, s->big,
						   SAMPLE_BIG_SIZE, 1 };
	sample_tensor(&s->tensors[0], "x", NPU_JOB_INPUT, NPU_TYPE_F32, SAMPLE_N, SAMPLE_DATA);
	sample_tensor(&s->tensors[1], "y", NPU_JOB_INPUT, NPU_TYPE_F32, SAMPLE_N, SAMPLE_DATA + SAMPLE_ROW);
	sample_tensor(&s->tensors[2], "sum", NPU_JOB_OUTPUT, NPU_TYPE_F32, SAMPLE_N, SAMPLE_DATA + 2 * SAMPLE_ROW);
	sample_tensor(&s->tensors[3], "big", NPU_JOB_CONST, NPU_TYPE_I8, SAMPLE_BIG_SIZE + 5000, SAMPLE_BIG);
	s->tensors[2].expected = s->expected;
	strcpy(s->program.name, "add");
	s->program.va = SAMPLE_CODE;
	s->program.cores = 1;
	s->program.num_args = 1;
	s->program.arg_names = s->arg_names;
	s->program.args = s->args;
	strcpy(s->arg_names[0], "offset");
	strcpy(s->tags[1], "blk.0.attn_q");
	s->image = (struct npu_job_image){
		.n_segments = 3, .segments = s->segments, .n_tensors = 4, .tensors = s->tensors,
		.n_programs = 1, .programs = &s->program, .n_tags = 2, .tags = s->tags,
	};
	return &s->image;
}

static inline void sample_free(struct sample *s)
{
	free(s->code);
	free(s->big);
}

#endif /* LIB_SAMPLE_H */
