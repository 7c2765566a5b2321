// SPDX-License-Identifier: GPL-2.0
/* npu-smi, npu-submit and npu-objdump, run as a user runs them. */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "lib_sample.h"

FIXTURE(tools)
{
	struct sample s;
	char dir[32];
	char text[16384];
	struct npu_error err;
};

FIXTURE_SETUP(tools)
{
	strcpy(self->dir, "/tmp/npu-tools-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	ASSERT_EQ(0, chdir(self->dir));
	ASSERT_EQ(0, npu_job_image_write(sample(&self->s), "job.bin", &self->err))
		TH_LOG("%s", self->err.message);
}

FIXTURE_TEARDOWN(tools)
{
	sample_free(&self->s);
	unlink("job.bin");
	unlink("x");
	unlink("sum");
	rmdir(self->dir);
}

/* Runs a command; what it says goes to text. Return: its exit status. */
static int run(char *text, size_t size, const char *command)
{
	char with_errors[512];
	FILE *pipe;
	size_t n;
	int status;

	snprintf(with_errors, sizeof(with_errors), "%s 2>&1", command);
	pipe = popen(with_errors, "r");
	if (!pipe)
		return -1;
	n = fread(text, 1, size - 1, pipe);
	text[n] = '\0';
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define EXPECT_RUN(status, command)						\
	EXPECT_EQ(status, run(self->text, sizeof(self->text), command))		\
		TH_LOG("%s", self->text)
#define EXPECT_SAYS(words)							\
	EXPECT_NE(NULL, strstr(self->text, words)) TH_LOG("'%s' is not in '%s'", words, self->text)

TEST_F(tools, smi)
{
	EXPECT_RUN(0, "npu-smi");
	EXPECT_SAYS("/dev/accel/accel");
	EXPECT_SAYS("instruction set 0.1");
	EXPECT_SAYS("  in use     ");
	EXPECT_RUN(0, "npu-smi --json");
	EXPECT_SAYS("\"isa_version\": \"0.1\"");
	EXPECT_SAYS("\"jobs_done\": ");
	/* What a process has of the device, its page tables among it. */
	EXPECT_RUN(0, "node=$(echo /dev/accel/accel*); exec 3<>$node; npu-smi; true");
	EXPECT_SAYS("page tables    core time");
	EXPECT_RUN(0, "node=$(echo /dev/accel/accel*); exec 3<>$node; npu-smi --json; true");
	EXPECT_SAYS("\"queue_cycles\": 0");
	/* Who names one gets that one. */
	EXPECT_RUN(0, "NPU_DEVICE=sim npu-smi");
	EXPECT_EQ(NULL, strstr(self->text, "/dev/accel/")) TH_LOG("%s", self->text);
	EXPECT_RUN(1, "NPU_DEVICE=/dev/null npu-smi");
	EXPECT_SAYS("/dev/null: not an NPU");
	EXPECT_RUN(1, "npu-smi --device=/dev/accel/accel99");
	EXPECT_SAYS("/dev/accel/accel99: no such node");
	EXPECT_RUN(1, "npu-smi --device=/dev/null");
	EXPECT_SAYS("/dev/null: not an NPU");
	EXPECT_RUN(2, "npu-smi --loop=0");
	EXPECT_RUN(2, "npu-smi --no-such-option");
	EXPECT_RUN(0, "npu-smi --help");
	EXPECT_RUN(0, "npu-smi --version");
}

TEST_F(tools, submit)
{
	EXPECT_RUN(0, "npu-submit job.bin");
	EXPECT_SAYS("job.bin: program add");
	EXPECT_SAYS("device cycles  ");
	EXPECT_SAYS("768 B read, 256 B written");
	EXPECT_SAYS("output sum     as expected");
	EXPECT_RUN(0, "npu-submit --json job.bin");
	EXPECT_SAYS("\"ok\": true");
	EXPECT_SAYS("\"mem_read\": 768,");
	EXPECT_SAYS("\"differing\": 0");
}

TEST_F(tools, submit_finds_wrong_outputs)
{
	/* the sum is kept: the second run adds to that of the first */
	EXPECT_RUN(1, "npu-submit --repeat=3 job.bin");
	EXPECT_SAYS("run 2: 63 elements differ, first [1]: got 4, expected 2");
	EXPECT_RUN(1, "npu-submit --repeat=3 --json job.bin");
	EXPECT_SAYS("\"ok\": false");
	EXPECT_SAYS("\"differing\": 63");
}

TEST_F(tools, submit_moves_tensors)
{
	float x[SAMPLE_N] = { [5] = 1000 }, sum[SAMPLE_N] = { 0 };
	FILE *file = fopen("x", "w");

	ASSERT_EQ(1, fwrite(x, sizeof(x), 1, file));
	ASSERT_EQ(0, fclose(file));
	EXPECT_RUN(0, "npu-submit --input x=x --output sum=sum --repeat 2 job.bin");
	EXPECT_SAYS("outputs        not compared");
	file = fopen("sum", "r");
	ASSERT_NE(NULL, file);
	ASSERT_EQ(1, fread(sum, sizeof(sum), 1, file));
	fclose(file);
	EXPECT_EQ(4000, sum[5]);
	EXPECT_EQ(0, sum[6]);
	ASSERT_EQ(0, truncate("x", sizeof(x) - 1));
	EXPECT_RUN(2, "npu-submit --input x=x job.bin");
	EXPECT_SAYS("x: 255 bytes, tensor 'x' has 256");
	EXPECT_RUN(1, "npu-submit --output sum=/no/such/file job.bin");
	EXPECT_SAYS("/no/such/file: cannot write");
}

TEST_F(tools, submit_explains_faults)
{
	EXPECT_RUN(1, "npu-submit --arg offset=0x100000 job.bin");
	EXPECT_SAYS("npu-submit: instruction 1 (LOAD, tag 'blk.0.attn_q'): page fault reading 0x80100000");
	EXPECT_RUN(1, "npu-submit --json --arg offset=0x100000 job.bin");
	EXPECT_SAYS("\"error\": \"instruction 1 (LOAD, tag 'blk.0.attn_q')");
	EXPECT_RUN(0, "npu-submit job.bin");
}

TEST_F(tools, bad_files)
{
	struct stat st;

	ASSERT_EQ(0, stat("job.bin", &st));
	ASSERT_EQ(0, truncate("job.bin", st.st_size - 1));
	EXPECT_RUN(2, "npu-submit job.bin");
	EXPECT_SAYS("npu-submit: job.bin: offset 8: the file has ");
	EXPECT_RUN(2, "npu-objdump job.bin");
	EXPECT_RUN(2, "npu-submit no-such-file");
	EXPECT_RUN(2, "npu-submit");
	EXPECT_RUN(2, "npu-submit --repeat=-1 job.bin");
}

TEST_F(tools, bad_requests)
{
	EXPECT_RUN(2, "npu-submit --arg length=1 job.bin");
	EXPECT_SAYS("program 'add' has no such argument");
	EXPECT_RUN(2, "npu-submit --arg offset=many job.bin");
	EXPECT_RUN(2, "npu-submit --input sum=job.bin job.bin");
	EXPECT_SAYS("it is an output");
	EXPECT_RUN(2, "npu-submit --program sub job.bin");
	EXPECT_SAYS("no program 'sub'");
	EXPECT_RUN(1, "npu-submit --device=/dev/null job.bin");
	EXPECT_SAYS("/dev/null: not an NPU");
}

TEST_F(tools, objdump)
{
	EXPECT_RUN(0, "npu-objdump job.bin");
	EXPECT_SAYS("output  F32[64]              sum (expected value given)");
	EXPECT_SAYS("argument r16 offset = 0");
	EXPECT_SAYS("     1  LOAD dst=sram[0] src=mem[r8] row=768 rows=1 planes=1 signal=0 tag=1 'blk.0.attn_q'");
	EXPECT_SAYS("MULADD dst:F32,src0:F32,src1:F32,src2:F32 ");
	EXPECT_RUN(0, "npu-objdump --json --no-code job.bin");
	EXPECT_SAYS("\"num_insns\": 5");
	EXPECT_RUN(2, "npu-objdump --program=sub job.bin");
}

TEST_HARNESS_MAIN
