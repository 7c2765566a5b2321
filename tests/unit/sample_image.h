/* SPDX-License-Identifier: MIT */
/* A small job image with one of everything, for tests to save and to spoil. */
#ifndef NPU_TESTS_SAMPLE_IMAGE_H
#define NPU_TESTS_SAMPLE_IMAGE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <npu/job.h>

#include "hw/npu_isa.h"

#define SAMPLE_CODE_VA 0x40000000u
#define SAMPLE_DATA_VA 0x50000000u
#define SAMPLE_CODE_SIZE 384u	/* header, NOP, END */

struct sample {
	struct npu_job_image image;
	struct npu_job_segment segments[2];
	struct npu_job_tensor tensors[3];
	struct npu_job_program programs[2];
	char tags[2][NPU_JOB_NAME_LEN];
	char arg_names[3][NPU_JOB_NAME_LEN];
	uint64_t args[3];
	struct {
		struct npu_program header;
		struct npu_insn insns[2];
	} code;
	int8_t data[100];
	int32_t expected[2];
};

static inline void sample_code(struct sample *s)
{
	s->code.header.magic = NPU_PROGRAM_MAGIC;
	s->code.header.isa_version = NPU_ISA_VERSION;
	s->code.header.num_insns = 2;
	s->code.header.num_args = 2;
	s->code.insns[0].opcode = NPU_OP_NOP;
	s->code.insns[0].tag = 1;
	s->code.insns[1].opcode = NPU_OP_END;
	for (unsigned int i = 0; i < sizeof(s->data); i++)
		s->data[i] = i - 50;
	s->expected[0] = 7;
	s->expected[1] = -7;
}

static inline void sample_tensors(struct sample *s)
{
	s->tensors[0] = (struct npu_job_tensor){
		.name = "x", .role = NPU_JOB_INPUT, .type = NPU_TYPE_F32,
		.n_dims = 2, .dims = { 3, 5 }, .va = SAMPLE_DATA_VA + 4096,
	};
	s->tensors[1] = (struct npu_job_tensor){
		.name = "y", .role = NPU_JOB_OUTPUT, .type = NPU_TYPE_I32,
		.n_dims = 1, .dims = { 2 }, .va = SAMPLE_DATA_VA + 8192,
		.expected = s->expected,
	};
	s->tensors[2] = (struct npu_job_tensor){
		.name = "w", .role = NPU_JOB_CONST, .type = NPU_TYPE_I8,
		.n_dims = 4, .dims = { 1, 2, 5, 10 }, .va = SAMPLE_DATA_VA,
	};
}

static inline void sample_programs(struct sample *s)
{
	strcpy(s->arg_names[0], "pos");
	strcpy(s->arg_names[1], "len");
	strcpy(s->arg_names[2], "pos");
	s->args[0] = 1;
	s->args[1] = ~0ull;
	s->args[2] = 3;
	s->programs[0] = (struct npu_job_program){
		.name = "first", .va = SAMPLE_CODE_VA,
		.size = SAMPLE_CODE_SIZE, .cores = 1, .num_args = 2,
		.arg_names = s->arg_names, .args = s->args,
	};
	s->programs[1] = (struct npu_job_program){
		.name = "second", .va = SAMPLE_CODE_VA,
		.size = SAMPLE_CODE_SIZE, .num_args = 1,
		.arg_names = s->arg_names + 2, .args = s->args + 2,
		.place = NPU_JOB_ON_CPU, .reason = "the device lacks topk",
	};
}

/* Everything lies in @s, so nothing of it is to be freed. */
static inline struct npu_job_image *sample_image(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	sample_code(s);
	sample_tensors(s);
	sample_programs(s);
	s->segments[0] = (struct npu_job_segment){
		.name = "code", .va = SAMPLE_CODE_VA, .size = SAMPLE_CODE_SIZE,
		.data = &s->code, .data_size = SAMPLE_CODE_SIZE, .readonly = 1,
	};
	s->segments[1] = (struct npu_job_segment){
		.name = "memory", .va = SAMPLE_DATA_VA, .size = 3 << 20,
		.data = s->data, .data_size = sizeof(s->data),
	};
	strcpy(s->tags[1], "blk.0 attn_q");
	s->image = (struct npu_job_image){
		.n_segments = 2, .n_tensors = 3, .n_programs = 2, .n_tags = 2,
		.segments = s->segments, .tensors = s->tensors,
		.programs = s->programs, .tags = s->tags,
	};
	return &s->image;
}

#endif /* NPU_TESTS_SAMPLE_IMAGE_H */
