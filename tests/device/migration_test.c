// SPDX-License-Identifier: MIT
/*
 * A job that is carried from one QEMU to the next gives the same bytes and
 * counters as one that stays; so do one that is stuck and one that faults.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "npu_dev.h"

#define PROPS "cores=2,threads=2,inject=on"
#define ROW 1024
/* More than three short runs of a machine take, or copying it while it runs. */
#define ROUNDS 400000u
#define CODE_LOOP 0x4000
#define CODE_COUNT 16
#define MINE (MEM_DATA + 0x80000)

static char folder[64] = "build/migration-XXXXXX", file[128], errors[128];

static void alu(struct npu_insn *insn, unsigned int op, unsigned int dst, unsigned int a,
		uint32_t imm)
{
	insn->opcode = NPU_OP_ALU;
	insn->subop = (uint8_t)op;
	insn->addr[0].reg = (uint8_t)dst;
	insn->addr[1].reg = (uint8_t)a;
	insn->imm[0] = imm;
}

static void word(struct npu_insn *insn, unsigned int opcode, unsigned int to, unsigned int from)
{
	insn->opcode = (uint8_t)opcode;
	insn->flags = NPU_F_WIDE;
	insn->type[0] = NPU_TYPE_I32;
	insn->addr[0].reg = (uint8_t)to;
	insn->addr[1].reg = (uint8_t)from;
}

/* Each core changes its row by what it was before; no round may be done twice. */
static struct npu_job long_job(struct npu_dev *dev, uint32_t rounds)
{
	struct npu_insn insns[CODE_COUNT] = { 0 };
	struct npu_job job;
	unsigned int n = 0;

	alu(&insns[n++], NPU_ALU_MUL, 16, NPU_R_CORE, ROW);
	insns[n++] = (struct npu_insn){ .opcode = NPU_OP_LOOP, .addr[0].reg = 17,
					.val = { rounds, 1, 0, 9 } };
	insns[n++] = (struct npu_insn){ .opcode = NPU_OP_LOAD, .signal = 1,
					.addr[1] = { .reg = 16, .offset = MINE },
					.val = { ROW, 1, 1 } };
	insns[n++] = (struct npu_insn){ .opcode = NPU_OP_NOP, .wait = 1 };
	word(&insns[n++], NPU_OP_SLOAD, 18, NPU_R_ZERO);
	alu(&insns[n++], NPU_ALU_MUL, 19, 19, 2654435761u);
	insns[n].addr[2].reg = 18;
	alu(&insns[n++], NPU_ALU_ADD, 19, 19, 1);
	word(&insns[n++], NPU_OP_SSTORE, NPU_R_ZERO, 19);
	insns[n++] = (struct npu_insn){ .opcode = NPU_OP_NOP, .signal = 2 };
	insns[n++] = (struct npu_insn){ .opcode = NPU_OP_STORE, .wait = 2,
					.addr[0] = { .reg = 16, .offset = MINE },
					.val = { ROW, 1, 1 } };
	insns[n++] = (struct npu_insn){ .opcode = NPU_OP_BARRIER };
	insns[n++] = (struct npu_insn){ .opcode = NPU_OP_ENDLOOP };
	insns[n++] = (struct npu_insn){ .opcode = NPU_OP_END };
	dev_program(dev, CODE_LOOP, insns, n, ROW);
	job = dev_job(dev, CODE_LOOP, n);
	job.cores = 2;
	return job;
}

static const char *order(struct npu_dev *dev, const char *json)
{
	const char *answer = qtest_qmp(dev->qts, json);

	if (!answer || strstr(answer, "\"error\"")) {
		diag("%s: %s", json, answer ? answer : "QEMU has ended");
		bail_out("QEMU refuses");
	}
	return answer;
}

static void wait_for(struct npu_dev *dev, const char *json, const char *text)
{
	int i;

	for (i = 0; i < 6000; i++) {
		if (strstr(order(dev, json), text))
			return;
		usleep(10000);
	}
	bail_out("a migration does not come to its end");
}

/* All of the machine goes into the file. */
static void leave(struct npu_dev *dev)
{
	char json[256];

	snprintf(json, sizeof(json),
		 "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"exec:cat >%s\"}}", file);
	order(dev, json);
	wait_for(dev, "{\"execute\": \"query-migrate\"}", "\"completed\"");
}

