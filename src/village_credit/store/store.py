"""The store on disk: where things lie, frozen bytes and the vault."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from village_credit import duckdb_session
from village_credit.code_version import require_known
from village_credit.errors import MissingInput, VerificationFailed
from village_credit.identifiers import is_run_id, require_run_id
from village_credit.pseudonyms import Keys
from village_credit.store.envelope import BODY, has_whole_head, seal, unseal
from village_credit.store.keys import KeyFile
from village_credit.store.whole_files import json_of, locked, write_whole

FOLDERS = ("runs", "approvals", "frozen", "vault", "packing", "outbox", "ledger")
# Of a run in the vault: who its households are, what was measured of them, referred traders, which line speaks of which
# household, and how files were called whose names name somebody.
PARTS = IDENTITIES, MEASURED, REFERRALS, ROWS, NAMES = "identities", "measured", "referrals", "rows", "names"
ENDINGS, SEALED = {IDENTITIES: "", REFERRALS: "-referrals"}, ".sealed"
OF_OTHERS = 0o077  # the rights of a group and of others
SPILL = ".spill-"  # what a query cannot hold in memory, while it lasts
PRIVATE = ("vault", "frozen", "packing", "outbox")
LOCK = "keys.lock"  # who seals a file shares it; who changes the keys has it alone
READINGS = 3  # a file may be wrapped anew between two looks, at itself and at the keys

SealedFolder = Literal["vault", "frozen"]


@dataclass(frozen=True)
class Store:
    """A store's folder and its keys, or the file that has them."""

    root: Path
    source: Keys | KeyFile

    @property
    def keys(self) -> Keys:
        """The keys as they are now: ask again after whatever takes long, for they may have been rotated since."""
        return self.source if isinstance(self.source, Keys) else self.source.keys()

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that analysts open."""
        return self.root / "warehouse.duckdb"

    @property
    def ledger_folder(self) -> Path:
        """Where the acts lie, one file each."""
        return self.root / "ledger"

    def run_folder(self, run_id: str) -> Path:
        """Where a sealed run lies; raises MissingInput where the id can be no run's."""
        return self.root / "runs" / require_run_id(run_id)

    def require_run(self, run_id: str) -> Path:
        """Return a run's folder; raises MissingInput where there is no such run."""
        folder = self.run_folder(run_id)
        if not (folder / "manifest.json").is_file():
            raise MissingInput(f"run {run_id}: no such run in this store; `village-credit status` lists them")
        return folder

    def manifest(self, run_id: str) -> dict[str, Any]:
        """Read a run's manifest.

        Raises MissingInput where later code wrote it in another form, VerificationFailed where it is another run's.
        """
        content = (self.require_run(run_id) / "manifest.json").read_bytes()
        manifest = json_of(content, f"the manifest of run {run_id}")
        require_known("run", manifest.get("format", 0), f"run {run_id}")
        if manifest.get("run_id") != run_id:
            raise VerificationFailed(f"run {run_id}: its manifest is another run's; compare the folder with the backup")
        return manifest

    def manifests(self) -> tuple[dict[str, dict[str, Any]], list[str]]:
        """Return every sealed run's manifest that can be read, and a sentence of each that cannot.

        For whoever asks of all counties: one that is damaged is no reason to say nothing of the others.
        """
        found: dict[str, dict[str, Any]] = {}
        damaged: list[str] = []
        for run_id in self.run_ids():
            try:
                found[run_id] = self.manifest(run_id)
            except (VerificationFailed, MissingInput) as why:
                damaged.append(str(why))
        return found, damaged

    def table(self, run_id: str, name: str) -> Path:
        """Return a sealed table's file once its bytes are compared with its seal: nobody goes on from another.

        Raises MissingInput where the run has no such table, VerificationFailed where it is not what was sealed.
        """
        found = self.table_if_any(run_id, name)
        if found is None:
            raise MissingInput(
                f"run {run_id} was sealed by older code, which kept no table {name}: score the county again (`rescore`)"
            )
        return found

    def table_if_any(self, run_id: str, name: str) -> Path | None:
        """Return a sealed table's file as `table` does; None of a run that was sealed before there was such a table."""
        said = self.manifest(run_id)["tables"].get(name)
        if said is None:
            return None
        path = self.run_folder(run_id) / f"{name}.parquet"
        if not is_as_sealed(path, said["sha256"]):
            raise VerificationFailed(not_as_sealed(run_id, [name]))
        return path

    def run_ids(self) -> list[str]:
        """Name every sealed run, sorted."""
        names = (path.parent.name for path in (self.root / "runs").glob("*/manifest.json"))
        return sorted(filter(is_run_id, names))  # a folder that a crash left half filled has another name

    def freeze(self, content: bytes, sha256: str) -> None:
        """Keep delivered bytes, encrypted, under their own hash; once."""
        path = self.root / "frozen" / sha256
        if not path.exists():
            self._seal("frozen", sha256, content, 0o400)

    def thaw(self, sha256: str) -> bytes:
        """Read frozen bytes back and check them against their hash."""
        path = self.root / "frozen" / sha256
        if not path.is_file():
            raise MissingInput(
                f"frozen input {sha256[:12]} is gone (erased or past its retention): score from the inbox"
            )
        content = self._unseal("frozen", sha256)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise VerificationFailed(f"frozen input {sha256[:12]} is not what was delivered")
        return content

    def seal_part(self, run_id: str, part: str, plain: bytes) -> None:
        """Put a part of a run (PARTS) into the vault."""
        self._seal("vault", part_file(run_id, part), plain, 0o600)

    def open_part(self, run_id: str, part: str) -> bytes | None:
        """Read a part of a run back from the vault; None where it is not there: of an older run, or past its days."""
        name = part_file(run_id, part)
        return self._unseal("vault", name) if (self.root / "vault" / name).is_file() else None

    def open_simulation_inputs(self, run_id: str) -> bytes:
        """Read what was measured of a run's households back from the vault."""
        found = self.open_part(run_id, MEASURED)
        if found is None:
            raise MissingInput(
                f"run {run_id}: what was measured of its households is not in the vault (an older run, or past "
                f"its retention); score the county again"
            )
        return found

    def has_whole_head(self, folder: SealedFolder, name: str) -> bool:
        """Tell whether the header of a sealed file has nothing but what was written there."""
        path = self.root / folder / name
        with path.open("rb") as file:
            return has_whole_head(self.keys.wrapping(folder), file.read(BODY), context_of(path))

    def has_part(self, run_id: str, part: str) -> bool:
        """Tell whether the vault holds a part of a run."""
        return (self.root / "vault" / part_file(run_id, part)).is_file()

    def has_identities(self, run_id: str) -> bool:
        """Tell whether the vault holds who a run's households are."""
        return self.has_part(run_id, IDENTITIES)

    def open_identities(self, run_id: str) -> bytes:
        """Read a run's identities back from the vault."""
        try:
            found = self.open_part(run_id, IDENTITIES)
        except VerificationFailed as damage:
            raise VerificationFailed(
                f"{damage}; `village-credit reseal {run_id}` makes it anew from the frozen inputs"
            ) from None
        if found is None:
            raise MissingInput(f"run {run_id}: its identities are no longer in the vault")
        return found

    def _seal(self, folder: SealedFolder, name: str, plain: bytes, mode: int) -> None:
        """Seal with the key of this moment: while it is written no rotation begins, which would not know of it."""
        path = self.root / folder / name
        with locked(self.root / LOCK, alone=False):
            write_whole(path, seal(self.keys.wrapping(folder), plain, context_of(path)), mode=mode)

    def _unseal(self, folder: SealedFolder, name: str) -> bytes:
        """Read a sealed file, once more where it was wrapped anew meanwhile."""
        path = self.root / folder / name
        for _ in range(READINGS - 1):
            try:
                return self._unseal_once(folder, path)
            except VerificationFailed:
                continue
        return self._unseal_once(folder, path)

    def _unseal_once(self, folder: SealedFolder, path: Path) -> bytes:
        sealed = path.read_bytes()  # before the keys: they are never older than the file then
        return unseal(self.keys.wrapping(folder), sealed, context_of(path))


