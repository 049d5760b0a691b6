"""Nothing is lost at intake: every physical line has one outcome, and no good line pays for a bad neighbour.

The same property is put to a reader that is known to lose lines: a property that such a reader meets
would prove nothing of ours.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from tests.conftest import AS_OF
from tests.text_files import ENCODINGS, FAULTS, HEADER, TextFile, id_number, text_files
from village_credit.extract import text_table
from village_credit.extract.grid import DeliveredFile, Extract, Grid
from village_credit.extract.inbox import pull
from village_credit.extract.read import read_file
from village_credit.extract.text_table import read_text
from village_credit.ingest.county import outcome_counts, take_in
from village_credit.intake import Intake
from village_credit.synthetic import synthesize
from village_credit.validate.rows import Batch, validate

Reader = Callable[[bytes], Grid]
STEADY = settings(deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
HAN_ENCODINGS = ("gb18030", "utf-8", "utf-8-sig")


def delivered(content: bytes, name: str = "关系人.csv") -> DeliveredFile:
    return DeliveredFile(name, content, hashlib.sha256(content).hexdigest())


def outcomes_of(content: bytes) -> tuple[list[tuple[int, str]], dict[int, tuple[str, str]]]:
    """Return (line, outcome) of each line that the pipeline speaks of, and the accepted rows' name and relation."""
    (table,) = read_file(delivered(content))
    assert isinstance(table, Extract), table.detail
    accepted, _ = validate(Batch(table.contract, table.rows, table.units))
    values = {row["line_number"]: (row["person_name"], row["relation"]) for row in accepted.to_pylist()}
    told = [(line, "layout") for line in table.layout_lines]
    told += [(line, "quarantined") for line, _ in table.condemned]
    for first, last in zip(*(table.rows[name].to_pylist() for name in ("line_number", "last_line")), strict=True):
        outcome = "accepted" if first in values else "quarantined"
        told += [(line, outcome) for line in range(first, last + 1)]
    return sorted(told), values


def violations(file: TextFile, reader: Reader = read_text) -> list[str]:
    """Say what a reader, put in the ledger's place, does wrong with a file; nothing where all is kept."""
    try:
        with patch.object(text_table, "read_text", reader):
            told, values = outcomes_of(file.content)
    except (AssertionError, ValueError, UnicodeError) as refusal:
        return [f"the file as a whole is lost: {type(refusal).__name__}"]
    expected = [(number + more, line.outcome) for number, line in file.numbered() for more in range(line.physical)]
    found = [f"{line}: {outcome}" for line, outcome in (Counter(expected) - Counter(told))]
    found += [f"{line}: {outcome} too often" for line, outcome in (Counter(told) - Counter(expected))]
    kept = {number: line.said for number, line in file.numbered() if line.outcome == "accepted"}
    return found + [f"{n}: {kept[n]} became {values.get(n)}" for n in kept if values.get(n) != kept[n]]


@settings(STEADY, max_examples=700)
@given(text_files())
def test_each_physical_line_has_the_outcome_that_is_its_own(file: TextFile):
    assert violations(file) == []


