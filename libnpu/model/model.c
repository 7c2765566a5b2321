// SPDX-License-Identifier: MIT
/* From a GGUF file to a checked description of a model. */
#include <stdlib.h>

#include "gguf_internal.h"
#include "model_config.h"
#include "model_tensors.h"

int npu_model_create(const struct npu_gguf *gguf, struct npu_model **model,
		     struct npu_error *err)
{
	struct model_keys keys = { .gguf = gguf, .err = err };
	struct npu_model *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return gguf_no_memory(gguf, err);
	ret = architecture_find(gguf, &keys.arch, err);
	if (!ret)
		ret = model_read_config(&keys, &m->config);
	if (!ret)
		ret = model_find_tensors(gguf, keys.arch, m, err);
	if (ret)
		npu_model_destroy(m);
	else
		*model = m;
	return ret;
}

void npu_model_destroy(struct npu_model *model)
{
	if (!model)
		return;
	free(model->layer);
	free(model->parts);
	free(model);
}
