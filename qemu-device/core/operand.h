/* SPDX-License-Identifier: MIT */
/* Which bytes an operand of an engine touches, and whether it may. */
#ifndef NPU_CORE_OPERAND_H
#define NPU_CORE_OPERAND_H

#include "exec.h"

#define NPU_NO_STRIDE	0xff

/**
 * struct npu_region - rows of bytes
 * @base: address of the first
 * @rows: number of rows
 * @row: bytes of a row
 * @stride: bytes from row to row; not used if there is one row
 * @field: number of the address operand
 * @stride_field: number of the value operand of @stride, or NPU_NO_STRIDE
 * @align: what @base is a multiple of
 * @stride_align: what @stride is a multiple of
 * @elem: bytes of an element
 * @bcast: its elements are used more than once
 */
struct npu_region {
	uint64_t base, rows, row, stride;
	uint8_t field, stride_field;
	uint8_t align, stride_align;
	uint8_t elem;
	bool bcast;
};

/* Bytes of an element, or for 4-bit types of what holds two. */
uint8_t npu_type_size(unsigned int type);
/* An immediate that is an F32. */
float npu_immediate_f32(uint32_t bits);
/* Bytes from the first to behind the last; zero if it touches none. */
uint64_t npu_region_extent(const struct npu_region *r);
/* Alignment of base and stride. */
bool npu_region_aligned(struct npu_exec *ex, const struct npu_region *r);
/* Alignment, and that it lies in SRAM; then *@host points to the first byte. */
bool npu_region_in_sram(struct npu_exec *ex, const struct npu_region *r,
			uint8_t **host);
/* No two rows of a destination meet. */
bool npu_region_rows_apart(struct npu_exec *ex, const struct npu_region *r);
/*
 * Destination @d against source @s: no byte in common, or column windows of
 * the same rows, or with @coincide the same elements.
 */
bool npu_region_no_overlap(struct npu_exec *ex, const struct npu_region *d,
			   const struct npu_region *s, bool coincide);
/* Two destinations: no byte in common. */
bool npu_region_disjoint(struct npu_exec *ex, const struct npu_region *d,
			 const struct npu_region *other);

#endif /* NPU_CORE_OPERAND_H */
