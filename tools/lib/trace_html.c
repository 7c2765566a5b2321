// SPDX-License-Identifier: MIT
/*
 * The page: its parts as they are, then what the trace holds as JSON and the
 * instructions as records in base64, in the order of struct slice below. The
 * script of the page is told the length of a record and reads it by offsets.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <npu/disasm.h>

#include "npu-trace-page.h"
#include "trace_html.h"
#include "trace_json.h"

/* One instruction; the offsets are page.js's as well. */
struct slice {
	double start;		/* ns from the start of the trace */
	double cycles;
	float stall;		/* cycles */
	float energy;		/* pJ */
	float mem;		/* bytes */
	float work;
	uint32_t op;		/* operator, or all ones */
	uint32_t number, after;	/* in its core */
	uint32_t sram, sram_size;
	uint32_t pc;
	uint16_t job, device;
	uint8_t unit, engine, opcode, token;
	float mem_stall, sram_stall;	/* cycles */
};

static_assert(sizeof(struct slice) == 72, "as page.js reads it");

/**
 * struct cost - of an operator
 * @count: instructions
 * @cycles: by which it made cores take longer, all of them together
 * @busy: cycles by engine
 * @stall: cycles
 * @mem_stall: cycles of @busy in which it waited for the memory port
 * @sram_stall: cycles by which SRAM made it longer
 * @mem: bytes
 * @macs: of the matrix engine
 * @ops: of the vector engine
 * @fj: energy without the static part
 */
struct cost {
	uint64_t count, cycles, busy[NPU_NUM_ENGINES], stall, mem, macs, ops;
	uint64_t mem_stall, sram_stall;
	double fj;
};

struct page {
	FILE *out;
	struct trace *trace;
	struct trace_device *device;
	const struct trace_job *job;
	struct cost *costs;
	double start_ns;
	uint64_t left, beyond, horizon, held;
	uint32_t unit, job_number, device_number;
	unsigned char pending[48];
	unsigned int num_pending;
};

static void put_base64(FILE *out, const unsigned char *p, unsigned int n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (unsigned int i = 0; i < n; i += 3) {
		unsigned int more = n - i < 3 ? n - i : 3;
		uint32_t bits = p[i] << 16 | (more > 1 ? p[i + 1] << 8 : 0) |
				(more > 2 ? p[i + 2] : 0);

		putc(digits[bits >> 18], out);
		putc(digits[bits >> 12 & 63], out);
		putc(more > 1 ? digits[bits >> 6 & 63] : '=', out);
		putc(more > 2 ? digits[bits & 63] : '=', out);
	}
}

/* Bytes of the records, in lines of 64 characters. */
static void put_bytes(struct page *p, const void *data, size_t len)
{
	const unsigned char *from = data;

	while (len--) {
		p->pending[p->num_pending++] = *from++;
		if (p->num_pending < sizeof(p->pending))
			continue;
		put_base64(p->out, p->pending, p->num_pending);
		putc('\n', p->out);
		p->num_pending = 0;
	}
}

static void part(void *opaque, const struct npu_trace_header *header)
{
	struct page *p = opaque;

	p->unit = header->unit;
	p->horizon = 0;
	p->beyond += header->insns - header->records;
}

static void account(struct page *p, uint32_t op, const struct npu_trace_record *r)
{
	struct cost *c = &p->costs[op];
	uint64_t end = r->end > r->issue ? r->end : r->issue;

	c->count++;
	if (end > p->horizon)
		c->cycles += end - p->horizon;
	c->busy[r->engine] += r->end - r->start;
	c->stall += r->stall;
	c->mem_stall += r->mem_stall;
	c->sram_stall += r->sram_stall;
	c->mem += r->mem;
	c->macs += r->engine == NPU_ENGINE_MAT ? r->work : 0;
	c->ops += r->engine == NPU_ENGINE_VEC ? r->work : 0;
	c->fj += r->energy_fj;
	if (end > p->horizon)
		p->horizon = end;
}

static void record(void *opaque, uint32_t number, const struct npu_trace_record *r)
{
	struct page *p = opaque;
	uint32_t op = trace_op(p->device, p->job, r->tag);
	struct slice s = {
		.start = p->job->base_ns - p->start_ns + trace_ns(p->device, r->start),
		.cycles = r->end - r->start, .stall = r->stall,
		.energy = r->energy_fj / 1e3, .mem = r->mem, .work = r->work,
		.op = op, .number = number, .after = r->after,
		.sram = r->sram, .sram_size = r->sram_size, .pc = r->pc,
		.job = p->job_number, .device = p->device_number, .unit = p->unit,
		.engine = r->engine, .opcode = r->opcode, .token = r->token,
		.mem_stall = r->mem_stall, .sram_stall = r->sram_stall,
	};

	/* The last stands for instructions without a name. */
	account(p, op < p->trace->num_ops ? op : p->trace->num_ops, r);
	if (!p->left) {
		p->beyond++;
		return;
	}
	p->left--;
	p->held++;
	put_bytes(p, &s, sizeof(s));
}

