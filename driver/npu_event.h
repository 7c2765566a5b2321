/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_EVENT_H__
#define __NPU_EVENT_H__

struct npu_device;

/** NPU_EVENTS_SHIFT - log2 of the entries of the event ring */
#define NPU_EVENTS_SHIFT	6
#define NPU_EVENTS		64

void npu_event_start(struct npu_device *npu);
void npu_event_process(struct npu_device *npu);

#endif /* __NPU_EVENT_H__ */
