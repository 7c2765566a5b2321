// SPDX-License-Identifier: MIT
#include <npu/npu.h>
#include <npu/program.h>
#include <stdio.h>
#include <string.h>
#define N 1000
#define ROW (N * sizeof(float))
#define CODE 16384 /* where in the buffer the program goes */
#define TRY(call) do { if (call) return fprintf(stderr, "%s\n", err.message), 1; } while (0)

int main(void)
{
	struct npu_error err; struct npu_device *dev; struct npu_vm *vm; struct npu_buffer *buf;
	struct npu_queue *queue; struct npu_builder *b; struct npu_fence *fence;
	struct npu_loc mem = npu_at(NPU_R_ARG(0), 0), sum = npu_at(NPU_R_ARG(0), 2 * ROW);
	void *code; uint64_t va; struct npu_queue_job job = { .args = &va, .num_args = 1 };

	TRY(npu_device_open(NULL, &dev, &err)); /* memory that CPU and NPU share */
	TRY(npu_vm_create(dev, &vm, &err));
	TRY(npu_buffer_create(dev, vm, 2 * CODE, &buf, &err));
	TRY(npu_vm_map(vm, buf, 0, &va, &err));
	float *x = npu_buffer_data(buf), *y = x + N, *z = y + N;
	for (int i = 0; i < N; i++) { x[i] = i; y[i] = 0.5f * i; }
	TRY(npu_builder_create(1, 65536, &b, &err)); /* a program: load, add, store */
	uint32_t at = npu_builder_sram(b, "x, y and z", 3 * ROW);
	struct npu_loc sx = npu_at(0, at), sy = npu_at(0, at + ROW), sz = npu_at(0, at + 2 * ROW);
	npu_build_load(b, &(struct npu_insn_dma){ .sram = sx, .mem = mem, .row = npu_imm(2 * ROW) },
		npu_order(0, NPU_TOKEN(0)));
	npu_build_binary(b, NPU_BINARY_ADD, &(struct npu_insn_vec){
		.dst = sz, .src0 = sx, .src1 = sy,
		.type_dst = NPU_TYPE_F32, .type_src0 = NPU_TYPE_F32, .type_src1 = NPU_TYPE_F32,
		.rows = npu_imm(1), .cols = npu_imm(N) }, npu_order(NPU_TOKEN(0), NPU_TOKEN(1)));
	npu_build_store(b, &(struct npu_insn_dma){ .sram = sz, .mem = sum, .row = npu_imm(ROW) },
		npu_order(NPU_TOKEN(1), 0));
	TRY(npu_builder_finish(b, &code, &job.program_size, &err));
	memcpy((char *)x + CODE, code, job.program_size);
	job.program = va + CODE;
	TRY(npu_queue_create(vm, NULL, &queue, &err)); /* a job: run it */
	TRY(npu_queue_submit(queue, &job, 1, &fence, &err));
	TRY(npu_fence_wait(fence, -1, &err));
	return printf("%g + %g = %g\n", x[N - 1], y[N - 1], z[N - 1]) < 0;
}
