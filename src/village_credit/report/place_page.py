"""A county as of a day, and a prefecture or the region over its counties, as a living page from statistics alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from village_credit.report.living import living_page
from village_credit.report.page_credit import Group, granted_groups, hidden_note, shown
from village_credit.report.page_parts import (
    HIDDEN,
    Card,
    Cell,
    Note,
    Page,
    Part,
    Row,
    Section,
    Square,
    Table,
    Tile,
    Tiles,
    code_cell,
    figure_cell,
    most,
    text_cell,
)
from village_credit.report.translations import Text, Translated, in_language, joined, translated
from village_credit.score.small_counts import hide_small

LEVELS = {2: "region", 4: "prefecture", 6: "county"}  # by the digits of a place's code
SHADES, TOWNSHIP_DIGITS = 5, 9
SIZES = ("contracts_to_100k", "contracts_to_200k", "contracts_from_200k")
OFFERED = ("relief_offered_households", "relief_kept_households")
TRADERS = ("traders_answered", "traders_in_time", "traders_waiting")


@dataclass(frozen=True)
class Waits:
    """What waits in a county, of one kind together: signature, publication, delivery, review or answer."""

    county_code: str
    what: str
    count: int
    since: str
    days: int


@dataclass(frozen=True)
class County:
    """The day of a county's run in force, and of one on the way with its status; none where there is none."""

    in_force: str | None
    on_the_way: tuple[str, str] | None


@dataclass(frozen=True)
class Place:
    """What a page of a place is drawn from: rows of the views, and what waits.

    `statistics`: the place by product and month, and the places within it in the last of these months. `funnel`,
    `branches`, `campaigns`: of a county alone, the first two of today alone.
    """

    code: str
    level: str
    day: date
    statistics: Sequence[dict[str, Any]]
    names: dict[str, str]
    waits: Sequence[Waits]
    counties: dict[str, County]
    funnel: Sequence[dict[str, Any]] = field(default_factory=list)
    branches: Sequence[dict[str, Any]] = field(default_factory=list)
    campaigns: Sequence[dict[str, Any]] = field(default_factory=list)

    @property
    def months(self) -> list[dict[str, Any]]:
        """Return the place's own rows, all products together, by month."""
        return [row for row in self.statistics if row["level"] == self.level and row["product"] == "all"]

    def within(self, level: str) -> list[dict[str, Any]]:
        """Return the places of a level within it."""
        return [row for row in self.statistics if row["level"] == level and level != self.level]

    @property
    def name(self) -> Text:
        known = self.names.get(self.code)
        if known:
            return known if known == self.code else f"{known}（{self.code}）"
        return self.code if self.level == "county" else joined(translated("place", self.level), f"（{self.code}）")


def place_page(place: Place) -> str:
    """Draw the page of a place; the same figures, the same bytes."""
    latest = place.months[-1]
    named = {"place": place.name, "day": str(place.day), "counted": str(latest["counted_on"])}
    townships = [
        (row["place_code"], place.names.get(row["place_code"], row["place_code"])) for row in place.within("township")
    ]
    return living_page(
        Page(
            translated("place", "title", place=place.name, day=str(place.day)),
            translated("place", "below", day=named["day"], counted=named["counted"]),
            _cards(latest, place.waits),
            _sections(place),
            joined(translated("place", "footer", **named), " ", translated("page", "no_personal")),
            [one for one in townships if one[0] in place.names],
        )
    )


def _sections(place: Place) -> list[Section]:
    """Of a county what waits and its villages first; of more than one, the counties."""
    first = [_waiting(place), _map(place)] if place.level == "county" else [_counties(place)]
    drawn = [*first, _series(place), _products(place), _outcome(place)]
    drawn += [
        draw(rows)
        for draw, rows in ((_funnel, place.funnel), (_branches, place.branches), (_campaigns, place.campaigns))
        if rows
    ]
    return drawn


def _heads(*names: str) -> list[Translated]:
    return [translated("place_heads", name) for name in names]


def _section(name: str, *parts: Part) -> Section:
    return Section(name, translated("place", name), parts)


