/* SPDX-License-Identifier: MIT */
/*
 * Writing GGUF files (version 3).
 *
 * A writer collects metadata and descriptions of tensors, then writes them in
 * order; the data of a tensor is asked for when its turn comes, so that a
 * file larger than memory can be written. Errors of the functions that add
 * are kept and reported by npu_gguf_writer_write().
 */
#ifndef NPU_GGUF_WRITE_H
#define NPU_GGUF_WRITE_H

#include <npu/gguf.h>
#include <npu/progress.h>

#ifdef __cplusplus
extern "C" {
#endif

struct npu_gguf_writer;

/** npu_gguf_writer_create() - start a file; NULL without memory */
struct npu_gguf_writer *npu_gguf_writer_create(void);

/** npu_gguf_writer_destroy() - give a writer back; NULL is allowed */
void npu_gguf_writer_destroy(struct npu_gguf_writer *w);

/**
 * npu_gguf_writer_copy() - take over the metadata of another file
 * @w: writer
 * @from: open file
 * @but: keys that start with this are left out, as is general.alignment; or NULL
 */
void npu_gguf_writer_copy(struct npu_gguf_writer *w, const struct npu_gguf *from,
			  const char *but);

/** npu_gguf_writer_u32() - add an integer */
void npu_gguf_writer_u32(struct npu_gguf_writer *w, const char *key, uint32_t value);

/** npu_gguf_writer_f32() - add a number */
void npu_gguf_writer_f32(struct npu_gguf_writer *w, const char *key, float value);

/** npu_gguf_writer_bool() - add a truth value */
void npu_gguf_writer_bool(struct npu_gguf_writer *w, const char *key, bool value);

/** npu_gguf_writer_string() - add a string */
void npu_gguf_writer_string(struct npu_gguf_writer *w, const char *key, const char *value);

/** npu_gguf_writer_strings() - add an array of @n strings */
void npu_gguf_writer_strings(struct npu_gguf_writer *w, const char *key,
			     const char *const *values, uint64_t n);

/** npu_gguf_writer_u32s() - add an array of @n integers */
void npu_gguf_writer_u32s(struct npu_gguf_writer *w, const char *key,
			  const uint32_t *values, uint64_t n);

/** npu_gguf_writer_i32s() - add an array of @n integers with a sign */
void npu_gguf_writer_i32s(struct npu_gguf_writer *w, const char *key,
			  const int32_t *values, uint64_t n);

/** npu_gguf_writer_f32s() - add an array of @n numbers */
void npu_gguf_writer_f32s(struct npu_gguf_writer *w, const char *key,
			  const float *values, uint64_t n);

/**
 * struct npu_gguf_new_tensor - a tensor to be written
 * @name: its name, 1 to 64 bytes; copied
 * @type: enum npu_gguf_type
 * @n_dims: number of dimensions, 1 to 4
 * @dims: elements in each, dims[0] a multiple of the type's block
 * @fill: writes the tensor's bytes to @dst; 0, or a negative errno with @err set
 * @opaque: first argument of @fill
 */
struct npu_gguf_new_tensor {
	const char *name;
	uint32_t type;
	uint32_t n_dims;
	uint64_t dims[NPU_GGUF_MAX_DIMS];
	int (*fill)(void *opaque, void *dst, uint64_t size, struct npu_error *err);
	void *opaque;
};

/** npu_gguf_writer_tensor() - add a tensor */
void npu_gguf_writer_tensor(struct npu_gguf_writer *w,
			    const struct npu_gguf_new_tensor *tensor);

/**
 * npu_gguf_writer_write() - write the file
 * @w: writer
 * @path: where to; replaced at once when all is written, as it was on failure
 * @progress: told how many bytes of tensors are written, or NULL
 * @opaque: passed to @progress
 * @err: what failed
 *
 * Return: 0, or a negative errno.
 */
int npu_gguf_writer_write(struct npu_gguf_writer *w, const char *path,
			  npu_progress_fn *progress, void *opaque, struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_GGUF_WRITE_H */
