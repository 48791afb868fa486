// Curves: a small drawing for each quantity, a line for each run; colour and dash are a seed's

const WIDTH = 300,
  HEIGHT = 150,
  LEFT = 46,
  BOTTOM = 20,
  TOP = 8,
  RIGHT = 8;
const STYLES = 5; // of lines, in page.css
const WIDE = 30; // greatest by least value, beyond which a scale is logarithmic

function seedOf(run) {
  const label = run.labels.find((one) => one.rng_seed != null);
  return label ? Number(label.rng_seed) : 0;
}

function lineStyle(run) {
  return `run-${seedOf(run) % STYLES}`;
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
    make("p", { class: "keys" }, ...kept.map(keyed)),
    make("div", { class: "curves" }, ...names.map((name) => curve(name, kept))),
  ];
}

function keyed(run) {
  const sample = draw(
    "svg",
    { width: 34, height: 10, viewBox: "0 0 34 10", "aria-hidden": "true" },
    draw("polyline", { class: lineStyle(run), points: "0,5 34,5" }),
  );
  return make("span", { class: "key" }, sample, ` ${called(run)}`);
}

function scale(values, from, to) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const log = low > 0 && high / low > WIDE;
  const [a, b] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const share = (value) => ((log ? Math.log(value) : value) - a) / (b - a || 1);
  const at = (value) => from + share(value) * (to - from);
  return { at, low, high, log };
}

function curve(name, runs) {
  const lines = runs
    .map((run) => ({ run, curve: run.curves[name] }))
    .filter((one) => one.curve)
    .map(({ run, curve: { steps, values, over } }) => ({
      run,
      over,
      points: steps.map((step, at) => [step, values[at]]).filter(([, y]) => y !== null),
    }));
  const points = lines.flatMap((line) => line.points);
  if (!points.length) return make("figure", {}, make("figcaption", {}, `${name}: no number`));
  const xs = points.map(([x]) => x);
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  const across = (x) => LEFT + ((x - x0) / (x1 - x0 || 1)) * (WIDTH - LEFT - RIGHT);
  const up = scale(
    points.map(([, y]) => y),
    HEIGHT - BOTTOM,
    TOP,
  );
  const { over } = lines[0];
  const struck =
    over === "steps" ? [...new Set(lines.flatMap(({ run }) => run.perturbed))] : [];
  const remarks = [
    up.log ? "logarithmic" : "",
    struck.length ? `perturbed at ${struck.join(" and ")}` : "",
  ].filter(Boolean);
  const told =
    `${name} over ${over} ${x0} to ${x1}: between ${number(up.low)} and ${number(up.high)}` +
    remarks.map((one) => `; ${one}`).join("");
  const box = {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    width: WIDTH,
    height: HEIGHT,
    role: "img",
    "aria-label": told,
  };
  const picture = draw(
    "svg",
    box,
    ...axes(x0, x1, up, over),
    ...struck.map((step) => upright("perturbed", across(step))),
    ...lines.map(({ run, points: each }) =>
      draw("polyline", {
        class: lineStyle(run),
        points: each
          .map(([x, y]) => `${across(x).toFixed(1)},${up.at(y).toFixed(1)}`)
          .join(" "),
      }),
    ),
  );
  return make(
    "figure",
    {},
    picture,
    make("figcaption", {}, [name.replace("training/", ""), ...remarks].join(", ")),
  );
}

function axes(x0, x1, up, over) {
  const bottom = HEIGHT - BOTTOM;
  return [
    draw("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: bottom, y2: bottom }),
    upright("axis", LEFT),
    label(LEFT - 4, TOP + 8, number(up.high), "end"),
    label(LEFT - 4, bottom, number(up.low), "end"),
    label(LEFT, HEIGHT - 6, `${x0}`, "start"),
    label(WIDTH - RIGHT, HEIGHT - 6, `${x1}`, "end"),
    label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, over, "middle"),
  ];
}

function upright(kind, x) {
  return draw("line", { class: kind, x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM });
}

function label(x, y, text, anchor) {
  return draw("text", { x, y, "text-anchor": anchor }, text);
}

function number(value) {
  return `${Number(value.toPrecision(3))}`;
}
