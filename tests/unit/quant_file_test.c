// SPDX-License-Identifier: MIT
/*
 * Files of npu_quantize(): read back, run on the device, against the same
 * weights in float; the same bits as when the compiler quantises; and what
 * damaged ones get.
 */
#include <errno.h>
#include <math.h>
#include <unistd.h>

#include <npu/float_model.h>
#include <npu/llm.h>
#include <npu/npu.h>

#include "rig.h"
#include "tap.h"
#include "tiny_model.h"

#define TOKENS 24
#define TEXTS 8

static const struct tiny shape = {
	.vocab = 150, .d_model = 100, .layers = 2, .heads = 6, .kv_heads = 2, .head_dim = 16,
	.ffn = 130, .context = 32, .rope_dims = 16, .seed = 3,
};

static uint32_t tokens[TEXTS * TOKENS];
static struct npu_text texts[TEXTS];

static void make_texts(void)
{
	uint32_t seed = 5;

	for (uint32_t i = 0; i < TEXTS * TOKENS; i++) {
		seed = seed * 1664525 + 1013904223;
		tokens[i] = (seed >> 8) % shape.vocab;
	}
	for (uint32_t i = 0; i < TEXTS; i++)
		texts[i] = (struct npu_text){ tokens + i * TOKENS, TOKENS };
}

/* A model file in memory. */
struct origin {
	struct builder b;
	struct exact file;
};

static void origin_open(struct origin *o, const struct tiny *t)
{
	tiny_build(&o->b, t);
	o->file = open_exact(o->b.file.data, o->b.file.size);
	if (o->file.ret)
		bail_out("no model");
}

static void origin_close(struct origin *o)
{
	close_exact(&o->file);
	builder_free(&o->b);
}

static const char *temporary(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/quant-file-%ld.gguf", (long)getpid());
	return path;
}

/* Logits of the first text on the device; NULL on failure. */
static float *device_logits(const struct npu_gguf *gguf, const struct npu_quant_format *f,
			    uint32_t vocab)
{
	struct npu_llm_options options = { .compile = { .weights = *f, .chunk = 10 } };
	float *logits = calloc(TOKENS, vocab * sizeof(*logits));
	struct npu_sequence *seq = NULL;
	struct npu_device *device = NULL;
	struct npu_llm *llm = NULL;
	struct npu_error err;

	if (npu_device_open("sim", &device, &err) ||
	    npu_llm_open(device, gguf, &options, &llm, &err) ||
	    npu_sequence_create(llm, &seq, &err) ||
	    npu_sequence_append(seq, tokens, TOKENS, logits, &err)) {
		diag("%s", err.message);
		free(logits);
		logits = NULL;
	}
	npu_sequence_destroy(seq);
	npu_llm_close(llm);
	npu_device_close(device);
	return logits;
}

static float *float_logits(const struct npu_gguf *gguf, uint32_t vocab)
{
	float *logits = calloc(TOKENS, vocab * sizeof(*logits));
	struct npu_float_model *f;
	struct npu_model *model;
	struct npu_error err;

	if (npu_model_create(gguf, &model, &err) ||
	    npu_float_model_create(model, TOKENS, &f, &err) ||
	    npu_float_model_run(f, tokens, TOKENS, logits, &err))
		bail_out(err.message);
	npu_float_model_destroy(f);
	npu_model_destroy(model);
	return logits;
}

/* Largest error of the rows of a tensor, against the original's, in their size. */
static double row_error(const struct npu_gguf_tensor *got, const struct npu_gguf_tensor *want)
{
	uint64_t k = want->dims[0];
	float *a = calloc(k, sizeof(*a)), *b = calloc(k, sizeof(*b));
	double worst = 0;

	for (uint64_t r = 0; r < want->rows; r++) {
		double error = 0, power = 1e-12;

		npu_gguf_tensor_row(got, r, a);
		npu_gguf_tensor_row(want, r, b);
		for (uint64_t i = 0; i < k; i++) {
			error += (a[i] - b[i]) * (a[i] - b[i]);
			power += b[i] * b[i];
		}
		worst = fmax(worst, sqrt(error / power));
	}
	free(a);
	free(b);
	return worst;
}

