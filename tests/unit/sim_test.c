// SPDX-License-Identifier: MIT
/*
 * The machine in the process: its names, several of it, its page tables against
 * a plain model, its end with work under way. What it has in common with the
 * driver is asked by tests/unit/sim_runtime.sh.
 */
#include <errno.h>
#include <stdlib.h>

#include <npu/npu.h>
#include <npu/program.h>

#include "hw/npu_regs.h"
#include "tap.h"
#include "../conformance/values.h"

#define SECOND	1000000000ll
#define HUGE	(2u << 20)
#define PAGE	4096u

struct rig {
	struct npu_device *device;
	struct npu_vm *vm;
	struct npu_queue *queue;
	struct npu_buffer *code;
	uint64_t code_va;
};

static void must(int ret, const struct npu_error *err)
{
	if (ret)
		bail_out(err->message);
}

static void rig_open(struct rig *r, const char *name, uint32_t timeout_ms)
{
	const struct npu_queue_options options = { .timeout_ms = timeout_ms };
	struct npu_error err;

	must(npu_device_open(name, &r->device, &err), &err);
	must(npu_vm_create(r->device, &r->vm, &err), &err);
	must(npu_queue_create(r->vm, &options, &r->queue, &err), &err);
	must(npu_buffer_create(r->device, r->vm, 1 << 16, &r->code, &err), &err);
	must(npu_vm_map(r->vm, r->code, 0, &r->code_va, &err), &err);
}

static void rig_close(struct rig *r)
{
	npu_queue_destroy(r->queue);
	npu_buffer_destroy(r->code);
	npu_vm_destroy(r->vm);
	npu_device_close(r->device);
}

/* Puts a program where jobs find it. */
static struct npu_queue_job finish(struct rig *r, struct npu_builder *b,
				   const uint64_t *args, uint32_t num_args)
{
	struct npu_queue_job job = {
		.program = r->code_va, .args = args, .num_args = num_args, .cores = 1,
	};
	struct npu_error err;
	void *code;

	must(npu_builder_finish(b, &code, &job.program_size, &err), &err);
	memcpy(npu_buffer_data(r->code), code, job.program_size);
	npu_builder_destroy(b);
	free(code);
	return job;
}

static struct npu_builder *begin(uint32_t num_args)
{
	struct npu_builder *b;
	struct npu_error err;

	must(npu_builder_create(num_args, 1 << 16, &b, &err), &err);
	return b;
}

/* args[2] bytes from args[0] to args[1]. */
static struct npu_queue_job copy(struct rig *r, const uint64_t *args)
{
	struct npu_builder *b = begin(3);
	struct npu_insn_dma in = {
		.sram = npu_at(0, npu_builder_sram(b, "all", PAGE)),
		.mem = npu_at(NPU_R_ARG(0), 0), .row = npu_reg(NPU_R_ARG(2)),
	};
	struct npu_insn_dma out = in;

	out.mem = npu_at(NPU_R_ARG(1), 0);
	npu_build_load(b, &in, npu_order(0, NPU_TOKEN(0)));
	npu_build_store(b, &out, npu_order(NPU_TOKEN(0), 0));
	return finish(r, b, args, 3);
}

static struct npu_queue_job spin(struct rig *r, const uint64_t *args)
{
	struct npu_builder *b = begin(1);

	npu_build_loop(b, 8, 0, npu_reg(NPU_R_ARG(0)), npu_imm(1));
	npu_build_loop(b, 9, 0, npu_imm(1 << 20), npu_imm(1));
	npu_build_nop(b, NPU_ENGINE_CP, npu_order(0, 0));
	npu_build_endloop(b);
	npu_build_endloop(b);
	return finish(r, b, args, 1);
}

static int run(struct rig *r, const struct npu_queue_job *job, struct npu_error *err)
{
	struct npu_fence *fence;
	int ret = npu_queue_submit(r->queue, job, 1, &fence, err);

	if (ret)
		return ret;
	ret = npu_fence_wait(fence, 60 * SECOND, err);
	npu_fence_destroy(fence);
	return ret;
}

static void refused(const char *name, const char *why)
{
	struct npu_device *device = NULL;
	struct npu_error err = { 0 };

	is(npu_device_open(name, &device, &err), -EINVAL, "%s", err.message);
	ok(strstr(err.message, why) && strstr(err.message, name) && !device,
	   "that names it and says '%s'", why);
}

