/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_COREDUMP_H__
#define __NPU_COREDUMP_H__

struct npu_completion;
struct npu_device;
struct npu_sched_job;

void npu_coredump_job(const struct npu_sched_job *job, const struct npu_completion *completion,
		      const char *reason);
void npu_coredump_device(struct npu_device *npu, const char *reason);

#endif /* __NPU_COREDUMP_H__ */
