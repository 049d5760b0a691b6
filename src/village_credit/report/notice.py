"""What a household is told of one line, as text: the very sentences and figures of its letter, without an address.

So whoever reads a household its message at a counter says what the letter says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from importlib import resources
from typing import Any

from village_credit.errors import UsageError
from village_credit.report.letter import Sender, told_of_line
from village_credit.report.notice_template import FIRST_STRONG, ISOLATE, POP, NoticeTemplate, read_template

FEATURES_TOLD = 3  # of a declined score: the features that lost most points


def languages() -> tuple[str, ...]:
    """Name the languages whose template has sentences for whoever has no line too."""
    folder = resources.files("village_credit.report").joinpath("templates")
    names = sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))
    return tuple(name for name in names if read_template(name).said.letter.declined)


def notice_words(language: str) -> NoticeTemplate:
    """Return a language's texts; raises UsageError where none tell of a line that is declined or looked at."""
    if language not in languages():
        raise UsageError(
            f"--lang {language}: messages are written in {', '.join(languages())} only; what is sent, `notify` writes "
            f"in the languages of the county's terms"
        )
    return read_template(language).said


def kind_of(decision: Mapping[str, Any], *, had_line: bool) -> str:
    """Return what a household is told of a line, as its branch is: granted, frozen, lost, declined or review."""
    if decision["decision"] == "granted":
        return "granted"
    is_reviewed = decision["decision"] == "manual_review"
    if "FROZEN" in decision["reason_codes"] or (had_line and is_reviewed):
        return "frozen"
    if had_line:
        return "lost"
    return "review" if is_reviewed else "declined"


def notice(
    line: Mapping[str, Any], sender: Sender, said: NoticeTemplate, charges: Sequence[Mapping[str, Any]] = ()
) -> str:
    """Write what a household is told of a line.

    `line`: as a letter has it, `kind` declined or review too, with `seasons` and, of whoever is declined for the score,
    `points_lost` (feature and reason_zh, most points first). `charges`: what its run says that products cost beside
    their interest.
    """
    lost = (line.get("points_lost") or ())[:FEATURES_TOLD]
    features = [said.points_lost.get(one["feature"], one["reason_zh"]) for one in lost]
    reader = _Text(said)
    reader.feed(told_of_line({**line, "features": features}, sender, said, charges))
    reader.close()
    return reader.text()


class _Text(HTMLParser):
    """Markup of a letter as text: paragraphs one after the other, figures behind their labels, directions kept."""

    def __init__(self, said: NoticeTemplate) -> None:
        super().__init__()
        self.is_turned = said.direction == "rtl"
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a part."""
        if tag == "bdi" and self.is_turned:
            self.parts.append(ISOLATE if ("dir", "ltr") in attrs else FIRST_STRONG)
        if tag == "td":
            self.parts.append(": " if self.is_turned else "：")

    def handle_endtag(self, tag: str) -> None:
        """End a part."""
        if tag == "bdi" and self.is_turned:
            self.parts.append(POP)
        if tag == "td":
            self.parts.append("؛ " if self.is_turned else "；")
        if tag == "p" and self.is_turned:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        """Keep what is said."""
        self.parts.append(data)

    def text(self) -> str:
        """Return all of it, in one line."""
        return "".join(self.parts).strip()