/* And another QEMU takes it from there; it may refuse. */
static void start_from_file(struct npu_dev *dev, const char *props)
{
	char incoming[160];
	const char *args[] = { "-incoming", incoming, NULL };
	struct qtest_options options = { .args = args, .errors = errors };
	struct npu_dev before = *dev;

	snprintf(incoming, sizeof(incoming), "exec:cat %s", file);
	dev_start_with(dev, props, &options);
	memcpy(dev->tail, before.tail, sizeof(dev->tail));
	dev->next_id = before.next_id;
}

static void move(struct npu_dev *dev)
{
	leave(dev);
	is(dev_stop(dev), 0, "the QEMU that was left ends well");
	start_from_file(dev, PROPS);
	wait_for(dev, "{\"execute\": \"query-migrate\"}", "\"completed\"");
}

static void go_on_for(struct npu_dev *dev, unsigned int us)
{
	order(dev, "{\"execute\": \"cont\"}");
	usleep(us);
	order(dev, "{\"execute\": \"stop\"}");
}

static uint32_t progress(struct npu_dev *dev, unsigned int queue)
{
	return dev_read(dev, NPU_REG_Q(queue, NPU_Q_PROGRESS));
}

static void run_undisturbed(struct npu_dev *dev, uint32_t rounds, uint8_t *data,
			    struct npu_completion *done)
{
	struct npu_job job = long_job(dev, rounds);

	ok(dev_done(dev, dev_submit(dev, 0, &job), done), "a job that stays where it is");
	is(done->status, NPU_JOB_DONE, "ends well");
	qtest_memread(dev->qts, MINE, data, 2 * ROW);
}

static void test_moved(void)
{
	struct npu_completion stayed, moved;
	uint8_t expected[2 * ROW], zero[2 * ROW] = { 0 }, data[2 * ROW];
	struct npu_dev dev;
	struct npu_job job;
	uint32_t before;
	uint64_t where;
	int i;

	dev_start(&dev, PROPS);
	run_undisturbed(&dev, ROUNDS, expected, &stayed);
	qtest_memwrite(dev.qts, MINE, zero, sizeof(zero));
	job = long_job(&dev, ROUNDS);
	where = dev_submit(&dev, 0, &job);
	order(&dev, "{\"execute\": \"stop\"}");
	before = progress(&dev, 0);
	usleep(20000);
	is(progress(&dev, 0), before, "a machine that is stopped does not go on");
	for (i = 0; i < 3; i++) {
		go_on_for(&dev, 5000);
		before = progress(&dev, 0);
		ok(before, "the job is at instruction %u of its run", before);
		move(&dev);
		is(progress(&dev, 0), before, "and there after the move");
	}
	order(&dev, "{\"execute\": \"cont\"}");
	ok(dev_done(&dev, where, &moved), "it ends in the fourth QEMU");
	qtest_memread(dev.qts, MINE, data, sizeof(data));
	ok(!memcmp(data, expected, sizeof(data)), "with the same bytes");
	ok(!memcmp(moved.counters, stayed.counters, sizeof(moved.counters)),
	   "and the same counters, cycles and energy among them");
	ok(dev_wait(&dev, NPU_REG_Q(0, NPU_Q_HEAD), ~0u, dev.tail[0]), "HEAD follows");
	is(dev_read(&dev, NPU_REG_COUNTER(NPU_CNT_JOBS)), 2, "the totals have both jobs");
	ok(dev_done(&dev, dev_submit(&dev, 0, &job), &moved), "another job runs there");
	is(dev_stop(&dev), 0, "QEMU ends well");
}

/* Written while the machine runs and is copied: all of it must arrive. */
static void test_live(void)
{
	struct npu_completion stayed, moved;
	uint8_t expected[2 * ROW], zero[2 * ROW] = { 0 }, data[2 * ROW];
	struct npu_dev dev;
	struct npu_job job;
	uint64_t where;

	dev_start(&dev, PROPS);
	run_undisturbed(&dev, ROUNDS, expected, &stayed);
	qtest_memwrite(dev.qts, MINE, zero, sizeof(zero));
	job = long_job(&dev, ROUNDS);
	where = dev_submit(&dev, 0, &job);
	move(&dev);
	diag("%u instructions after the move", progress(&dev, 0));
	ok(dev_done(&dev, where, &moved), "a job ends that ran while its machine was copied");
	qtest_memread(dev.qts, MINE, data, sizeof(data));
	ok(!memcmp(data, expected, sizeof(data)), "with the same bytes");
	ok(!memcmp(moved.counters, stayed.counters, sizeof(moved.counters)), "and counters");
	is(dev_stop(&dev), 0, "QEMU ends well");
}

