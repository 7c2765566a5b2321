/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_RESET_H__
#define __NPU_RESET_H__

#include <linux/types.h>

struct npu_device;
struct npu_queue;
struct npu_sched_job;

/** NPU_TIMEOUT_DEFAULT_MS - time for a job of a context that asks for none */
#define NPU_TIMEOUT_DEFAULT_MS	30000
/** NPU_TIMEOUT_MAX_MS - longest time that a context may ask for */
#define NPU_TIMEOUT_MAX_MS	(60 * 60 * 1000)

void npu_reset_give_up(struct npu_device *npu);
bool npu_reset_any_running(struct npu_device *npu);
void npu_reset_drain(struct npu_device *npu, u64 *running);
int npu_reset_revive(struct npu_device *npu, const char *what);
void npu_reset_report(struct npu_device *npu);
int npu_reset_init(struct npu_device *npu);
void npu_reset_fini(struct npu_device *npu);
void npu_reset_init_queue(struct npu_queue *queue);
void npu_reset_watch(struct npu_queue *queue, struct npu_sched_job *job);
void npu_reset_check_queue(struct npu_queue *queue);
void npu_reset_force_queue(struct npu_queue *queue);
void npu_reset_request(struct npu_device *npu);
void npu_reset_request_and_wait(struct npu_device *npu);

#endif /* __NPU_RESET_H__ */
