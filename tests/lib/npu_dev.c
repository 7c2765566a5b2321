// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "npu_dev.h"

#define RING_LOG2 3
#define EVENTS_LOG2 4

uint32_t dev_read(struct npu_dev *dev, uint32_t reg)
{
	return qtest_readl(dev->qts, dev->regs + reg);
}

void dev_write(struct npu_dev *dev, uint32_t reg, uint32_t value)
{
	qtest_writel(dev->qts, dev->regs + reg, value);
}

int dev_wait(struct npu_dev *dev, uint32_t reg, uint32_t mask, uint32_t value)
{
	int i;

	for (i = 0; i < 5000; i++) {
		if ((dev_read(dev, reg) & mask) == value)
			return 1;
		usleep(1000);
	}
	return 0;
}

unsigned int dev_find_capability(struct npu_dev *dev, uint8_t id)
{
	unsigned int pos = qtest_pci_read(dev->qts, dev->devfn, 0x34) & 0xfc;

	while (pos) {
		uint32_t head = qtest_pci_read(dev->qts, dev->devfn, pos);

		if ((head & 0xff) == id)
			break;
		pos = head >> 8 & 0xfc;
	}
	return pos;
}

/* Messages go to memory instead of an interrupt controller. */
static void config_msix(struct npu_dev *dev)
{
	unsigned int v, pos = dev_find_capability(dev, 0x11);
	uint32_t zero[NPU_MAX_VECTORS] = { 0 };

	qtest_memwrite(dev->qts, dev->mem + MEM_MSI, zero, sizeof(zero));
	for (v = 0; v < NPU_MAX_VECTORS; v++) {
		qtest_writel(dev->qts, dev->msix + 16 * v, (uint32_t)(dev->mem + MEM_MSI) + 4 * v);
		qtest_writel(dev->qts, dev->msix + 16 * v + 4,
			     (dev->mem + MEM_MSI) >> 32);
		qtest_writel(dev->qts, dev->msix + 16 * v + 8, v + 1);
		qtest_writel(dev->qts, dev->msix + 16 * v + 12, 0);
	}
	qtest_pci_write(dev->qts, dev->devfn, pos,
			qtest_pci_read(dev->qts, dev->devfn, pos) | 0x80000000u);
}

void dev_config(struct npu_dev *dev)
{
	qtest_pci_write(dev->qts, dev->devfn, 0x10, dev->regs);
	qtest_pci_write(dev->qts, dev->devfn, 0x14, 0);
	qtest_pci_write(dev->qts, dev->devfn, 0x10 + 4 * NPU_PCI_BAR_MSIX, dev->msix);
	qtest_pci_write(dev->qts, dev->devfn, 0x04, 0x6);
	config_msix(dev);
}

static void write64(struct npu_dev *dev, uint64_t addr, uint64_t value)
{
	qtest_memwrite(dev->qts, dev->mem + addr, &value, sizeof(value));
}

/* Level 2 and 1 tables; the first 1 GiB has two huge pages. */
static void init_context(struct npu_dev *dev)
{
	struct npu_context context = {
		.flags = NPU_CONTEXT_VALID,
		.page_table = dev->mem + MEM_TABLES,
	};
	uint64_t level1 = MEM_TABLES + 0x1000;

	write64(dev, MEM_TABLES, (dev->mem + level1) | NPU_PTE_VALID);
	write64(dev, level1 + 8 * (MEM_DATA >> NPU_HUGE_SHIFT),
		(dev->mem + MEM_DATA) | NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ |
			NPU_PTE_WRITE);
	write64(dev, level1 + 8 * (MEM_RO >> NPU_HUGE_SHIFT),
		(dev->mem + MEM_RO) | NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ);
	qtest_memwrite(dev->qts, dev->mem + MEM_CONTEXTS + sizeof(context), &context,
		       sizeof(context));
}

