// SPDX-License-Identifier: MIT
/* Translation: pages of both sizes, scattered memory, every fault, invalidation. */
#include "assemble.h"
#include "bus.h"
#include "ring.h"
#include "tap.h"

#define CODE	0x400000u
#define DATA	0x800000u	/* where a test maps what it needs */
#define OUT	0x1000000u
#define PAGE	4096u
#define RW	(NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ | NPU_PTE_WRITE)

static struct machine *m;
static uint8_t *code, *out;
static struct program p;
static struct npu_completion done;

static void wr(uint32_t reg, uint32_t value)
{
	npu_core_write(machine_core(m), reg, value);
}

static bool run(void)
{
	struct npu_job job;

	asm_add(&p, NPU_OP_END);
	job = asm_job(&p, code, CODE);
	return machine_run(m, &job, &done);
}

/* A program that copies @size bytes from @va to OUT. */
static void copy_from(uint64_t va, uint32_t size)
{
	asm_start(&p, 0x40000);
	asm_set(&p, 10, va);
	asm_load(&p, 0, 10, 0, size);
	asm_store(&p, NPU_R_ZERO, OUT, 0, size);
}

static void fill(uint8_t *at, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++)
		at[i] = seed + i * 7 + i / 253;
}

/* Pages in reverse order, so that no two lie in one piece. */
static void scattered(void)
{
	static uint8_t want[9 * PAGE];
	uint64_t bus;
	uint8_t *host = bus_alloc(machine_bus(m), sizeof(want), PAGE, &bus);

	fill(want, sizeof(want), 3);
	for (unsigned int i = 0; i < 9; i++) {
		memcpy(host + (8 - i) * PAGE, want + i * PAGE, PAGE);
		machine_map_page(m, DATA + i * PAGE, (bus + (8 - i) * PAGE) | RW, 0);
	}
	copy_from(DATA + 5, sizeof(want) - 5);
	ok(run(), "a LOAD across scattered pages");
	ok(!memcmp(out, want + 5, sizeof(want) - 5), "gets each byte from its page");
	asm_start(&p, 0x10000);
	asm_load(&p, 0, NPU_R_ZERO, OUT, sizeof(want));
	asm_store(&p, NPU_R_ZERO, DATA + 1, 0, sizeof(want) - 1);
	fill(out, sizeof(want), 9);
	ok(run(), "a STORE across them");
	ok(!memcmp(host + 8 * PAGE + 1, out, PAGE - 1) &&
	   !memcmp(host, out + 8 * PAGE - 1, PAGE), "puts each byte into its page");
}

/* 2 x 300 x K MATMUL with B in reversed pages: the weights must be copied. */
static void streams(unsigned int layout, const char *name)
{
	uint32_t k = 200, n = 300, rows = layout == NPU_LAYOUT_KN ? k : n;
	uint32_t row = layout == NPU_LAYOUT_KN ? n : k, size = rows * row;
	unsigned int pages = (size + PAGE - 1) / PAGE;
	static uint8_t flat[64 * PAGE];
	struct npu_insn *insn;
	uint64_t bus;
	uint8_t *host = bus_alloc(machine_bus(m), pages * PAGE, PAGE, &bus);

	fill(flat, sizeof(flat), layout);
	for (unsigned int i = 0; i < pages; i++) {
		memcpy(host + (pages - 1 - i) * PAGE, flat + i * PAGE, PAGE);
		machine_map_page(m, 0xc00000 + i * PAGE,
				 (bus + (pages - 1 - i) * PAGE) | RW, 0);
	}
	memcpy(out, flat, 400);
	memcpy(out + 0x10000, flat, size);
	for (unsigned int pass = 0; pass < 2; pass++) {
		asm_start(&p, 0x40000);
		asm_load(&p, 0, NPU_R_ZERO, OUT, 400);
		insn = asm_add(&p, NPU_OP_MATMUL);
		insn->flags = NPU_F_STREAM;
		insn->type[NPU_MM_TYPE_C] = NPU_TYPE_I32;
		insn->type[NPU_MM_TYPE_A] = NPU_TYPE_I8;
		insn->type[NPU_MM_TYPE_B] = NPU_TYPE_I8;
		insn->mode[NPU_MM_LAYOUT] = layout;
		asm_addr(insn, NPU_MM_B, NPU_R_ZERO, pass ? OUT + 0x10000 : 0xc00000);
		asm_addr(insn, NPU_MM_C, NPU_R_ZERO, 1024);
		asm_vals(insn, 2, n, k, k, row, 4 * n);
		asm_store(&p, NPU_R_ZERO, OUT + 0x80000 + pass * 0x10000, 1024, 8 * n);
		ok(run(), "%s weights %s", name, pass ? "in one piece" : "in scattered pages");
	}
	ok(!memcmp(out + 0x80000, out + 0x90000, 8 * n), "give the same sums");
	ok(((int32_t *)(out + 0x80000))[1] != 0, "that are not zero");
}

