// SPDX-License-Identifier: MIT
/* Bounding the size of the cache: least recently used entries go first. */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "image_cache.h"

#define ABANDONED_SECONDS 3600	/* age at which a temporary file has no writer */

/**
 * struct entry - a file of the cache
 * @name: its name
 * @bytes: its size
 * @used: when it was last read or written
 */
struct entry {
	char name[CACHE_NAME_LEN];
	uint64_t bytes;
	struct timespec used;
};

/**
 * struct listing - all entries
 * @entries: @count of them, room for @capacity
 * @bytes: their size together
 */
struct listing {
	struct entry *entries;
	size_t count, capacity;
	uint64_t bytes;
};

/* Whether a name starts as those that the cache gives. */
static bool is_ours(const char *name)
{
	size_t digits = 2 * NPU_IMAGE_CACHE_KEY_BYTES;

	return strspn(name, "0123456789abcdef") == digits &&
	       !strncmp(name + digits, CACHE_SUFFIX, strlen(CACHE_SUFFIX));
}

/* What there is no memory to list is not removed. */
static void add_entry(struct listing *list, const char *name, const struct stat *st)
{
	struct entry *to;

	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 64;
		struct entry *more = realloc(list->entries, capacity * sizeof(*more));

		if (!more)
			return;
		list->entries = more;
		list->capacity = capacity;
	}
	to = &list->entries[list->count++];
	memcpy(to->name, name, CACHE_NAME_LEN);
	to->bytes = st->st_size;
	to->used = st->st_mtim;
	list->bytes += to->bytes;
}

static void visit(const struct npu_image_cache *cache, struct listing *list, const char *name)
{
	bool complete = strlen(name) + 1 == CACHE_NAME_LEN;
	struct stat st;

	if (!is_ours(name) || fstatat(cache->fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	if (complete && S_ISREG(st.st_mode))
		add_entry(list, name, &st);
	else if (!complete && st.st_mtim.tv_sec + ABANDONED_SECONDS < time(NULL))
		unlinkat(cache->fd, name, 0);
}

static int by_use(const void *a, const void *b)
{
	const struct timespec *x = &((const struct entry *)a)->used;
	const struct timespec *y = &((const struct entry *)b)->used;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? -1 : 1;
	return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* A second handle: closedir() closes the one that it works on. */
static DIR *open_listing(const struct npu_image_cache *cache)
{
	int fd = openat(cache->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

void cache_evict(const struct npu_image_cache *cache, uint64_t bytes)
{
	uint64_t room = bytes < cache->max_bytes ? cache->max_bytes - bytes : 0;
	struct listing list = { 0 };
	DIR *dir = open_listing(cache);
	struct dirent *found;

	if (!dir)
		return;
	while ((found = readdir(dir)))
		visit(cache, &list, found->d_name);
	closedir(dir);
	if (list.bytes > room)
		qsort(list.entries, list.count, sizeof(*list.entries), by_use);
	for (size_t i = 0; i < list.count && list.bytes > room; i++) {
		unlinkat(cache->fd, list.entries[i].name, 0);
		list.bytes -= list.entries[i].bytes;
	}
	free(list.entries);
}
