// SPDX-License-Identifier: MIT
/* The example of the graph API does what it says, on a device in the process. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

#define main example_main
#include "../../Documentation/examples/graph.c"
#undef main

static const char want[] =
	"(0, 0) is inside\n"
	"(0.3, -0.4) is inside\n"
	"(1.5, 0) is outside\n"
	"(-0.9, 1.2) is outside\n"
	"(0, -3) is outside\n";

int main(void)
{
	int memory = memfd_create("output", 0), terminal = dup(STDOUT_FILENO);
	char output[512] = "";
	int status;

	setenv("NPU_DEVICE", "sim", 1);
	fflush(stdout);
	dup2(memory, STDOUT_FILENO);
	status = example_main();
	fflush(stdout);
	dup2(terminal, STDOUT_FILENO);
	is(status, 0, "the example ends well");
	ok(pread(memory, output, sizeof(output) - 1, 0) > 0, "and says something");
	is_str(output, want, "about points in the plane");
	return done_testing();
}
