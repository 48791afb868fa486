"use strict";

// Shows the JSON document of the page. Every text goes in as text, never as markup.

const page = JSON.parse(document.getElementById("data").textContent);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const FRAME_MS = 600;
const SVG = "http://www.w3.org/2000/svg";

function make(name, given = {}, ...inside) {
  const found = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith("on")) found.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) {
      found.setAttribute(key, value === true ? "" : value);
    }
  }
  found.append(...inside.filter((one) => one !== null && one !== ""));
  return found;
}

function draw(name, given = {}, ...inside) {
  const found = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(given)) found.setAttribute(key, value);
  found.append(...inside);
  return found;
}

function list(lines, kind = "") {
  return make("ul", { class: kind }, ...lines.map((line) => make("li", {}, line)));
}

function folded(title, ...inside) {
  return make("details", {}, make("summary", {}, title), ...inside);
}

function counted(n, noun) {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

function styled(word) {
  return word.replaceAll(" ", "-");
}

function scrolled(label, table) {
  return make("div", { class: "wide", role: "region", "aria-label": label, tabindex: 0 }, table);
}

// Overview

const FATES = ["reproduced", "differs", "undecided", "not comparable", "not run"];

function headed(heads) {
  const cells = heads.map((head) => make("th", { scope: "col" }, head));
  return make("thead", {}, make("tr", {}, ...cells));
}

function bar(paper) {
  const parts = FATES.map((word) => {
    const part = make("i", { class: styled(word) });
    part.style.width = `${(100 * paper.cells[word]) / Math.max(paper.printed, 1)}%`;
    return part;
  });
  return make("div", { class: "bar", "aria-hidden": "true" }, ...parts);
}

function unreproduced(one) {
  const why = one.why.map(({ cells, word, why: told }) => (
    `${cells} ${word}${told ? ` (${told})` : ""}`)).join("; ");
  return make("li", {}, make("i", {}, one.quantity),
    `, ${counted(one.cells, "cell")} in ${one.where}: ${why}`);
}

function lead(paper) {
  const told = FATES.map((word) => `${paper.cells[word]} ${word}`).join(", ");
  const missing = paper.unreproduced;
  return make(
    "li", {},
    make("b", {}, paper.paper),
    `: of ${counted(paper.printed, "printed cell")}, ${told}. `,
    missing.length ? "Not reproduced at all:" : "Some cell is reproduced of every quantity.",
    make("ul", {}, ...missing.map(unreproduced)),
  );
}

function overview() {
  document.getElementById("lead").append(
    make("ul", { class: "lead" }, ...page.papers.map(lead)),
    make("p", { class: "quiet" }, "A printed cell that several columns or suites measure counts " +
      "once, and as differing if it differs in any of them; the tables judge each by itself. " +
      "Cells in which the paper prints no number are not counted."),
  );
  const heads = ["Paper", "printed", "in suites here", ...FATES, "shares", "supported", "refuted",
    "undecided", "in print"];
  const rows = page.papers.map((paper) => {
    const numbers = [paper.printed, paper.here];
    const claims = ["supported", "refuted", "undecided"].map((word) => paper.claim_words[word]);
    return make(
      "tr", {},
      make("th", { scope: "row" }, paper.paper),
      ...numbers.map((n) => make("td", {}, `${n}`)),
      ...FATES.map((word) => make("td", { class: styled(word) }, `${paper.cells[word]}`)),
      make("td", {}, bar(paper)),
      ...claims.map((n) => make("td", {}, `${n}`)),
      make("td", {}, `${paper.contradictions.length}`),
    );
  });
  const groups = [["Printed cells", 3 + FATES.length], ["Claims", 3], ["Contradictions", 1]];
  const head = headed(heads);
  head.prepend(make("tr", {}, make("td"), ...groups.map(([group, width]) => (
    make("th", { colspan: width, scope: "colgroup", class: "group" }, group)))));
  const table = make("table", { class: "narrow" }, head, make("tbody", {}, ...rows));
  document.getElementById("overview").append(scrolled("Coverage of each paper", table));
}

function claim(one) {
  const lines = one.lines.flatMap((line) => [make("br"), line]);
  return make("li", {}, make("b", { class: one.word }, one.head), ` (${one.suite})`, ...lines);
}

function about(paper) {
  const claims = ["refuted", "supported", "undecided"].map((word) => {
    const mine = paper.claims.filter((one) => one.word === word);
    const title = `${counted(mine.length, "claim")} ${word}`;
    return mine.length ? folded(title, make("ul", {}, ...mine.map(claim))) : null;
  });
  const others = Object.entries(paper.other_findings).map(([word, n]) => `${n} ${word}`);
  return make(
    "section", {},
    make("h3", {}, `${paper.paper}: ${paper.title}`),
    make("p", { class: "quiet" }, `${paper.version}. `, paper.suites.length
      ? `Suites here: ${paper.suites.join(", ")}.` : "No suite here is about it."),
    ...claims,
    paper.contradictions.length
      ? folded(`${counted(paper.contradictions.length, "contradiction")} in the paper's own ` +
        "numbers", list(paper.contradictions)) : null,
    others.length ? make("p", { class: "quiet" },
      `Of the other findings in its numbers: ${others.join(", ")}.`) : null,
  );
}

// Tables

const cells = []; // each: {suite, table, row, column, cell, name, text, at}

const LOUD = /^(PRESET|SUBSTITUTE|SET BY HAND|EMULATED)/; // what no reader may overlook

function tableCell(found) {
  const { cell } = found;
  const printed = cell.printed ? make("span", { class: "quiet" }, `paper ${cell.printed}`) : null;
  const verdict = cell.verdict
    ? make("span", { class: styled(cell.verdict) }, cell.verdict +
      (cell.needs ? `, needs ${cell.needs}` : "") + (cell.ratio ? ` (${cell.ratio})` : ""))
    : null;
  const label = [found.name, cell.measured, cell.printed && `paper ${cell.printed}`, cell.verdict]
    .filter(Boolean).join("; ");
  const button = make("button", {
    type: "button", "aria-haspopup": "dialog", "aria-label": label,
    onclick: () => openCell(found),
  }, cell.measured);
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
  return make("tr", {}, make("td"), ...spans.map(({ group, width }) => (group
    ? make("th", { colspan: width, scope: "colgroup", class: "group" }, group)
    : make("td", { colspan: width }))));
}

function suiteTable(suite, table) {
  const rows = table.rows.map((row, y) => make(
    "tr", {}, make("th", { scope: "row" }, row.label),
    ...row.cells.map((cell, x) => {
      const head = table.heads[x];
      const name = `${row.label}, ${`${head.group} ${head.label}`.trim()}`;
      const text = [suite.title, suite.name, table.title, name, cell.measured, cell.printed,
        cell.reason].join(" ").toLowerCase();
      const key = `${suite.name}-${suite.preset}/${table.id}/${y}/${x}`;
      const found = { suite, table, row, head, cell, name, text, key };
      cells.push(found);
      return tableCell(found);
    }),
  ));
  const heads = [make("th", { scope: "col" }, table.row_head),
    ...table.heads.map((head) => make("th", { scope: "col" }, head.label))];
  const body = make("table", {}, make("thead", {}, grouped(table) ?? "", make("tr", {}, ...heads)),
    make("tbody", {}, ...rows));
  const loud = table.captions.filter((line) => LOUD.test(line))
    .map((line) => line.split(": it sets ")[0]); // what it sets is said below
  return make(
    "section", { class: "table" },
    make("h4", {}, table.title),
    loud.length ? list(loud, "captions loud") : null,
    folded("On what it was measured", list(table.captions, "captions")),
    scrolled(table.title, body),
    table.notes.length ? folded(counted(table.notes.length, "note"),
      make("ol", { class: "notes" }, ...table.notes.map((note) => make("li", {}, note)))) : null,
  );
}

function suites() {
  for (const suite of page.suites) {
    const told = [suite.paper || "no paper", `preset ${suite.preset}`, ...suite.set].join(", ");
    document.getElementById("suites").append(make(
      "section", { class: "suite" },
      make("h3", {}, suite.title),
      make("p", { class: "quiet" }, [`${suite.name} (${told})`, ...suite.summary].join(". ")),
      ...suite.tables.map((table) => suiteTable(suite, table)),
    ));
  }
}

// Filters; what is chosen stands in the fragment of the address

const KINDS = {
  paper: (found) => [found.suite.paper || "no paper"],
  verdict: (found) => [found.cell.verdict || "nothing printed"],
  outcome: (found) => found.cell.outcomes,
};
const chosen = { paper: new Set(), verdict: new Set(), outcome: new Set() };
const search = document.getElementById("search");

function filters() {
  for (const [kind, of] of Object.entries(KINDS)) {
    const words = [...new Set(cells.flatMap(of))];
    const order = ["ok", ...FATES, ...words.sort()];
    words.sort((a, b) => order.indexOf(a) - order.indexOf(b));
    const boxes = words.map((word) => make("label", {}, make("input", {
      type: "checkbox", name: kind, value: word, onchange: (event) => {
        chosen[kind][event.target.checked ? "add" : "delete"](word);
        filtered();
      },
    }), ` ${word}`));
    const legend = kind[0].toUpperCase() + kind.slice(1);
    document.getElementById("choices").append(
      make("fieldset", {}, make("legend", {}, legend), ...boxes));
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
  const kinds = Object.entries(KINDS).every(([kind, of]) => (
    chosen[kind].size === 0 || of(found).some((word) => chosen[kind].has(word))
  ));
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
    `${count.toLocaleString("en")} of ${counted(cells.length, "cell")} shown, in ${tables} of ` +
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

// One cell and its runs

const dialog = document.getElementById("opened");
let stops = []; // what ends the players of the open cell

function facts(pairs) {
  const kept = pairs.filter(([, value]) => value !== "" && value !== null);
  return make("dl", {}, ...kept.flatMap(([name, value]) => [
    make("dt", {}, name), make("dd", {}, value)]));
}

function flat(value, path = "") {
  if (value === null || typeof value !== "object") return [[path, JSON.stringify(value)]];
  const plain = Array.isArray(value) && value.every((one) => one === null
    || typeof one !== "object");
  if (plain || Object.keys(value).length === 0) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, one]) => flat(one, path ? `${path}.${key}` : key));
}

