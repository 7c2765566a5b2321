// SPDX-License-Identifier: GPL-2.0
/*
 * The device is taken away at any moment: while binds are queued, while rings have
 * commands that wait, while it falls asleep and wakes up. Everybody who waits is let
 * go, and a device that comes back works.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "kselftest_harness.h"

#include "npu_unplug.h"
#include "npu_uring.h"

#define ROUNDS	12
#define VA	0x40000000ull
#define SIZE	(4 * NPU_TEST_HUGE)

FIXTURE(unplug_races)
{
	struct npu_machine m;
	struct drm_npu_job spin, null;
	uint64_t forever[1];
	char name[32];
};

FIXTURE_VARIANT(unplug_races)
{
	enum npu_way way;
};

FIXTURE_VARIANT_ADD(unplug_races, unbind)
{
	.way = NPU_UNBIND,
};

FIXTURE_VARIANT_ADD(unplug_races, remove)
{
	.way = NPU_REMOVE,
};

FIXTURE_SETUP(unplug_races)
{
	ASSERT_EQ(0, npu_wait_for_device());
	self->forever[0] = NPU_TEST_FOREVER;
}

FIXTURE_TEARDOWN(unplug_races)
{
	EXPECT_EQ(0, npu_works_again());
}

static int open_machine(struct npu_machine *m, struct drm_npu_job *spin, struct drm_npu_job *null,
			const uint64_t *forever)
{
	int ret = npu_machine_open(m);

	if (ret)
		return ret;
	*spin = npu_prog_spin(m);
	*null = npu_prog_null(m);
	npu_job_args(spin, forever);
	return 0;
}

static int export_fence(int fd, uint32_t syncobj)
{
	struct drm_syncobj_handle args = {
		.handle = syncobj, .flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
		.fd = -1,
	};

	return npu_call(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args) ? -1 : args.fd;
}

struct binder {
	pthread_t thread;
	const struct npu_machine *m;
	uint32_t gate, bo, id;
	uint32_t done;
	uint32_t queued;
	int fence, ret;
	atomic_int *begun;
};

/* Queues binds behind the gate until that fails. */
static void *binder_work(void *arg)
{
	struct binder *b = arg;
	struct drm_npu_sync syncs[2] = {
		{ .handle = b->gate, .flags = DRM_NPU_SYNC_WAIT },
		{ .handle = b->done, .flags = DRM_NPU_SYNC_SIGNAL },
	};
	struct drm_npu_vm_bind_op op = {
		.op = DRM_NPU_VM_BIND_OP_MAP, .handle = b->bo,
		.va = VA + b->id * SIZE, .size = SIZE,
	};
	struct drm_npu_vm_bind bind = {
		.vm_id = b->m->vm, .flags = DRM_NPU_VM_BIND_ASYNC,
		.ops = { .stride = sizeof(op), .count = 1, .array = (uintptr_t)&op },
		.syncs = { .stride = sizeof(syncs[0]), .count = 2, .array = (uintptr_t)syncs },
	};

	do {
		op.handle = b->queued % 2 ? 0 : b->bo;
		op.op = b->queued % 2 ? DRM_NPU_VM_BIND_OP_UNMAP : DRM_NPU_VM_BIND_OP_MAP;
		b->ret = npu_call(b->m->fd, DRM_IOCTL_NPU_VM_BIND, &bind);
		if (!b->queued++)
			b->fence = export_fence(b->m->fd, b->done);
		atomic_fetch_add(b->begun, 1);
		if (b->queued > 200)
			usleep(1000);
	} while (!b->ret);
	return NULL;
}

static bool has_signalled(int fence)
{
	struct pollfd poll_fd = { .fd = fence, .events = POLLIN };

	return poll(&poll_fd, 1, NPU_TEST_PATIENCE_NS / 1000000) == 1 &&
	       poll_fd.revents & POLLIN;
}

