/* SPDX-License-Identifier: MIT */
/* The time line: a row for each engine, drawn anew for what is in view. */

const ROW = 20, LABEL = 210, AXIS = 24;
const timeline = { rows: [], from: 0, to: 1, first: 0, last: 1, row: 0, chosen: -1, found: "" };
const canvas = document.getElementById("timeline");

function addRow(name, row) {
	timeline.rows.push(Object.assign({ name, slices: [], height: ROW }, row));
	const item = document.createElement("li");

	item.textContent = name;
	document.getElementById("rows").append(item);
	return timeline.rows[timeline.rows.length - 1];
}

function addDevice(device, d) {
	const many = data.devices.length > 1 ? `${d + 1}: ` : "";

	addRow(`${many}jobs`, { kind: "jobs", device: d });
	for (let unit = 0; unit < device.cores; unit++) {
		for (let e = 0; e < ENGINES.length; e++)
			addRow(`${many}core ${unit} ${ENGINES[e]}`, { kind: "engine", device: d, unit, engine: e });
		addRow(`${many}core ${unit} weight stream`, { kind: "stream", device: d, unit });
		addRow(`${many}core ${unit} memory`, { kind: "memory", device: d, unit, height: 30 });
		addRow(`${many}core ${unit} power`, { kind: "power", device: d, unit, height: 30 });
	}
}

/* Slices to rows, each in the order of time. */
function fillRows() {
	const find = new Map();

	for (const row of timeline.rows)
		find.set(`${row.kind} ${row.device} ${row.unit} ${row.engine}`, row);
	for (let i = 0; i < slices.n; i++) {
		const place = `${slices.device[i]} ${slices.unit[i]}`;

		find.get(`engine ${place} ${slices.engine[i]}`).slices.push(i);
		if (slices.engine[i] === 3 && slices.mem[i])
			find.get(`stream ${place} undefined`).slices.push(i);
		if (slices.mem[i])
			find.get(`memory ${place} undefined`).slices.push(i);
		if (slices.energy[i])
			find.get(`power ${place} undefined`).slices.push(i);
	}
	for (const row of timeline.rows)
		row.slices.sort((a, b) => slices.start[a] - slices.start[b]);
}

function findEnds() {
	let first = Infinity, last = -Infinity;

	for (let i = 0; i < slices.n; i++) {
		first = Math.min(first, slices.start[i] - slices.stall[i]);
		last = Math.max(last, slices.end[i]);
	}
	for (const device of data.devices)
		for (const job of device.jobs) {
			first = Math.min(first, job.submit);
			last = Math.max(last, job.end);
		}
	for (const event of data.driver) {
		first = Math.min(first, event.time);
		last = Math.max(last, event.time);
	}
	timeline.first = Number.isFinite(first) ? first : 0;
	timeline.last = last > timeline.first ? last : timeline.first + 1;
}

function xOf(time, width) {
	return LABEL + (time - timeline.from) / (timeline.to - timeline.from) * (width - LABEL);
}

function timeAt(x) {
	const width = canvas.clientWidth || 800;

	return timeline.from + (x - LABEL) / (width - LABEL) * (timeline.to - timeline.from);
}

function drawAxis(view) {
	const c = view.context, step = niceStep(timeline.to - timeline.from, 8);

	c.fillStyle = palette.faint;
	c.strokeStyle = palette.line;
	for (let t = Math.ceil(timeline.from / step) * step; t <= timeline.to; t += step) {
		const x = xOf(t, view.width);

		c.beginPath();
		c.moveTo(x, AXIS);
		c.lineTo(x, view.height);
		c.stroke();
		c.fillText(formatNs(t), x + 3, AXIS / 2);
	}
}

function drawBox(view, x, width, y, height, name) {
	const c = view.context;

	c.fillRect(x, y + 2, Math.max(width, 1), height - 4);
	if (width < 36)
		return;
	c.save();
	c.beginPath();
	c.rect(x, y, width - 2, height);
	c.clip();
	c.fillStyle = "#ffffff";
	c.fillText(name, x + 4, y + height / 2);
	c.restore();
}

function isFound(name) {
	return !timeline.found || name.toLowerCase().includes(timeline.found);
}

