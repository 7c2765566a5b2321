// SPDX-License-Identifier: GPL-2.0
/*
 * In the guest: empty jobs a second, by ioctl and by io_uring. Batches are of 64
 * jobs. The ratio is that of io_uring to one ioctl and one wait a job.
 */
#include "../kselftest/npu_uring.h"
#include "bench.h"

#define BATCH	64
#define ROUNDS	40

struct bench {
	struct npu_machine m;
	struct io_uring ring;
	struct drm_npu_job jobs[BATCH];
	struct drm_npu_submit submits[BATCH];
	uint32_t syncobj;
};

/* One ioctl to submit and one to wait, for each job. */
static int one_by_one(struct bench *b)
{
	int i, ret = 0;

	for (i = 0; i < BATCH && !ret; i++) {
		ret = npu_submit(b->m.fd, b->m.ctx, &b->jobs[BATCH - 1], 1, NULL);
		ret = ret ? ret : npu_syncobj_wait(b->m.fd, b->syncobj, 0);
	}
	return ret;
}

/* One ioctl to submit each job, one wait for the last. */
static int wait_for_last(struct bench *b)
{
	int i, ret = 0;

	for (i = 0; i < BATCH && !ret; i++)
		ret = npu_submit(b->m.fd, b->m.ctx, &b->jobs[i], 1, NULL);
	return ret ? ret : npu_syncobj_wait(b->m.fd, b->syncobj, 0);
}

/* Commands of one job each, one system call for all, a completion each. */
static int uring_commands(struct bench *b)
{
	int i, ret = 0;

	for (i = 0; i < BATCH; i++)
		npu_uring_add(&b->ring, b->m.fd, DRM_NPU_URING_SUBMIT, &b->submits[i], i);
	if (io_uring_submit_and_wait(&b->ring, BATCH) != BATCH)
		return -EIO;
	for (i = 0; i < BATCH && !ret; i++)
		ret = npu_uring_get(&b->ring, NULL);
	return ret;
}

/* One command of all jobs, one completion. */
static int uring_batch(struct bench *b)
{
	struct drm_npu_submit submit = npu_uring_submit(b->m.ctx, b->jobs, BATCH);

	return npu_uring_run(&b->ring, b->m.fd, DRM_NPU_URING_SUBMIT, &submit);
}

static double jobs_per_second(struct bench *b, int (*run)(struct bench *b))
{
	int64_t start = 0;
	int i, ret = 0;

	for (i = -2; i < ROUNDS && !ret; i++) {
		if (!i)
			start = npu_now_ns();
		ret = run(b);
	}
	if (ret) {
		fprintf(stderr, "uring_bench: %s\n", strerror(-ret));
		exit(1);
	}
	return ROUNDS * BATCH * 1e9 / (npu_now_ns() - start);
}

static void compare(const char *how, double uring, double single, const char *bar)
{
	bench_row((struct bench_side){ "io_uring", uring },
		  (struct bench_side){ "two ioctls a job", single }, "jobs/s", bar,
		  "in the guest, empty jobs, %s", how);
}

int main(void)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};
	static struct bench b;
	static struct drm_npu_sync sync;
	double single, last, commands, batch;
	int i;

	if (npu_machine_open(&b.m) || io_uring_queue_init_params(BATCH, &b.ring, &params)) {
		fprintf(stderr, "uring_bench: no NPU, or no io_uring\n");
		return 1;
	}
	b.jobs[0] = npu_prog_null(&b.m);
	for (i = 0; i < BATCH; i++) {
		b.jobs[i] = b.jobs[0];
		b.submits[i] = npu_uring_submit(b.m.ctx, &b.jobs[0], 1);
	}
	b.syncobj = npu_syncobj_create(b.m.fd, 0);
	sync = (struct drm_npu_sync){ .handle = b.syncobj, .flags = DRM_NPU_SYNC_SIGNAL };
	npu_job_syncs(&b.jobs[BATCH - 1], &sync, 1);
	single = jobs_per_second(&b, one_by_one);
	last = jobs_per_second(&b, wait_for_last);
	commands = jobs_per_second(&b, uring_commands);
	batch = jobs_per_second(&b, uring_batch);
	printf("one ioctl a job and one wait for 64: %.0f empty jobs a second\n", last);
	compare("64 commands a call", commands, single, "-");
	compare("one command of 64", batch, single, ">= 5.0");
	return 0;
}
