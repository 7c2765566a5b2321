// SPDX-License-Identifier: GPL-2.0
/* libnpu's buffers, address spaces, queues and fences on a real device. */
#include <pthread.h>
#include <time.h>

#include "kselftest_harness.h"

#include "lib_machine.h"

FIXTURE(lib)
{
	struct lib_machine m;
	uint64_t args[2];
	struct npu_queue_job copy;
};

FIXTURE_SETUP(lib)
{
	ASSERT_EQ(0, lib_open(&self->m));
	self->args[0] = self->m.va;
	self->args[1] = self->m.va + 4096;
	self->copy = lib_copy(&self->m, 1000, self->args);
	memset(self->m.data, 0x5a, 1000);
}

FIXTURE_TEARDOWN(lib)
{
	lib_close(&self->m);
}

#define EXPECT_SAYS(text)						\
	EXPECT_NE(NULL, strstr(self->m.err.message, text))		\
		TH_LOG("'%s' is not in '%s'", text, self->m.err.message)

TEST_F(lib, device_tells_what_it_is)
{
	const struct npu_device_info *info = npu_device_info(self->m.device);
	struct npu_device_usage usage;

	EXPECT_LT(0, info->cores);
	EXPECT_LT(0, info->clock_khz);
	EXPECT_LT(0, strlen(info->profile));
	EXPECT_EQ(NPU_ISA_VERSION, info->isa_version);
	ASSERT_EQ(0, npu_device_usage(self->m.device, &usage, &self->m.err));
	EXPECT_LE(LIB_DATA + LIB_CODE, usage.buffer_bytes);
	EXPECT_LE(1, usage.contexts);
}

TEST_F(lib, job_runs_and_leaves_a_record)
{
	const struct npu_completion *record;
	struct npu_fence *fence;

	ASSERT_EQ(0, npu_queue_submit(self->m.queue, &self->copy, 1, &fence, &self->m.err));
	ASSERT_EQ(0, npu_fence_wait(fence, LIB_PATIENCE, &self->m.err));
	EXPECT_EQ(0, memcmp(self->m.data, self->m.data + 4096, 1000));
	record = npu_fence_completion(fence, 0);
	ASSERT_NE(NULL, record);
	EXPECT_EQ(NPU_JOB_DONE, record->status);
	EXPECT_EQ(1, record->cores);
	EXPECT_EQ(1000, record->counters[NPU_CNT_MEM_READ]);
	EXPECT_EQ(1000, record->counters[NPU_CNT_MEM_WRITE]);
	EXPECT_LT(0, record->counters[NPU_CNT_CYCLES]);
	EXPECT_EQ(NULL, npu_fence_completion(fence, 1));
	EXPECT_EQ(0, npu_fence_wait(fence, 0, &self->m.err));
	npu_fence_destroy(fence);
}

TEST_F(lib, submit_without_fence)
{
	for (int i = 0; i < 300; i++)
		ASSERT_EQ(0, npu_queue_submit(self->m.queue, &self->copy, 1, NULL, &self->m.err));
	EXPECT_EQ(0, npu_buffer_wait(self->m.buffer, LIB_PATIENCE, &self->m.err));
	EXPECT_EQ(0, memcmp(self->m.data, self->m.data + 4096, 1000));
}

TEST_F(lib, page_fault_names_instruction_and_address)
{
	self->args[0] = 0x40001000;
	EXPECT_EQ(-EFAULT, lib_run(&self->m, &self->copy, 1));
	EXPECT_SAYS("instruction 0 (LOAD): page fault reading 0x40001000, operand addr[1] (src)");
	self->args[0] = self->m.va;
	EXPECT_EQ(0, lib_run(&self->m, &self->copy, 1));
}

TEST_F(lib, failed_job_of_several_is_named)
{
	uint64_t bad[2] = { 0x40001000, self->m.va };
	struct npu_queue_job jobs[3] = { self->copy, self->copy, self->copy };
	struct npu_fence *fence;

	jobs[1].args = bad;
	ASSERT_EQ(0, npu_queue_submit(self->m.queue, jobs, 3, &fence, &self->m.err));
	EXPECT_EQ(-EFAULT, npu_fence_wait(fence, LIB_PATIENCE, &self->m.err));
	EXPECT_SAYS("job 2 of 3: instruction 0 (LOAD)");
	EXPECT_EQ(NPU_JOB_DONE, npu_fence_completion(fence, 0)->status);
	EXPECT_EQ(NPU_JOB_FAULT, npu_fence_completion(fence, 1)->status);
	EXPECT_EQ(NPU_JOB_DONE, npu_fence_completion(fence, 2)->status);
	EXPECT_EQ(-EFAULT, npu_fence_wait(fence, LIB_PATIENCE, NULL));
	npu_fence_destroy(fence);
}

