// SPDX-License-Identifier: MIT
/* Making a machine from its name, and what it does for the runtime. */
#include "sim.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <npu/disasm.h>

#include "runtime/objects.h"
#include "sim_machine.h"

#define NAME	"sim"

uint64_t sim_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

bool sim_wait_changed(struct sim *sim, int64_t deadline_ns)
{
	struct timespec t = {
		deadline_ns / 1000000000, deadline_ns % 1000000000
	};

	if (deadline_ns == INT64_MAX)
		return !pthread_cond_wait(&sim->changed, &sim->lock);
	if (deadline_ns <= (int64_t)sim_now_ns())
		return false;
	return pthread_cond_timedwait(&sim->changed, &sim->lock, &t) != ETIMEDOUT;
}

static bool core_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	return sim_bus_read(&((struct sim *)opaque)->bus, addr, buf, len);
}

static bool core_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	return sim_bus_write(&((struct sim *)opaque)->bus, addr, buf, len);
}

static void *core_map(void *opaque, uint64_t addr, size_t *len, bool write)
{
	(void)write;
	return sim_bus_map(&((struct sim *)opaque)->bus, addr, len);
}

static void core_unmap(void *opaque, void *host, size_t len, bool dirty)
{
	(void)opaque;
	(void)host;
	(void)len;
	(void)dirty;
}

/* In a thread of the machine's, or in that which wrote TLB_CMD. */
static void core_raise(void *opaque, unsigned int vector)
{
	struct sim *sim = opaque;

	npu_core_write(sim->core, NPU_REG_IRQ_STATUS,
		       vector ? ~0u << 16 : NPU_IRQ_TLB | NPU_IRQ_FATAL);
	pthread_mutex_lock(&sim->lock);
	if (vector) {
		for (uint32_t q = 0; q < sim->info.queues; q++)
			sim_queue_process(sim, &sim->queues[q]);
		sim_queue_pump(sim);
	} else {
		pthread_cond_broadcast(&sim->changed);
		if (npu_core_read(sim->core, NPU_REG_STATUS) & NPU_STATUS_FATAL)
			pthread_cond_signal(&sim->watch);
	}
	pthread_mutex_unlock(&sim->lock);
}

/* As a sanitizer would: whoever asked for hazards=on looks there. */
static void core_hazard(void *opaque, const struct npu_hazard *h)
{
	const struct npu_hazard_access *a = h->access;
	const char *name[2] = {
		npu_opcode_name(a[0].opcode), npu_opcode_name(a[1].opcode)
	};

	(void)opaque;
	fprintf(stderr,
		"npu: hazard: core %u: instruction %u (%s, tag %u) %s SRAM %#" PRIx64 "..%#" PRIx64 ", which instruction %u (%s, tag %u) %s: no token orders them\n",
		h->core, a[0].pc, name[0], a[0].tag, a[0].write ? "writes" : "reads",
		h->address, h->address + h->len - 1, a[1].pc, name[1], a[1].tag,
		a[1].write ? "writes" : "reads");
}

static uint64_t core_clock(void *opaque)
{
	(void)opaque;
	return sim_now_ns();
}

static const struct npu_core_ops core_ops = {
	.read = core_read,
	.write = core_write,
	.map = core_map,
	.unmap = core_unmap,
	.raise = core_raise,
	.clock_ns = core_clock,
	.hazard = core_hazard,
};

static int query(struct sim *sim, struct drm_npu_dev_query *args)
{
	struct drm_npu_usage_info usage;
	uint64_t counters[NPU_CNT_COUNT], energy[NPU_ENERGY_PARTS];
	const void *answer = &sim->info;
	uint32_t have = sizeof(sim->info), give;

	if (args->type == DRM_NPU_QUERY_USAGE) {
		pthread_mutex_lock(&sim->lock);
		usage = sim->usage;
		pthread_mutex_unlock(&sim->lock);
		answer = &usage;
		have = sizeof(usage);
	} else if (args->type == DRM_NPU_QUERY_COUNTERS) {
		for (uint32_t i = 0; i < NPU_CNT_COUNT; i++)
			counters[i] = sim_read64(sim, NPU_REG_COUNTER(i));
		answer = counters;
		have = sizeof(counters);
	} else if (args->type == DRM_NPU_QUERY_ENERGY) {
		for (uint32_t i = 0; i < NPU_ENERGY_PARTS; i++)
			energy[i] = sim_read64(sim, NPU_REG_ENERGY_PART(i));
		answer = energy;
		have = sizeof(energy);
	} else if (args->type != DRM_NPU_QUERY_DEVICE) {
		return -EINVAL;
	}
	give = args->size < have ? args->size : have;
	if (args->pointer) {
		char *to = (void *)(uintptr_t)args->pointer;

		memcpy(to, answer, give);
		memset(to + give, 0, args->size - give);
	}
	args->size = have;
	return 0;
}

