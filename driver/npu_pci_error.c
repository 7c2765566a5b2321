// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors that PCI reports, and resets of the function that others ask for.
 *
 * An error that is not fatal has hurt one access: if the device still answers it
 * goes on. After a fatal one PCI resets the link, and the device is started
 * like one that was reset. Either way only jobs that had begun are lost.
 */
#include <linux/pci.h>

#include <drm/drm_print.h>

#include "npu_device.h"
#include "npu_pause.h"
#include "npu_pci_error.h"
#include "npu_reset.h"

static pci_ers_result_t npu_pci_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct npu_device *npu = pci_get_drvdata(pdev);

	switch (state) {
	case pci_channel_io_normal:
		return PCI_ERS_RESULT_CAN_RECOVER;
	case pci_channel_io_frozen:
		npu_pause(npu, NPU_PAUSE_ERROR);
		return PCI_ERS_RESULT_NEED_RESET;
	default:
		npu_pause(npu, NPU_PAUSE_ERROR);
		npu_reset_give_up(npu);
		return PCI_ERS_RESULT_DISCONNECT;
	}
}

static pci_ers_result_t npu_pci_mmio_enabled(struct pci_dev *pdev)
{
	struct npu_device *npu = pci_get_drvdata(pdev);

	/* One that sleeps does not answer, and had nothing to lose. */
	if (READ_ONCE(npu->paused) || !npu_device_gone(npu))
		return PCI_ERS_RESULT_RECOVERED;
	npu_pause(npu, NPU_PAUSE_ERROR);
	return PCI_ERS_RESULT_NEED_RESET;
}

/* Bus Master and the interrupts' table are gone with the rest. */
static pci_ers_result_t npu_pci_slot_reset(struct pci_dev *pdev)
{
	struct npu_device *npu = pci_get_drvdata(pdev);

	if (!pci_load_saved_state(pdev, npu->pci_state)) {
		pci_restore_state(pdev);
		if (!npu_device_gone(npu))
			return PCI_ERS_RESULT_RECOVERED;
	}
	npu_reset_give_up(npu);
	return PCI_ERS_RESULT_DISCONNECT;
}

static void npu_pci_resume(struct pci_dev *pdev)
{
	npu_unpause(pci_get_drvdata(pdev), NPU_PAUSE_ERROR);
}

static void npu_pci_reset_prepare(struct pci_dev *pdev)
{
	npu_pause(pci_get_drvdata(pdev), NPU_PAUSE_RESET);
}

static void npu_pci_reset_done(struct pci_dev *pdev)
{
	npu_unpause(pci_get_drvdata(pdev), NPU_PAUSE_RESET);
}

const struct pci_error_handlers npu_pci_error_handlers = {
	.error_detected = npu_pci_error_detected,
	.mmio_enabled = npu_pci_mmio_enabled,
	.slot_reset = npu_pci_slot_reset,
	.resume = npu_pci_resume,
	.reset_prepare = npu_pci_reset_prepare,
	.reset_done = npu_pci_reset_done,
};

static void npu_pci_error_free_state(void *state)
{
	kfree(state);
}

/**
 * npu_pci_error_init() - remember the configuration that a reset of the link takes
 * @npu: device, all of whose PCI function is set up
 *
 * Return: 0 or a negative errno.
 */
int npu_pci_error_init(struct npu_device *npu)
{
	struct pci_dev *pdev = to_pci_dev(npu->drm.dev);
	int ret;

	ret = pci_save_state(pdev);
	if (ret)
		return ret;
	npu->pci_state = pci_store_saved_state(pdev);
	if (!npu->pci_state)
		return -ENOMEM;
	return devm_add_action_or_reset(&pdev->dev, npu_pci_error_free_state, npu->pci_state);
}
