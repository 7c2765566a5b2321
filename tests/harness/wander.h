/* SPDX-License-Identifier: MIT */
/* A program in which nothing may be lost or done twice. */
#ifndef TESTS_HARNESS_WANDER_H
#define TESTS_HARNESS_WANDER_H

#include "assemble.h"

/* Bytes of memory of each core. */
#define WANDER_ROW	1024u

/**
 * asm_wander() - each core changes its row by all that it did before
 * @p: program
 * @data: address of the rows, one for each core
 * @rounds: how often
 * @opcode: NPU_OP_YIELD or another instruction of the CP without operands, once a round
 *
 * Results depend on registers, on SRAM, and on what the other cores have done
 * before barriers; tokens are left behind over a round.
 */
void asm_wander(struct program *p, uint64_t data, uint32_t rounds, unsigned int opcode);

#endif /* TESTS_HARNESS_WANDER_H */
