// SPDX-License-Identifier: MIT
/* Names of weight formats. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <npu/quant.h>

#define DEFAULT_GROUP 64u

static const struct {
	const char *name;
	uint32_t kind, group;
	bool groups, asymmetric;	/* what may follow the name */
} kinds[] = {
	{ "auto", NPU_QUANT_AUTO, 0, false, false },
	{ "f16", NPU_QUANT_F16, 0, false, false },
	{ "int8", NPU_QUANT_INT8, 0, true, false },
	{ "int4", NPU_QUANT_INT4, DEFAULT_GROUP, true, true },
	{ "nf4", NPU_QUANT_NF4, DEFAULT_GROUP, true, false },
	{ "mixed", NPU_QUANT_MIXED, 0, false, false },
};

/* What stands behind a kind's name: "-g64", "-asym". */
static bool parse_rest(const char *rest, size_t i, struct npu_quant_format *f)
{
	static const struct { const char *text; uint32_t group; } groups[] = {
		{ "-g16", 16 }, { "-g32", 32 }, { "-g64", 64 }, { "-g128", 128 },
	};

	for (size_t g = 0; kinds[i].groups && g < sizeof(groups) / sizeof(groups[0]); g++) {
		size_t len = strlen(groups[g].text);

		if (strncmp(rest, groups[g].text, len) || (rest[len] && rest[len] != '-'))
			continue;
		f->group = groups[g].group;
		rest += len;
		break;
	}
	if (f->group == 16 && f->kind != NPU_QUANT_INT8)
		return false;
	if (kinds[i].asymmetric && !strcmp(rest, "-asym")) {
		f->asymmetric = true;
		return true;
	}
	return !*rest;
}

int npu_quant_parse(const char *text, struct npu_quant_format *format,
		    struct npu_error *err)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].name);
		struct npu_quant_format f = {
			.kind = kinds[i].kind, .group = kinds[i].group,
		};

		if (strncmp(text, kinds[i].name, len) || !parse_rest(text + len, i, &f))
			continue;
		*format = f;
		return 0;
	}
	return npu_error_set(err, -EINVAL,
			     "no weight format '%s': there are auto, f16, int8[-g16|-g32|-g64|-g128], int4[-g32|-g64|-g128][-asym], nf4[-g32|-g64|-g128], mixed",
			     text);
}

const char *npu_quant_name(const struct npu_quant_format *format,
			   char name[NPU_QUANT_NAME_LEN])
{
	size_t i = format->kind < sizeof(kinds) / sizeof(kinds[0]) ? format->kind : 0;
	char group[8] = "";

	if (format->group)
		snprintf(group, sizeof(group), "-g%u", format->group % 1000);
	snprintf(name, NPU_QUANT_NAME_LEN, "%s%s%s", kinds[i].name, group,
		 format->asymmetric ? "-asym" : "");
	return name;
}
