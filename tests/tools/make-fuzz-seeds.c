// SPDX-License-Identifier: MIT
/*
 * Real programs as the fuzzers of the machine keep them: of the compiler, and
 * random ones that run to their end; and each kind of instruction in them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <npu/compile.h>

#include "fuzz_program.h"
#include "hw/npu_regs.h"
#include "random_job.h"
#include "tiny_model.h"

#define RANDOM_JOBS	12u

static const char *folder;

static void die(const char *what)
{
	fprintf(stderr, "make-fuzz-seeds: %s\n", what);
	exit(1);
}

static void save(const char *target, const char *name, const void *head, size_t head_size,
		 const void *data, size_t size)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, target);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
	file = fopen(path, "wb");
	if (!file || fwrite(head, 1, head_size, file) != head_size ||
	    fwrite(data, 1, size, file) != size || fclose(file))
		die(path);
}

static const void *bytes_at(const struct npu_job_image *image, uint64_t va)
{
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *s = &image->segments[i];

		if (va >= s->va && va - s->va < s->data_size)
			return (const char *)s->data + (va - s->va);
	}
	die("a program without data");
	return NULL;
}

/* One of each opcode, and of each way that a matrix is multiplied. */
static void save_insns(const struct npu_insn *insns, uint32_t count)
{
	static unsigned int seen[256];
	char name[32];

	for (uint32_t i = 0; i < count; i++) {
		unsigned int most = insns[i].opcode == NPU_OP_MATMUL ? 12 : 2;

		if (seen[insns[i].opcode]++ >= most)
			continue;
		snprintf(name, sizeof(name), "%02x-%u", insns[i].opcode, seen[insns[i].opcode]);
		save("core_decode", name, &insns[i], sizeof(insns[i]), NULL, 0);
	}
}

static void save_programs(const struct npu_job_image *image, const char *name)
{
	for (uint32_t i = 0; i < image->n_programs; i++) {
		const struct npu_job_program *program = &image->programs[i];
		const struct npu_program *code = bytes_at(image, program->va);
		struct fuzz_program head = {
			.cores = program->cores, .budget = 3, .num_args = program->num_args,
			.sram = code->sram_size,
		};
		char file[NPU_JOB_NAME_LEN + 32];

		save_insns((const void *)(code + 1), code->num_insns);
		if (program->num_args > FUZZ_PROGRAM_ARGS || code->num_insns > FUZZ_PROGRAM_INSNS)
			continue;
		if (program->num_args)
			memcpy(head.args, program->args, 8 * program->num_args);
		snprintf(file, sizeof(file), "%s-%s", name, program->name);
		save("core_program", file, &head, sizeof(head), code + 1,
		     code->num_insns * sizeof(struct npu_insn));
	}
}

static void save_model(const char *arch, uint32_t seed)
{
	struct tiny t = {
		.arch = arch, .vocab = 40, .d_model = 32, .layers = 1, .heads = 2, .kv_heads = 1,
		.head_dim = 16, .ffn = 32, .context = 16, .tied = seed & 1, .seed = seed,
		.rope_dims = strcmp(arch, "gpt2") ? 16 : 0,
	};
	struct npu_compile_options options = { .chunk = 4, .batch = 2 };
	struct npu_target target;
	struct npu_job_image *image;
	struct npu_error err;
	struct npu_gguf *gguf;
	struct builder b;

	npu_target_default(&target);
	target.cores = RANDOM_JOB_CORES;
	target.sram_size = FUZZ_PROGRAM_SRAM;
	tiny_build(&b, &t);
	if (npu_gguf_open_memory(arch, b.file.data, b.file.size, &gguf, &err) ||
	    npu_compile_llama(gguf, &target, &options, &image, &err))
		die(err.message);
	save_programs(image, arch);
	npu_job_image_free(image);
	npu_gguf_close(gguf);
	builder_free(&b);
}

int main(int argc, char **argv)
{
	char name[32];

	if (argc != 2) {
		fputs("usage: make-fuzz-seeds FOLDER\n", stderr);
		return 2;
	}
	folder = argv[1];
	mkdir(folder, 0777);
	for (uint32_t i = 0; i < RANDOM_JOBS; i++) {
		struct npu_job_image *image = random_job(i);

		snprintf(name, sizeof(name), "random%u", i);
		save_programs(image, name);
		npu_job_image_free(image);
	}
	save_model("llama", 1);
	save_model("qwen3", 2);
	save_model("gpt2", 3);
	return 0;
}
