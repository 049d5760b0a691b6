"""Bytes of a text file become numbered lines: each decoded strictly, or condemned with its reason."""

from __future__ import annotations

import codecs
from collections.abc import Iterable

END_OF_FILE = b"\x1a"  # Ctrl-Z
MAX_LINE_BYTES = 1 << 20  # a delivered row is hundreds of bytes; a megabyte is a damaged file


def decode_lines(content: bytes) -> tuple[list[str | None], list[tuple[int, str]], str]:
    """Return each physical line as text, or None and its reason; and the file's encoding.

    Lines end at a line feed; GB18030 has no trail byte 0x0A, 0x0D, 0x2C or 0x22, so bytes may be split first.
    """
    wide = utf16_of(content)
    if wide is not None:
        return _decode_utf16(content, wide)
    has_bom = content.startswith(codecs.BOM_UTF8)
    raw = _split(content[3:] if has_bom else content)
    encoding = "utf-8" if _is_mostly_utf8(raw, otherwise=has_bom) else "gb18030"
    return _decode_each(raw, encoding)


def bare_lines(content: bytes, numbers: Iterable[int], encoding: str) -> dict[int, str]:
    """Return some lines by their number as far as anybody can read them: whom a broken line names may still be seen."""
    if encoding.startswith("utf-16"):
        # The lines were condemned by their bytes already; here what is left of them is searched for people.
        every = content.decode(encoding, errors="ignore").split("\n")
        return {number: every[number - 1] for number in numbers if number <= len(every)}
    raw = content.split(b"\n")
    return {number: raw[number - 1].decode("latin-1").replace("\0", "") for number in numbers if number <= len(raw)}


def _split(content: bytes) -> list[bytes]:
    """Split at line feeds; an old DOS ends a file with Ctrl-Z."""
    raw = content.split(b"\n")
    if raw and not raw[-1]:
        raw.pop()
    if raw and raw[-1].endswith(END_OF_FILE):
        raw[-1] = raw[-1].rstrip(END_OF_FILE)
    return raw


def utf16_of(content: bytes) -> str | None:
    """Tell UTF-16 by its mark, or by zero bytes in every second place of the first kilobyte.

    The other places have some too: 一 is U+4E00.
    """
    if content.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if content.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    head = content[:1024]
    odd, even = head[1::2].count(0), head[0::2].count(0)
    half = len(head) // 2
    if half < 8:
        return None
    if odd > 0.3 * half and even * 4 < odd:
        return "utf-16-le"
    return "utf-16-be" if even > 0.3 * half and odd * 4 < even else None


def _decode_utf16(content: bytes, encoding: str) -> tuple[list[str | None], list[tuple[int, str]], str]:
    """Split UTF-16 by its own line feeds, so that one broken unit condemns one line."""
    body = content[2:] if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else content
    feed = "\n".encode(encoding)
    pieces: list[bytes] = []
    start = 0
    at = body.find(feed)
    while at >= 0:
        if at % 2 == 0:
            pieces.append(body[start:at])
            start = at + 2
        at = body.find(feed, at + (2 if at % 2 == 0 else 1))
    if start < len(body):
        pieces.append(body[start:])
    return _decode_each(pieces, encoding)


def _is_mostly_utf8(raw: list[bytes], *, otherwise: bool) -> bool:
    """Most lines that are not ASCII decode as UTF-8: then the file is UTF-8 and the others are wrong.

    `otherwise`: what a byte-order mark says, which some programs put before GBK too.
    """
    good = bad = 0
    for line in raw:
        if line.isascii():
            continue
        if _decodes_as_utf8(line):
            good += 1
        else:
            bad += 1
    return good > bad or (otherwise and good == bad)


def _decodes_as_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode_each(raw: list[bytes], encoding: str) -> tuple[list[str | None], list[tuple[int, str]], str]:
    lines: list[str | None] = []
    condemned: list[tuple[int, str]] = []
    is_gb = encoding == "gb18030"
    nul = b"" if encoding.startswith("utf-16") else b"\0"
    for number, line in enumerate(raw, start=1):
        text = _sound(line, encoding, is_gb=is_gb)
        if text is not None:  # nearly every line: told in one step
            lines.append(text)
            continue
        text, fault = _decode_one(line, encoding, nul, is_gb=is_gb)
        if fault:
            condemned.append((number, fault))
            lines.append(None)
        else:
            lines.append(text.removesuffix("\r").removeprefix("\ufeff"))
    return lines, condemned, encoding


def _sound(line: bytes, encoding: str, *, is_gb: bool) -> str | None:
    """Return a line's text without its carriage return where nothing is wrong with it.

    None where it must be looked at.
    """
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError:
        return None
    if "\0" in text or len(line) > MAX_LINE_BYTES or text[:1] == "\ufeff":
        return None
    if is_gb and not line.isascii() and _looks_like_utf8(line):
        return None
    return text[:-1] if text[-1:] == "\r" else text


def _decode_one(line: bytes, encoding: str, nul: bytes, *, is_gb: bool) -> tuple[str, str]:
    """Return a line's text, or an empty text and its fault."""
    if fault := _fault_of_bytes(line, nul, is_gb=is_gb):
        return "", fault
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError:
        return "", "UNDECODABLE" if is_gb or not _decodes_as_gb(line) else "WRONG_ENCODING"
    return (text, "") if "\0" not in text else ("", "NUL_BYTE")


def _fault_of_bytes(line: bytes, nul: bytes, *, is_gb: bool) -> str:
    if len(line) > MAX_LINE_BYTES:
        return "LINE_TOO_LONG"
    if nul and nul in line:
        return "NUL_BYTE"
    if is_gb and not line.isascii() and _looks_like_utf8(line):
        return "WRONG_ENCODING"
    return ""


def _looks_like_utf8(line: bytes) -> bool:
    """A UTF-8 line read as GB18030 often decodes cleanly into nonsense: valid UTF-8 with Han is not GB18030."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return any(character >= "\u0800" for character in text)


def _decodes_as_gb(line: bytes) -> bool:
    try:
        line.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True
