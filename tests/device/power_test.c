// SPDX-License-Identifier: MIT
/* Power states of the PCI function, while a job runs that never ends by itself. */
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "npu_dev.h"

#define CAP_PM 1
#define CAP_EXP 0x10
#define PM_CTRL 4
#define PM_NO_SOFT_RESET 8u
#define EXP_DEVCTL 8
#define EXP_FLR 0x8000u

/* Of q35's LPC bridge: where its power management is. */
#define ICH9_LPC (0x1f << 3)
#define ICH9_PMBASE 0x40
#define ICH9_ACPI_CTRL 0x44
#define ICH9_ACPI_ENABLE 0x80u
#define PM_BASE 0x600
#define PM1_CONTROL 4
#define PM1_SLEEP_ENABLE 0x2000

static unsigned int find_cap(struct npu_dev *dev, unsigned int id)
{
	unsigned int at = qtest_pci_read(dev->qts, DEVFN, 0x34) & 0xff;

	while (at && (qtest_pci_read(dev->qts, DEVFN, at) & 0xff) != id)
		at = qtest_pci_read(dev->qts, DEVFN, at) >> 8 & 0xff;
	return at;
}

static void start_endless(struct npu_dev *dev)
{
	struct npu_insn insns[3] = {
		{ .opcode = NPU_OP_LOOP, .addr[0].reg = 3, .val = { 0x7fffffff, 1, 0, 0 } },
		{ .opcode = NPU_OP_ENDLOOP },
		{ .opcode = NPU_OP_END },
	};
	struct npu_job job;

	dev_program(dev, 0x4000, insns, 3, 0);
	job = dev_job(dev, 0x4000, 3);
	dev_submit(dev, 0, &job);
	ok(dev_wait(dev, NPU_REG_Q(0, NPU_Q_STATUS), NPU_Q_STATUS_RUNNING,
		    NPU_Q_STATUS_RUNNING), "an endless job runs");
}

static void check_works(struct npu_dev *dev, const char *when)
{
	struct npu_insn insn = { .opcode = NPU_OP_END };
	struct npu_completion done;
	struct npu_job job;

	dev_config(dev);
	dev_init(dev);
	dev_program(dev, 0, &insn, 1, 0);
	job = dev_job(dev, 0, 1);
	ok(dev_done(dev, dev_submit(dev, 0, &job), &done) && done.status == NPU_JOB_DONE,
	   "it works %s", when);
}

static void test_sleep(struct npu_dev *dev, unsigned int pm)
{
	start_endless(dev);
	qtest_pci_write(dev->qts, DEVFN, pm + PM_CTRL, 3);
	is(qtest_pci_read(dev->qts, DEVFN, pm + PM_CTRL) & 3, 3, "it is in D3hot");
	ok(dev_read(dev, NPU_REG_ID) != NPU_ID_MAGIC, "where no register can be read");
	dev_write(dev, NPU_REG_CTRL, NPU_CTRL_ENABLE);
	qtest_pci_write(dev->qts, DEVFN, pm + PM_CTRL, 1);
	is(qtest_pci_read(dev->qts, DEVFN, pm + PM_CTRL) & 3, 3, "nor left for D1");
	qtest_pci_write(dev->qts, DEVFN, pm + PM_CTRL, 0);
	is(qtest_pci_read(dev->qts, DEVFN, pm + PM_CTRL) & (3 | PM_NO_SOFT_RESET), 0,
	   "D0 again, which is a reset");
	is(qtest_pci_read(dev->qts, DEVFN, 0x10) & ~0xfu, 0, "of the PCI function");
	is(qtest_pci_read(dev->qts, DEVFN, 4) & 6, 0, "with Bus Master off");
	dev_config(dev);
	is(dev_read(dev, NPU_REG_STATUS), NPU_STATUS_READY, "nothing runs");
	is(dev_read(dev, NPU_REG_CTRL), 0, "and what was written in its sleep is lost");
	check_works(dev, "after its sleep");
}

static void test_flr_in_sleep(struct npu_dev *dev, unsigned int pm)
{
	unsigned int exp = find_cap(dev, CAP_EXP);

	start_endless(dev);
	qtest_pci_write(dev->qts, DEVFN, pm + PM_CTRL, 3);
	qtest_pci_write(dev->qts, DEVFN, exp + EXP_DEVCTL, EXP_FLR);
	is(qtest_pci_read(dev->qts, DEVFN, pm + PM_CTRL) & 3, 0, "a function level reset wakes it");
	check_works(dev, "after that");
}

static void test_figures(struct npu_dev *dev)
{
	is(dev_read(dev, NPU_REG_IDLE_MW), 100, "idle power of the profile");
	is(dev_read(dev, NPU_REG_SLEEP_MW), 5, "power in D3hot");
	is(dev_read(dev, NPU_REG_TEMP_MAX), 95000, "highest temperature");
	ok(dev_read(dev, NPU_REG_TEMP) >= 35000 && dev_read(dev, NPU_REG_TEMP) < 95000,
	   "temperature");
}

/*
 * The guest turns its machine off, by the power management of q35: only a reset
 * leads on from there, so jobs stop as in one.
 */
static void test_shutdown(void)
{
	static const char *const args[] = { "-no-shutdown", NULL };
	struct npu_dev dev;
	const char *status;

	dev_start_with(&dev, "cores=2", &(struct qtest_options){ .args = args });
	dev_config(&dev);
	dev_init(&dev);
	start_endless(&dev);
	qtest_pci_write(dev.qts, ICH9_LPC, ICH9_PMBASE, PM_BASE | 1);
	qtest_pci_write(dev.qts, ICH9_LPC, ICH9_ACPI_CTRL, ICH9_ACPI_ENABLE);
	qtest_outw(dev.qts, PM_BASE + PM1_CONTROL, PM1_SLEEP_ENABLE);
	for (int i = 0; i < 1000; i++) {
		status = qtest_qmp(dev.qts, "{\"execute\": \"query-status\"}");
		if (!status || strstr(status, "\"shutdown\""))
			break;
		usleep(1000);
	}
	ok(status && strstr(status, "\"shutdown\""), "the machine is off");
	is(dev_read(&dev, NPU_REG_Q(0, NPU_Q_STATUS)), 0, "with it its jobs");
	is(dev_read(&dev, NPU_REG_STATUS), NPU_STATUS_READY, "as after a reset");
	is(dev_stop(&dev), 0, "QEMU ends well");
}

int main(void)
{
	struct npu_dev dev;
	unsigned int pm;

	dev_start(&dev, "cores=2");
	pm = find_cap(&dev, CAP_PM);
	ok(pm, "there is power management");
	test_sleep(&dev, pm);
	test_flr_in_sleep(&dev, pm);
	test_figures(&dev);
	is(dev_stop(&dev), 0, "QEMU ends well");
	test_shutdown();
	return done_testing();
}
