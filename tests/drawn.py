"""Maps for tests and the bench: written by another library than ours reads them with, then damaged byte by byte."""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyogrio.raw
import shapely

from village_credit.extract.grid import DeliveredFile
from village_credit.store.store import sha256_of

EAST, NORTH = 38_500_000.0, 4_400_000.0  # in the 3-degree zone of 114° E
ZONE_3, ZONE_6, DEGREES, UTM, XIAN_80 = "EPSG:4526", "EPSG:4497", "EPSG:4490", "EPSG:32650", "EPSG:2362"
HEADER = 100


def rectangle(east: float, north: float, width: float = 100.0, height: float = 50.0) -> shapely.Geometry:
    """A parcel by its south-west corner, metres from a place in the zone."""
    return shapely.box(EAST + east, NORTH + north, EAST + east + width, NORTH + north + height)


def shapefile(
    shapes: Iterable[shapely.Geometry | None], fields: dict[str, Iterable], crs: str | None = ZONE_3
) -> dict[str, bytes]:
    """The parts of a map by suffix, as GDAL writes them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.shp"
        pyogrio.raw.write(
            path,
            geometry=shapely.to_wkb(np.array([*shapes], object)),
            field_data=[np.array([*values]) for values in fields.values()],
            fields=[*fields],
            geometry_type="Polygon",
            crs=crs,
            encoding="UTF-8",
        )
        return {part.suffix: part.read_bytes() for part in Path(folder).iterdir()}


def parcels(
    *lines: tuple[str, shapely.Geometry | None], crs: str | None = ZONE_3, **fields: Iterable
) -> dict[str, bytes]:
    """A map of parcels by code; SCMJ is the area of the shape where nothing else is said."""
    said = {"DKBM": [code for code, _ in lines]}
    said |= fields or {"SCMJ": [0.0 if shape is None else shapely.area(shape) for _, shape in lines]}
    return shapefile([shape for _, shape in lines], {key: np.array(list(value)) for key, value in said.items()}, crs)


def outlines(*lines: tuple[str, shapely.Geometry], crs: str | None = ZONE_3) -> dict[str, bytes]:
    return shapefile([shape for _, shape in lines], {"CJQYDM": np.array([code for code, _ in lines])}, crs)


def delivered(name: str, content: bytes) -> DeliveredFile:
    return DeliveredFile(name, content, sha256_of(content))


def zipped(name: str = "确权.zip", **maps: dict[str, bytes]) -> DeliveredFile:
    """One archive of maps by name, as offices pack them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for stem, parts in maps.items():
            for suffix, content in sorted(parts.items()):
                archive.writestr(f"矢量数据/{stem}{suffix}", content)
    return delivered(name, buffer.getvalue())


def loose(folder: str = "矢量数据", **maps: dict[str, bytes]) -> list[DeliveredFile]:
    return [
        delivered(f"{folder}/{stem}{suffix}", content)
        for stem, parts in maps.items()
        for suffix, content in sorted(parts.items())
    ]


def places(shp: bytes) -> list[tuple[int, int]]:
    """Where each record's content begins and ends."""
    found, at = [], HEADER
    while at + 8 <= len(shp):
        length = 2 * struct.unpack_from(">i", shp, at + 4)[0]
        found.append((at + 8, at + 8 + length))
        at += 8 + length
    return found


def turned_round(parts: dict[str, bytes], *lines: int) -> dict[str, bytes]:
    """The same map with every ring of some lines the other way round."""
    shp = bytearray(parts[".shp"])
    for begin, _ in (places(parts[".shp"])[line - 1] for line in lines):
        rings, points = struct.unpack_from("<ii", shp, begin + 36)
        starts = [*struct.unpack_from(f"<{rings}i", shp, begin + 44), points]
        for first, end in pairwise(starts):
            at = begin + 44 + 4 * rings + 16 * first
            size = 16 * (end - first)
            ring = np.frombuffer(bytes(shp[at : at + size]), "<f8").reshape(-1, 2)
            shp[at : at + size] = ring[::-1].tobytes()
    return {**parts, ".shp": bytes(shp)}


def changed(parts: dict[str, bytes], line: int, offset: int, form: str, value: float) -> dict[str, bytes]:
    """The same map with one number of a line's record overwritten, so many bytes after its beginning."""
    shp = bytearray(parts[".shp"])
    struct.pack_into(form, shp, places(parts[".shp"])[line - 1][0] + offset, value)
    return {**parts, ".shp": bytes(shp)}


def without(parts: dict[str, bytes], *suffixes: str) -> dict[str, bytes]:
    return {suffix: content for suffix, content in parts.items() if suffix not in suffixes}
