"""What the workbook library does not tell of an ods: errors, formulas without a value, logical values of formulas."""

from __future__ import annotations

from data_contracts.spoilt import UNCALCULATED, error_text, spoilt
from village_credit.extract.guard import require_room
from village_credit.extract.sheet_xml import Place, parse, parser_of

LOGICAL = ("TRUE", "FALSE")
CELLS = ("table-cell", "covered-table-cell")


class _Tables:
    """Walks a content.xml; a cell is judged when the next one begins."""

    def __init__(self) -> None:
        self.told: dict[str, dict[Place, str]] = {}
        self.is_1904 = False
        self.table: dict[Place, str] = {}
        self.row = self.column = self.rows = self.filled = 0
        self.cell: dict[str, str] | None = None
        self.text: list[str] = []

    def read(self, xml: bytes) -> tuple[dict[str, dict[Place, str]], bool]:
        self.parser = parser_of(self.start)
        parse(self.parser, xml)
        self.end_cell()
        return self.told, self.is_1904

    def start(self, tag: str, attributes: list[str]) -> None:
        prefix, _, name = tag.rpartition(":")
        said = dict(zip(attributes[::2], attributes[1::2], strict=True))
        if name in CELLS:
            self.end_cell()
            self.cell = said
        elif name == "table-row":
            self.end_cell()
            self.row, self.column = self.row + self.rows, 0
            self.rows = _times(said, f"{prefix}:number-rows-repeated")
        elif name == "table":
            self.end_cell()
            self.row = self.column = self.rows = 0
            self.table = self.told.setdefault(said.get(f"{prefix}:name", ""), {})
        elif name == "null-date":
            self.is_1904 = said.get(f"{prefix}:date-value", "").startswith("1904")
        elif name == "p" and self.cell is not None and self.is_asked(self.cell):
            self.parser.CharacterDataHandler = self.text.append

    @staticmethod
    def is_asked(cell: dict[str, str]) -> bool:
        """Ask cells with a formula, and those that say that they are an error."""
        return any(name.endswith(":formula") or value == "error" for name, value in cell.items())

    def end_cell(self) -> None:
        if self.cell is None:
            return
        cell, text = self.cell, "".join(self.text).strip()
        self.cell, self.text, self.parser.CharacterDataHandler = None, [], None
        times = next((_times(cell, name) for name in cell if name.endswith(":number-columns-repeated")), 1)
        if self.is_asked(cell) and (written := _written(cell, text)):
            rows, columns = range(self.row, self.row + self.rows), range(self.column, self.column + times)
            self.filled += self.rows * times
            require_room(self.filled)
            self.table.update({(row, column): written for row in rows for column in columns})
        self.column += times


def _times(said: dict[str, str], name: str) -> int:
    number = said.get(name, "1")
    return int(number) if number.isdigit() else 1


def _written(cell: dict[str, str], text: str) -> str:
    """Return what is written for a cell with a formula or an error: nothing where the library gives its value."""
    kinds = {value for name, value in cell.items() if name.endswith(":value-type")}
    if "error" in kinds or spoilt(text) == "ERROR_CELL":
        return error_text(text)
    if text in LOGICAL and "string" not in kinds:
        return text
    return "" if text or kinds else UNCALCULATED


def ods_facts(xml: bytes) -> tuple[dict[str, dict[Place, str]], bool]:
    """Return what is written in some cells of each table, and whether the epoch is 1904; raises `Damaged`."""
    return _Tables().read(xml)
