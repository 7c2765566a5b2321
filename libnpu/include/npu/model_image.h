/* SPDX-License-Identifier: MIT */
/*
 * Job files of language models, which keep what else the model file says: a
 * compiled model is whole only with its tokenizer.
 */
#ifndef NPU_MODEL_IMAGE_H
#define NPU_MODEL_IMAGE_H

#include <npu/error.h>
#include <npu/gguf.h>
#include <npu/job.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Name of the constant tensor, and of its segment, with the metadata. */
#define NPU_MODEL_IMAGE_METADATA "metadata.gguf"

/**
 * npu_model_image_write() - write a job file with a model's metadata in it
 * @image: what was compiled; not changed
 * @gguf: the model file
 * @path: file, replaced only when the new one is complete
 * @err: what failed
 *
 * The metadata becomes one more readonly segment behind the others, with a
 * constant tensor NPU_MODEL_IMAGE_METADATA of type I8: a GGUF file of its own,
 * without tensors.
 *
 * Return: 0; -EEXIST when the image has one already; or another negative errno.
 */
int npu_model_image_write(const struct npu_job_image *image, const struct npu_gguf *gguf,
			  const char *path, struct npu_error *err);

/**
 * npu_model_image_metadata() - read what npu_model_image_write() put into a file
 * @image: image; must stay while @gguf is open
 * @name: what to call it in messages, such as the file's name
 * @gguf: receives the metadata as an open file; give it back with npu_gguf_close()
 * @err: what is missing or wrong
 *
 * Return: 0; -ENOENT for an image without metadata; -EINVAL for one that does
 * not hold a sound file there; -ENOMEM.
 */
int npu_model_image_metadata(const struct npu_job_image *image, const char *name,
			     struct npu_gguf **gguf, struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_MODEL_IMAGE_H */
