"""A zip becomes its members' bytes: names decoded, paths and sizes checked before anything is opened."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from village_credit.extract.guard import CUT
from village_credit.extract.leftovers import is_leftover

MAX_MEMBER_BYTES = 2 << 30
MAX_TOTAL_BYTES = 4 << 30  # of all members together: many small bombs are a bomb
MAX_RATIO = 200  # text packs 5 to 20 times; a bomb thousands of times
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, LookupError, struct.error)
RATIO_FREE_BYTES = 16 << 20  # below this size a high ratio is only a repetitive table


@dataclass(frozen=True)
class Member:
    """One file of an archive, or why it was not opened; without a name, what is wrong with the archive."""

    name: str
    content: bytes
    refusal: str = ""
    code: str = "ARCHIVE_REFUSED"  # the refusal's, of data_contracts.reasons.EXTRACT_REASONS


def holds_table(name: str) -> bool:
    """Tell a member that may be a table."""
    return not is_leftover(name)


def members(content: bytes, is_wanted: Callable[[str], bool] = holds_table) -> Iterator[Member]:
    """Return the members in the archive's order; where the archive is damaged, a last one without a name."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = 0
            for info in archive.infolist():
                name = member_name(info)
                if info.is_dir() or not is_wanted(name):
                    continue
                refusal = _refusal(info, name, room=MAX_TOTAL_BYTES - unpacked)
                unpacked += 0 if refusal else info.file_size
                yield Member(name, b"", refusal) if refusal else _open(archive, info, name)
    except DAMAGE:
        yield _damaged("", f"the zip archive is {CUT}")


def _damaged(name: str, refusal: str) -> Member:
    return Member(name, b"", refusal, "UNREADABLE_FILE")


def member_name(info: zipfile.ZipInfo) -> str:
    """Decode a member's name: without the UTF-8 flag it is what the office's Windows wrote, GB18030."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.filename


def is_bomb(info: zipfile.ZipInfo) -> bool:
    """A member too large, or too much larger than its packed bytes."""
    ratio = info.file_size / max(1, info.compress_size)
    return info.file_size > MAX_MEMBER_BYTES or (info.file_size > RATIO_FREE_BYTES and ratio > MAX_RATIO)


def beginnings(content: bytes, size: int, suffix: str) -> dict[str, bytes]:
    """Return the first bytes of the members of a suffix by their names, none of those that cannot be opened."""
    found = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for info in archive.infolist():
                if member_name(info).lower().endswith(suffix):
                    found[member_name(info)] = _begin(archive, info, size)
    except DAMAGE:
        return found
    return found


def _begin(archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int) -> bytes:
    try:
        with archive.open(info) as stream:
            return stream.read(size)
    except DAMAGE:
        return b""


def names(content: bytes) -> list[str]:
    """Return the names of a zip's members as they are written, none where it is damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.namelist()
    except DAMAGE:
        return []


def workbook_refusal(content: bytes) -> str:
    """An xlsx is an archive too: say why it is not opened, or nothing; one that is damaged is not refused here."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except DAMAGE:
        return ""
    is_too_large = sum(part.file_size for part in parts) > MAX_TOTAL_BYTES or any(map(is_bomb, parts))
    return "workbook unpacks to an implausible size" if is_too_large else ""


def _refusal(info: zipfile.ZipInfo, name: str, room: int) -> str:
    """Say why a member is not opened; `room`: bytes that the archive may still unpack to."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        return "member's path leaves the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "member is a symbolic link"
    if info.flag_bits & 0x1:
        return "member is encrypted: deliver it without a password"
    if info.file_size > room:
        return "the archive's members together unpack to an implausible size: deliver it in parts"
    return "member unpacks to an implausible size" if is_bomb(info) else ""


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Member:
    """Read one member, never more bytes than the directory promised."""
    try:
        with archive.open(info) as stream:
            content = stream.read(info.file_size + 1)
    except DAMAGE as error:
        return _damaged(name, f"member is damaged ({type(error).__name__}): deliver it again")
    if len(content) != info.file_size:
        return _damaged(name, "member's size is not what the archive says: deliver it again")
    return Member(name, content)
