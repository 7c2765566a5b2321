// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/program.h>

#include "random_job.h"

#define SLOTS	12		/* areas of SRAM */
#define SLOT	4096u
#define OPS	48
#define ROWS	8
#define COLS	128		/* 4 bytes each: a slot */
#define CODE_VA	0x40000000u
#define DATA_VA	0x50000000u
#define OUT_VA	0x60000000u
#define IN_SIZE	(SLOTS * SLOT)
#define OUT_OF_CORE	(2 * OPS * SLOT)

/* One instruction: what it touches, and what makes it wait. */
struct op {
	unsigned int engine, dst, src[2], kind;
	bool reads[2], writes;
	struct npu_order order;
	uint32_t rows, cols, k, subop, variant;
};

struct making {
	uint64_t state;
	struct op op[OPS];
	int writer[SLOTS], reader[SLOTS][NPU_NUM_ENGINES];
	int known[NPU_NUM_ENGINES][NPU_NUM_ENGINES];
	struct npu_builder *b;
	uint8_t counter;	/* register of the loop */
	uint64_t stored;
};

/* Numerical Recipes' 64-bit generator: its high half. */
static uint32_t draw(struct making *m, uint32_t below)
{
	m->state = m->state * 6364136223846793005ull + 1442695040888963407ull;
	return (m->state >> 33) % below;
}

static unsigned int pair(unsigned int from, unsigned int to)
{
	return from * NPU_NUM_ENGINES + to;
}

/*
 * @op must come after instruction @before. Engines work in order, so only the
 * last thing that an engine must know of another counts, and tokens of a pair
 * are taken in the order in which they are given.
 */
static void order_after(struct making *m, int op, int before)
{
	unsigned int to = m->op[op].engine, from;

	if (before < 0)
		return;
	from = m->op[before].engine;
	if (from == to || m->known[to][from] >= before)
		return;
	m->op[before].order.signal |= NPU_TOKEN(pair(from, to));
	m->op[op].order.wait |= NPU_TOKEN(pair(from, to));
	m->known[to][from] = before;
}

/*
 * The latest of another engine that is known must be the one waited for: two
 * waits on one pair would take the token of the first.
 */
static void order(struct making *m, int at)
{
	struct op *op = &m->op[at];
	int after[NPU_NUM_ENGINES];

	memset(after, 0xff, sizeof(after));
	for (int i = 0; i < 2; i++)
		if (op->reads[i] && m->writer[op->src[i]] >= 0) {
			int w = m->writer[op->src[i]];
			unsigned int e = m->op[w].engine;

			after[e] = w > after[e] ? w : after[e];
		}
	if (op->writes) {
		int w = m->writer[op->dst];

		if (w >= 0 && w > after[m->op[w].engine])
			after[m->op[w].engine] = w;
		for (unsigned int e = 0; e < NPU_NUM_ENGINES; e++)
			if (m->reader[op->dst][e] > after[e])
				after[e] = m->reader[op->dst][e];
	}
	for (unsigned int e = 0; e < NPU_NUM_ENGINES; e++)
		order_after(m, at, after[e]);
	for (int i = 0; i < 2; i++)
		if (op->reads[i])
			m->reader[op->src[i]][op->engine] = at;
	if (op->writes)
		m->writer[op->dst] = at;
}

static void choose(struct making *m, struct op *op)
{
	static const unsigned int engines[] = {
		NPU_ENGINE_LD, NPU_ENGINE_ST, NPU_ENGINE_MAT, NPU_ENGINE_MAT,
		NPU_ENGINE_VEC, NPU_ENGINE_VEC, NPU_ENGINE_VEC,
	};

	op->engine = engines[draw(m, sizeof(engines) / sizeof(engines[0]))];
	op->dst = draw(m, SLOTS);
	for (int i = 0; i < 2; i++)
		op->src[i] = (op->dst + 1 + draw(m, SLOTS - 1)) % SLOTS;
	op->reads[0] = op->engine != NPU_ENGINE_LD;
	op->reads[1] = op->engine == NPU_ENGINE_MAT || op->engine == NPU_ENGINE_VEC;
	op->writes = op->engine != NPU_ENGINE_ST;
	op->rows = 1 + draw(m, ROWS);
	op->cols = 1 + draw(m, COLS);
	op->k = 1 + draw(m, COLS);
	op->kind = draw(m, 8);
	op->subop = draw(m, 5);
	op->variant = draw(m, 3);
}

