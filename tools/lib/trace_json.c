// SPDX-License-Identifier: MIT
/* The Trace Event Format: slices of engines, arrows of tokens, counters, driver. */
#include <inttypes.h>
#include <stdlib.h>

#include <npu/disasm.h>

#include "trace_bins.h"
#include "trace_json.h"

#define WINDOW		4096	/* instructions that an arrow may reach back */
#define DRIVER_PID	1u
#define FIRST_PID	2u

/* Rows of a core; the stream is a second row of the matrix engine. */
#define ROW_STREAM	NPU_NUM_ENGINES
#define ROWS		(NPU_NUM_ENGINES + 1)

static const char *const row_names[ROWS] = {
	"CP", "LD (DMA in)", "ST (DMA out)", "MAT", "VEC", "weight stream",
};

/**
 * struct json_out - where a job's records go
 * @out: file
 * @device: device
 * @job: job
 * @pid: the device's
 * @unit: core of the device
 * @static_fj: static energy of a core in a cycle
 * @flows: arrows so far
 * @end: of the last instructions of the core
 * @row: and their rows
 * @bins: of the core
 */
struct json_out {
	FILE *out;
	struct trace_device *device;
	const struct trace_job *job;
	unsigned int pid, unit;
	double static_fj;
	uint64_t flows;
	uint64_t end[WINDOW];
	uint8_t row[WINDOW];
	struct trace_bins bins;
};

void trace_put_string(FILE *out, const char *text)
{
	putc('"', out);
	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		/* Names are bytes of a file: what is not ASCII is shown as such. */
		if (*s < ' ' || *s >= 0x7f || *s == '"' || *s == '\\' || *s == '<')
			fprintf(out, "\\u%04x", *s);
		else
			putc(*s, out);
	}
	putc('"', out);
}

static double us(const struct json_out *o, uint64_t cycle)
{
	return (o->job->base_ns + trace_ns(o->device, cycle)) / 1e3;
}

static unsigned int tid(const struct json_out *o, unsigned int row)
{
	return o->unit * 8 + row + 1;
}

static void put_name(const struct json_out *o, const struct npu_trace_record *r)
{
	const char *tag = "?";

	if (o->job->program >= 0)
		tag = trace_tag_name(&o->device->programs[o->job->program], r->tag);
	trace_put_string(o->out, *tag == '?' ? npu_opcode_name(r->opcode) : tag);
}

static void put_slice(const struct json_out *o, uint32_t number,
		      const struct npu_trace_record *r, unsigned int row)
{
	fprintf(o->out, ",\n{\"ph\":\"X\",\"pid\":%u,\"tid\":%u,\"ts\":%.4f,\"dur\":%.4f,\"name\":",
		o->pid, tid(o, row), us(o, r->start), trace_ns(o->device, r->end - r->start) / 1e3);
	put_name(o, r);
	fprintf(o->out, ",\"cat\":\"%s\",\"args\":{\"insn\":%u,\"pc\":%u,\"tag\":%u,\"op\":\"%s\",\"cycles\":%llu,\"issued\":%llu,\"stall\":%llu,\"mem_stall\":%llu,\"sram_stall\":%llu,\"bytes\":%llu,\"work\":%llu,\"energy_pJ\":%.3f",
		npu_opcode_name(r->opcode), number, r->pc, r->tag, npu_opcode_name(r->opcode),
		r->end - r->start, r->issue, r->stall, r->mem_stall, r->sram_stall, r->mem,
		r->work, r->energy_fj / 1e3);
	if (r->sram_size)
		fprintf(o->out, ",\"sram\":\"%#x..%#x\"", r->sram, r->sram + r->sram_size - 1);
	fputs("}}", o->out);
}

