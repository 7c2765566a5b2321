/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Virtual NPU: PCI function around the machine in core/.
 *
 * This file knows PCI and MSI-X, npu-dma.c guest memory, npu-state.c snapshots
 * and migration; core/ knows the NPU. They meet in core/npu_core.h. See
 * Documentation/hardware.rst for the device.
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/error-report.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"
#if __has_include("qemu/bql-trylock.h")
#include "qemu/bql-trylock.h"
#else
static bool bql_trylock(void)
{
    return false;
}
#endif
#include "qapi/error.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci_device.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_aer.h"
#if __has_include("hw/core/qdev-properties.h")
#include "hw/core/qdev-properties.h"
#else
#include "hw/qdev-properties.h"
#endif
#include "trace.h"

#include "hw/npu_regs.h"
#include "npu-pci.h"

/* Of the extended configuration space. */
#define NPU_PCI_AER 0x100
#define NPU_HAZARDS_TOLD 100
/* Who writes a register holds the big lock for about a microsecond. */
#define NPU_SEND_TRIES 64

void npu_send_messages(void *opaque)
{
    NPUState *s = opaque;
    uint32_t pending = qatomic_xchg(&s->raise_pending, 0);

    while (pending) {
        unsigned int vector = ctz32(pending);

        pending &= pending - 1;
        msix_notify(PCI_DEVICE(s), vector);
    }
}

static bool npu_try_lock(void)
{
    unsigned int i;

    for (i = 0; i < NPU_SEND_TRIES && !bql_locked(); i++) {
        if (bql_trylock()) {
            return true;
        }
        cpu_relax();
    }
    return false;
}

/*
 * A message is a write to memory, for which the big lock is needed. A worker must
 * not wait for that, as its holder may wait for the worker. But mostly it is
 * free, and then the message need not wait until the main loop has woken up,
 * which takes longer than a small job. What stands for the bottom half's guard
 * stops a guest that directs messages to this device's registers.
 */
static bool npu_send_now(NPUState *s)
{
    MemReentrancyGuard *guard = &DEVICE(s)->mem_reentrancy_guard;
    bool engaged;

    if (!npu_try_lock()) {
        return false;
    }
    engaged = guard->engaged_in_io;
    guard->engaged_in_io = true;
    npu_send_messages(s);
    guard->engaged_in_io = engaged;
    bql_unlock();
    return true;
}

static void npu_raise(void *opaque, unsigned int vector)
{
    NPUState *s = opaque;

    if (vector < NPU_MAX_VECTORS) {
        qatomic_or(&s->raise_pending, BIT(vector));
        if (!npu_send_now(s)) {
            qemu_bh_schedule(s->raise_bh);
        }
    }
}

/* Workers walk memory maps, which only threads that RCU knows may do. */
static void npu_thread_begin(void *opaque)
{
    rcu_register_thread();
}

static void npu_thread_end(void *opaque)
{
    rcu_unregister_thread();
}

static uint64_t npu_clock_ns(void *opaque)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void npu_trace(void *opaque, const struct npu_trace *event)
{
    switch (event->kind) {
    case NPU_TRACE_DOORBELL:
        trace_npu_doorbell(event->queue, event->arg);
        break;
    case NPU_TRACE_JOB_START:
        trace_npu_job_start(event->queue, event->context, event->job);
        break;
    case NPU_TRACE_JOB_END:
        trace_npu_job_end(event->queue, event->context, event->job,
                          event->arg);
        break;
    case NPU_TRACE_JOB_SUSPEND:
        trace_npu_job_suspend(event->queue, event->context, event->job);
        break;
    case NPU_TRACE_JOB_RESUME:
        trace_npu_job_resume(event->queue, event->context, event->job);
        break;
    case NPU_TRACE_FAULT:
        trace_npu_fault(event->queue, event->context, event->job, event->arg,
                        event->pc, event->address);
        break;
    case NPU_TRACE_QUEUE_RESET:
        trace_npu_queue_reset(event->queue);
        break;
    case NPU_TRACE_RESET:
        trace_npu_reset();
        break;
    }
}

