// SPDX-License-Identifier: MIT
/*
 * Running a job file as the command line asks. What can be checked without a
 * device is checked first: a typing error should not need one to be seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hw/npu_regs.h>

#include "exit_status.h"
#include "submit.h"

static int find_program(const struct submit_options *options,
			const struct npu_job_image *image, uint32_t *index,
			struct npu_error *err)
{
	for (*index = 0; *index < image->n_programs; ++*index)
		if (!options->program ||
		    !strcmp(image->programs[*index].name, options->program))
			return STATUS_OK;
	npu_error_set(err, -ENOENT, "%s: no program '%s': 'npu-objdump %s' shows which there are",
		      options->path, options->program, options->path);
	return STATUS_BAD_INPUT;
}

/* Decimal, or hexadecimal with 0x; negative values are those of int64_t. */
static bool parse_value(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	if (*text == '-')
		*value = (uint64_t)strtoll(text, &end, 0);
	else
		*value = strtoull(text, &end, 0);
	return !errno && end != text && !*end;
}

static int set_args(const struct submit_options *options,
		    const struct npu_job_program *program, uint64_t *args,
		    struct npu_error *err)
{
	for (unsigned int i = 0; i < options->args.count; i++) {
		const char *name = options->args.list[i].name;
		const char *value = options->args.list[i].value;
		uint32_t j = 0;

		while (j < program->num_args && strcmp(program->arg_names[j], name))
			j++;
		if (j == program->num_args) {
			npu_error_set(err, -ENOENT, "--arg %s: program '%s' has no such argument",
				      name, program->name);
			return STATUS_BAD_INPUT;
		}
		if (!parse_value(value, &args[j])) {
			npu_error_set(err, -EINVAL, "--arg %s=%s: not a number of 64 bits",
				      name, value);
			return STATUS_BAD_INPUT;
		}
	}
	return STATUS_OK;
}

static int check_input(const struct npu_job_image *image, const char *name,
		       const char *path, struct npu_error *err)
{
	const struct npu_job_tensor *tensor = npu_job_image_tensor(image, name);
	struct stat st;

	if (!tensor)
		npu_error_set(err, -ENOENT, "--input %s: the job has no such tensor", name);
	else if (tensor->role == NPU_JOB_OUTPUT)
		npu_error_set(err, -EINVAL, "--input %s: it is an output", name);
	else if (stat(path, &st))
		npu_error_set(err, -errno, "%s: cannot open: %s", path, strerror(errno));
	else if ((uint64_t)st.st_size != npu_job_tensor_size(tensor))
		npu_error_set(err, -EINVAL, "%s: %" PRIu64 " bytes, tensor '%s' has %" PRIu64,
			      path, (uint64_t)st.st_size, name,
			      npu_job_tensor_size(tensor));
	else
		return STATUS_OK;
	return STATUS_BAD_INPUT;
}

static int check_tensors(const struct submit_options *options,
			 const struct npu_job_image *image, struct npu_error *err)
{
	int status = STATUS_OK;

	for (unsigned int i = 0; i < options->inputs.count && !status; i++)
		status = check_input(image, options->inputs.list[i].name,
				     options->inputs.list[i].value, err);
	for (unsigned int i = 0; i < options->outputs.count && !status; i++) {
		if (npu_job_image_tensor(image, options->outputs.list[i].name))
			continue;
		npu_error_set(err, -ENOENT, "--output %s: the job has no such tensor",
			      options->outputs.list[i].name);
		status = STATUS_BAD_INPUT;
	}
	return status;
}

static int move_bytes(int fd, char *data, uint64_t left, bool in)
{
	while (left) {
		size_t chunk = left < 1 << 30 ? left : 1 << 30;
		ssize_t n = in ? read(fd, data, chunk) : write(fd, data, chunk);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENODATA;
		data += n;
		left -= n;
	}
	return 0;
}