void dev_init(struct npu_dev *dev)
{
	unsigned int q, queues = dev_read(dev, NPU_REG_QUEUES);

	init_context(dev);
	dev_write(dev, NPU_REG_EVENT_BASE_LO, (uint32_t)(dev->mem + MEM_EVENTS));
	dev_write(dev, NPU_REG_EVENT_BASE_HI, dev->mem >> 32);
	dev_write(dev, NPU_REG_EVENT_SIZE, EVENTS_LOG2);
	dev_write(dev, NPU_REG_CTX_BASE_LO, (uint32_t)(dev->mem + MEM_CONTEXTS));
	dev_write(dev, NPU_REG_CTX_BASE_HI, dev->mem >> 32);
	dev_write(dev, NPU_REG_CTX_COUNT, 4);
	for (q = 0; q < queues; q++) {
		dev_write(dev, NPU_REG_Q(q, NPU_Q_BASE_LO), (uint32_t)(dev->mem + MEM_RING(q)));
		dev_write(dev, NPU_REG_Q(q, NPU_Q_BASE_HI), dev->mem >> 32);
		dev_write(dev, NPU_REG_Q(q, NPU_Q_SIZE), RING_LOG2);
		dev_write(dev, NPU_REG_Q(q, NPU_Q_VECTOR), 1 + q);
		dev_write(dev, NPU_REG_Q(q, NPU_Q_CTRL), NPU_Q_CTRL_ENABLE);
		dev->tail[q] = 0;
	}
	dev_write(dev, NPU_REG_EVENT_VECTOR, 0);
	dev_write(dev, NPU_REG_IRQ_ENABLE_SET, 0xffffffffu);
	dev_write(dev, NPU_REG_CTRL, NPU_CTRL_ENABLE);
}

void dev_start_with(struct npu_dev *dev, const char *props, const struct qtest_options *options)
{
	char device[128];

	snprintf(device, sizeof(device), "npu,addr=4.0%s%s", *props ? "," : "", props);
	memset(dev, 0, sizeof(*dev));
	dev->devfn = DEVFN;
	dev->regs = BAR_REGS;
	dev->msix = BAR_MSIX;
	dev->next_id = 1;
	dev->qts = qtest_start_with(device, options);
}

void dev_start(struct npu_dev *dev, const char *props)
{
	dev_start_with(dev, props, &(struct qtest_options){ 0 });
	dev_config(dev);
	dev_init(dev);
}

int dev_stop(struct npu_dev *dev)
{
	return qtest_stop(dev->qts);
}

void dev_program(struct npu_dev *dev, uint32_t offset, const struct npu_insn *insns, uint32_t n,
		 uint32_t sram)
{
	struct npu_program header = {
		.magic = NPU_PROGRAM_MAGIC,
		.isa_version = NPU_ISA_VERSION,
		.num_insns = n,
		.sram_size = sram,
		.min_cores = 1,
	};

	qtest_memwrite(dev->qts, dev->mem + MEM_PROGRAM + offset, &header, sizeof(header));
	qtest_memwrite(dev->qts, dev->mem + MEM_PROGRAM + offset + sizeof(header), insns,
		       n * sizeof(*insns));
}

struct npu_job dev_job(struct npu_dev *dev, uint32_t offset, uint32_t n)
{
	struct npu_job job = {
		.id = dev->next_id++,
		.flags = NPU_JOB_IRQ,
		.context = 1,
		.program = MEM_PROGRAM + offset,
		.program_size = (uint32_t)(sizeof(struct npu_program) +
					   n * sizeof(struct npu_insn)),
		.cores = 1,
	};

	return job;
}

uint64_t dev_submit(struct npu_dev *dev, unsigned int queue, struct npu_job *job)
{
	uint32_t slot = dev->tail[queue] % (1u << RING_LOG2);
	struct npu_completion none = { 0 };

	if (!job->completion)
		job->completion = dev->mem + MEM_DONE(queue) + 512 * slot;
	qtest_memwrite(dev->qts, job->completion, &none, sizeof(none));
	qtest_memwrite(dev->qts, dev->mem + MEM_RING(queue) + sizeof(*job) * slot, job,
		       sizeof(*job));
	dev_write(dev, NPU_REG_Q(queue, NPU_Q_TAIL), ++dev->tail[queue]);
	return job->completion;
}

int dev_done(struct npu_dev *dev, uint64_t where, struct npu_completion *done)
{
	int i;

	for (i = 0; i < 10000; i++) {
		qtest_memread(dev->qts, where, done, sizeof(*done));
		if (done->id)
			return 1;
		usleep(1000);
	}
	return 0;
}
