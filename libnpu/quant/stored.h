/* SPDX-License-Identifier: MIT */
/*
 * Quantised rows in a file. A tensor of type I8 has a row for each output:
 *
 *	codes		INT8: a byte an input; INT4, NF4: two inputs a byte, the
 *			first in the low four bits
 *	zero points	asymmetric INT4: a byte a group
 *	scales		INT8 by channel: F32; INT8 and INT4 by group: F16 a group;
 *			NF4: a byte a group, then for each 16 groups F32 d and m,
 *			scale = byte * d + m
 *	outliers	mixed: F16, one for each outlier input
 *
 * little-endian, without padding. Documentation/quantisation.rst has the
 * metadata that goes with it.
 */
#ifndef LIBNPU_QUANT_STORED_H
#define LIBNPU_QUANT_STORED_H

#include <npu/gguf.h>

#include "panel.h"

/**
 * stored_row_bytes() - bytes of a row
 * @format: any but NPU_QUANT_AUTO and NPU_QUANT_F16
 * @k: inputs
 * @outliers: how many of them are outliers
 */
uint64_t stored_row_bytes(const struct npu_quant_format *format, uint32_t k,
			  uint32_t outliers);

/**
 * stored_put() - write a row
 * @dst: receives stored_row_bytes()
 * @p: panel
 * @row: row of it
 * @outlier: binary16 weights of the outlier inputs, @outliers of them
 * @outliers: 0 when there are none
 */
void stored_put(uint8_t *dst, const struct panel *p, uint32_t row,
		const uint16_t *outlier, uint32_t outliers);

/**
 * stored_panel() - rows of a quantised tensor as a panel of its format
 * @tensor: with tensor->quant
 * @first: first row
 * @rows: 1 to 16
 * @p: receives them, those of outlier inputs as zeros
 *
 * Double-quantised scales whose pairs differ from row to row become a panel's
 * anew: the rows were not neighbours when they were quantised.
 *
 * Return: false when a scale is not a finite number.
 */
bool stored_panel(const struct npu_gguf_tensor *tensor, uint64_t first, uint32_t rows,
		  struct panel *p);

/** stored_outliers() - binary16 weights of a row's outliers, tensor->quant->outliers of them */
void stored_outliers(const struct npu_gguf_tensor *tensor, uint64_t row, uint16_t *dst);

/** stored_row() - a row of a quantised tensor as floats */
void stored_row(const struct npu_gguf_tensor *tensor, uint64_t row, float *dst);

/** stored_cut_unit() - inputs after which a row can be cut; parts of it keep codes and scales */
uint32_t stored_cut_unit(const struct npu_quant_format *format);

/**
 * stored_cut() - some inputs of a row
 * @tensor: with tensor->quant
 * @row: which row
 * @first: first input, a multiple of stored_cut_unit()
 * @cut: the matrix that the row will be of: how many inputs, and how many outliers
 * @skip: outliers before @first
 * @dst: receives cut->row_size bytes
 */
void stored_cut(const struct npu_gguf_tensor *tensor, uint64_t row, uint64_t first,
		const struct npu_gguf_tensor *cut, uint32_t skip, uint8_t *dst);

#endif /* LIBNPU_QUANT_STORED_H */
