// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: core dumps
 *
 * When a job faults or hangs, or the device must be reset, what a developer
 * wants to know goes to devcoredump, as text: registers, queues, the job, the
 * walk of the address that faulted, and the instruction with its neighbours as
 * words of 32 bits. Their fields are not this driver's business: isa.rst.
 *
 * That happens in the path of fences, where memory can only be taken if there
 * is some, and locks that are held over allocations cannot be taken at all. So
 * registers are copied at once, and the rest is done by a work item. By then
 * page tables may have changed, if the process went on.
 *
 * Any process can make jobs fault, so there is one dump at a time and at most
 * one a second.
 */
#include <linux/devcoredump.h>
#include <linux/highmem.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "npu_client.h"
#include "npu_context.h"
#include "npu_coredump.h"
#include "npu_device.h"
#include "npu_drv.h"
#include "npu_gem.h"
#include "npu_job.h"
#include "npu_vm.h"

#define NPU_DUMP_SIZE		SZ_64K
#define NPU_DUMP_INTERVAL	HZ
#define NPU_DUMP_INSN_SIZE	128
#define NPU_DUMP_INSNS		2	/* before and behind the one that faulted */

/**
 * struct npu_dump_reg - a register by name
 */
struct npu_dump_reg {
	/** @name: its name */
	const char *name;

	/** @offset: in the register BAR, or in a queue's block */
	u32 offset;
};

static const struct npu_dump_reg npu_dump_regs[] = {
	{ "CTRL", NPU_REG_CTRL },
	{ "STATUS", NPU_REG_STATUS },
	{ "IRQ_STATUS", NPU_REG_IRQ_STATUS },
	{ "IRQ_ENABLE", NPU_REG_IRQ_ENABLE },
	{ "EVENT_PROD", NPU_REG_EVENT_PROD },
	{ "EVENT_CONS", NPU_REG_EVENT_CONS },
	{ "EVENT_DROPPED", NPU_REG_EVENT_DROPPED },
	{ "CTX_COUNT", NPU_REG_CTX_COUNT },
	{ "TLB_SEQ", NPU_REG_TLB_SEQ },
	{ "TLB_DONE", NPU_REG_TLB_DONE },
	{ "CLOCK_LO", NPU_REG_CLOCK_LO },
	{ "CLOCK_HI", NPU_REG_CLOCK_HI },
};

static const struct npu_dump_reg npu_dump_queue_regs[] = {
	{ "STATUS", NPU_Q_STATUS },
	{ "HEAD", NPU_Q_HEAD },
	{ "TAIL", NPU_Q_TAIL },
	{ "JOB_LO", NPU_Q_JOB_LO },
	{ "JOB_HI", NPU_Q_JOB_HI },
	{ "PC", NPU_Q_PC },
	{ "PROGRESS", NPU_Q_PROGRESS },
};

/**
 * struct npu_dump - a dump in the making
 */
struct npu_dump {
	/** @work: writes it */
	struct work_struct work;

	/** @npu: device, referenced */
	struct npu_device *npu;

	/** @ctx: context of the job, referenced; or NULL */
	struct npu_ctx *ctx;

	/** @reason: why */
	const char *reason;

	/** @time: when */
	ktime_t time;

	/** @seqno: number of the job */
	u64 seqno;

	/** @desc: the job, if @ctx */
	struct npu_job desc;

	/** @done: how it ended, or all zero */
	struct npu_completion done;

	/** @regs: registers */
	u32 regs[ARRAY_SIZE(npu_dump_regs)];

	/** @queues: registers of queues */
	u32 queues[NPU_MAX_QUEUES][ARRAY_SIZE(npu_dump_queue_regs)];
};

static void npu_dump_copy_regs(struct npu_dump *dump)
{
	const struct npu_device *npu = dump->npu;
	u32 i, q;

	for (i = 0; i < ARRAY_SIZE(npu_dump_regs); i++)
		dump->regs[i] = npu_read(npu, npu_dump_regs[i].offset);
	for (q = 0; q < npu->info.queues; q++)
		for (i = 0; i < ARRAY_SIZE(npu_dump_queue_regs); i++)
			dump->queues[q][i] =
				npu_read(npu, NPU_REG_Q(q, npu_dump_queue_regs[i].offset));
}

