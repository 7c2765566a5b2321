// SPDX-License-Identifier: MIT
/* Loading files, through io_uring and without. */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdint.h>
#include <unistd.h>

#include "file_load.h"
#include "tap.h"

#define SIZE ((20u << 20) + 12345)

static unsigned char *content, *memory;

static int make_file(void)
{
	char path[] = "/tmp/npu-file-load-XXXXXX";
	int fd = mkstemp(path);
	uint32_t state = 1;

	content = malloc(SIZE);
	memory = malloc(SIZE);
	if (fd < 0 || !content || !memory)
		bail_out("no file or memory for the test");
	unlink(path);
	for (unsigned int i = 0; i < SIZE; i++) {
		state = state * 1664525 + 1013904223;
		content[i] = state >> 24;
	}
	if (write(fd, content, SIZE) != SIZE)
		bail_out("cannot write the test's file");
	return fd;
}

static void test_parts(int fd, enum file_load_how how, const char *name)
{
	const struct file_read reads[] = {
		{ memory, 0, 7 },
		{ memory + 7, 7, 0 },
		{ memory + 7, 7, 9u << 20 },
		{ memory + 7 + (9u << 20), 7 + (9u << 20), SIZE - 7 - (9u << 20) },
	};
	struct npu_error err = { 0 };

	memset(memory, 0, SIZE);
	is(file_load(fd, reads, 4, how, &err), 0, "%s: parts are read", name);
	ok(!memcmp(memory, content, SIZE), "%s: as they are in the file", name);
	is(file_load(fd, reads, 0, how, &err), 0, "%s: nothing to read is no error", name);
}

static void test_many(int fd, enum file_load_how how, const char *name)
{
	enum { N = 3000 };
	struct file_read *reads = calloc(N, sizeof(*reads));
	uint32_t state = 7;
	struct npu_error err;
	bool same = true;

	memset(memory, 0, SIZE);
	for (unsigned int i = 0; i < N; i++) {
		uint32_t at = i * (SIZE / N);

		state = state * 1664525 + 1013904223;
		reads[i] = (struct file_read){ memory + at, at, state % (SIZE / N) };
	}
	is(file_load(fd, reads, N, how, &err), 0, "%s: many small parts", name);
	for (unsigned int i = 0; i < N; i++)
		same = same && !memcmp(reads[i].to, content + reads[i].offset,
				       reads[i].size);
	ok(same, "%s: each in its place", name);
	free(reads);
}

static void test_errors(int fd, enum file_load_how how, const char *name)
{
	const struct file_read beyond[] = {
		{ memory, 0, 3 << 20 }, { memory, SIZE - 100, 101 },
	};
	struct npu_error err = { 0 };
	int wrong = open("/tmp", O_RDONLY);

	is(file_load(fd, beyond, 2, how, &err), -ENODATA,
	   "%s: the end of the file inside a part", name);
	ok(strstr(err.message, "has become shorter"), "%s: %s", name, err.message);
	is(file_load(wrong, beyond, 2, how, &err), -EISDIR,
	   "%s: a folder cannot be read: %s", name, err.message);
	is(file_load(-1, beyond, 2, how, NULL), -EBADF,
	   "%s: nor can what is not open", name);
	close(wrong);
}

int main(void)
{
	struct io_uring ring;
	int fd = make_file();
	int ret = io_uring_queue_init(2, &ring, 0);

	if (ret)
		diag("io_uring is refused here (%s): its fallback is tested", strerror(-ret));
	else
		io_uring_queue_exit(&ring);
	test_parts(fd, FILE_LOAD_ASYNC, "async");
	test_many(fd, FILE_LOAD_ASYNC, "async");
	test_errors(fd, FILE_LOAD_ASYNC, "async");
	test_parts(fd, FILE_LOAD_PREAD, "pread");
	test_many(fd, FILE_LOAD_PREAD, "pread");
	test_errors(fd, FILE_LOAD_PREAD, "pread");
	close(fd);
	free(content);
	free(memory);
	return done_testing();
}
