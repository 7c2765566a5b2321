// SPDX-License-Identifier: MIT
/*
 * A guest that does anything to the PCI function in any order: configuration
 * space, BARs, MSI-X, registers of all widths, memory that the device reads,
 * jobs, function level resets, sleep; while its owner stops the machine, lets it
 * go on, and resets it. QEMU lives, and after each round the device works.
 * NPU_FUZZ_SEED and NPU_FUZZ_ROUNDS ask for others and for more; QEMU names
 * another QEMU, such as that of `make fuzz-qemu`.
 */
#include <stdlib.h>
#include <unistd.h>

#include "npu_dev.h"
#include "tap.h"

#define ROUNDS	4
#define STEPS	1500

#define CONFIG_COMMAND	0x04
#define CAP_POWER	0x01
#define CAP_EXPRESS	0x10
#define CAP_MSIX	0x11
#define FLR		(1u << 15)
#define MSIX_MASK_ALL	(1u << 30)

static uint64_t state;

static uint32_t any(void)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 32);
}

static uint32_t below(uint32_t n)
{
	return any() % n;
}

static uint32_t any_value(void)
{
	static const uint32_t special[] = {
		0, 1, 2, 3, 7, 8, 0xff, 0x1000, MEM_DATA, MEM_EVENTS, MEM_CONTEXTS, MEM_TABLES,
		BAR_REGS, BAR_MSIX, 0x7fffffff, 0x80000000u, 0xfffff000u, 0xffffffffu,
	};

	return below(2) ? special[below(sizeof(special) / sizeof(special[0]))] : any() >> below(32);
}

static unsigned int capability(struct npu_dev *dev, uint8_t id)
{
	unsigned int at = qtest_pci_read(dev->qts, DEVFN, 0x34) & 0xfc;

	for (int i = 0; at && i < 48; i++) {
		uint32_t head = qtest_pci_read(dev->qts, DEVFN, at);

		if ((head & 0xff) == id)
			return at;
		at = head >> 8 & 0xfc;
	}
	return 0;
}

static void any_register(struct npu_dev *dev)
{
	uint32_t at = below(8) ? below(0x140) * 4 : below(NPU_BAR_REGS_SIZE);
	char width = below(8) ? 'l' : "bwlq"[below(4)];

	if (width == 'l' && below(16))
		at &= ~3u;
	if (below(3))
		qtest_write_width(dev->qts, width, BAR_REGS + at,
				  (uint64_t)any_value() << (below(4) ? 0 : 32));
	else
		qtest_read_width(dev->qts, width, BAR_REGS + at);
}

static void any_vector(struct npu_dev *dev)
{
	uint32_t at = below(0x1000) & ~3u;

	if (below(4))
		at = 16 * below(NPU_MAX_VECTORS) + 4 * below(4);
	/* Messages go where tests expect them, or onto the device's own registers. */
	qtest_writel(dev->qts, BAR_MSIX + at, below(3) ? MEM_MSI + 4 * below(64) : any_value());
}

static void any_config(struct npu_dev *dev)
{
	uint32_t at = below(64) * 4, value = any_value();

	switch (below(6)) {
	case 0:
		at = CONFIG_COMMAND;
		value = below(8);
		break;
	case 1:
		at = 0x10 + 4 * below(6);
		break;
	case 2:
		at = capability(dev, CAP_MSIX);
		value = below(4) << 30;
		break;
	case 3:
		at = capability(dev, CAP_EXPRESS) + 8;
		value = below(2) ? FLR : any();
		break;
	}
	if (below(4))
		qtest_pci_write(dev->qts, DEVFN, at, value);
	else
		qtest_pci_read(dev->qts, DEVFN, at);
}

static void any_memory(struct npu_dev *dev)
{
	static const uint32_t places[] = { MEM_EVENTS, MEM_CONTEXTS, MEM_RING(0), MEM_RING(1),
					   MEM_DONE(0), MEM_TABLES, MEM_PROGRAM };
	uint64_t words[32];

	for (unsigned int i = 0; i < 32; i++)
		words[i] = below(3) ? any_value() : (uint64_t)any() << 32 | any();
	qtest_memwrite(dev->qts, places[below(7)] + 8 * below(256), words, 8 * (1 + below(32)));
}

static void any_job(struct npu_dev *dev)
{
	static const uint8_t opcodes[] = {
		NPU_OP_NOP, NPU_OP_ALU, NPU_OP_LOAD, NPU_OP_STORE, NPU_OP_GATHER, NPU_OP_MATMUL,
		NPU_OP_UNARY, NPU_OP_FILL, NPU_OP_SOFTMAX, NPU_OP_BARRIER, NPU_OP_TOPK,
	};
	struct npu_insn insns[6] = { 0 };
	struct npu_job job;
	unsigned int q = below(4);

	for (unsigned int i = 0; i < 5; i++) {
		insns[i].opcode = opcodes[below(sizeof(opcodes))];
		for (unsigned int k = 0; k < 8; k++) {
			insns[i].addr[k].offset = below(4) ? 64 * below(1024) : any_value();
			insns[i].val[k] = below(4) ? below(100) : any_value() & NPU_VAL_MAX;
			insns[i].type[k % 4] = below(8);
		}
		if (insns[i].opcode == NPU_OP_LOAD || insns[i].opcode == NPU_OP_STORE)
			insns[i].addr[insns[i].opcode == NPU_OP_LOAD].offset = MEM_DATA;
	}
	dev_program(dev, 4096 * below(8), insns, 6, 65536);
	job = dev_job(dev, 4096 * below(8), 6);
	job.budget = 20000;
	job.cores = below(3);
	if (!below(4))
		((uint64_t *)&job)[below(16)] = any_value();
	dev_submit(dev, q, &job);
}

