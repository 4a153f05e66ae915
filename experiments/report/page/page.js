"use strict";
(async () => {
  const byId = (id) => document.getElementById(id);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  // ------------------------------------------------- the parts of the page

  // Each is JSON, deflated and in base64; what nobody opens is never read.
  const read = {};
  const part = (name) =>
    (read[name] ??= (async () => {
      const bytes = Uint8Array.from(atob(byId(`part-${name}`).textContent), (letter) => letter.charCodeAt(0));
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
      return new Response(stream).json();
    })());

  const pageData = await part("tables");
  const data = await part("results");
  const { signs, symbols } = pageData;
  const { texts, columns, length } = data;
  const facets = data.facets.map((facet) => facet.key);
  const ROWS_PER_PAGE = 100;
  const MOVES = { first: () => 0, previous: () => state.page - 1, next: () => state.page + 1, last: () => Infinity };

  // What the reader chose. A facet without a chosen value lets everything through.
  const state = { chosen: {}, query: "", sort: "", down: false, page: 0 };
  // Rows that pass the filters, in their order and as they are sorted.
  let passing = [];
  let found = [];

  // A word of the reader's is the beginning of a word of a text: "ett" is no part of "better".
  const words = () =>
    state.query
      .toLowerCase()
      .split(/\s+/)
      .filter(Boolean)
      .map((word) => new RegExp(`(?<![a-z0-9])${word.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")}`, "u"));

  // The symbol that figures have for a denoiser, then its name.
  const withSymbol = (name) => {
    if (!symbols[name]) return [name];
    const [colour, ...outlines] = symbols[name];
    const make = (tag, attributes) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      return made;
    };
    const svg = make("svg", { class: "symbol", viewBox: "-0.75 -0.75 1.5 1.5", "aria-hidden": "true" });
    outlines.forEach((d, i) => svg.append(make("path", { d, stroke: colour, fill: i ? colour : "none" })));
    return [svg, name];
  };

  const badge = (word) =>
    element(
      "span",
      { className: `badge is-${word.replaceAll(" ", "-")}` },
      element("span", { ariaHidden: "true", textContent: signs[word] }),
      ` ${word}`,
    );

  // ---------------------------------------------------------------- values

  const many = (key) => Array.isArray(columns[key][0]);
  const indices = (key, row) => (many(key) ? columns[key][row] : [columns[key][row]]);
  const text = (key, row) => indices(key, row).map((index) => texts[key][index]).join(", ");

  const INFINITE = { inf: Infinity, "-inf": -Infinity };
  const number = (key, row) => {
    const value = columns[key][row];
    return value in INFINITE ? INFINITE[value] : value;
  };

  const formatted = (value, decimals) => {
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
    if (Math.abs(value) >= 1e6) return value.toExponential(1).replace("+", "");
    const fixed = value.toFixed(decimals);
    if (Number(fixed) !== 0) return fixed;
    return value !== 0 && decimals > 3 ? value.toExponential(1) : fixed.replace("-", "");
  };

  // What stands where there is no number.
  const missing = (row) => {
    const status = text("status", row);
    return status === "ok" || status === "partial" ? "–" : status;
  };

  // --------------------------------------------- the columns of every result

  const named = (key, title) => ({
    key,
    title,
    value: (row) => (many(key) ? text(key, row) : columns[key][row]),
    show: (row) => element("td", {}, ...(key === "denoiser" ? withSymbol(text(key, row)) : [text(key, row)])),
    export: (row) => text(key, row),
  });

  const measured = ({ key, title, meaning, decimals }) => ({
    key,
    title,
    meaning,
    value: (row) => number(key, row),
    show: (row) => {
      const value = number(key, row);
      if (value === null) {
        return element("td", { className: "absent", textContent: missing(row) });
      }
      const cell = element("td", { className: "number", textContent: formatted(value, decimals) });
      if (key === "imp" && number("low", row) !== null) {
        const ends = [number("low", row), number("high", row)].map((end) => formatted(end, decimals));
        cell.append(" ", element("small", { textContent: `[${ends.join(", ")}]` }));
      }
      return cell;
    },
    export: (row) => {
      const value = number(key, row);
      return value === null ? "" : String(value);
    },
  });

  const seeds = {
    key: "seeds",
    title: "Seeds",
    meaning: "seeds with a value; where some are missing, of how many",
    value: (row) => columns.seeds[row],
    show: (row) => {
      const [there, expected] = [columns.seeds[row], columns.seeds_expected[row]];
      const shown = there < expected ? `${there} of ${expected}` : `${there}`;
      return element("td", { className: "number", textContent: shown });
    },
    export: (row) => String(columns.seeds[row]),
  };

  const status = {
    ...named("status", "Status"),
    show: (row) => {
      const cell = element("td", { className: "words" }, badge(text("status", row)));
      const reason = text("reason", row);
      if (reason) cell.append(" ", element("span", { className: "reason", textContent: reason }));
      return cell;
    },
  };

  // A column that says the same in every row is left out of the table, not of the download.
  const labels = data.facets.filter(({ key }) => key !== "status").map(({ key, title }) => named(key, title));
  const ALWAYS = new Set(["dataset", "denoiser", "regressor", "protocol", "level"]);
  const BESIDE = new Set(["domain", "kind", "experiment"]);
  const shownColumns = [
    ...labels.filter(({ key }) => ALWAYS.has(key) || (texts[key].length > 1 && !BESIDE.has(key))),
    ...data.measures.map(measured),
    seeds,
    status,
    ...labels.filter(({ key }) => key === "experiment" && texts[key].length > 1),
  ];
  const wordy = new Set([...facets, "status"]);
  const exportedColumns = [
    ...labels,
    ...data.measures.map(measured),
    measured({ key: "low" }),
    measured({ key: "high" }),
    seeds,
    status,
    named("reason", "Reason"),
  ];

  // ---------------------------------------------------------------- filters

  const isChosen = (key, row) => {
    const chosen = state.chosen[key];
    return !chosen || !chosen.size || indices(key, row).some((index) => chosen.has(index));
  };

  let searchable = null;
  const matchesQuery = (wanted, row) => {
    if (!wanted.length) return true;
    searchable ??= Array.from({ length }, (_, i) =>
      [...facets, "reason"].map((key) => text(key, i)).join(" ").toLowerCase(),
    );
    return wanted.every((word) => word.test(searchable[row]));
  };

  // Rows that pass every filter; and per value of a facet, rows that pass all the other facets.
  const filtered = () => {
    const wanted = words();
    const counts = Object.fromEntries(facets.map((key) => [key, new Array(texts[key].length).fill(0)]));
    const rows = [];
    for (let row = 0; row < length; row++) {
      if (!matchesQuery(wanted, row)) continue;
      const failing = facets.filter((key) => !isChosen(key, row));
      if (failing.length > 1) continue;
      if (!failing.length) rows.push(row);
      for (const key of failing.length ? failing : facets) {
        for (const index of indices(key, row)) counts[key][index]++;
      }
    }
    return { rows, counts };
  };

  const compare = (one, other) => (typeof one === "string" ? one.localeCompare(other) : one - other || 0);

  // Missing values come last in both directions; equal ones keep their order.
  const sorted = (rows, value, down) => {
    const present = [];
    const absent = [];
    for (const row of rows) {
      const known = value(row);
      if (known === null || known === undefined) absent.push(row);
      else present.push({ row, known });
    }
    present.sort((a, b) => (a.known === b.known ? 0 : down ? compare(b.known, a.known) : compare(a.known, b.known)));
    return [...present.map(({ row }) => row), ...absent];
  };

  // ------------------------------------------------------ every result, drawn

  const explorer = byId("explorer");

  const drawHead = () => {
    const row = element("tr");
    for (const { key, title, meaning } of shownColumns) {
      const button = element("button", { type: "button", textContent: title, title: meaning ?? "" });
      button.addEventListener("click", () => {
        if (state.sort !== key) Object.assign(state, { sort: key, down: false });
        else if (!state.down) state.down = true;
        else Object.assign(state, { sort: "", down: false });
        state.page = 0;
        drawResults();
      });
      const head = element("th", { scope: "col", className: wordy.has(key) ? "words" : "" }, button);
      head.dataset.key = key;
      row.append(head);
    }
    explorer.tHead.replaceChildren(row);
  };

  const drawRows = () => {
    if (!byId("results").open) return;
    const pages = Math.max(1, Math.ceil(found.length / ROWS_PER_PAGE));
    state.page = Math.min(Math.max(0, state.page), pages - 1);
    const start = state.page * ROWS_PER_PAGE;
    const rows = found.slice(start, start + ROWS_PER_PAGE).map((row) => {
      const cells = shownColumns.map((column) => column.show(row));
      const named = element("span", { className: "name", textContent: cells[0].textContent });
      cells[0] = element("th", { scope: "row" }, named);
      return element("tr", {}, ...cells);
    });
    if (!rows.length) {
      const nothing = element("td", { colSpan: shownColumns.length, textContent: "No row fits the filters." });
      rows.push(element("tr", { className: "nothing" }, nothing));
    }
    explorer.tBodies[0].replaceChildren(...rows);
    for (const head of explorer.tHead.rows[0].cells) {
      const direction = state.down ? "descending" : "ascending";
      head.ariaSort = head.dataset.key === state.sort ? direction : "none";
    }
    byId("shown").textContent = `${found.length.toLocaleString("en")} of ${length.toLocaleString("en")} rows`;
    byId("page").textContent = `page ${state.page + 1} of ${pages}`;
    for (const button of byId("pages").querySelectorAll("button")) {
      const atStart = state.page === 0 && ["first", "previous"].includes(button.dataset.page);
      const atEnd = state.page === pages - 1 && ["next", "last"].includes(button.dataset.page);
      button.disabled = atStart || atEnd;
    }
    byId("pages").hidden = pages === 1;
    byId("download").disabled = !found.length;
  };

  // ----------------------------------------------------------- facets, drawn

  const choices = {};

  const drawFacets = () => {
    for (const { key, title } of data.facets) {
      if (texts[key].length < 2) continue;
      const options = texts[key].map((label, index) => {
        const box = element("input", { type: "checkbox", name: key, value: label });
        box.addEventListener("change", () => {
          const chosen = (state.chosen[key] ??= new Set());
          if (box.checked) chosen.add(index);
          else chosen.delete(index);
          state.page = 0;
          draw();
        });
        const count = element("span", { className: "count" });
        const named = key === "denoiser" ? withSymbol(label) : [label];
        return { box, count, line: element("label", {}, box, " ", element("span", {}, ...named), " ", count) };
      });
      const chosen = element("span", { className: "chosen" });
      const legend = element("legend", { className: "unseen", textContent: title });
      const fieldset = element("fieldset", {}, legend, ...options.map(({ line }) => line));
      const summary = element("summary", {}, `${title} `, chosen);
      const facet = element("details", { className: "facet" }, summary, fieldset);
      facet.dataset.facet = key;
      byId("facets").append(facet);
      choices[key] = { options, chosen };
    }
  };

  const updateFacets = (counts) => {
    let used = state.query ? 1 : 0;
    for (const [key, { options, chosen }] of Object.entries(choices)) {
      const picked = state.chosen[key] ?? new Set();
      if (picked.size) used++;
      chosen.textContent = picked.size ? [...picked].map((index) => texts[key][index]).join(", ") : "all";
      options.forEach(({ box, count, line }, index) => {
        box.checked = picked.has(index);
        count.textContent = counts[key][index].toLocaleString("en");
        line.classList.toggle("empty", !counts[key][index] && !picked.has(index));
      });
    }
    byId("filter-count").textContent = used ? `(${used} in use)` : "";
    byId("clear").disabled = !used;
  };

  // ------------------------------------------------------------------ tables

  // A dataset's domain and a method's kind are filters too.
  const property = (of, name) => {
    const pairs = new Map();
    for (let row = 0; row < length; row++) pairs.set(text(of, row), columns[name][row]);
    return pairs;
  };
  const implied = { dataset: ["domain", property("dataset", "domain")], denoiser: ["kind", property("denoiser", "kind")] };

  // Whether a label fits the filters; null where the facet has no such label ("mean", "(before)").
  const fits = (key, label) => {
    if (!key || !label || !texts[key]) return true;
    const index = texts[key].indexOf(label);
    const [wider, of] = implied[key] ?? [];
    const limits = [
      [state.chosen[key], index],
      [state.chosen[wider], of?.get(label)],
    ].filter(([chosen]) => chosen?.size);
    if (!limits.length) return true;
    return index < 0 ? null : limits.every(([chosen, value]) => chosen.has(value));
  };

  // A row, table or figure may stand for several values, one per line.
  const isOf = (context) =>
    facets.every((key) => String(context[key] ?? "").split("\n").some((label) => fits(key, label) !== false));

  // A word that the whole table has says nothing of its rows; one that rows have picks those; one
  // that only heads have picks columns. Null where nothing is left.
  const left = (table) => {
    if (!isOf(table.context)) return null;
    const [ofRows, ofGroups, ofColumns] = table.keys;
    table.text ??= [table.title, ...Object.values(table.context)].join(" ").toLowerCase();
    // A mean over all datasets is none over those that were chosen.
    let shown = [...table.columns.keys()].filter((i) => {
      const [group, title] = table.columns[i];
      return fits(ofGroups, group) && fits(ofColumns, title);
    });
    let sections = table.sections.map(([title, rows]) => [
      title,
      rows.filter(([label, , context]) => fits(ofRows, label) !== false && (!context || isOf(context))),
    ]);
    for (const word of words()) {
      if (word.test(table.text)) continue;
      const some = sections.map(([title, rows]) => [title, rows.filter((row) => word.test(textOf(row, title)))]);
      if (some.some(([, rows]) => rows.length)) sections = some;
      else shown = shown.filter((i) => word.test(table.columns[i].join(" ").toLowerCase()));
    }
    sections = sections.filter(([, rows]) => rows.length);
    const empty = !sections.length || (table.columns.length && !shown.length);
    return empty ? null : { shown, sections };
  };

  const textOf = (row, title) => (row.text ??= [title, row[0], ...row[1].flat()].join(" ").toLowerCase());

  // The number that a cell begins with; null for words.
  const numberOf = (cell) => {
    const [, sign, digits] = /^[<≤]?(-?)(∞|\d[\d,]*(?:\.\d+)?(?:e-?\d+)?)/.exec([cell].flat()[0]) ?? [];
    if (digits === undefined) return null;
    return (sign ? -1 : 1) * (digits === "∞" ? Infinity : Number(digits.replaceAll(",", "")));
  };

  // What may stand where a number would.
  const ABSENT = new Set(["failed", "skipped", "not run", "null", "–"]);

  const drawCell = (cell, prose) => {
    const [shown, interval] = [cell].flat();
    if (prose) return element("td", { className: "prose", textContent: shown });
    if (ABSENT.has(shown)) return element("td", { className: `absent ${shown}`, textContent: shown });
    if (signs[shown]) return element("td", { className: "words" }, badge(shown));
    if (numberOf(cell) === null) return element("td", { className: "text", textContent: shown });
    return element("td", {}, shown, ...(interval ? [element("small", { textContent: interval })] : []));
  };

  const drawTable = (table) => {
    const { shown, sections } = left(table);
    const rows = sections.flatMap(([, of]) => of);
    const wordy = (i) => !rows.some(([, cells]) => numberOf(cells[i]) !== null || ABSENT.has(cells[i]));
    const box = element("div", { className: "scroll", role: "region", tabIndex: 0, ariaLabel: table.title });

    const head = (column, title, properties = {}) => {
      const button = element("button", { type: "button", textContent: title });
      button.addEventListener("click", () => {
        const { column: by, down } = table.sort ?? {};
        table.sort = by !== column ? { column, down: false } : down ? null : { column, down: true };
        const again = drawTable(table);
        box.replaceWith(...again);
        notes.remove();
        again[0].querySelector(`th[data-column="${column}"] button`).focus();
      });
      const ariaSort = table.sort?.column !== column ? "none" : table.sort.down ? "descending" : "ascending";
      const made = element("th", { scope: "col", ariaSort, ...properties }, button);
      made.dataset.column = column;
      return made;
    };

    const grouped = shown.some((i) => table.columns[i][0] && table.columns[i][1]);
    const titles = shown.map((i) => {
      const [group, title] = table.columns[i];
      return head(i, title || group, { className: wordy(i) ? "words" : "" });
    });
    const heads = [element("tr", {}, head(-1, table.stub, { rowSpan: grouped ? 2 : 1 }))];
    if (grouped) {
      for (const [at, i] of shown.entries()) {
        const name = table.columns[i][0];
        if (at && table.columns[shown[at - 1]][0] === name) heads[0].lastChild.colSpan += 1;
        else if (name) heads[0].append(element("th", { className: "group", scope: "colgroup", textContent: name }));
        else heads[0].append(element("td", { className: "group" }));
      }
      heads.push(element("tr", {}, ...titles));
    } else heads[0].append(...titles);

    const { column, down } = table.sort ?? {};
    const value = ([label, cells]) => {
      if (column < 0) return label;
      return wordy(column) ? cells[column] : numberOf(cells[column]);
    };
    const bodies = sections.map(([title, of]) => {
      const lines = (table.sort ? sorted(of, value, down) : of).map(([label, cells]) => {
        const named = element("span", { className: "name" }, ...(signs[label] ? [badge(label)] : withSymbol(label)));
        const drawn = shown.map((i) => drawCell(cells[i], table.columns[i][2]));
        return element("tr", {}, element("th", { scope: "row" }, named), ...drawn);
      });
      if (title) {
        const name = element("th", { scope: "rowgroup", colSpan: shown.length + 1, textContent: title });
        lines.unshift(element("tr", { className: "section" }, name));
      }
      return element("tbody", {}, ...lines);
    });
    const caption = element("caption", { className: "unseen", textContent: table.title });
    box.append(element("table", {}, caption, element("thead", {}, ...heads), ...bodies));
    const notes = element("ul", { className: "notes" }, ...table.notes.map(drawNote));
    return table.notes.length ? [box, notes] : [box];
  };

  const drawNote = (note) => {
    if (note.length <= 280) return element("li", { textContent: note });
    const summary = element("summary", { textContent: `${note.slice(0, 140)} …` });
    return element("li", {}, element("details", {}, summary, note));
  };

  // -------------------------------------------- what is folded, drawn on opening

  // Everything that the filters may hide: `fit` says whether something is left, `draw` shows it.
  const boxes = [];

  const fold = (box, fit, draw) => {
    box.addEventListener("toggle", () => box.open && draw());
    boxes.push({ box, fit, draw });
    return box;
  };

  const tableBox = (table) => {
    const inside = element("div");
    const summary = element("summary", { textContent: table.title });
    const draw = () => inside.replaceChildren(...drawTable(table));
    return fold(element("details", { className: "table" }, summary, inside), () => left(table), draw);
  };

  const figureBox = ([title, context], image) => {
    const text = [title, ...Object.values(context)].join(" ").toLowerCase();
    const picture = element("img", { alt: title, decoding: "async" });
    const figure = element("figure", {}, picture, element("figcaption", { textContent: title }));
    const draw = async () => (picture.src ||= `data:image/svg+xml,${encodeURIComponent(await image())}`);
    boxes.push({ box: figure, fit: () => isOf(context) && words().every((word) => word.test(text)) });
    return { figure, draw };
  };

  const groupBox = (place, name, inside, draw = () => {}) => {
    const count = element("span", { className: "count" });
    const summary = element("summary", {}, element("h3", { textContent: name || "All" }), " ", count);
    const box = element("details", { className: "group" }, summary, ...inside);
    place.append(box);
    const part = box.closest(".part");
    for (const around of [box, part]) around.addEventListener("toggle", () => box.open && part.open && draw());
  };

  const drawFolded = () => {
    for (const place of all("[data-tables]")) place.append(...pageData[place.dataset.tables].map(tableBox));
    for (const [name, tables] of pageData.tables) {
      groupBox(document.querySelector("[data-groups=tables]"), name, tables.map(tableBox));
    }
    for (const [i, [name, figures]] of pageData.figures.entries()) {
      const made = figures.map((figure, j) => figureBox(figure, async () => (await part(`figures-${i}`))[j]));
      const draw = () => made.forEach((figure) => figure.draw());
      groupBox(document.querySelector("[data-groups=figures]"), name, made.map(({ figure }) => figure), draw);
    }
    // Where there is one of a kind, nothing is gained by folding it once more.
    for (const place of all("[data-groups]")) if (place.children.length === 1) place.firstChild.open = true;
  };

  const counted = (some, all) => (some < all ? `${some.toLocaleString("en")} of ` : "") + all.toLocaleString("en");

  const filterBoxes = () => {
    for (const { box, fit, draw } of boxes) {
      box.hidden = !fit();
      if (draw && box.open && !box.hidden) draw();
    }
    for (const group of all("details.group")) {
      const inside = all(":scope > details, :scope > figure", group);
      const some = inside.filter((box) => !box.hidden).length;
      group.hidden = !some;
      group.querySelector(".count").textContent = counted(some, inside.length);
    }
    for (const place of all("[data-tables], [data-groups]")) {
      const inside = all("details.table, figure", place);
      const some = inside.filter((box) => !box.hidden && !box.closest("details.group[hidden]")).length;
      place.closest(".part").querySelector("summary > .count").textContent = counted(some, inside.length);
    }
    const [table] = pageData.main;
    const nothing = element("p", { className: "nothing", textContent: "Nothing here fits the filters." });
    byId("main-table").replaceChildren(...(left(table) ? drawTable(table) : [nothing]));
    for (const card of all(".cards > li")) {
      const text = card.textContent.toLowerCase();
      card.hidden = !words().every((word) => word.test(text));
    }
    const badges = byId("badges");
    if (badges) badges.hidden = !badges.querySelector("li:not([hidden])");
  };

  // ------------------------------------------------------------ the address

  const toHash = () => {
    const parameters = new URLSearchParams();
    for (const key of facets) {
      for (const index of state.chosen[key] ?? []) parameters.append(key, texts[key][index]);
    }
    if (state.query) parameters.set("text", state.query);
    if (state.sort) parameters.set("sort", state.down ? `-${state.sort}` : state.sort);
    if (state.page) parameters.set("page", state.page + 1);
    return parameters.toString();
  };

  const fromHash = () => {
    const parameters = new URLSearchParams(location.hash.slice(1));
    for (const key of facets) {
      const known = parameters.getAll(key).map((label) => texts[key].indexOf(label));
      state.chosen[key] = new Set(known.filter((index) => index >= 0));
    }
    state.query = parameters.get("text") ?? "";
    const sort = parameters.get("sort") ?? "";
    state.down = sort.startsWith("-");
    state.sort = shownColumns.some(({ key }) => key === sort.replace(/^-/, "")) ? sort.replace(/^-/, "") : "";
    state.page = (Number.parseInt(parameters.get("page"), 10) || 1) - 1;
    byId("search").value = state.query;
  };

  const keepHash = () => {
    const hash = toHash();
    const address = location.href.split("#")[0];
    history.replaceState(null, "", hash ? `${address}#${hash}` : address);
  };

  // --------------------------------------------------------------- download

  const quoted = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

  const csv = () => {
    const lines = found.map((row) => exportedColumns.map((column) => quoted(column.export(row))).join(","));
    return [exportedColumns.map(({ key }) => key).join(","), ...lines, ""].join("\n");
  };

  const download = () => {
    const address = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    element("a", { href: address, download: "results.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  };

  // ------------------------------------------------------------------ start

  const drawResults = () => {
    const column = shownColumns.find(({ key }) => key === state.sort);
    found = column ? sorted(passing, column.value, state.down) : passing;
    drawRows();
    keepHash();
  };

  const draw = () => {
    const { rows, counts } = filtered();
    passing = rows;
    updateFacets(counts);
    filterBoxes();
    document.querySelector("#results > summary > .count").textContent = counted(passing.length, length);
    drawResults();
  };

  // Opens whatever a part of the page is folded in.
  const goTo = (id) => {
    const place = byId(decodeURIComponent(id));
    for (let box = place; box; box = box.parentElement) if (box.tagName === "DETAILS") box.open = true;
    place?.scrollIntoView();
  };

  drawHead();
  drawFacets();
  drawFolded();

  let typing = 0;
  byId("search").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      state.query = byId("search").value.trim();
      state.page = 0;
      draw();
    }, 120);
  });
  byId("filter-form").addEventListener("submit", (event) => event.preventDefault());
  byId("clear").addEventListener("click", () => {
    Object.assign(state, { chosen: {}, query: "", page: 0 });
    byId("search").value = "";
    draw();
  });
  byId("results").addEventListener("toggle", drawRows);
  byId("pages").addEventListener("click", (event) => {
    const move = MOVES[event.target.dataset.page];
    if (!move) return;
    state.page = move();
    drawRows();
    keepHash();
  });
  byId("download").addEventListener("click", download);
  addEventListener("hashchange", () => {
    // A link to a part of the page leaves the filters alone.
    if (location.hash.includes("=")) {
      fromHash();
      draw();
    } else if (location.hash) {
      goTo(location.hash.slice(1));
      keepHash();
    }
  });

  byId("tools").hidden = false;
  const address = location.hash;
  if (address.includes("=")) fromHash();
  draw();
  if (address && !address.includes("=")) goTo(address.slice(1));
  document.documentElement.dataset.ready = "";
})();
