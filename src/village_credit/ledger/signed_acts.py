"""Each act is signed with the store's key: who can write files and has no key can put none in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import takewhile

from village_credit.errors import VerificationFailed
from village_credit.ledger.log import SIGNATURE, Entry, signed_bytes
from village_credit.signatures import KnownKey, purposed, verify_signature

SIGNED_FORMAT = 2  # of a ledger: the first form all of whose acts are signed


def count_signed_acts(entries: Sequence[Entry], known: Sequence[KnownKey]) -> int:
    """Return how many acts are signed: all of a ledger of today, and all after the first signed one of an older.

    An act's signature is over the hash of the whole act before it, so the last one's is over all, and whoever writes
    an act looks at the one that it follows: `require_signed_end`. Each must be signed nevertheless. Raises
    VerificationFailed where one is not, or where the last, of each signing key, is not of the store's keys.
    """
    signed = _signed_part(entries)
    last_ones = {entry.number for entry in entries[-1:]} | {key.last_act for key in known}
    for entry in signed:
        if SIGNATURE not in entry.details or (entry.number in last_ones and not _is_signed(entry, known)):
            raise VerificationFailed(_not_signed(entry))
    return len(signed)


def require_signed_end(entries: Sequence[Entry], known: Sequence[KnownKey]) -> None:
    """Raise VerificationFailed where the last act is not signed with the store's key: nothing is written after it."""
    if (end := entries[-1:]) and _signed_part(entries) and not _is_signed(end[0], known):
        raise VerificationFailed(_not_signed(end[0]))


def _signed_part(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the acts that must be signed."""
    if entries and entries[0].details.get("format", 0) >= SIGNED_FORMAT:
        return entries
    before = sum(1 for _ in takewhile(lambda entry: SIGNATURE not in entry.details, entries))
    return entries[before:]


def _not_signed(entry: Entry) -> str:
    return (
        f"act {entry.number:,} ({entry.act}) is not signed with this store's key: it was not written by this program, "
        f"or altered; compare the ledger with its backup"
    )


def _is_signed(entry: Entry, known: Sequence[KnownKey]) -> bool:
    said, signature = purposed("act", signed_bytes(entry)), str(entry.details.get(SIGNATURE, ""))
    holds = partial(verify_signature, message=said, signature=signature)
    return any(holds(key.public_key) for key in known if key.vouches_for(entry.number))
