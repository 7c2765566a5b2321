// SPDX-License-Identifier: MIT
/* What machine to build, from text: "PROFILE,PROPERTY=VALUE,...". */
#include "device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct complaint {
	char *text;
	size_t len;
};

#define complain(c, ...) npu_complain((c)->text, (c)->len, __VA_ARGS__)

/* A number, with K or M for multiples of 1024. */
static bool parse_number(const char *text, uint32_t *value)
{
	unsigned long long n;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || n > UINT32_MAX)
		return false;
	if (*end == 'K' || *end == 'k')
		n <<= 10, end++;
	else if (*end == 'M' || *end == 'm')
		n <<= 20, end++;
	*value = (uint32_t)n;
	return !*end && n <= UINT32_MAX;
}

static bool set_string(const char **to, const char *value,
		       const struct complaint *c)
{
	free((char *)*to);
	*to = strdup(value);
	return *to || complain(c, "out of memory");
}

static bool set_number(uint32_t *to, const char *name, const char *value,
		       const struct complaint *c)
{
	return parse_number(value, to) ||
	       complain(c, "%s=%s: a number is needed", name, value);
}

static bool set_switch(bool *to, const char *name, const char *value,
		       const struct complaint *c)
{
	*to = !strcmp(value, "on");
	return *to || !strcmp(value, "off") ||
	       complain(c, "%s=%s: 'on' or 'off' is needed", name, value);
}

static bool set_pin(struct npu_core_config *config, const char *value,
		    const struct complaint *c)
{
	bool pin;

	if (!set_switch(&pin, "pin", value, c))
		return false;
	config->no_pin = !pin;
	return true;
}

static bool set(struct npu_core_config *config, const char *name,
		const char *value, const struct complaint *c)
{
	if (!strcmp(name, "profile"))
		return set_string(&config->profile, value, c);
	if (!strcmp(name, "kernels"))
		return set_string(&config->kernels, value, c);
	if (!strcmp(name, "pace"))
		return set_string(&config->pace, value, c);
	if (!strcmp(name, "inject"))
		return set_string(&config->inject, value, c);
	if (!strcmp(name, "hazards"))
		return set_switch(&config->hazards, name, value, c);
	if (!strcmp(name, "cores"))
		return set_number(&config->cores, name, value, c);
	if (!strcmp(name, "sram"))
		return set_number(&config->sram_size, name, value, c);
	if (!strcmp(name, "queues"))
		return set_number(&config->queues, name, value, c);
	if (!strcmp(name, "threads"))
		return set_number(&config->threads, name, value, c);
	if (!strcmp(name, "pin"))
		return set_pin(config, value, c);
	return complain(c, "no property is called '%s': profile, kernels, cores, sram, queues, threads, pin, pace, inject and hazards are",
			name);
}

bool npu_core_config_parse(struct npu_core_config *config, const char *text,
			   char *error, size_t error_len)
{
	const struct complaint c = { error, error_len };
	char *copy = strdup(text), *next = copy, *item;
	bool first = true, good = true;

	memset(config, 0, sizeof(*config));
	if (!copy)
		return complain(&c, "out of memory");
	while (good && next && *next) {
		char *value;

		item = strsep(&next, ",");
		value = strchr(item, '=');
		if (value) {
			*value = '\0';
			good = set(config, item, value + 1, &c);
		} else if (first) {
			good = set(config, "profile", item, &c);
		} else {
			good = complain(&c, "'%s': PROPERTY=VALUE is needed", item);
		}
		first = false;
	}
	free(copy);
	if (!good)
		npu_core_config_free(config);
	return good;
}

void npu_core_config_free(struct npu_core_config *config)
{
	free((char *)config->profile);
	free((char *)config->kernels);
	free((char *)config->pace);
	free((char *)config->inject);
	memset(config, 0, sizeof(*config));
}