/* Of slices narrower than a pixel one is drawn for each pixel. */
function drawSlices(view, row, y) {
	const c = view.context, pixel = (timeline.to - timeline.from) / (view.width - LABEL);
	let k = Math.max(0, lowerBound(row.slices, slices.start, timeline.from) - 1);

	while (k < row.slices.length) {
		const i = row.slices[k];

		if (slices.start[i] - slices.stall[i] > timeline.to)
			break;
		const from = Math.max(LABEL, xOf(slices.start[i], view.width));
		const to = Math.min(view.width, xOf(slices.end[i], view.width));
		const name = nameOf(i);

		if (slices.stall[i] / pixel >= 1 && row.kind === "engine") {
			const waits = Math.max(LABEL, xOf(slices.start[i] - slices.stall[i], view.width));

			c.fillStyle = palette.stall;
			c.fillRect(waits, y + ROW / 2 - 2, Math.max(0, from - waits), 4);
		}
		if (to > LABEL) {
			c.globalAlpha = isFound(name) ? 1 : 0.15;
			c.fillStyle = colour(name);
			drawBox(view, from, to - from, y, ROW, name);
			c.globalAlpha = 1;
		}
		if (slices.end[i] - slices.start[i] < pixel)
			k = Math.max(k + 1, lowerBound(row.slices, slices.start, slices.start[i] + pixel));
		else
			k++;
	}
}

function drawJobs(view, row, y) {
	const c = view.context;

	for (const job of data.devices[row.device].jobs) {
		const from = Math.max(LABEL, xOf(job.submit, view.width));
		const to = Math.min(view.width, xOf(job.end, view.width));

		if (to < LABEL || from > view.width)
			continue;
		c.fillStyle = colour(job.name);
		drawBox(view, from, to - from, y, ROW, `${job.name} ${job.seqno}`);
	}
}

function drawDriver(view, row, y) {
	const c = view.context;

	for (const event of data.driver) {
		const x = xOf(event.time, view.width);

		if (x < LABEL || x > view.width)
			continue;
		c.fillStyle = colour(event.kind);
		c.fillRect(x, y + 3, 2, ROW - 6);
	}
}

/* Bytes or energy of each pixel's time, as a curve. */
function drawCurve(view, row, y, column, unit, perNs) {
	const c = view.context, bins = new Float64Array(Math.max(1, Math.floor(view.width - LABEL)));
	const pixel = (timeline.to - timeline.from) / bins.length;
	let most = 0;

	for (let k = Math.max(0, lowerBound(row.slices, slices.start, timeline.from) - 1); k < row.slices.length; k++) {
		const i = row.slices[k], length = slices.end[i] - slices.start[i] || 1e-9;

		if (slices.start[i] > timeline.to)
			break;
		let b = Math.floor((slices.start[i] - timeline.from) / pixel);
		const last = Math.min(bins.length - 1, Math.floor((slices.end[i] - timeline.from) / pixel));

		for (b = Math.max(0, b); b <= last; b++) {
			const from = Math.max(slices.start[i], timeline.from + b * pixel);
			const to = Math.min(slices.end[i], timeline.from + (b + 1) * pixel);

			bins[b] += column[i] * Math.max(0, to - from) / length / pixel;
		}
	}
	for (const value of bins)
		most = Math.max(most, value);
	c.fillStyle = palette.accent;
	for (let b = 0; most && b < bins.length; b++) {
		const height = bins[b] / most * (row.height - 6);

		if (height > 0)
			c.fillRect(LABEL + b, y + row.height - 2 - height, 1, height);
	}
	c.fillStyle = palette.faint;
	c.textAlign = "right";
	c.fillText(`max ${+(most * perNs).toPrecision(3)} ${unit}`, LABEL - 4, y + row.height / 2);
	c.textAlign = "left";
}

function drawRow(view, row, y) {
	if (row.kind === "jobs")
		drawJobs(view, row, y);
	else if (row.kind === "driver")
		drawDriver(view, row, y);
	else if (row.kind === "memory")	/* bytes in a nanosecond are GB/s */
		drawCurve(view, row, y, slices.mem, "GB/s", 1);
	else if (row.kind === "power")	/* pJ in a nanosecond are mW */
		drawCurve(view, row, y, slices.energy, "mW", 1);
	else
		drawSlices(view, row, y);
}

function rowTop(index) {
	let y = AXIS;

	for (let r = 0; r < index; r++)
		y += timeline.rows[r].height;
	return y;
}

function rowOfSlice(i) {
	return timeline.rows.findIndex((row) => row.kind === "engine" && row.device === slices.device[i] &&
		row.unit === slices.unit[i] && row.engine === slices.engine[i]);
}

/* The chosen one, and an arrow from whom it waited for. */
function drawChosen(view) {
	const i = timeline.chosen, c = view.context;

	if (i < 0)
		return;
	const y = rowTop(rowOfSlice(i)), cause = causeOf(i);

	c.strokeStyle = palette.text;
	c.lineWidth = 2;
	c.strokeRect(xOf(slices.start[i], view.width), y + 1,
		Math.max(2, xOf(slices.end[i], view.width) - xOf(slices.start[i], view.width)), ROW - 2);
	if (cause >= 0) {
		const from = rowTop(rowOfSlice(cause)) + ROW / 2;

		c.beginPath();
		c.moveTo(xOf(slices.end[cause], view.width), from);
		c.lineTo(xOf(slices.start[i], view.width), y + ROW / 2);
		c.stroke();
		c.beginPath();
		c.arc(xOf(slices.start[i], view.width), y + ROW / 2, 3, 0, 7);
		c.stroke();
	}
	c.lineWidth = 1;
}