static void npu_dump_show_regs(const struct npu_dump *dump, struct drm_printer *p)
{
	u32 i, q;

	drm_puts(p, "registers:\n");
	for (i = 0; i < ARRAY_SIZE(npu_dump_regs); i++)
		drm_printf(p, "  %s: %#x\n", npu_dump_regs[i].name, dump->regs[i]);
	for (q = 0; q < dump->npu->info.queues; q++) {
		drm_printf(p, "queue %u:", q);
		for (i = 0; i < ARRAY_SIZE(npu_dump_queue_regs); i++)
			drm_printf(p, " %s %#x", npu_dump_queue_regs[i].name, dump->queues[q][i]);
		drm_puts(p, "\n");
	}
}

static void npu_dump_show_job(const struct npu_dump *dump, struct drm_printer *p)
{
	const struct npu_job *job = &dump->desc;
	u32 i;

	drm_printf(p, "process: %s pid %d client %llu\n", dump->ctx->client->comm,
		   dump->ctx->client->pid, dump->ctx->client->id);
	drm_printf(p, "job: context %u seqno %llu id %#llx asid %u queue %llu cores %u\n",
		   dump->ctx->id, dump->seqno, job->id, job->context, job->id & 0xff, job->cores);
	drm_printf(p, "program: %#llx size %u budget %llu result %#llx\n", job->program,
		   job->program_size, job->budget, job->result);
	for (i = 0; i < job->num_args; i++)
		drm_printf(p, "arg %u: %#llx\n", i, job->args[i]);
}

static void npu_dump_show_fault(const struct npu_dump *dump, struct drm_printer *p)
{
	const struct npu_fault *fault = &dump->done.fault;

	drm_printf(p, "end: status %u cores %u start %llu end %llu\n", dump->done.status,
		   dump->done.cores, dump->done.clock_start, dump->done.clock_end);
	drm_printf(p, "fault: code %u access %u core %u pc %u operand %u opcode %#x",
		   fault->code, fault->access, fault->core, fault->pc, fault->operand,
		   fault->opcode);
	drm_printf(p, " address %#llx needs %llu %llu\n", fault->address, fault->needs[0],
		   fault->needs[1]);
}

/* Reads memory as the device sees it. Return: whether all of it could be read. */
static bool npu_dump_read(struct npu_vm *vm, u64 va, void *to, u32 size)
{
	struct drm_gpuva *map = drm_gpuva_find_first(&vm->base, va, size);
	struct page **pages;
	u64 offset;

	/* What is looked at is aligned to its size, so it lies in one page. */
	if (!map || va < map->va.addr || va + size > map->va.addr + map->va.range)
		return false;
	/* Without bus addresses its pages may be on their way out. */
	pages = to_npu_bo(map->gem.obj)->base.pages;
	if (!pages || !READ_ONCE(to_npu_bo(map->gem.obj)->pages))
		return false;
	offset = map->gem.offset + (va - map->va.addr);
	memcpy_from_page(to, pages[offset >> PAGE_SHIFT], offset_in_page(offset), size);
	return true;
}

static void npu_dump_show_insn(const struct npu_dump *dump, struct drm_printer *p, u64 pc)
{
	u32 words[NPU_DUMP_INSN_SIZE / sizeof(u32)];
	/* The header has the size of an instruction. */
	u64 va = dump->desc.program + (pc + 1) * NPU_DUMP_INSN_SIZE;

	drm_printf(p, "%cinsn %llu:", pc == dump->done.fault.pc ? '>' : ' ', pc);
	if (npu_dump_read(dump->ctx->vm, va, words, sizeof(words)))
		for (u32 i = 0; i < ARRAY_SIZE(words); i++)
			drm_printf(p, " %08x", words[i]);
	else
		drm_puts(p, " not mapped");
	drm_puts(p, "\n");
}

static void npu_dump_show_program(const struct npu_dump *dump, struct drm_printer *p)
{
	u64 pc = dump->done.fault.pc, count = dump->desc.program_size / NPU_DUMP_INSN_SIZE - 1;
	u64 first = pc > NPU_DUMP_INSNS ? pc - NPU_DUMP_INSNS : 0;
	u64 i;

	for (i = first; i < count && i <= pc + NPU_DUMP_INSNS; i++)
		npu_dump_show_insn(dump, p, i);
}

