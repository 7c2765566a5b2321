// SPDX-License-Identifier: GPL-2.0
/*
 * A fuzzer of the driver's interface: ioctls, io_uring commands, mappings. First
 * every field of every call is set to every kind of nonsense, all else making
 * sense. Then programs of several calls are changed at random, two threads on one
 * file at a time, and what reaches code that nothing reached before is kept, where
 * the kernel tells by KCOV. Whatever happens the NPU must still work at the
 * end; that the kernel has no complaint is seen in its log.
 *
 * NPU_FUZZ_SECONDS: how long (10); NPU_FUZZ_SEED: another course;
 * NPU_FUZZ_KEEP: file that receives the programs that were kept.
 */
#include <liburing.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "fuzz_fill.h"
#include "fuzz_kcov.h"

#define MAX_CALLS	12
#define MAX_CORPUS	4096
#define ROUND		24	/* programs of a thread on one file */
#define BIG		(16ull << 20)
#define CORPUS		"tests/kselftest/fuzz_corpus.txt"

struct program {
	uint32_t count;
	struct fuzz_record calls[MAX_CALLS];
};

struct worker {
	struct fuzz_filler filler;
	struct fuzz_kcov kcov;
	struct io_uring ring;
	bool has_ring;
	uint64_t random;
	uint64_t programs;
	uint64_t calls;
};

static struct program corpus[MAX_CORPUS];
static uint32_t corpus_size, seeds;
static pthread_mutex_t corpus_lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t seen[FUZZ_EDGES];
static uint64_t edges;
static int tests, failures;
static uint32_t refusals;

static void result(bool ok, const char *text)
{
	failures += !ok;
	printf("%sok %d - %s\n", ok ? "" : "not ", ++tests, text);
	fflush(stdout);
}

static uint32_t draw(struct worker *w, uint32_t below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (w->random >> 32) % below;
}

