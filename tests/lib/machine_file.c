// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine_file.h"
#include "tap.h"

static bool is_line_of(const char *line, const char *key)
{
	size_t len = strlen(key);

	return !strncmp(line, key, len) && (line[len] == ' ' || line[len] == '=');
}

static unsigned int copy(FILE *from, FILE *to, const char *key, const char *value)
{
	unsigned int changed = 0;
	char line[256];

	while (fgets(line, sizeof(line), from)) {
		if (!key || !is_line_of(line, key)) {
			fputs(line, to);
			continue;
		}
		fprintf(to, "%s = %s\n", key, value);
		changed++;
	}
	return changed;
}

void machine_file(const char *base, const char *key, const char *value, char *path, size_t len)
{
	FILE *from, *to;
	int fd;

	snprintf(path, len, "qemu-device/profiles/%s.profile", base);
	from = fopen(path, "r");
	if (!from)
		bail_out(path);
	snprintf(path, len, "/tmp/npu-XXXXXX.profile");
	fd = mkstemps(path, strlen(".profile"));
	to = fd < 0 ? NULL : fdopen(fd, "w");
	if (!to)
		bail_out(path);
	if (copy(from, to, key, value) != (key ? 1 : 0))
		bail_out(key);
	fclose(from);
	if (fclose(to))
		bail_out(path);
}
