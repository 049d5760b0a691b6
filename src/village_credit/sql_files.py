"""SQL lives in files: a room's `sql/` folder, one statement or one script a file, read once."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def sql(room: str, name: str) -> str:
    """Return the text of `<room>/sql/<name>.sql`; `room` is a package below `village_credit`, with dots."""
    return resources.files(f"village_credit.{room}").joinpath(f"sql/{name}.sql").read_text(encoding="utf-8")
