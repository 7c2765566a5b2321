// SPDX-License-Identifier: MIT
/* Page walks and the host mappings behind them. Invalidation is in tlb.c. */
#include "mmu.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"

#define PAGE_MASK	(NPU_PAGE_SIZE - 1)
#define VA_LIMIT	(1ull << NPU_VA_BITS)
#define PTE_PERMISSIONS	(NPU_PTE_READ | NPU_PTE_WRITE)

/* Windows beyond which a safe point starts afresh. */
#define WINDOWS_MAX	4096
/* Most bytes that npu_mmu_run() looks at. */
#define RUN_MAX		(8u << 20)

static bool fail(struct npu_fault *fault, uint32_t code, uint32_t access,
		 uint64_t va)
{
	fault->code = code;
	fault->access = access;
	fault->address = va;
	return false;
}

void npu_mmu_begin(struct npu_mmu *mmu, uint32_t context)
{
	npu_mmu_drop(mmu);
	mmu->context = context;
}

void npu_mmu_drop(struct npu_mmu *mmu)
{
	const struct npu_core *npu = mmu->npu;

	mmu->root_known = false;
	mmu->drops++;
	if (!mmu->num_windows)
		return;
	for (unsigned int i = 0; i < mmu->num_windows; i++)
		npu->ops->unmap(npu->opaque, mmu->windows[i].host,
				mmu->windows[i].len, mmu->windows[i].write);
	mmu->num_windows = 0;
	if (mmu->max_windows > WINDOWS_MAX) {
		free(mmu->windows);
		mmu->windows = NULL;
		mmu->max_windows = 0;
	}
	memset(mmu->tlb, 0, sizeof(mmu->tlb));
	memset(mmu->huge, 0, sizeof(mmu->huge));
	mmu->leaves = NULL;
	memset(mmu->recent, 0xff, sizeof(mmu->recent));
}

void npu_mmu_free(struct npu_mmu *mmu)
{
	npu_mmu_drop(mmu);
	free(mmu->windows);
	mmu->windows = NULL;
	mmu->max_windows = 0;
}

void npu_mmu_safepoint(struct npu_mmu *mmu)
{
	if (__atomic_load_n(&mmu->npu->tlb_seq, __ATOMIC_ACQUIRE) !=
	    __atomic_load_n(&mmu->seen, __ATOMIC_RELAXED)) {
		npu_mmu_drop(mmu);
		npu_tlb_acknowledge(mmu);
	} else if (mmu->num_windows > WINDOWS_MAX) {
		npu_mmu_drop(mmu);
	}
}

/* Room for one more window. */
static bool grow_windows(struct npu_mmu *mmu)
{
	unsigned int max = mmu->max_windows ? 2 * mmu->max_windows : 64;
	struct npu_window *more;

	if (mmu->num_windows < mmu->max_windows)
		return true;
	more = realloc(mmu->windows, max * sizeof(*more));
	if (!more)
		return false;
	mmu->windows = more;
	mmu->max_windows = max;
	return true;
}

static uint8_t *new_window(struct npu_mmu *mmu, uint32_t *recent, uint64_t bus,
			   size_t len, bool write)
{
	const struct npu_core *npu = mmu->npu;
	struct npu_window *w;
	uint8_t *host;

	if (!grow_windows(mmu))
		return NULL;
	host = npu->ops->map(npu->opaque, bus, &len, write);
	if (!host)
		return NULL;
	w = &mmu->windows[mmu->num_windows];
	*w = (struct npu_window){ bus, host, len, write };
	*recent = mmu->num_windows++;
	return host;
}

/* Whether the 4 KiB at @bus lie in @w. */
static bool covers(const struct npu_window *w, uint64_t bus)
{
	return bus >= w->bus && w->len >= NPU_PAGE_SIZE &&
	       bus - w->bus <= w->len - NPU_PAGE_SIZE;
}

static uint32_t window_slot(uint64_t bus, uint64_t page, bool write)
{
	unsigned int shift = write && page == NPU_PAGE_SIZE ? NPU_PAGE_SHIFT :
						      NPU_HUGE_SHIFT;

	return (uint32_t)((bus >> shift) * 2 + write) % NPU_TLB_WINDOWS;
}

