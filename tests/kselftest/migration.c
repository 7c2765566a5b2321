// SPDX-License-Identifier: GPL-2.0
/*
 * Rounds of a long job, and short ones beside it as long as it runs: the bytes
 * are right, and each kind takes the same cycles in every round.
 *
 * tests/vm/migration.sh saves the machine meanwhile and goes on with it in
 * another process. NPU_ROUNDS: how many rounds; each is told when it is over.
 */
#include <stdlib.h>

#include "hw/npu_regs.h"
#include "kselftest_harness.h"

#include "npu_program.h"

#define SPIN_ROUNDS	8u	/* of 2^20 instructions */
#define SIZE		4096u
#define FROM		0u	/* in the data: what is copied */
#define TO		(2 * SIZE)
#define RESULT		(4 * SIZE)	/* records of the two kinds of jobs */
#define RECORD		4096u
#define PATIENCE	(600 * 1000000000ll)

enum kind { LONG, SHORT, KINDS };

FIXTURE(migration)
{
	struct npu_machine m;
	uint32_t ctx[KINDS], syncobj[KINDS];
	struct drm_npu_job job[KINDS];
	struct drm_npu_sync sync[KINDS];
	uint64_t rounds[1], copy[2];
	uint64_t cycles[KINDS];
};

FIXTURE_SETUP(migration)
{
	int k;

	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->rounds[0] = SPIN_ROUNDS;
	self->copy[0] = self->m.data.va + FROM;
	self->copy[1] = self->m.data.va + TO;
	self->job[LONG] = npu_prog_spin(&self->m);
	self->job[SHORT] = npu_prog_copy(&self->m, SIZE);
	npu_job_args(&self->job[LONG], self->rounds);
	npu_job_args(&self->job[SHORT], self->copy);
	for (k = 0; k < KINDS; k++) {
		ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_NORMAL,
					    10 * 60 * 1000, &self->ctx[k]));
		self->syncobj[k] = npu_syncobj_create(self->m.fd, 0);
		self->sync[k] = (struct drm_npu_sync){
			.handle = self->syncobj[k],
			.flags = DRM_NPU_SYNC_SIGNAL | DRM_NPU_SYNC_TIMELINE,
		};
		self->job[k].result = self->m.data.va + RESULT + k * RECORD;
		npu_job_syncs(&self->job[k], &self->sync[k], 1);
	}
}

FIXTURE_TEARDOWN(migration)
{
	npu_machine_close(&self->m);
}

static int start(FIXTURE_DATA(migration) *self, enum kind kind)
{
	self->sync[kind].timeline_point++;
	return npu_submit(self->m.fd, self->ctx[kind], &self->job[kind], 1, NULL);
}

static int wait_for(FIXTURE_DATA(migration) *self, enum kind kind, int64_t ns)
{
	return npu_syncobj_wait_for(self->m.fd, self->syncobj[kind],
				    self->sync[kind].timeline_point, ns);
}

/* Whether the job ended well, after as many cycles as those before. */
static int check_record(FIXTURE_DATA(migration) *self, enum kind kind)
{
	const struct npu_completion *record = (void *)(self->m.data.cpu + RESULT + kind * RECORD);
	uint64_t cycles = record->counters[NPU_CNT_CYCLES];

	if (!self->cycles[kind])
		self->cycles[kind] = cycles;
	return record->status == NPU_JOB_DONE && cycles && cycles == self->cycles[kind];
}

static int run_short(FIXTURE_DATA(migration) *self, unsigned int number)
{
	uint8_t *from = self->m.data.cpu + FROM, *to = self->m.data.cpu + TO;
	unsigned int i;

	for (i = 0; i < SIZE; i++)
		from[i] = number * 7 + i * 13 + (i >> 8);
	memset(to, 0xaa, SIZE);
	return !start(self, SHORT) && !wait_for(self, SHORT, PATIENCE) &&
	       check_record(self, SHORT) && !memcmp(from, to, SIZE);
}

TEST_F_TIMEOUT(migration, jobs_go_on, 1800)
{
	const char *wanted = getenv("NPU_ROUNDS");
	unsigned int rounds = wanted ? atoi(wanted) : 2, round, number = 0;

	for (round = 0; round < rounds; round++) {
		unsigned int first = number;

		ASSERT_EQ(0, start(self, LONG));
		do {
			ASSERT_TRUE(run_short(self, number)) TH_LOG("round %u, job %u", round, number);
			number++;
		} while (wait_for(self, LONG, 0));
		ASSERT_TRUE(check_record(self, LONG)) TH_LOG("round %u", round);
		printf("# round %u: %llu cycles, %u jobs of %llu cycles\n", round,
		       (unsigned long long)self->cycles[LONG], number - first,
		       (unsigned long long)self->cycles[SHORT]);
		fflush(stdout);
	}
}

TEST_HARNESS_MAIN
