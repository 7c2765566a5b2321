// SPDX-License-Identifier: MIT
/* Models of llama2.c. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <npu/model.h>

#include "llama2c.h"

#define MAGIC		0x616b3432u	/* "ak42", from version 1 on */
#define HEADER_0	(7 * 4)
#define HEADER_1	256

/* Sizes that shapes are made of. */
enum size { NONE, D_MODEL, VOCAB, FFN, KEYS, ANGLES, SIZES };

/* Tensors without @name are passed over. */
struct kind {
	const char *name;
	bool by_layer, untied;
	enum size row, rows;
};

/* In the order of the file; those of all blocks lie together. */
static const struct kind version_0[] = {
	{ "token_embd", false, false, D_MODEL, VOCAB },
	{ "attn_norm", true, false, D_MODEL, NONE },
	{ "attn_q", true, false, D_MODEL, D_MODEL },
	{ "attn_k", true, false, D_MODEL, KEYS },
	{ "attn_v", true, false, D_MODEL, KEYS },
	{ "attn_output", true, false, D_MODEL, D_MODEL },
	{ "ffn_norm", true, false, D_MODEL, NONE },
	{ "ffn_gate", true, false, D_MODEL, FFN },
	{ "ffn_down", true, false, FFN, D_MODEL },
	{ "ffn_up", true, false, D_MODEL, FFN },
	{ "output_norm", false, false, D_MODEL, NONE },
	{ NULL, false, false, ANGLES, NONE },
	{ "output", false, true, D_MODEL, VOCAB },
	{ 0 },
};

static const struct kind version_1[] = {
	{ "attn_norm", true, false, D_MODEL, NONE },
	{ "ffn_norm", true, false, D_MODEL, NONE },
	{ "output_norm", false, false, D_MODEL, NONE },
	{ "token_embd", false, false, D_MODEL, VOCAB },
	{ "attn_q", true, false, D_MODEL, D_MODEL },
	{ "attn_k", true, false, D_MODEL, KEYS },
	{ "attn_v", true, false, D_MODEL, KEYS },
	{ "attn_output", true, false, D_MODEL, D_MODEL },
	{ "ffn_gate", true, false, D_MODEL, FFN },
	{ "ffn_down", true, false, FFN, D_MODEL },
	{ "ffn_up", true, false, D_MODEL, FFN },
	{ "output", false, true, D_MODEL, VOCAB },
	{ 0 },
};

