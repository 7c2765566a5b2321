// SPDX-License-Identifier: MIT
/*
 * The vector engine: every instruction, type, broadcast and flag, each fast
 * implementation against the scalar one, to the bit.
 */
#include "guarded.h"
#include "kernels.h"
#include "values.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint8_t types[] = {
	NPU_TYPE_F32, NPU_TYPE_F16, NPU_TYPE_BF16, NPU_TYPE_I8, NPU_TYPE_I32,
};

/* Bit sets for what an instruction can be given. */
#define DST_ANY		0x1f
#define DST_F32		0x01
#define DST_I8		0x08
#define DST_I32		0x10

/**
 * struct instruction - what of an instruction is tried out
 * @opcode: enum npu_opcode
 * @name: for the report
 * @subops: number of subops, 1 or more
 * @flags: all flag bits; each set of them is tried
 * @sources: sources, without the gate of UNARY and the maximum of QUANT
 * @dst: types of dst, a bit for each of types[]
 * @bcast: broadcasts of src1 and src2, a bit for each
 * @repeat: random cases for each combination
 */
struct instruction {
	uint8_t opcode;
	const char *name;
	unsigned int subops, flags, sources, dst, bcast, repeat;
};

static const struct instruction instructions[] = {
	{ NPU_OP_UNARY, "UNARY", NPU_UNARY_COUNT, 3, 1, DST_ANY, 0xf, 6 },
	{ NPU_OP_BINARY, "BINARY", NPU_BINARY_COUNT, 0, 2, DST_ANY, 0xf, 20 },
	{ NPU_OP_MULADD, "MULADD", 1, 0, 3, DST_ANY, 0xf, 100 },
	{ NPU_OP_REDUCE, "REDUCE", NPU_REDUCE_COUNT, 0, 1, DST_F32, 1, 60 },
	{ NPU_OP_RMSNORM, "RMSNORM", 1, 0, 2, DST_ANY, 2, 40 },
	{ NPU_OP_LAYERNORM, "LAYERNORM", 1, 0, 3, DST_ANY, 2, 40 },
	{ NPU_OP_ROPE, "ROPE", 1, 1, 3, DST_ANY, 3, 40 },
	{ NPU_OP_SOFTMAX, "SOFTMAX", 1, 1, 1, DST_ANY, 1, 60 },
	{ NPU_OP_QUANT, "QUANT", 3, 0, 1, DST_I8, 1, 60 },
	{ NPU_OP_ARGMAX, "ARGMAX", 1, 1, 1, DST_I32, 1, 100 },
	{ NPU_OP_TOPK, "TOPK", 1, 0, 1, DST_I32, 1, 60 },
	{ NPU_OP_TRANSPOSE, "TRANSPOSE", 1, 0, 1, DST_ANY, 1, 40 },
	{ NPU_OP_FILL, "FILL", 1, 0, 0, DST_ANY, 1, 40 },
};

/**
 * struct vector_case - a case and the sizes of what it writes
 * @args: the instruction
 * @dst_rows: rows of dst
 * @dst_row: bytes of one
 * @dst: bytes from first to last
 * @aux: bytes of each of aux[]
 * @in_place: dst coincides with src0
 */
struct vector_case {
	struct npu_vec_args args;
	size_t dst_rows, dst_row, dst, aux[3];
	bool in_place;
};

static size_t span(size_t rows, size_t stride, size_t bytes)
{
	return rows && bytes ? (rows - 1) * stride + bytes : 0;
}

static uint32_t random_columns(void)
{
	static const uint16_t common[] = { 1, 15, 16, 17, 32, 48, 64, 129, 300 };

	if (random_below(3) == 0)
		return common[random_below(COUNT(common))];
	return random_below(68);
}

