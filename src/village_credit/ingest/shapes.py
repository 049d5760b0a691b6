"""Delivered maps are looked at where this machine can and the run says so; where not, that is the finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from data_contracts.agriculture_bureau import AREA_TOLERANCE
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.maps import Parts, find_maps, read_map
from village_credit.maps import Fault
from village_credit.shapes.findings import FINDINGS, OUTLINES, of_map
from village_credit.shapes.library import looking_library


@dataclass(frozen=True)
class Looked:
    """What was found of a delivery's maps: `maps` is file, sheet and kind of each, in the order that findings name.

    `outlines`: villages as a page draws them (OUTLINES).
    """

    maps: list[tuple[str, str, str]]
    findings: pa.Table
    outlines: pa.Table


def can_look(looked_with: Mapping[str, str] | None) -> bool:
    """Tell whether shapes can be looked at here as a run says that they are: with the same versions of the library."""
    return looked_with is not None and looked_with == looking_library()


def look_at_shapes(
    delivered: Iterable[DeliveredFile], parcels: pa.Table, looked_with: Mapping[str, str] | None
) -> Looked:
    """Look at a delivery's maps by its accepted parcels.

    `looked_with`: the library's versions that the run is to be looked at with, None where it is not.
    """
    found = find_maps(delivered)
    return _look(found, parcels) if can_look(looked_with) else _not_looked_at(found)


def _look(found: Iterable[Parts], parcels: pa.Table) -> Looked:
    from village_credit.shapes.look import look  # noqa: PLC0415  # the one place: the extra may not be installed
    from village_credit.shapes.outlines import outlines_of  # noqa: PLC0415

    maps = [one for parts in found if (one := read_map(parts)) is not None]
    named = [(one.file_name, one.sheet, str(one.kind)) for one in maps]
    return Looked(named, look(maps, parcels, AREA_TOLERANCE), outlines_of(maps))


def _not_looked_at(found: Iterable[Parts]) -> Looked:
    """Name the maps that may be of parcels, and nothing else of them."""
    kinds = ((one, one.kind()) for one in found)
    maps = [(one.file_name, one.sheet, str(kind)) for one, kind in kinds if kind in ("parcels", "")]
    findings = [of_map(place, Fault("SHAPES_NOT_LOOKED_AT")) for place in range(len(maps))]
    return Looked(maps, pa.concat_tables([FINDINGS.empty_table(), *findings]), OUTLINES.empty_table())
