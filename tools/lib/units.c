// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>

#include "units.h"

const char *units_bytes(uint64_t bytes, char out[UNITS_LEN])
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = bytes;
	unsigned int i = 0;

	while (value >= 1024 && i < 6) {
		value /= 1024;
		i++;
	}
	snprintf(out, UNITS_LEN, i ? "%.1f %s" : "%.0f %s", value, names[i]);
	return out;
}

/* Of what is below one thousandth of a unit the next smaller one is used. */
static const char *small(double value, const char *unit, char out[UNITS_LEN])
{
	static const char *const prefixes[] = { "", "m", "u", "n", "p" };
	unsigned int i = 0;

	while (value && value < 1 && i < 4) {
		value *= 1000;
		i++;
	}
	snprintf(out, UNITS_LEN, "%.3g %s%s", value, prefixes[i], unit);
	if (value >= 999.5)
		snprintf(out, UNITS_LEN, "%.0f %s%s", value, prefixes[i], unit);
	return out;
}

const char *units_seconds(double seconds, char out[UNITS_LEN])
{
	return small(seconds, "s", out);
}

const char *units_joules(double joules, char out[UNITS_LEN])
{
	return small(joules, "J", out);
}

const char *units_number(double number, char out[UNITS_LEN])
{
	static const char *const prefixes[] = { "", " k", " M", " G", " T", " P", " E" };
	unsigned int i = 0;

	while (number >= 1000 && i < 6) {
		number /= 1000;
		i++;
	}
	snprintf(out, UNITS_LEN, i ? "%.2f%s" : "%.0f%s", number, prefixes[i]);
	return out;
}
