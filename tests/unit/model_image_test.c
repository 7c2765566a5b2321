// SPDX-License-Identifier: MIT
/* A model's metadata in a job file: in, out, and what is wrong with it. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <npu/model_image.h>

#include "gguf_builder.h"
#include "sample_image.h"
#include "tap.h"

static char path[] = "/tmp/model-image-XXXXXX";

/* A file with metadata of several kinds, and a tensor. */
static struct npu_gguf *make_gguf(struct builder *b)
{
	static const char *const words[] = { "in", "the", "beginning" };
	static const float numbers[32];
	static const uint64_t dims[] = { 32, 0 };
	struct npu_gguf *gguf;
	struct npu_error err;

	builder_start(b, 3);
	add_u32(b, "answer", 42);
	add_strings(b, "words", words, 3);
	add_string(b, "name", "test");
	add_tensor(b, "weights", NPU_GGUF_F32, dims, numbers, sizeof(numbers));
	builder_end(b);
	if (npu_gguf_open_memory("built", b->file.data, b->file.size, &gguf, &err))
		bail_out(err.message);
	return gguf;
}

static struct npu_job_image *read_image(void)
{
	struct npu_job_image *image;
	struct npu_error err;

	if (npu_job_image_read(path, &image, &err))
		bail_out(err.message);
	return image;
}

static void test_round_trip(const struct npu_job_image *image, const struct npu_gguf *gguf)
{
	struct npu_gguf_string text = { NULL, 0 };
	struct npu_job_image *read;
	struct npu_gguf_array words;
	struct npu_gguf *metadata;
	struct npu_error err;
	uint32_t answer = 0;

	is(npu_model_image_write(image, gguf, path, &err), 0, "an image is written");
	read = read_image();
	is(read->n_segments, image->n_segments + 1, "with one more segment");
	is(read->n_tensors, image->n_tensors + 1, "and one more tensor");
	is(npu_job_image_check(read, &err), 0, "and is sound");
	if (npu_model_image_metadata(read, "read", &metadata, &err))
		bail_out(err.message);
	is(npu_gguf_tensor_count(metadata), 0, "its metadata come without weights");
	is(npu_gguf_key_count(metadata), npu_gguf_key_count(gguf), "all keys are there");
	npu_gguf_get_u32(metadata, "answer", &answer, NULL);
	is(answer, 42, "with a number");
	npu_gguf_get_string(metadata, "name", &text, NULL);
	ok(text.len == 4 && !memcmp(text.data, "test", 4), "a text");
	ok(!npu_gguf_get_array(metadata, "words", NPU_GGUF_VALUE_STRING, &words, NULL) &&
	   words.count == 3, "and a list");
	npu_gguf_close(metadata);
	is(npu_model_image_write(read, gguf, path, &err), -EEXIST, "no second one: %s",
	   err.message);
	npu_job_image_free(read);
}

static void refused(const struct npu_job_image *image, int code, const char *what)
{
	struct npu_gguf *metadata;
	struct npu_error err = { 0 };

	is(npu_model_image_metadata(image, "x.npu", &metadata, &err), code, "%s: %s", what,
	   err.message);
	ok(strstr(err.message, "x.npu") != NULL, "the file is named");
}

static void test_bad(const struct npu_job_image *image, const struct npu_gguf *gguf)
{
	struct npu_job_image *read;
	struct npu_job_tensor *tensor;
	struct npu_error err;

	refused(image, -ENOENT, "an image without metadata");
	if (npu_model_image_write(image, gguf, path, &err))
		bail_out(err.message);
	read = read_image();
	tensor = &read->tensors[read->n_tensors - 1];
	tensor->dims[0] -= 3;
	refused(read, -EINVAL, "a part is missing");
	tensor->dims[0] += 4;
	refused(read, -EINVAL, "more than there is");
	tensor->dims[0] = UINT64_MAX;
	refused(read, -EINVAL, "a size without sense");
	tensor->dims[0] = 4;
	tensor->type = NPU_TYPE_F32;
	refused(read, -EINVAL, "another type");
	tensor->type = NPU_TYPE_I8;
	tensor->va = SAMPLE_CODE_VA;
	refused(read, -EINVAL, "something else");
	npu_job_image_free(read);
}

int main(void)
{
	struct builder b;
	struct npu_gguf *gguf = make_gguf(&b);
	int fd = mkstemp(path);
	struct sample sample;

	if (fd < 0)
		bail_out("no temporary file");
	close(fd);
	test_round_trip(sample_image(&sample), gguf);
	test_bad(&sample.image, gguf);
	unlink(path);
	npu_gguf_close(gguf);
	builder_free(&b);
	return done_testing();
}
