/* SPDX-License-Identifier: MIT */
/* Single operators, lowered and run on the device core, for their tests. */
#ifndef NPU_TESTS_RIG_H
#define NPU_TESTS_RIG_H

#include <npu/gguf.h>

#include "compiler/graph.h"
#include "compiler/image.h"
#include "compiler/weights.h"
#include "loaded.h"
#include "replay.h"

/**
 * struct rig - a graph under test
 * @g: graph; the test adds tensors of MEM_IO with a role, and operators
 * @target: device to lower for
 * @config: device to run on
 * @spec: program; named "test"
 * @image: after rig_build()
 * @loaded: after rig_build()
 * @replay: the same image in the replay, which checks the order of instructions
 * @err: of rig_build()
 * @fakes: weights made by rig_weights(), freed by rig_free()
 * @n_fakes: number of them
 * @slot: slot of the KV cache that rig_run() names
 * @seed: of the random numbers
 */
struct rig {
	struct graph g;
	struct npu_target target;
	struct npu_core_config config;
	struct lower_spec spec;
	struct npu_job_image *image;
	struct loaded loaded;
	struct replay replay;
	struct npu_error err;
	struct npu_gguf_tensor *fakes[16];
	unsigned int n_fakes;
	uint64_t slot;
	uint32_t seed;
};

/**
 * rig_init() - an empty rig
 * @r: rig
 * @cores: of the device
 * @sram: bytes of SRAM of a core
 * @rows: most tokens of a run
 * @single: a program of one token, with streamed weights
 * @context: positions
 *
 * There is one slot for keys and values, in F16; kv_init() before the first
 * cache is added chooses otherwise.
 */
void rig_init(struct rig *r, uint32_t cores, uint32_t sram, uint32_t rows, bool single,
	      uint32_t context);

/** rig_random() - the next random number, from -1 to 1 */
float rig_random(struct rig *r);

/** rig_fill() - fill with random numbers from -@most to @most */
void rig_fill(struct rig *r, float *data, size_t n, float most);

/** rig_weights() - a weight tensor [row, rows] as a model file would give it */
const struct npu_gguf_tensor *rig_weights(struct rig *r, uint64_t row, uint64_t rows);

/** rig_tensor() - F32[rows][cols] (or another type) in MEM_IO; an input */
struct tensor *rig_tensor(struct rig *r, uint32_t type, uint64_t rows, uint64_t cols,
			  const char *name);

/** rig_build() - lower and load; false with @r->err set when it does not go */
bool rig_build(struct rig *r);

/**
 * rig_run() - run it
 * @r: rig, built
 * @pos: position of the first token; of no meaning for a batch
 * @tokens: number of them, or rows of a batch
 * @logits: how many of the last get logits
 * @done: receives the completion
 *
 * Runs the replay as well, from the same memory.
 *
 * Return: true when the job ended well, the replay found no race, and both
 * left the same bytes in memory; else diagnostics were printed. A job that
 * faults is not replayed.
 */
bool rig_run(struct rig *r, uint64_t pos, uint64_t tokens, uint64_t logits,
	     struct npu_completion *done);

/** rig_data() - memory of a tensor in the device */
void *rig_data(const struct rig *r, const struct tensor *t);

/**
 * rig_kv() - a row of the KV cache in the device
 * @r: rig
 * @cache: cache
 * @slot: slot
 * @pos: position
 * @head: head
 * @values: of the values, not the keys
 */
void *rig_kv(const struct rig *r, const struct kv_cache *cache, uint32_t slot,
	     uint32_t pos, uint32_t head, bool values);

/** rig_free() - free all of it */
void rig_free(struct rig *r);

/** rig_cosine() - of the angle between two vectors */
double rig_cosine(const float *a, const float *b, size_t n);

#endif /* NPU_TESTS_RIG_H */