static void check_tensors(const struct npu_gguf *from, const struct npu_gguf *to,
			  const struct npu_quantize_report *report, double most)
{
	double worst = 0;
	bool sizes = true;

	for (uint64_t i = 0; i < report->n; i++) {
		const struct npu_quantized *q = &report->tensors[i];
		const struct npu_gguf_tensor *t = npu_gguf_find_tensor(to, q->name);

		sizes &= t && t->size == q->bytes && (!t->quant || t->quant->outliers ==
						      q->outliers);
		worst = fmax(worst, row_error(t, npu_gguf_find_tensor(from, q->name)));
	}
	ok(sizes, "  sizes are those of the report");
	ok(worst < most, "  rows are at most %.4f apart", worst);
}

struct variant {
	const char *what, *format, *arch;
	bool gptq, same_bits, tied;
	uint32_t scales;
	double rows, device;
};

static const struct variant variants[] = {
	{ "int8", "int8", NULL, false, true, false, 0, 0.02, 0.999 },
	{ "int8 by group", "int8-g32", NULL, false, true, false, 0, 0.02, 0.999 },
	{ "int4", "int4-g32", NULL, false, true, false, 0, 0.2, 0.999 },
	{ "int4, asymmetric", "int4-g64-asym", NULL, false, true, false, 0, 0.2, 0.999 },
	{ "nf4", "nf4-g32", NULL, false, true, false, 0, 0.2, 0.999 },
	{ "f16", "f16", NULL, false, true, false, 0, 0.001, 0.9999 },
	{ "gptq", "int4-g32", NULL, true, false, false, 0, 0.4, 0.999 },
	{ "gptq with nf4", "nf4-g64", NULL, true, false, true, 0, 0.4, 0.999 },
	{ "mixed", "mixed", NULL, false, false, true, 0, 0.02, 0.999 },
	{ "mixed, static", "mixed", NULL, false, false, false, NPU_SCALES_ABSMAX, 0.02, 0.995 },
	{ "static, absmax", "int8", NULL, false, false, false, NPU_SCALES_ABSMAX, 0.02, 0.995 },
	{ "static, percentile", "int8", NULL, false, false, false, NPU_SCALES_PERCENTILE, 0.02,
	  0.995 },
	{ "static, mse", "int4-g32", NULL, false, false, false, NPU_SCALES_MSE, 0.2, 0.995 },
	{ "tied", "int4-g32", NULL, false, false, true, 0, 0.2, 0.999 },
	{ "one matrix for q, k and v", "int4-g32", "gpt2", false, true, false, 0, 0.2, 0.999 },
	{ "the same by gptq", "int4-g64-asym", "gpt2", true, false, false, 0, 0.4, 0.999 },
	{ "the same, mixed", "mixed", "gpt2", false, false, true, 0, 0.02, 0.999 },
	{ "qwen3", "nf4-g32", "qwen3", false, true, false, 0, 0.2, 0.999 },
};

static void test_variant(const struct variant *v)
{
	static const struct npu_quant_format automatic;
	struct npu_quantize_options options = {
		.gptq = v->gptq, .scales = v->scales, .outlier_threshold = 2, .texts = texts,
		.n_texts = TEXTS,
	};
	struct tiny tiny = shape;
	struct npu_quantize_report report;
	float *want, *got, *direct;
	struct npu_error err = { 0 };
	struct npu_gguf *gguf;
	struct origin o;
	uint32_t outliers = 0;

	tiny.tied = v->tied;
	tiny.arch = v->arch;
	if (v->arch && !strcmp(v->arch, "gpt2"))
		tiny.kv_heads = tiny.heads;
	origin_open(&o, &tiny);
	npu_quant_parse(v->format, &options.format, NULL);
	if (!ok(!npu_quantize(o.file.gguf, temporary(), &options, &report, &err) &&
		!npu_gguf_open(temporary(), &gguf, &err), "%s", v->what))
		bail_out(err.message);
	check_tensors(o.file.gguf, gguf, &report, v->rows);
	want = float_logits(gguf, tiny.vocab);
	got = device_logits(gguf, &automatic, tiny.vocab);
	for (uint64_t i = 0; i < report.n; i++)
		outliers += report.tensors[i].outliers;
	ok(!!outliers == (options.format.kind == NPU_QUANT_MIXED), "  %u outliers", outliers);
	ok(got && rig_cosine(got, want, TOKENS * tiny.vocab) > v->device,
	   "  the device is close to float with these weights: %.6f",
	   got ? rig_cosine(got, want, TOKENS * tiny.vocab) : 0);
	if (v->same_bits) {
		direct = device_logits(o.file.gguf, &options.format, tiny.vocab);
		ok(direct && got && !memcmp(direct, got, TOKENS * tiny.vocab * sizeof(*got)),
		   "  the same bits as when the compiler quantises");
		free(direct);
	}
	free(want);
	free(got);
	npu_quantize_report_free(&report);
	npu_gguf_close(gguf);
	unlink(temporary());
	origin_close(&o);
}