static bool put_slices(struct page *p)
{
	bool ok = true;

	fputs("<script id=\"npu-slices\" type=\"text/plain\">\n", p->out);
	for (size_t i = 0; i < p->trace->num_devices; i++) {
		p->device = &p->trace->devices[i];
		p->device_number = i;
		for (size_t j = 0; j < p->device->num_jobs; j++) {
			p->job = &p->device->jobs[j];
			p->job_number = j;
			ok &= trace_records(p->device, p->job, part, record, NULL, p);
		}
	}
	put_base64(p->out, p->pending, p->num_pending);
	fputs("\n</script>\n", p->out);
	return ok;
}

static void put_field(FILE *out, const char *name, const char *text)
{
	fprintf(out, "\"%s\":", name);
	trace_put_string(out, text);
	putc(',', out);
}

static void put_jobs(const struct page *p, const struct trace_device *d)
{
	fputs("\"jobs\":[", p->out);
	for (size_t i = 0; i < d->num_jobs; i++) {
		const struct trace_job *j = &d->jobs[i];

		fprintf(p->out, "%s{", i ? ",\n" : "");
		put_field(p->out, "name", j->program < 0 ? "job" : d->programs[j->program].is.name);
		fprintf(p->out, "\"context\":%u,\"seqno\":%" PRIu64 ",\"status\":%u,\"submit\":%.3f,\"end\":%.3f,\"start\":%.3f,\"later\":%.3f,\"cycles\":%" PRIu64 ",\"device\":%.3f,\"energy\":[",
			j->is.context, j->is.seqno, j->done.status, j->is.submit_ns - p->start_ns,
			j->is.ended_ns - p->start_ns, j->base_ns - p->start_ns, j->shift_ns,
			(uint64_t)j->done.counters[NPU_CNT_CYCLES],
			trace_ns(d, j->done.clock_end - j->done.clock_start));
		for (int e = 0; e < NPU_ENERGY_PARTS; e++)
			fprintf(p->out, "%s%" PRIu64, e ? "," : "", (uint64_t)j->done.energy_pj[e]);
		fputs("]}", p->out);
	}
	fputs("]", p->out);
}

static void put_memory(const struct page *p, const struct trace_device *d)
{
	fputs(",\"segments\":[", p->out);
	for (size_t i = 0; i < d->num_segments; i++) {
		const struct npu_trace_segment *s = &d->segments[i];

		fprintf(p->out, "%s{", i ? ",\n" : "");
		put_field(p->out, "name", s->name);
		fprintf(p->out, "\"vm\":%u,\"va\":%" PRIu64 ",\"size\":%" PRIu64 ",\"readonly\":%u}",
			s->vm, s->va, s->size, s->readonly);
	}
	fputs("],\"maps\":[", p->out);
	for (size_t i = 0; i < d->num_maps; i++) {
		const struct npu_trace_map *m = &d->maps[i];

		fprintf(p->out, "%s{\"vm\":%u,\"va\":%" PRIu64 ",\"size\":%" PRIu64 ",\"mapped\":%u,\"handle\":%u,\"readonly\":%u,\"time\":%.0f}",
			i ? ",\n" : "", m->vm, m->va, m->size, m->mapped, m->handle, m->readonly,
			m->time_ns - p->start_ns);
	}
	fputs("]", p->out);
}

static void put_device(const struct page *p, const struct trace_device *d)
{
	putc('{', p->out);
	put_field(p->out, "path", d->is.path);
	put_field(p->out, "profile", d->is.profile);
	put_field(p->out, "command", d->is.command);
	fprintf(p->out, "\"pid\":%u,\"cores\":%u,\"khz\":%u,\"sram\":%u,\"mbps\":%" PRIu64
		",\"macs\":[%u,%u,%u],\"lanes\":%u,\"untraced\":%" PRIu64 ",\"clockError\":%.1f,\n",
		d->is.pid, d->is.cores, d->is.clock_khz, d->is.sram_size, d->is.mem_mbps,
		d->is.macs_i8, d->is.macs_i4, d->is.macs_f16, d->is.vec_lanes, d->untraced,
		d->clock_error_ns);
	put_jobs(p, d);
	put_memory(p, d);
	putc('}', p->out);
}