TEST_F(lib, bad_programs_are_explained)
{
	struct npu_program *header = (void *)(self->m.data + LIB_DATA);
	struct npu_insn *insn = (void *)(header + 1);

	insn->opcode = 0xee;
	EXPECT_EQ(-EINVAL, lib_run(&self->m, &self->copy, 1));
	EXPECT_SAYS("instruction 0 (opcode 0xee): illegal instruction, operand opcode");
	insn->opcode = NPU_OP_LOAD;
	insn->addr[0].offset = 0xfffffff0;
	EXPECT_EQ(-EINVAL, lib_run(&self->m, &self->copy, 1));
	EXPECT_SAYS("SRAM bounds, operand addr[0] (dst): 1000 bytes from 0xfffffff0");
	insn->addr[0].offset = 0;
	header->min_cores = 31;
	EXPECT_EQ(-EINVAL, lib_run(&self->m, &self->copy, 1));
	EXPECT_SAYS("the program needs at least 31 cores, the job has 1");
	header->min_cores = 0;
	header->isa_version = NPU_VERSION(0, 99);
	EXPECT_EQ(-EINVAL, lib_run(&self->m, &self->copy, 1));
	EXPECT_SAYS("the program needs instruction set 0.99, the device has 0.1");
	header->isa_version = NPU_ISA_VERSION;
	header->features = 1ull << 63;
	EXPECT_EQ(-EINVAL, lib_run(&self->m, &self->copy, 1));
	EXPECT_SAYS("features that the device lacks: bit 63");
	header->features = 0;
	EXPECT_EQ(0, lib_run(&self->m, &self->copy, 1));
}

TEST_F(lib, budget_is_an_error_of_its_own)
{
	uint64_t rounds = 1000;
	struct npu_queue_job spin = lib_spin(&self->m, &rounds);

	spin.budget = 100;
	EXPECT_EQ(-EOVERFLOW, lib_run(&self->m, &spin, 1));
	EXPECT_SAYS("budget used up");
}

TEST_F_TIMEOUT(lib, wait_can_be_cut_short, 300)
{
	uint64_t rounds = 64;
	struct npu_queue_job spin = lib_spin(&self->m, &rounds);
	struct npu_fence *fence;

	ASSERT_EQ(0, npu_queue_submit(self->m.queue, &spin, 1, &fence, &self->m.err));
	EXPECT_EQ(-ETIME, npu_fence_wait(fence, 0, &self->m.err));
	EXPECT_EQ(-ETIME, npu_fence_wait(fence, 1000, &self->m.err));
	EXPECT_SAYS("have not ended yet");
	EXPECT_EQ(-ETIMEDOUT, npu_buffer_wait(self->m.buffer, 1000, &self->m.err));
	EXPECT_EQ(0, npu_fence_wait(fence, -1, &self->m.err));
	npu_fence_destroy(fence);
}

TEST_F(lib, hung_job_bans_its_queue_only)
{
	const struct npu_queue_options options = { .timeout_ms = 500 };
	uint64_t rounds = 0x7fffffff;
	struct npu_queue_job jobs[2] = { lib_spin(&self->m, &rounds), self->copy };
	struct npu_fence *hung, *victim, *none = NULL;
	struct npu_queue *queue;

	ASSERT_EQ(0, npu_queue_create(self->m.vm, &options, &queue, &self->m.err));
	ASSERT_EQ(0, npu_queue_submit(queue, jobs, 1, &hung, &self->m.err));
	ASSERT_EQ(0, npu_queue_submit(queue, jobs + 1, 1, &victim, &self->m.err));
	EXPECT_EQ(-ECANCELED, npu_fence_wait(victim, LIB_PATIENCE, &self->m.err));
	EXPECT_SAYS("the queue is banned");
	EXPECT_EQ(-ETIMEDOUT, npu_fence_wait(hung, LIB_PATIENCE, &self->m.err));
	EXPECT_SAYS("ran longer than the queue's timeout of 500 ms");
	EXPECT_EQ(-EBADFD, npu_queue_submit(queue, jobs + 1, 1, &none, &self->m.err));
	EXPECT_SAYS("destroy it and create another");
	EXPECT_EQ(NULL, none);
	npu_fence_destroy(victim);
	npu_fence_destroy(hung);
	npu_queue_destroy(queue);
	EXPECT_EQ(0, lib_run(&self->m, &self->copy, 1));
}

