// SPDX-License-Identifier: MIT
/*
 * The other side of the benches of single matrices: ggml, with a thread a processor.
 *
 *	ggml_peer TYPE K N ROWS COUNT THREADS
 *
 * Makes COUNT matrices of N outputs and K inputs of TYPE (q8_0 or q4_0), says for which
 * processor ggml was compiled and which of its layouts is fastest for them, and then for each
 * line of input multiplies ROWS vectors by each matrix and prints the seconds that it took. See
 * bench_peer.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ggml.h>
#include <ggml-alloc.h>
#include <ggml-backend.h>

#define MAX_LAYOUTS 8
#define TRIES 5

/**
 * struct work - the products in one of ggml's layouts of weights
 * @weights: the matrices
 * @graph: all products
 * @name: of the layout
 * @seconds: the best of some runs
 */
struct work {
	struct ggml_context *weights, *context;
	ggml_backend_buffer_t memory;
	struct ggml_cgraph *graph;
	const char *name;
	double seconds;
};

struct shape {
	enum ggml_type type;
	int64_t k, n, rows;
	int count;
};

/* What ggml said last, and which of its variants for kinds of processors it took. */
static char said[256], variant[32] = "native";

static void take_log(enum ggml_log_level level, const char *text, void *unused)
{
	const char *loaded = strstr(text, "loaded CPU backend"), *name;

	(void)level;
	(void)unused;
	snprintf(said, sizeof(said), "%s", text);
	name = loaded ? strstr(loaded, "libggml-cpu-") : NULL;
	if (name)
		sscanf(name + strlen("libggml-cpu-"), "%31[^.]", variant);
}

static void fail(const char *what)
{
	fprintf(stderr, "ggml_peer: %s; ggml's last words: %s\n", what, said);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct ggml_context *context_of(size_t tensors)
{
	struct ggml_init_params params = {
		.mem_size = tensors * ggml_tensor_overhead() + ggml_graph_overhead() + 65536,
		.no_alloc = true,
	};
	struct ggml_context *context = ggml_init(params);

	if (!context)
		fail("no memory");
	return context;
}

static float uniform(void)
{
	static uint32_t seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (float)(seed >> 8) * 0x1p-23f - 1;
}

/* One matrix of noise, quantised by ggml itself. */
static void *make_matrix(const struct shape *s)
{
	size_t row = ggml_row_size(s->type, s->k);
	uint8_t *matrix = malloc(row * (size_t)s->n);
	float *x = malloc((size_t)s->k * sizeof(*x));
	int64_t i, j;

	if (!matrix || !x)
		fail("no memory");
	for (i = 0; i < s->n; i++) {
		for (j = 0; j < s->k; j++)
			x[j] = uniform();
		ggml_quantize_chunk(s->type, x, matrix + (size_t)i * row, 0, 1, s->k, NULL);
	}
	free(x);
	return matrix;
}

static void fill_inputs(struct ggml_tensor *x)
{
	size_t n = (size_t)ggml_nelements(x), i;
	float *data = malloc(n * sizeof(*data));

	if (!data)
		fail("no memory");
	for (i = 0; i < n; i++)
		data[i] = uniform();
	ggml_backend_tensor_set(x, data, 0, n * sizeof(*data));
	free(data);
}

static double run(const struct work *w, ggml_backend_t cpu)
{
	double start = now();

	if (ggml_backend_graph_compute(cpu, w->graph) != GGML_STATUS_SUCCESS)
		fail("ggml could not compute");
	return now() - start;
}

/* Return: whether ggml multiplies by weights of this layout. */
static bool set_up(struct work *w, const struct shape *s, const void *matrix,
		   ggml_backend_t cpu, ggml_backend_buffer_type_t layout)
{
	struct ggml_tensor *weights[64], *x, *y = NULL;
	int i;

	w->name = ggml_backend_buft_name(layout);
	w->weights = context_of((size_t)s->count);
	w->context = context_of((size_t)s->count + 1);
	w->graph = ggml_new_graph(w->context);
	x = ggml_new_tensor_2d(w->context, GGML_TYPE_F32, s->k, s->rows);
	for (i = 0; i < s->count; i++)
		weights[i] = ggml_new_tensor_2d(w->weights, s->type, s->k, s->n);
	w->memory = ggml_backend_alloc_ctx_tensors_from_buft(w->weights, layout);
	if (!w->memory)
		fail("no memory for the weights");
	ggml_backend_buffer_set_usage(w->memory, GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
	for (i = 0; i < s->count; i++) {
		y = ggml_mul_mat(w->context, weights[i], x);
		ggml_build_forward_expand(w->graph, y);
	}
	if (!ggml_backend_supports_op(cpu, y))
		return false;
	for (i = 0; i < s->count; i++)
		ggml_backend_tensor_set(weights[i], matrix, 0, ggml_nbytes(weights[i]));
	if (!ggml_backend_alloc_ctx_tensors(w->context, cpu))
		fail("no memory for the products");
	fill_inputs(x);
	w->seconds = run(w, cpu);
	for (i = 0; i < TRIES; i++) {
		double seconds = run(w, cpu);

		w->seconds = seconds < w->seconds ? seconds : w->seconds;
	}
	return true;
}

static void drop(struct work *w)
{
	ggml_backend_buffer_free(w->memory);
	ggml_free(w->weights);
}

/* The plain layout, and those that ggml repacks weights to for this processor. */
static struct work fastest(const struct shape *s, ggml_backend_t cpu)
{
	ggml_backend_dev_t device = ggml_backend_get_device(cpu);
	ggml_backend_dev_get_extra_bufts_t extra = (ggml_backend_dev_get_extra_bufts_t)
		ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device),
						  "ggml_backend_dev_get_extra_bufts");
	ggml_backend_buffer_type_t plain = ggml_backend_get_default_buffer_type(cpu);
	ggml_backend_buffer_type_t *more = extra ? extra(device) : NULL;
	void *matrix = make_matrix(s);
	struct work best, next;

	if (!set_up(&best, s, matrix, cpu, plain))
		fail("ggml does not multiply by this type");
	for (; more && *more; more++) {
		if (set_up(&next, s, matrix, cpu, *more) && next.seconds < best.seconds) {
			drop(&best);
			best = next;
		} else {
			drop(&next);
		}
	}
	free(matrix);
	return best;
}

