// SPDX-License-Identifier: MIT
/*
 * Jobs of one machine wait for those of another. Each machine has a lock of its
 * own, and neither is held while the other's is taken: a machine's watchdog
 * carries the news over.
 */
#include "sim_machine.h"

#include <errno.h>
#include <stdlib.h>

static void put(struct sim_link *link)
{
	if (atomic_fetch_sub(&link->refs, 1) != 1)
		return;
	pthread_mutex_destroy(&link->lock);
	free(link);
}

/* Nobody is told by way of it any more; without locks. */
static void close_link(struct sim_link *link)
{
	pthread_mutex_lock(&link->lock);
	link->to = NULL;
	pthread_mutex_unlock(&link->lock);
	put(link);
}

/* Close those that no job needs, or all. */
static void prune(struct sim *sim, bool all)
{
	struct sim_link *link;

	do {
		pthread_mutex_lock(&sim->lock);
		TAILQ_FOREACH(link, &sim->listening, listening)
			if (all || !link->sync)
				break;
		if (link)
			TAILQ_REMOVE(&sim->listening, link, listening);
		if (link && link->sync)
			link->sync->link = NULL;
		pthread_mutex_unlock(&sim->lock);
		if (link)
			close_link(link);
	} while (link);
}

/* Lock held: the machine whose timeline it is no longer has the link. */
static void drop(struct sim *sim, struct sim_link *link)
{
	TAILQ_REMOVE(&sim->links, link, next);
	sim_sync_put(link->from);
	put(link);
}

static int attach(struct sim *from, uint32_t handle, struct sim_link *link)
{
	int ret = 0;

	pthread_mutex_lock(&from->lock);
	link->from = sim_table_get(&from->syncs, handle);
	if (link->from) {
		link->from->refs++;
		TAILQ_INSERT_TAIL(&from->links, link, next);
		/* It may have come to some point already. */
		pthread_cond_signal(&from->watch);
	} else {
		ret = -ENOENT;
	}
	pthread_mutex_unlock(&from->lock);
	return ret;
}

int sim_link_import(struct sim *sim, struct sim *from, uint32_t from_handle,
		    uint32_t *handle)
{
	struct sim_link *link = calloc(1, sizeof(*link));
	int ret;

	if (!link)
		return -ENOMEM;
	prune(sim, false);
	ret = sim_sync_create(sim, handle);
	if (ret) {
		free(link);
		return ret;
	}
	atomic_init(&link->refs, 2);
	pthread_mutex_init(&link->lock, NULL);
	link->to = sim;
	pthread_mutex_lock(&sim->lock);
	link->sync = sim_table_get(&sim->syncs, *handle);
	link->sync->link = link;
	TAILQ_INSERT_TAIL(&sim->listening, link, listening);
	pthread_mutex_unlock(&sim->lock);
	ret = attach(from, from_handle, link);
	if (!ret)
		return 0;
	sim_sync_destroy(sim, *handle);
	prune(sim, false);
	put(link);
	return ret;
}

/* Without locks. Whether somebody still wants to know. */
static bool tell(struct sim_link *link, uint64_t point)
{
	bool wanted = false;

	pthread_mutex_lock(&link->lock);
	if (link->to) {
		pthread_mutex_lock(&link->to->lock);
		if (link->sync) {
			wanted = true;
			if (link->sync->point < point)
				link->sync->point = point;
			sim_queue_pump(link->to);
			pthread_cond_broadcast(&link->to->changed);
		}
		pthread_mutex_unlock(&link->to->lock);
	}
	pthread_mutex_unlock(&link->lock);
	return wanted;
}

/* A link whose other end does not know yet, or NULL; lock held. */
static struct sim_link *find_news(struct sim *sim)
{
	struct sim_link *link;

	TAILQ_FOREACH(link, &sim->links, next)
		if (link->from->point != link->told)
			return link;
	return NULL;
}

bool sim_link_tell(struct sim *sim)
{
	struct sim_link *link = find_news(sim);
	uint64_t point;
	bool wanted;

	if (!link)
		return false;
	link->told = link->from->point;
	point = link->told;
	pthread_mutex_unlock(&sim->lock);
	wanted = tell(link, point);
	pthread_mutex_lock(&sim->lock);
	if (!wanted)
		drop(sim, link);
	return true;
}

void sim_link_end(struct sim *sim)
{
	pthread_mutex_lock(&sim->lock);
	while (sim_link_tell(sim))
		;
	while (!TAILQ_EMPTY(&sim->links))
		drop(sim, TAILQ_FIRST(&sim->links));
	pthread_mutex_unlock(&sim->lock);
	prune(sim, true);
}