static void put_op(const struct page *p, const char *name, const char *program, int device,
		   const struct cost *c, bool first)
{
	fprintf(p->out, "%s{", first ? "" : ",\n");
	put_field(p->out, "name", name);
	put_field(p->out, "program", program);
	fprintf(p->out, "\"device\":%d,\"count\":%" PRIu64 ",\"cycles\":%" PRIu64 ",\"busy\":[", device,
		c->count, c->cycles);
	for (int e = 0; e < NPU_NUM_ENGINES; e++)
		fprintf(p->out, "%s%" PRIu64, e ? "," : "", c->busy[e]);
	fprintf(p->out, "],\"stall\":%" PRIu64 ",\"memStall\":%" PRIu64 ",\"sramStall\":%" PRIu64 ",\"mem\":%" PRIu64 ",\"macs\":%" PRIu64 ",\"ops\":%" PRIu64 ",\"pj\":%.3f}",
		c->stall, c->mem_stall, c->sram_stall, c->mem, c->macs, c->ops, c->fj / 1e3);
}

static void put_ops(const struct page *p)
{
	uint32_t op = 0;

	fputs("\"ops\":[", p->out);
	for (size_t i = 0; i < p->trace->num_devices; i++) {
		const struct trace_device *d = &p->trace->devices[i];

		for (size_t j = 0; j < d->num_programs; j++)
			for (uint32_t t = 0; t < d->programs[j].is.num_tags; t++, op++)
				put_op(p, trace_tag_name(&d->programs[j], t),
				       d->programs[j].is.name, i, &p->costs[op], !op);
	}
	put_op(p, "(no name)", "", 0, &p->costs[op], !op);
	fputs("]", p->out);
}

static void put_opcodes(const struct page *p)
{
	fputs(",\"opcodes\":[", p->out);
	for (unsigned int i = 0; i < 256; i++) {
		const char *name = npu_opcode_name(i);

		if (i)
			putc(',', p->out);
		trace_put_string(p->out, name ? name : "");
	}
	fputs("]", p->out);
}

static void put_driver(const struct page *p, const struct trace_driver *driver)
{
	static const char *const names[] = { "submit", "run", "done", "fault", "reset" };

	fputs(",\"driver\":[", p->out);
	for (size_t i = 0; i < driver->num_events; i++) {
		const struct trace_driver_event *e = &driver->events[i];

		fprintf(p->out, "%s{\"kind\":\"%s\",\"time\":%.0f,\"text\":", i ? ",\n" : "",
			names[e->kind], e->time_ns - p->start_ns);
		trace_put_string(p->out, e->text);
		putc('}', p->out);
	}
	fputs("]", p->out);
}

static void put_data(const struct page *p, const struct trace_driver *driver,
		     const char *command)
{
	fputs("<script id=\"npu-data\" type=\"application/json\">\n{", p->out);
	put_field(p->out, "command", command);
	fprintf(p->out, "\"held\":%" PRIu64 ",\"beyond\":%" PRIu64 ",\"recordSize\":%zu,\n\"devices\":[",
		p->held, p->beyond, sizeof(struct slice));
	for (size_t i = 0; i < p->trace->num_devices; i++) {
		if (i)
			putc(',', p->out);
		put_device(p, &p->trace->devices[i]);
	}
	fputs("],\n", p->out);
	put_ops(p);
	put_opcodes(p);
	put_driver(p, driver);
	fputs("}\n</script>\n", p->out);
}

/* Zero of the page: the first thing that happens. */
static double first_ns(const struct trace *trace, const struct trace_driver *driver)
{
	double first = driver->num_events ? driver->events[0].time_ns : 0;

	for (size_t i = 0; i < trace->num_devices; i++) {
		double opened = trace->devices[i].is.time_ns;

		for (size_t j = 0; j < trace->devices[i].num_jobs; j++) {
			double submit = trace->devices[i].jobs[j].is.submit_ns;

			if (!j || submit < opened)
				opened = submit;
		}
		if (!first || opened < first)
			first = opened;
	}
	return first;
}

bool trace_write_html(struct trace *trace, const struct trace_driver *driver,
		      uint64_t limit, const char *command, FILE *out)
{
	struct page p = {
		.out = out, .trace = trace, .left = limit,
		.start_ns = first_ns(trace, driver),
		.costs = calloc(trace->num_ops + 1, sizeof(*p.costs)),
	};
	bool ok;

	if (!p.costs)
		return false;
	fputs(page_head, out);
	fputs("<style>\n", out);
	for (size_t i = 0; i < sizeof(page_css) / sizeof(*page_css); i++)
		fputs(page_css[i], out);
	fputs("</style>\n</head>\n", out);
	for (size_t i = 0; i < sizeof(page_body) / sizeof(*page_body); i++)
		fputs(page_body[i], out);
	ok = put_slices(&p);
	put_data(&p, driver, command);
	fputs("<script>\n", out);
	for (size_t i = 0; i < sizeof(page_js) / sizeof(*page_js); i++)
		fputs(page_js[i], out);
	fputs("</script>\n</body>\n</html>\n", out);
	free(p.costs);
	return ok && !fflush(out) && !ferror(out);
}
