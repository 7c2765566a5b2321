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

enum job_kind { LONG, SHORT, KINDS };

struct work {
	struct npu_machine m;
	uint32_t ctx[KINDS], syncobj[KINDS];
	struct drm_npu_job job[KINDS];
	struct drm_npu_sync sync[KINDS];
	uint64_t rounds[1], copy[2];
	uint64_t cycles[KINDS];
};

FIXTURE(migration)
{
	struct work work;
};

FIXTURE_SETUP(migration)
{
	struct work *w = &self->work;
	int k;

	ASSERT_EQ(0, npu_machine_open(&w->m));
	w->rounds[0] = SPIN_ROUNDS;
	w->copy[0] = w->m.data.va + FROM;
	w->copy[1] = w->m.data.va + TO;
	w->job[LONG] = npu_prog_spin(&w->m);
	w->job[SHORT] = npu_prog_copy(&w->m, SIZE);
	npu_job_args(&w->job[LONG], w->rounds);
	npu_job_args(&w->job[SHORT], w->copy);
	for (k = 0; k < KINDS; k++) {
		ASSERT_EQ(0, npu_ctx_create(w->m.fd, w->m.vm, DRM_NPU_PRIORITY_NORMAL,
					    10 * 60 * 1000, &w->ctx[k]));
		w->syncobj[k] = npu_syncobj_create(w->m.fd, 0);
		w->sync[k] = (struct drm_npu_sync){
			.handle = w->syncobj[k],
			.flags = DRM_NPU_SYNC_SIGNAL | DRM_NPU_SYNC_TIMELINE,
		};
		w->job[k].result = w->m.data.va + RESULT + k * RECORD;
		npu_job_syncs(&w->job[k], &w->sync[k], 1);
	}
}

FIXTURE_TEARDOWN(migration)
{
	npu_machine_close(&self->work.m);
}

static int start(struct work *w, enum job_kind kind)
{
	w->sync[kind].timeline_point++;
	return npu_submit(w->m.fd, w->ctx[kind], &w->job[kind], 1, NULL);
}

static int wait_for(struct work *w, enum job_kind kind, int64_t ns)
{
	return npu_syncobj_wait_for(w->m.fd, w->syncobj[kind],
				    w->sync[kind].timeline_point, ns);
}

/* Whether the job ended well, after as many cycles as those before. */
static int check_record(struct work *w, enum job_kind kind)
{
	const struct npu_completion *record = (void *)(w->m.data.cpu + RESULT + kind * RECORD);
	uint64_t cycles = record->counters[NPU_CNT_CYCLES];

	if (!w->cycles[kind])
		w->cycles[kind] = cycles;
	return record->status == NPU_JOB_DONE && cycles && cycles == w->cycles[kind];
}

static int run_short(struct work *w, unsigned int number)
{
	uint8_t *from = w->m.data.cpu + FROM, *to = w->m.data.cpu + TO;
	unsigned int i;

	for (i = 0; i < SIZE; i++)
		from[i] = number * 7 + i * 13 + (i >> 8);
	memset(to, 0xaa, SIZE);
	return !start(w, SHORT) && !wait_for(w, SHORT, PATIENCE) &&
	       check_record(w, SHORT) && !memcmp(from, to, SIZE);
}

TEST_F_TIMEOUT(migration, jobs_go_on, 1800)
{
	struct work *w = &self->work;
	const char *wanted = getenv("NPU_ROUNDS");
	unsigned int rounds = wanted ? atoi(wanted) : 2, round, number = 0;

	for (round = 0; round < rounds; round++) {
		unsigned int first = number;

		ASSERT_EQ(0, start(w, LONG));
		do {
			ASSERT_TRUE(run_short(w, number)) TH_LOG("round %u, job %u", round, number);
			number++;
		} while (wait_for(w, LONG, 0));
		ASSERT_TRUE(check_record(w, LONG)) TH_LOG("round %u", round);
		printf("# round %u: %llu cycles, %u jobs of %llu cycles\n", round,
		       (unsigned long long)w->cycles[LONG], number - first,
		       (unsigned long long)w->cycles[SHORT]);
		fflush(stdout);
	}
}

TEST_HARNESS_MAIN
