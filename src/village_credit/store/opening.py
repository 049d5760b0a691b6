"""A folder and a key file become an open store, where they belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from village_credit.code_version import require_known
from village_credit.errors import MissingInput, VerificationFailed
from village_credit.store.act_files import act_bytes_of, newest_act, read_acts
from village_credit.store.keys import KeyFile, load_keys
from village_credit.store.store import Store, open_store, sha256_of
from village_credit.store.strays import sweep
from village_credit.store.volumes import act_name
from village_credit.store.whole_files import json_of

ROTATE, KEYS_SINCE = "rotate", "keys_since"  # an act that names new keys, and how each later one points to it
READINGS = 3  # keys may be rotated between a look at the key file and one at the ledger
KEPT = ("ledger/[0-9]*", "runs/*/manifest.json", "vault/*", "frozen/*")  # what hangs on keys


def open_with_keys(root: Path, key_file: Path) -> tuple[Store, bool]:
    """Open a store with its own keys; where it holds nothing and there are none, make them, and say so by the flag.

    Raises MissingInput, before anything is written, where the keys are gone or are another store's.
    """
    if not key_file.exists() and holds_anything(root):
        raise MissingInput(
            f"the keys of the store are not in {key_file}: check VILLAGE_CREDIT_KEY_FILE, or restore them from their "
            f"backup; new keys would give every household another key and lose its holds, reviews and lines"
        )
    _, is_new = load_keys(key_file)
    source = KeyFile(key_file)
    require_own_keys(root, source)
    store = open_store(root, source)
    sweep(root)
    return store, is_new


def holds_anything(root: Path) -> bool:
    """Tell whether a folder holds what only its own keys can read or name."""
    return any(next(root.glob(pattern), None) is not None for pattern in KEPT)


def require_own_keys(root: Path, source: KeyFile) -> None:
    """Raise MissingInput where a store's acts, or the run that it staged, name other keys than these.

    While a rotation is under way the ledger may name those that it replaces.
    """
    for _ in range(READINGS):
        others = _others(root, source)
        if not others:
            return
    _require_chained(root)
    raise MissingInput(
        f"the keys in {source.path} are not those of the store in {root} (another: {', '.join(others)}): check "
        f"--store and VILLAGE_CREDIT_KEY_FILE, or restore the store's keys from their latest backup"
    )


def _others(root: Path, source: KeyFile) -> list[str]:
    """Name the keys that the ledger calls otherwise; it is read after the keys, which are the first to change."""
    keys = source.keys()
    own, former = keys.ids(), keys.former_ids()
    return sorted(name for name, said in _keys_named(root).items() if said not in (own[name], former.get(name)))


def _require_chained(root: Path) -> None:
    """Raise VerificationFailed where the first act, which names the keys, is not the one that the second follows."""
    first, second = (act_bytes_of(root / "ledger", number) for number in (1, 2))
    if first and second and json_of(second, "ledger/00000002.json").get("previous") != sha256_of(first):
        raise VerificationFailed("ledger entry 00000001.json was altered: compare with the backup")


def _keys_named(root: Path) -> dict[str, str]:
    """Return the ids of the keys that a store's newest rotation names, or else its first act.

    Older acts name none: there the first run that was staged says its pseudonym key.
    """
    newest = newest_act(root / "ledger")
    rotation = keys_since(_act(root, newest)) if newest else None
    if rotation is not None:
        require_known("ledger", _act(root, 1).get("details", {}).get("format", 0), f"the ledger of {root}")
        return dict(_act(root, rotation)["details"]["keys"])
    for act in _acts(root) if newest else ():
        require_known("ledger", act.get("details", {}).get("format", 0), f"the ledger of {root}")
        if named := act.get("details", {}).get("keys"):
            return dict(named)
        if said := _key_of_run(root / "runs" / str(act.get("run_id") or "none")):
            return said
    runs = (_key_of_run(manifest.parent) for manifest in sorted((root / "runs").glob("*/manifest.json")))
    return next(filter(None, runs), {})


def _act(root: Path, number: int) -> dict[str, Any]:
    place, content = f"ledger/{act_name(number)}", act_bytes_of(root / "ledger", number)
    if content is None:
        raise VerificationFailed(f"{place} is gone: compare with the backup")
    return json_of(content, place)


def _acts(root: Path) -> Iterator[dict[str, Any]]:
    """Return the first act, which is all that is asked of a ledger of today; then those after it."""
    yield _act(root, 1)
    for number, content in enumerate(read_acts(root / "ledger")[1:], start=2):
        yield json_of(content, f"ledger/{act_name(number)}")


def keys_since(act: Mapping[str, Any]) -> int | None:
    """Return the number of the newest rotation as the last act of a ledger tells it; None: there was none."""
    since = act["number"] if act.get("act") == ROTATE else act.get("details", {}).get(KEYS_SINCE)
    return since if isinstance(since, int) else None


def _key_of_run(folder: Path) -> dict[str, str]:
    manifest = folder / "manifest.json"
    said = _json(manifest).get("pseudonym_key") if manifest.is_file() else None
    return {"pseudonym": said} if said else {}


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise VerificationFailed(f"{path.parent.name}/{path.name} is gone: compare with the backup")
    return json_of(path.read_bytes(), f"{path.parent.name}/{path.name}")
