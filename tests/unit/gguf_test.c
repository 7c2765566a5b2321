// SPDX-License-Identifier: MIT
/* The GGUF reader on well-formed files, and on files broken in known ways. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <npu/gguf.h>

#include "gguf_builder.h"
#include "tap.h"

static const uint64_t dims_4x2[] = { 4, 2, 0 };
static const uint64_t dims_3[] = { 3, 0 };
static const float values[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };

static void add_all_values(struct builder *b)
{
	static const char *const strings[] = { "one", "", "three" };
	const float floats[] = { 0.5f, -2 };
	const int16_t shorts[] = { -3, 7 };
	const double wide = 0.25;
	const int64_t minus = -5;

	add_string(b, "general.architecture", "llama");
	add_u32(b, "a.u32", 42);
	add_u64(b, "a.u64", 1ull << 40);
	add_f32(b, "a.f32", 1.5f);
	add_bool(b, "a.bool", 1);
	put(add_key(b, "a.u8", NPU_GGUF_VALUE_U8), "\xff", 1);
	put(add_key(b, "a.f64", NPU_GGUF_VALUE_F64), &wide, 8);
	put(add_key(b, "a.i64", NPU_GGUF_VALUE_I64), &minus, 8);
	add_strings(b, "a.strings", strings, 3);
	put(add_array(b, "a.floats", NPU_GGUF_VALUE_F32, 2), floats, 8);
	put(add_array(b, "a.shorts", NPU_GGUF_VALUE_I16, 2), shorts, 4);
	add_array(b, "a.none", NPU_GGUF_VALUE_STRING, 0);
}

static void build_good(struct builder *b, uint32_t version)
{
	builder_start(b, version);
	add_all_values(b);
	add_tensor(b, "two", NPU_GGUF_F32, dims_4x2, values, sizeof(values));
	add_tensor(b, "one", NPU_GGUF_F16, dims_3, "\0\x3c\0\xc0\1\0", 6);
	builder_end(b);
}

static bool string_is(const struct npu_gguf_string *string, const char *want)
{
	return string->len == strlen(want) &&
	       !memcmp(string->data, want, string->len);
}

static void test_numbers(const struct npu_gguf *gguf)
{
	struct npu_error err;
	uint32_t u32 = 9;
	uint64_t u64 = 0;
	float f32 = 0;
	bool truth = false;

	is(npu_gguf_get_u32(gguf, "a.u32", &u32, NULL), 0, "reads u32");
	is(u32, 42, "value of u32");
	is(npu_gguf_get_u32(gguf, "a.u8", &u32, NULL), 0, "u8 read as u32");
	is(u32, 255, "value of u8");
	is(npu_gguf_get_u32(gguf, "a.u64", &u32, &err), -EINVAL,
	   "a u64 that does not fit is refused");
	is(u32, 255, "and leaves the result alone");
	ok(strstr(err.message, "a.u64") && strstr(err.message, "1099511627776"),
	   "the message names key and value");
	is(npu_gguf_get_u64(gguf, "a.u64", &u64, NULL), 0, "reads u64");
	ok(u64 == 1ull << 40, "value of u64");
	is(npu_gguf_get_u64(gguf, "a.i64", &u64, &err), -EINVAL,
	   "a negative number is no u64");
	ok(strstr(err.message, "-5"), "the message shows it");
	is(npu_gguf_get_u32(gguf, "a.f32", &u32, NULL), -EINVAL,
	   "a float is no u32");
	is(npu_gguf_get_u32(gguf, "a.strings", &u32, NULL), -EINVAL,
	   "an array is no u32");
	is(npu_gguf_get_u32(gguf, "a.bool", &u32, NULL), -EINVAL,
	   "a bool is no u32");
	is(npu_gguf_get_u32(gguf, "absent", &u32, &err), -ENOENT,
	   "a missing key");
	ok(strstr(err.message, "'absent'"), "the message names it");
	is(npu_gguf_get_f32(gguf, "a.f32", &f32, NULL), 0, "reads f32");
	ok(f32 == 1.5f, "value of f32");
	is(npu_gguf_get_f32(gguf, "a.f64", &f32, NULL), 0, "reads f64");
	ok(f32 == 0.25f, "value of f64");
	is(npu_gguf_get_f32(gguf, "a.u32", &f32, NULL), -EINVAL,
	   "an integer is no f32");
	is(npu_gguf_get_bool(gguf, "a.bool", &truth, NULL), 0, "reads bool");
	ok(truth, "value of bool");
	is(npu_gguf_get_bool(gguf, "a.u8", &truth, NULL), -EINVAL,
	   "a u8 is no bool");
}

static void test_strings(const struct npu_gguf *gguf)
{
	struct npu_gguf_string string = { "", 0 };
	struct npu_gguf_array array;
	int64_t integer;
	float f32;

	is(npu_gguf_get_string(gguf, "general.architecture", &string, NULL), 0,
	   "reads a string");
	ok(string_is(&string, "llama"), "value of the string");
	is(npu_gguf_get_string(gguf, "a.u32", &string, NULL), -EINVAL,
	   "a number is no string");
	is(npu_gguf_get_array(gguf, "a.strings", NPU_GGUF_VALUE_STRING, &array,
			      NULL), 0, "reads an array of strings");
	is(array.count, 3, "its length");
	is(npu_gguf_array_string(&array, 2, &string), 0, "last string");
	ok(string_is(&string, "three"), "value of the last string");
	is(npu_gguf_array_string(&array, 1, &string), 0, "empty string");
	is(string.len, 0, "is empty");
	is(npu_gguf_array_string(&array, 3, &string), -ERANGE,
	   "past the end of the array");
	is(npu_gguf_array_i64(&array, 0, &integer), -EINVAL,
	   "a string is no integer");
	is(npu_gguf_get_array(gguf, "a.strings", NPU_GGUF_VALUE_F32, &array,
			      NULL), -EINVAL, "an array of another type");
	is(npu_gguf_get_array(gguf, "a.u32", NPU_GGUF_VALUE_F32, &array, NULL),
	   -EINVAL, "a number is no array");
	is(npu_gguf_get_array(gguf, "a.none", NPU_GGUF_VALUE_STRING, &array,
			      NULL), 0, "reads an empty array");
	is(npu_gguf_array_string(&array, 0, &string), -ERANGE,
	   "an empty array has no first string");
	npu_gguf_get_array(gguf, "a.floats", NPU_GGUF_VALUE_F32, &array, NULL);
	is(npu_gguf_array_f32(&array, 1, &f32), 0, "float of an array");
	ok(f32 == -2, "value of the float");
	is(npu_gguf_array_f32(&array, 2, &f32), -ERANGE, "no third float");
	is(npu_gguf_array_string(&array, 0, &string), -EINVAL,
	   "a float is no string");
	npu_gguf_get_array(gguf, "a.shorts", NPU_GGUF_VALUE_I16, &array, NULL);
	is(npu_gguf_array_i64(&array, 0, &integer), 0, "integer of an array");
	is(integer, -3, "value of the integer");
	is(npu_gguf_array_f32(&array, 0, &f32), -EINVAL,
	   "an integer is no float");
}

static void test_tensors(const struct npu_gguf *gguf)
{
	const struct npu_gguf_tensor *two = npu_gguf_find_tensor(gguf, "two");
	const struct npu_gguf_tensor *one = npu_gguf_find_tensor(gguf, "one");
	float row[4] = { 0 };

	is(npu_gguf_tensor_count(gguf), 2, "two tensors");
	ok(two && one, "found by name");
	if (!two || !one)
		return;
	ok(npu_gguf_tensor_at(gguf, 0) == two, "in the order of the file");
	ok(!npu_gguf_tensor_at(gguf, 2), "no third tensor");
	ok(!npu_gguf_find_tensor(gguf, "tw"), "no tensor by part of a name");
	is(two->type, NPU_GGUF_F32, "type");
	is(two->n_dims, 2, "number of dimensions");
	ok(two->dims[0] == 4 && two->dims[1] == 2 && two->dims[2] == 1,
	   "dimensions");
	is(two->size, 32, "size");
	is(two->rows, 2, "rows");
	is(npu_gguf_tensor_row(two, 1, row), 0, "reads a row");
	ok(!memcmp(row, values + 4, sizeof(row)), "values of the row");
	is(npu_gguf_tensor_row(two, 2, row), -ERANGE, "no third row");
	is(one->offset % 32, 0, "data is aligned in the file");
	is(npu_gguf_tensor_row(one, 0, row), 0, "reads F16");
	ok(row[0] == 1 && row[1] == -2 && row[2] == 0x1p-24f,
	   "values of F16, normal and subnormal");
}

static void test_good(uint32_t version)
{
	struct npu_gguf_string key;
	struct builder b;
	struct exact e;
	uint32_t type;

	diag("version %u", version);
	build_good(&b, version);
	e = open_exact(b.file.data, b.file.size);
	if (is(e.ret, 0, "opens")) {
		is(npu_gguf_version(e.gguf), version, "version");
		is_str(npu_gguf_name(e.gguf), "test", "name");
		is(npu_gguf_key_count(e.gguf), 12, "number of entries");
		is(npu_gguf_key_at(e.gguf, 1, &key, &type), 0, "second key");
		ok(string_is(&key, "a.u32"), "its name");
		is(type, NPU_GGUF_VALUE_U32, "its type");
		is(npu_gguf_key_at(e.gguf, 12, &key, &type), -ERANGE,
		   "past the last key");
		ok(npu_gguf_has(e.gguf, "a.f64") && !npu_gguf_has(e.gguf, "a"),
		   "tells which keys there are");
		test_numbers(e.gguf);
		test_strings(e.gguf);
		test_tensors(e.gguf);
	} else {
		diag("%s", e.err.message);
	}
	close_exact(&e);
	builder_free(&b);
}

/* Expect a refusal with one line that has @reason and the offset @offset. */
static void refused(const struct bytes *file, const char *reason,
		    const char *offset)
{
	struct exact e = open_exact(file->data, file->size);

	is(e.ret, -EINVAL, "refused: %s", reason);
	if (e.ret) {
		ok(strstr(e.err.message, reason) &&
		   strstr(e.err.message, offset) &&
		   !strncmp(e.err.message, "test: ", 6) &&
		   !strchr(e.err.message, '\n'), "message: %s", e.err.message);
		is(e.err.code, -EINVAL, "code");
	}
	close_exact(&e);
}

