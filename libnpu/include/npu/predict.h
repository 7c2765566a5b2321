/* SPDX-License-Identifier: MIT */
/*
 * What a program costs, without running it and without its weights.
 *
 * The device's own decoder, command processor and model of time and energy
 * go through the program; data is neither read nor computed. So what is
 * predicted is what a run counts, to the cycle and the picojoule, for models
 * that no memory here could hold as well.
 */
#ifndef NPU_PREDICT_H
#define NPU_PREDICT_H

#include <stdint.h>

#include <npu/error.h>
#include <npu/instance.h>
#include <npu/job.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct npu_predict_data - memory that the program takes decisions on
 * @va: first address
 * @data: contents
 * @size: bytes
 */
struct npu_predict_data {
	uint64_t va;
	const void *data;
	uint64_t size;
};

/**
 * struct npu_predict_options - all zero is the default
 * @cores: cores to run on; 0: what the image says
 * @budget: work that each core may do; 0: the device's maximum. A program that
 *	does much takes long to look at, too
 * @memory_times: what if memory had so many times its bandwidth; 0: as it is
 * @matrix_times: what if the matrix engine did so many times its MACs in a cycle
 * @vector_times: what if the vector engine had so many times its lanes
 * @sram_times: what if SRAM had so many times its banks
 * @num_data: number of @data
 * @data: memory whose contents the program needs to find its way; as a rule
 *	none
 */
struct npu_predict_options {
	uint32_t cores;
	uint64_t budget;
	uint32_t memory_times, matrix_times, vector_times, sram_times;
	uint32_t num_data;
	const struct npu_predict_data *data;
};

#define NPU_PREDICT_ENGINES 5

/**
 * struct npu_predict_cost - what the instructions of one tag (operator) cost
 * @cycles: by which they made the core that ends last take longer; those of all
 *	tags together are the cycles of the whole
 * @counters: enum npu_counter (npu_regs.h), sums over all cores: instructions,
 *	busy and stall cycles of the engines, bytes, MACs, energy without
 *	@npu_prediction.static_pj
 * @sram_peak: bytes of SRAM of a core, from its start to the last that they touch
 * @sram_busy: cycles that each of the engines, in the order of enum npu_engine
 *	(npu_isa.h), would keep SRAM's banks busy, sums over all cores
 */
struct npu_predict_cost {
	uint64_t cycles;
	uint64_t sram_peak;
	uint64_t sram_busy[NPU_PREDICT_ENGINES];
	uint64_t counters[NPU_STATS_COUNTERS];
};

/**
 * struct npu_prediction - what a run would cost
 * @stats: as npu_job_run() tells, but for @wall_ns
 * @static_pj: part of the energy that goes by time, whatever is done
 * @num_tags: tags of the image, at least 1
 * @tags: by npu_insn.tag
 */
struct npu_prediction {
	struct npu_job_stats stats;
	uint64_t static_pj;
	uint32_t num_tags;
	struct npu_predict_cost tags[];
};

/**
 * npu_predict() - look what a run of a program would cost
 * @image: image; of its segments' data only the program is needed
 * @program: index of the program
 * @args: all of its arguments; NULL: the image's values
 * @device: machine, "PROFILE,PROPERTY=VALUE,..." as behind "sim:", NULL: "edge"
 * @options: choices, or NULL
 * @prediction: receives the prediction; free it with npu_prediction_free()
 * @err: what failed; of a program that would fault, the fault
 *
 * Return: 0; -EINVAL for a machine that is not to be had, a program that it
 * refuses, or one whose way depends on data that was not given, which the
 * message names; -EOVERFLOW if it exceeds the budget; or another negative errno.
 */
int npu_predict(const struct npu_job_image *image, uint32_t program,
		const uint64_t *args, const char *device,
		const struct npu_predict_options *options,
		struct npu_prediction **prediction, struct npu_error *err);

/** npu_prediction_free() - give a prediction back; NULL is allowed */
void npu_prediction_free(struct npu_prediction *prediction);

#ifdef __cplusplus
}
#endif

#endif /* NPU_PREDICT_H */
