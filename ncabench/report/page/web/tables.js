// Tables

const cells = []; // each: {suite, table, row, column, cell, name, text, at}

const LOUD = /^(PRESET|SUBSTITUTE|SET BY HAND|EMULATED)/; // what no reader may overlook

function tableCell(found) {
  const { cell } = found;
  const printed = cell.printed
    ? make("span", { class: "quiet" }, `paper ${cell.printed}`)
    : null;
  const verdict = cell.verdict
    ? make(
        "span",
        { class: styled(cell.verdict) },
        cell.verdict +
          (cell.needs ? `, needs ${cell.needs}` : "") +
          (cell.ratio ? ` (${cell.ratio})` : ""),
      )
    : null;
  const label = [
    found.name,
    cell.measured,
    cell.printed && `paper ${cell.printed}`,
    cell.verdict,
  ]
    .filter(Boolean)
    .join("; ");
  const button = make(
    "button",
    {
      type: "button",
      "aria-haspopup": "dialog",
      "aria-label": label,
      onclick: () => openCell(found),
    },
    cell.measured,
  );
  found.at = make("td", { class: "cell" }, button, printed, verdict);
  return found.at;
}

function grouped(table) {
  if (!table.heads.some((head) => head.group)) return null;
  const spans = [];
  for (const head of table.heads) {
    const last = spans.at(-1);
    if (last && last.group === head.group) last.width += 1;
    else spans.push({ group: head.group, width: 1 });
  }
  return make(
    "tr",
    {},
    make("td"),
    ...spans.map(({ group, width }) =>
      group
        ? make("th", { colspan: width, scope: "colgroup", class: "group" }, group)
        : make("td", { colspan: width }),
    ),
  );
}

function suiteTable(suite, table) {
  const rows = table.rows.map((row, y) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, row.label),
      ...row.cells.map((cell, x) => {
        const head = table.heads[x];
        const name = `${row.label}, ${`${head.group} ${head.label}`.trim()}`;
        const text = [
          suite.title,
          suite.name,
          ...suite.set,
          table.title,
          name,
          cell.measured,
          cell.printed,
          cell.reason,
          ...cell.runs.map((at) => page.runs[at].record),
        ]
          .join(" ")
          .toLowerCase();
        const key = `${suite.key}/${table.id}/${y}/${x}`;
        const found = { suite, table, row, head, cell, name, text, key };
        cells.push(found);
        return tableCell(found);
      }),
    ),
  );
  const heads = [
    make("th", { scope: "col" }, table.row_head),
    ...table.heads.map((head) => make("th", { scope: "col" }, head.label)),
  ];
  const body = make(
    "table",
    {},
    make("caption", { class: "unseen" }, table.title),
    make("thead", {}, grouped(table) ?? "", make("tr", {}, ...heads)),
    make("tbody", {}, ...rows),
  );
  const loud = table.captions
    .filter((line) => LOUD.test(line))
    .map((line) => line.split(": it sets ")[0]); // what it sets is said below
  return make(
    "section",
    { class: "table" },
    make("h4", {}, table.title),
    loud.length ? list(loud, "captions loud") : null,
    table.captions.length
      ? folded("On what it was measured", list(table.captions, "captions"))
      : null,
    scrolled(table.title, body),
    table.notes.length
      ? folded(
          counted(table.notes.length, "note"),
          make("ol", { class: "notes" }, ...table.notes.map((note) => make("li", {}, note))),
        )
      : null,
  );
}

function asked(suite) {
  const preset = suite.preset && `preset ${suite.preset}`;
  return [preset, ...suite.set, suite.when].filter(Boolean).join(", ");
}

function suites() {
  const contents = [];
  for (const suite of page.suites) {
    const told = [suite.paper || "no paper", asked(suite)].filter(Boolean).join(", ");
    const head = make("h3", { tabindex: -1 }, suite.title);
    document
      .getElementById("suites")
      .append(
        make(
          "section",
          { class: "suite" },
          head,
          make(
            "p",
            { class: "quiet" },
            [`${suite.name} (${told}).`, ...suite.summary].join(" "),
          ),
          banded(suite),
          pictured(suite),
          ...suite.tables.map((table) => suiteTable(suite, table)),
        ),
      );
    contents.push(make("li", {}, leading(suite, head)));
  }
  document
    .getElementById("contents")
    .append(folded(counted(contents.length, "suite"), make("ul", {}, ...contents)));
}

function leading(suite, head) {
  const text = `${suite.name} (${asked(suite)})`;
  const go = () => {
    if (head.closest(".suite").hidden) document.getElementById("filters").reset();
    head.focus();
    head.scrollIntoView();
  };
  return make("button", { type: "button", class: "link", onclick: go }, text);
}
