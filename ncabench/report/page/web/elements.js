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
  return make(
    "div",
    { class: "wide", role: "region", "aria-label": label, tabindex: 0 },
    table,
  );
}
