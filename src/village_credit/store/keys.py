"""The store's keys: pseudonyms, encryption at rest and signatures, in one file that only its owner reads."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from village_credit.errors import MissingInput, VerificationFailed
from village_credit.pseudonyms import Keys
from village_credit.store.whole_files import create_whole

NONCE_BYTES = 12
NAMES = ("pseudonym", "vault", "frozen", "signing")


def load_keys(path: Path) -> tuple[Keys, bool]:
    """Read the key file, or make one (mode 0600) where there is none; the flag says that it was made."""
    is_new = not path.exists() and _make(path)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        keys = Keys(*(base64.b64decode(stored[name]) for name in NAMES))
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise MissingInput(
            f"key file {path.name} cannot be read ({type(error).__name__}): restore it from its backup"
        ) from None
    if any(len(getattr(keys, name)) != 32 for name in NAMES):
        raise MissingInput(f"key file {path.name} holds a key of wrong length: restore it from its backup")
    return keys, is_new


def _make(path: Path) -> bool:
    """Write new keys whole and synced: what is encrypted with them must not outlive them."""
    made = {name: base64.b64encode(secrets.token_bytes(32)).decode("ascii") for name in NAMES}
    return create_whole(path, json.dumps(made, indent=1).encode("utf-8"), mode=0o600)


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
