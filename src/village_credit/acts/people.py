"""Who may sign: the preparer is compared with the signers, letter case and width aside."""

from __future__ import annotations

import unicodedata


def same_person(first: str, second: str) -> bool:
    """Compare two recorded names."""
    return _folded(first) == _folded(second)


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
