/* SPDX-License-Identifier: MIT */
/* How work that takes a while tells how far it is. */
#ifndef NPU_PROGRESS_H
#define NPU_PROGRESS_H

#include <stdint.h>

/**
 * npu_progress_fn - told from time to time how far the work is
 * @opaque: the caller's
 * @what: what is being done now, such as the name of a tensor
 * @done: how much of it all is done
 * @total: how much there is, in the same unit
 *
 * Called on the thread that does the work, with @done never falling; at the
 * end with @done equal to @total.
 */
typedef void npu_progress_fn(void *opaque, const char *what, uint64_t done,
			     uint64_t total);

#endif /* NPU_PROGRESS_H */
