// SPDX-License-Identifier: MIT
/* Which implementation this host runs. */
#include <string.h>

#include "kernels.h"

/* Fastest first. */
static const struct npu_kernels *const implementations[] = {
	&npu_kernels_avx512,
	&npu_kernels_avx2,
	&npu_kernels_scalar,
};

const struct npu_kernels *npu_kernels_pick(const char *name)
{
	size_t count = sizeof(implementations) / sizeof(implementations[0]);

	for (size_t i = 0; i < count; i++) {
		if (name && strcmp(name, implementations[i]->name))
			continue;
		if (implementations[i]->usable())
			return implementations[i];
	}
	return NULL;
}
