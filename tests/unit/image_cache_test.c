// SPDX-License-Identifier: MIT
/* The cache of compiled models: found again, never stale, never trusted, bounded. */
#define _GNU_SOURCE	/* nftw() */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <npu/image_cache.h>

#include "tap.h"
#include "tiny_model.h"

/* A model in memory. */
struct subject {
	struct builder b;
	struct exact file;
};

static void subject_open(struct subject *s, uint32_t seed)
{
	struct tiny t = tiny_default;

	t.seed = seed;
	tiny_build(&s->b, &t);
	s->file = open_exact(s->b.file.data, s->b.file.size);
	if (s->file.ret)
		bail_out("no model");
}

static void subject_close(struct subject *s)
{
	close_exact(&s->file);
	builder_free(&s->b);
}

static char directory[PATH_MAX];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static struct npu_image_cache *open_cache(const char *name, uint64_t max)
{
	char path[PATH_MAX + 16];
	struct npu_error err = { 0 };
	struct npu_image_cache *cache;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (npu_image_cache_open(path, max, &cache, &err)) {
		diag("%s", err.message);
		bail_out("no cache");
	}
	return cache;
}

/* The only entry of a cache, or "" when there is not exactly one. */
static const char *entry(const struct npu_image_cache *cache)
{
	static char path[PATH_MAX];
	char pattern[PATH_MAX + 16];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*", npu_image_cache_directory(cache));
	path[0] = '\0';
	if (!glob(pattern, 0, NULL, &found) && found.gl_pathc == 1)
		snprintf(path, sizeof(path), "%s", found.gl_pathv[0]);
	globfree(&found);
	return path;
}

static int count(const struct npu_image_cache *cache)
{
	char pattern[PATH_MAX + 16];
	glob_t found;
	int n;

	snprintf(pattern, sizeof(pattern), "%s/*", npu_image_cache_directory(cache));
	n = glob(pattern, 0, NULL, &found) ? 0 : (int)found.gl_pathc;
	globfree(&found);
	return n;
}

/*
 * As if none had been read for long: clocks of file systems are too coarse to
 * tell the steps of a test apart.
 */
static void age(const struct npu_image_cache *cache)
{
	static const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	char pattern[PATH_MAX + 16];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*", npu_image_cache_directory(cache));
	if (!glob(pattern, 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++)
			utimensat(AT_FDCWD, found.gl_pathv[i], old, 0);
	globfree(&found);
}

static struct npu_job_image *compile(struct npu_image_cache *cache, const struct subject *s,
				     uint32_t chunk, struct npu_image_cache_outcome *outcome)
{
	struct npu_compile_options options = { .chunk = chunk };
	struct npu_job_image *image = NULL;
	struct npu_error err = { 0 };
	struct npu_target target;

	npu_target_default(&target);
	if (npu_image_cache_compile(cache, s->file.gguf, &target, &options, &image, outcome, &err))
		diag("%s", err.message);
	return image;
}

static bool same(const struct npu_job_image *a, const struct npu_job_image *b)
{
	bool equal = a && b && a->n_segments == b->n_segments &&
		     a->n_tensors == b->n_tensors && a->n_tags == b->n_tags;

	for (uint32_t i = 0; equal && i < a->n_segments; i++)
		equal = a->segments[i].size == b->segments[i].size &&
			a->segments[i].data_size == b->segments[i].data_size &&
			(!a->segments[i].data_size ||
			 !memcmp(a->segments[i].data, b->segments[i].data,
				 a->segments[i].data_size));
	for (uint32_t i = 0; equal && i < a->n_tags; i++)
		equal = !strcmp(a->tags[i], b->tags[i]);
	return equal;
}

static void test_found_again(const struct subject *s)
{
	struct npu_image_cache *cache = open_cache("deep/er/found", 0);
	struct npu_image_cache_outcome outcome;
	struct npu_job_image *fresh = compile(NULL, s, 4, &outcome), *first, *second;

	is(outcome.event, NPU_IMAGE_CACHE_UNUSED, "without a cache there is none");
	first = compile(cache, s, 4, &outcome);
	is(outcome.event, NPU_IMAGE_CACHE_STORED, "the first time is a miss, which is kept");
	second = compile(cache, s, 4, &outcome);
	is(outcome.event, NPU_IMAGE_CACHE_HIT, "the second time it is there");
	ok(!outcome.note[0], "and nothing is to be told of it");
	ok(same(fresh, first) && same(fresh, second), "all three are the same to the byte");
	is(count(cache), 1, "one entry, and nothing else is left in the directory");
	npu_job_image_free(fresh);
	npu_job_image_free(first);
	npu_job_image_free(second);
	npu_image_cache_close(cache);
}

static void test_key(const struct subject *s, const struct subject *other)
{
	struct npu_compile_options chunk = { .chunk = 4 }, context = { .context = 8 };
	struct npu_image_key keys[10];
	struct npu_target target;
	unsigned int n = 0, differ = 0;

	npu_target_default(&target);
	npu_image_cache_key(s->file.gguf, -1, &target, NULL, &keys[n++], NULL);
	npu_image_cache_key(s->file.gguf, -1, &target, &chunk, &keys[n++], NULL);
	npu_image_cache_key(s->file.gguf, -1, &target, &context, &keys[n++], NULL);
	npu_image_cache_key(s->file.gguf, 0, &target, NULL, &keys[n++], NULL);
	npu_image_cache_key(other->file.gguf, -1, &target, NULL, &keys[n++], NULL);
	target.cores++;
	npu_image_cache_key(s->file.gguf, -1, &target, NULL, &keys[n++], NULL);
	target.sram_size *= 2;
	npu_image_cache_key(s->file.gguf, -1, &target, NULL, &keys[n++], NULL);
	target.features ^= 1;
	npu_image_cache_key(s->file.gguf, -1, &target, NULL, &keys[n++], NULL);
	target.va_start *= 2;
	npu_image_cache_key(s->file.gguf, -1, &target, NULL, &keys[n++], NULL);
	target.program_max *= 2;
	npu_image_cache_key(s->file.gguf, -1, &target, NULL, &keys[n++], NULL);
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < i; j++)
			differ += !!memcmp(&keys[i], &keys[j], sizeof(keys[i]));
	is(differ, n * (n - 1) / 2, "model, block, options and device each change the key");
	npu_target_default(&target);
	npu_image_cache_key(s->file.gguf, -1, &target, NULL, &keys[1], NULL);
	ok(!memcmp(&keys[0], &keys[1], sizeof(keys[0])), "the same gives the same key");
}