TEST_F_TIMEOUT(unplug_races, queued_binds, 240)
{
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		struct drm_npu_sync sync = { .flags = DRM_NPU_SYNC_SIGNAL };
		struct npu_machine *m = &self->m;
		struct binder b[2] = {};
		atomic_int begun = 0;

		ASSERT_EQ(0, open_machine(m, &self->spin, &self->null, self->forever));
		sync.handle = npu_syncobj_create(m->fd, 0);
		npu_job_syncs(&self->spin, &sync, 1);
		ASSERT_EQ(0, npu_submit(m->fd, m->ctx, &self->spin, 1, NULL));
		for (i = 0; i < 2; i++) {
			b[i] = (struct binder){
				.m = m, .gate = sync.handle, .id = i, .fence = -1,
				.done = npu_syncobj_create(m->fd, 0), .begun = &begun,
			};
			ASSERT_EQ(0, npu_bo_create(m->fd, SIZE, 0, &b[i].bo));
			ASSERT_EQ(0, pthread_create(&b[i].thread, NULL, binder_work, &b[i]));
		}
		while (atomic_load(&begun) < 1 + round * 3)
			usleep(100);
		usleep(round * 389 % 3000);
		ASSERT_EQ(0, npu_take_away(variant->way, self->name, sizeof(self->name)));
		for (i = 0; i < 2; i++) {
			pthread_join(b[i].thread, NULL);
			EXPECT_EQ(-ENODEV, b[i].ret);
			/* A first one that came too late has no fence. */
			if (b[i].fence >= 0) {
				EXPECT_TRUE(has_signalled(b[i].fence));
				close(b[i].fence);
			}
		}
		npu_machine_close(m);
		ASSERT_EQ(0, npu_put_back(variant->way, self->name));
		ASSERT_EQ(0, npu_works_again());
	}
}

#define COMMANDS	16

/* A job that never ends, what is behind it, who waits for it, and binds that do. */
struct commands {
	struct drm_npu_sync gate, behind;
	struct drm_npu_job job[COMMANDS];
	struct drm_npu_submit submit[COMMANDS];
	struct drm_npu_uring_wait wait;
	struct drm_npu_vm_bind_op op;
	struct drm_npu_vm_bind bind;
};

static int begin_commands(struct io_uring *ring, const struct npu_machine *m, struct commands *c,
			  const struct drm_npu_job *spin, const struct drm_npu_job *null,
			  bool async)
{
	struct io_uring_sqe *sqe;
	int i, ret;

	memset(c, 0, sizeof(*c));
	c->gate.handle = npu_syncobj_create(m->fd, 0);
	c->gate.flags = DRM_NPU_SYNC_SIGNAL;
	c->behind = c->gate;
	c->behind.flags = DRM_NPU_SYNC_WAIT;
	c->job[0] = *spin;
	npu_job_syncs(&c->job[0], &c->gate, 1);
	/* Not by the ring: what follows needs its fence. */
	ret = npu_submit(m->fd, m->ctx, &c->job[0], 1, NULL);
	if (ret)
		return ret;
	c->wait.handle = c->gate.handle;
	c->op = (struct drm_npu_vm_bind_op){ .op = DRM_NPU_VM_BIND_OP_UNMAP, .va = VA,
					     .size = SIZE };
	c->bind = (struct drm_npu_vm_bind){
		.vm_id = m->vm, .flags = DRM_NPU_VM_BIND_ASYNC,
		.ops = { .stride = sizeof(c->op), .count = 1, .array = (uintptr_t)&c->op },
		.syncs = { .stride = sizeof(c->behind), .count = 1,
			   .array = (uintptr_t)&c->behind },
	};
	for (i = 0; i < COMMANDS; i++) {
		c->job[i] = *null;
		npu_job_syncs(&c->job[i], &c->behind, 1);
		c->submit[i] = npu_uring_submit(m->ctx, &c->job[i], 1);
		switch (i % 4) {
		case 0:
			sqe = npu_uring_add(ring, m->fd, DRM_NPU_URING_WAIT, &c->wait, i);
			break;
		case 1:
			sqe = npu_uring_add(ring, m->fd, DRM_NPU_URING_VM_BIND, &c->bind, i);
			break;
		default:
			sqe = npu_uring_add(ring, m->fd, DRM_NPU_URING_SUBMIT, &c->submit[i], i);
		}
		if (!sqe)
			return -ENOSPC;
		sqe->flags = async ? IOSQE_ASYNC : 0;
	}
	return io_uring_submit(ring) == COMMANDS ? 0 : -EIO;
}

