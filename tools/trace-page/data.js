/* SPDX-License-Identifier: MIT */
/* What the page holds: instructions as columns, and what belongs to them. */
"use strict";

const data = JSON.parse(document.getElementById("npu-data").textContent);
const ENGINES = ["CP", "LD", "ST", "MAT", "VEC"];
const NONE = 0xffffffff;

/* Bytes of the base64 text, which is freed. */
function decode(id) {
	const element = document.getElementById(id);
	const binary = atob(element.textContent.replace(/\s+/g, ""));
	const bytes = new Uint8Array(binary.length);

	for (let i = 0; i < bytes.length; i++)
		bytes[i] = binary.charCodeAt(i);
	element.remove();
	return bytes;
}

/* Columns of the records; offsets as in struct slice of trace_html.c. */
function readSlices() {
	const bytes = decode("npu-slices");
	const view = new DataView(bytes.buffer);
	const n = Math.floor(bytes.length / data.recordSize);
	const s = {
		n, start: new Float64Array(n), end: new Float64Array(n), cycles: new Float64Array(n),
		stall: new Float64Array(n), energy: new Float32Array(n), mem: new Float64Array(n),
		work: new Float64Array(n), op: new Uint32Array(n), number: new Uint32Array(n),
		after: new Uint32Array(n), sram: new Uint32Array(n), sramSize: new Uint32Array(n),
		pc: new Uint32Array(n), job: new Uint16Array(n), device: new Uint16Array(n),
		unit: new Uint8Array(n), engine: new Uint8Array(n), opcode: new Uint8Array(n),
		token: new Uint8Array(n), until: new Float64Array(n),
		memStall: new Float64Array(n), sramStall: new Float64Array(n),
	};

	for (let i = 0, at = 0; i < n; i++, at += data.recordSize) {
		s.device[i] = view.getUint16(at + 58, true);
		const ns = 1e6 / data.devices[s.device[i]].khz;

		s.start[i] = view.getFloat64(at, true);
		s.cycles[i] = view.getFloat64(at + 8, true);
		s.end[i] = s.start[i] + s.cycles[i] * ns;
		s.stall[i] = view.getFloat32(at + 16, true) * ns;
		s.energy[i] = view.getFloat32(at + 20, true);
		s.mem[i] = view.getFloat32(at + 24, true);
		s.work[i] = view.getFloat32(at + 28, true);
		s.op[i] = view.getUint32(at + 32, true);
		s.number[i] = view.getUint32(at + 36, true);
		s.after[i] = view.getUint32(at + 40, true);
		s.sram[i] = view.getUint32(at + 44, true);
		s.sramSize[i] = view.getUint32(at + 48, true);
		s.pc[i] = view.getUint32(at + 52, true);
		s.job[i] = view.getUint16(at + 56, true);
		s.unit[i] = bytes[at + 60];
		s.engine[i] = bytes[at + 61];
		s.opcode[i] = bytes[at + 62];
		s.token[i] = bytes[at + 63];
		s.memStall[i] = view.getFloat32(at + 64, true) * ns;
		s.sramStall[i] = view.getFloat32(at + 68, true) * ns;
	}
	return s;
}

const slices = readSlices();
const noName = data.ops[data.ops.length - 1];

function opOf(i) {
	return data.ops[slices.op[i]] || noName;
}

function nameOf(i) {
	const op = opOf(i);

	return op === noName || op.name === "?" ? data.opcodes[slices.opcode[i]] : op.name;
}

/* The slice whose token slice @i waited for longest, or -1: records of a core are in a row. */
function causeOf(i) {
	const at = i - (slices.number[i] - slices.after[i]);

	if (slices.after[i] === NONE || at < 0 || at >= i)
		return -1;
	return slices.job[at] === slices.job[i] && slices.unit[at] === slices.unit[i] &&
		slices.number[at] === slices.after[i] ? at : -1;
}
