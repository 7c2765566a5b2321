// SPDX-License-Identifier: MIT
/*
 * Large MATMULs are done in pieces, and streamed weights are used in place or
 * copied, as they lie: nothing of that may show in the bytes.
 */
#include "assemble.h"
#include "bus.h"
#include "kernels.h"
#include "tap.h"

#define CODE	0x400000u
#define WEIGHTS	0x10000000u	/* in one piece */
#define PARTS	0x20000000u	/* the same, page by page in reverse */
#define PARAMS	0x30000000u
#define A_AT	0x38000000u
#define OUT	0x3a000000u
#define PAGE	4096u
#define SRAM	(1u << 20)
#define S_C	(SRAM / 2)
#define RW	(NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ | NPU_PTE_WRITE)

#define WEIGHT_BYTES	(4u << 20)

static struct machine *m;
static uint8_t *code, *weights, *parts, *params, *a, *out;
static struct program p;

/**
 * struct shape - one MATMUL
 */
struct shape {
	uint32_t m, n, k, lda;
	uint8_t type;
	const char *what;
};

static uint32_t size_of(uint8_t type)
{
	return type == NPU_TYPE_I8 ? 1 : 2;
}

static uint32_t ldb_of(const struct shape *s, unsigned int layout)
{
	uint32_t size = size_of(s->type);

	if (layout == NPU_LAYOUT_NK)
		return s->k * size + 6;
	if (layout == NPU_LAYOUT_KN)
		return s->n * size + 6;
	return (s->k * size + 3) / 4 * 64 + 64;
}

static void emit(const struct shape *s, unsigned int layout, uint32_t b)
{
	struct npu_insn *insn;

	asm_start(&p, SRAM);
	asm_load(&p, 0, NPU_R_ZERO, A_AT,
		 (s->m - 1) * s->lda + s->k * size_of(s->type));
	insn = asm_add(&p, NPU_OP_MATMUL);
	insn->flags = NPU_F_STREAM | NPU_F_SB | NPU_F_BIAS;
	insn->type[NPU_MM_TYPE_C] = NPU_TYPE_F32;
	insn->type[NPU_MM_TYPE_A] = s->type;
	insn->type[NPU_MM_TYPE_B] = s->type;
	insn->type[NPU_MM_TYPE_S] = NPU_TYPE_F16;
	insn->mode[NPU_MM_LAYOUT] = layout;
	asm_addr(insn, NPU_MM_B, NPU_R_ZERO, b);
	asm_addr(insn, NPU_MM_C, NPU_R_ZERO, S_C);
	asm_addr(insn, NPU_MM_SB, NPU_R_ZERO, PARAMS);
	asm_addr(insn, NPU_MM_BIAS, NPU_R_ZERO, PARAMS + PAGE - 64);
	asm_vals(insn, s->m, s->n, s->k, s->lda, ldb_of(s, layout), 4 * s->n);
	asm_store(&p, NPU_R_ZERO, OUT, S_C, 4 * s->m * s->n);
	asm_add(&p, NPU_OP_END);
}

/* The whole at once, by the definition of the arithmetic. */
static void expect(const struct shape *s, unsigned int layout, uint8_t *c)
{
	struct npu_mm_args args = {
		.m = s->m, .n = s->n, .k = s->k, .group = s->k,
		.a = a, .b = weights, .c = c,
		.lda = s->lda, .ldb = ldb_of(s, layout), .ldc = 4 * s->n,
		.sb = params, .bias = params + PAGE - 64,
		.flags = NPU_F_SB | NPU_F_BIAS,
		.type_c = NPU_TYPE_F32, .type_a = s->type, .type_b = s->type,
		.type_s = NPU_TYPE_F16, .layout = layout,
	};

	npu_kernels_scalar.matmul(&args);
}

static void matmul(const struct shape *s, unsigned int layout)
{
	static const char *const name[] = { "NK", "KN", "PACK" };
	static uint8_t want[SRAM / 2];
	uint32_t size = 4 * s->m * s->n;

	expect(s, layout, want);
	for (unsigned int scattered = 0; scattered < 2; scattered++) {
		struct npu_completion done;
		struct npu_job job;
		bool good;

		memset(out, 0, size);
		emit(s, layout, scattered ? PARTS : WEIGHTS);
		job = asm_job(&p, code, CODE);
		good = machine_run(m, &job, &done);
		ok(good && !memcmp(out, want, size), "%s, %s, weights %s", s->what,
		   name[layout], scattered ? "in reversed pages" : "in one piece");
	}
}

/* Small halves, which sums do not lose: sign, exponent around one. */
static void fill(uint8_t *at, uint32_t bytes, unsigned int seed)
{
	uint16_t *half = (uint16_t *)at;

	for (uint32_t i = 0; i < bytes / 2; i++) {
		seed = seed * 1103515245 + 12345;
		half[i] = (seed >> 16 & 0x83ff) | 0x3400;
	}
}

static void memory(void)
{
	uint64_t bus;
	uint32_t pages = WEIGHT_BYTES / PAGE;

	code = machine_map(m, CODE, PAGE, false);
	weights = machine_map(m, WEIGHTS, WEIGHT_BYTES, false);
	params = machine_map(m, PARAMS, 4 * PAGE, false);
	a = machine_map(m, A_AT, SRAM, false);
	out = machine_map(m, OUT, SRAM, true);
	parts = bus_alloc(machine_bus(m), WEIGHT_BYTES, PAGE, &bus);
	fill(weights, WEIGHT_BYTES, 1);
	fill(params, 2 * PAGE, 2);
	fill(a, SRAM, 3);
	for (uint32_t i = 0; i < pages; i++) {
		uint32_t to = (pages - 1 - i) * PAGE;

		memcpy(parts + to, weights + i * PAGE, PAGE);
		machine_map_page(m, PARTS + i * PAGE, (bus + to) | RW, 0);
	}
}

int main(void)
{
	static const struct shape shapes[] = {
		{ 40, 150, 3001, 3001, NPU_TYPE_I8, "three pieces of columns" },
		{ 20, 17, 65536, 1, NPU_TYPE_I8, "pieces of rows and columns" },
		{ 3, 100, 1001, 2002, NPU_TYPE_F16, "halves" },
		{ 1, 1, 1, 1, NPU_TYPE_I8, "one by one" },
	};

	m = machine_new(&(struct npu_core_config){ .threads = 1 });
	memory();
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (unsigned int layout = 0; layout < NPU_LAYOUT_COUNT; layout++)
			matmul(&shapes[i], layout);
	is(bus_mappings(machine_bus(m)), 0, "no mapping is left");
	machine_free(m);
	return done_testing();
}
