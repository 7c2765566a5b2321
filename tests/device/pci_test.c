// SPDX-License-Identifier: MIT
/* The PCI function: identity, BARs, register access rules, capabilities. */
#include "tap.h"
#include "npu_dev.h"

static void test_identity(struct npu_dev *dev)
{
	is(qtest_pci_read(dev->qts, DEVFN, 0),
	   (uint32_t)NPU_PCI_DEVICE_ID << 16 | NPU_PCI_VENDOR_ID, "vendor and device");
	is(qtest_pci_read(dev->qts, DEVFN, 8) >> 16, NPU_PCI_CLASS, "class");
	qtest_pci_write(dev->qts, DEVFN, 0x10, 0xffffffffu);
	is(qtest_pci_read(dev->qts, DEVFN, 0x10), (uint32_t)~(NPU_BAR_REGS_SIZE - 1) | 4,
	   "BAR 0 is 64-bit and of the size that the header names");
	qtest_pci_write(dev->qts, DEVFN, 0x10, BAR_REGS);
}

static void test_capabilities(struct npu_dev *dev)
{
	uint32_t cores = dev_read(dev, NPU_REG_CORES);
	uint32_t queues = dev_read(dev, NPU_REG_QUEUES);

	is(dev_read(dev, NPU_REG_ID), NPU_ID_MAGIC, "ID");
	is(dev_read(dev, NPU_REG_VERSION), NPU_REGS_VERSION, "register version");
	is(dev_read(dev, NPU_REG_ISA_VERSION), NPU_ISA_VERSION, "ISA version");
	is(cores, 3, "cores as asked");
	is(queues, 5, "queues as asked");
	is(dev_read(dev, NPU_REG_SRAM_SIZE), 256 << 10, "SRAM as asked");
	is(dev_read(dev, NPU_REG_VA_BITS), NPU_VA_BITS, "VA bits");
	ok(dev_read(dev, NPU_REG_CLOCK_KHZ) > 0, "a clock");
	ok(dev_read(dev, NPU_REG_FEATURES_LO) & NPU_FEAT_MAT_I8, "INT8 matrices");
	dev_write(dev, NPU_REG_CORES, 7);
	is(dev_read(dev, NPU_REG_CORES), cores, "capabilities cannot be written");
}

static void test_access_rules(struct npu_dev *dev)
{
	uint64_t id = BAR_REGS + NPU_REG_ID;

	is(qtest_read_width(dev->qts, 'b', id), 0xff, "a byte reads as ones");
	is(qtest_read_width(dev->qts, 'w', id), 0xffff, "a word reads as ones");
	is((int64_t)qtest_read_width(dev->qts, 'q', id), -1, "eight bytes read as ones");
	is(qtest_readl(dev->qts, id + 1), 0xffffffffu, "unaligned reads as ones");
	qtest_write_width(dev->qts, 'w', BAR_REGS + NPU_REG_TLB_CTX, 0x1234);
	is(dev_read(dev, NPU_REG_TLB_CTX), 0, "a word writes nothing");
	qtest_write_width(dev->qts, 'l', BAR_REGS + NPU_REG_TLB_CTX, 3);
	is(dev_read(dev, NPU_REG_TLB_CTX), 3, "four bytes do");
	is(dev_read(dev, 0xfffc), 0, "the last register reads as zero");
}

int main(void)
{
	struct npu_dev dev;

	dev_start(&dev, "cores=3,sram=256K,queues=5");
	test_identity(&dev);
	test_capabilities(&dev);
	test_access_rules(&dev);
	is(dev_stop(&dev), 0, "QEMU ends well");
	return done_testing();
}
