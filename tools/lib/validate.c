// SPDX-License-Identifier: MIT
/* The order of the self-test's checks, and how they are told. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "json.h"
#include "validate.h"

enum validate_result validate_say(struct validate *v, enum validate_result result,
				  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(v->detail, sizeof(v->detail), format, args);
	va_end(args);
	return result;
}

/* Who may not open it, or speaks another version, has found it. */
static enum validate_result check_node(struct validate *v)
{
	switch (v->opened) {
	case 0:
		return validate_say(v, VALIDATE_OK, "%s", npu_device_path(v->device));
	case -EACCES:
	case -EPERM:
	case -EPROTO:
		return validate_say(v, VALIDATE_OK, "there is one");
	default:
		return validate_say(v, VALIDATE_FAILED, "%s", v->err.message);
	}
}

static enum validate_result check_permission(struct validate *v)
{
	if (v->opened == -EPROTO || !v->opened)
		return validate_say(v, VALIDATE_OK, "open for reading and writing");
	return validate_say(v, VALIDATE_FAILED, "%s", v->err.message);
}

static enum validate_result check_versions(struct validate *v)
{
	if (v->opened)
		return validate_say(v, VALIDATE_FAILED, "%s", v->err.message);
	return validate_versions(npu_device_info(v->device), validate_in_process(v), v->detail);
}

/**
 * struct check - one line of the self-test
 * @needed: if it fails the checks behind it make no sense
 */
struct check {
	const char *name;
	enum validate_result (*run)(struct validate *v);
	bool needed;
};

static const struct check checks[] = {
	{ "node", check_node, true },
	{ "permission", check_permission, true },
	{ "versions", check_versions, true },
	{ "memory", validate_memory, true },
	{ "mmu", validate_mmu, false },
	{ "matrix", validate_matrix, false },
	{ "interrupt", validate_interrupt, false },
	{ "timeout", validate_timeout, false },
	{ "reset", validate_reset, false },
};

static void tell(const struct check *check, enum validate_result result, const char *detail,
		 struct json *json)
{
	static const char *const words[] = {
		[VALIDATE_OK] = "ok", [VALIDATE_FAILED] = "failed", [VALIDATE_SKIPPED] = "skipped",
	};

	if (json) {
		json_object(json, NULL);
		json_string(json, "name", check->name);
		json_string(json, "result", words[result]);
		json_string(json, "detail", detail);
		json_close_object(json);
	} else {
		printf("%-10s  %-7s  %s\n", check->name, words[result], detail);
	}
	fflush(stdout);
}

/* Return: number of checks that failed. */
static unsigned int run_checks(struct validate *v, struct json *json)
{
	const struct check *missing = NULL;
	unsigned int failed = 0;

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		const struct check *check = &checks[i];
		enum validate_result result;

		if (missing)
			result = validate_say(v, VALIDATE_SKIPPED, "needs '%s'", missing->name);
		else
			result = check->run(v);
		failed += result == VALIDATE_FAILED;
		if (result == VALIDATE_FAILED && check->needed)
			missing = check;
		tell(check, result, v->detail, json);
	}
	return failed;
}

enum exit_status validate_run(const char *path, bool json)
{
	struct json out = { 0 };
	struct validate v = { 0 };
	unsigned int failed;

	v.opened = npu_device_open(path, &v.device, &v.err);
	if (json) {
		json_object(&out, NULL);
		if (v.device)
			json_string(&out, "device", npu_device_path(v.device));
		json_array(&out, "checks");
	}
	failed = run_checks(&v, json ? &out : NULL);
	if (json) {
		json_close_array(&out);
		json_bool(&out, "ok", !failed);
		json_close_object(&out);
	} else if (failed) {
		printf("%u check%s failed\n", failed, failed == 1 ? "" : "s");
	} else {
		puts("the NPU works");
	}
	npu_device_close(v.device);
	return failed ? STATUS_FAILED : STATUS_OK;
}
