/* SPDX-License-Identifier: MIT */
/* Objects by id, from 1 on. */
#ifndef NPU_SIM_SIM_TABLE_H
#define NPU_SIM_SIM_TABLE_H

#include <stdint.h>

/**
 * struct sim_table - who has which id
 * @item: object of id i + 1, or NULL
 * @room: entries of @item
 * @max: most ids
 * @lowest: no entry below is free
 */
struct sim_table {
	void **item;
	uint32_t room, max, lowest;
};

/**
 * sim_table_add() - give an object an id
 * @table: table
 * @item: object
 * @id: receives it
 *
 * Return: 0, -ENOSPC if all are taken, or -ENOMEM.
 */
int sim_table_add(struct sim_table *table, void *item, uint32_t *id);

/** sim_table_get() - the object of an id, or NULL */
void *sim_table_get(const struct sim_table *table, uint32_t id);

/** sim_table_remove() - the object of an id, which is free then; or NULL */
void *sim_table_remove(struct sim_table *table, uint32_t id);

#endif /* NPU_SIM_SIM_TABLE_H */
