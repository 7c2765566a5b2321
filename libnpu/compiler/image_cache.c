// SPDX-License-Identifier: MIT
/* Compiled models in a directory of the user's. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image_cache.h"

/* The path of the default directory; empty: no cache is wanted. */
static int default_directory(char *path, size_t size, struct npu_error *err)
{
	const char *own = getenv("NPU_CACHE");
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	int n;

	if (own && !strcmp(own, "off"))
		n = snprintf(path, size, "%s", "");
	else if (own && *own)
		n = snprintf(path, size, "%s", own);
	else if (xdg && *xdg == '/')	/* the specification ignores others */
		n = snprintf(path, size, "%s/npu", xdg);
	else if (home && *home)
		n = snprintf(path, size, "%s/.cache/npu", home);
	else
		return npu_error_set(err, -ENOENT,
				     "no directory for compiled models: set HOME, XDG_CACHE_HOME or NPU_CACHE");
	if (n < 0 || (size_t)n >= size)
		return npu_error_set(err, -ENAMETOOLONG,
				     "the directory for compiled models has too long a name");
	return 0;
}

/* Parents are made too, for nobody else to look into, as the specification says. */
static int make_directory(const char *directory)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", directory);
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

static int open_directory(const char *directory, struct npu_error *err)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		int ret = make_directory(directory);

		if (ret)
			return npu_error_set(err, ret, "%s: cannot make the directory: %s",
					     directory, strerror(-ret));
		fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0 || fstat(fd, &st)) {
		int ret = -errno;

		if (fd >= 0)
			close(fd);
		return npu_error_set(err, ret, "%s: cannot open the directory: %s",
				     directory, strerror(-ret));
	}
	if (st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return fd;
	close(fd);
	return npu_error_set(err, -EPERM,
			     "%s: not used for compiled models: others may write it; 'chmod go-w' it, or name another with NPU_CACHE",
			     directory);
}

int npu_image_cache_open(const char *directory, uint64_t max_bytes,
		   struct npu_image_cache **cache, struct npu_error *err)
{
	char path[PATH_MAX - CACHE_NAME_LEN - 32];
	struct npu_image_cache *made;
	int ret;

	if (directory)
		ret = (size_t)snprintf(path, sizeof(path), "%s", directory) < sizeof(path) ?
		      0 : npu_error_set(err, -ENAMETOOLONG, "%s: too long", directory);
	else
		ret = default_directory(path, sizeof(path), err);
	if (ret)
		return ret;
	*cache = NULL;
	if (!*path)
		return 0;
	made = calloc(1, sizeof(*made));
	if (!made)
		return npu_error_set(err, -ENOMEM, "no memory for a cache");
	made->max_bytes = max_bytes ? max_bytes : NPU_IMAGE_CACHE_DEFAULT_BYTES;
	made->directory = strdup(path);
	made->fd = made->directory ? open_directory(path, err) :
		   npu_error_set(err, -ENOMEM, "no memory for a cache");
	if (made->fd < 0) {
		ret = made->fd;
		npu_image_cache_close(made);
		return ret;
	}
	*cache = made;
	return 0;
}

void npu_image_cache_close(struct npu_image_cache *cache)
{
	if (!cache)
		return;
	if (cache->fd >= 0)
		close(cache->fd);
	free(cache->directory);
	free(cache);
}

const char *npu_image_cache_directory(const struct npu_image_cache *cache)
{
	return cache->directory;
}

static void entry_path(const struct npu_image_cache *cache, const struct npu_image_key *key,
		       char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/", cache->directory);

	for (unsigned int i = 0; i < sizeof(key->digest); i++)
		n += snprintf(path + n, PATH_MAX - n, "%02x", key->digest[i]);
	snprintf(path + n, PATH_MAX - n, CACHE_SUFFIX);
}

int npu_image_cache_load(struct npu_image_cache *cache, const struct npu_image_key *key,
		   struct npu_job_image **image, struct npu_error *err)
{
	char path[PATH_MAX];
	struct stat st;
	int ret;

	entry_path(cache, key, path);
	if (lstat(path, &st))
		return npu_error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return npu_error_set(err, -EINVAL,
				     "%s: not a file of this user's", path);
	ret = npu_job_image_read(path, image, err);
	if (!ret)	/* it was used; should this fail it only ages early */
		utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
	return ret;
}

/* Bytes of the file that an image makes, but for its tables. */
static uint64_t image_bytes(const struct npu_job_image *image)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < image->n_segments; i++)
		bytes += image->segments[i].data_size;
	return bytes;
}

int npu_image_cache_store(struct npu_image_cache *cache, const struct npu_image_key *key,
		    const struct npu_job_image *image, struct npu_error *err)
{
	uint64_t bytes = image_bytes(image);
	char path[PATH_MAX];
	int ret;

	if (bytes > cache->max_bytes)
		return npu_error_set(err, -EFBIG,
				     "%s: the compiled model has %" PRIu64 " bytes, all of the cache may have %" PRIu64,
				     cache->directory, bytes, cache->max_bytes);
	cache_evict(cache, bytes);
	entry_path(cache, key, path);
	ret = npu_job_image_write(image, path, err);
	if (!ret)	/* now with the size of the tables */
		cache_evict(cache, 0);
	return ret;
}

static void note(struct npu_image_cache_outcome *outcome, enum npu_image_cache_event event,
		 const char *before, const struct npu_error *why)
{
	outcome->event = event;
	snprintf(outcome->note, sizeof(outcome->note), "%s%.*s", before,
		 (int)(sizeof(outcome->note) - strlen(before) - 1), why->message);
}

static void store(struct npu_image_cache *cache, const struct npu_image_key *key,
		  const struct npu_job_image *image, struct npu_image_cache_outcome *outcome)
{
	struct npu_error why = { 0 };

	if (npu_image_cache_store(cache, key, image, &why))
		note(outcome, NPU_IMAGE_CACHE_NOT_STORED, "compiled model not kept: ", &why);
	else if (outcome->event != NPU_IMAGE_CACHE_DAMAGED)
		outcome->event = NPU_IMAGE_CACHE_STORED;
}

int npu_image_cache_compile(struct npu_image_cache *cache, const struct npu_gguf *gguf,
		      const struct npu_target *target,
		      const struct npu_compile_options *options,
		      struct npu_job_image **image,
		      struct npu_image_cache_outcome *outcome, struct npu_error *err)
{
	struct npu_image_cache_outcome ignored = { 0 };
	struct npu_image_key key;
	struct npu_error why = { 0 };
	int ret;

	outcome = outcome ? outcome : &ignored;
	memset(outcome, 0, sizeof(*outcome));
	if (!cache)
		return npu_compile_llama(gguf, target, options, image, err);
	ret = npu_image_cache_key(gguf, -1, target, options, &key, err);
	if (ret)
		return ret;
	ret = npu_image_cache_load(cache, &key, image, &why);
	if (!ret) {
		outcome->event = NPU_IMAGE_CACHE_HIT;
		return 0;
	}
	if (ret != -ENOENT)
		note(outcome, NPU_IMAGE_CACHE_DAMAGED, "compiling again: ", &why);
	ret = npu_compile_llama(gguf, target, options, image, err);
	if (!ret)
		store(cache, &key, *image, outcome);
	return ret;
}
