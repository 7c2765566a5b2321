// SPDX-License-Identifier: MIT
/* Where machines come from: those that are built in, and files. */
#include "profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "npu-profiles.h"

#define BUILTINS	(sizeof(builtin_profiles) / sizeof(builtin_profiles[0]))
#define FILE_MAX	(64u << 10)
#define SUFFIX		".profile"

const char *npu_profile_builtin(size_t i)
{
	return i < BUILTINS ? builtin_profiles[i].name : NULL;
}

static bool is_file(const char *name)
{
	size_t len = strlen(name), suffix = strlen(SUFFIX);

	return strchr(name, '/') ||
	       (len > suffix && !strcmp(name + len - suffix, SUFFIX));
}

/* The file's name without folder and suffix, as far as there is room. */
static void name_after_file(struct npu_profile *profile, const char *file)
{
	const char *base = strrchr(file, '/');
	size_t len;

	base = base ? base + 1 : file;
	len = strlen(base);
	if (is_file(base) && len > strlen(SUFFIX))
		len -= strlen(SUFFIX);
	if (len > sizeof(profile->name))
		len = sizeof(profile->name);
	memset(profile->name, 0, sizeof(profile->name));
	memcpy(profile->name, base, len);
}

/* All of a small text file, or NULL with errno set. */
static char *read_file(const char *name)
{
	FILE *file = fopen(name, "re");
	char *text = malloc(FILE_MAX + 1);
	size_t n;
	int code;

	if (!file || !text) {
		if (file)
			fclose(file);
		free(text);
		return NULL;
	}
	errno = 0;
	n = fread(text, 1, FILE_MAX + 1, file);
	if (!ferror(file) && (n > FILE_MAX || memchr(text, '\0', n)))
		errno = EFBIG;
	code = errno;
	fclose(file);
	if (code) {
		free(text);
		errno = code;
		return NULL;
	}
	text[n] = '\0';
	return text;
}

static bool load_file(const char *name, struct npu_profile *profile, char *error,
		      size_t error_len)
{
	char *text = read_file(name);
	bool good;

	if (!text)
		return npu_complain(error, error_len, "profile %s: %s", name,
				    errno == EFBIG ? "not a profile: too long, or not text" :
						     strerror(errno));
	good = npu_profile_parse(name, text, profile, error, error_len);
	free(text);
	if (good)
		name_after_file(profile, name);
	return good;
}

static bool unknown(const char *name, char *error, size_t error_len)
{
	char names[192] = "";

	for (size_t i = 0; i < BUILTINS; i++) {
		size_t at = strlen(names);

		snprintf(names + at, sizeof(names) - at, "%s%s", i ? ", " : "",
			 builtin_profiles[i].name);
	}
	return npu_complain(error, error_len,
			    "no profile is called '%s': there are %s, and files (with a '/' or '.profile')",
			    name, names);
}

bool npu_profile_load(const char *name, struct npu_profile *profile, char *error,
		      size_t error_len)
{
	if (name && is_file(name))
		return load_file(name, profile, error, error_len);
	for (size_t i = 0; i < BUILTINS; i++) {
		const struct builtin_profile *builtin = &builtin_profiles[i];

		if (name && strcmp(name, builtin->name))
			continue;
		if (!npu_profile_parse(builtin->name, builtin->text, profile,
				       error, error_len))
			return false;
		name_after_file(profile, builtin->name);
		return true;
	}
	return unknown(name, error, error_len);
}
