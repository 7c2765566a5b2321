// SPDX-License-Identifier: MIT
/*
 * Texts that describe a machine: a profile, a configuration, faults on demand.
 * Each is understood, and then within its bounds, or refused with a line that
 * fits. The first byte chooses what the text is taken for.
 */
#include <stdlib.h>

#include "device.h"
#include "fuzz_bytes.h"
#include "profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Short, so that what does not fit shows. */
struct line {
	char text[100], guard[4];
};

static void begin(struct line *line)
{
	memset(line, 0x5a, sizeof(*line));
}

static void check_error(const struct line *line)
{
	fuzz_assert(memchr(line->text, '\0', sizeof(line->text)) && line->text[0]);
	fuzz_assert(!memcmp(line->guard, "ZZZZ", 4));
}

static void profile(const char *text)
{
	struct npu_profile p;
	struct line line;

	begin(&line);
	if (!npu_profile_parse("fuzz", text, &p, line.text, sizeof(line.text))) {
		check_error(&line);
		return;
	}
	fuzz_assert(p.cores >= 1 && p.cores <= NPU_MAX_CORES);
	fuzz_assert(p.sram_size >= NPU_SRAM_MIN && p.sram_size <= NPU_SRAM_MAX);
	fuzz_assert(p.sram_size % NPU_SRAM_MIN == 0 && p.clock_khz && p.array_cols);
	fuzz_assert(p.macs_i8 >= p.array_cols && p.vec_lanes && p.mem_mbps);
	fuzz_assert(memchr(p.description, '\0', sizeof(p.description)));
}

static void config(const char *text)
{
	static struct npu_core npu;
	struct npu_core_config c;
	struct line line;

	begin(&line);
	if (!npu_core_config_parse(&c, text, line.text, sizeof(line.text))) {
		check_error(&line);
		return;
	}
	/* Files are not what this is about. */
	if (!c.profile || (!strchr(c.profile, '/') && !strstr(c.profile, ".profile"))) {
		begin(&line);
		if (!npu_core_choose(&npu, &c, line.text, sizeof(line.text)))
			check_error(&line);
		else
			fuzz_assert(npu.profile.cores && npu.profile.cores <= NPU_MAX_CORES &&
				    npu.profile.sram_size <= NPU_SRAM_MAX &&
				    npu.num_threads && npu.num_threads <= npu.profile.cores);
	}
	npu_core_config_free(&c);
}

static void inject(const char *text)
{
	static struct npu_core npu = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct line line;

	begin(&line);
	memset(&npu.inject, 0, sizeof(npu.inject));
	if (!npu_core_inject(&npu, text, line.text, sizeof(line.text)))
		check_error(&line);
	else
		fuzz_assert(npu.inject.allowed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] % 3 == 0)
		profile(text);
	else if (data[0] % 3 == 1)
		config(text);
	else
		inject(text);
	free(text);
	return 0;
}
