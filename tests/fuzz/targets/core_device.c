// SPDX-License-Identifier: MIT
/*
 * A guest that does anything in any order: registers, rings, descriptors,
 * events, aborts, resets of all kinds, faults on demand, states saved, changed and
 * loaded, while jobs run on threads and the bus misbehaves. Whatever it did, a reset
 * from outside comes to its end, gives all memory back, and jobs run again.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "device.h"
#include "fuzz_bytes.h"
#include "fuzz_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MACHINES	4u
#define PROGRAMS	8u
#define SRAM		8192u
#define NULL_PROGRAM	0u

/**
 * struct device - one machine, which lives as long as the fuzzer
 * @npu: it
 * @bus: memory
 * @tail: what the doorbells would be of a guest that counts
 */
struct device {
	struct npu_core *npu;
	struct fuzz_bus *bus;
	uint32_t tail[WORLD_QUEUES];
};

static const struct npu_core_config configs[MACHINES] = {
	{ .cores = 1, .threads = 1, .queues = 4, .sram_size = SRAM },
	{ .cores = 4, .threads = 2, .queues = 4, .sram_size = SRAM, .inject = "on" },
	{ .cores = 3, .threads = 3, .queues = 8, .sram_size = SRAM, .pace = "model",
	  .inject = "on" },
	{ .cores = 2, .threads = 2, .queues = 4, .sram_size = SRAM, .hazards = true,
	  .kernels = "scalar" },
};

static struct device devices[MACHINES];
static uint8_t good[FUZZ_SIZE];
static uint32_t sizes[PROGRAMS];

static const struct npu_insn end = { .opcode = NPU_OP_END };

#define INSN(...)	((struct npu_insn){ __VA_ARGS__ })
#define LOOP(rounds, body) \
	INSN(.opcode = NPU_OP_LOOP, .addr[0].reg = 3, .val = { (rounds), 64, 0, (body) })

static void program(unsigned int i, const struct npu_insn *insns, uint32_t count)
{
	sizes[i] = fuzz_world_program(good, WORLD_PROGRAMS + i, insns, count, SRAM);
}

/*
 * Nothing; for ever, while others may have its cores; copies out and in; weights
 * streamed; barriers; faults.
 */
static void write_programs(void)
{
	const struct npu_insn spin[] = {
		LOOP(0x7fffffff, 1), INSN(.opcode = NPU_OP_YIELD),
		INSN(.opcode = NPU_OP_ENDLOOP), end,
	};
	const struct npu_insn copies[] = {
		LOOP(20, 2),
		INSN(.opcode = NPU_OP_LOAD, .addr[1] = { .reg = 3 }, .val = { 4096, 1, 1 }),
		INSN(.opcode = NPU_OP_STORE, .addr[0] = { .reg = 3, .offset = 0x10000 },
		     .val = { 4096, 1, 1 }),
		INSN(.opcode = NPU_OP_ENDLOOP), end,
	};
	const struct npu_insn stream[] = {
		LOOP(8, 1),
		INSN(.opcode = NPU_OP_MATMUL, .flags = NPU_F_STREAM,
		     .type = { NPU_TYPE_I32, NPU_TYPE_I8, NPU_TYPE_I8 },
		     .addr = { [NPU_MM_B].offset = 0x8000, [NPU_MM_C].offset = 4096 },
		     .val = { 4, 32, 64, 64, 64, 128 }),
		INSN(.opcode = NPU_OP_ENDLOOP), end,
	};
	const struct npu_insn barrier[] = {
		LOOP(10, 2), INSN(.opcode = NPU_OP_BARRIER), INSN(.opcode = NPU_OP_YIELD),
		INSN(.opcode = NPU_OP_ENDLOOP), end,
	};
	const struct npu_insn trap[] = {
		INSN(.opcode = NPU_OP_TRAP, .addr[1].reg = NPU_R_NCORES, .imm = { 7 }), end,
	};
	const struct npu_insn indices[] = {
		INSN(.opcode = NPU_OP_GATHER, .val = { 64, 9, 1, 64, 2, 64 }),
		INSN(.opcode = NPU_OP_SCATTER, .addr[0].offset = 0x4000, .addr[2].offset = 1024,
		     .val = { 64, 9, 1, 64, 2, 64 }),
		INSN(.opcode = NPU_OP_LOAD, .addr[1].offset = WORLD_ABSENT * FUZZ_PAGE,
		     .val = { 8, 1, 1 }), end,
	};
	const struct npu_insn vectors[] = {
		LOOP(4, 2),
		INSN(.opcode = NPU_OP_FILL, .type = { NPU_TYPE_F32 }, .val = { 8, 32, 128 },
		     .imm = { 0x3f800000 }),
		INSN(.opcode = NPU_OP_UNARY, .subop = NPU_UNARY_EXP,
		     .type = { NPU_TYPE_F32, NPU_TYPE_F32 }, .addr[0].offset = 4096,
		     .val = { 8, 32, 128, 128 }),
		INSN(.opcode = NPU_OP_ENDLOOP), end,
	};

	program(NULL_PROGRAM, &end, 1);
	program(1, spin, 4);
	program(2, copies, 5);
	program(3, stream, 4);
	program(4, barrier, 5);
	program(5, trap, 2);
	program(6, indices, 4);
	program(7, vectors, 5);
}

