// SPDX-License-Identifier: MIT
/* KEY = VALUE lines that describe a machine: qemu-device/profiles/edge.profile. */
#include "profile.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"

enum kind {
	COUNT,		/* a whole number */
	SIZE,		/* bytes, with K, M or G */
	MILLI,		/* up to three decimals, kept in thousandths */
};

struct key {
	const char *name;
	enum kind kind;
	size_t offset;
	bool wide;	/* 64 bits */
	uint64_t min, max;
};

#define KEY(name, kind, field, min, max) \
	{ name, kind, offsetof(struct npu_profile, field), \
	  sizeof(((struct npu_profile *)0)->field) == 8, min, max }

#define RATE_MAX	(1u << 24)
#define BURST_MAX	4096	/* a page */
#define WORD_MAX	4096
#define WAIT_MAX	1000000000	/* cycles */
#define ENERGY_MAX	1000000000ull	/* fJ: a microjoule */

static const struct key keys[] = {
	KEY("cores", COUNT, cores, 1, NPU_MAX_CORES),
	KEY("sram", SIZE, sram_size, NPU_SRAM_MIN, NPU_SRAM_MAX),
	KEY("clock_mhz", MILLI, clock_khz, 1000, 100000000),
	KEY("memory_gbps", MILLI, mem_mbps, 1, 1000000000000ull),
	KEY("memory_latency", COUNT, mem_latency, 0, 1000000),
	KEY("memory_burst", COUNT, mem_burst, 1, BURST_MAX),
	KEY("memory_size", SIZE, mem_size, 1 << 20, 1ull << 50),
	KEY("sram_banks", COUNT, sram_banks, 1, RATE_MAX),
	KEY("sram_bank_bytes", COUNT, sram_bank_bytes, 1, WORD_MAX),
	KEY("queue_cycles", COUNT, queue_cycles, 0, WAIT_MAX),
	KEY("interrupt_cycles", COUNT, irq_cycles, 0, WAIT_MAX),
	KEY("array_columns", COUNT, array_cols, 1, 4096),
	KEY("macs_int8", COUNT, macs_i8, 1, RATE_MAX),
	KEY("macs_int4", COUNT, macs_i4, 1, RATE_MAX),
	KEY("macs_fp16", COUNT, macs_f16, 1, RATE_MAX),
	KEY("vector_lanes", COUNT, vec_lanes, 1, RATE_MAX),
	KEY("pj_mac_int8", MILLI, fj_mac_i8, 0, ENERGY_MAX),
	KEY("pj_mac_int4", MILLI, fj_mac_i4, 0, ENERGY_MAX),
	KEY("pj_mac_fp16", MILLI, fj_mac_f16, 0, ENERGY_MAX),
	KEY("pj_vector", MILLI, fj_vec_op, 0, ENERGY_MAX),
	KEY("pj_sram_byte", MILLI, fj_sram_byte, 0, ENERGY_MAX),
	KEY("pj_memory_byte", MILLI, fj_mem_byte, 0, ENERGY_MAX),
	KEY("idle_watts", MILLI, idle_mw, 0, 1000000000),
	KEY("watts", MILLI, max_mw, 1, 1000000000),
};

#define NUM_KEYS	(sizeof(keys) / sizeof(keys[0]))

/**
 * struct parser - where a line is wrong
 * @where: name of the file
 * @line: number of the line
 * @seen: keys so far, a bit each
 * @error: receives what is wrong
 * @error_len: bytes at @error
 */
struct parser {
	const char *where;
	unsigned int line;
	uint32_t seen;
	char *error;
	size_t error_len;
};

#define wrong(p, fmt, ...) \
	npu_complain((p)->error, (p)->error_len, "profile %s: line %u: " fmt, \
		     (p)->where, (p)->line, __VA_ARGS__)

static bool digit(char **at, uint64_t *value)
{
	if (**at < '0' || **at > '9' || *value > UINT64_MAX / 10 - 1)
		return false;
	*value = *value * 10 + (uint64_t)(*(*at)++ - '0');
	return true;
}

/* @kind decides what may follow the digits. */
static bool parse_value(char *at, enum kind kind, uint64_t *value)
{
	static const char units[] = "KMG";
	unsigned int decimals = 0, shift = 0;
	const char *unit;

	*value = 0;
	if (!digit(&at, value))
		return false;
	while (digit(&at, value))
		;
	if (kind == MILLI) {
		if (*at == '.')
			for (at++; decimals < 3 && digit(&at, value); decimals++)
				;
		for (; decimals < 3; decimals++)
			if (__builtin_mul_overflow(*value, 10, value))
				return false;
	}
	unit = kind == SIZE && *at ? strchr(units, *at) : NULL;
	if (unit) {
		shift = 10 * (unsigned int)(unit - units + 1);
		at++;
	}
	if (*at || *value >> (63 - shift))
		return false;
	*value <<= shift;
	return true;
}

