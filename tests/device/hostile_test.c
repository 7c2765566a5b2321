// SPDX-License-Identifier: MIT
/* A guest that writes anything anywhere: QEMU lives, and the device works after a reset. */
#include "tap.h"
#include "npu_dev.h"

static uint64_t seed = 0x9e3779b97f4a7c15ull;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static void check_reset(struct npu_dev *dev, const char *after)
{
	struct npu_insn insn = { .opcode = NPU_OP_END };
	struct npu_completion done;
	struct npu_job job;

	dev_write(dev, NPU_REG_CTRL, NPU_CTRL_RESET);
	ok(dev_wait(dev, NPU_REG_STATUS, NPU_STATUS_READY, NPU_STATUS_READY),
	   "resets after %s", after);
	dev_init(dev);
	dev_program(dev, 0, &insn, 1, 0);
	job = dev_job(dev, 0, 1);
	ok(dev_done(dev, dev_submit(dev, 0, &job), &done) && done.status == NPU_JOB_DONE,
	   "works after %s", after);
}

static void random_registers(struct npu_dev *dev)
{
	static const uint32_t special[] = { 0, 1, 2, 3, 4, 0xff, 0x1000, MEM_DATA, 0x7fffffff,
					    0x80000000u, 0xfffff000u, 0xffffffffu };
	int i;

	for (i = 0; i < 20000; i++) {
		uint32_t reg = (rnd() & 3 ? rnd() % 0x140 : 0x1000 + rnd() % 0x400) & ~3u;
		uint32_t value = rnd() & 1 ? special[rnd() % 12] : rnd();

		dev_write(dev, reg, value);
		dev_read(dev, rnd() % NPU_BAR_REGS_SIZE);
	}
}

static void random_memory(struct npu_dev *dev)
{
	uint32_t block[256];
	int i, j;

	for (i = 0; i < 200; i++) {
		for (j = 0; j < 256; j++)
			block[j] = rnd() & 3 ? rnd() % 64 : rnd();
		qtest_memwrite(dev->qts, MEM_RING(i % 4), block, sizeof(block));
		qtest_memwrite(dev->qts, MEM_CONTEXTS, block, 128);
		qtest_memwrite(dev->qts, MEM_TABLES + (rnd() & 0xff8), block, 512);
		dev_write(dev, NPU_REG_Q(i % 4, NPU_Q_TAIL), dev->tail[i % 4] += rnd() % 3);
		dev_write(dev, NPU_REG_TLB_CMD, NPU_TLB_CMD_ALL);
	}
}

/* Sound descriptors and headers, programs of nearly sound instructions. */
static void random_programs(struct npu_dev *dev)
{
	static const uint8_t opcodes[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
					   0x10, 0x11, 0x1f, 0x20, 0x21, 0x30, 0x3f, 0x40,
					   0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48,
					   0x49, 0x4a, 0x4b, 0x4c, 0x4f, 0x99 };
	struct npu_completion done;
	int i, j, k;

	for (i = 0; i < 300; i++) {
		struct npu_insn insns[8] = { 0 };
		struct npu_job job;

		for (j = 0; j < 7; j++) {
			insns[j].opcode = opcodes[rnd() % sizeof(opcodes)];
			insns[j].flags = rnd() & 1 ? 0 : rnd() & 0x7f;
			for (k = 0; k < 4; k++)
				insns[j].type[k] = rnd() % 8;
			for (k = 0; k < 8; k++) {
				insns[j].addr[k].offset = rnd() & 1 ? rnd() & 0xffc0 : rnd();
				insns[j].val[k] = rnd() & 3 ? rnd() % 300 : rnd();
			}
		}
		dev_program(dev, 0, insns, 8, 65536);
		job = dev_job(dev, 0, 8);
		job.budget = 100000;
		if (!dev_done(dev, dev_submit(dev, 0, &job), &done))
			break;
	}
	is(i, 300, "random programs end");
}

int main(void)
{
	struct npu_dev dev;

	dev_start(&dev, "");
	random_programs(&dev);
	check_reset(&dev, "random programs");
	random_memory(&dev);
	check_reset(&dev, "random rings and page tables");
	random_registers(&dev);
	check_reset(&dev, "random registers");
	is(dev_stop(&dev), 0, "QEMU ends well");
	return done_testing();
}