int llama2c_map(const char *path, const unsigned char **data, size_t *size,
		struct npu_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret = 0;
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st)) {
		ret = npu_error_set(err, -errno, "%s: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode) || !st.st_size) {
		ret = npu_error_set(err, -EINVAL, "%s: not a file, or an empty one", path);
	} else {
		map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map == MAP_FAILED)
			ret = npu_error_set(err, -errno, "%s: %s", path, strerror(errno));
		*data = map;
		*size = st.st_size;
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

static uint32_t load32(const unsigned char *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return le32toh(value);
}

static void sizes_of(const struct llama2c_header *h, uint64_t size[SIZES])
{
	size[NONE] = 0;
	size[D_MODEL] = h->d_model;
	size[VOCAB] = h->vocab;
	size[FFN] = h->ffn;
	size[KEYS] = (uint64_t)h->kv_heads * (h->d_model / h->heads);
	size[ANGLES] = (uint64_t)h->context * (h->d_model / h->heads / 2) * 2;
}

static uint64_t bytes_of(const struct kind *k, const uint64_t size[SIZES])
{
	return 4 * size[k->row] * (k->rows ? size[k->rows] : 1);
}

/* How often a kind of tensor is there. */
static uint64_t copies_of(const struct kind *k, const struct llama2c_header *h)
{
	if (k->untied && h->tied)
		return 0;
	return k->by_layer ? h->layers : 1;
}

bool llama2c_tensor(const struct llama2c_model *m, uint64_t i,
		    struct llama2c_tensor *tensor)
{
	const unsigned char *data = m->data + m->weights;
	uint64_t size[SIZES];

	sizes_of(&m->header, size);
	for (const struct kind *k = m->version ? version_1 : version_0; k->row; k++) {
		uint64_t copies = copies_of(k, &m->header);

		if (k->name && i < copies) {
			tensor->row = size[k->row];
			tensor->rows = size[k->rows];
			tensor->data = data + i * bytes_of(k, size);
			if (k->by_layer)
				snprintf(tensor->name, sizeof(tensor->name),
					 "blk.%" PRIu64 ".%s.weight", i, k->name);
			else
				snprintf(tensor->name, sizeof(tensor->name), "%s.weight",
					 k->name);
			return true;
		}
		i -= k->name ? copies : 0;
		data += copies * bytes_of(k, size);
	}
	return false;
}

/* The bounds keep every product of sizes within 64 bits. */
static int check_header(const char *path, const struct llama2c_header *h,
			struct npu_error *err)
{
	const struct {
		const char *name;
		uint32_t value, max;
	} numbers[] = {
		{ "width", h->d_model, NPU_MODEL_MAX_D_MODEL },
		{ "hidden width", h->ffn, NPU_MODEL_MAX_FFN },
		{ "number of blocks", h->layers, NPU_MODEL_MAX_LAYERS },
		{ "number of heads", h->heads, NPU_MODEL_MAX_HEADS },
		{ "number of key heads", h->kv_heads, NPU_MODEL_MAX_HEADS },
		{ "number of tokens", h->vocab, NPU_MODEL_MAX_VOCAB },
		{ "context", h->context, NPU_MODEL_MAX_CONTEXT },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!numbers[i].value || numbers[i].value > numbers[i].max)
			return npu_error_set(err, -EINVAL,
					     "%s: the %s is %" PRIu32 ", expected 1 to %" PRIu32
					     ": not a model of llama2.c?", path, numbers[i].name,
					     numbers[i].value, numbers[i].max);
	if (h->d_model % h->heads || h->heads % h->kv_heads || h->d_model / h->heads % 2)
		return npu_error_set(err, -EINVAL,
				     "%s: width %" PRIu32 ", %" PRIu32 " heads and %" PRIu32
				     " key heads do not go together", path, h->d_model,
				     h->heads, h->kv_heads);
	return 0;
}

/* Version 0 has a negative number of tokens when it has an output matrix. */
static int read_header(const char *path, struct llama2c_model *m, struct npu_error *err)
{
	struct llama2c_header *h = &m->header;
	uint32_t *const numbers[] = { &h->d_model, &h->ffn, &h->layers, &h->heads,
				      &h->kv_heads, &h->vocab, &h->context };
	const unsigned char *p = m->data;

	m->version = m->size >= 8 && load32(p) == MAGIC ? load32(p + 4) : 0;
	if (m->version > 1)
		return npu_error_set(err, -EINVAL,
				     "%s: version %" PRIu32 " of the format is not supported (supported: 0, 1)",
				     path, m->version);
	m->weights = m->version ? HEADER_1 : HEADER_0;
	if (m->size < m->weights)
		return npu_error_set(err, -EINVAL,
				     "%s: %zu bytes, the header alone has %zu", path, m->size,
				     m->weights);
	p += m->version ? 8 : 0;
	for (int i = 0; i < 7; i++)
		*numbers[i] = load32(p + 4 * i);
	h->tied = m->version ? p[28] : (int32_t)h->vocab > 0;
	if (!m->version && !h->tied)
		h->vocab = -h->vocab;
	return check_header(path, h, err);
}

int llama2c_open(const char *path, struct llama2c_model *m, struct npu_error *err)
{
	uint64_t size[SIZES], end;
	int ret = llama2c_map(path, &m->data, &m->size, err);

	if (ret)
		return ret;
	ret = read_header(path, m, err);
	if (ret)
		return ret;
	sizes_of(&m->header, size);
	end = m->weights;
	for (const struct kind *k = m->version ? version_1 : version_0; k->row; k++)
		end += copies_of(k, &m->header) * bytes_of(k, size);
	if (end == m->size)
		return 0;
	return npu_error_set(err, -EINVAL,
			     "%s: %zu bytes, expected %" PRIu64 " for %" PRIu32
			     " blocks of width %" PRIu32 " and %" PRIu32 " tokens", path,
			     m->size, end, m->header.layers, m->header.d_model,
			     m->header.vocab);
}

void llama2c_close(struct llama2c_model *m)
{
	if (m->data)
		munmap((void *)m->data, m->size);
	m->data = NULL;
}
