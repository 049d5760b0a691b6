"""The one rule for counts of groups of households: a small one is hidden, and what it would follow from with it.

Whoever reads a table of counts knows its totals too, of each group and of each change, and that a cell that is there
has a household at least. So what is hidden of a line must be two cells at least, of `k` households together, and each
small count must be free: some other counts, none below 1, have the same totals. Where the totals tell a count though
every cell were hidden, the table hides no other for its sake.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from village_credit.score.statistics import LEAST_GROUP

LINES = ("group", "change")
Cell = dict[str, Any]
Line = tuple[str, Any]


def hide_small(cells: list[Cell], k: int = LEAST_GROUP, untold: Collection[int] = ()) -> list[Cell]:
    """Hide counts below `k` with their sums, and as many others as these would follow from.

    Of the others, first those between hidden ones in both their lines, then the smallest.

    `cells`: group, change, households, and sums; the same come back, the figures of hidden ones null. `untold`: the
    places of cells that are told nowhere, and are as good as hidden.
    """
    small = {place for place, cell in enumerate(cells) if cell["households"] < k}
    whole = _Hidden(cells, set(range(len(cells))))
    told = {place for place in small if not whole.is_free(place)}
    hidden = _Hidden(cells, {*small, *untold})
    while True:
        for places in whole.lines.values():
            hidden.hide_enough(places, k)  # for who does not know what is told in vain
            hidden.hide_enough([place for place in places if place not in told], k)
        found = next((place for place in sorted(small - told) if not hidden.is_free(place)), None)
        if found is None:
            return [_without_figures(cell) if place in hidden.places else cell for place, cell in enumerate(cells)]
        hidden.hide_beside(found)


class _Hidden:
    """The cells that are hidden, by place, and in which lines they lie."""

    def __init__(self, cells: list[Cell], places: set[int]) -> None:
        self.counts = [int(cell["households"]) for cell in cells]
        self.lines_of = [tuple((line, cell[line]) for line in LINES) for cell in cells]
        self.places = set[int]()
        self.lines: dict[Line, list[int]] = {}
        for place in sorted(places):
            self._hide(place)

    def _hide(self, place: int) -> None:
        self.places.add(place)
        for line in self.lines_of[place]:
            self.lines.setdefault(line, []).append(place)

    def hide_enough(self, places: list[int], k: int) -> None:
        """Hide others of a line with a small count until all of it is hidden, or two cells of `k` households."""
        gone = [place for place in places if place in self.places]
        if not any(self.counts[place] < k for place in gone):
            return
        count = sum(self.counts[place] for place in gone)
        # one that has hidden ones in its other line too spares that line a cell
        shown = sorted(
            (not self._is_beside(place), self.counts[place], place) for place in places if place not in self.places
        )
        while shown and (len(gone) == 1 or count < k):
            _, size, place = shown.pop(0)
            gone.append(place)
            self._hide(place)
            count += size

    def _is_beside(self, place: int) -> bool:
        """Tell whether each line of a cell has a hidden one."""
        return all(self.lines.get(line) for line in self.lines_of[place])

    def hide_beside(self, place: int) -> None:
        """Hide the smallest cell that is shown of the lines of a cell; of all cells, where none of these is."""
        shown = [(count, other) for other, count in enumerate(self.counts) if other not in self.places]
        mine = set(self.lines_of[place])
        self._hide(min([each for each in shown if mine & set(self.lines_of[each[1]])] or shown)[1])

    def is_free(self, place: int) -> bool:
        """Tell whether one household more or less could be in a hidden cell and every total stay.

        One more here is one less in another cell of the change, which must have two, one more in another cell of that
        group, and so on, until it is one less in a cell of the first group. One less here is the same turned round.
        """
        return self._is_on_a_way(place, least=(2, 1)) or (
            self.counts[place] > 1 and self._is_on_a_way(place, least=(1, 2))
        )

    def _is_on_a_way(self, without: int, least: tuple[int, int]) -> bool:
        """Tell whether a cell's group leads to its change by other cells.

        `least`: how many a cell must have that leads from a group to a change, and from a change to a group. A group
        has few cells and a change many: from the group on, each is looked into as soon as it is met.
        """
        start, end = self.lines_of[without]
        seen, ways = {start}, [iter(self.lines[start])]
        while ways:
            side = len(ways) % 2  # 1: from a group to a change
            enough = least[1 - side]
            for place in ways[-1]:
                if place == without or self.counts[place] < enough:
                    continue
                beyond = self.lines_of[place][side]
                if beyond == end:
                    return True
                if beyond not in seen:
                    seen.add(beyond)
                    ways.append(iter(self.lines[beyond]))
                    break
            else:
                ways.pop()
        return False


def _without_figures(cell: Cell) -> Cell:
    return {name: value if name in LINES else None for name, value in cell.items()}
