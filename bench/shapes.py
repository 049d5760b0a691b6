"""A hundred thousand parcels' shapes beside the register: CPU seconds, as a ratio to pyogrio reading the same file.

Floor: pyogrio reads the map (shapes and columns) and shapely makes its polygons, in the same process; it compares
nothing. The county is made up: parcels of 12 to 30 points in a grid, villages with their outlines, and among them
planted overlaps, parcels outside their village, and areas that are wrong or in mu. It exits 1 where one of them is not
found, where anything else is, or where looking takes more than `BOUND` seconds. Seconds are of this machine at this
moment; the ratios are what to compare.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio.raw
import shapely

from bench.timing import cpu_seconds
from data_contracts.agriculture_bureau import AREA_TOLERANCE
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.maps import find_maps, read_map
from village_credit.shapes.library import looking_library
from village_credit.shapes.look import MU_M2, look

BOUND, TIMES, PLANTED = 30.0, 3, 100  # CPU seconds; measurements; faults of each kind
EAST, NORTH, SIDE = 38_500_000.0, 4_400_000.0, 100.0  # a cell of the grid, metres
ACROSS = 25  # parcels along a village's side
CRS = "EPSG:4526"
Findings = set[tuple[int, str]]


@dataclass(frozen=True)
class County:
    """A map of parcels, the outlines of their villages, and what is the matter with which line."""

    shapes: Any
    codes: list[str]
    said_m2: Any
    villages: dict[str, Any]
    planted: Findings


def main() -> int:
    """Measure and print one table; 1 where a finding is missing or too many, or looking takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=100_000)
    words = parser.parse_args()
    county = made_up(words.parcels)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, county)
        files = [DeliveredFile(f"矢量数据/{path.name}", path.read_bytes(), "") for path in sorted(folder.iterdir())]
        floor = cpu_seconds(lambda: _floor(folder / "DK.shp"), TIMES)
        register = _register(county)
        laps = [_looked(files, register) for _ in range(TIMES)]
        seconds, found = median(lap for lap, _ in laps), laps[-1][1]
    points = int(shapely.get_num_coordinates(county.shapes).sum())
    print(f"{words.parcels:,} parcels of {points:,} points, {len(county.villages)} villages; {_with_what()}")
    print(f"  {'':<34}{'CPU s':>9}{'× floor':>9}")
    print(f"  {'read by pyogrio, polygons (floor)':<34}{floor:>9.2f}{1:>9.1f}")
    print(f"  {'read, measured, compared':<34}{seconds:>9.2f}{seconds / floor:>9.1f}")
    print(f"  planted {len(county.planted):,}, found {len(found):,}, of these planted {len(found & county.planted):,}")
    faults = [f"not found: {sorted(county.planted - found)[:5]}"] if county.planted - found else []
    faults += [f"found and not planted: {sorted(found - county.planted)[:5]}"] if found - county.planted else []
    faults += [f"looking takes {seconds:.1f} s, more than {BOUND:g}"] if seconds > BOUND else []
    print(*faults, sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


def made_up(count: int) -> County:
    """Return so many parcels, one a cell of a grid of square villages; PLANTED of each fault on lines of their own."""
    chance = np.random.default_rng(11)
    number = np.arange(count)
    village, within = number // ACROSS**2, number % ACROSS**2
    row = int(np.ceil(np.sqrt(village[-1] + 1)))
    corner = np.column_stack([village % row, village // row]) * ACROSS * SIDE + np.array([EAST, NORTH])
    cell = corner + np.column_stack([within % ACROSS, within // ACROSS]) * SIDE
    shapes = _polygons(chance, cell)
    codes = [f"6599001{village[n] // 600:02d}{village[n] % 600 + 200:03d}01{within[n] + 1:05d}" for n in number]
    alone = np.flatnonzero((number % 2 == 0) & (within < ACROSS**2 - 1) & (number < count - 1))
    chosen = chance.choice(alone, 4 * PLANTED, replace=False)  # none is the next of another, nor ends its village
    overlapping, outside, wrong, in_mu = chosen.reshape(4, PLANTED)
    shapes[overlapping + 1] = shapely.transform(shapes[overlapping], lambda points: points + SIDE / 100)
    shapes[outside] = shapely.transform(
        shapes[outside], lambda points: points - np.array([0, (row + 2) * ACROSS * SIDE])
    )
    said = shapely.area(shapes)
    said[wrong] *= 1.2
    said[in_mu] /= MU_M2
    corners = dict(zip((code[:12] for code in codes), corner, strict=True))
    outlines = {code: shapely.box(*at, *(at + ACROSS * SIDE)) for code, at in corners.items()}
    planted = {
        *((int(n) + 2, "SHAPE_OVERLAP") for n in overlapping),
        *((int(n) + 1, "SHAPE_OUTSIDE_VILLAGE") for n in outside),
        *((int(n) + 1, "SHAPE_AREA") for n in wrong),
        *((int(n) + 1, "SHAPE_AREA_IN_MU") for n in in_mu),
    }
    return County(shapes, codes, said, outlines, planted)


def _polygons(chance: np.random.Generator, corners: Any) -> Any:
    """Return a star-shaped parcel of 12 to 30 points in each cell, by its south-west corner."""
    sizes = chance.integers(12, 31, len(corners))
    owner = np.repeat(np.arange(len(corners)), sizes)
    turn = (np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)) / np.repeat(sizes, sizes) * 2 * np.pi
    reach = chance.uniform(0.36, 0.48, len(owner)) * SIDE
    points = corners[owner] + SIDE / 2 + np.column_stack([np.cos(turn), np.sin(turn)]) * reach[:, None]
    return shapely.polygons(shapely.linearrings(points, indices=owner))


def _write(folder: Path, county: County) -> None:
    given = {"DKBM": np.array(county.codes), "SCMJ": county.said_m2}
    _write_map(folder / "DK.shp", county.shapes, given)
    _write_map(folder / "CJQY.shp", np.array([*county.villages.values()]), {"CJQYDM": np.array([*county.villages])})


def _write_map(path: Path, shapes: Any, columns: dict[str, Any]) -> None:
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(shapes),
        field_data=[*columns.values()],
        fields=[*columns],
        geometry_type="Polygon",
        crs=CRS,
        encoding="UTF-8",
    )


def _register(county: County) -> pa.Table:
    """Return accepted parcels, each of its own contractor, with the areas of their shapes."""
    mu = pa.array((shapely.area(county.shapes) / MU_M2).round(4)).cast(pa.decimal128(18, 4), safe=False)
    return pa.table(
        {
            "parcel_code": county.codes,
            "contractor_code": [f"{code[:14]}{code[15:]}" for code in county.codes],
            "measured_mu": mu,
            "contract_mu": mu,
        }
    )


def _floor(path: Path) -> None:
    _, _, wkb, _ = pyogrio.raw.read(path)
    shapely.from_wkb(wkb)


def _looked(files: list[DeliveredFile], register: pa.Table) -> tuple[float, Findings]:
    begun = time.process_time()
    maps = [one for parts in find_maps(files) if (one := read_map(parts)) is not None]
    found = look(maps, register, AREA_TOLERANCE)
    seconds = time.process_time() - begun
    return seconds, {(row["line_number"], row["reason_code"]) for row in found.to_pylist()}


def _with_what() -> str:
    return ", ".join(f"{name} {version}" for name, version in (looking_library() or {}).items())


if __name__ == "__main__":
    sys.exit(main())