TEST_F(lib, queues_wait_for_each_other)
{
	uint64_t rounds = 16, second[2] = { self->args[1], self->m.va + 8192 };
	struct npu_queue_job jobs[2] = { lib_spin(&self->m, &rounds), self->copy };
	struct npu_queue_job after = self->copy;
	struct npu_fence *first, *last;
	struct npu_queue *queue;

	ASSERT_EQ(0, npu_queue_create(self->m.vm, NULL, &queue, &self->m.err));
	ASSERT_EQ(0, npu_queue_submit(self->m.queue, jobs, 2, &first, &self->m.err));
	after.args = second;
	after.waits = &first;
	after.num_waits = 1;
	ASSERT_EQ(0, npu_queue_submit(queue, &after, 1, &last, &self->m.err));
	EXPECT_EQ(0, npu_fence_wait(last, LIB_PATIENCE, &self->m.err));
	EXPECT_EQ(0, npu_fence_wait(first, 0, &self->m.err));
	EXPECT_EQ(0x5a, self->m.data[8192 + 999]);
	npu_fence_destroy(first);
	npu_fence_destroy(last);
	npu_queue_destroy(queue);
}

TEST_F(lib, many_submits_at_a_time)
{
	enum { N = 200 };
	struct npu_queue_job jobs[3] = { self->copy, self->copy, self->copy };
	struct npu_fence *fences[N];

	for (int i = 0; i < N; i++)
		ASSERT_EQ(0, npu_queue_submit(self->m.queue, jobs, 1 + i % 3, &fences[i],
					      &self->m.err));
	for (int i = N - 1; i >= 0; i -= 2) {
		EXPECT_EQ(0, npu_fence_wait(fences[i], LIB_PATIENCE, &self->m.err));
		npu_fence_destroy(fences[i]);
	}
	for (int i = 0; i < N; i += 2) {
		EXPECT_EQ(NPU_JOB_DONE, npu_fence_completion(fences[i], i % 3)->status);
		npu_fence_destroy(fences[i]);
	}
}

struct worker {
	struct lib_machine *m;
	struct npu_queue_job job;
	uint64_t args[2];
	unsigned int ok;
};

/* Every fourth job faults; each submit must get the answer that is its own. */
static void *submit_many(void *arg)
{
	struct worker *worker = arg;

	for (unsigned int i = 0; i < 100; i++) {
		struct npu_queue_job job = worker->job;
		uint64_t bad[2] = { 0x40000000 + 4096 * (uint64_t)i, worker->args[1] };
		struct npu_error err = { 0 };
		struct npu_fence *fence;
		char where[32];
		int ret;

		job.args = i % 4 == 3 ? bad : worker->args;
		snprintf(where, sizeof(where), "reading 0x%llx", (unsigned long long)bad[0]);
		if (npu_queue_submit(worker->m->queue, &job, 1, &fence, &err))
			continue;
		ret = npu_fence_wait(fence, LIB_PATIENCE, &err);
		npu_fence_destroy(fence);
		if (i % 4 == 3)
			worker->ok += ret == -EFAULT && strstr(err.message, where);
		else
			worker->ok += !ret;
	}
	return NULL;
}

TEST_F(lib, threads_share_a_queue)
{
	struct worker workers[4];
	pthread_t threads[4];

	for (int i = 0; i < 4; i++) {
		workers[i] = (struct worker){
			.m = &self->m, .job = self->copy,
			.args = { self->m.va, self->m.va + 4096 * (i + 1) },
		};
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, submit_many, &workers[i]));
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_EQ(100, workers[i].ok);
		EXPECT_EQ(0x5a, self->m.data[4096 * (i + 1) + 999]);
	}
}

TEST_F(lib, destroyed_in_any_order)
{
	uint64_t rounds = 4;
	struct npu_queue_job spin = lib_spin(&self->m, &rounds);
	struct npu_fence *fence;

	ASSERT_EQ(0, npu_queue_submit(self->m.queue, &spin, 1, &fence, &self->m.err));
	lib_close(&self->m);
	EXPECT_EQ(0, npu_fence_wait(fence, LIB_PATIENCE, &self->m.err));
	npu_fence_destroy(fence);
	memset(&self->m, 0, sizeof(self->m));
}

