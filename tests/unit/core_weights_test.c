// SPDX-License-Identifier: MIT
/*
 * Weights of four bits, of groups and of BF16 through the whole machine: from
 * SRAM and streamed, in place and copied, in one go and in pieces, on every set
 * of kernels, against the definition of the arithmetic called directly.
 */
#include "assemble.h"
#include "bus.h"
#include "kernels.h"
#include "tap.h"

#define CODE	0x400000u
#define WHOLE	0x10000000u	/* in one piece */
#define PARTS	0x20000000u	/* the same, page by page in reverse */
#define OUT	0x30000000u
#define PAGE	4096u
#define SRAM	(4u << 20)
#define BYTES	(8u << 20)
#define RW	(NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ | NPU_PTE_WRITE)

/* Just before the end of a page, so that all but the smallest are scattered. */
#define AT_B	(1 * PAGE - 64)
#define AT_SB	(BYTES / 2 - 64)
#define AT_AUX	(BYTES / 4 * 3 - 16)
#define AT_DQ	(BYTES / 8 * 7 - 8)
#define AT_BIAS	(BYTES / 16 * 15 - 4)
#define AT_A	(BYTES - 32 * PAGE)	/* rows of A overlap if they are many */

/* Where the results lie in SRAM. */
#define S_C	(SRAM - (1u << 20))
#define C_BYTES	(1u << 20)

static const uint8_t streamed[] = {
	NPU_MM_B, NPU_MM_SB, NPU_MM_BIAS, NPU_MM_AUX, NPU_MM_DQ,
};

static struct machine *m;
static uint8_t *code, *whole, *parts, *out;
static struct program p;

/**
 * struct shape - sizes of a MATMUL
 */
struct shape {
	uint32_t m, n, k, group, lda;
	const char *what;
};

/**
 * struct kind - types and flags of one
 */
struct kind {
	uint8_t type_a, type_b, type_c, type_s, layout;
	uint16_t flags;
	const char *what;
};

/* Operands that are scattered, a bit an operand; or all in SRAM. */
#define IN_SRAM		0x100u

static const struct {
	unsigned int scattered;
	const char *what;
} places[] = {
	{ 0, "in one piece" },
	{ 0xff, "in reversed pages" },
	{ 1 << NPU_MM_SB, "scales in reversed pages" },
	{ 1 << NPU_MM_AUX | 1 << NPU_MM_BIAS, "AUX and BIAS in reversed pages" },
	{ 1 << NPU_MM_DQ, "DQ in reversed pages" },
	{ IN_SRAM, "in SRAM" },
};

static uint32_t up(uint32_t a, uint32_t b)
{
	return (a + b - 1) / b;
}

static uint32_t size_of(uint8_t type)
{
	switch (type) {
	case NPU_TYPE_F16:
	case NPU_TYPE_BF16:
		return 2;
	case NPU_TYPE_F32:
	case NPU_TYPE_I32:
		return 4;
	default:
		return 1;
	}
}

static bool four_bit(const struct kind *kind)
{
	return kind->type_b == NPU_TYPE_I4 || kind->type_b == NPU_TYPE_C4;
}

/* Bytes of a panel or a row of B. */
static uint32_t row_b(const struct shape *s, const struct kind *kind)
{
	uint32_t size = size_of(kind->type_b);

	if (kind->layout == NPU_LAYOUT_NK)
		return s->k * size;
	if (kind->layout == NPU_LAYOUT_KN)
		return s->n * size;
	return up(s->k, four_bit(kind) ? 8 : 4 / size) * 64;
}

static uint32_t rows_b(const struct shape *s, const struct kind *kind)
{
	if (kind->layout == NPU_LAYOUT_PACK)
		return up(s->n, 16);
	return kind->layout == NPU_LAYOUT_NK ? s->n : s->k;
}