static struct npu_loc slot(unsigned int i)
{
	return npu_at(0, i * SLOT);
}

static void emit_dma(struct making *m, const struct op *op)
{
	struct npu_insn_dma dma = {
		.row = npu_imm(op->cols * 4), .rows = npu_imm(op->rows),
		.sram_stride = npu_imm(SLOT / ROWS), .mem_stride = npu_imm(SLOT / ROWS),
	};

	if (op->engine == NPU_ENGINE_LD) {
		dma.sram = slot(op->dst);
		dma.mem = npu_at(0, DATA_VA + op->src[0] * SLOT);
		npu_build_load(m->b, &dma, op->order);
		return;
	}
	dma.sram = slot(op->src[0]);
	/* Its own place in each round, and of each core. */
	dma.mem = npu_at(m->counter, m->stored);
	m->stored += SLOT;
	npu_build_store(m->b, &dma, op->order);
}

static void emit_matmul(struct making *m, const struct op *op)
{
	bool bytes = op->variant == 0, stream = op->variant == 1;
	uint32_t n = 1 + op->cols % 32, k = 1 + op->k % (bytes ? COLS : COLS / 2);
	struct npu_insn_matmul mm = {
		.a = slot(op->src[0]), .b = slot(op->src[1]), .c = slot(op->dst),
		.m = npu_imm(op->rows), .n = npu_imm(n), .k = npu_imm(k),
		.lda = npu_imm(SLOT / ROWS), .ldb = npu_imm(SLOT / 32),
		.ldc = npu_imm(SLOT / ROWS),
		.type_a = bytes ? NPU_TYPE_I8 : NPU_TYPE_F16,
		.type_b = bytes ? NPU_TYPE_I8 : NPU_TYPE_F16,
		.type_c = bytes ? NPU_TYPE_I32 : NPU_TYPE_F32,
		.layout = NPU_LAYOUT_NK, .act = NPU_UNARY_COPY,
		.flags = stream ? NPU_F_STREAM : 0,
	};

	if (stream)
		mm.b = npu_at(0, DATA_VA + op->src[1] * SLOT);
	npu_build_matmul(m->b, &mm, op->order);
}

static void emit_vector(struct making *m, const struct op *op)
{
	struct npu_insn_vec v = {
		.dst = slot(op->dst), .src0 = slot(op->src[0]), .src1 = slot(op->src[1]),
		.rows = npu_imm(op->rows), .cols = npu_imm(op->cols),
		.ld_dst = npu_imm(SLOT / ROWS), .ld_src0 = npu_imm(SLOT / ROWS),
		.ld_src1 = npu_imm(SLOT / ROWS),
		.type_dst = NPU_TYPE_F32, .type_src0 = NPU_TYPE_F32,
		.type_src1 = NPU_TYPE_F32,
	};

	switch (op->kind) {
	case 0:
		npu_build_binary(m->b, op->subop, &v, op->order);
		break;
	case 1:
		v.bcast1 = NPU_BCAST_ROW;
		npu_build_rmsnorm(m->b, &v, 1e-5f, op->order);
		break;
	case 2:
		v.ld_dst = npu_imm(4);
		v.type_src1 = NPU_TYPE_NONE;
		npu_build_reduce(m->b, op->subop, &v, op->order);
		break;
	case 3:
		v.type_src1 = NPU_TYPE_NONE;
		v.type_dst = NPU_TYPE_F16;
		npu_build_unary(m->b, NPU_UNARY_COPY, &v, op->order);
		break;
	case 4:
		npu_build_unary_gate(m->b, NPU_UNARY_SILU, &v, op->order);
		break;
	default:
		v.type_src1 = NPU_TYPE_NONE;
		npu_build_unary(m->b, op->subop + (op->kind > 6 ? 4 : 0), &v, op->order);
	}
}

static void emit(struct making *m, const struct op *op)
{
	static const char *const names[] = { "", "in", "out", "product", "rows" };

	npu_builder_tag(m->b, op->engine, names[op->engine]);
	switch (op->engine) {
	case NPU_ENGINE_MAT:
		emit_matmul(m, op);
		break;
	case NPU_ENGINE_VEC:
		emit_vector(m, op);
		break;
	default:
		emit_dma(m, op);
	}
}