/* Shapes and values that an instruction demands of its operands. */
static void choose_shape(struct npu_vec_args *args)
{
	args->rows = 1 + random_below(random_below(8) ? 4 : 40);
	args->cols = random_columns();
	args->imm[0] = random_unit() * 2.0f;
	args->imm[1] = random_unit();
	switch (args->opcode) {
	case NPU_OP_RMSNORM:
	case NPU_OP_LAYERNORM:
		args->imm[0] = 1e-5f;
		break;
	case NPU_OP_ROPE:
		args->p[1] = 1 + random_below(80);
		args->p[0] = random_below((uint32_t)args->p[1] / 2 + 1) * 2;
		if (random_bool())
			args->p[0] = args->p[1] & ~1;
		args->cols = (uint32_t)args->p[1] * random_below(4);
		break;
	case NPU_OP_SOFTMAX:
		args->p[0] = (int64_t)random_below(args->cols + 40) - 20;
		args->p[1] = (int64_t)random_below(args->cols + 40) -
			     (random_bool() ? 20 : args->cols + 40);
		args->p[2] = 1 + random_below(4);
		break;
	case NPU_OP_QUANT:
		args->flags = (uint16_t)(args->subop == 1 ? NPU_F_DYNAMIC :
					 args->subop == 2 ? NPU_F_GIVEN : 0);
		args->subop = 0;
		args->imm[0] *= 50.0f;
		break;
	case NPU_OP_TOPK:
		args->cols += 1;
		args->p[0] = 1 + random_below(args->cols < 256 ? args->cols : 256);
		break;
	}
}

static void size_outputs(struct vector_case *c)
{
	struct npu_vec_args *args = &c->args;
	size_t size = arith_size(args->type_dst);

	c->dst_rows = args->rows;
	c->dst_row = args->cols * size;
	switch (args->opcode) {
	case NPU_OP_REDUCE:
		c->dst_row = 4;
		break;
	case NPU_OP_ARGMAX:
		c->dst_row = 4;
		c->aux[0] = args->flags & NPU_F_VALUE ? args->rows * 4 : 0;
		break;
	case NPU_OP_TOPK:
		c->dst_row = (size_t)args->p[0] * 4;
		c->aux[0] = args->rows * c->dst_row;
		break;
	case NPU_OP_TRANSPOSE:
		c->dst_rows = args->cols;
		c->dst_row = args->rows * size;
		break;
	case NPU_OP_QUANT:
		c->aux[0] = args->flags ? args->rows * 4 : 0;
		break;
	case NPU_OP_SOFTMAX:
		for (int i = 0; i < 3; i++)
			c->aux[i] = args->rows * 4;
		break;
	}
	args->ld_dst = c->dst_row + size * random_below(3);
	if (args->opcode == NPU_OP_TOPK)
		args->ld_dst = c->dst_row;
	c->dst = span(c->dst_rows, args->ld_dst, c->dst_row);
}

static void make_source(struct npu_vec_args *args, unsigned int s,
			enum style style)
{
	static const enum slot slot[] = { SLOT_A, SLOT_B, SLOT_SA };
	unsigned int bcast = s ? args->bcast[s - 1] : NPU_BCAST_NONE;
	size_t size = arith_size(args->type_src[s]);
	size_t columns = args->cols, rows = args->rows, bytes;
	uint8_t *p;

	if (args->opcode == NPU_OP_ROPE && s)
		columns = (size_t)args->p[0] / 2;
	if (bcast == NPU_BCAST_ROW || bcast == NPU_BCAST_SCALAR)
		rows = 1;
	if (bcast == NPU_BCAST_COL || bcast == NPU_BCAST_SCALAR)
		columns = 1;
	args->ld_src[s] = columns * size + size * random_below(3);
	bytes = span(rows, args->ld_src[s], columns * size);
	p = guarded(slot[s], bytes);
	random_elements(args->type_src[s], p, bytes / size, style);
	args->src[s] = p;
}

static const enum slot aux_slot[] = { SLOT_AUX, SLOT_AUX1, SLOT_AUX2 };
static const enum slot want_aux_slot[] = {
	SLOT_WANT_AUX, SLOT_WANT_AUX1, SLOT_WANT_AUX2,
};

