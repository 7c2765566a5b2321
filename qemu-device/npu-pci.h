/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Virtual NPU: what the parts of the PCI function share.
 */
#ifndef NPU_PCI_H
#define NPU_PCI_H

#include "qemu/queue.h"
#include "qemu/thread.h"
#include "hw/pci/pci_device.h"
#include "qom/object.h"
#if __has_include("system/runstate.h")
#include "system/runstate.h"
#else
#include "sysemu/runstate.h"
#endif

#include "core/npu_core.h"

#define TYPE_NPU "npu"
OBJECT_DECLARE_SIMPLE_TYPE(NPUState, NPU)

typedef struct NPUIommu NPUIommu;
typedef struct NPUTranslation NPUTranslation;

/*
 * The way to guest memory behind an IOMMU. Only a thread with the big lock asks
 * the IOMMU, for it may report a fault; workers find what it said in @pages.
 */
typedef struct NPUDma {
    /* There is an IOMMU in the machine: set by resets. */
    bool translated;
    /* It cannot tell what it unmaps, so nothing can be kept. */
    bool refused;
    /* Guards what follows; taken inside the big lock, never the other way. */
    QemuMutex lock;
    /* Host pages by bus page and access. */
    GHashTable *pages;
    /* Pages were dropped from the table that cores may still hold. */
    bool forgotten;
    QSIMPLEQ_HEAD(, NPUTranslation) wanted;
    QemuCond served;
    QEMUBH *bh;

    /* The rest under the big lock. */
    MemoryListener listener;
    bool changed;
    QLIST_HEAD(, NPUIommu) iommus;
} NPUDma;

struct NPUState {
    PCIDevice parent_obj;

    MemoryRegion regs;
    struct npu_core *core;
    /* Vectors that worker threads want sent; drained by @raise_bh. */
    uint32_t raise_pending;
    QEMUBH *raise_bh;
    NPUDma dma;
    VMChangeStateEntry *run_state;

    /* What the core is, on its way to or from another QEMU. */
    uint32_t state_size;
    uint8_t *state;

    /* Properties */
    char *profile;
    char *kernels;
    char *pace;
    char *inject;
    bool hazards;
    uint32_t cores;
    uint32_t sram;
    uint32_t queues;
    uint32_t threads;
    bool pin;
};

/* npu-pci.c: send the messages that workers asked for; under the big lock. */
void npu_send_messages(void *opaque);

/* npu-dma.c: operations of struct npu_core_ops. */
void *npu_dma_map(void *opaque, uint64_t addr, size_t *len, bool write);
void npu_dma_unmap(void *opaque, void *host, size_t len, bool dirty);
bool npu_dma_read(void *opaque, uint64_t addr, void *buf, size_t len);
bool npu_dma_write(void *opaque, uint64_t addr, const void *buf, size_t len);
void npu_dma_serve(void *opaque);
/* The core is there; it is reset; it goes; and it is gone. */
void npu_dma_init(NPUState *s);
void npu_dma_reset(NPUState *s);
void npu_dma_exit(NPUState *s);
void npu_dma_free(NPUState *s);

/* npu-state.c: stop, go on, save, load. */
extern const VMStateDescription npu_vmstate;
void npu_state_init(NPUState *s);
void npu_state_exit(NPUState *s);

#endif /* NPU_PCI_H */