/* What the owner of the machine does, while its guest goes on; and sleep. */
static void any_machine(struct npu_dev *dev)
{
	unsigned int power = capability(dev, CAP_POWER);

	switch (below(8)) {
	case 0:
		qtest_qmp(dev->qts, "{\"execute\": \"system_reset\"}");
		break;
	case 1:
	case 2:
		qtest_qmp(dev->qts, "{\"execute\": \"stop\"}");
		break;
	case 3:
		qtest_pci_write(dev->qts, DEVFN, power + 4, 3 * below(2));
		break;
	default:
		qtest_qmp(dev->qts, "{\"execute\": \"cont\"}");
	}
}

static void step(struct npu_dev *dev)
{
	switch (below(16)) {
	case 0:
		any_config(dev);
		break;
	case 1:
		any_vector(dev);
		break;
	case 2:
	case 3:
		any_memory(dev);
		break;
	case 4:
	case 5:
	case 6:
		any_job(dev);
		break;
	case 7:
		if (!below(6)) {
			dev_config(dev);
			dev_init(dev);
		} else if (!below(3)) {
			any_machine(dev);
		}
		break;
	default:
		any_register(dev);
	}
}

static void level_reset(struct npu_dev *dev)
{
	unsigned int express = capability(dev, CAP_EXPRESS), msix = capability(dev, CAP_MSIX);

	qtest_pci_write(dev->qts, DEVFN, express + 8, FLR);
	qtest_pci_write(dev->qts, DEVFN, msix, 0);
	dev_config(dev);
	qtest_pci_write(dev->qts, DEVFN, msix,
			(qtest_pci_read(dev->qts, DEVFN, msix) & ~MSIX_MASK_ALL) | 0x80000000u);
}

/* Faults that were asked for survive resets: have them all. */
static void use_up_faults(struct npu_dev *dev)
{
	struct npu_insn insn = { .opcode = NPU_OP_END };
	struct npu_job job;

	for (int i = 0; i < 1000 && dev_read(dev, NPU_REG_INJECT) & ~NPU_INJECT_ALLOWED; i++) {
		dev_program(dev, 0, &insn, 1, 0);
		job = dev_job(dev, 0, 1);
		job.flags = NPU_JOB_IRQ;
		dev_submit(dev, 0, &job);
		usleep(1000);
		dev_write(dev, NPU_REG_Q(0, NPU_Q_CTRL), NPU_Q_CTRL_RESET);
		dev_write(dev, NPU_REG_CTRL, NPU_CTRL_RESET);
		level_reset(dev);
		dev_init(dev);
	}
}

/* What a driver does that finds the device in any state. */
static void recover(struct npu_dev *dev)
{
	ok(capability(dev, CAP_EXPRESS) && capability(dev, CAP_MSIX),
	   "capabilities are where they were");
	qtest_qmp(dev->qts, "{\"execute\": \"cont\"}");
	level_reset(dev);
	is(dev_read(dev, NPU_REG_ID), NPU_ID_MAGIC, "the registers are there");
	is(dev_read(dev, NPU_REG_STATUS), NPU_STATUS_READY, "after a function level reset it is ready");
	dev_init(dev);
	use_up_faults(dev);
}

static void check_works(struct npu_dev *dev)
{
	struct npu_insn insn = { .opcode = NPU_OP_END };
	struct npu_completion done;
	struct npu_job job;
	uint32_t zero = 0, message = 0;

	dev_write(dev, NPU_REG_IRQ_ENABLE_SET, NPU_IRQ_QUEUE(0));
	qtest_memwrite(dev->qts, MEM_MSI + 4, &zero, sizeof(zero));
	dev_program(dev, 0, &insn, 1, 0);
	job = dev_job(dev, 0, 1);
	job.flags = NPU_JOB_IRQ;
	ok(dev_done(dev, dev_submit(dev, 0, &job), &done) && done.status == NPU_JOB_DONE,
	   "a job runs");
	dev_wait(dev, NPU_REG_IRQ_STATUS, NPU_IRQ_QUEUE(0), NPU_IRQ_QUEUE(0));
	qtest_memread(dev->qts, MEM_MSI + 4, &message, sizeof(message));
	is(message, 2, "and its message comes");
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

int main(void)
{
	uint64_t rounds = number("NPU_FUZZ_ROUNDS", ROUNDS), seed = number("NPU_FUZZ_SEED", 1);
	static const char *const machines[] = {
		"", "cores=4,threads=2,hazards=on,inject=on", "queues=16", "kernels=scalar",
	};
	struct npu_dev dev;

	for (uint64_t i = 0; i < rounds; i++) {
		diag("seed %llu", (unsigned long long)(seed + i));
		state = (seed + i) * 0x9e3779b97f4a7c15ull;
		dev_start(&dev, machines[i % 4]);
		for (unsigned int n = 0; n < STEPS; n++)
			step(&dev);
		recover(&dev);
		check_works(&dev);
		is(dev_stop(&dev), 0, "QEMU ends well");
	}
	return done_testing();
}
