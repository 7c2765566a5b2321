// SPDX-License-Identifier: MIT
#include "device.h"

#include <stdarg.h>
#include <stdio.h>

bool npu_complain(char *text, size_t len, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (len)
		vsnprintf(text, len, fmt, args);
	va_end(args);
	return false;
}
