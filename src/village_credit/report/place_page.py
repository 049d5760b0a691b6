"""A county as of a day, and a prefecture or the region over its counties, as a living page from statistics alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from village_credit.report.living import living_page
from village_credit.report.page_credit import Group, hidden_note, shown
from village_credit.report.page_gates import gates_table
from village_credit.report.page_parts import (
    HIDDEN,
    Card,
    Cell,
    Lines,
    Note,
    Page,
    Part,
    Row,
    Section,
    Table,
    Tile,
    Tiles,
    code_cell,
    figure_cell,
    most,
    text_cell,
)
from village_credit.report.place_counties import counties_card, county_sections, prefectures_of, waiting_section
from village_credit.report.place_few import PARTS, branches_told, month_told, part_of, products_told, stages_told
from village_credit.report.place_parts import (
    Place,
    Waits,
    drawn_of,
    groups_of,
    growth_cell,
    heads_of,
    section_of,
    share_text,
    square_of,
    table_of,
    told_only_within,
)
from village_credit.report.translations import Text, joined, translated
from village_credit.score.small_counts import hide_small

TOWNSHIP_DIGITS = 9
SIZES = ("contracts_to_100k", "contracts_to_200k", "contracts_from_200k")
OFFERED = ("relief_offered_households", "relief_kept_households")
TRADERS = ("traders_answered", "traders_in_time", "traders_waiting")


def place_page(place: Place) -> str:
    """Draw the page of a place; the same figures, the same bytes."""
    latest = place.months[-1]
    named = {"place": place.name, "day": str(place.day), "counted": str(latest["counted_on"])}
    return living_page(
        Page(
            translated("place", "title", place=place.name, day=str(place.day)),
            translated("place", "below", day=named["day"], counted=named["counted"], month=latest["month"]),
            _cards(place),
            _sections(place),
            joined(translated("place", "footer", **named), " ", translated("page", "no_personal")),
            _townships(place) if place.level == "county" else prefectures_of(place),
            "township" if place.level == "county" else "prefecture",
        )
    )


def _townships(place: Place) -> list[tuple[str, Text]]:
    codes = (row["place_code"] for row in place.within("township"))
    return [(code, place.names[code]) for code in codes if code in place.names]


def _sections(place: Place) -> list[Section]:
    """Of a county what waits and its villages first; of more than one, the counties."""
    first = [waiting_section(place), _map(place)] if place.level == "county" else county_sections(place)
    first += [_in_force(place)] if place.runs else []
    drawn = [*first, _series(place), _products(place), _outcome(place)]
    drawn += [
        draw(place)
        for draw, rows in ((_funnel, place.funnel), (_branches, place.branches), (_campaigns, place.campaigns))
        if rows
    ]
    return [*drawn, _checkpoint(place)]


def _checkpoint(place: Place) -> Section:
    """Give a reader the ledger's checkpoint: whoever keeps a page is a witness of what stood then."""
    return section_of("checkpoint", Lines(place.checkpoint), Note(translated("place", "checkpoint_note")))


def _cards(place: Place) -> list[Card]:
    row = place.months[-1]
    yuan, households = translated("page", "unit_yuan"), translated("page", "unit_households")
    of_whom = translated("place", "of_households", count=f"{row['households']:,}", share=share_text(row["coverage"]))
    frozen = translated("place", "total_more", yuan=f"{row['frozen_yuan']:,}")
    new, drawing = (month_told(row)[name] for name in PARTS)
    drawn = translated("place", "drawn_more", share=share_text(row["drawn_share"])) if drawing is not None else ""
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
        Card(translated("cards", "coverage"), share_text(covered), "", villages),
        *([] if place.level == "county" else [counties_card(place)]),
        _waiting_card(place.waits, place),
    ]


def _waiting_card(waits: Sequence[Waits], place: Place) -> Card:
    """Count what waits, and say where the longest is."""
    more: Text = translated("place", "none_waits")
    if waits:
        where = "" if place.level == "county" else place.name_of(waits[0].county_code)
        named = {"days": f"{waits[0].days:,}", "what": translated("waits", waits[0].what), "where": where}
        more = translated("place", "longest_in" if where else "longest", **named)
    return Card(translated("cards", "waiting"), f"{len(waits):,}", translated("cards", "unit_items"), more)


