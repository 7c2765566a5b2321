// SPDX-License-Identifier: MIT
/* npu-trace: what the NPU did while a command ran. */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <npu/npu.h>

#include "exit_status.h"
#include "options.h"
#include "trace_clock.h"
#include "trace_driver.h"
#include "trace_file.h"
#include "trace_html.h"
#include "trace_json.h"

#define DRIVER_EVENTS	1000000
#define HTML_INSNS	200000

/**
 * struct arguments - the command line
 * @json: file for JSON, or NULL
 * @html: file for a page, or NULL
 * @raw: folder that keeps the library's files, or NULL
 * @from: such a folder, instead of running a command
 * @limit: MiB of records, all of one device
 * @buffer: KiB of memory for the trace of one job
 * @insns: most instructions in the page
 * @no_driver: leave the driver's events alone
 * @quiet: say nothing that is no error
 */
struct arguments {
	const char *json, *html, *raw, *from;
	uint32_t limit, buffer, insns;
	bool no_driver, quiet;
};

#define AT(member) offsetof(struct arguments, member)

static const struct option_row rows[] = {
	{ "output", 'o', OPTION_TEXT, AT(json), "FILE", "write JSON for Perfetto (ui.perfetto.dev) or chrome://tracing", NULL },
	{ "html", 'H', OPTION_TEXT, AT(html), "FILE", "write one page that shows it in any browser", NULL },
	{ "keep", 'k', OPTION_TEXT, AT(raw), "DIR", "keep the library's own files there", NULL },
	{ "from", 'f', OPTION_TEXT, AT(from), "DIR", "take such files instead of running a command", NULL },
	{ "limit", 'l', OPTION_U32, AT(limit), "MIB", "most records of a device, in MiB (1024)", NULL },
	{ "buffer", 'b', OPTION_U32, AT(buffer), "KIB", "memory for the trace of a job, in KiB (8192)", NULL },
	{ "insns", 'n', OPTION_U32, AT(insns), "N", "most instructions in the page (200000)", NULL },
	{ "no-driver", 0, OPTION_FLAG, AT(no_driver), NULL, "without the driver's events", NULL },
	{ "quiet", 'q', OPTION_FLAG, AT(quiet), NULL, "say nothing that is no error", NULL },
	{ NULL, 0, OPTION_FLAG, 0, NULL, NULL, NULL },
};

static const struct option_table table = {
	.program = "npu-trace",
	.version = NPU_LIBRARY_VERSION,
	.before = "Usage: npu-trace [OPTION]... -- COMMAND [ARGUMENT]...\n"
		  "Run a command that uses libnpu, and show what the NPU did meanwhile: each\n"
		  "instruction of each core, what it waited for, bytes, energy.\n",
	.after = "Without -o and --html, npu-trace.json is written.\n"
		 "Exit status: the command's; 1 if the trace could not be written, 2 bad\n"
		 "command line, 127 if the command cannot be run.\n",
	.rows = rows,
};

static int complain(const char *what, int code)
{
	fprintf(stderr, "npu-trace: %s: %s\n", what, strerror(code));
	return STATUS_FAILED;
}

static void set_number(const char *name, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	setenv(name, text, 1);
}

static pid_t child;

/* Who ends this ends the command, and gets what there is of the trace. */
static void pass_on(int signal)
{
	if (child > 0)
		kill(child, signal);
}

static int wait_for_child(void)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return STATUS_FAILED;
	child = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Status of the command, or 127. */
static int run_command(const struct arguments *args, const char *dir, char **command)
{
	const struct sigaction act = { .sa_handler = pass_on, .sa_flags = SA_RESTART };

	fflush(NULL);
	child = fork();
	if (child < 0) {
		complain("cannot start a process", errno);
		return 127;
	}
	if (!child) {
		setenv("NPU_TRACE", dir, 1);
		set_number("NPU_TRACE_LIMIT", (uint64_t)args->limit << 20);
		set_number("NPU_TRACE_BUFFER", (uint64_t)args->buffer << 10);
		execvp(*command, command);
		fprintf(stderr, "npu-trace: cannot run '%s': %s\n", *command, strerror(errno));
		_exit(127);
	}
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	signal(SIGINT, SIG_IGN);	/* the terminal sends it to both */
	return wait_for_child();
}

static FILE *create(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		complain(path, errno);
	return file;
}

