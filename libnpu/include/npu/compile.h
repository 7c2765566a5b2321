/* SPDX-License-Identifier: MIT */
/* From a model file to a job image. */
#ifndef NPU_COMPILE_H
#define NPU_COMPILE_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/device.h>
#include <npu/error.h>
#include <npu/gguf.h>
#include <npu/job.h>
#include <npu/progress.h>
#include <npu/quant.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct npu_target - the device that a program is made for
 * @cores: cores that it will have; a program runs on any number, with the same
 *	results, but divides its work with this many in mind
 * @sram_size: bytes of SRAM of a core; a device with more runs the program too
 * @features: NPU_FEAT_* (npu_isa.h)
 * @work_max: log2 of the most work of one instruction
 * @program_max: largest program in bytes
 * @va_start: first address that can be mapped
 * @va_end: first address behind those
 */
struct npu_target {
	uint32_t cores;
	uint32_t sram_size;
	uint64_t features;
	uint32_t work_max;
	uint32_t program_max;
	uint64_t va_start;
	uint64_t va_end;
};

/** npu_target_default() - the device as it is without any options */
void npu_target_default(struct npu_target *target);

/** npu_target_of() - a device that is open */
void npu_target_of(const struct npu_device_info *info, struct npu_target *target);

/** enum npu_trap - codes of the traps of compiled programs */
enum npu_trap {
	NPU_TRAP_POSITION = 1,	/* position and tokens exceed the cache */
	NPU_TRAP_TOKENS = 2,	/* more tokens than a run takes */
	NPU_TRAP_LOGITS = 3,	/* more logits than tokens */
	NPU_TRAP_SLOT = 4,	/* there is no such slot */
};

/** enum npu_kv_type - how keys and values are kept */
enum npu_kv_type {
	NPU_KV_F16,	/* 16 bits */
	NPU_KV_I8,	/* INT8, with a scale for each token and head */
};

/** enum npu_attention_form - how attention is computed */
enum npu_attention_form {
	NPU_ATTENTION_TILED,	/* online softmax in SRAM (FlashAttention: Dao et al., 2022) */
	NPU_ATTENTION_PLAIN,	/* all scores in memory, for comparison; F16 cache only */
};

/**
 * enum npu_kv_layout - indices of the I32 tensor "kv.layout" of an image
 *
 * A *slot* is a range of addresses that holds keys and values of one sequence,
 * in pages of consecutive positions: the tensor "kv", I8[pages][bytes of a
 * page], is slot 0, for which the image has memory. Slot n lies n times
 * NPU_KV_SLOT_PAGES * 4096 bytes behind it. Pages may be mapped there one by
 * one, each before the first run that reaches its positions.
 */
enum npu_kv_layout {
	NPU_KV_CONTEXT,		/* positions of a slot */
	NPU_KV_PAGE_TOKENS,	/* positions of a page */
	NPU_KV_SLOTS,		/* number of slots */
	NPU_KV_SLOT_PAGES,	/* from slot to slot, in units of 4096 bytes */
	NPU_KV_BATCH,		/* most sequences of a run of the program "batch" */
	NPU_KV_TYPE,		/* enum npu_type of keys and values */
	NPU_KV_LAYOUT_COUNT
};

#define NPU_MAX_DEVICES 16u