static bool worker_open(struct worker *w, uint64_t seed, bool coverage)
{
	memset(w, 0, sizeof(*w));
	w->random = seed * 0x9e3779b97f4a7c15ull + 1;
	w->kcov.fd = -1;
	/* What lies behind a thread's memory is not there. */
	w->filler.memory = mmap(NULL, FUZZ_MEMORY + NPU_TEST_PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (w->filler.memory == MAP_FAILED)
		return false;
	munmap(w->filler.memory + FUZZ_MEMORY, NPU_TEST_PAGE);
	((uint64_t *)(w->filler.memory + FUZZ_ARGS))[0] = NPU_TEST_DATA;
	((uint64_t *)(w->filler.memory + FUZZ_ARGS))[1] = NPU_TEST_DATA + NPU_TEST_PAGE;
	w->has_ring = !io_uring_queue_init(16, &w->ring, 0);
	if (coverage)
		fuzz_kcov_open(&w->kcov);
	return true;
}

static void worker_close(struct worker *w)
{
	if (w->has_ring)
		io_uring_queue_exit(&w->ring);
	fuzz_kcov_close(&w->kcov);
	munmap(w->filler.memory, FUZZ_MEMORY);
}

static bool objects_open(struct fuzz_objects *o)
{
	struct drm_npu_perfmon_create perfmon = { .counters = 0xff };

	memset(o, 0, sizeof(*o));
	if (npu_machine_open(&o->m))
		return false;
	fcntl(o->m.fd, F_SETFL, O_NONBLOCK);
	if (npu_call(o->m.fd, DRM_IOCTL_NPU_PERFMON_CREATE, &perfmon))
		return false;
	o->programs[FUZZ_NULL] = npu_prog_null(&o->m);
	o->programs[FUZZ_COPY] = npu_prog_copy(&o->m, 64);
	o->programs[FUZZ_SPIN] = npu_prog_spin(&o->m);
	o->programs[FUZZ_YIELD] = npu_prog_mark(&o->m, NPU_OP_YIELD);
	o->pool[FUZZ_BO][0] = o->m.data.handle;
	o->pool[FUZZ_VM][0] = o->m.vm;
	/* Some jobs never end, and some calls wait for them. */
	if (npu_ctx_create(o->m.fd, o->m.vm, DRM_NPU_PRIORITY_NORMAL, 64, &o->pool[FUZZ_CTX][0]))
		return false;
	o->pool[FUZZ_SYNC][0] = npu_syncobj_create(o->m.fd, 0);
	o->pool[FUZZ_FD][0] = o->m.fd;
	o->pool[FUZZ_PERFMON][0] = perfmon.id;
	return o->pool[FUZZ_SYNC][0];
}

static void objects_close(struct fuzz_objects *o)
{
	int i;

	for (i = 1; i < FUZZ_POOL; i++)
		if (o->pool[FUZZ_FD][i])
			close(o->pool[FUZZ_FD][i]);
	npu_machine_close(&o->m);
}

/* What the kernel made can be used by the calls that follow. */
static void keep_object(struct worker *w, const struct fuzz_call *call)
{
	struct fuzz_objects *o = w->filler.objects;
	const struct drm_npu_bo_create *bo = (const void *)w->filler.args;
	uint32_t id, at = __atomic_fetch_add(&o->made[call->out_kind], 1, __ATOMIC_RELAXED);

	memcpy(&id, (uint8_t *)w->filler.args + call->out - 1, sizeof(id));
	/* Bound, it would take the guest's memory. */
	if (call->fields == fuzz_bo_create && bo->size > BIG) {
		npu_bo_close(o->m.fd, id);
		return;
	}
	id = __atomic_exchange_n(fuzz_slot(o, call->out_kind, at, true), id, __ATOMIC_RELAXED);
	if (call->out_kind == FUZZ_FD && id)
		close(id);
}

static int do_uring(struct worker *w, const struct fuzz_call *call, struct fuzz_pick pick)
{
	const struct fuzz_field place = { .kind = FUZZ_PTR, .good = 14 * NPU_TEST_PAGE };
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	struct drm_npu_uring_cmd *cmd;
	int ret = 0;

	if (!w->has_ring)
		return 0;
	sqe = io_uring_get_sqe(&w->ring);
	if (sqe) {
		memset(sqe, 0, sizeof(*sqe));
		sqe->opcode = IORING_OP_URING_CMD;
		sqe->fd = w->filler.objects->m.fd;
		sqe->cmd_op = (pick.how & 15) == 9 ? pick.which : call->uring;
		cmd = (void *)&sqe->cmd;
		memcpy(w->filler.memory + place.good, w->filler.args, call->size);
		cmd->arg = fuzz_value(&w->filler, &place, pick);
		cmd->reserved = (pick.how & 15) == 8 ? pick.which : 0;
		/* All flags that there are and will be, and to be done by a worker. */
		sqe->uring_cmd_flags = (pick.how & 15) == 10 ? 1u << pick.which % 32 : 0;
		sqe->flags = (pick.how & 15) == 11 ? IOSQE_ASYNC : 0;
		io_uring_submit(&w->ring);
	}
	while (!io_uring_peek_cqe(&w->ring, &cqe)) {
		ret = cqe->res;
		io_uring_cqe_seen(&w->ring, cqe);
	}
	return ret;
}

/* Reads and writes a buffer as a program would; what it may not do kills nobody. */
static int do_mmap(struct worker *w)
{
	const struct drm_npu_bo_mmap_offset *args = (const void *)w->filler.args;
	struct drm_npu_bo_mmap_offset offset = { .handle = args->handle };
	int fd = w->filler.objects->m.fd, ret;
	void *map;

	ret = npu_call(fd, DRM_IOCTL_NPU_BO_MMAP_OFFSET, &offset);
	if (ret)
		return ret;
	map = mmap(NULL, NPU_TEST_PAGE, args->pad & 1 ? PROT_READ : PROT_READ | PROT_WRITE,
		   args->pad & 2 ? MAP_PRIVATE : MAP_SHARED, fd, offset.offset);
	if (map == MAP_FAILED)
		return -errno;
	/* The kernel touches it: where there is nothing, that is an error and no signal. */
	ret = syscall(SYS_getrandom, map, 8, 1) < 0 ? -errno : 0;
	munmap(map, NPU_TEST_PAGE);
	return ret;
}

static int do_call(struct worker *w, const struct fuzz_record *record)
{
	const struct fuzz_call *call = &fuzz_calls[record->call % FUZZ_NUM_CALLS];
	struct fuzz_filler *f = &w->filler;
	int ret;

	f->next = record->picks;
	f->end = record->picks + FUZZ_PICKS;
	f->broken_rule = false;
	memset(f->args, 0, sizeof(f->args));
	memset(f->memory, 0, 64);
	fuzz_fill(f, call, call->fields, (uint8_t *)f->args);
	w->calls++;
	if (call->uring)
		return do_uring(w, call, record->picks[FUZZ_PICKS - 1]);
	if (call->request == FUZZ_REQUEST_MMAP)
		return do_mmap(w);
	if (call->request == FUZZ_REQUEST_READ) {
		const struct drm_npu_dev_query *args = (const void *)f->args;

		ret = read(f->objects->m.fd, (void *)(uintptr_t)args->pointer, args->size);
		return ret < 0 ? -errno : 0;
	}
	ret = ioctl(f->objects->m.fd, call->request, f->args) < 0 ? -errno : 0;
	if (!ret && call->out)
		keep_object(w, call);
	return ret;
}

static void do_program(struct worker *w, const struct program *p)
{
	uint32_t i;

	w->programs++;
	for (i = 0; i < p->count; i++)
		do_call(w, &p->calls[i]);
}

/* Every pick of one record, every way to choose, a few values each. */
static void sweep_call(struct worker *w, uint32_t index)
{
	static const uint8_t values[] = { 0, 1, 3, 7, 12, 31, 63, 128, 255 };
	const struct fuzz_call *call = &fuzz_calls[index];
	uint32_t pick, how, i;

	for (pick = 0; pick < FUZZ_PICKS; pick++) {
		for (how = 7; how < 16; how++) {
			for (i = 0; i < sizeof(values); i++) {
				struct fuzz_record record = { .call = index };
				int ret;

				record.picks[pick].how = how;
				record.picks[pick].which = values[i];
				ret = do_call(w, &record);
				if (!call->strict || call->uring || !w->filler.broken_rule)
					continue;
				/* Nonsense before it may have hung a job: slow machines. */
				if (ret == -EBADFD)
					continue;
				refusals++;
				if (ret == -EINVAL)
					continue;
				printf("# %s: pick %u, %u/%u: %s\n", call->name, pick, how,
				       values[i], ret ? strerror(-ret) : "accepted");
				failures++;
			}
		}
	}
}

static void sweep(void)
{
	int before = failures;
	struct worker w;
	uint32_t i;

	for (i = 0; i < FUZZ_NUM_CALLS; i++) {
		struct fuzz_objects o;

		if (!worker_open(&w, 1, true) || !objects_open(&o)) {
			result(false, "a device to try all fields on");
			return;
		}
		w.filler.objects = &o;
		fuzz_kcov_start(&w.kcov);
		sweep_call(&w, i);
		edges += fuzz_kcov_stop(&w.kcov, seen);
		objects_close(&o);
		worker_close(&w);
	}
	printf("# %u times\n", refusals);
	result(failures == before && refusals, "nonsense in pads and flags is refused, field by field");
}

static void mutate(struct worker *w, struct program *p)
{
	uint32_t rounds = 1 + draw(w, 4);

	while (rounds--) {
		struct fuzz_record *record = &p->calls[draw(w, p->count ? p->count : 1)];
		struct fuzz_pick *pick = &record->picks[draw(w, FUZZ_PICKS)];

		switch (draw(w, 8)) {
		case 0: /* one call more */
			if (p->count == MAX_CALLS)
				break;
			memmove(record + 1, record,
				(uint8_t *)&p->calls[p->count] - (uint8_t *)record);
			memset(record, 0, sizeof(*record));
			record->call = draw(w, FUZZ_NUM_CALLS);
			p->count++;
			break;
		case 1: /* the same once more */
			if (p->count && p->count < MAX_CALLS)
				p->calls[p->count++] = *record;
			break;
		case 2: /* one less */
			if (p->count > 1) {
				*record = p->calls[p->count - 1];
				p->count--;
			}
			break;
		case 3: /* the end of another */
			if (p->count < MAX_CALLS) {
				const struct program *other = &corpus[draw(w, seeds)];

				if (other->count)
					p->calls[p->count++] = other->calls[other->count - 1];
			}
			break;
		case 4:
		case 5: /* another object, another size */
			pick->how = 0;
			pick->which = draw(w, 256);
			break;
		default:
			pick->how = draw(w, 16);
			pick->which = draw(w, 256);
		}
	}
}

static void keep_program(const struct program *p)
{
	pthread_mutex_lock(&corpus_lock);
	if (corpus_size < MAX_CORPUS) {
		corpus[corpus_size] = *p;
		__atomic_store_n(&corpus_size, corpus_size + 1, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&corpus_lock);
}

static void *run_round(void *arg)
{
	struct worker *w = arg;
	uint32_t i;

	for (i = 0; i < ROUND; i++) {
		struct program p = corpus[draw(w, __atomic_load_n(&corpus_size, __ATOMIC_ACQUIRE))];
		uint32_t fresh;

		mutate(w, &p);
		fuzz_kcov_start(&w->kcov);
		do_program(w, &p);
		fresh = fuzz_kcov_stop(&w->kcov, seen);
		if (fresh) {
			__atomic_fetch_add(&edges, fresh, __ATOMIC_RELAXED);
			keep_program(&p);
		}
	}
	return NULL;
}

/* One file, two threads; it is closed with whatever still runs. */
static bool fuzz_round(struct worker w[2])
{
	struct fuzz_objects o;
	pthread_t other;
	bool two;

	if (!objects_open(&o))
		return false;
	w[0].filler.objects = w[1].filler.objects = &o;
	two = !pthread_create(&other, NULL, run_round, &w[1]);
	run_round(&w[0]);
	if (two)
		pthread_join(other, NULL);
	objects_close(&o);
	return true;
}

static void fuzz(uint64_t seconds, uint64_t seed)
{
	const int64_t end = npu_now_ns() + seconds * 1000000000ll;
	struct worker w[2];
	char text[160];
	bool ok;

	ok = worker_open(&w[0], seed, true) && worker_open(&w[1], seed + 1, true);
	while (ok && npu_now_ns() < end)
		ok = fuzz_round(w);
	printf("# %llu programs, %llu calls, %llu edges, %u programs kept\n",
	       (unsigned long long)(w[0].programs + w[1].programs),
	       (unsigned long long)(w[0].calls + w[1].calls), (unsigned long long)edges,
	       corpus_size - seeds);
	snprintf(text, sizeof(text), "programs at random, %s coverage",
		 w[0].kcov.fd >= 0 ? "led by" : "without");
	result(ok && w[0].calls && (w[0].kcov.fd < 0 || edges), text);
	worker_close(&w[0]);
	worker_close(&w[1]);
}

/* A line is a program, a word a call: hexadecimal, zeros at the end left out. */
static bool read_corpus(void)
{
	char line[8192], *word, *rest;
	FILE *file = fopen(CORPUS, "r");

	if (!file)
		return false;
	while (corpus_size < MAX_CORPUS / 2 && fgets(line, sizeof(line), file)) {
		struct program *p = &corpus[corpus_size];

		for (word = strtok_r(line, "\n ", &rest); word && *word != '#' && p->count < MAX_CALLS;
		     word = strtok_r(NULL, "\n ", &rest)) {
			uint8_t *to = (uint8_t *)&p->calls[p->count++];
			uint32_t i, byte;

			for (i = 0; i < sizeof(struct fuzz_record) &&
			     sscanf(word + i * 2, "%2x", &byte) == 1; i++)
				to[i] = byte;
		}
		corpus_size += p->count != 0;
	}
	fclose(file);
	seeds = corpus_size;
	return seeds;
}

static void write_corpus(const char *path)
{
	FILE *file = path ? fopen(path, "w") : NULL;
	uint32_t i, j, k;

	for (i = seeds; file && i < corpus_size; i++) {
		for (j = 0; j < corpus[i].count; j++) {
			const uint8_t *from = (const uint8_t *)&corpus[i].calls[j];
			uint32_t size = sizeof(struct fuzz_record);

			while (size > 1 && !from[size - 1])
				size--;
			for (k = 0; k < size; k++)
				fprintf(file, "%02x", from[k]);
			fputc(j + 1 < corpus[i].count ? ' ' : '\n', file);
		}
	}
	if (file)
		fclose(file);
}

/* The seeds as they are: those are the ways that must lead somewhere. */
static void replay(void)
{
	struct fuzz_objects o;
	struct worker w;
	uint32_t i;

	if (!worker_open(&w, 1, true))
		return;
	for (i = 0; i < seeds && objects_open(&o); i++) {
		w.filler.objects = &o;
		fuzz_kcov_start(&w.kcov);
		do_program(&w, &corpus[i]);
		edges += fuzz_kcov_stop(&w.kcov, seen);
		objects_close(&o);
	}
	result(i == seeds, "all programs of the corpus");
	worker_close(&w);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

int main(void)
{
	const uint64_t source[2] = { NPU_TEST_DATA, NPU_TEST_DATA + 4096 };
	struct fuzz_objects o;

	printf("TAP version 13\n");
	if (!read_corpus()) {
		printf("Bail out! no %s here\n", CORPUS);
		return 1;
	}
	replay();
	sweep();
	fuzz(number("NPU_FUZZ_SECONDS", 10), number("NPU_FUZZ_SEED", 1));
	write_corpus(getenv("NPU_FUZZ_KEEP"));

	if (objects_open(&o)) {
		npu_job_args(&o.programs[FUZZ_COPY], source);
		result(!npu_run(&o.m, &o.programs[FUZZ_COPY]), "the NPU still works");
		objects_close(&o);
	} else {
		result(false, "the NPU can still be opened");
	}
	printf("1..%d\n", tests);
	return failures != 0;
}
