"""The counties of a prefecture or the region: what is in force, on the way, waiting and late, the longest wait first.

From statistics, ledger and what `status` says waits alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from village_credit.report.page_credit import Group, hidden_note
from village_credit.report.page_parts import (
    Card,
    Cell,
    Note,
    Part,
    Row,
    Section,
    Tile,
    Tiles,
    figure_cell,
    most,
    text_cell,
)
from village_credit.report.place_few import part_of
from village_credit.report.place_parts import (
    County,
    Place,
    Waits,
    drawn_of,
    groups_of,
    growth_cell,
    longest,
    section_of,
    share_text,
    square_of,
    table_of,
    told_only_within,
)
from village_credit.report.translations import Text, joined, translated

PREFECTURE_DIGITS = 4
NOWHERE = County(None, None)
COLUMNS = (
    *("place", "in_force", "credited", "coverage", "growth", "drawn_share", "published", "staged"),
    *("waits", "late", "overdue", "days"),
)


@dataclass(frozen=True)
class _Row:
    """A county, or a prefecture, with what is told of it."""

    group: Group
    drawn: Group | None
    growth: float | None


def prefectures_of(place: Place) -> list[tuple[str, Text]]:
    """Return the prefectures of a region by which its counties may be chosen; of one alone, none."""
    codes = sorted({code[:PREFECTURE_DIGITS] for code in _codes(place)})
    return [(code, place.name_of(code)) for code in codes] if len(codes) > 1 else []


def counties_card(place: Place) -> Card:
    """Count the counties in which a whole county's run is in force, of those that have any run."""
    known = [place.counties.get(code, NOWHERE) for code in _codes(place)]
    on_the_way = [one.on_the_way[1] for one in known if one.on_the_way]
    more = translated(
        "place",
        "counties_more",
        count=f"{len(known):,}",
        staged=f"{on_the_way.count('staged'):,}",
        approved=f"{on_the_way.count('approved'):,}",
    )
    in_force = sum(one.in_force is not None for one in known)
    return Card(translated("place", "counties_in_force"), f"{in_force:,}", translated("place", "unit_counties"), more)


def county_sections(place: Place) -> list[Section]:
    """Draw a row a county, prefectures with their counties where there are several, and what waits for whom."""
    rows = _county_rows(place)
    drawn = [section_of("counties", _county_table(place, rows), hidden_note(), Note(translated("place", "note")))]
    if place.level == "region":
        drawn.append(section_of("prefectures", *_prefectures(place, rows), hidden_note()))
    return [*drawn, waiting_section(place)]


def waiting_section(place: Place) -> Section:
    """Draw what waits for whom, the longest first; of more than one county, in which."""
    if not place.waits:
        return section_of("waiting", Note(translated("place", "none_waits"), is_small=False))
    is_county = place.level == "county"
    columns = ("what", "who", "count", "since", "days")
    rows = [
        Row(
            [
                *([] if is_county else [text_cell(place.name_of(one.county_code))]),
                text_cell(translated("waits", one.what)),
                text_cell(translated("waits", f"{one.what}_who")),
                figure_cell(one.told),
                text_cell(one.since),
                figure_cell(one.days),
            ],
            None if is_county else one.county_code[:PREFECTURE_DIGITS],
        )
        for one in place.waits
    ]
    table = table_of("waiting", columns if is_county else ("place", *columns), rows)
    return section_of("waiting", table, hidden_note())


def _codes(place: Place) -> list[str]:
    """Return the codes of the counties in which anything ever was in force or is on the way."""
    known = {row["place_code"] for row in place.within("county")}
    return sorted(known | {code for code in place.counties if code.startswith(place.code)})


def _rows(place: Place, level: str) -> dict[str, _Row]:
    rows = place.within(level)
    growth = {row["place_code"]: row["growth_share"] for row in rows}
    drawn = drawn_of(rows)
    return {one.key: _Row(one, drawn.get(one.key), growth[one.key]) for one in groups_of(rows, place.names)}


