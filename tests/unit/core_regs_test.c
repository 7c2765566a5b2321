// SPDX-License-Identifier: MIT
/* The register file: capabilities, access rules, interrupts, initial values. */
#include "assemble.h"
#include "bus.h"
#include "tap.h"

static struct machine *m;
static struct npu_core *npu;

static uint32_t rd(uint32_t reg)
{
	return npu_core_read(npu, reg);
}

static void wr(uint32_t reg, uint32_t value)
{
	npu_core_write(npu, reg, value);
}

static void capabilities(void)
{
	is(rd(NPU_REG_ID), NPU_ID_MAGIC, "ID");
	is(rd(NPU_REG_VERSION), NPU_REGS_VERSION, "VERSION");
	is(rd(NPU_REG_ISA_VERSION), NPU_ISA_VERSION, "ISA_VERSION");
	is(rd(NPU_REG_CORES), 3, "CORES as configured");
	is(rd(NPU_REG_QUEUES), 5, "QUEUES as configured");
	is(rd(NPU_REG_SRAM_SIZE), 65536, "SRAM_SIZE as configured");
	is(rd(NPU_REG_CLOCK_KHZ), 1000000, "CLOCK_KHZ of the profile");
	is(rd(NPU_REG_VA_BITS), NPU_VA_BITS, "VA_BITS");
	is(rd(NPU_REG_PROFILE), 0x65676465, "PROFILE says edge");
	is(rd(NPU_REG_PROFILE + 4), 0, "and is padded");
	is(rd(NPU_REG_VECTORS), NPU_MAX_VECTORS, "VECTORS");
	is(rd(NPU_REG_FEATURES_LO),
	   2 * NPU_FEAT_YIELD - 1,
	   "FEATURES are those of isa.rst: all");
	ok(rd(NPU_REG_WORK_MAX) >= 30 && rd(NPU_REG_WORK_MAX) < 64, "WORK_MAX");
}

static void access_rules(void)
{
	is(rd(NPU_REG_ID + 2), 0xffffffff, "an unaligned read is all ones");
	is(rd(NPU_BAR_REGS_SIZE), 0xffffffff, "so is one outside");
	is(rd(0x01f0), 0, "an unnamed register reads as zero");
	wr(0x01f0, 1);
	is(rd(0x01f0), 0, "and ignores writes");
	is(rd(NPU_REG_Q(5, NPU_Q_VECTOR)), 0, "so does a queue that is not there");
	wr(NPU_REG_ID, 0);
	is(rd(NPU_REG_ID), NPU_ID_MAGIC, "capabilities ignore writes");
	wr(NPU_REG_IRQ_ENABLE, 0);
	ok(rd(NPU_REG_IRQ_ENABLE) != 0, "IRQ_ENABLE is read only");
}

static void taken_when_idle(void)
{
	uint32_t size = rd(NPU_REG_EVENT_SIZE), count = rd(NPU_REG_CTX_COUNT);

	wr(NPU_REG_EVENT_SIZE, 1);
	is(rd(NPU_REG_EVENT_SIZE), size, "EVENT_SIZE is ignored while enabled");
	wr(NPU_REG_CTX_COUNT, 1);
	is(rd(NPU_REG_CTX_COUNT), count, "so is CTX_COUNT");
	wr(NPU_REG_CTRL, 0);
	wr(NPU_REG_EVENT_SIZE, 13);
	is(rd(NPU_REG_EVENT_SIZE), size, "a bad EVENT_SIZE is ignored");
	wr(NPU_REG_CTX_COUNT, NPU_MAX_CONTEXTS + 1);
	is(rd(NPU_REG_CTX_COUNT), count, "so is a bad CTX_COUNT");
	wr(NPU_REG_CTX_COUNT, 2);
	is(rd(NPU_REG_CTX_COUNT), 2, "CTX_COUNT is taken when disabled");
	wr(NPU_REG_CTRL, NPU_CTRL_ENABLE);
}

