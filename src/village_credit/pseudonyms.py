"""Names that tell nobody: keyed hashes of households, rows and publications, and the key that signs."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from village_credit.signatures import key_id

TRADER_MARK = "T"
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
PAIRS = [first + second for first in LETTERS for second in LETTERS]  # ten bits each


@dataclass(frozen=True, repr=False)  # a traceback may print its locals: never these
class Keys:
    """Four secrets of 32 bytes each. The pseudonym key is never rotated: household_key hangs on it."""

    pseudonym: bytes
    vault: bytes
    frozen: bytes
    signing: bytes

    @property
    def pseudonym_key_id(self) -> str:
        """Name the pseudonym key without telling it."""
        return hashlib.sha256(b"village-credit pseudonym" + self.pseudonym).hexdigest()[:16]

    @property
    def signing_key_id(self) -> str:
        """Name the signing key by its public half."""
        return key_id(self.public_key())

    def ids(self) -> dict[str, str]:
        """Name each of the four keys without telling it."""
        secret = {"vault": self.vault, "frozen": self.frozen}
        ids = {
            name: hashlib.sha256(f"village-credit {name}".encode() + key).hexdigest()[:16]
            for name, key in secret.items()
        }
        return ids | {"pseudonym": self.pseudonym_key_id, "signing": self.signing_key_id}

    def public_key(self) -> bytes:
        """Return the 32 bytes that branches verify packages with."""
        return Ed25519PrivateKey.from_private_bytes(self.signing).public_key().public_bytes_raw()

    def sign(self, message: bytes) -> str:
        """Sign bytes with Ed25519, base64."""
        return base64.b64encode(Ed25519PrivateKey.from_private_bytes(self.signing).sign(message)).decode("ascii")


def _token(key: bytes, message: str) -> str:
    return _base32(hmac.new(key, message.encode("utf-8"), hashlib.sha256).digest())


def _base32(digest: bytes) -> str:
    """Write the first 130 bits of a digest as base 32 does, in small letters.

    The library's own takes three times as long as the hash, and a county has hundreds of thousands.
    """
    bits = int.from_bytes(digest[:17], "big") >> 6
    return "".join([PAIRS[bits >> place & 1023] for place in range(120, -1, -10)])


def household_key(keys: Keys, unit_code: str) -> str:
    """Return the pseudonym of a unit: `h…` of a contractor code, `t…` of a lone trader's credit code."""
    if unit_code.startswith(TRADER_MARK):
        return "t" + _token(keys.pseudonym, unit_code.removeprefix(TRADER_MARK))
    return "h" + _token(keys.pseudonym, unit_code)


def household_ref(keys: Keys, publication_id: str, unit_code: str, product: str) -> str:
    """Return the name under which a branch knows a unit's line in one publication; analysts never see it."""
    return "b" + _token(keys.pseudonym, f"{publication_id}|{unit_code}|{product}")


def household_ref_before(keys: Keys, publication_id: str, unit_code: str) -> str:
    """Return the name by which packages once knew a unit, whatever its line: receipts of such packages still come."""
    return "b" + _token(keys.pseudonym, f"{publication_id}|{unit_code}")


def household_keys(keys: Keys, unit_codes: Iterable[str]) -> dict[str, str]:
    """Return the pseudonyms of many units."""
    return {code: household_key(keys, code) for code in unit_codes}


def row_key_hash(keys: Keys, text: str) -> str:
    """Hash an office's own key where it is an ID number."""
    return "k" + _token(keys.pseudonym, "row|" + text)
