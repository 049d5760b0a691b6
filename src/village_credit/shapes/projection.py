"""The text of a .prj becomes the zone whose plane the areas are asked in, or the reason why they are not."""

from __future__ import annotations

import re
from dataclasses import dataclass

SPHEROID = (6_378_137.0, 298.257222101)  # CGCS2000, GB 22021
SAME_FIGURE = 1e-8  # of it: files write fewer digits; older spheroids differ by 1e-7 and more
DATUM = re.compile(
    r'DATUM\s*\[\s*"[^"]*(?:china[_ ]?(?:geodetic[_ ]coordinate[_ ]system[_ ])?2000|cgcs[_ ]?2000)', re.IGNORECASE
)
NUMBER = r"\s*,\s*(-?[\d.]+(?:[eE][-+]?\d+)?)"
DEGREES_A_ZONE = 3  # a meridian of the 6-degree zones is one of the 3-degree zones too
MERIDIANS = (73.0, 136.0)  # of China


@dataclass(frozen=True)
class Zone:
    """A Gauss-Krueger zone: its central meridian, and what is added to every easting in metres."""

    meridian: float
    false_easting: float


def zone_of(text: str) -> Zone | str:
    """Return the CGCS2000 zone of 3 or 6 degrees that a .prj names, or a code of SHAPE_REASONS."""
    if not text:
        return "SHAPES_NO_PROJECTION"
    if text.lstrip().upper().startswith(("GEOGCS", "GEOGCRS")):
        return "SHAPES_IN_DEGREES"
    said = _parameters(text)
    meridian = said.get("central_meridian", 0.0)
    is_zone = MERIDIANS[0] <= meridian <= MERIDIANS[1] and meridian % DEGREES_A_ZONE == 0
    if not (is_zone and _is_gauss_krueger(text, said) and _is_of_cgcs2000(text)):
        return "SHAPES_OTHER_PROJECTION"
    return Zone(meridian, said.get("false_easting", 0.0))


def _parameters(text: str) -> dict[str, float]:
    found = re.findall(rf'PARAMETER\s*\[\s*"([^"]+)"{NUMBER}', text, re.IGNORECASE)
    return {name.lower(): float(value) for name, value in found}


def _is_gauss_krueger(text: str, said: dict[str, float]) -> bool:
    """Tell a transverse Mercator of scale 1 from the equator, in metres: a UTM zone is of scale 0.9996."""
    method = re.search(r'PROJECTION\s*\[\s*"(Gauss_Kruger|Transverse_Mercator)"', text, re.IGNORECASE)
    units = re.findall(rf'UNIT\s*\[\s*"[^"]*"{NUMBER}', text, re.IGNORECASE)
    is_plain = said.get("scale_factor", 1.0) == 1.0 and said.get("latitude_of_origin", 0.0) == 0.0
    is_north = said.get("false_northing", 0.0) == 0.0
    return bool(method) and is_plain and is_north and bool(units) and float(units[-1]) == 1.0


def _is_of_cgcs2000(text: str) -> bool:
    spheroid = re.search(rf'SPHEROID\s*\[\s*"[^"]*"{NUMBER}{NUMBER}', text, re.IGNORECASE)
    is_same = spheroid is not None and all(
        abs(float(said) - figure) < SAME_FIGURE * figure
        for said, figure in zip(spheroid.groups(), SPHEROID, strict=True)
    )
    return is_same and DATUM.search(text) is not None
