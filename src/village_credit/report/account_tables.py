"""The tables of an account: terms, deductions, crops, points, what could help, and whose word it all rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from village_credit.catalogue import Term, terms
from village_credit.features.catalogue import FEATURES
from village_credit.report.page_parts import HIDDEN, Cell, Note, Part, Row, Table, code_cell, text_cell
from village_credit.report.translations import Text, Translated, joined, translated
from village_credit.score.scorecard import BOTH, MISSING

SOURCES_OF = {feature.name: feature.sources for feature in FEATURES}
DIRECTION_OF = {feature.name: feature.direction for feature in FEATURES}
CROP_SOURCES = {"norm": "source_norm", "delivery": "source_delivery", "review": "source_review"}
# What takes something away, and the records that say so
DEDUCTIONS = {
    "leased_out_mu": ("亩", ("land_transfer",)),
    "rent_yuan": ("元", ("land_transfer",)),
    "stress": ("元", ()),
    "living_cost_yuan": ("元", ("land_member", "household_economy")),
    "existing_service_yuan": ("元", ("bank_exposure",)),
    "other_unsecured_yuan": ("元", ("bank_exposure",)),
}


class Refs:
    """The numbers of a household's lines, by contract, as the last table has them."""

    def __init__(self, inputs: Sequence[dict[str, Any]] | None) -> None:
        self.numbers: dict[str, list[int]] = {}
        for number, item in enumerate(inputs or (), start=1):
            self.numbers.setdefault(item["contract"], []).append(number)

    def cell(self, contracts: Iterable[str]) -> Cell:
        """Return the numbers of the lines of some contracts, in brackets."""
        found = sorted(number for contract in contracts for number in self.numbers.get(contract, ()))
        return code_cell("".join(f"[{text}]" for text in _ranges(found)))


def _ranges(numbers: Sequence[int]) -> Iterator[str]:
    """Write numbers, those that follow each other as one."""
    start = 0
    for place in range(1, len(numbers) + 1):
        if place == len(numbers) or numbers[place] != numbers[place - 1] + 1:
            first, last = numbers[start], numbers[place - 1]
            yield f"{first}" if first == last else f"{first}–{last}"
            start = place


def _heads(*names: str) -> list[Translated]:
    return [translated("account_heads", name) for name in names]


