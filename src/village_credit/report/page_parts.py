"""What a living page is made of, before it is drawn: cards, tables whose cells may be bars, maps of squares, notes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from village_credit.report.figures import plain_figure
from village_credit.report.translations import Text, Translated, translated

HIDDEN = "—"


@dataclass(frozen=True)
class Cell:
    """What a table has in one place.

    `value` is what it is sorted by and what a CSV has of it; `share` (0 to 1) is drawn as a bar, `span` as an interval
    with its middle; `verdict`: pass, warn or fail; `is_code`: a command, a hash or a file's name, read from the left.
    """

    text: Text
    value: float | None = None
    share: float | None = None
    span: tuple[float, float, float] | None = None
    verdict: str = ""
    is_code: bool = False

    @property
    def is_figure(self) -> bool:
        return self.value is not None or self.text == HIDDEN


@dataclass(frozen=True)
class Row:
    """A row of a table; `place`: the township that it is of, by which a reader may choose; empty: of none."""

    cells: Sequence[Cell]
    place: str | None = None


@dataclass(frozen=True)
class Table:
    """A table that can be sorted and taken along as CSV; `name` is its file's and its place's on the page."""

    name: str
    caption: Text
    heads: Sequence[Translated]
    rows: Sequence[Row]
    kind: str = field(default="table", init=False)


@dataclass(frozen=True)
class Note:
    """A sentence; `is_small`: below a table, in small print."""

    text: Text
    is_small: bool = True
    kind: str = field(default="note", init=False)


@dataclass(frozen=True)
class Lines:
    """Lines that a reader copies as they stand, of no language."""

    text: str
    kind: str = field(default="lines", init=False)


@dataclass(frozen=True)
class Square:
    """A village on the map: its shade from 0 to 4, none where its figures are not told."""

    shade: int | None
    text: str


@dataclass(frozen=True)
class Tile:
    """A township on the map, and its villages."""

    place: str
    name: Text
    text: Text
    label: Translated
    squares: Sequence[Square]


@dataclass(frozen=True)
class Tiles:
    """A grid of townships."""

    tiles: Sequence[Tile]
    kind: str = field(default="tiles", init=False)


@dataclass(frozen=True)
class Outline:
    """A village on the map by its delivered outline, a path of the drawing; its shade as a square has it."""

    place: str
    path: str
    shade: int | None
    text: str


@dataclass(frozen=True)
class Map:
    """Villages by their outlines, and the drawing's size in the units of their paths."""

    label: Translated
    width: int
    height: int
    outlines: Sequence[Outline]
    kind: str = field(default="map", init=False)


Part = Table | Note | Lines | Tiles | Map


@dataclass(frozen=True)
class Card:
    """A figure of the page's top, its unit and what to read it beside; words where there can be no figure."""

    label: Text
    figure: Text
    unit: Text = ""
    more: Text = ""


@dataclass(frozen=True)
class Section:
    """A part of a page under a title; `name` is its place on the page."""

    name: str
    title: Text
    parts: Sequence[Part]


@dataclass(frozen=True)
class Page:
    """A whole page; `choices`: code and name of places by which tables and maps can be chosen from, of a `level`."""

    title: Text
    below: Text
    cards: Sequence[Card]
    sections: Sequence[Section]
    footer: Text
    choices: Sequence[tuple[str, Text]] = ()
    level: str = "township"


def text_cell(text: Text, verdict: str = "") -> Cell:
    """Return a cell of words."""
    return Cell(text, verdict=verdict)


def code_cell(text: str) -> Cell:
    """Return a cell of a command, a hash or a file's name."""
    return Cell(text, is_code=True)


def verdict_cell(verdict: str) -> Cell:
    """Return a cell of a verdict, in words."""
    return Cell(translated("verdicts", verdict), verdict=verdict)


def figure_cell(
    value: float | Decimal | None, form: str = ",", unknown: Text = HIDDEN, top: float | None = None
) -> Cell:
    """Return a cell of a figure that may be lacking; with `top`, a bar that is whole there."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Cell(unknown)
    told = float(value)
    share = None if top is None else min(1.0, max(0.0, told / top)) if top else 0.0
    return Cell(format(value, form) if form else plain_figure(told), told, share)


def heads(*names: str) -> list[Translated]:
    """Return columns' heads by their keys."""
    return [translated("heads", name) for name in names]


def most(values: Sequence[float | None]) -> float:
    """Return the largest of some figures: where a bar is whole."""
    return float(max((value for value in values if value is not None), default=0) or 1)
