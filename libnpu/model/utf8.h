/* SPDX-License-Identifier: MIT */
/* Recognising UTF-8, strictly (RFC 3629). */
#ifndef NPU_MODEL_UTF8_H
#define NPU_MODEL_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_BAD	0
#define UTF8_SHORT	(-1)

/*
 * Length of the character at @s, of which @len > 0 bytes are there: 1 to 4;
 * UTF8_BAD when no character starts with these bytes; UTF8_SHORT when more
 * bytes could make it one. @code receives the code point of a character.
 */
static inline int utf8_next(const unsigned char *s, size_t len, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int need = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 :
		   s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	uint32_t value = need > 1 ? s[0] & (0x7f >> need) : s[0];
	uint32_t low, high;

	for (int i = 1; i < need; i++) {
		if ((size_t)i >= len)
			return UTF8_SHORT;
		if ((s[i] & 0xc0) != 0x80)
			return UTF8_BAD;
		value = value << 6 | (s[i] & 0x3f);
		/* What the bytes still to come can make of it. */
		low = value << 6 * (need - 1 - i);
		high = low | ((1u << 6 * (need - 1 - i)) - 1);
		if (high < least[need] || low > 0x10ffff ||
		    (low >= 0xd800 && high <= 0xdfff))
			return UTF8_BAD;
	}
	*code = value;
	return need;
}

#endif /* NPU_MODEL_UTF8_H */
