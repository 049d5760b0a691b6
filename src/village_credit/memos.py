"""What was made of some content once need not be made again: it is asked for by that content.

A memo is a convenience. Whoever has none makes the same anew, and whatever is to prove something asks for none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa


@dataclass(frozen=True)
class Memo:
    """What was made: tables by name, and what is said besides, as JSON has it."""

    said: Any
    tables: dict[str, pa.Table]


class Memos(Protocol):
    """Memos by the content that they were made of: words that name all of it, in their order."""

    def recall(self, *content: str) -> Memo | None:
        """Return what was made of this content; None where nothing of it is remembered."""

    def keep(self, memo: Memo, *content: str) -> None:
        """Remember what was made of this content, as long as there is room."""


class NoMemos:
    """Nothing is remembered: everything is made anew."""

    def recall(self, *_content: str) -> Memo | None:
        """Return nothing."""
        return None

    def keep(self, memo: Memo, *content: str) -> None:
        """Keep nothing."""


NO_MEMOS = NoMemos()
