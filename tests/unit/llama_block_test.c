// SPDX-License-Identifier: MIT
/*
 * One transformer block of the trained model as a job file: real activations
 * in, expected output from the replay (scalar kernels), checked on the device
 * core and against plain float sums. Leaves the file beside this program, for
 * npu-submit to run on a device.
 */
#include <libgen.h>
#include <math.h>

#include "llama_ref.h"
#include "loaded.h"
#include "real_model.h"
#include "replay.h"
#include "rig.h"
#include "tap.h"

#define TOKENS 32
#define LAYER 0

static const char text[] =
	"In the beginning God created the heaven and the earth. And the earth was without "
	"form, and void; and darkness was upon the face of the deep. And the Spirit of God "
	"moved upon the face of the waters.";

/* The embeddings of a text: what block 0 sees in a run of the model. */
static float *make_input(const struct real_model *real)
{
	uint32_t d = real->model->config.d_model;
	float *x = calloc(TOKENS * d, sizeof(*x));
	size_t n = TOKENS;
	uint32_t *ids = real_model_encode(real, text, &n);

	if (n != TOKENS)
		bail_out("the text is too short");
	for (size_t i = 0; i < n; i++)
		npu_gguf_tensor_row(real->model->token_embd, ids[i], x + i * d);
	free(ids);
	return x;
}

static float *floats(const struct npu_gguf_tensor *t)
{
	float *f = calloc(t->rows * t->dims[0], sizeof(*f));

	for (uint64_t i = 0; i < t->rows; i++)
		npu_gguf_tensor_row(t, i, f + i * t->dims[0]);
	return f;
}

/* out[token] = matrix * x[token] */
static void layer(const struct npu_gguf_tensor *t, const float *x, float *out)
{
	float *w = floats(t);

	for (int i = 0; i < TOKENS; i++)
		llama_ref_matvec(out + i * t->rows, w, x + i * t->dims[0], t->rows, t->dims[0]);
	free(w);
}

static void norm(const struct npu_gguf_tensor *t, const struct npu_model_config *c,
		 const float *x, float *out)
{
	float *w = floats(t);

	for (int i = 0; i < TOKENS; i++)
		llama_ref_rmsnorm(out + i * c->d_model, x + i * c->d_model, w, c->d_model,
				  c->norm_eps);
	free(w);
}

static void rotate(const struct npu_model_config *c, float *x, uint32_t heads)
{
	float cosines[512], sines[512];

	for (uint32_t i = 0; i < TOKENS; i++) {
		llama_ref_angles(cosines, sines, c->rope_dims, i, c->rope_config.base);
		for (uint32_t h = 0; h < heads; h++)
			llama_ref_rope(x + (i * heads + h) * c->head_dim, c->rope_dims,
				       cosines, sines);
	}
}

static void attend(const struct npu_model_config *c, const float *q, const float *k,
		   const float *v, float *out)
{
	uint32_t hd = c->head_dim, group = c->heads / c->kv_heads;
	float score[TOKENS];

	for (uint32_t i = 0; i < TOKENS; i++)
		for (uint32_t h = 0; h < c->heads; h++) {
			const float *qh = q + (i * c->heads + h) * hd;
			float *o = out + (i * c->heads + h) * hd;

			for (uint32_t t = 0; t <= i; t++) {
				llama_ref_matvec(&score[t], k + (t * c->kv_heads + h / group) * hd,
						 qh, 1, hd);
				score[t] /= sqrtf(hd);
			}
			llama_ref_softmax(score, i + 1);
			memset(o, 0, hd * sizeof(*o));
			for (uint32_t t = 0; t <= i; t++)
				for (uint32_t e = 0; e < hd; e++)
					o[e] += score[t] *
						v[(t * c->kv_heads + h / group) * hd + e];
		}
}

