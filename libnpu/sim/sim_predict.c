// SPDX-License-Identifier: MIT
/* Predictions: the core's dry run, for programs of an image. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/disasm.h>
#include <npu/predict.h>

#include "core/npu_dry_run.h"
#include "hw/npu_isa.h"

static_assert(NPU_PREDICT_ENGINES == NPU_NUM_ENGINES, "costs are by engine");

static const void *program_bytes(const struct npu_job_image *image,
				 const struct npu_job_program *program)
{
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *s = &image->segments[i];

		if (program->va >= s->va && program->va - s->va <= s->data_size &&
		    program->size <= s->data_size - (program->va - s->va))
			return (const char *)s->data + (program->va - s->va);
	}
	return NULL;
}

static const char *tag_name(const struct npu_job_image *image,
			    const struct npu_insn *insn)
{
	if (insn->tag >= image->n_tags || !image->tags[insn->tag][0])
		return NULL;
	return image->tags[insn->tag];
}

/* The instruction that a fault speaks of, or NULL. */
static const struct npu_insn *insn_of(const struct npu_dry_run *dry)
{
	uint32_t pc = dry->done.fault.pc;

	if (pc >= dry->program_size / NPU_INSN_SIZE - 1)
		return NULL;
	return (const struct npu_insn *)dry->program + 1 + pc;
}

static int fault(const struct npu_job_image *image, const struct npu_dry_run *dry,
		 const char *name, struct npu_error *err)
{
	const struct npu_insn *insn = insn_of(dry);
	const char *tag = insn ? tag_name(image, insn) : NULL;
	int code = npu_fault_errno(dry->done.fault.code);
	char text[NPU_ERROR_LEN], of_tag[96] = "", field[64];

	if (tag)
		snprintf(of_tag, sizeof(of_tag), ", tag '%s'", tag);
	if (dry->unknown_field && insn)
		return npu_error_set(err, -EINVAL,
				     "%s: instruction %u (%s%s): %s depends on memory: give the contents that decide it",
				     name, dry->done.fault.pc,
				     npu_opcode_name(insn->opcode), of_tag,
				     npu_field_name(insn->opcode, dry->unknown_field,
						    field, sizeof(field)));
	npu_fault_text(&dry->done.fault, tag, text, sizeof(text));
	return npu_error_set(err, code, "%s: it would not run to its end: %s",
			     name, text);
}

static void fill(struct npu_prediction *p, const struct npu_dry_run *dry)
{
	struct npu_job_stats *stats = &p->stats;

	memcpy(stats->counters, dry->done.counters, sizeof(stats->counters));
	memcpy(stats->energy_pj, dry->done.energy_pj, sizeof(stats->energy_pj));
	stats->cores = dry->done.cores;
	stats->clock_khz = dry->clock_khz;
	stats->cycles = stats->counters[NPU_CNT_CYCLES];
	stats->queue_cycles = stats->counters[NPU_CNT_QUEUE_CYCLES];
	stats->model_seconds = (stats->cycles + stats->queue_cycles) / (stats->clock_khz * 1e3);
	p->static_pj = dry->static_pj;
	for (uint32_t i = 0; i < p->num_tags; i++) {
		p->tags[i].cycles = dry->tags[i].cycles;
		p->tags[i].sram_peak = dry->tags[i].sram_peak;
		memcpy(p->tags[i].sram_busy, dry->tags[i].banks,
		       sizeof(p->tags[i].sram_busy));
		memcpy(p->tags[i].counters, dry->tags[i].counters,
		       sizeof(p->tags[i].counters));
	}
}

static int run(const struct npu_job_image *image, struct npu_dry_run *dry,
	       const char *name, struct npu_prediction *p, struct npu_error *err)
{
	char message[256];

	dry->tags = calloc(p->num_tags, sizeof(*dry->tags));
	if (!dry->tags)
		return npu_error_set(err, -ENOMEM, "out of memory");
	dry->num_tags = p->num_tags;
	if (!npu_dry_run(dry, message, sizeof(message)))
		return npu_error_set(err, -EINVAL, "%s", message);
	if (dry->done.status != NPU_JOB_DONE)
		return fault(image, dry, name, err);
	fill(p, dry);
	return 0;
}

static struct npu_dry_range *copy_data(const struct npu_predict_options *options)
{
	struct npu_dry_range *ranges = calloc(options->num_data + 1,
					      sizeof(*ranges));

	for (uint32_t i = 0; ranges && i < options->num_data; i++)
		ranges[i] = (struct npu_dry_range){
			.va = options->data[i].va, .size = options->data[i].size,
			.data = options->data[i].data,
		};
	return ranges;
}

static int predict(const struct npu_job_image *image,
		   const struct npu_job_program *program, const uint64_t *args,
		   const struct npu_core_config *config,
		   const struct npu_predict_options *options,
		   struct npu_prediction *p, struct npu_error *err)
{
	struct npu_dry_range *ranges = copy_data(options);
	struct npu_dry_run dry = {
		.config = config,
		.program = program_bytes(image, program),
		.program_size = program->size,
		.cores = options->cores ? options->cores : program->cores,
		.args = args ? args : program->args,
		.num_args = program->num_args,
		.ranges = ranges,
		.num_ranges = options->num_data,
		.budget = options->budget,
		.memory_times = options->memory_times,
		.matrix_times = options->matrix_times,
		.vector_times = options->vector_times,
		.sram_times = options->sram_times,
	};
	int ret;

	if (!ranges)
		ret = npu_error_set(err, -ENOMEM, "out of memory");
	else if (!dry.program)
		ret = npu_error_set(err, -EINVAL, "%s: its instructions are not in the image",
				    program->name);
	else
		ret = run(image, &dry, program->name, p, err);
	free(dry.tags);
	free(ranges);
	return ret;
}

int npu_predict(const struct npu_job_image *image, uint32_t program,
		const uint64_t *args, const char *device,
		const struct npu_predict_options *options,
		struct npu_prediction **prediction, struct npu_error *err)
{
	static const struct npu_predict_options defaults;
	struct npu_core_config config;
	struct npu_prediction *p;
	char message[256];
	int ret;

	if (program >= image->n_programs)
		return npu_error_set(err, -EINVAL, "no program %u: there are %u",
				     program, image->n_programs);
	if (!npu_core_config_parse(&config, device ? device : "", message,
				   sizeof(message)))
		return npu_error_set(err, -EINVAL, "%s", message);
	p = calloc(1, sizeof(*p) + (image->n_tags + 1) * sizeof(p->tags[0]));
	if (p) {
		p->num_tags = image->n_tags ? image->n_tags : 1;
		ret = predict(image, &image->programs[program], args, &config,
			      options ? options : &defaults, p, err);
	} else {
		ret = npu_error_set(err, -ENOMEM, "out of memory");
	}
	npu_core_config_free(&config);
	if (ret)
		npu_prediction_free(p);
	else
		*prediction = p;
	return ret;
}

void npu_prediction_free(struct npu_prediction *prediction)
{
	free(prediction);
}
