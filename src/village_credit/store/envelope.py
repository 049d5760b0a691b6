"""Bytes become a sealed file, and back: a data key of its own encrypts the body, the store's key wraps the data key.

    0     format magic, then the body's nonce
    512   a place for the wrapped data key: id of the wrapping key, nonce, wrapped key
    1024  another such place, empty but while the file is wrapped anew
    1536  the body

Each place lies in a disk sector of its own, so that a power cut while one is written spoils that one alone.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from village_credit.errors import VerificationFailed
from village_credit.store.whole_files import write_whole

MAGIC = b"VCSEAL1\n"
NONCE_BYTES = 12
PLACES, BODY = (512, 1024), 1536
ID_BYTES, KEY_BYTES, TAG_BYTES = 8, 32, 16
PLACE_BYTES = ID_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES
EMPTY = bytes(PLACE_BYTES)
WRITABLE = 0o200

WrappingKeys = Mapping[str, bytes]  # by their id, 16 hexadecimal digits; the first is the one that seals today


@dataclass(frozen=True)
class _Wrapped:
    """A data key as it was found in a file: at which place, under which wrapping key."""

    data_key: bytes
    place: int
    key_id: str


def seal(keys: WrappingKeys, plain: bytes, context: str) -> bytes:
    """Encrypt with a new data key, wrapped by the first of the keys; the context (what this is) is bound to both."""
    data_key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(NONCE_BYTES)
    head = bytearray(BODY)
    head[: len(MAGIC) + NONCE_BYTES] = MAGIC + nonce
    head[PLACES[0] : PLACES[0] + PLACE_BYTES] = _wrap(keys, data_key, nonce, context)
    return b"".join((head, AESGCM(data_key).encrypt(nonce, plain, _of_body(context))))


def unseal(keys: WrappingKeys, sealed: bytes, context: str) -> bytes:
    """Undo `seal`, and the older form; raises VerificationFailed where bytes, keys or context are not the same."""
    if not sealed.startswith(MAGIC):
        return _unseal_older(keys, sealed, context)
    found = _unwrap(keys, sealed[:BODY], context)
    try:
        return AESGCM(found.data_key).decrypt(_nonce(sealed), memoryview(sealed)[BODY:], _of_body(context))
    except (InvalidTag, ValueError):
        raise VerificationFailed(f"{context}: encrypted bytes were altered") from None


def has_whole_head(keys: WrappingKeys, head: bytes, context: str) -> bool:
    """Tell whether nothing stands in a header but what `seal` and `rewrap` write there.

    A file opens by one good place alone, as a power cut may leave it; whoever compares is to know of the rest too.
    """
    if not head.startswith(MAGIC):
        return True  # of the older form: it has none
    filled = [place for place in PLACES if _at(head, place) != EMPTY]
    blank = bytearray(head)
    blank[: len(MAGIC) + NONCE_BYTES] = bytes(len(MAGIC) + NONCE_BYTES)
    for place in PLACES:
        blank[place : place + PLACE_BYTES] = EMPTY
    opened = {_opened(keys, head, place, context) for place in filled}
    return not any(blank) and len(opened) == 1 and None not in opened


def _unseal_older(keys: WrappingKeys, sealed: bytes, context: str) -> bytes:
    """Open what was encrypted by the store's key itself: a nonce, then the body, and no word of which key."""
    for key in keys.values():
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode("utf-8"))
        except (InvalidTag, ValueError):
            continue
    raise VerificationFailed(f"{context}: encrypted bytes were altered, or the key is another one")


def rewrap(path: Path, keys: WrappingKeys, context: str) -> None:
    """Let a sealed file open by the first of the keys alone; its body stays as it is, unless it is of the older form.

    A kill at any instant leaves it open to one of the keys, and a reader meanwhile finds one: the new place is written
    and synced before the former is emptied. Raises VerificationFailed where none of the keys opens it.
    """
    with path.open("rb") as file:
        head, is_shared = file.read(BODY), os.fstat(file.fileno()).st_nlink > 1
    if not head.startswith(MAGIC):
        _replace(path, seal(keys, unseal(keys, path.read_bytes(), context), context))
        return
    found = _unwrap(keys, head, context)
    if is_shared:  # a backup of hard links is of that day: it is not wrapped anew by what happens here
        _replace(path, _headed(head, _wrap(keys, found.data_key, _nonce(head), context)) + path.read_bytes()[BODY:])
        return
    _rewrap_in_place(path, keys, head, found, context)


