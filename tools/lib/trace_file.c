// SPDX-License-Identifier: MIT
/* Files of traces: chunks, checked before they are used. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace_file.h"

#define SUFFIX		".nputrace"
#define BLOCK		1024	/* records read at a time */
#define PROGRAM_MAX	(1u << 20)	/* tags of a program */

/* Room for one more element of @size bytes in an array. */
static bool grow(void *array, size_t count, size_t *room, size_t size)
{
	void **at = array;
	size_t more = *room ? 2 * *room : 16;
	void *bigger;

	if (count < *room)
		return true;
	bigger = reallocarray(*at, more, size);
	if (!bigger)
		return false;
	*at = bigger;
	*room = more;
	return true;
}

static bool take(struct trace_device *d, void *to, uint64_t *left, size_t size)
{
	if (*left < size || fread(to, size, 1, d->file) != 1)
		return false;
	*left -= size;
	return true;
}

/* Text that a file gives ends, whatever is in it. */
static void end_text(char text[NPU_TRACE_NAME_LEN])
{
	text[NPU_TRACE_NAME_LEN - 1] = '\0';
}

static bool read_device(struct trace_device *d, uint64_t *left)
{
	if (!take(d, &d->is, left, sizeof(d->is)) || d->is.magic != NPU_TRACE_MAGIC ||
	    !d->is.cores || d->is.cores > NPU_MAX_CORES || !d->is.clock_khz)
		return false;
	end_text(d->is.path);
	end_text(d->is.profile);
	end_text(d->is.command);
	return true;
}

static bool read_program(struct trace_device *d, uint64_t *left)
{
	struct trace_program p = { 0 };

	if (!take(d, &p.is, left, sizeof(p.is)) || p.is.num_tags > PROGRAM_MAX ||
	    *left != (uint64_t)p.is.num_tags * NPU_TRACE_NAME_LEN ||
	    !grow(&d->programs, d->num_programs, &d->room_programs, sizeof(p)))
		return false;
	end_text(p.is.name);
	p.tags = malloc(*left ? *left : 1);
	if (!p.tags || (*left && !take(d, p.tags, left, *left))) {
		free(p.tags);
		return false;
	}
	for (uint32_t i = 0; i < p.is.num_tags; i++)
		end_text(p.tags[i]);
	d->programs[d->num_programs++] = p;
	return true;
}

static bool read_segment(struct trace_device *d, uint64_t *left)
{
	struct npu_trace_segment s;

	if (!take(d, &s, left, sizeof(s)) ||
	    !grow(&d->segments, d->num_segments, &d->room_segments, sizeof(s)))
		return false;
	end_text(s.name);
	d->segments[d->num_segments++] = s;
	return true;
}

static bool read_map(struct trace_device *d, uint64_t *left)
{
	struct npu_trace_map m;

	if (!take(d, &m, left, sizeof(m)) ||
	    !grow(&d->maps, d->num_maps, &d->room_maps, sizeof(m)))
		return false;
	d->maps[d->num_maps++] = m;
	return true;
}

/* The last program loaded there: what it was loaded over is gone. */
static int find_program(const struct trace_device *d, const struct npu_trace_job *job)
{
	for (size_t i = d->num_programs; i-- > 0; )
		if (d->programs[i].is.va == job->program && d->programs[i].is.vm == job->vm)
			return i;
	return -1;
}

static bool read_job(struct trace_device *d, uint64_t *left)
{
	struct trace_job j = { 0 };

	if (!take(d, &j.is, left, sizeof(j.is)) || !take(d, &j.done, left, sizeof(j.done)) ||
	    j.is.parts > NPU_MAX_CORES ||
	    !grow(&d->jobs, d->num_jobs, &d->room_jobs, sizeof(j)))
		return false;
	j.at = ftello(d->file);
	j.size = *left;
	j.program = find_program(d, &j.is);
	d->untraced += !!j.is.untraced;
	d->jobs[d->num_jobs++] = j;
	return true;
}

static bool read_chunk(struct trace_device *d, uint32_t type, uint64_t *left)
{
	switch (type) {
	case NPU_TRACE_PROGRAM:
		return read_program(d, left);
	case NPU_TRACE_SEGMENT:
		return read_segment(d, left);
	case NPU_TRACE_MAP:
		return read_map(d, left);
	case NPU_TRACE_JOB:
		return read_job(d, left);
	case NPU_TRACE_END:
		d->complete = true;
		return true;
	default:
		return true;
	}
}

/* Up to the end of the file or to what cannot be understood. */
static void read_chunks(struct trace_device *d, uint64_t size)
{
	struct npu_trace_chunk chunk;
	off_t at = ftello(d->file);

	while (at >= 0 && (uint64_t)at < size) {
		uint64_t left;

		if (fread(&chunk, sizeof(chunk), 1, d->file) != 1 ||
		    chunk.size > size - at - sizeof(chunk))
			break;
		left = chunk.size;
		if (!read_chunk(d, chunk.type, &left))
			break;
		at += sizeof(chunk) + chunk.size;
		if (fseeko(d->file, at, SEEK_SET))
			break;
	}
	if (at < 0 || (uint64_t)at < size)
		fprintf(stderr, "npu-trace: %s: cut short or damaged at byte %jd: read up to there\n",
			d->path, (intmax_t)at);
}

