/* SPDX-License-Identifier: MIT */
/* Writes GGUF files in memory, good ones and others, for the tests. */
#ifndef NPU_TESTS_GGUF_BUILDER_H
#define NPU_TESTS_GGUF_BUILDER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <npu/gguf.h>

struct bytes {
	unsigned char *data;
	size_t size;
};

/* Metadata come first, then tensors, then builder_end(). */
struct builder {
	struct bytes file;
	struct bytes payload;
	uint32_t alignment;
};

static inline void put(struct bytes *bytes, const void *data, size_t size)
{
	bytes->data = realloc(bytes->data, bytes->size + size + 1);
	if (!bytes->data)
		abort();
	if (size)
		memcpy(bytes->data + bytes->size, data, size);
	bytes->size += size;
}

static inline void put_u32(struct bytes *bytes, uint32_t value)
{
	put(bytes, &value, sizeof(value));
}

static inline void put_u64(struct bytes *bytes, uint64_t value)
{
	put(bytes, &value, sizeof(value));
}

static inline void put_string(struct bytes *bytes, const char *data, size_t len)
{
	put_u64(bytes, len);
	put(bytes, data, len);
}

static inline void put_padding(struct bytes *bytes, uint32_t alignment)
{
	while (bytes->size % alignment)
		put(bytes, "", 1);
}

static inline void poke_u32(struct bytes *bytes, size_t offset, uint32_t value)
{
	memcpy(bytes->data + offset, &value, sizeof(value));
}

static inline void poke_u64(struct bytes *bytes, size_t offset, uint64_t value)
{
	memcpy(bytes->data + offset, &value, sizeof(value));
}

static inline void count_up(struct builder *b, size_t offset)
{
	uint64_t count;

	memcpy(&count, b->file.data + offset, sizeof(count));
	poke_u64(&b->file, offset, count + 1);
}

static inline void builder_start(struct builder *b, uint32_t version)
{
	memset(b, 0, sizeof(*b));
	b->alignment = 32;
	put(&b->file, "GGUF", 4);
	put_u32(&b->file, version);
	put_u64(&b->file, 0);
	put_u64(&b->file, 0);
}

/* Begin an entry; the caller puts the value. */
static inline struct bytes *add_key(struct builder *b, const char *key,
				    uint32_t type)
{
	count_up(b, 16);
	put_string(&b->file, key, strlen(key));
	put_u32(&b->file, type);
	return &b->file;
}

static inline void add_u32(struct builder *b, const char *key, uint32_t value)
{
	put_u32(add_key(b, key, NPU_GGUF_VALUE_U32), value);
}

static inline void add_u64(struct builder *b, const char *key, uint64_t value)
{
	put_u64(add_key(b, key, NPU_GGUF_VALUE_U64), value);
}

static inline void add_f32(struct builder *b, const char *key, float value)
{
	put(add_key(b, key, NPU_GGUF_VALUE_F32), &value, sizeof(value));
}

static inline void add_bool(struct builder *b, const char *key, uint8_t value)
{
	put(add_key(b, key, NPU_GGUF_VALUE_BOOL), &value, 1);
}

static inline void add_string(struct builder *b, const char *key,
			      const char *value)
{
	put_string(add_key(b, key, NPU_GGUF_VALUE_STRING), value,
		   strlen(value));
}

/* Begin an array; the caller puts @count elements. */
static inline struct bytes *add_array(struct builder *b, const char *key,
				      uint32_t type, uint64_t count)
{
	struct bytes *file = add_key(b, key, NPU_GGUF_VALUE_ARRAY);

	put_u32(file, type);
	put_u64(file, count);
	return file;
}

static inline void add_strings(struct builder *b, const char *key,
			       const char *const *strings, uint64_t count)
{
	struct bytes *file = add_array(b, key, NPU_GGUF_VALUE_STRING, count);

	for (uint64_t i = 0; i < count; i++)
		put_string(file, strings[i], strlen(strings[i]));
}

/* @dims ends with a zero. */
static inline void add_tensor(struct builder *b, const char *name,
			      uint32_t type, const uint64_t *dims,
			      const void *data, size_t size)
{
	uint32_t n = 0;

	while (dims[n])
		n++;
	count_up(b, 8);
	put_string(&b->file, name, strlen(name));
	put_u32(&b->file, n);
	for (uint32_t i = 0; i < n; i++)
		put_u64(&b->file, dims[i]);
	put_u32(&b->file, type);
	put_padding(&b->payload, b->alignment);
	put_u64(&b->file, b->payload.size);
	put(&b->payload, data, size);
}

/* Append the tensors' data; b->file is the finished file. */
static inline void builder_end(struct builder *b)
{
	put_padding(&b->file, b->alignment);
	put(&b->file, b->payload.data, b->payload.size);
}

static inline void builder_free(struct builder *b)
{
	free(b->file.data);
	free(b->payload.data);
}

/*
 * Open a copy that is exactly as long as the file, on the heap, so that a
 * sanitizer sees any access past its end. Free it with close_exact().
 */
struct exact {
	unsigned char *copy;
	struct npu_gguf *gguf;
	struct npu_error err;
	int ret;
};

static inline struct exact open_exact(const void *data, size_t size)
{
	struct exact e = { .copy = malloc(size ? size : 1) };

	if (!e.copy)
		abort();
	if (size)
		memcpy(e.copy, data, size);
	e.ret = npu_gguf_open_memory("test", e.copy, size, &e.gguf, &e.err);
	return e;
}

static inline void close_exact(struct exact *e)
{
	if (!e->ret)
		npu_gguf_close(e->gguf);
	free(e->copy);
}

#endif /* NPU_TESTS_GGUF_BUILDER_H */
