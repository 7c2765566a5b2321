// SPDX-License-Identifier: MIT
/* Job files: what is written is read back; no damage goes unseen. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job_checksums.h"
#include "sample_image.h"
#include "tap.h"

static char dir[] = "/tmp/npu-job-file-XXXXXX";
static char path[64], bad_path[64];

static size_t slurp(const char *name, unsigned char **bytes)
{
	FILE *file = fopen(name, "rb");
	struct stat st;

	if (!file || fstat(fileno(file), &st))
		bail_out("cannot read a file of the test");
	*bytes = malloc(st.st_size);
	if (fread(*bytes, 1, st.st_size, file) != (size_t)st.st_size)
		bail_out("cannot read a file of the test");
	fclose(file);
	return st.st_size;
}

static void spill(const char *name, const void *bytes, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || close(fd))
		bail_out("cannot write a file of the test");
}

static bool same_programs(const struct npu_job_image *a,
			  const struct npu_job_image *b)
{
	if (a->n_programs != b->n_programs)
		return false;
	for (uint32_t i = 0; i < a->n_programs; i++) {
		const struct npu_job_program *p = &a->programs[i];
		const struct npu_job_program *q = &b->programs[i];

		if (strcmp(p->name, q->name) || p->va != q->va ||
		    p->size != q->size || p->cores != q->cores ||
		    p->num_args != q->num_args || p->place != q->place ||
		    p->next != q->next || strcmp(p->reason, q->reason) ||
		    memcmp(p->args, q->args, 8 * p->num_args) ||
		    memcmp(p->arg_names, q->arg_names,
			   NPU_JOB_NAME_LEN * p->num_args))
			return false;
	}
	return true;
}

static bool same_segments(const struct npu_job_image *a,
			  const struct npu_job_image *b)
{
	if (a->n_segments != b->n_segments)
		return false;
	for (uint32_t i = 0; i < a->n_segments; i++) {
		const struct npu_job_segment *s = &a->segments[i];
		const struct npu_job_segment *t = &b->segments[i];

		if (strcmp(s->name, t->name) || s->va != t->va ||
		    s->size != t->size || s->data_size != t->data_size ||
		    s->readonly != t->readonly ||
		    memcmp(s->data, t->data, s->data_size))
			return false;
	}
	return true;
}

static bool same_tensors(const struct npu_job_image *a,
			 const struct npu_job_image *b)
{
	if (a->n_tensors != b->n_tensors)
		return false;
	for (uint32_t i = 0; i < a->n_tensors; i++) {
		const struct npu_job_tensor *t = &a->tensors[i];
		const struct npu_job_tensor *u = &b->tensors[i];

		if (strcmp(t->name, u->name) || t->role != u->role ||
		    t->type != u->type || t->n_dims != u->n_dims ||
		    memcmp(t->dims, u->dims, sizeof(t->dims)) ||
		    t->va != u->va || !t->expected != !u->expected ||
		    (t->expected && memcmp(t->expected, u->expected,
					   npu_job_tensor_size(t))))
			return false;
	}
	return true;
}

static void test_round_trip(void)
{
	struct npu_error err = { 0 };
	struct npu_job_image *back = NULL;
	unsigned char *first, *second;
	struct sample s;
	size_t size;

	sample_image(&s);
	is(npu_job_image_write(&s.image, path, &err), 0, "an image is written");
	is(npu_job_image_read(path, &back, &err), 0, "and read");
	if (!back)
		bail_out(err.message);
	ok(same_segments(&s.image, back), "segments are the same");
	ok(same_tensors(&s.image, back), "tensors are the same");
	ok(same_programs(&s.image, back), "programs are the same");
	ok(back->n_tags == 2 && !memcmp(back->tags, s.tags, sizeof(s.tags)),
	   "tags are the same");
	is(npu_job_image_write(back, bad_path, &err), 0, "it is written again");
	npu_job_image_free(back);
	size = slurp(path, &first);
	ok(slurp(bad_path, &second) == size && !memcmp(first, second, size),
	   "to the same bytes");
	free(first);
	free(second);
}

static unsigned int files_in_dir(void)
{
	unsigned int n = 0;
	DIR *d = opendir(dir);

	while (d && readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void test_writer(void)
{
	unsigned int files = files_in_dir();
	struct npu_error err = { 0 };
	struct sample s;
	char missing[96];

	sample_image(&s);
	snprintf(missing, sizeof(missing), "%s/no/such", dir);
	is(npu_job_image_write(&s.image, missing, &err), -ENOENT,
	   "a folder that does not exist is an error");
	ok(strstr(err.message, missing), "that names the file: %s", err.message);
	is(npu_job_image_write(&s.image, dir, &err), -EISDIR,
	   "a folder is not replaced");
	s.segments[1].va++;
	is(npu_job_image_write(&s.image, path, &err), -EINVAL,
	   "an unsound image is not written: %s", err.message);
	is(files_in_dir(), files, "no temporary file is left");
}

/* Whether a read fails as it should, with file and offset in the message. */
static bool refused(const char *name)
{
	struct npu_error err = { 0 };
	struct npu_job_image *image = NULL;
	char start[96];
	int ret = npu_job_image_read(name, &image, &err);

	snprintf(start, sizeof(start), "%s: offset ", name);
	if (ret == -EINVAL && !strncmp(err.message, start, strlen(start)) &&
	    !strchr(err.message, '\n'))
		return true;
	diag("returns %d, '%s'", ret, err.message);
	npu_job_image_free(image);
	return false;
}

