// SPDX-License-Identifier: MIT
/* Behind an emulated VT-d: what it maps, what it does not, and what it unmaps meanwhile. */
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "npu_dev.h"

/* The IOMMU's registers: VT-d specification, section 11. */
#define VTD 0xfed90000u
#define VTD_GCMD 0x18
#define VTD_GCMD_TE 0x80000000u
#define VTD_GCMD_SRTP 0x40000000u
#define VTD_RTADDR 0x20
#define VTD_CCMD 0x28
#define VTD_FSTS 0x34
#define VTD_FSTS_PPF 2u
#define VTD_IOTLB 0xf8
/* Invalidate all, in CCMD and IOTLB. */
#define VTD_CCMD_ALL (1ull << 63 | 1ull << 61)
#define VTD_IOTLB_ALL (1ull << 63 | 1ull << 60)

/* Its tables. */
#define MEM_ROOT 0x2000000u
#define MEM_CONTEXT 0x2001000u
#define MEM_LEVEL4 0x2002000u
#define MEM_LEVEL3 0x2003000u
#define MEM_LEVEL2(i) (0x2004000u + (i) * 0x1000u)
#define MEM_LEVEL1 0x2006000u
#define ENTRY_READ 1
#define ENTRY_WRITE 2
#define ENTRY_PAGE 0x80

/* 512 pages of memory, the last one first, at FAR_BUS for the device and FAR_VA for its jobs. */
#define MEM_FAR 0x2800000u
#define FAR_BUS 0x80000000u
#define FAR_VA 0x800000u
#define FAR_PAGE(i) (MEM_FAR + (511 - (i)) * 4096u)
#define COPY (16 * 4096u)
#define TARGET (MEM_DATA + 0x80000)
#define ROUNDS 0x7fffffffu

static void write64(struct npu_dev *dev, uint64_t addr, uint64_t value)
{
	qtest_memwrite(dev->qts, addr, &value, sizeof(value));
}

static void map_far(struct npu_dev *dev, unsigned int page, unsigned int access)
{
	write64(dev, MEM_LEVEL1 + 8 * page, access ? FAR_PAGE(page) | access : 0);
}

static void invalidate(struct npu_dev *dev)
{
	qtest_write_width(dev->qts, 'q', VTD + VTD_IOTLB, VTD_IOTLB_ALL);
}

/* Memory is where it is, and once more at FAR_BUS in another order. */
static void iommu_on(struct npu_dev *dev)
{
	unsigned int i;

	write64(dev, MEM_ROOT, MEM_CONTEXT | 1);
	write64(dev, MEM_CONTEXT + 16 * DEVFN, MEM_LEVEL4 | 1);
	write64(dev, MEM_CONTEXT + 16 * DEVFN + 8, 2 | 1 << 8);
	write64(dev, MEM_LEVEL4, MEM_LEVEL3 | ENTRY_READ | ENTRY_WRITE);
	write64(dev, MEM_LEVEL3, MEM_LEVEL2(0) | ENTRY_READ | ENTRY_WRITE);
	write64(dev, MEM_LEVEL3 + 8 * (FAR_BUS >> 30), MEM_LEVEL2(1) | ENTRY_READ | ENTRY_WRITE);
	for (i = 0; i < 16; i++)
		write64(dev, MEM_LEVEL2(0) + 8 * i,
			i * 0x200000ull | ENTRY_READ | ENTRY_WRITE | ENTRY_PAGE);
	write64(dev, MEM_LEVEL2(1), MEM_LEVEL1 | ENTRY_READ | ENTRY_WRITE);
	for (i = 0; i < 512; i++)
		map_far(dev, i, ENTRY_READ | ENTRY_WRITE);
	qtest_write_width(dev->qts, 'q', VTD + VTD_RTADDR, MEM_ROOT);
	qtest_writel(dev->qts, VTD + VTD_GCMD, VTD_GCMD_SRTP);
	qtest_write_width(dev->qts, 'q', VTD + VTD_CCMD, VTD_CCMD_ALL);
	invalidate(dev);
	qtest_writel(dev->qts, VTD + VTD_GCMD, VTD_GCMD_TE);
}

/* The pages at FAR_BUS for jobs, and what is in them. */
static void set_up(struct npu_dev *dev)
{
	unsigned int i;
	uint8_t page[4096];

	dev_config(dev);
	dev_init(dev);
	write64(dev, MEM_TABLES + 0x1000 + 8 * (FAR_VA >> NPU_HUGE_SHIFT),
		FAR_BUS | NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ | NPU_PTE_WRITE);
	for (i = 0; i < COPY / sizeof(page); i++) {
		memset(page, (int)(i + 1), sizeof(page));
		qtest_memwrite(dev->qts, FAR_PAGE(i), page, sizeof(page));
	}
}

/* COPY bytes from @from to @to, @rounds times. */
static struct npu_job copy_job(struct npu_dev *dev, uint32_t to, uint32_t from, uint32_t rounds)
{
	struct npu_insn insns[5] = {
		{ .opcode = NPU_OP_LOOP, .addr[0].reg = 3, .val = { rounds, 1, 0, 2 } },
		{ .opcode = NPU_OP_LOAD, .signal = 1, .addr[1].offset = from,
		  .val = { COPY, 1, 1 } },
		{ .opcode = NPU_OP_STORE, .wait = 1, .addr[0].offset = to,
		  .val = { COPY, 1, 1 } },
		{ .opcode = NPU_OP_ENDLOOP },
		{ .opcode = NPU_OP_END },
	};

	dev_program(dev, 0, insns, 5, COPY);
	return dev_job(dev, 0, 5);
}

