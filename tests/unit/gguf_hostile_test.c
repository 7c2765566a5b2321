// SPDX-License-Identifier: MIT
/*
 * The GGUF reader on files that are cut at every byte, have every bit
 * flipped, and are mangled at random. Run it under the sanitizers: here a
 * wrong access may pass unseen.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <npu/gguf.h>

#include "gguf_builder.h"
#include "tap.h"

static void build(struct builder *b)
{
	static const char *const words[] = { "to", "be" };
	static const uint64_t dims[] = { 32, 2, 0 }, vector[] = { 5, 0 };
	static const unsigned char data[68] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	builder_start(b, 3);
	add_string(b, "general.architecture", "llama");
	add_u32(b, "general.alignment", 32);
	add_strings(b, "words", words, 2);
	put(add_array(b, "shorts", NPU_GGUF_VALUE_I16, 3), "\1\2\3\4\5\6", 6);
	add_bool(b, "flag", 0);
	add_tensor(b, "matrix", NPU_GGUF_Q8_0, dims, data, 68);
	add_tensor(b, "vector", NPU_GGUF_F32, vector, data, 20);
	builder_end(b);
}

/* Read all that the file says it has; gives back something of each byte. */
static double walk_tensors(const struct npu_gguf *gguf)
{
	double sum = 0;

	for (uint64_t i = 0; i < npu_gguf_tensor_count(gguf); i++) {
		const struct npu_gguf_tensor *t = npu_gguf_tensor_at(gguf, i);
		float *row = malloc(t->dims[0] * sizeof(*row));

		if (!row || npu_gguf_find_tensor(gguf, t->name) != t)
			abort();
		for (uint64_t r = 0; r < t->rows; r++) {
			npu_gguf_tensor_row(t, r, row);
			sum += row[0];
		}
		free(row);
	}
	return sum;
}

static double walk_array(const struct npu_gguf_array *array)
{
	struct npu_gguf_string string;
	double sum = 0;
	int64_t number;
	float real;

	for (uint64_t i = 0; i < array->count; i++) {
		if (!npu_gguf_array_string(array, i, &string) && string.len)
			sum += string.data[string.len - 1];
		if (!npu_gguf_array_i64(array, i, &number))
			sum += number;
		if (!npu_gguf_array_f32(array, i, &real))
			sum += real;
	}
	return sum;
}

static double walk(const struct npu_gguf *gguf)
{
	double sum = walk_tensors(gguf);

	for (uint64_t i = 0; i < npu_gguf_key_count(gguf); i++) {
		struct npu_gguf_string key;
		struct npu_gguf_array array;
		char name[256];
		uint32_t type;

		npu_gguf_key_at(gguf, i, &key, &type);
		snprintf(name, sizeof(name), "%.*s", (int)key.len, key.data);
		for (uint32_t kind = 0; kind <= NPU_GGUF_VALUE_F64; kind++)
			if (!npu_gguf_get_array(gguf, name, kind, &array,
						NULL))
				sum += walk_array(&array);
	}
	return sum;
}

/* A refusal is -EINVAL with one line; never -ENOMEM, never anything else. */
static bool survives(const unsigned char *data, size_t size, bool must_fail)
{
	struct exact e = open_exact(data, size);
	bool good = !must_fail;
	volatile double sink = 0;

	if (e.ret)
		good = e.ret == -EINVAL &&
		       !strncmp(e.err.message, "test: offset ", 13) &&
		       !strchr(e.err.message, '\n');
	else
		sink = walk(e.gguf);
	(void)sink;
	close_exact(&e);
	return good;
}

static void test_cuts(const struct bytes *file)
{
	size_t bad = 0;

	for (size_t size = 0; size < file->size; size++)
		bad += !survives(file->data, size, true);
	is(bad, 0, "refuses the file cut at each of %zu bytes", file->size);
}

static void test_flips(const struct bytes *file)
{
	size_t bad = 0;

	for (size_t bit = 0; bit < file->size * 8; bit++) {
		file->data[bit / 8] ^= 1u << bit % 8;
		bad += !survives(file->data, file->size, false);
		file->data[bit / 8] ^= 1u << bit % 8;
	}
	is(bad, 0, "survives each of %zu bit flips", file->size * 8);
}

/* Bytes that make sizes extreme, at every place. */
static void test_extremes(const struct bytes *file)
{
	static const uint64_t extremes[] = {
		0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 32,
		INT64_MAX, 1ull << 63, UINT64_MAX, UINT64_MAX - 31,
	};
	size_t bad = 0, count = sizeof(extremes) / sizeof(extremes[0]);

	for (size_t at = 0; at + 8 <= file->size; at++) {
		uint64_t saved;

		memcpy(&saved, file->data + at, 8);
		for (size_t i = 0; i < count; i++) {
			memcpy(file->data + at, &extremes[i], 8);
			bad += !survives(file->data, file->size, false);
			memcpy(file->data + at, &extremes[i], 4);
			bad += !survives(file->data, file->size, false);
			memcpy(file->data + at, &saved, 8);
		}
	}
	is(bad, 0, "survives extreme numbers at each byte");
}

static void test_random(const struct bytes *file)
{
	unsigned char *copy = malloc(file->size);
	uint64_t state = 1;
	size_t bad = 0;

	if (!copy)
		bail_out("out of memory");
	for (int round = 0; round < 20000; round++) {
		memcpy(copy, file->data, file->size);
		for (int i = 0; i < 1 + round % 8; i++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			copy[(state >> 33) % file->size] = state >> 56;
		}
		bad += !survives(copy, file->size, false);
	}
	is(bad, 0, "survives 20000 files mangled at random");
	free(copy);
}

int main(void)
{
	struct builder b;
	struct exact e;

	build(&b);
	e = open_exact(b.file.data, b.file.size);
	is(e.ret, 0, "the file is good before it is broken");
	ok(!e.ret && walk(e.gguf) == 'o' + 'e' + 0x0201 + 0x0403 + 0x0605 +
	   walk_tensors(e.gguf), "and is read whole");
	close_exact(&e);
	test_cuts(&b.file);
	test_flips(&b.file);
	test_extremes(&b.file);
	test_random(&b.file);
	builder_free(&b);
	return done_testing();
}
