// SPDX-License-Identifier: MIT
/* `npu-smi validate` names both numbers when driver, device and library do not fit. */
#include <stdio.h>
#include <string.h>

#include "../../tools/lib/validate.h"

#include <hw/npu_isa.h>
#include <hw/npu_regs.h>

#include "tap.h"

static struct npu_device_info fitting(void)
{
	struct npu_device_info info = {
		.driver_version = "1.3.0",
		.isa_version = NPU_ISA_VERSION,
		.regs_version = NPU_REGS_VERSION,
	};

	return info;
}

static void expect(const struct npu_device_info *info, enum validate_result wanted,
		   const char *says, const char *what)
{
	char detail[VALIDATE_DETAIL_LEN] = "";
	enum validate_result got = validate_versions(info, false, detail);

	if (!ok(got == wanted && strstr(detail, says), "%s", what))
		diag("result %d: '%s' lacks '%s'", got, detail, says);
}

int main(void)
{
	struct npu_device_info info = fitting();
	char says[64];

	expect(&info, VALIDATE_OK, "driver 1.3.0, instruction set ", "what fits");
	strcpy(info.driver_version, "1.99.0");
	expect(&info, VALIDATE_OK, "driver 1.99.0", "a later driver has all that is needed");
	strcpy(info.driver_version, "1.2.7");
	expect(&info, VALIDATE_FAILED, "version 1.2.7", "an earlier driver");
	expect(&info, VALIDATE_FAILED, "is for 1.3", "and what is needed");
	strcpy(info.driver_version, "2.3.0");
	expect(&info, VALIDATE_FAILED, "version 2.3.0", "a driver of another interface");
	strcpy(info.driver_version, "?");
	expect(&info, VALIDATE_FAILED, "version ?", "a driver without a version");

	info = fitting();
	info.isa_version = NPU_VERSION(NPU_VERSION_MAJOR(NPU_ISA_VERSION), 99);
	expect(&info, VALIDATE_OK, ".99", "a later instruction set");
	info.isa_version = NPU_ISA_VERSION - 1;
	snprintf(says, sizeof(says), "is for %u.%u", NPU_VERSION_MAJOR(NPU_ISA_VERSION),
		 NPU_VERSION_MINOR(NPU_ISA_VERSION));
	expect(&info, VALIDATE_FAILED, says, "an earlier instruction set");
	info.isa_version = NPU_VERSION(7, 5);
	expect(&info, VALIDATE_FAILED, "instruction set 7.5", "another one");

	info = fitting();
	info.regs_version = NPU_VERSION(9, 1);
	expect(&info, VALIDATE_FAILED, "registers 9.1", "other registers");
	return done_testing();
}
