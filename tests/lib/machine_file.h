/* SPDX-License-Identifier: MIT */
/* Files of machines that differ from a built-in one in one figure. */
#ifndef NPU_TESTS_MACHINE_FILE_H
#define NPU_TESTS_MACHINE_FILE_H

#include <stddef.h>

/**
 * machine_file() - write a profile
 * @base: name of the profile to begin with
 * @key: figure to change, or NULL
 * @value: what it becomes
 * @path: receives the name of the file, which the caller removes
 * @len: bytes at @path
 *
 * Ends the test program on failure.
 */
void machine_file(const char *base, const char *key, const char *value, char *path, size_t len);

#endif /* NPU_TESTS_MACHINE_FILE_H */
