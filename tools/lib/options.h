/* SPDX-License-Identifier: MIT */
/* A command line by a table, from which the help comes too. */
#ifndef NPU_TOOLS_OPTIONS_H
#define NPU_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * enum option_kind - what an option's value is, and is stored as
 * @OPTION_HEADING: no option: a line of the help
 * @OPTION_FLAG: bool, set to true
 * @OPTION_TEXT: const char *
 * @OPTION_LIST: struct option_list; may be given several times
 * @OPTION_U32: uint32_t
 * @OPTION_COUNT: uint32_t; -1 stands for UINT32_MAX, "no limit"
 * @OPTION_U64: uint64_t
 * @OPTION_FLOAT: float
 * @OPTION_TAKE: whatever the table's function makes of it
 */
enum option_kind {
	OPTION_HEADING,
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_LIST,
	OPTION_U32,
	OPTION_COUNT,
	OPTION_U64,
	OPTION_FLOAT,
	OPTION_TAKE,
};

/** struct option_list - the values of an option in the order given */
struct option_list {
	const char **items;
	size_t n;
};

/**
 * struct option_row - one option, or one name of it
 * @name: its long name
 * @letter: its short name, or 0
 * @kind: enum option_kind
 * @offset: where its value is in the structure of values
 * @value: what the help calls the value; NULL for a flag
 * @help: what the help says; NULL for another name of an option
 * @take: for OPTION_TAKE: whether @text was fit to go to @values; it says so if not
 */
struct option_row {
	const char *name;
	char letter;
	enum option_kind kind;
	size_t offset;
	const char *value;
	const char *help;
	bool (*take)(void *values, const char *text);
};

/**
 * struct option_table - a program's command line
 * @program: its name
 * @version: its version
 * @before: help before the options
 * @after: help behind them
 * @rows: options, up to one with neither name nor help
 */
struct option_table {
	const char *program;
	const char *version;
	const char *before;
	const char *after;
	const struct option_row *rows;
};

/**
 * options_parse() - read a command line
 * @table: what there is; --help and --version are always there
 * @argc: as main() got it
 * @argv: likewise; operands are moved behind the options
 * @values: structure that receives the values; strings stay in @argv
 *
 * Long names may have one dash or two. What is wrong is told on standard
 * error. --help and --version end the program.
 *
 * Return: index of the first operand in @argv, or -1.
 */
int options_parse(const struct option_table *table, int argc, char **argv, void *values);

/** options_release() - free the lists that options_parse() made */
void options_release(const struct option_table *table, void *values);

#endif /* NPU_TOOLS_OPTIONS_H */
