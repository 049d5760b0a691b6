"""Which texts of a .prj name a zone of CGCS2000, and which are told to be something else."""

from __future__ import annotations

import pytest

from tests.drawn import DEGREES, UTM, XIAN_80, ZONE_3, ZONE_6, outlines, rectangle
from village_credit.shapes.projection import Zone, zone_of

WITHOUT_PREFIX, WEB_MERCATOR, BEIJING_54 = "EPSG:4547", "EPSG:3857", "EPSG:2415"


def prj(crs: str) -> str:
    return outlines(("659900100201", rectangle(0, 0)), crs=crs)[".prj"].decode()


@pytest.mark.parametrize(
    ("crs", "zone"),
    [
        (ZONE_3, Zone(114.0, 38_500_000.0)),
        (ZONE_6, Zone(111.0, 19_500_000.0)),
        (WITHOUT_PREFIX, Zone(114.0, 500_000.0)),
        (DEGREES, "SHAPES_IN_DEGREES"),
        (UTM, "SHAPES_OTHER_PROJECTION"),
        (XIAN_80, "SHAPES_OTHER_PROJECTION"),
        (BEIJING_54, "SHAPES_OTHER_PROJECTION"),
        (WEB_MERCATOR, "SHAPES_OTHER_PROJECTION"),
    ],
)
def test_a_prj_names_its_zone_or_is_told_to_name_none(crs: str, zone: Zone | str):
    assert zone_of(prj(crs)) == zone


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"Scale_Factor",1.0', '"Scale_Factor",0.9996'),
        ('"Latitude_Of_Origin",0.0', '"Latitude_Of_Origin",30.0'),
        ('"Central_Meridian",114.0', '"Central_Meridian",113.5'),
        ('"Central_Meridian",114.0', '"Central_Meridian",-114.0'),
        ('"False_Northing",0.0', '"False_Northing",-3000000.0'),
        ('UNIT["Meter",1.0]', 'UNIT["Foot",0.3048]'),
        ("D_China_2000", "D_WGS_1984"),
        ("6378137.0", "6378140.0"),
        ("Gauss_Kruger", "Lambert_Conformal_Conic"),
    ],
)
def test_one_figure_of_another_projection_is_another_projection(before: str, after: str):
    text = prj(ZONE_3)
    assert before in text
    assert zone_of(text.replace(before, after)) == "SHAPES_OTHER_PROJECTION"


def test_no_text_is_no_projection_and_noise_is_another():
    assert zone_of("") == "SHAPES_NO_PROJECTION"
    assert zone_of("\x00�") == "SHAPES_OTHER_PROJECTION"