static void test_names(void)
{
	struct npu_device *device;
	struct npu_error err;

	refused("sim:nothing", "no profile is called 'nothing': there are edge, a100");
	refused("sim:/nowhere", "profile /nowhere: No such file");
	refused("sim:edge,cores", "PROPERTY=VALUE");
	refused("sim:edge,cores=many", "a number is needed");
	refused("sim:edge,cores=33", "at most 32");
	refused("sim:cores=-1", "a number is needed");
	refused("sim:edge,sram=99999999999K", "a number is needed");
	refused("sim:edge,sram=17M", "at most");
	refused("sim:edge,colour=red", "no property is called 'colour'");
	refused("sim:edge,pin=1", "pin=1: 'on' or 'off' is needed");
	refused("sim:kernels=abacus", "unknown");
	is(npu_device_open("simple", &device, &err), -ENOENT, "other names are nodes");
	must(npu_device_open("sim:edge,cores=3,sram=64K,queues=5,threads=1", &device, &err),
	     &err);
	is(npu_device_info(device)->cores, 3, "three cores");
	is(npu_device_info(device)->sram_size, 65536, "of 64 KiB");
	is(npu_device_info(device)->queues, 5, "and five queues");
	is_str(npu_device_info(device)->profile, "edge", "of profile edge");
	is(npu_device_fd(device), -1, "without a file");
	npu_device_close(device);
}

static void test_environment(void)
{
	struct npu_device *device;
	struct npu_error err;

	setenv("NPU_DEVICE", "sim:edge,cores=7", 1);
	must(npu_device_open(NULL, &device, &err), &err);
	is(npu_device_info(device)->cores, 7, "NPU_DEVICE is the default device");
	npu_device_close(device);
	setenv("NPU_DEVICE", "", 1);
	ok(npu_device_open(NULL, &device, &err) || npu_device_fd(device) >= 0,
	   "an empty one is none");
	unsetenv("NPU_DEVICE");
}

static void test_two(void)
{
	uint64_t args[3], elsewhere[3] = { 1 << 30, 1 << 30, 8 };
	struct npu_queue_job job, waits;
	struct npu_device_usage usage;
	struct npu_fence *fence, *second;
	struct npu_buffer *data;
	struct npu_error err;
	struct rig a, b;
	char *bytes;

	rig_open(&a, "sim", 0);
	rig_open(&b, "sim:edge,cores=1", 0);
	must(npu_buffer_create(a.device, NULL, 2 * PAGE, &data, &err), &err);
	must(npu_vm_map(a.vm, data, 0, &args[0], &err), &err);
	bytes = npu_buffer_data(data);
	memset(bytes, 0x5a, 100);
	args[1] = args[0] + PAGE;
	args[2] = 100;
	job = copy(&a, args);
	must(npu_queue_submit(a.queue, &job, 1, &fence, &err), &err);
	waits = copy(&b, elsewhere);
	waits.waits = &fence;
	waits.num_waits = 1;
	is(npu_queue_submit(b.queue, &waits, 1, &second, &err), 0,
	   "a device waits for another's fence");
	is(npu_fence_wait(fence, 60 * SECOND, &err), 0, "a job of one runs");
	is(bytes[PAGE + 99], 0x5a, "and copies");
	is(npu_fence_wait(second, 60 * SECOND, &err), -EFAULT, "the other has other memory: %s",
	   err.message);
	npu_fence_destroy(second);
	npu_fence_destroy(fence);
	must(npu_device_usage(a.device, &usage, &err), &err);
	is(usage.jobs_done, 1, "one job is done in one");
	is(usage.jobs_failed, 0, "and none has failed");
	must(npu_device_usage(b.device, &usage, &err), &err);
	is(usage.jobs_failed, 1, "that is in the other's books");
	is(npu_buffer_wait(data, 0, &err), 0, "nobody uses the buffer any more");
	npu_buffer_destroy(data);
	rig_close(&a);
	rig_close(&b);
}

/* What a page of the address space should lead to: buffer and page, or nothing. */
#define BUFFERS		3
#define BUFFER_PAGES	(3 * HUGE / PAGE)
#define SPACE_PAGES	(4 * HUGE / PAGE)
#define SPACE		(64ull * HUGE)