static void test_bad_header(void)
{
	struct builder b;

	build_good(&b, 3);
	poke_u32(&b.file, 4, 1);
	refused(&b.file, "version 1 is not supported", "offset 4");
	poke_u32(&b.file, 4, 3u << 24);
	refused(&b.file, "big-endian", "offset 4");
	poke_u32(&b.file, 4, 3);
	poke_u64(&b.file, 8, UINT64_MAX);
	refused(&b.file, "tensors do not fit", "offset 8");
	poke_u64(&b.file, 8, 2);
	poke_u64(&b.file, 16, 1ull << 60);
	refused(&b.file, "entries do not fit", "offset 16");
	b.file.data[0] = 'g';
	refused(&b.file, "not a GGUF file", "offset 0");
	builder_free(&b);
}

/* A file with one entry, whose value the caller puts. */
static struct bytes *one_entry(struct builder *b, const char *key,
			       uint32_t type)
{
	builder_start(b, 3);
	return add_key(b, key, type);
}

static void refuse_and_free(struct builder *b, const char *reason,
			    const char *offset)
{
	builder_end(b);
	refused(&b->file, reason, offset);
	builder_free(b);
}

/* The value of an entry with a key of one letter starts at 24 + 9 + 4 = 37. */
static void test_bad_metadata(void)
{
	struct builder b;
	struct bytes *file;

	one_entry(&b, "k", 13);
	put_u64(&b.file, 0);
	refuse_and_free(&b, "'k' has unknown type 13", "offset 33");
	one_entry(&b, "", NPU_GGUF_VALUE_U64);
	put_u64(&b.file, 0);
	refuse_and_free(&b, "is empty", "offset 24");
	one_entry(&b, "k", NPU_GGUF_VALUE_BOOL);
	put(&b.file, "\2", 1);
	refuse_and_free(&b, "2 is no bool", "offset 37");
	one_entry(&b, "k", NPU_GGUF_VALUE_STRING);
	put_u64(&b.file, UINT64_MAX);
	refuse_and_free(&b, "ends inside a string", "offset 45");
	builder_start(&b, 3);
	add_array(&b, "k", NPU_GGUF_VALUE_ARRAY, 1);
	refuse_and_free(&b, "arrays of arrays", "offset 37");
	builder_start(&b, 3);
	add_array(&b, "k", 99, 1);
	refuse_and_free(&b, "unknown type 99", "offset 37");
	builder_start(&b, 3);
	add_array(&b, "k", NPU_GGUF_VALUE_F64, (1ull << 61) + 1);
	refuse_and_free(&b, "does not fit", "offset 49");
	builder_start(&b, 3);
	add_array(&b, "k", NPU_GGUF_VALUE_STRING, 1ull << 61);
	refuse_and_free(&b, "strings does not fit", "offset 49");
	builder_start(&b, 3);
	file = add_array(&b, "k", NPU_GGUF_VALUE_STRING, 2);
	put_string(file, "abc", 3);
	put_u64(file, 1000);
	refuse_and_free(&b, "ends inside a string of an array", "offset 68");
	builder_start(&b, 3);
	add_u32(&b, "k", 1);
	add_u32(&b, "k", 2);
	refuse_and_free(&b, "'k' appears twice", "offset");
	builder_start(&b, 3);
	add_u32(&b, "general.alignment", 24);
	refuse_and_free(&b, "general.alignment is 24", "offset 53");
	builder_start(&b, 3);
	add_u32(&b, "general.alignment", 0);
	refuse_and_free(&b, "general.alignment is 0", "offset 53");
	one_entry(&b, "a\nb\x1b", 77);
	put_u64(&b.file, 0);
	refuse_and_free(&b, "'a\\x0ab\\x1b'", "offset");
}

