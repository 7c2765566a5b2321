// SPDX-License-Identifier: MIT
/*
 * Buffers that several machines have. A buffer's memory is nobody else's until
 * it is exported: then it moves into a file, at the addresses where it was.
 */
#define _GNU_SOURCE
#include "sim_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who imports it relies on its size: a file that shrank would end the process. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int write_all(int fd, const uint8_t *data, uint64_t size)
{
	for (uint64_t done = 0; done < size;) {
		ssize_t n = pwrite(fd, data + done, size - done, done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? n : 0;
	}
	return 0;
}

static int map_file(struct sim *sim, const struct sim_bo *bo, int fd)
{
	return mmap(sim_bus_at(&sim->bus, bo->bus), bo->size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ? -errno : 0;
}

static int move_to_file(struct sim *sim, struct sim_bo *bo)
{
	int fd = memfd_create("npu buffer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int ret;

	if (fd < 0)
		return -errno;
	ret = ftruncate(fd, bo->size) || fcntl(fd, F_ADD_SEALS, SEALS) ? -errno : 0;
	if (!ret)
		ret = write_all(fd, sim_bus_at(&sim->bus, bo->bus), bo->size);
	if (!ret)
		ret = map_file(sim, bo, fd);
	if (ret) {
		close(fd);
		return ret;
	}
	bo->share = fd;
	return 0;
}

int sim_bo_export(struct sim *sim, uint32_t handle, int *fd)
{
	struct sim_bo *bo;
	int ret = 0;

	pthread_mutex_lock(&sim->lock);
	bo = sim_table_get(&sim->bos, handle);
	if (!bo)
		ret = -ENOENT;
	else if (bo->exclusive)
		ret = -EPERM;
	else if (bo->share < 0)
		ret = sim_bo_idle(sim, bo) ? move_to_file(sim, bo) : -EBUSY;
	if (!ret) {
		*fd = fcntl(bo->share, F_DUPFD_CLOEXEC, 0);
		ret = *fd < 0 ? -errno : 0;
	}
	pthread_mutex_unlock(&sim->lock);
	return ret;
}

/* The handle of a buffer whose memory is the file's, or 0; lock held. */
static uint32_t find_file(const struct sim *sim, const struct stat *file)
{
	for (uint32_t i = 1; i <= sim->bos.room; i++) {
		const struct sim_bo *bo = sim_table_get(&sim->bos, i);
		struct stat st;

		if (bo && bo->share >= 0 && !fstat(bo->share, &st) &&
		    st.st_dev == file->st_dev && st.st_ino == file->st_ino)
			return i;
	}
	return 0;
}

/* A file of these seals and whole pages, as sim_bo_export() makes them. */
static int check_file(const struct sim *sim, int fd, struct stat *st)
{
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & (F_SEAL_SHRINK | F_SEAL_WRITE)) != F_SEAL_SHRINK)
		return -EINVAL;
	if (fstat(fd, st))
		return -errno;
	if (st->st_size <= 0 || st->st_size % NPU_PAGE_SIZE ||
	    (uint64_t)st->st_size > sim->info.va_end - sim->info.va_start)
		return -EINVAL;
	return 0;
}

static int make(struct sim *sim, int fd, uint64_t size, uint32_t *handle)
{
	struct sim_bo *bo = calloc(1, sizeof(*bo));
	int ret = -ENOMEM;

	if (!bo)
		return ret;
	bo->refs = 1;
	bo->size = size;
	bo->share = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (bo->share < 0) {
		ret = -errno;
		free(bo);
		return ret;
	}
	if (sim_bus_alloc(&sim->bus, size, &bo->bus)) {
		ret = map_file(sim, bo, bo->share);
		if (!ret)
			ret = sim_bo_add(sim, bo, handle);
		if (!ret)
			return 0;
		sim_bus_free(&sim->bus, bo->bus, size);
	}
	close(bo->share);
	free(bo);
	return ret;
}

int sim_bo_import(struct sim *sim, int fd, uint32_t *handle, uint64_t *size)
{
	struct stat st;
	int ret = check_file(sim, fd, &st);

	if (ret)
		return ret;
	*size = st.st_size;
	pthread_mutex_lock(&sim->lock);
	*handle = find_file(sim, &st);
	if (!*handle)
		ret = make(sim, fd, st.st_size, handle);
	pthread_mutex_unlock(&sim->lock);
	return ret;
}
