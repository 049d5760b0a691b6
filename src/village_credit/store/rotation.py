"""Former keys become new ones, in steps of which each leaves every file readable and can be taken again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from village_credit.errors import UsageError, VerificationFailed
from village_credit.pseudonyms import FormerKey, Keys
from village_credit.store.envelope import rewrap
from village_credit.store.keys import ENCRYPTING, KeyFile, new_secret, write_keys
from village_credit.store.store import SealedFolder, Store, context_of
from village_credit.store.strays import strays_in, take_away

RotatedKey = Literal["vault", "frozen", "signing"]  # never the pseudonym key: household_key hangs on it
ROTATED: tuple[RotatedKey, ...] = get_args(RotatedKey)


def add_new_keys(store: Store, names: tuple[RotatedKey, ...], on: date) -> None:
    """Draw new keys of these names, and put them beside the former ones into the key file: from here on they serve.

    Of the former signing key only its public half stays, with its signed word of which key follows it.
    """
    keys, source = store.keys, key_file_of(store)
    changes: dict[str, Any] = {}
    for name in ENCRYPTING:
        if name in names:
            changes |= {name: new_secret(), f"former_{name}": getattr(keys, name)}
    if "signing" in names:
        changes |= _new_signing_key(keys, on)
    write_keys(source.path, replace(keys, **changes))


def _new_signing_key(keys: Keys, on: date) -> dict[str, Any]:
    secret = new_secret()
    said = FormerKey(keys.public_key(), None, replace(keys, signing=secret).public_key(), on.isoformat())
    signed = replace(said, signature=keys.sign("succession", said.statement()))
    return {"signing": secret, "signed_before": (*keys.signed_before, signed)}


def rewrap_files(store: Store, progress: Callable[[str, int], None] | None = None) -> int:
    """Wrap every file of the folders whose key is rotated with the new one alone; return how many there are.

    Nobody may be sealing. Raises VerificationFailed at the end where some did not open: the others are done.
    """
    names = [name for name in ENCRYPTING if name in store.keys.rotating]
    folders: list[SealedFolder] = ["vault" if name == "vault" else "frozen" for name in names]
    closed: list[str] = []
    done = 0
    for folder in folders:
        files = _files(store.root / folder)
        closed += [f"{folder}/{path.name}" for path in files if not _is_rewrapped(store, folder, path)]
        done += len(files)
        if progress:
            progress(folder, len(files))
    if closed:
        raise VerificationFailed(
            f"{len(closed)} sealed files do not open ({closed[0]}), and the former keys are kept till all do: restore "
            f"them from the backup, `village-credit reseal RUN` for a run's part of the vault, or take them away; then "
            f"give the same command again"
        )
    return done


def _files(folder: Path) -> list[Path]:
    """Return the sealed files of a folder; what a killed writer left beside them goes."""
    for stray in strays_in(folder):
        take_away(stray)
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _is_rewrapped(store: Store, folder: SealedFolder, path: Path) -> bool:
    try:
        rewrap(path, store.keys.wrapping(folder), context_of(path))
    except VerificationFailed:
        return False
    return True


def drop_former_keys(store: Store, last_act: int) -> None:
    """Take the former secrets out of the key file; a former signing key counts up to an act, and no further."""
    keys = store.keys
    known = tuple(replace(key, last_act=last_act) if key.last_act is None else key for key in keys.signed_before)
    write_keys(key_file_of(store).path, replace(keys, former_vault=b"", former_frozen=b"", signed_before=known))


def key_file_of(store: Store) -> KeyFile:
    """Return the file that a store's keys are in; raises UsageError where it was opened without one."""
    if isinstance(store.source, Keys):
        raise UsageError("this store was opened with keys that are in no file: there is none to write new ones into")
    return store.source
