// SPDX-License-Identifier: MIT
#include <string.h>

#include "fuse.h"
#include "graph.h"

/* Set users of all values, and kill what nobody needs; the last nodes come first. */
static void find_users(struct npu_graph *g)
{
	struct node *n, *reversed = NULL, *next;

	for (struct npu_tensor *v = g->values; v; v = v->next) {
		v->users = 0;
		v->linears = 0;
		v->user = NULL;
	}
	for (n = g->nodes; n; n = next) {
		next = n->next;
		n->next = reversed;
		reversed = n;
		memset(n->part, 0, sizeof(n->part));
		n->res = NULL;
		n->plan = PLAN_DEAD;
	}
	g->nodes = NULL;
	for (n = reversed; n; n = next) {
		next = n->next;
		n->next = g->nodes;
		g->nodes = n;
		if (n->kind != NODE_ATTENTION && !n->out[0]->output[0] && !n->out[0]->users &&
		    (!n->out[1] || (!n->out[1]->output[0] && !n->out[1]->users)))
			continue;
		n->plan = PLAN_ALONE;
		for (uint32_t i = 0; i < n->n_in; i++) {
			if (!n->in[i])
				continue;
			n->in[i]->users++;
			n->in[i]->linears += n->kind == NODE_LINEAR && i == 0;
			n->in[i]->user = n;
		}
	}
}

/* Whether only one operand of one node reads a value. */
static bool is_private(const struct npu_tensor *v)
{
	return v->kind == VALUE_NODE && v->users == 1 && !v->output[0];
}

/* The node that alone reads a result, if that is not part of another operator. */
static struct node *only_user(const struct node *n)
{
	const struct npu_tensor *v = n->out[0];

	return is_private(v) && v->user->plan == PLAN_ALONE ? v->user : NULL;
}

/* Whether the matrix engine has an activation. */
static bool in_epilogue(enum npu_act act)
{
	return act != NPU_ACT_TANH && act != NPU_ACT_SIGMOID;
}

bool fuse_is_half(const struct npu_tensor *value)
{
	if (value->type == NPU_TYPE_F16)
		return true;
	while (value->kind == VALUE_NODE && value->from->kind == NODE_RESHAPE)
		value = value->from->in[0];
	return value->type == NPU_TYPE_F16 ||
	       (value->kind == VALUE_NODE && (value->from->kind == NODE_ATTENTION ||
					      value->from->plan == PLAN_GATED));
}

/* The other operand of a sum that can be the residual of the linear layer @n. */
static struct npu_tensor *residual(const struct node *add, const struct node *n)
{
	struct npu_tensor *other = add->in[add->in[0] == n->out[0]];

	return other->kind != VALUE_WEIGHT && !fuse_is_half(other) &&
	       shape_equal(&other->shape, &n->out[0]->shape) ? other : NULL;
}

static void fuse_linear(struct node *n)
{
	struct node *last = n, *user;

	if (!in_epilogue(n->act))
		return;
	n->fn = node_unary(n->act);
	user = only_user(n);
	if (user && user->kind == NODE_ADD && n->act == NPU_ACT_NONE && residual(user, n)) {
		user->res = residual(user, n);
		last = user;
		user = only_user(last);
	}
	if (user && user->kind == NODE_ACT && n->act == NPU_ACT_NONE &&
	    in_epilogue(user->act)) {
		user->res = last->res;
		user->fn = node_unary(user->act);
		last->plan = PLAN_PART;
		last = user;
	} else if (last != n) {
		last->fn = n->fn;
	}
	n->plan = PLAN_PART;
	last->plan = PLAN_LINEAR;
	last->part[0] = n;
}

/* A linear layer that nobody else reads, and the activation behind it. */
static struct node *gate_of(struct npu_tensor *v, struct node **act)
{
	struct node *n = v->from;

	*act = NULL;
	if (!is_private(v))
		return NULL;
	if (n->kind == NODE_ACT && is_private(n->in[0])) {
		*act = n;
		n = n->in[0]->from;
	}
	return n->kind == NODE_LINEAR && (!*act || n->act == NPU_ACT_NONE) ? n : NULL;
}

static bool fuse_gate(struct node *mul, int gate)
{
	struct node *act, *none, *a, *b;

	a = gate_of(mul->in[gate], &act);
	b = gate_of(mul->in[!gate], &none);
	if (!a || !b || none || b->act != NPU_ACT_NONE || a->in[0] != b->in[0] ||
	    (!act && a->act == NPU_ACT_NONE))
		return false;
	mul->fn = node_unary(act ? act->act : a->act);
	mul->part[0] = a;
	mul->part[1] = b;
	mul->plan = PLAN_GATED;
	a->plan = PLAN_PART;
	b->plan = PLAN_PART;
	if (act)
		act->plan = PLAN_PART;
	return true;
}

/* What lies between a linear layer and attention. */
struct heads {
	struct node *linear, *rope, *norm;
};