static ggml_backend_t open_cpu(int threads)
{
	ggml_backend_set_n_threads_t set_threads;
	ggml_backend_t cpu;

	ggml_log_set(take_log, NULL);
	ggml_backend_load_all();
	cpu = ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, NULL);
	if (!cpu)
		fail("ggml has no backend for this processor");
	set_threads = (ggml_backend_set_n_threads_t)
		ggml_backend_reg_get_proc_address(
			ggml_backend_dev_backend_reg(ggml_backend_get_device(cpu)),
			"ggml_backend_set_n_threads");
	if (!set_threads)
		fail("ggml cannot be told a number of threads");
	set_threads(cpu, threads);
	return cpu;
}

int main(int argc, char **argv)
{
	struct shape s;
	struct work best;
	ggml_backend_t cpu;
	char line[64];

	if (argc != 7) {
		fprintf(stderr, "usage: ggml_peer TYPE K N ROWS COUNT THREADS\n");
		return 2;
	}
	s = (struct shape){ .type = strcmp(argv[1], "q4_0") ? GGML_TYPE_Q8_0 : GGML_TYPE_Q4_0,
			    .k = atoi(argv[2]), .n = atoi(argv[3]), .rows = atoi(argv[4]),
			    .count = atoi(argv[5]) };
	if (s.k < 32 || s.n < 1 || s.rows < 1 || s.count < 1 || s.count > 64 || atoi(argv[6]) < 1) {
		fprintf(stderr, "ggml_peer: such matrices cannot be\n");
		return 2;
	}
	cpu = open_cpu(atoi(argv[6]));
	best = fastest(&s, cpu);
	printf("%s, %s\n", variant, best.name);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("%.9f\n", run(&best, cpu));
		fflush(stdout);
	}
	return 0;
}