/* Bounds as the file would write them. */
static bool out_of_bounds(const struct parser *p, const struct key *key)
{
	unsigned int unit = key->kind == MILLI ? 1000 : 1;

	return wrong(p, "%s is out of bounds: from %llu%s to %llu", key->name,
		     (unsigned long long)key->min / unit,
		     key->min % unit ? ".001" : "",
		     (unsigned long long)key->max / unit);
}

static bool set_number(struct parser *p, struct npu_profile *profile,
		       const struct key *key, char *text)
{
	char *at = (char *)profile + key->offset;
	uint64_t value;
	uint32_t narrow;

	if (!parse_value(text, key->kind, &value))
		return wrong(p, "%s = %s: not a number%s", key->name, text,
			     key->kind == COUNT ? " without decimals" : "");
	if (value < key->min || value > key->max)
		return out_of_bounds(p, key);
	narrow = (uint32_t)value;
	if (key->wide)
		memcpy(at, &value, sizeof(value));
	else
		memcpy(at, &narrow, sizeof(narrow));
	return true;
}

static bool set_description(struct parser *p, struct npu_profile *profile,
			    const char *text)
{
	size_t len = strlen(text);

	if (len < 2 || text[0] != '"' || text[len - 1] != '"')
		return wrong(p, "description = %s: not in quotation marks", text);
	if (len - 2 >= sizeof(profile->description))
		return wrong(p, "the description is longer than %zu characters",
			     sizeof(profile->description) - 1);
	memset(profile->description, 0, sizeof(profile->description));
	memcpy(profile->description, text + 1, len - 2);
	return true;
}

static bool set(struct parser *p, struct npu_profile *profile, const char *name,
		char *value)
{
	if (!strcmp(name, "description"))
		return set_description(p, profile, value);
	for (size_t i = 0; i < NUM_KEYS; i++) {
		if (strcmp(name, keys[i].name))
			continue;
		if (p->seen & 1u << i)
			return wrong(p, "%s is there twice", name);
		p->seen |= 1u << i;
		return set_number(p, profile, &keys[i], value);
	}
	return wrong(p, "'%s' is no property of a machine", name);
}

/* Without blanks at both ends. */
static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r", end[-1]))
		end--;
	*end = '\0';
	return text;
}

static bool parse_line(struct parser *p, struct npu_profile *profile, char *line)
{
	char *value;

	line[strcspn(line, "#")] = '\0';
	line = trim(line);
	if (!*line)
		return true;
	value = strchr(line, '=');
	if (!value)
		return wrong(p, "'%.40s': KEY = VALUE is needed", line);
	*value = '\0';
	return set(p, profile, trim(line), trim(value + 1));
}

/* What lines cannot say one by one. */
static bool check(struct parser *p, struct npu_profile *m)
{
	unsigned __int128 fj = m->idle_mw;
	uint64_t least = m->macs_i8;

	for (size_t i = 0; i < NUM_KEYS; i++)
		if (!(p->seen & 1u << i))
			return wrong(p, "the file ends without '%s'", keys[i].name);
	if (m->macs_i4 < least)
		least = m->macs_i4;
	if (m->macs_f16 < least)
		least = m->macs_f16;
	if (least < m->array_cols)
		return wrong(p, "array_columns = %u: fewer MACs than columns",
			     m->array_cols);
	if (m->mem_burst & (m->mem_burst - 1))
		return wrong(p, "memory_burst = %u: not a power of two",
			     m->mem_burst);
	if (m->sram_size % NPU_SRAM_MIN)
		return wrong(p, "sram = %u: not a multiple of %u", m->sram_size,
			     NPU_SRAM_MIN);
	/* Milliwatts over a clock in kHz: 10^9 femtojoules a cycle. */
	fj = fj * 1000000000 / m->cores / m->clock_khz;
	if (fj > UINT32_MAX)
		return wrong(p, "idle_watts: too much for %u cores at this clock",
			     m->cores);
	m->fj_cycle = (uint32_t)fj;
	return true;
}

bool npu_profile_parse(const char *where, const char *text,
		       struct npu_profile *profile, char *error,
		       size_t error_len)
{
	struct parser p = {
		.where = where, .error = error, .error_len = error_len,
	};
	char *copy = strdup(text), *next = copy, *line;
	bool good = true;

	memset(profile, 0, sizeof(*profile));
	if (!copy)
		return npu_complain(error, error_len, "out of memory");
	while (good && (line = strsep(&next, "\n"))) {
		p.line++;
		good = parse_line(&p, profile, line);
	}
	free(copy);
	return good && check(&p, profile);
}