static uint32_t groups_of(const struct shape *s, const struct kind *kind)
{
	return kind->flags & NPU_F_GROUP ? up(s->k, s->group) : 1;
}

/* The kernel's arguments for the whole, with operands as they lie in @whole. */
static struct npu_mm_args arguments(const struct shape *s, const struct kind *kind)
{
	uint32_t groups = groups_of(s, kind);
	bool grouped = kind->flags & NPU_F_GROUP;

	return (struct npu_mm_args){
		.m = s->m, .n = s->n, .k = s->k,
		.group = grouped ? s->group : s->k,
		.a = whole + AT_A, .b = whole + AT_B,
		.lda = s->lda * size_of(kind->type_a),
		.ldb = row_b(s, kind) + 64,
		.ldc = s->n * size_of(kind->type_c),
		.lds = up(groups * 16 * size_of(kind->type_s), 64) * 64 + 64,
		.sb = kind->flags & (NPU_F_SB | NPU_F_GROUP) ? whole + AT_SB : NULL,
		.bias = kind->flags & NPU_F_BIAS ? whole + AT_BIAS : NULL,
		.aux = kind->flags & NPU_F_ZP || kind->type_b == NPU_TYPE_C4 ?
		       whole + AT_AUX : NULL,
		.dq = kind->type_s == NPU_TYPE_I8 ? whole + AT_DQ : NULL,
		.flags = kind->flags, .type_c = kind->type_c,
		.type_a = kind->type_a, .type_b = kind->type_b,
		.type_s = kind->type_s, .layout = kind->layout,
		.inv = 0.01f,
	};
}

/* Bytes of operand @i from the first to behind the last; 0: it is absent. */
static uint32_t span(const struct shape *s, const struct kind *kind,
		     const struct npu_mm_args *a, unsigned int i)
{
	uint32_t panels = up(s->n, 16), groups = groups_of(s, kind);
	uint32_t pitch = 16;

	if (kind->flags & NPU_F_GROUP)
		pitch = a->lds / size_of(kind->type_s);
	switch (i) {
	case NPU_MM_B:
		return (rows_b(s, kind) - 1) * a->ldb + row_b(s, kind);
	case NPU_MM_SB:
		if (kind->flags & NPU_F_GROUP)
			return (panels - 1) * a->lds +
			       groups * 16 * size_of(kind->type_s);
		return a->sb ? s->n * size_of(kind->type_s) : 0;
	case NPU_MM_BIAS:
		return a->bias ? s->n * 4 : 0;
	case NPU_MM_AUX:
		if (kind->type_b == NPU_TYPE_C4)
			return 16;
		return a->aux ? (panels - 1) * pitch + groups * 16 : 0;
	default:
		return a->dq ? (panels - 1) * 8 * up(a->lds, 256) +
			       8 * up(groups, 16) : 0;
	}
}

/* The bytes that are read, without what lies between rows. */
static uint64_t read_bytes(const struct shape *s, const struct kind *kind,
			   const struct npu_mm_args *a)
{
	uint64_t panels = up(s->n, 16), groups = groups_of(s, kind);
	uint64_t bytes = (uint64_t)rows_b(s, kind) * row_b(s, kind);

	if (kind->flags & NPU_F_GROUP)
		bytes += panels * groups * 16 * size_of(kind->type_s);
	else if (a->sb)
		bytes += s->n * size_of(kind->type_s);
	if (a->bias)
		bytes += 4 * s->n;
	if (kind->type_b == NPU_TYPE_C4)
		bytes += 16;
	else if (a->aux)
		bytes += panels * groups * 16;
	return a->dq ? bytes + panels * 8 * up(groups, 16) : bytes;
}

