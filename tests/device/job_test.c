// SPDX-License-Identifier: MIT
/* Jobs through rings: data, completions, faults, messages, two queues. */
#include "tap.h"
#include "npu_dev.h"

#define ROW 4096

static const struct npu_insn end = { .opcode = NPU_OP_END };

/* Copies ROW bytes from MEM_SOURCE to args[0] through SRAM. */
static uint32_t copy_program(struct npu_dev *dev, uint32_t offset)
{
	struct npu_insn insns[3] = {
		{ .opcode = NPU_OP_LOAD, .signal = 1, .tag = 7,
		  .addr[1].offset = MEM_SOURCE,
		  .val = { ROW, 1, 1 } },
		{ .opcode = NPU_OP_STORE, .wait = 1,
		  .addr[0].reg = NPU_R_ARG(0),
		  .val = { ROW, 1, 1 } },
		end,
	};
	struct npu_program header;

	dev_program(dev, offset, insns, 3, ROW);
	qtest_memread(dev->qts, MEM_PROGRAM + offset, &header, sizeof(header));
	header.num_args = 1;
	qtest_memwrite(dev->qts, MEM_PROGRAM + offset, &header, sizeof(header));
	return 3;
}

static struct npu_job copy_job(struct npu_dev *dev, uint64_t to)
{
	struct npu_job job = dev_job(dev, 0, copy_program(dev, 0));

	job.num_args = 1;
	job.args[0] = to;
	return job;
}

static void test_copy(struct npu_dev *dev)
{
	uint64_t to = MEM_DATA + 0x80000 + 12;
	struct npu_job job = copy_job(dev, to);
	struct npu_completion done, result = { 0 };
	uint8_t source[ROW], copy[ROW] = { 0 };
	uint32_t msi = 0;
	int i;

	for (i = 0; i < ROW; i++)
		source[i] = (uint8_t)(i * 31 + 7);
	qtest_memwrite(dev->qts, MEM_SOURCE, source, ROW);
	job.result = MEM_DATA + 0x70000;
	job.result_id = 99;
	ok(dev_done(dev, dev_submit(dev, 0, &job), &done), "a copy completes");
	is(done.status, NPU_JOB_DONE, "well");
	is(done.id, job.id, "with its id");
	qtest_memread(dev->qts, to, copy, ROW);
	ok(!memcmp(source, copy, ROW), "the bytes have arrived");
	is(done.counters[NPU_CNT_INSNS], 3, "three instructions");
	is(done.counters[NPU_CNT_MEM_READ], ROW, "bytes read");
	is(done.counters[NPU_CNT_MEM_WRITE], ROW, "bytes written");
	qtest_memread(dev->qts, job.result, &result, sizeof(result));
	is(result.id, 99, "the copy of the completion has the id it was asked for");
	ok(!memcmp(&result, &done, offsetof(struct npu_completion, id)),
	   "and is the same otherwise");
	ok(dev_wait(dev, NPU_REG_Q(0, NPU_Q_HEAD), ~0u, dev->tail[0]), "HEAD follows");
	ok(dev_wait(dev, NPU_REG_IRQ_STATUS, NPU_IRQ_QUEUE(0), NPU_IRQ_QUEUE(0)),
	   "its cause is pending");
	for (i = 0; i < 1000 && msi != 2; i++)
		qtest_memread(dev->qts, MEM_MSI + 4, &msi, 4);
	is(msi, 2, "message 1 was sent");
	dev_write(dev, NPU_REG_IRQ_STATUS, NPU_IRQ_QUEUE(0));
	is(dev_read(dev, NPU_REG_IRQ_STATUS) & NPU_IRQ_QUEUE(0), 0, "cleared by writing one");
}