/* Host memory of the page at @bus, if it is in window number @i. */
static uint8_t *old_window(const struct npu_mmu *mmu, uint32_t i, uint64_t bus,
			   bool write)
{
	const struct npu_window *w;

	if (i >= mmu->num_windows)
		return NULL;
	w = &mmu->windows[i];
	if (w->write != write || !covers(w, bus))
		return NULL;
	return w->host + (bus - w->bus);
}

/*
 * Host memory of the page at @bus. One for reading reaches to the end of the
 * 2 MiB around it, to ask the owner less often. One for writing ends with the
 * page, of @page bytes, since all of it will count as written.
 */
static uint8_t *window(struct npu_mmu *mmu, uint64_t bus, uint64_t page,
		       bool write)
{
	uint64_t reach = write ? page : NPU_HUGE_SIZE;
	uint32_t *recent = &mmu->recent[window_slot(bus, page, write)];
	uint8_t *host = old_window(mmu, *recent, bus, write);

	if (host)
		return host;
	host = new_window(mmu, recent, bus, reach - (bus & (reach - 1)), write);
	return host && covers(&mmu->windows[*recent], bus) ? host : NULL;
}

/* Read the context's entry, if that has not been done. */
static bool find_root(struct npu_mmu *mmu, uint32_t access, uint64_t va,
		      struct npu_fault *fault)
{
	struct npu_core *npu = mmu->npu;
	struct npu_context entry;
	uint64_t at;

	if (mmu->root_known)
		return true;
	if (!npu_context_address(npu, mmu->context, &at) ||
	    !npu->ops->read(npu->opaque, at, &entry, sizeof(entry)) ||
	    entry.flags != NPU_CONTEXT_VALID || entry.reserved0 ||
	    entry.reserved1[0] || entry.reserved1[1] ||
	    entry.page_table & ~NPU_PTE_ADDR)
		return fail(fault, NPU_FAULT_CONTEXT, access, va);
	mmu->root = entry.page_table;
	mmu->root_known = true;
	return true;
}

/* Whether a valid entry of @level is a page; *@table: whether it is a table. */
static bool well_formed(uint64_t pte, int level, bool *table)
{
	uint64_t page = level ? NPU_HUGE_SIZE : NPU_PAGE_SIZE;
	uint64_t known = NPU_PTE_VALID | NPU_PTE_LEAF | PTE_PERMISSIONS |
			 NPU_PTE_ADDR;

	*table = !(pte & NPU_PTE_LEAF);
	if (pte & ~known)
		return false;
	if (*table)
		return level && !(pte & PTE_PERMISSIONS);
	return level < 2 && pte & PTE_PERMISSIONS &&
	       !(pte & NPU_PTE_ADDR & (page - 1));
}

/* The entry of @va in the table of @level at @host; *@table: whether it is one. */
static bool read_entry(const uint8_t *host, uint64_t va, int level,
		       uint32_t access, uint64_t *pte, bool *table,
		       struct npu_fault *fault)
{
	int shift = NPU_PAGE_SHIFT + NPU_PT_BITS * level;

	host += 8 * (va >> shift & ((1 << NPU_PT_BITS) - 1));
	*pte = __atomic_load_n((const uint64_t *)host, __ATOMIC_RELAXED);
	if (!(*pte & NPU_PTE_VALID))
		return fail(fault, NPU_FAULT_PAGE, access, va);
	return well_formed(*pte, level, table) ||
	       fail(fault, NPU_FAULT_PAGE_TABLE, access, va);
}

