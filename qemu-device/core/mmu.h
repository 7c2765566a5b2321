/* SPDX-License-Identifier: MIT */
/* From addresses of a context to host memory. */
#ifndef NPU_CORE_MMU_H
#define NPU_CORE_MMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/npu_regs.h"

struct npu_core;

#define NPU_TLB_ENTRIES		2048
#define NPU_TLB_HUGE		1024
#define NPU_TLB_WINDOWS		1024

struct npu_tlb_entry {
	uint64_t key;	/* page number, access, and a one: zero is empty */
	uint8_t *host;
};

struct npu_window {
	uint64_t bus;
	uint8_t *host;
	size_t len;
	bool write;
};

/**
 * struct npu_mmu - the translations that one core of a job holds
 * @npu: the machine
 * @context: index of the job's context
 * @root: bus address of its level 2 table, if @root_known
 * @root_known: the context's entry has been read since the last invalidation
 * @active: a thread may be using host pointers (guarded by the machine's lock)
 * @seen: TLB_SEQ up to which nothing stale is held
 * @tlb: host pages by VA
 * @huge: host pages of 2 MiB by VA
 * @leaves: table of 4 KiB pages that was walked last, or NULL
 * @leaves_of: number of the 2 MiB of VA that it is of
 * @windows: host mappings that the owner gave, given back all at once
 * @num_windows: used entries of @windows
 * @max_windows: allocated entries of @windows
 * @drops: how often all were dropped
 * @recent: index of the last window of a 2 MiB region of the bus, by hash
 *
 * Pointers stay good until the next npu_mmu_safepoint() or npu_mmu_drop().
 */
struct npu_mmu {
	struct npu_core *npu;
	uint32_t context;
	uint64_t root;
	bool root_known;
	bool active;
	uint32_t seen;
	struct npu_tlb_entry tlb[NPU_TLB_ENTRIES];
	struct npu_tlb_entry huge[NPU_TLB_HUGE];
	const uint8_t *leaves;
	uint64_t leaves_of;
	struct npu_window *windows;
	unsigned int num_windows, max_windows;
	uint32_t drops;
	uint32_t recent[NPU_TLB_WINDOWS];
};

/* Start with nothing cached on @context. */
void npu_mmu_begin(struct npu_mmu *mmu, uint32_t context);
/* Give all mappings back and forget all translations. */
void npu_mmu_drop(struct npu_mmu *mmu);
/* As npu_mmu_drop(), and free what holds them. */
void npu_mmu_free(struct npu_mmu *mmu);

/*
 * A thread takes the translations up, or lays them down; the machine's lock is
 * held. npu_mmu_enter() tells whether npu_mmu_drop() must come before use;
 * npu_mmu_leave() gives the vectors to raise.
 */
bool npu_mmu_enter(struct npu_mmu *mmu);
uint32_t npu_mmu_leave(struct npu_mmu *mmu);

/* TLB_CMD was written with these operands; lock held; vectors to raise. */
uint32_t npu_tlb_invalidate(struct npu_core *npu, uint32_t cmd);

/**
 * npu_mmu_safepoint() - let invalidations pass
 * @mmu: translations
 *
 * No host pointer obtained before may be used after it.
 */
void npu_mmu_safepoint(struct npu_mmu *mmu);

/**
 * npu_mmu_page() - host memory of a byte and those behind it in its 4 KiB page
 * @mmu: translations
 * @va: address
 * @access: enum npu_access
 * @fault: receives code, access and address if there is none
 *
 * Return: pointer, or NULL.
 */
uint8_t *npu_mmu_page(struct npu_mmu *mmu, uint64_t va, uint32_t access,
		      struct npu_fault *fault);

/**
 * npu_mmu_span() - npu_mmu_page(), and how far the host memory goes on
 * @mmu: translations
 * @va: address
 * @access: enum npu_access
 * @left: receives the bytes from @va to the end of its page, of 4 KiB or 2 MiB
 * @fault: receives code, access and address if there is none
 *
 * Return: pointer, or NULL.
 */
uint8_t *npu_mmu_span(struct npu_mmu *mmu, uint64_t va, uint32_t access,
		      uint64_t *left, struct npu_fault *fault);

/**
 * npu_mmu_known() - host memory of a byte that needs no look at tables
 * @mmu: translations
 * @va: address
 *
 * For guesses: nobody learns that the byte was asked for.
 *
 * Return: pointer, or NULL if it was not read before, or is not remembered.
 */
const uint8_t *npu_mmu_known(const struct npu_mmu *mmu, uint64_t va);

/**
 * npu_mmu_run() - host memory of a range, if it lies in one piece there
 * @mmu: translations
 * @va: address
 * @len: bytes, not zero
 *
 * Return: pointer to read from, or NULL if any of it must be copied to be in
 * one piece, or is not readable.
 */
const uint8_t *npu_mmu_run(struct npu_mmu *mmu, uint64_t va, uint64_t len);

/* memcpy() for pieces of pages. */
void npu_mmu_copy(void *to, const void *from, size_t len);

/* Copy from and to memory; on failure bytes before @fault->address are done. */
bool npu_mmu_read(struct npu_mmu *mmu, uint64_t va, void *buf, uint64_t len,
		  uint32_t access, struct npu_fault *fault);
bool npu_mmu_write(struct npu_mmu *mmu, uint64_t va, const void *buf,
		   uint64_t len, struct npu_fault *fault);

#endif /* NPU_CORE_MMU_H */
