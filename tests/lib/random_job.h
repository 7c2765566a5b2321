/* SPDX-License-Identifier: MIT */
/*
 * Random programs that run to their end: every engine, loops, several cores,
 * and tokens for what depends on what, no more. The same seed gives the same
 * image everywhere.
 */
#ifndef NPU_TESTS_RANDOM_JOB_H
#define NPU_TESTS_RANDOM_JOB_H

#include <npu/job.h>

#define RANDOM_JOB_CORES	2	/* that it needs at most */
#define RANDOM_JOB_SRAM		65536

/**
 * random_job() - make an image
 * @seed: which
 *
 * One program, tensors "in" and "out", tags 1 to 5 by kind of instruction.
 *
 * Return: the image; free it with npu_job_image_free(). Ends the test program
 * on failure.
 */
struct npu_job_image *random_job(uint32_t seed);

#endif /* NPU_TESTS_RANDOM_JOB_H */