static int finish(FILE *file, bool ok, const char *path)
{
	if (fclose(file) || !ok) {
		fprintf(stderr, "npu-trace: %s: not all could be written\n", path);
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

/* The command as one line, for the page. */
static void join(char *text, size_t size, char **command)
{
	size_t len = 0;

	*text = '\0';
	for (; *command && len < size; command++)
		len += snprintf(text + len, size - len, "%s%s", len ? " " : "", *command);
}

static int write_all(const struct arguments *args, struct trace *trace,
		     const struct trace_driver *driver, char **command)
{
	char text[1024];
	int status = STATUS_OK;
	FILE *file;

	join(text, sizeof(text), command);
	if (args->json) {
		file = create(args->json);
		status |= file ? finish(file, trace_write_json(trace, driver, file), args->json) :
				 STATUS_FAILED;
	}
	if (args->html) {
		file = create(args->html);
		status |= file ? finish(file,
					trace_write_html(trace, driver, args->insns, text, file),
					args->html) : STATUS_FAILED;
	}
	return status;
}

/* Also what is missing. */
static void tell(const struct arguments *args, const struct trace *trace,
		 const struct trace_driver *driver)
{
	for (size_t i = 0; i < trace->num_devices && !args->quiet; i++) {
		const struct trace_device *d = &trace->devices[i];

		fprintf(stderr, "npu-trace: %s of %s (%u): %zu jobs, clock known to %.1f us\n",
			d->is.path, d->is.command, d->is.pid, d->num_jobs,
			d->clock_error_ns / 1e3);
		if (d->untraced)
			fprintf(stderr, "npu-trace: %" PRIu64 " of them without instructions: more than --limit or eight at a time\n",
				d->untraced);
	}
	if (*driver->why && !args->quiet)
		fprintf(stderr, "npu-trace: without the driver's events: %s\n", driver->why);
	if (driver->lost && !args->quiet)
		fprintf(stderr, "npu-trace: %" PRIu64 " of the driver's events were lost\n", driver->lost);
	if (args->json && !args->quiet)
		fprintf(stderr, "npu-trace: %s: open it at ui.perfetto.dev\n", args->json);
	if (args->html && !args->quiet)
		fprintf(stderr, "npu-trace: %s: open it in a browser\n", args->html);
}

static int convert(const struct arguments *args, const char *dir,
		   const struct trace_driver *driver, char **command)
{
	struct trace trace = { 0 };
	int ret = trace_read(&trace, dir), status;

	if (ret)
		return complain(dir, -ret);
	if (!trace.num_devices) {
		fprintf(stderr, "npu-trace: no trace: the command opened no NPU through libnpu\n");
		return STATUS_FAILED;
	}
	for (size_t i = 0; i < trace.num_devices; i++)
		trace_place(&trace.devices[i], driver);
	status = write_all(args, &trace, driver, command);
	tell(args, &trace, driver);
	trace_free(&trace);
	return status;
}

/* A folder of its own beside the output, where there is room for it. */
static bool make_folder(const struct arguments *args, char *dir, size_t size)
{
	const char *beside = args->json ? args->json : args->html;
	const char *slash = strrchr(beside, '/');
	int len = slash ? (int)(slash - beside) + 1 : 0;

	if (args->raw) {
		snprintf(dir, size, "%s", args->raw);
		if (!mkdir(dir, 0700) || errno == EEXIST)
			return true;
	} else {
		snprintf(dir, size, "%.*s.npu-trace-XXXXXX", len, beside);
		if (mkdtemp(dir))
			return true;
	}
	complain(dir, errno);
	return false;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_folder(const char *dir)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int trace_command(const struct arguments *args, char **command)
{
	struct trace_driver driver = { .why = "" };
	char dir[PATH_MAX], full[PATH_MAX];
	int status, written;

	if (!make_folder(args, dir, sizeof(dir)))
		return STATUS_FAILED;
	if (!realpath(dir, full))
		return complain(dir, errno);
	if (!args->no_driver)
		trace_driver_start(&driver, DRIVER_EVENTS);
	status = run_command(args, full, command);
	trace_driver_stop(&driver);
	written = convert(args, full, &driver, command);
	trace_driver_free(&driver);
	if (!args->raw)
		remove_folder(full);
	return status ? status : written;
}

int main(int argc, char **argv)
{
	struct arguments args = { .limit = 1024, .buffer = 8192, .insns = HTML_INSNS };
	struct trace_driver none = { .why = "" };
	char *nothing = NULL;
	int at = options_parse(&table, argc, argv, &args);

	if (at < 0)
		return STATUS_BAD_INPUT;
	if (!args.json && !args.html)
		args.json = "npu-trace.json";
	if (args.from && at == argc)
		return convert(&args, args.from, &none, &nothing);
	if (args.from || at == argc) {
		fprintf(stderr, "npu-trace: give a command behind '--', or --from with a folder\nTry 'npu-trace --help'.\n");
		return STATUS_BAD_INPUT;
	}
	return trace_command(&args, argv + at);
}
