"""A whole file becomes a hostile one: anywhere and anyhow, or only in rows that are known."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from tests.fuzz.whole import ENCODINGS, KINDS, WRITERS, Row, archive, rows, text, whole

SUFFIXES = {"dbf": ".dbf", "parquet": ".parquet", "zip": ".zip", "xlsx": ".xlsx", "xls": ".xls"}
LOCAL_SHARE = 0.4  # of all files are damaged only in rows that are known
HOSTILE_CELLS = (
    None,
    "",
    65990019800101.0,
    659900198001010112.0,
    "#N/A",
    True,
    "x" * 3000,
    "\u202e王",
    "=1+1",
    -1,
    "1e3",
    "\r\n",
    "'",
    "１２",
    "合计",
)


@dataclass(frozen=True)
class Hostile:
    """One hostile file. `untouched`: ID numbers of the rows that nothing was done to, None where nobody can say."""

    name: str
    content: bytes
    how: str
    untouched: frozenset[str] | None = None
    total_lines: int | None = None


def hostile_file(seed: int, kind: str, index: int) -> Hostile:
    """Make the file of this place: the same three numbers give the same bytes."""
    chance = random.Random(f"{seed}/{kind}/{index}")
    name = f"{index}{SUFFIXES.get(kind, '.csv')}"
    if chance.random() < LOCAL_SHARE:
        return _local(chance, kind, name)
    content = chance.choice(whole(kind))
    how = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        change = chance.choice(ANYWHERE)
        how.append(change.__name__.strip("_"))
        content = change(chance, content)
    return Hostile(chance.choice((name, name, f"{index}.csv", f"{index}.xls")), content, ", ".join(how))


def _flip(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 2, 5, 20, 200)) if changed else 0):
        changed[chance.randrange(len(changed))] = chance.choice((chance.randrange(256), 0, 0xFF, 0x22, 0x0A))
    return bytes(changed)


def _truncate(chance: random.Random, content: bytes) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _behead(chance: random.Random, content: bytes) -> bytes:
    return content[chance.randrange(len(content) + 1) :]


def _splice(chance: random.Random, content: bytes) -> bytes:
    """One file's first half and another's second."""
    other = chance.choice(whole(chance.choice(KINDS)))
    return content[: chance.randrange(len(content) + 1)] + other[chance.randrange(len(other)) :]


def _reencode(chance: random.Random, content: bytes) -> bytes:
    """Read in one encoding and write in another, as mail programs and editors do."""
    codes = ("gb18030", "utf-8", "utf-16-le", "utf-16", "latin-1", "cp1252", "big5")
    middle = content.decode(chance.choice(codes), errors=chance.choice(("replace", "ignore")))
    return middle.encode(chance.choice(codes), errors="replace")


def _blot(chance: random.Random, content: bytes) -> bytes:
    at, length = chance.randrange(len(content) + 1), chance.choice((1, 16, 512, 4096))
    blot = chance.choice((bytes(length), b"\xff" * length, chance.randbytes(length), b'"' * length))
    return content[:at] + blot + content[at + chance.choice((0, length)) :]


def _repeat(chance: random.Random, content: bytes) -> bytes:
    at, end = sorted((chance.randrange(len(content) + 1), chance.randrange(len(content) + 1)))
    return content[:at] + content[at:end] * chance.choice((0, 2, 3)) + content[end:]


def _false_lengths(chance: random.Random, content: bytes) -> bytes:
    """Put a huge or negative number where a length may stand."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 3)) if len(changed) > 8 else 0):
        at = chance.randrange(len(changed) - 4)
        changed[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80"))
    return bytes(changed)


def _nest(chance: random.Random, content: bytes) -> bytes:
    """Archives in archives, and members of evil names."""
    inner = chance.choice(("表.csv", "../表.csv", "/etc/表.csv", "a.zip", "C:\\a.csv", "", "a\0b.csv"))
    for _ in range(chance.choice((1, 1, 2, 5))):
        members = [(inner, content), *[(f"{n}.csv", text(rows()[:2], "gb18030")) for n in range(chance.randrange(4))]]
        content = archive(*chance.sample(members, len(members)))
    return content


def _line_ends(chance: random.Random, content: bytes) -> bytes:
    return content.replace(b"\r\n", chance.choice((b"\n", b"\r", b"\r\r\n", b"\n\n", b"\n\r", b"\x0b")))


ANYWHERE: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flip,
    _flip,
    _truncate,
    _behead,
    _splice,
    _splice,
    _reencode,
    _blot,
    _repeat,
    _false_lengths,
    _nest,
    _line_ends,
)


