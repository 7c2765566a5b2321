// SPDX-License-Identifier: MIT
/* Opening and closing GGUF files. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gguf_internal.h"

static int read_header(struct npu_gguf *gguf, struct gguf_cursor *cursor,
		       uint64_t *tensors, uint64_t *entries)
{
	const void *magic = gguf_take(cursor, 4, "the magic number");
	int ret;

	if (!magic)
		return -EINVAL;
	if (memcmp(magic, "GGUF", 4))
		return gguf_bad(gguf, 0, cursor->err,
				"not a GGUF file: it does not start with 'GGUF'");
	ret = gguf_take_u32(cursor, "the version", &gguf->version);
	if (ret)
		return ret;
	if (gguf->version == 2u << 24 || gguf->version == 3u << 24)
		return gguf_bad(gguf, 4, cursor->err,
				"big-endian files are not supported");
	if (gguf->version != 2 && gguf->version != 3)
		return gguf_bad(gguf, 4, cursor->err, "version %" PRIu32
				" is not supported (supported: 2 and 3)",
				gguf->version);
	ret = gguf_take_u64(cursor, "the number of tensors", tensors);
	if (!ret)
		ret = gguf_take_u64(cursor, "the number of metadata entries",
				    entries);
	return ret;
}

static int read_file(struct npu_gguf *gguf, struct npu_error *err)
{
	struct gguf_cursor cursor = { .gguf = gguf, .err = err };
	uint64_t tensors, entries;
	int ret = read_header(gguf, &cursor, &tensors, &entries);

	if (!ret)
		ret = gguf_read_metadata(gguf, &cursor, entries);
	gguf->metadata_end = cursor.pos;
	if (!ret)
		ret = gguf_read_tensors(gguf, &cursor, tensors);
	if (!ret)
		ret = gguf_read_quant(gguf, err);
	return ret;
}

static struct npu_gguf *new_file(const char *name, struct npu_error *err)
{
	struct npu_gguf *gguf = calloc(1, sizeof(*gguf));

	if (gguf)
		gguf->name = strdup(name);
	if (gguf && gguf->name)
		return gguf;
	free(gguf);
	npu_error_set(err, -ENOMEM, "%s: out of memory", name);
	return NULL;
}

int npu_gguf_open_memory(const char *name, const void *data, size_t size,
			 struct npu_gguf **gguf, struct npu_error *err)
{
	struct npu_gguf *file = new_file(name, err);
	int ret;

	if (!file)
		return -ENOMEM;
	file->data = data;
	file->size = size;
	ret = read_file(file, err);
	if (ret)
		npu_gguf_close(file);
	else
		*gguf = file;
	return ret;
}

/* A pipe or a device has no size to check against; a folder no content. */
static int map_regular(struct npu_gguf *gguf, int fd, struct npu_error *err)
{
	struct stat st;
	void *data;

	if (fstat(fd, &st))
		return npu_error_set(err, -errno, "%s: cannot stat: %s",
				     gguf->name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return npu_error_set(err, -EISDIR, "%s: is a directory",
				     gguf->name);
	if (!S_ISREG(st.st_mode))
		return npu_error_set(err, -EINVAL, "%s: not a regular file",
				     gguf->name);
	if ((uint64_t)st.st_size > SIZE_MAX)
		return npu_error_set(err, -EFBIG, "%s: too large to map",
				     gguf->name);
	if (!st.st_size)
		return gguf_bad(gguf, 0, err, "the file is empty");
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return npu_error_set(err, -errno, "%s: cannot map: %s",
				     gguf->name, strerror(errno));
	gguf->data = data;
	gguf->size = st.st_size;
	gguf->mapped = true;
	return 0;
}

static int open_and_map(struct npu_gguf *gguf, struct npu_error *err)
{
	/* Without O_NONBLOCK, opening a FIFO would wait for a writer. */
	int fd = open(gguf->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int ret;

	if (fd < 0)
		return npu_error_set(err, -errno, "%s: cannot open: %s",
				     gguf->name, strerror(errno));
	ret = map_regular(gguf, fd, err);
	close(fd);
	return ret;
}

int npu_gguf_open(const char *path, struct npu_gguf **gguf,
		  struct npu_error *err)
{
	struct npu_gguf *file = new_file(path, err);
	int ret;

	if (!file)
		return -ENOMEM;
	ret = open_and_map(file, err);
	if (!ret)
		ret = read_file(file, err);
	if (ret)
		npu_gguf_close(file);
	else
		*gguf = file;
	return ret;
}

void npu_gguf_close(struct npu_gguf *gguf)
{
	if (!gguf)
		return;
	for (uint64_t i = 0; i < gguf->entry_count; i++)
		if (gguf->entry[i].type == NPU_GGUF_VALUE_ARRAY)
			free((void *)gguf->entry[i].array.index);
	free(gguf->entry);
	free(gguf->by_key);
	free(gguf->tensor);
	free(gguf->by_name);
	free(gguf->quant);
	free(gguf->outlier_index);
	if (gguf->mapped)
		munmap((void *)gguf->data, gguf->size);
	free(gguf->name);
	free(gguf);
}

const char *npu_gguf_name(const struct npu_gguf *gguf)
{
	return gguf->name;
}

uint32_t npu_gguf_version(const struct npu_gguf *gguf)
{
	return gguf->version;
}
