"""What a file is that no reader reads, told by its bytes, and what its office does instead."""

from __future__ import annotations

import re

from village_credit.extract.compound import OLE, Compound
from village_credit.extract.guard import LOCKED, LOCKED_CODE, Damaged
from village_credit.extract.lines import utf16_of

NOT_READ, MISNAMED = "FORMAT_NOT_READ", "NOT_WHAT_NAME_SAYS"
SAVE = "open it in Excel or WPS, save it as xlsx and deliver that"
UNPACK = "unpack it and deliver the files themselves, or pack them as zip without a password"
EXPORT = "it is a picture of a table: deliver the table itself as xlsx"
SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"Rar!\x1a\x07", "a rar archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"\x1f\x8b", "a gz archive", UNPACK),
    (b"\x1f\x9d", "a Z archive", UNPACK),
    (b"BZh91AY&SY", "a bz2 archive", UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zst archive", UNPACK),
    (b"MSCF\x00\x00", "a cab archive", UNPACK),
    (b"ISc(", "a cab archive", UNPACK),
    (b"%PDF", "a PDF", EXPORT),
    (b"\x89PNG", "a picture", EXPORT),
    (b"\xff\xd8\xff", "a picture", EXPORT),
    (b"GIF8", "a picture", EXPORT),
    (b"II*\x00", "a picture", EXPORT),
    (b"MM\x00*", "a picture", EXPORT),
    (b"RIFF", "a picture or a recording", EXPORT),
    (b"{\\rtf", "a text document", SAVE),
    (b"SQLite format 3\x00", "a SQLite database", "export its tables as CSV and deliver those"),
    (b"MIME-Version:", "a web archive (mht)", SAVE),
    (b"MZ\x90\x00", "a program", "unpack it where it is an archive, and deliver the tables themselves"),
    (b"ID;P", "a SYLK file", SAVE),
)
STREAMS = (  # top-level names of an OLE container that is no xls
    ("encryptedpackage", LOCKED_CODE, LOCKED),
    ("book", NOT_READ, f"a workbook of Excel 5.0/95: {SAVE}"),
    ("worddocument", NOT_READ, f"a Word document: put its table into a workbook; {SAVE}"),
    ("powerpoint document", NOT_READ, "a presentation: deliver the table itself as xlsx"),
)
MEMBERS = (
    ("word/document.xml", "a Word document: put its table into a workbook and deliver that"),
    ("ppt/presentation.xml", "a presentation: deliver the table itself as xlsx"),
    ("ofd.xml", f"an OFD document: {EXPORT}"),
    ("index/document.iwa", f"a Numbers document: {SAVE}"),
)
_BIFF = re.compile(rb"\x09[\x00\x02\x04\x08][\x04-\x10]\x00")  # a sheet's first record, with no container around it
_MHT = re.compile(rb"(?:From|Subject|Date|Content-Type|X-[A-Za-z-]+):[^\n]*\n", re.IGNORECASE)
_WORKBOOK_XML = re.compile(r"<(?:\w+:)?workbook\b|progid=.excel\.sheet", re.IGNORECASE)
MARKUP = ("<html", "<!doctype", "<?xml", "<table", "<head", "<body", "<meta", "<style", "<div", "<!--")
HEAD_BYTES = 4096
OTHER_LINE_ENDS = {
    "\r": "a carriage return alone (old Macintosh)",
    "\v": "a vertical tab",
    "\f": "a form feed",
    "\x1e": "a record separator",
    "\u2028": "a line separator",
    "\u2029": "a paragraph separator",
}
CONTROL = bytes(range(0x09)) + bytes(range(0x0E, 0x1A)) + bytes(range(0x1B, 0x20))
MOST_CONTROL = 0.05  # of the first bytes: a text has none, and a text with damage in some lines few

Refusal = tuple[str, str]


def foreign(content: bytes) -> Refusal | None:
    """Return the reason's code, and what the file is and what to do, where no reader reads it."""
    for signature, what, how in SIGNATURES:
        if content.startswith(signature):
            return NOT_READ, f"{what}: {how}"
    if content[257:262] == b"ustar":
        return NOT_READ, f"a tar archive: {UNPACK}"
    if content[:1024].lstrip().startswith(b"%PDF"):
        return NOT_READ, f"a PDF: {EXPORT}"
    if _BIFF.match(content):
        return NOT_READ, f"a sheet of an old Excel (before 97): {SAVE}"
    if content.startswith(OLE):
        return _foreign_container(content)
    return _markup(content) or _binary(content) or _one_line(content)


def foreign_members(names: set[str]) -> Refusal | None:
    """Tell a zip that is a document by the names of its members."""
    lower = {name.lower() for name in names}
    return next(((NOT_READ, what) for name, what in MEMBERS if name in lower), None)


def _foreign_container(content: bytes) -> Refusal | None:
    try:
        names = {name.lower() for name in Compound(content).entries}
    except Damaged as damage:
        return damage.code, str(damage)
    if "workbook" in names:
        return None
    return next(((code, what) for name, code, what in STREAMS if name in names), (NOT_READ, f"no workbook: {SAVE}"))


def _markup(content: bytes) -> Refusal | None:
    """Tell web pages, and workbooks that are saved as one, under a table's name."""
    wide = utf16_of(content)
    head = content[:HEAD_BYTES].decode(wide or "latin-1", "replace").lstrip("\ufeffï»¿ \r\n\t")
    if _MHT.match(content) and "multipart/related" in head.lower():
        return NOT_READ, f"a web archive (mht): {SAVE}"
    if not head.lower().startswith(MARKUP):
        return None
    if _WORKBOOK_XML.search(head):
        return MISNAMED, f"an Excel 2003 XML table: {SAVE}"
    if "office:document" in head:
        return MISNAMED, f"a flat OpenDocument table: {SAVE}"
    return MISNAMED, "a web page under a table's name: save it as xlsx"


def _one_line(content: bytes) -> Refusal | None:
    """Tell a table whose lines end with something else than a line feed: to all others it is one line."""
    wide = utf16_of(content)
    if not wide and (b"\n" in content[:-1] or b"\0" in content):
        return None
    text = content.decode(wide or "utf-8", "replace").removesuffix("\n").removesuffix("\r")
    if "\n" in text:
        return None
    found = next((name for mark, name in OTHER_LINE_ENDS.items() if mark in text), None)
    return (NOT_READ, f"its lines end with {found}, not with a line feed: {SAVE}") if found else None


def _binary(content: bytes) -> Refusal | None:
    """Tell what is no text at all."""
    head = content[:HEAD_BYTES]
    marks = len(head) - len(head.translate(None, CONTROL))
    if len(head) < 64 or marks < MOST_CONTROL * len(head) or utf16_of(content):
        return None
    return NOT_READ, "neither a table nor a text: deliver the table itself as xlsx or CSV"
