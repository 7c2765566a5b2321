// SPDX-License-Identifier: GPL-2.0
/* Many threads at once, on what they share and on what they do not. */
#include <pthread.h>
#include <stdatomic.h>

#include "kselftest_harness.h"

#include "npu_program.h"

#define THREADS	8

FIXTURE(concurrency)
{
	struct npu_machine m;
};

FIXTURE_SETUP(concurrency)
{
	ASSERT_EQ(0, npu_machine_open(&self->m));
}

FIXTURE_TEARDOWN(concurrency)
{
	npu_machine_close(&self->m);
}

struct worker {
	pthread_t thread;
	struct npu_machine *m;
	struct drm_npu_job job;
	atomic_int *stop;
	uint32_t ctx;
	uint32_t id;
	int error;		/* first that happened */
};

static void note(struct worker *w, int error)
{
	if (error && !w->error)
		w->error = error;
}

static void start(struct worker *workers, void *(*work)(void *))
{
	int i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			abort();
}

static int finish(struct worker *workers)
{
	int i, error = 0;

	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		error = error ? error : workers[i].error;
	}
	return error;
}

/* Copies its own number about, and looks whether it is still its own. */
static void *copy_work(void *arg)
{
	struct worker *w = arg;
	uint64_t at = w->m->data.va + 8192 * w->id;
	uint8_t *mem = w->m->data.cpu + 8192 * w->id;
	uint64_t args[2] = { at, at + 4096 };
	int round;

	npu_job_args(&w->job, args);
	for (round = 0; round < 50; round++) {
		memset(mem, 16 * w->id + round, 512);
		note(w, npu_run_on(w->m->fd, w->ctx, &w->job));
		note(w, memcmp(mem, mem + 4096, 512) ? -EILSEQ : 0);
	}
	return NULL;
}

TEST_F(concurrency, contexts_of_all_priorities)
{
	struct drm_npu_job copy = npu_prog_copy(&self->m, 512);
	struct worker workers[THREADS] = {};
	uint32_t i;

	for (i = 0; i < THREADS; i++) {
		workers[i].m = &self->m;
		workers[i].id = i;
		workers[i].job = copy;
		ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, i % 4, 0, &workers[i].ctx));
	}
	start(workers, copy_work);
	EXPECT_EQ(0, finish(workers));
}

TEST_F(concurrency, one_context)
{
	struct drm_npu_job copy = npu_prog_copy(&self->m, 512);
	struct drm_npu_context_query query;
	struct worker workers[THREADS] = {};
	uint32_t i;

	for (i = 0; i < THREADS; i++) {
		workers[i].m = &self->m;
		workers[i].id = i;
		workers[i].job = copy;
		workers[i].ctx = self->m.ctx;
	}
	start(workers, copy_work);
	EXPECT_EQ(0, finish(workers));
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->m.ctx, 0, &query));
	EXPECT_EQ(THREADS * 50, query.jobs_done);
	EXPECT_EQ(THREADS * 50, query.jobs_submitted);
}

/* Each has its own file, address space and buffers: the same addresses, other bytes. */
static void *file_work(void *arg)
{
	struct worker *w = arg;
	struct npu_machine m;
	struct drm_npu_job job;
	uint64_t args[2] = { NPU_TEST_DATA, NPU_TEST_DATA + 4096 };
	int round, i;

	for (round = 0; round < 4; round++) {
		int ret = npu_machine_open(&m);

		note(w, ret);
		if (ret)
			return NULL;
		job = npu_prog_copy(&m, 4096);
		npu_job_args(&job, args);
		for (i = 0; i < 10; i++) {
			memset(m.data.cpu, 16 * w->id + i, 4096);
			note(w, npu_run(&m, &job));
			note(w, memcmp(m.data.cpu, m.data.cpu + 4096, 4096) ? -EILSEQ : 0);
		}
		npu_machine_close(&m);
	}
	return NULL;
}

TEST_F(concurrency, files)
{
	struct worker workers[THREADS] = {};
	uint32_t i;

	for (i = 0; i < THREADS; i++)
		workers[i].id = i;
	start(workers, file_work);
	EXPECT_EQ(0, finish(workers));
}

