"""What a package says of itself, signed, and read again with the keys that its reader knows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from village_credit.code_version import require_known
from village_credit.errors import VerificationFailed
from village_credit.pseudonyms import Keys
from village_credit.publish.signed_file import signed
from village_credit.signatures import KnownKey, Purpose, as_signed, canonical_json, key_id, verify_signature

PURPOSE: Purpose = "package"
MANIFEST = "manifest.json"
READY = "READY"  # the last file of a package: what has none was never finished


def signed_manifest(keys: Keys, content: dict[str, Any]) -> dict[str, Any]:
    """Return a package's manifest with the key that signs it, each former key's word of its follower, and signature."""
    return signed(keys, "package", content | ({"succession": keys.succession()} if keys.signed_before else {}))


def read_manifest(folder: Path, known: Sequence[KnownKey] | None) -> dict[str, Any]:
    """Read a package's manifest.

    Raises VerificationFailed where it is none, or is not signed by the key that it names, or where this is none that
    its reader knows (`known`; none given: any key goes); MissingInput where later code made it in another form.
    """
    manifest, public_key, signature = _parts(folder)
    require_known("package", manifest.get("format", 0), f"package {folder.name}")
    told = {key: value for key, value in manifest.items() if key != "signature"}
    if not verify_signature(public_key, as_signed(manifest.get("format", 0), PURPOSE, canonical_json(told)), signature):
        raise VerificationFailed(f"package {folder.name}: the manifest's signature does not fit its content")
    if key_id(public_key) != manifest["key_id"]:
        raise VerificationFailed(
            f"package {folder.name}: signed with key {key_id(public_key)}, not with the one that it names; do not "
            f"import it"
        )
    if known is not None:
        _require_known_key(folder, manifest, public_key, known)
    return manifest


def _parts(folder: Path) -> tuple[dict[str, Any], bytes, str]:
    """Return a manifest, the key that it names, and its signature; raises VerificationFailed where it is none."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        public_key, signature = bytes.fromhex(manifest["public_key"]), str(manifest["signature"])
        whole = {"key_id", "files", "rows", "sum_limit_yuan"} <= manifest.keys() and isinstance(manifest["files"], dict)
        whole = whole and isinstance(manifest.get("format", 0), int)
    except (OSError, ValueError, KeyError, TypeError):
        whole, manifest, public_key, signature = False, {}, b"", ""
    if not whole or not {"branch_code", "office"} & manifest.keys():
        raise VerificationFailed(
            f"package {folder.name}: {MANIFEST} is missing or broken; ask the bank for the package again "
            f"and do not import this one"
        )
    return manifest, public_key, signature


def _require_known_key(folder: Path, manifest: dict[str, Any], public_key: bytes, known: Sequence[KnownKey]) -> None:
    """Raise VerificationFailed where a package's key is none that its reader knows, or signed this after its time."""
    signed_with = f"package {folder.name}: signed with key {key_id(public_key)}"
    key = next((key for key in known if key.public_key == public_key), None)
    if key is None:
        raise VerificationFailed(f"{signed_with}, not with {_followed(manifest, known)}; do not import it")
    number = manifest.get("sequence")
    if not key.vouches_for(number if isinstance(number, int) else 0):
        raise VerificationFailed(
            f"{signed_with}, which was replaced after act {key.last_act}, and it tells of act {number}: whoever signed "
            f"it has no right to the key any more; do not import it"
        )


def _followed(manifest: dict[str, Any], known: Sequence[KnownKey]) -> str:
    """Say of what key a package should be, and whether that one named a follower which leads to the package's own.

    It is told and not obeyed: whoever stole a key can name a follower too, so a person asks the bank before.
    """
    told = f"key {', '.join(key_id(key.public_key) for key in known)}, which was given or is this store's"
    words = manifest.get("succession")
    said_so = [said for said in words if _is_word(said)] if isinstance(words, list) else []
    followers = {said["public_key"]: said["follower"] for said in said_so}
    at = known[0].public_key.hex()
    for _ in followers:
        at = followers.get(at, at)
    if at == known[0].public_key.hex() or at != manifest["public_key"]:
        return told
    return (
        f"{told}; but that key says, signed, that {at} follows it: ask the bank, by another way than this package, "
        f"whether it has new keys, and give that one then"
    )


def _is_word(said: Any) -> bool:
    """Tell whether a former key signed who follows it."""
    try:
        statement = {name: said[name] for name in ("public_key", "follower", "on")}
        message = as_signed(1, "succession", canonical_json(statement))
        return verify_signature(bytes.fromhex(said["public_key"]), message, str(said["signature"]))
    except (ValueError, KeyError, TypeError):
        return False