/**
 * struct npu_compile_options - choices; all zero is the default
 * @context: positions of the KV cache; 0: those of the model, at most 4096
 * @chunk: most tokens of a prefill run; 0: 32, or what fits into SRAM
 * @weights: format of the matrices, NPU_QUANT_AUTO for what is closest to the
 *	file's; in the formats of four bits the output matrix is INT8
 * @no_fallback: an operator that the device cannot do is an error, which names
 *	it, instead of running on the CPU
 * @sequences: slots of the KV cache, most sequences at one time; 0: 16. They
 *	take addresses, not memory.
 * @batch: most sequences of a run of ``batch``; 0: 8; 1: no such program
 * @kv: type of the KV cache
 * @attention: form of attention; runs of several sequences are tiled always
 * @devices: devices that the model is split over, at most NPU_MAX_DEVICES; 0: 1.
 *	Of several, nothing runs on the CPU
 * @rank: which of them the image is for; the first is 0
 * @split: for each device, how much of the model it gets relative to the others;
 *	NULL: all the same
 * @no_data: leave the weights out, and convert none: an image for npu_predict()
 *	and npu_report_create(), of models of any size, that cannot run
 * @progress: told how many bytes of weights are converted, or NULL; no part
 *	of the result depends on it
 * @progress_opaque: passed to @progress
 */
struct npu_compile_options {
	uint32_t context;
	uint32_t chunk;
	struct npu_quant_format weights;
	bool no_fallback;
	bool no_data;
	uint32_t sequences;
	uint32_t batch;
	enum npu_kv_type kv;
	enum npu_attention_form attention;
	uint32_t devices;
	uint32_t rank;
	const float *split;
	npu_progress_fn *progress;
	void *progress_opaque;
};

/**
 * npu_compile_llama() - make an image of a whole model
 * @gguf: open file
 * @target: device
 * @options: choices, or NULL
 * @image: receives the image; free it with npu_job_image_free()
 * @err: what is wrong with the model, or which operator did not fit
 *
 * Weights are quantised as @options say; unless they are binary16, activations
 * become INT8 as they come, with a scale for each token. The same input gives
 * the same bytes.
 *
 * Programs:
 *
 * ``decode`` (pos, slot)
 *	one token, tokens[0], at position pos of the sequence in a slot
 * ``prefill`` (pos, tokens, logits, slot)
 *	so many tokens, from position pos on; logits of so many of the last ones;
 *	by default a whole chunk
 * ``batch`` (rows)
 *	one token of each of several sequences, at places[0][row], in slot
 *	places[1][row], no two in the same
 *
 * Tensors: ``tokens`` I32[rows], an input, with room for chunk and batch;
 * ``logits`` F32[rows][vocab], row 0 belongs to the first token whose logits
 * were asked for; ``next`` I32[rows], the most likely token after each of these;
 * ``places`` I32[2][batch]; the KV cache (enum npu_kv_layout).
 *
 * A run that would exceed the cache faults (enum npu_trap).
 *
 * Split over several devices (@options), each has an image of its own, with its
 * part of heads, feed-forward layers and vocabulary. All images have a segment
 * ``shared`` of the same size, which has to be the same memory on all of them:
 * there they leave what the others need, and ``logits``. There is no ``next``,
 * but ``devices`` I32[2]: how many, and which. A run has as many parts on each
 * device, and no part may begin before all devices have ended the one before
 * it; npu_llm_open_devices() sees to all that.
 *
 * Return: 0, or a negative errno.
 */
int npu_compile_llama(const struct npu_gguf *gguf, const struct npu_target *target,
		      const struct npu_compile_options *options,
		      struct npu_job_image **image, struct npu_error *err);

/**
 * npu_compile_llama_block() - make an image of one transformer block
 * @gguf: open file
 * @layer: which block
 * @target: device
 * @options: choices, or NULL
 * @image: receives the image; free it with npu_job_image_free()
 * @err: as for npu_compile_llama()
 *
 * Program ``block`` (pos, tokens, logits): logits is 0. Tensors: ``x``
 * F32[chunk][d_model], an input; ``y``, an output of the same shape; the
 * block's KV cache. The arguments' default values run a whole chunk from
 * position 0, which gives the same each time.
 *
 * Return: 0, or a negative errno.
 */
int npu_compile_llama_block(const struct npu_gguf *gguf, uint32_t layer,
			    const struct npu_target *target,
			    const struct npu_compile_options *options,
			    struct npu_job_image **image, struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_COMPILE_H */
