// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>

#include <npu/error.h>

int npu_error_set(struct npu_error *err, int code, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	va_start(args, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, args);
	va_end(args);
	return code;
}
