// SPDX-License-Identifier: MIT
/*
 * A device that a guest turns on itself: its rings, tables, data and completions
 * are its own registers, and its messages go to its registers, to its MSI-X table
 * and to its configuration space, where they reset it while it sends them.
 */
#include "npu_dev.h"
#include "tap.h"

#define COMMAND		0x04
#define CAP_POWER	0x01
#define CAP_EXPRESS	0x10
#define CAP_MSIX	0x11
#define POWER_CTRL	4
#define EXPRESS_CTRL	8
#define FLR		0x8000u
#define MSIX_ENABLE	0x80000000u

/* Configuration space as memory: a register of q35's host bridge says where. */
#define ECAM		0xb0000000u
#define ECAM_REGISTER	0x60
#define ECAM_AT(offset)	(ECAM + (DEVFN << 12) + (offset))

/* A 2 MiB page whose host memory are the registers, and one of the MSI-X table. */
#define VA_REGS		0x800000u
#define VA_MSIX		0xa00000u

static const struct npu_insn end = { .opcode = NPU_OP_END };

static void map_registers(struct npu_dev *dev)
{
	static const uint32_t bars[][2] = { { VA_REGS, BAR_REGS }, { VA_MSIX, BAR_MSIX } };

	for (unsigned int i = 0; i < 2; i++) {
		uint64_t pte = bars[i][1] / NPU_HUGE_SIZE * NPU_HUGE_SIZE | NPU_PTE_VALID |
			       NPU_PTE_LEAF | NPU_PTE_READ | NPU_PTE_WRITE;

		qtest_memwrite(dev->qts, MEM_TABLES + 0x1000 + 8 * (bars[i][0] >> NPU_HUGE_SHIFT),
			       &pte, sizeof(pte));
	}
}

static bool null_job_runs(struct npu_dev *dev)
{
	struct npu_completion done;
	struct npu_job job;

	dev_program(dev, 0, &end, 1, 0);
	job = dev_job(dev, 0, 1);
	return dev_done(dev, dev_submit(dev, 0, &job), &done) && done.status == NPU_JOB_DONE;
}

/* A job that copies 64 bytes between SRAM and @va. */
static void copy_job(struct npu_dev *dev, uint8_t opcode, uint32_t va)
{
	struct npu_insn insns[2] = {
		{ .opcode = opcode, .val = { 64, 1, 1 } }, { .opcode = NPU_OP_END },
	};
	struct npu_completion done;
	struct npu_job job;

	insns[0].addr[opcode == NPU_OP_LOAD].offset = va;
	dev_program(dev, 0, insns, 2, 4096);
	job = dev_job(dev, 0, 2);
	ok(dev_done(dev, dev_submit(dev, 0, &job), &done) && done.status == NPU_JOB_FAULT &&
	   done.fault.code == NPU_FAULT_BUS && done.fault.address == va,
	   "opcode %#x on its own BAR at %#x faults", opcode, va);
}

static void program_job(struct npu_dev *dev)
{
	struct npu_completion done;
	struct npu_job job = dev_job(dev, 0, 1);

	job.program = VA_REGS;
	ok(dev_done(dev, dev_submit(dev, 0, &job), &done) &&
	   done.fault.code == NPU_FAULT_BUS && done.fault.access == NPU_ACCESS_FETCH,
	   "so does a program in it");
}

static void result_job(struct npu_dev *dev)
{
	struct npu_completion done;
	struct npu_job job;

	dev_program(dev, 0, &end, 1, 0);
	job = dev_job(dev, 0, 1);
	job.result = VA_REGS;
	job.result_id = 1;
	ok(dev_done(dev, dev_submit(dev, 0, &job), &done) &&
	   done.fault.code == NPU_FAULT_BUS && done.fault.access == NPU_ACCESS_WRITE,
	   "and a result");
}

static void context_job(struct npu_dev *dev)
{
	struct npu_context context = { .flags = NPU_CONTEXT_VALID, .page_table = BAR_REGS };
	struct npu_completion done;
	struct npu_job job;

	qtest_memwrite(dev->qts, MEM_CONTEXTS + 2 * sizeof(context), &context, sizeof(context));
	job = dev_job(dev, 0, 1);
	job.context = 2;
	ok(dev_done(dev, dev_submit(dev, 0, &job), &done) &&
	   done.fault.code == NPU_FAULT_PAGE_TABLE, "and a page table");
}

