"""A Parquet table becomes rows of text: its columns named outside the rows, its rows counted from 1."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq

from village_credit.extract.grid import Grid
from village_credit.extract.guard import Damaged
from village_credit.extract.workbooks import cell_text


def read_parquet(content: bytes, sheet: str = "") -> Grid:
    """Read a Parquet file; raises `Damaged`."""
    try:
        table = pq.read_table(io.BytesIO(content))
    except (OSError, ValueError, NotImplementedError) as error:  # Arrow's errors are kinds of these
        raise Damaged(f"damaged or cut short ({type(error).__name__}): deliver it again") from error
    grid = Grid(sheet=sheet, total_lines=table.num_rows, encoding="parquet", has_fixed_header=True)
    grid.add(0, 0, list(table.column_names))
    columns = [[_text(value) for value in column.to_pylist()] for column in table.columns]
    for number, row in enumerate(zip(*columns, strict=True), start=1):
        grid.add(number, number, list(row))
    return grid


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # an integer column keeps all its digits, unlike a spreadsheet
    return value if isinstance(value, str) else cell_text(value)
