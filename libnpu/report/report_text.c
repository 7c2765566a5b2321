// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "hw/npu_regs.h"
#include "report_text.h"

const char *npu_report_place_name(unsigned int place)
{
	static const char *const names[NPU_REPORT_PLACES] = {
		"control", "DMA", "vector", "matrix", "CPU",
	};

	return place < NPU_REPORT_PLACES ? names[place] : "?";
}

const char *npu_report_resource_name(unsigned int resource)
{
	static const char *const names[NPU_REPORT_RESOURCES] = {
		"memory", "matrix", "vector", "sram",
	};

	return resource < NPU_REPORT_RESOURCES ? names[resource] : "?";
}

/* A product makes it the matrix engine's, whatever else is done around it. */
void report_set_place(struct npu_report_operator *op, const uint64_t *counters)
{
	enum npu_report_place place = NPU_REPORT_CONTROL;

	if (counters[NPU_CNT_MACS_I8] || counters[NPU_CNT_MACS_I4] || counters[NPU_CNT_MACS_F16])
		place = NPU_REPORT_MATRIX;
	else if (counters[NPU_CNT_VEC_BUSY] > counters[NPU_CNT_LD_BUSY] +
					      counters[NPU_CNT_ST_BUSY])
		place = NPU_REPORT_VECTOR;
	else if (counters[NPU_CNT_MEM_READ] || counters[NPU_CNT_MEM_WRITE])
		place = NPU_REPORT_DMA;
	else if (counters[NPU_CNT_VEC_OPS])
		place = NPU_REPORT_VECTOR;
	if (place > op->place)
		op->place = place;
	op->streamed |= counters[NPU_CNT_STREAM_READ] != 0;
}

static void why_matrix(struct npu_report_operator *op)
{
	uint64_t int8 = op->macs - op->macs_i4 - op->macs_f16;
	char types[48] = "";

	if (int8)
		strcat(types, "INT8");
	if (op->macs_i4)
		strcat(types, types[0] ? ", 4-bit" : "4-bit");
	if (op->macs_f16)
		strcat(types, types[0] ? ", 16-bit" : "16-bit");
	snprintf(op->why, sizeof(op->why), "products (%s)%s%s", types,
		 op->streamed ? ", weights streamed" : "",
		 op->vector_ops ? ", with norm, quantisation or activation" : "");
}

void report_set_why(struct npu_report_operator *op)
{
	static const char *const why[NPU_REPORT_PLACES] = {
		[NPU_REPORT_CONTROL] = "arguments and counters only",
		[NPU_REPORT_DMA] = "no product; most of its time goes into moving rows",
		[NPU_REPORT_VECTOR] = "no product; element by element or row by row",
	};

	if (op->place == NPU_REPORT_MATRIX)
		why_matrix(op);
	else
		snprintf(op->why, sizeof(op->why), "%s", why[op->place]);
}
