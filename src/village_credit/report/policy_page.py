"""A policy that was tried on what is published becomes a page for the committee's minutes.

What would change, why, and who signed: counts and sums alone, small ones hidden by the one rule; never authoritative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from village_credit.report.living import static_page
from village_credit.report.page_credit import hidden_note
from village_credit.report.page_parts import (
    HIDDEN,
    Card,
    Cell,
    Note,
    Page,
    Part,
    Row,
    Section,
    Table,
    code_cell,
    figure_cell,
    text_cell,
)
from village_credit.report.translations import Text, translated

LINE, LINES_TO_SIGN = "_" * 12, 5
MOST_FLIPS = 20
CHANGES = {"removed": "ended"}  # by a run's page


def policy_page(found: dict[str, Any], signed: Sequence[dict[str, Any]], language: str) -> str:
    """Draw a simulation (`Simulated`, as a dictionary) and the signatures under the same file (`signed_under`)."""
    return static_page(_page(found, signed), language)


def _page(found: dict[str, Any], signed: Sequence[dict[str, Any]]) -> Page:
    named = {"policy": found["policy"], "county": found["county_code"], "day": found["policy_day"]}
    return Page(
        title=_say("title", **named),
        below=_say("below", as_of=found["as_of"], **named),
        cards=_cards(found),
        sections=[
            _section("figures", [_figures(found), *_interplay(found)]),
            _section("changes", [_changes(found), hidden_note()]),
            _section("rules", [_rules(found), _never(found), hidden_note()]),
            *([_section("flips", [_flips(found), hidden_note()])] if _told_flips(found) else []),
            _section("signed", _signatures(signed)),
        ],
        footer=_say("footer", sha256=found["policy_sha256"], against=found["against"]),
    )


def _say(key: str, **figures: object) -> Text:
    return translated("policy_page", key, **figures)


def _section(name: str, parts: Sequence[Part]) -> Section:
    return Section(f"policy-{name}", _say(name), parts)


def _table(name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
    heads = [translated("policy_heads", column) for column in columns]
    return Table(f"policy-{name}-table", _say(name), heads, [Row(cells) for cells in rows])


def _cards(found: dict[str, Any]) -> list[Card]:
    """Return what is asked first: of how many households, and the sum before and after."""
    before, after = found["before_yuan"], found["after_yuan"]
    yuan = translated("page", "unit_yuan")
    return [
        Card(_say("households"), f"{found['households']:,}", translated("page", "unit_households")),
        Card(_say("before"), f"{before:,}", yuan),
        Card(_say("after"), HIDDEN if after is None else f"{after:,}", yuan),
        Card(_say("difference"), HIDDEN if after is None else f"{after - before:+,}", yuan),
    ]


def _figures(found: dict[str, Any]) -> Part:
    if not found["figures"]:
        return Note(_say("nothing_else"), is_small=False)
    rows = [
        [
            code_cell(_name_of(one)),
            text_cell(_value(one["before"])),
            text_cell(_value(one["after"])),
            figure_cell(one["households"]),
            *(figure_cell(one[name], "+,") for name in ("raised_yuan", "lowered_yuan", "yuan")),
        ]
        for one in found["figures"]
    ]
    return _table("figures", ("figure", "old", "new", "households", "more", "less", "difference"), rows)


def _name_of(one: dict[str, Any]) -> str:
    """Name a changed figure, with whom it is for."""
    return f"{one['name']} ({one['whom']})" if one["whom"] else str(one["name"])


def _value(value: object) -> Text:
    return _say("left_out") if value is None else str(value)


def _interplay(found: dict[str, Any]) -> list[Part]:
    if not found["figures"]:
        return []
    if len(found["figures"]) == 1:
        return [hidden_note()]
    yuan = found["interplay_yuan"]
    return [Note(_say("interplay_hidden") if yuan is None else _say("interplay", yuan=f"{yuan:+,}")), hidden_note()]


def _changes(found: dict[str, Any]) -> Part:
    rows = [
        [
            text_cell(translated("changes", CHANGES.get(str(row["change"]), str(row["change"])))),
            figure_cell(row["households"]),
            figure_cell(row["before_yuan"]),
            figure_cell(row["after_yuan"]),
            figure_cell(None if row["households"] is None else row["after_yuan"] - row["before_yuan"], "+,"),
        ]
        for row in found["changes"]
    ]
    return _table("changes", ("change", "households", "before", "after", "difference"), rows)


def _rules(found: dict[str, Any]) -> Part:
    rows = [
        [
            text_cell(translated("decision_reasons", row["rule"])),
            code_cell(row["rule"]),
            figure_cell(row["before"]),
            figure_cell(row["after"]),
        ]
        for row in found["rules"]
    ]
    return _table("rules", ("rule", "code", "decided_before", "decided_after"), rows)


def _never(found: dict[str, Any]) -> Part:
    return Note(_say("never", rules=", ".join(found["never"]) or "—"))


def _told_flips(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [flip for flip in found["flips"] if flip["households"] is not None][:MOST_FLIPS]


def _flips(found: dict[str, Any]) -> Part:
    rows = [
        [
            text_cell(translated("decision_reasons", flip["from_rule"])),
            text_cell(translated("decision_reasons", flip["to_rule"])),
            figure_cell(flip["households"]),
            figure_cell(flip["middle_before_yuan"]),
            figure_cell(flip["middle_after_yuan"]),
        ]
        for flip in _told_flips(found)
    ]
    return _table("flips", ("from_rule", "to_rule", "households", "middle_before", "middle_after"), rows)


def _signatures(signed: Sequence[dict[str, Any]]) -> list[Part]:
    """Say who signed runs under this file and in which meeting; where nobody has, leave lines to sign by hand."""
    if not signed:
        blank = [[text_cell(LINE)] * 3 for _ in range(LINES_TO_SIGN)]
        return [Note(_say("unsigned"), is_small=False), _table("signed", ("member", "vote", "signature"), blank)]
    rows = [
        [
            code_cell(one["run_id"]),
            text_cell(one["as_of"]),
            text_cell(one["by"]),
            text_cell(one["at"]),
            _met(one["meeting"]),
        ]
        for one in signed
    ]
    return [_table("signed", ("run", "day", "signer", "at", "meeting"), rows), Note(_say("signed_note"))]


def _met(meeting: dict[str, Any] | None) -> Cell:
    if meeting is None:
        return text_cell(_say("no_meeting"))
    where = meeting.get("title") or meeting.get("place", "")
    members = ", ".join(f"{one['number']} {one['vote']}" for one in meeting["members"])
    return text_cell(_say("meeting", on=meeting["date"], where=where, minutes=meeting["minutes"], members=members))
