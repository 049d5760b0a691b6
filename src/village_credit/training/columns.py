"""Columns of any type become numbers with NaN for missing, or objects: text is never a number."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from village_credit.score.statistics import Floats
from village_credit.training.fine import Fine, is_blank


def column_of(series: Any, name: str) -> NDArray[Any]:
    """Return one column of a DataFrame as numbers (NaN missing), or as objects where it holds anything else.

    Raises ValueError where a number is infinite.
    """
    if str(series.dtype) == "category":
        found: NDArray[Any] = series.astype(object).to_numpy()
        return found
    if series.dtype.kind in "iufb":  # NumPy's own, pandas' nullable ones and Arrow's
        return _finite(series.to_numpy(dtype=np.float64, na_value=np.nan), name)
    return objects_or_numbers(series.astype(object).to_numpy(), name)


def objects_or_numbers(column: NDArray[Any], name: str) -> NDArray[Any]:
    """Return objects as numbers where all that are known are numbers, and some are."""
    values = column.tolist()
    is_known = [not is_blank(value) for value in values]
    known = [value for value, is_one in zip(values, is_known, strict=True) if is_one]
    if not known or not all(isinstance(value, Real | Decimal) for value in known):
        return column
    numbers = np.full(len(column), np.nan)
    numbers[is_known] = [float(value) for value in known]
    return _finite(numbers, name)


def _finite(numbers: Floats, name: str) -> Floats:
    if np.isinf(numbers).any():
        raise ValueError(f"column {name} contains infinity; give a missing value or a number")
    return numbers


def as_trained(column: NDArray[Any], fine: Fine) -> NDArray[Any]:
    """Return a column as the feature takes it; raises ValueError where training had numbers and this is text."""
    if fine.levels is not None or column.dtype != object:
        return column
    if any(not is_blank(value) for value in column.tolist()):
        raise ValueError(f"column {fine.name} holds text, and training had numbers in it; give numbers, or train anew")
    return np.full(len(column), np.nan)