function flatTable(label, value) {
  const rows = flat(value).map(([key, text]) => make("tr", {},
    make("th", { scope: "row" }, key), make("td", {}, text)));
  return folded(label, scrolled(label, make("table", { class: "facts" },
    make("tbody", {}, ...rows))));
}

function called(run) {
  const seeds = [...new Set(run.labels.map((one) => one.rng_seed))].filter((one) => one != null);
  return `${run.role} ${run.id}${seeds.length ? `, rng_seed ${seeds.join(" ")}` : ""}`;
}

function runDetails(at) {
  const run = page.runs[at];
  const bad = run.outcome === "ok" ? "ok" : "failed";
  const found = folded("", facts([
    ["Ended as", run.reason ? `${run.outcome}: ${run.reason}` : run.outcome],
    ["Device", `${run.device}, engine ${run.engine}`],
    ["Took", `${run.seconds.toFixed(1)} s, until ${run.ended_at}`],
    ["Commit", run.commit],
    ["Sources", run.sources],
    ["Record", `SHA-256 ${run.record_sha256}`],
    ["Serves", run.labels.map((one) => Object.values(one).join(" ")).join("; ")],
    ["Warnings", run.warnings.join(" ")],
  ]), flatTable("Parameters", run.spec), flatTable("Environment",
    page.environments[run.environment]), flatTable("All values", run.values));
  found.querySelector("summary").append(
    `${called(run)}: `, make("span", { class: bad }, run.outcome));
  return found;
}

