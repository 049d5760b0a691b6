"""A share of a whole is written as a percentage."""

from __future__ import annotations

from decimal import Decimal


def percent(value: int, whole: int) -> str:
    """Write a share of a whole as a percentage with two decimals at least, exactly."""
    text = format(Decimal(value) * 100 / whole, "f")
    number, _, decimals = text.partition(".")
    return f"{number}.{decimals.rstrip('0'):0<2}%"
