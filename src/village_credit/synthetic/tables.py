"""What a delivered table is before it becomes bytes: headers, columns, and the layout that an office gives it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Format = Literal["csv_gb18030", "csv_utf8_bom", "tsv_utf16", "dbf", "xlsx", "xls"]


@dataclass
class Table:
    """One table of a file. `columns` are lists of equal length: text, numbers or dates, as the office keeps them."""

    contract: str
    header: list[str]
    columns: list[list[Any]]
    sheet: str = ""
    title: str = ""
    unit_row: str = ""
    groups: list[tuple[str, int]] = field(default_factory=list)  # two-row header: (label, columns it spans)
    footer: bool = False
    deleted: set[int] = field(default_factory=set)  # dbf records that are marked as deleted
    raw_lines: dict[int, bytes] = field(default_factory=dict)  # lines that are damaged below the level of cells

    @property
    def rows(self) -> int:
        """How many data rows there are."""
        return len(self.columns[0])

    def column(self, header: str) -> list[Any]:
        """Return a column by its header."""
        return self.columns[self.header.index(header)]

    def first_line(self, kind: Format) -> int:
        """The physical line of the first data row, from 1."""
        if kind == "dbf":
            return 1
        return 1 + bool(self.title) + bool(self.unit_row) + bool(self.groups) + 1


@dataclass
class File:
    """One delivered file, or one member of an archive."""

    path: str
    kind: Format
    tables: list[Table]
    archive: str = ""  # path of the zip that holds it


@dataclass(frozen=True)
class Damaged:
    """One line that was damaged, how, and what should become of it."""

    file: str
    sheet: str
    line_number: int
    contract: str
    what: str
    expected: str
