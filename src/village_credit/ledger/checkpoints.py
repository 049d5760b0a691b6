"""A checkpoint says in one signed line what the whole ledger was: how many acts, and their hash as a Merkle tree.

It is a signed note as transparency logs write it (C2SP `tlog-checkpoint`, `signed-note`): anybody can keep one, and
none that was given out can be taken back. An act's packages are no part of its leaf: they name the act; the act after
it holds the hash of all of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from village_credit.errors import VerificationFailed
from village_credit.ledger.log import Entry, act_bytes
from village_credit.merkle import leaf_hash, root, roots_of_beginnings
from village_credit.pseudonyms import Keys
from village_credit.signatures import KnownKey, key_id, verify_signature

ED25519, DASH = b"\x01", "\u2014"
KEY_HASH_BYTES = 4


@dataclass(frozen=True)
class Checkpoint:
    """How many acts a ledger had, and the root of their tree."""

    size: int
    root: bytes


def leaves_of(entries: Sequence[Entry]) -> list[bytes]:
    """Return the leaves of acts, in the order of the ledger."""
    return [leaf_hash(act_bytes(entry)) for entry in entries]


def write_checkpoint(keys: Keys, leaves: Sequence[bytes]) -> str:
    """Sign what a ledger of acts with these leaves is."""
    name = _origin(keys.public_key())
    said = f"{name}\n{len(leaves)}\n{base64.b64encode(root(leaves)).decode()}\n"
    signature = keys.sign_note(said.encode("utf-8"))
    signed = base64.b64encode(_key_hash(name, keys.public_key()) + signature).decode()
    return f"{said}\n{DASH} {name} {signed}\n"


def read_checkpoint(text: str, known: Sequence[KnownKey]) -> Checkpoint:
    """Read a checkpoint that one of these keys signed; raises VerificationFailed where it is none, or another's.

    A former key speaks of ledgers up to its last act: whoever has it still cannot sign a longer one.
    """
    key = next((key for key in known if text.startswith(f"{_origin(key.public_key)}\n")), known[0])
    found = _read(text, key.public_key)
    if not key.vouches_for(found.size):
        raise VerificationFailed(
            f"the checkpoint tells of {found.size:,} acts, and is signed with key {key_id(key.public_key)}, which was "
            f"replaced after act {key.last_act:,}"
        )
    return found


def _read(text: str, public_key: bytes) -> Checkpoint:
    name, (said, _, signatures) = _origin(public_key), text.rpartition("\n\n")
    lines = said.split("\n")
    own = [line.split(" ")[2] for line in signatures.split("\n") if line.startswith(f"{DASH} {name} ")]
    if len(lines) < 3 or lines[0] != name or not own:
        raise VerificationFailed(
            "that is no checkpoint of this store's ledger: its first line or signature is another's"
        )
    if not any(_is_signed(f"{said}\n", name, public_key, each) for each in own):
        raise VerificationFailed("the checkpoint is not signed with this store's key, or was altered")
    try:
        found = Checkpoint(int(lines[1]), base64.b64decode(lines[2], validate=True))
    except (ValueError, binascii.Error):
        raise VerificationFailed("the checkpoint says no size and no hash") from None
    return found


def require_same_beginnings(leaves: Sequence[bytes], told: Mapping[str, Checkpoint]) -> None:
    """Raise VerificationFailed where a ledger does not begin with what checkpoints vouch for, by who keeps them."""
    roots = roots_of_beginnings(leaves, {checkpoint.size for checkpoint in told.values()}) if told else {}
    for whose, checkpoint in told.items():
        if checkpoint.size > len(leaves):
            raise VerificationFailed(
                f"{whose} tells of {checkpoint.size:,} acts, and the ledger has {len(leaves):,}: the newest were cut "
                f"off"
            )
        if roots[checkpoint.size] != checkpoint.root:
            raise VerificationFailed(
                f"{whose}: the ledger's first {checkpoint.size:,} acts are others: it was rewritten up to there"
            )


def _origin(public_key: bytes) -> str:
    """Name a ledger by the key that signs it: the first line of its checkpoints, and the name of the signer."""
    return f"village-credit/{key_id(public_key)}"


def _key_hash(name: str, public_key: bytes) -> bytes:
    return hashlib.sha256(name.encode("utf-8") + b"\n" + ED25519 + public_key).digest()[:KEY_HASH_BYTES]


def _is_signed(said: str, name: str, public_key: bytes, signed: str) -> bool:
    try:
        content = base64.b64decode(signed, validate=True)
    except (ValueError, binascii.Error):
        return False
    signature = base64.b64encode(content[KEY_HASH_BYTES:]).decode()
    is_own = content[:KEY_HASH_BYTES] == _key_hash(name, public_key)
    return is_own and verify_signature(public_key, said.encode("utf-8"), signature)
