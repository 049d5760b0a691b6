"""Who vouched for what: signatures over JSON in one form only, and whether two recorded names are one person's."""

from __future__ import annotations

import base64
import hashlib
import json
import unicodedata
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def canonical_json(content: Any) -> bytes:
    """Write JSON in one way only: sorted keys, no spaces, UTF-8."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def verify_signature(public_key: bytes, message: bytes, signature: str) -> bool:
    """Tell whether a base64 signature is this key's over these bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(base64.b64decode(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(public_key: bytes) -> str:
    """Name a signing key by its public half."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def folded_name(name: str) -> str:
    """Give a recorded name without letter case, width and spaces."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def same_person(first: str, second: str) -> bool:
    """Compare two recorded names."""
    return folded_name(first) == folded_name(second)