/* A guest may have as many as it likes: only the first of each kind counts. */
static void npu_hazard(void *opaque, const struct npu_hazard *h)
{
    const struct npu_hazard_access *a = h->access;
    static unsigned int told;

    trace_npu_hazard(h->job, h->core, a[0].pc, a[1].pc, h->address, h->len);
    /* Not counted any further, or some day it would begin anew. */
    if (qatomic_read(&told) >= NPU_HAZARDS_TOLD ||
        qatomic_fetch_inc(&told) >= NPU_HAZARDS_TOLD) {
        return;
    }
    warn_report("npu: hazard: core %u: instruction %u (opcode 0x%02x, tag %u) "
                "%s SRAM 0x%" PRIx64 "..0x%" PRIx64 ", which instruction %u "
                "(opcode 0x%02x, tag %u) %s: no token orders them",
                h->core, a[0].pc, a[0].opcode, a[0].tag,
                a[0].write ? "writes" : "reads", h->address,
                h->address + h->len - 1, a[1].pc, a[1].opcode, a[1].tag,
                a[1].write ? "writes" : "reads");
}

static const struct npu_core_ops npu_ops = {
    .read = npu_dma_read,
    .write = npu_dma_write,
    .map = npu_dma_map,
    .unmap = npu_dma_unmap,
    .raise = npu_raise,
    .clock_ns = npu_clock_ns,
    .trace = npu_trace,
    .hazard = npu_hazard,
    .serve = npu_dma_serve,
    .thread_begin = npu_thread_begin,
    .thread_end = npu_thread_end,
};

static uint64_t npu_regs_read(void *opaque, hwaddr addr, unsigned size)
{
    NPUState *s = opaque;
    uint32_t value;

    /* A vCPU may have been on its way here when the device was unplugged. */
    if (size != 4 || !s->core) {
        return MAKE_64BIT_MASK(0, 8 * size);
    }
    value = npu_core_read(s->core, addr);
    /* What led to this value sent its messages before: the guest relies on it. */
    if (qatomic_read(&s->raise_pending)) {
        npu_send_messages(s);
    }
    return value;
}

static void npu_regs_write(void *opaque, hwaddr addr, uint64_t value,
                           unsigned size)
{
    NPUState *s = opaque;

    if (size == 4 && s->core) {
        npu_core_write(s->core, addr, value);
    }
}

