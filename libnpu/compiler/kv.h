/* SPDX-License-Identifier: MIT */
/*
 * Keys and values in memory.
 *
 * A *slot* holds one sequence: a range of addresses, cut into *pages* of
 * KV_PAGE_TOKENS positions. A page holds these positions of every attention of
 * the graph, one behind the other,
 *
 *	keys[head][position][row], then values[head][position][row]
 *
 * so that memory for further positions is one piece, and so is what two
 * sequences share. A row is a head of one position: F16, or I8 with zeros up to
 * a multiple of four and the row's F32 scale behind them. Rows of a page are
 * packed, so a tile of positions is one DMA row a page.
 *
 * Slots lie behind one another, each at a multiple of NPU_HUGE_SIZE. The image
 * has memory for slot 0; who runs more sequences maps the others.
 */
#ifndef LIBNPU_COMPILER_KV_H
#define LIBNPU_COMPILER_KV_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/error.h>

#define KV_PAGE_TOKENS 16u

struct graph;
struct tensor;

/**
 * struct kv_cache - keys and values of one attention
 * @next: next one of the graph
 * @heads: heads of keys and values
 * @head_dim: width of a head
 * @row: bytes of a head of one position
 * @keys: offset in a page, @values likewise
 */
struct kv_cache {
	struct kv_cache *next;
	uint32_t heads, head_dim, row;
	uint64_t keys, values;
};

/**
 * struct kv_layout - the caches of a graph
 * @type: NPU_TYPE_F16 or NPU_TYPE_I8
 * @context: positions of a slot, @pages of them
 * @slots: number of slots, at least 1
 * @batch: most sequences of a run; 0: no program runs several
 * @page_bytes: bytes of a page, whole pages of the NPU; @slot_bytes of a slot,
 *	which addresses are reserved for: both known once kv_place() has run
 * @plain: attention has its plain form, which keeps scores in memory
 * @caches: all caches, in the order in which they were added
 * @tail: where the next one goes
 * @tensor: memory of slot 0, once kv_place() has run
 * @places: I32[2][batch], positions and slots of a run of several sequences
 * @scores: of @plain, memory for them
 */
struct kv_layout {
	uint32_t type, context, pages, slots, batch;
	uint64_t page_bytes, slot_bytes;
	bool plain;
	struct kv_cache *caches, **tail;
	struct tensor *tensor, *places, *scores;
};

/**
 * kv_init() - choose what the caches of a graph are
 * @g: graph
 * @type: NPU_TYPE_F16 or NPU_TYPE_I8
 * @context: positions
 * @slots: sequences that there are addresses for
 * @batch: most sequences of a run, or 0
 */
void kv_init(struct graph *g, uint32_t type, uint32_t context, uint32_t slots,
	     uint32_t batch);

/**
 * kv_cache_add() - add the cache of one attention
 * @g: graph
 * @heads: heads of keys and values
 * @head_dim: width of a head
 *
 * Return: the cache, which belongs to the graph; NULL after an error.
 */
const struct kv_cache *kv_cache_add(struct graph *g, uint32_t heads, uint32_t head_dim);

/**
 * kv_place() - lay out the pages; called by graph_place()
 * @g: graph, all of whose caches are added
 *
 * Adds the tensor "kv", I8[pages][page_bytes], a state; "kv.layout", the
 * numbers that who maps pages needs (npu/compile.h); and "places".
 */
void kv_place(struct graph *g);

/** kv_addresses() - bytes of addresses that all slots take up; 0: none, or too many */
uint64_t kv_addresses(const struct graph *g);

/** kv_release() - free the caches */
void kv_release(struct graph *g);

/** kv_head_bytes() - bytes of a head's rows in a page */
static inline uint64_t kv_head_bytes(const struct kv_cache *c)
{
	return (uint64_t)c->row * KV_PAGE_TOKENS;
}

#endif /* LIBNPU_COMPILER_KV_H */
