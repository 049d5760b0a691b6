"""Maps and the register's parcels become findings: what can be measured, areas, codes, neighbours, place.

Everything is set-based: a hundred thousand parcels are one array. What the geometry library itself gives up at is said
of the map, and raises nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from village_credit.duckdb_session import cursor_over
from village_credit.maps import DeliveredMap, Fault, Whole
from village_credit.shapes.findings import FINDINGS, of_lines, of_map
from village_credit.shapes.neighbours import LEAST_SHARE, Pairs, overlaps
from village_credit.shapes.polygons import Drawn, Shapes, draw_shapes
from village_credit.shapes.projection import Zone, zone_of
from village_credit.shapes.villages import joined, shares_inside
from village_credit.sql_files import sql

MU_M2 = 2000 / 3  # square metres of a mu
LEAST_INSIDE = 0.5  # of a parcel's shape: below it the parcel lies outside its village
PARCEL_DIGITS, VILLAGE_DIGITS = 19, 12  # a parcel's code begins with its village's
GIVEN_UP = Fault("SHAPES_UNREADABLE")


@dataclass(frozen=True)
class Seen:
    """A map as far as it can be looked at: its zone, and of its living lines those with a shape, in order."""

    place: int
    map: DeliveredMap
    zone: Zone | None
    lines: Whole
    shapes: Shapes
    codes: list[str | None]
    findings: pa.Table

    @property
    def meridian(self) -> float | None:
        """The central meridian of its zone: shapes of one plane can be compared, whatever is added to eastings."""
        return None if self.zone is None else self.zone.meridian

    def package(self) -> tuple[str, float | None]:
        """Return what it was delivered with, and in which plane."""
        return self.map.package, self.meridian

    def named(self) -> pa.Table:
        """Return its living lines with what was measured: the columns of LOOKED."""
        lines = self.map.lines
        place = pa.array(np.searchsorted(self.lines, lines.column("line_number").to_numpy()))
        known = pc.is_in(lines.column("line_number"), pa.array(self.lines, pa.int32()))
        areas = pa.array(np.append(shapely.area(self.shapes), 0.0)) if len(self.lines) else pa.array([0.0])
        measured = pc.if_else(known, areas.take(place), None)
        return (
            lines.append_column("map", pa.array([self.place] * lines.num_rows, pa.int64()))
            .append_column("measured_m2", measured.cast(pa.float64()))
            .append_column("meridian", pa.array([self.meridian] * lines.num_rows, pa.float64()))
        )


def look(maps: list[DeliveredMap], parcels: pa.Table, tolerance: Decimal) -> pa.Table:
    """Return what is to be said of maps (FINDINGS), by the accepted rows of `land_parcel`.

    `tolerance`: by what share of an area, of a mu at least, two areas may differ and be the same.
    """
    seen = [seen_of(place, one) for place, one in enumerate(maps)]
    own = [one for one in seen if one.map.kind == "parcels" and one.map.rings is not None]
    found = [one.findings for one in seen]
    pairs = pa.concat_tables([PAIRS.empty_table(), *_pairs(own, found)])
    lines = pa.concat_tables([LOOKED.empty_table(), *(one.named().select(LOOKED.names) for one in own)])
    connection = cursor_over({"lines": lines, "parcels": parcels, "pairs": pairs})
    values = {"mu_m2": MU_M2, "tolerance": float(tolerance), "least_share": LEAST_SHARE}
    connection.execute(sql("shapes", "register"), {"mu_m2": MU_M2})
    for name in ("areas", "codes", "code_twice", "pairs"):
        query = sql("shapes", name)
        asked = {key: value for key, value in values.items() if f"${key}" in query}
        found.append(connection.sql(query, params=asked).to_arrow_table().cast(FINDINGS))
    found += _outside(own, [one for one in seen if one.map.kind == "villages"])
    connection.register("found", pa.concat_tables([FINDINGS.empty_table(), *found]))
    return connection.sql(sql("shapes", "once")).to_arrow_table().cast(FINDINGS)


LOOKED = pa.schema(
    [
        ("map", pa.int64()),
        ("line_number", pa.int32()),
        ("code", pa.string()),
        ("area_m2", pa.string()),
        ("area_mu", pa.string()),
        ("land_class", pa.string()),
        ("measured_m2", pa.float64()),  # null where the shape cannot be measured
        ("meridian", pa.float64()),
    ]
)
PAIRS = pa.schema(
    [
        *((f"{name}_{which}", kind) for which in ("first", "second") for name, kind in
          (("map", pa.int64()), ("line", pa.int32()), ("code", pa.string()))),
        ("share", pa.float64()),
        ("is_same", pa.bool_()),
    ]
)  # fmt: skip


def seen_of(place: int, one: DeliveredMap) -> Seen:
    """Return a map as far as it can be looked at; `place`: its place among the maps of the delivery."""
    faults = [of_map(place, fault) for fault in one.faults]
    if one.rings is None:
        return _blind(place, one, faults)
    zone = zone_of(one.projection)
    if isinstance(zone, str):
        faults.append(of_map(place, Fault(zone)))
    try:
        drawn = draw_shapes(place, one.rings, zone if isinstance(zone, Zone) else None)
    except shapely.errors.GEOSException:
        return _blind(place, one, [*faults, of_map(place, GIVEN_UP)])
    return _living(place, one, zone if isinstance(zone, Zone) else None, drawn, faults)


def _blind(place: int, one: DeliveredMap, faults: list[pa.Table]) -> Seen:
    nothing = np.zeros(0, np.int64), np.zeros(0, np.object_)
    return Seen(place, one, None, *nothing, [], pa.concat_tables([FINDINGS.empty_table(), *faults]))


def _living(place: int, one: DeliveredMap, zone: Zone | None, drawn: Drawn, faults: list[pa.Table]) -> Seen:
    """Leave out the shapes of lines that are deleted in the table, or that are of no village."""
    numbers = one.lines.column("line_number").to_numpy()
    is_living = np.isin(drawn.lines, numbers)
    lines = drawn.lines[is_living]
    codes = one.lines.column("code").take(pa.array(np.searchsorted(numbers, lines))).to_pylist()
    said = drawn.findings.column("line_number")
    own = drawn.findings.filter(pc.or_(pc.is_null(said), pc.is_in(said, one.lines.column("line_number"))))
    return Seen(place, one, zone, lines, drawn.shapes[is_living], codes, pa.concat_tables([*faults, own]))


def _pairs(own: list[Seen], found: list[pa.Table]) -> Iterator[pa.Table]:
    """Return which shapes of a zone lie upon each other (PAIRS), over all maps; what cannot be told joins `found`."""
    for meridian in sorted({each for one in own if (each := one.meridian) is not None}):
        among = [one for one in own if one.meridian == meridian and len(one.lines)]
        try:
            pairs, why = overlaps(_shapes_of(among)), Fault("SHAPES_ENTANGLED")
        except shapely.errors.GEOSException:
            pairs, why = None, GIVEN_UP
        if pairs is None:
            found += [of_map(one.place, why) for one in among]
        elif among:
            yield _pair_table(pairs, among)


def _pair_table(pairs: Pairs, among: list[Seen]) -> pa.Table:
    places = pa.array(np.concatenate([np.full(len(one.lines), one.place) for one in among]), pa.int64())
    lines = pa.array(np.concatenate([one.lines for one in among]), pa.int32())
    codes = pa.array([code for one in among for code in one.codes], pa.string())
    columns: list[Any] = [
        column.take(pa.array(which)) for which in (pairs.first, pairs.second) for column in (places, lines, codes)
    ]
    return pa.Table.from_arrays([*columns, pa.array(pairs.share), pa.array(pairs.is_same)], schema=PAIRS)


def _outside(own: list[Seen], villages: list[Seen]) -> Iterator[pa.Table]:
    """Return parcels that lie outside their village, by the outlines of the same package and zone."""
    for one in (each for each in own if each.zone is not None):
        near = [each for each in villages if each.package() == one.package()]
        codes = [_village_of(code) for code in one.codes]
        try:
            outlines = joined([str(code) for each in near for code in each.codes], _shapes_of(near))
            yield _of_outside(one, shares_inside(one.shapes, codes, outlines))
        except shapely.errors.GEOSException:
            yield of_map(one.place, GIVEN_UP)
            continue
        unasked = sum(code is not None and code not in outlines for code in codes)
        if unasked:
            yield of_map(one.place, Fault("OUTLINES_MISSING", float(unasked), None, "count"))


def _of_outside(one: Seen, share: NDArray[np.float64]) -> pa.Table:
    is_out = share < LEAST_INSIDE
    lines = one.lines[is_out]
    bounds = {"expected": [LEAST_INSIDE] * len(lines), "unit": ["share"] * len(lines)}
    return of_lines(one.place, lines, "SHAPE_OUTSIDE_VILLAGE", value=share[is_out], **bounds)


def _shapes_of(maps: list[Seen]) -> Shapes:
    return np.concatenate([np.zeros(0, np.object_), *(each.shapes for each in maps)])


def _village_of(code: str | None) -> str | None:
    """Return the village that a parcel's code names; none where the code is none."""
    return code[:VILLAGE_DIGITS] if code and len(code) == PARCEL_DIGITS and code.isdigit() else None