struct space {
	struct rig r;
	struct npu_buffer *buffer[BUFFERS], *out;
	uint64_t out_va, args[3];
	struct npu_queue_job job;
	int page[SPACE_PAGES];
	bool readonly[SPACE_PAGES];
};

static void space_open(struct space *s)
{
	struct npu_error err;

	rig_open(&s->r, "sim", 0);
	must(npu_buffer_create(s->r.device, s->r.vm, PAGE, &s->out, &err), &err);
	must(npu_vm_map(s->r.vm, s->out, 0, &s->out_va, &err), &err);
	for (int i = 0; i < BUFFERS; i++) {
		must(npu_buffer_create(s->r.device, i ? NULL : s->r.vm, 3 * HUGE,
				       &s->buffer[i], &err), &err);
		for (uint32_t p = 0; p < BUFFER_PAGES; p++) {
			uint32_t *word = npu_buffer_data(s->buffer[i]);

			word[p * PAGE / 4] = i * BUFFER_PAGES + p;
		}
	}
	for (uint32_t p = 0; p < SPACE_PAGES; p++)
		s->page[p] = -1;
	s->job = copy(&s->r, s->args);
}

static uint32_t pages_of_a_range(void)
{
	switch (random_below(4)) {
	case 0:
		return 1 + random_below(3);
	case 1:
		return HUGE / PAGE;
	case 2:
		return 2 * HUGE / PAGE;
	default:
		return 1 + random_below(700);
	}
}

static uint32_t place(uint32_t limit, uint32_t n)
{
	uint32_t at = random_below(limit - n + 1);

	return random_below(2) ? at : at - at % (HUGE / PAGE);
}

static int change(struct space *s, struct npu_error *err)
{
	uint32_t n = pages_of_a_range(), at = place(SPACE_PAGES, n);
	uint32_t from = place(BUFFER_PAGES, n), i = random_below(BUFFERS);
	bool map = random_below(3), readonly = random_below(2);

	for (uint32_t p = 0; p < n; p++) {
		s->page[at + p] = map ? (int)(i * BUFFER_PAGES + from + p) : -1;
		s->readonly[at + p] = readonly;
	}
	if (map)
		return npu_vm_map_at(s->r.vm, s->buffer[i], (uint64_t)from * PAGE,
				     (uint64_t)n * PAGE, SPACE + (uint64_t)at * PAGE,
				     readonly ? NPU_VM_READONLY : 0, err);
	return npu_vm_unmap(s->r.vm, SPACE + (uint64_t)at * PAGE, (uint64_t)n * PAGE, err);
}

/* Reads, or writes back, the first word of a page. */
static bool page_is_right(struct space *s, uint32_t p)
{
	uint64_t va = SPACE + (uint64_t)p * PAGE;
	bool write = random_below(4) == 0;
	int expected = s->page[p] < 0 ? -EFAULT : 0;
	uint32_t *word = npu_buffer_data(s->out);
	struct npu_error err;
	int ret;

	if (write && s->page[p] >= 0 && s->readonly[p])
		expected = -EFAULT;
	*word = write ? (uint32_t)s->page[p] : UINT32_MAX;
	s->args[0] = write ? s->out_va : va;
	s->args[1] = write ? va : s->out_va;
	s->args[2] = 4;
	ret = run(&s->r, &s->job, &err);
	if (ret == expected && (ret || *word == (uint32_t)s->page[p]))
		return true;
	diag("page %u is %d: %s", p, s->page[p], ret ? err.message : "another page's");
	return false;
}

static void test_page_tables(void)
{
	struct npu_device_usage usage;
	unsigned int wrong = 0, failed = 0;
	struct npu_error err;
	struct space s;

	space_open(&s);
	for (int round = 0; round < 400; round++) {
		failed += change(&s, &err) != 0;
		for (int i = 0; i < 8; i++)
			wrong += !page_is_right(&s, random_below(SPACE_PAGES));
	}
	is(failed, 0, "400 changes of mappings");
	is(wrong, 0, "3200 pages lead where a plain model says");
	must(npu_device_usage(s.r.device, &usage, &err), &err);
	ok(usage.page_table_bytes < 1 << 20, "in %zu KiB of page tables",
	   (size_t)usage.page_table_bytes >> 10);
	/* Mappings keep memory alive, but no longer than they are. */
	for (int i = 0; i < BUFFERS; i++)
		npu_buffer_destroy(s.buffer[i]);
	must(npu_vm_unmap(s.r.vm, SPACE, SPACE_PAGES * (uint64_t)PAGE, &err), &err);
	must(npu_device_usage(s.r.device, &usage, &err), &err);
	ok(usage.buffer_bytes < HUGE, "unmapped and destroyed buffers are gone");
	npu_buffer_destroy(s.out);
	rig_close(&s.r);
}

