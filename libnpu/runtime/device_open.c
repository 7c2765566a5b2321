// SPDX-License-Identifier: MIT
/* Finding and opening an NPU, and saying why there is none. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xf86drm.h>

#include "device_open.h"
#include "hw/npu_isa.h"
#include "hw/npu_regs.h"
#include "sim/sim.h"
#include "trace/trace.h"

#define DRIVER_NAME "npu"
#define NODE_DIR "/dev/accel"

static int no_permission(const char *path, struct npu_error *err)
{
	char buf[1024];
	struct group group, *found = NULL;
	struct stat st;

	if (!stat(path, &st) && st.st_mode & S_IRGRP &&
	    !getgrgid_r(st.st_gid, &group, buf, sizeof(buf), &found) && found)
		return npu_error_set(err, -EACCES,
				     "%s: permission denied: become a member of group '%s' ('usermod -aG %s USER', then log in again) or run as root",
				     path, group.gr_name, group.gr_name);
	return npu_error_set(err, -EACCES,
			     "%s: permission denied: run as root, or let its owner give you read and write permission",
			     path);
}

static int open_failed(const char *path, int code, struct npu_error *err)
{
	switch (code) {
	case -EACCES:
	case -EPERM:
		return no_permission(path, err);
	case -ENOENT:
		return npu_error_set(err, -ENOENT,
				     "%s: no such node: load the driver ('modprobe npu'), and see that 'lspci -d %04x:%04x' finds a device; 'sim' is a device in the process",
				     path, NPU_PCI_VENDOR_ID, NPU_PCI_DEVICE_ID);
	case -ENXIO:
	case -ENODEV:
		return npu_error_set(err, -ENODEV,
				     "%s: the device behind this node is gone: see the kernel's log",
				     path);
	default:
		return npu_error_set(err, code, "%s: cannot open: %s", path,
				     strerror(-code));
	}
}

/* The driver's name must be ours; its version goes to the device's facts. */
static int check_driver(struct npu_device *device, struct npu_error *err)
{
	struct npu_device_info *info = &device->info;
	drmVersionPtr version = drmGetVersion(device->fd);
	int ret = 0;

	if (!version)
		return npu_error_set(err, -ENODEV, "%s: not an NPU: it answers no DRM request",
				     device->path);
	if (strcmp(version->name, DRIVER_NAME))
		ret = npu_error_set(err, -ENODEV, "%s: not an NPU: its driver is '%s', not '%s'",
				    device->path, version->name, DRIVER_NAME);
	else
		snprintf(info->driver_version, sizeof(info->driver_version),
			 "%d.%d.%d", version->version_major,
			 version->version_minor, version->version_patchlevel);
	drmFreeVersion(version);
	return ret;
}

static int check_versions(const struct npu_device *device, struct npu_error *err)
{
	uint32_t version = device->info.isa_version;

	if (NPU_VERSION_MAJOR(version) == NPU_VERSION_MAJOR(NPU_ISA_VERSION))
		return 0;
	return npu_error_set(err, -EPROTO,
			     "%s: the device has instruction set %u.%u, this library is for %u.%u: install the library that matches the device",
			     device->path, NPU_VERSION_MAJOR(version),
			     NPU_VERSION_MINOR(version),
			     NPU_VERSION_MAJOR(NPU_ISA_VERSION),
			     NPU_VERSION_MINOR(NPU_ISA_VERSION));
}

static int open_file(struct npu_device *device, const char *path,
		     struct npu_error *err)
{
	device->backend = &npu_drm_backend;
	device->fd = open(path, O_RDWR | O_CLOEXEC);
	return device->fd < 0 ? open_failed(path, -errno, err) : 0;
}

static int open_node(const char *path, struct npu_device **out,
		     struct npu_error *err)
{
	struct npu_device *device = calloc(1, sizeof(*device));
	int ret;

