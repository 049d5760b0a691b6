"""A column of text in which every distinct value stands once, so that what is asked of a value is asked once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

SAMPLE = 2_048  # rows: enough to tell a column of codes and numbers of people from one of villages and years


@dataclass(frozen=True)
class Texts:
    """A column's cells: `values[places[row]]`, null where a place is; without places the values are the rows'."""

    values: pa.StringArray
    places: pa.Array | None = None

    def of_rows(self, of_values: pa.Array | None = None) -> pa.Array:
        """Return what was found of each value, or the values themselves, row by row."""
        found = self.values if of_values is None else of_values
        return found if self.places is None else found.take(self.places)

    def at(self, rows: pa.Array) -> pa.Array:
        """Return the values of some rows, given by their places; the others are not looked up."""
        return self.values.take(rows if self.places is None else self.places.take(rows))

    def with_values(self, values: pa.Array) -> Texts:
        """Return the column with other values in the same places."""
        return Texts(values, self.places)


def texts_of(column: pa.ChunkedArray | pa.Array) -> Texts:
    """Return a column with each distinct value once, unless most of its values differ: then as its rows stand."""
    whole = combined(column)
    if len(whole) > SAMPLE and 2 * len(whole[:SAMPLE].unique()) > SAMPLE:
        return Texts(whole)
    encoded = whole.dictionary_encode()
    return Texts(encoded.dictionary, encoded.indices)


def combined(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column as one array."""
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def scattered(values: pa.Array, mask: pa.BooleanArray, found: Iterable[str | None]) -> pa.StringArray:
    """Return values, those of a mask replaced by what was found of each in turn."""
    return pc.replace_with_mask(values, mask, pa.array(found, pa.string()))


def scattered_flags(mask: pa.BooleanArray, found: Iterable[bool]) -> pa.BooleanArray:
    """Return what was found of each value of a mask in turn; false of the others."""
    return pc.replace_with_mask(pc.and_(mask, pa.scalar(value=False)), mask, pa.array(found, pa.bool_()))


def parts(column: pa.Array, rows: int) -> Iterator[pa.Array]:
    """Return a column in parts of at most so many rows."""
    return (column.slice(start, rows) for start in range(0, len(column), rows))