/* A file with one tensor "t", described from offset 24 on. */
static void one_tensor(struct builder *b, uint32_t type, const uint64_t *dims,
		       size_t size)
{
	static const unsigned char zeros[4096];

	builder_start(b, 3);
	add_tensor(b, "t", type, dims, zeros, size);
	builder_end(b);
}

static void refuse_tensor(uint32_t type, uint64_t d0, uint64_t d1,
			  const char *reason, const char *offset)
{
	uint64_t dims[] = { d0, d1, 0 };
	struct builder b;

	one_tensor(&b, type, dims, 64);
	refused(&b.file, reason, offset);
	builder_free(&b);
}

static void test_bad_shapes(void)
{
	static const uint64_t none[] = { 0 }, five[] = { 1, 1, 1, 1, 1, 0 };
	struct builder b;

	refuse_tensor(NPU_GGUF_Q8_0, 33, 0, "multiple of 32", "offset 45");
	refuse_tensor(NPU_GGUF_Q6_K, 128, 0, "multiple of 256", "offset 45");
	refuse_tensor(4, 1, 0, "type 4, which is not supported", "offset 45");
	refuse_tensor(99, 1, 0, "type 99", "offset 45");
	refuse_tensor(NPU_GGUF_F32, 17, 0, "does not fit in the file: 68",
		      "offset 24");
	refuse_tensor(NPU_GGUF_F32, 1ull << 62, 0, "more bytes than 64 bits",
		      "offset 45");
	refuse_tensor(NPU_GGUF_F32, 1ull << 32, 1ull << 32,
		      "more bytes than 64 bits", "offset 53");
	refuse_tensor(NPU_GGUF_F32, UINT64_MAX, UINT64_MAX,
		      "more bytes than 64 bits", "offset 53");
	one_tensor(&b, NPU_GGUF_F32, none, 4);
	refused(&b.file, "'t' has 0 dimensions", "offset 33");
	builder_free(&b);
	one_tensor(&b, NPU_GGUF_F32, five, 4);
	refused(&b.file, "'t' has 5 dimensions", "offset 33");
	builder_free(&b);
	one_tensor(&b, NPU_GGUF_F32, dims_3, 12);
	poke_u64(&b.file, 37, 0);
	refused(&b.file, "empty dimension", "offset 37");
	builder_free(&b);
}

