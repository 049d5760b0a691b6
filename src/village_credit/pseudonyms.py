"""Names that tell nobody: keyed hashes of households, rows and publications, and the key that signs."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from village_credit.signatures import KnownKey, Purpose, canonical_json, key_id, purposed

TRADER_MARK = "T"
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
PAIRS = [first + second for first in LETTERS for second in LETTERS]  # ten bits each


@dataclass(frozen=True)
class FormerKey(KnownKey):
    """A public key that signed before, and its word of which key follows it: signed, base64, on a day."""

    follower: bytes = b""
    on: str = ""
    signature: str = ""

    def statement(self) -> dict[str, str]:
        """Return what it says of its follower, as everybody who has the former key can check."""
        return {"public_key": self.public_key.hex(), "follower": self.follower.hex(), "on": self.on}


@dataclass(frozen=True, repr=False)  # a traceback may print its locals: never these
class Keys:
    """Four secrets of 32 bytes each. The pseudonym key is never rotated: household_key hangs on it.

    `former_vault`, `former_frozen`: while a rotation is under way, what still opens files; else empty.
    `signed_before`: the former signing keys, public, in their order.
    """

    pseudonym: bytes
    vault: bytes
    frozen: bytes
    signing: bytes
    former_vault: bytes = b""
    former_frozen: bytes = b""
    signed_before: tuple[FormerKey, ...] = ()

    @property
    def pseudonym_key_id(self) -> str:
        """Name the pseudonym key without telling it."""
        return secret_id("pseudonym", self.pseudonym)

    @property
    def signing_key_id(self) -> str:
        """Name the signing key by its public half."""
        return key_id(self.public_key())

    @property
    def rotating(self) -> tuple[str, ...]:
        """Name the keys whose rotation is under way: begun, and not finished."""
        is_signing = any(key.last_act is None for key in self.signed_before)
        begun = {"vault": bool(self.former_vault), "frozen": bool(self.former_frozen), "signing": is_signing}
        return tuple(name for name, is_begun in begun.items() if is_begun)

    def ids(self) -> dict[str, str]:
        """Name each of the four keys without telling it."""
        secret = {name: secret_id(name, getattr(self, name)) for name in ("vault", "frozen")}
        return secret | {"pseudonym": self.pseudonym_key_id, "signing": self.signing_key_id}

    def former_ids(self) -> dict[str, str]:
        """Name the keys that a rotation under way replaces."""
        secret = {
            name: secret_id(name, key) for name in ("vault", "frozen") if (key := getattr(self, f"former_{name}"))
        }
        signed = [key_id(key.public_key) for key in self.signed_before if key.last_act is None]
        return secret | dict(zip(("signing",), signed, strict=False))

    def wrapping(self, name: Literal["vault", "frozen"]) -> dict[str, bytes]:
        """Return the keys that open files by their ids: the one that seals today, then one that is on its way out."""
        own, former = getattr(self, name), getattr(self, f"former_{name}")
        return {secret_id(name, key): key for key in (own, former) if key}

    def public_key(self) -> bytes:
        """Return the 32 bytes that branches verify packages with."""
        return Ed25519PrivateKey.from_private_bytes(self.signing).public_key().public_bytes_raw()

    def known_keys(self) -> tuple[KnownKey, ...]:
        """Return every public key that signed for the store, today's first."""
        return KnownKey(self.public_key()), *self.signed_before

    def public_keys(self) -> list[bytes]:
        """Return the same keys, whatever acts they signed."""
        return [key.public_key for key in self.known_keys()]

    def succession(self) -> list[dict[str, str]]:
        """Return each former key's signed word of its follower, the eldest first."""
        return [key.statement() | {"signature": key.signature} for key in self.signed_before]

    def sign(self, purpose: Purpose, content: Any) -> str:
        """Sign what is written as JSON in one form, for a purpose; Ed25519, base64."""
        return self.sign_bytes(purpose, canonical_json(content))

    def sign_bytes(self, purpose: Purpose, message: bytes) -> str:
        """Sign what is written in one form already."""
        return base64.b64encode(self.sign_note(purposed(purpose, message))).decode("ascii")

    def sign_note(self, text: bytes) -> bytes:
        """Sign bytes as they stand: a checkpoint's, whose public form knows no purpose."""
        return Ed25519PrivateKey.from_private_bytes(self.signing).sign(text)


def secret_id(name: str, key: bytes) -> str:
    """Name a secret without telling it, in 16 hexadecimal digits."""
    return hashlib.sha256(f"village-credit {name}".encode() + key).hexdigest()[:16]


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


def export_secrets(keys: Keys, keyed_for: str) -> tuple[str, str]:
    """Return two secrets of an export, hexadecimal: who has them not can lead no key of it back to a household_key.

    `keyed_for`: months and counties; another is another pair, so that two exports cannot be joined.
    """
    outer, inner = (
        hmac.new(keys.pseudonym, f"export {place}|{keyed_for}".encode(), hashlib.sha256).hexdigest()
        for place in ("outer", "inner")
    )
    return outer, inner


def package_mark(keys: Keys, publication_id: str, text: str) -> str:
    """Return what stands for an ID number or a reference beside a sealed package; in each publication another."""
    return "m" + _token(keys.pseudonym, f"package|{publication_id}|{text}")


def row_key_hash(keys: Keys, text: str) -> str:
    """Hash an office's own key where it is an ID number."""
    return "k" + _token(keys.pseudonym, "row|" + text)
