"""What programs leave beside tables, and no office delivers, is passed over by its name."""

from __future__ import annotations

from pathlib import PurePosixPath

NAMES = (".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".directory", "icon\r")
FOLDERS = ("__macosx", ".spotlight-v100", ".trashes", ".fseventsd", "@eadir", "$recycle.bin")
BEGINNINGS = ("~$", "._", ".~", ".#")  # owner files of Excel, WPS and LibreOffice; what a Macintosh says of a file
MAP_PARTS = (".cpg", ".prj", ".qpj", ".qix", ".qmd", ".sbn", ".sbx", ".shp", ".shx")  # beside a dbf, no table in them


def is_leftover(name: str) -> bool:
    """Tell a file that a program left, by its path below the inbox or in an archive."""
    parts = [part.lower() for part in PurePosixPath(name.replace("\\", "/")).parts]
    if not parts or any(part in FOLDERS for part in parts[:-1]):
        return bool(parts)
    return parts[-1] in NAMES or parts[-1].startswith(BEGINNINGS) or parts[-1].endswith(MAP_PARTS)
