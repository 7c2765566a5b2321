// SPDX-License-Identifier: MIT
/* Copies between memory and SRAM: isa.rst, "DMA". */
#include "device.h"
#include "dry.h"
#include "hazard.h"
#include "operand.h"

#include <string.h>

/* Bytes copied between two looks at aborts and invalidations. */
#define COPY_CHUNK	(64u << 10)
/* Planes of a store that a dry run looks at one by one. */
#define DRY_PLANES	1024

/**
 * struct dma - one instruction's operands
 * @out: from SRAM to memory
 * @row: bytes of a row
 * @rows: rows of a plane
 * @planes: planes
 * @pad: zero bytes behind each row in SRAM
 * @limit: number of rows that an index may name
 * @mem: address in memory
 * @mem_stride: bytes from row to row there
 * @mem_plane: and from plane to plane
 * @mem_field: number of its address operand
 * @sram: pointer into SRAM
 * @sram_stride: as @mem_stride
 * @sram_plane: as @mem_plane
 * @index: I32 indices in SRAM
 */
struct dma {
	bool out;
	uint32_t row, rows, planes, pad, limit;
	uint64_t mem;
	uint32_t mem_stride, mem_plane;
	unsigned int mem_field;
	uint8_t *sram;
	uint32_t sram_stride, sram_plane;
	const uint8_t *index;
};

static bool is_indexed(const struct npu_insn *insn)
{
	return insn->opcode == NPU_OP_GATHER || insn->opcode == NPU_OP_SCATTER;
}

static bool read_counts(struct npu_exec *ex, const struct npu_insn *insn,
			struct dma *d)
{
	return npu_exec_value(ex, insn, NPU_DMA_ROW, &d->row) &&
	       npu_exec_value(ex, insn, NPU_DMA_ROWS, &d->rows) &&
	       npu_exec_value(ex, insn, NPU_DMA_PLANES, &d->planes);
}

static bool read_values(struct npu_exec *ex, const struct npu_insn *insn,
			struct dma *d)
{
	bool indexed = is_indexed(insn);

	d->out = NPU_OPCODE_ENGINE(insn->opcode) == NPU_ENGINE_ST;
	d->mem_field = d->out ? 0 : 1;
	d->mem = npu_exec_address(ex, insn, d->mem_field);
	return npu_exec_value(ex, insn, NPU_DMA_MEM_STRIDE, &d->mem_stride) &&
	       npu_exec_value(ex, insn, NPU_DMA_MEM_PLANE,
			      indexed ? &d->limit : &d->mem_plane) &&
	       npu_exec_value(ex, insn, NPU_DMA_SRAM_STRIDE, &d->sram_stride) &&
	       npu_exec_value(ex, insn, NPU_DMA_SRAM_PLANE, &d->sram_plane) &&
	       npu_exec_value(ex, insn, NPU_DMA_PAD, &d->pad);
}

/* Bytes in SRAM from the first to behind the last. */
static struct npu_region sram_region(const struct npu_exec *ex,
				     const struct npu_insn *insn,
				     const struct dma *d)
{
	struct npu_region r = {
		.field = !d->mem_field, .stride_field = NPU_DMA_SRAM_STRIDE,
		.align = 1, .stride_align = 1, .elem = 1,
		.rows = 1, .stride = 0, .row = (uint64_t)d->row + d->pad,
	};

	r.base = npu_exec_address(ex, insn, r.field);
	/* Planes and rows as one row of the whole extent. */
	r.row += (uint64_t)(d->rows - 1) * d->sram_stride * (d->rows > 1) +
		 (uint64_t)(d->planes - 1) * d->sram_plane * (d->planes > 1);
	return r;
}

static bool stride_fault(struct npu_exec *ex, unsigned int val, uint64_t stride)
{
	return npu_exec_fault(ex, NPU_FAULT_OPERAND, NPU_FIELD_VAL(val), stride);
}