def _county_rows(place: Place) -> dict[str, _Row]:
    """Return the counties by code; a county is told only where its prefecture is, and nothing of one without a line."""
    found = _rows(place, "county")
    if place.level == "region":
        above = {key: one.group for key, one in _rows(place, "prefecture").items()}
        for code, one in found.items():
            (told,) = told_only_within(above[code[:PREFECTURE_DIGITS]], [one.group])
            found[code] = _Row(told, one.drawn if told.granted is not None else None, one.growth)
    empty = {code: Group(code, code, 0, None, None, None, None) for code in _codes(place) if code not in found}
    return found | {code: _Row(group, None, None) for code, group in empty.items()}


def _county_table(place: Place, rows: dict[str, _Row]) -> Part:
    waits: dict[str, list[Waits]] = {code: [] for code in rows}
    for one in place.waits:
        waits.setdefault(one.county_code, []).append(one)
    found = sorted(rows, key=lambda code: (-longest(waits[code]), code))
    top = most([one.group.total for one in rows.values()])
    drawn = (Row(_county(place, rows[code], waits[code], top), code[:PREFECTURE_DIGITS]) for code in found)
    return table_of("counties", COLUMNS, drawn)


def _county(place: Place, row: _Row, waits: Sequence[Waits], top: float) -> list[Cell]:
    county, code = place.counties.get(row.group.key, NOWHERE), row.group.key
    return [
        text_cell(place.name_of(code)),
        *_figures(row, top),
        text_cell(county.in_force or translated("place", "never")),
        text_cell(_on_the_way(county)),
        text_cell(_waits_text(waits)),
        figure_cell(sum(each.count for each in waits if each.what == "delivery")),
        figure_cell(part_of(sum(each.count for each in waits if each.what == "answer"), _overdue(waits))),
        figure_cell(longest(waits) if waits else None, unknown=""),
    ]


def _figures(row: _Row, top: float) -> list[Cell]:
    """Return in force, credited, coverage, growth and what is drawn of it."""
    one, drawn = row.group, row.drawn
    owed = drawn.total if drawn else None
    return [
        figure_cell(one.total, top=top),
        figure_cell(one.granted),
        figure_cell(one.share, ".1%", top=1),
        growth_cell(row.growth, is_told=one.total is not None),
        figure_cell(float(owed) / one.total if owed is not None and one.total else None, ".1%"),
    ]


def _overdue(waits: Sequence[Waits]) -> int:
    return sum(each.overdue for each in waits)


def _waits_text(waits: Sequence[Waits]) -> Text:
    told = [one for one in waits if one.what != "delivery"]
    return joined(
        *(joined(translated("waits", one.what), " ", str(figure_cell(one.told).text)) for one in told), between="; "
    )


def _on_the_way(county: County) -> Text:
    if county.on_the_way is None:
        return ""
    as_of, status = county.on_the_way
    return joined(as_of, " ", translated("statuses", status))


def _prefectures(place: Place, counties: dict[str, _Row]) -> list[Part]:
    """Draw prefectures as grids of their counties and as a table."""
    found = _rows(place, "prefecture")
    within = {code: [one.group for key, one in counties.items() if key.startswith(code)] for code in found}
    top = most([one.group.total for one in found.values()])
    rows = (
        Row([text_cell(place.name_of(code)), figure_cell(len(within[code])), *_figures(one, top)], code)
        for code, one in found.items()
    )
    columns = ("place", "counties", *COLUMNS[1:6])
    tiles = [_tile(place, one.group, within[code]) for code, one in found.items()]
    return [Note(translated("place", "square_note")), Tiles(tiles), table_of("prefectures", columns, rows)]


def _tile(place: Place, one: Group, counties: Sequence[Group]) -> Tile:
    name = place.name_of(one.key)
    said = {
        "count": f"{len(counties):,}",
        "granted": figure_cell(one.granted).text,
        "share": share_text(one.share),
        "total": figure_cell(one.total).text,
    }
    label = translated("place", "map_label", place=name)
    return Tile(one.key, name, translated("place", "tile", **said), label, [square_of(each) for each in counties])
