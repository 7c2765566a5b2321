// SPDX-License-Identifier: MIT
/*
 * Two NPUs in one machine, one with all that it works on above 4 GiB: neither
 * notices what the other does, a reset of the function least of all.
 */
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "npu_dev.h"

#define HIGH 0x140000000ull
#define ROW 4096
#define TARGET (MEM_DATA + 0x80000)
#define LOOPS 0x7fffffffu

static struct npu_job copy_job(struct npu_dev *dev)
{
	struct npu_insn insns[3] = {
		{ .opcode = NPU_OP_LOAD, .signal = 1, .addr[1].offset = MEM_SOURCE,
		  .val = { ROW, 1, 1 } },
		{ .opcode = NPU_OP_STORE, .wait = 1, .addr[0].offset = TARGET,
		  .val = { ROW, 1, 1 } },
		{ .opcode = NPU_OP_END },
	};

	dev_program(dev, 0, insns, 3, ROW);
	return dev_job(dev, 0, 3);
}

static struct npu_job endless_job(struct npu_dev *dev)
{
	struct npu_insn insns[5] = {
		{ .opcode = NPU_OP_LOOP, .addr[0].reg = 3, .val = { LOOPS, 1, 0, 2 } },
		{ .opcode = NPU_OP_LOOP, .addr[0].reg = 4, .val = { LOOPS, 1, 0, 0 } },
		{ .opcode = NPU_OP_ENDLOOP },
		{ .opcode = NPU_OP_ENDLOOP },
		{ .opcode = NPU_OP_END },
	};

	dev_program(dev, 0x4000, insns, 5, 0);
	return dev_job(dev, 0x4000, 5);
}

/* Copies a row of bytes that only this round has. */
static bool copies(struct npu_dev *dev, int round)
{
	struct npu_completion done;
	uint8_t row[ROW], copy[ROW];
	struct npu_job job;

	memset(row, round + 1 + (dev->mem ? 100 : 0), ROW);
	qtest_memwrite(dev->qts, dev->mem + MEM_SOURCE, row, ROW);
	job = copy_job(dev);
	if (!dev_done(dev, dev_submit(dev, 1, &job), &done) || done.status != NPU_JOB_DONE)
		return false;
	qtest_memread(dev->qts, dev->mem + TARGET, copy, ROW);
	return !memcmp(row, copy, ROW);
}

static void test_side_by_side(struct npu_dev *low, struct npu_dev *high)
{
	uint32_t message = 0;
	int i;

	ok(copies(low, 0), "one works below 4 GiB");
	ok(copies(high, 0), "the other above");
	is(dev_read(low, NPU_REG_CORES), 2, "each has its own cores: two");
	is(dev_read(high, NPU_REG_CORES), 3, "and three");
	is(dev_read(low, NPU_REG_COUNTER(NPU_CNT_JOBS)), 1, "each counts its own jobs");
	for (i = 0; i < 1000 && message != 3; i++)
		qtest_memread(high->qts, high->mem + MEM_MSI + 8, &message, sizeof(message));
	is(message, 3, "and sends its own messages, above 4 GiB as well");
}

/* Function level resets of @victim with a job on it. */
static void test_resets(struct npu_dev *victim, struct npu_dev *other, const char *which)
{
	unsigned int pos = dev_find_capability(victim, 0x10);
	struct npu_job running = endless_job(other), job;
	uint64_t where = dev_submit(other, 0, &running);
	struct npu_completion done;
	unsigned int good = 0;
	int i;

	for (i = 0; i < 20; i++) {
		job = endless_job(victim);
		dev_submit(victim, 0, &job);
		qtest_pci_write(victim->qts, victim->devfn, pos + 8, 1u << 15);
		good += copies(other, i);
		dev_config(victim);
		dev_init(victim);
		good += copies(victim, i);
	}
	is(good, 40, "twenty resets of the one %s 4 GiB: both work after each", which);
	ok(dev_read(other, NPU_REG_Q(0, NPU_Q_STATUS)) & NPU_Q_STATUS_RUNNING,
	   "the other's long job has not noticed");
	dev_write(other, NPU_REG_Q(0, NPU_Q_ABORT), other->tail[0] - 1);
	ok(dev_done(other, where, &done), "and ends when it is told to");
	is(done.status, NPU_JOB_ABORTED, "as aborted");
}

int main(void)
{
	static const char *const args[] = {
		"-m", "8G", "-device", "npu,addr=5.0,cores=3,threads=2", NULL
	};
	struct npu_dev low, high;

	dev_start_with(&low, "cores=2,threads=2", &(struct qtest_options){ .args = args });
	dev_config(&low);
	dev_init(&low);
	high = low;
	high.devfn = 5 << 3;
	high.regs = BAR_REGS + 0x200000;
	high.msix = BAR_MSIX + 0x200000;
	high.mem = HIGH;
	dev_config(&high);
	dev_init(&high);
	test_side_by_side(&low, &high);
	test_resets(&low, &high, "below");
	test_resets(&high, &low, "above");
	is(dev_stop(&low), 0, "QEMU ends well with both");
	return done_testing();
}
