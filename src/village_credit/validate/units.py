"""The unit of each measured column is settled per file, then its values become mu, yuan and kilograms.

A unit is said by the header or the 单位 row; where nobody says it, it is told by agreement of two columns
or by a magnitude that no other unit would give, and otherwise the extract is rejected, never guessed.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

from data_contracts.fields import Kind
from data_contracts.registry import FieldSpec, field_specs
from village_credit.errors import ExtractRejected
from village_credit.validate.normalise import Cells, is_interval, plain_decimal

TO_CANONICAL = {
    "mu": Decimal(1),
    "hectare": Decimal(15),
    "square_metre": Decimal("0.0015"),
    "yuan": Decimal(1),
    "ten_thousand_yuan": Decimal(10000),
    "thousand_yuan": Decimal(1000),
    "kilogram": Decimal(1),
    "tonne": Decimal(1000),
    "jin": Decimal("0.5"),
}
PAIR = ("measured_mu", "contract_mu")  # …MJ and …MJM of NY/T 2539
SQUARE_METRE_MEDIAN = 100  # a parcel of more than 100 is square metres: domain of NY/T 2539 deliveries
YUAN_MEDIAN = 500  # a household's yearly money in 万元 or 千元 is far below
_PLAIN = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,12})?")
_OWN_UNIT = re.compile(r"[万元亩]")
MU_MEDIANS = (3, 300)  # hectares are below, square metres above


def convert_units(
    contract: str, columns: dict[str, Cells], said: dict[str, str | None], delivered: dict[str, Cells] | None = None
) -> dict[str, str]:
    """Convert measured columns in place to mu, yuan, kilograms; give the unit settled for each field.

    `delivered`: the cells as they came, of which some may name a unit of their own.
    """
    specs = {spec.name: spec for spec in field_specs(contract) if spec.column.unit and spec.name in columns}
    units = _settle(contract, specs, columns, said)
    for name, unit in units.items():
        if TO_CANONICAL[unit] != 1:
            came = (delivered or columns)[name]
            columns[name] = [
                _own_unit(cell, raw)
                if raw and _OWN_UNIT.search(raw)
                else _converted(cell, TO_CANONICAL[unit], specs[name].kind)
                for cell, raw in zip(columns[name], came, strict=True)
            ]
    return units


def _own_unit(cell: str | None, raw: str) -> str | None:
    """A cell that names another unit than its column's is not converted.

    A band in 万 says its yuan by itself; `500元` below 万元 contradicts, and stays for the contract to refuse.
    """
    return cell if "万" in raw and is_interval(raw) else raw


def _converted(cell: str | None, factor: Decimal, kind: Kind) -> str | None:
    """Multiply exactly; an area converted keeps four decimals, half up."""
    number = _decimal(cell)
    if cell is None or number is None:
        return cell
    value = number * factor
    return plain_decimal(str(value.quantize(Decimal("0.0001"), ROUND_HALF_UP) if kind is Kind.MU else value))


def _settle(
    contract: str, specs: dict[str, FieldSpec], columns: dict[str, Cells], said: dict[str, str | None]
) -> dict[str, str]:
    units = {name: unit for name in specs if (unit := said.get(name)) is not None}
    if PAIR[0] in specs:
        units.setdefault(PAIR[1], "mu")
        if PAIR[0] not in units:
            units[PAIR[0]] = _pair_unit(contract, columns)
        units = {name: unit for name, unit in units.items() if name in specs}
    for kind in (Kind.YUAN, Kind.MU, Kind.KILOGRAM):
        names = [name for name, spec in specs.items() if spec.kind is kind]
        silent = [name for name in names if name not in units]
        if silent:
            common = {units[name] for name in names if name in units}
            unit = (
                common.pop() if len(common) == 1 else _by_magnitude(contract, kind, [columns[name] for name in silent])
            )
            units.update(dict.fromkeys(silent, unit))
    return units


def _pair_unit(contract: str, columns: dict[str, Cells]) -> str:
    """Settle …MJ by its agreement with …MJM, else by its median."""
    measured = [_decimal(cell) for cell in columns[PAIR[0]]]
    declared = [_decimal(cell) for cell in columns.get(PAIR[1], [])] or [None] * len(measured)
    pairs = [(m, d) for m, d in zip(measured, declared, strict=True) if m is not None and d is not None]
    if pairs:
        metres = sum(_agree(m * TO_CANONICAL["square_metre"], d) for m, d in pairs)
        mu = sum(_agree(m, d) for m, d in pairs)
        if max(metres, mu) * 2 <= len(pairs):
            raise ExtractRejected(
                "UNIT_UNKNOWN", f"{contract}: area in square metres and in mu disagree in most of {len(pairs)} rows"
            )
        return "square_metre" if metres >= mu else "mu"
    known = [value for value in measured if value is not None]
    return "square_metre" if not known or median(known) > SQUARE_METRE_MEDIAN else "mu"


def _agree(area: Decimal, declared: Decimal) -> bool:
    return abs(area - declared) <= Decimal("0.01") * max(Decimal(1), declared)


def _by_magnitude(contract: str, kind: Kind, columns: list[Cells]) -> str:
    """Tell an unsaid unit where only one is plausible; otherwise refuse the extract."""
    values = [value for cells in columns for cell in cells if (value := _decimal(cell)) is not None and value > 0]
    middle = median(values) if values else None
    if kind is Kind.YUAN and (middle is None or middle >= YUAN_MEDIAN):
        return "yuan"
    if kind is Kind.MU and (middle is None or MU_MEDIANS[0] <= middle <= MU_MEDIANS[1]):
        return "mu"
    if kind is Kind.KILOGRAM and (middle is None or middle >= YUAN_MEDIAN):
        return "kilogram"
    raise ExtractRejected(
        "UNIT_UNKNOWN",
        (
            f"{contract}: no unit for its {kind.value} columns and their magnitude fits several; state the "
            f"unit in the header"
        ),
    )


def _decimal(cell: str | None) -> Decimal | None:
    """Read a plain number; what a contract would refuse (1e3, 1_000, NaN) is not made plain by a conversion."""
    return Decimal(cell) if cell is not None and _PLAIN.fullmatch(cell) else None