static int sim_ioctl(const struct npu_device *device, unsigned long request,
		     void *arg)
{
	struct sim *sim = device->machine;

	switch (request) {
	case DRM_IOCTL_NPU_DEV_QUERY:
		return query(sim, arg);
	case DRM_IOCTL_NPU_BO_CREATE:
		return sim_bo_create(sim, arg);
	case DRM_IOCTL_NPU_BO_WAIT:
		return sim_bo_wait(sim, arg);
	case DRM_IOCTL_GEM_CLOSE:
		return sim_bo_close(sim, ((struct drm_gem_close *)arg)->handle);
	case DRM_IOCTL_NPU_VM_CREATE:
		return sim_vm_create(sim, arg);
	case DRM_IOCTL_NPU_VM_DESTROY:
		return sim_vm_destroy(sim, arg);
	case DRM_IOCTL_NPU_VM_BIND:
		return sim_vm_bind(sim, arg);
	case DRM_IOCTL_NPU_CONTEXT_CREATE:
		return sim_context_create(sim, arg);
	case DRM_IOCTL_NPU_CONTEXT_DESTROY:
		return sim_context_destroy(sim, arg);
	case DRM_IOCTL_NPU_CONTEXT_QUERY:
		return sim_context_query(sim, arg);
	case DRM_IOCTL_NPU_SUBMIT:
		return sim_submit(sim, arg);
	case DRM_IOCTL_NPU_PERFMON_CREATE:
		return sim_perfmon_create(sim, arg);
	case DRM_IOCTL_NPU_PERFMON_DESTROY:
		return sim_perfmon_destroy(sim, arg);
	case DRM_IOCTL_NPU_PERFMON_READ:
		return sim_perfmon_read(sim, arg);
	default:
		return -ENOTTY;
	}
}

static int map_buffer(const struct npu_device *device, uint32_t handle,
		      uint64_t size, void **data)
{
	(void)size;
	return sim_bo_data(device->machine, handle, data);
}

/* The memory stays as long as the buffer. */
static void unmap_buffer(const struct npu_device *device, void *data,
			 uint64_t size)
{
	(void)device;
	(void)data;
	(void)size;
}

static int export_buffer(const struct npu_device *device, uint32_t handle, int *fd)
{
	return sim_bo_export(device->machine, handle, fd);
}

static int import_buffer(const struct npu_device *device, int fd, uint32_t *handle,
			 uint64_t *size)
{
	return sim_bo_import(device->machine, fd, handle, size);
}

static int import_sync(const struct npu_device *device, const struct npu_device *from,
		       uint32_t from_handle, uint32_t *handle)
{
	return sim_link_import(device->machine, from->machine, from_handle, handle);
}

static int create_sync(const struct npu_device *device, uint32_t *handle)
{
	return sim_sync_create(device->machine, handle);
}

static void destroy_sync(const struct npu_device *device, uint32_t handle)
{
	sim_sync_destroy(device->machine, handle);
}

static int wait_sync(const struct npu_device *device, uint32_t handle,
		     uint64_t point, int64_t deadline_ns)
{
	return sim_sync_wait(device->machine, handle, point, deadline_ns);
}

static int wait_any_sync(const struct npu_device *device, const uint32_t *handles,
			 uint32_t count, int64_t deadline_ns, uint32_t *first)
{
	return sim_sync_wait_any(device->machine, handles, count, deadline_ns, first);
}

static void init_locks(struct sim *sim)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&sim->changed, &attr);
	pthread_cond_init(&sim->watch, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&sim->lock, NULL);
	pthread_mutex_init(&sim->tlb_lock, NULL);
}

static void init_lists(struct sim *sim)
{
	TAILQ_INIT(&sim->dead);
	TAILQ_INIT(&sim->contexts);
	TAILQ_INIT(&sim->links);
	TAILQ_INIT(&sim->listening);
	for (uint32_t q = 0; q < NPU_MAX_QUEUES; q++)
		TAILQ_INIT(&sim->queues[q].jobs);
	sim->vms.max = SIM_MAX_VMS;
	sim->contexts_by_id.max = SIM_MAX_CONTEXTS;
	sim->perfmons.max = SIM_MAX_PERFMONS;
	sim->bos.max = INT32_MAX;
	sim->syncs.max = INT32_MAX;
}

