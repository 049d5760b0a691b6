"""The streams of an OLE container (an xls, and much that is none), by MS-CFB: only names and one stream are needed."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from village_credit.extract.guard import CUT, Damaged

OLE = b"\xd0\xcf\x11\xe0"
END = 0xFFFFFFFA  # from here on a number is no sector
ENTRY_BYTES = 128
NONE = 0xFFFFFFFF


@dataclass(frozen=True)
class Entry:
    """One stream or storage directly below the root."""

    name: str
    start: int
    size: int


class Compound:
    """A container's top-level entries and their bytes; raises `Damaged` where its chains lead nowhere."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        try:
            self._open()
        except (struct.error, IndexError) as error:
            raise Damaged(CUT) from error

    def _open(self) -> None:
        major, _, shift, mini_shift = struct.unpack_from("<HHHH", self.content, 26)
        if not 7 <= shift <= 16 or not 4 <= mini_shift < shift:
            raise Damaged(CUT)
        self.sector, self.mini_sector = 1 << shift, 1 << mini_shift
        directory, _, self.mini_cutoff, mini_start = struct.unpack_from("<IIII", self.content, 48)
        self.table = self._table()
        tree = b"".join(self._sectors(directory))
        self.mini_table = self._numbers(b"".join(self._sectors(mini_start))) if mini_start < END else ()
        _, root_start, root_size, root_child = self._entry(tree, 0, major)
        self.mini_stream = b"".join(self._sectors(root_start))[:root_size] if root_start < END else b""
        self.entries = {entry.name: entry for entry in self._children(tree, root_child, major)}

    def stream(self, name: str) -> bytes:
        """Return a stream's bytes."""
        entry = self.entries[name]
        if entry.size >= self.mini_cutoff:
            return b"".join(self._sectors(entry.start))[: entry.size]
        step, numbers = self.mini_sector, _chain(self.mini_table, entry.start)
        return b"".join(self.mini_stream[number * step : (number + 1) * step] for number in numbers)[: entry.size]

    def _table(self) -> tuple[int, ...]:
        """Return the next sector of every sector."""
        listed = list(struct.unpack_from("<109I", self.content, 76))
        more, count = struct.unpack_from("<II", self.content, 68)
        per_sector = self.sector // 4 - 1
        for _ in range(min(count, len(self.content) // self.sector)):
            if more >= END:
                break
            *numbers, more = struct.unpack(f"<{per_sector + 1}I", self._bytes(more))
            listed += numbers
        return self._numbers(b"".join(self._bytes(number) for number in listed if number < END))

    def _bytes(self, number: int) -> bytes:
        """Return a sector, filled up where the file ends within it."""
        begin = (number + 1) * self.sector
        if begin >= len(self.content):
            raise Damaged(CUT)
        return self.content[begin : begin + self.sector].ljust(self.sector, b"\0")

    def _sectors(self, start: int) -> Iterator[bytes]:
        return (self._bytes(number) for number in _chain(self.table, start))

    @staticmethod
    def _numbers(content: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4])

    @staticmethod
    def _entry(tree: bytes, number: int, major: int) -> tuple[str, int, int, int]:
        """Return an entry's name, first sector, size and first child."""
        at = number * ENTRY_BYTES
        (length,) = struct.unpack_from("<H", tree, at + 64)
        name = tree[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace").split("\0")[0]
        start, size = struct.unpack_from("<IQ", tree, at + 116)
        (child,) = struct.unpack_from("<I", tree, at + 76)
        return name, start, size & 0xFFFFFFFF if major < 4 else size, child

    def _children(self, tree: bytes, root: int, major: int) -> Iterator[Entry]:
        """Walk the tree of one storage, each entry once."""
        waiting, seen = [root], set[int]()
        while waiting:
            number = waiting.pop()
            if number >= len(tree) // ENTRY_BYTES or number in seen:
                continue
            seen.add(number)
            name, start, size, _ = self._entry(tree, number, major)
            yield Entry(name, start, size)
            waiting += struct.unpack_from("<II", tree, number * ENTRY_BYTES + 68)


def _chain(table: tuple[int, ...], start: int) -> Iterator[int]:
    """Follow sectors to the end; a chain longer than its table goes round in a circle."""
    for _ in range(len(table) + 1):
        if start >= END:
            return
        if start >= len(table):
            raise Damaged(CUT)
        yield start
        start = table[start]
    raise Damaged(CUT)