static const MemoryRegionOps npu_regs_ops = {
    .read = npu_regs_read,
    .write = npu_regs_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

static bool npu_is_awake(const PCIDevice *pdev)
{
    return !(pci_get_word(pdev->config + pdev->pm_cap + PCI_PM_CTRL) &
             PCI_PM_CTRL_STATE_MASK);
}

/*
 * In D3hot the machine keeps nothing: it stops at once, and comes back as after
 * a reset of the function, which No_Soft_Reset, zero, tells the driver.
 */
static void npu_power_write_config(PCIDevice *pdev, bool was_awake)
{
    NPUState *s = NPU(pdev);
    bool awake = npu_is_awake(pdev);

    if (awake == was_awake) {
        return;
    }
    if (awake) {
        pci_device_reset(pdev);
    } else {
        npu_core_reset(s->core);
    }
    npu_core_set_power(s->core, awake);
    trace_npu_power(awake);
}

static void npu_config_write(PCIDevice *pdev, uint32_t addr, uint32_t value,
                             int len)
{
    NPUState *s = NPU(pdev);
    bool master = pci_get_word(pdev->config + PCI_COMMAND) & PCI_COMMAND_MASTER;
    bool awake = npu_is_awake(pdev);

    pci_default_write_config(pdev, addr, value, len);
    pcie_cap_flr_write_config(pdev, addr, value, len);
    pcie_aer_write_config(pdev, addr, value, len);
    npu_power_write_config(pdev, awake);
    if (master &&
        !(pci_get_word(pdev->config + PCI_COMMAND) & PCI_COMMAND_MASTER)) {
        npu_core_invalidate(s->core);
    }
}

/* Power-on, bus reset and FLR. */
static void npu_reset(DeviceState *dev)
{
    NPUState *s = NPU(dev);

    npu_core_reset(s->core);
    npu_core_set_power(s->core, true);
    qatomic_set(&s->raise_pending, 0);
    npu_dma_reset(s);
    pcie_cap_deverr_reset(PCI_DEVICE(s));
    msix_reset(PCI_DEVICE(s));
}

static bool npu_init_power(PCIDevice *pdev, Error **errp)
{
    int cap = pci_pm_init(pdev, 0, errp);

    if (cap < 0) {
        return false;
    }
    pci_set_word(pdev->config + cap + PCI_PM_PMC, 3);
    pci_set_word(pdev->wmask + cap + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
    return true;
}

/* With advanced error reporting errors can be injected, and drivers tested. */
static bool npu_init_express(PCIDevice *pdev, Error **errp)
{
    if (pcie_endpoint_cap_init(pdev, 0) < 0) {
        error_setg(errp, "npu: no room for the PCI Express capability");
        return false;
    }
    pcie_cap_flr_init(pdev);
    pcie_cap_deverr_init(pdev);
    if (pcie_aer_init(pdev, PCI_ERR_VER, NPU_PCI_AER, PCI_ERR_SIZEOF,
                      errp) < 0) {
        pcie_cap_exit(pdev);
        return false;
    }
    return true;
}

static bool npu_init_pci(PCIDevice *pdev, Error **errp)
{
    NPUState *s = NPU(pdev);
    unsigned int vector;

    memory_region_init_io(&s->regs, OBJECT(s), &npu_regs_ops, s, "npu-regs",
                          NPU_BAR_REGS_SIZE);
    pci_register_bar(pdev, NPU_PCI_BAR_REGS,
                     PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64, &s->regs);
    if (!npu_init_power(pdev, errp) || !npu_init_express(pdev, errp)) {
        return false;
    }
    if (msix_init_exclusive_bar(pdev, NPU_MAX_VECTORS, NPU_PCI_BAR_MSIX,
                                errp) < 0) {
        pcie_aer_exit(pdev);
        pcie_cap_exit(pdev);
        return false;
    }
    for (vector = 0; vector < NPU_MAX_VECTORS; vector++) {
        msix_vector_use(pdev, vector);
    }
    return true;
}

static void npu_realize(PCIDevice *pdev, Error **errp)
{
    NPUState *s = NPU(pdev);
    struct npu_core_config config = {
        .profile = s->profile,
        .kernels = s->kernels,
        .pace = s->pace,
        .inject = s->inject,
        .hazards = s->hazards,
        .cores = s->cores,
        .sram_size = s->sram,
        .queues = s->queues,
        .threads = s->threads,
        .no_pin = !s->pin,
    };
    char message[256];

    s->raise_bh = qemu_bh_new_guarded(npu_send_messages, s,
                                      &DEVICE(pdev)->mem_reentrancy_guard);
    s->core = npu_core_new(&config, &npu_ops, s, message, sizeof(message));
    if (!s->core) {
        error_setg(errp, "npu: %s", message);
    } else if (npu_init_pci(pdev, errp)) {
        npu_dma_init(s);
        npu_state_init(s);
        return;
    }
    npu_core_free(s->core);
    s->core = NULL;
    qemu_bh_delete(s->raise_bh);
}

static void npu_exit(PCIDevice *pdev)
{
    NPUState *s = NPU(pdev);

    npu_state_exit(s);
    npu_dma_exit(s);
    /* Joins the workers: nothing schedules a bottom half after this. */
    npu_core_free(s->core);
    s->core = NULL;
    npu_dma_free(s);
    qemu_bh_delete(s->raise_bh);
    msix_uninit_exclusive_bar(pdev);
    pcie_aer_exit(pdev);
    pcie_cap_exit(pdev);
}

static const Property npu_properties[] = {
    DEFINE_PROP_STRING("profile", NPUState, profile),
    DEFINE_PROP_STRING("kernels", NPUState, kernels),
    DEFINE_PROP_STRING("pace", NPUState, pace),
    DEFINE_PROP_STRING("inject", NPUState, inject),
    DEFINE_PROP_BOOL("hazards", NPUState, hazards, false),
    DEFINE_PROP_UINT32("cores", NPUState, cores, 0),
    DEFINE_PROP_SIZE32("sram", NPUState, sram, 0),
    DEFINE_PROP_UINT32("queues", NPUState, queues, 0),
    DEFINE_PROP_UINT32("threads", NPUState, threads, 0),
    DEFINE_PROP_BOOL("pin", NPUState, pin, true),
};

static const struct {
    const char *name;
    const char *text;
} npu_property_text[] = {
    { "profile", "machine to model: a name such as edge or h100, or a file (edge)" },
    { "kernels", "host arithmetic: scalar, avx2 or avx512; same results (fastest)" },
    { "pace", "model: jobs end when the modelled time has passed; host: at once (host)" },
    { "inject", "faults on demand: on, or KIND@N+..., as in hardware.rst (none)" },
    { "hazards", "report accesses to SRAM that no token orders; slow (off)" },
    { "cores", "number of cores, 1 to 32 (the profile's)" },
    { "sram", "SRAM of each core, a multiple of 4 KiB (the profile's)" },
    { "queues", "number of hardware queues, 4 to 16 (8)" },
    { "threads", "host threads that run jobs (one a host processor)" },
    { "pin", "each thread on a processor of its own, if there are as many (on)" },
};

/* qom-set: more faults while the machine runs. */
static void npu_set_inject_now(Object *obj, const char *value, Error **errp)
{
    NPUState *s = NPU(obj);
    char message[256];

    if (!s->core) {
        error_setg(errp, "npu: the device is not there yet, or no more");
    } else if (!npu_core_inject(s->core, value, message, sizeof(message))) {
        error_setg(errp, "npu: %s", message);
    }
}

#if QEMU_VERSION_MAJOR > 10 || (QEMU_VERSION_MAJOR == 10 && QEMU_VERSION_MINOR)
static void npu_class_init(ObjectClass *klass, const void *data)
#else
static void npu_class_init(ObjectClass *klass, void *data)
#endif
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);
    size_t i;

    pc->realize = npu_realize;
    pc->exit = npu_exit;
    pc->config_write = npu_config_write;
    pc->vendor_id = NPU_PCI_VENDOR_ID;
    pc->device_id = NPU_PCI_DEVICE_ID;
    pc->class_id = NPU_PCI_CLASS;
    dc->desc = "Virtual neural processing unit";
    dc->vmsd = &npu_vmstate;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    device_class_set_legacy_reset(dc, npu_reset);
    device_class_set_props(dc, npu_properties);
    object_class_property_add_str(klass, "inject-now", NULL,
                                  npu_set_inject_now);
    object_class_property_set_description(klass, "inject-now",
        "written while the machine runs (qom-set): as inject");
    for (i = 0; i < ARRAY_SIZE(npu_property_text); i++) {
        object_class_property_set_description(klass, npu_property_text[i].name,
                                              npu_property_text[i].text);
    }
}

static const TypeInfo npu_info = {
    .name = TYPE_NPU,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(NPUState),
    .class_init = npu_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_PCIE_DEVICE },
        { }
    },
};

static void npu_register_types(void)
{
    type_register_static(&npu_info);
}

type_init(npu_register_types)
