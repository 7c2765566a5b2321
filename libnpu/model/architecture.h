/* SPDX-License-Identifier: MIT */
/* What sets the architectures of models apart. */
#ifndef NPU_MODEL_ARCHITECTURE_H
#define NPU_MODEL_ARCHITECTURE_H

#include <npu/model.h>

/* Tensors of a model, in groups that are there or missing together. */
enum tensor_group {
	GROUP_ALL	= 1u << 0,	/* what every transformer has */
	GROUP_NORM_BIAS	= 1u << 1,	/* biases of LayerNorm */
	GROUP_SPLIT	= 1u << 2,	/* matrices for q, k and v */
	GROUP_FUSED	= 1u << 3,	/* one matrix and one bias for q, k and v */
	GROUP_QKV_BIAS	= 1u << 4,
	GROUP_OUT_BIAS	= 1u << 5,	/* bias after attention */
	GROUP_QK_NORM	= 1u << 6,	/* RMSNorm of each query and key head */
	GROUP_GATE	= 1u << 7,
	GROUP_GATE_BIAS	= 1u << 8,
	GROUP_FFN_BIAS	= 1u << 9,
	GROUP_POSITION	= 1u << 10,	/* learned positions */
	GROUP_FREQS	= 1u << 11,	/* divisors of RoPE's frequencies */
	GROUP_OUTPUT	= 1u << 12,	/* output matrix of its own */
};

/**
 * struct architecture - one architecture
 * @name: value of general.architecture; also the prefix of its keys
 * @required: groups of tensors that must be there
 * @optional: groups of which any tensor may be there
 * @norm: kind of all norms
 * @rope: which elements of a head rotate together
 * @activation: kind of the feed-forward layer
 * @eps_key: what follows the prefix in the key of the norms' epsilon
 */
struct architecture {
	const char *name;
	unsigned int required;
	unsigned int optional;
	enum npu_model_norm norm;
	enum npu_model_rope rope;
	enum npu_model_activation activation;
	const char *eps_key;
};

/*
 * The architecture that the file names. Returns 0; -EINVAL when it names none;
 * -ENOTSUP when that is not supported.
 */
int architecture_find(const struct npu_gguf *gguf,
		      const struct architecture **found, struct npu_error *err);

#endif /* NPU_MODEL_ARCHITECTURE_H */
