/* SPDX-License-Identifier: MIT */
/*
 * Random numbers for sampling: xoshiro256** (Blackman and Vigna, 2018), seeded
 * through SplitMix64 so that similar seeds give unrelated sequences.
 */
#ifndef NPU_MODEL_RANDOM_H
#define NPU_MODEL_RANDOM_H

#include <stdint.h>

struct random_state {
	uint64_t s[4];
};

static inline uint64_t rotate_left(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void random_seed(struct random_state *state, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		uint64_t z = seed += 0x9e3779b97f4a7c15;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		state->s[i] = z ^ z >> 31;
	}
}

static inline uint64_t random_next(struct random_state *state)
{
	uint64_t *s = state->s;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

/* Uniform in [0, 1): the upper 53 bits, which a double holds exactly. */
static inline double random_unit(struct random_state *state)
{
	return (random_next(state) >> 11) * 0x1p-53;
}

#endif /* NPU_MODEL_RANDOM_H */
