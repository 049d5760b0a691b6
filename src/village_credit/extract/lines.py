"""Bytes of a text file become numbered lines: each decoded strictly, or condemned with its reason.

What is asked of every line is asked of a block of lines; the lines of a block in which anything is wrong are asked one
by one.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

END_OF_FILE = b"\x1a"  # Ctrl-Z
MAX_LINE_BYTES = 1 << 20  # a delivered row is hundreds of bytes; a megabyte is a damaged file
BLOCK_BYTES = 1 << 19
Places = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Lines(Sequence["str | None"]):
    """The physical lines of a file: `text[starts[i]:ends[i]]` in UTF-8, without their ends.

    `condemned`: why a line, by its index, is none that anybody may read; it is None where lines are asked for.
    """

    text: bytes
    starts: Places
    ends: Places
    condemned: dict[int, str]
    encoding: str

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, index: int) -> str | None: ...
    @overload
    def __getitem__(self, index: slice) -> list[str | None]: ...
    def __getitem__(self, index: int | slice) -> str | list[str | None] | None:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if index in self.condemned:
            return None
        return self.text[self.starts[index] : self.ends[index]].decode()

    def holding(self, byte: bytes) -> Places:
        """Return the indices of the lines that hold a byte, ascending."""
        buffer = np.frombuffer(self.text, np.uint8)
        return np.unique(np.searchsorted(self.starts, np.flatnonzero(buffer == ord(byte)), side="right") - 1)

    def counts(self, byte: bytes) -> Places:
        """Count a byte in each line."""
        at = np.flatnonzero(np.frombuffer(self.text, np.uint8) == ord(byte))
        return np.searchsorted(at, self.ends) - np.searchsorted(at, self.starts)


def read_lines(content: bytes) -> Lines:
    """Return each physical line of a file, decoded or condemned, and the file's encoding.

    Lines end at a line feed; GB18030 has no trail byte 0x0A, 0x0D, 0x2C or 0x22, so bytes may be split first.
    """
    wide = utf16_of(content)
    if wide is not None:
        return _lines([_joined(_one_by_one(_split_utf16(content, wide), wide, 0))], wide)
    has_bom = content.startswith(codecs.BOM_UTF8)
    body = _without_end_mark(content[3:] if has_bom else content)
    encoding = "utf-8" if _is_mostly_utf8(body, otherwise=has_bom) else "gb18030"
    return _lines(_decoded_blocks(body, encoding), encoding)


Decoded = tuple[bytes, dict[int, str]]  # lines in UTF-8, each with its end; why some of them, by index, are condemned


def _lines(blocks: Iterable[Decoded], encoding: str) -> Lines:
    """Put blocks of lines together."""
    texts: list[bytes] = []
    condemned: dict[int, str] = {}
    count = 0
    for text, faults in blocks:
        condemned.update({count + index: fault for index, fault in faults.items()})
        texts.append(text)
        count += text.count(b"\n")
    whole = b"".join(texts)
    buffer = np.frombuffer(whole, np.uint8)
    feeds = np.flatnonzero(buffer == ord("\n"))
    starts = np.concatenate([[0], feeds[:-1] + 1]) if len(feeds) else feeds
    has_return = (feeds > starts) & (buffer[np.maximum(feeds - 1, 0)] == ord("\r"))
    return Lines(whole, starts, feeds - has_return, condemned, encoding)


def bare_lines(content: bytes, numbers: Iterable[int], encoding: str) -> dict[int, str]:
    """Return some lines by their number as far as anybody can read them: whom a broken line names may still be seen."""
    if encoding.startswith("utf-16"):
        # The lines were condemned by their bytes already; here what is left of them is searched for people.
        every = content.decode(encoding, errors="ignore").split("\n")
        return {number: every[number - 1] for number in numbers if number <= len(every)}
    raw = content.split(b"\n")
    return {number: raw[number - 1].decode("latin-1").replace("\0", "") for number in numbers if number <= len(raw)}


def _without_end_mark(content: bytes) -> bytes:
    """Return a file whose every line ends with a line feed; an old DOS ends a file with Ctrl-Z."""
    if not content:
        return content
    body = content.removesuffix(b"\n")
    if body.endswith(END_OF_FILE):
        begin = body.rfind(b"\n") + 1
        body = body[:begin] + body[begin:].rstrip(END_OF_FILE)
    return body + b"\n"


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


def _split_utf16(content: bytes, encoding: str) -> list[bytes]:
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
    return pieces


def _blocks(content: bytes) -> Iterator[bytes]:
    """Cut at line feeds."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start + BLOCK_BYTES) + 1 or len(content)
        yield content[start:end]
        start = end


