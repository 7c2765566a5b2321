// SPDX-License-Identifier: MIT
/*
 * What a guest can make QEMU spend: memory, threads and lines of its log stay
 * within the bounds that hardware.rst gives, whatever jobs are run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "npu_dev.h"
#include "tap.h"

#define QUEUES		4u
#define CORES		2u
#define PROGRAM_MAX	(4u << 20)
#define KIB(bytes)	((bytes) >> 10)
/* Guest memory beyond the tests' own: programs of the largest size. */
#define MEM_LARGE	0x1000000u
#define VA_LARGE	0x1000000u
/* One page of it, over and over, in an order that no two pages go on in memory. */
#define VA_SCATTERED	0x2000000u
#define SCATTERED_PAGES	512u

static unsigned int kib_of(const struct npu_dev *dev, const char *field)
{
	char path[64], line[256];
	unsigned int value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", qtest_pid(dev->qts));
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)))
			value = strtoul(line + strlen(field) + 1, NULL, 10);
	if (file)
		fclose(file);
	return value;
}

static unsigned int threads_of(const struct npu_dev *dev)
{
	return kib_of(dev, "Threads");
}

static void map_huge(struct npu_dev *dev, uint32_t va, uint32_t bus)
{
	uint64_t pte = bus | NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ;

	qtest_memwrite(dev->qts, MEM_TABLES + 0x1000 + 8 * (va >> NPU_HUGE_SHIFT), &pte,
		       sizeof(pte));
}

static void map_scattered(struct npu_dev *dev)
{
	uint64_t table = (MEM_TABLES + 0x2000) | NPU_PTE_VALID;
	uint64_t entries[SCATTERED_PAGES];

	for (unsigned int i = 0; i < SCATTERED_PAGES; i++)
		entries[i] = (MEM_LARGE + 0x1000 * (i * 37 % SCATTERED_PAGES)) |
			     NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ;
	qtest_memwrite(dev->qts, MEM_TABLES + 0x2000, entries, sizeof(entries));
	qtest_memwrite(dev->qts, MEM_TABLES + 0x1000 + 8 * (VA_SCATTERED >> NPU_HUGE_SHIFT),
		       &table, sizeof(table));
}

/* A program of the largest size, all zeros behind its header: NOPs it is not. */
static void large_programs(struct npu_dev *dev)
{
	uint32_t count = PROGRAM_MAX / sizeof(struct npu_insn) - 1;
	struct npu_program header = {
		.magic = NPU_PROGRAM_MAGIC, .isa_version = NPU_ISA_VERSION, .num_insns = count,
	};
	struct npu_completion done;
	unsigned int refused = 0;

	map_huge(dev, VA_LARGE, MEM_LARGE);
	map_huge(dev, VA_LARGE + 0x200000, MEM_LARGE + 0x200000);
	qtest_memwrite(dev->qts, MEM_LARGE, &header, sizeof(header));
	for (unsigned int i = 0; i < 4 * QUEUES; i++) {
		struct npu_job job = dev_job(dev, 0, 1);

		job.program = VA_LARGE;
		job.program_size = PROGRAM_MAX;
		if (i % 4 == 3)
			job.program_size += sizeof(struct npu_insn);
		if (!dev_done(dev, dev_submit(dev, i % QUEUES, &job), &done))
			bail_out("a large program does not end");
		refused += done.status == NPU_JOB_FAULT &&
			   done.fault.code == (i % 4 == 3 ? NPU_FAULT_JOB : NPU_FAULT_ILLEGAL);
	}
	is(refused, 4 * QUEUES, "programs of 4 MiB are read and refused, larger ones not even read");
}

