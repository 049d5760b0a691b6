"""The store's keys: pseudonyms, encryption at rest and signatures, in one file that only its owner reads."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from village_credit.errors import MissingInput, VerificationFailed
from village_credit.signed import key_id

NONCE_BYTES = 12
NAMES = ("pseudonym", "vault", "frozen", "signing")
TRADER_MARK = "T"


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

    def public_key(self) -> bytes:
        """Give the 32 bytes that branches verify packages with."""
        return Ed25519PrivateKey.from_private_bytes(self.signing).public_key().public_bytes_raw()

    def sign(self, message: bytes) -> str:
        """Sign bytes with Ed25519, base64."""
        return base64.b64encode(Ed25519PrivateKey.from_private_bytes(self.signing).sign(message)).decode(
            "ascii"
        )


def load_keys(path: Path) -> tuple[Keys, bool]:
    """Read the key file, or make one (mode 0600) where there is none; the flag says that it was made."""
    if not path.exists():
        _make(path)
        return load_keys(path)[0], True
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        keys = Keys(*(base64.b64decode(stored[name]) for name in NAMES))
    except (ValueError, KeyError, OSError) as error:
        raise MissingInput(
            f"key file {path.name} cannot be read ({type(error).__name__}): restore it from its backup"
        ) from None
    if any(len(getattr(keys, name)) != 32 for name in NAMES):
        raise MissingInput(f"key file {path.name} holds a key of wrong length: restore it from its backup")
    return keys, False


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    secrets_by_name = {name: base64.b64encode(secrets.token_bytes(32)).decode("ascii") for name in NAMES}
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(secrets_by_name, file, indent=1)


def encrypt(key: bytes, plain: bytes, context: str) -> bytes:
    """Encrypt with AES-256-GCM; the context (what this is) must be given again to decrypt."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode("utf-8"))


def decrypt(key: bytes, sealed: bytes, context: str) -> bytes:
    """Undo `encrypt`; raises VerificationFailed where bytes, key or context are not the same."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode("utf-8"))
    except (InvalidTag, ValueError):
        raise VerificationFailed(
            f"{context}: encrypted bytes were altered, or the key is another one"
        ) from None


def _token(key: bytes, message: str) -> str:
    digest = hmac.new(key, message.encode("utf-8"), hashlib.sha256).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:26]


def household_key(keys: Keys, unit_code: str) -> str:
    """Give the pseudonym of a unit: `h…` of a contractor code, `t…` of a lone trader's credit code."""
    if unit_code.startswith(TRADER_MARK):
        return "t" + _token(keys.pseudonym, unit_code.removeprefix(TRADER_MARK))
    return "h" + _token(keys.pseudonym, unit_code)


def household_ref(keys: Keys, publication_id: str, unit_code: str) -> str:
    """Give the name under which a branch knows a unit in one publication; analysts never see it."""
    return "b" + _token(keys.pseudonym, f"{publication_id}|{unit_code}")


def household_keys(keys: Keys, unit_codes: Iterable[str]) -> dict[str, str]:
    """Give the pseudonyms of many units."""
    return {code: household_key(keys, code) for code in unit_codes}


def row_key_hash(keys: Keys, text: str) -> str:
    """Hash an office's own key where it is an ID number."""
    return "k" + _token(keys.pseudonym, "row|" + text)
