/* SPDX-License-Identifier: MIT */
/*
 * SOFTMAX on sixteen columns at a time. Attention has one for each tile of keys, so
 * the loops over its columns are compiled for the types that it has there.
 */
#ifndef NPU_CORE_KERNELS_V16_SOFTMAX_H
#define NPU_CORE_KERNELS_V16_SOFTMAX_H

#include "kernels_v16_operand.h"

/**
 * struct v16_softmax - a row
 * @type: of the source
 * @type_dst: of the destination
 * @src: its columns
 * @dst: where the exponentials go
 * @cols: columns
 * @scale: what they are multiplied with
 * @visible: which count
 */
struct v16_softmax {
	unsigned int type, type_dst;
	const uint8_t *src;
	uint8_t *dst;
	size_t cols;
	v16 scale;
	struct softmax_window visible;
};

/* Whether all of columns @c .. @c + 15 are there and visible. */
V16_INLINE bool v16_softmax_whole(const struct v16_softmax *s, size_t c)
{
	return c >= s->visible.first && c + 16 <= s->visible.end;
}

/* Lanes of columns @c .. @c + @n - 1 that are visible. */
V16_INLINE m16 v16_softmax_mask(const struct v16_softmax *s, size_t c, size_t n)
{
	size_t end = s->visible.end > c ? s->visible.end - c : 0;
	size_t first = s->visible.first > c ? s->visible.first - c : 0;

	return m16_andnot(m16_first(end < n ? end : n), m16_first(first));
}

V16_INLINE v16 v16_softmax_load(const struct v16_softmax *s, size_t c, size_t n)
{
	return v16_mul(v16_load(s->type, s->src + c * arith_size(s->type), n),
		       s->scale);
}

V16_INLINE void v16_softmax_store(const struct v16_softmax *s, size_t c, v16 p,
				  size_t n)
{
	v16_store(s->type_dst, s->dst + c * arith_size(s->type_dst), p, n);
}

V16_INLINE float v16_softmax_maximum(const struct v16_softmax *s)
{
	v16 lanes = v16_set1(-INFINITY);

	for (size_t c = s->visible.first & ~(size_t)15; c < s->visible.end; c += 16) {
		size_t n = v16_step(c, s->cols);

		if (v16_softmax_whole(s, c))
			lanes = v16_max(v16_softmax_load(s, c, 16), lanes);
		else
			lanes = v16_select(v16_softmax_mask(s, c, n),
					   v16_max(v16_softmax_load(s, c, n), lanes),
					   lanes);
	}
	return v16_fold(NPU_BINARY_MAX, lanes);
}

V16_INLINE float v16_softmax_exponentials(const struct v16_softmax *s, float m)
{
	v16 lanes = v16_zero(), top = v16_set1(m);

	for (size_t c = 0; c < s->cols; c += 16) {
		size_t n = v16_step(c, s->cols);
		v16 p = v16_zero();

		if (v16_softmax_whole(s, c)) {
			p = v16_exp_below(v16_sub(v16_softmax_load(s, c, 16), top));
			lanes = v16_add(lanes, p);
			v16_softmax_store(s, c, p, 16);
			continue;
		}
		/* Masked ones add +0 to sums that are never -0: no change. */
		if (c + 16 > s->visible.first && c < s->visible.end) {
			p = v16_exp_below(v16_sub(v16_softmax_load(s, c, n), top));
			p = v16_select(v16_softmax_mask(s, c, n), p, v16_zero());
			lanes = v16_add(lanes, p);
		}
		v16_softmax_store(s, c, p, n);
	}
	return v16_fold(NPU_BINARY_ADD, lanes);
}

V16_INLINE void v16_softmax_row(const struct npu_vec_args *args,
				const struct v16_softmax *s, size_t r)
{
	bool init = args->flags & NPU_F_INIT;
	float m = init ? -INFINITY : per_row_load(args->aux[0], r);
	float l = init ? 0.0f : per_row_load(args->aux[1], r);
	float top = arith_max(m, v16_softmax_maximum(s));
	float alpha = 1.0f;

	if (top == -INFINITY) {
		for (size_t c = 0; c < s->cols; c += 16)
			v16_softmax_store(s, c, v16_zero(), v16_step(c, s->cols));
	} else {
		alpha = arith_exp(m - top);
		l = fmaf(l, alpha, v16_softmax_exponentials(s, top));
	}
	per_row_store(args->aux[0], r, top);
	per_row_store(args->aux[1], r, l);
	per_row_store(args->aux[2], r, alpha);
}

V16_INLINE void v16_softmax_rows(const struct npu_vec_args *args,
				 unsigned int type, unsigned int type_dst)
{
	struct v16_softmax s = {
		.type = type, .type_dst = type_dst, .cols = args->cols,
		.scale = v16_set1(args->imm[0]),
	};

	for (size_t r = 0; r < args->rows; r++) {
		s.src = args->src[0] + r * args->ld_src[0];
		s.dst = args->dst + r * args->ld_dst;
		s.visible = softmax_window(args, r);
		v16_softmax_row(args, &s, r);
	}
}

/* Scores and probabilities of attention. */
static void v16_softmax_f32_f16(const struct npu_vec_args *args)
{
	v16_softmax_rows(args, NPU_TYPE_F32, NPU_TYPE_F16);
}

static void v16_softmax_any(const struct npu_vec_args *args)
{
	v16_softmax_rows(args, args->type_src[0], args->type_dst);
}

static void v16_do_softmax(const struct npu_vec_args *args)
{
	if (args->type_src[0] == NPU_TYPE_F32 && args->type_dst == NPU_TYPE_F16)
		v16_softmax_f32_f16(args);
	else
		v16_softmax_any(args);
}

#endif /* NPU_CORE_KERNELS_V16_SOFTMAX_H */