/* A TLB command without a job completes at once and is a handy cause. */
static void interrupts(void)
{
	unsigned int v = MACHINE_EVENT_VECTOR, before = bus_messages(machine_bus(m), v);
	uint32_t done = rd(NPU_REG_TLB_DONE);

	wr(NPU_REG_TLB_CMD, NPU_TLB_CMD_ALL);
	is(rd(NPU_REG_TLB_SEQ), done + 1, "TLB_SEQ counts a command");
	is(rd(NPU_REG_TLB_DONE), done + 1, "which is done at once without a job");
	is(rd(NPU_REG_IRQ_STATUS), NPU_IRQ_TLB, "its cause is set");
	is(bus_messages(machine_bus(m), v), before + 1, "a message goes out");
	wr(NPU_REG_TLB_CMD, NPU_TLB_CMD_ALL);
	is(bus_messages(machine_bus(m), v), before + 1, "none while the cause stays");
	wr(NPU_REG_IRQ_ENABLE_CLR, NPU_IRQ_TLB);
	wr(NPU_REG_IRQ_ENABLE_SET, NPU_IRQ_TLB);
	is(bus_messages(machine_bus(m), v), before + 2, "enabling a set cause sends one");
	wr(NPU_REG_IRQ_STATUS, NPU_IRQ_TLB);
	is(rd(NPU_REG_IRQ_STATUS), 0, "a one clears the cause");
	wr(NPU_REG_IRQ_ENABLE_CLR, NPU_IRQ_TLB);
	wr(NPU_REG_TLB_CMD, NPU_TLB_CMD_CTX);
	is(rd(NPU_REG_IRQ_STATUS), NPU_IRQ_TLB, "a masked cause is set as well");
	is(bus_messages(machine_bus(m), v), before + 2, "but sends nothing");
	wr(NPU_REG_EVENT_VECTOR, NPU_NO_VECTOR);
	wr(NPU_REG_IRQ_ENABLE_SET, NPU_IRQ_TLB);
	is(bus_messages(machine_bus(m), v), before + 2, "nor does one without vector");
	done = rd(NPU_REG_TLB_SEQ);
	wr(NPU_REG_TLB_CMD, 9);
	is(rd(NPU_REG_TLB_SEQ), done, "an unknown command is not counted");
	wr(NPU_REG_TLB_CTX, 77);
	wr(NPU_REG_TLB_CMD, NPU_TLB_CMD_RANGE);
	is(rd(NPU_REG_TLB_DONE), done + 1, "an empty range completes");
}

static void initial_values(void)
{
	static const uint32_t zero[] = {
		NPU_REG_CTRL, NPU_REG_IRQ_STATUS, NPU_REG_IRQ_ENABLE,
		NPU_REG_EVENT_BASE_LO, NPU_REG_EVENT_SIZE, NPU_REG_EVENT_PROD,
		NPU_REG_EVENT_CONS, NPU_REG_EVENT_DROPPED, NPU_REG_CTX_BASE_LO,
		NPU_REG_CTX_COUNT, NPU_REG_TLB_CTX, NPU_REG_TLB_SEQ,
		NPU_REG_TLB_DONE, NPU_REG_COUNTER(NPU_CNT_JOBS),
		NPU_REG_Q(0, NPU_Q_CTRL), NPU_REG_Q(0, NPU_Q_STATUS),
		NPU_REG_Q(0, NPU_Q_BASE_LO), NPU_REG_Q(0, NPU_Q_SIZE),
		NPU_REG_Q(0, NPU_Q_HEAD), NPU_REG_Q(0, NPU_Q_TAIL),
		NPU_REG_Q(0, NPU_Q_PRIORITY),
	};
	unsigned int wrong = 0;

	npu_core_reset(npu);
	is(rd(NPU_REG_STATUS), NPU_STATUS_READY, "ready after a full reset");
	for (size_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		wrong += rd(zero[i]) != 0;
	is(wrong, 0, "registers are zero");
	is(rd(NPU_REG_EVENT_VECTOR), NPU_NO_VECTOR, "EVENT_VECTOR is none");
	is(rd(NPU_REG_Q(4, NPU_Q_VECTOR)), NPU_NO_VECTOR, "so is Q_VECTOR");
	wr(NPU_REG_Q(1, NPU_Q_PRIORITY), 2);
	wr(NPU_REG_CTRL, NPU_CTRL_RESET | NPU_CTRL_ENABLE);
	while (!(rd(NPU_REG_STATUS) & NPU_STATUS_READY))
		;
	is(rd(NPU_REG_CTRL), 0, "RESET wins over ENABLE");
	is(rd(NPU_REG_Q(1, NPU_Q_PRIORITY)), 0, "and resets the queues");
}

static void clock_runs(void)
{
	uint64_t before, after;

	before = rd(NPU_REG_CLOCK_LO) | (uint64_t)rd(NPU_REG_CLOCK_HI) << 32;
	do
		after = rd(NPU_REG_CLOCK_LO) | (uint64_t)rd(NPU_REG_CLOCK_HI) << 32;
	while (after == before);
	ok(after > before, "the clock runs");
}

static void bad_configurations(void)
{
	static const struct {
		struct npu_core_config config;
		const char *word;
	} bad[] = {
		{ { .profile = "nonesuch" }, "nonesuch" },
		{ { .kernels = "nonesuch" }, "nonesuch" },
		{ { .cores = 33 }, "33" },
		{ { .queues = 3 }, "3" },
		{ { .queues = 17 }, "17" },
		{ { .sram_size = 4097 }, "4097" },
		{ { .sram_size = 1u << 31 }, "sram" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char error[256] = "";
		struct npu_core *core = npu_core_new(&bad[i].config, &bus_ops,
						     machine_bus(m), error,
						     sizeof(error));

		ok(!core && strstr(error, bad[i].word), "refused: %s", error);
	}
}

int main(void)
{
	m = machine_new(&(struct npu_core_config){
		.cores = 3, .queues = 5, .sram_size = 65536, .threads = 1,
	});
	npu = machine_core(m);
	capabilities();
	access_rules();
	taken_when_idle();
	interrupts();
	clock_runs();
	initial_values();
	bad_configurations();
	machine_free(m);
	return done_testing();
}
