// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of others: from memory of a process (udmabuf), from a dma-heap, from
 * another NPU if there is one; fences between them; labels.
 */
#define _GNU_SOURCE
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include "kselftest_harness.h"

#include "npu_files.h"
#include "npu_program.h"

#define SIZE	(16 * NPU_TEST_PAGE)
#define VA	0x40000000ull

FIXTURE(dmabuf)
{
	struct npu_machine m;
	struct drm_npu_job copy;
	uint64_t args[2];
	char text[65536];
};

FIXTURE_SETUP(dmabuf)
{
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->copy = npu_prog_copy(&self->m, 64);
	npu_job_args(&self->copy, self->args);
}

FIXTURE_TEARDOWN(dmabuf)
{
	npu_machine_close(&self->m);
}

/* Memory of this process as a dma-buf. */
static int make_udmabuf(void **cpu)
{
	struct udmabuf_create create = { .memfd = memfd_create("npu", MFD_ALLOW_SEALING),
					 .flags = UDMABUF_FLAGS_CLOEXEC, .size = SIZE };
	int fd = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), ret = -ENOENT;

	if (fd < 0)
		goto out;
	if (ftruncate(create.memfd, SIZE) || fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		ret = -errno;
	else
		ret = npu_call(fd, UDMABUF_CREATE, &create);
	*cpu = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, create.memfd, 0);
	close(fd);
out:
	close(create.memfd);
	return ret;
}

static int make_heap_buffer(void **cpu)
{
	struct dma_heap_allocation_data data = { .len = SIZE, .fd_flags = O_RDWR | O_CLOEXEC };
	int fd = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC), ret;

	if (fd < 0)
		return -ENOENT;
	ret = npu_call(fd, DMA_HEAP_IOCTL_ALLOC, &data);
	close(fd);
	if (ret)
		return ret;
	*cpu = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, data.fd, 0);
	return data.fd;
}

static int import(int fd, int dmabuf, uint32_t *handle)
{
	struct drm_prime_handle args = { .fd = dmabuf };
	int ret = npu_call(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);

	*handle = args.handle;
	return ret;
}

/* The NPU reads and writes the other's memory, which outlives its descriptor. */
static void round_trip(struct __test_metadata *_metadata, FIXTURE_DATA(dmabuf) *self, int dmabuf,
		       uint8_t *cpu)
{
	uint32_t handle, page;

	ASSERT_NE(MAP_FAILED, (void *)cpu);
	ASSERT_EQ(0, import(self->m.fd, dmabuf, &handle));
	close(dmabuf);
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, handle, 0, VA, SIZE, 0));
	for (page = 0; page < SIZE / NPU_TEST_PAGE; page++) {
		uint8_t *there = cpu + page * NPU_TEST_PAGE;

		memset(there, 0x40 + page, 64);
		self->args[0] = VA + page * NPU_TEST_PAGE;
		self->args[1] = NPU_TEST_DATA;
		ASSERT_EQ(0, npu_run(&self->m, &self->copy));
		ASSERT_EQ(0, memcmp(there, self->m.data.cpu, 64));
		self->args[0] = NPU_TEST_DATA;
		self->args[1] = VA + page * NPU_TEST_PAGE + 1024;
		ASSERT_EQ(0, npu_run(&self->m, &self->copy));
		ASSERT_EQ(0, memcmp(there, there + 1024, 64));
	}
	ASSERT_EQ(0, npu_vm_unmap(self->m.fd, self->m.vm, VA, SIZE));
	EXPECT_EQ(-EFAULT, npu_run(&self->m, &self->copy));
	EXPECT_EQ(0, npu_bo_close(self->m.fd, handle));
	munmap(cpu, SIZE);
}

TEST_F(dmabuf, memory_of_a_process)
{
	void *cpu;
	int dmabuf = make_udmabuf(&cpu);

	if (dmabuf == -ENOENT)
		SKIP(return, "no udmabuf");
	ASSERT_LE(0, dmabuf);
	round_trip(_metadata, self, dmabuf, cpu);
}

