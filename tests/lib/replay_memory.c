// SPDX-License-Identifier: MIT
/* SRAM and memory of the replay, and who touched each byte. */
#include <stdlib.h>
#include <string.h>

#include "replay.h"

void replay_new(struct replay *r, const struct npu_job_image *image, unsigned int cores)
{
	memset(r, 0, sizeof(*r));
	r->image = image;
	r->cores = cores;
	r->phase = 1;
	r->memory = calloc(image->n_segments, sizeof(*r->memory));
	r->mem_shadow = calloc(image->n_segments, sizeof(*r->mem_shadow));
	if (!r->memory || !r->mem_shadow)
		abort();
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *s = &image->segments[i];

		r->memory[i] = calloc(1, s->size);
		if (!s->readonly)
			r->mem_shadow[i] = calloc(s->size, sizeof(**r->mem_shadow));
		if (!r->memory[i] || (!s->readonly && !r->mem_shadow[i]))
			abort();
		if (s->data_size)
			memcpy(r->memory[i], s->data, s->data_size);
	}
}

void replay_free(struct replay *r)
{
	for (uint32_t i = 0; i < r->image->n_segments; i++) {
		free(r->memory[i]);
		free(r->mem_shadow[i]);
	}
	for (unsigned int i = 0; i < REPLAY_MAX_CORES; i++) {
		free(r->core[i].sram);
		free(r->core[i].shadow);
	}
	free(r->memory);
	free(r->mem_shadow);
}

/* Whether @engine knows that instruction @when of @other has completed. */
static bool knows(const struct replay_core *c, unsigned int engine, unsigned int other,
		  uint32_t when)
{
	return engine == other || c->engines[engine].at[other] >= when;
}

static void touch(struct replay *r, struct replay_core *c, unsigned int engine,
		  uint64_t at, bool write)
{
	struct replay_shadow *s = &c->shadow[at];

	if (s->write && !knows(c, engine, s->writer, s->write))
		replay_problem(r, c, "race with a write at SRAM", at);
	if (!write) {
		s->read[engine] = c->engines[engine].at[engine];
		return;
	}
	for (unsigned int e = 0; e < NPU_NUM_ENGINES; e++)
		if (s->read[e] && !knows(c, engine, e, s->read[e]))
			replay_problem(r, c, "race with a read at SRAM", at);
	s->write = c->engines[engine].at[engine];
	s->writer = engine;
}

uint8_t *replay_sram(struct replay *r, struct replay_core *c, unsigned int engine,
		     uint64_t addr, uint64_t row, uint64_t rows, uint64_t stride,
		     bool write)
{
	uint64_t end = addr + (rows ? rows - 1 : 0) * stride + row;

	if (addr > r->sram_size || end > r->sram_size) {
		replay_problem(r, c, "outside SRAM:", end);
		return NULL;
	}
	for (uint64_t y = 0; y < rows; y++)
		for (uint64_t i = 0; i < row; i++)
			touch(r, c, engine, addr + y * stride + i, write);
	return c->sram + addr;
}

static void touch_mem(struct replay *r, struct replay_core *c, unsigned int engine,
		      struct replay_mem_shadow *s, uint64_t at, bool write)
{
	uint8_t core = c - r->core;

	if (s->write_phase == r->phase &&
	    (s->write_core != core || !knows(c, engine, s->write_engine, s->write)))
		replay_problem(r, c, "race with a write at memory", at);
	if (write && s->read_phase == r->phase &&
	    (s->read_core != core || !knows(c, engine, s->read_engine, s->read)))
		replay_problem(r, c, "race with a read at memory", at);
	if (write) {
		s->write_phase = r->phase;
		s->write = c->engines[engine].at[engine];
		s->write_core = core;
		s->write_engine = engine;
	} else {
		s->read_phase = r->phase;
		s->read = c->engines[engine].at[engine];
		s->read_core = core;
		s->read_engine = engine;
	}
}

uint8_t *replay_mem(struct replay *r, struct replay_core *c, unsigned int engine,
		    uint64_t addr, uint64_t len, bool write)
{
	for (uint32_t i = 0; i < r->image->n_segments; i++) {
		const struct npu_job_segment *s = &r->image->segments[i];

		if (addr < s->va || addr - s->va > s->size || len > s->size - (addr - s->va))
			continue;
		if (write && s->readonly)
			replay_problem(r, c, "write to read-only memory", addr);
		/* engine CP: the test itself looks */
		for (uint64_t b = 0; engine && r->mem_shadow[i] && b < len; b++)
			touch_mem(r, c, engine, &r->mem_shadow[i][addr - s->va + b], addr + b,
				  write);
		return r->memory[i] + (addr - s->va);
	}
	replay_problem(r, c, "no memory at", addr);
	return NULL;
}