/* No two rows of the destination meet, whichever dimension is the outer one. */
static bool destination_is_sound(struct npu_exec *ex, const struct dma *d)
{
	uint64_t row = (uint64_t)d->row + d->pad;
	uint64_t s1 = d->out ? d->mem_stride : d->sram_stride, n1 = d->rows;
	uint64_t s2 = d->out ? d->mem_plane : d->sram_plane, n2 = d->planes;
	unsigned int v1 = d->out ? NPU_DMA_MEM_STRIDE : NPU_DMA_SRAM_STRIDE;
	unsigned int v2 = d->out ? NPU_DMA_MEM_PLANE : NPU_DMA_SRAM_PLANE;

	if (n1 > 1 && n2 > 1 && s2 < s1) {
		uint64_t s = s1, n = n1;
		unsigned int v = v1;

		s1 = s2, n1 = n2, v1 = v2;
		s2 = s, n2 = n, v2 = v;
	}
	if (n1 > 1 && s1 < row)
		return stride_fault(ex, v1, s1);
	if (n2 > 1 && s2 < (n1 > 1 ? (n1 - 1) * s1 : 0) + row)
		return stride_fault(ex, v2, s2);
	return true;
}

static bool resolve_copy(struct npu_exec *ex, const struct npu_insn *insn,
			 struct dma *d)
{
	struct npu_region r = sram_region(ex, insn, d);

	return npu_region_in_sram(ex, &r, &d->sram) &&
	       destination_is_sound(ex, d);
}

static bool resolve_indexed(struct npu_exec *ex, const struct npu_insn *insn,
			    struct dma *d)
{
	struct npu_region rows = {
		.base = npu_exec_address(ex, insn, !d->mem_field),
		.rows = d->rows, .row = d->row, .stride = d->sram_stride,
		.field = !d->mem_field, .stride_field = NPU_DMA_SRAM_STRIDE,
		.align = 1, .stride_align = 1, .elem = 1,
	};
	struct npu_region index = {
		.base = npu_exec_address(ex, insn, 2),
		.rows = d->rows, .row = 4, .stride = 4,
		.field = 2, .stride_field = NPU_NO_STRIDE,
		.align = 4, .stride_align = 1, .elem = 4,
	};
	uint8_t *host;

	if (!npu_region_in_sram(ex, &rows, &d->sram) ||
	    !npu_region_in_sram(ex, &index, &host))
		return false;
	d->index = host;
	return d->out || (npu_region_rows_apart(ex, &rows) &&
			  npu_region_no_overlap(ex, &rows, &index, false));
}

/* One row, at most a page at a time. */
static bool copy_row(struct npu_exec *ex, const struct dma *d, uint64_t mem,
		     uint8_t *sram)
{
	uint32_t access = d->out ? NPU_ACCESS_WRITE : NPU_ACCESS_READ;
	struct npu_fault fault;

	for (uint32_t done = 0; done < d->row; ) {
		uint32_t n = d->row - done < COPY_CHUNK ? d->row - done : COPY_CHUNK;

		if (!npu_exec_go_on(ex))
			return false;
		if (d->out ? !npu_mmu_write(&ex->mmu, mem + done, sram + done, n,
					    &fault) :
			     !npu_mmu_read(&ex->mmu, mem + done, sram + done, n,
					   access, &fault))
			return npu_exec_fault_memory(ex, &fault, d->mem_field);
		done += n;
	}
	if (d->pad)
		memset(sram + d->row, 0, d->pad);
	return true;
}

static bool copy_planes(struct npu_exec *ex, const struct dma *d)
{
	for (uint64_t z = 0; z < d->planes; z++)
		for (uint64_t y = 0; y < d->rows; y++)
			if (!copy_row(ex, d,
				      d->mem + y * d->mem_stride + z * d->mem_plane,
				      d->sram + y * d->sram_stride + z * d->sram_plane))
				return false;
	return true;
}

static bool copy_indexed(struct npu_exec *ex, const struct dma *d)
{
	for (uint64_t y = 0; y < d->rows; y++) {
		int32_t index;

		memcpy(&index, d->index + 4 * y, sizeof(index));
		if (index < 0 || (uint32_t)index >= d->limit)
			return npu_exec_fault_needs(ex, NPU_FAULT_INDEX,
						    NPU_FIELD_ADDR(2),
						    (uint64_t)index, y, d->limit);
		if (!copy_row(ex, d, d->mem + (uint64_t)index * d->mem_stride,
			      d->sram + y * d->sram_stride))
			return false;
	}
	return true;
}

/* What a store without data does to what is known of memory. */
static void store_dry(struct npu_exec *ex, const struct npu_insn *insn,
		      const struct dma *d)
{
	uint64_t plane = (uint64_t)(d->rows - 1) * d->mem_stride + d->row;
	uint64_t all = (uint64_t)(d->planes - 1) * d->mem_plane + plane;

	if (is_indexed(insn))
		npu_dry_store(ex, d->mem, UINT64_MAX / 2);
	else if (d->planes > DRY_PLANES)
		npu_dry_store(ex, d->mem, all);
	else
		for (uint64_t z = 0; z < d->planes; z++)
			npu_dry_store(ex, d->mem + z * d->mem_plane, plane);
}

