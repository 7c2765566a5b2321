// SPDX-License-Identifier: MIT
/* Collecting what a GGUF file is to hold, and writing it. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <npu/gguf_write.h>

#include "gguf_internal.h"
#include "gguf_value.h"

#define ALIGNMENT 32u	/* what readers assume without general.alignment */
#define VERSION	  3u

/* Bytes that grow; @failed: no memory once. */
struct bytes {
	uint8_t *data;
	size_t size, capacity;
	bool failed;
};

/* A tensor's @fill and @opaque, and where its @size bytes go in the data. */
struct planned {
	char name[NPU_GGUF_MAX_NAME + 1];
	int (*fill)(void *opaque, void *dst, uint64_t size, struct npu_error *err);
	void *opaque;
	uint64_t size, offset;
};

/**
 * struct npu_gguf_writer - a file in the making
 * @entries: metadata as in the file, @n_entries of them
 * @infos: descriptions of tensors as in the file
 * @tensors: the tensors, @n_tensors of them
 * @end: bytes of data so far
 * @err: first error
 */
struct npu_gguf_writer {
	struct bytes entries, infos;
	uint64_t n_entries, n_tensors, end;
	struct planned *tensors;
	struct npu_error err;
};

struct npu_gguf_writer *npu_gguf_writer_create(void)
{
	return calloc(1, sizeof(struct npu_gguf_writer));
}

void npu_gguf_writer_destroy(struct npu_gguf_writer *w)
{
	if (!w)
		return;
	free(w->entries.data);
	free(w->infos.data);
	free(w->tensors);
	free(w);
}

static void put(struct bytes *b, const void *data, size_t n)
{
	if (b->failed || !n)
		return;
	if (n > b->capacity - b->size) {
		size_t capacity = (b->size + n) * 2;
		uint8_t *more = realloc(b->data, capacity);

		if (!more) {
			b->failed = true;
			return;
		}
		b->data = more;
		b->capacity = capacity;
	}
	memcpy(b->data + b->size, data, n);
	b->size += n;
}

static void put32(struct bytes *b, uint32_t v)
{
	v = htole32(v);
	put(b, &v, sizeof(v));
}

static void put64(struct bytes *b, uint64_t v)
{
	v = htole64(v);
	put(b, &v, sizeof(v));
}

static void put_string(struct bytes *b, const char *s, size_t len)
{
	put64(b, len);
	put(b, s, len);
}

static void start_entry(struct npu_gguf_writer *w, const char *key, uint32_t type)
{
	w->n_entries++;
	put_string(&w->entries, key, strlen(key));
	put32(&w->entries, type);
}

static void start_array(struct npu_gguf_writer *w, const char *key, uint32_t type,
			uint64_t n)
{
	start_entry(w, key, NPU_GGUF_VALUE_ARRAY);
	put32(&w->entries, type);
	put64(&w->entries, n);
}

static bool starts_with(const struct npu_gguf_string *key, const char *with)
{
	size_t len = strlen(with);

	return key->len >= len && !memcmp(key->data, with, len);
}

/* Bytes of an array's elements as the file has them. */
static size_t array_bytes(const struct npu_gguf_array *a)
{
	struct npu_gguf_string last;

	if (a->type != NPU_GGUF_VALUE_STRING)
		return a->count * gguf_value_size(a->type);
	if (!a->count || npu_gguf_array_string(a, a->count - 1, &last))
		return 0;
	return a->index[a->count - 1] + sizeof(uint64_t) + last.len;
}

static void copy_entry(struct npu_gguf_writer *w, const struct gguf_entry *e)
{
	w->n_entries++;
	put_string(&w->entries, e->key.data, e->key.len);
	put32(&w->entries, e->type);
	switch (e->type) {
	case NPU_GGUF_VALUE_STRING:
		put_string(&w->entries, e->string.data, e->string.len);
		break;
	case NPU_GGUF_VALUE_ARRAY:
		put32(&w->entries, e->array.type);
		put64(&w->entries, e->array.count);
		put(&w->entries, e->array.data, array_bytes(&e->array));
		break;
	default:
		put(&w->entries, e->scalar, gguf_value_size(e->type));
	}
}