/* What the engine waited for, before the instruction on the same row. */
static void put_stall(const struct json_out *o, const struct npu_trace_record *r)
{
	if (!r->stall || r->stall > r->start)
		return;
	fprintf(o->out, ",\n{\"ph\":\"X\",\"pid\":%u,\"tid\":%u,\"ts\":%.4f,\"dur\":%.4f,\"cat\":\"stall\",\"cname\":\"grey\",\"name\":",
		o->pid, tid(o, r->engine), us(o, r->start - r->stall),
		trace_ns(o->device, r->stall) / 1e3);
	if (r->after == NPU_TRACE_NONE)
		fputs("\"wait for engines\"}", o->out);
	else
		fprintf(o->out, "\"wait for token %u\",\"args\":{\"of\":%u}}", r->token, r->after);
}

/* From the instruction that gave the token to the one that waited for it. */
static void put_flow(struct json_out *o, uint32_t number, const struct npu_trace_record *r)
{
	uint32_t from = r->after % WINDOW;

	if (r->after == NPU_TRACE_NONE || r->after >= number || number - r->after >= WINDOW ||
	    !o->end[from])
		return;
	o->flows++;
	fprintf(o->out, ",\n{\"ph\":\"s\",\"cat\":\"token\",\"name\":\"token %u\",\"id\":%" PRIu64 ",\"pid\":%u,\"tid\":%u,\"ts\":%.4f}",
		r->token, o->flows, o->pid, tid(o, o->row[from]), us(o, o->end[from] - 1));
	fprintf(o->out, ",\n{\"ph\":\"f\",\"bp\":\"e\",\"cat\":\"token\",\"name\":\"token %u\",\"id\":%" PRIu64 ",\"pid\":%u,\"tid\":%u,\"ts\":%.4f}",
		r->token, o->flows, o->pid, tid(o, r->engine), us(o, r->start));
}

static void part(void *opaque, const struct npu_trace_header *header)
{
	struct json_out *o = opaque;

	o->unit = header->unit;
	trace_bins_begin(&o->bins, header->cycles);
	if (header->insns > header->records)
		fprintf(o->out, ",\n{\"ph\":\"i\",\"s\":\"t\",\"pid\":%u,\"tid\":%u,\"ts\":%.4f,\"name\":\"%llu instructions more did not fit\"}",
			o->pid, tid(o, 0), us(o, header->cycles), header->insns - header->records);
}

static void record(void *opaque, uint32_t number, const struct npu_trace_record *r)
{
	struct json_out *o = opaque;

	put_stall(o, r);
	put_slice(o, number, r, r->engine);
	if (r->engine == NPU_ENGINE_MAT && r->mem)
		put_slice(o, number, r, ROW_STREAM);
	put_flow(o, number, r);
	o->end[number % WINDOW] = r->end;
	o->row[number % WINDOW] = r->engine;
	trace_bins_add(&o->bins, r);
}

static void put_counter(const struct json_out *o, double at, double gbps, double watts)
{
	fprintf(o->out, ",\n{\"ph\":\"C\",\"pid\":%u,\"ts\":%.4f,\"name\":\"core %u memory GB/s\",\"args\":{\"GB/s\":%.6g}}",
		o->pid, at, o->unit, gbps);
	fprintf(o->out, ",\n{\"ph\":\"C\",\"pid\":%u,\"ts\":%.4f,\"name\":\"core %u power W\",\"args\":{\"W\":%.6g}}",
		o->pid, at, o->unit, watts);
}

static void part_end(void *opaque)
{
	struct json_out *o = opaque;
	double ns = trace_ns(o->device, o->bins.width), at = o->job->base_ns / 1e3;

	for (uint32_t i = 0; i < o->bins.used; i++) {
		/* bytes per ns are GB/s; fJ per ns are uW */
		put_counter(o, at, o->bins.bytes[i] / ns,
			    (o->bins.fj[i] + o->static_fj * o->bins.width) / ns / 1e6);
		at += ns / 1e3;
	}
	put_counter(o, at, 0, 0);
}

