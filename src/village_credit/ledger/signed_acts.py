"""Each act is signed with the store's key: who can write files and has no key can put none in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from village_credit.errors import VerificationFailed
from village_credit.ledger.log import SIGNATURE, Entry, signed_bytes
from village_credit.signatures import KnownKey, purposed, verify_signature

SIGNED_FORMAT = 2  # of a ledger: the first form all of whose acts are signed


def count_signed_acts(entries: Sequence[Entry], known: Sequence[KnownKey]) -> int:
    """Return how many acts are signed: all of a ledger of today, and all after the first signed one of an older.

    Raises VerificationFailed where one is not, or with a key that is none of the store's at that act.
    """
    must = bool(entries) and entries[0].details.get("format", 0) >= SIGNED_FORMAT
    signed = 0
    for entry in entries:
        must = must or SIGNATURE in entry.details
        if must and not _is_signed(entry, known):
            raise VerificationFailed(
                f"act {entry.number:,} ({entry.act}) is not signed with this store's key: it was not written by this "
                f"program, or altered; compare the ledger with its backup"
            )
        signed += must
    return signed


def _is_signed(entry: Entry, known: Sequence[KnownKey]) -> bool:
    said, signature = purposed("act", signed_bytes(entry)), str(entry.details.get(SIGNATURE, ""))
    holds = partial(verify_signature, message=said, signature=signature)
    return any(holds(key.public_key) for key in known if key.vouches_for(entry.number))
