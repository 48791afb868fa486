// Curves: a small drawing for each quantity. In a cell, a line for each run, its colour and
// dash a seed's; of a suite, a line with a band for each row

const WIDTH = 300,
  HEIGHT = 150,
  LEFT = 46,
  BOTTOM = 20,
  TOP = 8,
  RIGHT = 8;
const STYLES = 5; // colours of lines, and dashes, in page.css
const WIDE = 30; // greatest by least value, beyond which a scale is logarithmic

function seedOf(run) {
  const label = run.labels.find((one) => one.rng_seed != null);
  return label ? Number(label.rng_seed) : 0;
}

function lineStyle(n) {
  const dash = (n + Math.floor(n / STYLES)) % STYLES;
  return `colour-${n % STYLES} dash-${dash}`;
}

function drawn(cell) {
  const trainings = behind(cell);
  const own = cell.value.split("/")[0];
  const evaluated = inOrder(cell.runs.filter((at) => !trainings.includes(at)));
  const parts = [
    smallMultiples("Curves", evaluated, (name) => name.startsWith(own)),
    smallMultiples("Training", inOrder(trainings), (name) => name === "training/loss"),
  ];
  return parts.flat();
}

function inOrder(places) {
  return [...places].sort((a, b) => seedOf(page.runs[a]) - seedOf(page.runs[b]) || a - b);
}

function smallMultiples(title, places, first) {
  const kept = places
    .map((at) => page.runs[at])
    .filter((run) => Object.keys(run.curves).length);
  const names = [...new Set(kept.flatMap((run) => Object.keys(run.curves)))];
  if (!names.length) return [];
  names.sort((a, b) => first(b) - first(a) || (a < b ? -1 : 1));
  return [
    make("h3", {}, title),
    make("p", { class: "keys" }, ...kept.map((run) => key(seedOf(run), called(run)))),
    make("div", { class: "curves" }, ...names.map((name) => runCurves(name, kept))),
  ];
}

function runCurves(name, runs) {
  const kept = runs.filter((run) => run.curves[name]);
  const { over } = kept[0].curves[name];
  const lines = kept.map((run) => ({ ...run.curves[name], n: seedOf(run) }));
  const struck = over === "steps" ? kept.flatMap((run) => run.perturbed) : [];
  return curve(name.replace("training/", ""), { over, lines, struck: [...new Set(struck)] });
}

function banded(suite) {
  if (!suite.figures.length) return null;
  const title = `Curves: ${counted(suite.figures.length, "figure")} of rows, with bands`;
  const found = folded(title);
  const build = () =>
    found.append(make("div", { class: "curves" }, ...suite.figures.map(rowCurves)));
  found.addEventListener("toggle", build, { once: true });
  return found;
}

function rowCurves({ title, metric, over, lines, perturbed: struck }) {
  const told = { over, lines: lines.map((one, n) => ({ ...one, n })), struck };
  const room = document.getElementById("suites").clientWidth;
  const size = { width: Math.min(1.9 * WIDTH, room), height: 1.5 * HEIGHT };
  const keys = lines.map(({ label: name, band }, n) => key(n, `${name} (band: ${band})`));
  return make(
    "div",
    { class: "rows" },
    curve(`${metric}, ${title}`, told, size),
    make("p", { class: "keys" }, ...keys),
  );
}

function key(n, text) {
  const sample = draw(
    "svg",
    { width: 34, height: 10, viewBox: "0 0 34 10", "aria-hidden": "true" },
    draw("polyline", { class: lineStyle(n), points: "0,5 34,5" }),
  );
  return make("span", { class: "key" }, sample, ` ${text}`);
}

function scale(values, from, to, mayBeLog) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const log = mayBeLog && low > 0 && high / low > WIDE;
  const [a, b] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const share = (value) => ((log ? Math.log(value) : value) - a) / (b - a || 1);
  const at = (value) => from + share(value) * (to - from);
  return { at, low, high, log };
}

function curve(name, { over, lines, struck }, size = {}) {
  const { width = WIDTH, height = HEIGHT } = size;
  const kept = lines.map(({ n, steps, values, spreads }) => ({
    n,
    points: steps
      .map((x, at) => [x, values[at], spreads?.[at] ?? 0])
      .filter(([, y]) => y !== null),
  }));
  const points = kept.flatMap((line) => line.points);
  if (!points.length) return make("figure", {}, make("figcaption", {}, `${name}: no number`));
  const across = scale(
    points.map(([x]) => x),
    LEFT,
    width - RIGHT,
    false,
  );
  const up = scale(
    points.flatMap(([, y, spread]) => [y - spread, y + spread]),
    height - BOTTOM,
    TOP,
    true,
  );
  const remarks = [
    up.log ? "logarithmic" : "",
    struck.length ? `perturbed at ${struck.join(" and ")}` : "",
  ].filter(Boolean);
  const told =
    `${name} over ${over} ${across.low} to ${across.high}: ` +
    [`between ${number(up.low)} and ${number(up.high)}`, ...remarks].join("; ");
  const picture = draw(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: "img",
      "aria-label": told,
    },
    ...axes(across, up, over, width, height),
    ...struck.map((step) => upright("perturbed", across.at(step), height)),
    ...kept.filter(({ points: each }) => each.some(([, , spread]) => spread)).map(band),
    ...kept.map(({ n, points: each }) =>
      draw("polyline", {
        class: lineStyle(n),
        points: each.map(([x, y]) => spot(x, y)).join(" "),
      }),
    ),
  );
  return make("figure", {}, picture, make("figcaption", {}, [name, ...remarks].join(", ")));

  function spot(x, y) {
    return `${across.at(x).toFixed(1)},${up.at(y).toFixed(1)}`;
  }
  function band({ n, points: each }) {
    const above = each.map(([x, y, spread]) => spot(x, y + spread));
    const below = each.map(([x, y, spread]) => spot(x, y - spread));
    return draw("polygon", {
      class: `band colour-${n % STYLES}`,
      points: [...above, ...below.reverse()].join(" "),
    });
  }
}

function axes(across, up, over, width, height) {
  const bottom = height - BOTTOM;
  return [
    draw("line", { class: "axis", x1: LEFT, x2: width - RIGHT, y1: bottom, y2: bottom }),
    upright("axis", LEFT, height),
    label(LEFT - 4, TOP + 8, number(up.high), "end"),
    label(LEFT - 4, bottom, number(up.low), "end"),
    label(LEFT, height - 6, `${across.low}`, "start"),
    label(width - RIGHT, height - 6, `${across.high}`, "end"),
    label((LEFT + width - RIGHT) / 2, height - 6, over, "middle"),
  ];
}

function upright(kind, x, height) {
  return draw("line", { class: kind, x1: x, x2: x, y1: TOP, y2: height - BOTTOM });
}

function label(x, y, text, anchor) {
  return draw("text", { x, y, "text-anchor": anchor }, text);
}

function number(value) {
  return `${Number(value.toPrecision(3))}`;
}
