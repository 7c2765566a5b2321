// SPDX-License-Identifier: MIT
#include "state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void npu_state_part(struct npu_state *s, const char *name, unsigned int number)
{
	s->part[0] = '\0';
	if (name)
		snprintf(s->part, sizeof(s->part), "%s %u: ", name, number);
}

bool npu_state_refuse(struct npu_state *s, const char *fmt, ...)
{
	size_t used;
	va_list args;

	if (!s->failed && s->error_len) {
		snprintf(s->error, s->error_len, "%s", s->part);
		used = strlen(s->error);
		va_start(args, fmt);
		vsnprintf(s->error + used, s->error_len - used, fmt, args);
		va_end(args);
	}
	s->failed = true;
	return false;
}

bool npu_state_has(struct npu_state *s, size_t len)
{
	if (s->failed)
		return false;
	return len <= s->len - s->at ||
	       npu_state_refuse(s, "the state ends after %zu bytes, where %zu more belong",
				s->len, len - (s->len - s->at));
}

static bool grow(struct npu_state *s, size_t len)
{
	size_t room = s->room ? s->room : 4096;
	uint8_t *more;

	while (room - s->len < len)
		room *= 2;
	if (room == s->room)
		return true;
	more = realloc(s->data, room);
	if (!more)
		return npu_state_refuse(s, "out of memory for a state of %zu bytes", room);
	s->data = more;
	s->room = room;
	return true;
}

void npu_state_bytes(struct npu_state *s, void *bytes, size_t len)
{
	if (s->failed)
		return;
	if (s->loading) {
		if (!npu_state_has(s, len))
			return;
		memcpy(bytes, s->data + s->at, len);
		s->at += len;
	} else if (grow(s, len)) {
		memcpy(s->data + s->len, bytes, len);
		s->len += len;
	}
}

void npu_state_u64(struct npu_state *s, uint64_t *value)
{
	npu_state_bytes(s, value, sizeof(*value));
}

void npu_state_u32(struct npu_state *s, const char *name, uint32_t *value,
		   uint32_t max)
{
	uint32_t v = *value;

	npu_state_bytes(s, &v, sizeof(v));
	if (v > max)
		npu_state_refuse(s, "%s is %" PRIu32 ": at most %" PRIu32 " is possible",
				 name, v, max);
	else
		*value = v;
}

uint32_t npu_state_number(struct npu_state *s, const char *name, uint32_t value,
			  uint32_t max)
{
	npu_state_u32(s, name, &value, max);
	return value;
}

void npu_state_bool(struct npu_state *s, const char *name, bool *value)
{
	*value = npu_state_number(s, name, *value, 1);
}

void npu_state_same(struct npu_state *s, const char *name, uint64_t value)
{
	uint64_t there = value;

	npu_state_u64(s, &there);
	if (there != value)
		npu_state_refuse(s, "%s is %" PRIu64 " there and %" PRIu64 " here",
				 name, there, value);
}

void npu_state_same_text(struct npu_state *s, const char *name, const char *text,
			 size_t len)
{
	char there[64] = { 0 };

	if (len >= sizeof(there))
		len = sizeof(there) - 1;
	snprintf(there, sizeof(there), "%.*s", (int)len, text);
	npu_state_bytes(s, there, len);
	if (strncmp(there, text, len))
		npu_state_refuse(s, "%s is '%.40s' there and '%.40s' here", name, there,
				 text);
}

void npu_state_sparse(struct npu_state *s, const char *name, uint8_t *bytes,
		      uint32_t len)
{
	uint32_t used = len;

	while (!s->loading && used && !bytes[used - 1])
		used--;
	used = npu_state_number(s, name, used, len);
	if (s->failed)
		return;
	npu_state_bytes(s, bytes, used);
	if (s->loading)
		memset(bytes + used, 0, len - used);
}
