// SPDX-License-Identifier: MIT
/* Checks by jobs: copies, faults that must be caught, a product. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <hw/npu_regs.h>

#include "units.h"
#include "validate_rig.h"

#define SLICE	65521u	/* bytes that a core copies: not whole pages */
#define PAGE	4096u

#define SEE_LOG	"see the kernel's log ('dmesg')"

/* A job that should have worked has not. */
static enum validate_result job_failed(struct validate *v)
{
	return validate_say(v, VALIDATE_FAILED, "%s; " SEE_LOG, v->err.message);
}

static enum validate_result copy_all(struct validate *v, struct rig *rig, uint64_t size)
{
	uint64_t args[2] = { rig->data_va, rig->data_va + size };
	struct npu_queue_job job = { .args = args };
	char text[UNITS_LEN];

	rig_fill(rig->data, size, 1);
	if (rig_copy(v, rig, SLICE, &job) || rig_run(v, rig, &job, NULL))
		return job_failed(v);
	for (uint64_t i = 0; i < size; i++)
		if (rig->data[i] != rig->data[size + i])
			return validate_say(v, VALIDATE_FAILED,
					    "byte %" PRIu64 ", copied by core %" PRIu64
					    ", is 0x%02x instead of 0x%02x: the device does not reach memory as it should (IOMMU?); "
					    SEE_LOG,
					    i, i / SLICE, rig->data[size + i], rig->data[i]);
	return validate_say(v, VALIDATE_OK, "%u cores copied %s and each byte is right",
			    npu_device_info(v->device)->cores, units_bytes(size, text));
}

enum validate_result validate_memory(struct validate *v)
{
	uint64_t size = (uint64_t)npu_device_info(v->device)->cores * SLICE;
	enum validate_result result;
	struct rig rig;

	if (rig_open(v, &rig, 2 * size, 0))
		result = job_failed(v);
	else
		result = copy_all(v, &rig, size);
	rig_close(&rig);
	return result;
}

/* A job that touches @va must fail, and the record name what it did. */
static bool is_caught(struct validate *v, struct rig *rig, const struct npu_queue_job *job,
		      uint32_t code, uint32_t access, uint64_t va)
{
	struct npu_completion completion;
	int ret = rig_run(v, rig, job, &completion);
	const char *what = access == NPU_ACCESS_WRITE ? "a write to a read-only page" :
							"a read of a page that is not mapped";

	if (ret != -EFAULT)
		validate_say(v, VALIDATE_FAILED,
			     "%s was not caught (%s): processes are not kept apart, do not use this device; "
			     SEE_LOG, what, ret ? v->err.message : "the job ended well");
	else if (completion.fault.code != code || completion.fault.access != access ||
		 completion.fault.address != va)
		validate_say(v, VALIDATE_FAILED,
			     "%s at 0x%" PRIx64 " was caught, but not named: %s", what, va,
			     v->err.message);
	else
		return true;
	return false;
}

/* The same page: not mapped, read-only, and to be written. */
static enum validate_result touch_page(struct validate *v, struct rig *rig,
				       struct npu_buffer *page, uint64_t va)
{
	uint64_t args[2] = { va, rig->data_va };
	struct npu_queue_job job = { .args = args, .cores = 1 };
	unsigned char *bytes = npu_buffer_data(page);

	if (rig_copy(v, rig, 64, &job))
		return job_failed(v);
	if (!is_caught(v, rig, &job, NPU_FAULT_PAGE, NPU_ACCESS_READ, va))
		return VALIDATE_FAILED;
	args[0] = rig->data_va;
	args[1] = va;
	rig_fill(rig->data, 64, 2);
	if (npu_vm_map_at(rig->vm, page, 0, PAGE, va, NPU_VM_READONLY, &v->err))
		return job_failed(v);
	if (!is_caught(v, rig, &job, NPU_FAULT_PROTECTION, NPU_ACCESS_WRITE, va))
		return VALIDATE_FAILED;
	for (int i = 0; i < 64; i++)
		if (bytes[i])
			return validate_say(v, VALIDATE_FAILED,
					    "a write to a read-only page was reported and yet made: do not use this device");
	if (npu_vm_map_at(rig->vm, page, 0, PAGE, va, 0, &v->err) || rig_run(v, rig, &job, NULL))
		return job_failed(v);
	if (memcmp(bytes, rig->data, 64))
		return validate_say(v, VALIDATE_FAILED,
				    "what was written to a page that was made writable is not in it; "
				    SEE_LOG);
	args[0] = va;
	args[1] = rig->data_va;
	if (npu_vm_unmap(rig->vm, va, PAGE, &v->err))
		return job_failed(v);
	if (!is_caught(v, rig, &job, NPU_FAULT_PAGE, NPU_ACCESS_READ, va))
		return VALIDATE_FAILED;
	return validate_say(v, VALIDATE_OK,
			    "faults at 0x%" PRIx64 " were caught and named, and jobs go on", va);
}

enum validate_result validate_mmu(struct validate *v)
{
	struct npu_buffer *page = NULL;
	enum validate_result result;
	struct rig rig;
	/* The library takes addresses from the top down, so here nothing is mapped. */
	uint64_t va = (npu_device_info(v->device)->va_start + PAGE - 1) / PAGE * PAGE;

	if (rig_open(v, &rig, PAGE, 0) ||
	    npu_buffer_create(v->device, rig.vm, PAGE, &page, &v->err))
		result = job_failed(v);
	else
		result = touch_page(v, &rig, page, va);
	npu_buffer_destroy(page);
	rig_close(&rig);
	return result;
}