def _rewrap_in_place(path: Path, keys: WrappingKeys, head: bytes, found: _Wrapped, context: str) -> None:
    other = next(place for place in PLACES if place != found.place)
    is_new = found.key_id == next(iter(keys))
    if is_new and _at(head, other) == EMPTY:
        return
    with _writable(path) as descriptor:
        if not is_new:
            _write(descriptor, other, _wrap(keys, found.data_key, _nonce(head), context))
        _write(descriptor, other if is_new else found.place, EMPTY)


def _headed(head: bytes, wrapped: bytes) -> bytes:
    """Return a header with one place filled, and nothing else in it that the former one had."""
    return (
        head[: PLACES[0]]
        + wrapped
        + bytes(PLACES[1] - PLACES[0] - PLACE_BYTES)
        + EMPTY
        + head[PLACES[1] + PLACE_BYTES :]
    )


def _replace(path: Path, content: bytes) -> None:
    write_whole(path, content, mode=path.stat().st_mode & 0o777)


@contextmanager
def _writable(path: Path) -> Iterator[int]:
    """Open a file to be written in place, whatever its mode, and give it its mode back."""
    mode = path.stat().st_mode & 0o777
    if not mode & WRITABLE:
        path.chmod(mode | WRITABLE)
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield descriptor
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def _write(descriptor: int, place: int, content: bytes) -> None:
    os.pwrite(descriptor, content, place)
    os.fdatasync(descriptor)


def _wrap(keys: WrappingKeys, data_key: bytes, nonce: bytes, context: str) -> bytes:
    """Wrap a body's data key with the first of the keys; `nonce`: the body's, to which the wrap is bound."""
    key_id, key = next(iter(keys.items()))
    own = secrets.token_bytes(NONCE_BYTES)
    return bytes.fromhex(key_id) + own + AESGCM(key).encrypt(own, data_key, _of_wrap(context, nonce))


def _unwrap(keys: WrappingKeys, head: bytes, context: str) -> _Wrapped:
    """Find a data key that one of the keys opens, the first of them before the others."""
    filled = [place for place in PLACES if len(_at(head, place)) == PLACE_BYTES and _at(head, place) != EMPTY]
    wrapped = {_at(head, place)[:ID_BYTES].hex(): place for place in filled}
    for key_id in (key_id for key_id in keys if key_id in wrapped):
        data_key = _opened(keys, head, wrapped[key_id], context)
        if data_key is not None:
            return _Wrapped(data_key, wrapped[key_id], key_id)
    if wrapped and not set(wrapped) & set(keys):
        raise VerificationFailed(
            f"{context}: it is sealed with key {', '.join(sorted(wrapped))}, which the key file does not hold: restore "
            f"the keys of its day, or the file as it is under today's"
        )
    raise VerificationFailed(f"{context}: encrypted bytes were altered, or are another file's")


def _opened(keys: WrappingKeys, head: bytes, place: int, context: str) -> bytes | None:
    """Return the data key that is wrapped at a place; None where none of the keys opens it."""
    wrapped = _at(head, place)
    key, content = keys.get(wrapped[:ID_BYTES].hex(), b""), wrapped[ID_BYTES:]
    try:
        return AESGCM(key).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], _of_wrap(context, _nonce(head)))
    except (InvalidTag, ValueError):
        return None


def _at(head: bytes, place: int) -> bytes:
    return head[place : place + PLACE_BYTES]


def _nonce(head: bytes) -> bytes:
    return head[len(MAGIC) : len(MAGIC) + NONCE_BYTES]


def _of_wrap(context: str, nonce: bytes) -> bytes:
    return b"village-credit/data-key/v1\n" + nonce + context.encode("utf-8")


def _of_body(context: str) -> bytes:
    return b"village-credit/body/v1\n" + context.encode("utf-8")
