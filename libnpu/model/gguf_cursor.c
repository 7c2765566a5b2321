// SPDX-License-Identifier: MIT
/* Bounded reading from a GGUF file, and its error messages. */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gguf_internal.h"

int gguf_bad(const struct npu_gguf *gguf, uint64_t offset,
	     struct npu_error *err, const char *fmt, ...)
{
	char reason[NPU_ERROR_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	return npu_error_set(err, -EINVAL, "%s: offset %" PRIu64 ": %s",
			     gguf->name, offset, reason);
}

int gguf_no_memory(const struct npu_gguf *gguf, struct npu_error *err)
{
	return npu_error_set(err, -ENOMEM, "%s: out of memory", gguf->name);
}

const char *gguf_quote(char out[GGUF_QUOTE_LEN],
		       const struct npu_gguf_string *string)
{
	size_t len = 0;

	for (size_t i = 0; i < string->len; i++) {
		unsigned char c = string->data[i];

		if (len + 8 > GGUF_QUOTE_LEN) {
			memcpy(out + len, "...", 3);
			len += 3;
			break;
		}
		if (c < ' ' || c > '~' || c == '\\')
			len += sprintf(out + len, "\\x%02x", c);
		else
			out[len++] = c;
	}
	out[len] = '\0';
	return out;
}

int gguf_required(int ret, struct npu_error *err)
{
	if (ret != -ENOENT)
		return ret;
	if (err)
		err->code = -EINVAL;
	return -EINVAL;
}

bool gguf_string_is(const struct npu_gguf_string *string, const char *text)
{
	return string->len == strlen(text) &&
	       !memcmp(string->data, text, string->len);
}

int gguf_compare(const struct npu_gguf_string *a,
		 const struct npu_gguf_string *b)
{
	size_t shorter = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->data, b->data, shorter);

	if (order)
		return order;
	return (a->len > b->len) - (a->len < b->len);
}

const void *gguf_take(struct gguf_cursor *cursor, uint64_t size,
		      const char *what)
{
	const struct npu_gguf *gguf = cursor->gguf;
	size_t left = gguf->size - cursor->pos;
	const void *data = gguf->data + cursor->pos;

	if (size > left) {
		gguf_bad(gguf, cursor->pos, cursor->err,
			 "the file ends inside %s: %" PRIu64
			 " bytes needed, %zu left", what, size, left);
		return NULL;
	}
	cursor->pos += size;
	return data;
}

int gguf_take_u32(struct gguf_cursor *cursor, const char *what, uint32_t *value)
{
	const void *data = gguf_take(cursor, sizeof(*value), what);

	if (!data)
		return -EINVAL;
	memcpy(value, data, sizeof(*value));
	*value = le32toh(*value);
	return 0;
}

int gguf_take_u64(struct gguf_cursor *cursor, const char *what, uint64_t *value)
{
	const void *data = gguf_take(cursor, sizeof(*value), what);

	if (!data)
		return -EINVAL;
	memcpy(value, data, sizeof(*value));
	*value = le64toh(*value);
	return 0;
}

int gguf_take_string(struct gguf_cursor *cursor, const char *what,
		     struct npu_gguf_string *value)
{
	uint64_t len = 0;

	if (gguf_take_u64(cursor, what, &len))
		return -EINVAL;
	value->data = gguf_take(cursor, len, what);
	value->len = len;
	return value->data ? 0 : -EINVAL;
}

bool gguf_has_room(const struct gguf_cursor *cursor, uint64_t count,
		   uint64_t least)
{
	return count <= (cursor->gguf->size - cursor->pos) / least;
}
