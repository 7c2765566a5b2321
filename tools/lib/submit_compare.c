// SPDX-License-Identifier: MIT
/* Outputs beside what they should be, to the bit. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <hw/npu_isa.h>

#include "submit.h"

static uint64_t num_elements(const struct npu_job_tensor *tensor)
{
	uint64_t n = 1;

	for (uint32_t i = 0; i < tensor->n_dims; i++)
		n *= tensor->dims[i];
	return n;
}

static void put_element(char *out, size_t out_size, uint32_t type,
			const void *at)
{
	int8_t i8;
	int32_t i32;
	uint16_t bits;
	float f32;

	switch (type) {
	case NPU_TYPE_I8:
		memcpy(&i8, at, sizeof(i8));
		snprintf(out, out_size, "%d", i8);
		break;
	case NPU_TYPE_I32:
		memcpy(&i32, at, sizeof(i32));
		snprintf(out, out_size, "%" PRId32, i32);
		break;
	case NPU_TYPE_F32:
		memcpy(&f32, at, sizeof(f32));
		snprintf(out, out_size, "%.9g", (double)f32);
		break;
	default:
		memcpy(&bits, at, sizeof(bits));
		snprintf(out, out_size, "bits %#06x", bits);
	}
}

static bool compare(const struct npu_instance *instance,
		    struct submit_check *check)
{
	const struct npu_job_tensor *tensor = check->tensor;
	const char *got = npu_job_tensor(instance, tensor->name, NULL);
	const char *want = tensor->expected;
	uint64_t size = npu_job_tensor_size(tensor);
	uint64_t n = num_elements(tensor), element = size / n;

	check->checked = true;
	check->differing = 0;
	if (!memcmp(got, want, size))
		return true;
	for (uint64_t i = 0; i < n; i++) {
		if (!memcmp(got + i * element, want + i * element, element))
			continue;
		if (!check->differing++) {
			check->first = i;
			put_element(check->got, sizeof(check->got),
				    tensor->type, got + i * element);
			put_element(check->want, sizeof(check->want),
				    tensor->type, want + i * element);
		}
	}
	return !check->differing;
}

bool submit_compare(const struct npu_instance *instance,
		    struct submit_report *report)
{
	bool same = true;

	for (uint32_t i = 0; i < report->num_checks; i++)
		same = compare(instance, &report->checks[i]) && same;
	return same;
}
