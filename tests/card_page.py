"""Read a scorecard's page as a person would: tables by their words, and which range or cell takes a value."""

from __future__ import annotations

from html.parser import HTMLParser


class CardPage(HTMLParser):
    """The tables of a page: `points` by feature, `grids` by pair, `levels`, and the base."""

    def __init__(self) -> None:
        super().__init__()
        self.points: dict[str, list[list[str]]] = {}
        self.grids: dict[str, list[list[str]]] = {}
        self.levels: list[list[str]] = []
        self.base = ""
        self.place, self.is_pair = "", False
        self.row: list[str] = []
        self.cell: str | None = None

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        for name in ("data-feature", "data-pair"):
            if name in known:
                self.place, self.is_pair = known[name], name == "data-pair"
        if known.get("id") in ("base", "probability"):
            self.place, self.is_pair = known["id"], False
        if tag == "tr":
            self.row = []
        if tag == "td" or (tag == "th" and self.is_pair) or self.place == "base":
            self.cell = ""

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        if self.place == "base" and self.cell is not None:
            self.base, self.cell, self.place = self.cell, None, ""
        if tag in {"td", "th"} and self.cell is not None:
            self.row.append(self.cell)
            self.cell = None
        if tag == "tr" and self.row:
            if self.place == "probability":
                self.levels.append(self.row)
            elif self.place:
                (self.grids if self.is_pair else self.points).setdefault(self.place, []).append(self.row)


def read_page(text: str) -> CardPage:
    page = CardPage()
    page.feed(text)
    return page


def holds(label: str, value: float | None) -> bool:
    """Say whether a printed range, or several after commas, takes a value, by its words alone."""
    return any(_holds(one, value) for one in label.split(", "))


def _holds(label: str, value: float | None) -> bool:
    if label == "missing" or value is None:
        return label == "missing" and value is None
    if label == "all":
        return True
    if label.startswith("= "):
        return value == float(label[2:])
    if label.startswith("< "):
        return value < float(label[2:])
    if label.startswith(">= "):
        return value >= float(label[3:])
    low, high = label.split(" to ")
    return float(low) <= value < float(high)


def score_of(page: CardPage, row: dict[str, float | None]) -> int:
    """Add up a score from the page."""
    total = int(page.base)
    for feature, lines in page.points.items():
        (found,) = [line[1] for line in lines if holds(line[0], row[feature])]
        total += int(found)
    for pair, lines in page.grids.items():
        first, second = pair.split(" ")
        columns = [at for at, label in enumerate(lines[0]) if at and holds(label, row[second])]
        rows = [line for line in lines[1:] if holds(line[0], row[first])]
        if rows and columns:
            total += int(rows[0][columns[0]].split(" ")[0])
    return total
