/* SPDX-License-Identifier: MIT */
/*
 * A job image: programs, the memory that they work on, and names for it all.
 *
 * What a compiler makes, what a job file (job.bin) holds and what the runtime
 * loads into an address space and runs. Addresses are fixed when it is made:
 * each loaded image has an address space of its own.
 */
#ifndef NPU_JOB_H
#define NPU_JOB_H

#include <stddef.h>
#include <stdint.h>

#include <npu/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NPU_JOB_NAME_LEN 64	/* bytes of a name, with its NUL */
#define NPU_JOB_REASON_LEN 128	/* bytes of a reason, with its NUL */
#define NPU_JOB_MAX_DIMS 4

/**
 * struct npu_job_segment - a range of addresses that must be mapped
 * @name: for people
 * @va: first address, a multiple of 2 MiB
 * @size: bytes, not zero
 * @data: initial contents, @data_size bytes; the rest is zero
 * @data_size: 0 to @size
 * @readonly: the NPU does not write it
 */
struct npu_job_segment {
	char name[NPU_JOB_NAME_LEN];
	uint64_t va;
	uint64_t size;
	const void *data;
	uint64_t data_size;
	int readonly;
};

/**
 * enum npu_job_role - what a tensor is for
 * @NPU_JOB_INPUT: written before a run
 * @NPU_JOB_OUTPUT: read after a run
 * @NPU_JOB_STATE: kept from run to run
 * @NPU_JOB_CONST: weights and tables
 */
enum npu_job_role {
	NPU_JOB_INPUT = 1,
	NPU_JOB_OUTPUT = 2,
	NPU_JOB_STATE = 3,
	NPU_JOB_CONST = 4,
};

/**
 * struct npu_job_tensor - named memory within one segment
 * @name: unique in the image
 * @role: enum npu_job_role
 * @type: enum npu_type (npu_isa.h): I8, I32, F32, F16, BF16
 * @n_dims: 1 to NPU_JOB_MAX_DIMS
 * @dims: sizes, the slowest first; packed, row major
 * @va: address of the first element
 * @expected: for an OUTPUT, the bytes that the program must produce, or NULL
 */
struct npu_job_tensor {
	char name[NPU_JOB_NAME_LEN];
	uint32_t role;
	uint32_t type;
	uint32_t n_dims;
	uint64_t dims[NPU_JOB_MAX_DIMS];
	uint64_t va;
	const void *expected;
};

/**
 * enum npu_job_place - what executes a program
 * @NPU_JOB_ON_DEVICE: the NPU
 * @NPU_JOB_ON_CPU: the processor, with the results that the instruction set defines
 */
enum npu_job_place {
	NPU_JOB_ON_DEVICE = 0,
	NPU_JOB_ON_CPU = 1,
};

/**
 * struct npu_job_program - one program and its arguments
 * @name: unique in the image
 * @va: address of its struct npu_program, within a readonly segment's data
 * @size: bytes, header included
 * @cores: cores that it runs on, 0: all of the device
 * @num_args: number of arguments
 * @arg_names: their names
 * @args: their default values
 * @place: enum npu_job_place
 * @next: index of the program that runs behind it, with the same arguments, as
 *	a part of the same run; larger than this one's; 0: none
 * @reason: why it runs on the CPU, for people; empty on the device
 *
 * A run that the device cannot do alone is a chain of programs, by turns on
 * device and CPU. A program that is another's @next is in no other chain.
 */
struct npu_job_program {
	char name[NPU_JOB_NAME_LEN];
	uint64_t va;
	uint32_t size;
	uint32_t cores;
	uint32_t num_args;
	char (*arg_names)[NPU_JOB_NAME_LEN];
	uint64_t *args;
	uint32_t place;
	uint32_t next;
	char reason[NPU_JOB_REASON_LEN];
};

/**
 * struct npu_job_image - the whole
 * @n_segments: number of @segments, which do not overlap
 * @n_tensors: number of @tensors
 * @n_programs: number of @programs, at least 1; the first is the default
 * @n_tags: number of @tags
 * @tags: names for npu_insn.tag (operators); tag n is tags[n]
 * @owner: private to npu_job_image_read(); NULL in images made otherwise
 */
struct npu_job_image {
	uint32_t n_segments, n_tensors, n_programs, n_tags;
	struct npu_job_segment *segments;
	struct npu_job_tensor *tensors;
	struct npu_job_program *programs;
	char (*tags)[NPU_JOB_NAME_LEN];
	void *owner;
};

/**
 * npu_job_image_check() - check an image against its own rules
 * @image: image
 * @err: what is wrong
 *
 * Segments inside the address space, aligned, disjoint, together at most 64
 * GiB; tensors and programs inside segments; names unique, of printable ASCII
 * without space and '=' (tags may have both, or be empty); counts in bounds.
 *
 * Return: 0, or -EINVAL.
 */
int npu_job_image_check(const struct npu_job_image *image, struct npu_error *err);

/**
 * npu_job_image_read() - read a job file
 * @path: file
 * @image: receives the image; free it with npu_job_image_free()
 * @err: names the file, the offset and the reason
 *
 * Return: 0, -EINVAL for a file that is no sound job file, or another negative errno.
 */
int npu_job_image_read(const char *path, struct npu_job_image **image, struct npu_error *err);

/**
 * npu_job_image_write() - write a job file
 * @image: image
 * @path: file, replaced only when the new one is complete
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int npu_job_image_write(const struct npu_job_image *image, const char *path,
			struct npu_error *err);

/**
 * npu_job_image_free() - free an image and all that it points to
 * @image: image, or NULL
 *
 * The arrays, arg_names, args, each segment's data and each tensor's expected
 * are freed one by one, unless @owner is set, which then holds them all.
 */
void npu_job_image_free(struct npu_job_image *image);

/**
 * npu_job_image_tensor() - a tensor by its name
 * @image: image
 * @name: name
 *
 * Return: the tensor, or NULL if the image has none of that name.
 */
struct npu_job_tensor *npu_job_image_tensor(const struct npu_job_image *image, const char *name);

/**
 * npu_job_tensor_size() - bytes of a tensor
 * @tensor: tensor
 *
 * Return: bytes, or 0 if type or shape are not valid or overflow.
 */
uint64_t npu_job_tensor_size(const struct npu_job_tensor *tensor);

#ifdef __cplusplus
}
#endif

#endif /* NPU_JOB_H */