static void test_fault(struct npu_dev *dev)
{
	struct npu_job job = copy_job(dev, MEM_RO + 4096 * 3);
	struct npu_completion done;
	struct npu_event event;

	ok(dev_done(dev, dev_submit(dev, 1, &job), &done), "a store to a read-only page ends");
	is(done.status, NPU_JOB_FAULT, "as a fault");
	is(done.fault.code, NPU_FAULT_PROTECTION, "of protection");
	is(done.fault.access, NPU_ACCESS_WRITE, "at a write");
	is(done.fault.pc, 1, "by the second instruction");
	is(done.fault.opcode, NPU_OP_STORE, "a store");
	is(done.fault.address, MEM_RO + 4096 * 3, "at that address");
	is(done.fault.operand, offsetof(struct npu_insn, addr[0]), "its first address");
	ok(dev_wait(dev, NPU_REG_EVENT_PROD, ~0u, 1), "an event is reported");
	qtest_memread(dev->qts, MEM_EVENTS, &event, sizeof(event));
	is(event.type, NPU_EVENT_FAULT, "a fault");
	is(event.queue, 1, "of queue 1");
	is(event.job, job.id, "of that job");
	is(event.context, 1, "of that context");
	ok(!memcmp(&event.fault, &done.fault, sizeof(event.fault)), "with the same cause");
	dev_write(dev, NPU_REG_EVENT_CONS, 1);

	job = copy_job(dev, 0x123456789000ull);
	ok(dev_done(dev, dev_submit(dev, 1, &job), &done), "a store outside ends");
	is(done.fault.code, NPU_FAULT_PAGE, "as a page fault");
	is(done.fault.address, 0x123456789000ll, "at that address");

	job = copy_job(dev, MEM_DATA + 0x80000);
	job.context = 2;
	ok(dev_done(dev, dev_submit(dev, 1, &job), &done), "a context without entry ends");
	is(done.fault.code, NPU_FAULT_CONTEXT, "as a bad context");

	job = copy_job(dev, MEM_DATA + 0x80000);
	job.result = MEM_RO;
	job.result_id = 1;
	ok(dev_done(dev, dev_submit(dev, 1, &job), &done), "a result to a read-only page ends");
	is(done.status, NPU_JOB_FAULT, "as a fault");
	is(done.fault.code, NPU_FAULT_PROTECTION, "of protection");
	is(done.fault.pc, 0xffffffffu, "by no instruction");

	job = copy_job(dev, MEM_DATA + 0x80000);
	ok(dev_done(dev, dev_submit(dev, 1, &job), &done), "the next job ends");
	is(done.status, NPU_JOB_DONE, "well");
}

static void test_bad_descriptor(struct npu_dev *dev)
{
	struct npu_job job = copy_job(dev, MEM_DATA);
	struct npu_completion done;

	job.reserved0 = 1;
	ok(dev_done(dev, dev_submit(dev, 2, &job), &done), "a reserved field ends the job");
	is(done.fault.code, NPU_FAULT_JOB, "as malformed");
	is(done.fault.operand, offsetof(struct npu_job, reserved0), "at that field");

	job = copy_job(dev, MEM_DATA);
	job.cores = 33;
	ok(dev_done(dev, dev_submit(dev, 2, &job), &done), "too many cores end the job");
	is(done.fault.operand, offsetof(struct npu_job, cores), "at that field");

	job = copy_job(dev, MEM_DATA);
	job.num_args = 0;
	ok(dev_done(dev, dev_submit(dev, 2, &job), &done), "a missing argument ends the job");
	is(done.fault.code, NPU_FAULT_REQUIRE, "as a requirement");
}

static void test_counters(struct npu_dev *dev)
{
	uint32_t before = dev_read(dev, NPU_REG_COUNTER(NPU_CNT_MEM_WRITE));
	struct npu_job job = copy_job(dev, MEM_DATA + 0x90000);
	struct npu_completion done;

	dev_done(dev, dev_submit(dev, 3, &job), &done);
	dev_wait(dev, NPU_REG_Q(3, NPU_Q_HEAD), ~0u, dev->tail[3]);
	is(dev_read(dev, NPU_REG_COUNTER(NPU_CNT_MEM_WRITE)), before + ROW, "totals grow");
}

static void test_bad_tail(struct npu_dev *dev)
{
	dev_write(dev, NPU_REG_Q(3, NPU_Q_TAIL), dev->tail[3] + 100);
	ok(dev_read(dev, NPU_REG_Q(3, NPU_Q_STATUS)) & NPU_Q_STATUS_ERROR,
	   "a tail beyond the ring is an error of the queue");
	is(dev_read(dev, NPU_REG_Q(3, NPU_Q_TAIL)), dev->tail[3], "and is ignored");
	dev_write(dev, NPU_REG_Q(3, NPU_Q_CTRL), NPU_Q_CTRL_RESET);
	ok(dev_wait(dev, NPU_REG_Q(3, NPU_Q_STATUS), NPU_Q_STATUS_RESETTING, 0),
	   "a queue reset ends");
	is(dev_read(dev, NPU_REG_Q(3, NPU_Q_STATUS)), 0, "and clears it");
}

int main(void)
{
	struct npu_dev dev;

	dev_start(&dev, "");
	test_copy(&dev);
	test_fault(&dev);
	test_bad_descriptor(&dev);
	test_counters(&dev);
	test_bad_tail(&dev);
	is(dev_stop(&dev), 0, "QEMU ends well");
	return done_testing();
}