/* Find the leaf entry of @va, and its @level. Neighbours are in the same table. */
static bool walk(struct npu_mmu *mmu, uint64_t va, uint32_t access,
		 uint64_t *leaf, int *level, struct npu_fault *fault)
{
	uint64_t table_bus;
	bool table = true;

	*level = 0;
	if (mmu->leaves && mmu->leaves_of == va / NPU_HUGE_SIZE)
		return read_entry(mmu->leaves, va, 0, access, leaf, &table, fault);
	if (!find_root(mmu, access, va, fault))
		return false;
	table_bus = mmu->root;
	for (*level = NPU_PT_LEVELS - 1; ; --*level) {
		const uint8_t *host = window(mmu, table_bus, NPU_PAGE_SIZE, false);

		if (!host)
			return fail(fault, NPU_FAULT_PAGE_TABLE, access, va);
		if (!*level) {
			mmu->leaves = host;
			mmu->leaves_of = va / NPU_HUGE_SIZE;
		}
		if (!read_entry(host, va, *level, access, leaf, &table, fault))
			return false;
		if (!table)
			return true;
		table_bus = *leaf & NPU_PTE_ADDR;
	}
}

/* Key of the page of @size at @va; none is zero. */
static uint64_t tlb_key(uint64_t va, uint64_t size, uint32_t access)
{
	return (va / size << 1 | (access == NPU_ACCESS_WRITE)) + 1;
}

/* Remember all of the huge page at @bus, if it is one piece in the host. */
static uint8_t *fill_huge(struct npu_mmu *mmu, uint64_t va, uint64_t bus,
			  uint32_t access)
{
	uint64_t key = tlb_key(va, NPU_HUGE_SIZE, access);
	struct npu_tlb_entry *entry = &mmu->huge[key % NPU_TLB_HUGE];
	bool write = access == NPU_ACCESS_WRITE;
	uint8_t *host = window(mmu, bus, NPU_HUGE_SIZE, write);
	uint64_t last = bus + NPU_HUGE_SIZE - NPU_PAGE_SIZE;

	if (!host || window(mmu, last, NPU_HUGE_SIZE, write) !=
		     host + (last - bus))
		return NULL;
	entry->key = key;
	entry->host = host;
	return host;
}

/* Translate the page of @va and remember it; *@left as npu_mmu_span() has it. */
static uint8_t *fill(struct npu_mmu *mmu, uint64_t va, uint32_t access,
		     uint64_t *left, struct npu_fault *fault)
{
	uint64_t key = tlb_key(va, NPU_PAGE_SIZE, access), leaf, page;
	struct npu_tlb_entry *entry = &mmu->tlb[key % NPU_TLB_ENTRIES];
	bool write = access == NPU_ACCESS_WRITE;
	uint8_t *host;
	int level;

	if (!walk(mmu, va, access, &leaf, &level, fault))
		return NULL;
	if (!(leaf & (write ? NPU_PTE_WRITE : NPU_PTE_READ))) {
		fail(fault, NPU_FAULT_PROTECTION, access, va);
		return NULL;
	}
	leaf &= NPU_PTE_ADDR;
	page = level ? NPU_HUGE_SIZE : NPU_PAGE_SIZE;
	host = level ? fill_huge(mmu, va, leaf, access) : NULL;
	*left = (host ? NPU_HUGE_SIZE : NPU_PAGE_SIZE);
	*left -= va & (*left - 1);
	if (host)
		return host + (va & (NPU_HUGE_SIZE - 1));
	host = window(mmu, leaf + (va & (page - 1) & ~PAGE_MASK), page, write);
	if (!host) {
		fail(fault, NPU_FAULT_BUS, access, va);
		return NULL;
	}
	entry->key = key;
	entry->host = host;
	return host + (va & PAGE_MASK);
}

uint8_t *npu_mmu_span(struct npu_mmu *mmu, uint64_t va, uint32_t access,
		      uint64_t *left, struct npu_fault *fault)
{
	uint64_t key = tlb_key(va, NPU_HUGE_SIZE, access);
	const struct npu_tlb_entry *entry = &mmu->huge[key % NPU_TLB_HUGE];

	if (va >= VA_LIMIT) {
		fail(fault, NPU_FAULT_PAGE, access, va);
		return NULL;
	}
	if (entry->key == key) {
		*left = NPU_HUGE_SIZE - (va & (NPU_HUGE_SIZE - 1));
		return entry->host + (va & (NPU_HUGE_SIZE - 1));
	}
	key = tlb_key(va, NPU_PAGE_SIZE, access);
	entry = &mmu->tlb[key % NPU_TLB_ENTRIES];
	if (entry->key != key)
		return fill(mmu, va, access, left, fault);
	*left = NPU_PAGE_SIZE - (va & PAGE_MASK);
	return entry->host + (va & PAGE_MASK);
}

