/* SPDX-License-Identifier: MIT */
/*
 * What becomes of each operator of a compiled program: where it runs and why,
 * how much SRAM it takes, what it moves, how long it takes, what holds it back.
 *
 * The figures are those of npu/predict.h, so they are what a run would count.
 */
#ifndef NPU_REPORT_H
#define NPU_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/error.h>
#include <npu/job.h>
#include <npu/predict.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NPU_REPORT_WHY_LEN 160

/** enum npu_report_place - what does most of an operator's work */
enum npu_report_place {
	NPU_REPORT_CONTROL,	/* command processor: arguments, loops, tokens */
	NPU_REPORT_DMA,
	NPU_REPORT_VECTOR,
	NPU_REPORT_MATRIX,
	NPU_REPORT_CPU,		/* not the device */
	NPU_REPORT_PLACES
};

/** npu_report_place_name() - such as "matrix" */
const char *npu_report_place_name(unsigned int place);

/** enum npu_report_resource - what limits speed */
enum npu_report_resource {
	NPU_REPORT_BY_MEMORY,	/* bandwidth */
	NPU_REPORT_BY_MATRIX,
	NPU_REPORT_BY_VECTOR,
	NPU_REPORT_BY_SRAM,	/* banks */
	NPU_REPORT_RESOURCES
};

/** npu_report_resource_name() - "memory", "matrix", "vector" or "sram" */
const char *npu_report_resource_name(unsigned int resource);

/**
 * struct npu_report_operator - one operator, or the whole
 * @name: name of its tag
 * @place: enum npu_report_place
 * @why: why there
 * @streamed: weights go from memory straight to the matrix engine
 * @insns: instructions, of all cores
 * @cycles: of the device; those of all operators are those of the whole
 * @sram_peak: bytes of a core's SRAM
 * @bytes: between memory and cores
 * @macs: multiply-accumulates
 * @macs_f16: those of them with 16-bit weights, @macs_i4 with 4-bit ones
 * @macs_i4: see there
 * @vector_ops: elements times passes
 * @energy_pj: energy, without what goes by time
 * @busy: cycles of one core that it would keep a resource busy at the least:
 *	by enum npu_report_resource
 * @bound: enum npu_report_resource with the most @busy
 * @sram_busy: cycles of all cores in which each engine keeps SRAM busy; of those
 *	of @busy the engine that needs it most
 * @twice: cycles if a resource were twice as fast: by enum npu_report_resource
 */
struct npu_report_operator {
	char name[NPU_JOB_NAME_LEN];
	enum npu_report_place place;
	char why[NPU_REPORT_WHY_LEN];
	bool streamed;
	uint64_t insns, cycles, sram_peak, bytes;
	uint64_t macs, macs_f16, macs_i4, vector_ops, energy_pj;
	double busy[NPU_REPORT_RESOURCES];
	uint64_t sram_busy[NPU_PREDICT_ENGINES];
	enum npu_report_resource bound;
	uint64_t twice[NPU_REPORT_RESOURCES];
};

/**
 * struct npu_report - a run, operator by operator
 * @program: its name
 * @cores: that it runs on
 * @clock_hz: their clock
 * @macs: most MACs a second of INT8, INT4 and 16-bit weights
 * @bandwidth: bytes a second
 * @vector_ops: elements and passes a second
 * @queue_cycles: cycles besides those of @total, from doorbell to interrupt
 * @static_pj: energy that goes by time, part of @total's
 * @total: the whole; its place is that with the most cycles
 * @on_cpu: number of operators that the CPU executes
 * @n: number of @op
 * @op: in the order in which they run first
 */
struct npu_report {
	char program[NPU_JOB_NAME_LEN];
	uint32_t cores;
	double clock_hz, macs[3], bandwidth, vector_ops;
	uint64_t queue_cycles, static_pj;
	struct npu_report_operator total;
	uint32_t on_cpu, n;
	struct npu_report_operator op[];
};

/**
 * npu_report_create() - report on a program of an image
 * @image: image
 * @program: index of the program, the first of its run
 * @args: all of its arguments; NULL: the image's values
 * @device: machine, as for npu_predict()
 * @options: as for npu_predict(); its times are not looked at
 * @report: receives the report; free it with npu_report_free()
 * @err: what failed
 *
 * Operators are told apart by npu_insn.tag. Parts on the CPU take no cycles of
 * the device; what they move and multiply is counted.
 *
 * Return: 0 or a negative errno.
 */
int npu_report_create(const struct npu_job_image *image, uint32_t program,
		      const uint64_t *args, const char *device,
		      const struct npu_predict_options *options,
		      struct npu_report **report, struct npu_error *err);

/** npu_report_free() - free a report; NULL is allowed */
void npu_report_free(struct npu_report *report);

/** npu_report_intensity() - MACs for each byte between memory and cores */
double npu_report_intensity(const struct npu_report_operator *op);

/**
 * npu_report_ridge() - intensity from which on arithmetic limits and not memory
 * @report: report
 * @op: operator, for the types that it multiplies
 *
 * Return: MACs a byte; 0 for an operator that multiplies nothing.
 */
double npu_report_ridge(const struct npu_report *report,
			const struct npu_report_operator *op);

#ifdef __cplusplus
}
#endif

#endif /* NPU_REPORT_H */