/* With one dimension, the offset of the data is stored at 24+9+4+8+4 = 49. */
static void test_bad_places(void)
{
	struct builder b;

	one_tensor(&b, NPU_GGUF_F32, dims_3, 64);
	poke_u64(&b.file, 49, 4);
	refused(&b.file, "not aligned to 32", "offset 49");
	poke_u64(&b.file, 49, 64);
	refused(&b.file, "does not fit in the file", "offset 24");
	poke_u64(&b.file, 49, -32ull);
	refused(&b.file, "does not fit in the file", "offset 24");
	builder_free(&b);

	builder_start(&b, 3);
	add_tensor(&b, "t", NPU_GGUF_F32, dims_3, values, 12);
	add_tensor(&b, "t", NPU_GGUF_F32, dims_3, values, 12);
	refuse_and_free(&b, "'t' appears twice", "offset");
	builder_start(&b, 3);
	add_tensor(&b, "t", NPU_GGUF_F32, dims_4x2, values, 32);
	add_tensor(&b, "u", NPU_GGUF_F32, dims_4x2, values, 32);
	builder_end(&b);
	poke_u64(&b.file, 65 + 33, 0);
	refused(&b.file, "'t' and 'u' overlaps", "offset");
	builder_free(&b);
	builder_start(&b, 3);
	add_tensor(&b, "", NPU_GGUF_F32, dims_3, values, 12);
	refuse_and_free(&b, "not 1 to 64 bytes", "offset 24");
	builder_start(&b, 3);
	add_tensor(&b, "0123456789012345678901234567890123456789012345678901234567890123x",
		   NPU_GGUF_F32, dims_3, values, 12);
	refuse_and_free(&b, "of 65 bytes is not 1 to 64", "offset 24");
}

