"""The store's keys: pseudonyms, encryption at rest and signatures, in one file that only its owner reads."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path
from typing import Any

from village_credit.code_version import FORMATS, require_known
from village_credit.errors import MissingInput, why_unread
from village_credit.pseudonyms import FormerKey, Keys
from village_credit.store.whole_files import create_whole, write_whole

NAMES = ("pseudonym", "vault", "frozen", "signing")
ENCRYPTING = ("vault", "frozen")
KEY_BYTES = 32


class KeyFile:
    """A key file that is asked again wherever keys are needed: a rotation reaches processes that run already."""

    def __init__(self, path: Path) -> None:
        """Read the keys for the first time; raises MissingInput where they cannot be."""
        self.path = path
        self._seen = _stamp(path), load_keys(path)[0]

    def keys(self) -> Keys:
        """Return the keys as the file has them now; one that was taken away since keeps those that it had.

        Raises MissingInput where another store's keys were put in its place.
        """
        (before, keys), now = self._seen, _stamp(self.path)
        if now in (None, before):
            return keys
        read, _ = load_keys(self.path)
        if read.pseudonym != keys.pseudonym:
            raise MissingInput(f"key file {self.path.name} became another store's while this command ran")
        self._seen = now, read
        return read


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def load_keys(path: Path) -> tuple[Keys, bool]:
    """Read the key file, or make one (mode 0600) where there is none; the flag says that it was made."""
    is_new = not path.exists() and _make(path)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        require_known("keys", stored.get("format", 1), f"key file {path.name}")
        keys = _keys_of(stored)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise MissingInput(
            f"key file {path.name} cannot be read ({why_unread(error)}): restore it from its backup"
        ) from None
    if any(len(key) != KEY_BYTES for key in _lengthy(keys)):
        raise MissingInput(f"key file {path.name} holds a key of wrong length: restore it from its backup")
    return keys, is_new


def write_keys(path: Path, keys: Keys) -> None:
    """Put keys into the place of those that a key file holds: whole and synced, mode 0600."""
    write_whole(path.resolve(), _text(keys), mode=0o600)


def new_secret() -> bytes:
    """Draw a key."""
    return secrets.token_bytes(KEY_BYTES)


def _make(path: Path) -> bool:
    """Write new keys whole and synced: what is encrypted with them must not outlive them."""
    return create_whole(path, _text(Keys(new_secret(), new_secret(), new_secret(), new_secret())), mode=0o600)


def _lengthy(keys: Keys) -> list[bytes]:
    """Return every key that is 32 bytes long, or should be."""
    secret = [getattr(keys, name) for name in NAMES]
    former = [key for name in ENCRYPTING if (key := getattr(keys, f"former_{name}"))]
    return [*secret, *former, *(each for key in keys.signed_before for each in (key.public_key, key.follower))]


def _keys_of(stored: dict[str, Any]) -> Keys:
    pseudonym, vault, frozen, signing = (base64.b64decode(stored[name]) for name in NAMES)
    former = {name: base64.b64decode(stored.get("former", {}).get(name, "")) for name in ENCRYPTING}
    signed_before = tuple(_former_key(one) for one in stored.get("signed_before", []))
    return Keys(pseudonym, vault, frozen, signing, former["vault"], former["frozen"], signed_before)


def _former_key(one: dict[str, Any]) -> FormerKey:
    keys = bytes.fromhex(one["public_key"]), bytes.fromhex(one["follower"])
    return FormerKey(keys[0], one["last_act"], keys[1], one["on"], one["signature"])


def _text(keys: Keys) -> bytes:
    content: dict[str, Any] = {"format": FORMATS["keys"], **{name: _written(getattr(keys, name)) for name in NAMES}}
    if former := {name: _written(key) for name in ENCRYPTING if (key := getattr(keys, f"former_{name}"))}:
        content["former"] = former
    if keys.signed_before:
        content["signed_before"] = [
            key.statement() | {"signature": key.signature, "last_act": key.last_act} for key in keys.signed_before
        ]
    return json.dumps(content, indent=1).encode("utf-8")


def _written(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")