def _told(count: int | None) -> str:
    return HIDDEN if count is None else f"{count:,}"


def _growth(row: dict[str, Any]) -> Card:
    label = translated("cards", "growth")
    if not row["year_before_yuan"]:
        return Card(label, translated("cards", "no_growth"), "", translated("place", "growth_none"))
    more = translated("place", "growth_more", yuan=f"{row['year_before_yuan']:,}")
    return Card(label, f"{row['growth_share']:+.1%}", "", more)


def _in_force(place: Place) -> Section:
    """Say which runs are in force, who signed them and what of their gates did not pass."""
    rows = [
        [
            code_cell(row["run_id"]),
            text_cell(
                translated("products", row["product"]) if row["product"] else translated("place", "all_products")
            ),
            text_cell(str(row["as_of"])),
            text_cell(row["prepared_by"]),
            text_cell(", ".join(part for part in (row["approved_by"], row["minutes"]) if part)),
            text_cell(str(row["approved_on"])),
            text_cell(str(row["published_on"])),
        ]
        for row in place.runs
    ]
    columns = ("run", "product", "as_of", "prepared_by", "signed_by", "signed_on", "published_on")
    gates = [
        tuple(row[name] for name in ("gate", "value", "threshold", "verdict", "explanation")) for row in place.gates
    ]
    passed: list[Part] = [gates_table(gates)] if gates else [Note(translated("place", "all_passed"), is_small=False)]
    return section_of("in_force", table_of("in_force", columns, rows), *passed, Note(translated("place", "run_page")))


def _map(place: Place) -> Section:
    """Draw a county's townships and villages; a village is told only where its township is."""
    rows = place.within("township")
    townships, drawn = groups_of(rows, place.names), drawn_of(rows)
    villages = {one.key: _villages(one, place) for one in townships}
    parts: list[Part] = [
        Note(translated("misc", "square_note")),
        Tiles([_tile(one, villages[one.key]) for one in townships if villages[one.key] and one.key in place.names]),
        _places("townships", townships, drawn, place.names),
        _places("villages", [each for found in villages.values() for each in found], None, place.names),
        hidden_note(),
    ]
    return Section("map", translated("sections", "map"), parts)


def _villages(township: Group, place: Place) -> list[Group]:
    rows = [row for row in place.within("village") if row["place_code"].startswith(township.key) and row["villages"]]
    return told_only_within(township, groups_of(rows, place.names))