static bool faults(uint32_t cause, uint32_t access, uint32_t pc, uint32_t operand,
		   uint64_t address)
{
	const struct npu_fault *f = &done.fault;
	bool same = f->code == cause && f->access == access && f->pc == pc &&
		    f->operand == operand && f->address == address && !f->core;

	if (!same)
		diag("code %u access %u pc %u operand %u address %llx", f->code,
		     f->access, f->pc, f->operand, (unsigned long long)f->address);
	return same;
}

/* A LOAD and a STORE through that entry at @level. */
static void bad_entry(const char *what, uint64_t pte, int level, uint32_t cause,
		      uint32_t store_code)
{
	uint64_t va = 0x40200000;

	machine_map_page(m, va, pte, level);
	asm_start(&p, PAGE);
	asm_set(&p, 10, va);
	asm_load(&p, 0, 10, 24, 8);
	ok(!run() && faults(cause, NPU_ACCESS_READ, 1, 24 + 8, va + 24),
	   "%s: a read faults", what);
	asm_start(&p, PAGE);
	asm_set(&p, 10, va);
	asm_store(&p, 10, 24, 0, 8);
	ok(!run() && faults(store_code, NPU_ACCESS_WRITE, 1, 24, va + 24),
	   "%s: so does a write", what);
	machine_map_page(m, va, 0, level);
}

static void entry_faults(void)
{
	uint64_t bus, read = NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ;
	uint32_t table = NPU_FAULT_PAGE_TABLE;

	bus_alloc(machine_bus(m), 2 * PAGE, NPU_HUGE_SIZE, &bus);
	/* As long as level 1 has no table there, leave one for level 0. */
	bad_entry("no entry", 0, 1, NPU_FAULT_PAGE, NPU_FAULT_PAGE);
	bad_entry("an entry without VALID", RW & ~NPU_PTE_VALID, 1, NPU_FAULT_PAGE,
		  NPU_FAULT_PAGE);
	bad_entry("a reserved bit", bus | RW | 1 << 5, 1, table, table);
	bad_entry("a high bit", bus | RW | 1ull << 60, 1, table, table);
	bad_entry("a page without rights", bus | NPU_PTE_VALID | NPU_PTE_LEAF, 1,
		  table, table);
	bad_entry("a 2 MiB page off its boundary", (bus + PAGE) | RW, 1, table, table);
	bad_entry("a table with rights", bus | NPU_PTE_VALID | NPU_PTE_READ, 1, table,
		  table);
	bad_entry("a table that is not memory", 0x1000 | NPU_PTE_VALID, 1, table,
		  table);
	bad_entry("a page that is not memory", 0x200000 | RW, 1, NPU_FAULT_BUS,
		  NPU_FAULT_BUS);
	bad_entry("a level 0 table", bus | NPU_PTE_VALID, 0, table, table);
	bad_entry("nothing at level 0", 0, 0, NPU_FAULT_PAGE, NPU_FAULT_PAGE);
	machine_map_page(m, 0x40200000, bus | read, 0);
	asm_start(&p, PAGE);
	asm_set(&p, 10, 0x40200000);
	asm_load(&p, 0, 10, 0, 8);
	asm_store(&p, 10, 0, 0, 8);
	ok(!run() && faults(NPU_FAULT_PROTECTION, NPU_ACCESS_WRITE, 2, 24, 0x40200000),
	   "a page for reading cannot be written");
	machine_map_page(m, 0x40200000, bus | (RW & ~NPU_PTE_READ), 0);
	asm_start(&p, PAGE);
	asm_set(&p, 10, 0x40200000);
	asm_load(&p, 0, 10, 0, 8);
	ok(!run() && faults(NPU_FAULT_PROTECTION, NPU_ACCESS_READ, 1, 32, 0x40200000),
	   "a page for writing cannot be read");
	bad_entry("LEAF at level 2", bus | RW, 2, table, table);
}

