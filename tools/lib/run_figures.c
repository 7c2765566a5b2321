// SPDX-License-Identifier: MIT
/* What a run has cost, and telling of it. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include <npu/device.h>
#include <npu/disasm.h>

#include "json.h"
#include "run.h"
#include "units.h"

double run_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

static void add(struct npu_llm_stats *to, const struct npu_llm_stats *more)
{
	to->tokens += more->tokens;
	to->runs += more->runs;
	to->wall_ns += more->wall_ns;
	to->model_seconds += more->model_seconds;
	to->joules += more->joules;
	for (int i = 0; i < NPU_STATS_ENERGIES; i++)
		to->engine_joules[i] += more->engine_joules[i];
	to->bytes += more->bytes;
	to->macs += more->macs;
}

static void subtract(struct npu_llm_stats *from, const struct npu_llm_stats *less)
{
	from->tokens -= less->tokens;
	from->runs -= less->runs;
	from->wall_ns -= less->wall_ns;
	from->model_seconds -= less->model_seconds;
	from->joules -= less->joules;
	for (int i = 0; i < NPU_STATS_ENERGIES; i++)
		from->engine_joules[i] -= less->engine_joules[i];
	from->bytes -= less->bytes;
	from->macs -= less->macs;
}

static void add_model(struct npu_llm_stats *to, const struct run_model *model)
{
	struct npu_llm_stats stats;

	if (!model || !model->llm)
		return;
	for (int phase = 0; phase < NPU_LLM_PHASES; phase++) {
		npu_llm_stats(model->llm, phase, &stats);
		add(to, &stats);
	}
}

void run_clock_read(struct run_clock *clock, const struct run_model *model,
		    const struct run_model *draft)
{
	memset(&clock->stats, 0, sizeof(clock->stats));
	add_model(&clock->stats, model);
	add_model(&clock->stats, draft);
	clock->seconds = run_seconds();
}

void run_cost_add(struct run_cost *cost, uint64_t tokens, const struct run_clock *before,
		  const struct run_clock *after)
{
	cost->tokens += tokens;
	add(&cost->stats, &after->stats);
	subtract(&cost->stats, &before->stats);
}

static void print_cost(const char *name, const struct run_cost *cost)
{
	const struct npu_llm_stats *stats = &cost->stats;
	char joules[UNITS_LEN], bytes[UNITS_LEN];
	double n = cost->tokens;

	if (!cost->tokens)
		return;
	fprintf(stderr, "%-10s %5" PRIu64 " tokens  %8.1f tokens/s wall  %9.1f tokens/s modelled",
		name, cost->tokens, n / (stats->wall_ns * 1e-9), n / stats->model_seconds);
	fprintf(stderr, "  %s and %s a token\n", units_joules(stats->joules / n, joules),
		units_bytes(stats->bytes / n, bytes));
}

/* What each of several devices had to do for what was generated. */
static void print_devices(const struct run *run)
{
	struct npu_llm *llm = run->model.llm;
	char joules[UNITS_LEN], bytes[UNITS_LEN];
	struct npu_llm_stats all, one;

	npu_llm_stats(llm, NPU_LLM_DECODE, &all);
	for (uint32_t i = 0; all.tokens && npu_llm_devices(llm) > 1 && i < npu_llm_devices(llm);
	     i++) {
		npu_llm_device_stats(llm, i, NPU_LLM_DECODE, &one);
		fprintf(stderr, "  device %-2u %3.0f %% busy  %s and %s a token  %s\n", i,
			100 * one.model_seconds / all.model_seconds,
			units_joules(one.joules / all.tokens, joules),
			units_bytes((double)one.bytes / all.tokens, bytes),
			npu_device_path(run->devices[i]));
	}
}

