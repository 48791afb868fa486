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

const STATES = {
  current: "the code that decided the numbers is as it is now",
  accepted: "the code has changed since, and the change was accepted",
  stale: "the code has changed since",
};

function sourceTable(run) {
  const digests = page.sources[run.sources];
  const made = run.accepted ? run.accepted.made_with : {};
  const told = (path, digest) => {
    if (run.changed_since.includes(path)) return `${digest}, changed since`;
    return path in made ? `${digest}, accepted in place of ${made[path]}` : digest;
  };
  const rows = Object.entries(digests).map(([path, digest]) => [path, told(path, digest)]);
  const title = `Sources: ${counted(rows.length, "file")}, SHA-256 of their syntax trees`;
  return flatTable(title, Object.fromEntries(rows));
}

function stateOf(run) {
  const told = STATES[run.state] ? `${run.state}: ${STATES[run.state]}` : run.state;
  const n = run.changed_since.length;
  const all = Object.keys(page.sources[run.sources]).length;
  const files = n ? ` (${n} of ${counted(all, "file")})` : "";
  return `${told}${files}${run.accepted ? `, on ${run.accepted.at}` : ""}`;
}

function gpuOf({ gpu, flags = {} }) {
  if (!gpu) return "";
  const driver = `driver ${gpu.driver ?? "not recorded"}`;
  return [gpu.name, `${gpu.memory_mib} MiB`, driver, `CUDA ${flags.cuda}`].join(", ");
}

function precisionOf({ flags }) {
  if (!flags) return "not recorded";
  const tf32 = `TF32 ${flags.cudnn_tf32 ? "on" : "off"} for convolutions, ${
    flags.matmul_tf32 ? "on" : "off"
  } for matrices`;
  return `${tf32}; deterministic ${flags.deterministic ? "on" : "off"}`;
}

function packagesOf({ python, packages = {} }) {
  const known = Object.entries(packages).filter(([, version]) => version);
  const words = known.map((one) => one.join(" "));
  return [`Python ${python ?? "not recorded"}`, ...words].join(", ");
}

function runDetails(at) {
  const run = page.runs[at];
  const bad = run.outcome === "ok" ? "ok" : "failed";
  const environment = page.environments[run.environment];
  const found = folded(
    "",
    facts([
      ["Ended as", run.reason ? `${run.outcome}: ${run.reason}` : run.outcome],
      ["Device", `${run.device || run.device_class}, engine ${run.engine}`],
      ["GPU", gpuOf(environment)],
      ["Precision", precisionOf(environment)],
      ["Packages", packagesOf(environment)],
      ["Took", `${run.seconds.toFixed(1)} s, until ${run.ended_at}`],
      ["Resumed at", run.resumed_at.join(", ")],
      ["Commit", run.commit],
      ["Sources", stateOf(run)],
      [
        "Data",
        run.data
          .map(({ kind, digest, selection }) =>
            [kind, selection && JSON.stringify(selection), `SHA-256 ${digest}`]
              .filter(Boolean)
              .join(", "),
          )
          .join("; "),
      ],
      ["Record", `${run.record}, SHA-256 ${run.record_sha256}`],
      ["Serves", run.labels.map((one) => Object.values(one).join(" ")).join("; ")],
      ["Warnings", run.warnings.join(" ")],
    ]),
    flatTable("Parameters", run.spec),
    flatTable("Environment", environment),
    sourceTable(run),
    flatTable("All values", run.values),
  );
  found
    .querySelector("summary")
    .append(`${called(run)}: `, make("span", { class: bad }, run.outcome));
  return found;
}

function behind(cell) {
  const own = cell.runs.filter((at) => page.runs[at].role === "training");
  const tested = cell.runs.map((at) => page.runs[at].training).filter((at) => at !== null);
  return [...new Set([...own, ...tested])];
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
  const runs = [...new Set([...inOrder(cell.runs), ...inOrder(behind(cell))])];
  const notes = notesOf(found);
  dialog.replaceChildren(
    make("button", { type: "button", class: "close", onclick: () => dialog.close() }, "Close"),
    make("h2", { id: "opened-head" }, found.name),
    make(
      "p",
      { class: "quiet" },
      `${found.table.title} (${found.suite.name}, ${asked(found.suite)})`,
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
      [
        cell.value ? "Runs with a value" : "Runs that ended well",
        cell.planned ? `${cell.n} of ${cell.planned}: ${cell.outcomes.join(", ")}` : "",
      ],
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
