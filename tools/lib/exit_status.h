/* SPDX-License-Identifier: MIT */
/* How the programs say how it went. */
#ifndef NPU_TOOLS_EXIT_STATUS_H
#define NPU_TOOLS_EXIT_STATUS_H

enum exit_status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,	/* the job, the device or the system */
	STATUS_BAD_INPUT = 2,	/* a file or the command line */
};

#endif /* NPU_TOOLS_EXIT_STATUS_H */
