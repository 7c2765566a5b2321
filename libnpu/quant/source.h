/* SPDX-License-Identifier: MIT */
/* Panels out of the tensors of a model file, whatever their type is. */
#ifndef LIBNPU_QUANT_SOURCE_H
#define LIBNPU_QUANT_SOURCE_H

#include <npu/gguf.h>

#include "panel.h"

/**
 * quant_resolve() - the format that a tensor is to have
 * @tensor: matrix
 * @asked: format asked for
 *
 * A tensor that is stored quantised keeps its format unless another is asked
 * for. NPU_QUANT_AUTO becomes what holds the file's type best: Q4_0 is INT4 in groups
 * of 32 and Q8_0 INT8 in groups of 32, bit for bit; Q4_1 is asymmetric INT4 if
 * its minima are multiples of its scales, to 1/16; all others are INT8 by
 * channel. In the formats of four bits the embedding and the output matrix
 * become INT8: they decide the logits, and are small in a large model.
 */
struct npu_quant_format quant_resolve(const struct npu_gguf_tensor *tensor,
				      const struct npu_quant_format *asked);

/** quant_as_stored() - whether a tensor is stored in a format of npu-quantize's */
bool quant_as_stored(const struct npu_gguf_tensor *tensor,
		     const struct npu_quant_format *format);

/**
 * quant_source_panel() - rows of a tensor, quantised
 * @tensor: matrix
 * @first: first row
 * @rows: 1 to 16
 * @p: receives them, in its format
 * @scratch: room for 16 rows of floats
 * @err: which row cannot be quantised
 *
 * What is stored in the panel's format already is taken as it is.
 *
 * Return: 0 or -EINVAL.
 */
int quant_source_panel(const struct npu_gguf_tensor *tensor, uint64_t first,
		       uint32_t rows, struct panel *p, float *scratch,
		       struct npu_error *err);

#endif /* LIBNPU_QUANT_SOURCE_H */
