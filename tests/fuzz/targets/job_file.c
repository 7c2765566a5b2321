// SPDX-License-Identifier: MIT
/*
 * Job files of any bytes, with checksums put right unless the first byte says
 * otherwise: each is read, and then obeys the rules and can be printed,
 * or is refused with a line.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <npu/disasm.h>

#include "fuzz_bytes.h"
#include "job_checksums.h"
#include "sample_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char in_name[40];
static int in_fd = -1;

static void start(void)
{
	in_fd = memfd_create("job", 0);
	fuzz_assert(in_fd >= 0);
	snprintf(in_name, sizeof(in_name), "/proc/self/fd/%d", in_fd);
}

/*
 * A good file, of which the input changes bytes: pairs of a place and a value,
 * so that little input reaches far.
 */
static size_t good_file(uint8_t **bytes)
{
	static uint8_t *file;
	static size_t size;
	struct sample s;
	char name[] = "/tmp/npu-fuzz-job-XXXXXX";
	int fd;

	if (!file) {
		fd = mkstemp(name);
		fuzz_assert(fd >= 0 && !npu_job_image_write(sample_image(&s), name, NULL));
		close(fd);
		fd = open(name, O_RDONLY);
		size = lseek(fd, 0, SEEK_END);
		file = malloc(size);
		fuzz_assert(file && pread(fd, file, size, 0) == (ssize_t)size);
		close(fd);
		unlink(name);
	}
	*bytes = malloc(size);
	memcpy(*bytes, file, size);
	return size;
}

static void change(uint8_t *bytes, size_t size, struct fuzz_bytes *in)
{
	size_t tables = ((struct job_header *)bytes)->sections[JOB_SECTION_DATA].offset;

	while (in->left) {
		uint16_t where = fuzz_u16(in);
		uint64_t value = 0;
		uint32_t width = 1u << (where >> 14);

		fuzz_take(in, &value, width);
		memcpy(bytes + where % (tables / width) * width, &value, width);
	}
	(void)size;
}

static void disassemble(const struct npu_job_image *image)
{
	char text[NPU_DISASM_LEN];
	struct npu_insn insn;

	for (uint32_t i = 0; i < image->n_segments; i++)
		for (uint64_t at = 0; at + sizeof(insn) <= image->segments[i].data_size;
		     at += sizeof(insn)) {
			memcpy(&insn, (const char *)image->segments[i].data + at, sizeof(insn));
			npu_disasm(&insn, NULL, text, sizeof(text));
		}
}

static void check(uint8_t *bytes, size_t size)
{
	struct npu_job_image *image = NULL;
	struct npu_error err = { 0 };
	int ret;

	fuzz_assert(!ftruncate(in_fd, size) && pwrite(in_fd, bytes, size, 0) == (ssize_t)size);
	ret = npu_job_image_read(in_name, &image, &err);
	if (ret) {
		fuzz_assert(err.message[0] && !image);
		return;
	}
	disassemble(image);
	fuzz_assert(!npu_job_image_check(image, &err));
	npu_job_image_free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };
	uint8_t how = fuzz_u8(&in), *bytes;
	size_t length;

	if (in_fd < 0)
		start();
	length = good_file(&bytes);
	if (how & 1 && in.left) {
		/* The input as it is. */
		if (in.left < length)
			length = in.left;
		memcpy(bytes, in.at, length);
	} else {
		change(bytes, length, &in);
	}
	if (how & 2)
		length -= how >> 2 < length ? how >> 2 : 0;
	if (!(how & 0x80) && length >= sizeof(struct job_header))
		mend_checksums(bytes, length);
	check(bytes, length);
	free(bytes);
	return 0;
}
