/* SPDX-License-Identifier: MIT */
/* The input of a fuzzer as a row of numbers; behind its end all are zero. */
#ifndef TESTS_FUZZ_FUZZ_BYTES_H
#define TESTS_FUZZ_FUZZ_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct fuzz_bytes {
	const uint8_t *at;
	size_t left;
};

static inline void fuzz_take(struct fuzz_bytes *in, void *to, size_t len)
{
	size_t n = len < in->left ? len : in->left;

	memset(to, 0, len);
	if (n)
		memcpy(to, in->at, n);
	in->at += n;
	in->left -= n;
}

static inline uint8_t fuzz_u8(struct fuzz_bytes *in)
{
	uint8_t value;

	fuzz_take(in, &value, sizeof(value));
	return value;
}

static inline uint16_t fuzz_u16(struct fuzz_bytes *in)
{
	uint16_t value;

	fuzz_take(in, &value, sizeof(value));
	return value;
}

static inline uint32_t fuzz_u32(struct fuzz_bytes *in)
{
	uint32_t value;

	fuzz_take(in, &value, sizeof(value));
	return value;
}

static inline uint64_t fuzz_u64(struct fuzz_bytes *in)
{
	uint64_t value;

	fuzz_take(in, &value, sizeof(value));
	return value;
}

/* What must hold does not: the fuzzer keeps the input. */
#define fuzz_assert(condition)						\
	do {								\
		if (!(condition))					\
			fuzz_fail(__FILE__, __LINE__, #condition);	\
	} while (0)

_Noreturn void fuzz_fail(const char *file, int line, const char *what);

#endif /* TESTS_FUZZ_FUZZ_BYTES_H */