static void test_alignment(void)
{
	struct builder b;
	struct exact e;

	builder_start(&b, 3);
	b.alignment = 4096;
	add_u32(&b, "general.alignment", 4096);
	add_tensor(&b, "t", NPU_GGUF_F32, dims_3, values, 12);
	add_tensor(&b, "u", NPU_GGUF_F32, dims_4x2, values, 32);
	builder_end(&b);
	e = open_exact(b.file.data, b.file.size);
	is(e.ret, 0, "a file with alignment 4096");
	if (!e.ret) {
		is(npu_gguf_find_tensor(e.gguf, "t")->offset, 4096,
		   "first tensor's place");
		is(npu_gguf_find_tensor(e.gguf, "u")->offset, 8192,
		   "second tensor's place");
	}
	close_exact(&e);
	builder_free(&b);
}

static void test_files(void)
{
	char path[] = "/tmp/npu-gguf-test-XXXXXX";
	int fd = mkstemp(path);
	struct npu_error err;
	struct npu_gguf *gguf;
	struct builder b;

	if (fd < 0)
		bail_out("cannot make a temporary file");
	is(npu_gguf_open(path, &gguf, &err), -EINVAL, "an empty file");
	ok(strstr(err.message, "empty"), "message: %s", err.message);
	build_good(&b, 3);
	is(write(fd, b.file.data, b.file.size), b.file.size, "writes a file");
	close(fd);
	if (is(npu_gguf_open(path, &gguf, &err), 0, "opens it")) {
		test_tensors(gguf);
		npu_gguf_close(gguf);
	}
	builder_free(&b);
	unlink(path);
	is(npu_gguf_open(path, &gguf, &err), -ENOENT, "a missing file");
	ok(strstr(err.message, path) && strstr(err.message, "No such file"),
	   "message: %s", err.message);
	is(npu_gguf_open("/", &gguf, &err), -EISDIR, "a folder");
	is(npu_gguf_open("/dev/null", &gguf, NULL), -EINVAL, "a device");
	is(mkfifo(path, 0600), 0, "makes a FIFO");
	is(npu_gguf_open(path, &gguf, NULL), -EINVAL, "a FIFO without writer");
	unlink(path);
	npu_gguf_close(NULL);
}

int main(void)
{
	test_good(2);
	test_good(3);
	test_bad_header();
	test_bad_metadata();
	test_bad_shapes();
	test_bad_places();
	test_alignment();
	test_files();
	return done_testing();
}
