/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_URING_H__
#define __NPU_URING_H__

struct io_uring_cmd;

int npu_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags);

#endif /* __NPU_URING_H__ */