/* Give operand @i of @insn its place; false if it does not fit. */
static bool place(struct npu_insn *insn, unsigned int i, uint32_t at,
		  uint32_t size, unsigned int scattered, uint32_t *sram)
{
	if (!size)
		return true;
	if (!(scattered & IN_SRAM)) {
		asm_addr(insn, i, NPU_R_ZERO,
			 (scattered >> i & 1 ? PARTS : WHOLE) + at);
		return true;
	}
	if (*sram + size > S_C)
		return false;
	asm_addr(insn, i, NPU_R_ZERO, *sram);
	asm_load(&p, *sram, NPU_R_ZERO, WHOLE + at, size);
	*sram = up(*sram + size, 64) * 64;
	return true;
}

/* False if the shape is not for this place. */
static bool emit(const struct shape *s, const struct kind *kind,
		 const struct npu_mm_args *a, unsigned int scattered)
{
	static const uint32_t at[] = { AT_B, AT_SB, AT_BIAS, AT_AUX, AT_DQ };
	uint32_t size_a = (s->m - 1) * a->lda + s->k * size_of(kind->type_a);
	uint32_t sram = up(size_a, 64) * 64, size_c = s->m * a->ldc;
	struct npu_insn insn = { .opcode = NPU_OP_MATMUL };

	asm_start(&p, SRAM);
	asm_load(&p, 0, NPU_R_ZERO, WHOLE + AT_A, size_a);
	asm_load(&p, S_C, NPU_R_ZERO, WHOLE, size_c);
	insn.flags = kind->flags | (scattered & IN_SRAM ? 0 : NPU_F_STREAM);
	insn.type[NPU_MM_TYPE_C] = kind->type_c;
	insn.type[NPU_MM_TYPE_A] = kind->type_a;
	insn.type[NPU_MM_TYPE_B] = kind->type_b;
	insn.type[NPU_MM_TYPE_S] = kind->type_s;
	insn.mode[NPU_MM_LAYOUT] = kind->layout;
	if (kind->type_c == NPU_TYPE_I8)
		insn.imm[0] = asm_float(a->inv);
	asm_addr(&insn, NPU_MM_C, NPU_R_ZERO, S_C);
	for (unsigned int i = 0; i < sizeof(streamed); i++)
		if (!place(&insn, streamed[i], at[i],
			   span(s, kind, a, streamed[i]), scattered, &sram))
			return false;
	asm_vals(&insn, s->m, s->n, s->k, a->lda, a->ldb, a->ldc);
	if (kind->flags & NPU_F_GROUP) {
		insn.val[NPU_MM_GROUP] = s->group;
		insn.val[NPU_MM_LDS] = a->lds;
	}
	*asm_add(&p, NPU_OP_MATMUL) = insn;
	asm_store(&p, NPU_R_ZERO, OUT, S_C, size_c);
	asm_add(&p, NPU_OP_END);
	return true;
}

static bool counted(const struct shape *s, const struct kind *kind,
		    const struct npu_mm_args *a, unsigned int scattered,
		    const struct npu_completion *done)
{
	uint64_t macs = (uint64_t)s->m * s->n * s->k;
	uint64_t stream = scattered & IN_SRAM ? 0 : read_bytes(s, kind, a);
	unsigned int mine = NPU_CNT_MACS_I8;

	if (four_bit(kind))
		mine = NPU_CNT_MACS_I4;
	else if (kind->type_b != NPU_TYPE_I8)
		mine = NPU_CNT_MACS_F16;
	return done->counters[mine] == macs &&
	       done->counters[NPU_CNT_MACS_I8] + done->counters[NPU_CNT_MACS_I4] +
	       done->counters[NPU_CNT_MACS_F16] == macs &&
	       done->counters[NPU_CNT_STREAM_READ] == stream;
}

