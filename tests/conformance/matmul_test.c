// SPDX-License-Identifier: MIT
/*
 * MATMUL: every type, layout and flag, each fast implementation against the
 * scalar one, to the bit.
 */
#include "guarded.h"
#include "kernels.h"
#include "values.h"

/* What of B and its scales a case has; the table of isa.rst. */
struct weights {
	uint8_t type_a, type_b, layout;
};

static const struct weights weights[] = {
	{ NPU_TYPE_I8, NPU_TYPE_I8, NPU_LAYOUT_NK },
	{ NPU_TYPE_I8, NPU_TYPE_I8, NPU_LAYOUT_KN },
	{ NPU_TYPE_I8, NPU_TYPE_I8, NPU_LAYOUT_PACK },
	{ NPU_TYPE_I8, NPU_TYPE_I4, NPU_LAYOUT_PACK },
	{ NPU_TYPE_I8, NPU_TYPE_C4, NPU_LAYOUT_PACK },
	{ NPU_TYPE_F16, NPU_TYPE_F16, NPU_LAYOUT_NK },
	{ NPU_TYPE_F16, NPU_TYPE_F16, NPU_LAYOUT_KN },
	{ NPU_TYPE_F16, NPU_TYPE_F16, NPU_LAYOUT_PACK },
	{ NPU_TYPE_BF16, NPU_TYPE_BF16, NPU_LAYOUT_NK },
	{ NPU_TYPE_BF16, NPU_TYPE_BF16, NPU_LAYOUT_KN },
	{ NPU_TYPE_BF16, NPU_TYPE_BF16, NPU_LAYOUT_PACK },
};

static const char *const layout_name[] = { "NK", "KN", "PACK" };

/* How the scales of B come. */
static const struct {
	uint16_t flags;
	uint8_t type;
} scales[] = {
	{ 0, NPU_TYPE_NONE },
	{ NPU_F_SB, NPU_TYPE_F32 },
	{ NPU_F_SB, NPU_TYPE_F16 },
	{ NPU_F_GROUP, NPU_TYPE_F32 },
	{ NPU_F_GROUP, NPU_TYPE_F16 },
	{ NPU_F_GROUP, NPU_TYPE_I8 },
};