/* The block as the paper has it, without a cache. */
static float *reference(const struct real_model *real, const float *x)
{
	const struct npu_model_layer *w = &real->model->layer[LAYER];
	const struct npu_model_config *c = &real->model->config;
	size_t most = c->d_model + c->ffn + c->heads * c->head_dim;
	float *s[6];

	for (int i = 0; i < 6; i++)
		s[i] = calloc(TOKENS * most, sizeof(float));
	norm(w->attn_norm, c, x, s[0]);
	layer(w->attn_q, s[0], s[1]);
	layer(w->attn_k, s[0], s[2]);
	layer(w->attn_v, s[0], s[3]);
	rotate(c, s[1], c->heads);
	rotate(c, s[2], c->kv_heads);
	attend(c, s[1], s[2], s[3], s[4]);
	layer(w->attn_output, s[4], s[5]);
	for (size_t i = 0; i < TOKENS * c->d_model; i++)
		s[5][i] += x[i];
	norm(w->ffn_norm, c, s[5], s[0]);
	layer(w->ffn_gate, s[0], s[1]);
	layer(w->ffn_up, s[0], s[2]);
	for (size_t i = 0; i < TOKENS * c->ffn; i++)
		s[1][i] = s[1][i] / (1 + expf(-s[1][i])) * s[2][i];
	layer(w->ffn_down, s[1], s[3]);
	for (size_t i = 0; i < TOKENS * c->d_model; i++)
		s[5][i] += s[3][i];
	for (int i = 0; i < 5; i++)
		free(s[i]);
	return s[5];
}

static struct npu_job_tensor *tensor_of(struct npu_job_image *image, const char *name)
{
	struct npu_job_tensor *t = npu_job_image_tensor(image, name);

	if (!t)
		bail_out("the block lacks a tensor");
	return t;
}

/* The image starts with the input in memory, so that a run needs nothing else. */
static void put_input(struct npu_job_image *image, const float *x, size_t size)
{
	const struct npu_job_tensor *t = tensor_of(image, "x");

	for (uint32_t i = 0; i < image->n_segments; i++) {
		struct npu_job_segment *s = &image->segments[i];
		uint8_t *data;

		if (t->va < s->va || t->va - s->va >= s->size)
			continue;
		data = calloc(1, s->size);
		memcpy(data + (t->va - s->va), x, size);
		s->data = data;
		s->data_size = s->size;
		return;
	}
	bail_out("the input lies nowhere");
}

/* Expected output: what the replay computes. */
static void put_expected(struct npu_job_image *image, size_t size)
{
	struct replay r;
	void *copy = malloc(size);

	replay_new(&r, image, 2);
	ok(replay_run(&r, 0, image->programs[0].args), "the block has no race on 2 cores");
	if (r.problem[0])
		diag("%s", r.problem);
	memcpy(copy, replay_tensor(&r, "y"), size);
	tensor_of(image, "y")->expected = copy;
	replay_free(&r);
}

static void run_file(const char *path, const float *want, size_t n)
{
	static const struct npu_core_config config = { .cores = 2, .sram_size = 1 << 20,
						       .threads = 2 };
	struct npu_job_image *image;
	struct npu_completion done;
	struct npu_error err;
	struct loaded l;
	double cosine;

	if (!ok(!npu_job_image_read(path, &image, &err), "%s reads back", path)) {
		diag("%s", err.message);
		return;
	}
	l = loaded_new(&config, image);
	for (int i = 0; i < 2; i++) {
		ok(loaded_run(&l, "block", 0, image->programs[0].args, &done), "it runs");
		ok(!memcmp(loaded_tensor(&l, "y"), tensor_of(image, "y")->expected,
			   n * sizeof(float)), "output as expected, to the bit");
	}
	cosine = rig_cosine(loaded_tensor(&l, "y"), want, n);
	ok(cosine >= 0.999, "cosine to plain float sums %.6f", cosine);
	diag("%llu cycles, %llu bytes read, %llu MACs",
	     (unsigned long long)done.counters[NPU_CNT_CYCLES],
	     (unsigned long long)done.counters[NPU_CNT_MEM_READ],
	     (unsigned long long)(done.counters[NPU_CNT_MACS_I8] +
				  done.counters[NPU_CNT_MACS_F16]));
	loaded_free(&l);
	npu_job_image_free(image);
}

int main(int argc, char **argv)
{
	const struct npu_compile_options options = { .chunk = TOKENS };
	struct npu_job_image *image;
	struct real_model real;
	struct npu_target target;
	struct npu_error err;
	char path[512];
	float *x, *want;
	size_t n;

	(void)argc;
	real_model_open(&real);
	snprintf(path, sizeof(path), "%.400s/llama_block.bin", dirname(argv[0]));
	x = make_input(&real);
	want = reference(&real, x);
	n = (size_t)TOKENS * real.model->config.d_model;
	npu_target_default(&target);
	if (npu_compile_llama_block(real.gguf, LAYER, &target, &options, &image, &err))
		bail_out(err.message);
	put_input(image, x, n * sizeof(float));
	put_expected(image, n * sizeof(float));
	ok(!npu_job_image_write(image, path, &err), "the job file is written");
	npu_job_image_free(image);
	run_file(path, want, n);
	free(x);
	free(want);
	real_model_close(&real);
	return done_testing();
}
