"""Everything behind a decision becomes an account in three languages: lines to read, or a page to print.

One account, told twice: whatever the page says the text says too, with the same figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from village_credit.report.account_tables import (
    CROP_SOURCES,
    Refs,
    crops_table,
    deductions_table,
    helps_parts,
    inputs_table,
    points_table,
    waterfall_table,
)
from village_credit.report.living import static_page
from village_credit.report.page_parts import Card, Note, Page, Part, Row, Section, Table
from village_credit.report.percent import percent
from village_credit.report.translations import Text, in_language, is_reviewed, translated

PPM, BP = 1_000_000, 10_000
NARROW = ("figure", "remark", "refs")  # a table of no more columns needs no heads in a line
MARKS = {"zh": ("：", "，"), "en": (": ", ", "), "ug": (": ", "، ")}


def account_page(found: dict[str, Any], language: str) -> str:
    """Draw the account as a file to read and to print on A4, which asks for nothing."""
    return static_page(account(found), language)


def account_text(found: dict[str, Any], language: str = "zh") -> str:
    """Write the account in lines; what nobody whose language it is has read says so first."""
    page = account(found)
    lines = [] if is_reviewed(language) else [in_language(translated("page", "unreviewed"), language), ""]
    for number, section in enumerate(page.sections):
        lines += ["", in_language(section.title, language)] if number else []
        lines += [line for part in section.parts for line in _lines(part, language, "  " if number else "")]
    return "\n".join(lines)


def _lines(part: Part, language: str, indent: str) -> list[str]:
    """Write a part of a page: a sentence, or a line a row."""
    if isinstance(part, Note):
        return [indent + in_language(part.text, language)]
    return [_row_line(part, row, language, indent) for row in part.rows] if isinstance(part, Table) else []


def _row_line(table: Table, row: Row, language: str, indent: str) -> str:
    """Write a row after its first cell; of a table of several figures each after its head."""
    after, between = MARKS[language]
    first, *rest = (in_language(cell.text, language) for cell in row.cells)
    heads = [in_language(head, language) for head in table.heads[1:]]
    is_wide = len(heads) > len(NARROW)
    told = (f"{head} {cell}" if is_wide else cell for head, cell in zip(heads, rest, strict=True) if cell)
    return f"{indent}{first}{after}{between.join(told)}".removesuffix(after)


def account(found: dict[str, Any]) -> Page:
    """Lay out everything behind a decision: what was decided first, then why, then whose word it rests on."""
    refs = Refs(found["inputs"])
    decision, waterfall = found["decision"], found["waterfall"]
    key, run = decision["household_key"], found["lines"][0]["run_id"]
    tables: Sequence[tuple[str, Sequence[Part]]] = (
        ("waterfall", [waterfall_table(waterfall, refs), *_findings(waterfall), _small("refs_note")]),
        ("deducted", [deductions_table(waterfall, refs)]),
        ("crops", [crops_table(found["crops"], refs), *_crop_source(waterfall)] if found["crops"] else []),
        ("points", [*_points_lines(found), *([points_table(found["points"], refs)] if found["points"] else [])]),
        ("inputs", [_say("rows_gone")] if found["inputs"] is None else [inputs_table(found["inputs"])]),
        ("versions", _version_lines(found["versions"], found["signatures"])),
    )
    return Page(
        title=translated("account", "title", whom=key),
        below=translated("account", "below", day=found["as_of"], run=run),
        cards=_cards(found),
        sections=[
            _section("outcome", _outcome_lines(found)),
            _section("helps", helps_parts(found)),
            *(_section(name, parts) for name, parts in tables if parts),
        ],
        footer=translated("account", "footer", publication=found["publication_id"], run=run),
    )


def _section(name: str, parts: Sequence[Part]) -> Section:
    return Section(f"account-{name}", translated("account", name), parts)


def _say(key: str, **figures: object) -> Note:
    return Note(translated("account", key, **figures), is_small=False)


def _small(key: str) -> Note:
    return Note(translated("account", key))


def _reason(code: str) -> Text:
    return translated("decision_reasons", code)


def _cards(found: dict[str, Any]) -> list[Card]:
    """Return what is asked first: limit, band, probability, rate."""
    decision, score = found["decision"], found["score"]
    term = _term(decision)
    more = translated("account", "term_more", **term) if term else ""
    has_rate = decision.get("annual_cost_bp") is not None
    cost = translated("account", "cost", cost=percent(decision["annual_cost_bp"], BP)) if has_rate else ""
    ppm = decision.get("default_probability_ppm")
    scored = translated("account", "score", score=score["total"]) if score["total"] is not None else ""
    return [
        Card(translated("account", "limit"), f"{decision['limit_yuan']:,}", translated("account", "unit_yuan"), more),
        Card(translated("account", "band"), decision.get("band") or "—", "", scored),
        Card(translated("account", "probability"), "—" if ppm is None else percent(ppm, PPM)),
        Card(translated("account", "rate"), percent(decision["annual_rate_bp"], BP) if has_rate else "—", more=cost),
    ]


def _term(decision: dict[str, Any]) -> dict[str, object]:
    if not decision["term_months"]:
        return {}
    return {"months": decision["term_months"], "from_": decision["valid_from"], "to": decision["valid_to"]}


def _outcome_lines(found: dict[str, Any]) -> list[Note]:
    """Say what was decided, by whom it was changed or held since, and what relief did."""
    withdrawn, erased = found.get("withdrawn"), found.get("erased")
    return [
        *([_say("withdrawn", on=withdrawn["on"], act=withdrawn["act"])] if withdrawn else []),
        *_decision_lines(found["decision"]),
        *(_review_line(said) for said in found["reviews"]),
        *_authority_lines(found["authority"]),
        *([_say("erased", on=erased["on"], act=erased["act"])] if erased else []),
        *(_say(act["act"], by=act["by"], at=act["at"]) for act in found["holds"]),
        _three_figures(found["waterfall"], found["branch_limit"]),
        *_other_lines(found),
        *(_lineage_line(row) for row in found.get("lineage", [])),
        *_relief_lines(found),
    ]


def _decision_lines(decision: dict[str, Any]) -> list[Note]:
    """Say what was decided of which product, at what cost, and why."""
    made, binding = translated("decisions_told", decision["decision"]), decision["binding_term"]
    product = translated("products", decision["product"])
    return [
        _say("household", whom=decision["household_key"], product=product, decision=made),
        _limit_line(decision),
        *_cost_of(decision),
        *([_say("binding", reason=_reason(binding))] if binding else []),
        *(_say("reason", reason=_reason(code), code=code) for code in decision["reason_codes"]),
        *([_say("borrower", reason=_reason(decision["borrower_reason"]))] if decision["borrower_reason"] else []),
    ]


def _limit_line(decision: dict[str, Any]) -> Note:
    """Say the limit; where one was given, from when to when it holds and when it is reviewed."""
    limit, term = f"{decision['limit_yuan']:,}", _term(decision)
    if not term:
        return _say("limit_line", limit=limit)
    return _say("limit_term_line", limit=limit, review=decision["review_due_on"], **term)


def _cost_of(decision: dict[str, Any]) -> list[Note]:
    """Say what the line costs a year; nothing of a run that is older than these figures."""
    if decision.get("annual_cost_bp") is None:
        return []
    rate, cost = (percent(decision[name], BP) for name in ("annual_rate_bp", "annual_cost_bp"))
    return [_say("cost_line", rate=rate, cost=cost)]


def _review_line(said: dict[str, Any]) -> Note:
    verdict = translated("verdicts_of_reviews", said["verdict"])
    return _say("review", verdict=verdict, limit=f"{said['limit_yuan']:,}", by=said["by"], at=said["at"])


def _authority_lines(above: dict[str, Any] | None) -> list[Note]:
    """Say who signed a household that is above a step of the authority ladder."""
    if above is None:
        return []
    signed = above["signature"]
    who = translated("account", "authority_open")
    if signed:
        told = {"role": signed["signed_role"], "by": signed["signed_by"], "at": signed["signed_at"]}
        who = translated("account", "authority_signed", **told)
    return [_say("authority", above=f"{above['above_yuan']:,}", role=above["role"], who=who)]


def _three_figures(waterfall: dict[str, Any], said: dict[str, Any] | None) -> Note:
    """Set apart what the model gives, what the policy caps it to, and what the branch approved, by whom and when."""
    branch = translated("account", "branch_none")
    if said:
        told = {"branch": said["branch_code"], "on": said["received_on"], "by": said["by"], "at": said["at"]}
        branch = translated("account", "branch_said", limit=f"{said['limit_yuan']:,}", **told)
    model, policy = (f"{waterfall[name]:,}" for name in ("model_limit_yuan", "policy_limit_yuan"))
    return _say("three", model=model, policy=policy, branch=branch)


def _other_lines(found: dict[str, Any]) -> list[Note]:
    """Name the household's lines of other products that are in force beside the one that is told."""
    return [
        _say(
            "other",
            product=translated("products", line["product"]),
            limit=f"{line['limit_yuan']:,}",
            from_=line["valid_from"],
            to=line["valid_to"],
            publication=line["publication_id"],
        )
        for line in found["lines"]
        if line["product"] != found["decision"]["product"] and line["valid_to"] is not None
    ]


