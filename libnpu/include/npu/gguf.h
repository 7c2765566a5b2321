/* SPDX-License-Identifier: MIT */
/*
 * Reading GGUF files (versions 2 and 3, little-endian).
 *
 * A file is mapped read-only and checked whole when it is opened; every
 * pointer that these functions hand out lies inside the mapping or the
 * reader's own memory and lives until npu_gguf_close(). An open file is never
 * written, so any number of threads may read it.
 */
#ifndef NPU_GGUF_H
#define NPU_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <npu/error.h>
#include <npu/quant.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NPU_GGUF_MAX_DIMS	4
#define NPU_GGUF_MAX_NAME	64

/**
 * enum npu_gguf_type - element types of tensors that the reader knows
 *
 * The numbers are those of the file format. The types that store a block of
 * elements together are described at npu_gguf_dequantize().
 */
enum npu_gguf_type {
	NPU_GGUF_F32	= 0,
	NPU_GGUF_F16	= 1,
	NPU_GGUF_Q4_0	= 2,
	NPU_GGUF_Q4_1	= 3,
	NPU_GGUF_Q8_0	= 8,
	NPU_GGUF_Q4_K	= 12,
	NPU_GGUF_Q6_K	= 14,
	NPU_GGUF_I8	= 24,
	NPU_GGUF_BF16	= 30,
};

/** enum npu_gguf_value_type - types of metadata, numbered as in the file */
enum npu_gguf_value_type {
	NPU_GGUF_VALUE_U8	= 0,
	NPU_GGUF_VALUE_I8	= 1,
	NPU_GGUF_VALUE_U16	= 2,
	NPU_GGUF_VALUE_I16	= 3,
	NPU_GGUF_VALUE_U32	= 4,
	NPU_GGUF_VALUE_I32	= 5,
	NPU_GGUF_VALUE_F32	= 6,
	NPU_GGUF_VALUE_BOOL	= 7,
	NPU_GGUF_VALUE_STRING	= 8,
	NPU_GGUF_VALUE_ARRAY	= 9,
	NPU_GGUF_VALUE_U64	= 10,
	NPU_GGUF_VALUE_I64	= 11,
	NPU_GGUF_VALUE_F64	= 12,
};

struct npu_gguf;

/**
 * struct npu_gguf_string - a string inside the file
 * @data: its bytes; no NUL follows, and any byte may be among them
 * @len: number of bytes
 */
struct npu_gguf_string {
	const char *data;
	size_t len;
};

/**
 * struct npu_gguf_array - an array in the metadata
 * @type: type of the elements, an enum npu_gguf_value_type, never ARRAY
 * @count: number of elements
 * @data: the elements as stored, not aligned; read them with the
 *	npu_gguf_array_*() functions
 * @index: for strings, where each one starts relative to @data; else NULL
 */
struct npu_gguf_array {
	uint32_t type;
	uint64_t count;
	const void *data;
	const uint64_t *index;
};

/**
 * struct npu_gguf_quant - how npu-quantize has quantised a tensor
 * @format: its format
 * @outliers: number of inputs that are kept in binary16, of NPU_QUANT_MIXED
 * @outlier_index: which, rising
 * @input_scale: scale for quantising its input to INT8; 0: each row has its own
 *
 * Such a tensor has type I8 and rows of bytes that quant/stored.h describes, or
 * type F16 and a note that it is to stay so; its dims are those of the matrix,
 * and npu_gguf_tensor_row() gives floats.
 */
struct npu_gguf_quant {
	struct npu_quant_format format;
	uint32_t outliers;
	const uint32_t *outlier_index;
	float input_scale;
};

/**
 * struct npu_gguf_tensor - one tensor
 * @name: name, NUL-terminated, without NUL inside
 * @type: enum npu_gguf_type
 * @n_dims: number of dimensions, 1 to 4
 * @dims: elements in each; dims[0] varies fastest (a row), the unused are 1
 * @rows: number of rows, the product of dims[1] and those after it
 * @row_size: bytes of a row
 * @size: bytes of the tensor, @rows * @row_size
 * @offset: where the data starts in the file, in bytes
 * @data: the data; aligned as the file is (32 bytes, unless it says otherwise)
 * @quant: how it is quantised, by npu-quantize; NULL for the types of GGUF
 */