/* Random bytes where results go, and what SOFTMAX reads there. */
static void make_outputs(struct vector_case *c, enum style style)
{
	struct npu_vec_args *args = &c->args;
	bool softmax = args->opcode == NPU_OP_SOFTMAX;
	size_t size = arith_size(args->type_dst);

	random_bytes(guarded(SLOT_DST, c->dst) - GUARD_FRONT, GUARD_FRONT);
	random_elements(c->in_place ? args->type_src[0] : args->type_dst,
			guarded(SLOT_DST, c->dst), c->dst / size, style);
	guarded_copy(SLOT_WANT_DST, SLOT_DST, c->dst);
	for (int i = 0; i < 3; i++) {
		random_elements(NPU_TYPE_F32, guarded(aux_slot[i], c->aux[i]),
				c->aux[i] / 4, style);
		if (softmax && i == 0 && random_below(4) == 0)
			for (size_t r = 0; r < args->rows; r++)
				arith_store(NPU_TYPE_F32,
					    guarded(SLOT_AUX, c->aux[0]) + 4 * r,
					    -INFINITY);
		guarded_copy(want_aux_slot[i], aux_slot[i], c->aux[i]);
	}
}

/* Point the outputs of @c at what is compared, or at what is wanted. */
static void aim(struct vector_case *c, bool want)
{
	struct npu_vec_args *args = &c->args;

	args->dst = guarded(want ? SLOT_WANT_DST : SLOT_DST, c->dst);
	if (c->in_place)
		args->src[0] = args->dst;
	for (int i = 0; i < 3; i++)
		args->aux[i] = guarded(want ? want_aux_slot[i] : aux_slot[i],
				       c->aux[i]);
}

static void make_case(struct vector_case *c, unsigned int sources,
		      enum style style)
{
	struct npu_vec_args *args = &c->args;
	bool elementwise = args->opcode != NPU_OP_REDUCE &&
			   args->opcode != NPU_OP_ARGMAX &&
			   args->opcode != NPU_OP_TOPK &&
			   args->opcode != NPU_OP_TRANSPOSE;

	choose_shape(args);
	size_outputs(c);
	if (args->opcode == NPU_OP_UNARY && args->flags & NPU_F_GATE)
		sources = 2;
	if (args->opcode == NPU_OP_QUANT && args->flags & NPU_F_GIVEN) {
		sources = 2;
		args->bcast[0] = NPU_BCAST_COL;
		args->type_src[1] = NPU_TYPE_F32;
	}
	for (unsigned int s = 0; s < sources; s++)
		make_source(args, s, style);
	c->in_place = elementwise && sources && random_below(3) == 0 &&
		      arith_size(args->type_dst) == arith_size(args->type_src[0]);
	if (c->in_place)
		args->ld_src[0] = args->ld_dst;
	make_outputs(c, style);
}

static void tell(const struct vector_case *c, int output, long where)
{
	const struct npu_vec_args *args = &c->args;
	size_t size = output ? 4 : arith_size(args->type_dst);
	size_t bytes = output ? c->aux[output - 1] : c->dst;
	enum slot got = output ? aux_slot[output - 1] : SLOT_DST;
	enum slot want = output ? want_aux_slot[output - 1] : SLOT_WANT_DST;
	uint32_t g = 0, w = 0;
	size_t at = (size_t)where / size * size;

	diag("rows %u cols %u subop %u flags %u p %lld %lld %lld imm %a %a %s",
	     args->rows, args->cols, args->subop, args->flags,
	     (long long)args->p[0], (long long)args->p[1],
	     (long long)args->p[2], args->imm[0], args->imm[1],
	     c->in_place ? "in place" : "");
	diag("dst %s src %s %s %s bcast %u %u ld %zu %zu %zu %zu",
	     type_name(args->type_dst), type_name(args->type_src[0]),
	     type_name(args->type_src[1]), type_name(args->type_src[2]),
	     args->bcast[0], args->bcast[1], args->ld_dst, args->ld_src[0],
	     args->ld_src[1], args->ld_src[2]);
	if (where < 0) {
		diag("wrote %ld bytes before output %d", -where, output);
		return;
	}
	memcpy(&g, guarded(got, bytes) + at, size);
	memcpy(&w, guarded(want, bytes) + at, size);
	diag("output %d byte %ld: got %#x, want %#x", output, where, g, w);
}

/* One case on both; false and a report if they differ. */
static bool agree(const struct npu_kernels *kernels, struct vector_case *c)
{
	long where;

	aim(c, true);
	npu_kernels_scalar.vector(&c->args);
	aim(c, false);
	kernels->vector(&c->args);
	if (!guarded_same(SLOT_DST, SLOT_WANT_DST, c->dst, &where)) {
		tell(c, 0, where);
		return false;
	}
	for (int i = 0; i < 3; i++) {
		if (!guarded_same(aux_slot[i], want_aux_slot[i], c->aux[i],
				  &where)) {
			tell(c, i + 1, where);
			return false;
		}
	}
	return true;
}

