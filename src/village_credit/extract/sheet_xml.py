"""What the workbook library does not tell of an xlsx sheet, by a parser: errors, uncalculated formulas, the last row.

Most sheets are written alike, so that a few searches find the cells with a formula or an error, and only these are
parsed; a sheet that is written otherwise is parsed whole, which doubles the time of its reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

from data_contracts.spoilt import UNCALCULATED, error_text
from village_credit.extract.guard import Damaged, require_room

Place = tuple[int, int]  # row and column, from 0
KNOWN_ERROR = b"#N/A"  # the library knows seven literals, and gives none of them back
# By a byte that is rare, so that a sheet without it is told at once: characters by number, declarations, no text
_UNUSUAL = ((b"&", b"&#"), (b"!", b"<!"), (b"\0", b"\0"))
_PREFIXED = (b":c ", b":c>")  # cells under a prefix
_SPECIAL = ((b"f", b"<f"), (b'"', b'"e"'), (b"'", b"'e'"))  # of a formula, of an error
_FAR = re.compile(rb'<c r="(?:B[M-Z]|[C-Z][A-Z]|[A-Z]{3})[0-9]')  # beyond the usual 64 columns: then it is parsed
_LOCAL = {"row", "c", "f", "v", "is", "sheetData", "dimension"}


@dataclass
class SheetFacts:
    """What a sheet holds beside its values; `height` and `width` reach to the farthest cell with a value."""

    last_row: int = 0  # with a cell, be it blank
    height: int = 0
    width: int = 0
    told: dict[Place, str] = field(default_factory=dict)  # what is written there: an error, an uncalculated formula
    zeros: list[Place] = field(default_factory=list)  # formulas whose stored value is 0 ...
    has_other_results: bool = False  # ... and whether one has another value


def sheet_facts(xml: bytes, usual_rows: int) -> SheetFacts:
    """Return a sheet's facts; raises `Damaged` where its XML is no XML or declares entities."""
    last_row = _last_row(xml) if _is_usual(xml) else 0
    if not 0 < last_row <= usual_rows or _FAR.search(xml):
        return _Scan().read(xml)
    facts = _Scan().read(b"<sheetData>" + b"".join(_special_cells(xml)) + b"</sheetData>")
    facts.last_row, facts.height, facts.width = last_row, 0, 0
    return facts


def _special_cells(xml: bytes) -> list[bytes]:
    """Return the cells of a usual sheet that hold a formula or an error, whole: in it `<` begins markup only."""
    found: dict[int, bytes] = {}
    first = xml.find(b"<sheetData")
    for byte, mark in _SPECIAL:
        at = xml.find(mark, first) if xml.find(byte, first) >= 0 else -1
        while at >= 0:
            begin = xml.rfind(b'<c r="', 0, at)
            inside = xml.find(b">", begin) + 1
            end = inside if xml[inside - 2 : inside] == b"/>" else xml.find(b"</c>", inside) + 4
            if begin >= 0 and at < end:
                found[begin] = xml[begin:end]
            at = xml.find(mark, max(at + 1, end if begin >= 0 else 0))
    return [found[begin] for begin in sorted(found)]


def _is_usual(xml: bytes) -> bool:
    """Tell the dialect of most writers: every cell begins `<c r="`, every row `<row r="`, nothing is unusual."""
    begin, end = xml.find(b"<sheetData"), xml.rfind(b"</sheetData>")  # elements beside it begin alike: cols
    has_instruction = xml.find(b"?", xml.find(b"?>") + 2) >= 0 and xml.find(b"<?", 2) >= 0
    has_prefix = xml.find(b":", begin) >= 0 and any(mark in xml for mark in _PREFIXED)  # a root has colons of its own
    is_unusual = has_prefix or any(byte in xml and mark in xml for byte, mark in _UNUSUAL)
    if not 0 <= begin < end or has_instruction or is_unusual:
        return False
    alike = ((b"<c", b'<c r="'), (b"<row", b'<row r="'))
    return all(xml.count(short, begin, end) == xml.count(long) for short, long in alike)


def _last_row(xml: bytes) -> int:
    """Return the row of the last cell of a usual sheet; 0 where there is none."""
    begin = xml.rfind(b'<c r="') + 6
    digits = xml[begin : xml.find(b'"', begin)].lstrip(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ") if begin >= 6 else b""
    return int(digits) if digits.isdigit() and len(digits) < 10 else 0


def parser_of(start: Callable[..., None]) -> expat.XMLParserType:
    """Return a parser that gives attributes as a list and refuses what a delivered table never declares."""
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.EntityDeclHandler = _refuse
    return parser


def parse(parser: expat.XMLParserType, xml: bytes) -> None:
    """Parse a whole part; raises `Damaged`."""
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError, UnicodeError) as error:
        raise Damaged("its XML is damaged: open it in Excel or WPS, save it as xlsx and deliver that") from error


def _refuse(*_: object) -> None:
    raise Damaged("its XML declares entities: open it in Excel or WPS, save it as xlsx and deliver that")


def pairs(attributes: list[str]) -> dict[str, str]:
    """Return attributes by their names without prefixes."""
    return {name.rpartition(":")[2]: value for name, value in zip(attributes[::2], attributes[1::2], strict=True)}


