// One cell and its runs

const dialog = document.getElementById("opened");
let stops = []; // what ends the players of the open cell

function facts(pairs) {
  const kept = pairs.filter(([, value]) => value !== "" && value !== null);
  return make(
    "dl",
    {},
    ...kept.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]),
  );
}

function flat(value, path = "") {
  if (value === null || typeof value !== "object") return [[path, JSON.stringify(value)]];
  const plain =
    Array.isArray(value) && value.every((one) => one === null || typeof one !== "object");
  if (plain || Object.keys(value).length === 0) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, one]) =>
    flat(one, path ? `${path}.${key}` : key),
  );
}

function flatTable(label, value) {
  const rows = flat(value).map(([key, text]) =>
    make("tr", {}, make("th", { scope: "row" }, key), make("td", {}, text)),
  );
  return folded(
    label,
    scrolled(label, make("table", { class: "facts" }, make("tbody", {}, ...rows))),
  );
}

function called(run) {
  const seeds = [...new Set(run.labels.map((one) => one.rng_seed))].filter(
    (one) => one != null,
  );
  return `${run.role} ${run.id}${seeds.length ? `, rng_seed ${seeds.join(" ")}` : ""}`;
}

function runDetails(at) {
  const run = page.runs[at];
  const bad = run.outcome === "ok" ? "ok" : "failed";
  const found = folded(
    "",
    facts([
      ["Ended as", run.reason ? `${run.outcome}: ${run.reason}` : run.outcome],
      ["Device", `${run.device}, engine ${run.engine}`],
      ["Took", `${run.seconds.toFixed(1)} s, until ${run.ended_at}`],
      ["Commit", run.commit],
      ["Sources", run.sources],
      ["Record", `SHA-256 ${run.record_sha256}`],
      ["Serves", run.labels.map((one) => Object.values(one).join(" ")).join("; ")],
      ["Warnings", run.warnings.join(" ")],
    ]),
    flatTable("Parameters", run.spec),
    flatTable("Environment", page.environments[run.environment]),
    flatTable("All values", run.values),
  );
  found
    .querySelector("summary")
    .append(`${called(run)}: `, make("span", { class: bad }, run.outcome));
  return found;
}

function notesOf(found) {
  const marks = [
    ...found.table.title_notes,
    ...found.row.notes,
    ...found.head.notes,
    ...found.cell.notes,
  ];
  const numbers = [...new Set(marks)].sort((a, b) => a - b);
  return numbers.map((number) => found.table.notes[number - 1]);
}

function openCell(found) {
  const { cell } = found;
  opened = found;
  const trainings = cell.runs.map((at) => page.runs[at].training).filter((at) => at !== null);
  const runs = [...cell.runs, ...new Set(trainings)];
  const notes = notesOf(found);
  dialog.replaceChildren(
    make("h2", { id: "opened-head" }, found.name),
    make("button", { type: "button", class: "close", onclick: () => dialog.close() }, "Close"),
    make(
      "p",
      { class: "quiet" },
      `${found.table.title} (${found.suite.name}, preset ` + `${found.suite.preset})`,
    ),
    facts([
      ["Measured", cell.measured],
      ["Printed", cell.printed],
      [
        "Verdict",
        cell.verdict &&
          make(
            "span",
            { class: styled(cell.verdict) },
            cell.reason ? `${cell.verdict}: ${cell.reason}` : cell.verdict,
          ),
      ],
      ["Ratio to the reference row", cell.ratio],
      ["rng_seeds that would decide", cell.needs],
      ["Runs with a value", `${cell.n} of ${cell.planned}: ${cell.outcomes.join(", ")}`],
    ]),
    notes.length
      ? folded(
          `${counted(notes.length, "note")}, deviations among them`,
          make("ul", { class: "notes" }, ...notes.map((note) => make("li", {}, note))),
        )
      : "",
    ...drawn(cell),
    ...pictures(cell),
    make("h3", {}, "Runs"),
    ...(runs.length
      ? runs.map(runDetails)
      : [make("p", {}, "No run is stored for this cell.")]),
  );
  dialog.showModal();
  dialog.scrollTop = 0;
  remember();
}

dialog.addEventListener("close", () => {
  for (const stop of stops) stop();
  stops = [];
  opened = null;
  remember();
});
