"""Words that a line must not break: dates, ids and ranges stay whole, a code breaks after its own joints alone."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

# a hyphen or dash with a figure on a side of it: 2026-11-01, p20261101-8faa8fe2d359, 28000–64000; page.js has the same
HELD = re.compile(r"(\[?(?=[A-Za-z-]*\d)[A-Za-z0-9][\w.,:+%]*(?:[-\u2013][\w.,:+%]*[\w%]\]?)+)", re.ASCII)
JOINT = re.compile(r"(?<=[_/])(?=[^_/])")
LONGEST = 40  # letters: what is longer, a hash, breaks where the line ends
LONG = re.compile(rf"([!-~]{{{LONGEST + 1},}})")


def held(text: str) -> Markup:
    """Return a text as markup in which no date, id or range is broken."""
    parts = (_whole(part) if at % 2 else escape(part) for at, part in enumerate(HELD.split(text)))
    return Markup("").join(parts)


def code(text: str) -> Markup:
    """Return a code, a command or a file's name as markup that breaks after `_` and `/`, at blanks, and nowhere else.

    A part longer than LONGEST breaks anywhere: no line has room for a hash.
    """
    return Markup("<wbr>").join(_part(part) for part in JOINT.split(text))


def _part(text: str) -> Markup:
    parts = (
        Markup('<span class="hash">{}</span>').format(part) if at % 2 else held(part)
        for at, part in enumerate(LONG.split(text))
    )
    return Markup("").join(parts)


def _whole(part: str) -> Markup:
    return Markup('<span class="d">{}</span>').format(part) if len(part) <= LONGEST else escape(part)