/* One bit of every part of an entry, in turn. */
static void test_damage(const struct subject *s)
{
	struct npu_image_cache *cache = open_cache("damage", 0);
	struct npu_image_cache_outcome outcome;
	struct npu_job_image *fresh = compile(cache, s, 4, &outcome), *image;
	unsigned int told = 0, right = 0, tries = 0;
	struct stat st;

	if (stat(entry(cache), &st))
		bail_out("no entry");
	for (off_t at = 0; at < st.st_size; at += st.st_size / 23, tries++) {
		int fd = open(entry(cache), O_RDWR);
		char byte;

		if (pread(fd, &byte, 1, at) != 1)
			bail_out("cannot read an entry");
		byte ^= 1 << at % 8;
		if (pwrite(fd, &byte, 1, at) != 1)
			bail_out("cannot write an entry");
		close(fd);
		image = compile(cache, s, 4, &outcome);
		told += outcome.event == NPU_IMAGE_CACHE_DAMAGED &&
			strstr(outcome.note, npu_image_cache_directory(cache));
		right += same(image, fresh);
		npu_job_image_free(image);
	}
	is(told, tries, "each damaged entry is told of, with its name");
	is(right, tries, "and compiled again");
	if (truncate(entry(cache), st.st_size / 2))
		bail_out("cannot cut an entry");
	image = compile(cache, s, 4, &outcome);
	ok(outcome.event == NPU_IMAGE_CACHE_DAMAGED && same(image, fresh), "so is one cut short");
	npu_job_image_free(image);
	image = compile(cache, s, 4, &outcome);
	is(outcome.event, NPU_IMAGE_CACHE_HIT, "the new entry is sound");
	npu_job_image_free(image);
	npu_job_image_free(fresh);
	npu_image_cache_close(cache);
}

static void test_strange_entries(const struct subject *s)
{
	struct npu_image_cache *cache = open_cache("strange", 0);
	struct npu_image_cache_outcome outcome;
	struct npu_job_image *image;
	char name[PATH_MAX], target[PATH_MAX + 16];

	npu_job_image_free(compile(cache, s, 4, &outcome));
	snprintf(name, sizeof(name), "%s", entry(cache));
	snprintf(target, sizeof(target), "%s/elsewhere", directory);
	if (rename(name, target) || symlink(target, name))
		bail_out("cannot make a link");
	image = compile(cache, s, 4, &outcome);
	is(outcome.event, NPU_IMAGE_CACHE_DAMAGED, "a link is not followed");
	ok(image, "but compiled again");
	npu_job_image_free(image);
	unlink(name);
	if (mkdir(name, 0700))
		bail_out("cannot make a directory");
	image = compile(cache, s, 4, &outcome);
	ok(image && outcome.event == NPU_IMAGE_CACHE_NOT_STORED && outcome.note[0],
	   "what cannot be replaced is told of, and no error");
	npu_job_image_free(image);
	npu_image_cache_close(cache);
}

