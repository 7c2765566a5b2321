/* SPDX-License-Identifier: MIT */
/* SRAM by time, and what lies where in the address spaces. */

const sram = { device: 0, unit: 0, writes: [] };
const sramCanvas = document.getElementById("sram");

/* Writes to one core's SRAM, each until something is written over it. */
function findWrites() {
	let live = [];

	sram.writes = [];
	for (let i = 0; i < slices.n; i++)
		if (slices.sramSize[i] && slices.engine[i] !== 2 &&
		    slices.device[i] === sram.device && slices.unit[i] === sram.unit)
			sram.writes.push(i);
	sram.writes.sort((a, b) => slices.start[a] - slices.start[b]);
	for (const i of sram.writes) {
		const from = slices.sram[i], to = from + slices.sramSize[i];

		slices.until[i] = Infinity;
		live = live.filter((j) => {
			const over = slices.sram[j] < to && slices.sram[j] + slices.sramSize[j] > from;

			if (over)
				slices.until[j] = slices.start[i];
			return !over;
		});
		live.push(i);
	}
	const jobs = data.devices[sram.device] ? data.devices[sram.device].jobs : [];

	/* SRAM is cleared between jobs. */
	for (const i of live) {
		const job = jobs[slices.job[i]];

		slices.until[i] = job ? job.start + job.cycles * 1e6 / data.devices[sram.device].khz : slices.end[i];
	}
}

function sramTop() {
	let top = 0;

	for (const i of sram.writes)
		top = Math.max(top, slices.sram[i] + slices.sramSize[i]);
	return top || 1;
}

function drawSram() {
	const view = prepareCanvas(sramCanvas, 260), c = view.context, top = sramTop();
	const y = (address) => 250 - address / top * 240;

	c.fillStyle = palette.faint;
	for (let k = 0; k <= 4; k++) {
		c.fillText(formatBytes(top * k / 4), 6, Math.min(248, Math.max(8, y(top * k / 4))));
		c.fillRect(LABEL, y(top * k / 4), view.width - LABEL, 0.5);
	}
	for (const i of sram.writes) {
		if (slices.until[i] < timeline.from || slices.start[i] > timeline.to)
			continue;
		const from = Math.max(LABEL, xOf(slices.start[i], view.width));
		const to = Math.min(view.width, xOf(slices.until[i], view.width));
		const high = y(slices.sram[i] + slices.sramSize[i]);

		c.fillStyle = colour(nameOf(i));
		c.globalAlpha = 0.75;
		c.fillRect(from, high, Math.max(1, to - from), Math.max(1, y(slices.sram[i]) - high));
	}
	c.globalAlpha = 1;
}

function describeSram(event) {
	const box = sramCanvas.getBoundingClientRect(), time = timeAt(event.clientX - box.left);
	const address = (250 - (event.clientY - box.top)) / 240 * sramTop();
	const found = sram.writes.filter((i) => slices.start[i] <= time && slices.until[i] >= time &&
		slices.sram[i] <= address && slices.sram[i] + slices.sramSize[i] > address);

	document.getElementById("sram-details").textContent = found.length ? describe(found[0]) : "";
}

function listCores() {
	const select = document.getElementById("sram-core");

	data.devices.forEach((device, d) => {
		for (let unit = 0; unit < device.cores; unit++)
			select.add(new Option(`${device.profile} core ${unit}`, `${d} ${unit}`));
	});
	select.addEventListener("change", () => {
		[sram.device, sram.unit] = select.value.split(" ").map(Number);
		findWrites();
		drawSram();
	});
	sramCanvas.addEventListener("pointermove", describeSram);
}

function cell(row, text, left) {
	const td = row.insertCell();

	td.textContent = text;
	if (left)
		td.className = "left";
	return td;
}

/* Segments have names; what is mapped besides is shown by its buffer. */
function regions() {
	const all = [];

	data.devices.forEach((device, d) => {
		const named = new Set();

		for (const s of device.segments) {
			named.add(`${s.vm} ${s.va}`);
			all.push(Object.assign({ device: d }, s));
		}
		for (const m of device.maps)
			if (m.mapped && !named.has(`${m.vm} ${m.va}`)) {
				named.add(`${m.vm} ${m.va}`);
				all.push({ device: d, vm: m.vm, va: m.va, size: m.size, readonly: m.readonly, name: `buffer ${m.handle}` });
			}
	});
	return all.sort((a, b) => a.device - b.device || a.vm - b.vm || a.va - b.va);
}

function fillMemoryTable() {
	const table = document.getElementById("memory-table"), all = regions();
	const most = Math.max(1, ...all.map((r) => r.size));
	const head = table.createTHead().insertRow();

	for (const text of ["What", "Space", "From", "Size", "", "NPU may"])
		head.append(Object.assign(document.createElement("th"), { textContent: text, scope: "col" }));
	const body = table.createTBody();

	for (const region of all.slice(0, 2000)) {
		const row = body.insertRow(), bar = document.createElement("span");

		cell(row, region.name);
		cell(row, `${data.devices[region.device].profile} ${region.vm}`);
		cell(row, formatHex(region.va));
		cell(row, formatBytes(region.size));
		bar.className = "bar";
		bar.style.width = Math.max(1, region.size / most * 200) + "px";
		cell(row, "", true).append(bar);
		cell(row, region.readonly ? "read" : "read and write", true);
	}
}