static void npu_dump_show_memory(const struct npu_dump *dump, struct drm_printer *p)
{
	struct npu_vm *vm = dump->ctx->vm;
	u64 address = dump->done.fault.address;

	guard(mutex)(&vm->lock);
	if (dump->done.fault.code) {
		drm_printf(p, "page walk of %#llx:\n", address);
		drm_printf(p, "  %s\n",
			   npu_mmu_show_walk(&vm->mmu, address, p) ? "mapped" : "not mapped");
	}
	npu_dump_show_program(dump, p);
}

static void npu_dump_show(const struct npu_dump *dump, struct drm_printer *p)
{
	const struct drm_npu_device_info *info = &dump->npu->info;

	drm_printf(p, "npu coredump 1\nreason: %s\ntime: %lld.%09u\n", dump->reason,
		   ktime_to_ns(dump->time) / NSEC_PER_SEC,
		   (u32)(ktime_to_ns(dump->time) % NSEC_PER_SEC));
	drm_printf(p, "device: %s profile %s registers %#x isa %#x model %#x\n",
		   dev_name(dump->npu->drm.dev), info->profile, info->regs_version,
		   info->isa_version, info->model_version);
	if (dump->ctx) {
		npu_dump_show_job(dump, p);
		npu_dump_show_fault(dump, p);
		npu_dump_show_memory(dump, p);
	}
	npu_dump_show_regs(dump, p);
}

static void npu_dump_write(const struct npu_dump *dump)
{
	struct drm_print_iterator iter = { .remain = NPU_DUMP_SIZE };
	struct drm_printer p = drm_coredump_printer(&iter);

	iter.data = vzalloc(NPU_DUMP_SIZE);
	if (!iter.data)
		return;
	npu_dump_show(dump, &p);
	dev_coredumpv(dump->npu->drm.dev, iter.data, NPU_DUMP_SIZE - iter.remain, GFP_KERNEL);
}

static void npu_dump_work(struct work_struct *work)
{
	struct npu_dump *dump = container_of(work, struct npu_dump, work);
	struct npu_device *npu = dump->npu;
	int idx;

	if (drm_dev_enter(&npu->drm, &idx)) {
		npu_dump_write(dump);
		drm_dev_exit(idx);
	}
	if (dump->ctx)
		npu_ctx_put(dump->ctx);
	kfree(dump);
	clear_bit(0, &npu->dumping);
	drm_dev_put(&npu->drm);
}

static struct npu_dump *npu_dump_begin(struct npu_device *npu, const char *reason, bool often)
{
	struct npu_dump *dump;

	if (!IS_REACHABLE(CONFIG_DEV_COREDUMP) || test_and_set_bit(0, &npu->dumping))
		return NULL;
	if (often && npu->dump_time && time_before(jiffies, npu->dump_time + NPU_DUMP_INTERVAL))
		goto err_clear;
	dump = kzalloc(sizeof(*dump), GFP_NOWAIT | __GFP_NOWARN);
	if (!dump)
		goto err_clear;
	npu->dump_time = jiffies;
	drm_dev_get(&npu->drm);
	dump->npu = npu;
	dump->reason = reason;
	dump->time = ktime_get();
	INIT_WORK(&dump->work, npu_dump_work);
	npu_dump_copy_regs(dump);
	return dump;

err_clear:
	clear_bit(0, &npu->dumping);
	return NULL;
}

/**
 * npu_coredump_job() - dump what a job did
 * @job: job, which has hung or faulted
 * @completion: how it ended, or NULL if it did not
 * @reason: why; a constant
 *
 * The device may be accessed. From any context.
 */
void npu_coredump_job(const struct npu_sched_job *job, const struct npu_completion *completion,
		      const char *reason)
{
	struct npu_dump *dump = npu_dump_begin(job->ctx->vm->npu, reason, completion);

	if (!dump)
		return;
	dump->ctx = npu_ctx_get(job->ctx);
	dump->seqno = job->seqno;
	dump->desc = job->desc;
	if (completion)
		dump->done = *completion;
	else
		dump->done.fault.pc = npu_read(dump->npu, NPU_REG_Q(job->desc.id & 0xff, NPU_Q_PC));
	queue_work(npu_release_wq, &dump->work);
}

/**
 * npu_coredump_device() - dump the device's state
 * @npu: device, which may be accessed
 * @reason: why; a constant
 *
 * From any context.
 */
void npu_coredump_device(struct npu_device *npu, const char *reason)
{
	struct npu_dump *dump = npu_dump_begin(npu, reason, false);

	if (dump)
		queue_work(npu_release_wq, &dump->work);
}
