"""What pages of places are made of: a place as of a day, groups of places with few hidden, and what waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from village_credit.report.page_credit import Group, granted_groups, shown
from village_credit.report.page_parts import Cell, Part, Row, Section, Square, Table, figure_cell
from village_credit.report.translations import Text, Translated, in_language, joined, translated

LEVELS = {2: "region", 4: "prefecture", 6: "county"}  # by the digits of a place's code
OF_HOUSEHOLDS = ("review", "answer")  # what waits of households or their lines
SHADES = 5


@dataclass(frozen=True)
class Waits:
    """What waits in a county, of one kind together: signature, publication, delivery, review or answer.

    `overdue`: how many of the lines that wait for an answer are past their package's days.
    """

    county_code: str
    what: str
    count: int
    since: str
    days: int
    overdue: int = 0

    @property
    def told(self) -> int | None:
        """Return how many; none where they are few households."""
        return shown(self.count) if self.what in OF_HOUSEHOLDS else self.count


@dataclass(frozen=True)
class County:
    """The day of a county's run in force, and of one on the way with its status; none where there is none."""

    in_force: str | None
    on_the_way: tuple[str, str] | None


@dataclass(frozen=True)
class Place:
    """What a page of a place is drawn from: rows of the views, and what waits.

    `statistics`: the place by product and month, and the places within it in the last of these months. `funnel`,
    `branches`, `campaigns`: of a county alone, the first two of today alone. `runs`, `gates`: a county's runs in force,
    and what of their gates did not pass. `checkpoint`: of the ledger as it then was.
    """

    code: str
    level: str
    day: date
    statistics: Sequence[dict[str, Any]]
    names: dict[str, str]
    waits: Sequence[Waits]
    counties: dict[str, County]
    funnel: Sequence[dict[str, Any]] = field(default_factory=list)
    branches: Sequence[dict[str, Any]] = field(default_factory=list)
    campaigns: Sequence[dict[str, Any]] = field(default_factory=list)
    runs: Sequence[dict[str, Any]] = field(default_factory=list)
    gates: Sequence[dict[str, Any]] = field(default_factory=list)
    checkpoint: str = ""

    @property
    def months(self) -> list[dict[str, Any]]:
        """Return the place's own rows, all products together, by month."""
        return [row for row in self.statistics if row["level"] == self.level and row["product"] == "all"]

    def within(self, level: str) -> list[dict[str, Any]]:
        """Return the places of a level within it."""
        return [row for row in self.statistics if row["level"] == level and level != self.level]

    @property
    def name(self) -> Text:
        known = self.names.get(self.code)
        if known:
            return known if known == self.code else f"{known}（{self.code}）"
        return self.code if self.level == "county" else joined(translated("place", self.level), f"（{self.code}）")

    def name_of(self, code: str) -> Text:
        """Name a place within it, with its code; a prefecture that nobody names by its code."""
        known = self.names.get(code, code)
        if known != code:
            return f"{known}（{code}）"
        return joined(translated("place", "prefecture"), f" {code}") if LEVELS.get(len(code)) == "prefecture" else code


def heads_of(*names: str) -> list[Translated]:
    """Return the heads of a place's columns."""
    return [translated("place_heads", name) for name in names]


def section_of(name: str, *parts: Part) -> Section:
    """Return a section of a place's page under its title."""
    return Section(name, translated("place", name), parts)


def table_of(name: str, columns: Sequence[str], rows: Iterable[Row | Sequence[Cell]]) -> Table:
    """Return a table of a place's page under its caption; a row alone is of no place that a reader may choose."""
    drawn = [row if isinstance(row, Row) else Row(row) for row in rows]
    return Table(name, translated("place", name), heads_of(*columns), drawn)


def share_text(value: float | None) -> str:
    """Write a share as a percentage."""
    return str(figure_cell(value, ".1%").text)


def groups_of(rows: Sequence[dict[str, Any]], names: dict[str, str]) -> list[Group]:
    """Return places with few credited, or few not credited, hidden."""
    unknown = translated("misc", "unknown_trader")
    return granted_groups(
        (
            row["place_code"],
            names.get(row["place_code"]) or (row["place_code"] if row["villages"] else unknown),
            row["households"],
            row["credited_households"],
            row["in_force_yuan"],
            0,
        )
        for row in rows
        if row["households"]
    )


def drawn_of(rows: Sequence[dict[str, Any]]) -> dict[str, Group]:
    """Return what is drawn by place, hidden where few draw or few do not."""
    told = granted_groups(
        (row["place_code"], "", row["households"], row["drawn_households"], row["drawn_yuan"], 0)
        for row in rows
        if row["households"]
    )
    return {one.key: one for one in told}


def square_of(village: Group) -> Square:
    """Draw a place as a square, the darker, the more of it is credited."""
    shade = None if village.share is None else min(SHADES - 1, int(village.share * SHADES))
    return Square(shade, f"{in_language(village.name, 'zh')} {share_text(village.share)}")


def growth_cell(share: float | None, *, is_told: bool) -> Cell:
    """Return growth on the year before; where there was nothing then, a word: a dash is few households."""
    return figure_cell(share, "+.1%", translated("place", "never")) if is_told else figure_cell(None)


def told_only_within(above: Group, within: Sequence[Group]) -> list[Group]:
    """Return places within another; none is told where that one is not, for it would follow from them."""
    if above.granted is not None:
        return list(within)
    return [Group(one.key, one.name, one.households, None, None, None, None) for one in within]


def longest(waits: Sequence[Waits]) -> int:
    """Return the days of the longest wait, -1 where nothing waits."""
    return max((one.days for one in waits), default=-1)