/* Follow heads back to their linear layer; false if something else is between. */
static bool find_heads(struct npu_tensor *v, struct heads *h)
{
	uint64_t head_dim = shape_last(&v->shape);

	memset(h, 0, sizeof(*h));
	for (; is_private(v); v = v->from->in[0]) {
		struct node *n = v->from;

		if (n->kind == NODE_LINEAR && n->act == NPU_ACT_NONE) {
			h->linear = n;
			return true;
		}
		if (n->kind == NODE_ROPE && !h->rope && !h->norm)
			h->rope = n;
		else if (n->kind == NODE_RMSNORM && !h->norm && n->in[1] &&
			 shape_last(&n->in[0]->shape) == head_dim)
			h->norm = n;
		else if (n->kind != NODE_RESHAPE)
			return false;
	}
	return false;
}

static bool same_rope(const struct node *a, const struct node *b)
{
	if (!a || !b)
		return a == b;
	return a->rope.dims == b->rope.dims && a->rope.pairs == b->rope.pairs &&
	       a->rope.magnitude == b->rope.magnitude &&
	       !memcmp(a->rope.speeds, b->rope.speeds,
		       a->rope.dims / 2 * sizeof(a->rope.speeds[0]));
}

/* All nodes from a linear layer to attention. */
static void take_heads(struct npu_tensor *v)
{
	while (v->from->kind != NODE_LINEAR) {
		v->from->plan = PLAN_PART;
		v = v->from->in[0];
	}
	v->from->plan = PLAN_PART;
}

static void fuse_qkv(struct node *n)
{
	struct heads h[3];

	for (int i = 0; i < 3; i++)
		if (!find_heads(n->in[i], &h[i]))
			return;
	if (!same_rope(h[0].rope, h[1].rope) || h[2].rope || h[2].norm ||
	    h[0].linear->in[0] != h[1].linear->in[0] ||
	    h[0].linear->in[0] != h[2].linear->in[0] ||
	    (h[0].norm && h[1].norm && h[0].norm->a != h[1].norm->a))
		return;
	for (int i = 0; i < 3; i++) {
		n->part[i] = h[i].linear;
		take_heads(n->in[i]);
	}
	n->part[PLAN_ROPE] = h[0].rope;
	n->part[PLAN_HEAD_NORM] = h[0].norm;
	n->part[PLAN_HEAD_NORM + 1] = h[1].norm;
	n->plan = PLAN_QKV;
}

static bool is_binary(const struct node *n)
{
	return n->kind == NODE_ADD || n->kind == NODE_SUB || n->kind == NODE_MUL;
}

static bool is_elementwise(const struct node *n)
{
	return is_binary(n) || n->kind == NODE_ACT || n->kind == NODE_SCALE;
}

/* Elements of an operand that is the same for all vectors of an elementwise node, or 0. */
static uint64_t shared_length(const struct node *n)
{
	for (uint32_t i = 0; i < n->n_in; i++)
		if (n->in[i]->shape.n_dims < n->out[0]->shape.n_dims)
			return shape_inner(&n->in[i]->shape);
	return 0;
}

/* A chain has vectors of one length. */
static bool lengths_agree(uint64_t length, const struct node *n)
{
	return !length || !shared_length(n) || length == shared_length(n);
}

static void fuse_map(struct node *n)
{
	struct node *last = n, *user = only_user(n);
	uint32_t operands = 1 + is_binary(n), steps = 1;
	uint64_t length = shared_length(n);

	while (user && is_elementwise(user) && steps < MAP_STEPS &&
	       operands + is_binary(user) <= MAP_OPERANDS && lengths_agree(length, user)) {
		length = length ? length : shared_length(user);
		operands += is_binary(user);
		steps++;
		last->plan = PLAN_PART;
		last = user;
		user = only_user(last);
	}
	last->plan = PLAN_MAP;
	last->part[0] = n;
}

/* A norm that only linear layers read is theirs. */
static void fold_norm(struct node *n)
{
	const struct npu_tensor *v = n->out[0];

	if (v->users == v->linears && v->users && !v->output[0])
		n->plan = PLAN_PART;
}

static void fold_last_rows(struct node *n)
{
	const struct node *user = n->out[0]->user;

	if (is_private(n->out[0]) &&
	    (user->kind == NODE_LINEAR ||
	     ((user->kind == NODE_RMSNORM || user->kind == NODE_LAYERNORM) &&
	      user->plan == PLAN_PART)))
		n->plan = PLAN_PART;
}

void fuse_nodes(struct npu_graph *g)
{
	struct node *n;

	find_users(g);
	for (n = g->nodes; n; n = n->next)
		if (n->kind == NODE_ATTENTION)
			fuse_qkv(n);
	for (n = g->nodes; n; n = n->next)
		if (n->kind == NODE_MUL && n->plan == PLAN_ALONE && !fuse_gate(n, 0))
			fuse_gate(n, 1);
	for (n = g->nodes; n; n = n->next)
		if (n->kind == NODE_LINEAR && n->plan == PLAN_ALONE)
			fuse_linear(n);
	for (n = g->nodes; n; n = n->next)
		if (is_elementwise(n) && n->plan == PLAN_ALONE)
			fuse_map(n);
	for (n = g->nodes; n; n = n->next)
		if ((n->kind == NODE_RMSNORM || n->kind == NODE_LAYERNORM) &&
		    n->plan == PLAN_ALONE)
			fold_norm(n);
	for (n = g->nodes; n; n = n->next)
		if (n->kind == NODE_LAST_ROWS && n->plan == PLAN_ALONE)
			fold_last_rows(n);
}
