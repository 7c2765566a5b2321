/* SPDX-License-Identifier: MIT */
/* A driver of the device as small as can be, over qtest. */
#ifndef TESTS_DEVICE_NPU_DEV_H
#define TESTS_DEVICE_NPU_DEV_H

#include "hw/npu_isa.h"
#include "hw/npu_regs.h"
#include "qtest.h"

#define DEVFN (4 << 3)
#define BAR_REGS 0xe0000000u
#define BAR_MSIX 0xe0100000u

/* Where things are in the guest's memory. */
#define MEM_EVENTS 0x100000u	/* ring of 16 */
#define MEM_CONTEXTS 0x110000u	/* table of 4; number 1 is set up */
#define MEM_RING(q) (0x120000u + (q) * 0x10000u)	/* ring of 8 */
#define MEM_DONE(q) (0x200000u + (q) * 0x10000u)	/* completion of slot s at + s * 512 */
#define MEM_TABLES 0x300000u	/* page table of context 1 */
#define MEM_MSI 0x3f0000u	/* MSI-X message v writes v + 1 to + 4 * v */
#define MEM_DATA 0x400000u	/* mapped at VA 0x400000: 2 MiB, read and write */
#define MEM_RO 0x600000u	/* mapped at VA 0x600000: 2 MiB, read only */
#define MEM_PROGRAM MEM_DATA
#define MEM_SOURCE (MEM_DATA + 0x100000u)

/*
 * @devfn, @regs, @msix: where it is: DEVFN, BAR_REGS and BAR_MSIX unless changed
 * @mem: added to all bus addresses above; programs' own addresses stay
 */
struct npu_dev {
	struct qtest *qts;
	unsigned int devfn;
	uint32_t regs, msix;
	uint64_t mem;
	uint32_t tail[NPU_MAX_QUEUES];
	uint64_t next_id;
};

/* Start QEMU, set up BARs, MSI-X, rings, context 1; queues enabled. */
void dev_start(struct npu_dev *dev, const char *props);
/* Start QEMU with more arguments, and set nothing up. */
void dev_start_with(struct npu_dev *dev, const char *props, const struct qtest_options *options);
/* Offset of a capability in configuration space, or zero. */
unsigned int dev_find_capability(struct npu_dev *dev, uint8_t id);
/* What a driver does after probe or full reset. */
void dev_init(struct npu_dev *dev);
/* PCI configuration, as firmware would leave it. */
void dev_config(struct npu_dev *dev);
int dev_stop(struct npu_dev *dev);

uint32_t dev_read(struct npu_dev *dev, uint32_t reg);
void dev_write(struct npu_dev *dev, uint32_t reg, uint32_t value);
/* Poll until (register & mask) == value; false after five seconds. */
int dev_wait(struct npu_dev *dev, uint32_t reg, uint32_t mask, uint32_t value);

/* Put a program at MEM_PROGRAM + offset; the header is filled in. */
void dev_program(struct npu_dev *dev, uint32_t offset, const struct npu_insn *insns,
		 uint32_t n, uint32_t sram);
/* A job for that program on context 1, all else zero. */
struct npu_job dev_job(struct npu_dev *dev, uint32_t offset, uint32_t n);
/* Write it into the ring and ring the bell; the completion's address is returned. */
uint64_t dev_submit(struct npu_dev *dev, unsigned int queue, struct npu_job *job);
/* Wait for that completion; 0 if it does not come within ten seconds. */
int dev_done(struct npu_dev *dev, uint64_t where, struct npu_completion *done);

#endif /* TESTS_DEVICE_NPU_DEV_H */
