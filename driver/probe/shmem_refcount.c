// SPDX-License-Identifier: GPL-2.0-only
#include <drm/drm_gem_shmem_helper.h>

unsigned int probe(struct drm_gem_shmem_object *shmem);
unsigned int probe(struct drm_gem_shmem_object *shmem)
{
	return refcount_read(&shmem->pages_use_count);
}