struct npu_gguf_tensor {
	char name[NPU_GGUF_MAX_NAME + 1];
	uint32_t type;
	uint32_t n_dims;
	uint64_t dims[NPU_GGUF_MAX_DIMS];
	uint64_t rows;
	uint64_t row_size;
	uint64_t size;
	uint64_t offset;
	const void *data;
	const struct npu_gguf_quant *quant;
};

/**
 * npu_gguf_open() - map a file and check all of its structure
 * @path: file name
 * @gguf: receives the open file; free it with npu_gguf_close()
 * @err: receives the file, the byte offset and the reason, or NULL
 *
 * The file must not shrink while it is open: reading a page that is gone
 * raises SIGBUS, as with any mapping.
 *
 * Return: 0; -EINVAL for a file that breaks the format; -ENOMEM; or the error
 * of opening or mapping the file, such as -ENOENT.
 */
int npu_gguf_open(const char *path, struct npu_gguf **gguf,
		  struct npu_error *err);

/**
 * npu_gguf_open_memory() - read a file that is in memory already
 * @name: what to call it in error messages
 * @data: the bytes; they must stay until npu_gguf_close()
 * @size: number of bytes
 * @gguf: receives the open file; free it with npu_gguf_close()
 * @err: as for npu_gguf_open()
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int npu_gguf_open_memory(const char *name, const void *data, size_t size,
			 struct npu_gguf **gguf, struct npu_error *err);

/**
 * npu_gguf_copy_metadata() - make a file with the same metadata and no tensors
 * @gguf: open file
 * @data: receives its bytes; the caller frees them with free()
 * @size: receives their number
 * @err: receives the reason, or NULL
 *
 * Return: 0 or -ENOMEM.
 */
int npu_gguf_copy_metadata(const struct npu_gguf *gguf, void **data, size_t *size,
			   struct npu_error *err);

/** npu_gguf_close() - free what npu_gguf_open() made; NULL is allowed */
void npu_gguf_close(struct npu_gguf *gguf);

/** npu_gguf_name() - the file name that npu_gguf_open() got */
const char *npu_gguf_name(const struct npu_gguf *gguf);

/** npu_gguf_version() - version of the format, 2 or 3 */
uint32_t npu_gguf_version(const struct npu_gguf *gguf);

/** npu_gguf_key_count() - number of metadata entries */
uint64_t npu_gguf_key_count(const struct npu_gguf *gguf);

/**
 * npu_gguf_key_at() - key of one metadata entry, in the order of the file
 * @gguf: open file
 * @index: less than npu_gguf_key_count()
 * @key: receives the key
 * @type: receives the enum npu_gguf_value_type of the value
 *
 * Return: 0, or -ERANGE when @index is too large.
 */
int npu_gguf_key_at(const struct npu_gguf *gguf, uint64_t index,
		    struct npu_gguf_string *key, uint32_t *type);

/** npu_gguf_has() - whether the metadata has @key */
bool npu_gguf_has(const struct npu_gguf *gguf, const char *key);

/**
 * npu_gguf_get_u32() - read an unsigned integer
 * @gguf: open file
 * @key: metadata key
 * @value: receives the value
 * @err: receives the reason, or NULL
 *
 * Any integer type is accepted as long as the value fits in 32 bits without a
 * sign.
 *
 * Return: 0; -ENOENT when there is no such key; -EINVAL when its value is of
 * another type or does not fit. @value is written only on success, so it may
 * hold a default; the same goes for the getters below.
 */
int npu_gguf_get_u32(const struct npu_gguf *gguf, const char *key,
		     uint32_t *value, struct npu_error *err);

