"""What programs leave beside tables, and no office delivers, is passed over by its name."""

from __future__ import annotations

from pathlib import PurePosixPath

NAMES = (".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".directory", "icon\r")
FOLDERS = ("__macosx", ".spotlight-v100", ".trashes", ".fseventsd", "@eadir", "$recycle.bin")
BEGINNINGS = ("~$", "._", ".~", ".#")  # owner files of Excel, WPS and LibreOffice; what a Macintosh says of a file
SHAPE_PARTS = (".shp", ".shx", ".prj")  # beside a dbf: no table in them, but `maps.py` reads them
MAP_PARTS = (".cpg", ".qpj", ".qix", ".qmd", ".sbn", ".sbx", *SHAPE_PARTS)


def is_leftover(name: str) -> bool:
    """Tell a file in which no table is, by its path below the inbox or in an archive."""
    return is_left_by_program(name) or name.lower().endswith(MAP_PARTS)


def is_left_by_program(name: str) -> bool:
    """Tell a file that a program left, and nobody delivers."""
    parts = [part.lower() for part in PurePosixPath(name.replace("\\", "/")).parts]
    if not parts or any(part in FOLDERS for part in parts[:-1]):
        return bool(parts)
    return parts[-1] in NAMES or parts[-1].startswith(BEGINNINGS)


def is_shape_part(name: str) -> bool:
    """Tell a part of a map that holds no table, and is read with the dbf beside it."""
    return name.lower().endswith(SHAPE_PARTS) and not is_left_by_program(name)


def is_map_part(name: str) -> bool:
    """Tell any part of a map that is read, its table too."""
    return name.lower().endswith((".dbf", *SHAPE_PARTS)) and not is_left_by_program(name)


def stem(name: str) -> str:
    """Return what the parts of one map have in common: the path without its suffix, however it is spelled."""
    path = PurePosixPath(name.replace("\\", "/"))
    return str(path.with_suffix("")).lower() if path.name else ""
