"""What is asked of the deliveries: what was refused, unlinked, late, out of bounds, or may have another code."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.registry import ADVERSE
from village_credit.duckdb_session import query_cursor
from village_credit.identifiers import is_of_region
from village_credit.intake import Intake
from village_credit.policy.model import PolicyInForce
from village_credit.sql_files import sql
from village_credit.tables.gate import Gate, also_fails, gate_of
from village_credit.tables.standing_lines import standing_lines


@dataclass(frozen=True)
class Recoded:
    """How many households whose code changed wait for a person, and how many of them have a line in force."""

    waiting: int
    with_line: int


def quarantined_share(intake: Intake, policy: PolicyInForce) -> Gate:
    outcomes = standing_lines(intake).column("outcome")
    data = pc.sum(pc.not_equal(outcomes, "layout")).as_py() or 0
    quarantined = pc.sum(pc.equal(outcomes, "quarantined")).as_py() or 0
    share = quarantined / data if data else None
    text = "quarantined lines over data lines, those mended aside; send the offices their corrections"
    return gate_of(policy, "quarantined_share", share, text)


def unlinked_share(intake: Intake, policy: PolicyInForce) -> Gate:
    """Rows that wait in quarantine because their number stays damaged found no household either."""
    connection = query_cursor()
    connection.register("link_quality", intake.link_quality)
    query = """SELECT (sum(unlinked + conflicting) / sum(records))::DOUBLE FROM link_quality
               WHERE contract IN ('household_economy', 'land_subsidy', 'crop_declaration')"""
    ((share,),) = connection.execute(query).fetchall()
    return gate_of(policy, "unlinked_share", share, "book, subsidy and crop rows that found no household")


def link_gaps(intake: Intake, policy: PolicyInForce) -> list[Gate]:
    """Ask whether a group's linkage falls behind, and whether a wrong village would do as well as the right one."""
    shares = intake.link_shares
    whole_numbers = pc.count(intake.identities.column("person_id")).as_py()
    return [
        gate_of(
            policy,
            "link_gap_of_names",
            shares["name_gap"],
            (
                "linked share of long transliterated names against short ones, mean over lists (computed in "
                "memory; by person it is kept nowhere)"
            ),
            too_little=_too_few(shares["lists_compared"]),
        ),
        gate_of(
            policy,
            "link_gap_of_villages",
            shares["village_gap"],
            "how far the worst village of a list is behind the county in linked share",
            too_little=_too_few(shares["villages_compared"]),
        ),
        gate_of(
            policy,
            "null_linkage",
            shares["null_share"],
            (
                "links that likeness finds in a wrong village, over those it finds in the right one; relatives "
                "next door are not in it"
            ),
        ),
        gate_of(
            policy,
            "id_area_codes",
            shares["unissued_area_share"],
            (
                "ID numbers that begin with a code no county ever had; people are born anywhere, and synthetic "
                "people's all do"
            ),
            too_little=_too_few(whole_numbers),
        ),
    ]


def _too_few(compared: float | None) -> str:
    """Say that a county has too few records to compare (none is enough); a figure that should be there fails."""
    return "too few records" if compared == 0 else ""


def unlicensed(intake: Intake, licensed: tuple[str, ...], policy: PolicyInForce) -> Gate:
    """Ask how much rests on passes that no checked sample of the last year has shown to be right often enough."""
    connection = query_cursor()
    connection.register("links", intake.links)
    query = """SELECT avg((NOT list_contains($licensed, pass))::INT)::DOUBLE, count(*) FROM links
               WHERE status = 'automatic' AND pass NOT IN ('contractor_code', 'credit_code')"""
    ((share, links),) = connection.execute(query, {"licensed": list(licensed)}).fetchall()
    text = "automatic links by passes without a checked sample of the last year (links review RUN --sample N)"
    return gate_of(policy, "unlicensed_link_passes", share, text, too_little=_too_few(links))


def related_list(intake: Intake, policy: PolicyInForce) -> Gate:
    """The related-party list missing or older than the policy allows: publishing is refused (article 40)."""
    rows = intake.settled["related_party"]
    latest = pc.max(rows.column("updated_on")).as_py() if rows.num_rows else None
    age = None if latest is None else float((policy.as_of - latest).days)
    text = "days since the related-party list was updated; none delivered fails"
    return gate_of(policy, "related_party_list", age, text)


