/* SPDX-License-Identifier: MIT */
/* Models that npu_model_create() describes, but no graph is built for yet. */
#ifndef LIBNPU_COMPILER_BUILDABLE_H
#define LIBNPU_COMPILER_BUILDABLE_H

#include <npu/model.h>

/**
 * buildable_check() - whether the graph of a model can be built
 * @model: model
 * @err: receives the first feature that cannot
 *
 * Return: 0, or -ENOTSUP.
 */
int buildable_check(const struct npu_model *model, struct npu_error *err);

#endif /* LIBNPU_COMPILER_BUILDABLE_H */
