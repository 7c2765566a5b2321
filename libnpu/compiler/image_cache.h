/* SPDX-License-Identifier: MIT */
/* Inside of the cache of compiled models. */
#ifndef LIBNPU_COMPILER_IMAGE_CACHE_H
#define LIBNPU_COMPILER_IMAGE_CACHE_H

#include <npu/image_cache.h>

/* An entry is DIGEST.npu; while it is written, DIGEST.npu.PID-N. */
#define CACHE_SUFFIX ".npu"
#define CACHE_NAME_LEN (2 * NPU_IMAGE_CACHE_KEY_BYTES + sizeof(CACHE_SUFFIX))

/**
 * struct npu_image_cache - a directory of compiled models
 * @directory: its path
 * @fd: the directory, open
 * @max_bytes: most bytes of all entries
 */
struct npu_image_cache {
	char *directory;
	int fd;
	uint64_t max_bytes;
};

/**
 * cache_evict() - make room
 * @cache: cache
 * @bytes: that are about to be added
 *
 * Removes entries, the one that was used least recently first, until @bytes
 * more stay within the limit; and what interrupted writes have left behind.
 * What cannot be removed stays: the limit is kept as well as can be.
 */
void cache_evict(const struct npu_image_cache *cache, uint64_t bytes);

#endif /* LIBNPU_COMPILER_IMAGE_CACHE_H */
