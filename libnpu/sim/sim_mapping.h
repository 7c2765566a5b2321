/* SPDX-License-Identifier: MIT */
/* What is mapped where in an address space, and what was. */
#ifndef NPU_SIM_SIM_MAPPING_H
#define NPU_SIM_SIM_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_bo;

struct sim_mapping {
	uint64_t start, end;
	struct sim_bo *bo;
};

/**
 * struct sim_mappings - mappings by address, each with a reference to its buffer
 * @item: rising, without overlap
 * @count: entries of @item
 * @room: entries that it has room for
 */
struct sim_mappings {
	struct sim_mapping *item;
	size_t count, room;
};

/** sim_mappings_room() - room for @n more; 0 or -ENOMEM */
int sim_mappings_room(struct sim_mappings *maps, size_t n);

/** sim_mappings_add() - add one in a range where none is; there is room */
void sim_mappings_add(struct sim_mappings *maps, struct sim_mapping map);

/**
 * sim_mappings_cut() - take a range out
 * @maps: mappings, with room for one more
 * @start: first address
 * @end: first address behind
 * @cut: receives what lay in the range, with its references
 *
 * A mapping of which something is left on both sides gives a reference more.
 *
 * Return: 0, or -ENOMEM with nothing done.
 */
int sim_mappings_cut(struct sim_mappings *maps, uint64_t start, uint64_t end,
		     struct sim_mappings *cut);

/** sim_mappings_has() - whether any of a buffer is mapped */
bool sim_mappings_has(const struct sim_mappings *maps, const struct sim_bo *bo);

/**
 * struct sim_past - buffers that were mapped when jobs were submitted
 * @item: serial of the buffer, and number of the last such job
 * @count: entries of @item
 * @room: entries that it has room for
 */
struct sim_past {
	struct {
		uint64_t serial, upto;
	} *item;
	size_t count, room;
};

/** sim_past_add() - note a buffer that is unmapped; 0 or -ENOMEM */
int sim_past_add(struct sim_past *past, uint64_t serial, uint64_t upto);

/** sim_past_find() - number of the last job that may use a buffer, or zero */
uint64_t sim_past_find(const struct sim_past *past, uint64_t serial);

/** sim_past_forget() - forget what ended with jobs before number @first */
void sim_past_forget(struct sim_past *past, uint64_t first);

#endif /* NPU_SIM_SIM_MAPPING_H */