static const uint8_t activations[] = {
	NPU_UNARY_COPY, NPU_UNARY_RELU, NPU_UNARY_GELU, NPU_UNARY_GELU_ERF,
	NPU_UNARY_SILU,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static size_t pad(size_t step)
{
	return step * random_below(3);
}

static size_t panels(const struct npu_mm_args *args)
{
	return ((size_t)args->n + 15) / 16;
}

static size_t groups(const struct npu_mm_args *args)
{
	return args->flags & NPU_F_GROUP ?
	       ((size_t)args->k + args->group - 1) / args->group : 1;
}

/* Bytes from the first row to the end of the last. */
static size_t span(size_t rows, size_t stride, size_t bytes)
{
	return rows && bytes ? (rows - 1) * stride + bytes : 0;
}

static void make_a(struct npu_mm_args *args, enum style style)
{
	size_t size = arith_size(args->type_a), row = args->k * size;
	size_t bytes;
	uint8_t *a;

	args->lda = row + pad(size);
	bytes = span(args->m, args->lda, row);
	a = guarded(SLOT_A, bytes);
	random_elements(args->type_a, a, bytes / size, style);
	args->a = a;
}

static void make_b(struct npu_mm_args *args, enum style style)
{
	bool nibbles = args->type_b == NPU_TYPE_I4 || args->type_b == NPU_TYPE_C4;
	size_t size = nibbles ? 1 : arith_size(args->type_b);
	size_t depth = nibbles ? 8 : 4 / size, row, bytes;
	uint8_t *b;

	if (args->layout == NPU_LAYOUT_NK) {
		row = args->k * size;
		args->ldb = row + pad(size);
		bytes = span(args->n, args->ldb, row);
	} else if (args->layout == NPU_LAYOUT_KN) {
		row = args->n * size;
		args->ldb = row + pad(size);
		bytes = span(args->k, args->ldb, row);
	} else {
		row = (args->k + depth - 1) / depth * NPU_PACK_BLOCK;
		args->ldb = row + pad(64);
		/* The machine aligns panels; the kernels need not rely on it. */
		bytes = span(panels(args), args->ldb, row) + pad(2);
	}
	b = guarded(SLOT_B, bytes);
	if (nibbles)
		random_bytes(b, bytes);
	else
		random_elements(args->type_b, b, bytes / size, style);
	args->b = b;
}

static uint8_t *make_floats(enum slot slot, size_t count, enum style style)
{
	uint8_t *p = guarded(slot, count * 4);

	random_elements(NPU_TYPE_F32, p, count, style);
	return p;
}

static void make_scales(struct npu_mm_args *args, enum style style)
{
	size_t size = arith_size(args->type_s), row = groups(args) * 16 * size;
	size_t pairs = 0, bytes = args->n * size;
	uint8_t *sb;

	if (args->flags & NPU_F_GROUP) {
		args->lds = (row + 63) / 64 * 64 + pad(64);
		bytes = span(panels(args), args->lds, row);
		pairs = (args->lds + 255) / 256;
	}
	if (args->flags & (NPU_F_SB | NPU_F_GROUP)) {
		sb = guarded(SLOT_SB, bytes);
		random_elements(args->type_s, sb, bytes / size, style);
		args->sb = sb;
	}
	if (args->flags & NPU_F_GROUP && args->type_s == NPU_TYPE_I8)
		args->dq = make_floats(SLOT_DQ,
				       2 * ((panels(args) - 1) * pairs +
					    (groups(args) + 15) / 16), style);
}

static void make_aux(struct npu_mm_args *args)
{
	size_t pitch = args->flags & NPU_F_GROUP ?
		       args->lds / arith_size(args->type_s) : 16;
	size_t bytes = span(panels(args), pitch, groups(args) * 16);
	uint8_t *aux;

	if (args->type_b == NPU_TYPE_C4) {
		aux = guarded(SLOT_AUX, 16);
		random_elements(NPU_TYPE_I8, aux, 16, STYLE_WILD);
	} else if (args->flags & NPU_F_ZP) {
		aux = guarded(SLOT_AUX, bytes);
		for (size_t i = 0; i < bytes; i++)
			aux[i] = random_bits() & 15;
	} else {
		return;
	}
	args->aux = aux;
}

/* Operands of @args, whose sizes, types and flags are set; returns C's bytes. */
static size_t make_operands(struct npu_mm_args *args, enum style style)
{
	size_t size = arith_size(args->type_c), row = args->n * size, bytes;

	make_a(args, style);
	make_b(args, style);
	make_scales(args, style);
	make_aux(args);
	if (args->flags & NPU_F_SA)
		args->sa = make_floats(SLOT_SA, args->m, style);
	if (args->flags & NPU_F_BIAS)
		args->bias = make_floats(SLOT_BIAS, args->n, style);
	args->inv = style == STYLE_MILD ? 0.01f : random_float(style);
	args->ldc = row + pad(size);
	bytes = span(args->m, args->ldc, row);
	random_elements(args->type_c, guarded(SLOT_DST, bytes), bytes / size,
			style);
	random_bytes(guarded(SLOT_DST, bytes) - GUARD_FRONT, GUARD_FRONT);
	return bytes;
}

static void tell(const struct npu_mm_args *args, size_t bytes, long where)
{
	size_t size = arith_size(args->type_c);
	const uint8_t *got = guarded(SLOT_DST, bytes);
	const uint8_t *want = guarded(SLOT_WANT_DST, bytes);
	uint32_t g = 0, w = 0;
	size_t at;

	diag("M %u N %u K %u group %u lda %zu ldb %zu ldc %zu flags %#x scale %s C %s act %u",
	     args->m, args->n, args->k, args->group, args->lda, args->ldb,
	     args->ldc, args->flags, type_name(args->type_s),
	     type_name(args->type_c), args->act);
	if (where < 0) {
		diag("wrote %ld bytes before C", -where);
		return;
	}
	at = (size_t)where / size * size;
	memcpy(&g, got + at, size);
	memcpy(&w, want + at, size);
	diag("row %zu column %zu: got %#x, want %#x", at / args->ldc,
	     at % args->ldc / size, g, w);
}

/* One case on both; false and a report if they differ. */
static bool agree(const struct npu_kernels *kernels, struct npu_mm_args *args,
		  enum style style)
{
	size_t bytes = make_operands(args, style);
	long where;

	guarded_copy(SLOT_WANT_DST, SLOT_DST, bytes);
	args->c = guarded(SLOT_WANT_DST, bytes);
	npu_kernels_scalar.matmul(args);
	args->c = guarded(SLOT_DST, bytes);
	kernels->matmul(args);
	if (guarded_same(SLOT_DST, SLOT_WANT_DST, bytes, &where))
		return true;
	tell(args, bytes, where);
	return false;
}

/* Whether isa.rst allows this combination. */
static bool legal(const struct npu_mm_args *args)
{
	bool integer = args->type_a == NPU_TYPE_I8;

	if (args->flags & NPU_F_ZP && args->type_b != NPU_TYPE_I4)
		return false;
	if (args->flags & NPU_F_GROUP &&
	    (!integer || args->layout != NPU_LAYOUT_PACK))
		return false;
	if (args->type_c == NPU_TYPE_I32)
		return integer && args->act == NPU_UNARY_COPY &&
		       !(args->flags & (NPU_F_SA | NPU_F_SB | NPU_F_BIAS |
					NPU_F_GROUP));
	return !(args->flags & NPU_F_ACCUM) || args->type_c == NPU_TYPE_F32;
}

static uint32_t odd_size(void)
{
	static const uint8_t common[] = { 1, 2, 15, 16, 17, 32, 64 };

	if (random_below(3) == 0)
		return common[random_below(sizeof(common))];
	return 1 + random_below(67);
}

static void random_shape(struct npu_mm_args *args)
{
	args->m = random_below(3) ? 1 + random_below(14) : odd_size();
	args->n = odd_size();
	args->k = random_below(20) ? odd_size() : random_below(2) * 700;
	args->group = 16 * (1 + random_below(4));
}

/* All flags, scales and activations for one type of C. */
static bool all_flags(const struct npu_kernels *kernels, const struct weights *w,
		      uint8_t type_c, unsigned int *cases)
{
	static const uint16_t optional[] = {
		NPU_F_SA, NPU_F_BIAS, NPU_F_ACCUM, NPU_F_ZP,
	};

	for (unsigned int i = 0; i < 16 * COUNT(scales) * COUNT(activations); i++) {
		struct npu_mm_args args = {
			.type_a = w->type_a, .type_b = w->type_b,
			.layout = w->layout, .type_c = type_c,
			.type_s = scales[i / 16 % COUNT(scales)].type,
			.flags = scales[i / 16 % COUNT(scales)].flags,
			.act = activations[i / 16 / COUNT(scales)],
		};

		for (int bit = 0; bit < 4; bit++)
			if (i >> bit & 1)
				args.flags |= optional[bit];
		if (!legal(&args))
			continue;
		for (int style = 0; style < STYLE_COUNT; style++) {
			random_shape(&args);
			(*cases)++;
			if (!agree(kernels, &args, (enum style)style))
				return false;
		}
	}
	return true;
}

/*
 * Sums that underflow to -0 in every lane, so that a zero added to a lane
 * beyond K would show: A is tiny, B is tiny and negative.
 */
static bool negative_zeros(const struct npu_kernels *kernels,
			   const struct weights *w, unsigned int *cases)
{
	struct npu_mm_args args = {
		.type_a = w->type_a, .type_b = w->type_b, .layout = w->layout,
		.type_c = NPU_TYPE_F32, .m = 3, .n = 17,
	};
	const uint16_t tiny = 0x0d80, minus_tiny = 0x8d80;
	uint8_t *end_a = guarded(SLOT_A, 0), *end_b = guarded(SLOT_B, 0);
	long where;

	for (args.k = 16; args.k < 48; args.k++) {
		size_t bytes = make_operands(&args, STYLE_MILD);

		for (size_t i = 2; i < 65536; i += 2) {
			memcpy(end_a - i, &tiny, 2);
			memcpy(end_b - i, &minus_tiny, 2);
		}
		guarded_copy(SLOT_WANT_DST, SLOT_DST, bytes);
		args.c = guarded(SLOT_WANT_DST, bytes);
		npu_kernels_scalar.matmul(&args);
		args.c = guarded(SLOT_DST, bytes);
		kernels->matmul(&args);
		(*cases)++;
		if (!guarded_same(SLOT_DST, SLOT_WANT_DST, bytes, &where)) {
			tell(&args, bytes, where);
			return false;
		}
	}
	return true;
}

/* All M, N and K around the sizes of blocks, in the plainest form. */
static bool all_shapes(const struct npu_kernels *kernels,
		       const struct weights *w, unsigned int *cases)
{
	for (uint32_t i = 0; i < 3 * 68; i++) {
		uint32_t size = i % 68;
		struct npu_mm_args args = {
			.type_a = w->type_a, .type_b = w->type_b,
			.layout = w->layout, .type_c = NPU_TYPE_F32,
			.m = 7, .n = 19, .k = 33, .group = 16,
		};

		*(i / 68 == 0 ? &args.m : i / 68 == 1 ? &args.n : &args.k) = size;
		(*cases)++;
		if (!agree(kernels, &args, STYLE_MILD))
			return false;
	}
	return true;
}

/* Sizes at which work is cut into chunks. */
static bool large_shapes(const struct npu_kernels *kernels,
			 const struct weights *w, unsigned int *cases)
{
	static const uint16_t shape[][4] = {
		{ 3, 80, 1029, 32 }, { 150, 21, 300, 64 }, { 70, 33, 515, 48 },
		{ 9, 17, 4100, 16 }, { 1, 200, 260, 128 },
	};

	for (size_t i = 0; i < 2 * COUNT(shape); i++) {
		bool grouped = i >= COUNT(shape);
		const uint16_t *s = shape[i % COUNT(shape)];
		struct npu_mm_args args = {
			.type_a = w->type_a, .type_b = w->type_b,
			.layout = w->layout, .type_c = NPU_TYPE_F32,
			.m = s[0], .n = s[1], .k = s[2], .group = s[3],
			.flags = grouped ? NPU_F_GROUP : 0,
			.type_s = grouped ? NPU_TYPE_I8 : NPU_TYPE_NONE,
		};

		if (args.type_b == NPU_TYPE_I4)
			args.flags |= NPU_F_ZP;
		if (!legal(&args))
			continue;
		(*cases)++;
		if (!agree(kernels, &args, STYLE_MILD))
			return false;
	}
	return true;
}

/* The largest sums there are: K = 65536 elements of -128. */
static bool largest_sums(const struct npu_kernels *kernels,
			 const struct weights *w, unsigned int *cases)
{
	struct npu_mm_args args = {
		.type_a = w->type_a, .type_b = w->type_b, .layout = w->layout,
		.type_c = NPU_TYPE_I32, .m = 2, .n = 3, .k = 65536,
	};
	size_t bytes;

	if (!legal(&args))
		return true;
	(*cases)++;
	bytes = make_operands(&args, STYLE_MILD);
	memset(guarded(SLOT_A, 1) - 2 * 65536, 0x80, 2 * 65536 + 1);
	memset(guarded_end[SLOT_B] - GUARDED_BYTES, 0x80, GUARDED_BYTES);
	if (args.type_b == NPU_TYPE_C4)
		memset(guarded(SLOT_AUX, 16), 0x80, 16);
	args.c = guarded(SLOT_WANT_DST, bytes);
	npu_kernels_scalar.matmul(&args);
	args.c = guarded(SLOT_DST, bytes);
	kernels->matmul(&args);
	for (size_t m = 0; m < args.m; m++)
		if (memcmp(guarded(SLOT_DST, bytes) + m * args.ldc,
			   guarded(SLOT_WANT_DST, bytes) + m * args.ldc,
			   args.n * 4))
			return false;
	return true;
}

static void compare(const struct npu_kernels *kernels)
{
	static const uint8_t types_c[] = {
		NPU_TYPE_I32, NPU_TYPE_F32, NPU_TYPE_F16, NPU_TYPE_BF16,
		NPU_TYPE_I8,
	};

	for (size_t i = 0; i < COUNT(weights); i++) {
		const struct weights *w = &weights[i];
		const char *a = type_name(w->type_a), *b = type_name(w->type_b);
		const char *layout = layout_name[w->layout];
		unsigned int cases = 0;
		bool pass;

		for (size_t c = 0; c < COUNT(types_c); c++) {
			cases = 0;
			pass = all_flags(kernels, w, types_c[c], &cases);
			if (cases)
				ok(pass, "%s: %s x %s %s to %s, %u combinations",
				   kernels->name, a, b, layout,
				   type_name(types_c[c]), cases);
		}
		cases = 0;
		pass = all_shapes(kernels, w, &cases) &&
		       large_shapes(kernels, w, &cases) &&
		       largest_sums(kernels, w, &cases);
		if (w->type_b == NPU_TYPE_BF16)
			pass = pass && negative_zeros(kernels, w, &cases);
		ok(pass, "%s: %s x %s %s, %u shapes", kernels->name, a, b,
		   layout, cases);
	}
}

int main(void)
{
	static const char *const names[] = { "avx2", "avx512" };

	guarded_open();
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct npu_kernels *kernels = npu_kernels_pick(names[i]);

		if (kernels)
			compare(kernels);
		else
			skip("this host cannot run these kernels");
	}
	return done_testing();
}
