/* SPDX-License-Identifier: MIT */
/*
 * Test Anything Protocol for host tests, one header and no library.
 *
 *	int main(void)
 *	{
 *		ok(open_it() == 0, "opens");
 *		is(count(), 3, "has %d entries", 3);
 *		is_str(name(), "a", "first is called a");
 *		return done_testing();
 *	}
 *
 * plan(n) at the start is optional: done_testing() prints a plan when there
 * was none, and fails when the number of tests run is not the one planned.
 */
#ifndef NPU_TESTS_TAP_H
#define NPU_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	unsigned int planned;
	unsigned int run;
	unsigned int failed;
} tap_state;

/* Declare how many tests will run. */
static inline void plan(unsigned int n)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	tap_state.planned = n;
	printf("1..%u\n", n);
}

/* A line of explanation for whoever reads the output. */
__attribute__((format(printf, 1, 2)))
static inline void diag(const char *fmt, ...)
{
	va_list args;

	fputs("# ", stdout);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

/* The whole file cannot run here; say why and leave. */
static inline void skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(0);
}

/* One test cannot run here. */
static inline void skip(const char *why)
{
	printf("ok %u # SKIP %s\n", ++tap_state.run, why);
}

/* No use to go on. */
static inline void bail_out(const char *why)
{
	printf("Bail out! %s\n", why);
	exit(255);
}

__attribute__((format(printf, 4, 5)))
static inline bool tap_ok(bool pass, const char *file, int line,
			  const char *fmt, ...)
{
	va_list args;

	printf("%sok %u - ", pass ? "" : "not ", ++tap_state.run);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	if (!pass) {
		tap_state.failed++;
		diag("failed at %s:%d", file, line);
	}
	fflush(stdout);
	return pass;
}

static inline bool tap_same(const char *got, const char *want)
{
	return got == want || (got && want && !strcmp(got, want));
}

/* Each is true when the test passed, so that more can be told on failure. */
#define ok(cond, ...) tap_ok((cond), __FILE__, __LINE__, __VA_ARGS__)

#define is(got, want, ...) __extension__ ({				\
	long long tap_got = (long long)(got);				\
	long long tap_want = (long long)(want);				\
	bool tap_pass = ok(tap_got == tap_want, __VA_ARGS__);		\
									\
	if (!tap_pass)							\
		diag("got %lld, want %lld", tap_got, tap_want);		\
	tap_pass;							\
})

#define is_str(got, want, ...) __extension__ ({				\
	const char *tap_got = (got);					\
	const char *tap_want = (want);					\
	bool tap_pass = ok(tap_same(tap_got, tap_want), __VA_ARGS__);	\
									\
	if (!tap_pass)							\
		diag("got '%s', want '%s'", tap_got ? tap_got : "(null)", \
		     tap_want ? tap_want : "(null)");			\
	tap_pass;							\
})

/* End of the file: return this from main(). */
static inline int done_testing(void)
{
	if (!tap_state.planned)
		printf("1..%u\n", tap_state.run);
	else if (tap_state.planned != tap_state.run)
		diag("planned %u tests, ran %u", tap_state.planned,
		     tap_state.run);
	if (tap_state.failed)
		diag("%u of %u failed", tap_state.failed, tap_state.run);
	return tap_state.failed ||
	       (tap_state.planned && tap_state.planned != tap_state.run);
}

#endif /* NPU_TESTS_TAP_H */
