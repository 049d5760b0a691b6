"""New keys take the place of the former ones: files open by the new alone, and the ledger says since when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from village_credit.china_calendar import today
from village_credit.errors import RunConflict
from village_credit.ledger.four_eyes import required_reason
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry
from village_credit.publish.recording import record
from village_credit.signatures import signer
from village_credit.store.memos import drop_memos
from village_credit.store.opening import ROTATE
from village_credit.store.rotation import ROTATED, RotatedKey, add_new_keys, drop_former_keys, key_file_of, rewrap_files
from village_credit.store.store import LOCK, Store
from village_credit.store.whole_files import locked


@dataclass(frozen=True)
class Rotated:
    """Which keys are new, by which act; how many files are wrapped with them; `keys`: the id of each key in force."""

    rotated: tuple[str, ...]
    act: int
    files: int
    keys: dict[str, str]
    public_key: str


def rotate_keys(
    store: Store, only: Sequence[RotatedKey], by: str, reason: str, progress: Callable[[str, int], None] | None = None
) -> Rotated:
    """Rotate some of the keys (none named: all that can be), or finish such a rotation that was begun.

    New keys beside the former, every file wrapped anew, the act, and the former secrets go: killed between, everything
    stays readable, and the same call goes on. Nobody seals a file meanwhile; readers go on. Raises RunConflict where
    another rotation was begun, VerificationFailed where a file does not open.
    """
    by, reason = signer(by), required_reason(reason)
    names = tuple(name for name in ROTATED if name in only or not only)
    key_file_of(store)
    with locked(store.root / LOCK, alone=True):
        _begin(store, names)
        drop_memos(store)  # what the former key sealed is made anew
        files = rewrap_files(store, progress)
        act = _recorded(Ledger.of(store), store) or _record(store, names, by, reason)
        drop_former_keys(store, act.number - 1)
    return Rotated(names, act.number, files, store.keys.ids(), store.keys.public_key().hex())


def _begin(store: Store, names: tuple[RotatedKey, ...]) -> None:
    """Draw the new keys, unless this rotation was begun; the ledger must be whole, for it is to name them."""
    Ledger.of(store)
    begun = store.keys.rotating
    if begun not in ((), names):
        raise RunConflict(
            f"a rotation of {', '.join(begun)} was begun and not finished: finish it first "
            f"(`village-credit keys rotate --only {' '.join(begun)} …`)"
        )
    if not begun:
        add_new_keys(store, names, today())


def _recorded(ledger: Ledger, store: Store) -> Entry | None:
    """Return the act of a rotation that was killed after it stood."""
    ids = store.keys.ids()
    return next((entry for entry in reversed(ledger) if entry.act == ROTATE and entry.details["keys"] == ids), None)


def _record(store: Store, names: tuple[RotatedKey, ...], by: str, reason: str) -> Entry:
    details = {"keys": store.keys.ids(), "rotated": list(names), "reason": reason}
    if "signing" in names:
        details |= {"succession": store.keys.succession()[-1]}
    return record(store, ROTATE, by, "", details)