def _table(name: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Table:
    return Table(f"account-{name}-table", translated("account", name), _heads(*heads), [Row(cells) for cells in rows])


def figure(value: Decimal | float | None, unit_zh: str = "") -> Cell:
    """Return a figure with its unit."""
    if value is None:
        return Cell(HIDDEN)
    told = f"{value:,}"
    if isinstance(value, Decimal) and "." in told:
        told = told.rstrip("0").rstrip(".")
    return Cell(joined(told, _unit(unit_zh)) if unit_zh else told, float(value))


def _unit(unit_zh: str) -> Translated:
    told = translated("term_units", unit_zh)
    return told._replace(zh=f" {told.zh}")


def waterfall_table(waterfall: dict[str, Any], refs: Refs) -> Table:
    """Return every term of the limit with its unit, the one that bound it marked, and whose word it rests on."""
    rows = (_term_row(term, waterfall, refs) for term in terms().values())
    return _table("waterfall", ("item", "figure", "remark", "refs"), rows)


def _term_row(term: Term, waterfall: dict[str, Any], refs: Refs) -> list[Cell]:
    value, binding = waterfall.get(term.column), waterfall["binding_term"]
    binds = bool(binding) and term.binds and term.name == binding
    mark = text_cell(translated("account", "binds") if binds else "")
    label = text_cell(translated("terms", term.column))
    return [label, figure(value, term.unit_zh), mark, refs.cell(term.contracts if value else ())]


def deductions_table(waterfall: dict[str, Any], refs: Refs) -> Table:
    """Return what was taken away from land, income, surplus and caps."""
    income, stressed = waterfall["income_yuan"], waterfall["stressed_yuan"]
    values = waterfall | {"stress": None if income is None or stressed is None else income - stressed}
    rows = [
        [
            text_cell(translated("deductions", name)),
            figure(values.get(name), unit),
            refs.cell(sources if values.get(name) else ()),
        ]
        for name, (unit, sources) in DEDUCTIONS.items()
    ]
    return _table("deducted", ("item", "figure", "refs"), rows)


def crops_table(crops: Sequence[dict[str, Any]], refs: Refs) -> Table:
    """Return each crop: the land that counts times what a mu of it earns, and what was delivered."""
    columns = ("declared_mu", "crop_mu", "net_yuan", "norm_income_yuan", "delivery_income_yuan")
    cell = refs.cell(("crop_declaration",))
    rows = ([text_cell(crop["crop"]), *(figure(crop[name]) for name in columns), cell] for crop in crops)
    return _table("crops", ("crop", "declared", "worked", "net", "norm", "delivery", "refs"), rows)


def points_table(points: Sequence[dict[str, Any]], refs: Refs) -> Table:
    """Return each feature's value, bin, points, points lost and why, most points lost first."""
    heads = ("feature", "value", "bin", "points", "lost", "why", "refs")
    return _table("points", heads, (_points_row(row, refs) for row in points))


def _points_row(row: dict[str, Any], refs: Refs) -> list[Cell]:
    if BOTH in row["feature"]:
        return _pair_row(row)
    name, value = row["feature"], row["value"]
    told = text_cell(translated("account", "missing")) if value is None else Cell(f"{value:,.6g}", value)
    why: Text = ""
    if row["reason_zh"]:
        kind = "missing" if value is None else DIRECTION_OF.get(name, "free")
        why = translated("why_lost", kind)._replace(zh=row["reason_zh"])
    points = [Cell(f"{row['points']:+,}", row["points"]), Cell(f"{row['points_lost']:,}", row["points_lost"])]
    sources = () if value is None else SOURCES_OF.get(name, ())
    told_bin = _bin_text(row["bin"])
    return [
        text_cell(translated("features", name)),
        told,
        text_cell(told_bin) if row["bin"] == MISSING else Cell(told_bin, is_code=True),
        *points,
        text_cell(why),
        refs.cell(sources),
    ]


def _pair_row(row: dict[str, Any]) -> list[Cell]:
    """Tell what two features add together; what that costs is told with either of them."""
    names = joined(*(translated("features", name) for name in row["feature"].split(f" {BOTH} ")), between=f" {BOTH} ")
    bins = joined(*(_bin_text(one) for one in row["bin"].split(f" {BOTH} ")), between=f" {BOTH} ")
    points = Cell(f"{row['points']:+,}", row["points"])
    return [text_cell(names), text_cell(""), text_cell(bins), points, text_cell(""), text_cell(""), text_cell("")]


def _bin_text(told: str) -> Text:
    """Tell a bin as a range that reads the same in every language; a missing one in words."""
    if told == MISSING:
        return translated("account", "missing")
    return told.replace(" to ", "–").replace(">= ", "≥ ")


def inputs_table(inputs: Sequence[dict[str, Any]]) -> Table:
    """Return every line of the household, numbered, with office, file and line, and how it was linked."""
    rows = [_input_row(number, item) for number, item in enumerate(inputs, start=1)]
    return _table("inputs", ("number", "office", "table", "file", "line", "link"), rows)


def _input_row(number: int, item: dict[str, Any]) -> list[Cell]:
    place = " / ".join(part for part in (item["file_name"], item["sheet"]) if part)
    return [
        code_cell(f"[{number}]"),
        text_cell(translated("offices", item["office"])),
        text_cell(translated("contracts", item["contract"])),
        code_cell(place),
        Cell(f"{item['line_number']}", item["line_number"]),
        text_cell(joined(_linked(item), *_grounds(item), between=" · ")),
    ]


def _linked(item: dict[str, Any]) -> Text:
    """Say by which pass a line was linked, and whether that is certain."""
    if not item["pass"]:
        return translated("account", "unlinked")
    state = item["link"] if item["link"] in ("provisional", "confirmed") else "linked"
    return translated("account", state, pass_=translated("link_passes", item["pass"]))


def _grounds(item: dict[str, Any]) -> Iterator[Text]:
    """Say on what grounds a line was linked to the household."""
    if item.get("agreement") not in (None, "code"):
        agreement = translated("name_agreements", item["agreement"])
        yield translated("account", "agreement", agreement=agreement)
    if item.get("score") is not None:
        yield translated("account", "link_score", score=f"{item['score']:.1f}")
    if item.get("margin") is not None:
        yield translated("account", "link_margin", margin=f"{item['margin']:.1f}")
    if item.get("roster_line") is not None:
        yield translated("account", "roster_line", line=item["roster_line"])


def helps_parts(found: dict[str, Any]) -> list[Part]:
    """Say what alone would reach the next step, as a possibility; or plainly that nothing does, or why nobody knows."""
    helps = found["helps"]
    if helps["state"] == "fixed":
        reason = translated("decision_reasons", helps["rests_on"])
        return [Note(translated("help_states", "fixed", reason=reason), is_small=False)]
    if helps["state"] != "reckoned":
        return [Note(translated("help_states", helps["state"]), is_small=False)]
    if not helps["things"]:
        return [Note(translated("help_states", "nothing"), is_small=False)]
    table = _table("helps", ("change", "who", "shown", "then"), map(_help_row, helps["things"]))
    said = Note(translated("help_states", "reckoned"), is_small=False)
    return [_target(found), said, table, Note(translated("help_states", "score_stays"))]


def _target(found: dict[str, Any]) -> Note:
    decision, target = found["decision"], found["helps"]["things"][0]["target_yuan"]
    kind = "target_step" if decision["decision"] == "granted" else "target_grant"
    figures = {"target": f"{target:,}"} | ({"limit": f"{decision['limit_yuan']:,}"} if kind == "target_step" else {})
    return Note(translated("help_states", kind, **figures), is_small=False)


def help_text(one: dict[str, Any]) -> Text:
    """Say one thing and how much of it."""
    figures = {"amount": plain(one["amount"]), "now": plain(one["value_now"]), "crop": one["crop"] or ""}
    if one["value_then"] is None:
        return translated("help_things", one["what"], loan=one["loan"] or "", **figures)
    now: Text = translated("account", "missing") if one["value_now"] is None else f"{one['value_now']:,.6g}"
    feature = translated("features", one["what"])
    kind = "below" if one["is_below"] else "at_least"
    return translated("help_things", kind, feature=feature, then=f"{one['value_then']:,.6g}", now=now)


def plain(value: Decimal | float | None) -> str:
    """Write a figure without needless digits."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        told = f"{value:,f}"
        return told.rstrip("0").rstrip(".") if "." in told else told
    return f"{value:,.2f}".removesuffix(".00")


def _help_row(one: dict[str, Any]) -> list[Cell]:
    shown: Text = ""
    if one["contract"]:
        shown = joined(translated("offices", one["office"]), translated("contracts", one["contract"]), between=" · ")
    then = translated(
        "help_states",
        "then",
        decision=translated("decisions_told", "granted"),
        product=translated("products", one["product"]),
        limit=f"{one['limit_yuan']:,}",
        band=one["band"] or "—",
    )
    by = translated("help_states", one["by"])
    return [text_cell(text) for text in (help_text(one), by, shown, then)]
