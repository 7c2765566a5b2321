// SPDX-License-Identifier: MIT
/* Driver, instruction set, register interface and library must fit each other. */
#include <stdio.h>

#include <hw/npu_isa.h>
#include <hw/npu_regs.h>

#include "validate.h"

/* Of the driver's interface, uapi/drm/npu_accel.h, that this was built with. */
#define DRIVER_MAJOR 1u
#define DRIVER_MINOR 3u

static enum validate_result check_driver(const char *version, char *detail)
{
	unsigned int major = 0, minor = 0;

	if (sscanf(version, "%u.%u", &major, &minor) == 2 && major == DRIVER_MAJOR &&
	    minor >= DRIVER_MINOR)
		return VALIDATE_OK;
	snprintf(detail, VALIDATE_DETAIL_LEN,
		 "the driver has version %s, library %s is for %u.%u and its successors: install driver and library of one release",
		 version, NPU_LIBRARY_VERSION, DRIVER_MAJOR, DRIVER_MINOR);
	return VALIDATE_FAILED;
}

/* A device must have all that ours has, so its minor version is no older. */
static enum validate_result check_interface(const char *what, uint32_t device, uint32_t ours,
					    char *detail)
{
	if (NPU_VERSION_MAJOR(device) == NPU_VERSION_MAJOR(ours) &&
	    NPU_VERSION_MINOR(device) >= NPU_VERSION_MINOR(ours))
		return VALIDATE_OK;
	snprintf(detail, VALIDATE_DETAIL_LEN,
		 "the device has %s %u.%u, library %s is for %u.%u: install the library that matches the device",
		 what, NPU_VERSION_MAJOR(device), NPU_VERSION_MINOR(device), NPU_LIBRARY_VERSION,
		 NPU_VERSION_MAJOR(ours), NPU_VERSION_MINOR(ours));
	return VALIDATE_FAILED;
}

enum validate_result validate_versions(const struct npu_device_info *info, bool in_process,
				       char detail[VALIDATE_DETAIL_LEN])
{
	if ((!in_process && check_driver(info->driver_version, detail)) ||
	    check_interface("instruction set", info->isa_version, NPU_ISA_VERSION, detail) ||
	    check_interface("registers", info->regs_version, NPU_REGS_VERSION, detail))
		return VALIDATE_FAILED;
	snprintf(detail, VALIDATE_DETAIL_LEN,
		 "driver %s, instruction set %u.%u, registers %u.%u, library %s",
		 info->driver_version, NPU_VERSION_MAJOR(info->isa_version),
		 NPU_VERSION_MINOR(info->isa_version), NPU_VERSION_MAJOR(info->regs_version),
		 NPU_VERSION_MINOR(info->regs_version), NPU_LIBRARY_VERSION);
	return VALIDATE_OK;
}