/* Read everything that a file has; what it is does not matter. */
static void walk(const struct npu_gguf *gguf)
{
	for (uint64_t i = 0; i < npu_gguf_tensor_count(gguf); i++) {
		const struct npu_gguf_tensor *t = npu_gguf_tensor_at(gguf, i);
		float *row = calloc(t->dims[0], sizeof(*row));

		if (!row)
			abort();
		for (uint64_t r = 0; r < t->rows; r++)
			npu_gguf_tensor_row(t, r, row);
		free(row);
	}
}

static uint8_t *read_all(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;

	if (!f || fseek(f, 0, SEEK_END))
		bail_out("no file");
	*size = ftell(f);
	rewind(f);
	data = malloc(*size);
	if (!data || fread(data, 1, *size, f) != *size)
		bail_out("no file");
	fclose(f);
	return data;
}

/* The byte at @skip behind the metadata key @key. */
static uint8_t *behind(uint8_t *data, size_t size, const char *key, size_t skip)
{
	for (size_t i = 0; i + strlen(key) < size; i++)
		if (!memcmp(data + i, key, strlen(key)))
			return data + i + strlen(key) + skip;
	bail_out(key);
	return NULL;
}

struct damage {
	const char *what, *key, *says;
	size_t skip;
	uint8_t value;
	int ret;
};

/* Behind a key: type 4, then of arrays type 4 and count 8, of strings length 8. */
static const struct damage damages[] = {
	{ "another version", "npu.quant.version", "version", 4, 2, -ENOTSUP },
	{ "no such format", "npu.quant.formats", "format", 16 + 8, 'x', -EINVAL },
	{ "no such tensor", "npu.quant.tensors", "no such tensor", 16 + 8, 'x', -EINVAL },
	{ "other inputs", "npu.quant.inputs", "rows of", 16, 99, -EINVAL },
	{ "no inputs", "npu.quant.inputs", "inputs", 16, 0, -EINVAL },
	{ "too many outliers", "npu.quant.outliers", "outliers", 16, 255, -EINVAL },
	{ "more outliers than the row has", "npu.quant.outliers", "rows of", 16, 1, -EINVAL },
	{ "an outlier that is no input", "npu.quant.outlier_index", "outliers", 16, 200,
	  -EINVAL },
	{ "an input scale that is none", "npu.quant.input_scales", "scale", 16 + 3, 0xff,
	  -EINVAL },
	{ "no list of inputs", "npu.quant.inputs", "inputs is missing", 0, 0, 0 },
};

static void test_damage(uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size);

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const struct damage *d = &damages[i];
		struct npu_gguf *gguf = NULL;
		struct npu_error err = { 0 };
		int ret;

		memcpy(copy, data, size);
		if (d->ret)
			*behind(copy, size, d->key, d->skip) = d->value;
		else
			behind(copy, size, d->key, 0)[-1] = 'z';
		ret = npu_gguf_open_memory("damaged", copy, size, &gguf, &err);
		ok(ret == (d->ret ? d->ret : -EINVAL) && strstr(err.message, d->says), "%s: %s",
		   d->what, err.message);
		npu_gguf_close(gguf);
	}
	free(copy);
}