/* The file is changed in place: some ten thousand times it is rather quick. */
static int open_bad(const unsigned char *bytes, size_t size)
{
	int fd;

	spill(bad_path, bytes, size);
	fd = open(bad_path, O_RDWR);
	if (fd < 0)
		bail_out("cannot open a file of the test");
	return fd;
}

static void put_at(int fd, const void *bytes, size_t size, size_t offset)
{
	if (pwrite(fd, bytes, size, offset) != (ssize_t)size)
		bail_out("cannot write a file of the test");
}

static void test_truncation(const unsigned char *bytes, size_t size)
{
	int fd = open_bad(bytes, size);
	size_t i;

	put_at(fd, "", 1, size);
	ok(refused(bad_path), "a file with a byte more is refused");
	for (i = size; i-- > 0; )
		if (ftruncate(fd, i) || !refused(bad_path))
			break;
	is(i, (size_t)-1, "a file cut at any of %zu lengths is refused", size);
	close(fd);
}

static void test_bit_flips(const unsigned char *bytes, size_t size)
{
	int fd = open_bad(bytes, size);
	size_t i;

	for (i = 0; i < size; i++) {
		unsigned char flipped = bytes[i] ^ 1 << i % 8;

		put_at(fd, &flipped, 1, i);
		if (!refused(bad_path))
			break;
		put_at(fd, &bytes[i], 1, i);
	}
	is(i, size, "a bit flipped in any of %zu bytes is seen", size);
	close(fd);
}

/*
 * Someone who wants to do harm gets the checksums right: then what matters is
 * that no value does any, whether it makes a sound image or is refused.
 */
static void test_hostile(const unsigned char *bytes, size_t size)
{
	const struct job_header *header = (const void *)bytes;
	size_t tables_end = header->sections[JOB_SECTION_DATA].offset;
	static const unsigned char values[] = { 1, 0xff };
	unsigned int accepted = 0, refusals = 0;
	unsigned char *copy = malloc(size);
	int fd = open_bad(bytes, size);
	bool sound = true;

	for (size_t i = 0; i < tables_end * sizeof(values); i++) {
		struct npu_error err = { 0 };
		struct npu_job_image *image = NULL;

		memcpy(copy, bytes, size);
		copy[i / sizeof(values)] = values[i % sizeof(values)];
		mend_checksums(copy, size);
		put_at(fd, copy, tables_end, 0);
		if (!npu_job_image_read(bad_path, &image, &err))
			accepted++;
		else
			refusals++;
		if (image && npu_job_image_check(image, &err))
			sound = false;
		npu_job_image_free(image);
	}
	close(fd);
	free(copy);
	ok(accepted && refusals,
	   "of files with one byte set and right checksums %u are sound and %u are not",
	   accepted, refusals);
	ok(sound, "what was read obeys the rules");
}

static void expect_reason(unsigned char *bytes, size_t size, size_t at,
			  uint64_t value, unsigned int width, const char *reason)
{
	struct npu_error err = { 0 };
	struct npu_job_image *image = NULL;
	unsigned char *copy = malloc(size);

	memcpy(copy, bytes, size);
	memcpy(copy + at, &value, width);
	mend_checksums(copy, size);
	spill(bad_path, copy, size);
	is(npu_job_image_read(bad_path, &image, &err), -EINVAL, "refused: %s",
	   reason);
	ok(strstr(err.message, reason), "%s", err.message);
	npu_job_image_free(image);
	free(copy);
}