void run_report(const struct run *run)
{
	const struct run_figures *f = &run->figures;
	char load[UNITS_LEN], first[UNITS_LEN], model[UNITS_LEN];

	fprintf(stderr, "load       %s, then %s to the first token, %s modelled\n",
		units_seconds(f->load_seconds, load), units_seconds(f->first_seconds, first),
		units_seconds(f->first_model_seconds, model));
	print_cost("prompt", &f->prompt);
	print_cost("generated", &f->generated);
	print_devices(run);
	if (f->drafted)
		fprintf(stderr, "draft      %" PRIu64 " of %" PRIu64 " guesses right (%.0f %%)\n",
			f->accepted, f->drafted, 100.0 * f->accepted / f->drafted);
}

static void json_cost(struct json *json, const char *name, const struct run_cost *cost)
{
	const struct npu_llm_stats *stats = &cost->stats;
	double n = cost->tokens ? cost->tokens : 1;

	json_object(json, name);
	json_uint(json, "tokens", cost->tokens);
	json_uint(json, "runs", stats->runs);
	json_double(json, "wall_seconds", stats->wall_ns * 1e-9);
	json_double(json, "model_seconds", stats->model_seconds);
	if (cost->tokens) {
		json_double(json, "wall_tokens_per_second", n / (stats->wall_ns * 1e-9));
		json_double(json, "model_tokens_per_second", n / stats->model_seconds);
	}
	json_double(json, "joules_per_token", stats->joules / n);
	json_object(json, "engine_joules_per_token");
	for (int i = 0; npu_energy_name(i); i++)
		json_double(json, npu_energy_name(i), stats->engine_joules[i] / n);
	json_close_object(json);
	json_double(json, "bytes_per_token", stats->bytes / n);
	json_double(json, "macs_per_token", stats->macs / n);
	json_close_object(json);
}

static void json_devices(struct json *json, const struct run *run)
{
	struct npu_llm *llm = run->model.llm;
	struct npu_llm_stats one;

	if (npu_llm_devices(llm) == 1)
		return;
	json_array(json, "devices");
	for (uint32_t i = 0; i < npu_llm_devices(llm); i++) {
		npu_llm_device_stats(llm, i, NPU_LLM_DECODE, &one);
		json_object(json, NULL);
		json_string(json, "device", npu_device_path(run->devices[i]));
		json_double(json, "model_seconds", one.model_seconds);
		json_double(json, "joules_per_token",
			    one.tokens ? one.joules / one.tokens : 0);
		json_double(json, "bytes_per_token",
			    one.tokens ? (double)one.bytes / one.tokens : 0);
		json_double(json, "macs_per_token",
			    one.tokens ? (double)one.macs / one.tokens : 0);
		json_close_object(json);
	}
	json_close_array(json);
}

static void json_answer(struct json *json, const struct answer *answer)
{
	json_text(json, "text", answer->text.data ? answer->text.data : "", answer->text.len);
	json_uint(json, "seed", answer->seed);
	json_uint(json, "generated", answer->generated);
	json_string(json, "stopped", answer->stopped);
	if (npu_stop_hit(answer->stop))
		json_string(json, "stop_string", npu_stop_hit(answer->stop));
}

static void json_answers(struct json *json, const struct run *run)
{
	if (run->n_answers == 1) {
		json_answer(json, &run->answers[0]);
		return;
	}
	json_array(json, "sequences");
	for (uint32_t i = 0; i < run->n_answers; i++) {
		json_object(json, NULL);
		json_answer(json, &run->answers[i]);
		json_close_object(json);
	}
	json_close_array(json);
}

void run_report_json(const struct run *run)
{
	const struct run_figures *f = &run->figures;
	struct json json = { 0 };

	json_object(&json, NULL);
	json_string(&json, "model", run->model.path);
	json_answers(&json, run);
	json_double(&json, "load_seconds", f->load_seconds);
	json_double(&json, "first_token_seconds", f->first_seconds);
	json_double(&json, "first_token_model_seconds", f->first_model_seconds);
	json_cost(&json, "prompt", &f->prompt);
	json_cost(&json, "decode", &f->generated);
	json_devices(&json, run);
	if (run->draft.llm) {
		json_object(&json, "draft");
		json_string(&json, "model", run->draft.path);
		json_uint(&json, "guesses", f->drafted);
		json_uint(&json, "right", f->accepted);
		json_close_object(&json);
	}
	json_close_object(&json);
}
