// SPDX-License-Identifier: MIT
/*
 * Loading through io_uring: several chunks of a file are under way at once, so
 * that the storage is never idle while the CPU copies. Where io_uring is off
 * (sysctl, seccomp, old kernel) plain reads do the same, one by one.
 */
#include <errno.h>
#include <inttypes.h>
#include <liburing.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "file_load.h"

#define DEPTH 8
#define CHUNK (1u << 20)

/**
 * struct loader - reads under way
 * @ring: io_uring
 * @fd: file
 * @reads: what to read
 * @num_reads: number of @reads
 * @next: which of @reads comes next
 * @done: how much of that has been given out
 * @chunks: reads in flight or about to be
 * @busy: number of @chunks in flight
 * @code: first error
 * @err: its message
 */
struct loader {
	struct io_uring ring;
	int fd;
	const struct file_read *reads;
	unsigned int num_reads;
	unsigned int next;
	uint64_t done;
	struct file_read chunks[DEPTH];
	unsigned int busy;
	int code;
	struct npu_error *err;
};

static int read_failed(int code, uint64_t offset, struct npu_error *err)
{
	if (code == -ENODATA)
		return npu_error_set(err, code,
				     "offset %" PRIu64 ": the file has become shorter while it was read",
				     offset);
	return npu_error_set(err, code, "offset %" PRIu64 ": cannot read: %s",
			     offset, strerror(-code));
}

static int read_all(int fd, struct file_read part, struct npu_error *err)
{
	while (part.size) {
		size_t want = part.size < CHUNK ? part.size : CHUNK;
		ssize_t n = pread(fd, part.to, want, part.offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return read_failed(n ? -errno : -ENODATA, part.offset, err);
		part.to = (char *)part.to + n;
		part.offset += n;
		part.size -= n;
	}
	return 0;
}

/* The next piece of work, or false when all has been given out. */
static bool next_chunk(struct loader *loader, struct file_read *chunk)
{
	while (loader->next < loader->num_reads) {
		const struct file_read *part = &loader->reads[loader->next];
		uint64_t left = part->size - loader->done;

		if (!left) {
			loader->next++;
			loader->done = 0;
			continue;
		}
		chunk->to = (char *)part->to + loader->done;
		chunk->offset = part->offset + loader->done;
		chunk->size = left < CHUNK ? left : CHUNK;
		loader->done += chunk->size;
		return true;
	}
	return false;
}

static void start_chunk(struct loader *loader, struct file_read *chunk)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&loader->ring);

	io_uring_prep_read(sqe, loader->fd, chunk->to, chunk->size,
			   chunk->offset);
	io_uring_sqe_set_data(sqe, chunk);
	loader->busy++;
}

/* Start the chunk's slot on something new, if there is more and all is well. */
static void refill(struct loader *loader, struct file_read *chunk)
{
	if (!loader->code && next_chunk(loader, chunk))
		start_chunk(loader, chunk);
}

static void chunk_ended(struct loader *loader, struct file_read *chunk, int res)
{
	loader->busy--;
	if (res == -EINVAL || res == -EOPNOTSUPP) {
		/* a kernel without this operation */
		res = read_all(loader->fd, *chunk, loader->err);
		loader->code = loader->code ? loader->code : res;
		refill(loader, chunk);
	} else if (res == -EINTR || res == -EAGAIN) {
		if (!loader->code)
			start_chunk(loader, chunk);
	} else if (res <= 0) {
		res = res ? res : -ENODATA;
		if (!loader->code)
			loader->code = read_failed(res, chunk->offset,
						   loader->err);
	} else {
		chunk->to = (char *)chunk->to + res;
		chunk->offset += res;
		chunk->size -= res;
		if (chunk->size && !loader->code)
			start_chunk(loader, chunk);
		else
			refill(loader, chunk);
	}
}

static void reap(struct loader *loader)
{
	struct io_uring_cqe *cqe;

	while (!io_uring_peek_cqe(&loader->ring, &cqe)) {
		struct file_read *chunk = io_uring_cqe_get_data(cqe);
		int res = cqe->res;

		io_uring_cqe_seen(&loader->ring, cqe);
		chunk_ended(loader, chunk, res);
	}
}

/* Goes on until the kernel has nothing in flight, whatever happens. */
static int run(struct loader *loader)
{
	for (unsigned int i = 0; i < DEPTH; i++)
		refill(loader, &loader->chunks[i]);
	while (loader->busy > (loader->code ? io_uring_sq_ready(&loader->ring) : 0)) {
		struct io_uring_cqe *cqe;
		int ret = loader->code ?
			  io_uring_wait_cqe(&loader->ring, &cqe) :
			  io_uring_submit_and_wait(&loader->ring, 1);

		if (ret < 0 && ret != -EINTR && ret != -EAGAIN &&
		    ret != -EBUSY && !loader->code)
			loader->code = npu_error_set(loader->err, ret, "io_uring: %s",
						     strerror(-ret));
		reap(loader);
	}
	return loader->code;
}

int file_load(int fd, const struct file_read *reads, unsigned int num_reads,
	      enum file_load_how how, struct npu_error *err)
{
	struct loader loader = {
		.fd = fd, .reads = reads, .num_reads = num_reads, .err = err,
	};
	int ret = 0;

	if (how == FILE_LOAD_ASYNC &&
	    !io_uring_queue_init(DEPTH, &loader.ring, 0)) {
		ret = run(&loader);
		io_uring_queue_exit(&loader.ring);
		return ret;
	}
	for (unsigned int i = 0; i < num_reads && !ret; i++)
		ret = read_all(fd, reads[i], err);
	return ret;
}