static void test_reasons(unsigned char *bytes, size_t size)
{
	const struct job_header *header = (const void *)bytes;
	size_t segment = header->sections[JOB_SECTION_SEGMENTS].offset;
	size_t tensor = header->sections[JOB_SECTION_TENSORS].offset;
	size_t program = header->sections[JOB_SECTION_PROGRAMS].offset;
	size_t arg = header->sections[JOB_SECTION_ARGS].offset;

	expect_reason(bytes, size, offsetof(struct job_header, major), 9, 2,
		      "offset 4: version 9.0");
	expect_reason(bytes, size, offsetof(struct job_header, sections[0].count),
		      0x10000001, 4, "268435457 entries");
	expect_reason(bytes, size, offsetof(struct job_header, sections[JOB_SECTION_DATA].size),
		      ~0ull, 8, "does not end in the file");
	expect_reason(bytes, size, segment + offsetof(struct job_segment_record, size),
		      1ull << 40, 8, "does not end in the address space");
	expect_reason(bytes, size, segment + 128 + offsetof(struct job_segment_record, size),
		      65ull << 30, 8, "the limit is 68719476736");
	expect_reason(bytes, size, segment + offsetof(struct job_segment_record, data_size),
		      1 << 30, 8, "do not end in section 5");
	expect_reason(bytes, size, segment + 128 + offsetof(struct job_segment_record, va),
		      SAMPLE_CODE_VA, 8, "overlap");
	expect_reason(bytes, size, tensor + offsetof(struct job_tensor_record, va),
		      0x1000, 8, "lies in no segment");
	expect_reason(bytes, size, tensor + offsetof(struct job_tensor_record, dims),
		      ~0ull, 8, "give no size");
	expect_reason(bytes, size, tensor + offsetof(struct job_tensor_record, name),
		      0x1b, 1, "cannot be printed");
	expect_reason(bytes, size, program + offsetof(struct job_program_record, num_args),
		      49, 4, "are not the next ones");
	expect_reason(bytes, size, program + offsetof(struct job_program_record, size),
		      0xffffff80, 4, "does not lie in the data of a readonly segment");
	expect_reason(bytes, size, program + offsetof(struct job_program_record, place),
		      2, 4, "runs in place 2");
	expect_reason(bytes, size, program + offsetof(struct job_program_record, next),
		      2, 4, "followed by program 2, not one from 1 to 1");
	expect_reason(bytes, size, program + sizeof(struct job_program_record) +
		      offsetof(struct job_program_record, next),
		      1, 4, "followed by program 1");
	expect_reason(bytes, size, program + offsetof(struct job_program_record, next),
		      1, 4, "has 1 arguments, 'first' before it 2");
	expect_reason(bytes, size, program + offsetof(struct job_program_record, reason),
		      0x1b, 1, "a byte that cannot be printed");
	expect_reason(bytes, size, program + sizeof(struct job_program_record),
		      0x7473726966 /* "first" */, 8,
		      "two programs are called 'first'");
	expect_reason(bytes, size, arg + 80, 0x736f70 /* "pos" */, 8,
		      "two arguments of a program are called 'pos'");
}

static void test_other_files(void)
{
	struct npu_error err = { 0 };
	struct npu_job_image *image = NULL;

	is(npu_job_image_read("/nonexistent/job.bin", &image, &err), -ENOENT,
	   "a file that is not there: %s", err.message);
	ok(refused(dir), "a folder is no job file");
	ok(refused("/dev/zero"), "a device is no job file");
	spill(bad_path, "", 0);
	ok(refused(bad_path), "an empty file is no job file");
}

int main(void)
{
	unsigned char *bytes;
	size_t size;

	if (!mkdtemp(dir))
		bail_out("no folder for the test's files");
	snprintf(path, sizeof(path), "%s/good.bin", dir);
	snprintf(bad_path, sizeof(bad_path), "%s/bad.bin", dir);
	test_round_trip();
	test_writer();
	size = slurp(path, &bytes);
	test_truncation(bytes, size);
	test_bit_flips(bytes, size);
	test_hostile(bytes, size);
	test_reasons(bytes, size);
	test_other_files();
	free(bytes);
	unlink(path);
	unlink(bad_path);
	rmdir(dir);
	return done_testing();
}