/** npu_gguf_get_u64() - as npu_gguf_get_u32(), for 64 bits */
int npu_gguf_get_u64(const struct npu_gguf *gguf, const char *key,
		     uint64_t *value, struct npu_error *err);

/** npu_gguf_get_f32() - read a number of type F32 or F64 (rounded to float) */
int npu_gguf_get_f32(const struct npu_gguf *gguf, const char *key,
		     float *value, struct npu_error *err);

/** npu_gguf_get_bool() - read a truth value */
int npu_gguf_get_bool(const struct npu_gguf *gguf, const char *key,
		      bool *value, struct npu_error *err);

/** npu_gguf_get_string() - read a string; it stays inside the file */
int npu_gguf_get_string(const struct npu_gguf *gguf, const char *key,
			struct npu_gguf_string *value, struct npu_error *err);

/** npu_gguf_get_array() - read an array whose elements have @type */
int npu_gguf_get_array(const struct npu_gguf *gguf, const char *key,
		       uint32_t type, struct npu_gguf_array *value,
		       struct npu_error *err);

/**
 * npu_gguf_array_string() - one string of an array
 * @array: array of strings
 * @i: index of the element
 * @value: receives the string
 *
 * Return: 0; -EINVAL when @array holds another type; -ERANGE when @i is not
 * less than its count. The functions below return the same.
 */
int npu_gguf_array_string(const struct npu_gguf_array *array, uint64_t i,
			  struct npu_gguf_string *value);

/** npu_gguf_array_i64() - one integer, of any integer type but large U64 */
int npu_gguf_array_i64(const struct npu_gguf_array *array, uint64_t i,
		       int64_t *value);

/** npu_gguf_array_f32() - one number of an array of type F32 or F64 */
int npu_gguf_array_f32(const struct npu_gguf_array *array, uint64_t i,
		       float *value);

/** npu_gguf_tensor_count() - number of tensors */
uint64_t npu_gguf_tensor_count(const struct npu_gguf *gguf);

/** npu_gguf_tensor_at() - a tensor in the file's order, NULL past the end */
const struct npu_gguf_tensor *npu_gguf_tensor_at(const struct npu_gguf *gguf,
						 uint64_t index);

/** npu_gguf_find_tensor() - a tensor by name, NULL when there is none */
const struct npu_gguf_tensor *npu_gguf_find_tensor(const struct npu_gguf *gguf,
						   const char *name);

/** npu_gguf_type_name() - such as "Q8_0"; NULL for a type not known */
const char *npu_gguf_type_name(uint32_t type);

/** npu_gguf_type_elements() - elements in a block of @type, 0 if not known */
uint32_t npu_gguf_type_elements(uint32_t type);

/** npu_gguf_type_size() - bytes in a block of @type, 0 if not known */
uint32_t npu_gguf_type_size(uint32_t type);

/**
 * npu_gguf_dequantize() - turn stored elements into floats
 * @type: enum npu_gguf_type of @src
 * @src: whole blocks, without any alignment
 * @dst: receives @n floats
 * @n: number of elements, a multiple of the block
 *
 * All types are understood; I8 as whole numbers. Q8_0 and Q4_0 are blocks of 32 elements
 * with one F16 scale, Q4_1 adds an F16 minimum, Q4_K and Q6_K are blocks of
 * 256 with quantised scales of 32 and 16 elements under F16 ones.
 *
 * Return: 0; -EINVAL for an unknown type or an @n that ends inside a block.
 */
int npu_gguf_dequantize(uint32_t type, const void *src, float *dst, uint64_t n);

/**
 * npu_gguf_tensor_row() - one row of a tensor as floats
 * @tensor: tensor of an open file
 * @row: less than tensor->rows
 * @dst: receives tensor->dims[0] floats
 *
 * Return: 0, or -ERANGE when there is no such row.
 */
int npu_gguf_tensor_row(const struct npu_gguf_tensor *tensor, uint64_t row,
			float *dst);

#ifdef __cplusplus
}
#endif

#endif /* NPU_GGUF_H */