def _lineage_line(row: dict[str, Any]) -> Note:
    """Say whom the household was, and how that is known."""
    on = translated("account", "on", on=row["changed_on"]) if row["changed_on"] else ""
    if row["role"] == "unregistered":
        return _say("unregistered")
    if row["role"] in ("circle", "contradicted"):
        return _say(row["role"], on=on)
    cause = translated("lineage_causes", row["cause"]) if row["cause"] else ""
    role, basis = translated("lineage_roles", row["role"]), translated("lineage_bases", row["basis"])
    return _say("lineage", role=role, whom=row["from_key"], cause=cause, basis=basis, on=on)


def _relief_lines(found: dict[str, Any]) -> list[Note]:
    """Say what a declared window excused, which limit it keeps, what is offered and what is still to be brought."""
    return [
        *(_excused_line(row) for row in found["relief"]),
        *([_kept_line(found["relief_kept"])] if found["relief_kept"] else []),
        *(_measure_line(row) for row in found["relief_measures"]),
        *(_condition_line(row) for row in found["conditions"]),
    ]


def _excused_line(row: dict[str, Any]) -> Note:
    days, entries = f"{row['excused_days']:,}", f"{row['lifted_entries']:,}"
    told = {"document": row["document"], "from_": row["starts_on"], "to": row["ends_on"]}
    return _say("excused", cause=translated("relief_causes", row["cause"]), days=days, entries=entries, **told)


