"""A contract's rules of one value in the words of the published formats, so that these refuse what the contract does.

A row is text, and a schema's `minimum` is deaf to text: the bound stands in the pattern, and beside it for readers.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from data_contracts.fields import Kind

KEYWORDS = MappingProxyType({"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum"})
NOT_BELOW_NOUGHT = "(?!-[0.]*[1-9])"  # -0.00 is nought
ABOVE_NOUGHT = "(?!-)(?=.*[1-9])"
UP_TO_99 = "(?![0-9]{3})"
IN_PATTERN = MappingProxyType(
    {("ge", 0): NOT_BELOW_NOUGHT, ("gt", 0): ABOVE_NOUGHT, ("ge", 1): ABOVE_NOUGHT, ("le", 99): UP_TO_99}
)
_LONG, _SHORT = "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])", "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
_LEAP = "(?:19(?:0[48]|[2468][048]|[13579][26])|20(?:0[048]|[2468][048]|[13579][26]))-02-29"
A_DAY = f"^(?:(?:19|20)[0-9]{{2}}-(?:{_LONG}|{_SHORT}|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP})$"
# The digits that a value may have, as the largest that they can write.
LARGEST: Mapping[Kind, float | int] = MappingProxyType(
    {
        Kind.YUAN: 999_999_999_999.99,
        Kind.KILOGRAM: 999_999_999_999.99,
        Kind.MU: 9_999_999_999.9999,
        Kind.COUNT: 999_999_999_999,
        Kind.YEAR: 2099,
    }
)
FIRST_YEAR = 1900


def published(kind: Kind, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value's JSON Schema without a word that the standard does not know.

    Raises KeyError where a contract has a bound that no pattern here says: add it to `IN_PATTERN`.
    """
    bounds = {key: schema[key] for key in KEYWORDS if key in schema}
    rest = {key: value for key, value in schema.items() if key not in bounds}
    if kind in (Kind.DAY, Kind.MONTH):
        return {**rest, "pattern": A_DAY}
    if not bounds:
        return rest
    said = {KEYWORDS[key]: value for key, value in bounds.items()}
    tests = "".join(dict.fromkeys(IN_PATTERN[key, value] for key, value in bounds.items()))
    return {**rest, **said, "pattern": f"^{tests}{rest['pattern'].removeprefix('^')}"}


def options(kind: Kind, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value's bounds as the Open Data Contract Standard names them (`logicalTypeOptions`)."""
    if kind in (Kind.DAY, Kind.MONTH):
        return {}
    if kind not in LARGEST:
        return {key: schema[key] for key in ("minLength", "maxLength", "pattern") if key in schema}
    said = {key: schema[key] for key in KEYWORDS.values() if key in schema}
    if "exclusiveMinimum" in said:
        said.pop("minimum", None)
    least = {"minimum": FIRST_YEAR} if kind is Kind.YEAR else {"minimum": 0} if kind is Kind.COUNT else {}
    return {**least, "maximum": LARGEST[kind], **said}
