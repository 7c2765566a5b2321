/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Virtual NPU: guest memory, for worker threads that hold no lock.
 *
 * Only plain memory will do: an access to another device's registers would need
 * the big lock, which a reset of this device holds while it waits for the
 * workers. So translate first, and touch the memory only if it is direct.
 *
 * An IOMMU that refuses a translation reports that by an interrupt, for which
 * the big lock is needed as well. So workers ask the main loop, which keeps what
 * it learns, page by page, until the IOMMU says that the page is unmapped. Who
 * waits for the workers with the big lock serves them meanwhile.
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qemu/units.h"
#include "qapi/error.h"
#if __has_include("system/address-spaces.h")
#include "system/address-spaces.h"
#else
#include "exec/address-spaces.h"
#endif
#include "npu-pci.h"

#define NPU_DMA_PAGE (4 * KiB)
#define NPU_DMA_REACH (2 * MiB)
/* Pages beyond which all are forgotten: 4 GiB. */
#define NPU_DMA_PAGES_MAX (1 << 20)

/* A page that the IOMMU lets the device read, or write. */
typedef struct NPUPage {
    uint64_t key;
    MemoryRegion *mr;
    uint8_t *host;
} NPUPage;

/* What a worker waits for. */
struct NPUTranslation {
    hwaddr addr;
    bool write;
    bool done;
    bool found;
    QSIMPLEQ_ENTRY(NPUTranslation) next;
};

struct NPUIommu {
    NPUState *s;
    IOMMUNotifier notifier;
    MemoryRegion *mr;
    hwaddr start;
    hwaddr offset;
    QLIST_ENTRY(NPUIommu) next;
};

static uint64_t npu_page_key(hwaddr addr, bool write)
{
    return addr / NPU_DMA_PAGE << 1 | write;
}

static void npu_page_free(gpointer opaque)
{
    NPUPage *page = opaque;

    memory_region_unref(page->mr);
    g_free(page);
}

/* A host pointer to @addr and *@len bytes behind it, or NULL; within RCU. */
static uint8_t *npu_translate(NPUState *s, hwaddr addr, hwaddr *len, bool write,
                              MemoryRegion **mr)
{
    AddressSpace *as = pci_get_address_space(PCI_DEVICE(s));
    MemTxAttrs attrs = MEMTXATTRS_UNSPECIFIED;
    hwaddr xlat;

    *mr = address_space_translate(as, addr, &xlat, len, write, attrs);
    if (!*len || !memory_access_is_direct(*mr, write, attrs)) {
        return NULL;
    }
    return (uint8_t *)memory_region_get_ram_ptr(*mr) + xlat;
}

/* Ask the IOMMU for the page of @addr; whatever lies in one piece with it. */
static bool npu_dma_learn(NPUState *s, hwaddr addr, bool write)
{
    hwaddr start = addr & ~(hwaddr)(NPU_DMA_PAGE - 1), len, at;
    MemoryRegion *mr;
    uint8_t *host;

    RCU_READ_LOCK_GUARD();
    len = NPU_DMA_REACH - start % NPU_DMA_REACH;
    host = npu_translate(s, start, &len, write, &mr);
    if (!host || len < NPU_DMA_PAGE) {
        return false;
    }
    QEMU_LOCK_GUARD(&s->dma.lock);
    if (g_hash_table_size(s->dma.pages) >= NPU_DMA_PAGES_MAX) {
        g_hash_table_remove_all(s->dma.pages);
        s->dma.forgotten = true;
    }
    for (at = 0; len - at >= NPU_DMA_PAGE; at += NPU_DMA_PAGE) {
        NPUPage *page = g_new(NPUPage, 1);

        memory_region_ref(mr);
        page->key = npu_page_key(start + at, write);
        page->mr = mr;
        page->host = host + at;
        g_hash_table_replace(s->dma.pages, &page->key, page);
    }
    return true;
}

/* Under the big lock. */
void npu_dma_serve(void *opaque)
{
    NPUState *s = opaque;
    NPUTranslation *t;

    QEMU_LOCK_GUARD(&s->dma.lock);
    while ((t = QSIMPLEQ_FIRST(&s->dma.wanted))) {
        bool found;

        QSIMPLEQ_REMOVE_HEAD(&s->dma.wanted, next);
        qemu_mutex_unlock(&s->dma.lock);
        found = npu_dma_learn(s, t->addr, t->write);
        qemu_mutex_lock(&s->dma.lock);
        t->found = found;
        t->done = true;
        qemu_cond_broadcast(&s->dma.served);
    }
}

/* Have the main loop translate @addr; releases the lock meanwhile. */
static bool npu_dma_ask(NPUState *s, hwaddr addr, bool write)
{
    NPUTranslation t = { .addr = addr, .write = write };

    QSIMPLEQ_INSERT_TAIL(&s->dma.wanted, &t, next);
    qemu_mutex_unlock(&s->dma.lock);
    qemu_bh_schedule(s->dma.bh);
    npu_core_nudge(s->core);
    qemu_mutex_lock(&s->dma.lock);
    while (!t.done) {
        qemu_cond_wait(&s->dma.served, &s->dma.lock);
    }
    return t.found;
}

