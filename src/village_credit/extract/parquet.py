"""A Parquet table becomes rows of text: its columns named outside the rows, its rows counted from 1."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.extract.grid import Grid
from village_credit.extract.guard import CUT, Damaged
from village_credit.extract.workbooks import cell_text


def read_parquet(content: bytes, sheet: str = "") -> Grid:
    """Read a Parquet file, a text that is no UTF-8 as a broken cell; raises `Damaged`."""
    try:
        table = pq.read_table(io.BytesIO(content))
        columns = [_values(column) for column in table.columns]
    except (OSError, ValueError, pa.ArrowException) as error:
        raise Damaged(CUT) from error
    grid = Grid(sheet=sheet, total_lines=table.num_rows, encoding="parquet", has_fixed_header=True)
    grid.add(0, 0, list(table.column_names))
    for position, column in enumerate(columns):
        lines = [number for number, value in enumerate(column, start=1) if value.__class__ is bytes]
        grid.broken.update({(number, position): "UNDECODABLE" for number in lines})
    rows = zip(*[[_text(value) for value in column] for column in columns], strict=True)
    for number, row in enumerate(rows, start=1):
        grid.add(number, number, list(row))
    return grid


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Return a column's values, a text that cannot be decoded as its bytes: Arrow checks no text when it reads.

    Some warehouses write texts as bytes and do not say that they are texts.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = column.cast(pa.large_binary())
    if not (pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
        return list(column.to_pylist())
    try:
        return list(column.cast(pa.large_string()).to_pylist())  # checks every text
    except pa.ArrowInvalid:
        return [_decoded(value) for value in column.to_pylist()]


def _decoded(value: bytes | None) -> str | bytes | None:
    try:
        return value if value is None else value.decode()
    except UnicodeDecodeError:
        return value


def _text(value: Any) -> str:
    if value is None or isinstance(value, bytes):
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # an integer column keeps all its digits, unlike a spreadsheet
    return value if isinstance(value, str) else cell_text(value)