/* What belongs to a file ends with it: contexts, so jobs; address spaces; buffers. */
static void release_all(struct sim *sim)
{
	struct drm_npu_context_destroy context = { 0 };
	struct drm_npu_perfmon_destroy perfmon = { 0 };
	struct drm_npu_vm_destroy vm = { 0 };

	for (context.id = 1; context.id <= sim->contexts_by_id.room; context.id++)
		sim_context_destroy(sim, &context);
	pthread_mutex_lock(&sim->lock);
	while (!TAILQ_EMPTY(&sim->contexts))
		sim_wait_changed(sim, INT64_MAX);
	pthread_mutex_unlock(&sim->lock);
	for (perfmon.id = 1; perfmon.id <= sim->perfmons.room; perfmon.id++)
		sim_perfmon_destroy(sim, &perfmon);
	for (vm.id = 1; vm.id <= sim->vms.room; vm.id++)
		sim_vm_destroy(sim, &vm);
	sim_vm_reap(sim);
	for (uint32_t i = 1; i <= sim->bos.room; i++)
		sim_bo_close(sim, i);
	for (uint32_t i = 1; i <= sim->syncs.room; i++)
		sim_sync_destroy(sim, i);
}

static void stop_watchdog(struct sim *sim)
{
	pthread_mutex_lock(&sim->lock);
	sim->quit = true;
	pthread_cond_signal(&sim->watch);
	pthread_mutex_unlock(&sim->lock);
	pthread_join(sim->watchdog, NULL);
}

static void dismantle(struct sim *sim)
{
	npu_core_free(sim->core);
	sim_bus_fini(&sim->bus);
	free(sim->bos.item);
	free(sim->vms.item);
	free(sim->contexts_by_id.item);
	free(sim->syncs.item);
	free(sim->perfmons.item);
	pthread_cond_destroy(&sim->watch);
	pthread_cond_destroy(&sim->changed);
	pthread_mutex_destroy(&sim->tlb_lock);
	pthread_mutex_destroy(&sim->lock);
	free(sim);
}

static void sim_close(struct npu_device *device)
{
	release_all(device->machine);
	stop_watchdog(device->machine);
	sim_link_end(device->machine);
	dismantle(device->machine);
}

static const struct npu_backend sim_backend = {
	.close = sim_close,
	.ioctl = sim_ioctl,
	.map = map_buffer,
	.unmap = unmap_buffer,
	.bo_export = export_buffer,
	.bo_import = import_buffer,
	.sync_create = create_sync,
	.sync_destroy = destroy_sync,
	.sync_wait = wait_sync,
	.sync_wait_any = wait_any_sync,
	.sync_import = import_sync,
};

bool sim_is_name(const char *name)
{
	size_t len = strlen(NAME);

	return !strncmp(name, NAME, len) && (!name[len] || name[len] == ':');
}

/* Signals are the program's business: its threads get them, not ours. */
static int start_watchdog(struct sim *sim)
{
	sigset_t all, before;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&sim->watchdog, NULL, sim_recovery_thread, sim);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -ret;
}

static int build(struct sim *sim, const char *name, struct npu_error *err)
{
	const char *properties = name + strlen(NAME);
	struct npu_core_config config = { 0 };
	char message[256];
	int ret;

	if (!npu_core_config_parse(&config, *properties ? properties + 1 : "",
				   message, sizeof(message)))
		return npu_error_set(err, -EINVAL, "%s: %s", name, message);
	if (sim_bus_init(&sim->bus)) {
		ret = npu_error_set(err, -ENOMEM, "%s: no addresses are left for its memory",
				    name);
		goto out;
	}
	sim->core = npu_core_new(&config, &core_ops, sim, message, sizeof(message));
	if (!sim->core) {
		ret = npu_error_set(err, -EINVAL, "%s: %s", name, message);
		goto out;
	}
	ret = sim_start_init(sim);
	if (!ret)
		ret = start_watchdog(sim);
	if (ret)
		npu_error_set(err, ret, "%s: cannot start it: %s", name,
			      strerror(-ret));
out:
	npu_core_config_free(&config);
	return ret;
}

int sim_open(struct npu_device *device, const char *name, struct npu_error *err)
{
	struct sim *sim = calloc(1, sizeof(*sim));
	int ret;

	if (!sim)
		return npu_error_set(err, -ENOMEM, "%s: out of memory", name);
	init_locks(sim);
	init_lists(sim);
	ret = build(sim, name, err);
	if (ret) {
		dismantle(sim);
		return ret;
	}
	device->backend = &sim_backend;
	device->machine = sim;
	snprintf(device->info.driver_version,
		 sizeof(device->info.driver_version), "in-process");
	return 0;
}