def context_of(path: Path) -> str:
    """Say what a sealed file is, as it is bound to its bytes: a file under another's name does not open."""
    if path.parent.name == "frozen":
        return f"frozen {path.name}"
    run_id, _, part = path.name.removesuffix(".sealed").partition(".")
    return f"{part or 'vault'} {run_id}"


def part_file(run_id: str, part: str) -> str:
    """Name the file of a part of a run in the vault."""
    return f"{run_id}{ENDINGS.get(part, f'.{part}')}{SEALED}"


def part_named(name: str) -> tuple[str, str]:
    """Tell of which run a file of the vault is, and which part."""
    stem = name.removesuffix(SEALED)
    if stem.endswith(ENDINGS[REFERRALS]):
        return stem.removesuffix(ENDINGS[REFERRALS]), REFERRALS
    run_id, _, part = stem.partition(".")
    return run_id, part or IDENTITIES


def open_store(root: Path, keys: Keys | KeyFile) -> Store:
    """Make the store's folders where they are missing, private ones for their owner alone.

    Where all is as it should be nothing is written: an auditor reads a store that he may not write to.
    """
    for folder in FOLDERS:
        if not (root / folder).is_dir():
            (root / folder).mkdir(parents=True, exist_ok=True)
    for private in PRIVATE:
        if (root / private).stat().st_mode & OF_OTHERS:
            (root / private).chmod(0o700)
    duckdb_session.spill_into(str(root / "vault" / f"{SPILL}{os.getpid()}"))
    return Store(root, keys)


def sha256_of(content: bytes) -> str:
    """Hash bytes, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def is_as_sealed(path: Path, digest: str) -> bool:
    """Say whether a file has the bytes of a digest, as it stands now; a file that is gone has not."""
    try:
        told = path.stat()
    except OSError:
        return False
    return _digest_of(path, told.st_ino, told.st_size, told.st_ctime_ns) == digest


@lru_cache(maxsize=1 << 12)
def _digest_of(path: Path, *_stamp: int) -> str:
    """Hash a file once a process for each time that it changed: nobody but the system sets when that was."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def not_as_sealed(run_id: str, names: Sequence[str]) -> str:
    """Say which tables of a run are not what was sealed, and what to do."""
    return (
        f"run {run_id}: {', '.join(names)} is not what was sealed: `verify {run_id}` says all that differs; take it "
        f"back from the backup"
    )
