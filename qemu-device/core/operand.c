// SPDX-License-Identifier: MIT
/* Alignment, bounds and overlap of operands: isa.rst, "Operands". */
#include "operand.h"

#include "dry.h"

#include <string.h>

uint8_t npu_type_size(unsigned int type)
{
	switch (type) {
	case NPU_TYPE_I8:
	case NPU_TYPE_I4:	/* what holds them is counted in bytes */
	case NPU_TYPE_C4:
		return 1;
	case NPU_TYPE_F16:
	case NPU_TYPE_BF16:
		return 2;
	default:
		return 4;
	}
}

float npu_immediate_f32(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

uint64_t npu_region_extent(const struct npu_region *r)
{
	/* Rows and strides are below 2^31: no overflow. */
	if (!r->rows || !r->row)
		return 0;
	return (r->rows - 1) * r->stride + r->row;
}

bool npu_region_aligned(struct npu_exec *ex, const struct npu_region *r)
{
	if (r->base % r->align)
		return npu_exec_fault(ex, NPU_FAULT_ALIGN,
				      NPU_FIELD_ADDR(r->field), r->base);
	if (r->rows > 1 && r->stride_field != NPU_NO_STRIDE &&
	    r->stride % r->stride_align)
		return npu_exec_fault(ex, NPU_FAULT_ALIGN,
				      NPU_FIELD_VAL(r->stride_field),
				      r->stride);
	return true;
}

bool npu_region_in_sram(struct npu_exec *ex, const struct npu_region *r,
			uint8_t **host)
{
	uint64_t extent = npu_region_extent(r);

	if (!npu_region_aligned(ex, r))
		return false;
	*host = ex->sram;
	if (!extent)
		return true;
	if (r->base > ex->sram_size || extent > ex->sram_size - r->base)
		return npu_exec_fault_needs(ex, NPU_FAULT_SRAM,
					    NPU_FIELD_ADDR(r->field), r->base,
					    extent, ex->sram_size);
	if (ex->dry)
		npu_dry_touch(ex, r->base + extent);
	if (ex->record.on)
		npu_record_touch(ex, r->field, r->base, extent);
	*host += r->base;
	return true;
}

bool npu_region_rows_apart(struct npu_exec *ex, const struct npu_region *r)
{
	if (r->rows > 1 && r->stride < r->row)
		return npu_exec_fault(ex, NPU_FAULT_OPERAND,
				      NPU_FIELD_VAL(r->stride_field),
				      r->stride);
	return true;
}

static bool ranges_apart(const struct npu_region *a, const struct npu_region *b)
{
	uint64_t len_a = npu_region_extent(a), len_b = npu_region_extent(b);

	return !len_a || !len_b || a->base + len_a <= b->base ||
	       b->base + len_b <= a->base;
}

/* Both have rows of one stride, in which they hold different columns. */
static bool windows_apart(const struct npu_region *a, const struct npu_region *b)
{
	uint64_t stride = a->stride, from_a;

	if (a->rows < 2 || b->rows < 2 || stride != b->stride ||
	    a->row > stride || b->row > stride)
		return false;
	from_a = (b->base % stride + stride - a->base % stride) % stride;
	return from_a >= a->row && from_a + b->row <= stride;
}

static bool same_elements(const struct npu_region *d, const struct npu_region *s)
{
	return d->base == s->base && d->elem == s->elem && !s->bcast &&
	       (d->rows == 1 || d->stride == s->stride);
}

static bool overlap_fault(struct npu_exec *ex, const struct npu_region *d)
{
	return npu_exec_fault(ex, NPU_FAULT_OPERAND, NPU_FIELD_ADDR(d->field),
			      d->base);
}

bool npu_region_no_overlap(struct npu_exec *ex, const struct npu_region *d,
			   const struct npu_region *s, bool coincide)
{
	if (ranges_apart(d, s) || windows_apart(d, s) ||
	    (coincide && same_elements(d, s)))
		return true;
	return overlap_fault(ex, d);
}

bool npu_region_disjoint(struct npu_exec *ex, const struct npu_region *d,
			 const struct npu_region *other)
{
	return ranges_apart(d, other) || overlap_fault(ex, d);
}
