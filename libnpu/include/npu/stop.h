/* SPDX-License-Identifier: MIT */
/*
 * Stop strings: text that ends generation and is never shown. What might be
 * the start of one is held back until it is clear that it is not.
 */
#ifndef NPU_STOP_H
#define NPU_STOP_H

#include <stddef.h>

#include <npu/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct npu_stop;

/**
 * npu_stop_create() - watch a stream of text for some strings
 * @strings: strings, none of them empty; copied
 * @n: number of them; with none all text passes at once
 * @stop: receives the watcher of one stream; free it with npu_stop_destroy()
 * @err: receives the reason, or NULL
 *
 * Return: 0; -EINVAL for an empty string; -ENOMEM.
 */
int npu_stop_create(const char *const *strings, size_t n, struct npu_stop **stop,
		    struct npu_error *err);

/** npu_stop_destroy() - free a watcher; NULL is allowed */
void npu_stop_destroy(struct npu_stop *stop);

/**
 * npu_stop_push() - more text of the stream
 * @stop: watcher
 * @text: any bytes
 * @len: number of them
 * @out: receives what may be shown, valid until the next call; not NUL-terminated
 * @out_len: receives its length
 * @err: receives the reason, or NULL
 *
 * The first string to be complete ends the stream, of several that end with the
 * same byte the longest; how the text is divided into calls makes no difference.
 * After that nothing comes out any more, until npu_stop_reset().
 *
 * Takes time in proportion to @len and the number of strings.
 *
 * Return: 0; -ENOMEM, with nothing taken.
 */
int npu_stop_push(struct npu_stop *stop, const char *text, size_t len,
		  const char **out, size_t *out_len, struct npu_error *err);

/** npu_stop_hit() - the string that ended the stream, or NULL */
const char *npu_stop_hit(const struct npu_stop *stop);

/**
 * npu_stop_flush() - what was held back, at the end of the stream
 * @stop: watcher; holds nothing afterwards
 * @len: receives the length
 *
 * Return: bytes, valid until the next call; none after a stop string.
 */
const char *npu_stop_flush(struct npu_stop *stop, size_t *len);

/** npu_stop_reset() - forget all text: a new stream begins */
void npu_stop_reset(struct npu_stop *stop);

#ifdef __cplusplus
}
#endif

#endif /* NPU_STOP_H */