static struct device *device(unsigned int i)
{
	struct device *d = &devices[i];
	char error[256];

	if (d->npu)
		return d;
	if (!sizes[0]) {
		fuzz_world_build(good);
		write_programs();
	}
	d->bus = fuzz_bus_new();
	d->npu = npu_core_new(&configs[i], &fuzz_bus_ops, d->bus, error, sizeof(error));
	fuzz_assert(d->npu);
	return d;
}

/* Anything that may be a value of a register. */
static uint32_t take_value(struct fuzz_bytes *in)
{
	uint8_t how = fuzz_u8(in);

	switch (how >> 6) {
	case 0:
		return how;
	case 1:
		return WORLD_BUS(how & 0x3f);
	case 2:
		return 0xffffffffu - (how & 0x3f);
	default:
		return fuzz_u32(in);
	}
}

static uint32_t take_register(struct fuzz_bytes *in)
{
	uint16_t at = fuzz_u16(in);

	if (at & 0x8000)
		return NPU_REG_Q(at >> 6 & 15, at % 16 * 4);
	return at & 0x4000 ? at : (at & 63) * 4 + NPU_REG_CTRL;
}

/* A job as a driver would give it, but for some words. */
static void ring_job(struct device *d, struct fuzz_bytes *in)
{
	uint8_t how = fuzz_u8(in), which = fuzz_u8(in);
	uint32_t q = how % WORLD_QUEUES, slot = d->tail[q] % 8, p = which % PROGRAMS;
	struct npu_job job = fuzz_world_job(WORLD_PROGRAMS + p, sizes[p]);

	job.id = 1 + d->tail[q];
	job.cores = which >> 3 & 7;
	job.budget = 16u << (which >> 6) * 5;
	job.completion = WORLD_BUS(WORLD_DONE + q) + 512 * slot;
	if (how & 0x04)
		job.flags = 0;
	if (how & 0x08) {
		job.result = 0x10000 + 512 * slot;
		job.result_id = job.id;
	}
	for (unsigned int n = how >> 4 & 3; n; n--) {
		uint64_t word = take_value(in);
		uint8_t at = fuzz_u8(in);

		memcpy((uint8_t *)&job + at % 16 * 8, &word, at & 0x80 ? 8 : 4);
	}
	fuzz_bus_poke(d->bus, WORLD_AT(WORLD_RINGS + q) + 512 * slot, &job, sizeof(job));
	d->tail[q]++;
	if (!(how & 0x40))
		npu_core_write(d->npu, NPU_REG_Q(q, NPU_Q_TAIL), d->tail[q]);
}

