/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Virtual NPU: a machine that stops, goes on, is saved and loaded. Jobs stop
 * between two instructions and go on there, on this host or another.
 *
 * Memory that a job writes through a mapping counts as written when the mapping
 * is given back. Stopping gives all back, so the last pass of a migration, which
 * comes after it, sees every page.
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie_aer.h"
#include "migration/vmstate.h"
#include "npu-pci.h"

static void npu_run_state_changed(void *opaque, bool running, RunState state)
{
    NPUState *s = opaque;

    if (running) {
        npu_core_resume(s->core);
        return;
    }
    /* Only a reset leads on from there: no instruction needs to be completed. */
    if (state == RUN_STATE_SHUTDOWN) {
        npu_core_reset(s->core);
    }
    npu_core_pause(s->core);
    /* Who is saved after this device is to have got them. */
    if (qatomic_read(&s->raise_pending)) {
        npu_send_messages(s);
    }
}

void npu_state_init(NPUState *s)
{
    s->run_state = qemu_add_vm_change_state_handler(npu_run_state_changed, s);
    if (!runstate_is_running()) {
        npu_core_pause(s->core);
    }
}

void npu_state_exit(NPUState *s)
{
    qemu_del_vm_change_state_handler(s->run_state);
}

static int npu_pre_save(void *opaque)
{
    NPUState *s = opaque;
    size_t size;

    s->state = npu_core_save(s->core, &size);
    if (!s->state || size > UINT32_MAX) {
        error_report("npu: no memory to save the device");
        free(s->state);
        s->state = NULL;
        return -ENOMEM;
    }
    s->state_size = size;
    return 0;
}

static int npu_post_save(void *opaque)
{
    NPUState *s = opaque;

    free(s->state);
    s->state = NULL;
    return 0;
}

/* Before room is made for it. */
static bool npu_state_fits(void *opaque, int version_id)
{
    NPUState *s = opaque;
    uint64_t max = npu_core_state_max(s->core);

    if (s->state_size <= max) {
        return true;
    }
    error_report("npu: a saved device of %" PRIu32 " bytes: this one has at "
                 "most %" PRIu64, s->state_size, max);
    return false;
}

static int npu_post_load(void *opaque, int version_id)
{
    NPUState *s = opaque;
    char message[256];
    bool loaded = npu_core_load(s->core, s->state, s->state_size, message,
                                sizeof(message));

    g_free(s->state);
    s->state = NULL;
    if (!loaded) {
        error_report("npu: the saved device cannot go on in this one: %s",
                     message);
        return -EINVAL;
    }
    return 0;
}

const VMStateDescription npu_vmstate = {
    .name = TYPE_NPU,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = npu_pre_save,
    .post_save = npu_post_save,
    .post_load = npu_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj, NPUState),
        VMSTATE_STRUCT(parent_obj.exp.aer_log, NPUState, 0,
                       vmstate_pcie_aer_log, PCIEAERLog),
        VMSTATE_MSIX(parent_obj, NPUState),
        VMSTATE_UINT32(state_size, NPUState),
        VMSTATE_VALIDATE("size of the state", npu_state_fits),
        VMSTATE_VBUFFER_ALLOC_UINT32(state, NPUState, 0, NULL, state_size),
        VMSTATE_END_OF_LIST()
    },
};
