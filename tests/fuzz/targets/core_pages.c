// SPDX-License-Identifier: MIT
/*
 * Page tables of any contents, walked while they change, with invalidations and
 * a bus that does not always give what is asked for. Where nothing is stale and
 * the bus is sound, what the MMU says is what a plain walk of the tables says.
 */
#include <stdlib.h>

#include "device.h"
#include "fuzz_bytes.h"
#include "fuzz_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/**
 * struct pages - the MMU of an idle core
 * @npu: its machine
 * @bus: memory
 * @mmu: that MMU
 * @stale: tables changed since the last invalidation
 * @broken: the bus misbehaves, or did since the last invalidation
 * @dirty: pages to put right before the next run, a bit each
 */
struct pages {
	struct npu_core *npu;
	struct fuzz_bus *bus;
	struct npu_mmu *mmu;
	bool stale, broken;
	uint64_t dirty;
};

static struct pages p;
static uint8_t good[FUZZ_SIZE];

static void start(void)
{
	struct npu_core_config config = { .cores = 1, .sram_size = NPU_SRAM_MIN, .threads = 1,
					  .queues = 4 };
	char error[256];

	p.bus = fuzz_bus_new();
	p.npu = npu_core_new(&config, &fuzz_bus_ops, p.bus, error, sizeof(error));
	fuzz_assert(p.npu);
	p.mmu = &p.npu->exec[0]->mmu;
	fuzz_world_build(good);
	memcpy(p.bus->memory, good, FUZZ_SIZE);
	fuzz_world_start(p.npu);
}

/* What hardware.rst says of one entry; 0: it is a table; -1: a page; else a fault. */
static int judge(uint64_t pte, int level)
{
	uint64_t page = level ? NPU_HUGE_SIZE : NPU_PAGE_SIZE;
	uint64_t rights = pte & (NPU_PTE_READ | NPU_PTE_WRITE);

	if (!(pte & NPU_PTE_VALID))
		return NPU_FAULT_PAGE;
	if (pte & ~(NPU_PTE_ADDR | 0xfull))
		return NPU_FAULT_PAGE_TABLE;
	if (!(pte & NPU_PTE_LEAF))
		return rights || !level ? NPU_FAULT_PAGE_TABLE : 0;
	if (level == 2 || !rights || (pte & NPU_PTE_ADDR) % page)
		return NPU_FAULT_PAGE_TABLE;
	return -1;
}

static bool in_memory(uint64_t bus)
{
	return bus >= FUZZ_BASE && bus < FUZZ_BASE + FUZZ_SIZE;
}

/* The plain walk: fault code, or 0 and where the byte is. */
static uint32_t walk(uint32_t context, uint64_t va, bool write, uint64_t *bus)
{
	struct npu_context entry;
	uint64_t table, pte;
	int level, verdict;

	if (va >> NPU_VA_BITS)
		return NPU_FAULT_PAGE;
	if (context >= 4)
		return NPU_FAULT_CONTEXT;
	memcpy(&entry, p.bus->memory + context * sizeof(entry), sizeof(entry));
	if (entry.flags != NPU_CONTEXT_VALID || entry.reserved0 || entry.reserved1[0] ||
	    entry.reserved1[1] || entry.page_table & ~NPU_PTE_ADDR)
		return NPU_FAULT_CONTEXT;
	table = entry.page_table;
	for (level = 2; ; level--) {
		if (!in_memory(table))
			return NPU_FAULT_PAGE_TABLE;
		pte = fuzz_bus_word(p.bus, table - FUZZ_BASE + 8 * (va >> (12 + 9 * level) & 511));
		verdict = judge(pte, level);
		if (verdict > 0)
			return verdict;
		if (verdict < 0)
			break;
		table = pte & NPU_PTE_ADDR;
	}
	if (!(pte & (write ? NPU_PTE_WRITE : NPU_PTE_READ)))
		return NPU_FAULT_PROTECTION;
	*bus = (pte & NPU_PTE_ADDR) + va % (level ? NPU_HUGE_SIZE : NPU_PAGE_SIZE);
	return in_memory(*bus) ? 0 : NPU_FAULT_BUS;
}

/* An address; most are where tables of context 2 may well say something. */
static uint64_t take_va(struct fuzz_bytes *in)
{
	uint16_t at = fuzz_u16(in);
	uint64_t low = fuzz_u16(in);

	if (at & 0x8000)
		return fuzz_u64(in);
	return (uint64_t)(at >> 12 & 3) << 30 | (uint64_t)(at >> 8 & 15) << 21 |
	       (uint64_t)(at & 255) << 12 | (low & 0xfff);
}

static void access_byte(struct fuzz_bytes *in, bool write)
{
	uint64_t va = take_va(in), bus = 0;
	struct npu_fault fault = { 0 };
	uint8_t *host = npu_mmu_page(p.mmu, va, write ? NPU_ACCESS_WRITE : NPU_ACCESS_READ, &fault);
	uint32_t wanted;

	if (host) {
		volatile uint8_t *byte = host;

		/* To the end of its page it may be touched. */
		(void)byte[0];
		(void)byte[NPU_PAGE_SIZE - 1 - va % NPU_PAGE_SIZE];
	} else {
		fuzz_assert(fault.code && fault.address == va);
	}
	if (p.stale || p.broken)
		return;
	wanted = walk(p.mmu->context, va, write, &bus);
	fuzz_assert(host ? !wanted : fault.code == wanted);
	fuzz_assert(!host || host == p.bus->device + (bus - FUZZ_BASE));
}