/* A tensor from a file, or to one. */
static int transfer(const struct npu_instance *instance, const char *name,
		    const char *path, bool in, struct npu_error *err)
{
	const struct npu_job_tensor *tensor;
	char *data = npu_job_tensor(instance, name, &tensor);
	int fd = open(path, in ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC, 0666);
	int ret = -errno;

	if (fd >= 0) {
		ret = move_bytes(fd, data, npu_job_tensor_size(tensor), in);
		if (close(fd) && !ret)
			ret = -errno;
	}
	if (!ret)
		return STATUS_OK;
	npu_error_set(err, ret, "%s: cannot %s: %s", path,
		      in ? "read" : "write", strerror(-ret));
	return STATUS_FAILED;
}

static int transfer_all(const struct npu_instance *instance,
			const struct submit_pairs *pairs, bool in,
			struct npu_error *err)
{
	int status = STATUS_OK;

	for (unsigned int i = 0; i < pairs->count && !status; i++)
		status = transfer(instance, pairs->list[i].name,
				  pairs->list[i].value, in, err);
	return status;
}

static int by_time(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Stops at the first run that fails or gives something else. */
static int run(const struct submit_options *options,
	       struct npu_instance *instance, uint32_t program,
	       const uint64_t *args, struct submit_report *report,
	       struct npu_error *err)
{
	int status = STATUS_OK;

	for (uint32_t i = 0; i < options->repeat && !status; i++) {
		if (npu_job_run(instance, program, args, &report->stats, err))
			return STATUS_FAILED;
		report->wall_ns[report->runs++] = report->stats.wall_ns;
		if (report->unchecked || submit_compare(instance, report))
			continue;
		report->bad_run = i + 1;
		status = STATUS_FAILED;
	}
	qsort(report->wall_ns, report->runs, sizeof(*report->wall_ns), by_time);
	return status;
}

static int run_on_device(const struct submit_options *options,
			 const struct npu_job_image *image, uint32_t program,
			 const uint64_t *args, struct submit_report *report,
			 struct npu_error *err)
{
	struct npu_instance *instance;
	struct npu_device *device;
	int status = STATUS_FAILED;

	if (npu_device_open(options->device, &device, err))
		return STATUS_FAILED;
	if (!npu_job_load(device, image, NULL, &instance, err)) {
		status = transfer_all(instance, &options->inputs, true, err);
		if (!status)
			status = run(options, instance, program, args, report,
				     err);
		if (!status || report->bad_run) {
			int written = transfer_all(instance, &options->outputs,
						   false, err);

			status = status ? status : written;
		}
		npu_job_unload(instance);
	}
	npu_device_close(device);
	return status;
}

static int prepare(const struct submit_options *options,
		   const struct npu_job_image *image, struct submit_report *report,
		   struct npu_error *err)
{
	report->wall_ns = calloc(options->repeat, sizeof(*report->wall_ns));
	report->checks = calloc(image->n_tensors + 1, sizeof(*report->checks));
	if (!report->wall_ns || !report->checks) {
		npu_error_set(err, -ENOMEM, "out of memory");
		return STATUS_FAILED;
	}
	for (uint32_t i = 0; i < image->n_tensors; i++)
		if (image->tensors[i].expected)
			report->checks[report->num_checks++].tensor =
				&image->tensors[i];
	if (options->inputs.count || options->args.count)
		report->unchecked = "--input or --arg changed what goes in";
	else if (report->program != image->programs)
		report->unchecked = "they are those of the first program";
	return STATUS_OK;
}

int submit_image(const struct submit_options *options,
		 const struct npu_job_image *image, struct npu_error *err)
{
	struct submit_report report = { 0 };
	uint64_t args[NPU_JOB_MAX_ARGS] = { 0 };
	uint32_t program;
	int status = find_program(options, image, &program, err);

	if (!status) {
		report.image = image;
		report.program = &image->programs[program];
		memcpy(args, report.program->args,
		       report.program->num_args * sizeof(*args));
		status = set_args(options, report.program, args, err);
	}
	if (!status)
		status = check_tensors(options, image, err);
	if (!status)
		status = prepare(options, image, &report, err);
	if (!status)
		status = run_on_device(options, image, program, args, &report, err);
	if (options->json)
		submit_show_json(options, &report,
				 err->message[0] ? err->message : NULL);
	else if (report.runs)
		submit_show(options, &report);
	free(report.wall_ns);
	free(report.checks);
	return status;
}
