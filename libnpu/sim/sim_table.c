// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim_table.h"

static int grow(struct sim_table *table)
{
	uint32_t room = table->room ? 2 * table->room : 16;
	void **item;

	if (table->room >= table->max)
		return -ENOSPC;
	if (room > table->max)
		room = table->max;
	item = realloc(table->item, room * sizeof(*item));
	if (!item)
		return -ENOMEM;
	memset(item + table->room, 0, (room - table->room) * sizeof(*item));
	table->item = item;
	table->room = room;
	return 0;
}

int sim_table_add(struct sim_table *table, void *item, uint32_t *id)
{
	int ret = 0;

	while (table->lowest < table->room && table->item[table->lowest])
		table->lowest++;
	if (table->lowest == table->room)
		ret = grow(table);
	if (ret)
		return ret;
	table->item[table->lowest] = item;
	*id = ++table->lowest;
	return 0;
}

void *sim_table_get(const struct sim_table *table, uint32_t id)
{
	return id && id <= table->room ? table->item[id - 1] : NULL;
}

void *sim_table_remove(struct sim_table *table, uint32_t id)
{
	void *item = sim_table_get(table, id);

	if (!item)
		return NULL;
	table->item[id - 1] = NULL;
	if (id - 1 < table->lowest)
		table->lowest = id - 1;
	return item;
}