static void address_faults(void)
{
	uint64_t top = 1ull << NPU_VA_BITS;

	copy_from(top, 8);
	ok(!run() && faults(NPU_FAULT_PAGE, NPU_ACCESS_READ, 1, 32, top),
	   "2^39 is no address");
	copy_from(0xfffffffffffffff0ull, 64);
	ok(!run() && faults(NPU_FAULT_PAGE, NPU_ACCESS_READ, 1, 32,
			    0xfffffffffffffff0ull), "nor is one near 2^64");
	copy_from(OUT + 0xffff0, 64);
	ok(!run() && faults(NPU_FAULT_PAGE, NPU_ACCESS_READ, 1, 32, OUT + 0x100000),
	   "the first byte that cannot be reached is named");
}

static void context_faults(void)
{
	struct ring *ring = ring_new(m, 1, 2);
	struct npu_completion *c = ring_completion(ring, 0);
	struct npu_job job;

	asm_null(&p);
	job = asm_job(&p, code, CODE);
	ring_add(ring, &job)->context = 99;
	ring_add(ring, &job)->context = 2;
	ring_bell(ring);
	ok(ring_wait(ring, 1), "jobs of a context outside the table and of one not valid");
	ok(c->status == NPU_JOB_FAULT && c->fault.code == NPU_FAULT_CONTEXT,
	   "the first faults");
	c = ring_completion(ring, 1);
	ok(c->status == NPU_JOB_FAULT && c->fault.code == NPU_FAULT_CONTEXT,
	   "the second too");
	ring_add(ring, &job)->program = 0x7f000000;
	ring_bell(ring);
	ok(ring_wait(ring, 2), "a program that is not mapped");
	c = ring_completion(ring, 2);
	ok(c->fault.code == NPU_FAULT_PAGE && c->fault.access == NPU_ACCESS_FETCH &&
	   c->fault.address == 0x7f000000, "faults with access FETCH");
	ring_free(ring);
}

/* The job reads a word until it is not zero. */
static void poll_program(uint64_t va)
{
	struct npu_insn *insn;

	asm_start(&p, PAGE);
	asm_set(&p, 10, va);
	insn = asm_loop(&p, NPU_VAL_MAX, 5, 20, 0);
	asm_load(&p, 0, 10, 0, 4);
	asm_add(&p, NPU_OP_DRAIN);
	insn = asm_add(&p, NPU_OP_SLOAD);
	insn->type[0] = NPU_TYPE_I32;
	insn->addr[0].reg = 11;
	insn = asm_add(&p, NPU_OP_TRAP);
	insn->addr[1].reg = 11;
	asm_add(&p, NPU_OP_NOP);
	asm_add(&p, NPU_OP_ENDLOOP);
	asm_add(&p, NPU_OP_END);
}

/* Not the driver's, so that the driver must not see it. */
static void invalidation_by_owner(void)
{
	uint32_t seq = npu_core_read(machine_core(m), NPU_REG_TLB_SEQ);

	wr(NPU_REG_IRQ_STATUS, ~0u);
	npu_core_invalidate(machine_core(m));
	npu_core_invalidate(machine_core(m));
	is(npu_core_read(machine_core(m), NPU_REG_TLB_SEQ), seq,
	   "invalidations by the owner are not counted");
	is(npu_core_read(machine_core(m), NPU_REG_TLB_DONE), seq, "nor told as done");
	is(npu_core_read(machine_core(m), NPU_REG_IRQ_STATUS) & NPU_IRQ_TLB, 0,
	   "nor a cause of interrupts");
}