static void copy(struct fuzz_bytes *in, bool write)
{
	static uint8_t room[3 * 4096];
	uint64_t va = take_va(in), len = fuzz_u16(in) % (sizeof(room) + 1);
	struct npu_fault fault;

	if (write) {
		/* It may well hit tables. */
		p.stale = true;
		p.dirty = UINT64_MAX;
		npu_mmu_write(p.mmu, va, room, len, &fault);
	} else if (!npu_mmu_read(p.mmu, va, room, len, NPU_ACCESS_READ, &fault)) {
		fuzz_assert(fault.code && fault.address - va < len);
	}
}

static void run(struct fuzz_bytes *in)
{
	uint64_t va = take_va(in), len = 1 + fuzz_u16(in);
	const uint8_t *host = npu_mmu_run(p.mmu, va, len);

	for (uint64_t i = 0; host && i < len; i += 512)
		(void)*(const volatile uint8_t *)(host + i);
	if (host)
		(void)*(const volatile uint8_t *)(host + len - 1);
}

/* An entry of the tables of context 2, or anywhere in memory. */
static void change(struct fuzz_bytes *in)
{
	uint8_t how = fuzz_u8(in);
	uint32_t page = how & 0x80 ? fuzz_u8(in) % FUZZ_PAGES : WORLD_TABLES + how % 4;
	uint32_t at = WORLD_AT(page) + 8 * (how & 0x40 ? fuzz_u16(in) % 512 : fuzz_u8(in) % 16);
	uint64_t pte = how & 0x20 ? fuzz_u64(in) : fuzz_u8(in) % 16;

	if (!(how & 0x20))
		pte |= WORLD_BUS(fuzz_u8(in) % (FUZZ_PAGES + 4));
	fuzz_bus_poke(p.bus, at, &pte, sizeof(pte));
	p.dirty |= 1ull << page;
	p.stale = true;
}

static void invalidate(struct fuzz_bytes *in)
{
	static const uint32_t regs[] = { NPU_REG_TLB_CTX, NPU_REG_TLB_VA_LO, NPU_REG_TLB_VA_HI,
					 NPU_REG_TLB_SIZE_LO, NPU_REG_TLB_SIZE_HI };
	uint8_t how = fuzz_u8(in);

	if (how & 0x80)
		for (unsigned int i = 0; i < 5; i++)
			npu_core_write(p.npu, regs[i], fuzz_u32(in));
	npu_core_write(p.npu, NPU_REG_TLB_CMD, how & 0x40 ? how & 15 : NPU_TLB_CMD_ALL);
	npu_mmu_safepoint(p.mmu);
	if (how & 0x40)
		return;
	p.stale = false;
	p.broken = p.bus->refused || p.bus->piece || p.bus->calls_left;
	fuzz_assert(!p.bus->mappings);
}

static void break_bus(struct fuzz_bytes *in)
{
	uint8_t how = fuzz_u8(in);

	fuzz_bus_misbehave(p.bus, how & 1 ? fuzz_u64(in) : 0, how & 2 ? 1 + fuzz_u16(in) : 0,
			   how & 4 ? 1 + fuzz_u8(in) % 16 : 0);
	p.broken = true;
}

static void once(struct fuzz_bytes *in)
{
	switch (fuzz_u8(in) % 10) {
	case 0:
	case 1:
		change(in);
		break;
	case 2:
	case 3:
		access_byte(in, false);
		break;
	case 4:
		access_byte(in, true);
		break;
	case 5:
		copy(in, false);
		break;
	case 6:
		copy(in, true);
		break;
	case 7:
		run(in);
		break;
	case 8:
		invalidate(in);
		break;
	default:
		break_bus(in);
	}
}

/* Only what a run may have changed: tables, and what writes through them reach. */
static void restore(void)
{
	for (; p.dirty; p.dirty &= p.dirty - 1) {
		uint32_t at = WORLD_AT(__builtin_ctzll(p.dirty));

		memcpy(p.bus->memory + at, good + at, FUZZ_PAGE);
	}
	fuzz_bus_heal(p.bus);
	p.stale = false;
	p.broken = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };

	if (!p.npu)
		start();
	restore();
	pthread_mutex_lock(&p.npu->lock);
	npu_mmu_enter(p.mmu);
	pthread_mutex_unlock(&p.npu->lock);
	npu_mmu_begin(p.mmu, fuzz_u8(&in) % 6);
	for (unsigned int i = 0; in.left && i < 200; i++)
		once(&in);
	npu_mmu_drop(p.mmu);
	pthread_mutex_lock(&p.npu->lock);
	npu_mmu_leave(p.mmu);
	pthread_mutex_unlock(&p.npu->lock);
	fuzz_assert(!p.bus->mappings);
	fuzz_assert(npu_core_read(p.npu, NPU_REG_TLB_DONE) ==
		    npu_core_read(p.npu, NPU_REG_TLB_SEQ));
	fuzz_assert(p.mmu->max_windows <= 8192);
	return 0;
}
