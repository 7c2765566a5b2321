// SPDX-License-Identifier: MIT
/* The devices that a run is split over. */
#include <errno.h>

#include <npu/device.h>

#include "run.h"

/* One by one, so that those that are there are closed. */
static int open_named(struct run *run, struct npu_error *err)
{
	const struct option_list *nodes = &run->options->nodes;
	uint32_t n = run->options->split_none ? 1 : nodes->n;
	int ret = 0;

	while (!ret && run->n_devices < n) {
		ret = npu_device_open(nodes->items[run->n_devices],
				      &run->devices[run->n_devices], err);
		run->n_devices += !ret;
	}
	return ret;
}

int run_open_devices(struct run *run, struct npu_error *err)
{
	const struct run_options *o = run->options;
	uint32_t n = o->devices && !o->split_none ? o->devices : 1;
	int ret;

	if (o->nodes.n > 1 || (o->nodes.n && n == 1))
		return open_named(run, err);
	ret = npu_device_open_several(o->nodes.n ? o->nodes.items[0] : NULL, n, run->devices,
				      err);
	run->n_devices = ret ? 0 : n;
	return ret;
}