function notesOf(found) {
  const marks = [...found.table.title_notes, ...found.row.notes, ...found.head.notes,
    ...found.cell.notes];
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
    make("p", { class: "quiet" }, `${found.table.title} (${found.suite.name}, preset ` +
      `${found.suite.preset})`),
    facts([
      ["Measured", cell.measured],
      ["Printed", cell.printed],
      ["Verdict", cell.verdict && make("span", { class: styled(cell.verdict) },
        cell.reason ? `${cell.verdict}: ${cell.reason}` : cell.verdict)],
      ["Ratio to the reference row", cell.ratio],
      ["rng_seeds that would decide", cell.needs],
      ["Runs with a value", `${cell.n} of ${cell.planned}: ${cell.outcomes.join(", ")}`],
    ]),
    notes.length ? folded(`${counted(notes.length, "note")}, deviations among them`,
      make("ul", { class: "notes" }, ...notes.map((note) => make("li", {}, note)))) : "",
    ...drawn(cell), ...pictures(cell),
    make("h3", {}, "Runs"),
    ...(runs.length ? runs.map(runDetails) : [make("p", {}, "No run is stored for this cell.")]),
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

// Curves: a small drawing for each quantity, a line for each run

const WIDTH = 300, HEIGHT = 150, LEFT = 46, BOTTOM = 20, TOP = 8, RIGHT = 8;

function drawn(cell) {
  const names = [...new Set(cell.runs.flatMap((at) => Object.keys(page.runs[at].curves)))];
  const own = cell.value.split("/")[0];
  names.sort((a, b) => (b.startsWith(own) - a.startsWith(own)) || (a < b ? -1 : 1));
  if (!names.length) return [];
  const keys = cell.runs.map((at, place) => make("span", { class: `key run-${place % 5}` },
    `${called(page.runs[at])} `));
  return [make("h3", {}, "Curves"), make("p", {}, ...keys), make("div", { class: "curves" },
    ...names.map((name) => curve(name, cell)))];
}

function curve(name, cell) {
  const lines = cell.runs
    .map((at, place) => ({ place, curve: page.runs[at].curves[name] }))
    .filter((one) => one.curve);
  const points = lines.flatMap(({ curve: { steps, values } }) => steps
    .map((step, at) => [step, values[at]]).filter(([, value]) => value !== null));
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const across = (x) => LEFT + ((x - x0) / (x1 - x0 || 1)) * (WIDTH - LEFT - RIGHT);
  const up = (y) => HEIGHT - BOTTOM - ((y - y0) / (y1 - y0 || 1)) * (HEIGHT - BOTTOM - TOP);
  const { steps, over } = lines[0].curve;
  const struck = steps.find((step, at) => step === steps[at + 1]);
  const told = `${name} over ${over} ${x0} to ${x1}: between ${number(y0)} and ${number(y1)}` +
    (struck === undefined ? "" : `; perturbed at ${struck}`);
  const mark = struck === undefined ? [] : [draw("line", {
    class: "perturbed", x1: across(struck), x2: across(struck), y1: TOP, y2: HEIGHT - BOTTOM })];
  const picture = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT,
    role: "img", "aria-label": told },
  draw("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: HEIGHT - BOTTOM,
    y2: HEIGHT - BOTTOM }),
  draw("line", { class: "axis", x1: LEFT, x2: LEFT, y1: TOP, y2: HEIGHT - BOTTOM }),
  label(LEFT - 4, TOP + 8, number(y1), "end"), label(LEFT - 4, HEIGHT - BOTTOM, number(y0), "end"),
  label(LEFT, HEIGHT - 6, `${x0}`, "start"), label(WIDTH - RIGHT, HEIGHT - 6, `${x1}`, "end"),
  label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, over, "middle"), ...mark,
  ...lines.map((one) => draw("polyline", { class: `run-${one.place % 5}`, points: one.curve.steps
    .map((step, at) => [step, one.curve.values[at]]).filter(([, value]) => value !== null)
    .map(([x, y]) => `${across(x).toFixed(1)},${up(y).toFixed(1)}`).join(" ") })));
  return make("figure", {}, picture, make("figcaption", {}, name,
    struck === undefined ? "" : `, perturbed at ${struck}`));
}

