"""Where things are: the store, its keys, the models; from arguments, then the environment, then defaults."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from village_credit.errors import UsageError

DEFAULT_STORE = "warehouse"
MOST_MEMO_MB = 2_000


@dataclass(frozen=True)
class Settings:
    """Paths that every act needs."""

    store: Path
    key_file: Path
    models: Path
    counties: Path | None = None  # none: the terms that come with the contracts


def settings(store: str | None = None, models: str | None = None, counties: str | None = None) -> Settings:
    """Resolve the paths of one command."""
    root = Path(store or os.environ.get("VILLAGE_CREDIT_STORE") or DEFAULT_STORE)
    key_file = Path(os.environ.get("VILLAGE_CREDIT_KEY_FILE") or f"{root}.keys")
    folder = models or os.environ.get("VILLAGE_CREDIT_MODELS")
    terms = counties or os.environ.get("VILLAGE_CREDIT_COUNTIES")
    return Settings(root, key_file, Path(folder) if folder else _default_models(), Path(terms) if terms else None)


def _default_models() -> Path:
    """The models of the folder that one stands in, of the checkout, or those installed with the package."""
    installed = Path(str(resources.files("village_credit")))
    for folder in (Path("models"), installed.parents[1] / "models"):
        if (folder / "limit_policy.toml").is_file():
            return folder
    return installed / "_models"


def most_memo_bytes() -> int:
    """Return how many bytes of memos a store keeps; raises UsageError where that is no number."""
    said = os.environ.get("VILLAGE_CREDIT_MEMO_MB", "").strip() or str(MOST_MEMO_MB)
    if not said.isdecimal():
        raise UsageError("VILLAGE_CREDIT_MEMO_MB is no whole number of megabytes: give one, or 0 to keep no memos")
    return int(said) * 1_000_000


def login() -> str:
    """Who runs the command, or came to its account through sudo: recorded, not proven."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
