"""The unit of each measured column is settled per file, then its values become mu, yuan and kilograms.

A unit is said by the header or the 单位 row; where nobody says it, it is told by agreement of two columns
or by a magnitude that no other unit would give, and otherwise the extract is rejected, never guessed.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.fields import Kind
from data_contracts.registry import FieldSpec, field_specs
from village_credit.errors import ExtractRejected
from village_credit.texts import Texts, scattered
from village_credit.validate.normalise import is_interval, plain_decimal

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
_NUMBER = pa.decimal128(27, 12)  # what `_PLAIN` can say
_PLAIN = r"^-?[0-9]{1,15}(?:\.[0-9]{1,12})?$"
_PLAIN_CELL = re.compile(_PLAIN.strip("^$"))
_SHORT = r"^[0-9]{1,10}(?:\.[0-9]{1,4})?$"
_OWN_UNIT = "[万元亩]"
_NAMES_UNIT = re.compile(_OWN_UNIT)
MU_MEDIANS = (3, 300)  # hectares are below, square metres above


def convert_units(
    contract: str, columns: dict[str, Texts], said: dict[str, str | None], delivered: dict[str, Texts] | None = None
) -> dict[str, str]:
    """Convert measured columns in place to mu, yuan, kilograms; give the unit settled for each field.

    `delivered`: the cells as they came, value by value, of which some may name a unit of their own.
    """
    specs = {spec.name: spec for spec in field_specs(contract) if spec.column.unit and spec.name in columns}
    units = _settle(contract, specs, columns, said)
    for name, unit in units.items():
        if TO_CANONICAL[unit] != 1:
            came = (delivered or columns)[name].values
            converted = _converted(columns[name].values, came, TO_CANONICAL[unit], specs[name].kind)
            columns[name] = columns[name].with_values(converted)
    return units


def _converted(cells: pa.StringArray, came: pa.StringArray, factor: Decimal, kind: Kind) -> pa.StringArray:
    """Multiply exactly; an area converted keeps four decimals, half up.

    What a decimal of 14 digits holds is multiplied as a column; the rest, and what names a unit, cell by cell.
    """
    names_unit = pc.match_substring_regex(came, _OWN_UNIT)
    short = pc.fill_null(pc.and_not(pc.match_substring_regex(cells, _SHORT), names_unit), fill_value=False)
    product = pc.multiply(pc.if_else(short, cells, None).cast(pa.decimal128(14, 4)), pa.scalar(factor))
    if kind is Kind.MU:
        product = pc.round(product, ndigits=4, round_mode="half_towards_infinity")  # of what is not negative: half up
    written = _plainly(product)
    others = pc.and_(pc.invert(short), pc.is_valid(came))
    one_by_one = [
        _own_unit(cell, raw) if _NAMES_UNIT.search(raw) else _times(cell, factor, kind)
        for cell, raw in zip(cells.filter(others).to_pylist(), came.filter(others).to_pylist(), strict=True)
    ]
    return scattered(pc.if_else(short, written, cells), others, one_by_one)


def _plainly(numbers: pa.Array) -> pa.StringArray:
    """Write decimals without zeros at their end."""
    written = pc.utf8_rtrim(pc.utf8_rtrim(numbers.cast(pa.string()), characters="0"), characters=".")
    return pc.if_else(pc.equal(numbers, pa.scalar(Decimal(0)).cast(numbers.type)), "0", written)


def _own_unit(cell: str | None, raw: str) -> str | None:
    """A cell that names another unit than its column's is not converted.

    A band in 万 says its yuan by itself; `500元` below 万元 contradicts, and stays for the contract to refuse.
    """
    return cell if "万" in raw and is_interval(raw) else raw


def _times(cell: str | None, factor: Decimal, kind: Kind) -> str | None:
    """Multiply one cell; what is no plain number stays (1e3, 1_000, NaN), for the contract to refuse."""
    if cell is None or not _PLAIN_CELL.fullmatch(cell):
        return cell
    value = Decimal(cell) * factor
    return plain_decimal(str(value.quantize(Decimal("0.0001"), ROUND_HALF_UP) if kind is Kind.MU else value))


def _settle(
    contract: str, specs: dict[str, FieldSpec], columns: dict[str, Texts], said: dict[str, str | None]
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


def _pair_unit(contract: str, columns: dict[str, Texts]) -> str:
    """Settle …MJ by its agreement with …MJM, else by its median."""
    measured = _numbers(columns[PAIR[0]])
    declared = _numbers(columns[PAIR[1]]) if PAIR[1] in columns else pa.nulls(len(measured), _NUMBER)
    both = pc.and_(pc.is_valid(measured), pc.is_valid(declared))
    pairs = pc.sum(both, min_count=0).as_py()
    if pairs:
        given = measured.filter(both), declared.filter(both)
        metres, mu = (_agreeing(*given, factor) for factor in (TO_CANONICAL["square_metre"], Decimal(1)))
        if max(metres, mu) * 2 <= pairs:
            raise ExtractRejected(
                "UNIT_UNKNOWN", f"{contract}: area in square metres and in mu disagree in most of {pairs} rows"
            )
        return "square_metre" if metres >= mu else "mu"
    middle = _median([measured])
    return "square_metre" if middle is None or middle > SQUARE_METRE_MEDIAN else "mu"


def _agreeing(areas: pa.Array, declared: pa.Array, factor: Decimal) -> int:
    """Count the rows in which an area, in mu by a factor, is the declared one to a hundredth of it (at least of 1)."""
    gap = pc.abs(pc.subtract(pc.multiply(areas, pa.scalar(factor)), declared))
    tolerance = pc.multiply(pc.max_element_wise(declared, pa.scalar(Decimal(1), _NUMBER)), pa.scalar(Decimal("0.01")))
    return int(pc.sum(pc.less_equal(gap, tolerance)).as_py())


def _by_magnitude(contract: str, kind: Kind, columns: list[Texts]) -> str:
    """Tell an unsaid unit where only one is plausible; otherwise refuse the extract."""
    zero = pa.scalar(Decimal(0), _NUMBER)
    middle = _median([numbers.filter(pc.greater(numbers, zero)) for numbers in map(_numbers, columns)])
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


def _median(columns: list[pa.Array]) -> Decimal | None:
    """Return the middle of all numbers there are, or of the two in the middle the mean."""
    numbers = pa.concat_arrays(columns).drop_null().sort()
    if not len(numbers):
        return None
    low, high = numbers[(len(numbers) - 1) // 2].as_py(), numbers[len(numbers) // 2].as_py()
    return Decimal(low + high) / 2


def _numbers(texts: Texts) -> pa.Array:
    """Read plain numbers row by row; what a contract would refuse (1e3, 1_000, NaN) is none."""
    plain = pc.if_else(pc.match_substring_regex(texts.values, _PLAIN), texts.values, None)
    return texts.of_rows(plain.cast(_NUMBER))
