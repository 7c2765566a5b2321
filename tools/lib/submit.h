/* SPDX-License-Identifier: MIT */
/* The parts of npu-submit: what is asked for, running it, telling of it. */
#ifndef NPU_TOOLS_SUBMIT_H
#define NPU_TOOLS_SUBMIT_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/npu.h>

/**
 * struct submit_pairs - NAME=VALUE options of one kind
 * @list: in the order of the command line
 * @count: number of @list
 */
struct submit_pairs {
	struct {
		const char *name;
		const char *value;
	} *list;
	unsigned int count;
};

/**
 * struct submit_options - the command line
 */
struct submit_options {
	const char *path;
	const char *device;
	const char *program;
	struct submit_pairs inputs;
	struct submit_pairs outputs;
	struct submit_pairs args;
	uint32_t repeat;
	bool json;
};

/**
 * struct submit_check - an output beside what the file expects
 * @tensor: the output
 * @checked: whether it was compared
 * @differing: number of elements that differ
 * @first: index of the first of them
 * @got: that element as it is, in words
 * @want: as it should be
 */
struct submit_check {
	const struct npu_job_tensor *tensor;
	bool checked;
	uint64_t differing;
	uint64_t first;
	char got[32];
	char want[32];
};

/**
 * struct submit_report - how it went
 * @image: where @program is from
 * @program: what ran
 * @runs: runs that ended well
 * @wall_ns: of each of them, in order of time taken
 * @stats: of the last one
 * @checks: outputs with expected values
 * @num_checks: number of @checks
 * @unchecked: why they were not compared, or NULL
 * @bad_run: first run whose outputs differed, from 1; 0: none
 */
struct submit_report {
	const struct npu_job_image *image;
	const struct npu_job_program *program;
	uint32_t runs;
	uint64_t *wall_ns;
	struct npu_job_stats stats;
	struct submit_check *checks;
	uint32_t num_checks;
	const char *unchecked;
	uint32_t bad_run;
};

/**
 * submit_image() - do what the command line says
 * @options: command line
 * @image: the job
 * @err: what failed, if something did; empty if outputs differ
 *
 * Return: exit status.
 */
int submit_image(const struct submit_options *options,
		 const struct npu_job_image *image, struct npu_error *err);

/**
 * submit_compare() - compare outputs with expected values
 * @instance: the job, after a run
 * @report: with @checks, which are filled in
 *
 * Return: whether all are as expected.
 */
bool submit_compare(const struct npu_instance *instance,
		    struct submit_report *report);

/** submit_show() - tell a person how it went */
void submit_show(const struct submit_options *options,
		 const struct submit_report *report);

/** submit_show_json() - the same in JSON; @error: what failed, or NULL */
void submit_show_json(const struct submit_options *options,
		      const struct submit_report *report, const char *error);

#endif /* NPU_TOOLS_SUBMIT_H */
