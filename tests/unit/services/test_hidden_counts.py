"""A hidden count follows from no other: neither from its change's total nor from its group's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from village_credit.score.small_counts import hide_small

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


def range_of(counts: list[dict], hidden: list[int], place: int) -> tuple[float, float]:
    """The least and most that a hidden count may be, for one who knows all totals and that no count is below 1."""
    rows = [
        [float(counts[cell][name] == value) for cell in hidden]
        for name in ("group", "change")
        for value in {counts[cell][name] for cell in hidden}
    ]
    sums = [sum(weight * counts[cell]["households"] for weight, cell in zip(row, hidden, strict=True)) for row in rows]
    asked = [float(cell == place) for cell in hidden]
    least, most = (
        linprog([sign * weight for weight in asked], A_eq=rows, b_eq=sums, bounds=(1, None), method="highs")
        for sign in (1, -1)
    )
    return float(least.fun), float(-most.fun)


@given(CELLS)
def test_who_knows_every_total_can_reckon_no_small_count(counts):
    """Solved as a linear programme: what he may think of it spans some counts, or totals alone tell it."""
    given_all = cells(counts)
    found = hide_small(given_all, K)
    hidden = [place for place, row in enumerate(found) if row["households"] is None]
    for place in hidden:
        if given_all[place]["households"] >= K:
            continue
        least, most = range_of(given_all, hidden, place)
        if most - least < 1:
            least, most = range_of(given_all, list(range(len(given_all))), place)
            assert most - least < 1


def test_of_groups_that_are_told_nowhere_else_two_are_hidden():
    counts = {("A", "all"): 100, ("B", "all"): 9, ("C", "all"): 80}
    assert [row["households"] for row in hide_small(cells(counts), K)] == [100, None, None]


def test_a_cell_that_alone_joins_two_hidden_parts_is_not_told_by_their_totals():
    """Rows A and B without columns 1 and 2 would tell how many of A are in column 3."""
    blocks = [("A", 1), ("A", 2), ("B", 1), ("B", 2), ("C", 3), ("C", 4), ("D", 3), ("D", 4)]
    counts = dict.fromkeys(blocks, 8) | {("A", 3): 4, ("B", 4): 50, ("C", 1): 60}
    found = {(row["group"], row["change"]): row["households"] for row in hide_small(cells(counts), K)}
    assert found == dict.fromkeys(counts, None) | {("C", 1): 60}


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


def test_cells_that_are_told_nowhere_spare_those_that_would_be_hidden_beside_a_small_one():
    rows = [("a", "a", 500), ("a", "b", 100), ("a", "c", 3), ("b", "b", 400), ("c", "c", 300)]
    cells = [{"group": group, "change": change, "households": count} for group, change, count in rows]
    stays = {place for place, (group, change, _) in enumerate(rows) if group == change}
    assert [cell["households"] for cell in hide_small(cells)][:3] == [500, None, None]
    assert [cell["households"] for cell in hide_small(cells, untold=stays)][:3] == [None, 100, None]