void npu_gguf_writer_copy(struct npu_gguf_writer *w, const struct npu_gguf *from,
			  const char *but)
{
	for (uint64_t i = 0; i < from->entry_count; i++) {
		const struct gguf_entry *e = &from->entry[i];

		if ((but && starts_with(&e->key, but)) ||
		    (starts_with(&e->key, "general.alignment") &&
		     e->key.len == strlen("general.alignment")))
			continue;
		copy_entry(w, e);
	}
}

void npu_gguf_writer_u32(struct npu_gguf_writer *w, const char *key, uint32_t value)
{
	start_entry(w, key, NPU_GGUF_VALUE_U32);
	put32(&w->entries, value);
}

static uint32_t bits_of(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

void npu_gguf_writer_f32(struct npu_gguf_writer *w, const char *key, float value)
{
	start_entry(w, key, NPU_GGUF_VALUE_F32);
	put32(&w->entries, bits_of(value));
}

void npu_gguf_writer_bool(struct npu_gguf_writer *w, const char *key, bool value)
{
	uint8_t byte = value;

	start_entry(w, key, NPU_GGUF_VALUE_BOOL);
	put(&w->entries, &byte, 1);
}

void npu_gguf_writer_string(struct npu_gguf_writer *w, const char *key, const char *value)
{
	start_entry(w, key, NPU_GGUF_VALUE_STRING);
	put_string(&w->entries, value, strlen(value));
}

void npu_gguf_writer_strings(struct npu_gguf_writer *w, const char *key,
			     const char *const *values, uint64_t n)
{
	start_array(w, key, NPU_GGUF_VALUE_STRING, n);
	for (uint64_t i = 0; i < n; i++)
		put_string(&w->entries, values[i], strlen(values[i]));
}

void npu_gguf_writer_u32s(struct npu_gguf_writer *w, const char *key,
			  const uint32_t *values, uint64_t n)
{
	start_array(w, key, NPU_GGUF_VALUE_U32, n);
	for (uint64_t i = 0; i < n; i++)
		put32(&w->entries, values[i]);
}

void npu_gguf_writer_i32s(struct npu_gguf_writer *w, const char *key,
			  const int32_t *values, uint64_t n)
{
	start_array(w, key, NPU_GGUF_VALUE_I32, n);
	for (uint64_t i = 0; i < n; i++)
		put32(&w->entries, values[i]);
}

void npu_gguf_writer_f32s(struct npu_gguf_writer *w, const char *key,
			  const float *values, uint64_t n)
{
	start_array(w, key, NPU_GGUF_VALUE_F32, n);
	for (uint64_t i = 0; i < n; i++)
		put32(&w->entries, bits_of(values[i]));
}

static void fail(struct npu_gguf_writer *w, int code, const char *what, const char *name)
{
	if (!w->err.code)
		npu_error_set(&w->err, code, "tensor '%.64s': %s", name, what);
}

/* Bytes of a tensor; 0 when its shape and type do not go together. */
static uint64_t tensor_bytes(const struct npu_gguf_new_tensor *t)
{
	uint64_t elements = npu_gguf_type_elements(t->type), size;

	if (!elements || !t->n_dims || t->n_dims > NPU_GGUF_MAX_DIMS ||
	    t->dims[0] % elements ||
	    __builtin_mul_overflow(t->dims[0] / elements, npu_gguf_type_size(t->type), &size))
		return 0;
	for (uint32_t i = 1; i < t->n_dims; i++)
		if (__builtin_mul_overflow(size, t->dims[i], &size))
			return 0;
	return size;
}

static void add_info(struct npu_gguf_writer *w, const struct npu_gguf_new_tensor *t,
		     uint64_t offset)
{
	put_string(&w->infos, t->name, strlen(t->name));
	put32(&w->infos, t->n_dims);
	for (uint32_t i = 0; i < t->n_dims; i++)
		put64(&w->infos, t->dims[i]);
	put32(&w->infos, t->type);
	put64(&w->infos, offset);
}

void npu_gguf_writer_tensor(struct npu_gguf_writer *w,
			    const struct npu_gguf_new_tensor *tensor)
{
	size_t len = strlen(tensor->name);
	uint64_t size = tensor_bytes(tensor);
	struct planned *more;

	if (!len || len > NPU_GGUF_MAX_NAME || !size) {
		fail(w, -EINVAL, "its name, shape or type cannot be written", tensor->name);
		return;
	}
	more = realloc(w->tensors, (w->n_tensors + 1) * sizeof(*more));
	if (!more) {
		fail(w, -ENOMEM, "no memory", tensor->name);
		return;
	}
	w->tensors = more;
	more += w->n_tensors++;
	*more = (struct planned){
		.fill = tensor->fill, .opaque = tensor->opaque, .size = size,
		.offset = (w->end + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT,
	};
	memcpy(more->name, tensor->name, len + 1);
	w->end = more->offset + size;
	add_info(w, tensor, more->offset);
}

static bool write_zeros(FILE *f, uint64_t n)
{
	static const uint8_t zeros[ALIGNMENT];

	return fwrite(zeros, 1, n, f) == n;
}

static bool write_head(const struct npu_gguf_writer *w, FILE *f)
{
	struct bytes head = { 0 };
	uint64_t size;
	bool good;

	put(&head, "GGUF", 4);
	put32(&head, VERSION);
	put64(&head, w->n_tensors);
	put64(&head, w->n_entries);
	size = head.size + w->entries.size + w->infos.size;
	good = !head.failed && fwrite(head.data, 1, head.size, f) == head.size &&
	       fwrite(w->entries.data, 1, w->entries.size, f) == w->entries.size &&
	       fwrite(w->infos.data, 1, w->infos.size, f) == w->infos.size &&
	       write_zeros(f, (ALIGNMENT - size % ALIGNMENT) % ALIGNMENT);
	free(head.data);
	return good;
}

static int write_failed(const char *path, struct npu_error *err)
{
	return npu_error_set(err, errno ? -errno : -EIO, "%s: cannot write: %s", path,
			     errno ? strerror(errno) : "short write");
}

static int write_tensor(const struct planned *t, FILE *f, const char *path,
			uint64_t *written, struct npu_error *err)
{
	void *data = calloc(1, t->size);
	int ret;

	if (!data)
		return npu_error_set(err, -ENOMEM, "no memory for %llu bytes of tensor '%s'",
				     (unsigned long long)t->size, t->name);
	ret = t->fill(t->opaque, data, t->size, err);
	errno = 0;
	if (!ret && (!write_zeros(f, t->offset - *written) ||
		     fwrite(data, 1, t->size, f) != t->size))
		ret = write_failed(path, err);
	*written = t->offset + t->size;
	free(data);
	return ret;
}

static int write_all(const struct npu_gguf_writer *w, FILE *f, const char *path,
		     npu_progress_fn *progress, void *opaque, struct npu_error *err)
{
	uint64_t written = 0;
	int ret = 0;

	errno = 0;
	if (!write_head(w, f))
		return write_failed(path, err);
	for (uint64_t i = 0; !ret && i < w->n_tensors; i++) {
		if (progress)
			progress(opaque, w->tensors[i].name, written, w->end);
		ret = write_tensor(&w->tensors[i], f, path, &written, err);
	}
	if (!ret && progress)
		progress(opaque, "tensors", w->end, w->end);
	return ret;
}

/* Not mkstemp(), which takes from everyone but the owner the right to read. */
static FILE *open_temporary(const char *path, char *name, size_t size)
{
	for (unsigned int i = 0; i < 100; i++) {
		int fd, len = snprintf(name, size, "%s.%ld-%u", path, (long)getpid(), i);
		FILE *f;

		if (len < 0 || (size_t)len >= size) {
			errno = ENAMETOOLONG;
			return NULL;
		}
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		f = fd < 0 ? NULL : fdopen(fd, "wb");
		if (f || errno != EEXIST)
			return f;
	}
	return NULL;
}

int npu_gguf_writer_write(struct npu_gguf_writer *w, const char *path,
			  npu_progress_fn *progress, void *opaque, struct npu_error *err)
{
	char temporary[PATH_MAX];
	FILE *f;
	int ret;

	if (w->err.code)
		return npu_error_set(err, w->err.code, "%s", w->err.message);
	if (w->entries.failed || w->infos.failed)
		return npu_error_set(err, -ENOMEM, "%s: no memory to write it", path);
	f = open_temporary(path, temporary, sizeof(temporary));
	if (!f)
		return write_failed(path, err);
	ret = write_all(w, f, path, progress, opaque, err);
	errno = 0;
	if (!ret && (fflush(f) || fsync(fileno(f))))
		ret = write_failed(path, err);
	if (fclose(f) && !ret)
		ret = write_failed(path, err);
	if (!ret && rename(temporary, path))
		ret = write_failed(path, err);
	if (ret)
		unlink(temporary);
	return ret;
}
