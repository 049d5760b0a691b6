"""A sample of `make fuzz`, and that it finds what it looks for."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest

from tests.conftest import AS_OF
from tests.fuzz.__main__ import judge_batch
from tests.fuzz.check import check_delivery, check_file
from tests.fuzz.county import damaged_county
from tests.fuzz.damage import hostile_file
from tests.fuzz.whole import KINDS
from village_credit.extract import text_table
from village_credit.extract.grid import Grid
from village_credit.extract.inbox import pull
from village_credit.link.unread import UNREAD
from village_credit.synthetic import synthesize

SEED = 20260401


@pytest.mark.parametrize("kind", KINDS)
def test_no_hostile_file_crashes_or_loses_a_line(kind: str):
    verdicts = judge_batch(SEED, [(kind, index) for index in range(120)])
    assert [(v.index, v.how, v.violations) for v in verdicts if v.violations] == []
    untouched = sum(verdict.untouched for verdict in verdicts)
    assert untouched > 1000
    assert sum(verdict.untouched_accepted for verdict in verdicts) >= 0.95 * untouched


def test_a_delivery_of_hostile_files_balances_and_spares_the_register(tmp_path: Path):
    synthesize(tmp_path / "inbox", "659900", 1, 2, 3, AS_OF)
    register = next(file for file in pull(tmp_path / "inbox", "659900") if file.file_name.endswith(".zip"))
    for start in range(0, 60, 10):
        files = [hostile_file(SEED, kind, index) for kind in KINDS for index in range(start, start + 10)]
        assert check_delivery(register, files) == []


def test_a_damaged_list_of_debts_or_listings_grants_nobody_more():
    found = [damaged_county(SEED, index) for index in range(6)]
    assert [(one.how, one.households) for one in found if one.households and not one.is_named] == []


def test_the_question_is_answered_where_entries_are_lost_in_silence():
    with patch("village_credit.ingest.line_account.unread_rows", lambda *_: UNREAD.empty_table()):
        found = damaged_county(SEED, 21)  # a debt whose ID number is a quotation mark
    assert (len(found.households), found.is_named) == (1, False)


def losing(reader):
    """A reader that forgets the last line, as one would whose file lacks its line end."""

    def read_less(content: bytes) -> Grid:
        grid = reader(content)
        if grid.cells:
            grid.cells = list(grid.cells)[:-1]
            grid.starts.pop(), grid.ends.pop()
        return grid

    return read_less


def crashing(content: bytes) -> Grid:
    raise KeyError(content[:1])


def test_a_lost_line_and_a_crash_are_found():
    files = [hostile_file(SEED, "csv_gb18030", index) for index in range(20)]
    with patch.object(text_table, "read_text", losing(text_table.read_text)):
        lost = [check_file(file).violations for file in files]
    with patch.object(text_table, "read_text", crashing):
        crashed = [check_file(file).violations for file in files]
    assert any("a line is lost or told twice" in found for found in lost)
    assert any(text.startswith("crash: KeyError") for found in crashed for text in found)


def test_the_same_place_gives_the_same_file():
    for kind in KINDS:
        assert hostile_file(3, kind, 5) == hostile_file(3, kind, 5)
        assert hostile_file(3, kind, 5).content != hostile_file(4, kind, 5).content
