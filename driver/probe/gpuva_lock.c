// SPDX-License-Identifier: GPL-2.0-only
#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>

struct mutex *probe(struct drm_gem_object *obj);
struct mutex *probe(struct drm_gem_object *obj)
{
	return DRM_GPUVM_IMMEDIATE_MODE ? &obj->gpuva.lock : NULL;
}
