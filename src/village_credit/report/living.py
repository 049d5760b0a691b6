"""A page is drawn as one file that opens without a network: its words in three languages, its style, its script.

Whatever the browser is asked to fetch is refused by the page's own policy; nothing of it stands anywhere but here.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from village_credit.report.page_parts import HIDDEN, Page
from village_credit.report.printed_html import font_face
from village_credit.report.translations import LANGUAGES, Text, Translated, in_language, is_reviewed, translated
from village_credit.report.unbroken import code, held

LANGUAGE_NAMES = {"zh": "中文", "en": "English", "ug": "ئۇيغۇرچە"}
RIGHT_TO_LEFT = ("ug",)
SHOWN_ROWS = 12  # of a long table, until a reader asks for all; on paper all


def living_page(page: Page) -> str:
    """Draw a page; the same page, the same bytes."""
    style, script = _style(), _file("page.js")
    told = _Numbered()
    body = _templates().get_template("body.html").render(
        page=page, told=told.markup, number=told.number, shown=SHOWN_ROWS, languages=LANGUAGE_NAMES,
        unread=[language for language in LANGUAGES if not is_reviewed(language)], is_static=False,
        translated=translated, dash=HIDDEN, code=code, held=held,
    )  # fmt: skip
    return (
        _templates()
        .get_template("page.html")
        .render(
            title=in_language(page.title, "zh"),
            titles=told.number(page.title),
            style=Markup(style),  # noqa: S704  # our own file
            script=Markup(script),  # noqa: S704
            style_hash=_hash(style),
            script_hash=_hash(script),
            words=Markup(told.as_json()),  # noqa: S704  # without a bracket that could end it
            body=Markup(body),  # noqa: S704  # escaped by its own template
        )
    )


def static_page(page: Page, language: str) -> str:
    """Draw a page in one language, without a script: to read, and to print."""
    style = _style()
    body = _templates().get_template("body.html").render(
        page=page, told=lambda text: held(in_language(text, language)), number=lambda _: None, shown=SHOWN_ROWS,
        languages={}, unread=[] if is_reviewed(language) else [language], is_static=True, translated=translated,
        dash=HIDDEN, code=code, held=held,
    )  # fmt: skip
    return (
        _templates()
        .get_template("static.html")
        .render(
            language={"zh": "zh-CN"}.get(language, language),
            direction="rtl" if language in RIGHT_TO_LEFT else "ltr",
            title=in_language(page.title, language),
            style=Markup(style),  # noqa: S704  # our own file
            style_hash=_hash(style),
            body=Markup(body),  # noqa: S704  # escaped by its own template
        )
    )


class _Numbered:
    """The page's texts by number: Chinese stands in the page, the other languages beside it once each."""

    def __init__(self) -> None:
        self.numbers: dict[Translated, int] = {}

    def number(self, text: Text) -> int | None:
        """Return the number of a text, none where it is the same in every language."""
        if isinstance(text, str) or len(set(text)) == 1:
            return None
        return self.numbers.setdefault(text, len(self.numbers))

    def markup(self, text: Text) -> Markup:
        """Return a text as markup that the script can say in another language."""
        number = self.number(text)
        shown = held(in_language(text, "zh"))
        return shown if number is None else Markup('<span data-w="{}">{}</span>').format(number, shown)

    def as_json(self) -> str:
        """Return the texts of the other languages in the order of their numbers."""
        rows = [text[1:] for text in self.numbers]
        return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


@cache
def _templates() -> Environment:
    return Environment(
        loader=FunctionLoader(_file), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _style() -> str:
    return font_face() + _file("page.css")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _file(name: str) -> str:
    return resources.files("village_credit.report").joinpath(f"living/{name}").read_text(encoding="utf-8")