def column_number(letters: str) -> int:
    """Return a column's number from 1: A is 1, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


class _Names(dict[str, str]):
    """Element names without their prefix; those of no interest are empty."""

    def __missing__(self, tag: str) -> str:
        local = tag.rpartition(":")[2]
        self[tag] = local if local in _LOCAL else ""
        return self[tag]


class _Scan:
    """Walks a sheet cell by cell; a cell is judged when the next one begins."""

    def __init__(self) -> None:
        self.facts = SheetFacts()
        self.names, self.columns = _Names(), dict[str, int]()
        self.row = self.column = -1
        self.kind = ""
        self.is_cell = self.has_child = self.has_formula = self.has_value = False
        self.area, self.filled = "", 0
        self.text: list[str] = []

    def read(self, xml: bytes) -> SheetFacts:
        self.parser = parser_of(self.start)
        parse(self.parser, xml)
        self.end_cell()
        return self.facts

    def start(self, tag: str, attributes: list[str]) -> None:
        name = self.names[tag]
        if name == "c":
            self.start_cell(attributes)
        elif not name:
            return
        elif name == "row":
            self.end_cell()
            said = pairs(attributes).get("r", "")
            self.row, self.column = (int(said) - 1 if said.isdigit() else self.row + 1), -1
        elif self.is_cell:
            self.start_child(name, attributes)

    def start_cell(self, attributes: list[str]) -> None:
        self.end_cell()
        self.is_cell, self.has_child, self.has_formula, self.has_value = True, False, False, False
        self.kind, reference = "", ""
        for at in range(0, len(attributes), 2):
            if attributes[at] == "r":
                reference = attributes[at + 1]
            elif attributes[at] == "t":
                self.kind = attributes[at + 1]
        self.column += 1
        letters = reference.rstrip("0123456789")
        if letters and letters != reference:
            self.row = int(reference[len(letters) :]) - 1
            self.column = self.column_of(letters)
        if self.row >= self.facts.last_row:
            self.facts.last_row = self.row + 1

    def column_of(self, letters: str) -> int:
        if letters not in self.columns:
            self.columns[letters] = column_number(letters.replace("$", "")) - 1
        return self.columns[letters]

    def start_child(self, name: str, attributes: list[str]) -> None:
        self.has_child = True
        if name == "f":
            self.has_formula = True
            said = pairs(attributes)
            self.area = said.get("ref", "") if said.get("t") in ("array", "dataTable") else ""
        elif name == "v":
            self.has_value = True
            if self.has_formula or self.kind == "e":
                self.text = []
                self.parser.CharacterDataHandler = self.text.append

    def end_cell(self) -> None:
        if not self.is_cell:
            return
        self.is_cell = False
        if self.has_child:
            self.facts.height = max(self.facts.height, self.row + 1)
            self.facts.width = max(self.facts.width, self.column + 1)
            if self.has_formula or self.kind == "e":
                self.record("".join(self.text).strip() if self.has_value else "")
        self.parser.CharacterDataHandler = None
        self.text = []

    def record(self, text: str) -> None:
        """Tell an error from a formula that has no value; an empty text is a value where the cell says so."""
        place = (self.row, self.column)
        if self.kind == "e" and text:
            self.facts.told[place] = error_text(text)
        elif not text and not (self.kind == "str" and self.has_value):
            self.facts.told.update(dict.fromkeys([place, *self.filled_area()], UNCALCULATED))
        elif self.has_formula and text in ("0", "0.0"):
            self.facts.zeros.append(place)
        elif self.has_formula:
            self.facts.has_other_results = True

    def filled_area(self) -> list[Place]:
        """Return the cells that an array formula fills; raises `Damaged` where all of them together are too many."""
        first, _, last = self.area.partition(":")
        if not last:
            return []
        (top, left), (bottom, right) = place_of(first), place_of(last)
        rows, columns = range(top, bottom + 1), range(left, right + 1)
        self.filled += len(rows) * len(columns)
        require_room(self.filled)
        return [(row, column) for row in rows for column in columns]


def place_of(reference: str) -> Place:
    """Return row and column from 0 of a reference such as B3."""
    letters = reference.replace("$", "").rstrip("0123456789")
    digits = reference.replace("$", "")[len(letters) :]
    return (int(digits or 1) - 1, column_number(letters) - 1)


class _Repair:
    """Finds what the library cannot read: error literals that it does not know, and a sheet's false extent."""

    def __init__(self, xml: bytes) -> None:
        self.xml, self.names = xml, _Names()
        self.is_error, self.begin = False, -1
        self.patches: list[tuple[int, int, bytes]] = []

    def start(self, tag: str, attributes: list[str]) -> None:
        name = self.names[tag]
        if name == "c":
            self.is_error = pairs(attributes).get("t") == "e"
        elif name == "dimension" or (name == "v" and self.is_error):
            self.begin = self.parser.CurrentByteIndex

    def end(self, tag: str) -> None:
        name, at = self.names[tag], self.parser.CurrentByteIndex
        if self.begin < 0 or name not in ("dimension", "v"):
            return
        inside = self.xml.index(b">", self.begin) + 1
        is_empty = self.xml[inside - 2 : inside] == b"/>"
        if name == "dimension":
            self.patches.append((self.begin, inside if is_empty else self.xml.index(b">", at) + 1, b""))
        elif not is_empty:
            self.patches.append((inside, at, KNOWN_ERROR))
        self.begin = -1

    def readable(self) -> bytes:
        self.parser = parser_of(self.start)
        self.parser.EndElementHandler = self.end
        parse(self.parser, self.xml)
        parts, position = [], 0
        for begin, end, text in self.patches:
            parts += [self.xml[position:begin], text]
            position = end
        return b"".join([*parts, self.xml[position:]])


def readable(xml: bytes) -> bytes:
    """Return a sheet's XML as the library can read it: every error a known one, no extent said."""
    return _Repair(as_utf8(xml)).readable()


def as_utf8(xml: bytes) -> bytes:
    """Return XML of UTF-16 in UTF-8, its declaration put aside."""
    if not xml.startswith((b"\xff\xfe", b"\xfe\xff")):
        return xml
    text = xml.decode("utf-16")
    return (text[text.index("?>") + 2 :] if text.startswith("<?xml") else text).encode()
