"""What a page is held against in a browser, at any width and on paper: whole words, tables in their places, axe."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.browser import Tab
from tests.conftest import ROOT

AXE = (ROOT / "tests" / "public" / "axe.min.js").read_text("utf-8")
# colours are the same in every language: they are judged once a width, for that is what takes long
VIOLATIONS = """axe.run(document, {{resultTypes: ["violations"], rules: {{"color-contrast": {{enabled: {}}}}}}}).then(
    found => found.violations.map(
        one => `${{one.id}}: ${{one.nodes.map(node => node.html).slice(0, 3).join(" | ")}}`))"""
# a date, figure or id on two lines; a code may break after _ and /, and a hash where the line ends
BROKEN = r"""(() => {
  const found = [], range = document.createRange(), word = /[A-Za-z0-9](?:[A-Za-z0-9.,:+%-]*[A-Za-z0-9%])?/g;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const parent = text.parentElement;
    if (parent.closest("script, template, .hash") || !parent.getClientRects().length) continue;
    for (const one of text.data.matchAll(word)) {
      if (one[0].length > 40 || !/\d/.test(one[0]) && !parent.closest(".c")) continue;
      range.setStart(text, one.index);
      range.setEnd(text, one.index + one[0].length);
      const lines = new Set([...range.getClientRects()].filter(box => box.width).map(box => Math.round(box.top)));
      if (lines.size > 1) found.push(one[0]);
    }
  }
  return found;
})()"""
WIDE = """[...document.querySelectorAll("table, .scroll, section")].filter(one => one.clientWidth
    && (one.scrollWidth > one.clientWidth + 1 || one.offsetWidth > one.parentElement.clientWidth + 1))
    .map(one => one.innerText.slice(0, 40))"""
A4 = (703, 994)  # between its margins


def look(tab: Tab, width: int, *, colours: bool = True) -> dict[str, Any]:
    """What is wrong with the page that is open, at a width; empty where nothing is. `colours`: judge contrasts too."""
    tab.run(f"window.axe || (() => {{{AXE}}})(), undefined")
    found = {
        "scrolls": tab.run("document.documentElement.scrollWidth") - width,
        "broken": tab.run(BROKEN),
        "wide": tab.run(WIDE),
        "violations": tab.run(VIOLATIONS.format(str(colours).lower())),
    }
    return {name: what for name, what in found.items() if what}


def look_on_paper(tab: Tab) -> dict[str, Any]:
    """What is wrong with the page that is open as it is laid out for A4."""
    tab.call("Emulation.setEmulatedMedia", media="print")
    try:
        tab.width(*A4)
        found = {"broken": tab.run(BROKEN), "wide": tab.run(WIDE)}
    finally:
        tab.call("Emulation.setEmulatedMedia", media="")
    return {name: what for name, what in found.items() if what}


def paper_of(tab: Tab, path: Path) -> set[tuple[int, int]]:
    """Print the page and return the sizes of its sheets, in points."""
    boxes = re.findall(rb"/MediaBox \[(.*?)\]", tab.printed(path).read_bytes())
    return {(round(wide), round(high)) for _, _, wide, high in (map(float, box.split()) for box in boxes)}


def asked_elsewhere(tab: Tab) -> set[str]:
    """What pages asked for beside themselves and their own font."""
    return {one for one in tab.asked_for if one.split(":")[0] not in ("file", "data")}