static NPUPage *npu_dma_page(NPUState *s, hwaddr addr, bool write)
{
    uint64_t key = npu_page_key(addr, write);

    return g_hash_table_lookup(s->dma.pages, &key);
}

/* Behind an IOMMU, with the lock; it may be released meanwhile. */
static void *npu_dma_map_translated(NPUState *s, hwaddr addr, size_t *len,
                                    bool write)
{
    size_t in_page = addr % NPU_DMA_PAGE, have = NPU_DMA_PAGE - in_page;
    NPUPage *page, *next;

    if (qatomic_read(&s->dma.refused)) {
        return NULL;
    }
    /* It may be unmapped again before this thread looks. */
    while (!(page = npu_dma_page(s, addr, write))) {
        if (!npu_dma_ask(s, addr, write)) {
            return NULL;
        }
    }
    while (have < *len) {
        next = npu_dma_page(s, addr + have, write);
        if (!next || next->mr != page->mr ||
            next->host != page->host + in_page + have) {
            break;
        }
        have += NPU_DMA_PAGE;
    }
    *len = MIN(*len, have);
    memory_region_ref(page->mr);
    return page->host + in_page;
}

static void *npu_dma_map_direct(NPUState *s, hwaddr addr, size_t *len, bool write)
{
    MemoryRegion *mr;
    hwaddr l = *len;
    uint8_t *host;

    RCU_READ_LOCK_GUARD();
    host = npu_translate(s, addr, &l, write, &mr);
    if (host) {
        memory_region_ref(mr);
        *len = l;
    }
    return host;
}

/* Behind an IOMMU a page stays mapped while the lock is held. */
static bool npu_dma_enter(NPUState *s)
{
    bool translated = qatomic_read(&s->dma.translated);

    if (translated) {
        qemu_mutex_lock(&s->dma.lock);
    }
    return translated;
}

static void npu_dma_leave(NPUState *s, bool translated)
{
    if (translated) {
        qemu_mutex_unlock(&s->dma.lock);
    }
}

static void *npu_dma_map_within(NPUState *s, bool translated, hwaddr addr,
                                size_t *len, bool write)
{
    return translated ? npu_dma_map_translated(s, addr, len, write)
                      : npu_dma_map_direct(s, addr, len, write);
}

/* Takes the reference that address_space_unmap() drops. */
void *npu_dma_map(void *opaque, uint64_t addr, size_t *len, bool write)
{
    NPUState *s = opaque;
    bool translated = npu_dma_enter(s);
    void *host = npu_dma_map_within(s, translated, addr, len, write);

    npu_dma_leave(s, translated);
    return host;
}

void npu_dma_unmap(void *opaque, void *host, size_t len, bool dirty)
{
    NPUState *s = opaque;

    address_space_unmap(pci_get_address_space(PCI_DEVICE(s)), host, len, dirty,
                        dirty ? len : 0);
}

static void npu_dma_store(void *host, const void *buf, size_t len)
{
    if (len == sizeof(uint64_t) && QEMU_PTR_IS_ALIGNED(host, len)) {
        /* The id of a completion: one store, after all before it. */
        qatomic_store_release((uint64_t *)host, ldq_he_p(buf));
    } else {
        memcpy(host, buf, len);
    }
}

static bool npu_dma_copy(NPUState *s, hwaddr addr, uint8_t *buf, size_t len,
                         bool write)
{
    bool translated = npu_dma_enter(s);

    while (len) {
        size_t n = len;
        void *host = npu_dma_map_within(s, translated, addr, &n, write);

        if (!host) {
            break;
        }
        if (write) {
            npu_dma_store(host, buf, n);
        } else {
            memcpy(buf, host, n);
        }
        npu_dma_unmap(s, host, n, write);
        addr += n;
        buf += n;
        len -= n;
    }
    npu_dma_leave(s, translated);
    return !len;
}

bool npu_dma_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    return npu_dma_copy(opaque, addr, buf, len, false);
}

bool npu_dma_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
    return npu_dma_copy(opaque, addr, (uint8_t *)buf, len, true);
}

