// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: one vector for events, one for each queue if there are enough.
 *
 * A cause is cleared before its work is looked for: what comes after the clear
 * sends another message, so nothing is missed. Which causes a vector stands
 * for is fixed, so no handler needs to read a register.
 */
#include <linux/interrupt.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>

#include "npu_device.h"
#include "npu_event.h"

#define NPU_IRQ_QUEUES	GENMASK(16 + NPU_MAX_QUEUES - 1, 16)

static void npu_irq_queue(struct npu_queue *queue)
{
	if (!npu_inject(&queue->npu->inject.lost_irqs))
		npu_queue_process(queue);
}

static irqreturn_t npu_irq_handler(int irq, void *arg)
{
	struct npu_irq *vector = arg;
	struct npu_device *npu = vector->npu;
	u32 i;

	if (vector->causes & NPU_IRQ_QUEUES)
		npu_write(npu, NPU_REG_IRQ_STATUS, vector->causes & NPU_IRQ_QUEUES);
	for (i = 0; i < npu->info.queues; i++)
		if (vector->causes & NPU_IRQ_QUEUE(i))
			npu_irq_queue(&npu->queues[i]);
	return vector->causes & NPU_IRQ_EVENTS ? IRQ_WAKE_THREAD : IRQ_HANDLED;
}

static irqreturn_t npu_irq_thread(int irq, void *arg)
{
	struct npu_irq *vector = arg;
	struct npu_device *npu = vector->npu;
	int idx;

	if (!drm_dev_enter(&npu->drm, &idx))
		return IRQ_HANDLED;
	npu_event_process(npu);
	drm_dev_exit(idx);
	return IRQ_HANDLED;
}

static void npu_irq_assign(struct npu_device *npu)
{
	u32 i, vector;

	npu->irqs[0].causes = NPU_IRQ_EVENTS;
	for (i = 0; i < npu->info.queues; i++) {
		vector = npu->num_irqs > 1 ? 1 + i % (npu->num_irqs - 1) : 0;
		npu->irqs[vector].causes |= NPU_IRQ_QUEUE(i);
		npu->queues[i].vector = vector;
	}
}

/**
 * npu_irq_init() - set up interrupts
 * @npu: device, reset
 *
 * Return: 0 or a negative errno.
 */
int npu_irq_init(struct npu_device *npu)
{
	struct pci_dev *pdev = to_pci_dev(npu->drm.dev);
	int ret, i, wanted;

	wanted = min(1 + npu->info.queues, npu_read(npu, NPU_REG_VECTORS));
	ret = pci_alloc_irq_vectors(pdev, 1, clamp(wanted, 1, NPU_MAX_VECTORS), PCI_IRQ_MSIX);
	if (ret < 0)
		return dev_err_probe(&pdev->dev, ret, "no MSI-X vector\n");
	npu->num_irqs = ret;
	npu_irq_assign(npu);
	for (i = 0; i < npu->num_irqs; i++) {
		struct npu_irq *vector = &npu->irqs[i];

		vector->npu = npu;
		ret = devm_request_threaded_irq(&pdev->dev, pci_irq_vector(pdev, i),
						npu_irq_handler,
						vector->causes & NPU_IRQ_EVENTS ?
						npu_irq_thread : NULL, 0, "npu", vector);
		if (ret)
			return dev_err_probe(&pdev->dev, ret, "cannot use vector %d\n", i);
	}
	return 0;
}