TEST_F(dmabuf, memory_of_a_heap)
{
	void *cpu;
	int dmabuf = make_heap_buffer(&cpu);

	if (dmabuf == -ENOENT)
		SKIP(return, "no dma-heap");
	ASSERT_LE(0, dmabuf);
	round_trip(_metadata, self, dmabuf, cpu);
}

/* A buffer of the second NPU, in which both then work. */
TEST_F(dmabuf, memory_of_another_npu)
{
	struct drm_prime_handle export = { .flags = DRM_CLOEXEC | DRM_RDWR };
	int other = open("/dev/accel/accel1", O_RDWR | O_CLOEXEC);
	uint32_t bo;

	if (other < 0)
		SKIP(return, "there is one NPU");
	ASSERT_EQ(0, npu_bo_create(other, SIZE, 0, &bo));
	export.handle = bo;
	ASSERT_EQ(0, npu_call(other, DRM_IOCTL_PRIME_HANDLE_TO_FD, &export));
	round_trip(_metadata, self, export.fd, npu_bo_map(other, bo, SIZE));
	close(other);
}

/* The same one twice is one handle; a mapping outlives the handle. */
TEST_F(dmabuf, twice)
{
	uint32_t first, second;
	void *cpu;
	int dmabuf = make_udmabuf(&cpu);

	if (dmabuf == -ENOENT)
		SKIP(return, "no udmabuf");
	ASSERT_EQ(0, import(self->m.fd, dmabuf, &first));
	ASSERT_EQ(0, import(self->m.fd, dmabuf, &second));
	EXPECT_EQ(first, second);
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, first, 0, VA, SIZE, 0));
	close(dmabuf);
	EXPECT_EQ(0, npu_bo_close(self->m.fd, first));
	memset(cpu, 0x77, 64);
	self->args[0] = VA;
	self->args[1] = NPU_TEST_DATA;
	ASSERT_EQ(0, npu_run(&self->m, &self->copy));
	EXPECT_EQ(0, memcmp(cpu, self->m.data.cpu, 64));
	EXPECT_EQ(-ENOENT, npu_vm_map(self->m.fd, self->m.vm, first, 0, VA, SIZE, 0));
}

/* What is mapped lives on beside what is imported anew, with one reservation for both. */
TEST_F(dmabuf, again)
{
	uint32_t first, second;
	void *cpu;
	int dmabuf = make_udmabuf(&cpu);

	if (dmabuf == -ENOENT)
		SKIP(return, "no udmabuf");
	ASSERT_EQ(0, import(self->m.fd, dmabuf, &first));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, first, 0, VA, SIZE, 0));
	ASSERT_EQ(0, npu_bo_close(self->m.fd, first));
	ASSERT_EQ(0, import(self->m.fd, dmabuf, &second));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, second, 0, VA + SIZE, SIZE, 0));
	close(dmabuf);
	memset(cpu, 0x55, 64);
	self->args[0] = VA;
	self->args[1] = VA + SIZE + NPU_TEST_PAGE;
	ASSERT_EQ(0, npu_run(&self->m, &self->copy));
	EXPECT_EQ(0, memcmp(cpu, (char *)cpu + NPU_TEST_PAGE, 64));
	munmap(cpu, SIZE);
}

/* A job's fence travels by way of the dma-buf to whoever waits for the buffer. */
TEST_F(dmabuf, fences)
{
	uint32_t out = npu_syncobj_create(self->m.fd, 0), in = npu_syncobj_create(self->m.fd, 0);
	struct drm_npu_sync sync = { .handle = out, .flags = DRM_NPU_SYNC_SIGNAL };
	struct drm_syncobj_handle file = {
		.handle = out, .flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
	};
	struct dma_buf_import_sync_file into = { .flags = DMA_BUF_SYNC_WRITE };
	struct dma_buf_export_sync_file from = { .flags = DMA_BUF_SYNC_READ };
	struct drm_npu_job spin = npu_prog_spin(&self->m);
	uint64_t rounds[1] = { 1 };
	void *cpu;
	int dmabuf = make_udmabuf(&cpu);

	if (dmabuf == -ENOENT)
		SKIP(return, "no udmabuf");
	npu_job_args(&spin, rounds);
	npu_job_syncs(&spin, &sync, 1);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &spin, 1, NULL));
	ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &file));
	into.fd = file.fd;
	ASSERT_EQ(0, npu_call(dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &into));
	ASSERT_EQ(0, npu_call(dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &from));
	file = (struct drm_syncobj_handle){
		.handle = in, .fd = from.fd,
		.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE,
	};
	ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &file));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, in, 0));
	EXPECT_EQ(0, npu_syncobj_wait_for(self->m.fd, out, 0, 0));
	close(dmabuf);
}

