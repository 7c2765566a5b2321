/* SPDX-License-Identifier: MIT */
/* Attention over the cache: what its two forms share. */
#ifndef LIBNPU_COMPILER_ATTENTION_H
#define LIBNPU_COMPILER_ATTENTION_H

#include "lower.h"

#define F32 4u
#define F16 2u
#define MIN_TILE KV_PAGE_TOKENS	/* a tile is whole pages */

/**
 * struct flash - sizes, SRAM and registers of one attention
 * @op: operator
 * @heads: query heads of a unit, @units of them in all, @parts a KV head
 * @tokens: tokens of a block of rows
 * @tile: positions of a tile
 * @q: F16 queries, and at the end F16 output
 * @s: F32 scores; the second buffer lies @s_size behind the first
 * @p: F16 probabilities, likewise with @p_size
 * @o: F32 output
 * @m: running maxima, @l running sums, @alpha factors, F32 by row
 * @group: rows of scores that the plain form takes at a time; @line: they, and
 *	@p their probabilities
 * @plain: the plain form, whose scores are in memory
 * @places: of a batch
 * @unit: register, unit; as the following:
 * @t0: first token of the block, @nt its tokens, @rows its rows
 * @pos: position of the run's first token, or what stands for it in a batch
 * @slot: address of the slot
 * @len: positions that the block's last token sees
 * @kv: first position of the tile
 * @score: address of the buffer of S whose turn it is
 * @prob: address of the buffer of P whose turn it is
 */
struct flash {
	const struct op *op;
	uint32_t heads, units, parts, tokens, tile;
	uint32_t q, s, s_size, p, p_size, o, m, l, alpha;
	uint32_t group, line;
	bool plain;
	struct places places;
	uint8_t unit, t0, nt, rows, pos, slot, len, kv, score, prob;
};

/** attention_heads() - query heads of a unit: as few as it takes to give every core something */
uint32_t attention_heads(const struct lower *l, const struct attention_shape *s);

/** attention_unit_row() - bytes of a token's query heads, or outputs, of a unit */
uint64_t attention_unit_row(const struct flash *f);

/** attention_token_row() - and of all heads */
uint64_t attention_token_row(const struct flash *f);

/** attention_load_queries() - the block's queries, from memory to @f->q */
void attention_load_queries(struct lower *l, const struct flash *f);

/** attention_rows_at() - R[@t] = address of the block's queries, or of its output */
struct npu_loc attention_rows_at(struct lower *l, const struct flash *f,
				 const struct tensor *tensor, uint8_t t);

/**
 * attention_load() - load positions of the unit's keys or values
 * @l: state
 * @f: attention
 * @offset: of keys or values in a page
 * @at: register, first position, which is a page's first
 * @n: register, number of positions
 *
 * Whole pages come to the ring in, of which there is at least that much; the
 * edge full tells when.
 */
void attention_load(struct lower *l, const struct flash *f, uint64_t offset, uint8_t at,
		    uint8_t n);

/** attention_plain_sram() - sizes and SRAM of the plain form */
void attention_plain_sram(struct lower *l, struct flash *f);

/** attention_plain_block() - a block of rows in the plain form */
void attention_plain_block(struct lower *l, const struct flash *f);

#endif /* LIBNPU_COMPILER_ATTENTION_H */
