"""A county's declared source, its folder and its region's, becomes its files in the order that says which is first."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from village_credit.errors import MissingInput, why_unread
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.leftovers import FOLDERS as LEFT_FOLDERS
from village_credit.extract.leftovers import is_leftover, is_shape_part, stem
from village_credit.identifiers import COUNTY_CODE, is_of_region, region_of, require_county_code

_COPY = re.compile(r"备份|副本|copy|\(\d+\)|（\d+）", re.IGNORECASE)


def reading_order(file_name: str) -> tuple[bool, bool, str]:
    """Order files by code points, the county's own first and copies by their names last; never by file time."""
    return is_of_region(file_name), bool(_COPY.search(file_name)), file_name


def counties_in(inbox: Path) -> list[str]:
    """Name the counties that have a folder in the inbox, sorted; a region's is none, nor is any other.

    Raises MissingInput where there is none.
    """
    names = [path.name for path in inbox.iterdir() if path.is_dir()] if inbox.is_dir() else []
    found = sorted(name for name in names if COUNTY_CODE.fullmatch(name) and not is_of_region(f"{name}/"))
    if not found:
        raise MissingInput("the inbox has no folder named by a county code: ask the offices to deliver")
    return found


def list_inbox(inbox: Path, county_code: str) -> list[str]:
    """Return the names below INBOX/<county>/ in reading order, then those of INBOX/<region>/, with that folder's name.

    Raises MissingInput where the county's has nothing, or where a folder cannot be looked into: what lies in it might
    be a list of objections, and a run without it grants whom it should not.
    """
    folder = inbox / require_county_code(county_code)
    if not folder.is_dir():
        raise MissingInput(f"inbox has no folder for county {county_code}: expected {county_code}/ below the inbox")
    told = f"inbox of county {county_code}"
    found = _found(folder, told)
    names = [name for name in found if not is_leftover(name)]
    if not names:
        raise MissingInput(f"inbox of county {county_code} is empty: ask the offices to deliver")
    if any(map(is_of_region, names)):
        raise MissingInput(
            f"inbox of county {county_code} has a folder that is named as a region's: what all counties share lies "
            f"beside it, in {region_of(county_code)}/ below the inbox"
        )
    region = region_of(county_code)
    if region != county_code and (inbox / region).is_dir():
        shared = _found(inbox / region, f"{told}, folder {region}")
        if any(map(is_of_region, shared)):
            raise MissingInput(f"the inbox's folder {region}/ has another region's folder in it: it lies beside it")
        names += [f"{region}/{name}" for name in shared if not is_leftover(name)]
    return sorted([*names, *_shapes(found)], key=reading_order)


def _found(folder: Path, told: str) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in _files(folder, told)]


def _shapes(names: list[str]) -> list[str]:
    """Return the parts of maps that lie open in the inbox; a .prj without a .shp was left by a program."""
    drawn = {stem(name) for name in names if name.lower().endswith(".shp") and is_shape_part(name)}
    return [name for name in names if is_shape_part(name) and stem(name) in drawn]


def _files(folder: Path, told: str) -> Iterator[Path]:
    """Go through a folder and those below it; a link is named, never followed."""

    def stop(error: OSError) -> None:
        place = Path(error.filename or folder)
        name = place.relative_to(folder).as_posix() if place.is_relative_to(folder) else place.name
        raise MissingInput(
            f"{told}: folder {name} cannot be looked into ({why_unread(error)}); check its rights, or take it away"
        ) from None

    for place, below, names in os.walk(folder, onerror=stop):
        below[:] = [name for name in below if name.lower() not in LEFT_FOLDERS]  # a program's own, often locked
        paths = [Path(place) / name for name in (*names, *below)]
        yield from (path for path in paths if path.is_symlink() or path.is_file())


def pull(inbox: Path, county_code: str) -> Iterator[DeliveredFile]:
    """Read each file once; raises MissingInput where one cannot be read."""
    for name in list_inbox(inbox, county_code):
        folder = inbox if is_of_region(name) else inbox / county_code
        root = inbox / region_of(county_code) if is_of_region(name) else folder
        yield _read(folder / name, name, root, f"inbox of county {county_code}")


def pull_folder(folder: Path) -> Iterator[DeliveredFile]:
    """Read each file of any folder once, in the order of an inbox; raises MissingInput where one cannot be read."""
    names = [name for name in _found(folder, f"folder {folder.name}") if not is_leftover(name)]
    if not names:
        raise MissingInput(f"folder {folder.name} is empty")
    yield from (
        _read(folder / name, name, folder, f"folder {folder.name}") for name in sorted(names, key=reading_order)
    )


def _read(path: Path, name: str, root: Path, told: str) -> DeliveredFile:
    try:
        content = _own_bytes(path, root.resolve())
    except OSError as error:
        raise MissingInput(f"{told}: {name} cannot be read ({why_unread(error)}); check its rights") from None
    return DeliveredFile(name, content, hashlib.sha256(content).hexdigest())


def _own_bytes(path: Path, root: Path) -> bytes:
    """Return a file's bytes; a link that leaves the county's folder, or leads nowhere, has none of its own."""
    return path.read_bytes() if path.is_file() and path.resolve().is_relative_to(root) else b""