/* Weights that are nowhere in one piece, so that they are copied and mapped by page. */
static void scattered_weights(struct npu_dev *dev)
{
	struct npu_insn insns[4] = { 0 };
	struct npu_completion done;
	struct npu_job job;
	unsigned int good = 0;

	map_scattered(dev);
	insns[0].opcode = NPU_OP_LOOP;
	insns[0].addr[0].reg = 3;
	insns[0].val[0] = 20;
	insns[0].val[3] = 1;
	insns[1].opcode = NPU_OP_MATMUL;
	insns[1].flags = NPU_F_STREAM;
	insns[1].type[NPU_MM_TYPE_C] = NPU_TYPE_I32;
	insns[1].type[NPU_MM_TYPE_A] = NPU_TYPE_I8;
	insns[1].type[NPU_MM_TYPE_B] = NPU_TYPE_I8;
	insns[1].addr[NPU_MM_B].offset = VA_SCATTERED;
	insns[1].addr[NPU_MM_C].offset = 0x8000;
	insns[1].val[NPU_MM_M] = 1;
	insns[1].val[NPU_MM_N] = 64;
	insns[1].val[NPU_MM_K] = 32768;
	insns[1].val[NPU_MM_LDA] = insns[1].val[NPU_MM_LDB] = 32768;
	insns[1].val[NPU_MM_LDC] = 256;
	insns[2].opcode = NPU_OP_ENDLOOP;
	dev_program(dev, 0, insns, 4, 65536);
	for (unsigned int i = 0; i < 10; i++) {
		job = dev_job(dev, 0, 4);
		job.cores = CORES;
		good += dev_done(dev, dev_submit(dev, i % QUEUES, &job), &done) &&
			done.status == NPU_JOB_DONE;
	}
	is(good, 10, "weights in pages all over memory are streamed");
}

static void memory_and_threads(void)
{
	unsigned int before, growth, threads, bound;
	struct npu_dev dev;

	dev_start(&dev, "queues=4,cores=2,threads=2,sram=64K");
	threads = threads_of(&dev);
	before = kib_of(&dev, "VmRSS");
	large_programs(&dev);
	scattered_weights(&dev);
	growth = kib_of(&dev, "VmHWM") - before;
	/* What of the guest's 8 MiB here was not touched before, and a little of QEMU's own. */
	bound = KIB(QUEUES * PROGRAM_MAX) + CORES * KIB(32u << 20) + KIB(8u << 20) + 8192;
	diag("%u KiB more than before, at most %u KiB", growth, bound);
	ok(before && growth < bound, "memory stays within its bound");
	is(threads_of(&dev), threads, "there are as many threads as before");
	is(dev_stop(&dev), 0, "QEMU ends well");
}

/* A read that nothing orders behind the load of the same bytes. */
static void hazards(struct npu_dev *dev, unsigned int jobs)
{
	struct npu_insn insns[3] = { 0 };
	struct npu_completion done;
	unsigned int good = 0;

	insns[0].opcode = NPU_OP_LOAD;
	insns[0].addr[1].offset = MEM_DATA;
	insns[0].val[0] = 64;
	insns[0].val[1] = insns[0].val[2] = 1;
	insns[1].opcode = NPU_OP_UNARY;
	insns[1].type[0] = insns[1].type[1] = NPU_TYPE_F32;
	insns[1].addr[0].offset = 128;
	insns[1].val[0] = 1;
	insns[1].val[1] = 16;
	dev_program(dev, 0, insns, 3, 4096);
	for (unsigned int i = 0; i < jobs; i++) {
		struct npu_job job = dev_job(dev, 0, 3);

		job.cores = 1;
		good += dev_done(dev, dev_submit(dev, 0, &job), &done) &&
			done.status == NPU_JOB_DONE;
	}
	is(good, jobs, "%u jobs with a hazard each", jobs);
}

static unsigned int count_lines(int fd, const char *with)
{
	FILE *file = fdopen(fd, "r");
	char line[1024];
	unsigned int count = 0;

	if (!file)
		bail_out("no file");
	rewind(file);
	while (fgets(line, sizeof(line), file))
		count += !!strstr(line, with);
	fclose(file);
	return count;
}

static void log_lines(void)
{
	char name[] = "/tmp/npu-bounds-XXXXXX";
	int log = mkstemp(name), own = dup(STDERR_FILENO);
	struct npu_dev dev;

	if (log < 0 || own < 0)
		bail_out("no file for QEMU's messages");
	unlink(name);
	dup2(log, STDERR_FILENO);
	dev_start(&dev, "hazards=on");
	dup2(own, STDERR_FILENO);
	close(own);
	hazards(&dev, 130);
	is(dev_stop(&dev), 0, "QEMU ends well");
	is(count_lines(log, "hazard"), 100, "a hundred of them are told of, not more");
}

int main(void)
{
	memory_and_threads();
	log_lines();
	return done_testing();
}
