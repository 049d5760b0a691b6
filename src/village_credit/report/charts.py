"""Series become line charts, columns and intervals, as SVG that needs no script and prints."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise

from village_credit.report.html import GREEN, INK, SOFT

LINE, AMBER, RED = "#d9e2db", "#c77d0a", "#a32020"
SIZE, LEFT, BOTTOM, TOP, RIGHT = (560, 300), 56, 40, 14, 16
UPRIGHT = 15  # where the name of the upright axis stands
WIDE = 0x2000  # letters from here on are drawn about as wide as high
ROUND = (1, 2, 3, 4, 5, 6, 8, 10)  # steps of an axis, by tens
Point = tuple[float, float]


class Frame:
    """Axes from (0, 0) to the largest values, upward to a round one; turns figures into places."""

    def __init__(self, most_x: float, most_y: float, x_text: str, y_text: str, *, percent: bool = True) -> None:
        self.most_x, self.most_y = most_x or 1.0, 5 * round_step((most_y or 1.0) / 5)
        self.x_text, self.y_text, self.percent = x_text, y_text, percent

    def x(self, value: float) -> float:
        return round(LEFT + (SIZE[0] - LEFT - RIGHT) * value / self.most_x, 1)

    def y(self, value: float) -> float:
        return round(SIZE[1] - BOTTOM - (SIZE[1] - BOTTOM - TOP) * value / self.most_y, 1)

    def axes(self, x_ticks: Sequence[tuple[float, str]] | None = None) -> str:
        """Draw both axes with five steps each, or the steps named."""
        across = x_ticks or [(value, self._tick(value)) for value in self._fifths(self.most_x)]
        return "".join(
            [
                *(self._level(value) for value in self._fifths(self.most_y)),
                *(self._place(value, text) for value, text in across),
                self._names(),
            ]
        )

    @staticmethod
    def _fifths(most: float) -> list[float]:
        return [most * n / 5 for n in range(6)]

    def _level(self, value: float) -> str:
        """Draw a line across at a height, with its figure."""
        y = self.y(value)
        line = f'<line x1="{LEFT}" y1="{y}" x2="{SIZE[0] - RIGHT}" y2="{y}" stroke="{LINE}"/>'
        return line + caption(LEFT - 6, y + 4, self._tick(value), SOFT, anchor="end", size=11)

    def _place(self, value: float, text: str) -> str:
        """Write a figure under the axis."""
        return caption(self.x(value), SIZE[1] - BOTTOM + 16, text, SOFT, anchor="middle", size=11)

    def _names(self) -> str:
        """Write what either axis measures."""
        upright = f' transform="rotate(-90 {UPRIGHT} {SIZE[1] / 2})"'
        return caption((LEFT + SIZE[0]) / 2, SIZE[1] - 6, self.x_text, INK, anchor="middle") + caption(
            UPRIGHT, SIZE[1] / 2, self.y_text, INK, upright, anchor="middle"
        )

    def _tick(self, value: float) -> str:
        if not self.percent:
            return f"{value:,.0f}"
        return f"{value:.0%}" if self.most_y >= 0.2 else f"{value:.1%}"


def round_step(least: float) -> float:
    """Return the smallest round number that is no less: figures beside an axis are even."""
    tens = 10.0 ** math.floor(math.log10(least))
    return next((round(one * tens, 12) for one in ROUND if one * tens >= least * (1 - 1e-9)), 10 * tens)


def caption(
    x: float | str, y: float, text: str, colour: str, more: str = "", *, anchor: str = "", size: int = 12
) -> str:
    """Write text at a place; `anchor`: which of its ends stands there, if not the start."""
    end = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x}" y="{y}"{end} font-size="{size}" fill="{colour}"{more}>{escape(text)}</text>'


def svg(content: str, label: str) -> str:
    """Wrap a drawing, with words for who cannot see it."""
    return f'<svg viewBox="0 0 {SIZE[0]} {SIZE[1]}" role="img" aria-label="{escape(label)}" style="max-width:{SIZE[0]}px"><title>{escape(label)}</title>{content}</svg>'


def curve(frame: Frame, points: Sequence[Point], colour: str = GREEN, *, dashed: bool = False) -> str:
    """Draw a line through points."""
    path = " ".join(f"{frame.x(x)},{frame.y(y)}" for x, y in points)
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'


def whisker(frame: Frame, x: float, low: float, high: float, value: float, colour: str = GREEN) -> str:
    """Draw an interval with its figure."""
    return (
        f'<line x1="{frame.x(x)}" y1="{frame.y(low)}" x2="{frame.x(x)}" y2="{frame.y(high)}" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{frame.x(x)}" cy="{frame.y(value)}" r="4" fill="{colour}"/>'
    )


def cross(frame: Frame, x: float, value: float, colour: str = AMBER) -> str:
    """Mark what was expected."""
    a, b = frame.x(x), frame.y(value)
    return f'<path d="M{a - 5} {b - 5}L{a + 5} {b + 5}M{a - 5} {b + 5}L{a + 5} {b - 5}" stroke="{colour}" stroke-width="2"/>'


def legend(items: Sequence[tuple[str, str]]) -> str:
    """Name the colours, in the upper left."""
    return "".join(_colour(TOP + 6 + 18 * n, colour, text) for n, (colour, text) in enumerate(items))


def _colour(y: int, colour: str, text: str) -> str:
    square = f'<rect x="{LEFT + 10}" y="{y}" width="12" height="12" fill="{colour}"/>'
    return square + caption(LEFT + 28, y + 10, text, INK)


def steps(frame: Frame, edges: Sequence[float], heights: Sequence[float], colour: str) -> str:
    """Draw a histogram's outline: one height between any two edges."""
    points: list[Point] = []
    for (low, high), height in zip(pairwise(edges), heights, strict=True):
        points += [(low, height), (high, height)]
    return curve(frame, points, colour)


def signed_bars(items: Sequence[tuple[str, float, str]], width: int, label: str) -> str:
    """Draw figures right of zero, and left of it where any is negative (amber), each with its words beside its end."""
    row, names, words = 20, _widest(name for name, _, _ in items), _widest(text for _, _, text in items)
    total, is_split = names + width, any(value < 0 for _, value, _ in items)
    middle = names + (width / 2 if is_split else 0)
    scale = max(total - middle - words, 1) / (max((abs(value) for _, value, _ in items), default=0) or 1)
    drawn = "".join(
        caption(names - 8, n * row + 14, name, INK, anchor="end") + _signed_bar(n * row, value * scale, text, middle)
        for n, (name, value, text) in enumerate(items)
    )
    named = f'role="img" aria-label="{escape(label)}" style="max-width:{total}px"'
    return f'<svg viewBox="0 0 {total} {len(items) * row + 6}" {named}>{drawn}</svg>'


def _widest(words: Iterable[str]) -> int:
    """Return the room that the longest of some words takes beside a bar: Chinese letters are square, others half so."""
    return max((sum(12 if ord(letter) > WIDE else 7 for letter in text) for text in words), default=0) + 14


def _signed_bar(y: int, length: float, text: str, middle: float) -> str:
    """Draw one bar from zero, with its words at its outer end."""
    long = max(1.0, abs(length))
    x, end, anchor, colour = (
        (middle, middle + long + 6, "start", GREEN) if length >= 0 else (middle - long, middle - long - 6, "end", AMBER)
    )
    bar = f'<rect x="{x:.1f}" y="{y + 4}" width="{long:.1f}" height="12" fill="{colour}"/>'
    return bar + caption(f"{end:.1f}", y + 14, text, SOFT, anchor=anchor)
