// SPDX-License-Identifier: MIT
/* A product of INT8 matrices on each core, held to the CPU's. */
#include <inttypes.h>
#include <string.h>

#include "validate_rig.h"

/* Odd shapes: the edges of an engine's tiles are checked too. */
enum { M = 17, N = 35, K = 101 };
enum { B_SIZE = N * K, C_SIZE = M * N * 4 };

/* Core i multiplies the rows of A from i on, so that no two products are the same. */
static int build_product(struct validate *v, struct rig *rig, struct npu_queue_job *job)
{
	enum { A = 8, C = 9 };
	struct npu_builder *b = rig_begin(v, 3);
	struct npu_affine a_of_core = {
		.base = NPU_R_ARG(0), .term[0] = { npu_reg(NPU_R_CORE), npu_imm(K) },
	};
	struct npu_affine c_of_core = {
		.base = NPU_R_ARG(2), .term[0] = { npu_reg(NPU_R_CORE), npu_imm(C_SIZE) },
	};
	struct npu_insn_matmul mm = {
		.m = npu_imm(M), .n = npu_imm(N), .k = npu_imm(K),
		.lda = npu_imm(K), .ldb = npu_imm(K), .ldc = npu_imm(N * 4),
		.type_a = NPU_TYPE_I8, .type_b = NPU_TYPE_I8, .type_c = NPU_TYPE_I32,
		.layout = NPU_LAYOUT_NK,
	};

	if (!b)
		return v->err.code;
	mm.a = npu_at(NPU_R_ZERO, npu_builder_sram(b, "A", M * K));
	mm.b = npu_at(NPU_R_ZERO, npu_builder_sram(b, "B", B_SIZE));
	mm.c = npu_at(NPU_R_ZERO, npu_builder_sram(b, "C", C_SIZE));
	npu_build_lea(b, A, &a_of_core);
	npu_build_lea(b, C, &c_of_core);
	npu_build_load(b, &(struct npu_insn_dma){ .sram = mm.a, .mem = npu_at(A, 0),
						  .row = npu_imm(M * K) },
		       npu_order(0, 0));
	npu_build_load(b, &(struct npu_insn_dma){ .sram = mm.b, .mem = npu_at(NPU_R_ARG(1), 0),
						  .row = npu_imm(B_SIZE) },
		       npu_order(0, NPU_TOKEN(0)));
	npu_build_matmul(b, &mm, npu_order(NPU_TOKEN(0), NPU_TOKEN(1)));
	npu_build_store(b, &(struct npu_insn_dma){ .sram = mm.c, .mem = npu_at(C, 0),
						   .row = npu_imm(C_SIZE) },
			npu_order(NPU_TOKEN(1), 0));
	return rig_end(v, rig, b, job);
}

static int32_t dot(const int8_t *a, const int8_t *b)
{
	int32_t sum = 0;

	for (int k = 0; k < K; k++)
		sum += a[k] * b[k];
	return sum;
}

static enum validate_result compare(struct validate *v, const int8_t *a, const int8_t *b,
				    const unsigned char *c, uint32_t cores)
{
	for (uint32_t i = 0; i < cores * M * N; i++) {
		uint32_t core = i / (M * N), m = i / N % M, n = i % N;
		int32_t wanted = dot(a + (core + m) * K, b + n * K), got;

		memcpy(&got, c + 4 * (uint64_t)i, sizeof(got));
		if (got != wanted)
			return validate_say(v, VALIDATE_FAILED,
					    "core %u: row %u, column %u is %d on the NPU and %d on the CPU: driver, device and library do not fit, or the device is broken",
					    core, m, n, got, wanted);
	}
	return validate_say(v, VALIDATE_OK,
			    "%u cores: %d x %d x %d in INT8, the same as on the CPU", cores, M, N, K);
}

enum validate_result validate_matrix(struct validate *v)
{
	uint32_t cores = npu_device_info(v->device)->cores;
	uint32_t a_size = (M + cores) * K, c_at = (a_size + B_SIZE + 63) & ~63u;
	enum validate_result result;
	struct rig rig;
	uint64_t args[3];
	struct npu_queue_job job = { .args = args, .num_args = 3 };

	if (rig_open(v, &rig, c_at + (uint64_t)cores * C_SIZE, 0) || build_product(v, &rig, &job)) {
		result = validate_say(v, VALIDATE_FAILED, "%s", v->err.message);
	} else {
		args[0] = rig.data_va;
		args[1] = rig.data_va + a_size;
		args[2] = rig.data_va + c_at;
		rig_fill(rig.data, c_at, 3);
		if (rig_run(v, &rig, &job, NULL))
			result = validate_say(v, VALIDATE_FAILED, "%s", v->err.message);
		else
			result = compare(v, (int8_t *)rig.data, (int8_t *)rig.data + a_size,
					 rig.data + c_at, cores);
	}
	rig_close(&rig);
	return result;
}