/* What a copy without data does to what is known of SRAM and memory. */
static void copy_dry(struct npu_exec *ex, const struct npu_insn *insn,
		     const struct dma *d)
{
	struct npu_region rows = {
		.base = (uint64_t)(d->sram - ex->sram), .rows = d->rows,
		.row = (uint64_t)d->row + d->pad, .stride = d->sram_stride,
		.field = !d->mem_field,
	};

	if (d->out)
		store_dry(ex, insn, d);
	if (d->out || !ex->dry->known)
		return;
	for (uint64_t z = 0; z < d->planes; z++, rows.base += d->sram_plane)
		npu_dry_wrote(ex, &rows);
	if (is_indexed(insn) || !npu_dry_knows(ex, insn->addr[1].reg) ||
	    !npu_dry_knows(ex, insn->addr[0].reg))
		return;
	for (uint64_t z = 0; z < d->planes; z++)
		for (uint64_t y = 0; y < d->rows; y++)
			npu_dry_load(ex, d->mem + y * d->mem_stride + z * d->mem_plane,
				     d->sram + y * d->sram_stride + z * d->sram_plane,
				     d->row, d->pad);
}

/* What it touches of SRAM. */
static void touch(struct npu_exec *ex, const struct npu_insn *insn,
		  const struct dma *d)
{
	struct npu_region r = {
		.base = (uint64_t)(d->sram - ex->sram), .rows = d->rows,
		.row = (uint64_t)d->row + d->pad, .stride = d->sram_stride,
	};
	struct npu_region index = { .rows = 1, .row = 4ull * d->rows };

	if (is_indexed(insn)) {
		index.base = (uint64_t)(d->index - ex->sram);
		npu_hazards_touch(ex, &index, false);
	}
	for (uint32_t z = 0; z < d->planes && ex->state == NPU_EXEC_READY; z++) {
		npu_hazards_touch(ex, &r, !d->out);
		r.base += d->sram_plane;
	}
}

static void count(struct npu_exec *ex, const struct npu_insn *insn,
		  const struct dma *d)
{
	const struct npu_profile *p = &ex->npu->profile;
	uint64_t rows = (uint64_t)d->rows * d->planes, words;
	uint64_t *c = ex->counters;

	words = npu_cost_words(p, rows, (uint64_t)d->row + d->pad);
	if (is_indexed(insn)) {
		words += npu_cost_words(p, 1, 4 * rows);
		c[NPU_CNT_SRAM_READ] += 4 * rows;
	}
	if (d->out) {
		c[NPU_CNT_SRAM_READ] += rows * d->row;
		c[NPU_CNT_MEM_WRITE] += rows * d->row;
	} else {
		c[NPU_CNT_MEM_READ] += rows * d->row;
		c[NPU_CNT_SRAM_WRITE] += rows * ((uint64_t)d->row + d->pad);
	}
	ex->cost = npu_cost_transfer(p, rows, d->row, words);
}

bool npu_dma_execute(struct npu_exec *ex, const struct npu_insn *insn)
{
	struct dma d = { 0 };
	bool done;

	if (insn->opcode == NPU_OP_NOP_LD || insn->opcode == NPU_OP_NOP_ST)
		return true;
	if (!read_counts(ex, insn, &d))
		return false;
	if (!d.row || !d.rows || !d.planes)
		return true;
	if (!read_values(ex, insn, &d) ||
	    !npu_exec_work(ex, (uint64_t)d.row + d.pad, d.rows, d.planes,
			   NPU_FIELD_VAL(NPU_DMA_ROW)))
		return false;
	if (is_indexed(insn))
		done = resolve_indexed(ex, insn, &d);
	else
		done = resolve_copy(ex, insn, &d);
	if (!done)
		return false;
	if (ex->hazards)
		touch(ex, insn, &d);
	if (ex->dry)
		copy_dry(ex, insn, &d);
	else
		done = is_indexed(insn) ? copy_indexed(ex, &d) :
					  copy_planes(ex, &d);
	if (done && !ex->dry && insn->opcode == NPU_OP_LOAD && d.planes == 1)
		npu_ahead_copied(ex, d.mem, d.mem_stride, d.rows, d.row);
	if (done)
		count(ex, insn, &d);
	return done;
}
