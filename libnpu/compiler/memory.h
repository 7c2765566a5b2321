/* SPDX-License-Identifier: MIT */
/* Whether there is memory for what is to be compiled or loaded. */
#ifndef LIBNPU_COMPILER_MEMORY_H
#define LIBNPU_COMPILER_MEMORY_H

#include <stdint.h>

#include <npu/error.h>

/**
 * memory_check() - refuse what the machine's memory cannot hold
 * @what: what needs it, for the message
 * @needed: bytes
 * @err: receives both numbers
 *
 * Asked before any weight is converted or loaded: running out after minutes of work, or
 * being killed, would tell less. Where the system does not say what is
 * available, nothing is refused.
 *
 * Return: 0, or -E2BIG.
 */
int memory_check(const char *what, uint64_t needed, struct npu_error *err);

#endif /* LIBNPU_COMPILER_MEMORY_H */
