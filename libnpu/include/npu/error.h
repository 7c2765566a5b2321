/* SPDX-License-Identifier: MIT */
/* How libnpu reports errors: a negative errno, and a message for a person. */
#ifndef NPU_ERROR_H
#define NPU_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#define NPU_ERROR_LEN 512

/**
 * struct npu_error - what went wrong
 * @code: negative errno; what the function returned (or would have)
 * @message: one line without newline: what happened, where, what to do next
 *
 * Functions that can fail take a pointer to one as their last argument. It
 * belongs to the caller, is written only on failure, and may be NULL.
 */
struct npu_error {
	int code;
	char message[NPU_ERROR_LEN];
};

/**
 * npu_error_set() - fill in an error and give its code back
 * @err: error to fill, or NULL
 * @code: negative errno
 * @fmt: printf format of the message
 *
 * Return: @code, so that a caller can write ``return npu_error_set(...)``.
 */
int npu_error_set(struct npu_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif

#endif /* NPU_ERROR_H */
