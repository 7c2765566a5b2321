/* SPDX-License-Identifier: MIT */
/*
 * The machine as bytes. One function visits a part for both directions, so that
 * what is saved is what is loaded: saving, it appends a field; loading, it sets
 * the field from bytes that may be anybody's, and checks it.
 *
 * Little endian, without padding. After the first mistake nothing is read any
 * more, fields keep their values, and the first mistake is the one told.
 */
#ifndef NPU_CORE_STATE_H
#define NPU_CORE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npu_core.h"

struct npu_run;

/**
 * struct npu_state - a walk over the machine
 * @loading: from bytes into the machine, not the other way
 * @failed: a byte was wrong, or memory ran out
 * @data: the bytes
 * @len: how many there are
 * @room: saving: bytes allocated
 * @at: loading: the next one
 * @part: what is visited, for errors: "queue 3: " or nothing
 * @error: receives one line at the first mistake
 * @error_len: bytes at @error
 */
struct npu_state {
	bool loading, failed;
	uint8_t *data;
	size_t len, room, at;
	char part[32];
	char *error;
	size_t error_len;
};

/* The fields that follow belong to "@name @number: ", or to nothing if NULL. */
void npu_state_part(struct npu_state *s, const char *name, unsigned int number);
/* Fail with one line, unless that has happened; false. */
bool npu_state_refuse(struct npu_state *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Fields of a fixed size. */
void npu_state_bytes(struct npu_state *s, void *bytes, size_t len);
void npu_state_u64(struct npu_state *s, uint64_t *value);
void npu_state_bool(struct npu_state *s, const char *name, bool *value);
/* At most @max. */
void npu_state_u32(struct npu_state *s, const char *name, uint32_t *value,
		   uint32_t max);
/* The same, for a field that has another type. */
uint32_t npu_state_number(struct npu_state *s, const char *name, uint32_t value,
			  uint32_t max);
/* What must be the same on both sides, since the machine was built so. */
void npu_state_same(struct npu_state *s, const char *name, uint64_t value);
void npu_state_same_text(struct npu_state *s, const char *name, const char *text,
			 size_t len);
/* @len bytes, of which only those up to the last that is not zero are kept. */
void npu_state_sparse(struct npu_state *s, const char *name, uint8_t *bytes,
		      uint32_t len);
/* Whether @len bytes are still to come: before room is made for them. */
bool npu_state_has(struct npu_state *s, size_t len);

/* save_job.c: the job at the head of a queue, with its cores; lock held. */
void npu_state_run(struct npu_state *s, struct npu_core *npu, struct npu_run *run);
/* Which cores wait for a thread, in order. */
void npu_state_ready(struct npu_state *s, struct npu_core *npu);

#endif /* NPU_CORE_STATE_H */
