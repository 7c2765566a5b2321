// SPDX-License-Identifier: GPL-2.0
/* The program that the documentation shows does what it says. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#define main example_main
#include "../../Documentation/examples/vector-add.c"
#undef main

TEST(vector_add)
{
	int memory = memfd_create("output", 0), terminal = dup(STDOUT_FILENO);
	char output[64] = "";
	int status;

	ASSERT_LE(0, memory);
	fflush(stdout);
	dup2(memory, STDOUT_FILENO);
	status = example_main();
	fflush(stdout);
	dup2(terminal, STDOUT_FILENO);
	EXPECT_EQ(0, status);
	EXPECT_LT(0, pread(memory, output, sizeof(output) - 1, 0));
	EXPECT_STREQ("999 + 499.5 = 1498.5\n", output);
}

TEST_HARNESS_MAIN
