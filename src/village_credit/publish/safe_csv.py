"""Rows become a CSV file that no spreadsheet runs or rounds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
NUMBER_DIGITS = 12  # from here on a spreadsheet shows a number in scientific notation


def safe_cell(value: Any) -> str:
    """Write a cell that no spreadsheet runs or rounds.

    Formulas get an apostrophe before them; codes that a spreadsheet would turn into numbers (an ID number, a
    leading zero) a tab after them, which keeps them text and which importers strip.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float | Decimal | date):
        return str(value)
    text = str(value)
    if text.startswith(FORMULA_STARTS):
        return "'" + text
    return text + "\t" if text.isdigit() and (len(text) >= NUMBER_DIGITS or text.startswith("0")) else text


def csv_bytes(header: Sequence[str], cells: Iterable[Sequence[Any]]) -> bytes:
    """Write UTF-8 with BOM, every cell safe to open in a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([[safe_cell(value) for value in row] for row in cells])
    return buffer.getvalue().encode("utf-8-sig")