static void poke(struct device *d, struct fuzz_bytes *in)
{
	uint32_t at = WORLD_AT(fuzz_u8(in) % FUZZ_PAGES) + 8 * (fuzz_u16(in) % 512);
	uint64_t value = fuzz_u8(in) & 1 ? fuzz_u64(in) : take_value(in);

	fuzz_bus_poke(d->bus, at, &value, sizeof(value));
}

static void invalidate(struct device *d, struct fuzz_bytes *in)
{
	uint8_t how = fuzz_u8(in);

	if (how & 0x80) {
		npu_core_invalidate(d->npu);
		return;
	}
	npu_core_write(d->npu, NPU_REG_TLB_CTX, how >> 4);
	npu_core_write(d->npu, NPU_REG_TLB_SIZE_LO, fuzz_u32(in));
	npu_core_write(d->npu, NPU_REG_TLB_CMD, how & 15);
}

static void inject(struct device *d, struct fuzz_bytes *in)
{
	static const char *const texts[] = {
		"lost-irq@2", "stuck-job@2", "stuck-queue", "stuck-reset", "completion",
		"dma+completion@3", "on", "no-such-fault",
	};
	uint8_t how = fuzz_u8(in);
	char error[256];

	if (how & 0x80)
		npu_core_inject(d->npu, texts[how % 8], error, sizeof(error));
	else
		npu_core_write(d->npu, NPU_REG_INJECT, how);
}

static void break_bus(struct device *d, struct fuzz_bytes *in)
{
	uint8_t how = fuzz_u8(in);

	fuzz_bus_misbehave(d->bus, how & 1 ? 1ull << fuzz_u8(in) % 64 : 0,
			   how & 2 ? 1 + fuzz_u16(in) : 0, how & 4 ? 1 + (how >> 3) : 0);
}

/* Let the threads get on, until a queue is empty or for a while. */
static void let_run(struct device *d, struct fuzz_bytes *in)
{
	uint8_t how = fuzz_u8(in);
	uint32_t q = how % WORLD_QUEUES;

	for (unsigned int i = 0; i < 1u << (how >> 5); i++) {
		if (npu_core_read(d->npu, NPU_REG_Q(q, NPU_Q_HEAD)) ==
		    npu_core_read(d->npu, NPU_REG_Q(q, NPU_Q_TAIL)))
			break;
		sched_yield();
	}
}

static void restart(struct device *d)
{
	memset(d->tail, 0, sizeof(d->tail));
	fuzz_world_start(d->npu);
}

/* Held still, saved, and loaded again: as it was, or after a few changes. */
static void move(struct device *d, struct fuzz_bytes *in)
{
	unsigned int changes = fuzz_u8(in) % 4;
	char error[256] = "";
	uint8_t *state;
	size_t len;

	npu_core_pause(d->npu);
	fuzz_assert(!d->bus->mappings);
	state = npu_core_save(d->npu, &len);
	fuzz_assert(state && len && len <= npu_core_state_max(d->npu));
	for (unsigned int i = 0; i < changes; i++) {
		uint32_t at = fuzz_u32(in);

		state[(at >> 31 ? at : at % 2048) % len] ^= fuzz_u8(in);
	}
	if (!npu_core_load(d->npu, state, len, error, sizeof(error)))
		fuzz_assert(changes && error[0]);
	free(state);
	npu_core_resume(d->npu);
}

