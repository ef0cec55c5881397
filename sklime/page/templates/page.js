"use strict";
(() => {
  const PAGE = 100, STRONGEST = 2;
  const $ = (id) => document.getElementById(id);
  const { outputs, labels, ranking, rows, phrase, drawn, comparable } = JSON.parse($("content").textContent);
  const state = { column: 0, descending: false, words: [], output: -1, first: 0, page: PAGE, open: null };

  // Whatever comes from the data becomes text or an attribute, never markup.
  const fill = (node, attributes, children) => {
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "style") Object.assign(node.style, value);
      else if (value !== null && value !== false) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null));
    return node;
  };
  const el = (tag, attributes = {}, ...children) =>
    fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes = {}, ...children) =>
    fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

  const number = (value, none = "no answer") => {
    if (value === null) return none;
    const [whole, ...decimals] = String(value).split(".");
    const apart = /^-?\d+$/.test(whole) ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole;
    return [apart, ...decimals].join(".").replaceAll("-", "−");
  };
  const signed = (value) => (value > 0 || value === "Infinity" ? "+" : "") + number(value);
  // Blanks as wide as a point and as digits, so that points stand below each other.
  const aligned = (texts) => {
    const plain = (text) => /^[\d,.+−]+$/.test(text);
    const decimals = texts.map((text) => (plain(text) ? text.split(".")[1]?.length ?? 0 : 0));
    const most = Math.max(0, ...decimals);
    return texts.map((text, i) =>
      plain(text) ? text + (most && !decimals[i] ? "\u2008" : "") + "\u2007".repeat(most - decimals[i]) : text);
  };
  // Hyphens of words and dates are no signs.
  const cellText = (value) => (value === null ? "missing" : typeof value === "number" ? String(value).replaceAll("-", "−") : String(value));
  // Names in any script, each in its own direction.
  const bdi = (text) => el("bdi", {}, text);
  // Dates are not broken at their hyphens.
  const unbroken = (text) =>
    text.split(/((?<!\S)\d+-[\d:.T+-]+(?!\S))/).map((part, i) => (i % 2 ? el("span", { class: "whole" }, part) : part));
  const wraps = (text) => (/\S{21}/.test(text) ? "long" : null);
  const sign = (value) => (value < 0 ? "lowers" : "raises");
  const size = (value) => (value === null ? Infinity : Math.abs(value));
  const percent = (share) => `${(100 * share).toFixed(2)}%`;
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

  /* What is said of a row. */
  const highest = (answers) =>
    answers.reduce((a, b) => (b.prediction !== null && (a.prediction === null || b.prediction > a.prediction) ? b : a));
  const answerOf = (row) => row.answers.find((own) => own.output === state.output) ?? highest(row.answers);
  // What draws say nothing about is 0 for want of an answer.
  rows.forEach(({ answers }) =>
    answers.forEach(({ values, unanswered }) => unanswered.forEach((unit) => (values[unit] = null))));
  const ranked = (answer) =>
    [...answer.values.keys()]
      .filter((unit) => answer.values[unit] !== 0)
      .sort((a, b) => size(answer.values[b]) - size(answer.values[a]) || a - b);
  // Contributions where they are known, as conditions that hold for nearly all rows have large effects.
  const leaders = (row) => {
    const answer = answerOf(row);
    return answer.strongest ?? ranked(answer).slice(0, STRONGEST).map((unit) => [unit, answer.values[unit]]);
  };
  const whatOf = (answer) => (phrase ? `${phrase}${outputs[answer.output]}:` : "prediction");
  const strongest = (row) => {
    const say = ([unit, value]) => {
      const mark = value === null ? "?" : value < 0 ? "−" : "+";
      return [mark, labels[row.labels[unit]]];
    };
    return leaders(row).map(say);
  };
  const doubts = (row) => {
    const { thin, unlisted, unanswered } = answerOf(row);
    const few = thin.length + unlisted.length;
    // An audit found another first column on real rows, or none of these near.
    const told = [few && `${few} thin support`, unanswered.length && `${unanswered.length} no answer`, row.real?.doubt];
    return told.filter(Boolean).join(", ") || "none";
  };
  const textsOf = ({ picture }) => (picture?.kind === "text" ? [picture] : picture?.texts ?? []);
  const textOf = (row) => textsOf(row).map(({ pieces }) => pieces.join("")).join("\n");
  const clip = (value) => el("span", { class: "clip" }, value);

  const looks = (row) => {
    if (row.picture?.kind !== "image") return el("span", { class: "clip", dir: "auto" }, textOf(row).slice(0, 160));
    return el("img", { src: row.picture.src, alt: "", width: 40, loading: "lazy" });
  };
  const kinds = new Set(rows.map((row) => row.picture?.kind));
  // Surrogates may have been judged on the nearest training rows, too.
  const judged = rows.some(({ answers }) => answers.some((own) => "neighbours" in own));
  const numeric = (title, name, look, none) => {
    const value = (row) => answerOf(row)[name];
    // Infinities come as strings.
    const key = (row) => (value(row) === null ? null : Number(value(row)));
    return { title, key, cell: (row) => number(value(row), none), look, align: true };
  };
  const COLUMNS = [
    { title: "Row", key: (row) => row.position },
    (kinds.has("text") || kinds.has("mixed")) && { title: "Text", cell: looks, look: "prose" },
    kinds.has("image") && { title: "Image", cell: looks },
    outputs.length > 1 && {
      title: "Output",
      key: (row) => outputs[answerOf(row).output],
      cell: (row) => clip(outputs[answerOf(row).output]),
    },
    numeric(phrase ? "Probability" : "Prediction", "prediction", "number"),
    numeric("R²", "score", "number minor", "not scored"),
    judged && numeric("R² nearby", "neighbours", "number minor"),
    {
      title: ranking === "contribution" ? "Strongest contributions" : "Strongest",
      key: (row) => Math.max(0, ...leaders(row).map(([, value]) => size(value))),
      cell: (row) => el("span", {}, ...strongest(row).map(([mark, own]) =>
        el("span", { class: wraps(own) ? "cut long" : "cut", title: `${mark} ${own}` }, `${mark} `, el("bdi", {}, ...unbroken(own))))),
      look: "wide",
    },
    {
      title: "Doubts",
      key: (row) => sum(["thin", "unlisted", "unanswered"].map((name) => answerOf(row)[name].length)) + (row.real ? 1 : 0),
      cell: doubts,
      look: "doubts",
    },
  ].filter(Boolean);

  /* The table of rows. */
  const compare = (a, b) => {
    // Rows without an answer come last in either order.
    if (a === null || b === null) return (a === null) - (b === null);
    const order = typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
    return state.descending ? -order : order;
  };
  const matches = (row) => {
    const answer = answerOf(row);
    if (state.output >= 0 && answer.output !== state.output) return false;
    if (!state.words.length) return true;
    const text = [row.name, outputs[answer.output], doubts(row), textOf(row), ...strongest(row).map((own) => own.join(" "))];
    const hay = text.join("\n").toLowerCase();
    return state.words.every((word) => hay.includes(word));
  };
  const lineOf = (row, cells) => {
    const button = el("button", { type: "button" }, row.name);
    const line = el("tr", {}, el("th", { scope: "row", class: wraps(row.name) }, button));
    COLUMNS.slice(1).forEach(({ title, look = null, align = false }, i) => {
      const named = align || look === "doubts" ? `${title}:` : null;
      line.append(el("td", { class: look, "data-title": named }, cells[i]));
    });
    line.addEventListener("click", () => open(row, true));
    row.line = line;
    row.button = button;
    mark(row);
    return line;
  };
  const mark = (row) => {
    if (row === state.open) row.line?.setAttribute("aria-current", "true");
    else row.line?.removeAttribute("aria-current");
  };
  const list = () => {
    const { key } = COLUMNS[state.column];
    const keys = new Map(rows.filter(matches).map((row) => [row, key(row)]));
    const found = [...keys.keys()].sort((a, b) => compare(keys.get(a), keys.get(b)) || a.position - b.position);
    if (state.first >= found.length) state.first = 0;
    const shown = found.slice(state.first, state.first + state.page);
    const columns = COLUMNS.slice(1).map(({ cell, align = false }) => {
      const cells = shown.map(cell);
      return align ? aligned(cells) : cells;
    });
    $("table").tBodies[0].replaceChildren(
      ...shown.map((row, i) => lineOf(row, columns.map((cells) => cells[i]))));
    const span = shown.length ? `${number(state.first + 1)} to ${number(state.first + shown.length)} of ` : "";
    const all = found.length < rows.length ? `, ${number(rows.length)} in all` : "";
    $("count").textContent = `Rows ${span}${number(found.length)}${all}`;
    $("previous").disabled = state.first === 0;
    $("next").disabled = state.first + shown.length >= found.length;
    $("previous").parentNode.hidden = found.length <= state.page;
  };
  const sortBy = (column) => {
    // Numbers are first wanted from the largest down.
    const falling = column > 0 && typeof COLUMNS[column].key(rows[0]) !== "string";
    state.descending = state.column === column ? !state.descending : falling;
    state.column = column;
    state.first = 0;
    heads.forEach((head, i) => {
      const order = state.descending ? "descending" : "ascending";
      if (COLUMNS[i].key) head.setAttribute("aria-sort", i === column ? order : "none");
    });
    list();
  };
  const heads = COLUMNS.map(({ title, key, look = null }, i) => {
    const button = key ? el("button", { type: "button" }, title) : title;
    if (key) button.addEventListener("click", () => sortBy(i));
    const sorted = key ? (i ? "none" : "ascending") : null;
    return el("th", { scope: "col", "aria-sort": sorted, class: look }, button);
  });
  const turn = (pages) => {
    state.first += pages * state.page;
    list();
    $("table").parentNode.scrollTop = 0;
  };

  /* One row. */
  const bar = (value, margin, scale) => {
    const share = Math.max(-1, Math.min(1, value / scale));
    const error = (margin ?? 0) / scale;
    const style = { left: percent(0.5 + Math.min(share, 0) / 2), width: percent(Math.abs(share) / 2) };
    const whisker = { left: percent(0.5 + (share - error) / 2), width: percent(error) };
    return el(
      "span",
      { class: "bar", "aria-hidden": "true" },
      el("i", { class: sign(value), style }),
      error ? el("i", { class: "error", style: whisker }) : null,
    );
  };
  const cellOf = (cell) => {
    if (typeof cell === "number") return el("td", { class: "number" }, cellText(cell));
    return el("td", { class: wraps(cellText(cell)) }, el("span", { class: "clip" }, ...unbroken(cellText(cell))));
  };
  const barsOf = (row, answer, scale) => {
    const units = ranked(answer);
    const left = answer.unlisted.map((unit) => labels[row.labels[unit]]);
    const more = left.length > 5 ? ` and ${left.length - 5} more` : "";
    const told = `Thin support, and not listed: ${left.slice(0, 5).join(", ")}${more}.`;
    const unlisted = left.length ? el("p", { class: "facts" }, told) : "";
    if (!units.length) return el("div", {}, el("p", {}, "No attribution differs from 0."), unlisted);
    const texts = aligned(units.map((unit) => signed(answer.values[unit])));
    const margins = aligned(units.map((unit) => number(answer.margins?.[unit] ?? null)));
    const thin = new Set(answer.thin);
    const head = [$("row").dataset.units, ...(row.cells ? ["Value"] : []), $("row").dataset.values];
    // Bars of one scale are equally long where numbers beside them are equally wide.
    const longest = Math.max(...units.map((unit, i) => texts[i].length + (answer.margins?.[unit] == null ? 0 : 3 + margins[i].length)));
    const lines = units.map((unit, i) => {
      const value = answer.values[unit], margin = answer.margins?.[unit] ?? null;
      const label = labels[row.labels[unit]];
      const said = texts[i] + (margin === null || value === null ? "" : ` ± ${margins[i]}`);
      return el(
        "tr",
        {},
        el("th", { scope: "row", class: wraps(label) }, el("span", { class: "clip", title: label }, el("bdi", {}, ...unbroken(label)))),
        row.cells ? cellOf(row.cells[unit]) : null,
        el(
          "td",
          {},
          el(
            "div",
            { class: "line" },
            value === null ? null : bar(Number(value), Number(margin), scale),
            el("span", { class: value === null ? "number doubt" : "number" }, said),
          ),
          thin.has(unit) ? el("small", { class: "doubt" }, "thin support") : null,
        ),
      );
    });
    const table = el(
      "table",
      { class: "bars" },
      el("thead", {}, el("tr", {}, ...head.map((title) => el("th", { scope: "col" }, title)))),
      el("tbody", {}, ...lines),
    );
    table.style.setProperty("--widest", `${longest}ch`);
    return el("div", {}, table, unlisted);
  };
  const PICTURES = {
    mixed: ({ texts, cells }, shares) =>
      el(
        "div",
        {},
        ...texts.flatMap((own) => [el("p", { class: "facts" }, el("b", {}, bdi(own.name))), PICTURES.text(own, shares)]),
        el("p", { class: "facts" }, ...cells.flatMap(([name, value], i) =>
          [i ? ", " : "", bdi(`${name}:`), " ", el("b", {}, el("bdi", {}, ...unbroken(cellText(value))))])),
      ),
    text: ({ pieces, units }, shares) =>
      el(
        "p",
        { class: "text", dir: "auto" },
        ...pieces.map((piece, i) => {
          const share = shares[units[i]] ?? 0;
          if (!share) return piece;
          const color = share < 0 ? "59,130,208" : "217,119,6";
          const backgroundColor = `rgba(${color},${Math.abs(share) / 2})`;
          return el("span", { class: sign(share), style: { backgroundColor } }, piece);
        }),
      ),
    image: ({ src, width, height, areas, centers }, shares, names) => {
      const units = [...areas.keys()].filter((unit) => areas[unit] && shares[unit]);
      const tints = units.map((unit) =>
        svg(
          "path",
          { class: sign(shares[unit]), "stroke-opacity": 0.6 * Math.abs(shares[unit]), d: areas[unit] },
          svg("title", {}, names[unit]),
        ));
      const signs = units.filter((unit) => Math.abs(shares[unit]) > 0.1).map((unit) =>
        svg(
          "text",
          { x: centers[unit][0] + 0.5, y: centers[unit][1] + 0.5, "font-size": width / 14 },
          shares[unit] < 0 ? "−" : "+",
        ));
      const over = svg("g", {}, svg("g", { transform: "translate(0 .5)" }, ...tints), ...signs);
      const image = svg("image", { href: src, width, height, "image-rendering": width < 64 && "pixelated" });
      const box = el("input", { type: "checkbox", checked: "" });
      box.addEventListener("change", () => {
        over.style.display = box.checked ? "" : "none";
        image.style.filter = box.checked ? "" : "none";
      });
      const label = "The image; the table lists its units.";
      const view = svg("svg", { class: "image", role: "img", "aria-label": label, viewBox: `0 0 ${width} ${height}` }, image, over);
      return el("div", {}, view, el("label", { class: "controls" }, box, `Show ${$("row").dataset.values.toLowerCase()}s`));
    },
    sequence: ({ steps, ends, lanes }, shares) => {
      const drawn = lanes.map((lane) => {
        const bands = lane.runs.map(([unit, start], i) => ({
          start,
          width: (lane.runs[i + 1]?.[1] ?? steps) - start,
          share: shares[unit] ?? 0,
        }));
        return { lane, bands, weight: sum(bands.map(({ width, share }) => width * Math.abs(share))) };
      });
      drawn.sort((a, b) => b.weight - a.weight);
      return el("div", {}, ...drawn.map(({ lane, bands }) =>
        el(
          "div",
          { class: wraps(lane.name) ? "lane long" : "lane" },
          lane.name,
          el("small", {}, ` ${number(lane.low)} to ${number(lane.high)}`),
          svg(
            "svg",
            { "aria-hidden": "true", viewBox: `0 -10 ${steps} 120`, preserveAspectRatio: "none" },
            ...bands.filter(({ share }) => share).map(({ start, width, share }) =>
              svg("rect", {
                class: sign(share),
                x: start,
                width,
                y: share < 0 ? 50 : 50 - 50 * share,
                height: 50 * Math.abs(share),
              })),
            svg("path", { d: lane.path }),
          ),
        )), ends ? el("p", { class: "facts" }, `steps from ${ends[0]} to ${ends[1]}`) : "");
    },
  };
  const scaleOf = ({ kind }, scale) => {
    const end = (mark) => el("span", { class: "number" }, mark + number(Number(scale.toPrecision(4))));
    return el("p", { class: "facts" }, kind === "sequence" ? "Height: from " : "Colour: from ", end("−"), " ", el("span", { class: "tints", "aria-hidden": "true" }), " ", end("to +"));
  };
  const open = (row, focus) => {
    const last = state.open;
    state.open = row;
    [last, row].forEach((own) => own && mark(own));
    const answer = answerOf(row);
    const reach = answer.values.map((value, unit) => Math.abs(value) + Number(answer.margins?.[unit] ?? 0));
    const scale = Math.max(0, ...reach.filter(Number.isFinite)) || 1;
    const shares = answer.values.map((value) => Math.max(-1, Math.min(1, value / scale)) || 0);
    const facts = [
      [whatOf(answer), answer.prediction],
      ["surrogate", answer.local],
      answer.score !== null && ["weighted R²", answer.score],
      judged && ["R² on real rows nearby", answer.neighbours],
      drawn && ["effective sample size", answer.size],
    ].filter(Boolean).flatMap(([name, value], i) => [i ? ", " : "", bdi(name), " ", el("b", {}, number(value))]);
    $("title").replaceChildren("Row ", bdi(row.name), ", output ", bdi(outputs[answer.output]));
    $("answer").replaceChildren(
      el("p", { class: "facts" }, ...facts),
      row.classes?.length
        ? el("p", { class: "facts" }, "probabilities: ", ...row.classes.flatMap(([name, p], i) => [i ? ", " : "", bdi(name), " ", el("b", {}, number(p))]))
        : "",
      row.real ? el("p", { class: "facts" }, "first on real rows: ", el("b", {}, bdi(row.real.first))) : "",
      row.picture ? PICTURES[row.picture.kind](row.picture, shares, row.labels.map((code) => labels[code])) : "",
      row.picture && shares.some(Boolean) ? scaleOf(row.picture, scale) : "",
      barsOf(row, answer, scale),
    );
    $("row").hidden = false;
    $("row").scrollTop = 0;
    if (focus) $("title").focus();
  };

  /* What the reader does. */
  rows.forEach((row, position) => (row.position = position));
  if (!rows.length) return;
  $("still").remove();
  $("table").tHead.rows[0].append(...heads);
  const every = rows[0].answers.length > 1 ? "highest prediction" : "all";
  // Numbers of different units have no highest one.
  const choices = comparable || rows[0].answers.length === 1 ? [[every, -1]] : [];
  outputs.forEach((output, i) => choices.push([output, i]));
  $("output").append(...choices.map(([output, value]) => el("option", { value }, output)));
  state.output = choices[0][1];
  $("output-label").hidden = outputs.length < 2;
  $("output").addEventListener("change", (event) => {
    state.output = Number(event.target.value);
    state.first = 0;
    list();
    open(state.open, false);
  });
  $("query").addEventListener("input", (event) => {
    state.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    state.first = 0;
    list();
  });
  $("previous").addEventListener("click", () => turn(-1));
  $("next").addEventListener("click", () => turn(1));
  $("table").addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const neighbour = step && event.target.closest("tbody tr")?.[step];
    if (!neighbour) return;
    event.preventDefault();
    neighbour.querySelector("button").focus();
  });
  $("row").addEventListener("keydown", (event) => {
    if (event.key === "Escape") state.open.button?.focus();
  });
  for (const [event, page] of [["beforeprint", Infinity], ["afterprint", PAGE]]) {
    addEventListener(event, () => {
      Object.assign(state, { page, first: 0 });
      document.querySelector("footer details").open = page === Infinity;
      list();
    });
  }
  // So many columns leave no room for the least of them where the pane is narrow.
  $("table").classList.toggle("busy", COLUMNS.length > 5);
  if (rows.length > 1 || outputs.length > 1) {
    $("rows").hidden = false;
    $("panes").classList.add("both");
  }
  list();
  open(rows[0], false);
})();