static void memory(struct npu_dev *dev)
{
	map_registers(dev);
	copy_job(dev, NPU_OP_LOAD, VA_REGS);
	copy_job(dev, NPU_OP_STORE, VA_REGS);
	copy_job(dev, NPU_OP_LOAD, VA_MSIX + BAR_MSIX % NPU_HUGE_SIZE);
	copy_job(dev, NPU_OP_STORE, VA_MSIX + BAR_MSIX % NPU_HUGE_SIZE);
	program_job(dev);
	result_job(dev);
	context_job(dev);
	is(dev_read(dev, NPU_REG_ID), NPU_ID_MAGIC, "the registers are as they were");
	ok(null_job_runs(dev), "and jobs run");
}

static void start_again(struct npu_dev *dev)
{
	dev_write(dev, NPU_REG_CTRL, NPU_CTRL_RESET);
	ok(dev_wait(dev, NPU_REG_STATUS, ~0u, NPU_STATUS_READY), "a reset ends that");
	dev_init(dev);
	ok(null_job_runs(dev), "and jobs run");
}

/* Queues, their completions and events in registers. */
static void rings(struct npu_dev *dev)
{
	struct npu_job job;

	dev_write(dev, NPU_REG_Q(1, NPU_Q_CTRL), 0);
	dev_write(dev, NPU_REG_Q(1, NPU_Q_BASE_LO), BAR_REGS);
	dev_write(dev, NPU_REG_Q(1, NPU_Q_CTRL), NPU_Q_CTRL_ENABLE);
	dev_write(dev, NPU_REG_Q(1, NPU_Q_TAIL), 1);
	ok(dev_wait(dev, NPU_REG_Q(1, NPU_Q_STATUS), NPU_Q_STATUS_ERROR, NPU_Q_STATUS_ERROR),
	   "a ring in its own BAR cannot be read");
	ok(null_job_runs(dev), "other queues go on");

	dev_write(dev, NPU_REG_CTRL, NPU_CTRL_RESET);
	dev_wait(dev, NPU_REG_STATUS, ~0u, NPU_STATUS_READY);
	dev_write(dev, NPU_REG_EVENT_BASE_LO, BAR_REGS);
	dev_init(dev);
	dev_write(dev, NPU_REG_CTRL, 0);
	dev_write(dev, NPU_REG_EVENT_BASE_LO, BAR_REGS);
	dev_write(dev, NPU_REG_EVENT_SIZE, 4);
	dev_write(dev, NPU_REG_CTRL, NPU_CTRL_ENABLE);
	job = dev_job(dev, 0, 1);
	job.program = 0;
	dev_submit(dev, 0, &job);
	ok(dev_wait(dev, NPU_REG_STATUS, NPU_STATUS_FATAL, NPU_STATUS_FATAL),
	   "events in it are fatal");
	start_again(dev);

	job = dev_job(dev, 0, 1);
	job.completion = BAR_REGS + NPU_QUEUE_BASE;
	qtest_memwrite(dev->qts, MEM_RING(0) + sizeof(job) * dev->tail[0], &job, sizeof(job));
	dev_write(dev, NPU_REG_Q(0, NPU_Q_TAIL), ++dev->tail[0]);
	ok(dev_wait(dev, NPU_REG_STATUS, NPU_STATUS_FATAL, NPU_STATUS_FATAL),
	   "and a completion");
	start_again(dev);
}

/* Vector @v writes @data to @address. */
static void set_message(struct npu_dev *dev, unsigned int v, uint32_t address, uint32_t data)
{
	qtest_writel(dev->qts, BAR_MSIX + 16 * v, address);
	qtest_writel(dev->qts, BAR_MSIX + 16 * v + 4, 0);
	qtest_writel(dev->qts, BAR_MSIX + 16 * v + 8, data);
}

/* Messages of all queues at once. */
static void send_all(struct npu_dev *dev)
{
	dev_write(dev, NPU_REG_IRQ_ENABLE_CLR, ~0u);
	dev_write(dev, NPU_REG_IRQ_STATUS, ~0u);
	for (unsigned int q = 0; q < 4; q++) {
		struct npu_job job = dev_job(dev, 0, 1);
		struct npu_completion done;

		dev_done(dev, dev_submit(dev, q, &job), &done);
		dev_wait(dev, NPU_REG_IRQ_STATUS, NPU_IRQ_QUEUE(q), NPU_IRQ_QUEUE(q));
	}
	dev_write(dev, NPU_REG_IRQ_ENABLE_SET, ~0u);
}

