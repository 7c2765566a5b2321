/* SPDX-License-Identifier: MIT */
/*
 * The alphabet in which GPT-2 vocabularies write bytes: a printable character
 * for each. The printable bytes of Latin-1 stand for themselves, the other 68
 * follow in order from U+0100 on.
 */
#ifndef NPU_MODEL_BYTE_ALPHABET_H
#define NPU_MODEL_BYTE_ALPHABET_H

#include <stdint.h>

/* The byte that @code stands for, or -1. */
static inline int byte_of_character(uint32_t code)
{
	if ((code >= '!' && code <= '~') || (code >= 0xa1 && code <= 0xac) ||
	    (code >= 0xae && code <= 0xff))
		return code;
	if (code >= 0x100 && code <= 0x120)
		return code - 0x100;
	if (code >= 0x121 && code <= 0x142)
		return code - 0x121 + 0x7f;
	return code == 0x143 ? 0xad : -1;
}

#endif /* NPU_MODEL_BYTE_ALPHABET_H */
