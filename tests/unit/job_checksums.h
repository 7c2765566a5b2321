/* SPDX-License-Identifier: MIT */
/* Putting the checksums of a job file right after it has been tampered with. */
#ifndef NPU_TESTS_JOB_CHECKSUMS_H
#define NPU_TESTS_JOB_CHECKSUMS_H

#include <stddef.h>
#include <zlib.h>

#include "job_file.h"

static inline void mend_checksums(unsigned char *bytes, size_t size)
{
	struct job_header *header = (struct job_header *)bytes;

	for (int i = 0; i < JOB_SECTION_COUNT; i++) {
		struct job_section *s = &header->sections[i];

		if (s->offset < size && s->size <= size - s->offset)
			s->crc = crc32(0, bytes + s->offset, s->size);
	}
	header->crc = 0;
	header->crc = crc32(0, bytes, sizeof(*header));
}

#endif /* NPU_TESTS_JOB_CHECKSUMS_H */
