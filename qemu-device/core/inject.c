// SPDX-License-Identifier: MIT
#include "inject.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"

static const char *const names[NPU_INJECT_KINDS] = {
	[NPU_INJECT_LOST_IRQ] = "lost-irq",
	[NPU_INJECT_STUCK_JOB] = "stuck-job",
	[NPU_INJECT_STUCK_QUEUE] = "stuck-queue",
	[NPU_INJECT_STUCK_RESET] = "stuck-reset",
	[NPU_INJECT_COMPLETION] = "completion",
	[NPU_INJECT_DMA] = "dma",
};

bool npu_inject_now(struct npu_core *npu, enum npu_inject_kind kind)
{
	uint32_t *left = &npu->inject.countdown[kind];

	return *left && !--*left;
}

uint32_t npu_inject_read(const struct npu_core *npu)
{
	uint32_t value = npu->inject.allowed ? NPU_INJECT_ALLOWED : 0;

	for (unsigned int i = 0; i < NPU_INJECT_KINDS; i++)
		value |= (uint32_t)!!npu->inject.countdown[i] << i;
	return value;
}

void npu_inject_write(struct npu_core *npu, uint32_t value)
{
	if (!npu->inject.allowed)
		return;
	for (unsigned int i = 0; i < NPU_INJECT_KINDS; i++)
		if (value >> i & 1)
			npu->inject.countdown[i] = 1;
}

static bool bad_name(const char *name, char *error, size_t error_len)
{
	return npu_complain(error, error_len,
			    "inject=%.40s: no fault is called that: on, lost-irq, stuck-job, stuck-queue, stuck-reset, completion and dma are, with @N for the N-th occasion, joined by '+'",
			    name);
}

static bool parse_item(char *item, struct npu_inject *inject, char *error,
		       size_t error_len)
{
	char *at = strchr(item, '@'), *end = at;
	unsigned long n = 1;

	if (!strcmp(item, "on"))
		return true;
	if (at) {
		*at = '\0';
		n = strtoul(at + 1, &end, 10);
		if (at[1] < '0' || at[1] > '9' || *end || !n || n > UINT32_MAX)
			return npu_complain(error, error_len,
					    "inject=%.40s@%.20s: a number from 1 on is needed",
					    item, at + 1);
	}
	for (unsigned int i = 0; i < NPU_INJECT_KINDS; i++)
		if (!strcmp(item, names[i])) {
			inject->countdown[i] = (uint32_t)n;
			return true;
		}
	return bad_name(item, error, error_len);
}

bool npu_core_inject(struct npu_core *npu, const char *faults, char *error,
		     size_t error_len)
{
	struct npu_inject inject = { .allowed = true };
	char *copy = strdup(faults), *next = copy, *item;
	bool good = true;

	if (!copy)
		return npu_complain(error, error_len, "out of memory");
	while (good && (item = strsep(&next, "+")))
		good = parse_item(item, &inject, error, error_len);
	free(copy);
	if (!good)
		return false;
	pthread_mutex_lock(&npu->lock);
	npu->inject.allowed = true;
	for (unsigned int i = 0; i < NPU_INJECT_KINDS; i++)
		if (inject.countdown[i])
			npu->inject.countdown[i] = inject.countdown[i];
	pthread_mutex_unlock(&npu->lock);
	return true;
}
