"""Packages that still lie in the outbox are packed anew without whom an erasure took out of the vault."""

from __future__ import annotations

import shutil
from pathlib import Path

from village_credit.errors import MissingInput
from village_credit.ledger.ledger import Ledger
from village_credit.publish.branch_package import pack, packages_in
from village_credit.publish.outbox import told_of
from village_credit.services.keeping.search import holds_file
from village_credit.services.keeping.wanted import Wanted
from village_credit.store.store import Store
from village_credit.store.whole_files import remove_folder, sync_folder

Place = tuple[str, str, str]  # county, publication, receiver


def packages_naming(store: Store, wanted: Wanted) -> list[Place]:
    """Return the packages of the outbox that name somebody."""
    return [
        (folder.parts[-3], folder.parts[-2], folder.parts[-1])
        for folder in sorted(store.root.glob("outbox/*/*/*"))
        if folder.is_dir()
        and folder.name[0] != "."
        and any(holds_file(store, path, wanted) for path in sorted(folder.iterdir()))
    ]


def drop_strays(store: Store, wanted: Wanted) -> None:
    """Drop what was packed, never handed out, and names somebody: the act that it told of is not in the ledger.

    What a crash left of a package that was being taken away goes too.
    """
    for folder in sorted((*store.root.glob("packing/*/*"), *store.root.glob("outbox/*/*/.*"))):
        if folder.is_dir() and _names_somebody(store, folder, wanted):
            shutil.rmtree(folder)


def _names_somebody(store: Store, folder: Path, wanted: Wanted) -> bool:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return any(holds_file(store, path, wanted) for path in files)


def pack_anew(store: Store, ledger: Ledger, places: list[Place]) -> None:
    """Put packages of the same acts in the place of others, from the vault as it is now.

    One of which nothing is left, or that can no longer be packed because its run is out of the vault, goes. Raises
    VerificationFailed where the vault is damaged: the packages stay as they are.
    """
    for publication_id in sorted({publication for _, publication, _ in places}):
        mine = [place for place in places if place[1] == publication_id]
        made = _packed(store, ledger, publication_id)
        try:
            for county, _, receiver in mine:
                _replace(store.root / "outbox" / county / publication_id / receiver, made and made / receiver)
        finally:
            if made:
                shutil.rmtree(made, ignore_errors=True)


def _packed(store: Store, ledger: Ledger, publication_id: str) -> Path | None:
    told = next((one for one in told_of(store, ledger) if one.publication.publication_id == publication_id), None)
    try:
        gathered = told.gather() if told else None
        return None if gathered is None else pack(store, *gathered)
    except MissingInput:
        return None


def _replace(place: Path, made: Path | None) -> None:
    remove_folder(place)
    if made and made.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        made.rename(place)
    if place.parent.is_dir():
        sync_folder(place.parent)


def manifests_of(store: Store, places: list[Place]) -> dict[str, dict[str, str | None]]:
    """Return the hash of each package's manifest as it lies there, by publication and receiver; None: it is gone."""
    found: dict[str, dict[str, str | None]] = {}
    for county, publication_id, receiver in places:
        folder = store.root / "outbox" / county / publication_id
        known = packages_in(folder) if folder.is_dir() else {}
        found.setdefault(publication_id, {})[receiver] = known.get(receiver) or None
    return found