/* No page of [@first, @last] is used from here on; under the big lock. */
static void npu_dma_forget(NPUState *s, hwaddr first, hwaddr last)
{
    bool held = false;

    WITH_QEMU_LOCK_GUARD(&s->dma.lock) {
        uint64_t from = npu_page_key(first, false);
        uint64_t to = npu_page_key(last, true);

        held = s->dma.forgotten;
        if (to - from < g_hash_table_size(s->dma.pages)) {
            for (; from <= to; from++) {
                held |= g_hash_table_remove(s->dma.pages, &from);
            }
        } else {
            GHashTableIter iter;
            gpointer key;

            g_hash_table_iter_init(&iter, s->dma.pages);
            while (g_hash_table_iter_next(&iter, &key, NULL)) {
                if (*(uint64_t *)key >= from && *(uint64_t *)key <= to) {
                    g_hash_table_iter_remove(&iter);
                    held = true;
                }
            }
        }
    }
    /* Cores hold only what has been in the table. */
    if (held) {
        npu_core_invalidate(s->core);
    }
}

static void npu_dma_unmapped(IOMMUNotifier *notifier, IOMMUTLBEntry *entry)
{
    NPUIommu *iommu = container_of(notifier, NPUIommu, notifier);
    hwaddr first = entry->iova + iommu->offset;

    npu_dma_forget(iommu->s, first, first + entry->addr_mask);
}

static void npu_dma_region_add(MemoryListener *listener,
                               MemoryRegionSection *section)
{
    NPUState *s = container_of(listener, NPUState, dma.listener);
    Int128 size = int128_sub(section->size, int128_one());
    IOMMUMemoryRegion *mr;
    Error *err = NULL;
    NPUIommu *iommu;

    s->dma.changed = true;
    if (!memory_region_is_iommu(section->mr)) {
        return;
    }
    iommu = g_new0(NPUIommu, 1);
    iommu->s = s;
    iommu->mr = section->mr;
    iommu->start = section->offset_within_region;
    iommu->offset = section->offset_within_address_space - iommu->start;
    mr = IOMMU_MEMORY_REGION(section->mr);
    iommu_notifier_init(&iommu->notifier, npu_dma_unmapped,
                        IOMMU_NOTIFIER_UNMAP, iommu->start,
                        iommu->start + int128_get64(size),
                        memory_region_iommu_attrs_to_index(mr,
                            MEMTXATTRS_UNSPECIFIED));
    if (memory_region_register_iommu_notifier(section->mr, &iommu->notifier,
                                              &err)) {
        /* The guest may have it put there and taken away as often as it likes. */
        if (!s->dma.refused) {
            warn_reportf_err(err, "npu: no DMA behind this IOMMU: ");
        } else {
            error_free(err);
        }
        qatomic_set(&s->dma.refused, true);
        g_free(iommu);
        return;
    }
    QLIST_INSERT_HEAD(&s->dma.iommus, iommu, next);
}

static void npu_dma_region_del(MemoryListener *listener,
                               MemoryRegionSection *section)
{
    NPUState *s = container_of(listener, NPUState, dma.listener);
    NPUIommu *iommu;

    s->dma.changed = true;
    QLIST_FOREACH(iommu, &s->dma.iommus, next) {
        if (iommu->mr == section->mr &&
            iommu->start == section->offset_within_region) {
            memory_region_unregister_iommu_notifier(iommu->mr,
                                                    &iommu->notifier);
            QLIST_REMOVE(iommu, next);
            g_free(iommu);
            return;
        }
    }
}

/* The device sees another memory: bus mastering, or the IOMMU, is on or off. */
static void npu_dma_commit(MemoryListener *listener)
{
    NPUState *s = container_of(listener, NPUState, dma.listener);

    if (s->dma.changed && s->dma.translated) {
        npu_dma_forget(s, 0, HWADDR_MAX);
    }
    s->dma.changed = false;
}

void npu_dma_init(NPUState *s)
{
    NPUDma *dma = &s->dma;

    qemu_mutex_init(&dma->lock);
    qemu_cond_init(&dma->served);
    QSIMPLEQ_INIT(&dma->wanted);
    QLIST_INIT(&dma->iommus);
    dma->pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
                                       npu_page_free);
    dma->bh = qemu_bh_new_guarded(npu_dma_serve, s,
                                  &DEVICE(s)->mem_reentrancy_guard);
    dma->listener = (MemoryListener) {
        .name = "npu",
        .region_add = npu_dma_region_add,
        .region_del = npu_dma_region_del,
        .commit = npu_dma_commit,
    };
    memory_listener_register(&dma->listener,
                             pci_get_address_space(PCI_DEVICE(s)));
}

/* No job runs. */
void npu_dma_reset(NPUState *s)
{
    npu_dma_forget(s, 0, HWADDR_MAX);
    s->dma.forgotten = false;
    qatomic_set(&s->dma.translated,
                pci_device_iommu_address_space(PCI_DEVICE(s)) !=
                &address_space_memory);
}

void npu_dma_exit(NPUState *s)
{
    memory_listener_unregister(&s->dma.listener);
}

void npu_dma_free(NPUState *s)
{
    qemu_bh_delete(s->dma.bh);
    g_hash_table_destroy(s->dma.pages);
    qemu_cond_destroy(&s->dma.served);
    qemu_mutex_destroy(&s->dma.lock);
}
