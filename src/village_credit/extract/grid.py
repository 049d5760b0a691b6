"""The one shape that every format becomes: numbered rows of text cells, and lines that could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import pyarrow as pa

from village_credit.extract.text_rows import TextRows


@dataclass(frozen=True)
class DeliveredFile:
    """One file of the inbox: its path below the county's folder, its bytes and their SHA-256."""

    file_name: str
    content: bytes
    sha256: str


@dataclass
class Grid:
    """One table of a file, before anyone knows which contract it follows.

    `cells[i]` stands on physical lines `starts[i]`..`ends[i]` (from 1); `condemned` are lines with the
    reason why no parser saw them. Every line from 1 to `total_lines` is in exactly one of the two.
    """

    sheet: str
    total_lines: int
    cells: list[list[str]] | TextRows = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    condemned: list[tuple[int, str]] = field(default_factory=list)
    bare: dict[int, str] = field(default_factory=dict)  # what can still be seen of condemned lines
    encoding: str = ""
    has_fixed_header: bool = False  # dbf and Parquet name their columns outside the lines
    notes: list[tuple[str, str]] = field(default_factory=list)
    broken: dict[tuple[int, int], str] = field(default_factory=dict)  # (index in cells, column) → reason's code
    is_1904: bool = False  # a day that is a bare number counts from 1 January 1904
    filled: set[tuple[int, int]] = field(default_factory=set)  # (index in cells, column) merged down from above

    def add(self, start: int, end: int, cells: list[str]) -> None:
        """Append one row."""
        self.starts.append(start)
        self.ends.append(end)
        cast(list[list[str]], self.cells).append(cells)  # made row by row, or of columns, and never both


@dataclass(frozen=True)
class Extract:
    """One recognised table: text columns named by its contract's fields, with their physical lines.

    `rows`: line_number int32, last_line int32, and one string column per delivered field; `correction_number` too
    where the table is a corrections workbook that came back. `units`: the unit said for a field by header or 单位 row,
    None where none was said.
    """

    file: DeliveredFile
    sheet: str
    contract: str
    total_lines: int
    rows: pa.Table
    layout_lines: list[int]
    condemned: list[tuple[int, str]]
    bare: Mapping[int, str]  # what can still be seen of condemned lines
    units: dict[str, str | None]
    dropped_columns: list[tuple[str, str]]  # (header, attribute | account | undeclared)
    place_hint: str  # titles, sheet and file name: where a township may be named
    notes: list[tuple[str, str]]
    labels: tuple[str, ...] = ()  # of each column as delivered, a two-row header joined
    positions: Mapping[int, str] = field(default_factory=dict)  # column → field
    rejected: tuple[str, str] | None = None  # code and sentence: its rows are known, and none may be believed


@dataclass(frozen=True)
class Unrecognised:
    """A table or file that no contract recognises: all its lines are layout, and the report names it."""

    file: DeliveredFile
    sheet: str
    total_lines: int
    code: str  # of data_contracts.reasons.EXTRACT_REASONS
    detail: str  # the nearest contract and the headers that it lacks