static void put_process(FILE *out, unsigned int pid, const char *name, const char *more)
{
	char text[3 * NPU_TRACE_NAME_LEN];

	snprintf(text, sizeof(text), "%s%s%s", name, *more ? ": " : "", more);
	fprintf(out, ",\n{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%u,\"args\":{\"name\":", pid);
	trace_put_string(out, text);
	fprintf(out, "}},\n{\"ph\":\"M\",\"name\":\"process_sort_index\",\"pid\":%u,\"args\":{\"sort_index\":%u}}",
		pid, pid);
}

static void put_thread(FILE *out, unsigned int pid, unsigned int tid, const char *name)
{
	fprintf(out, ",\n{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":%u,\"tid\":%u,\"args\":{\"name\":", pid, tid);
	trace_put_string(out, name);
	fprintf(out, "}},\n{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":%u,\"tid\":%u,\"args\":{\"sort_index\":%u}}",
		pid, tid, tid);
}

static void put_rows(FILE *out, const struct trace_device *d, unsigned int pid)
{
	char what[2 * NPU_TRACE_NAME_LEN + 16], name[64];

	snprintf(what, sizeof(what), "%s (%s), process %u", d->is.profile, d->is.path, d->is.pid);
	put_process(out, pid, what, d->is.command);
	for (unsigned int unit = 0; unit < d->is.cores; unit++)
		for (unsigned int row = 0; row < ROWS; row++) {
			snprintf(name, sizeof(name), "core %u %s", unit, row_names[row]);
			put_thread(out, pid, unit * 8 + row + 1, name);
		}
}

/* A job from its submit to its end, as an asynchronous slice: they may overlap. */
static void put_job(const struct json_out *o)
{
	const struct trace_job *j = o->job;
	const __u64 *c = j->done.counters;
	const char *name = j->program < 0 ? "job" : o->device->programs[j->program].is.name;

	fprintf(o->out, ",\n{\"ph\":\"b\",\"cat\":\"job\",\"id\":\"%u.%u.%" PRIu64 "\",\"pid\":%u,\"tid\":0,\"ts\":%.4f,\"name\":",
		o->pid, j->is.context, j->is.seqno, o->pid, j->is.submit_ns / 1e3);
	trace_put_string(o->out, name);
	fprintf(o->out, ",\"args\":{\"context\":%u,\"seqno\":%" PRIu64 ",\"status\":%u,\"cores\":%u,\"cycles\":%llu,\"queue_cycles\":%llu,\"energy_pJ\":%llu,\"modelled_us\":%.4f,\"device_us\":%.4f,\"later_by_us\":%.4f,\"traced\":%s}}",
		j->is.context, j->is.seqno, j->done.status, j->done.cores, c[NPU_CNT_CYCLES],
		c[NPU_CNT_QUEUE_CYCLES], c[NPU_CNT_ENERGY_PJ],
		trace_ns(o->device, c[NPU_CNT_CYCLES] + c[NPU_CNT_QUEUE_CYCLES]) / 1e3,
		trace_ns(o->device, j->done.clock_end - j->done.clock_start) / 1e3,
		j->shift_ns / 1e3, j->is.untraced ? "false" : "true");
	fprintf(o->out, ",\n{\"ph\":\"e\",\"cat\":\"job\",\"id\":\"%u.%u.%" PRIu64 "\",\"pid\":%u,\"tid\":0,\"ts\":%.4f,\"name\":",
		o->pid, j->is.context, j->is.seqno, o->pid, j->is.ended_ns / 1e3);
	trace_put_string(o->out, name);
	putc('}', o->out);
}

static double static_fj(const struct npu_completion *done)
{
	double cycles = (double)done->counters[NPU_CNT_CYCLES] * done->cores;

	return cycles > 0 ? done->energy_pj[NPU_ENERGY_STATIC] * 1e3 / cycles : 0;
}

