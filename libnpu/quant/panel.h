/* SPDX-License-Identifier: MIT */
/*
 * Sixteen output channels of a quantised matrix, an element a byte: what the
 * methods of quantisation make, files store, and the device gets packed.
 */
#ifndef LIBNPU_QUANT_PANEL_H
#define LIBNPU_QUANT_PANEL_H

#include "layout.h"

#define PANEL_ROWS 16u

/**
 * struct panel - quantised rows
 * @format: any but NPU_QUANT_AUTO; of NPU_QUANT_MIXED the INT8 part
 * @layout: of it
 * @k: inputs
 * @groups: scales of a row
 * @pairs: pairs of the double-quantised scales
 * @codes: [16][@k]: INT8 and INT4 values, unsigned with a zero point, or indices
 * @half: [16][@k]: binary16, of NPU_QUANT_F16
 * @scales: [16][@groups], with the value that the device will have
 * @zeros: [16][@groups], of a format with zero points
 * @bytes: [16][@groups], the scales of NF4 as quantised
 * @pair: [@pairs][2]: scale = byte * pair[0] + pair[1], a pair for 16 groups
 */
struct panel {
	struct npu_quant_format format;
	struct quant_layout layout;
	uint32_t k, groups, pairs;
	int8_t *codes;
	uint16_t *half;
	float *scales;
	uint8_t *zeros, *bytes;
	float *pair;
};

/**
 * panel_init() - memory for a panel
 * @p: panel
 * @format: format
 * @k: inputs
 *
 * Return: 0 or -ENOMEM; panel_free() is allowed in both cases.
 */
int panel_init(struct panel *p, const struct npu_quant_format *format, uint32_t k);

/** panel_free() - give the memory back */
void panel_free(struct panel *p);

/** panel_clear() - make all weights zero */
void panel_clear(struct panel *p);

/**
 * panel_quantize() - quantise rows, rounding each weight for itself
 * @p: panel; receives the rows, the others become zero
 * @src: [@rows][p->k] finite weights
 * @rows: 1 to 16
 * @importance: [p->k] weight of an input's squared error, or NULL for 1
 *
 * Return: false when a scale is beyond what its type holds.
 */
bool panel_quantize(struct panel *p, const float *src, uint32_t rows,
		    const float *importance);

/**
 * panel_round() - the level nearest to a value becomes a weight
 * @p: panel, quantised: its scales stay as they are
 * @row: row
 * @k: input
 * @value: what to round
 *
 * Return: the level.
 */
float panel_round(struct panel *p, uint32_t row, uint32_t k, float value);

/** panel_row() - a row as floats */
void panel_row(const struct panel *p, uint32_t row, float *dst);

/**
 * panel_pack() - write a panel where the device reads it
 * @p: panel
 * @matrix: the matrix, laid out by quant_sections_of() for @panels
 * @panels: panels of the matrix
 * @index: which of them
 */
void panel_pack(const struct panel *p, void *matrix, uint64_t panels, uint64_t index);

#endif /* LIBNPU_QUANT_PANEL_H */