/* Bits flipped in all that stands before the tensors' data. */
static void test_flips(uint8_t *data, size_t size)
{
	size_t head = behind(data, size, "npu.quant.input_scales", 2000) - data;
	unsigned int opened = 0, flips = 0;

	for (size_t at = 0; at < head && at < size; at += 3) {
		struct npu_gguf *gguf = NULL;

		data[at] ^= 1u << at % 8;
		flips++;
		if (!npu_gguf_open_memory("flipped", data, size, &gguf, NULL)) {
			walk(gguf);
			npu_gguf_close(gguf);
			opened++;
		}
		data[at] ^= 1u << at % 8;
	}
	ok(opened < flips, "%u of %u flipped bits go unnoticed, and do no harm", opened, flips);
}

/* A scale that is no number must not reach the device. */
static void test_bad_scale(const struct npu_gguf *gguf, uint8_t *data, size_t size)
{
	static const struct npu_quant_format automatic;
	const struct npu_gguf_tensor *t = npu_gguf_find_tensor(gguf, "blk.1.ffn_down.weight");
	struct npu_job_image *image;
	struct npu_gguf *bad;
	struct npu_target target;
	struct npu_error err;

	memset(data + t->offset + t->dims[0] + 2, 0xff, 2);
	if (npu_gguf_open_memory("bad scale", data, size, &bad, &err))
		bail_out(err.message);
	npu_target_default(&target);
	ok(npu_compile_llama(bad, &target, &(struct npu_compile_options){ .weights = automatic },
			     &image, &err) == -EINVAL && strstr(err.message, "ffn_down"),
	   "a scale that is no number: %s", err.message);
	npu_gguf_close(bad);
}

static void test_hostile(void)
{
	struct npu_quantize_options options = {
		.format = { .kind = NPU_QUANT_MIXED }, .outlier_threshold = 2.5f, .texts = texts,
		.n_texts = TEXTS,
	};
	struct npu_quantize_report report;
	struct npu_error err = { 0 };
	struct npu_gguf *gguf;
	struct origin o;
	uint8_t *data;
	size_t size;

	origin_open(&o, &shape);
	if (npu_quantize(o.file.gguf, temporary(), &options, &report, &err) ||
	    npu_gguf_open(temporary(), &gguf, &err))
		bail_out(err.message);
	data = read_all(temporary(), &size);
	test_damage(data, size);
	test_flips(data, size);
	for (size_t cut = 1; cut < size; cut = cut * 5 / 4 + 1)
		if (!npu_gguf_open_memory("cut", data, size - cut, &gguf, NULL))
			ok(false, "a file without its last %zu bytes is refused", cut);
	test_bad_scale(gguf, data, size);
	npu_quantize_report_free(&report);
	npu_gguf_close(gguf);
	unlink(temporary());
	free(data);
	origin_close(&o);
}

static void test_options(void)
{
	static const struct {
		const char *what;
		struct npu_quantize_options o;
	} bad[] = {
		{ "GPTQ without a text", { .format = { NPU_QUANT_INT4, 32 }, .gptq = true } },
		{ "mixed without a text", { .format = { .kind = NPU_QUANT_MIXED } } },
		{ "GPTQ with binary16", { .format = { .kind = NPU_QUANT_F16 }, .gptq = true,
					  .texts = texts, .n_texts = 1 } },
		{ "static scales with binary16", { .format = { .kind = NPU_QUANT_F16 },
						   .scales = NPU_SCALES_MSE, .texts = texts,
						   .n_texts = 1 } },
	};
	struct npu_quantize_report report;
	struct npu_error err;
	struct origin o;

	origin_open(&o, &shape);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(npu_quantize(o.file.gguf, temporary(), &bad[i].o, &report, &err) == -EINVAL,
		   "%s: %s", bad[i].what, err.message);
		ok(access(temporary(), F_OK), "  leaves no file");
	}
	ok(npu_quantize(o.file.gguf, "/nowhere/x.gguf",
			&(struct npu_quantize_options){ .format = { .kind = NPU_QUANT_INT8 } },
			&report, &err) == -ENOENT, "a folder that is not there: %s", err.message);
	origin_close(&o);
}

int main(void)
{
	make_texts();
	setenv("NPU_CACHE", "off", 1);
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		test_variant(&variants[i]);
	test_options();
	test_hostile();
	return done_testing();
}
