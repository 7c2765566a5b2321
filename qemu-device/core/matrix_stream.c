// SPDX-License-Identifier: MIT
/* Weights and parameters of a MATMUL that lie in memory. */
#include "matrix.h"

#include <stdlib.h>

#include "device.h"

/* Pages looked at between two looks at aborts, and mappings held at most. */
#define PAGES_MAX	4096

/* Every page that an operand in memory touches can be read. */
static bool translate(struct npu_exec *ex, const struct npu_region *r)
{
	struct npu_fault fault;
	uint32_t pages = 0;

	for (uint64_t y = 0; r->row && y < r->rows; y++) {
		uint64_t va = r->base + y * r->stride, end = va + r->row, left;

		if (!npu_exec_go_on(ex))
			return false;
		/* The first is looked at even if @end wraps around. */
		do {
			/* A row of KN may have a million. */
			if (++pages % PAGES_MAX == 0 && !npu_exec_go_on(ex))
				return false;
			if (!npu_mmu_span(&ex->mmu, va, NPU_ACCESS_READ, &left,
					  &fault))
				return npu_exec_fault_memory(ex, &fault, r->field);
			va += left;
		} while (va < end);
	}
	return true;
}

bool npu_matmul_translate(struct npu_exec *ex, const struct npu_matmul *mm)
{
	for (unsigned int i = 0; i < NPU_MM_OPERANDS; i++)
		if (mm->region[i].rows && npu_matmul_in_memory(mm, i) &&
		    !translate(ex, &mm->region[i]))
			return false;
	return true;
}

/* Room of the core for copies; SRAM bounds what can be asked. */
static uint8_t *bounce(struct npu_exec *ex, uint64_t size)
{
	uint8_t *more;

	if (ex->room->bounce && size <= ex->room->bounce_size)
		return ex->room->bounce;
	more = realloc(ex->room->bounce, size ? size : 1);
	if (!more)
		return NULL;
	ex->room->bounce = more;
	ex->room->bounce_size = size;
	return more;
}

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + 63) / 64 * 64;
}

/* Bytes that a copy of @r takes: rows side by side. */
static uint64_t copy_size(const struct npu_region *r)
{
	return round_up(r->rows * r->row);
}

/* Rows side by side in @room; lets invalidations pass if they are many. */
static const uint8_t *copy(struct npu_exec *ex, const struct npu_region *r,
			   uint8_t *room)
{
	struct npu_fault fault;

	for (uint64_t y = 0; r->row && y < r->rows; y++) {
		if (y % NPU_REACH_ROWS == NPU_REACH_ROWS - 1 &&
		    !npu_exec_go_on(ex))
			return NULL;
		if (!npu_mmu_read(&ex->mmu, r->base + y * r->stride,
				  room + y * r->row, r->row, NPU_ACCESS_READ,
				  &fault)) {
			npu_exec_fault_memory(ex, &fault, r->field);
			return NULL;
		}
	}
	return room;
}

/* Host memory of @r where it is, or NULL if that is not one piece. */
static const uint8_t *in_place(struct npu_exec *ex, const struct npu_region *r,
			       const uint8_t *nothing)
{
	uint64_t extent = npu_region_extent(r);

	return extent ? npu_mmu_run(&ex->mmu, r->base, extent) : nothing;
}

static const uint8_t *reach(struct npu_exec *ex, const struct npu_region *r,
			    uint8_t *room, size_t *stride)
{
	const uint8_t *host = in_place(ex, r, room);

	*stride = host ? r->stride : r->row;
	return host ? host : copy(ex, r, room);
}

/*
 * Scales, zero points and pairs: LDS tells the distance of panels for all of
 * them, so if one has to be copied all are. Side by side they are at the
 * distances that belong to an LDS of a row of scales.
 */
static bool reach_panels(struct npu_exec *ex, const struct npu_region *r,
			 uint8_t *const *room, struct npu_mm_args *a)
{
	static const uint8_t which[] = { NPU_MM_SB, NPU_MM_AUX, NPU_MM_DQ };
	const uint8_t **const at[] = { &a->sb, &a->aux, &a->dq };
	bool copied = false;

	for (unsigned int i = 0; i < 3; i++) {
		if (!r[which[i]].rows)
			continue;
		*at[i] = in_place(ex, &r[which[i]], room[which[i]]);
		copied |= !*at[i];
	}
	if (!copied)
		return true;
	a->lds = r[NPU_MM_SB].row;
	for (unsigned int i = 0; i < 3; i++) {
		if (!r[which[i]].rows)
			continue;
		*at[i] = copy(ex, &r[which[i]], room[which[i]]);
		if (!*at[i])
			return false;
	}
	return true;
}

/* Only B, which is the first, may have so many rows that invalidations pass. */
bool npu_matmul_stream(struct npu_exec *ex, const struct npu_matmul *mm,
		       const struct npu_piece *p, struct npu_mm_args *a)
{
	struct npu_region r[NPU_MM_OPERANDS];
	uint8_t *room[NPU_MM_OPERANDS], *base;
	uint64_t size[NPU_MM_OPERANDS] = { 0 }, total = 0;
	size_t unused;

	npu_matmul_regions(mm, p, r);
	for (unsigned int i = 0; i < NPU_MM_OPERANDS; i++) {
		if (npu_matmul_in_memory(mm, i))
			size[i] = copy_size(&r[i]);
		total += size[i];
	}
	base = bounce(ex, total);
	if (!base)
		return npu_exec_fault(ex, NPU_FAULT_BUS,
				      NPU_FIELD_ADDR(NPU_MM_B),
				      r[NPU_MM_B].base);
	for (unsigned int i = 0; i < NPU_MM_OPERANDS; base += size[i], i++)
		room[i] = base;
	a->b = reach(ex, &r[NPU_MM_B], room[NPU_MM_B], &a->ldb);
	if (!a->b || !reach_panels(ex, r, room, a))
		return false;
	if (r[NPU_MM_BIAS].rows)
		a->bias = reach(ex, &r[NPU_MM_BIAS], room[NPU_MM_BIAS], &unused);
	return !r[NPU_MM_BIAS].rows || a->bias;
}
