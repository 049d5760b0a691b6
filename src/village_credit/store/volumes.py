"""Acts of long ago become one file: their bytes as they are, in the archive form of `ar`, which is text about text.

Each act has a line of 60 bytes before it that names its file and its length (ar(5)): `less` shows it, `ar x` gives the
files back. Nothing in it is free, so a volume has one form only, and each of its bytes is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from village_credit.errors import VerificationFailed

MAGIC = b"!<arch>\n"
LINE = b"%-16b0           0     0     100444  %-10d`\n"  # name, day, user, group, mode, length; the same for everybody
LINE_BYTES, LENGTH = 60, slice(48, 58)
NAME = re.compile(r"(\d{8})-(\d{8})\.acts")


def act_name(number: int) -> str:
    """Name the file of an act."""
    return f"{number:08d}.json"


def volume_name(first: int, last: int) -> str:
    """Name the volume of the acts from `first` to `last`."""
    return f"{first:08d}-{last:08d}.acts"


def span_of(name: str) -> tuple[int, int]:
    """Return the first and last act of a volume by its name; raises VerificationFailed where that is none."""
    found = NAME.fullmatch(name)
    if found is None or int(found[1]) > int(found[2]):
        raise VerificationFailed(f"ledger/{name} is no volume of acts: compare with the backup")
    return int(found[1]), int(found[2])


def volume_of(first: int, acts: Sequence[bytes]) -> bytes:
    """Put acts, of numbers from `first` on, into a volume."""
    return MAGIC + b"".join(_framed(number, act) for number, act in enumerate(acts, start=first))


def acts_in_volume(name: str, content: bytes) -> list[bytes]:
    """Return each act's bytes; raises VerificationFailed where a volume is not what `volume_of` makes of them."""
    first, last = span_of(name)
    acts: list[bytes] = []
    at = len(MAGIC)
    for number in range(first, last + 1):
        act = _act_at(content, at)
        framed = _framed(number, act)
        if not content.startswith(framed, at):
            raise _damaged(name, number)
        acts.append(act)
        at += len(framed)
    if at != len(content) or not content.startswith(MAGIC):
        raise _damaged(name, first if at == len(content) else last)
    return acts


def _act_at(content: bytes, at: int) -> bytes:
    """Return what stands after the line at a place, as long as that says; of a line that says nothing, nothing."""
    told = content[at + LENGTH.start : at + LENGTH.stop].rstrip()
    begun = at + LINE_BYTES
    return content[begun : begun + int(told)] if told.isdigit() else b""


def _framed(number: int, act: bytes) -> bytes:
    """Return an act with its line before it; each line begins at an even place."""
    line = LINE % (b"%08d.json/" % number, len(act))
    return line + act + b"\n" * (len(act) % 2)


def _damaged(name: str, number: int) -> VerificationFailed:
    return VerificationFailed(
        f"ledger volume {name} is damaged or cut short at act {number:,}: compare with the backup"
    )