function label(x, y, text, anchor) {
  return draw("text", { x, y, "text-anchor": anchor }, text);
}

function number(value) {
  return `${Number(value.toPrecision(3))}`;
}

// Filmstrips, played frame by frame

function pictures(cell) {
  const shown = cell.runs.flatMap((at) => page.runs[at].strips
    .map((strip) => ({ strip, run: page.runs[at] })));
  if (!shown.length) return [];
  const made = shown.map(({ strip, run }) => (
    strip.frames > 1 ? player(strip, run) : still(strip, run)));
  const first = made.find((one) => one.play);
  if (first && !calm.matches) first.play();
  return [make("h3", {}, "Filmstrips"),
    make("div", { class: "films" }, ...made.map((one) => one.figure))];
}

function still(strip, run) {
  const text = `${strip.name} of ${called(run)}`;
  const image = make("img", { class: "still", src: `data:image/png;base64,${strip.png}`,
    alt: text, width: strip.width, height: strip.height });
  return { figure: make("figure", {}, image, make("figcaption", {}, text)) };
}

function player(strip, run) {
  const image = new Image();
  const large = Math.max(1, Math.floor(256 / strip.frame_width));
  const text = `${strip.name} of ${called(run)}`;
  const canvas = make("canvas", { role: "img", width: Math.round(strip.frame_width * large),
    height: Math.round(strip.frame_height * large) });
  const told = make("output", {});
  const slider = make("input", { type: "range", min: 0, max: strip.frames - 1, value: 0, step: 1,
    "aria-label": `Frame of ${text}`, oninput: () => { pause(); show(Number(slider.value)); } });
  const button = make("button", { type: "button", onclick: () => (timer ? pause() : play()) },
    "Play");
  let timer = 0, at = 0;

  function show(frame) {
    at = frame;
    const t = strip.steps.length ? `t = ${strip.steps[at]}, ` : "";
    told.value = `${t}frame ${at + 1} of ${strip.frames}`;
    slider.value = at;
    slider.setAttribute("aria-valuetext", told.value);
    canvas.setAttribute("aria-label", `${text}: ${told.value}`);
    const brush = canvas.getContext("2d");
    brush.imageSmoothingEnabled = false;
    brush.drawImage(image, at * strip.stride, 0, strip.frame_width, strip.frame_height,
      0, 0, canvas.width, canvas.height);
  }
  function pause() {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
  }
  function play() { // once through, then it stops
    if (at === strip.frames - 1) show(0);
    timer = setInterval(() => {
      show(at + 1);
      if (at === strip.frames - 1) pause();
    }, FRAME_MS);
    button.textContent = "Pause";
  }
  image.addEventListener("load", () => show(at));
  image.src = `data:image/png;base64,${strip.png}`;
  stops.push(pause);
  show(0);
  const figure = make("figure", {}, canvas, make("div", { class: "player" }, button, slider, told),
    make("figcaption", {}, text));
  return { figure, play };
}

overview();
document.getElementById("papers").append(...page.papers.map(about));
suites();
filters();
document.getElementById("left-out").append(...page.left_out.map((line) => make("li", {}, line)));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment is the filters'
  document.getElementById("tables").focus();
});
window.addEventListener("hashchange", recall);
recall();
