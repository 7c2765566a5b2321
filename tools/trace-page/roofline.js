/* SPDX-License-Identifier: MIT */
/* Roofline: operations a byte against operations a second, on logarithmic axes. */

const PLOT = { width: 900, height: 420, left: 70, right: 20, top: 20, bottom: 45 };

function svg(name, attributes, text) {
	const element = document.createElementNS("http://www.w3.org/2000/svg", name);

	for (const key in attributes)
		element.setAttribute(key, attributes[key]);
	if (text !== undefined)
		element.textContent = text;
	return element;
}

/* A multiply-accumulate is two operations. */
function pointsOf(d) {
	const device = data.devices[d], points = [];
	const total = data.ops.reduce((sum, op) => sum + (op.device === d ? op.cycles : 0), 0) || 1;

	for (const op of data.ops) {
		const work = 2 * op.macs + op.ops, seconds = op.cycles / device.cores / (device.khz * 1e3);

		if (op.device !== d || !work || !op.mem || !op.cycles)
			continue;
		points.push({ op, x: work / op.mem, y: work / seconds, share: op.cycles / total });
	}
	return points;
}

function roofsOf(device) {
	const rate = device.cores * device.khz * 1e3;

	return ["INT8", "INT4", "16-bit"].map((name, i) => ({ name, ops: 2 * device.macs[i] * rate }))
		.concat({ name: "vector", ops: device.lanes * rate })
		.filter((roof) => roof.ops > 0);
}

/* Powers of ten around all of @values. */
function decades(values) {
	const good = values.filter((v) => v > 0 && Number.isFinite(v)).map(Math.log10);

	return [Math.floor(Math.min(...good)), Math.ceil(Math.max(...good) + 1e-9)];
}

function drawAxes(plot, x, y, xr, yr) {
	for (let e = xr[0]; e <= xr[1]; e++) {
		plot.append(svg("line", { class: "grid", x1: x(10 ** e), x2: x(10 ** e), y1: PLOT.top, y2: PLOT.height - PLOT.bottom }));
		plot.append(svg("text", { x: x(10 ** e), y: PLOT.height - PLOT.bottom + 16, "text-anchor": "middle" }, `${+(10 ** e).toPrecision(1)}`));
	}
	for (let e = yr[0]; e <= yr[1]; e++) {
		plot.append(svg("line", { class: "grid", x1: PLOT.left, x2: PLOT.width - PLOT.right, y1: y(10 ** e), y2: y(10 ** e) }));
		plot.append(svg("text", { x: PLOT.left - 6, y: y(10 ** e) + 4, "text-anchor": "end" }, formatCount(10 ** e)));
	}
	plot.append(svg("text", { x: PLOT.width / 2, y: PLOT.height - 8, "text-anchor": "middle" }, "operations for each byte of memory"));
	plot.append(svg("text", { x: 14, y: PLOT.height / 2, "text-anchor": "middle", transform: `rotate(-90 14 ${PLOT.height / 2})` }, "operations a second"));
}

function drawRoofs(plot, x, y, xr, device, roofs) {
	const bandwidth = device.mbps * 1e6;

	roofs.forEach((roof) => {
		const knee = roof.ops / bandwidth, from = 10 ** xr[0], to = 10 ** xr[1];
		const at = Math.min(Math.max(knee, from), to);

		plot.append(svg("path", { class: "roof", d: `M${x(from)} ${y(Math.min(roof.ops, from * bandwidth))}L${x(at)} ${y(Math.min(roof.ops, at * bandwidth))}L${x(to)} ${y(Math.min(roof.ops, to * bandwidth))}` }));
		plot.append(svg("text", { x: PLOT.width - PLOT.right - 4, y: y(roof.ops) - 5, "text-anchor": "end" }, `${roof.name} ${formatCount(roof.ops)}op/s`));
	});
}

function drawPoints(plot, x, y, points) {
	for (const point of points.sort((a, b) => b.share - a.share)) {
		const circle = svg("circle", { cx: x(point.x), cy: y(point.y), r: 3 + 14 * Math.sqrt(point.share), tabindex: 0, fill: colour(point.op.name) });

		circle.append(svg("title", {}, `${point.op.name} (${point.op.program}): ${+point.x.toPrecision(3)} op/byte, ${formatCount(point.y)}op/s, ${(100 * point.share).toFixed(1)} % of the time`));
		plot.append(circle);
	}
}

function drawRoofline() {
	const box = document.getElementById("roofline-plot");

	box.replaceChildren();
	data.devices.forEach((device, d) => {
		const points = pointsOf(d), roofs = roofsOf(device), bandwidth = device.mbps * 1e6;
		const title = document.createElement("h3");

		if (!bandwidth || !roofs.length)
			return;
		const xr = decades(points.map((p) => p.x).concat(roofs.map((r) => r.ops / bandwidth)));
		const yr = decades(points.map((p) => p.y).concat(roofs.map((r) => r.ops)));
		const x = (v) => PLOT.left + (Math.log10(v) - xr[0]) / (xr[1] - xr[0]) * (PLOT.width - PLOT.left - PLOT.right);
		const y = (v) => PLOT.height - PLOT.bottom - (Math.log10(v) - yr[0]) / (yr[1] - yr[0]) * (PLOT.height - PLOT.top - PLOT.bottom);
		const plot = svg("svg", { viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, role: "img", "aria-label": `Roofline of ${device.profile} with ${points.length} operators` });

		title.textContent = `${device.profile}: ${device.cores} cores at ${device.khz / 1000} MHz, ${device.mbps / 1000} GB/s`;
		drawAxes(plot, x, y, xr, yr);
		plot.append(svg("clipPath", { id: `clip${d}` }));
		/* The name of the highest roof is above the plot. */
		plot.lastChild.append(svg("rect", { x: PLOT.left, y: 0, width: PLOT.width - PLOT.left - PLOT.right, height: PLOT.height - PLOT.bottom }));
		const inner = svg("g", { "clip-path": `url(#clip${d})` });

		drawRoofs(inner, x, y, xr, device, roofs);
		drawPoints(inner, x, y, points);
		plot.append(inner);
		box.append(title, plot);
	});
}
