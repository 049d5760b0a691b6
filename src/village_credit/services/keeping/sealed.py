"""Whether a sealed package, which nobody here can open, names somebody: what is signed beside it says so."""

from __future__ import annotations

from pathlib import Path

from village_credit.errors import MissingInput, VerificationFailed
from village_credit.policy.sections import PRODUCTS
from village_credit.pseudonyms import TRADER_MARK, household_ref
from village_credit.publish.sealed_package import marks_of, require_sealed
from village_credit.publish.signed_manifest import read_manifest
from village_credit.services.keeping.wanted import Wanted
from village_credit.store.store import Store


def may_name(store: Store, folder: Path, wanted: Wanted) -> bool:
    """Tell whether a sealed package names somebody; one whose statement is not whole may name anybody."""
    try:
        manifest = read_manifest(folder, store.keys.known_keys())
        named = require_sealed(folder, manifest)["named"]
    except (VerificationFailed, MissingInput, KeyError):
        return True
    publication_id = manifest["publication_id"]
    texts = [*_numbers(wanted), *_references(store, wanted, publication_id)]
    return not set(marks_of(store.keys, publication_id, texts)).isdisjoint(named)


def _numbers(wanted: Wanted) -> list[str]:
    return [person.number for person in wanted.persons if person.number]


def _references(store: Store, wanted: Wanted, publication_id: str) -> list[str]:
    """Return the names of their lines there, also where the ledger does not know the publication."""
    units = [*wanted.codes, *(TRADER_MARK + code for code in wanted.codes)]
    mine = [household_ref(store.keys, publication_id, unit, product) for unit in units for product in PRODUCTS]
    return [*wanted.cells, *mine]
