// SPDX-License-Identifier: MIT
/*
 * Job files with several fields changed at a time, and the checksums put right.
 * Each is read, and then obeys the rules and can be written, or is refused
 * with a line that names file and offset. A bounded run; NPU_FUZZ_ROUNDS asks
 * for more.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <npu/disasm.h>

#include "job_checksums.h"
#include "sample_image.h"
#include "tap.h"

#define ROUNDS 20000

static char good[] = "/tmp/npu-fuzz-good-XXXXXX", bad[] = "/tmp/npu-fuzz-bad-XXXXXX";
static char again[sizeof(bad) + 2];
static uint64_t state = 1;

static uint32_t below(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % n;
}

/* Numbers at which arithmetic goes wrong, and fields of the file itself. */
static uint64_t pick(const unsigned char *bytes, size_t size)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 4, 48, 49, 64, 127, 128, 4095, 4096, 65536, 1 << 20, 1 << 21,
		INT32_MAX, UINT32_MAX, 1ull << 32, 1ull << 36, 1ull << 39, INT64_MAX,
		1ull << 63, UINT64_MAX, UINT64_MAX - 4095, SAMPLE_CODE_VA, SAMPLE_DATA_VA,
	};
	uint64_t value;

	switch (below(3)) {
	case 0:
		return edges[below(sizeof(edges) / sizeof(*edges))];
	case 1:
		memcpy(&value, bytes + 8 * below(size / 8), sizeof(value));
		return value + below(3) - 1;
	default:
		return (uint64_t)below(1u << 30) << below(34);
	}
}

static void change(unsigned char *bytes, size_t tables, size_t size)
{
	for (uint32_t n = 1 + below(6); n; n--) {
		uint64_t value = pick(bytes, tables);
		uint32_t width = 1u << below(4);

		memcpy(bytes + width * below(tables / width), &value, width);
	}
	if (below(8))
		mend_checksums(bytes, size);
}

static void disassemble(const struct npu_job_image *image)
{
	char text[NPU_DISASM_LEN];

	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *segment = &image->segments[i];
		struct npu_insn insn;

		for (uint64_t at = 0; at + sizeof(insn) <= segment->data_size; at += sizeof(insn)) {
			memcpy(&insn, (const char *)segment->data + at, sizeof(insn));
			npu_disasm(&insn, NULL, text, sizeof(text));
		}
	}
}

/* Whether the library behaves: 1 read, 0 refused, -1 neither as it should be. */
static int try_file(void)
{
	struct npu_job_image *image = NULL;
	struct npu_error err = { 0 };
	char start[64];
	int ret = npu_job_image_read(bad, &image, &err);

	if (!ret) {
		disassemble(image);
		ret = npu_job_image_check(image, &err);
		if (!ret)
			ret = npu_job_image_write(image, again, &err);
		npu_job_image_free(image);
		return ret ? -1 : 1;
	}
	snprintf(start, sizeof(start), "%s: offset ", bad);
	if (ret == -EINVAL && !strncmp(err.message, start, strlen(start)))
		return 0;
	diag("%d: %s", ret, err.message);
	return -1;
}

static size_t load_good(unsigned char **bytes)
{
	struct sample s;
	struct stat st;
	int fd = mkstemp(good);

	if (fd < 0 || npu_job_image_write(sample_image(&s), good, NULL))
		bail_out("cannot write a job file");
	close(fd);
	fd = open(good, O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		bail_out("cannot open the job file");
	*bytes = malloc(st.st_size);
	if (read(fd, *bytes, st.st_size) != st.st_size)
		bail_out("cannot read the job file");
	close(fd);
	unlink(good);
	return st.st_size;
}

int main(void)
{
	const char *asked = getenv("NPU_FUZZ_ROUNDS");
	unsigned long rounds = asked ? strtoul(asked, NULL, 0) : ROUNDS;
	unsigned long counts[3] = { 0 }, i;
	unsigned char *bytes, *copy;
	size_t size = load_good(&bytes), tables;
	int fd = mkstemp(bad);

	tables = ((struct job_header *)bytes)->sections[JOB_SECTION_DATA].offset;
	copy = malloc(size);
	snprintf(again, sizeof(again), "%s.2", bad);
	for (i = 0; i < rounds; i++) {
		memcpy(copy, bytes, size);
		change(copy, tables, size);
		if (pwrite(fd, copy, size, 0) != (ssize_t)size ||
		    ftruncate(fd, below(50) ? size : below(size)))
			bail_out("cannot change the job file");
		counts[1 + try_file()]++;
	}
	is(counts[0], 0, "%lu files: %lu read, %lu refused, none read wrongly", rounds, counts[2],
	   counts[1]);
	ok(counts[1] && counts[2], "some of each kind");
	unlink(bad);
	unlink(again);
	free(bytes);
	free(copy);
	return done_testing();
}
