/* SPDX-License-Identifier: MIT */
/*
 * Reductions in the order of sixteen lanes: element i goes to lane i mod 16,
 * and the lanes are folded 8, 4, 2, 1 at the end (Documentation/isa.rst,
 * "Numbers"). A vector unit of 8 or 16 lanes can keep this order.
 */
#ifndef NPU_CORE_ARITH_LANES_H
#define NPU_CORE_ARITH_LANES_H

#include "arith_math.h"

#define ARITH_LANES		16

struct arith_lanes {
	float p[ARITH_LANES];
};

static inline void arith_lanes_start(struct arith_lanes *lanes, float value)
{
	for (int j = 0; j < ARITH_LANES; j++)
		lanes->p[j] = value;
}

static inline void arith_lanes_add(struct arith_lanes *lanes, size_t i, float x)
{
	lanes->p[i % ARITH_LANES] += x;
}

static inline void arith_lanes_fma(struct arith_lanes *lanes, size_t i,
				   float x, float y)
{
	float *p = &lanes->p[i % ARITH_LANES];

	*p = fmaf(x, y, *p);
}

static inline void arith_lanes_max(struct arith_lanes *lanes, size_t i, float x)
{
	float *p = &lanes->p[i % ARITH_LANES];

	*p = arith_max(x, *p);
}

static inline void arith_lanes_min(struct arith_lanes *lanes, size_t i, float x)
{
	float *p = &lanes->p[i % ARITH_LANES];

	*p = arith_min(x, *p);
}

/*
 * Fold the lanes with @op, an enum npu_binary. The upper lane comes first, so
 * that MAX and MIN keep their rule for NaN and zeros; ADD does not care.
 */
static inline float arith_lanes_fold(struct arith_lanes *lanes, unsigned int op)
{
	for (int s = ARITH_LANES / 2; s >= 1; s /= 2)
		for (int j = 0; j < s; j++)
			lanes->p[j] = arith_binary(op, lanes->p[j + s],
						   lanes->p[j]);
	return lanes->p[0];
}

#endif /* NPU_CORE_ARITH_LANES_H */
