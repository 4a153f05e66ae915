"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const { signs, texts, columns, length } = data;
  const facets = data.facets.map((facet) => facet.key);
  const ROWS_PER_PAGE = 100;
  const MOVES = { first: () => 0, previous: () => state.page - 1, next: () => state.page + 1, last: () => Infinity };

  // What the reader chose. A facet without a chosen value lets everything through.
  const state = { chosen: {}, query: "", sort: "", down: false, page: 0 };
  // Rows that pass the filters, in their order and as they are sorted.
  let passing = [];
  let found = [];

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

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
    show: (row) => element("td", { textContent: text(key, row) }),
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
      const word = text("status", row);
      const sign = element("span", { ariaHidden: "true", textContent: signs[word] });
      const badge = element("span", { className: `badge is-${word.replace(" ", "-")}` }, sign, ` ${word}`);
      const cell = element("td", { className: "words" }, badge);
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
  const matchesQuery = (words, row) => {
    if (!words.length) return true;
    searchable ??= Array.from({ length }, (_, i) =>
      [...facets, "reason"].map((key) => text(key, i)).join(" ").toLowerCase(),
    );
    return words.every((word) => searchable[row].includes(word));
  };

  // Rows that pass every filter; and per value of a facet, rows that pass all the other facets.
  const filtered = () => {
    const words = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    const counts = Object.fromEntries(facets.map((key) => [key, new Array(texts[key].length).fill(0)]));
    const rows = [];
    for (let row = 0; row < length; row++) {
      if (!matchesQuery(words, row)) continue;
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
    const pages = Math.max(1, Math.ceil(found.length / ROWS_PER_PAGE));
    state.page = Math.min(Math.max(0, state.page), pages - 1);
    const start = state.page * ROWS_PER_PAGE;
    const rows = found.slice(start, start + ROWS_PER_PAGE).map((row) => {
      const cells = shownColumns.map((column) => column.show(row));
      cells[0] = element("th", { scope: "row", textContent: cells[0].textContent });
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

  const boxes = {};

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
        return { box, count, line: element("label", {}, box, ` ${label} `, count) };
      });
      const chosen = element("span", { className: "chosen" });
      const legend = element("legend", { className: "unseen", textContent: title });
      const fieldset = element("fieldset", {}, legend, ...options.map(({ line }) => line));
      const summary = element("summary", {}, `${title} `, chosen);
      const facet = element("details", { className: "facet" }, summary, fieldset);
      facet.dataset.facet = key;
      byId("facets").append(facet);
      boxes[key] = { options, chosen };
    }
  };

  const updateFacets = (counts) => {
    let used = state.query ? 1 : 0;
    for (const [key, { options, chosen }] of Object.entries(boxes)) {
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

  // ------------------------------------- the tables that came with the page

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

  // A row may stand for several values, one per line.
  const dataFits = (node) =>
    facets.every((key) => (node.dataset[key] ?? "").split("\n").some((label) => fits(key, label) !== false));

  const hide = (node, hidden) => {
    if (node.hidden !== hidden) node.hidden = hidden;
  };

  const filterTable = (table) => {
    const heads = [...table.querySelectorAll("th[data-column]")];
    // A mean over all datasets is none over those that were chosen.
    const visible = heads.map(
      (head) =>
        Boolean(fits(table.dataset.groups, head.dataset.group)) &&
        Boolean(fits(table.dataset.columns, head.dataset.column)),
    );
    heads.forEach((head, i) => hide(head, !visible[i]));
    let next = 0;
    for (const group of table.querySelectorAll("thead .group")) {
      group.dataset.span ??= group.colSpan;
      const width = Number(group.dataset.span);
      const left = visible.slice(next, next + width).filter(Boolean).length;
      next += width;
      hide(group, !left);
      group.colSpan = Math.max(1, left);
    }
    for (const body of table.tBodies) {
      for (const row of body.querySelectorAll("tr:not(.section)")) {
        hide(row, fits(table.dataset.rows, row.dataset.row) === false || !dataFits(row));
        heads.forEach((_, i) => hide(row.cells[i + 1], !visible[i]));
      }
      hide(body, [...body.querySelectorAll("tr:not(.section)")].every((row) => row.hidden));
    }
    return !heads.length || visible.some(Boolean);
  };

  let tablesAreWhole = true;

  const filterTables = () => {
    const whole = !facets.some((key) => state.chosen[key]?.size);
    if (whole && tablesAreWhole) return;
    tablesAreWhole = whole;
    for (const table of document.querySelectorAll("table.sortable")) {
      const some = filterTable(table);
      const box = table.closest("details.table");
      if (box) box.hidden = !some || !dataFits(box);
    }
    for (const kind of document.querySelectorAll(".kind")) {
      kind.hidden = [...kind.querySelectorAll("details.table")].every((box) => box.hidden);
    }
  };

  const sortTable = (table, head, column) => {
    const direction = { ascending: "descending", descending: "none" }[head.ariaSort] ?? "ascending";
    for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
    head.ariaSort = direction;
    const bodies = [...table.tBodies];
    const numeric = bodies.some((body) => [...body.rows].some((row) => row.cells[column]?.dataset.value !== undefined));
    const number = ({ dataset }) => (dataset.value === undefined ? null : Number(dataset.value));
    const value = (row) => (numeric ? number(row.cells[column]) : row.cells[column].textContent);
    for (const body of bodies) {
      const rows = [...body.rows].filter((row) => !row.classList.contains("section"));
      rows.forEach((row, i) => (row.dataset.order ??= i));
      const original = sorted(rows, (row) => Number(row.dataset.order), false);
      body.append(...(direction === "none" ? original : sorted(original, value, direction === "descending")));
    }
  };

  const makeSortable = (table) => {
    const buttons = [...table.tHead.querySelectorAll("button")];
    buttons.forEach((button, column) => {
      button.addEventListener("click", () => sortTable(table, button.closest("th"), column));
    });
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
    filterTables();
    drawResults();
  };

  drawHead();
  drawFacets();
  document.querySelectorAll("table.sortable").forEach(makeSortable);

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
    } else if (toHash()) keepHash();
  });

  byId("filters").hidden = false;
  byId("filters").open = matchMedia("(min-width: 64rem)").matches;
  if (location.hash.includes("=")) fromHash();
  else if (location.hash) {
    const part = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    part?.scrollIntoView();
  }
  draw();
})();
