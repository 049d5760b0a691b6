"""Drawings keep their words inside, and their axes have even figures."""

from __future__ import annotations

import re

import pytest

from village_credit.report.charts import Frame, round_step, signed_bars


def places(drawn: str) -> list[tuple[float, str, str]]:
    """Return where each text stands, at which of its ends, and what it says."""
    found = re.findall(r'<text x="([-\d.]+)"[^>]*?text-anchor="(\w+)"[^>]*>([^<]*)</text>', drawn)
    return [(float(x), anchor, text) for x, anchor, text in found]


def width(text: str) -> float:
    return sum(12 if ord(letter) > 0x2000 else 6.7 for letter in text)


@pytest.mark.parametrize("values", [(5.0, 0.1), (-5.0, 0.1), (-5.0, 5.0), (0.0, 0.0)])
def test_no_bar_pushes_its_words_or_its_name_out_of_the_drawing(values: tuple[float, float]):
    items = [
        ("income_per_person_yuan_of_many_words", values[0], "+5.0000（无部门掌握）"),
        ("甲乙丙", values[1], "+0.1"),
    ]
    drawn = signed_bars(items, 300, "甲")
    total = float(re.search(r'viewBox="0 0 ([\d.]+) ', drawn)[1])
    for x, anchor, text in places(drawn):
        low, high = (x - width(text), x) if anchor == "end" else (x, x + width(text))
        assert low >= 0, text
        assert high <= total, text
    assert 'aria-label="甲"' in drawn


def test_bars_without_a_negative_figure_have_the_whole_width():
    long = [float(w) for w in re.findall(r'<rect [^>]*width="([\d.]+)"', signed_bars([("a", 2.0, "+2")], 300, "a"))]
    half = [
        float(w)
        for w in re.findall(
            r'<rect [^>]*width="([\d.]+)"', signed_bars([("a", 2.0, "+2"), ("b", -2.0, "-2")], 300, "a")
        )
    ]
    assert long[0] > 2 * half[0] > 0


@pytest.mark.parametrize(("least", "step"), [(0.1, 0.1), (0.0853, 0.1), (0.0571, 0.06), (1.01, 2), (7, 8), (9.5, 10)])
def test_an_axis_steps_by_round_figures(least: float, step: float):
    assert round_step(least) == pytest.approx(step)


def test_the_largest_figure_lies_within_the_axis():
    frame = Frame(1.0, 0.43, "x", "y")
    assert frame.most_y == pytest.approx(0.5)
    assert [text for _, _, text in places(frame.axes())][:6] == ["0%", "10%", "20%", "30%", "40%", "50%"]
