/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Virtual NPU: registers, queues, page tables and records in memory.
 *
 * The contract between a driver and the device. Documentation/hardware.rst is
 * its text; where the two differ, this file is right. Everything is little
 * endian. "Bus address" is an address that the device puts on the PCI bus
 * (the driver's dma_addr_t); "VA" is an address that a context's page table
 * translates to a bus address.
 */
#ifndef _NPU_REGS_H
#define _NPU_REGS_H

#include <linux/types.h>

#define NPU_PCI_VENDOR_ID	0x1234
#define NPU_PCI_DEVICE_ID	0x4e50
#define NPU_PCI_CLASS		0x1200	/* processing accelerator */
#define NPU_PCI_BAR_REGS	0
#define NPU_PCI_BAR_MSIX	4
#define NPU_BAR_REGS_SIZE	0x10000

#define NPU_VERSION(major, minor)	(((major) << 16) | (minor))
#define NPU_VERSION_MAJOR(v)		((v) >> 16)
#define NPU_VERSION_MINOR(v)		((v) & 0xffff)
/* A driver refuses another major; a newer minor only adds, but below 1.0: there it may change all. */
#define NPU_REGS_VERSION	NPU_VERSION(0, 5)

#define NPU_MAX_CORES		32
#define NPU_MIN_QUEUES		4
#define NPU_MAX_QUEUES		16
#define NPU_MAX_CONTEXTS	4096
#define NPU_MAX_VECTORS		(1 + NPU_MAX_QUEUES)

/*
 * Identification and capabilities, read only, constant for the device's life.
 * Registers are 32 bits wide and aligned; a 64-bit quantity is a LO/HI pair,
 * read as HI, LO, HI until both HI agree where it can change.
 * Other widths and unaligned accesses read as all ones and write nothing.
 * Offsets that are not named here read as zero and ignore writes.
 */
#define NPU_REG_ID		0x0000	/* NPU_ID_MAGIC */
#define NPU_ID_MAGIC		0x3155504e	/* "NPU1" */
#define NPU_REG_VERSION		0x0004	/* NPU_REGS_VERSION of the device */
#define NPU_REG_ISA_VERSION	0x0008	/* NPU_ISA_VERSION of the device */
#define NPU_REG_MODEL_VERSION	0x000c	/* NPU_VERSION(), of the implementation */
#define NPU_REG_CORES		0x0010
#define NPU_REG_QUEUES		0x0014
#define NPU_REG_CONTEXTS	0x0018	/* most entries of the context table */
#define NPU_REG_SRAM_SIZE	0x001c	/* bytes of SRAM of one core */
#define NPU_REG_VA_BITS		0x0020	/* NPU_VA_BITS */
#define NPU_REG_CLOCK_KHZ	0x0024
#define NPU_REG_FEATURES_LO	0x0028	/* NPU_FEAT_*, npu_isa.h */
#define NPU_REG_FEATURES_HI	0x002c
#define NPU_REG_MEM_MBPS	0x0030	/* memory bandwidth, 10^6 bytes/s */
#define NPU_REG_MACS_I8		0x0034	/* MACs of a core in a cycle, by type */
#define NPU_REG_MACS_I4		0x0038
#define NPU_REG_MACS_F16	0x003c
#define NPU_REG_VEC_LANES	0x0040	/* fp32 lanes of a core's vector engine */
#define NPU_REG_PROGRAM_MAX	0x0044	/* largest program, bytes; at most 4 MiB */
#define NPU_REG_BUDGET_MAX_LO	0x0048	/* largest budget of a core in a job */
#define NPU_REG_BUDGET_MAX_HI	0x004c
#define NPU_REG_PROFILE		0x0050	/* 16 bytes: name of the profile, NUL padded */
#define NPU_PROFILE_NAME_LEN	16
#define NPU_REG_VECTORS		0x0060	/* MSI-X vectors that the device has */
#define NPU_REG_WORK_MAX	0x0064	/* log2 of the most work of one instruction, isa.rst */

/* Control */
#define NPU_REG_CTRL		0x0080
#define  NPU_CTRL_ENABLE	(1u << 0)	/* queues take jobs only when set; running ones finish */
#define  NPU_CTRL_RESET		(1u << 1)	/* full reset, ENABLE ignored; reads as zero */
#define NPU_REG_STATUS		0x0084
#define  NPU_STATUS_READY	(1u << 0)	/* clear while a full reset goes on */
#define  NPU_STATUS_FATAL	(1u << 1)	/* a completion or event could not be written: reset */
#define  NPU_STATUS_BUSY	(1u << 2)	/* a job, an invalidation or a reset is under way */
/*
 * Cycles of its own time for which a core keeps a job while others of equal
 * priority wait; the job then leaves at its next YIELD. Zero: it does not. May
 * change at any time, for turns that begin later. Since 0.4.
 */
#define NPU_REG_TIMESLICE	0x009c
/*
 * Causes of interrupt: a STATUS bit is set when its cause occurs, and written
 * as one to clear. A message is sent when STATUS & ENABLE of a bit goes from 0
 * to 1, and at no other time: clear first, then look at HEAD, PROD, TLB_DONE.
 * With a vector out of range (NPU_NO_VECTOR, say) no message is sent.
 */
#define NPU_NO_VECTOR		0xffffffffu
#define NPU_REG_IRQ_STATUS	0x0088
#define NPU_REG_IRQ_ENABLE	0x008c	/* read only */
#define NPU_REG_IRQ_ENABLE_SET	0x0094	/* bits written as one are set */
#define NPU_REG_IRQ_ENABLE_CLR	0x0098	/* bits written as one are cleared */
#define  NPU_IRQ_EVENT		(1u << 0)	/* a record went into the event ring */
#define  NPU_IRQ_FATAL		(1u << 1)	/* STATUS.FATAL was set; EVENT's vector */
#define  NPU_IRQ_TLB		(1u << 2)	/* TLB_DONE advanced; EVENT's vector */
#define  NPU_IRQ_QUEUE(q)	(1u << (16 + (q)))	/* HEAD moved past a job with NPU_JOB_IRQ or that did not end as DONE; or ERROR */
#define NPU_REG_EVENT_VECTOR	0x0090	/* MSI-X vector of the first three causes */

/*
 * Event ring: struct npu_event in memory, written by the device. Indices run
 * freely; the entry is index % size. Only full entries between CONS and PROD
 * belong to the driver. An event that finds the ring full is counted in
 * DROPPED and lost. BASE and SIZE are taken when EVENT_SIZE is written, which
 * also sets PROD and CONS to zero; ignored while CTRL.ENABLE or BUSY is set.
 */
#define NPU_REG_EVENT_BASE_LO	0x00a0	/* bus address, 64-byte aligned */
#define NPU_REG_EVENT_BASE_HI	0x00a4
#define NPU_REG_EVENT_SIZE	0x00a8	/* log2 of entries, 1..12; 0: no ring */
#define NPU_REG_EVENT_PROD	0x00ac	/* read only */
#define NPU_REG_EVENT_CONS	0x00b0
#define NPU_REG_EVENT_DROPPED	0x00b4	/* read only; reset clears it */

/*
 * Context table: struct npu_context in memory, read by the device at the
 * start of each job. BASE is taken when COUNT is written; ignored while
 * CTRL.ENABLE or BUSY is set.
 */
#define NPU_REG_CTX_BASE_LO	0x00c0	/* bus address, 64-byte aligned */
#define NPU_REG_CTX_BASE_HI	0x00c4
#define NPU_REG_CTX_COUNT	0x00c8

/*
 * TLB invalidation. Translations of a context may be cached from the time its
 * entry is used until an invalidation that covers them completes. A write to
 * TLB_CMD starts one over the operands written before and adds one to TLB_SEQ;
 * TLB_DONE follows in the same order, when no access through an old
 * translation can happen any more. Page tables and pages may be freed then.
 * It waits for accesses under way, never for a job or an instruction, which
 * go on with new translations. Entries that are not valid are never cached;
 * entries are read as one 64-bit access, and a page may be replaced by a table
 * of the same translations, or back, while in use. RANGE covers entries of all
 * levels. Any number may be outstanding; a full reset completes them.
 * CMD_ALL and CMD_CTX also forget context entries, which are then read anew.
 */
#define NPU_REG_TLB_CTX		0x00d0
#define NPU_REG_TLB_VA_LO	0x00d4
#define NPU_REG_TLB_VA_HI	0x00d8
#define NPU_REG_TLB_SIZE_LO	0x00dc	/* bytes */
#define NPU_REG_TLB_SIZE_HI	0x00e0
#define NPU_REG_TLB_CMD		0x00e4
#define  NPU_TLB_CMD_ALL	1	/* every context */
#define  NPU_TLB_CMD_CTX	2	/* one context */
#define  NPU_TLB_CMD_RANGE	3	/* VA..VA + SIZE of one context */
#define NPU_REG_TLB_SEQ		0x00e8	/* read only */
#define NPU_REG_TLB_DONE	0x00ec	/* read only */

/* Free running clock in device cycles of virtual machine time. */
#define NPU_REG_CLOCK_LO	0x00f0
#define NPU_REG_CLOCK_HI	0x00f4

/*
 * Faults on demand, for tests of recovery. Only where the machine's owner allows
 * it: else it reads as zero and ignores writes. A kind that is written as one
 * happens once, at its next occasion; it reads as one until then. Resets leave
 * it alone.
 */
#define NPU_REG_INJECT		0x00f8
#define  NPU_INJECT_ALLOWED	(1u << 31)	/* read only */
enum npu_inject_kind {
	NPU_INJECT_LOST_IRQ = 0,	/* the message of a job's end is not sent; IRQ_STATUS is set */
	NPU_INJECT_STUCK_JOB = 1,	/* a job begins, does nothing and ignores Q_ABORT; a queue reset ends it */
	NPU_INJECT_STUCK_QUEUE = 2,	/* a queue reset does not come to its end; a full reset does */
	NPU_INJECT_STUCK_RESET = 3,	/* a full reset does not come to its end; FLR does */
	NPU_INJECT_COMPLETION = 4,	/* a completion cannot be written: STATUS.FATAL */
	NPU_INJECT_DMA = 5,	/* a job cannot read its program: NPU_FAULT_INJECTED */
	NPU_INJECT_KINDS
};

/*
 * Power and temperature, since 0.3, read only; timing.rst says how they are
 * modelled. No reset clears them. ENERGY counts on in D3hot, where no register
 * can be read.
 */
#define NPU_REG_ENERGY_LO	0x0100	/* microjoules since power-on */
#define NPU_REG_ENERGY_HI	0x0104
#define NPU_REG_TEMP		0x0108	/* signed, thousandths of a degree Celsius */
#define NPU_REG_TEMP_MAX	0x010c	/* the same: highest that it is built for; constant */
#define NPU_REG_IDLE_MW		0x0110	/* power without jobs, milliwatts; constant */
#define NPU_REG_SLEEP_MW	0x0114	/* and in D3hot; constant */

/* Totals over all completed jobs since full reset: 64-bit, NPU_CNT_* order. */
#define NPU_REG_COUNTER(n)	(0x0200 + 8 * (n))
#define NPU_REG_ENERGY_PART(n)	(0x0300 + 8 * (n))	/* parts of ENERGY_PJ, NPU_ENERGY_* order; moved in 0.5 */

/*
 * Queues. A ring of struct npu_job in memory; the device takes jobs from HEAD
 * up to TAIL, in order, one at a time. HEAD moves on when the job's completion
 * has been written. Indices run freely modulo 2^32. A TAIL that moves back, or
 * more than the size beyond HEAD, is ignored and sets Q_STATUS.ERROR. TAIL is
 * ignored unless the queue is enabled and without error.
 */
#define NPU_QUEUE_BASE		0x1000
#define NPU_QUEUE_STRIDE	0x80
#define NPU_REG_Q(q, reg)	(NPU_QUEUE_BASE + (q) * NPU_QUEUE_STRIDE + (reg))
#define NPU_Q_CTRL		0x00
#define  NPU_Q_CTRL_ENABLE	(1u << 0)	/* 0 to 1: takes BASE and SIZE, HEAD = TAIL = 0; 1 to 0: takes no more jobs */
#define  NPU_Q_CTRL_RESET	(1u << 1)	/* stop the job, forget the ring, disable; reads as zero */
#define NPU_Q_STATUS		0x04
#define  NPU_Q_STATUS_ENABLED	(1u << 0)
#define  NPU_Q_STATUS_RUNNING	(1u << 1)	/* a job holds cores */
#define  NPU_Q_STATUS_RESETTING	(1u << 2)	/* reset asked, its job not yet stopped; CTRL is ignored */
#define  NPU_Q_STATUS_ERROR	(1u << 3)	/* bad TAIL, BASE or SIZE, or ring unreadable; a queue reset clears it */
#define  NPU_Q_STATUS_SUSPENDED	(1u << 4)	/* its job left its cores to another at a YIELD; since 0.4 */
#define NPU_Q_BASE_LO		0x08	/* bus address, 64-byte aligned */
#define NPU_Q_BASE_HI		0x0c
#define NPU_Q_SIZE		0x10	/* log2 of entries, 1..10 */
#define NPU_Q_VECTOR		0x14	/* MSI-X vector of its completions */
#define NPU_Q_HEAD		0x18	/* read only */
#define NPU_Q_TAIL		0x1c	/* doorbell */
#define NPU_Q_ABORT		0x20	/* index of a job from HEAD to TAIL - 1: it ends as ABORTED, in ring order */
#define NPU_Q_JOB_LO		0x24	/* id of the job that runs or is suspended; zero if none; read only */
#define NPU_Q_JOB_HI		0x28
#define NPU_Q_PC		0x2c	/* instruction that its first core is at; read only */
#define NPU_Q_PROGRESS		0x30	/* low 32 bits of instructions done by that job; read only */
#define NPU_Q_PRIORITY		0x34	/* 0 lowest .. 3 highest; may change at any time */
#define  NPU_Q_PRIORITY_MAX	3

/* Page tables: three levels of 512 entries, 39-bit VA. */
#define NPU_VA_BITS		39
#define NPU_PAGE_SHIFT		12
#define NPU_PAGE_SIZE		(1ull << NPU_PAGE_SHIFT)
#define NPU_HUGE_SHIFT		21
#define NPU_HUGE_SIZE		(1ull << NPU_HUGE_SHIFT)
#define NPU_PT_LEVELS		3
#define NPU_PT_BITS		9	/* log2 of entries of a table */
/*
 * Entry: a table (levels 2 and 1) has only VALID; a page has VALID, LEAF and
 * READ, WRITE or both. LEAF is a 2 MiB page at level 1 and must be set at
 * level 0. Bits outside these and ADDR are zero, else the walk faults. An entry
 * without VALID may hold anything.
 */
#define NPU_PTE_VALID		(1ull << 0)
#define NPU_PTE_READ		(1ull << 1)
#define NPU_PTE_WRITE		(1ull << 2)
#define NPU_PTE_LEAF		(1ull << 3)
#define NPU_PTE_ADDR		0x000ffffffffff000ull

/* Entry of the context table. */
struct npu_context {
	__u32 flags;
#define NPU_CONTEXT_VALID	(1u << 0)
	__u32 reserved0;
	__u64 page_table;	/* bus address of the level 2 table, page aligned */
	__u64 reserved1[2];
};

#define NPU_JOB_MAX_ARGS	48

/* Entry of a queue's ring: 512 bytes. Reserved fields are zero. */
struct npu_job {
	__u64 id;		/* not zero; given back in records */
	__u32 flags;
#define NPU_JOB_IRQ		(1u << 0)	/* NPU_IRQ_QUEUE when complete; always if it fails */
#define NPU_JOB_TRACE		(1u << 1)	/* write a trace; since 0.3 */
	__u32 context;		/* index into the context table */
	__u64 program;		/* VA of struct npu_program, 128-byte aligned */
	__u32 program_size;	/* bytes, with the header */
	__u32 cores;		/* cores it runs on; 0: all of the device */
	__u64 budget;		/* of each core, isa.rst; 0: BUDGET_MAX */
	__u64 completion;	/* bus address of a struct npu_completion, 64-byte aligned */
	__u64 result;		/* VA of a copy for user space, 512-byte aligned; 0: none */
	__u64 result_id;	/* id in that copy, not zero if there is one */
	__u32 num_args;		/* at most NPU_JOB_MAX_ARGS */
	__u32 reserved0;
	__u64 trace;		/* VA of the trace, 64-byte aligned; zero without NPU_JOB_TRACE */
	__u64 trace_size;	/* bytes there, at least 64 a core */
	__u64 reserved1[5];
	__u64 args[NPU_JOB_MAX_ARGS];	/* start values of scalar registers, npu_isa.h */
};

/* Counters: of one job in its completion, of all jobs in registers. */
enum npu_counter {
	NPU_CNT_CYCLES,		/* from the first instruction to the last completion, slowest core */
	NPU_CNT_INSNS,		/* instructions done, all cores (so are the others) */
	NPU_CNT_CP_BUSY,	/* cycles in which the engine worked */
	NPU_CNT_LD_BUSY,
	NPU_CNT_ST_BUSY,
	NPU_CNT_MAT_BUSY,
	NPU_CNT_VEC_BUSY,
	NPU_CNT_LD_STALL,	/* cycles in which it held an instruction that waited for a token */
	NPU_CNT_ST_STALL,
	NPU_CNT_MAT_STALL,
	NPU_CNT_VEC_STALL,
	NPU_CNT_MEM_READ,	/* bytes read from memory, weight stream included */
	NPU_CNT_MEM_WRITE,	/* bytes written to memory */
	NPU_CNT_STREAM_READ,	/* bytes of MEM_READ that were streamed to the matrix engine */
	NPU_CNT_SRAM_READ,	/* bytes */
	NPU_CNT_SRAM_WRITE,
	NPU_CNT_MACS_I8,	/* multiply-accumulates by type of the weight */
	NPU_CNT_MACS_I4,
	NPU_CNT_MACS_F16,
	NPU_CNT_VEC_OPS,	/* elements times passes of the vector engine */
	NPU_CNT_ENERGY_PJ,
	NPU_CNT_JOBS,		/* 1 in a completion */
	NPU_CNT_MEM_STALL,	/* cycles of BUSY in which an instruction waited for the memory port; since 0.5 */
	NPU_CNT_SRAM_STALL,	/* cycles of BUSY by which SRAM's banks made instructions longer; since 0.5 */
	NPU_CNT_QUEUE_CYCLES,	/* cycles besides CYCLES, from the doorbell to the interrupt; since 0.5 */
	NPU_CNT_COUNT
};

#define NPU_CNT_SLOTS		31

/* ENERGY_PJ by where it went; the sum of all is ENERGY_PJ. */
enum npu_energy_part {
	NPU_ENERGY_CP,		/* SRAM bytes of SLOAD and SSTORE */
	NPU_ENERGY_LD,		/* SRAM and memory bytes */
	NPU_ENERGY_ST,
	NPU_ENERGY_MAT,		/* MACs, SRAM bytes, bytes streamed */
	NPU_ENERGY_VEC,		/* VEC_OPS, SRAM bytes */
	NPU_ENERGY_STATIC,	/* what its cores take whatever they do */
	NPU_ENERGY_PARTS
};

/* Why a job ended. */
enum npu_job_status {
	NPU_JOB_PENDING = 0,	/* never written by the device */
	NPU_JOB_DONE = 1,
	NPU_JOB_FAULT = 2,	/* the fault field says why */
	NPU_JOB_ABORTED = 3,	/* by Q_ABORT */
};

enum npu_fault_code {
	NPU_FAULT_NONE = 0,
	NPU_FAULT_JOB = 1,	/* descriptor malformed; operand: byte offset in struct npu_job */
	NPU_FAULT_CONTEXT = 2,	/* context index or entry not valid */
	NPU_FAULT_PROGRAM = 3,	/* program header malformed; operand: byte offset in it */
	NPU_FAULT_REQUIRE = 4,	/* needs[0] of what operand (byte offset in the header) names; device has needs[1] */
	NPU_FAULT_ILLEGAL = 5,	/* opcode, reserved bit or combination; operand: byte offset in the instruction */
	NPU_FAULT_UNBUILT = 6,	/* specified, not built in this device */
	NPU_FAULT_OPERAND = 7,	/* a value outside its range at run time; address: the value */
	NPU_FAULT_ALIGN = 8,	/* address: the misaligned address */
	NPU_FAULT_SRAM = 9,	/* SRAM bounds; address: first byte, needs[0]: length, needs[1]: SRAM bytes */
	NPU_FAULT_PAGE = 10,	/* no translation; access and address say of what */
	NPU_FAULT_PROTECTION = 11,	/* page lacks the permission */
	NPU_FAULT_PAGE_TABLE = 12,	/* malformed entry, or a table that could not be read */
	NPU_FAULT_BUS = 13,	/* bus address that is not memory, or IOMMU refused */
	NPU_FAULT_TOKEN = 14,	/* wait that no earlier instruction signals, or overflow; operand: token */
	NPU_FAULT_INDEX = 15,	/* gather, scatter: address: index, needs[0]: its position, needs[1]: limit */
	NPU_FAULT_BUDGET = 16,	/* instruction budget used up */
	NPU_FAULT_TRAP = 17,	/* TRAP; address: its code, needs[0]: the value tested */
	NPU_FAULT_BARRIER = 18,	/* a core ended while another waits at a barrier */
	NPU_FAULT_DIVIDE = 19,	/* division by zero */
	NPU_FAULT_INJECTED = 20,
};

enum npu_access {
	NPU_ACCESS_NONE = 0,
	NPU_ACCESS_READ = 1,
	NPU_ACCESS_WRITE = 2,
	NPU_ACCESS_FETCH = 3,	/* the program */
};

/* Precise cause of a fault. */
struct npu_fault {
	__u32 code;		/* enum npu_fault_code */
	__u32 access;		/* enum npu_access */
	__u32 core;		/* index within the job */
	__u32 pc;		/* index of the instruction, from the one after the header */
	__u32 operand;		/* byte offset of the operand's field in the instruction, or as the code says */
	__u32 opcode;		/* of the instruction */
	__u64 address;
	__u64 needs[2];
};

/*
 * Completion of a job: 384 bytes. The device writes id last, as one aligned
 * store with release order, so a reader that sees id sees the rest. The
 * reader zeroes id before the job is submitted.
 */
struct npu_completion {
	__u32 status;		/* enum npu_job_status */
	__u32 cores;		/* that it ran on */
	struct npu_fault fault;
	__u64 clock_start;	/* NPU_REG_CLOCK when it first got its cores */
	__u64 clock_end;	/* and when it gave them back for good */
	__u64 energy_pj[NPU_ENERGY_PARTS];	/* since 0.3 */
	__u64 counters[NPU_CNT_SLOTS];
	__u64 clock_suspended;	/* cycles of NPU_REG_CLOCK between those in which it was suspended; since 0.4 */
	__u64 id;
};

/*
 * Trace of a job with NPU_JOB_TRACE. The memory is divided into as many parts
 * as the job has cores, each of trace_size / cores bytes, rounded down to a
 * multiple of 64. Part i starts with the header of core i, written before the
 * completion; records of the instructions that it did follow, in program
 * order, as many as fit. Cycles count from the job's first instruction.
 * The header is written last; a job that never began writes none.
 */
struct npu_trace_header {
	__u32 record_size;	/* sizeof(struct npu_trace_record) */
	__u32 core;		/* index within the job */
	__u32 unit;		/* core of the device that it was, at the end */
	__u32 records;		/* that follow */
	__u64 insns;		/* instructions done; those beyond records did not fit */
	__u64 cycles;		/* at which this core had done all */
	__u64 reserved[4];
};

/* One instruction: 96 bytes. */
struct npu_trace_record {
	__u64 issue;		/* cycle at which the command processor had handed it over, or took it up itself */
	__u64 start;		/* at which its engine began */
	__u64 end;		/* and had done it */
	__u32 pc;
	__u32 tag;		/* of the instruction */
	__u64 stall;		/* cycles before start in which its engine waited for tokens only */
	__u32 after;		/* number of the record of the instruction that gave the token it waited for longest */
#define NPU_TRACE_NONE		0xffffffffu	/* it did not wait */
	__u8 opcode;
	__u8 engine;
	__u8 token;		/* that token, if there is one */
	__u8 reserved;
	__u32 sram;		/* first byte of SRAM that it writes; ST: reads */
	__u32 sram_size;	/* bytes from the first to behind the last; zero: none */
	__u64 mem;		/* bytes of memory read or written */
	__u64 work;		/* multiply-accumulates, or VEC_OPS */
	__u64 energy_fj;	/* femtojoules, without the static part */
	__u64 mem_stall;	/* cycles of it in which it waited for the memory port */
	__u64 sram_stall;	/* cycles by which SRAM made it longer */
};

/* Entry of the event ring: 128 bytes. */
struct npu_event {
	__u32 type;
#define NPU_EVENT_FAULT		1	/* a job faulted */
#define NPU_EVENT_ABORT		2	/* a job was aborted */
#define NPU_EVENT_QUEUE		3	/* a queue went to Q_STATUS.ERROR */
	__u32 queue;
	__u64 job;		/* id */
	__u32 context;
	__u32 reserved0;
	__u64 clock;		/* as NPU_REG_CLOCK */
	struct npu_fault fault;
	__u64 reserved1[6];
};

#endif /* _NPU_REGS_H */