def _table(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Table:
    return Table(name, translated("place", name), _heads(*columns), [Row(cells) for cells in rows])


def _share(value: float | None) -> str:
    return str(figure_cell(value, ".1%").text)


def _cards(row: dict[str, Any], waits: Sequence[Waits]) -> list[Card]:
    yuan, households = translated("page", "unit_yuan"), translated("page", "unit_households")
    of_whom = translated("place", "of_households", count=f"{row['households']:,}", share=_share(row["coverage"]))
    frozen = translated("place", "total_more", yuan=f"{row['frozen_yuan']:,}")
    new, drawing = shown(row["newly_credited_households"]), shown(row["drawn_households"])
    drawn = translated("place", "drawn_more", share=_share(row["drawn_share"])) if drawing is not None else ""
    villages = translated(
        "place", "coverage_more", covered=f"{row['villages_covered']:,}", count=f"{row['villages']:,}"
    )
    covered = row["villages_covered"] / row["villages"] if row["villages"] else None
    return [
        Card(translated("cards", "credited"), f"{row['credited_households']:,}", households, of_whom),
        Card(translated("cards", "total"), f"{row['in_force_yuan']:,}", yuan, frozen),
        Card(translated("place", "new"), _told(new), households, translated("place", "new_more", month=row["month"])),
        _growth(row),
        Card(translated("cards", "drawn"), HIDDEN if drawing is None else f"{row['drawn_yuan']:,.0f}", yuan, drawn),
        Card(translated("cards", "coverage"), _share(covered), "", villages),
        Card(
            translated("cards", "waiting"),
            f"{len(waits):,}",
            translated("cards", "unit_items"),
            translated("cards", "waiting_more"),
        ),
    ]


def _told(count: int | None) -> str:
    return HIDDEN if count is None else f"{count:,}"


def _growth(row: dict[str, Any]) -> Card:
    label = translated("cards", "growth")
    if not row["year_before_yuan"]:
        return Card(label, HIDDEN, "", translated("place", "growth_none"))
    more = translated("place", "growth_more", yuan=f"{row['year_before_yuan']:,}")
    return Card(label, f"{row['growth_share']:+.1%}", "", more)


def _waiting(place: Place) -> Section:
    rows = [
        [
            text_cell(translated("waits", one.what)),
            text_cell(translated("waits", f"{one.what}_who")),
            figure_cell(one.count),
            text_cell(one.since),
            figure_cell(one.days),
        ]
        for one in place.waits
    ]
    if not rows:
        return _section("waiting", Note(translated("place", "none_waits"), is_small=False))
    return _section("waiting", _table("waiting", ("what", "who", "count", "since", "days"), rows))


def _groups(rows: Sequence[dict[str, Any]], names: dict[str, str]) -> list[Group]:
    """Return places with few credited, or few not credited, hidden."""
    unknown = translated("misc", "unknown_trader")
    return granted_groups(
        (
            row["place_code"],
            names.get(row["place_code"]) or (row["place_code"] if row["villages"] else unknown),
            row["households"],
            row["credited_households"],
            row["in_force_yuan"],
            0,
        )
        for row in rows
        if row["households"]
    )


def _drawn(rows: Sequence[dict[str, Any]]) -> dict[str, Group]:
    """Return what is drawn by place, hidden where few draw or few do not."""
    told = granted_groups(
        (row["place_code"], "", row["households"], row["drawn_households"], row["drawn_yuan"], 0)
        for row in rows
        if row["households"]
    )
    return {one.key: one for one in told}


def _map(place: Place) -> Section:
    """Draw a county's townships and villages; a village is told only where its township is."""
    rows = place.within("township")
    townships, drawn = _groups(rows, place.names), _drawn(rows)
    villages = {one.key: _villages(one, place) for one in townships}
    parts: list[Part] = [
        Note(translated("misc", "square_note")),
        Tiles([_tile(one, villages[one.key]) for one in townships if villages[one.key] and one.key in place.names]),
        _places("townships", townships, drawn),
        _places("villages", [each for found in villages.values() for each in found], None),
        hidden_note(),
    ]
    return Section("map", translated("sections", "map"), parts)


def _villages(township: Group, place: Place) -> list[Group]:
    rows = [row for row in place.within("village") if row["place_code"].startswith(township.key) and row["villages"]]
    told = _groups(rows, place.names)
    if township.granted is not None:
        return told
    return [Group(one.key, one.name, one.households, None, None, None, None) for one in told]


def _places(name: str, groups: Sequence[Group], drawn: dict[str, Group] | None) -> Table:
    """Draw places within a county, their township for who chooses one."""
    top = most([one.total for one in groups])
    columns = [
        translated("heads", key)
        for key in ("village" if drawn is None else "township", "registered", "granted", "coverage")
    ]
    columns += _heads("in_force", *(("drawn",) if drawn is not None else ()))
    rows = [
        Row(
            [
                text_cell(one.name),
                figure_cell(one.households),
                figure_cell(one.granted),
                figure_cell(one.share, ".1%", top=1),
                figure_cell(one.total, top=top),
                *([figure_cell(drawn[one.key].total)] if drawn is not None else []),
            ],
            one.key[:TOWNSHIP_DIGITS],
        )
        for one in groups
    ]
    return Table(name, translated("captions", name), columns, rows)


def _tile(township: Group, villages: Sequence[Group]) -> Tile:
    said = {
        "township": township.name,
        "granted": figure_cell(township.granted).text,
        "share": _share(township.share),
        "total": figure_cell(township.total).text,
    }
    label = translated("misc", "map_label", township=township.name)
    return Tile(
        township.key, township.name, translated("misc", "tile", **said), label, [_square(one) for one in villages]
    )


def _square(village: Group) -> Square:
    shade = None if village.share is None else min(SHADES - 1, int(village.share * SHADES))
    return Square(shade, f"{in_language(village.name, 'zh')} {_share(village.share)}")


def _counties(place: Place) -> Section:
    """Draw a row a county: what is in force, on the way, waiting, late; whoever waits longest first."""
    rows = place.within("county")
    groups, drawn = _groups(rows, place.names), _drawn(rows)
    growth = {row["place_code"]: row["growth_share"] for row in rows}
    known = {one.key: one for one in groups}
    nothing = [
        Group(code, place.names.get(code, code), 0, None, None, None, None)
        for code in place.counties
        if code.startswith(place.code) and code not in known
    ]
    waits = {code: [one for one in place.waits if one.county_code == code] for code in place.counties}
    found = sorted([*groups, *nothing], key=lambda one: (-_longest(waits.get(one.key, [])), one.key))
    top = most([one.total for one in groups])
    cells = (_county(one, place, drawn.get(one.key), growth.get(one.key), waits.get(one.key, []), top) for one in found)
    columns = ("place", "in_force", "credited", "growth", "drawn_share", "published", "staged", "waits", "late", "days")
    return _section("counties", _table("counties", columns, cells), hidden_note(), Note(translated("place", "note")))


def _longest(waits: Sequence[Waits]) -> int:
    return max((one.days for one in waits), default=-1)


def _county(
    one: Group, place: Place, drawn: Group | None, growth: float | None, waits: Sequence[Waits], top: float
) -> list[Cell]:
    county = place.counties.get(one.key, County(None, None))
    owed = drawn.total if drawn else None
    return [
        text_cell(joined(one.name, "" if one.name == one.key else f"（{one.key}）")),
        figure_cell(one.total, top=top),
        figure_cell(one.granted),
        figure_cell(growth if one.total is not None else None, "+.1%"),
        figure_cell(float(owed) / one.total if owed is not None and one.total else None, ".1%"),
        text_cell(county.in_force or ""),
        text_cell(_on_the_way(county)),
        text_cell(
            joined(
                *(
                    joined(translated("waits", each.what), f" {each.count:,}")
                    for each in waits
                    if each.what != "delivery"
                ),
                between="; ",
            )
        ),
        figure_cell(sum(each.count for each in waits if each.what == "delivery")),
        figure_cell(_longest(waits) if waits else None, unknown=""),
    ]


def _on_the_way(county: County) -> Text:
    if county.on_the_way is None:
        return ""
    as_of, status = county.on_the_way
    return joined(as_of, " ", translated("statuses", status))


def _told_figures(row: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of one row of statistics; sums of few households are not told either."""
    credited, drawing = shown(row["credited_households"]), shown(row["drawn_households"])
    return {
        "credited": credited,
        "in_force": None if credited is None else row["in_force_yuan"],
        "growth": None if credited is None else row["growth_share"],
        "newly": shown(row["newly_credited_households"]),
        "drawn_households": drawing,
        "drawn": None if drawing is None else row["drawn_yuan"],
        "drawn_share": None if drawing is None else row["drawn_share"],
    }


def _figures(told: dict[str, Any], top: float) -> list[Cell]:
    forms = {"growth": "+.1%", "drawn": ",.0f", "drawn_share": ".1%"}
    return [figure_cell(told[name], forms.get(name, ","), top=top if name == "in_force" else None) for name in FIGURES]


FIGURES = ("credited", "in_force", "growth", "newly", "drawn_households", "drawn", "drawn_share")


def _series(place: Place) -> Section:
    top = most([row["in_force_yuan"] for row in place.months])
    rows = ([text_cell(row["month"]), *_figures(_told_figures(row), top)] for row in reversed(place.months))
    return _section("series", _table("series", ("month", *FIGURES), rows), hidden_note())


def _products(place: Place) -> Section:
    """Draw products in the latest month; those of few households are hidden with another, for the sum is known."""
    own = [row for row in place.statistics if row["level"] == place.level and row["month"] == place.months[-1]["month"]]
    cells = [
        {"group": "", "change": row["product"], "households": row["credited_households"], **_told_figures(row)}
        for row in own
        if row["product"] != "all" and row["credited_households"]
    ]
    told = hide_small(cells)
    top = most([cell["in_force"] for cell in told])
    rows = [Row([text_cell(translated("products", cell["change"])), *_figures(cell, top)]) for cell in told]
    columns = [translated("heads", "product"), *_heads(*FIGURES)]
    return _section("products", Table("products", translated("place", "products"), columns, rows), hidden_note())


def _outcome(place: Place) -> Section:
    """Draw contracts by size, relief and traders; of households the small counts are hidden."""
    row = place.months[-1]
    rows = [
        [text_cell(translated("place_items", name)), figure_cell(shown(row[name]))]
        for name in (*SIZES, *OFFERED, *TRADERS)
    ]
    return _section("outcome", _table("outcome", ("item", "count"), rows), hidden_note())


def _funnel(stages: Sequence[dict[str, Any]]) -> Section:
    top = most([row["households"] for row in stages])
    rows = [
        [text_cell(translated("stages", row["stage"])), figure_cell(shown(row["households"]), top=top)]
        for row in stages
    ]
    return _section("funnel", _table("funnel", ("stage", "count"), rows), Note(translated("place", "funnel_note")))


def _branches(branches: Sequence[dict[str, Any]]) -> Section:
    rows = [
        [
            text_cell(row["branch_name"]),
            code_cell(row["branch_code"]),
            *(figure_cell(shown(row[name])) for name in ("lines_told", "answers_open", "answers_overdue")),
            figure_cell(row["open_days"], unknown=""),
        ]
        for row in branches
    ]
    columns = [*_heads("branch"), translated("heads", "code"), *_heads("told", "open", "overdue", "days")]
    table = Table("branches", translated("place", "branches"), columns, [Row(cells) for cells in rows])
    return _section("branches", table, hidden_note())


def _campaigns(campaigns: Sequence[dict[str, Any]]) -> Section:
    rows = [
        [
            text_cell(row["campaign"]),
            text_cell(f"{row['starts_on']} – {row['ends_on']}"),
            figure_cell(row["planned_yuan"], ",.0f"),
            figure_cell(row["drawn_to_date_yuan"], ",.0f"),
            figure_cell(row["drawn_share"], ".1%", top=1),
            figure_cell(row["year_before_to_date_yuan"], ",.0f"),
        ]
        for row in campaigns
        if row["purpose"] == "all"
    ]
    columns = ("campaign", "window", "planned", "drawn_to_date", "drawn_share", "year_before")
    return _section("campaigns", _table("campaigns", columns, rows))