def _kept_line(kept: dict[str, Any]) -> Note:
    decision = translated("decisions_told", kept["would_decision"])
    amounts = {"kept": f"{kept['kept_limit_yuan']:,}", "limit": f"{kept['would_limit_yuan']:,}"}
    return _say("kept", decision=decision, **amounts)


def _measure_line(row: dict[str, Any]) -> Note:
    told = {"measure": translated("relief_measures", row["measure"]), "product": row["product_name"]}
    return _say("measure", balance=f"{row['balance_yuan']:,}", **told)


def _condition_line(row: dict[str, Any]) -> Note:
    return _say("condition", item=row["item"], on=row["due_on"], state=translated("condition_states", row["state"]))


def _findings(waterfall: dict[str, Any]) -> list[Note]:
    return [Note(_reason(code), is_small=False) for code in waterfall["findings"]]


def _crop_source(waterfall: dict[str, Any]) -> list[Note]:
    """Say which of norm, delivery and book counts as what the crops earn."""
    source = waterfall["crop_income_source"]
    if source == "book":
        return [_say("by_book", book=f"{waterfall['book_crop_yuan']:,}")]
    return [_say(CROP_SOURCES[source])] if source in CROP_SOURCES else []


def _points_lines(found: dict[str, Any]) -> list[Note]:
    """Say the whole score and what it means."""
    decision, score = found["decision"], found["score"]
    if not found["points"]:
        return [_say("no_points")]
    ppm = decision.get("default_probability_ppm")
    told = {"sum": f"{sum(row['points'] for row in found['points']):+,}", "band": decision.get("band") or "—"}
    told["probability"] = "—" if ppm is None else percent(ppm, PPM)
    if score["base"] is None:
        return [_say("points_total_old", **told)]
    return [_say("points_total", base=score["base"], score=score["total"], **told)]


def _version_lines(versions: dict[str, Any], signatures: list[dict[str, Any]]) -> list[Note]:
    """Say what the decision was made with, and who answers for it."""
    made = {name: versions[name] for name in ("policy", "scorecard", "linkage", "code")}
    return [_say("made_with", **made), *(_signature_line(signature) for signature in signatures)]


def _signature_line(signature: dict[str, Any]) -> Note:
    told = signature | {"act": translated("acts", signature["act"])}
    return _say("signed_in" if "minutes" in signature else "signed", **told)
