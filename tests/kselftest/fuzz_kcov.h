/* SPDX-License-Identifier: GPL-2.0 */
/* What code of the kernel a thread runs, where the kernel can tell (CONFIG_KCOV). */
#ifndef FUZZ_KCOV_H
#define FUZZ_KCOV_H

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define FUZZ_KCOV_INIT		_IOR('c', 1, unsigned long)
#define FUZZ_KCOV_ENABLE	_IO('c', 100)
#define FUZZ_KCOV_DISABLE	_IO('c', 101)
#define FUZZ_KCOV_TRACE_PC	0
#define FUZZ_KCOV_WORDS		(64 << 10)

#define FUZZ_EDGES		(1u << 16)

struct fuzz_kcov {
	int fd;			/* -1: the kernel has none */
	uint64_t *words;	/* the first says how many follow */
};

static inline void fuzz_kcov_open(struct fuzz_kcov *kcov)
{
	kcov->words = MAP_FAILED;
	kcov->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (kcov->fd < 0)
		return;
	if (!ioctl(kcov->fd, FUZZ_KCOV_INIT, FUZZ_KCOV_WORDS))
		kcov->words = mmap(NULL, FUZZ_KCOV_WORDS * sizeof(uint64_t),
				   PROT_READ | PROT_WRITE, MAP_SHARED, kcov->fd, 0);
	if (kcov->words == MAP_FAILED) {
		close(kcov->fd);
		kcov->fd = -1;
	}
}

static inline void fuzz_kcov_close(struct fuzz_kcov *kcov)
{
	if (kcov->fd < 0)
		return;
	munmap(kcov->words, FUZZ_KCOV_WORDS * sizeof(uint64_t));
	close(kcov->fd);
}

static inline void fuzz_kcov_start(struct fuzz_kcov *kcov)
{
	if (kcov->fd >= 0 && !ioctl(kcov->fd, FUZZ_KCOV_ENABLE, FUZZ_KCOV_TRACE_PC))
		__atomic_store_n(&kcov->words[0], 0, __ATOMIC_RELAXED);
}

/*
 * Ends what fuzz_kcov_start() began. Pairs of places that follow each other are
 * edges; seen[] has those of all runs, and threads may share it.
 * Return: how many are new.
 */
static inline uint32_t fuzz_kcov_stop(struct fuzz_kcov *kcov, uint8_t *seen)
{
	uint64_t count, i, before = 0;
	uint32_t fresh = 0;

	if (kcov->fd < 0 || ioctl(kcov->fd, FUZZ_KCOV_DISABLE, 0))
		return 0;
	count = __atomic_load_n(&kcov->words[0], __ATOMIC_RELAXED);
	for (i = 1; i <= count && i < FUZZ_KCOV_WORDS; i++) {
		uint64_t place = kcov->words[i] * 0x9e3779b97f4a7c15ull >> 40;
		uint32_t edge = (place ^ before >> 1) % FUZZ_EDGES;

		fresh += !__atomic_exchange_n(&seen[edge], 1, __ATOMIC_RELAXED);
		before = place;
	}
	return fresh;
}

#endif /* FUZZ_KCOV_H */
