"""The parts of a zipped workbook (xlsx, xlsb, ods) under one spelling of their names, and which sheet is which part."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath

from village_credit.extract.archive import DAMAGE
from village_credit.extract.biff import xlsb_sheets
from village_credit.extract.guard import CUT, LOCKED, LOCKED_CODE, Damaged
from village_credit.extract.sheet_xml import as_utf8, pairs, parse, parser_of, readable

WIDE = (b"\xff\xfe", b"\xfe\xff")  # UTF-16: the library gives an empty sheet and says nothing


class Package:
    """A workbook's parts; `paths`: of each sheet by its name."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.archive = _opened(content)
        self.parts = {_spelled(info.filename): info for info in self.archive.infolist() if not info.is_dir()}
        self.paths: dict[str, str] = {}
        self.is_1904 = self.calculates_on_load = False
        if any(info.flag_bits & 0x1 for info in self.parts.values()):
            raise Damaged(LOCKED, LOCKED_CODE)
        if "xl/workbook.bin" in self.parts:
            sheets, self.is_1904 = xlsb_sheets(self.read("xl/workbook.bin"))
            self._locate(sheets, "xl/_rels/workbook.bin.rels")
        elif "xl/workbook.xml" in self.parts:
            self._locate(self._workbook(), "xl/_rels/workbook.xml.rels")

    @property
    def kind(self) -> str:
        """Return xlsx, xlsb or ods."""
        if "xl/workbook.bin" in self.parts:
            return "xlsb"
        return "ods" if "content.xml" in self.parts else "xlsx"

    def read(self, name: str) -> bytes:
        """Return a part's bytes, empty where it is none; raises `Damaged`."""
        if name not in self.parts:
            return b""
        try:
            return self.archive.read(self.parts[name])
        except DAMAGE as error:
            raise Damaged(CUT) from error

    def sheet(self, name: str) -> bytes:
        """Return a sheet's part by the sheet's name."""
        return self.read(self.paths.get(name, ""))

    def is_wide(self) -> bool:
        """Tell whether any XML part is UTF-16."""
        names = [name for name in self.parts if name.startswith("xl/") and name.endswith(".xml")]
        return any(self._begin(name).startswith(WIDE) for name in names)

    def _begin(self, name: str) -> bytes:
        try:
            with self.archive.open(self.parts[name]) as part:
                return part.read(2)
        except DAMAGE as error:
            raise Damaged(CUT) from error

    def has_password(self) -> bool:
        """Tell an encrypted ods by its manifest."""
        found: list[str] = []
        manifest = self.read("meta-inf/manifest.xml")
        if manifest:
            parse(parser_of(lambda tag, _: found.append(tag.rpartition(":")[2])), manifest)
        return "encryption-data" in found

    def readable(self) -> bytes:
        """Return the workbook anew, unpacked, its sheets as the library can read them."""
        buffer = io.BytesIO()
        sheets = set(self.paths.values())
        with zipfile.ZipFile(buffer, "w") as anew:
            for name, info in self.parts.items():
                part = self.read(name)
                if name in sheets:
                    part = readable(part)
                elif name.endswith((".xml", ".rels")):
                    part = as_utf8(part)
                anew.writestr(info.filename.replace("\\", "/"), part)
        return buffer.getvalue()

    def _workbook(self) -> dict[str, str]:
        """Read a workbook.xml: the relation of each sheet; the epoch, and whether it is calculated when opened."""
        sheets: dict[str, str] = {}

        def start(tag: str, attributes: list[str]) -> None:
            said, name = pairs(attributes), tag.rpartition(":")[2]
            if name == "sheet" and {"name", "id"} <= said.keys():
                sheets[said["name"]] = said["id"]
            elif name == "workbookPr":
                self.is_1904 = said.get("date1904", "0").lower() in ("1", "true", "on")
            elif name == "calcPr":
                self.calculates_on_load = said.get("fullCalcOnLoad", "0").lower() in ("1", "true", "on")

        parse(parser_of(start), self.read("xl/workbook.xml"))
        return sheets

    def _locate(self, sheets: dict[str, str], relations_part: str) -> None:
        """Follow each sheet's relation to its part."""
        targets: dict[str, str] = {}

        def start(tag: str, attributes: list[str]) -> None:
            said = pairs(attributes)
            if tag.rpartition(":")[2] == "Relationship" and {"Id", "Target"} <= said.keys():
                targets[said["Id"]] = _target(said["Target"])

        if relations := self.read(relations_part):
            parse(parser_of(start), relations)
        self.paths = {name: targets[relation] for name, relation in sheets.items() if relation in targets}


def _opened(content: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except DAMAGE as error:
        raise Damaged(CUT) from error


def _spelled(name: str) -> str:
    """Spell a part's name as relations do: slashes, and no difference of case."""
    return name.replace("\\", "/").removeprefix("/").lower()


def _target(target: str) -> str:
    """Return the part that a relation of the workbook leads to."""
    plain = target.replace("\\", "/")
    if plain.startswith("/"):
        return _spelled(plain)
    steps: list[str] = ["xl"]
    for step in PurePosixPath(plain).parts:
        if step == "..":
            steps = steps[:-1]
        elif step != ".":
            steps.append(step)
    return _spelled("/".join(steps))
