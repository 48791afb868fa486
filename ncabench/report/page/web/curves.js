// Curves: a small drawing for each quantity, a line for each run

const WIDTH = 300,
  HEIGHT = 150,
  LEFT = 46,
  BOTTOM = 20,
  TOP = 8,
  RIGHT = 8;

function drawn(cell) {
  const names = [...new Set(cell.runs.flatMap((at) => Object.keys(page.runs[at].curves)))];
  const own = cell.value.split("/")[0];
  names.sort((a, b) => b.startsWith(own) - a.startsWith(own) || (a < b ? -1 : 1));
  if (!names.length) return [];
  const keys = cell.runs.map((at, place) =>
    make("span", { class: `key run-${place % 5}` }, `${called(page.runs[at])} `),
  );
  return [
    make("h3", {}, "Curves"),
    make("p", {}, ...keys),
    make("div", { class: "curves" }, ...names.map((name) => curve(name, cell))),
  ];
}

function curve(name, cell) {
  const lines = cell.runs
    .map((at, place) => ({ place, curve: page.runs[at].curves[name] }))
    .filter((one) => one.curve);
  const points = lines.flatMap(({ curve: { steps, values } }) =>
    steps.map((step, at) => [step, values[at]]).filter(([, value]) => value !== null),
  );
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const across = (x) => LEFT + ((x - x0) / (x1 - x0 || 1)) * (WIDTH - LEFT - RIGHT);
  const up = (y) => HEIGHT - BOTTOM - ((y - y0) / (y1 - y0 || 1)) * (HEIGHT - BOTTOM - TOP);
  const { steps, over } = lines[0].curve;
  const struck = steps.find((step, at) => step === steps[at + 1]);
  const told =
    `${name} over ${over} ${x0} to ${x1}: between ${number(y0)} and ${number(y1)}` +
    (struck === undefined ? "" : `; perturbed at ${struck}`);
  const mark =
    struck === undefined
      ? []
      : [
          draw("line", {
            class: "perturbed",
            x1: across(struck),
            x2: across(struck),
            y1: TOP,
            y2: HEIGHT - BOTTOM,
          }),
        ];
  const picture = draw(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      width: WIDTH,
      height: HEIGHT,
      role: "img",
      "aria-label": told,
    },
    draw("line", {
      class: "axis",
      x1: LEFT,
      x2: WIDTH - RIGHT,
      y1: HEIGHT - BOTTOM,
      y2: HEIGHT - BOTTOM,
    }),
    draw("line", { class: "axis", x1: LEFT, x2: LEFT, y1: TOP, y2: HEIGHT - BOTTOM }),
    label(LEFT - 4, TOP + 8, number(y1), "end"),
    label(LEFT - 4, HEIGHT - BOTTOM, number(y0), "end"),
    label(LEFT, HEIGHT - 6, `${x0}`, "start"),
    label(WIDTH - RIGHT, HEIGHT - 6, `${x1}`, "end"),
    label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, over, "middle"),
    ...mark,
    ...lines.map((one) =>
      draw("polyline", {
        class: `run-${one.place % 5}`,
        points: one.curve.steps
          .map((step, at) => [step, one.curve.values[at]])
          .filter(([, value]) => value !== null)
          .map(([x, y]) => `${across(x).toFixed(1)},${up(y).toFixed(1)}`)
          .join(" "),
      }),
    ),
  );
  return make(
    "figure",
    {},
    picture,
    make("figcaption", {}, name, struck === undefined ? "" : `, perturbed at ${struck}`),
  );
}

function label(x, y, text, anchor) {
  return draw("text", { x, y, "text-anchor": anchor }, text);
}

function number(value) {
  return `${Number(value.toPrecision(3))}`;
}
