"""A hidden count follows from no other: neither from its change's total nor from its group's."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from village_credit.score.statistics import hide_small

K = 10
CELLS = st.dictionaries(
    st.tuples(st.sampled_from("ABCDE"), st.sampled_from(["new", "raised", "lowered", "removed", "same"])),
    st.integers(1, 60),
    min_size=1,
)


def cells(counts: dict[tuple[str, str], int]) -> list[dict]:
    return [
        {"group": group, "change": change, "households": count, "before_yuan": 0, "after_yuan": 1_000 * count}
        for (group, change), count in counts.items()
    ]


@given(CELLS)
def test_no_hidden_cell_stands_alone_among_shown_ones(counts):
    found = hide_small(cells(counts), K)
    assert [(row["group"], row["change"]) for row in found] == list(counts)
    for name in ("group", "change"):
        sizes = Counter(row[name] for row in found)
        hidden = Counter(row[name] for row in found if row["households"] is None)
        assert [line for line, count in hidden.items() if count == 1 and sizes[line] > 1] == []


@given(CELLS)
def test_what_is_small_is_hidden_with_its_sums_and_what_is_shown_is_as_counted(counts):
    for row, (_, count) in zip(hide_small(cells(counts), K), counts.items(), strict=True):
        is_hidden = row["households"] is None
        assert is_hidden or row["households"] == count >= K
        assert is_hidden == (row["after_yuan"] is None) == (row["before_yuan"] is None)


def test_nothing_is_hidden_where_nothing_is_small():
    counts = {("A", "same"): 10, ("B", "same"): 40, ("B", "new"): 12}
    assert [row["households"] for row in hide_small(cells(counts), K)] == [10, 40, 12]


def test_a_village_whose_total_is_told_elsewhere_gives_no_count_away():
    """Nine of 65 households are removed: 56 that stay the same would say so."""
    counts = {("202", "same"): 56, ("202", "removed"): 9, ("203", "same"): 48, ("203", "removed"): 8}
    assert [row["households"] for row in hide_small(cells(counts), K)] == [None] * 4