def rejected(intake: Intake, policy: PolicyInForce) -> Gate:
    count = sum(source.rejected is not None for source in intake.sources)
    text = "files or sheets rejected as a whole: ask for them again"
    return gate_of(policy, "rejected_extracts", float(count), text)


def adverse_rows(intake: Intake, policy: PolicyInForce) -> Gate:
    """A debt, a listing or an objection that is of nobody known might be of anybody whom the run grants."""
    adverse = [source for source in intake.sources if source.contract in ADVERSE]
    rejected = sum(source.rejected is not None for source in adverse) + _perhaps_adverse(intake)
    connection = query_cursor()
    connection.register("reconciliation", standing_lines(intake))
    connection.register("unread", intake.unread)
    connection.register("links", intake.links)
    connection.register(
        "adverse",
        pa.table(
            {
                "source_id": pa.array([source.source_id for source in adverse], pa.int64()),
                "contract": pa.array([source.contract for source in adverse], pa.string()),
                "is_of_region": pa.array([is_of_region(source.file_name) for source in adverse], pa.bool_()),
            }
        ),
    )
    ((share, known, unknown),) = connection.execute(sql("tables", "adverse_rows")).fetchall()
    text = (
        "largest quarantined share of a list of debts, listings or objections; until mended, a person looks at whom "
        f"such a row may speak of ({known} rows); of nobody who can be told: {unknown}; lists refused whole: {rejected}"
    )
    gate = gate_of(policy, "adverse_rows", share, text)
    where = "a list is refused whole or a row is of nobody who can be told"
    return also_fails(gate, where, is_so=rejected + unknown > 0)


def recoded(recoded: Recoded, policy: PolicyInForce) -> Gate:
    """A line whose household may only have another code must not be closed at its branch before somebody has looked."""
    text = (
        f"households whose contractor code may have changed and that wait for a person; with a line in force: "
        f"{recoded.with_line}"
    )
    gate = gate_of(policy, "recoded_households", float(recoded.waiting), text)
    return also_fails(gate, "one of them has a line in force", is_so=recoded.with_line > 0)


def _perhaps_adverse(intake: Intake) -> int:
    """Count tables that nobody could name and that may be one of a list that is lacking.

    Any that was refused; of those that no contract knows whole files, and sheets that come nearest to it.
    """
    absent = set(ADVERSE) - {source.contract for source in intake.sources}
    nameless = [source for source in intake.sources if not source.contract and not source.is_copy]
    near = [not source.sheet or any(name in said for name in absent for _, said in source.notes) for source in nameless]
    pairs = zip(nameless, near, strict=True)
    return sum(bool(absent) and (source.rejected is not None or is_near) for source, is_near in pairs)


def deliveries(deliveries: pa.Table, policy: PolicyInForce) -> Gate:
    """A table that the county's calendar needs fails where it is missing, refused or stale."""
    late = [row for row in deliveries.to_pylist() if row["state"] != "complete"]
    is_fatal = any(row["is_needed"] and row["state"] != "partial" for row in late)
    text = "tables of the county's calendar, by township, that are missing, stale, partial or refused"
    gate = gate_of(policy, "deliveries", float(len(late)), text)
    return also_fails(gate, "a needed table is lacking", is_so=is_fatal)


def checks(checks: pa.Table, policy: PolicyInForce) -> Gate:
    """The bounds themselves are agreed with the county's offices; one below a minimum fails whatever their number."""
    verdicts = checks.column("verdict").to_pylist()
    count = sum(verdict != "pass" for verdict in verdicts)
    text = "figures of deliveries as a whole that are out of their bounds: rows, change, fill, duplicates, medians"
    gate = gate_of(policy, "extract_checks", float(count), text)
    return also_fails(gate, "one is below its minimum", is_so="fail" in verdicts)


def branches(intake: Intake, policy: PolicyInForce) -> Gate:
    served = set(intake.facts["branches"].column("township_code").to_pylist())
    households = intake.facts["households"]
    mask = pc.invert(households.column("is_trader_only"))
    townships = set(households.filter(mask).column("township_code").to_pylist())
    flags = intake.facts["branches"].column("is_doubtful")
    doubtful = pc.sum(flags).as_py() or 0
    text = (
        f"townships with households and no branch in the bank's list; whose branch's code was given to another, and "
        f"the list has no 更新日期 to say which it means: {doubtful}"
    )
    gate = gate_of(policy, "branch_for_every_township", float(len(townships - served)), text)
    return also_fails(gate, "a branch's code may be another's", is_so=doubtful > 0)