uint8_t *npu_mmu_page(struct npu_mmu *mmu, uint64_t va, uint32_t access,
		      struct npu_fault *fault)
{
	uint64_t left;

	return npu_mmu_span(mmu, va, access, &left, fault);
}

/* The same by the table that was walked last, and a window that there is. */
static const uint8_t *known_leaf(const struct npu_mmu *mmu, uint64_t va)
{
	struct npu_fault unused;
	const uint8_t *host;
	uint64_t leaf;
	uint32_t slot;
	bool table;

	if (!mmu->leaves || mmu->leaves_of != va / NPU_HUGE_SIZE ||
	    !read_entry(mmu->leaves, va, 0, NPU_ACCESS_READ, &leaf, &table, &unused) ||
	    !(leaf & NPU_PTE_READ))
		return NULL;
	slot = window_slot(leaf & NPU_PTE_ADDR, NPU_PAGE_SIZE, false);
	host = old_window(mmu, mmu->recent[slot], leaf & NPU_PTE_ADDR, false);
	return host ? host + (va & PAGE_MASK) : NULL;
}

const uint8_t *npu_mmu_known(const struct npu_mmu *mmu, uint64_t va)
{
	uint64_t key = tlb_key(va, NPU_HUGE_SIZE, NPU_ACCESS_READ);
	const struct npu_tlb_entry *entry = &mmu->huge[key % NPU_TLB_HUGE];

	if (va >= VA_LIMIT)
		return NULL;
	if (entry->key == key)
		return entry->host + (va & (NPU_HUGE_SIZE - 1));
	key = tlb_key(va, NPU_PAGE_SIZE, NPU_ACCESS_READ);
	entry = &mmu->tlb[key % NPU_TLB_ENTRIES];
	if (entry->key == key)
		return entry->host + (va & PAGE_MASK);
	return known_leaf(mmu, va);
}

const uint8_t *npu_mmu_run(struct npu_mmu *mmu, uint64_t va, uint64_t len)
{
	const uint8_t *first, *host;
	struct npu_fault unused;
	uint64_t done, left;

	if (len > RUN_MAX)
		return NULL;
	first = npu_mmu_span(mmu, va, NPU_ACCESS_READ, &left, &unused);
	if (!first)
		return NULL;
	for (done = left; done < len; done += left) {
		host = npu_mmu_span(mmu, va + done, NPU_ACCESS_READ, &left,
				    &unused);
		if (host != first + done)
			return NULL;
	}
	return first;
}

/*
 * The library's copy: a compiler that sees that there is at most a page puts
 * string instructions there instead, which take longer to start than the copy.
 */
__attribute__((noinline)) void npu_mmu_copy(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
}

bool npu_mmu_read(struct npu_mmu *mmu, uint64_t va, void *buf, uint64_t len,
		  uint32_t access, struct npu_fault *fault)
{
	for (uint64_t n, done = 0; done < len; done += n) {
		const uint8_t *host = npu_mmu_span(mmu, va + done, access, &n,
						   fault);

		if (!host)
			return false;
		if (n > len - done)
			n = len - done;
		npu_mmu_copy((uint8_t *)buf + done, host, n);
	}
	return true;
}

bool npu_mmu_write(struct npu_mmu *mmu, uint64_t va, const void *buf,
		   uint64_t len, struct npu_fault *fault)
{
	for (uint64_t n, done = 0; done < len; done += n) {
		uint8_t *host = npu_mmu_span(mmu, va + done, NPU_ACCESS_WRITE,
					     &n, fault);

		if (!host)
			return false;
		if (n > len - done)
			n = len - done;
		npu_mmu_copy(host, (const uint8_t *)buf + done, n);
	}
	return true;
}