TEST_F(lib, mappings)
{
	const uint64_t at = 0x123400000;
	struct npu_buffer *buffer;
	uint64_t va[2];

	ASSERT_EQ(0, npu_buffer_create(self->m.device, NULL, 5000, &buffer, &self->m.err));
	EXPECT_EQ(8192, npu_buffer_size(buffer));
	ASSERT_EQ(0, npu_vm_map(self->m.vm, buffer, 0, &va[0], &self->m.err));
	ASSERT_EQ(0, npu_vm_map(self->m.vm, buffer, 0, &va[1], &self->m.err));
	EXPECT_LE(8192, llabs((long long)(va[0] - va[1])));
	ASSERT_EQ(0, npu_vm_map_at(self->m.vm, buffer, 4096, 4096, at, NPU_VM_READONLY,
				   &self->m.err));
	/* what is written through one mapping is read through another */
	self->args[1] = va[1] + 4096;
	EXPECT_EQ(0, lib_run(&self->m, &self->copy, 1));
	self->args[0] = at;
	self->args[1] = self->m.va + 4096;
	EXPECT_EQ(0, lib_run(&self->m, &self->copy, 1));
	EXPECT_EQ(0x5a, self->m.data[4096 + 999]);
	self->args[1] = at;
	EXPECT_EQ(-EFAULT, lib_run(&self->m, &self->copy, 1));
	EXPECT_SAYS("protection fault writing 0x123400000, operand addr[0] (dst)");
	ASSERT_EQ(0, npu_vm_unmap(self->m.vm, at, 4096, &self->m.err));
	self->args[1] = self->m.va + 4096;
	EXPECT_EQ(-EFAULT, lib_run(&self->m, &self->copy, 1));
	EXPECT_SAYS("page fault reading 0x123400000");
	npu_buffer_destroy(buffer);
	self->args[0] = va[0];
	EXPECT_EQ(0, lib_run(&self->m, &self->copy, 1));
}

TEST_F(lib, bad_arguments)
{
	struct npu_queue_options options = { .timeout_ms = ~0u };
	struct npu_queue_job job = self->copy;
	struct npu_fence *fence;
	struct npu_queue *queue;
	struct npu_buffer *buffer;

	EXPECT_EQ(-EINVAL, npu_queue_create(self->m.vm, &options, &queue, &self->m.err));
	EXPECT_SAYS("too long: the driver allows");
	options = (struct npu_queue_options){ .priority = 9 };
	EXPECT_EQ(-EINVAL, npu_queue_create(self->m.vm, &options, &queue, &self->m.err));
	EXPECT_EQ(-EINVAL, npu_queue_submit(self->m.queue, &job, 0, &fence, &self->m.err));
	EXPECT_EQ(-EINVAL, npu_queue_submit(self->m.queue, &job, 65, &fence, &self->m.err));
	job.program += 64;
	EXPECT_EQ(-EINVAL, npu_queue_submit(self->m.queue, &job, 1, &fence, &self->m.err));
	EXPECT_SAYS("128-byte aligned");
	EXPECT_EQ(-EINVAL, npu_buffer_create(self->m.device, NULL, 0, &buffer, &self->m.err));
	EXPECT_EQ(-EINVAL, npu_vm_map_at(self->m.vm, self->m.buffer, 0, 4096, 0x123, 0,
					 &self->m.err));
	EXPECT_SAYS("must be whole pages");
	EXPECT_EQ(-EINVAL, npu_vm_unmap(self->m.vm, 0x1000000, ~0ull << 12, &self->m.err));
	EXPECT_EQ(0, lib_run(&self->m, &self->copy, 1));
}

TEST_F(lib, priorities)
{
	for (uint32_t i = NPU_QUEUE_NORMAL; i <= NPU_QUEUE_REALTIME; i++) {
		const struct npu_queue_options options = { .priority = i };
		struct npu_queue *queue;
		struct npu_fence *fence;

		ASSERT_EQ(0, npu_queue_create(self->m.vm, &options, &queue, &self->m.err));
		ASSERT_EQ(0, npu_queue_submit(queue, &self->copy, 1, &fence, &self->m.err));
		EXPECT_EQ(0, npu_fence_wait(fence, LIB_PATIENCE, &self->m.err));
		npu_fence_destroy(fence);
		npu_queue_destroy(queue);
	}
}

TEST(nothing_is_left)
{
	struct npu_device_usage before, after;
	struct npu_device *device;
	struct npu_error err;

	ASSERT_EQ(0, npu_device_open(NULL, &device, &err));
	if (npu_device_fd(device) < 0) {
		npu_device_close(device);
		SKIP(return, "each open of a device in the process makes one of its own");
	}
	ASSERT_EQ(0, npu_device_usage(device, &before, &err));
	for (int i = 0; i < 20; i++) {
		struct lib_machine m;
		struct npu_queue_job copy;
		uint64_t args[2];

		ASSERT_EQ(0, lib_open(&m));
		args[0] = m.va;
		args[1] = m.va + 4096;
		copy = lib_copy(&m, 100, args);
		EXPECT_EQ(0, lib_run(&m, &copy, 1));
		lib_close(&m);
	}
	/* the driver lets go of what a job used some time after its end */
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, npu_device_usage(device, &after, &err));
		if (after.contexts == before.contexts && after.vms == before.vms)
			break;
		usleep(50000);
	}
	EXPECT_EQ(before.buffer_bytes, after.buffer_bytes);
	EXPECT_EQ(before.contexts, after.contexts);
	EXPECT_EQ(before.vms, after.vms);
	EXPECT_EQ(before.jobs_done + 20, after.jobs_done);
	npu_device_close(device);
}

TEST_HARNESS_MAIN