static void test_stuck_and_faulted(void)
{
	struct npu_completion done;
	struct npu_event event;
	struct npu_dev dev;
	struct npu_job job;
	uint64_t where;

	dev_start(&dev, PROPS);
	dev_write(&dev, NPU_REG_INJECT, 1 << NPU_INJECT_STUCK_JOB);
	job = long_job(&dev, ROUNDS);
	job.cores = 1;
	dev_submit(&dev, 0, &job);
	ok(dev_wait(&dev, NPU_REG_Q(0, NPU_Q_STATUS), NPU_Q_STATUS_RUNNING,
		    NPU_Q_STATUS_RUNNING), "a job is stuck");
	job = long_job(&dev, ROUNDS);
	job.cores = 1;
	job.context = 2;
	where = dev_submit(&dev, 1, &job);
	ok(dev_done(&dev, where, &done), "another has faulted");
	ok(dev_wait(&dev, NPU_REG_EVENT_PROD, ~0u, 1), "and its event is there");
	move(&dev);
	is(dev_read(&dev, NPU_REG_EVENT_PROD), 1, "the event ring is where it was");
	qtest_memread(dev.qts, MEM_EVENTS, &event, sizeof(event));
	is(event.fault.code, NPU_FAULT_CONTEXT, "with the fault");
	is(dev_read(&dev, NPU_REG_IRQ_STATUS) & NPU_IRQ_QUEUE(1), NPU_IRQ_QUEUE(1),
	   "whose interrupt is pending");
	dev_write(&dev, NPU_REG_Q(0, NPU_Q_ABORT), 0);
	usleep(20000);
	is(dev_read(&dev, NPU_REG_Q(0, NPU_Q_STATUS)) & NPU_Q_STATUS_RUNNING,
	   NPU_Q_STATUS_RUNNING, "the stuck job is still stuck");
	dev_write(&dev, NPU_REG_Q(0, NPU_Q_CTRL), NPU_Q_CTRL_RESET);
	ok(dev_wait(&dev, NPU_REG_Q(0, NPU_Q_STATUS), ~0u, 0), "until its queue is reset");
	job = long_job(&dev, ROUNDS);
	ok(dev_done(&dev, dev_submit(&dev, 2, &job), &done) && done.status == NPU_JOB_DONE,
	   "then a job runs on both cores");
	is(dev_stop(&dev), 0, "QEMU ends well");
}

/* Ends with a message that has @text in it. */
static void check_refused(struct npu_dev *dev, const char *text)
{
	char said[4096] = "";
	FILE *f;

	qtest_wait_end(dev->qts);
	is(dev_stop(dev), 1, "QEMU ends by itself, in order");
	f = fopen(errors, "r");
	if (!f || !fread(said, 1, sizeof(said) - 1, f))
		diag("it says nothing");
	if (f)
		fclose(f);
	if (!ok(strstr(said, text) != NULL, "saying: %s", text))
		diag("%s", said);
}

static void test_refused(void)
{
	struct npu_dev dev;

	dev_start(&dev, PROPS);
	leave(&dev);
	dev_stop(&dev);
	start_from_file(&dev, "cores=3,threads=1");
	check_refused(&dev, "cores is 2 there and 3 here");
	start_from_file(&dev, "cores=2,queues=4");
	check_refused(&dev, "queues is 8 there and 4 here");
}

int main(void)
{
	if (!mkdtemp(folder))
		bail_out("no folder for the machines on their way");
	snprintf(file, sizeof(file), "%s/machine", folder);
	snprintf(errors, sizeof(errors), "%s/errors", folder);
	test_moved();
	test_live();
	test_stuck_and_faulted();
	test_refused();
	unlink(file);
	unlink(errors);
	rmdir(folder);
	return done_testing();
}
