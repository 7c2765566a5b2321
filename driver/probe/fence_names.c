// SPDX-License-Identifier: GPL-2.0-only
#include <linux/dma-fence.h>

const char __rcu *probe(struct dma_fence *fence);
const char __rcu *probe(struct dma_fence *fence)
{
	return dma_fence_timeline_name(fence);
}
