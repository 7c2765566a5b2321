/* SPDX-License-Identifier: MIT */
/*
 * Layout of a job file. Documentation/jobfile.rst is its text.
 *
 * A header, a table of seven sections, and the sections in the order of their
 * types, each where the one before it ends, rounded up to its alignment. What
 * lies between is zero. Everything is little endian.
 */
#ifndef NPU_RUNTIME_JOB_FILE_H
#define NPU_RUNTIME_JOB_FILE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <npu/job.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	      "job files and programs are little endian");

#define JOB_FILE_MAGIC		0x4a55504e	/* "NPUJ" */
#define JOB_FILE_MAJOR		2
#define JOB_FILE_MINOR		0
#define JOB_FILE_TABLE_ALIGN	64
#define JOB_FILE_DATA_ALIGN	4096

enum job_section_type {
	JOB_SECTION_SEGMENTS,
	JOB_SECTION_TENSORS,
	JOB_SECTION_PROGRAMS,
	JOB_SECTION_ARGS,	/* of all programs, one after the other */
	JOB_SECTION_TAGS,
	JOB_SECTION_DATA,	/* initial contents of segments */
	JOB_SECTION_EXPECTED,	/* expected contents of outputs */
	JOB_SECTION_COUNT
};

struct job_section {
	uint32_t type;		/* enum job_section_type */
	uint32_t crc;		/* CRC-32 of the section's bytes */
	uint64_t offset;	/* from the start of the file */
	uint64_t size;		/* bytes */
	uint32_t count;		/* records; DATA, EXPECTED: pieces */
	uint32_t reserved;
};

struct job_header {
	uint32_t magic;
	uint16_t minor;
	uint16_t major;
	uint64_t file_size;
	uint32_t num_sections;
	uint32_t crc;		/* CRC-32 of header and table, with this zero */
	uint64_t reserved[5];
	struct job_section sections[JOB_SECTION_COUNT];
};

#define JOB_SEGMENT_READONLY	(1u << 0)

struct job_segment_record {
	char name[NPU_JOB_NAME_LEN];
	uint64_t va;
	uint64_t size;
	uint64_t data_offset;	/* in DATA; zero without data */
	uint64_t data_size;
	uint32_t flags;
	uint32_t reserved[7];
};

#define JOB_TENSOR_EXPECTED	(1u << 0)

struct job_tensor_record {
	char name[NPU_JOB_NAME_LEN];
	uint32_t role;
	uint32_t type;
	uint32_t n_dims;
	uint32_t flags;
	uint64_t dims[NPU_JOB_MAX_DIMS];	/* those behind n_dims are zero */
	uint64_t va;
	uint64_t expected_offset;	/* in EXPECTED; zero without flag */
};

struct job_program_record {
	char name[NPU_JOB_NAME_LEN];
	uint64_t va;
	uint32_t size;
	uint32_t cores;
	uint32_t first_arg;	/* in ARGS */
	uint32_t num_args;
	uint32_t place;		/* enum npu_job_place */
	uint32_t next;		/* program behind it; 0: none */
	char reason[NPU_JOB_REASON_LEN];
	uint32_t reserved[8];
};

struct job_arg_record {
	char name[NPU_JOB_NAME_LEN];
	uint64_t value;
	uint64_t reserved;
};

struct job_tag_record {
	char name[NPU_JOB_NAME_LEN];
};

static_assert(sizeof(struct job_section) == 32, "ABI");
static_assert(sizeof(struct job_header) == 64 + 32 * JOB_SECTION_COUNT, "ABI");
static_assert(sizeof(struct job_segment_record) == 128, "ABI");
static_assert(sizeof(struct job_tensor_record) == 128, "ABI");
static_assert(sizeof(struct job_program_record) == 256, "ABI");
static_assert(sizeof(struct job_arg_record) == 80, "ABI");
static_assert(sizeof(struct job_tag_record) == 64, "ABI");

/** job_round_up() - the next multiple of a power of two; no overflow below 2^63 */
static inline uint64_t job_round_up(uint64_t n, uint64_t align)
{
	return (n + align - 1) & ~(align - 1);
}

/** job_section_align() - what a section's offset is a multiple of */
static inline uint64_t job_section_align(unsigned int type)
{
	return type >= JOB_SECTION_DATA ? JOB_FILE_DATA_ALIGN :
					  JOB_FILE_TABLE_ALIGN;
}

/** job_piece_align() - what offsets inside DATA and EXPECTED are multiples of */
static inline uint64_t job_piece_align(unsigned int type)
{
	return type == JOB_SECTION_DATA ? JOB_FILE_DATA_ALIGN :
					  JOB_FILE_TABLE_ALIGN;
}

#endif /* NPU_RUNTIME_JOB_FILE_H */