static void invalidation(void)
{
	uint64_t bus, va = 0x60000000;
	uint32_t *page = bus_alloc(machine_bus(m), 2 * PAGE, PAGE, &bus);
	const struct npu_completion *c;
	struct npu_job job;
	uint32_t seq;

	machine_map_page(m, va, bus | RW, 0);
	poll_program(va);
	job = asm_job(&p, code, CODE);
	c = machine_submit(m, &job);
	ok(machine_poll(m, MACHINE_Q(NPU_Q_STATUS), NPU_Q_STATUS_RUNNING,
			NPU_Q_STATUS_RUNNING), "a job polls a page");
	invalidation_by_owner();
	__atomic_store_n(&page[PAGE / 4], 55, __ATOMIC_RELAXED);
	machine_map_page(m, va, (bus + PAGE) | RW, 0);
	wr(NPU_REG_TLB_CTX, 3);
	wr(NPU_REG_TLB_CMD, NPU_TLB_CMD_CTX);
	wr(NPU_REG_TLB_CTX, MACHINE_CONTEXT);
	wr(NPU_REG_TLB_VA_LO, va);
	wr(NPU_REG_TLB_VA_HI, 0);
	wr(NPU_REG_TLB_SIZE_LO, PAGE);
	wr(NPU_REG_TLB_SIZE_HI, 0);
	wr(NPU_REG_TLB_CMD, NPU_TLB_CMD_RANGE);
	seq = npu_core_read(machine_core(m), NPU_REG_TLB_SEQ);
	ok(machine_poll(m, NPU_REG_TLB_DONE, ~0u, seq), "an invalidation completes");
	machine_wait(m, c, &done);
	ok(done.fault.code == NPU_FAULT_TRAP && done.fault.needs[0] == 55,
	   "and the job sees the new page");
}

static void invalidation_of_context(void)
{
	uint64_t bus, va = 0x60001000;
	const struct npu_completion *c;
	struct npu_context *contexts;
	struct npu_job job;
	uint64_t table = npu_core_read(machine_core(m), NPU_REG_CTX_BASE_LO);
	uint32_t seq;

	bus_alloc(machine_bus(m), PAGE, PAGE, &bus);
	machine_map_page(m, va, bus | RW, 0);
	poll_program(va);
	job = asm_job(&p, code, CODE);
	c = machine_submit(m, &job);
	ok(machine_poll(m, MACHINE_Q(NPU_Q_STATUS), NPU_Q_STATUS_RUNNING,
			NPU_Q_STATUS_RUNNING), "a job runs");
	while (npu_core_read(machine_core(m), MACHINE_Q(NPU_Q_PROGRESS)) < 10)
		;
	contexts = bus_at(machine_bus(m), table);
	__atomic_store_n(&contexts[MACHINE_CONTEXT].flags, 0, __ATOMIC_RELEASE);
	wr(NPU_REG_TLB_CTX, MACHINE_CONTEXT);
	wr(NPU_REG_TLB_CMD, NPU_TLB_CMD_CTX);
	seq = npu_core_read(machine_core(m), NPU_REG_TLB_SEQ);
	ok(machine_poll(m, NPU_REG_TLB_DONE, ~0u, seq), "its context goes away");
	machine_wait(m, c, &done);
	is(done.fault.code, NPU_FAULT_CONTEXT, "the job faults");
	contexts[MACHINE_CONTEXT].flags = NPU_CONTEXT_VALID;
}

int main(void)
{
	m = machine_new(&(struct npu_core_config){ .threads = 2 });
	code = machine_map(m, CODE, 0x200000, false);
	out = machine_map(m, OUT, 0x100000, true);
	scattered();
	streams(NPU_LAYOUT_NK, "NK");
	streams(NPU_LAYOUT_KN, "KN");
	entry_faults();
	address_faults();
	context_faults();
	invalidation();
	invalidation_of_context();
	is(bus_mappings(machine_bus(m)), 0, "no mapping is left");
	machine_free(m);
	return done_testing();
}
