// SPDX-License-Identifier: MIT
/* A GGUF file of any bytes: all that can be asked of it, is. */
#include <stdlib.h>
#include <string.h>

#include <npu/chat.h>
#include <npu/model.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_metadata(const struct npu_gguf *gguf)
{
	for (uint64_t i = 0; i < npu_gguf_key_count(gguf); i++) {
		struct npu_gguf_string key, string;
		struct npu_gguf_array array;
		char name[64];
		uint32_t type;
		uint64_t wide;
		float real;

		npu_gguf_key_at(gguf, i, &key, &type);
		if (key.len >= sizeof(name))
			continue;
		memcpy(name, key.data, key.len);
		name[key.len] = '\0';
		npu_gguf_get_u64(gguf, name, &wide, NULL);
		npu_gguf_get_f32(gguf, name, &real, NULL);
		npu_gguf_get_string(gguf, name, &string, NULL);
		if (!npu_gguf_get_array(gguf, name, NPU_GGUF_VALUE_STRING,
					&array, NULL) && array.count)
			npu_gguf_array_string(&array, array.count - 1, &string);
	}
}

static void read_tensors(const struct npu_gguf *gguf)
{
	for (uint64_t i = 0; i < npu_gguf_tensor_count(gguf); i++) {
		const struct npu_gguf_tensor *t = npu_gguf_tensor_at(gguf, i);
		float *row;

		if (npu_gguf_find_tensor(gguf, t->name) != t ||
		    t->dims[0] > 1 << 20)
			continue;
		row = malloc(t->dims[0] * sizeof(*row));
		if (row && npu_gguf_tensor_row(t, t->rows - 1, row))
			abort();
		free(row);
	}
}

static void read_model(const struct npu_gguf *gguf)
{
	struct npu_model *model;
	double *frequency;

	if (npu_model_create(gguf, &model, NULL))
		return;
	frequency = calloc(model->config.rope_dims / 2 + 1, sizeof(*frequency));
	if (frequency && model->config.rope)
		npu_model_rope(model, frequency);
	free(frequency);
	npu_model_destroy(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct npu_chat_template *chat;
	struct npu_gguf *gguf;
	struct npu_error err;

	if (npu_gguf_open_memory("fuzz", data, size, &gguf, &err))
		return 0;
	read_metadata(gguf);
	read_tensors(gguf);
	read_model(gguf);
	npu_chat_detect(gguf, &chat, &err);
	npu_gguf_close(gguf);
	return 0;
}
