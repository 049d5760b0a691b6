"""A ledger's folder: each act a file that is created exclusively; acts of long ago are kept in volumes of many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from village_credit.errors import VerificationFailed
from village_credit.store.volumes import act_name, acts_in_volume, span_of, volume_name, volume_of
from village_credit.store.whole_files import create_whole, locked, sync_folder

VOLUME_ACTS = 4096  # so many acts are one volume
LATER_ACTS = 1024  # so many acts after a volume's are files of their own: whoever acts now meets nothing but these
READINGS = 3  # acts may be put into volumes between a look at the names and one at the files
LOCK = ".lock"  # of the ledger, beside it: who creates an act shares it; who takes files away has it alone


@dataclass(frozen=True)
class _Names:
    """What lies in a ledger's folder, in the order of its acts; `kept`: up to which act volumes go."""

    volumes: list[str]
    acts: list[str]
    kept: int

    @property
    def newest(self) -> int:
        """Return the number of the last act; 0: there is none."""
        last = self.acts[-1].removesuffix(".json") if self.acts else "0"
        return max(self.kept, int(last) if last.isdigit() else 0)

    def copies(self) -> Iterator[str]:
        """Name the files of acts that are in a volume too."""
        return (name for name in self.acts if name <= act_name(self.kept))


def _names(folder: Path) -> _Names:
    """Name volumes and acts; what else lies there is neither."""
    try:
        found = os.listdir(folder)  # noqa: PTH208  # a hundred thousand paths cost more than the acts
    except FileNotFoundError:
        found = []
    mine = sorted(name for name in found if "0" <= name[:1] <= "9")
    volumes = [name for name in mine if name.endswith(".acts")]
    return _Names(volumes, [name for name in mine if name.endswith(".json")], span_of(volumes[-1])[1] if volumes else 0)


def read_acts(folder: Path) -> list[bytes]:
    """Return every act's bytes in their order; raises VerificationFailed where one is missing or not what it was.

    All of a volume's acts are in it before a file of one goes: whoever misses a file has only to look again.
    """
    for _ in range(READINGS - 1):
        with suppress(FileNotFoundError, VerificationFailed):
            return _read(folder)
    return _read(folder)


def _read(folder: Path) -> list[bytes]:
    names = _names(folder)
    acts: list[bytes] = []
    for name in names.volumes:
        if span_of(name)[0] != len(acts) + 1:
            raise _unfollowed(name)
        acts += acts_in_volume(name, _content(folder, name))
    copies = list(names.copies())
    _require_copies(folder, copies, acts)
    for number, name in enumerate(names.acts[len(copies) :], start=names.kept + 1):
        if name != act_name(number):
            raise _unfollowed(name)
        acts.append(_content(folder, name))
    return acts


def _require_copies(folder: Path, copies: list[str], acts: list[bytes]) -> None:
    """Raise VerificationFailed where an act has another file than what its volume holds; a file may go meanwhile."""
    told = {act_name(number): act for number, act in enumerate(acts, start=1)} if copies else {}
    for name in copies:
        if name not in told:
            raise _unfollowed(name)
        with suppress(FileNotFoundError):
            if _content(folder, name) != told[name]:
                raise VerificationFailed(
                    f"ledger entry {name} is another than the volume that holds it tells: compare both with the backup"
                )


def _content(folder: Path, name: str) -> bytes:
    with open(f"{folder}/{name}", "rb") as file:  # noqa: PTH123  # as above
        return file.read()


def _unfollowed(name: str) -> VerificationFailed:
    return VerificationFailed(f"ledger entry {name} does not follow the one before it: the chain is broken there")


def newest_act(folder: Path) -> int:
    """Return the number of the last act; 0: there is none."""
    return _names(folder).newest


def act_bytes_of(folder: Path, number: int) -> bytes | None:
    """Return an act's bytes, without a look at any other; None: there is none of that number."""
    with suppress(FileNotFoundError):
        return _content(folder, act_name(number))
    volume = _volume_with(folder, number)
    return None if volume is None else acts_in_volume(volume, _content(folder, volume))[number - span_of(volume)[0]]


def act_place(folder: Path, number: int) -> str:
    """Say where an act lies: its file, or in which volume it is under that name."""
    volume = None if (folder / act_name(number)).is_file() else _volume_with(folder, number)
    return "/".join(filter(None, [folder.name, volume, act_name(number)]))


def _volume_with(folder: Path, number: int) -> str | None:
    spans = {name: span_of(name) for name in _names(folder).volumes}
    return next((name for name, (first, last) in spans.items() if first <= number <= last), None)


def create_act(folder: Path, number: int, content: bytes) -> bool:
    """Create the file of an act, whole, and only where no act has its number; tells whether it was this writer.

    The number of an act whose file went into a volume stays taken: nobody takes files away between look and create.
    """
    with locked(_lock_of(folder), alone=False):
        return number > _names(folder).kept and create_whole(folder / act_name(number), content, mode=0o444)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + LOCK)


def keep_in_volumes(folder: Path, size: int | None = None, later: int | None = None) -> int:
    """Put acts of long ago into volumes of `size`, as long as `later` acts follow; return how many files went.

    All volumes are written and synced, then read back beside the files that they stand for, and only then these go:
    killed anywhere, it has lost nothing, and the next finishes it. Raises VerificationFailed where an act is missing.
    """
    size, later = size or VOLUME_ACTS, later or LATER_ACTS
    if not _is_due(_names(folder), size + later):
        return 0
    with locked(_lock_of(folder), alone=True):
        _write_volumes(folder, size, later)
        read_acts(folder)
        copies = list(_names(folder).copies())
        for name in copies:
            (folder / name).unlink()
        sync_folder(folder)
    return len(copies)


def _is_due(names: _Names, least: int) -> bool:
    """Tell whether a volume can be filled, or files are left of acts that are in one."""
    return names.newest - names.kept >= least or next(names.copies(), None) is not None


def _write_volumes(folder: Path, size: int, later: int) -> None:
    acts, kept = read_acts(folder), _names(folder).kept
    for first in range(kept, len(acts) - size - later + 1, size):
        content = volume_of(first + 1, acts[first : first + size])
        create_whole(folder / volume_name(first + 1, first + size), content, mode=0o444)
