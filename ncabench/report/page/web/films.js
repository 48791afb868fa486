// Filmstrips, played frame by frame

function pictured(suite) {
  if (!suite.pictures.length) return null;
  const found = folded(`Pictures: ${counted(suite.pictures.length, "figure")}`);
  const build = () => found.append(...suite.pictures.map(figure));
  found.addEventListener("toggle", build, { once: true });
  return found;
}

function figure({ caption, png }) {
  const src = `data:image/png;base64,${png}`;
  return make(
    "figure",
    {},
    scrolled(caption, make("img", { class: "still natural", src, alt: caption })),
    make("figcaption", {}, caption),
  );
}

function pictures(cell) {
  const shown = inOrder(cell.runs).flatMap((at) =>
    page.runs[at].strips.map((strip) => ({ strip, run: page.runs[at] })),
  );
  if (!shown.length) return [];
  const made = shown.map(({ strip, run }) =>
    strip.frames > 1 ? player(strip, run) : still(strip, run),
  );
  const first = made.find((one) => one.play);
  if (first && !calm.matches) first.play();
  return [
    make("h3", {}, "Filmstrips"),
    make("div", { class: "films" }, ...made.map((one) => one.figure)),
  ];
}

function still(strip, run) {
  const text = `${strip.name} of ${called(run)}`;
  const image = make("img", {
    class: "still",
    src: `data:image/png;base64,${strip.png}`,
    alt: text,
    width: strip.width,
    height: strip.height,
  });
  return { figure: make("figure", { class: "film" }, image, make("figcaption", {}, text)) };
}

function player(strip, run) {
  const image = new Image();
  const large = Math.max(1, Math.floor(256 / strip.frame_width));
  const text = `${strip.name} of ${called(run)}`;
  const canvas = make("canvas", {
    role: "img",
    width: Math.round(strip.frame_width * large),
    height: Math.round(strip.frame_height * large),
  });
  const told = make("output", { class: "step", "aria-live": "off" }); // the slider tells it
  const slider = make("input", {
    type: "range",
    min: 0,
    max: strip.frames - 1,
    step: 1,
    "aria-label": `Frame of ${text}`,
    oninput: () => {
      pause();
      show(Number(slider.value));
    },
  });
  const button = make(
    "button",
    { type: "button", onclick: () => (timer ? pause() : play()) },
    "Play",
  );
  const last = Math.max(strip.frames - 1, 1);
  const marks = strip.perturbed.map((frame) => {
    const mark = make("i", {}, "\u25B2");
    mark.style.left = `${(100 * frame) / last}%`;
    return mark;
  });
  const track = make(
    "div",
    { class: "track" },
    slider,
    marks.length ? make("div", { class: "marks", "aria-hidden": "true" }, ...marks) : "",
  );
  const struck = strip.perturbed.map((frame) => `t = ${strip.steps[frame]}`).join(" and ");
  let timer = 0,
    at = strip.frames - 1; // what came of it

  function show(frame) {
    at = frame;
    const t = strip.steps.length ? `t = ${strip.steps[at]}, ` : "";
    const hit = strip.perturbed.includes(at) ? ", perturbed" : "";
    told.value = `${t}frame ${at + 1} of ${strip.frames}${hit}`;
    slider.value = at;
    slider.setAttribute("aria-valuetext", told.value);
    canvas.setAttribute("aria-label", `${text}: ${told.value}`);
    const brush = canvas.getContext("2d");
    brush.imageSmoothingEnabled = false;
    brush.drawImage(
      image,
      at * strip.stride,
      0,
      strip.frame_width,
      strip.frame_height,
      0,
      0,
      canvas.width,
      canvas.height,
    );
  }
  function pause() {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
  }
  function play() {
    // once through, then it stops
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
  show(at);
  const figure = make(
    "figure",
    { class: "film" },
    canvas,
    make("div", { class: "player" }, button, track),
    told,
    make("figcaption", {}, struck ? `${text}; \u25B2 perturbed at ${struck}` : text),
  );
  return { figure, play };
}