static void test_bound(const struct subject *s)
{
	struct npu_image_cache *cache = open_cache("bound", 0);
	struct npu_image_cache_outcome outcome;
	struct npu_job_image *image;
	struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	char first[PATH_MAX], abandoned[PATH_MAX + 16], foreign[PATH_MAX + 16];
	struct stat st;

	npu_job_image_free(compile(cache, s, 1, &outcome));
	snprintf(first, sizeof(first), "%s", entry(cache));
	if (stat(first, &st))
		bail_out("no entry");
	npu_image_cache_close(cache);
	utimensat(AT_FDCWD, first, old, 0);
	snprintf(abandoned, sizeof(abandoned), "%s.1-0", first);
	snprintf(foreign, sizeof(foreign), "%s/bound/notes.txt", directory);
	close(open(abandoned, O_CREAT | O_WRONLY, 0600));
	close(open(foreign, O_CREAT | O_WRONLY, 0600));
	utimensat(AT_FDCWD, abandoned, old, 0);

	cache = open_cache("bound", 5 * st.st_size / 2);
	npu_job_image_free(compile(cache, s, 2, &outcome));
	ok(!access(first, F_OK), "two entries have room");
	ok(access(abandoned, F_OK), "what an interrupted write left is gone");
	ok(!access(foreign, F_OK), "files that are not the cache's stay");
	age(cache);
	image = compile(cache, s, 1, &outcome);
	is(outcome.event, NPU_IMAGE_CACHE_HIT, "the older one is read");
	npu_job_image_free(image);
	npu_job_image_free(compile(cache, s, 3, &outcome));
	ok(!access(first, F_OK), "for a third the one goes that was not read for longest");
	is(count(cache), 3, "two entries and the foreign file remain");
	npu_image_cache_close(cache);

	cache = open_cache("bound", 1000);
	image = compile(cache, s, 4, &outcome);
	ok(image && outcome.event == NPU_IMAGE_CACHE_NOT_STORED && strstr(outcome.note, "1000"),
	   "an image larger than the cache is not kept, and the note says the limit");
	npu_job_image_free(image);
	npu_image_cache_close(cache);
}

static void test_directories(void)
{
	char path[PATH_MAX + 16];
	struct npu_error err = { 0 };
	struct npu_image_cache *cache;

	snprintf(path, sizeof(path), "%s/open", directory);
	if (mkdir(path, 0700) || chmod(path, 0777))
		bail_out("cannot make a directory");
	is(npu_image_cache_open(path, 0, &cache, &err), -EPERM, "a directory that others may write is refused");
	ok(strstr(err.message, path) && strstr(err.message, "chmod"), "with what to do");
	snprintf(path, sizeof(path), "%s/file", directory);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	ok(npu_image_cache_open(path, 0, &cache, &err) == -ENOTDIR, "so is a file");
	setenv("NPU_CACHE", "off", 1);
	cache = (void *)path;
	ok(!npu_image_cache_open(NULL, 0, &cache, &err) && !cache, "NPU_CACHE=off: no cache");
	unsetenv("NPU_CACHE");
	setenv("XDG_CACHE_HOME", directory, 1);
	snprintf(path, sizeof(path), "%s/npu", directory);
	ok(!npu_image_cache_open(NULL, 0, &cache, &err) &&
	   !strcmp(npu_image_cache_directory(cache), path),
	   "the default lies under XDG_CACHE_HOME");
	npu_image_cache_close(cache);
	unsetenv("XDG_CACHE_HOME");
	setenv("HOME", directory, 1);
	snprintf(path, sizeof(path), "%s/.cache/npu", directory);
	ok(!npu_image_cache_open(NULL, 0, &cache, &err) &&
	   !strcmp(npu_image_cache_directory(cache), path),
	   "or under HOME");
	npu_image_cache_close(cache);
	unsetenv("HOME");
	is(npu_image_cache_open(NULL, 0, &cache, &err), -ENOENT, "with neither there is an error");
}

int main(void)
{
	const char *tmp = getenv("TMPDIR");
	struct subject s, other;

	umask(022);
	snprintf(directory, sizeof(directory), "%s/npu-cache-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(directory))
		bail_out("no directory");
	subject_open(&s, 1);
	subject_open(&other, 2);
	test_found_again(&s);
	test_key(&s, &other);
	test_damage(&s);
	test_strange_entries(&s);
	test_bound(&s);
	test_directories();
	subject_close(&s);
	subject_close(&other);
	nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return done_testing();
}
