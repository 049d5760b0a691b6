"""Rows of text kept as columns: what most rows of a table are asked, columns answer at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PART = 8_192  # rows that are lists of Python's at once
Indices = np.ndarray[Any, np.dtype[np.int64]]


class TextRows(Sequence[list[str]]):
    """The rows of a table: those of the usual width as `columns`, the others by themselves.

    `places`: the index of each row of `columns` among all rows, ascending. `odd`: the others by their index.
    """

    def __init__(self, columns: Sequence[pa.StringArray], places: Indices, odd: Mapping[int, list[str]]) -> None:
        self.columns, self.places, self.odd = tuple(columns), places, odd
        self.width = len(self.columns)

    @classmethod
    def of_lists(cls, rows: Sequence[list[str]]) -> TextRows:
        """Lay rows out as columns; the usual width is that of most of them."""
        widths = Counter(map(len, rows))
        width = max(widths, key=lambda width: (widths[width], width), default=0)
        places = [index for index, row in enumerate(rows) if len(row) == width]
        usual = rows if len(places) == len(rows) else [rows[index] for index in places]
        columns = [pa.array(cells, pa.string()) for cells in zip(*usual, strict=True)]
        odd = {index: row for index, row in enumerate(rows) if len(row) != width} if len(usual) < len(rows) else {}
        return cls(columns, np.array(places, np.int64), odd)

    def __len__(self) -> int:
        return len(self.places) + len(self.odd)

    @overload
    def __getitem__(self, index: int) -> list[str]: ...
    @overload
    def __getitem__(self, index: slice) -> list[list[str]]: ...
    def __getitem__(self, index: int | slice) -> list[str] | list[list[str]]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        if place in self.odd:
            return list(self.odd[place])
        at = int(np.searchsorted(self.places, place))
        return [column[at].as_py() for column in self.columns]

    def __iter__(self) -> Iterator[list[str]]:
        usual = self._usual()
        return (list(self.odd[index]) if index in self.odd else next(usual) for index in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # like the list that it stands for

    def _usual(self) -> Iterator[list[str]]:
        for start in range(0, len(self.places), PART):
            cells = [column.slice(start, PART).to_pylist() for column in self.columns]
            yield from map(list, zip(*cells, strict=True)) if cells else ([] for _ in self.places[start : start + PART])

    def column(self, position: int, of_rows: Indices) -> pa.StringArray:
        """Return a column of some rows, given by their ascending indices; blank where a row is shorter."""
        if position >= self.width:
            return self._with_odd(pa.repeat(pa.scalar("", pa.string()), len(self.places)), position, of_rows)
        return self._with_odd(self.columns[position], position, of_rows)

    def _with_odd(self, usual: pa.StringArray, position: int, of_rows: Indices) -> pa.StringArray:
        at = np.searchsorted(self.places, of_rows)
        odd = [int(index) for index in of_rows if int(index) in self.odd] if self.odd else []
        if not odd:
            is_run = len(at) == 0 or at[-1] - at[0] + 1 == len(at)
            return usual.slice(at[0] if len(at) else 0, len(at)) if is_run else usual.take(pa.array(at))
        cells = [self.odd[index][position] if position < len(self.odd[index]) else "" for index in odd]
        is_odd = np.isin(of_rows, odd)
        at[is_odd] = len(usual) + np.arange(len(odd))
        return pa.concat_arrays([usual, pa.array(cells, pa.string())]).take(pa.array(at))

    def holding(self, text: str) -> Indices:
        """Return the indices of the rows of usual width one of whose cells holds a text."""
        found = np.zeros(len(self.places), bool)
        sought = re.compile(re.escape(text.encode()))  # looks into a column's bytes where they lie
        for column in self.columns:
            data = column.buffers()[2]
            if data is not None and sought.search(data):
                found |= pc.match_substring(column, text).to_numpy(zero_copy_only=False)
        return self.places[found]
