/* SPDX-License-Identifier: MIT */
/* Ctrl-C that ends what is being done, not the program. */
#ifndef NPU_TOOLS_INTERRUPT_H
#define NPU_TOOLS_INTERRUPT_H

#include <stdbool.h>

/**
 * interrupt_catch() - from now on SIGINT is only noted
 *
 * A second one, before the first was asked for, ends the program all the same:
 * something hangs.
 *
 * Return: 0 or a negative errno.
 */
int interrupt_catch(void);

/** interrupt_pending() - whether one came since interrupt_clear() */
bool interrupt_pending(void);

/** interrupt_clear() - what came so far has been heeded */
void interrupt_clear(void);

/** interrupt_fd() - readable while one is pending, for poll() */
int interrupt_fd(void);

#endif /* NPU_TOOLS_INTERRUPT_H */
