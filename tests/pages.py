"""What a living page has in its tables, read from its bytes."""

from __future__ import annotations

import re
from html import unescape


def rows_of(text: str, name: str) -> list[list[str]]:
    """The cells of a table by its name, a list a row, as a reader without a script sees them."""
    table = text.split(f'data-name="{name}"', 1)[1].split("</table>", 1)[0]
    body = re.split(r"<tbody[^>]*>", table, maxsplit=1)[1]
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("<tr")]
    return [[unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in row] for row in found if row]


def part_of(text: str, name: str) -> str:
    """A section of the page by its name; what is held together on a line is as the reader sees it."""
    part = text.split(f'<section id="{name}-part"', 1)[1].split("</section>", 1)[0]
    return re.sub(r'<span class="d">(.*?)</span>', r"\1", part)
