"""The one rule for counts of groups of households: a small one is hidden, and what it would follow from with it.

Whoever reads a table of counts knows its totals too, of each group and of each change, and that a cell that is there
has a household at least. So what is hidden of a line must be two cells at least, of `k` households together, and each
small count must be free: some other counts, none below 1, have the same totals. Where the totals tell a count though
every cell were hidden, the table hides no other for its sake.
"""

from __future__ import annotations

from typing import Any

from village_credit.score.statistics import LEAST_GROUP

LINES = ("group", "change")
Cell = dict[str, Any]
Line = tuple[str, Any]


def hide_small(cells: list[Cell], k: int = LEAST_GROUP) -> list[Cell]:
    """Hide counts below `k` with their sums, and as many others, the smallest first, as these would follow from.

    `cells`: group, change, households, and sums; the same come back, the figures of hidden ones null.
    """
    small = {place for place, cell in enumerate(cells) if cell["households"] < k}
    whole = _Hidden(cells, set(range(len(cells))))
    told = {place for place in small if not whole.is_free(place)}
    hidden = _Hidden(cells, set(small))
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
        self.cells, self.places = cells, set[int]()
        self.lines: dict[Line, list[int]] = {}
        for place in sorted(places):
            self._hide(place)

    def _hide(self, place: int) -> None:
        self.places.add(place)
        for line in self._lines_of(place):
            self.lines.setdefault(line, []).append(place)

    def _lines_of(self, place: int) -> tuple[Line, Line]:
        cell = self.cells[place]
        return (LINES[0], cell[LINES[0]]), (LINES[1], cell[LINES[1]])

    def hide_enough(self, places: list[int], k: int) -> None:
        """Hide the smallest of a line with a small count until all of it is hidden, or two cells of `k` households."""
        gone = [place for place in places if place in self.places]
        count = sum(self._count(place) for place in gone)
        shown = sorted((self._count(place), place) for place in places if place not in self.places)
        is_few = any(self._count(place) < k for place in gone)
        while is_few and shown and (len(gone) == 1 or count < k):
            size, place = shown.pop(0)
            gone.append(place)
            self._hide(place)
            count += size

    def hide_beside(self, place: int) -> None:
        """Hide the smallest cell that is shown of the lines of a cell; of all cells, where none of these is."""
        shown = [(self._count(other), other) for other in range(len(self.cells)) if other not in self.places]
        mine = set(self._lines_of(place))
        self._hide(min([each for each in shown if mine & set(self._lines_of(each[1]))] or shown)[1])

    def is_free(self, place: int) -> bool:
        """Tell whether one household more or less could be in a hidden cell and every total stay.

        One more here is one less in another cell of the change, which must have two, one more in another cell of that
        group, and so on, until it is one less in a cell of the first group.
        """
        group, change = self._lines_of(place)
        return self._leads(change, group, place) or (self._count(place) > 1 and self._leads(group, change, place))

    def _leads(self, start: Line, end: Line, without: int) -> bool:
        """Tell whether taking from cells of a change and adding to cells of a group leads from one line to another."""
        seen, waiting = {start}, [start]
        while waiting:
            line = waiting.pop()
            takes = line[0] == LINES[1]
            for place in self.lines[line]:
                if place == without or (takes and self._count(place) < 2):
                    continue
                one, other = self._lines_of(place)
                beyond = one if takes else other
                if beyond == end:
                    return True
                if beyond not in seen:
                    seen.add(beyond)
                    waiting.append(beyond)
        return False

    def _count(self, place: int) -> int:
        return int(self.cells[place]["households"])


def _without_figures(cell: Cell) -> Cell:
    return {name: value if name in LINES else None for name, value in cell.items()}
