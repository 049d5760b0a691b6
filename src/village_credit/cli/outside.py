"""What a person writes for himself never goes into the store, nor over its keys: `--force` is not meant for these."""

from __future__ import annotations

from village_credit.errors import UsageError

TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from village_credit.settings import Settings

PLACES = ("out", "proof")  # of an argument that names where to write


def require_outside(args: argparse.Namespace, paths: Settings) -> None:
    """Raise UsageError where a command would write into the store's folder or over its key file."""
    for name in PLACES:
        place: Path | None = getattr(args, name, None)
        if place is not None and _is_the_store_s(place, paths):
            raise UsageError(f"--{name} {place.name} lies in the store, or is its key file: name a place outside")


def _is_the_store_s(place: Path, paths: Settings) -> bool:
    asked, store = place.resolve(), paths.store.resolve()
    if asked == store or store in asked.parents or asked == paths.key_file.resolve():
        return True
    return place.exists() and paths.key_file.exists() and place.samefile(paths.key_file)
