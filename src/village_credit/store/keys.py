"""The store's keys: pseudonyms, encryption at rest and signatures, in one file that only its owner reads."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from village_credit.errors import MissingInput, VerificationFailed
from village_credit.pseudonyms import Keys

NONCE_BYTES = 12
NAMES = ("pseudonym", "vault", "frozen", "signing")


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
        raise VerificationFailed(f"{context}: encrypted bytes were altered, or the key is another one") from None
