// SPDX-License-Identifier: GPL-2.0-only
#include <linux/io_uring/cmd.h>

void probe(struct io_uring_cmd *cmd);
void probe(struct io_uring_cmd *cmd)
{
	io_uring_cmd_done(cmd, 0, 0);
}