def _local(chance: random.Random, kind: str, name: str) -> Hostile:
    """Touch at most a tenth of the rows, below the level of cells where the format has lines or records."""
    touched = chance.sample(range(len(rows())), chance.randrange(1, 7))
    untouched = frozenset(row[0] for at, row in enumerate(rows()) if at not in touched)
    if kind in ENCODINGS:
        content, how = _damaged_lines(chance, kind, touched)
        return Hostile(name, content, how, untouched)
    if kind == "dbf":
        return Hostile(name, _damaged_records(chance, touched), "records", untouched, len(rows()))
    if kind == "zip":
        return Hostile(name, _damaged_member(chance, touched), "a member's lines", untouched)
    table = list(rows())
    for at in touched:
        table[at] = _damaged_cells(chance, table[at], kind)
    lines = len(table) + (kind != "parquet")
    return Hostile(name, WRITERS[kind](tuple(table)), "cells", untouched, lines)


def _damaged_lines(chance: random.Random, kind: str, touched: list[int]) -> tuple[bytes, str]:
    """Damage the bytes of some lines and leave their line feeds; of UTF-16 whole units, or all after it shifts."""
    code = ENCODINGS[kind].replace("utf-16", "utf-16-le").removesuffix("-sig")
    mark = {"csv_utf16": b"\xff\xfe", "csv_bom": b"\xef\xbb\xbf"}.get(kind, b"")
    lines = [line.encode(code) for line in text(rows(), "utf-8").decode().split("\r\n")[:-1]]
    how = chance.choice(("bytes", "quote", "cut", "zero", "foreign", "comma", "doubled"))
    for at in touched:
        lines[at + 1] = _damaged_line(chance, lines[at + 1], code, how)
    return mark + b"".join(line + "\r\n".encode(code) for line in lines), f"lines: {how}"


def _damaged_line(chance: random.Random, line: bytes, code: str, how: str) -> bytes:
    unit = 2 if code.startswith("utf-16") else 1
    at = chance.randrange(len(line) // unit) * unit
    inserted = {"quote": '"'.encode(code), "comma": ",".encode(code), "zero": bytes(unit), "cut": b""}
    if how in inserted:
        return line[:at] + inserted[how] + (b"" if how == "cut" else line[at:])
    if how == "foreign":
        other = {"gb18030": "utf-8", "utf-8": "gb18030"}.get(code, "utf-16-be")
        return line.decode(code).encode(other)
    if how == "doubled":
        return line + line
    changed = bytearray(line)
    for _ in range(chance.choice((1, 2, 8))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _damaged_records(chance: random.Random, touched: list[int]) -> bytes:
    content = bytearray(WRITERS["dbf"](rows()))
    start, length = int.from_bytes(content[8:10], "little"), int.from_bytes(content[10:12], "little")
    for at in touched:
        for _ in range(chance.choice((1, 3, 20))):
            content[start + at * length + chance.randrange(length)] = chance.randrange(256)
    return bytes(content)


def _damaged_member(chance: random.Random, touched: list[int]) -> bytes:
    """A member with damaged lines beside one whose packed bytes are damaged."""
    lines, _ = _damaged_lines(chance, chance.choice(tuple(ENCODINGS)), touched)
    content = bytearray(archive(("坏.csv", text(rows()[:9], "gb18030")), ("关系人.csv", lines)))
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        first = packed.infolist()[0]
    start = 30 + len(first.filename.encode())
    content[start + chance.randrange(first.compress_size)] ^= 0x55
    return bytes(content)


def _damaged_cells(chance: random.Random, row: Row, kind: str) -> Row:
    cells = list(row)
    for _ in range(chance.choice((1, 1, 2))):
        cells[chance.randrange(4)] = chance.choice(HOSTILE_CELLS)
    if kind == "xls":
        cells = ["" if cell is None else cell for cell in cells]
    return tuple(cells)
