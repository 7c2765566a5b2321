// SPDX-License-Identifier: MIT
/* npu-top: what an NPU does, and for whom, as it does it. */
#include <curses.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "exit_status.h"
#include "options.h"
#include "top.h"

struct options {
	const char *device;
	float delay;
	uint32_t rounds;
	bool batch;
};

#define AT(field) offsetof(struct options, field)

static const struct option_row rows[] = {
	{ "device", 'd', OPTION_TEXT, AT(device), "NODE", "such as /dev/accel/accel0", NULL },
	{ "delay", 'l', OPTION_FLOAT, AT(delay), "SECONDS", "between two looks (1)", NULL },
	{ "rounds", 'n', OPTION_U32, AT(rounds), "N", "end after as many (0: do not)", NULL },
	{ "batch", 'b', OPTION_FLAG, AT(batch), NULL, "write lines, not to a screen", NULL },
	{ 0 },
};

static const struct option_table table = {
	.program = "npu-top",
	.version = NPU_LIBRARY_VERSION,
	.before = "Usage: npu-top [OPTION]...\n"
		  "Show what an NPU does, and for which processes, again and again.\n",
	.after = "Keys: q ends, p holds the picture and lets it go on, space looks at once.\n"
		 "Exit status: 0, 1 no NPU or it is gone, 2 bad command line.\n",
	.rows = rows,
};

static void print_line(void *arg, const char *text, bool heading)
{
	(void)arg;
	(void)heading;
	puts(text);
}

static int batch(struct top *top, const struct options *options, struct npu_error *err)
{
	struct timespec time = { .tv_sec = (time_t)options->delay };

	time.tv_nsec = (long)((options->delay - (float)time.tv_sec) * 1e9f);
	for (uint32_t i = 0; !options->rounds || i < options->rounds; i++) {
		int ret;

		nanosleep(&time, NULL);
		ret = top_look(top, err);
		if (ret)
			return ret;
		if (i)
			putchar('\n');
		top_write(top, print_line, NULL);
		if (fflush(stdout))
			return npu_error_set(err, -1, "cannot write to standard output");
	}
	return 0;
}

static void draw_line(void *arg, const char *text, bool heading)
{
	int *row = arg;

	if (heading)
		attron(A_REVERSE);
	mvprintw((*row)++, 0, "%-*.*s", heading ? COLS : 0, COLS, text);
	if (heading)
		attroff(A_REVERSE);
}

static void draw(const struct top *top)
{
	int row = 0;

	erase();
	top_write(top, draw_line, &row);
	refresh();
}

/* Return: 0 when the user has seen enough. */
static int screen(struct top *top, const struct options *options, struct npu_error *err)
{
	bool held = false;
	uint32_t looks = 0;
	int key, ret = 0;

	if (!initscr())
		return npu_error_set(err, -1, "the terminal cannot be used: give --batch");
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	timeout((int)(options->delay * 1000));
	draw(top);
	while (!ret && (!options->rounds || looks < options->rounds)) {
		key = getch();
		if (key == 'q')
			break;
		held ^= key == 'p';
		if (key == ' ' || (key == ERR && !held)) {
			ret = top_look(top, err);
			looks++;
		}
		if (!ret)
			draw(top);
	}
	endwin();
	return ret;
}

static bool options_make_sense(const struct options *options)
{
	if (!(options->delay >= 0.01f && options->delay <= 86400))
		fputs("npu-top: --delay: give seconds from 0.01 to 86400\n", stderr);
	else if (!options->batch && !isatty(STDOUT_FILENO))
		fputs("npu-top: standard output is no terminal: give --batch\n", stderr);
	else
		return true;
	return false;
}

int main(int argc, char **argv)
{
	struct options options = { .delay = 1 };
	int first = options_parse(&table, argc, argv, &options), ret;
	struct npu_error err = { 0 };
	struct top top;

	if (first < 0)
		return STATUS_BAD_INPUT;
	if (first < argc) {
		fprintf(stderr, "npu-top: '%s': no argument is expected\n", argv[first]);
		return STATUS_BAD_INPUT;
	}
	if (!options_make_sense(&options))
		return STATUS_BAD_INPUT;
	ret = top_open(&top, options.device, &err);
	if (!ret)
		ret = options.batch ? batch(&top, &options, &err) : screen(&top, &options, &err);
	top_close(&top);
	if (ret)
		fprintf(stderr, "npu-top: %s\n", err.message);
	return ret ? STATUS_FAILED : STATUS_OK;
}
