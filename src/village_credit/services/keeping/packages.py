"""Packages that still lie in the outbox are packed anew without whom an erasure took out of the vault.

Nobody here opens a sealed package. It is made once more in memory, from ledger and vault: where the files come out as
its manifest has them, they are what it holds, and are searched; where they do not, it may name somebody.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from village_credit.errors import MissingInput
from village_credit.ledger.ledger import Ledger
from village_credit.publish.branch_package import branch_files, pack, packages_in
from village_credit.publish.outbox import told_of
from village_credit.publish.sealed_package import is_sealed
from village_credit.publish.signed_manifest import MANIFEST
from village_credit.services.keeping.search import holds_content, holds_file
from village_credit.services.keeping.wanted import Wanted
from village_credit.store.store import Store, sha256_of
from village_credit.store.whole_files import json_of, remove_folder, sync_folder

Place = tuple[str, str, str]  # county, publication, receiver


def packages_naming(store: Store, ledger: Ledger, wanted: Wanted) -> list[Place]:
    """Return the packages of the outbox that name somebody, and sealed ones of which nobody can say that they do not.

    To be asked before the vault is rewritten.
    """
    folders = [path for path in sorted(store.root.glob("outbox/*/*/*")) if path.is_dir() and path.name[0] != "."]
    naming = [folder for folder in folders if _names_somebody(store, folder, wanted)]
    sealed = [folder for folder in folders if is_sealed(folder)]
    for publication_id, mine in groupby(sealed, key=lambda folder: folder.parts[-2]):
        made = _made_again(store, ledger, publication_id)
        naming += [folder for folder in mine if _may_name(folder, made.get(folder.name, {}), wanted)]
    return sorted({(folder.parts[-3], folder.parts[-2], folder.parts[-1]) for folder in naming})


def _made_again(store: Store, ledger: Ledger, publication_id: str) -> dict[str, dict[str, bytes]]:
    """Return the files of each branch's package in the clear, in memory; none where they cannot be made any more."""
    told = next((one for one in told_of(store, ledger) if one.publication.publication_id == publication_id), None)
    try:
        gathered = told.gather() if told else None
        return {} if gathered is None else dict(branch_files(store.keys, *gathered))
    except MissingInput:
        return {}


def _may_name(folder: Path, made: Mapping[str, bytes], wanted: Wanted) -> bool:
    """Tell whether a sealed package names somebody: where it does not come out as it was signed, it may."""
    said = json_of((folder / MANIFEST).read_bytes(), f"package {folder.name}")["files"]
    if {name: sha256_of(content) for name, content in made.items() if name in said} != said:
        return True
    return any(holds_content(content, wanted, Counter()) for content in made.values())


def drop_strays(store: Store, wanted: Wanted) -> None:
    """Drop what was packed, never handed out, and names or may name somebody: the ledger has no act of it.

    What is left of a package that was being taken away goes too, where it is sealed: nobody can look into it.
    """
    for folder in sorted(store.root.glob("packing/*/*")):
        if folder.is_dir() and (_names_somebody(store, folder, wanted) or any(map(is_sealed, _folders_in(folder)))):
            shutil.rmtree(folder)
    for going in sorted(store.root.glob("outbox/*/*/.*")):
        if is_sealed(going):
            shutil.rmtree(going)


def _folders_in(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if path.is_dir())


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
