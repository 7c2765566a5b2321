// SPDX-License-Identifier: MIT
/* Energy and temperature: timing.rst, "Energy meter and temperature". */
#include <string.h>

#include "meter.h"
#include "tap.h"

#define KHZ	1000000u

static struct npu_profile p;

static uint64_t ms(uint64_t n)
{
	return n * KHZ;
}

static void without_jobs(void)
{
	struct npu_meter m = { 0 };

	npu_meter_advance(&m, &p, ms(1000));
	is(m.energy_uj, 100000, "a second idle takes the profile's 0.1 W");
	npu_meter_advance(&m, &p, ms(1000) + KHZ / 2);
	is(m.energy_uj, 100000, "part of a millisecond waits");
	npu_meter_advance(&m, &p, ms(10));
	is(m.ms, 1000, "time does not go back");
	npu_meter_advance(&m, &p, ms(1000 * 1000));
	is(npu_meter_temperature(&m), 38000, "idle it settles 3 degrees above the ambience");
	m.asleep = true;
	npu_meter_advance(&m, &p, ms(2000 * 1000));
	is(m.energy_uj, 100000000 + 5000000, "asleep it draws a twentieth");
	is(npu_meter_temperature(&m), 35150, "and is cooler");
}

static void jobs(void)
{
	struct npu_meter m = { 0 };

	npu_meter_add(&m, &p, 999999);
	is(m.energy_uj, 0, "less than a microjoule is kept for later");
	npu_meter_add(&m, &p, 1000001);
	is(m.energy_uj, 2, "and counts then");
	m = (struct npu_meter){ 0 };
	npu_meter_add(&m, &p, 2000000000000ull);
	is(npu_meter_temperature(&m), 35000 + 6000, "2 J at once: capacity is 1/3 J/K");
	npu_meter_add(&m, &p, UINT64_MAX);
	npu_meter_add(&m, &p, UINT64_MAX);
	ok(npu_meter_temperature(&m) > 1000000, "what is absurd stays in range");
}

/* 2 W, the profile's most, in pieces of 10 ms. */
static void full_power(void)
{
	struct npu_meter m = { 0 };
	int32_t after_tau = 0;

	for (uint64_t t = 1; t <= 10000; t++) {
		npu_meter_advance(&m, &p, ms(10 * t));
		npu_meter_add(&m, &p, 19000000000ull);
		if (t == 1000)
			after_tau = npu_meter_temperature(&m);
	}
	ok(after_tau > 72800 && after_tau < 73050, "after 10 s it has 63 %% of the way behind it: %d",
	   after_tau);
	ok(npu_meter_temperature(&m) > 94900 && npu_meter_temperature(&m) < 95100,
	   "full power ends at the highest temperature: %d", npu_meter_temperature(&m));
	is(m.energy_uj, 200000000, "100 s of 2 W are 200 J");
}

/* Long and short looks end alike: nobody's looking changes what is seen. */
static void looks(void)
{
	struct npu_meter once = { .heat_uk = 50000000 }, often = once;

	npu_meter_advance(&once, &p, ms(5000));
	for (unsigned int i = 1; i <= 5000; i++)
		npu_meter_advance(&often, &p, ms(i));
	ok(npu_meter_temperature(&once) - npu_meter_temperature(&often) <= 5 &&
	   npu_meter_temperature(&once) - npu_meter_temperature(&often) >= -5,
	   "one look or five thousand: %d, %d", npu_meter_temperature(&once),
	   npu_meter_temperature(&often));
	is(once.energy_uj, often.energy_uj, "the same energy");
	npu_meter_advance(&once, &p, UINT64_MAX);
	is(npu_meter_temperature(&once), 38000, "centuries are no trouble");
}

int main(void)
{
	char error[128];

	ok(npu_profile_load("edge", &p, error, sizeof(error)), "the default machine");
	without_jobs();
	jobs();
	full_power();
	looks();
	return done_testing();
}
