// SPDX-License-Identifier: MIT
/* Bytes and energy over time. */
#include <string.h>

#include "trace_bins.h"

#define NARROWEST	32	/* cycles */

void trace_bins_begin(struct trace_bins *bins, uint64_t cycles)
{
	memset(bins, 0, sizeof(*bins));
	bins->width = (double)cycles / TRACE_BINS;
	if (bins->width < NARROWEST)
		bins->width = NARROWEST;
	bins->used = (uint32_t)(cycles / bins->width) + 1;
	if (bins->used > TRACE_BINS)
		bins->used = TRACE_BINS;
}

void trace_bins_add(struct trace_bins *bins, const struct npu_trace_record *r)
{
	double length = (double)(r->end - r->start), at = r->start;

	if (!r->mem && !r->energy_fj)
		return;
	for (uint32_t i = (uint32_t)(at / bins->width); i < TRACE_BINS && length > 0; i++) {
		double until = (i + 1) * bins->width, part;

		if (until > r->end || i == TRACE_BINS - 1)
			until = r->end;
		part = (until - at) / length;
		bins->bytes[i] += r->mem * part;
		bins->fj[i] += r->energy_fj * part;
		at = until;
		if (at >= r->end)
			break;
	}
}