static bool run(const struct shape *s, const struct kind *kind,
		const struct npu_mm_args *a, const uint8_t *want,
		unsigned int place)
{
	uint32_t size = s->m * a->ldc;
	struct npu_completion done;
	struct npu_job job;

	if (!emit(s, kind, a, places[place].scattered))
		return true;
	memset(out, 0x55, size);
	job = asm_job(&p, code, CODE);
	if (!machine_run(m, &job, &done)) {
		diag("%s, %s: fault %u operand %u address %llx", kind->what,
		     places[place].what, done.fault.code, done.fault.operand,
		     (unsigned long long)done.fault.address);
		return false;
	}
	if (memcmp(out, want, size)) {
		diag("%s, %s: other bytes", kind->what, places[place].what);
		return false;
	}
	if (counted(s, kind, a, places[place].scattered, &done))
		return true;
	diag("%s, %s: counts", kind->what, places[place].what);
	return false;
}

/* Everywhere; also that there is something to compare. */
static bool agrees(const struct shape *s, const struct kind *kind)
{
	struct npu_mm_args a = arguments(s, kind);
	static uint8_t want[C_BYTES];
	uint32_t size = s->m * a.ldc, other = 0;

	memcpy(want, whole, size);
	a.c = want;
	npu_kernels_scalar.matmul(&a);
	for (uint32_t i = 0; i < size; i++)
		other += want[i] != want[0];
	if (s->k && other < size / 4) {
		diag("%s: hardly two bytes differ", kind->what);
		return false;
	}
	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!run(s, kind, &a, want, i))
			return false;
	return true;
}

