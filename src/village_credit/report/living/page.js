"use strict";
(() => {
  const FIRST = 3;
  const root = document.documentElement;
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const words = JSON.parse(document.getElementById("words").textContent);
  const places = { zh: -1, en: 0, ug: 1 };
  const [csvText, allText] = all("span", document.getElementById("texts").content);
  const narrow = matchMedia("(max-width: 640px)").matches;
  let language = "zh";

  /* a date, an id or a range stays in one line: unbroken.py has the same */
  const held = /(\[?(?=[A-Za-z-]*\d)[A-Za-z0-9][A-Za-z0-9_.,:+%]*(?:[-\u2013][A-Za-z0-9_.,:+%]*[A-Za-z0-9_%]\]?)+)/;

  function whole(text) {
    const made = document.createElement("span");
    made.className = "d";
    made.textContent = text;
    return made;
  }

  function say(one, text) {
    if (one.matches("title, option")) one.textContent = text;
    else one.replaceChildren(...text.split(held).map((part, at) => (at % 2 ? whole(part) : part)));
  }

  const spoken = (number, chinese) => (places[language] < 0 ? chinese : words[number][places[language]]);

  function button(text, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.append(text.cloneNode(true));
    made.addEventListener("click", act);
    return made;
  }

  function speak(chosen) {
    language = chosen;
    root.lang = chosen === "zh" ? "zh-CN" : chosen;
    root.dir = chosen === "ug" ? "rtl" : "ltr";
    for (const one of all("[data-w]")) {
      one.chinese ??= one.textContent;
      say(one, spoken(one.dataset.w, one.chinese));
    }
    for (const one of all("[data-l]")) {
      one.chinese ??= one.getAttribute("aria-label");
      one.setAttribute("aria-label", spoken(one.dataset.l, one.chinese));
    }
    for (const one of all("[data-language]")) one.setAttribute("aria-pressed", one.dataset.language === chosen);
    for (const one of all("[data-only]")) one.hidden = one.dataset.only !== chosen;
    all("table").forEach(headed);
  }

  const rowsOf = (table) => all("tr", table.tBodies[0]);
  const headsOf = (table) => all("th", table.tHead);

  /* a narrow screen shows a row as a list: each cell says what it is of */
  function headed(table) {
    const heads = headsOf(table).map((head) => head.textContent);
    for (const row of rowsOf(table)) [...row.cells].forEach((cell, at) => { cell.dataset.head = heads[at]; });
  }

  const valueOf = (cell) => cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v);

  function compare(one, other, way) {
    const [a, b] = [valueOf(one), valueOf(other)];
    const [isA, isB] = [typeof a === "number", typeof b === "number"];
    if (isA !== isB) return isA ? -1 : 1; /* what is not told comes last, either way */
    return way * (isA ? a - b : a.localeCompare(b, language));
  }

  function sort(table, at) {
    const head = headsOf(table)[at];
    const way = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
    for (const other of headsOf(table)) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", way < 0 ? "descending" : "ascending");
    const sorted = rowsOf(table).sort((a, b) => compare(a.cells[at], b.cells[at], way));
    table.tBodies[0].append(...sorted);
    shorten(table);
  }

  function shorten(table) {
    const most = narrow ? Math.ceil(table.dataset.shown / 2) : Number(table.dataset.shown);
    const rows = rowsOf(table).filter((row) => !row.hidden);
    rows.forEach((row, at) => row.classList.toggle("rest", !table.whole && at >= most));
    table.more.hidden = table.whole || rows.length <= most;
    table.more.lastChild.textContent = ` (${rows.length})`;
  }

  const quoted = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;

  function csvOf(table) {
    const rows = rowsOf(table).filter((row) => !row.hidden);
    const lines = [headsOf(table).map((head) => quoted(head.textContent.trim()))];
    for (const row of rows) lines.push([...row.cells].map((cell) => cell.dataset.v ?? quoted(cell.textContent.trim())));
    return "\ufeff" + lines.map((line) => line.join(",")).join("\r\n") + "\r\n";
  }

  function download(table) {
    const address = URL.createObjectURL(new Blob([csvOf(table)], { type: "text/csv;charset=utf-8" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = `${table.dataset.name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  function choose(place) {
    for (const one of all("[data-t]")) one.toggleAttribute("hidden", place !== "" && one.dataset.t !== place);
    all("table").forEach(shorten);
  }

  function prepare(table) {
    /* a table that is drawn as a list on a narrow screen stays a table for who hears it */
    table.setAttribute("role", "table");
    for (const part of [table.tHead, table.tBodies[0]]) part.setAttribute("role", "rowgroup");
    for (const row of all("tr", table)) row.setAttribute("role", "row");
    for (const cell of all("td", table)) {
      cell.setAttribute("role", "cell");
      if (!cell.dataset.v && cell.textContent.length > 14) cell.classList.add("wide");
    }
    for (const head of all("tbody th", table)) head.setAttribute("role", "rowheader");
    headsOf(table).forEach((head, at) => {
      head.setAttribute("role", "columnheader");
      head.setAttribute("aria-sort", "none");
      const made = button(head.firstChild, () => sort(table, at));
      head.replaceChildren(made);
    });
    const figure = table.closest("figure");
    figure.querySelector("figcaption").append(button(csvText, () => download(table)));
    table.more = button(allText, () => { table.whole = true; shorten(table); });
    table.more.className = "all";
    table.more.append(document.createTextNode(""));
    figure.append(table.more);
    shorten(table);
  }

  /* on a telephone what is asked first is open, the rest a touch away; on paper all of it */
  function fold() {
    if (narrow) all("details").slice(FIRST).forEach((part) => { part.open = false; });
    addEventListener("beforeprint", () => all("details").forEach((part) => { part.open = true; }));
    for (const link of all("nav a")) {
      link.addEventListener("click", () => { document.querySelector(`${link.hash} details`).open = true; });
    }
  }

  root.classList.add("stacked");
  fold();
  all("table").forEach(prepare);
  all(".tools").forEach((tools) => { tools.hidden = false; });
  for (const one of all("[data-language]")) one.addEventListener("click", () => speak(one.dataset.language));
  document.getElementById("choice")?.addEventListener("change", (event) => choose(event.target.value));
  speak("zh");
})();
