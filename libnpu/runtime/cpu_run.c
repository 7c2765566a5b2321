// SPDX-License-Identifier: MIT
/*
 * Parts of a run that the CPU executes: the job's address space is mapped into a
 * core of the process, which takes the same instructions as the device.
 */
#include <errno.h>
#include <string.h>

#include <npu/buffer.h>
#include <npu/disasm.h>

#include "cpu/cpu_machine.h"
#include "cpu_run.h"
#include "instance.h"
#include "objects.h"

/* The same addresses lead to the same memory; under the lock of the VM. */
static int map_all(struct npu_instance *instance, struct npu_error *err)
{
	const struct vm_maps *maps = &instance->vm->maps;

	cpu_machine_unmap_all(instance->cpu);
	for (size_t i = 0; i < maps->count; i++) {
		const struct vm_map *map = &maps->map[i];
		char *memory = npu_buffer_data(map->buffer);

		if (cpu_machine_map(instance->cpu, map->start, memory + map->offset,
				    map->end - map->start, map->readonly))
			return npu_error_set(err, -ENOMEM, "no memory for page tables");
	}
	instance->cpu_changes = maps->changes;
	return 0;
}

static int prepare(struct npu_instance *instance, struct npu_error *err)
{
	if (!instance->cpu) {
		int ret = cpu_machine_create(&instance->cpu, err);

		if (ret)
			return ret;
		instance->cpu_changes = instance->vm->maps.changes - 1;
	}
	if (instance->cpu_changes == instance->vm->maps.changes)
		return 0;
	return map_all(instance, err);
}

static int fault(const struct npu_instance *instance, const struct npu_job_program *program,
		 const struct npu_fault *fault, struct npu_error *err)
{
	char text[NPU_ERROR_LEN - 64];

	npu_fault_text(fault, npu_instance_tag(instance, program->va, fault), text,
		       sizeof(text));
	return npu_error_set(err, npu_fault_errno(fault->code), "on the CPU: %s", text);
}

int npu_cpu_run(struct npu_instance *instance, const struct npu_job_program *program,
		const uint64_t *args, struct npu_error *err)
{
	struct npu_completion done = { 0 };
	int ret;

	pthread_mutex_lock(&instance->vm->lock);
	ret = prepare(instance, err);
	if (!ret)
		cpu_machine_run(instance->cpu, program->va, program->size, args,
				program->num_args, &done);
	pthread_mutex_unlock(&instance->vm->lock);
	if (ret || done.status == NPU_JOB_DONE)
		return ret;
	return fault(instance, program, &done.fault, err);
}