@settings(STEADY, max_examples=150)
@given(text_files(), st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_no_lines_outcome(file: TextFile, chance: Any):
    head, *rest = file.lines
    chance.shuffle(rest)
    assert violations(TextFile(file.encoding, (head, *rest))) == []


@settings(STEADY, max_examples=150)
@given(text_files(faults=()), text_files(faults=()))
def test_without_damage_each_row_is_accepted_whatever_stands_around_it(first: TextFile, second: TextFile):
    for file in (first, second):
        told, _ = outcomes_of(file.content)
        assert not [line for line, outcome in told if outcome == "quarantined"]


@pytest.mark.parametrize("between", [1, 2, 20, 49, 60])
def test_a_stray_opening_and_a_stray_closing_quote_do_not_swallow_what_is_between(between: int):
    good = [f"{id_number(order)},王五,董事,2026-03-05" for order in range(between)]
    opening, closing = (f'{id_number(900)},"王五,董事,2026-03-05', f'{id_number(901)},王五",董事,2026-03-05')
    told, values = outcomes_of("\n".join([HEADER, opening, *good, closing, ""]).encode("gb18030"))
    assert [told[1], *told[2 : between + 2]] == [
        (2, "quarantined"),
        *[(line, "accepted") for line in range(3, between + 3)],
    ]
    assert [line for line, _ in told] == list(range(1, between + 4))
    assert all(name == "王五" for name, _ in values.values() if len(values) <= between)


def by_pandas(**options: Any) -> Reader:
    """The reader that most would take, told the right encoding; its rows numbered as they come."""

    def read(content: bytes) -> Grid:
        encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "gb18030"
        if content.startswith(b"\xef\xbb\xbf") or _is_utf8(content):
            encoding = "utf-8-sig"
        frame = pd.read_csv(io.BytesIO(content), header=None, encoding=encoding, **options)
        grid = Grid(sheet="", total_lines=len(frame), encoding=encoding)
        for number, row in enumerate(frame.itertuples(index=False), start=1):
            grid.add(number, number, ["" if pd.isna(cell) else str(cell) for cell in row])
        return grid

    return read


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


CAREFUL = {"dtype": str, "keep_default_na": False, "skip_blank_lines": False}
SKIPPING = CAREFUL | {"on_bad_lines": "skip"}
IGNORING = CAREFUL | {"encoding_errors": "ignore"}
# what such a reader does: its options, the lines that show it, and what the property says of it
LOSSES: dict[str, tuple[dict[str, Any], tuple[str, ...], tuple[str, ...], tuple[str, ...], str]] = {
    "rows of another width are skipped": (SKIPPING, ("long",), (), ("董事",), "3: quarantined"),
    "its other engine skips them too": (SKIPPING | {"engine": "python"}, ("long",), (), ("董事",), "3: quarantined"),
    "text is guessed to be missing": ({"dtype": str, "skip_blank_lines": False}, (), (), ("NULL",), "became None"),
    "blank lines are not counted": ({"dtype": str, "keep_default_na": False}, (), ("",), ("董事",), "2: layout"),
    "an open quote swallows its neighbours": (SKIPPING, ("open quote",), (), ("董事",), "3: accepted"),
    "text after a quote is taken in silently": (CAREFUL, ("broken quote",), (), ("董事",), "2: accepted too often"),
    "broken bytes are passed over": (IGNORING, ("broken byte",), (), ("董事",), "2: accepted too often"),
    "another encoding becomes nonsense": (IGNORING, ("other encoding",), (), ("董事",), "accepted too often"),
    "a zero byte is kept in a value": (CAREFUL, ("zero byte",), (), ("董事",), "2: accepted too often"),
    "a line break in a cell is no line": (CAREFUL, (), (), ("两\n行",), "3: accepted"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_reader_that_loses_lines_is_found_out(loss: str):
    options, faults, layouts, relations, expected = LOSSES[loss]
    files = text_files(faults=faults, layouts=layouts, encodings=HAN_ENCODINGS, relations=relations)
    reader = by_pandas(**options)
    quick = settings(STEADY, max_examples=1000)
    worst = find(files, lambda file: expected in "; ".join(violations(file, reader)), settings=quick)
    assert violations(worst) == []


def test_the_standard_librarys_reader_alone_is_found_out_too():
    def lenient(content: bytes) -> Grid:
        text = content.decode("gb18030", errors="replace")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        grid = Grid(sheet="", total_lines=len(rows), encoding="gb18030")
        for number, row in enumerate(rows, start=1):
            grid.add(number, number, row)
        return grid

    files = text_files(encodings=("gb18030",))
    worst = find(files, lambda file: bool(violations(file, lenient)), settings=settings(STEADY, max_examples=2000))
    assert violations(worst) == []


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> DeliveredFile:
    """A county's land register of two households: without one nobody is scored."""
    inbox = tmp_path_factory.mktemp("register") / "inbox"
    synthesize(inbox, "659900", 1, 2, 3, AS_OF)
    return next(file for file in pull(inbox, "659900") if Path(file.file_name).suffix == ".zip")


def known(intake: Intake) -> dict[str, Counter[str]]:
    """What is known of the county, without where it was read."""
    tables = {f"fact {name}": table for name, table in intake.facts.items()}
    tables["related_party"] = intake.settled["related_party"].drop_columns(
        ["row_id", "source_id", "line_number", "last_line"]
    )
    return {name: Counter(str(row) for row in table.to_pylist()) for name, table in tables.items()}


@settings(STEADY, max_examples=6)
@given(st.lists(text_files(encodings=tuple(ENCODINGS)), min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_files_and_lines_changes_nothing_of_a_county(
    register: DeliveredFile, files: list[TextFile], chance: Any
):
    parts = [delivered(file.content, f"{place}.csv") for place, file in enumerate(files)]
    shuffled = []
    for place, file in enumerate(files):
        head, *rest = file.lines
        chance.shuffle(rest)
        shuffled.append(delivered(TextFile(file.encoding, (head, *rest)).content, f"{place}.csv"))
    chance.shuffle(shuffled)
    one = take_in([register, *parts], AS_OF, "659900")
    other = take_in([*shuffled, register], AS_OF, "659900")
    total = sum(file.total_lines for file in files)
    assert sum(outcome_counts(one).values()) - total == 22  # the register's own lines
    assert outcome_counts(one) == outcome_counts(other)
    assert known(one) == known(other)


def test_every_kind_of_line_takes_part():
    drawn: Counter[str] = Counter()

    @settings(STEADY, max_examples=300)
    @given(text_files())
    def gather(file: TextFile):
        drawn.update(line.outcome for line in file.lines)
        drawn["several lines"] += any(line.physical > 1 for line in file.lines)

    gather()
    assert min(drawn[kind] for kind in ("accepted", "layout", "quarantined", "several lines")) > 50
    assert len(FAULTS) == 8