/* Maps and unmaps its own range as fast as it can. */
static void *bind_work(void *arg)
{
	struct worker *w = arg;
	uint64_t va = (4ull << 30) + ((uint64_t)w->id << 21), i;
	uint32_t bo;

	note(w, npu_bo_create(w->m->fd, 32 * NPU_TEST_PAGE, w->id % 2 ? w->m->vm : 0, &bo));
	for (i = 0; i < 200; i++) {
		note(w, npu_vm_map(w->m->fd, w->m->vm, bo, (i % 16) * NPU_TEST_PAGE,
				   va + (i % 7) * NPU_TEST_PAGE, 16 * NPU_TEST_PAGE, i & 1));
		note(w, npu_vm_unmap(w->m->fd, w->m->vm, va + (i % 11) * NPU_TEST_PAGE,
				     4 * NPU_TEST_PAGE));
	}
	note(w, npu_vm_unmap(w->m->fd, w->m->vm, va, NPU_TEST_HUGE));
	note(w, npu_bo_close(w->m->fd, bo));
	return NULL;
}

/* Half of the threads bind, half run jobs in the same address space. */
static void *bind_or_copy_work(void *arg)
{
	struct worker *w = arg;

	return w->id % 2 ? bind_work(w) : copy_work(w);
}

TEST_F(concurrency, bind_beside_jobs)
{
	struct drm_npu_job copy = npu_prog_copy(&self->m, 512);
	struct worker workers[THREADS] = {};
	uint64_t tables;
	uint32_t i;

	tables = npu_usage(self->m.fd).page_table_bytes;
	for (i = 0; i < THREADS; i++) {
		workers[i].m = &self->m;
		workers[i].id = i;
		workers[i].job = copy;
		ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, i % 3, 0, &workers[i].ctx));
	}
	start(workers, bind_or_copy_work);
	EXPECT_EQ(0, finish(workers));
	EXPECT_EQ(tables, npu_usage(self->m.fd).page_table_bytes);
}

/* Submits to, and asks about, contexts that another thread destroys. */
static void *race_work(void *arg)
{
	struct worker *w = arg;
	struct drm_npu_job jobs[4] = { w->job, w->job, w->job, w->job };
	struct drm_npu_context_query query;
	uint32_t id, ctx;
	int ret;

	while (!atomic_load(w->stop)) {
		for (id = 1; id < 12; id++) {
			ret = npu_submit(w->m->fd, id, jobs, 4, NULL);
			note(w, ret == -ENOENT ? 0 : ret);
			ret = npu_ctx_query(w->m->fd, id, 0, &query);
			note(w, ret == -ENOENT ? 0 : ret);
			ret = id == w->m->ctx ? 0 : npu_ctx_destroy(w->m->fd, id);
			note(w, ret == -ENOENT ? 0 : ret);
			note(w, npu_ctx_create(w->m->fd, w->m->vm, id % 4, 0, &ctx));
		}
	}
	return NULL;
}

TEST_F(concurrency, contexts_made_and_destroyed)
{
	struct worker workers[THREADS] = {};
	atomic_int stop = 0;
	uint32_t i;

	for (i = 0; i < THREADS; i++) {
		workers[i].m = &self->m;
		workers[i].stop = &stop;
		workers[i].job = npu_prog_null(&self->m);
	}
	start(workers, race_work);
	sleep(3);
	atomic_store(&stop, 1);
	/* More contexts than fit is all that may go wrong. */
	i = -finish(workers);
	EXPECT_TRUE(i == 0 || i == ENOSPC);
	EXPECT_EQ(0, npu_run(&self->m, &workers[0].job));
}

/* The same for buffers and address spaces, with ids of others. */
static void *handle_work(void *arg)
{
	struct worker *w = arg;
	uint32_t bo, vm, id;
	int ret;

	while (!atomic_load(w->stop)) {
		for (id = 3; id < 9; id++) {
			note(w, npu_bo_create(w->m->fd, 8192, 0, &bo));
			ret = npu_vm_create(w->m->fd, &vm);
			note(w, ret == -ENOSPC ? 0 : ret);
			ret = npu_vm_map(w->m->fd, id, id + 1, 0, 1 << 30, 8192, 0);
			note(w, ret == -ENOENT ? 0 : ret);
			ret = npu_vm_destroy(w->m->fd, id);
			note(w, ret == -ENOENT ? 0 : ret);
			npu_bo_close(w->m->fd, id + 1);
			npu_bo_close(w->m->fd, bo);
		}
	}
	return NULL;
}

TEST_F(concurrency, handles_of_others)
{
	struct worker workers[THREADS] = {};
	atomic_int stop = 0;
	uint32_t i;

	for (i = 0; i < THREADS; i++) {
		workers[i].m = &self->m;
		workers[i].stop = &stop;
	}
	start(workers, handle_work);
	sleep(3);
	atomic_store(&stop, 1);
	EXPECT_EQ(0, finish(workers));
}

TEST_HARNESS_MAIN