function drawTimeline() {
	const view = prepareCanvas(canvas, rowTop(timeline.rows.length) + 4);
	const c = view.context;
	let y = AXIS;

	drawAxis(view);
	timeline.rows.forEach((row, r) => {
		drawRow(view, row, y);
		c.clearRect(0, y, row.kind === "memory" || row.kind === "power" ? 0 : LABEL, row.height);
		c.fillStyle = r === timeline.row ? palette.accent : palette.text;
		c.fillText(row.name, 6, y + row.height / 2, LABEL - 90);
		y += row.height;
	});
	drawChosen(view);
	document.getElementById("window").textContent =
		`${formatNs(timeline.from)} to ${formatNs(timeline.to)}, ${formatNs(timeline.to - timeline.from)}`;
}

function setWindow(from, to) {
	const whole = timeline.last - timeline.first, margin = whole * 0.02;
	const span = Math.min(Math.max(to - from, 1), whole + 2 * margin);

	from = Math.min(Math.max(from, timeline.first - margin), timeline.last + margin - span);
	timeline.from = from;
	timeline.to = from + span;
	redraw();
}

function zoom(factor, at) {
	setWindow(at - (at - timeline.from) * factor, at + (timeline.to - at) * factor);
}

function describe(i) {
	const op = opOf(i), cause = causeOf(i);
	let text = `${nameOf(i)} — ${data.opcodes[slices.opcode[i]]}, instruction ${slices.pc[i]} of ${op.program || "its program"}, number ${slices.number[i]} on core ${slices.unit[i]} ${ENGINES[slices.engine[i]]}\n` +
		`${formatNs(slices.start[i])} to ${formatNs(slices.end[i])}: ${slices.cycles[i]} cycles`;

	if (slices.stall[i])
		text += `, waited ${formatNs(slices.stall[i])}` + (cause >= 0 ? ` for token ${slices.token[i]} of ${nameOf(cause)} (${slices.after[i]})` : "");
	if (slices.memStall[i])
		text += `, ${formatNs(slices.memStall[i])} of them for the memory port`;
	if (slices.sramStall[i])
		text += `, ${formatNs(slices.sramStall[i])} of them for SRAM`;
	text += `\n${formatBytes(slices.mem[i])} of memory, ${formatCount(slices.work[i])} operations, ${formatPj(slices.energy[i])}`;
	if (slices.sramSize[i])
		text += `, SRAM ${formatHex(slices.sram[i])} to ${formatHex(slices.sram[i] + slices.sramSize[i] - 1)}`;
	return text;
}

function choose(i) {
	timeline.chosen = i;
	if (i >= 0) {
		timeline.row = rowOfSlice(i);
		document.getElementById("details").textContent = describe(i);
	}
	redraw();
}

/* Slice at a point of the canvas, or -1. */
function sliceAt(x, y) {
	const time = timeAt(x), tolerance = 2 * (timeline.to - timeline.from) / (canvas.clientWidth - LABEL);
	let top = AXIS;

	for (const row of timeline.rows) {
		if (y >= top && y < top + row.height) {
			if (row.kind !== "engine" && row.kind !== "stream")
				return -1;
			const k = lowerBound(row.slices, slices.start, time + tolerance) - 1;

			return k >= 0 && slices.end[row.slices[k]] + tolerance >= time ? row.slices[k] : -1;
		}
		top += row.height;
	}
	return -1;
}

/* The next slice of the row, or the one before. */
function step(by) {
	const row = timeline.rows[timeline.row];
	let k = timeline.chosen >= 0 ? row.slices.indexOf(timeline.chosen) : -1;

	if (!row.slices.length || (row.kind !== "engine" && row.kind !== "stream"))
		return;
	if (k < 0)
		k = lowerBound(row.slices, slices.start, timeline.from) - (by > 0 ? 1 : 0);
	k = Math.min(Math.max(k + by, 0), row.slices.length - 1);
	const i = row.slices[k], span = timeline.to - timeline.from;

	if (slices.start[i] < timeline.from || slices.end[i] > timeline.to)
		setWindow(slices.start[i] - span / 4, slices.start[i] + span * 3 / 4);
	choose(i);
}

function nextJob() {
	const starts = [];

	for (const device of data.devices)
		for (const job of device.jobs)
			starts.push({ at: job.start, length: job.cycles * 1e6 / device.khz || 1 });
	starts.sort((a, b) => a.at - b.at);
	const middle = (timeline.from + timeline.to) / 2;
	const whole = timeline.to - timeline.from >= timeline.last - timeline.first;
	const next = starts.find((job) => whole || job.at > middle) || starts[0];

	if (next)
		setWindow(next.at - next.length * 0.03, next.at + next.length * 1.03);
}