static int read_file(struct trace *trace, char *path)
{
	struct trace_device d = { .path = path, .file = fopen(path, "re") };
	struct npu_trace_chunk chunk;
	off_t size = -1;
	uint64_t left = sizeof(d.is);

	if (!d.file)
		return -errno;
	if (!fseeko(d.file, 0, SEEK_END))
		size = ftello(d.file);
	rewind(d.file);
	if (size < 0 || fread(&chunk, sizeof(chunk), 1, d.file) != 1 ||
	    chunk.type != NPU_TRACE_DEVICE || chunk.size != sizeof(d.is) ||
	    !read_device(&d, &left)) {
		fprintf(stderr, "npu-trace: %s: no file of a trace\n", path);
		fclose(d.file);
		return -EINVAL;
	}
	read_chunks(&d, size);
	if (!grow(&trace->devices, trace->num_devices, &trace->room_devices, sizeof(d))) {
		fclose(d.file);
		return -ENOMEM;
	}
	trace->devices[trace->num_devices++] = d;
	return 0;
}

static int is_trace(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name), suffix = strlen(SUFFIX);

	return len > suffix && !strcmp(entry->d_name + len - suffix, SUFFIX);
}

static void number_ops(struct trace *trace)
{
	for (size_t i = 0; i < trace->num_devices; i++)
		for (size_t j = 0; j < trace->devices[i].num_programs; j++) {
			trace->devices[i].programs[j].first_op = trace->num_ops;
			trace->num_ops += trace->devices[i].programs[j].is.num_tags;
		}
}

int trace_read(struct trace *trace, const char *dir)
{
	struct dirent **found;
	int n = scandir(dir, &found, is_trace, versionsort), ret = 0;

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		char *path = NULL;

		if (asprintf(&path, "%s/%s", dir, found[i]->d_name) < 0)
			path = NULL;
		ret = path ? read_file(trace, path) : -ENOMEM;
		if (ret)
			free(path);
		free(found[i]);
	}
	free(found);
	number_ops(trace);
	return ret == -ENOMEM ? ret : 0;
}

void trace_free(struct trace *trace)
{
	for (size_t i = 0; i < trace->num_devices; i++) {
		struct trace_device *d = &trace->devices[i];

		for (size_t j = 0; j < d->num_programs; j++)
			free(d->programs[j].tags);
		free(d->programs);
		free(d->segments);
		free(d->maps);
		free(d->jobs);
		free(d->path);
		fclose(d->file);
	}
	free(trace->devices);
	*trace = (struct trace){ 0 };
}

/* The records of one core; *@left: bytes of the job's parts. */
static bool read_records(struct trace_device *d, uint32_t count, uint64_t *left,
			 void (*record)(void *opaque, uint32_t number,
					const struct npu_trace_record *record),
			 void *opaque)
{
	static _Thread_local struct npu_trace_record block[BLOCK];

	for (uint32_t done = 0; done < count; ) {
		uint32_t n = count - done < BLOCK ? count - done : BLOCK;

		if (!take(d, block, left, n * sizeof(*block)))
			return false;
		for (uint32_t i = 0; i < n; i++)
			if (block[i].engine < NPU_NUM_ENGINES && block[i].end >= block[i].start)
				record(opaque, done + i, &block[i]);
		done += n;
	}
	return true;
}

bool trace_records(struct trace_device *device, const struct trace_job *job,
		   void (*part)(void *opaque, const struct npu_trace_header *header),
		   void (*record)(void *opaque, uint32_t number,
				  const struct npu_trace_record *record),
		   void (*end)(void *opaque), void *opaque)
{
	uint64_t left = job->size;

	if (fseeko(device->file, job->at, SEEK_SET))
		return false;
	for (uint32_t i = 0; i < job->is.parts; i++) {
		struct npu_trace_header header;

		if (!take(device, &header, &left, sizeof(header)) ||
		    header.record_size != sizeof(struct npu_trace_record) ||
		    header.unit >= device->is.cores)
			return false;
		if (part)
			part(opaque, &header);
		if (!read_records(device, header.records, &left, record, opaque))
			return false;
		if (end)
			end(opaque);
	}
	return true;
}

uint32_t trace_op(const struct trace_device *device, const struct trace_job *job,
		  uint32_t tag)
{
	const struct trace_program *p;

	if (job->program < 0)
		return UINT32_MAX;
	p = &device->programs[job->program];
	return tag < p->is.num_tags ? p->first_op + tag : UINT32_MAX;
}

const char *trace_tag_name(const struct trace_program *program, uint32_t tag)
{
	if (tag >= program->is.num_tags || !program->tags[tag][0])
		return "?";
	return program->tags[tag];
}

double trace_ns(const struct trace_device *device, double cycles)
{
	return cycles * 1e6 / device->is.clock_khz;
}
