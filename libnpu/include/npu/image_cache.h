/* SPDX-License-Identifier: MIT */
/*
 * Compiled models, kept in a directory so that they are compiled once.
 *
 *	npu_image_cache_open(NULL, 0, &cache, &err);
 *	npu_image_cache_compile(cache, gguf, &target, NULL, &image, &outcome, &err);
 *
 * An entry is a job file under a name that is a digest (SHA-256) of all that
 * the result depends on: every byte of the model file, the device, the choices
 * of the compiler, and the compiler's own sources. So nothing goes stale, and
 * what is no longer used is what has not been read for the longest time.
 */
#ifndef NPU_IMAGE_CACHE_H
#define NPU_IMAGE_CACHE_H

#include <stdint.h>

#include <npu/compile.h>
#include <npu/error.h>
#include <npu/gguf.h>
#include <npu/job.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NPU_IMAGE_CACHE_DEFAULT_BYTES (8ull << 30)
#define NPU_IMAGE_CACHE_KEY_BYTES 32

struct npu_image_cache;

/** struct npu_image_key - what an entry is found by */
struct npu_image_key {
	unsigned char digest[NPU_IMAGE_CACHE_KEY_BYTES];
};

/**
 * enum npu_image_cache_event - what came of asking a cache
 * @NPU_IMAGE_CACHE_UNUSED: there was no cache
 * @NPU_IMAGE_CACHE_HIT: the result was there
 * @NPU_IMAGE_CACHE_STORED: it was not, and is now
 * @NPU_IMAGE_CACHE_DAMAGED: what was there could not be read, and was replaced
 * @NPU_IMAGE_CACHE_NOT_STORED: it was not there, and could not be kept
 */
enum npu_image_cache_event {
	NPU_IMAGE_CACHE_UNUSED,
	NPU_IMAGE_CACHE_HIT,
	NPU_IMAGE_CACHE_STORED,
	NPU_IMAGE_CACHE_DAMAGED,
	NPU_IMAGE_CACHE_NOT_STORED,
};

/**
 * struct npu_image_cache_outcome - what came of it, for a person
 * @event: enum npu_image_cache_event
 * @note: one line where something is worth telling: what was damaged, or why
 *	the result was not kept; else empty
 */
struct npu_image_cache_outcome {
	enum npu_image_cache_event event;
	char note[NPU_ERROR_LEN];
};

/**
 * npu_image_cache_open() - use a directory as a cache
 * @directory: directory, made when it is not there; NULL: the environment's
 *	NPU_CACHE, else npu under XDG_CACHE_HOME, else .cache/npu under HOME
 * @max_bytes: most bytes of all entries; 0: NPU_IMAGE_CACHE_DEFAULT_BYTES
 * @cache: receives the cache, NULL when NPU_CACHE is "off"; give it back with
 *	npu_image_cache_close()
 * @err: what is wrong with the directory
 *
 * The directory must belong to the user, and nobody else may write it: what
 * is in it runs.
 *
 * Return: 0; -EPERM for a directory that others may write; or another
 * negative errno.
 */
int npu_image_cache_open(const char *directory, uint64_t max_bytes,
		   struct npu_image_cache **cache, struct npu_error *err);

/** npu_image_cache_close() - give a cache back, its entries stay; NULL is allowed */
void npu_image_cache_close(struct npu_image_cache *cache);

/** npu_image_cache_directory() - where the entries are */
const char *npu_image_cache_directory(const struct npu_image_cache *cache);

/**
 * npu_image_cache_key() - digest all that a compiled model depends on
 * @gguf: model file
 * @layer: block that is compiled, or -1 for the whole model
 * @target: device
 * @options: choices of the compiler, or NULL
 * @key: receives the key
 * @err: what failed
 *
 * Reads all of the file.
 *
 * Return: 0 or a negative errno.
 */
int npu_image_cache_key(const struct npu_gguf *gguf, int64_t layer,
		  const struct npu_target *target,
		  const struct npu_compile_options *options,
		  struct npu_image_key *key, struct npu_error *err);

/**
 * npu_image_cache_load() - read an entry
 * @cache: cache
 * @key: key
 * @image: receives the image; free it with npu_job_image_free()
 * @err: why not
 *
 * Return: 0; -ENOENT when there is none; -EINVAL for one that is damaged.
 */
int npu_image_cache_load(struct npu_image_cache *cache, const struct npu_image_key *key,
		   struct npu_job_image **image, struct npu_error *err);

/**
 * npu_image_cache_store() - keep an image
 * @cache: cache
 * @key: key
 * @image: image
 * @err: why not
 *
 * Other entries make room, those first that were not read for the longest
 * time. The entry appears when it is complete; an interrupted write leaves none.
 *
 * Return: 0; -EFBIG when the image is larger than the whole cache may be; or
 * another negative errno.
 */
int npu_image_cache_store(struct npu_image_cache *cache, const struct npu_image_key *key,
		    const struct npu_job_image *image, struct npu_error *err);

/**
 * npu_image_cache_compile() - a compiled model, from the cache or anew
 * @cache: cache, or NULL to compile in any case
 * @gguf: open file
 * @target: device
 * @options: choices of the compiler, or NULL
 * @image: receives the image; free it with npu_job_image_free()
 * @outcome: receives what came of the cache, or NULL
 * @err: as npu_compile_llama()
 *
 * A cache that does not work is told of in @outcome; it is no error.
 *
 * Return: as npu_compile_llama().
 */
int npu_image_cache_compile(struct npu_image_cache *cache, const struct npu_gguf *gguf,
		      const struct npu_target *target,
		      const struct npu_compile_options *options,
		      struct npu_job_image **image,
		      struct npu_image_cache_outcome *outcome, struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_IMAGE_CACHE_H */
