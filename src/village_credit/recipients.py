"""For whom something is encrypted: `age` recipients (X25519), and the identities that open it again."""

from __future__ import annotations

from collections.abc import Sequence

import pyrage
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from pyrage import x25519

HEADER = b"age-encryption.org/v1\n"  # how every file of the format begins
PREFIX, OF_IDENTITY = "age1", "AGE-SECRET-KEY-"
LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"  # of Bech32, each five bits
CHECKSUM, PADDING = 6, 4  # letters of the checksum; bits that 52 letters have beyond 32 bytes


def required_recipient(text: str) -> str:
    """Return a recipient; raises ValueError, which never quotes it, where it is none that can be encrypted for."""
    if OF_IDENTITY in text.upper():
        raise ValueError(
            "this is an identity (a secret key), no recipient: whoever read this file can open what is encrypted for "
            "it; have the branch make another and send what begins with age1"
        )
    try:
        known = str(x25519.Recipient.from_str(text))
    except pyrage.RecipientError:
        known = ""
    if known != text or not known.startswith(PREFIX):
        raise ValueError(
            "is no age recipient of the kind X25519 (age1 and 58 small letters and digits): have the branch send the "
            "line that `age-keygen` calls its public key"
        )
    if not _has_secret(text):
        raise ValueError("is a recipient that anybody could open: no key of a person or machine has it")
    return text


def _has_secret(recipient: str) -> bool:
    """Tell whether a point has a secret with anybody: of eight points the product with any number is nought."""
    value = 0
    for letter in recipient[len(PREFIX) : -CHECKSUM]:
        value = value * len(LETTERS) + LETTERS.index(letter)
    point = (value >> PADDING).to_bytes(32, "big")
    try:
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(point))
    except ValueError:
        return False
    return True


def encrypted_for(recipients: Sequence[str], plain: bytes) -> bytes:
    """Encrypt bytes, in memory, so that each of some recipients opens them alone; other bytes each time."""
    return bytes(pyrage.encrypt(plain, [x25519.Recipient.from_str(one) for one in recipients]))


def identities_in(text: str) -> list[x25519.Identity]:
    """Return the identities of a file as `age-keygen` writes it, comments aside; raises ValueError at a line of none.

    It never quotes the line.
    """
    lines = [line.strip() for line in text.splitlines()]
    try:
        return [x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError:
        raise ValueError("no identity") from None


def opened_with(identities: Sequence[x25519.Identity], sealed: bytes) -> bytes | None:
    """Decrypt bytes; None where no identity opens them, or where they are not what was encrypted."""
    try:
        return bytes(pyrage.decrypt(sealed, identities))
    except pyrage.DecryptError:
        return None
