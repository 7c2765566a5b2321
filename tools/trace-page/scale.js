/* SPDX-License-Identifier: MIT */
/* Figures for people, colours, and steps of an axis. */

function scaled(value, units, factor) {
	let i = 0;

	while (Math.abs(value) >= factor && i < units.length - 1) {
		value /= factor;
		i++;
	}
	return `${+value.toPrecision(4)} ${units[i]}`;
}

const formatNs = (ns) => scaled(ns, ["ns", "µs", "ms", "s"], 1000);
const formatBytes = (bytes) => scaled(bytes, ["B", "KiB", "MiB", "GiB", "TiB"], 1024);
const formatCount = (count) => scaled(count, ["", "k", "M", "G", "T"], 1000).trim();
const formatPj = (pj) => scaled(pj, ["pJ", "nJ", "µJ", "mJ", "J"], 1000);
const formatHex = (value) => "0x" + value.toString(16);

function style(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/* A hue for a name, the same in every trace. */
function hue(text) {
	let hash = 2166136261;

	for (let i = 0; i < text.length; i++)
		hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
	return (hash >>> 0) % 360;
}

const hues = new Map();

function colour(text) {
	if (!hues.has(text))
		hues.set(text, hue(text));
	return `hsl(${hues.get(text)} ${palette.sat} ${palette.light})`;
}

let palette = {};

function readPalette() {
	for (const name of ["back", "text", "faint", "line", "panel", "accent", "stall", "sat", "light"])
		palette[name] = style("--" + name);
}

/* 1, 2 or 5 times a power of ten: @span in at most @most steps. */
function niceStep(span, most) {
	const raw = span / most, power = 10 ** Math.floor(Math.log10(raw));

	for (const factor of [1, 2, 5])
		if (power * factor >= raw)
			return power * factor;
	return power * 10;
}

/* First index of a rising column at which it is not below @value. */
function lowerBound(indices, column, value) {
	let low = 0, high = indices.length;

	while (low < high) {
		const middle = (low + high) >> 1;

		if (column[indices[middle]] < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A canvas as large as it is shown, in its own pixels. */
function prepareCanvas(canvas, height) {
	const ratio = window.devicePixelRatio || 1;
	const width = canvas.clientWidth || 800;

	canvas.width = width * ratio;
	canvas.height = height * ratio;
	canvas.style.height = height + "px";
	const context = canvas.getContext("2d");

	context.setTransform(ratio, 0, 0, ratio, 0, 0);
	context.clearRect(0, 0, width, height);
	context.font = "12px system-ui, sans-serif";
	context.textBaseline = "middle";
	return { context, width, height };
}
