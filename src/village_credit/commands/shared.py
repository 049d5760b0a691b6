"""What every verb needs: the store, a progress line, how results are shown, how a household is named."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from village_credit.acts import publish, tell
from village_credit.errors import MissingInput, UsageError
from village_credit.publish.keys import load_keys
from village_credit.publish.store import Store, open_store
from village_credit.settings import Settings


def say(text: str) -> None:
    """Speak to the person, never on standard output where a program may be reading."""
    print(text, file=sys.stderr)


def show(words: argparse.Namespace, result: Any, text: Callable[[], str]) -> int:
    """Print the result: one JSON object, or text."""
    print(json.dumps(result, ensure_ascii=False, default=str, sort_keys=True) if words.json else text())
    return 0


def store_of(paths: Settings, *, may_begin: bool = False) -> Store:
    """Open the store and its keys; a verb that `may_begin` one makes what is missing, and keys with a warning.

    Raises MissingInput where there is none: a mistyped path must not become a new, empty store.
    """
    if not may_begin:
        _require_store(paths)
    keys, is_new = load_keys(paths.key_file)
    if is_new:
        say(
            f"new keys in {paths.key_file} (mode 0600): keep a copy apart from the store; without them its pseudonyms and vault are lost"
        )
    store = open_store(paths.store, keys)
    publish.heal_warehouse(store)
    return store


def _require_store(paths: Settings) -> None:
    if not (paths.store / "ledger").is_dir():
        raise MissingInput(
            f"there is no store in {paths.store}: check --store or VILLAGE_CREDIT_STORE; `village-credit score` begins one"
        )
    if not paths.key_file.is_file():
        raise MissingInput(
            f"the keys of the store are not in {paths.key_file}: check VILLAGE_CREDIT_KEY_FILE, or restore them from their backup"
        )


def own_public_key(paths: Settings) -> bytes | None:
    """Give the public key that packages are signed with, where its file is at hand; none is made."""
    return load_keys(paths.key_file)[0].public_key() if paths.key_file.is_file() else None


def progress() -> Callable[[str, float], None]:
    return lambda stage, seconds: say(f"  {stage:<24} {seconds:8.2f} s")


def household_named(store: Store, named: str) -> str:
    """Give the household_key that was typed, or of the number on standard input; a number as an argument is refused."""
    if sum(letter.isdigit() for letter in named) >= len("110101900101001"):
        raise UsageError("a number is never an argument: give - and the number on standard input")
    typed = sys.stdin.read() if named == "-" else ""
    if named == "-" and not typed.strip():
        raise UsageError("nothing on standard input: type the ID number or contractor code there")
    return tell.key_of(store, named, typed)