	if (device)
		device->path = strdup(path);
	if (!device || !device->path) {
		free(device);
		return npu_error_set(err, -ENOMEM, "%s: out of memory", path);
	}
	device->fd = -1;
	atomic_init(&device->refs, 1);
	pthread_mutex_init(&device->share_lock, NULL);
	if (sim_is_name(path))
		ret = sim_open(device, path, err);
	else
		ret = open_file(device, path, err);
	if (ret) {
		pthread_mutex_destroy(&device->share_lock);
		free(device->path);
		free(device);
		return ret;
	}
	if (device->backend == &npu_drm_backend)
		ret = check_driver(device, err);
	if (!ret)
		ret = npu_device_read_info(device, err);
	if (!ret)
		ret = check_versions(device, err);
	if (ret) {
		npu_device_close(device);
		return ret;
	}
	npu_trace_open(device);
	*out = device;
	return 0;
}

static int is_node(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "accel", 5);
}

/* accel2 comes before accel10. */
static int by_number(const struct dirent **a, const struct dirent **b)
{
	size_t a_len = strlen((*a)->d_name), b_len = strlen((*b)->d_name);

	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return strcmp((*a)->d_name, (*b)->d_name);
}

/*
 * Nodes of other drivers are passed over; what stopped us at the first NPU
 * that could not be opened, or at a node that could not be looked at, is what
 * the user wants to hear. Return: how many have been opened, at most @wanted;
 * 0 with an error.
 */
static uint32_t open_nodes(const char *dir, struct dirent **nodes, int n, uint32_t wanted,
			   struct npu_device **devices, struct npu_error *err)
{
	struct npu_error node_err = { 0 }, first_err = { 0 };
	uint32_t have = 0;
	int first = 0;

	for (int i = 0; i < n && have < wanted; i++) {
		char path[512];
		int ret;

		snprintf(path, sizeof(path), "%s/%s", dir, nodes[i]->d_name);
		ret = open_node(path, &devices[have], &node_err);
		have += !ret;
		if (ret && (!first || (first == -ENODEV && ret != -ENODEV))) {
			first = ret;
			first_err = node_err;
		}
	}
	if (!have && first)
		npu_error_set(err, first, "%s", first_err.message);
	else if (!have)
		npu_error_set(err, -ENOENT,
			      "%s has no node: see that 'lspci -d %04x:%04x' finds a device, and the kernel's log",
			      dir, NPU_PCI_VENDOR_ID, NPU_PCI_DEVICE_ID);
	return have;
}

static void close_all(struct npu_device **devices, uint32_t n)
{
	while (n--)
		npu_device_close(devices[n]);
}

static int open_in(const char *dir, uint32_t wanted, struct npu_device **devices,
		   struct npu_error *err)
{
	struct npu_error why = { 0 };
	struct dirent **nodes;
	int n = scandir(dir, &nodes, is_node, by_number);
	uint32_t have;

	if (n < 0 && errno == ENOENT)
		return npu_error_set(err, -ENOENT,
				     "%s does not exist: the driver is not loaded ('modprobe npu') or there is no device ('lspci -d %04x:%04x')",
				     dir, NPU_PCI_VENDOR_ID, NPU_PCI_DEVICE_ID);
	if (n < 0)
		return open_failed(dir, -errno, err);
	have = open_nodes(dir, nodes, n, wanted, devices, &why);
	while (n--)
		free(nodes[n]);
	free(nodes);
	if (have == wanted)
		return 0;
	if (!have)
		return npu_error_set(err, why.code, "%s", why.message);
	close_all(devices, have);
	return npu_error_set(err, -ENODEV, "%u NPUs are wanted, and %s has %u that can be opened",
			     wanted, dir, have);
}

int npu_device_open_in(const char *dir, struct npu_device **device,
		       struct npu_error *err)
{
	return open_in(dir, 1, device, err);
}

int npu_device_open_several(const char *path, uint32_t n, struct npu_device **devices,
			    struct npu_error *err)
{
	if (!path)
		path = secure_getenv("NPU_DEVICE");
	if (!path || !*path)
		return open_in(NODE_DIR, n, devices, err);
	if (n > 1 && !sim_is_name(path))
		return npu_error_set(err, -EINVAL,
				     "%s is one device, and %u are wanted: name each of them",
				     path, n);
	for (uint32_t i = 0; i < n; i++) {
		int ret = open_node(path, &devices[i], err);

		if (ret) {
			close_all(devices, i);
			return ret;
		}
	}
	return 0;
}

int npu_device_open(const char *path, struct npu_device **device,
		    struct npu_error *err)
{
	return npu_device_open_several(path, 1, device, err);
}
