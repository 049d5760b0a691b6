"""What a branch said of a line stands under any policy that is tried, as it does when the county is scored again."""

from __future__ import annotations

import pyarrow as pa
import pytest

from village_credit.duckdb_session import cursor_over
from village_credit.sql_files import sql

COLUMNS = ("decision", "limit_yuan", "binding_term", "reason_codes")


def simulated(limit: int, said: int | None, *, published: int = 20_000, is_held: bool = False) -> tuple:
    decided = {
        "unit_code": ["u"], "product": ["farmer_line"], "decision": ["granted" if limit else "declined"],
        "limit_yuan": [limit], "binding_term": ["capacity"],
        "reason_codes": pa.array([[] if limit else ["NO_ROOM_CAPACITY"]], pa.list_(pa.string())),
    }  # fmt: skip
    words = [] if said is None else [("h", "farmer_line", published, said)]
    names = ("household_key", "product", "published_yuan", "said_yuan")
    kinds = (pa.string(), pa.string(), pa.int64(), pa.int64())
    tables = {
        "outcome_0": pa.table(decided),
        "units_0": pa.table({"unit_code": ["u"], "household_key": ["h"]}),
        "households_0": pa.table({"unit_code": ["u"], "village_code": ["v"]}),
        "said_0": pa.table(
            {name: pa.array([row[place] for row in words], kinds[place]) for place, name in enumerate(names)}
        ),
        "held_now": pa.table({"household_key": pa.array(["h"] if is_held else [], pa.string())}),
    }
    query = sql("services.queries", "simulated_publication").format(place=0)
    (row,) = cursor_over(tables).sql(query).to_arrow_table().to_pylist()
    return tuple(row[name] for name in COLUMNS)


@pytest.mark.parametrize(
    ("limit", "said", "expected"),
    [
        (18_000, None, ("granted", 18_000, "capacity", [])),
        (20_000, 12_000, ("granted", 12_000, "branch", [])),
        (25_000, 12_000, ("granted", 12_000, "branch", [])),
        (10_000, 12_000, ("granted", 10_000, "capacity", [])),
        (20_000, 23_000, ("granted", 23_000, "branch", [])),
        (19_000, 23_000, ("granted", 19_000, "capacity", [])),
        (20_000, 0, ("declined", 0, "capacity", ["BRANCH_REFUSED"])),
        (31_000, 0, ("declined", 0, "capacity", ["BRANCH_REFUSED"])),
        (0, 12_000, ("declined", 0, "capacity", ["NO_ROOM_CAPACITY"])),
    ],
)
def test_a_branch_s_word_stands_whatever_the_figures_are(limit: int, said: int | None, expected: tuple):
    assert simulated(limit, said) == expected


def test_who_is_held_has_nothing_whatever_a_branch_said():
    assert simulated(25_000, 12_000, is_held=True)[:2] == ("manual_review", 0)
