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
  const why = one.why
    .map(({ cells, word, why: told }) => `${cells} ${word}${told ? ` (${told})` : ""}`)
    .join("; ");
  return make(
    "li",
    {},
    make("i", {}, one.quantity),
    `, ${counted(one.cells, "cell")} in ${one.where}: ${why}`,
  );
}

function lead(paper) {
  const told = FATES.map((word) => `${paper.cells[word]} ${word}`).join(", ");
  const missing = paper.unreproduced;
  return make(
    "li",
    {},
    make("b", {}, paper.paper),
    `: of ${counted(paper.printed, "printed cell")}, ${told}. `,
    missing.length ? "Not reproduced at all:" : "Some cell is reproduced of every quantity.",
    make("ul", {}, ...missing.map(unreproduced)),
  );
}

function overview() {
  document
    .getElementById("lead")
    .append(
      make("ul", { class: "lead" }, ...page.papers.map(lead)),
      make(
        "p",
        { class: "quiet" },
        "A printed cell that several columns or suites measure counts once, and as differing " +
          "if it differs in any of them; the tables judge each by itself. Cells in which the " +
          "paper prints no number are not counted.",
      ),
    );
  const heads = [
    "Paper",
    "printed",
    "in suites here",
    ...FATES,
    "shares",
    "supported",
    "refuted",
    "undecided",
    "in print",
  ];
  const rows = page.papers.map((paper) => {
    const numbers = [paper.printed, paper.here];
    const claims = ["supported", "refuted", "undecided"].map((word) => paper.claim_words[word]);
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, paper.paper),
      ...numbers.map((n) => make("td", {}, `${n}`)),
      ...FATES.map((word) => make("td", { class: styled(word) }, `${paper.cells[word]}`)),
      make("td", {}, bar(paper)),
      ...claims.map((n) => make("td", {}, `${n}`)),
      make("td", {}, `${paper.contradictions.length}`),
    );
  });
  const groups = [
    ["Printed cells", 3 + FATES.length],
    ["Claims", 3],
    ["Contradictions", 1],
  ];
  const head = headed(heads);
  head.prepend(
    make(
      "tr",
      {},
      make("td"),
      ...groups.map(([group, width]) =>
        make("th", { colspan: width, scope: "colgroup", class: "group" }, group),
      ),
    ),
  );
  const table = make("table", { class: "narrow" }, head, make("tbody", {}, ...rows));
  document
    .getElementById("overview")
    .append(
      scrolled("Coverage of each paper", table),
      make("p", { class: "quiet" }, `${standing()} An open cell names the files.`),
    );
}

function standing() {
  const states = {};
  for (const run of page.runs) states[run.state] = (states[run.state] ?? 0) + 1;
  const told = Object.entries(states)
    .sort()
    .map(([state, n]) => `${n} ${state}${STATES[state] ? ` (${STATES[state]})` : ""}`);
  return `Sources of the ${counted(page.runs.length, "run")} here: ${told.join("; ")}.`;
}

function claim(one) {
  const judged = one.judged.flatMap((each, at) => [
    at ? make("br") : "",
    make("b", { class: each.word }, each.head),
    ` (${one.suite}, ${each.asked})`,
    ...(at ? [] : each.lines.slice(0, 1).flatMap((line) => [make("br"), line])),
    ...each.lines.slice(1).flatMap((line) => [make("br"), line]),
  ]);
  return make("li", {}, ...judged);
}

function about(paper) {
  const claims = ["refuted", "supported", "undecided"].map((word) => {
    const mine = paper.claims.filter((one) => one.word === word);
    const title = `${counted(mine.length, "claim")} ${word}`;
    return mine.length ? folded(title, make("ul", {}, ...mine.map(claim))) : null;
  });
  const others = Object.entries(paper.other_findings).map(([word, n]) => `${n} ${word}`);
  return make(
    "section",
    {},
    make("h3", {}, `${paper.paper}: ${paper.title}`),
    make(
      "p",
      { class: "quiet" },
      `${paper.version}. `,
      paper.suites.length
        ? `Suites here: ${paper.suites.join(", ")}.`
        : "No suite here is about it.",
    ),
    ...claims,
    paper.contradictions.length
      ? folded(
          `${counted(paper.contradictions.length, "contradiction")} in the paper's own ` +
            "numbers",
          list(paper.contradictions),
        )
      : null,
    others.length
      ? make(
          "p",
          { class: "quiet" },
          `Of the other findings in its numbers: ${others.join(", ")}.`,
        )
      : null,
  );
}
