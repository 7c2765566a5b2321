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

/**
 * plan_tile() - the tile of weights that nothing overlaps
 * @shape: model
 * @work: step
 * @machine: machine
 * @kind: enum npu_plan_kind
 * @cost: receives @tile_macs and @tile_bytes, of one chunk of one block
 */
void plan_tile(const struct npu_plan_shape *shape, const struct npu_plan_work *work,
	       const struct npu_plan_machine *machine, unsigned int kind,
	       struct npu_plan_cost *cost);

/** plan_type_of() - type that the matrix engine multiplies a format as */
enum npu_plan_type plan_type_of(const struct npu_quant_format *format);

/** plan_chunks() - how often a step reads the weights */
double plan_chunks(const struct npu_plan_work *work);

#endif /* LIBNPU_PLAN_OPERATORS_H */
