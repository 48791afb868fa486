// Filters; what is chosen stands in the fragment of the address

const KINDS = {
  paper: (found) => [found.suite.paper || "no paper"],
  preset: (found) => [found.suite.preset || "none"],
  verdict: (found) => [found.cell.verdict || "nothing printed"],
  outcome: (found) => found.cell.outcomes,
};
const chosen = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, new Set()]));
const search = document.getElementById("search");

function filters() {
  for (const [kind, of] of Object.entries(KINDS)) {
    const words = [...new Set(cells.flatMap(of))];
    const order = ["ok", ...FATES, ...words.sort()];
    words.sort((a, b) => order.indexOf(a) - order.indexOf(b));
    const boxes = words.map((word) =>
      make(
        "label",
        {},
        make("input", {
          type: "checkbox",
          name: kind,
          value: word,
          onchange: (event) => {
            chosen[kind][event.target.checked ? "add" : "delete"](word);
            filtered();
          },
        }),
        ` ${word}`,
      ),
    );
    const legend = kind[0].toUpperCase() + kind.slice(1);
    document
      .getElementById("choices")
      .append(make("fieldset", {}, make("legend", {}, legend), ...boxes));
  }
  search.addEventListener("input", filtered);
  const form = document.getElementById("filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const set of Object.values(chosen)) set.clear();
    search.value = "";
    ticked();
    filtered();
  });
}

function ticked() {
  for (const box of document.querySelectorAll("#choices input")) {
    box.checked = chosen[box.name].has(box.value);
  }
}

function matches(found) {
  const kinds = Object.entries(KINDS).every(
    ([kind, of]) => chosen[kind].size === 0 || of(found).some((word) => chosen[kind].has(word)),
  );
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  return kinds && words.every((word) => found.text.includes(word));
}

function filtered() {
  let count = 0;
  for (const found of cells) {
    const fits = matches(found);
    count += fits;
    found.at.classList.toggle("off", !fits);
  }
  let tables = 0;
  for (const row of document.querySelectorAll("#suites tbody tr")) {
    row.hidden = !row.querySelector("td:not(.off)");
  }
  for (const table of document.querySelectorAll("#suites .table")) {
    table.hidden = !table.querySelector("tbody tr:not([hidden])");
    tables += !table.hidden;
  }
  for (const suite of document.querySelectorAll("#suites .suite")) {
    suite.hidden = !suite.querySelector(".table:not([hidden])");
  }
  const all = document.querySelectorAll("#suites .table").length;
  document.getElementById("shown").textContent =
    `${count.toLocaleString("en")} of ${counted(cells.length, "cell")} shown, in ${tables} ` +
    "of " +
    counted(all, "table");
  remember();
}

let opened = null; // the cell whose dialog is open

function remember() {
  const parts = new URLSearchParams();
  for (const [kind, set] of Object.entries(chosen)) {
    for (const word of set) parts.append(kind, word);
  }
  if (search.value) parts.set("search", search.value);
  if (opened) parts.set("cell", opened.key);
  const text = parts.toString();
  history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
}

function recall() {
  const text = location.hash.slice(1);
  const parts = new URLSearchParams(text);
  for (const [kind, set] of Object.entries(chosen)) {
    set.clear();
    for (const word of parts.getAll(kind)) set.add(word);
  }
  search.value = parts.get("search") ?? "";
  const cell = cells.find((found) => found.key === parts.get("cell"));
  ticked();
  filtered();
  if (cell) openCell(cell);
}
