// SPDX-License-Identifier: MIT
/*
 * The roofline as a picture: multiply-accumulates a second over multiply-
 * accumulates a byte, both on scales of powers of ten, the roofs of each type
 * and a point for each operator.
 */
#include <math.h>
#include <stdio.h>

#include <npu/plan.h>

#include "roofline.h"
#include "units.h"

#define WIDTH 900.0
#define HEIGHT 560.0
#define LEFT 80.0
#define RIGHT 250.0	/* room for names */
#define TOP 50.0
#define BOTTOM 60.0

/**
 * struct axes - powers of ten that the picture shows
 * @x0: lowest intensity, @x1 highest
 * @x1: see there
 * @y0: lowest rate, @y1 highest
 * @y1: see there
 */
struct axes {
	double x0, x1, y0, y1;
};

static double x_of(const struct axes *a, double intensity)
{
	return LEFT + (log10(intensity) - a->x0) / (a->x1 - a->x0) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct axes *a, double rate)
{
	return HEIGHT - BOTTOM -
	       (log10(rate) - a->y0) / (a->y1 - a->y0) * (HEIGHT - TOP - BOTTOM);
}

static void text(FILE *f, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		default:
			fputc(*s, f);
		}
	}
}

static void widen(struct axes *a, double x, double y)
{
	if (!(x > 0) || !(y > 0))
		return;
	a->x0 = fmin(a->x0, floor(log10(x)));
	a->x1 = fmax(a->x1, ceil(log10(x)));
	a->y0 = fmin(a->y0, floor(log10(y)));
	a->y1 = fmax(a->y1, ceil(log10(y)));
}

static struct axes choose(const struct roofline *r)
{
	const struct npu_report *report = r->report;
	double peak = 0;
	struct axes a;

	for (unsigned int i = 0; i < NPU_PLAN_TYPES; i++)
		peak = fmax(peak, report->macs[i]);
	a.x0 = a.x1 = floor(log10(peak / report->bandwidth));
	a.y0 = a.y1 = floor(log10(peak));
	widen(&a, 10 * peak / report->bandwidth, peak * 1.01);
	widen(&a, 0.5, peak);
	for (unsigned int i = 0; i < r->n; i++)
		widen(&a, npu_report_intensity(&r->op[i]),
		      roofline_attained(report, &r->op[i]));
	return a;
}

static void show_axes(FILE *f, const struct axes *a)
{
	char number[UNITS_LEN];

	for (double p = a->x0; p <= a->x1; p++)
		fprintf(f, "<path class='grid' d='M%.1f %.1fV%.1f'/><text x='%.1f' y='%.1f' text-anchor='middle'>%g</text>\n",
			x_of(a, pow(10, p)), TOP, HEIGHT - BOTTOM, x_of(a, pow(10, p)),
			HEIGHT - BOTTOM + 18, pow(10, p));
	for (double p = a->y0; p <= a->y1; p++)
		fprintf(f, "<path class='grid' d='M%.1f %.1fH%.1f'/><text x='%.1f' y='%.1f' text-anchor='end'>%s</text>\n",
			LEFT, y_of(a, pow(10, p)), WIDTH - RIGHT, LEFT - 8,
			y_of(a, pow(10, p)) + 4, units_number(pow(10, p), number));
	fprintf(f, "<text x='%.1f' y='%.1f' text-anchor='middle'>MACs for each byte of memory traffic</text>\n",
		(LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16);
	fprintf(f, "<text transform='translate(18 %.1f) rotate(-90)' text-anchor='middle'>MACs a second</text>\n",
		(TOP + HEIGHT - BOTTOM) / 2);
}

static void show_roofs(FILE *f, const struct axes *a, const struct npu_report *report)
{
	static const char *const names[NPU_PLAN_TYPES] = { "INT8", "INT4", "16-bit" };
	double left = fmax(pow(10, a->x0), pow(10, a->y0) / report->bandwidth);

	for (unsigned int i = 0; i < NPU_PLAN_TYPES; i++) {
		double ridge = report->macs[i] / report->bandwidth;

		fprintf(f, "<path class='roof' d='M%.1f %.1fL%.1f %.1fH%.1f'/><text x='%.1f' y='%.1f'>%s</text>\n",
			x_of(a, left), y_of(a, left * report->bandwidth), x_of(a, ridge),
			y_of(a, report->macs[i]), WIDTH - RIGHT, x_of(a, ridge) + 6,
			y_of(a, report->macs[i]) - 5, names[i]);
	}
	fprintf(f, "<text x='%.1f' y='%.1f'>%.4g GB/s</text>\n", x_of(a, left * 1.5),
		y_of(a, left * 1.5 * report->bandwidth) - 8, report->bandwidth * 1e-9);
}

/* A circle, with a number that the list beside the picture explains. */
static void show_point(FILE *f, const struct axes *a, const struct npu_report *report,
		       const struct npu_report_operator *op, const char *name,
		       unsigned int number)
{
	double intensity = npu_report_intensity(op), rate = roofline_attained(report, op);
	double y = TOP + 18 * number;

	fprintf(f, "<text x='%.1f' y='%.1f'>%u ", WIDTH - RIGHT + 14, y, number);
	text(f, name);
	fprintf(f, " (%.1f %%)</text>\n",
		report->total.cycles ? 100.0 * op->cycles / report->total.cycles : 0);
	if (!(intensity > 0) || !(rate > 0))
		return;
	fprintf(f, "<g><title>");
	text(f, name);
	fprintf(f, ": %.3g MACs/byte, %.3g MACs/s, bound by %s</title>", intensity, rate,
		npu_report_resource_name(op->bound));
	fprintf(f, "<circle class='%s' cx='%.1f' cy='%.1f' r='%s'/><text x='%.1f' y='%.1f' text-anchor='middle' class='number'>%u</text></g>\n",
		npu_report_resource_name(op->bound), x_of(a, intensity), y_of(a, rate),
		op == &report->total ? "11" : "8", x_of(a, intensity), y_of(a, rate) + 3.5,
		number);
}

void roofline_svg(FILE *f, const struct roofline *r, const char *title)
{
	const struct npu_report *report = r->report;
	struct axes a = choose(r);
	double height = fmax(HEIGHT, TOP + 18 * (r->n + 3));

	fprintf(f, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %.0f %.0f' font-family='sans-serif' font-size='12'>\n",
		WIDTH, height);
	fputs("<style>.grid{stroke:#ddd;fill:none}.roof{stroke:#444;stroke-width:2;fill:none}"
	      ".memory{fill:#d95f02}.matrix{fill:#1b9e77}.vector{fill:#7570b3}.sram{fill:#e7298a}"
	      ".number{fill:#fff;font-size:9px}</style>\n"
	      "<rect width='100%' height='100%' fill='#fff'/>\n", f);
	fprintf(f, "<text x='%.1f' y='26' font-size='16'>", LEFT);
	text(f, title);
	fputs("</text>\n", f);
	show_axes(f, &a);
	show_roofs(f, &a, report);
	for (unsigned int i = 0; i < r->n; i++)
		show_point(f, &a, report, &r->op[i], r->op[i].name, i + 1);
	show_point(f, &a, report, &report->total, "the whole", r->n + 1);
	fprintf(f, "<text x='%.1f' y='%.1f'><tspan class='memory'>memory</tspan>, <tspan class='matrix'>matrix</tspan>, <tspan class='vector'>vector</tspan>, <tspan class='sram'>sram</tspan>: what binds</text>\n",
		WIDTH - RIGHT + 14, TOP + 18.0 * (r->n + 2));
	fputs("</svg>\n", f);
}
