"""Cells that hold no value of the office: an error that a spreadsheet shows, a formula that nobody has calculated.

Readers write the one as the office sees it (`#REF!`) and the other as `UNCALCULATED`; whoever judges a row asks
`spoilt`, whatever format the row came in.
"""

from __future__ import annotations

import re

UNCALCULATED = "#FORMULA_NOT_CALCULATED!"
UNNAMED_ERROR = "#ERROR!"  # an error whose literal the file does not say
_ERROR = re.compile(r"#(?:N/A|GETTING_DATA|[A-Z][A-Z0-9_/]*[!?]|#+)|ERR:[0-9]{3}", re.IGNORECASE)  # ##: too narrow
_FORMULA = re.compile(r"=(?:[-+(@$'\[{A-Za-z0-9].*|\w+[!(].*)", re.DOTALL)  # as it was typed; ="0123" is a text


def spoilt(text: str) -> str:
    """Return the reason's code of a cell that holds no value, or nothing."""
    if text == UNCALCULATED or _FORMULA.fullmatch(text):
        return "FORMULA_NOT_CALCULATED"
    return "ERROR_CELL" if _ERROR.fullmatch(text) else ""


def error_text(literal: str) -> str:
    """Return what is written for an error cell: its literal, or a name for one that has none."""
    return literal.strip() if spoilt(literal.strip()) else UNNAMED_ERROR