static uint8_t random_type(void)
{
	return types[random_below(COUNT(types))];
}

static uint8_t random_bcast(unsigned int set)
{
	uint8_t bcast;

	do
		bcast = (uint8_t)random_below(NPU_BCAST_COUNT);
	while (!(set >> bcast & 1));
	return bcast;
}

/* The types that an instruction fixes by itself. */
static void fix_types(struct npu_vec_args *args)
{
	if (args->opcode == NPU_OP_ROPE)
		args->type_src[1] = args->type_src[2] = NPU_TYPE_F32;
	if (args->opcode == NPU_OP_TRANSPOSE)
		args->type_src[0] = args->type_dst;
}

static bool one_combination(const struct npu_kernels *kernels,
			    const struct instruction *insn, uint8_t dst,
			    uint8_t src, unsigned int subop, unsigned int flags)
{
	for (unsigned int i = 0; i < insn->repeat; i++) {
		struct vector_case c = {
			.args = {
				.opcode = insn->opcode, .subop = (uint8_t)subop,
				.flags = (uint16_t)flags, .type_dst = dst,
				.type_src = { src, random_type(), random_type() },
				.bcast = { random_bcast(insn->bcast),
					   random_bcast(insn->bcast) },
			},
		};

		fix_types(&c.args);
		make_case(&c, insn->sources, (enum style)(i % STYLE_COUNT));
		if (!agree(kernels, &c))
			return false;
	}
	return true;
}

static void compare(const struct npu_kernels *kernels,
		    const struct instruction *insn, size_t dst)
{
	unsigned int cases = 0;
	bool pass = true;

	for (size_t src = 0; src < COUNT(types); src++) {
		for (unsigned int i = 0; i < insn->subops << 2; i++) {
			unsigned int flags = i & 3;

			if (flags & ~insn->flags)
				continue;
			cases += insn->repeat;
			pass = pass && one_combination(kernels, insn, types[dst],
						       types[src], i >> 2, flags);
		}
	}
	ok(pass, "%s: %s to %s, %u cases", kernels->name, insn->name,
	   type_name(types[dst]), cases);
}

/* Functions over the whole range of their argument. */
static void compare_sweep(const struct npu_kernels *kernels, unsigned int subop)
{
	static uint32_t x[4096], got[4096], want[4096];
	struct npu_vec_args args = {
		.opcode = NPU_OP_UNARY, .subop = (uint8_t)subop, .rows = 1,
		.cols = COUNT(x), .type_dst = NPU_TYPE_F32,
		.type_src = { NPU_TYPE_F32 }, .src = { (const uint8_t *)x },
	};
	uint64_t bits = 0;
	bool pass = true;

	/* A prime step, so that all patterns of low bits occur. */
	while (pass && bits >> 32 == 0) {
		for (size_t i = 0; i < COUNT(x); i++, bits += 4999)
			x[i] = (uint32_t)bits;
		args.dst = (uint8_t *)want;
		npu_kernels_scalar.vector(&args);
		args.dst = (uint8_t *)got;
		kernels->vector(&args);
		pass = !memcmp(got, want, sizeof(got));
		for (size_t i = 0; !pass && i < COUNT(x); i++)
			if (got[i] != want[i])
				diag("f(%#x): got %#x, want %#x", x[i], got[i],
				     want[i]);
	}
	ok(pass, "%s: function %u over all of binary32", kernels->name, subop);
}

int main(void)
{
	static const char *const names[] = { "avx2", "avx512" };

	guarded_open();
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct npu_kernels *kernels = npu_kernels_pick(names[i]);

		if (!kernels) {
			skip("this host cannot run these kernels");
			continue;
		}
		for (size_t j = 0; j < COUNT(instructions); j++)
			for (size_t dst = 0; dst < COUNT(types); dst++)
				if (instructions[j].dst >> dst & 1)
					compare(kernels, &instructions[j], dst);
		for (unsigned int subop = 0; subop < NPU_UNARY_COUNT; subop++)
			compare_sweep(kernels, subop);
	}
	return done_testing();
}
