// SPDX-License-Identifier: MIT
/* Abort, queue reset, full reset and FLR while a job runs that never ends by itself. */
#include "tap.h"
#include "npu_dev.h"

#define LOOPS 0x7fffffffu

/* Two nested loops of 2^31 rounds. */
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

static struct npu_job empty_job(struct npu_dev *dev)
{
	struct npu_insn insn = { .opcode = NPU_OP_END };

	dev_program(dev, 0, &insn, 1, 0);
	return dev_job(dev, 0, 1);
}

static void start_endless(struct npu_dev *dev, unsigned int queue)
{
	struct npu_job job = endless_job(dev);

	dev_submit(dev, queue, &job);
	ok(dev_wait(dev, NPU_REG_Q(queue, NPU_Q_STATUS), NPU_Q_STATUS_RUNNING,
		    NPU_Q_STATUS_RUNNING), "an endless job runs on queue %u", queue);
}

static void check_works(struct npu_dev *dev, unsigned int queue, const char *when)
{
	struct npu_job job = empty_job(dev);
	struct npu_completion done;

	ok(dev_done(dev, dev_submit(dev, queue, &job), &done) && done.status == NPU_JOB_DONE,
	   "queue %u works %s", queue, when);
}

static void test_abort(struct npu_dev *dev)
{
	struct npu_job running = endless_job(dev), waiting = empty_job(dev);
	uint64_t first = dev_submit(dev, 0, &running), second = dev_submit(dev, 0, &waiting);
	struct npu_completion done;

	check_works(dev, 1, "beside an endless job");
	dev_write(dev, NPU_REG_Q(0, NPU_Q_ABORT), 1);
	dev_write(dev, NPU_REG_Q(0, NPU_Q_ABORT), 77);
	qtest_memread(dev->qts, second, &done, sizeof(done));
	is(done.id, 0, "an aborted job that waits keeps its place");
	dev_write(dev, NPU_REG_Q(0, NPU_Q_ABORT), 0);
	ok(dev_done(dev, first, &done), "an aborted job ends");
	is(done.status, NPU_JOB_ABORTED, "as aborted");
	ok(dev_done(dev, second, &done), "so does the one that waited");
	is(done.status, NPU_JOB_ABORTED, "as aborted");
	check_works(dev, 0, "after an abort");
}

static void test_queue_reset(struct npu_dev *dev)
{
	struct npu_completion done;
	uint64_t where;

	start_endless(dev, 0);
	where = MEM_DONE(0) + 512 * ((dev->tail[0] - 1) % 8);
	dev_write(dev, NPU_REG_Q(0, NPU_Q_CTRL), NPU_Q_CTRL_RESET | NPU_Q_CTRL_ENABLE);
	ok(dev_wait(dev, NPU_REG_Q(0, NPU_Q_STATUS), NPU_Q_STATUS_RESETTING, 0),
	   "a queue reset ends");
	is(dev_read(dev, NPU_REG_Q(0, NPU_Q_STATUS)), 0, "with the queue off");
	is(dev_read(dev, NPU_REG_Q(0, NPU_Q_HEAD)), dev->tail[0] - 1, "HEAD keeps its value");
	qtest_memread(dev->qts, where, &done, sizeof(done));
	is(done.id, 0, "without a completion");
	check_works(dev, 1, "after another's reset");
	dev_write(dev, NPU_REG_Q(0, NPU_Q_CTRL), NPU_Q_CTRL_ENABLE);
	dev->tail[0] = 0;
	is(dev_read(dev, NPU_REG_Q(0, NPU_Q_HEAD)), 0, "enabling starts at zero");
	check_works(dev, 0, "after its reset");
}

static void test_full_reset(struct npu_dev *dev)
{
	start_endless(dev, 2);
	dev_write(dev, NPU_REG_CTRL, NPU_CTRL_RESET | NPU_CTRL_ENABLE);
	ok(dev_wait(dev, NPU_REG_STATUS, NPU_STATUS_READY, NPU_STATUS_READY),
	   "a full reset ends");
	is(dev_read(dev, NPU_REG_CTRL), 0, "disabled");
	is(dev_read(dev, NPU_REG_Q(2, NPU_Q_STATUS)), 0, "queues are off");
	is(dev_read(dev, NPU_REG_IRQ_ENABLE), 0, "no interrupt is enabled");
	is(dev_read(dev, NPU_REG_EVENT_SIZE), 0, "no event ring");
	is(dev_read(dev, NPU_REG_COUNTER(NPU_CNT_JOBS)), 0, "totals are zero");
	is(dev_read(dev, NPU_REG_ID), NPU_ID_MAGIC, "it is still there");
	dev_init(dev);
	check_works(dev, 2, "after a full reset");
}

/* Writes Device Control's FLR bit in the PCI Express capability. */
static void test_flr(struct npu_dev *dev)
{
	unsigned int pos = qtest_pci_read(dev->qts, DEVFN, 0x34) & 0xfc;
	uint32_t head = 0;

	while (pos) {
		head = qtest_pci_read(dev->qts, DEVFN, pos);
		if ((head & 0xff) == 0x10)
			break;
		pos = head >> 8 & 0xfc;
	}
	ok(pos, "a PCI Express capability");
	ok(qtest_pci_read(dev->qts, DEVFN, pos + 4) & 1u << 28, "FLR is offered");
	start_endless(dev, 1);
	qtest_pci_write(dev->qts, DEVFN, pos + 8, 1u << 15);
	is(qtest_pci_read(dev->qts, DEVFN, 4) & 0x6, 0, "FLR clears the command register");
	dev_config(dev);
	is(dev_read(dev, NPU_REG_STATUS) & NPU_STATUS_READY, NPU_STATUS_READY,
	   "complete when the write returns");
	is(dev_read(dev, NPU_REG_CTRL), 0, "disabled");
	dev_init(dev);
	check_works(dev, 1, "after FLR");
}

static void test_tlb(struct npu_dev *dev)
{
	uint32_t seq = dev_read(dev, NPU_REG_TLB_SEQ);

	start_endless(dev, 0);
	dev_write(dev, NPU_REG_TLB_CTX, 1);
	dev_write(dev, NPU_REG_TLB_CMD, NPU_TLB_CMD_CTX);
	is(dev_read(dev, NPU_REG_TLB_SEQ), seq + 1, "an invalidation is counted");
	ok(dev_wait(dev, NPU_REG_TLB_DONE, ~0u, seq + 1), "and ends beside an endless job");
	dev_write(dev, NPU_REG_TLB_CMD, 77);
	is(dev_read(dev, NPU_REG_TLB_SEQ), seq + 1, "an unknown command is not");
	dev_write(dev, NPU_REG_Q(0, NPU_Q_ABORT), dev->tail[0] - 1);
	ok(dev_wait(dev, NPU_REG_Q(0, NPU_Q_STATUS), NPU_Q_STATUS_RUNNING, 0), "stopped");
}

/* QEMU must end although a job runs. */
static void test_quit(struct npu_dev *dev)
{
	start_endless(dev, 3);
	is(dev_stop(dev), 0, "QEMU ends well with a job running");
}

int main(void)
{
	struct npu_dev dev;

	dev_start(&dev, "cores=2,threads=2");
	test_abort(&dev);
	test_queue_reset(&dev);
	test_full_reset(&dev);
	test_tlb(&dev);
	test_flr(&dev);
	test_quit(&dev);
	return done_testing();
}