/* A body that is run several times, with everything done between the rounds. */
static void emit_program(struct making *m)
{
	uint8_t base = npu_builder_reg(m->b);
	const struct npu_affine place = {
		.imm = OUT_VA,
		.term = { { npu_reg(NPU_R_CORE), npu_imm(OUT_OF_CORE) } },
	};

	m->counter = npu_builder_reg(m->b);
	npu_builder_sram(m->b, "slots", SLOTS * SLOT);
	npu_builder_tag(m->b, 5, "control");
	npu_build_lea(m->b, base, &place);
	npu_build_loop(m->b, m->counter, base, npu_imm(2), npu_imm(OPS * SLOT));
	for (int i = 0; i < OPS; i++)
		emit(m, &m->op[i]);
	npu_builder_tag(m->b, 5, "control");
	npu_build_barrier(m->b);
	npu_build_endloop(m->b);
}

static void *need(void *p)
{
	if (p)
		return p;
	printf("Bail out! out of memory\n");
	exit(255);
}

/* Small numbers: halves of them are small, and so are sums. */
static void *input(struct making *m)
{
	float *data = need(malloc(IN_SIZE));

	for (uint32_t i = 0; i < IN_SIZE / 4; i++)
		data[i] = (int)draw(m, 4096) / 1024.0f - 2;
	return data;
}

static void name(char *to, const char *from)
{
	snprintf(to, NPU_JOB_NAME_LEN, "%s", from);
}

static void tensor(struct npu_job_tensor *t, const char *called, uint32_t role,
		   uint64_t va, uint64_t bytes)
{
	name(t->name, called);
	t->role = role;
	t->type = NPU_TYPE_I8;
	t->n_dims = 1;
	t->dims[0] = bytes;
	t->va = va;
}

static void segment(struct npu_job_segment *s, const char *called, uint64_t va,
		    uint64_t size)
{
	name(s->name, called);
	s->va = va;
	s->size = size;
}

static struct npu_job_image *image_of(struct making *m, void *code, uint32_t size)
{
	static const char *const tags[] = { "", "in", "out", "product", "rows", "control" };
	struct npu_job_image *image = need(calloc(1, sizeof(*image)));
	uint64_t out = (uint64_t)RANDOM_JOB_CORES * OUT_OF_CORE;

	image->n_segments = 3;
	image->n_tensors = 2;
	image->n_programs = 1;
	image->n_tags = 6;
	image->segments = need(calloc(3, sizeof(*image->segments)));
	image->tensors = need(calloc(2, sizeof(*image->tensors)));
	image->programs = need(calloc(1, sizeof(*image->programs)));
	image->tags = need(calloc(6, sizeof(*image->tags)));
	segment(&image->segments[0], "code", CODE_VA, size);
	image->segments[0].data = code;
	image->segments[0].data_size = size;
	image->segments[0].readonly = 1;
	segment(&image->segments[1], "in", DATA_VA, IN_SIZE);
	image->segments[1].data = input(m);
	image->segments[1].data_size = IN_SIZE;
	segment(&image->segments[2], "out", OUT_VA, out);
	tensor(&image->tensors[0], "in", NPU_JOB_INPUT, DATA_VA, IN_SIZE);
	tensor(&image->tensors[1], "out", NPU_JOB_OUTPUT, OUT_VA, out);
	name(image->programs[0].name, "random");
	image->programs[0].va = CODE_VA;
	image->programs[0].size = size;
	image->programs[0].cores = 1 + draw(m, RANDOM_JOB_CORES);
	for (int i = 0; i < 6; i++)
		name(image->tags[i], tags[i]);
	return image;
}

struct npu_job_image *random_job(uint32_t seed)
{
	struct making m = { .state = seed };
	struct npu_job_image *image;
	struct npu_error err;
	uint32_t size;
	void *code;

	memset(m.writer, 0xff, sizeof(m.writer));
	memset(m.reader, 0xff, sizeof(m.reader));
	memset(m.known, 0xff, sizeof(m.known));
	for (int i = 0; i < OPS; i++) {
		choose(&m, &m.op[i]);
		order(&m, i);
	}
	if (npu_builder_create(0, RANDOM_JOB_SRAM, &m.b, &err)) {
		printf("Bail out! %s\n", err.message);
		exit(255);
	}
	emit_program(&m);
	if (npu_builder_finish(m.b, &code, &size, &err)) {
		printf("Bail out! %s\n", err.message);
		exit(255);
	}
	npu_builder_destroy(m.b);
	image = image_of(&m, code, size);
	if (npu_job_image_check(image, &err)) {
		printf("Bail out! %s\n", err.message);
		exit(255);
	}
	return image;
}
