// SPDX-License-Identifier: MIT
/* Elementwise operators: a chain of steps over blocks of elements. */
#include "walk.h"

#define F32 4u

/**
 * struct map_regions - where a round's elements lie
 * @operand: of each operand
 * @value: F32, the value so far
 * @out: the result, @value unless its type is another
 */
struct map_regions {
	struct npu_loc operand[MAP_OPERANDS];
	uint32_t value, out;
};

static struct walk_need need_of(const struct op *op)
{
	const struct map *map = &op->map;
	struct walk_need need = { .name = "ring of elements", .grain = 1 };

	for (uint32_t i = 0; i < map->n_operands; i++) {
		if (map->vector[i]) {
			need.shared++;
			continue;
		}
		need.elem += tensor_element_size(map->operand[i]->type);
		need.regions++;
	}
	if (map->operand[0]->type != NPU_TYPE_F32) {
		need.elem += F32;
		need.regions++;
	}
	if (op->y[0]->type != NPU_TYPE_F32) {
		need.elem += tensor_element_size(op->y[0]->type);
		need.regions++;
	}
	return need;
}

static struct map_regions take_regions(struct lower *l, struct walk *w)
{
	const struct map *map = &w->op->map;
	struct map_regions r = { 0 };

	r.value = walk_region(w, tensor_element_size(map->operand[0]->type));
	r.operand[0] = npu_at(l->in.addr, r.value);
	if (map->operand[0]->type != NPU_TYPE_F32)
		r.value = walk_region(w, F32);
	for (uint32_t i = 1; i < map->n_operands; i++) {
		const struct tensor *t = map->operand[i];

		r.operand[i] = map->vector[i] ? walk_shared(l, w, t) :
			       walk_slot(l, walk_region(w, tensor_element_size(t->type)));
	}
	r.out = w->op->y[0]->type == NPU_TYPE_F32 ? r.value :
		walk_region(w, tensor_element_size(w->op->y[0]->type));
	return r;
}

static void load_operands(struct lower *l, struct walk *w, const struct map_regions *r)
{
	const struct map *map = &w->op->map;

	/* the first operand is no shared vector: it takes the slot */
	for (uint32_t i = map->n_operands; i-- > 0; ) {
		uint32_t n = map->n_operands - 1 - i;
		struct npu_order order = npu_order(n ? 0 : NPU_TOKEN(l->in.free), 0);
		struct walk_window win = { .tensor = map->operand[i], .ld = w->op->cols };

		if (map->vector[i] && w->tiles <= 1 && !n)
			npu_build_nop(l->b, NPU_ENGINE_LD, order);
		if (i == 0)
			order.signal = NPU_TOKEN(l->full);
		if (map->vector[i])
			walk_shared_load(l, w, map->operand[i], r->operand[i], order);
		else
			walk_load(l, w, &win, r->operand[i].offset, order);
	}
}

static void binary(struct lower *l, struct walk *w, const struct map_step *s,
		   const struct map_regions *r, struct npu_insn_vec *v,
		   struct npu_order order)
{
	const struct map *map = &w->op->map;
	uint8_t type = map->operand[s->operand]->type;
	struct npu_value ld = walk_ld(w, tensor_element_size(type));

	if (s->kind == MAP_BINARY) {
		v->src1 = r->operand[s->operand];
		v->type_src1 = type;
		v->ld_src1 = map->vector[s->operand] ? npu_imm(0) : ld;
		v->bcast1 = map->vector[s->operand] ? NPU_BCAST_ROW : NPU_BCAST_NONE;
	} else {
		v->src1 = v->src0;
		v->type_src1 = v->type_src0;
		v->ld_src1 = v->ld_src0;
		v->src0 = r->operand[s->operand];
		v->type_src0 = type;
		v->ld_src0 = ld;
	}
	npu_build_binary(l->b, s->fn, v, order);
}

/* One instruction, of one step or two. Returns how many. */
static uint32_t one_step(struct lower *l, struct walk *w, const struct map_regions *r,
			 uint32_t i, struct npu_insn_vec *v, struct npu_order order)
{
	const struct map *map = &w->op->map;
	const struct map_step *s = &map->step[i];

	if (i >= map->n_steps) {
		npu_build_unary(l->b, NPU_UNARY_COPY, v, order);
	} else if (s->kind == MAP_UNARY) {
		npu_build_unary(l->b, s->fn, v, order);
	} else if (s->kind == MAP_AFFINE) {
		if (i + 1 < map->n_steps && s[1].kind == MAP_UNARY) {
			npu_build_unary_affine(l->b, s[1].fn, v, s->a, s->b, order);
			return 2;
		}
		npu_build_unary_affine(l->b, NPU_UNARY_COPY, v, s->a, s->b, order);
	} else {
		binary(l, w, s, r, v, order);
	}
	return 1;
}

/* Steps that the instruction of step @i stands for. */
static uint32_t steps_at(const struct map *map, uint32_t i)
{
	return i + 1 < map->n_steps && map->step[i].kind == MAP_AFFINE &&
	       map->step[i + 1].kind == MAP_UNARY ? 2 : 1;
}

static void run_steps(struct lower *l, struct walk *w, const struct map_regions *r)
{
	const struct map *map = &w->op->map;
	struct npu_loc src = r->operand[0];
	uint8_t type = map->operand[0]->type;
	uint32_t i = 0;

	do {
		bool last = i + steps_at(map, i) >= map->n_steps;
		uint8_t type_dst = last ? w->op->y[0]->type : NPU_TYPE_F32;
		struct npu_insn_vec v = walk_vec(w);

		v.src0 = src;
		v.type_src0 = type;
		v.ld_src0 = walk_ld(w, tensor_element_size(type));
		v.dst = walk_slot(l, last ? r->out : r->value);
		v.type_dst = type_dst;
		v.ld_dst = walk_ld(w, tensor_element_size(type_dst));
		src = walk_slot(l, r->value);
		type = NPU_TYPE_F32;
		i += one_step(l, w, r, i, &v, npu_order(i ? 0 : NPU_TOKEN(l->full),
							last ? NPU_TOKEN(l->vec_st) : 0));
	} while (i < map->n_steps);
}

void lower_map(struct lower *l, const struct op *op)
{
	struct walk_window out = { .tensor = op->y[0], .ld = op->cols };
	struct walk_need need = need_of(op);
	struct map_regions r;
	struct walk w;

	walk_choose(l, op, &need, &w);
	if (need.shared)
		w.flat = false;		/* one element is a vector here */
	r = take_regions(l, &w);
	walk_begin(l, &w);
	load_operands(l, &w, &r);
	run_steps(l, &w, &r);
	walk_store(l, &w, &out, r.out, npu_order(NPU_TOKEN(l->vec_st), NPU_TOKEN(l->in.free)));
	walk_end(l, &w);
}
