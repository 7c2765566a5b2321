// SPDX-License-Identifier: MIT
/*
 * An own network on the NPU: a graph of operators, compiled, loaded and run.
 *
 *	y = softmax(W2 relu(W1 x + b1))
 *
 * says for points of the plane whether they lie within or outside the circle
 * of radius 1, or nearly: an octagon does for a circle here.
 *
 *	cc graph.c -o graph $(pkg-config --cflags --libs npu) -lm
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <npu/graph.h>
#include <npu/npu.h>

#define HIDDEN 8
#define POINTS 5

/* How far a point is in each of eight directions; the largest tells the radius. */
static void make_weights(float w1[HIDDEN][2], float b1[HIDDEN], float w2[2][HIDDEN])
{
	for (int i = 0; i < HIDDEN; i++) {
		w1[i][0] = cosf(i * (float)M_PI / 4);
		w1[i][1] = sinf(i * (float)M_PI / 4);
		b1[i] = -0.7f;
		w2[0][i] = -10;	/* inside: no direction is far */
		w2[1][i] = 10;	/* outside */
	}
}

static struct npu_graph *make_graph(float w1[HIDDEN][2], float b1[HIDDEN],
				    float w2[2][HIDDEN], const float b2[2])
{
	struct npu_tensor *x, *y, *hidden, *out;
	struct npu_graph *g;

	if (npu_graph_create(&g, NULL))
		return NULL;
	x = npu_graph_input(g, "x", NPU_TYPE_F32, NPU_SHAPE(NPU_ROWS, 2));
	hidden = npu_graph_linear(g, "hidden", x,
				  npu_graph_constant(g, "w1", &w1[0][0], NPU_SHAPE(HIDDEN, 2)),
				  npu_graph_constant(g, "b1", b1, NPU_SHAPE(HIDDEN)),
				  NPU_ACT_RELU);
	out = npu_graph_linear(g, "out", hidden,
			       npu_graph_constant(g, "w2", &w2[0][0], NPU_SHAPE(2, HIDDEN)),
			       npu_graph_constant(g, "b2", b2, NPU_SHAPE(2)), NPU_ACT_NONE);
	y = npu_graph_softmax(g, "softmax", out, 1);
	npu_graph_output(g, "y", y);
	return g;
}

/* Compile for the device that is there, and load what comes of it. */
static int prepare(struct npu_device *device, struct npu_graph *g,
		   struct npu_instance **instance, struct npu_error *err)
{
	const struct npu_graph_options options = { .rows = 64 };
	struct npu_job_image *image;
	struct npu_target target;
	int ret;

	npu_target_of(npu_device_info(device), &target);
	ret = npu_graph_compile(g, &target, &options, &image, err);
	if (ret)
		return ret;
	ret = npu_job_load(device, image, NULL, instance, err);
	npu_job_image_free(image);
	return ret;
}

static int classify(struct npu_instance *instance, struct npu_error *err)
{
	static const float points[POINTS][2] = {
		{ 0, 0 }, { 0.3f, -0.4f }, { 1.5f, 0 }, { -0.9f, 1.2f }, { 0, -3 },
	};
	/* position of the first row, number of rows, last rows, slot of the cache */
	const uint64_t args[] = { 0, POINTS, 0, 0 };
	const float *y = npu_job_tensor(instance, "y", NULL);
	struct npu_job_stats stats;
	int ret;

	memcpy(npu_job_tensor(instance, "x", NULL), points, sizeof(points));
	ret = npu_job_run(instance, 0, args, &stats, err);
	for (int i = 0; !ret && i < POINTS; i++)
		printf("(%g, %g) is %s\n", points[i][0], points[i][1],
		       y[2 * i] > y[2 * i + 1] ? "inside" : "outside");
	return ret;
}

int main(void)
{
	float w1[HIDDEN][2], b1[HIDDEN], w2[2][HIDDEN];
	const float b2[2] = { 5, -5 };
	struct npu_instance *instance = NULL;
	struct npu_device *device;
	struct npu_error err;
	struct npu_graph *g;
	int ret;

	make_weights(w1, b1, w2);
	g = make_graph(w1, b1, w2, b2);
	ret = npu_device_open(NULL, &device, &err);
	if (ret) {
		npu_graph_destroy(g);
		return fprintf(stderr, "%s\n", err.message), 1;
	}
	ret = prepare(device, g, &instance, &err);
	if (!ret)
		ret = classify(instance, &err);
	if (ret)
		fprintf(stderr, "%s\n", err.message);
	npu_job_unload(instance);
	npu_device_close(device);
	npu_graph_destroy(g);
	return !!ret;
}
