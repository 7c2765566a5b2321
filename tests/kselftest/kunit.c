// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's tests inside the kernel, which KUnit ran when the driver was loaded, where
 * the kernel has it: tools/debug-kernel.
 */
#include "kselftest_harness.h"

#include "npu_files.h"

#define RESULTS	"/sys/kernel/debug/kunit/npu_"

static void passed(struct __test_metadata *_metadata, const char *file)
{
	char text[65536];

	if (access("/sys/kernel/debug/kunit", F_OK))
		SKIP(return, "a kernel without KUnit");
	ASSERT_EQ(0, npu_read_file(file, text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "\nok ")) TH_LOG("%s", text);
	EXPECT_EQ(NULL, strstr(text, "not ok ")) TH_LOG("%s", text);
}

TEST(page_tables)
{
	passed(_metadata, RESULTS "mmu/results");
}

TEST(bounds_of_binds)
{
	passed(_metadata, RESULTS "bind/results");
}

TEST_HARNESS_MAIN