static void once(struct device *d, struct fuzz_bytes *in)
{
	uint8_t what = fuzz_u8(in);

	switch (what % 16) {
	case 0:
		npu_core_write(d->npu, take_register(in), take_value(in));
		break;
	case 1:
		npu_core_read(d->npu, take_register(in));
		break;
	case 2:
		poke(d, in);
		break;
	case 3:
	case 4:
	case 5:
		ring_job(d, in);
		break;
	case 6:
		npu_core_write(d->npu, NPU_REG_Q(what >> 4 & 3, NPU_Q_ABORT),
			       d->tail[what >> 4 & 3] - 1 - (what >> 6));
		break;
	case 7:
		npu_core_write(d->npu, NPU_REG_Q(what >> 4 & 3, NPU_Q_CTRL), NPU_Q_CTRL_RESET);
		break;
	case 8:
		npu_core_write(d->npu, NPU_REG_Q(what >> 4 & 3, NPU_Q_CTRL), what >> 6 & 1);
		d->tail[what >> 4 & 3] = 0;
		break;
	case 9:
		npu_core_write(d->npu, NPU_REG_CTRL, what >> 4);
		break;
	case 10:
		if (what & 0x80)
			npu_core_reset(d->npu);
		else if (what & 0x40)
			move(d, in);
		else
			restart(d);
		break;
	case 11:
		invalidate(d, in);
		break;
	case 12:
		inject(d, in);
		break;
	case 13:
		break_bus(d, in);
		break;
	case 14:
		let_run(d, in);
		break;
	default:
		if (what & 0x80)
			npu_core_set_power(d->npu, what & 0x40);
		else
			__atomic_fetch_add(&d->bus->clock, 1000ull << (what >> 2),
					   __ATOMIC_RELAXED);
	}
}

static void begin(struct device *d)
{
	pthread_mutex_lock(&d->npu->lock);
	memset(d->npu->inject.countdown, 0, sizeof(d->npu->inject.countdown));
	pthread_mutex_unlock(&d->npu->lock);
	npu_core_set_power(d->npu, true);
	memcpy(d->bus->memory, good, FUZZ_SIZE);
	fuzz_bus_heal(d->bus);
	restart(d);
}

/* What was on its way when the reset came is not any more. */
static void check_reset(struct device *d)
{
	fuzz_bus_heal(d->bus);
	npu_core_reset(d->npu);
	fuzz_assert(!d->bus->mappings);
	fuzz_assert(npu_core_read(d->npu, NPU_REG_STATUS) == NPU_STATUS_READY);
	for (unsigned int q = 0; q < configs[0].queues; q++) {
		fuzz_assert(!npu_core_read(d->npu, NPU_REG_Q(q, NPU_Q_STATUS)));
		fuzz_assert(!npu_core_read(d->npu, NPU_REG_Q(q, NPU_Q_HEAD)));
	}
	fuzz_assert(!npu_core_read(d->npu, NPU_REG_IRQ_STATUS));
	fuzz_assert(npu_core_read(d->npu, NPU_REG_TLB_SEQ) ==
		    npu_core_read(d->npu, NPU_REG_TLB_DONE));
}

static void check_works(struct device *d)
{
	struct npu_job job = fuzz_world_job(WORLD_PROGRAMS + NULL_PROGRAM, sizes[NULL_PROGRAM]);
	const struct npu_completion *done = (void *)(d->bus->memory + WORLD_AT(WORLD_DONE));

	begin(d);
	/* No waiting for the model's time. */
	__atomic_store_n(&d->bus->tick, 1000000, __ATOMIC_RELAXED);
	job.id = 77;
	job.completion = WORLD_BUS(WORLD_DONE);
	job.cores = d->npu->profile.cores;
	fuzz_bus_poke(d->bus, WORLD_AT(WORLD_RINGS), &job, sizeof(job));
	npu_core_write(d->npu, NPU_REG_Q(0, NPU_Q_TAIL), 1);
	fuzz_bus_wait(d->bus, 1, 1);
	__atomic_store_n(&d->bus->tick, 1000, __ATOMIC_RELAXED);
	if (done->id != 77 || done->status != NPU_JOB_DONE)
		fprintf(stderr, "id %llu status %u, fault %u at 0x%llx, operand %u\n",
			(unsigned long long)done->id, done->status, done->fault.code,
			(unsigned long long)done->fault.address, done->fault.operand);
	fuzz_assert(done->id == 77 && done->status == NPU_JOB_DONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };
	struct device *d = device(fuzz_u8(&in) % MACHINES);

	npu_core_reset(d->npu);
	begin(d);
	for (unsigned int i = 0; in.left && i < 100; i++)
		once(d, &in);
	check_reset(d);
	check_works(d);
	return 0;
}
