/* SPDX-License-Identifier: MIT */
/* Factors of symmetric positive definite matrices, for GPTQ. */
#ifndef LIBNPU_QUANT_CHOLESKY_H
#define LIBNPU_QUANT_CHOLESKY_H

#include <stdbool.h>
#include <stdint.h>

/**
 * cholesky_lower() - a = L L^T, by blocks
 * @a: [@n][@n], of which j <= i is read; receives L there
 * @n: size
 *
 * Return: false when the matrix is not positive definite.
 */
bool cholesky_lower(double *a, uint32_t n);

/**
 * cholesky_invert() - the inverse of a lower triangular matrix, in place
 * @l: [@n][@n], of which j <= i is read and written
 * @n: size
 */
void cholesky_invert(double *l, uint32_t n);

/**
 * cholesky_of_inverse() - the upper U with inverse(h) = U^T U
 * @h: [@n][@n], whole; receives U, with zeros below the diagonal
 * @n: size
 *
 * With the order of rows and columns reversed, h = L L^T; then U is the inverse
 * of L, reversed again. One factorisation does, where the inverse and its
 * factor would take two.
 *
 * Return: false when the matrix is not positive definite.
 */
bool cholesky_of_inverse(double *h, uint32_t n);

#endif /* LIBNPU_QUANT_CHOLESKY_H */