static int label(int fd, uint32_t handle, const char *text)
{
	struct drm_npu_bo_label args = { .handle = handle, .label = (uintptr_t)text };

	return npu_call(fd, DRM_IOCTL_NPU_BO_LABEL, &args);
}

TEST_F(dmabuf, labels)
{
	char longest[DRM_NPU_BO_LABEL_LEN + 1];
	struct drm_npu_bo_label bad = { .handle = self->m.data.handle, .pad = 1 };

	memset(longest, 'x', sizeof(longest));
	longest[DRM_NPU_BO_LABEL_LEN] = 0;
	EXPECT_EQ(-ENOENT, label(self->m.fd, 99, "a"));
	EXPECT_EQ(-EINVAL, npu_call(self->m.fd, DRM_IOCTL_NPU_BO_LABEL, &bad));
	EXPECT_EQ(-EFAULT, label(self->m.fd, self->m.data.handle, (char *)NPU_TEST_BAD_PTR));
	EXPECT_EQ(-EINVAL, label(self->m.fd, self->m.data.handle, longest));
	longest[DRM_NPU_BO_LABEL_LEN - 1] = 0;
	ASSERT_EQ(0, label(self->m.fd, self->m.data.handle, longest));
	ASSERT_EQ(0, label(self->m.fd, self->m.code.handle, "co\nde\""));
	if (npu_read_file(NPU_DEBUGFS "buffers", self->text, sizeof(self->text)))
		SKIP(return, "no debugfs");
	EXPECT_NE(NULL, strstr(self->text, longest));
	EXPECT_NE(NULL, strstr(self->text, "\"co\\nde")) TH_LOG("%s", self->text);
	ASSERT_EQ(0, label(self->m.fd, self->m.data.handle, NULL));
	ASSERT_EQ(0, npu_read_file(NPU_DEBUGFS "buffers", self->text, sizeof(self->text)));
	EXPECT_EQ(NULL, strstr(self->text, longest));
}

/* The device goes while another's memory is mapped; that memory stays. */
TEST_F(dmabuf, unbind_with_import)
{
	char slot[64];
	uint32_t handle;
	void *cpu;
	int dmabuf = make_udmabuf(&cpu), fd, i;
	glob_t found;

	if (dmabuf == -ENOENT)
		SKIP(return, "no udmabuf");
	ASSERT_EQ(0, import(self->m.fd, dmabuf, &handle));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, handle, 0, VA, SIZE, 0));
	ASSERT_EQ(0, glob("/sys/bus/pci/drivers/npu/0000:*", 0, NULL, &found));
	snprintf(slot, sizeof(slot), "%.60s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	ASSERT_EQ(0, npu_write_file("/sys/bus/pci/drivers/npu/unbind", slot));
	memset(cpu, 1, SIZE);
	EXPECT_EQ(-ENODEV, import(self->m.fd, dmabuf, &handle));
	ASSERT_EQ(0, npu_write_file("/sys/bus/pci/drivers/npu/bind", slot));
	close(dmabuf);
	npu_machine_close(&self->m);
	for (i = 0; i < 200 && (fd = npu_open_device()) < 0; i++)
		usleep(20000);
	close(fd);
	ASSERT_EQ(0, npu_machine_open(&self->m));
}

TEST_HARNESS_MAIN