static bool message_came(struct npu_dev *dev, unsigned int v)
{
	uint32_t message = 0;

	dev_read(dev, NPU_REG_STATUS);
	qtest_memread(dev->qts, MEM_MSI + 4 * v, &message, sizeof(message));
	return message == v + 1;
}

/* Vectors 1 to 4 belong to queues 0 to 3. */
static void message_to_registers(struct npu_dev *dev)
{
	dev_program(dev, 0, &end, 1, 0);
	dev_config(dev);
	set_message(dev, 1, BAR_REGS + NPU_REG_CTRL, NPU_CTRL_RESET);
	set_message(dev, 2, BAR_REGS + NPU_REG_Q(3, NPU_Q_CTRL), NPU_Q_CTRL_RESET);
	set_message(dev, 3, BAR_MSIX + 16 * 4, 0);
	send_all(dev);
	ok(message_came(dev, 4), "messages to registers do not keep others from coming");
	ok(dev_wait(dev, NPU_REG_STATUS, NPU_STATUS_READY, NPU_STATUS_READY), "it is ready");
	is(qtest_readl(dev->qts, BAR_MSIX + 16 * 4), MEM_MSI + 16, "the MSI-X table is as it was");
	dev_config(dev);
	start_again(dev);
}

/* What a driver does that finds the function in any state. */
static void recover(struct npu_dev *dev, const char *after)
{
	unsigned int power = dev_find_capability(dev, CAP_POWER);
	unsigned int msix = dev_find_capability(dev, CAP_MSIX);

	qtest_pci_write(dev->qts, DEVFN, power + POWER_CTRL, 0);
	qtest_pci_write(dev->qts, DEVFN, dev_find_capability(dev, CAP_EXPRESS) + EXPRESS_CTRL, FLR);
	qtest_pci_write(dev->qts, DEVFN, msix, MSIX_ENABLE);
	dev_config(dev);
	is(dev_read(dev, NPU_REG_STATUS), NPU_STATUS_READY, "after %s a reset makes it ready",
	   after);
	dev_init(dev);
	ok(null_job_runs(dev), "and jobs run");
}

/*
 * A message that changes the configuration space of the device that sends it: that
 * it came shows the word at @at, where bits @mask become @then.
 */
static void message_to_config(struct npu_dev *dev, const char *what, unsigned int offset,
			      uint32_t value, unsigned int at, uint32_t mask, uint32_t then)
{
	dev_program(dev, 0, &end, 1, 0);
	set_message(dev, 1, ECAM_AT(offset), value);
	send_all(dev);
	/* Which may read all ones by now; it sends what is left to send. */
	dev_read(dev, NPU_REG_STATUS);
	is(qtest_pci_read(dev->qts, DEVFN, at) & mask, then, "%s comes", what);
	recover(dev, what);
}

static void config(struct npu_dev *dev)
{
	unsigned int power = dev_find_capability(dev, CAP_POWER);
	unsigned int express = dev_find_capability(dev, CAP_EXPRESS);
	unsigned int msix = dev_find_capability(dev, CAP_MSIX);

	qtest_pci_write(dev->qts, 0, ECAM_REGISTER + 4, 0);
	qtest_pci_write(dev->qts, 0, ECAM_REGISTER, ECAM | 1);
	is(qtest_readl(dev->qts, ECAM_AT(0)), NPU_PCI_DEVICE_ID << 16 | NPU_PCI_VENDOR_ID,
	   "configuration space is memory");
	message_to_config(dev, "a message that is a reset", express + EXPRESS_CTRL, FLR, 0x10,
			  BAR_REGS, 0);
	message_to_config(dev, "one that puts it to sleep", power + POWER_CTRL, 3,
			  power + POWER_CTRL, 3, 3);
	message_to_config(dev, "one that takes Bus Master away", COMMAND, 0, COMMAND, 6, 0);
	message_to_config(dev, "one that turns MSI-X off", msix, 0, msix, MSIX_ENABLE, 0);
	message_to_config(dev, "one that moves its BAR", 0x10, 0xd0000000u, 0x10, ~0xfu,
			  0xd0000000u);
}

int main(void)
{
	struct npu_dev dev;

	dev_start(&dev, "queues=4,threads=2");
	memory(&dev);
	rings(&dev);
	message_to_registers(&dev);
	config(&dev);
	is(dev_stop(&dev), 0, "QEMU ends well");
	return done_testing();
}
