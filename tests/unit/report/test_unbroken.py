"""Which words no line breaks, and where a code may break."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from village_credit.report.unbroken import HELD, code, held


@pytest.mark.parametrize(
    "word",
    ["2026-11-01", "p20261101-8faa8fe2d359", "28000–64000", "synthetic-2026.1", "[13–14]", "2026-11-02T04:00:00+00:00"],
)
def test_a_date_an_id_and_a_range_are_held_together(word: str):
    assert held(f"截至 {word}，<b>") == f'截至 <span class="d">{word}</span>，&lt;b&gt;'


@pytest.mark.parametrize("text", ["poverty micro-loan", "-3.9%", "31,418,800", "农业-农村", "a – b"])
def test_what_breaks_nowhere_or_where_words_do_is_left_as_it_is(text: str):
    assert held(text) == text


def test_a_code_breaks_after_its_joints_and_a_hash_where_the_line_ends():
    assert code("NO_ROOM_CAPACITY") == "NO_<wbr>ROOM_<wbr>CAPACITY"
    assert code("农业农村局/CBF_JTCY.dbf") == "农业农村局/<wbr>CBF_<wbr>JTCY.dbf"
    assert code("____") == "____"
    assert code("a" * 64) == f'<span class="hash">{"a" * 64}</span>'
    assert code(f"哈希 {'a' * 64}，2026-11-01").count("<span") == 2


def test_the_script_holds_the_same_words_together():
    script = resources.files("village_credit.report").joinpath("living/page.js").read_text("utf-8")
    (pattern,) = re.findall(r"const held = /(.*)/;", script)
    assert pattern.replace("A-Za-z0-9_", r"\w") == HELD.pattern
