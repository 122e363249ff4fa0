// Tables whose columns can be sorted: the header of a column becomes a button.

/** Gives a table sorting buttons; rows are compared as numbers where all of them are numbers. */
export function makeSortable(table) {
  const head = table.tHead;
  const body = table.tBodies[0];
  if (!head || !body || body.rows.length < 2) {
    return;
  }
  const language = document.documentElement.lang || "fr";
  const collator = new Intl.Collator(language, { sensitivity: "base", numeric: true });
  [...head.rows[0].cells].forEach((cell, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...cell.childNodes);
    cell.append(button);
    button.addEventListener("click", () => sort(table, cell, column, collator));
  });
}

function sort(table, cell, column, collator) {
  const body = table.tBodies[0];
  const ascending = cell.getAttribute("aria-sort") !== "ascending";
  for (const other of cell.parentElement.cells) {
    other.removeAttribute("aria-sort");
  }
  cell.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const rows = [...body.rows].map((row) => ({ row, text: row.cells[column].textContent.trim() }));
  const numeric = cell.classList.contains("numeric")
    || rows.every(({ text }) => text !== "" && Number.isFinite(numberOf(text)));
  const compare = numeric
    ? (a, b) => numberOf(a.text) - numberOf(b.text)
    : (a, b) => collator.compare(a.text, b.text);
  rows.sort(ascending ? compare : (a, b) => compare(b, a));
  body.append(...rows.map(({ row }) => row));
}

function numberOf(text) {
  const plain = text.replace(/[\s\u00a0\u202f]/g, "");
  return Number(/^-?\d+,\d+$/.test(plain) ? plain.replace(",", ".") : plain.replaceAll(",", ""));
}
