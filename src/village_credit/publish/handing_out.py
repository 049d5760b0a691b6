"""An act that branches are told of: packed first, then written into the ledger, then handed out.

What cannot be packed is never in force, and stands in nobody's way. What was packed is a fact that the act's own entry
states, by the hash of each manifest: packages are handed out once, and never made again because a folder is gone.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from village_credit.errors import VerificationFailed, VillageCreditError
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import PACKAGES, Entry
from village_credit.publish.branch_package import outbox_folder, pack, packages_in, packing_folder
from village_credit.publish.outbox import Told, refresh_warehouse, told_of
from village_credit.publish.recording import record
from village_credit.store.store import Store
from village_credit.store.strays import is_old, take_away
from village_credit.store.whole_files import beside_of, move_to_place


def record_and_pack(
    store: Store, act: str, by: str, run_id: str, details: dict[str, Any], still_holds: Callable[[Ledger], None]
) -> Entry:
    """Pack what branches are told of an act, write its entry, hand the packages out; return the entry.

    Raises what packing raises, and nothing is in the ledger then; VerificationFailed where earlier packages of another
    act could not be handed out, or where the outbox holds packages of an act that the ledger does not know.
    """
    made: list[Path] = []

    def packed(ledger: Ledger) -> dict[str, Any]:
        _drop(made)
        (told,) = (told for told in told_of(store, ledger) if told.entry.number == len(ledger))
        _require_free(store, told)
        gathered = told.gather()
        if gathered is None:
            return {PACKAGES: {}}
        made.append(pack(store, *gathered))
        return {PACKAGES: packages_in(made[-1])}

    try:
        entry = record(store, act, by, run_id, details, still_holds, packed)
    except BaseException:
        if not _is_written(store, made):
            _drop(made)
        raise
    complete_outbox(store)
    return entry


def _is_written(store: Store, made: list[Path]) -> bool:
    """Tell whether the act stands, whatever failed after it: then its packages are to be handed out."""
    if not made:
        return False
    packages = packages_in(made[-1])
    return any(entry.details.get(PACKAGES) == packages for entry in Ledger.of(store))


def _drop(made: list[Path]) -> None:
    while made:
        shutil.rmtree(made.pop(), ignore_errors=True)


def _require_free(store: Store, told: Told) -> None:
    if outbox_folder(store, told.publication).exists():
        raise VerificationFailed(
            f"the outbox holds packages of {told.publication.publication_id} already, and the ledger knows no such "
            f"act: it lacks what was done since a backup; restore the newer ledger, and do nothing before"
        )


def complete_outbox(store: Store) -> None:
    """Hand out what a crash left packed, and bring the views up to the ledger.

    Every publication is tried; raises VerificationFailed at the end, which names those that could not be handed out.
    """
    failures = finish_outbox(store)
    if failures:
        raise VerificationFailed("; ".join(failures))


def finish_outbox(store: Store) -> list[str]:
    """Do as `complete_outbox`, and return a sentence for each publication that could not be handed out."""
    ledger = Ledger.of(store)
    failures = []
    for told in told_of(store, ledger):
        try:
            _hand_out(store, ledger, told)
        except VillageCreditError as refusal:
            failures.append(f"packages of {told.publication.publication_id} were not handed out: {refusal}")
    _sweep(store)
    refresh_warehouse(store)
    return failures


def _hand_out(store: Store, ledger: Ledger, told: Told) -> None:
    """Move a publication's packages to their place, where they wait for it."""
    place, said = outbox_folder(store, told.publication), told.entry.details.get(PACKAGES)
    if said is None:
        _pack_as_before(store, ledger, told, place)
        return
    if place.is_dir():
        return
    for waiting in beside_of(packing_folder(store, told.publication)):
        if packages_in(waiting) == said:
            move_to_place(waiting, place)
            return


def _pack_as_before(store: Store, ledger: Ledger, told: Told, place: Path) -> None:
    """Pack what an act without word of its packages left undone: only while it is the county's last word."""
    if place.is_dir() and "" not in packages_in(place).values():
        return  # finished
    if any(later.number > told.entry.number for later in ledger.county_acts_of(told.publication.county_code)):
        return
    if (gathered := told.gather()) is None:
        return
    if place.is_dir():
        shutil.rmtree(place)
    move_to_place(pack(store, *gathered), place)


def _sweep(store: Store) -> None:
    """Drop what a crash left half packed, or packed before its act was written: it names people."""
    for stray in (store.root / "packing").glob("*/*"):
        if stray.is_dir() and is_old(stray):
            take_away(stray)
