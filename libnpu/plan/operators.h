/* SPDX-License-Identifier: MIT */
/* Bytes and operations of the operators of a transformer. */
#ifndef LIBNPU_PLAN_OPERATORS_H
#define LIBNPU_PLAN_OPERATORS_H

#include <npu/plan.h>

/**
 * plan_operator() - what an operator of all blocks together needs
 * @shape: model
 * @work: step
 * @cores: of the machine
 * @kind: enum npu_plan_kind
 * @cost: receives operations and bytes, but neither time nor energy
 */
void plan_operator(const struct npu_plan_shape *shape, const struct npu_plan_work *work,
		   unsigned int cores, unsigned int kind, struct npu_plan_cost *cost);

#endif /* LIBNPU_PLAN_OPERATORS_H */
