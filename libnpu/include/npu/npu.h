/* SPDX-License-Identifier: MIT */
/*
 * libnpu's runtime: everything that a program needs to run jobs on an NPU.
 *
 * A device holds buffers and address spaces (VMs); a buffer is mapped into an
 * address space; a queue runs jobs on an address space and gives a fence for
 * them. A job image packs programs and the memory that they need, and runs
 * without any of this being spelled out.
 *
 * All functions may be called from any thread, but those of npu/async.h.
 * Objects count references: they may be destroyed in any order, what is still
 * used by others lives on. A function that fails returns a negative errno and,
 * where it takes a struct npu_error, a message.
 */
#ifndef NPU_NPU_H
#define NPU_NPU_H

#include <npu/async.h>
#include <npu/buffer.h>
#include <npu/device.h>
#include <npu/disasm.h>
#include <npu/error.h>
#include <npu/fence.h>
#include <npu/instance.h>
#include <npu/job.h>
#include <npu/perfmon.h>
#include <npu/queue.h>
#include <npu/vm.h>

#define NPU_LIBRARY_VERSION "0.1.0"

#endif /* NPU_NPU_H */