#define PACK	NPU_LAYOUT_PACK
#define KIND(a, b, c, s, layout, flags, what)				\
	{ NPU_TYPE_##a, NPU_TYPE_##b, NPU_TYPE_##c, NPU_TYPE_##s, layout, flags, what }

static const struct kind integers[] = {
	KIND(I8, I4, I32, NONE, PACK, NPU_F_ACCUM, "I4, raw sums"),
	KIND(I8, I4, I32, NONE, PACK, NPU_F_ZP, "I4 ZP, raw sums"),
	KIND(I8, C4, I32, NONE, PACK, 0, "C4, raw sums"),
	KIND(I8, I4, F32, F16, PACK, NPU_F_SB | NPU_F_BIAS, "I4 SB BIAS"),
	KIND(I8, I4, F32, F32, PACK, NPU_F_SB | NPU_F_ZP, "I4 SB ZP"),
	KIND(I8, C4, F32, F32, PACK, NPU_F_SB | NPU_F_ACCUM, "C4 SB ACCUM"),
	KIND(I8, I8, F32, F32, PACK, NPU_F_GROUP, "I8 GROUP F32"),
	KIND(I8, I8, F32, F16, PACK, NPU_F_GROUP | NPU_F_BIAS, "I8 GROUP F16 BIAS"),
	KIND(I8, I8, F32, I8, PACK, NPU_F_GROUP, "I8 GROUP DQ8"),
	KIND(I8, I4, F32, F32, PACK, NPU_F_GROUP | NPU_F_ZP, "I4 GROUP F32 ZP"),
	KIND(I8, I4, F32, F16, PACK, NPU_F_GROUP, "I4 GROUP F16"),
	KIND(I8, I4, F32, F16, PACK, NPU_F_GROUP | NPU_F_ZP | NPU_F_BIAS,
	     "I4 GROUP F16 ZP BIAS"),
	KIND(I8, I4, F32, I8, PACK, NPU_F_GROUP | NPU_F_ACCUM, "I4 GROUP DQ8 ACCUM"),
	KIND(I8, I4, F32, I8, PACK, NPU_F_GROUP | NPU_F_ZP, "I4 GROUP DQ8 ZP"),
	KIND(I8, C4, F32, F16, PACK, NPU_F_GROUP, "C4 GROUP F16"),
	KIND(I8, C4, F32, I8, PACK, NPU_F_GROUP | NPU_F_BIAS, "C4 GROUP DQ8 BIAS"),
	KIND(I8, I4, I8, F16, PACK, NPU_F_GROUP, "I4 GROUP F16 to I8"),
	KIND(I8, C4, F16, F16, PACK, NPU_F_GROUP, "C4 GROUP F16 to F16"),
	KIND(I8, I4, BF16, I8, PACK, NPU_F_GROUP, "I4 GROUP DQ8 to BF16"),
};

static const struct kind floats[] = {
	KIND(BF16, BF16, F32, NONE, NPU_LAYOUT_NK, 0, "BF16 NK"),
	KIND(BF16, BF16, BF16, F16, NPU_LAYOUT_KN, NPU_F_SB, "BF16 KN SB"),
	KIND(BF16, BF16, F32, F32, PACK, NPU_F_SB | NPU_F_BIAS | NPU_F_ACCUM,
	     "BF16 PACK SB BIAS ACCUM"),
};

static void compare(const char *kernels, const struct shape *s,
		    const struct kind *kinds, unsigned int count)
{
	unsigned int good = 0;

	for (unsigned int i = 0; i < count; i++)
		good += agrees(s, &kinds[i]);
	is(good, count, "%s, %s: kinds of weights that agree", kernels, s->what);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Floats and halves that are neither huge nor tiny, whichever they are read as. */
static void fill(uint8_t *at, uint32_t bytes)
{
	uint16_t *half = (uint16_t *)at;
	uint32_t seed = 1;

	for (uint32_t i = 0; i < bytes / 2; i++) {
		seed = seed * 1103515245 + 12345;
		half[i] = (seed >> 16 & 0x83ff) | 0x3c00;
	}
}

static void memory(void)
{
	uint64_t bus;

	code = machine_map(m, CODE, 2 * PAGE, false);
	whole = machine_map(m, WHOLE, BYTES, false);
	out = machine_map(m, OUT, C_BYTES, true);
	parts = bus_alloc(machine_bus(m), BYTES, PAGE, &bus);
	fill(whole, BYTES);
	for (uint32_t i = 0; i < BYTES; i += PAGE) {
		uint32_t to = BYTES - PAGE - i;

		memcpy(parts + to, whole + i, PAGE);
		machine_map_page(m, PARTS + i, (bus + to) | RW, 0);
	}
}

static void all(const char *kernels)
{
	static const struct shape ragged[] = {
		{ 5, 37, 77, 32, 80, "ragged" },
		{ 2, 16, 64, 64, 64, "one panel, one group" },
		{ 1, 17, 5, 16, 5, "less than a group" },
		{ 3, 33, 560, 16, 560, "groups of sixteen" },
		{ 1, 5000, 40, 16, 40, "many panels" },
	};
	static const struct shape large[] = {
		{ 150, 200, 500, 96, 2, "pieces of columns" },
		{ 3, 18, 32784, 16, 1, "two thousand groups" },
		{ 20, 17, 65536, 2048, 1, "pieces of rows" },
	};
	static const struct shape none = { 3, 33, 0, 16, 4, "without k" };

	for (unsigned int i = 0; i < COUNT(ragged); i++) {
		compare(kernels, &ragged[i], integers, COUNT(integers));
		compare(kernels, &ragged[i], floats, COUNT(floats));
	}
	/* Four-bit weights with all kinds of parameters will do. */
	for (unsigned int i = 0; i < COUNT(large); i++)
		compare(kernels, &large[i], integers + 9, 5);
	compare(kernels, &none, integers, COUNT(integers));
}

int main(void)
{
	static const char *const sets[] = { "scalar", "avx2", "avx512" };

	for (unsigned int i = 0; i < COUNT(sets); i++) {
		if (!npu_kernels_pick(sets[i])) {
			diag("this host cannot run %s", sets[i]);
			continue;
		}
		m = machine_new(&(struct npu_core_config){
			.threads = 1, .kernels = sets[i], .sram_size = SRAM,
		});
		memory();
		all(sets[i]);
		is(bus_mappings(machine_bus(m)), 0, "%s: no mapping is left", sets[i]);
		machine_free(m);
	}
	return done_testing();
}
