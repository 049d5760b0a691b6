"""The verdict of a field's own validator on each value of a column: pydantic is asked for a column at a time.

Money and land, whose conversion costs pydantic most, are converted by Arrow where their contract's pattern and bounds
hold: after such a pattern a decimal can be read in one way only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from data_contracts.fields import CanonicalText, Column, Kind
from data_contracts.registry import INCOMING, metadata_of
from village_credit.texts import parts

ARROW_TYPES: dict[Kind, pa.DataType] = {
    Kind.YUAN: pa.decimal128(18, 2),
    Kind.KILOGRAM: pa.decimal128(18, 2),
    Kind.MU: pa.decimal128(18, 4),
    Kind.COUNT: pa.int64(),
    Kind.YEAR: pa.int64(),
    Kind.DAY: pa.date32(),
    Kind.MONTH: pa.date32(),
}
PART_VALUES = 65_536  # values that are Python's at once
Bound = tuple[Callable[[pa.Array, pa.Scalar], pa.Array], Any]


@dataclass(frozen=True)
class Verdict:
    """`typed`: the values as their contract types them, null where unsound; `sound`: null where there is no value."""

    typed: pa.Array
    sound: pa.BooleanArray


def verdict(contract: str, name: str, kind: Kind, values: pa.StringArray) -> Verdict:
    """Judge each value of a field by its contract."""
    target = ARROW_TYPES.get(kind, pa.string())
    if pa.types.is_decimal(target) and (proof := _proof(contract, name)) is not None:
        return _by_arrow(*proof, values, target)
    judged = [_by_pydantic(_validator(contract, name), part, target) for part in parts(values, PART_VALUES)]
    if not judged:
        return Verdict(pa.array([], target), pa.array([], pa.bool_()))
    return Verdict(
        pa.chunked_array([one.typed for one in judged]).combine_chunks(),
        pa.chunked_array([one.sound for one in judged]).combine_chunks(),
    )


def _by_pydantic(validator: TypeAdapter[list[Any]], values: pa.StringArray, target: pa.DataType) -> Verdict:
    """Ask for all values at once; where some are refused, their places are told and the others are asked again."""
    given = values.drop_null().to_pylist()
    refused: set[int] = set()
    try:
        found = validator.validate_python(given)
    except ValidationError as error:
        refused = {int(fault["loc"][0]) for fault in _faults(error)}
        found = validator.validate_python([text for at, text in enumerate(given) if at not in refused])
    flags = np.ones(len(given), bool)
    flags[list(refused)] = False
    sound = pc.replace_with_mask(pa.nulls(len(values), pa.bool_()), values.is_valid(), pa.array(flags))
    if pa.types.is_string(target):
        return Verdict(pc.if_else(sound, values, None), sound)  # a text that is sound is its own typed value
    holds = pc.fill_null(sound, fill_value=False)
    return Verdict(pc.replace_with_mask(pa.nulls(len(values), target), holds, pa.array(found, target)), sound)


def _faults(error: ValidationError) -> list[Any]:
    return error.errors(include_url=False, include_input=False, include_context=False)


def _by_arrow(pattern: str, bounds: tuple[Bound, ...], values: pa.StringArray, target: pa.DataType) -> Verdict:
    """Convert what the contract's pattern finds sound; a bound is asked of the converted value."""
    fits = pc.match_substring_regex(values, f"^(?:{pattern})$")
    typed = pc.if_else(fits, values, None).cast(target)
    for holds, bound in bounds:
        fits = pc.and_(fits, pc.fill_null(holds(typed, pa.scalar(bound, target)), fill_value=False))
    return Verdict(pc.if_else(fits, typed, None), fits)


@cache
def _validator(contract: str, name: str) -> TypeAdapter[list[Any]]:
    """Return the validator of a list of a field's values, none of which is empty."""
    info = INCOMING[contract].model_fields[name]
    return TypeAdapter(list[Annotated[info.annotation, *info.metadata]])  # type: ignore[name-defined]


_BOUNDS: dict[str, Callable[..., pa.Array]] = {
    "Ge": pc.greater_equal,
    "Gt": pc.greater,
    "Le": pc.less_equal,
    "Lt": pc.less,
}


@cache
def _proof(contract: str, name: str) -> tuple[str, tuple[Bound, ...]] | None:
    """Return the pattern and the bounds of a decimal field; none where its contract asks anything else of it."""
    patterns: list[str] = []
    bounds: list[Bound] = []
    for item in _constraints(metadata_of(contract, name)):
        word = type(item).__name__
        if isinstance(item, CanonicalText):
            patterns.append(item.pattern)
        elif word in _BOUNDS:
            bounds.append((_BOUNDS[word], Decimal(getattr(item, word.lower()))))
        else:
            return None
    return (patterns[0], tuple(bounds)) if len(patterns) == 1 else None


def _constraints(metadata: list[object]) -> Iterator[object]:
    """Return what a field's type asks of a value, beside its kind and its column."""
    for item in metadata:
        if isinstance(item, FieldInfo):
            yield from item.metadata
        elif not isinstance(item, Kind | Column):
            yield item
