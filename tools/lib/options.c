// SPDX-License-Identifier: MIT
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit_status.h"
#include "options.h"

enum {
	KEY_HELP = 256,
	KEY_VERSION,
	KEY_ROW,	/* and up: number of the row */
};

#define HELP_COLUMN 26

static size_t count_rows(const struct option_table *table)
{
	size_t n = 0;

	while (table->rows[n].name || table->rows[n].help)
		n++;
	return n;
}

static void print_row(const struct option_row *row)
{
	int at;

	if (row->kind == OPTION_HEADING) {
		printf("\n%s:\n", row->help);
		return;
	}
	at = row->letter ? printf("  -%c, ", row->letter) : printf("      ");
	at += printf("--%s", row->name);
	if (row->value)
		at += printf("=%s", row->value);
	if (at + 2 > HELP_COLUMN) {
		putchar('\n');
		at = 0;
	}
	printf("%*s%s\n", HELP_COLUMN - at, "", row->help);
}

static void print_help(const struct option_table *table)
{
	static const struct option_row own[] = {
		{ .name = "help", .kind = OPTION_FLAG, .help = "show this text" },
		{ .name = "version", .kind = OPTION_FLAG, .help = "show the version" },
	};

	fputs(table->before, stdout);
	for (const struct option_row *row = table->rows; row->name || row->help; row++)
		if (row->help)
			print_row(row);
	print_row(&own[0]);
	print_row(&own[1]);
	fputs(table->after, stdout);
}

static bool refuse(const struct option_table *table, const char *name, const char *text,
		   const char *what)
{
	fprintf(stderr, "%s: --%s: '%s' is not %s\n", table->program, name, text, what);
	return false;
}

static bool parse_number(const char *text, uint64_t most, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && !*end && end != text && !strchr(text, '-') && *value <= most;
}

static bool parse_float(const char *text, float *value)
{
	char *end;

	*value = strtof(text, &end);
	return !*end && end != text;
}

static bool append(struct option_list *list, const char *text)
{
	const char **more = realloc(list->items, (list->n + 1) * sizeof(*more));

	if (!more)
		return false;
	list->items = more;
	list->items[list->n++] = text;
	return true;
}

/* Ranges are for whoever uses the value: here it need only be a number. */
static bool take(const struct option_table *table, const struct option_row *row,
		 const char *text, void *values)
{
	void *at = (char *)values + row->offset;
	uint64_t number;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)at = true;
		return true;
	case OPTION_TEXT:
		*(const char **)at = text;
		return true;
	case OPTION_LIST:
		return append(at, text) || refuse(table, row->name, text, "within memory");
	case OPTION_COUNT:
		if (!strcmp(text, "-1")) {
			*(uint32_t *)at = UINT32_MAX;
			return true;
		}
		/* fallthrough */
	case OPTION_U32:
		if (!parse_number(text, UINT32_MAX, &number))
			return refuse(table, row->name, text, "a number that fits");
		*(uint32_t *)at = number;
		return true;
	case OPTION_U64:
		return parse_number(text, UINT64_MAX, at) ||
		       refuse(table, row->name, text, "a number that fits");
	case OPTION_FLOAT:
		return parse_float(text, at) || refuse(table, row->name, text, "a number");
	case OPTION_TAKE:
		return row->take(values, text);
	case OPTION_HEADING:
		break;
	}
	return false;
}

/* Letters as getopt() wants them, and where each letter's row is. */
static void letters_of(const struct option_table *table, char *letters, size_t *row_of)
{
	for (size_t i = 0; table->rows[i].name || table->rows[i].help; i++) {
		const struct option_row *row = &table->rows[i];

		if (!row->letter)
			continue;
		row_of[(unsigned char)row->letter] = i;
		*letters++ = row->letter;
		if (row->kind != OPTION_FLAG)
			*letters++ = ':';
	}
	*letters = 0;
}

static struct option *names_of(const struct option_table *table, size_t rows)
{
	struct option *names = calloc(rows + 3, sizeof(*names)), *name = names;

	if (!names)
		return NULL;
	for (size_t i = 0; i < rows; i++) {
		const struct option_row *row = &table->rows[i];

		if (row->name)
			*name++ = (struct option){
				row->name, row->kind == OPTION_FLAG ? no_argument :
				required_argument, NULL, KEY_ROW + i,
			};
	}
	*name++ = (struct option){ "help", no_argument, NULL, KEY_HELP };
	*name++ = (struct option){ "version", no_argument, NULL, KEY_VERSION };
	return names;
}

static bool take_key(const struct option_table *table, int key, const size_t *row_of,
		     void *values)
{
	size_t row = key >= KEY_ROW ? (size_t)key - KEY_ROW : 0;

	switch (key) {
	case KEY_HELP:
		print_help(table);
		exit(STATUS_OK);
	case KEY_VERSION:
		printf("%s %s\n", table->program, table->version);
		exit(STATUS_OK);
	case '?':
		fprintf(stderr, "Try '%s --help'.\n", table->program);
		return false;
	}
	if (key < 256)
		row = row_of[key];
	return take(table, &table->rows[row], optarg, values);
}

int options_parse(const struct option_table *table, int argc, char **argv, void *values)
{
	size_t rows = count_rows(table), row_of[256] = { 0 };
	struct option *names = names_of(table, rows);
	char letters[2 * 256 + 1];
	bool good = names;
	int key;

	letters_of(table, letters, row_of);
	while (good && (key = getopt_long_only(argc, argv, letters, names, NULL)) >= 0)
		good = take_key(table, key, row_of, values);
	free(names);
	return good ? optind : -1;
}

void options_release(const struct option_table *table, void *values)
{
	for (const struct option_row *row = table->rows; row->name || row->help; row++) {
		struct option_list *list = (void *)((char *)values + row->offset);

		if (row->kind != OPTION_LIST || !row->help)
			continue;
		free(list->items);
		*list = (struct option_list){ 0 };
	}
}