static struct npu_completion run(struct npu_dev *dev, uint32_t to, uint32_t from)
{
	struct npu_job job = copy_job(dev, to, from, 1);
	struct npu_completion done;

	if (!dev_done(dev, dev_submit(dev, 0, &job), &done))
		bail_out("a job hangs");
	return done;
}

static uint32_t iommu_faults(struct npu_dev *dev)
{
	return qtest_readl(dev->qts, VTD + VTD_FSTS) & VTD_FSTS_PPF;
}

static void test_translated(struct npu_dev *dev)
{
	uint8_t data[COPY];
	unsigned int i, good = 0;

	is(run(dev, TARGET, FAR_VA).status, NPU_JOB_DONE, "a job reads by way of the IOMMU");
	qtest_memread(dev->qts, TARGET, data, COPY);
	for (i = 0; i < COPY; i++)
		good += data[i] == i / 4096 + 1;
	is(good, COPY, "page by page from where it maps them");
	is(run(dev, FAR_VA + 0x100000, TARGET).status, NPU_JOB_DONE, "a job writes");
	qtest_memread(dev->qts, FAR_PAGE(256 + 3), data, 4096);
	is(data[7], 4, "to where it maps them");
	ok(!iommu_faults(dev), "the IOMMU has reported nothing");
}

static void test_refused(struct npu_dev *dev)
{
	struct npu_completion done;

	map_far(dev, 5, 0);
	map_far(dev, 256, ENTRY_READ);
	invalidate(dev);
	done = run(dev, TARGET, FAR_VA);
	is(done.status, NPU_JOB_FAULT, "a page that was unmapped");
	is(done.fault.code, NPU_FAULT_BUS, "is a fault of the bus");
	is(done.fault.address, FAR_VA + 5 * 4096, "at its address");
	ok(iommu_faults(dev), "that the IOMMU reports as well");
	done = run(dev, FAR_VA + 0x100000, TARGET);
	is(done.fault.code, NPU_FAULT_BUS, "so is a store to a page that can be read only");
	map_far(dev, 5, ENTRY_READ | ENTRY_WRITE);
	map_far(dev, 256, ENTRY_READ | ENTRY_WRITE);
	invalidate(dev);
	is(run(dev, TARGET, FAR_VA).status, NPU_JOB_DONE, "mapped again, it works again");
}

/* When the invalidation is done, the job is at the page no more. */
static void test_unmapped_meanwhile(struct npu_dev *dev)
{
	struct npu_job job = copy_job(dev, FAR_VA + 0x100000, FAR_VA, ROUNDS);
	uint64_t where = dev_submit(dev, 0, &job);
	uint8_t zero[4096] = { 0 }, page[4096];
	struct npu_completion done;
	int i, written = 0;

	for (i = 0; i < 5000 && !written; i++) {
		usleep(1000);
		qtest_memread(dev->qts, FAR_PAGE(256 + 15), page, sizeof(page));
		written = page[0] == 16;
	}
	ok(written, "a job copies all the time");
	map_far(dev, 256 + 15, 0);
	invalidate(dev);
	qtest_memwrite(dev->qts, FAR_PAGE(256 + 15), zero, sizeof(zero));
	ok(dev_done(dev, where, &done), "it ends when a page of its target is unmapped");
	is(done.fault.code, NPU_FAULT_BUS, "by a fault of the bus");
	is(done.fault.address, FAR_VA + 0x100000 + 15 * 4096, "at that page");
	qtest_memread(dev->qts, FAR_PAGE(256 + 15), page, sizeof(page));
	ok(!memcmp(page, zero, sizeof(zero)), "which nobody has written since");
	map_far(dev, 256 + 15, ENTRY_READ | ENTRY_WRITE);
	invalidate(dev);
}

/* A reset comes while cores wait for translations, which only its thread can give. */
static void test_reset(struct npu_dev *dev)
{
	unsigned int pos = dev_find_capability(dev, 0x10), i, good = 0;

	for (i = 0; i < 30; i++) {
		struct npu_job job = copy_job(dev, FAR_VA + 0x100000, FAR_VA, ROUNDS);

		dev_submit(dev, 0, &job);
		if (i % 2)
			usleep(i * 100);
		qtest_pci_write(dev->qts, dev->devfn, pos + 8, 1u << 15);
		set_up(dev);
		good += dev_read(dev, NPU_REG_STATUS) == NPU_STATUS_READY;
	}
	is(good, 30, "thirty resets of a device that waits for the IOMMU");
	is(run(dev, TARGET, FAR_VA).status, NPU_JOB_DONE, "it works afterwards");
}

static void test_off(struct npu_dev *dev)
{
	qtest_writel(dev->qts, VTD + VTD_GCMD, 0);
	is(run(dev, TARGET, FAR_VA).fault.code, NPU_FAULT_BUS,
	   "with the IOMMU off, addresses are those of memory");
	is(run(dev, TARGET, MEM_SOURCE).status, NPU_JOB_DONE, "and memory is there");
}

int main(void)
{
	static const char *const args[] = { "-device", "intel-iommu", NULL };
	struct npu_dev dev;

	dev_start_with(&dev, "cores=2,threads=2",
		       &(struct qtest_options){ .args = args, .errors = "/dev/null" });
	iommu_on(&dev);
	set_up(&dev);
	test_translated(&dev);
	test_refused(&dev);
	test_unmapped_meanwhile(&dev);
	test_reset(&dev);
	test_off(&dev);
	is(dev_stop(&dev), 0, "QEMU ends well");
	return done_testing();
}