static bool put_device(FILE *out, struct trace_device *d, unsigned int pid, uint64_t *flows)
{
	struct json_out *o = calloc(1, sizeof(*o));
	bool ok = true;

	if (!o)
		return false;
	put_rows(out, d, pid);
	*o = (struct json_out){ .out = out, .device = d, .pid = pid, .flows = *flows };
	for (size_t i = 0; i < d->num_jobs; i++) {
		o->job = &d->jobs[i];
		o->static_fj = static_fj(&o->job->done);
		put_job(o);
		ok &= trace_records(d, o->job, part, record, part_end, o);
	}
	*flows = o->flows;
	free(o);
	return ok;
}

static const char *const driver_names[] = {
	[TRACE_DRIVER_SUBMIT] = "submit", [TRACE_DRIVER_RUN] = "run",
	[TRACE_DRIVER_DONE] = "done", [TRACE_DRIVER_FAULT] = "fault",
	[TRACE_DRIVER_RESET] = "reset",
};

/* A job waits from SUBMIT to RUN and runs from there to DONE; all else is a moment. */
static void put_driver_event(FILE *out, const struct trace_driver_event *e)
{
	bool of_job = e->kind <= TRACE_DRIVER_DONE;

	fprintf(out, ",\n{\"ph\":\"i\",\"s\":\"%c\",\"pid\":%u,\"tid\":%u,\"ts\":%.3f,\"name\":\"%s\",\"cat\":\"driver\",\"args\":{\"event\":",
		of_job ? 't' : 'g', DRIVER_PID, e->kind + 1u, e->time_ns / 1e3,
		driver_names[e->kind]);
	trace_put_string(out, e->text);
	fputs("}}", out);
	if (!of_job)
		return;
	if (e->kind != TRACE_DRIVER_SUBMIT)
		fprintf(out, ",\n{\"ph\":\"e\",\"cat\":\"driver\",\"id\":\"%" PRIx64 ".%" PRIu64 "\",\"pid\":%u,\"tid\":0,\"ts\":%.3f,\"name\":\"%s\"}",
			e->context, e->seqno, DRIVER_PID, e->time_ns / 1e3,
			e->kind == TRACE_DRIVER_RUN ? "queued" : "on the device");
	if (e->kind != TRACE_DRIVER_DONE)
		fprintf(out, ",\n{\"ph\":\"b\",\"cat\":\"driver\",\"id\":\"%" PRIx64 ".%" PRIu64 "\",\"pid\":%u,\"tid\":0,\"ts\":%.3f,\"name\":\"%s\"}",
			e->context, e->seqno, DRIVER_PID, e->time_ns / 1e3,
			e->kind == TRACE_DRIVER_SUBMIT ? "queued" : "on the device");
}

static void put_driver(FILE *out, const struct trace_driver *driver)
{
	if (!driver->num_events)
		return;
	put_process(out, DRIVER_PID, "driver npu", "");
	for (unsigned int i = 0; i < sizeof(driver_names) / sizeof(*driver_names); i++)
		put_thread(out, DRIVER_PID, i + 1, driver_names[i]);
	for (size_t i = 0; i < driver->num_events; i++)
		put_driver_event(out, &driver->events[i]);
}

bool trace_write_json(struct trace *trace, const struct trace_driver *driver, FILE *out)
{
	uint64_t flows = 0;
	bool ok = true;

	fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"clock\":\"CLOCK_MONOTONIC\",\"made by\":\"npu-trace\"},\"traceEvents\":[\n", out);
	fprintf(out, "{\"ph\":\"M\",\"name\":\"trace\",\"pid\":%u,\"args\":{}}", DRIVER_PID);
	put_driver(out, driver);
	for (size_t i = 0; i < trace->num_devices; i++)
		ok &= put_device(out, &trace->devices[i], FIRST_PID + i, &flows);
	fputs("\n]}\n", out);
	return ok && !fflush(out) && !ferror(out);
}