/* Each command ends once; submits with the error of a device that is gone. */
static void end_commands(struct __test_metadata *_metadata, struct io_uring *ring)
{
	uint64_t id, seen = 0;
	int i, ret;

	for (i = 0; i < COMMANDS; i++) {
		ret = npu_uring_get(ring, &id);
		ASSERT_NE(-ETIME, ret) TH_LOG("after %d of %d", i, COMMANDS);
		ASSERT_GT(COMMANDS, id);
		EXPECT_EQ(0, seen >> id & 1);
		seen |= 1ull << id;
		if (id % 4 >= 2)
			EXPECT_GT(0, ret);
	}
	EXPECT_EQ((1ull << COMMANDS) - 1, seen);
}

TEST_F_TIMEOUT(unplug_races, open_commands, 240)
{
	int round;

	for (round = 0; round < ROUNDS; round++) {
		struct io_uring_params params = {
			.flags = round % 3 == 1 ? IORING_SETUP_SQPOLL : 0, .sq_thread_idle = 50,
		};
		struct npu_machine *m = &self->m;
		struct drm_npu_submit late;
		struct commands c;
		struct io_uring ring;

		if (io_uring_queue_init_params(32, &ring, &params))
			SKIP(return, "no io_uring");
		ASSERT_EQ(0, open_machine(m, &self->spin, &self->null, self->forever));
		ASSERT_EQ(0, begin_commands(&ring, m, &c, &self->spin, &self->null,
					    round % 3 == 2));
		usleep(round * 389 % 3000);
		ASSERT_EQ(0, npu_take_away(variant->way, self->name, sizeof(self->name)));
		end_commands(_metadata, &ring);
		late = npu_uring_submit(m->ctx, &self->null, 1);
		EXPECT_EQ(-ENODEV, npu_uring_run(&ring, m->fd, DRM_NPU_URING_SUBMIT, &late));
		/* Either may go first. */
		if (round & 1)
			npu_machine_close(m);
		io_uring_queue_exit(&ring);
		if (!(round & 1))
			npu_machine_close(m);
		ASSERT_EQ(0, npu_put_back(variant->way, self->name));
		ASSERT_EQ(0, npu_works_again());
	}
}

/* The ring goes at the moment when the device does. */
TEST_F_TIMEOUT(unplug_races, ring_exit, 240)
{
	int round, status;

	for (round = 0; round < ROUNDS; round++) {
		struct npu_machine *m = &self->m;
		pid_t child = fork();
		struct io_uring ring;
		struct commands c;

		ASSERT_LE(0, child);
		if (!child) {
			if (io_uring_queue_init(32, &ring, 0) ||
			    open_machine(m, &self->spin, &self->null, self->forever) ||
			    begin_commands(&ring, m, &c, &self->spin, &self->null, round & 1))
				_exit(1);
			usleep(1000 + round * 389 % 3000);
			_exit(0);
		}
		usleep(20000 + round * 1000);
		ASSERT_EQ(0, npu_take_away(variant->way, self->name, sizeof(self->name)));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFEXITED(status));
		ASSERT_EQ(0, npu_put_back(variant->way, self->name));
		ASSERT_EQ(0, npu_works_again());
	}
}

/* It goes while it falls asleep, sleeps, or is woken by a job. */
TEST_F_TIMEOUT(unplug_races, runtime_suspend, 240)
{
	int round, i, ret;

	for (round = 0; round < ROUNDS; round++) {
		struct npu_machine *m = &self->m;

		ASSERT_EQ(0, npu_write_file(NPU_SYSFS "power/autosuspend_delay_ms", "1"));
		ASSERT_EQ(0, open_machine(m, &self->spin, &self->null, self->forever));
		for (i = 0; i < 5; i++) {
			ASSERT_EQ(0, npu_run(m, &self->null));
			usleep(1000 + (round * 5 + i) * 389 % 4000);
		}
		if (round & 1)
			ASSERT_EQ(0, npu_submit(m->fd, m->ctx, &self->null, 1, NULL));
		ASSERT_EQ(0, npu_take_away(variant->way, self->name, sizeof(self->name)));
		ret = npu_submit(m->fd, m->ctx, &self->null, 1, NULL);
		EXPECT_EQ(-ENODEV, ret);
		npu_machine_close(m);
		ASSERT_EQ(0, npu_put_back(variant->way, self->name));
		ASSERT_EQ(0, npu_works_again());
	}
}

TEST_HARNESS_MAIN