static void test_wait(void)
{
	uint64_t rounds = 1000000;
	struct npu_queue_job job;
	struct npu_buffer *data;
	struct npu_error err;
	struct rig r;
	uint64_t va;

	rig_open(&r, "sim", 200);
	must(npu_buffer_create(r.device, NULL, PAGE, &data, &err), &err);
	must(npu_vm_map(r.vm, data, 0, &va, &err), &err);
	job = spin(&r, &rounds);
	must(npu_queue_submit(r.queue, &job, 1, NULL, &err), &err);
	is(npu_buffer_wait(data, 0, &err), -ETIMEDOUT, "a buffer is in use while a job runs");
	must(npu_vm_unmap(r.vm, va, PAGE, &err), &err);
	is(npu_buffer_wait(data, 1000, &err), -ETIMEDOUT, "unmapped or not");
	is(npu_buffer_wait(data, 60 * SECOND, &err), 0, "until the job is stopped");
	is(npu_queue_submit(r.queue, &job, 1, NULL, &err), -EBADFD, "%s", err.message);
	npu_buffer_destroy(data);
	rig_close(&r);
}

/* Everything is given back while jobs run and wait: nobody waits for them. */
static void test_end(void)
{
	uint64_t rounds = 1000000;
	struct npu_queue_job jobs[3];
	struct npu_error err;
	struct rig r;

	rig_open(&r, "sim", 0);
	jobs[0] = spin(&r, &rounds);
	jobs[1] = jobs[0];
	jobs[2] = jobs[0];
	for (int i = 0; i < 40; i++)
		must(npu_queue_submit(r.queue, jobs, 3, NULL, &err), &err);
	rig_close(&r);
	ok(true, "a device with 120 endless jobs can be closed");
}

/* The first job goes wrong; one of another queue, and one after it, must not. */
static void test_recovery(const char *faults, int expected, uint32_t resets)
{
	uint64_t args[3] = { 0, 0, 8 };
	struct npu_queue *other;
	struct npu_queue_job job;
	struct npu_fence *first, *second;
	struct npu_device_usage usage;
	struct npu_error err;
	struct rig r;
	char name[64];

	snprintf(name, sizeof(name), "sim:edge,inject=%s", faults);
	rig_open(&r, name, 100);
	must(npu_queue_create(r.vm, NULL, &other, &err), &err);
	args[0] = args[1] = r.code_va + (1 << 15);
	job = copy(&r, args);
	must(npu_queue_submit(r.queue, &job, 1, &first, &err), &err);
	is(npu_fence_wait(first, 60 * SECOND, &err), expected, "%s: %s", faults,
	   expected ? err.message : "it ends well all the same");
	must(npu_queue_submit(other, &job, 1, &second, &err), &err);
	is(npu_fence_wait(second, 60 * SECOND, &err), 0, "another queue's job runs");
	must(npu_device_usage(r.device, &usage, &err), &err);
	is(usage.resets, resets, "%u full resets", resets);
	npu_fence_destroy(first);
	npu_fence_destroy(second);
	npu_queue_destroy(other);
	rig_close(&r);
}

int main(void)
{
	unsetenv("NPU_DEVICE");
	test_names();
	test_environment();
	test_two();
	test_page_tables();
	test_wait();
	test_end();
	test_recovery("lost-irq", 0, 0);
	test_recovery("dma", -EIO, 0);
	test_recovery("stuck-job", -ETIMEDOUT, 0);
	/* The record in its own memory was written before. */
	test_recovery("completion", 0, 1);
	test_recovery("stuck-job+stuck-queue", -ETIMEDOUT, 1);
	return done_testing();
}
