/* SPDX-License-Identifier: MIT */
/* The table of operators, which sorts by any column. */

const ns = (op, cycles) => cycles * 1e6 / data.devices[op.device].khz;
const operatorColumns = [
	{ title: "Operator", value: (op) => op.name, show: (v) => v, left: true },
	{ title: "Program", value: (op) => op.program, show: (v) => v, left: true },
	{ title: "Instructions", value: (op) => op.count, show: (v) => v.toLocaleString("en") },
	{ title: "Time", value: (op) => ns(op, op.cycles), show: formatNs },
	...ENGINES.map((name, e) => ({ title: `${name} busy`, value: (op) => ns(op, op.busy[e]), show: formatNs })),
	{ title: "Waited", value: (op) => ns(op, op.stall), show: formatNs },
	{ title: "Port wait", value: (op) => ns(op, op.memStall), show: formatNs },
	{ title: "SRAM wait", value: (op) => ns(op, op.sramStall), show: formatNs },
	{ title: "Memory", value: (op) => op.mem, show: formatBytes },
	{ title: "MACs", value: (op) => op.macs, show: formatCount },
	{ title: "Vector", value: (op) => op.ops, show: formatCount },
	{ title: "op/byte", value: (op) => op.mem ? (2 * op.macs + op.ops) / op.mem : 0, show: (v) => v ? +v.toPrecision(3) : "" },
	{ title: "Energy", value: (op) => op.pj, show: formatPj },
];
const operatorSort = { column: 3, down: true };

function compareOperators(a, b) {
	const value = operatorColumns[operatorSort.column].value, x = value(a), y = value(b);
	const order = typeof x === "string" ? x.localeCompare(y) : x - y;

	return operatorSort.down ? -order : order;
}

function operatorHead(table) {
	const head = table.createTHead().insertRow();

	operatorColumns.forEach((column, i) => {
		const th = document.createElement("th"), button = document.createElement("button");

		th.scope = "col";
		if (column.left)
			th.className = "left";
		if (i === operatorSort.column)
			th.setAttribute("aria-sort", operatorSort.down ? "descending" : "ascending");
		button.type = "button";
		button.textContent = column.title + (i === operatorSort.column ? operatorSort.down ? " ↓" : " ↑" : "");
		button.addEventListener("click", () => {
			operatorSort.down = i === operatorSort.column ? !operatorSort.down : !column.left;
			operatorSort.column = i;
			fillOperators();
			document.querySelectorAll("#operators-table th button")[i].focus();
		});
		th.append(button);
		head.append(th);
	});
}

function fillOperators() {
	const table = document.getElementById("operators-table");

	table.replaceChildren();
	operatorHead(table);
	const body = table.createTBody();

	for (const op of data.ops.filter((o) => o.count).sort(compareOperators)) {
		const row = body.insertRow();

		for (const column of operatorColumns)
			cell(row, column.show(column.value(op)), column.left);
	}
}
