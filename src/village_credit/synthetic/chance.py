"""Seeded chance and array types: each part draws from its own stream, so that parts never shift each other."""

from __future__ import annotations

from datetime import date
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]
Dates = NDArray[np.datetime64]
Cells = NDArray[Any]

NEVER = np.datetime64("NaT", "D")


def stream(seed: int, *part: str | int) -> np.random.Generator:
    """A generator of its own for one named part of the county."""
    return np.random.default_rng([seed, *(crc32(str(name).encode()) for name in part)])


def pick(rng: np.random.Generator, eligible: Bools, share: float) -> Bools:
    """Mark about `share` of all rows among the eligible ones; at least one from 50 rows on."""
    wanted = share * eligible.size
    count = int(np.ceil(wanted)) if eligible.size >= 50 else int(rng.binomial(eligible.size, share))
    candidates = np.flatnonzero(eligible)
    chosen = rng.permutation(candidates)[: min(count, candidates.size)]
    marked = np.zeros(eligible.size, dtype=np.bool_)
    marked[chosen] = True
    return marked


def texts(values: Any) -> Texts:
    """Python strings, one per cell."""
    made = np.empty(len(values), dtype=np.object_)
    made[:] = list(values)
    return made


def choose(rng: np.random.Generator, words: list[str] | tuple[str, ...], size: int) -> Texts:
    """Draw words with equal chance."""
    return texts(words)[rng.integers(0, len(words), size)]


def day(moment: date) -> np.datetime64:
    """A date as NumPy counts days."""
    return np.datetime64(moment, "D")


def years_before(moment: date, years: int) -> date:
    """The same day some years earlier; 29 February becomes the 28th."""
    try:
        return moment.replace(year=moment.year - years)
    except ValueError:
        return moment.replace(year=moment.year - years, day=28)


def add_months(days: Dates, months: Ints | int) -> Dates:
    """Dates some months later, never past the 28th of a month."""
    whole = days.astype("datetime64[M]")
    in_month = np.minimum((days - whole).astype(np.int64), 27)
    moved: Dates = (whole + np.asarray(months).astype("timedelta64[M]")).astype("datetime64[D]") + in_month
    return moved


def written_dates(days: Dates, separator: str = "-") -> Texts:
    """Dates as officers type them; empty where there is none."""
    return texts([("" if text == "NaT" else text.replace("-", separator)) for text in days.astype(str).tolist()])


def sigmoid(value: Floats) -> Floats:
    """Log-odds to probability."""
    made: Floats = 1.0 / (1.0 + np.exp(-value))
    return made


def sums(groups: Ints, values: Floats, size: int) -> Floats:
    """Sum values by group 0..size-1."""
    return np.bincount(groups, values, size).astype(np.float64)


def rounded(values: Floats, places: int = 2) -> Floats:
    """Round, as officers do."""
    made: Floats = np.round(values, places).astype(np.float64)
    return made
