/* SPDX-License-Identifier: MIT */
/* Some inputs of a matrix of a model file, in the form in which it is stored. */
#ifndef LIBNPU_QUANT_CUT_H
#define LIBNPU_QUANT_CUT_H

#include <npu/gguf.h>

/**
 * quant_cut_unit() - inputs that stay together
 * @tensor: matrix
 *
 * Return: a block's elements, a group's inputs, or what it takes to cut packed
 * codes and double-quantised scales.
 */
uint32_t quant_cut_unit(const struct npu_gguf_tensor *tensor);

/**
 * quant_cut() - some inputs of all rows
 * @tensor: matrix
 * @first: first input, a multiple of quant_cut_unit()
 * @count: how many, to the end or likewise
 * @cut: receives the description of a matrix with these inputs
 * @memory: receives what the caller frees with free() when @cut is no longer
 *	used; NULL if it refers to the file alone
 * @err: no memory
 *
 * The types of GGUF stay where they are; rows of npu-quantize's are copied, with
 * the same codes and scales.
 *
 * Return: 0 or -ENOMEM.
 */
int quant_cut(const struct npu_gguf_tensor *tensor, uint64_t first, uint64_t count,
	      struct npu_gguf_tensor *cut, void **memory, struct npu_error *err);

#endif /* LIBNPU_QUANT_CUT_H */
