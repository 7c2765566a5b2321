/* SPDX-License-Identifier: MIT */
/* The page: what keys, pointer and buttons do. */

let waiting = false;

/* At most once a frame, whatever happens. */
function redraw() {
	if (waiting)
		return;
	waiting = true;
	requestAnimationFrame(() => {
		waiting = false;
		drawTimeline();
		drawSram();
	});
}

function fit() {
	setWindow(timeline.first, timeline.last);
}

function chooseRow(by) {
	timeline.row = Math.min(Math.max(timeline.row + by, 0), timeline.rows.length - 1);
	timeline.chosen = -1;
	document.getElementById("details").textContent = `Row ${timeline.rows[timeline.row].name}`;
	redraw();
}

function zoomToChosen() {
	const i = timeline.chosen;

	if (i < 0)
		return;
	const span = Math.max(slices.end[i] - slices.start[i], 10) * 4;

	setWindow(slices.start[i] - span / 4, slices.start[i] + span * 3 / 4);
}

const middle = () => (timeline.from + timeline.to) / 2;
const move = (part) => {
	const by = (timeline.to - timeline.from) * part;

	setWindow(timeline.from + by, timeline.to + by);
};

const keys = {
	ArrowLeft: () => move(-0.15), ArrowRight: () => move(0.15),
	ArrowUp: () => chooseRow(-1), ArrowDown: () => chooseRow(1),
	"+": () => zoom(0.6, middle()), "=": () => zoom(0.6, middle()), "-": () => zoom(1 / 0.6, middle()),
	0: fit, Home: fit, n: () => step(1), p: () => step(-1), j: nextJob, Enter: zoomToChosen,
};

canvas.addEventListener("keydown", (event) => {
	if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key])
		return;
	event.preventDefault();
	keys[event.key]();
});

canvas.addEventListener("wheel", (event) => {
	event.preventDefault();
	if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
		move((event.deltaX || event.deltaY) / 2000);
	else
		zoom(Math.exp(event.deltaY / 400), timeAt(event.offsetX));
}, { passive: false });

const drag = { on: false, x: 0, moved: 0 };
const tip = document.getElementById("tip");

canvas.addEventListener("pointerdown", (event) => {
	Object.assign(drag, { on: true, x: event.offsetX, moved: 0 });
	canvas.setPointerCapture(event.pointerId);
});

canvas.addEventListener("pointermove", (event) => {
	if (drag.on) {
		const by = timeAt(drag.x) - timeAt(event.offsetX);

		drag.moved += Math.abs(event.offsetX - drag.x);
		drag.x = event.offsetX;
		setWindow(timeline.from + by, timeline.to + by);
		return;
	}
	const i = sliceAt(event.offsetX, event.offsetY);

	tip.hidden = i < 0;
	if (i >= 0) {
		tip.textContent = describe(i);
		tip.style.left = Math.min(event.clientX + 12, window.innerWidth - 460) + "px";
		tip.style.top = event.clientY + 14 + "px";
	}
});

canvas.addEventListener("pointerup", (event) => {
	drag.on = false;
	if (drag.moved < 4)
		choose(sliceAt(event.offsetX, event.offsetY));
});

canvas.addEventListener("pointerleave", () => {
	tip.hidden = true;
});

function setTheme(theme) {
	document.documentElement.dataset.theme = theme;
	readPalette();
	drawRoofline();
	redraw();
}

function summarize() {
	const jobs = data.devices.reduce((sum, device) => sum + device.jobs.length, 0);
	const untraced = data.devices.reduce((sum, device) => sum + device.untraced, 0);
	let text = `${data.command || "Trace"}: ${slices.n.toLocaleString("en")} instructions in ${jobs} jobs on ` +
		data.devices.map((device) => `${device.profile} (${device.path})`).join(", ") + ".";

	if (data.beyond)
		text += ` ${data.beyond.toLocaleString("en")} more instructions are not on this page.`;
	if (untraced)
		text += ` ${untraced} jobs have no instructions.`;
	document.getElementById("summary").textContent = text;
}

function button(id, action) {
	document.getElementById(id).addEventListener("click", action);
}

button("zoom-in", keys["+"]);
button("zoom-out", keys["-"]);
button("fit", fit);
button("next-job", nextJob);
button("theme", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
document.getElementById("find").addEventListener("input", (event) => {
	timeline.found = event.target.value.toLowerCase();
	redraw();
});
window.addEventListener("resize", redraw);

if (data.driver.length)
	addRow("driver", { kind: "driver" });
data.devices.forEach(addDevice);
fillRows();
findEnds();
listCores();
findWrites();
fillMemoryTable();
fillOperators();
summarize();
setTheme(window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
fit();
nextJob();
document.documentElement.dataset.ready = "yes";