def _is_mostly_utf8(content: bytes, *, otherwise: bool) -> bool:
    """Most lines that are not ASCII decode as UTF-8: then the file is UTF-8 and the others are wrong.

    `otherwise`: what a byte-order mark says, which some programs put before GBK too.
    """
    if content.isascii():
        return otherwise
    good = bad = 0
    for block in _blocks(content):
        if not block.isascii():
            count, lines = _may_be_utf8(block)
            decoding = count if _as_utf8(block) is not None else len(_decoding(lines))
            good += decoding
            bad += count - decoding
    return good > bad or (otherwise and good == bad)


def _may_be_utf8(block: bytes) -> tuple[int, list[bytes]]:
    """Count the lines that are not ASCII, and return those whose first such characters may be UTF-8.

    A line of GB18030 is told by them, nearly always.
    """
    buffer = np.frombuffer(block, np.uint8)
    feeds = np.flatnonzero(buffer == ord("\n"))
    high = np.flatnonzero(buffer >= 0x80)
    starts = np.concatenate([[0], feeds[:-1] + 1])
    first = np.searchsorted(high, starts)
    at = high[np.minimum(first, len(high) - 1)]
    has_high = (first < len(high)) & (at >= starts) & (at < feeds)
    lead, second, third = (buffer[np.minimum(at + step, len(buffer) - 1)] for step in (0, 1, 2))
    of_two = (lead >= 0xC2) & (lead < 0xE0) & ((third < 0x80) | (third >= 0xC2))
    of_more = (lead >= 0xE0) & ((third & 0xC0) == 0x80)
    lines = np.flatnonzero(has_high & ((second & 0xC0) == 0x80) & (of_two | of_more))
    return int(has_high.sum()), [block[starts[index] : feeds[index]] for index in lines]


def _decoding(lines: Iterable[bytes]) -> list[str]:
    """Return the lines that are UTF-8, as text."""
    return [text for text in map(_as_utf8, lines) if text is not None]


def _as_utf8(line: bytes) -> str | None:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _decoded_blocks(content: bytes, encoding: str) -> Iterator[Decoded]:
    """Decode block by block; the lines of a block in which anything may be wrong one by one."""
    for block in _blocks(content):
        text = _sound_block(block, encoding)
        yield (text, {}) if text is not None else _joined(_one_by_one(block[:-1].split(b"\n"), encoding, 1))


def _sound_block(block: bytes, encoding: str) -> bytes | None:
    """Return a block in UTF-8 where nothing is wrong with any of its lines."""
    try:
        text = block.decode(encoding)
    except UnicodeDecodeError:
        return None
    is_long = len(block) > MAX_LINE_BYTES and max(map(len, block.split(b"\n"))) > MAX_LINE_BYTES
    if b"\0" in block or "\ufeff" in text or is_long:
        return None
    if encoding == "utf-8" or block.isascii():
        return block
    looks_like_utf8 = any(map(_is_beyond_two_bytes, _decoding(_may_be_utf8(block)[1])))
    return None if looks_like_utf8 else text.encode()


def _one_by_one(raw: list[bytes], encoding: str, unit: int) -> Iterator[tuple[str, str]]:
    """Return each line's text and fault; `unit`: how many bytes a NUL has, 0 where zero bytes are usual."""
    nul = b"\0" * unit
    is_gb = encoding == "gb18030"
    for line in raw:
        text, fault = _decode_one(line, encoding, nul, is_gb=is_gb)
        yield text.removeprefix("\ufeff"), fault


def _joined(lines: Iterable[tuple[str, str]]) -> Decoded:
    told = list(lines)
    faults = {index: fault for index, (_, fault) in enumerate(told) if fault}
    return "".join(f"{text}\n" for text, _ in told).encode(), faults


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
    text = _as_utf8(line)
    return text is not None and _is_beyond_two_bytes(text)


def _is_beyond_two_bytes(text: str) -> bool:
    return max(text, default="") >= "\u0800"


def _decodes_as_gb(line: bytes) -> bool:
    try:
        line.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True