def _places(name: str, groups: Sequence[Group], drawn: dict[str, Group] | None, names: dict[str, str]) -> Table:
    """Draw places within a county, for who chooses a township; villages with theirs, for two may have one name."""
    top = most([one.total for one in groups])
    named = ("village", "township") if drawn is None else ("township",)
    columns = [translated("heads", key) for key in (*named, "registered", "granted", "coverage")]
    columns += heads_of("in_force", *(("drawn",) if drawn is not None else ()))
    rows = [
        Row(
            [
                text_cell(one.name),
                *([text_cell(names.get(one.key[:TOWNSHIP_DIGITS], ""))] if drawn is None else []),
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
        "share": share_text(township.share),
        "total": figure_cell(township.total).text,
    }
    label = translated("misc", "map_label", township=township.name)
    return Tile(
        township.key, township.name, translated("misc", "tile", **said), label, [square_of(one) for one in villages]
    )


def _told_figures(row: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of one row of statistics, by which of its counts are told; sums of few are not told either."""
    credited, newly, drawing = (told[name] for name in ("credited_households", *PARTS))
    return {
        "credited": credited,
        "in_force": None if credited is None else row["in_force_yuan"],
        "growth": None if credited is None else row["growth_share"],
        "newly": newly,
        "drawn_households": drawing,
        "drawn": None if drawing is None else row["drawn_yuan"],
        "drawn_share": None if drawing is None else row["drawn_share"],
    }


def _figures(told: dict[str, Any], top: float) -> list[Cell]:
    forms = {"drawn": ",.0f", "drawn_share": ".1%"}
    return [
        growth_cell(told[name], is_told=told["in_force"] is not None)
        if name == "growth"
        else figure_cell(told[name], forms.get(name, ","), top=top if name == "in_force" else None)
        for name in FIGURES
    ]


FIGURES = ("credited", "in_force", "growth", "newly", "drawn_households", "drawn", "drawn_share")


def _series(place: Place) -> Section:
    top = most([row["in_force_yuan"] for row in place.months])
    rows = (
        [text_cell(row["month"]), *_figures(_told_figures(row, month_told(row)), top)] for row in reversed(place.months)
    )
    growth = Note(translated("place", "growth_note"))
    return section_of("series", table_of("series", ("month", *FIGURES), rows), growth, hidden_note())


def _products(place: Place) -> Section:
    """Draw products in the latest month; those of few households are hidden with another, for the sum is known."""
    latest = place.months[-1]["month"]
    own = [
        row
        for row in place.statistics
        if row["level"] == place.level and row["month"] == latest and row["product"] != "all"
        if row["credited_households"]
    ]
    told = [_told_figures(row, counts) for row, counts in zip(own, products_told(own), strict=True)]
    top = most([one["in_force"] for one in told])
    rows = [
        Row([text_cell(translated("products", row["product"])), *_figures(one, top)])
        for row, one in zip(own, told, strict=True)
    ]
    columns = [translated("heads", "product"), *heads_of(*FIGURES)]
    return section_of("products", Table("products", translated("place", "products"), columns, rows), hidden_note())


def _outcome(place: Place) -> Section:
    """Draw contracts by size, relief and traders; of households the small counts are hidden."""
    row = place.months[-1]
    sizes = hide_small([{"group": "", "change": name, "households": row[name]} for name in SIZES if row[name]])
    told = {cell["change"]: cell["households"] for cell in sizes}
    told |= {name: 0 for name in SIZES if not row[name]}
    told |= dict(zip(OFFERED, _both(*(row[name] for name in OFFERED)), strict=True))
    answered = shown(row["traders_answered"])
    told |= {"traders_answered": answered, "traders_in_time": part_of(answered, row["traders_in_time"])}
    told["traders_waiting"] = shown(row["traders_waiting"])
    rows = [
        [text_cell(translated("place_items", name)), figure_cell(told[name])] for name in (*SIZES, *OFFERED, *TRADERS)
    ]
    return section_of("outcome", table_of("outcome", ("item", "count"), rows), hidden_note())


def _both(first: int, second: int) -> tuple[int | None, int | None]:
    """Return two counts of which the second is left out where it differs from the first by few."""
    return shown(first), None if shown(abs(first - second)) is None else shown(second)


def _funnel(place: Place) -> Section:
    stages = place.funnel
    top = most([row["households"] for row in stages])
    rows = [
        [text_cell(translated("stages", row["stage"])), figure_cell(told, top=top)]
        for row, told in zip(stages, stages_told(stages), strict=True)
    ]
    notes = Note(translated("place", "funnel_note")), hidden_note()
    return section_of("funnel", table_of("funnel", ("stage", "count"), rows), *notes)


def _branches(place: Place) -> Section:
    told_of = branches_told(place.branches, place.months[-1]["credited_households"])
    rows = [
        [
            text_cell(row["branch_name"]),
            code_cell(row["branch_code"]),
            *(figure_cell(told[name]) for name in ("lines_told", "answers_open", "answers_overdue")),
            figure_cell(row["open_days"], unknown=""),
        ]
        for row, told in zip(place.branches, told_of, strict=True)
    ]
    columns = [*heads_of("branch"), translated("heads", "code"), *heads_of("told", "open", "overdue", "days")]
    table = Table("branches", translated("place", "branches"), columns, [Row(cells) for cells in rows])
    return section_of("branches", table, hidden_note())


def _campaigns(place: Place) -> Section:
    rows = [
        [
            text_cell(row["campaign"]),
            text_cell(f"{row['starts_on']} – {row['ends_on']}"),
            figure_cell(row["planned_yuan"], ",.0f"),
            figure_cell(row["drawn_to_date_yuan"], ",.0f"),
            figure_cell(row["drawn_share"], ".1%", top=1),
            figure_cell(row["year_before_to_date_yuan"], ",.0f"),
        ]
        for row in place.campaigns
        if row["purpose"] == "all"
    ]
    columns = ("campaign", "window", "planned", "drawn_to_date", "drawn_share", "year_before")
    return section_of("campaigns", table_of("campaigns", columns, rows))
