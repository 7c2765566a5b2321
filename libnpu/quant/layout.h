/* SPDX-License-Identifier: MIT */
/*
 * How a matrix of a format lies in memory: panels of 16 columns
 * (NPU_LAYOUT_PACK), then the panels' scales, zero points, pairs of the
 * double-quantised scales, and the codebook.
 */
#ifndef LIBNPU_QUANT_LAYOUT_H
#define LIBNPU_QUANT_LAYOUT_H

#include <npu/quant.h>

/**
 * struct quant_layout - what of a format the matrix engine sees
 * @type: enum npu_type of the weights
 * @scale: enum npu_type of the scales; NPU_TYPE_NONE without, NPU_TYPE_I8 for DQ8
 * @group: inputs that share a scale; 0 when a channel has one
 * @zeros: there are zero points
 * @block: inputs in a block of 64 bytes
 */
struct quant_layout {
	uint8_t type, scale;
	uint32_t group;
	bool zeros;
	uint32_t block;
};

/** struct quant_sections - offsets in the memory of a matrix */
struct quant_sections {
	uint64_t scales, zeros, pairs, book, size;
};

/** quant_layout_of() - layout of a format other than NPU_QUANT_AUTO */
struct quant_layout quant_layout_of(const struct npu_quant_format *format);

/** quant_groups() - scales of a column of @k inputs */
uint32_t quant_groups(const struct quant_layout *l, uint32_t k);

/** quant_code_bytes() - bytes of the weights of a panel of @k inputs */
uint64_t quant_code_bytes(const struct quant_layout *l, uint32_t k);

/** quant_scale_bytes() - bytes from the scales of a panel to those of the next */
uint64_t quant_scale_bytes(const struct quant_layout *l, uint32_t k);

/** quant_zero_bytes() - likewise of the zero points */
uint64_t quant_zero_bytes(const struct quant_layout *l, uint32_t k);

/** quant_pair_bytes() - likewise of the pairs */
uint64_t quant_pair_bytes(const struct quant_layout *l, uint32_t k);

/** quant_book_bytes() - bytes of the codebook, 0 without */
uint64_t quant_book_bytes(const struct quant_layout *l);

/** quant_sections_of() - where the parts of @panels panels of @k inputs lie */
struct quant_sections quant_sections_of(const struct quant_layout *l, uint64_t panels,
					uint32_t k);

#endif /* LIBNPU_QUANT_LAYOUT_H */
