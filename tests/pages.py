"""What a living page has in its tables, read from its bytes."""

from __future__ import annotations

import re
from html import unescape


def rows_of(text: str, name: str) -> list[list[str]]:
    """The cells of a table by its name, a list a row, as a reader without a script sees them."""
    table = text.split(f'data-name="{name}"', 1)[1].split("</table>", 1)[0]
    body = table.split("<tbody>", 1)[1]
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("<tr")]
    return [[unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in row] for row in found if row]


def part_of(text: str, name: str) -> str:
    """A section of the page by its name."""
    return text.split(f'<section id="{name}-part"', 1)[1].split("</section>", 1)[0]
