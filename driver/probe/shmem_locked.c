// SPDX-License-Identifier: GPL-2.0-only
#include <drm/drm_gem_shmem_helper.h>

void probe(struct drm_gem_shmem_object *shmem);
void probe(struct drm_gem_shmem_object *shmem)
{
	drm_gem_shmem_purge_locked(shmem);
}
