// SPDX-License-Identifier: MIT
/* What a compiled model depends on, as one number. */
#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

#include <npu/image_cache.h>

#include "compiler_id.h"
#include "model/gguf_internal.h"

static void add(EVP_MD_CTX *md, const void *data, size_t size, bool *good)
{
	*good = *good && EVP_DigestUpdate(md, data, size) == 1;
}

static void add_u64(EVP_MD_CTX *md, uint64_t value, bool *good)
{
	add(md, &value, sizeof(value), good);
}

static void add_target(EVP_MD_CTX *md, const struct npu_target *t, bool *good)
{
	add_u64(md, t->cores, good);
	add_u64(md, t->sram_size, good);
	add_u64(md, t->features, good);
	add_u64(md, t->work_max, good);
	add_u64(md, t->program_max, good);
	add_u64(md, t->va_start, good);
	add_u64(md, t->va_end, good);
}

/* Whoever adds a choice of the compiler adds it here, or an old result would do for it. */
_Static_assert(sizeof(struct npu_compile_options) == 48 + 3 * sizeof(void *),
	       "all of the compiler's choices belong into the key");

static void add_options(EVP_MD_CTX *md, const struct npu_compile_options *o, bool *good)
{
	add_u64(md, o ? o->context : 0, good);
	add_u64(md, o ? o->chunk : 0, good);
	add_u64(md, o ? o->weights.kind : 0, good);
	add_u64(md, o ? o->weights.group : 0, good);
	add_u64(md, o ? o->weights.asymmetric : 0, good);
	add_u64(md, o ? o->no_fallback : 0, good);
	add_u64(md, o ? o->no_data : 0, good);
	add_u64(md, o ? o->sequences : 0, good);
	add_u64(md, o ? o->batch : 0, good);
	add_u64(md, o ? o->kv : 0, good);
	add_u64(md, o ? o->attention : 0, good);
	add_u64(md, o ? o->devices : 0, good);
	add_u64(md, o ? o->rank : 0, good);
	for (uint32_t i = 0; o && o->split && i < o->devices; i++)
		add(md, &o->split[i], sizeof(o->split[i]), good);
}

int npu_image_cache_key(const struct npu_gguf *gguf, int64_t layer,
		  const struct npu_target *target,
		  const struct npu_compile_options *options,
		  struct npu_image_key *key, struct npu_error *err)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool good = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;

	add(md, NPU_COMPILER_ID, sizeof(NPU_COMPILER_ID), &good);
	add_u64(md, layer, &good);
	add_target(md, target, &good);
	add_options(md, options, &good);
	add_u64(md, gguf->size, &good);
	add(md, gguf->data, gguf->size, &good);
	good = good && EVP_DigestFinal_ex(md, key->digest, NULL) == 1;
	EVP_MD_CTX_free(md);
	if (good)
		return 0;
	return npu_error_set(err, -ENOMEM, "%s: cannot compute its SHA-256", gguf->name);
}
