"""Who vouched for what: signatures over JSON in one form only, and whether two recorded names are one person's."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data_contracts.toml_file import has_long_number
from village_credit.errors import UsageError

Purpose = Literal["act", "approval", "disclosure", "export", "model", "package", "sealing", "succession"]
LEADING_NOUGHTS = re.compile(r"(?<![0-9])0+(?=[0-9])")


CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical_json(content: Any) -> bytes:
    """Write JSON in one way only: sorted keys, no spaces, UTF-8."""
    return CANONICAL.encode(content).encode("utf-8")


@dataclass(frozen=True)
class KnownKey:
    """A public key whose signatures count; those of a former one up to the number of the last act that it signed."""

    public_key: bytes
    last_act: int | None = None

    def vouches_for(self, number: int) -> bool:
        """Tell whether it counts for what an act of a number says."""
        return self.last_act is None or number <= self.last_act


def purposed(purpose: Purpose, message: bytes) -> bytes:
    """Return the bytes that are signed: what they are for, then the message; so no signature is taken for another's.

    A checkpoint is signed as it stands: it is a note of a public form, and begins with its key, not with a purpose.
    """
    return f"village-credit/{purpose}/v1\n".encode() + message


def as_signed(number: int, purpose: Purpose, message: bytes) -> bytes:
    """Return the bytes that a form of a number has signed: form 0, of earlier code, had no purpose."""
    return purposed(purpose, message) if number else message


@lru_cache(64)  # a ledger has a hundred thousand acts, and a key or two
def _public_key(public_key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public_key)


def verify_signature(public_key: bytes, message: bytes, signature: str) -> bool:
    """Tell whether a base64 signature is this key's over these bytes."""
    try:
        _public_key(public_key).verify(base64.b64decode(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(public_key: bytes) -> str:
    """Name a signing key by its public half."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def folded_name(name: str) -> str:
    """Return a recorded name by its letters and numbers alone.

    A-01, a 1 and Ａ1 are one staff number, 007 and 7 another.
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    told = "".join(str(unicodedata.decimal(mark, mark)) for mark in plain if mark.isalnum())
    return LEADING_NOUGHTS.sub("", told)


def same_person(first: str, second: str) -> bool:
    """Compare two recorded names."""
    return folded_name(first) == folded_name(second)


def signer(name: str) -> str:
    """Return the name of whoever signs as it is recorded.

    Raises UsageError where it names nobody, or a person outright.
    """
    if not folded_name(name):
        raise UsageError("--by is empty: say who signs, by staff number")
    if has_long_number(name):
        raise UsageError("--by holds what may be a person's number: sign by staff number")
    return name.strip()
