"""Series become line charts, columns and intervals, as SVG that needs no script and prints."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise

INK, SOFT, LINE, GREEN, AMBER, RED = "#1d2b22", "#5c6b61", "#d9e2db", "#2f6b4a", "#c77d0a", "#a32020"
SIZE, LEFT, BOTTOM, TOP, RIGHT = (560, 300), 56, 40, 14, 16
Point = tuple[float, float]


class Frame:
    """Axes from (0, 0) to the largest values; turns figures into places."""

    def __init__(self, most_x: float, most_y: float, x_text: str, y_text: str, *, percent: bool = True) -> None:
        self.most_x, self.most_y = most_x or 1.0, most_y or 1.0
        self.x_text, self.y_text, self.percent = x_text, y_text, percent

    def x(self, value: float) -> float:
        return round(LEFT + (SIZE[0] - LEFT - RIGHT) * value / self.most_x, 1)

    def y(self, value: float) -> float:
        return round(SIZE[1] - BOTTOM - (SIZE[1] - BOTTOM - TOP) * value / self.most_y, 1)

    def axes(self, x_ticks: Sequence[tuple[float, str]] | None = None) -> str:
        """Draw both axes with five steps each, or the steps named."""
        across = x_ticks or [(self.most_x * n / 5, self._tick(self.most_x * n / 5)) for n in range(6)]
        parts = [
            f'<line x1="{LEFT}" y1="{self.y(self.most_y * n / 5)}" x2="{SIZE[0] - RIGHT}" y2="{self.y(self.most_y * n / 5)}" stroke="{LINE}"/>'
            f'<text x="{LEFT - 6}" y="{self.y(self.most_y * n / 5) + 4}" text-anchor="end" font-size="11" fill="{SOFT}">{self._tick(self.most_y * n / 5)}</text>'
            for n in range(6)
        ]
        parts += [
            f'<text x="{self.x(place)}" y="{SIZE[1] - BOTTOM + 16}" text-anchor="middle" font-size="11" fill="{SOFT}">{escape(text)}</text>'
            for place, text in across
        ]
        parts.append(
            f'<text x="{(LEFT + SIZE[0]) / 2}" y="{SIZE[1] - 6}" text-anchor="middle" font-size="12" fill="{INK}">{escape(self.x_text)}</text>'
        )
        parts.append(
            f'<text x="12" y="{SIZE[1] / 2}" text-anchor="middle" font-size="12" fill="{INK}" transform="rotate(-90 12 {SIZE[1] / 2})">{escape(self.y_text)}</text>'
        )
        return "".join(parts)

    def _tick(self, value: float) -> str:
        return (
            f"{value:.0%}"
            if self.percent and self.most_y >= 0.2
            else f"{value:.1%}"
            if self.percent
            else f"{value:,.0f}"
        )


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
    return "".join(
        f'<rect x="{LEFT + 10}" y="{TOP + 6 + 18 * n}" width="12" height="12" fill="{colour}"/><text x="{LEFT + 28}" y="{TOP + 16 + 18 * n}" font-size="12" fill="{INK}">{escape(text)}</text>'
        for n, (colour, text) in enumerate(items)
    )


def steps(frame: Frame, edges: Sequence[float], heights: Sequence[float], colour: str) -> str:
    """Draw a histogram's outline: one height between any two edges."""
    points: list[Point] = []
    for (low, high), height in zip(pairwise(edges), heights, strict=True):
        points += [(low, height), (high, height)]
    return curve(frame, points, colour)


def signed_bars(items: Sequence[tuple[str, float, str]], width: int = 420) -> str:
    """Draw figures left and right of zero, each with its words; negative ones amber."""
    most = max((abs(value) for _, value, _ in items), default=0) or 1
    label, row, middle = 180, 20, 180 + width / 2
    parts = []
    for number, (name, value, text) in enumerate(items):
        long = max(1.0, (width / 2 - 50) * abs(value) / most)
        x = middle if value >= 0 else middle - long
        y = number * row
        parts.append(
            f'<text x="{label - 8}" y="{y + 14}" text-anchor="end" font-size="12" fill="{INK}">{escape(name)}</text>'
            f'<rect x="{x:.1f}" y="{y + 4}" width="{long:.1f}" height="12" fill="{GREEN if value >= 0 else AMBER}"/>'
            f'<text x="{(middle + long + 6) if value >= 0 else (middle - long - 6):.1f}" y="{y + 14}" text-anchor="{"start" if value >= 0 else "end"}" font-size="12" fill="{SOFT}">{escape(text)}</text>'
        )
    height = len(items) * row + 6
    return f'<svg viewBox="0 0 {label + width} {height}" role="img" style="max-width:{label + width}px">{"".join(parts)}</svg>'
