/* SPDX-License-Identifier: MIT */
/* What the parts of the GGUF reader share. */
#ifndef NPU_MODEL_GGUF_INTERNAL_H
#define NPU_MODEL_GGUF_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <npu/error.h>
#include <npu/gguf.h>

/* Room for a quoted name in a message; longer ones are cut. */
#define GGUF_QUOTE_LEN 80

/**
 * struct gguf_entry - one metadata entry
 * @key: its key, inside the file
 * @type: enum npu_gguf_value_type
 * @offset: where the value starts in the file
 * @scalar: the value, for numbers and bool
 * @string: the value, for STRING
 * @array: the value, for ARRAY; its index is owned by the entry
 */
struct gguf_entry {
	struct npu_gguf_string key;
	uint32_t type;
	uint64_t offset;
	union {
		const void *scalar;
		struct npu_gguf_string string;
		struct npu_gguf_array array;
	};
};

/**
 * struct gguf_tensor_entry - one tensor and where the file describes it
 * @tensor: what users see
 * @info: where its description starts in the file
 */
struct gguf_tensor_entry {
	struct npu_gguf_tensor tensor;
	uint64_t info;
};

/**
 * struct npu_gguf - an open file
 * @name: file name for messages
 * @data: first byte of the file
 * @size: bytes of the file
 * @mapped: @data is a mapping to undo on close
 * @version: version of the format
 * @alignment: alignment of tensor data
 * @metadata_end: where the metadata ends
 * @entry_count: number of entries that are complete
 * @entry: metadata in the file's order
 * @by_key: the same, sorted by key
 * @tensor_count: number of tensors that are complete
 * @tensor: tensors in the file's order
 * @by_name: the same, sorted by name
 * @quant: how tensors are quantised, one for each that is
 * @outlier_index: their outliers, one tensor's behind the other's
 */
struct npu_gguf {
	char *name;
	const unsigned char *data;
	size_t size;
	bool mapped;
	uint32_t version;
	uint32_t alignment;
	size_t metadata_end;
	uint64_t entry_count;
	struct gguf_entry *entry;
	const struct gguf_entry **by_key;
	uint64_t tensor_count;
	struct gguf_tensor_entry *tensor;
	const struct gguf_tensor_entry **by_name;
	struct npu_gguf_quant *quant;
	uint32_t *outlier_index;
};

/**
 * struct gguf_cursor - a place in a file being read
 * @gguf: the file
 * @pos: offset of the next byte, never past the end
 * @err: where errors go, or NULL
 */
struct gguf_cursor {
	const struct npu_gguf *gguf;
	size_t pos;
	struct npu_error *err;
};

/* Report @reason at @offset: always -EINVAL. */
int gguf_bad(const struct npu_gguf *gguf, uint64_t offset,
	     struct npu_error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

int gguf_no_memory(const struct npu_gguf *gguf, struct npu_error *err);

/* Write @string so that it is safe in a one-line message; gives back @out. */
const char *gguf_quote(char out[GGUF_QUOTE_LEN],
		       const struct npu_gguf_string *string);

/* To the caller a missing key is a defect of the file like any other. */
int gguf_required(int ret, struct npu_error *err);

/* Whether @string is exactly @text. */
bool gguf_string_is(const struct npu_gguf_string *string, const char *text);

/* Order of strings, for sorting and searching. */
int gguf_compare(const struct npu_gguf_string *a,
		 const struct npu_gguf_string *b);

/*
 * Steps of reading. Each moves the cursor past what it read; @what names it
 * in the message for a file that ends too early. They return NULL or -EINVAL
 * then.
 */
const void *gguf_take(struct gguf_cursor *cursor, uint64_t size,
		      const char *what);
int gguf_take_u32(struct gguf_cursor *cursor, const char *what,
		  uint32_t *value);
int gguf_take_u64(struct gguf_cursor *cursor, const char *what,
		  uint64_t *value);
int gguf_take_string(struct gguf_cursor *cursor, const char *what,
		     struct npu_gguf_string *value);

/* Whether the rest of the file could hold @count items of @least bytes. */
bool gguf_has_room(const struct gguf_cursor *cursor, uint64_t count,
		   uint64_t least);

/*
 * Sections of the file, in order. On failure npu_gguf_close() frees what is
 * there.
 */
int gguf_read_metadata(struct npu_gguf *gguf, struct gguf_cursor *cursor,
		       uint64_t count);
int gguf_read_tensors(struct npu_gguf *gguf, struct gguf_cursor *cursor,
		      uint64_t count);

/* What npu-quantize noted about tensors, once they are all there. */
int gguf_read_quant(struct npu_gguf *gguf, struct npu_error *err);

const struct gguf_entry *gguf_find(const struct npu_gguf *gguf,
				   const char *key);

#endif /* NPU_MODEL_GGUF_INTERNAL_H */
