/* SPDX-License-Identifier: GPL-2.0 */
/* The NPU's place in the PCI tree, for tests that take it away and bring it back. */
#ifndef NPU_UNPLUG_H
#define NPU_UNPLUG_H

#include <dirent.h>

#include "npu_files.h"
#include "npu_program.h"

#define NPU_DRIVER	"/sys/bus/pci/drivers/npu"

/* The PCI address of the device that the driver has. */
static inline int npu_find_device(char *name, size_t size)
{
	DIR *dir = opendir(NPU_DRIVER);
	struct dirent *entry;
	int ret = -ENODEV;

	while (dir && ret && (entry = readdir(dir))) {
		if (strlen(entry->d_name) == 12 && entry->d_name[4] == ':') {
			snprintf(name, size, "%s", entry->d_name);
			ret = 0;
		}
	}
	if (dir)
		closedir(dir);
	return ret;
}

/* The node may appear a little later than the driver. */
static inline int npu_wait_for_device(void)
{
	int i, fd;

	for (i = 0; i < 200; i++) {
		fd = npu_open_device();
		if (fd >= 0) {
			close(fd);
			return 0;
		}
		usleep(20000);
	}
	return -ENODEV;
}

/* A device works: opened anew, it runs a job. */
static inline int npu_works_again(void)
{
	struct drm_npu_job job;
	struct npu_machine m;
	int ret = npu_wait_for_device();

	if (!ret)
		ret = npu_machine_open(&m);
	if (ret)
		return ret;
	job = npu_prog_null(&m);
	ret = npu_run(&m, &job);
	npu_machine_close(&m);
	return ret;
}

enum npu_way { NPU_UNBIND, NPU_REMOVE, NPU_WAYS };

/* Takes the device from the driver, or out of the PCI tree; name is for npu_put_back(). */
static inline int npu_take_away(enum npu_way way, char *name, size_t size)
{
	char path[96];
	int ret = npu_find_device(name, size);

	if (ret)
		return ret;
	if (way == NPU_UNBIND)
		return npu_write_file(NPU_DRIVER "/unbind", name);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", name);
	return npu_write_file(path, "1");
}

static inline int npu_put_back(enum npu_way way, const char *name)
{
	return way == NPU_UNBIND ? npu_write_file(NPU_DRIVER "/bind", name) :
				   npu_write_file("/sys/bus/pci/rescan", "1");
}

#endif /* NPU_UNPLUG_H */
