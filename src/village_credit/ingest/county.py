"""Delivered files become settled rows, linked households, and an account of every physical line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.county_terms import BARE_TERMS, CountyTerms
from village_credit.duckdb_session import query_cursor
from village_credit.errors import NoRegister
from village_credit.extract.grid import DeliveredFile
from village_credit.ingest.corrections import corrections_of, still_unread
from village_credit.ingest.line_account import (
    NO_FINDINGS,
    LineAccount,
    concat_rows,
    correcting_sources,
    gathered,
    open_file,
    settle_lines,
)
from village_credit.ingest.remembered import account_memo, account_of, file_words, is_worth_it
from village_credit.intake import Intake, Source
from village_credit.link.divisions import with_current_codes
from village_credit.link.join import Identified, Linked, identify_rows, join_rows
from village_credit.link.verdicts import Verdicts
from village_credit.memos import NO_MEMOS, Memos
from village_credit.sql_files import sql
from village_credit.texts import combined
from village_credit.validate.deduplicate import OUTCOMES, deduplicate

OTHER_COUNTY = "OTHER_COUNTY"


def take_in(
    files: Iterable[DeliveredFile],
    as_of: date,
    county_code: str,
    terms: CountyTerms = BARE_TERMS,
    verdicts: Verdicts | None = None,
    *,
    needs_register: bool = True,
    memos: Memos = NO_MEMOS,
) -> Intake:
    """Read, validate, settle and link a county's files by its terms; raises NoRegister where nobody can be scored.

    `verdicts`: what people said of doubtful links. `needs_register`: not where only lines are asked after. `memos`: of
    files that were read before, by these terms and this code.
    """
    account = gathered(files, partial(_opened, terms, memos))
    accepted = {name: concat_rows(name, parts) for name, parts in account.accepted.items()}
    account.accepted.clear()
    if needs_register:
        _require_register(accepted, account.sources, county_code)
    hints = pa.table(
        {"source_id": [s.source_id for s in account.sources], "place_hint": [s.place_hint for s in account.sources]},
        schema=pa.schema([("source_id", pa.int64()), ("place_hint", pa.string())]),
    )
    identified = identify_rows(accepted, hints, verdicts, terms.areas)
    settled, outcomes = _settle_all(accepted, identified, account.sources)
    settled = with_current_codes(settled, terms.areas)
    settled, of_others = _plans_of_this_county(settled, county_code)
    accepted.clear()  # from here on only settled rows are needed
    unread = still_unread(account)
    linked = join_rows(settled, identified, as_of, county_code, verdicts=verdicts, unread=unread)
    gone = pa.concat_tables([*outcomes, of_others, _as_outcomes(identified.unrepaired), _as_outcomes(linked.ambiguous)])
    return _account(account, gone, linked, identified, settled)


def _opened(terms: CountyTerms, memos: Memos, file: DeliveredFile, *, is_copy: bool) -> LineAccount:
    """Read a file, unless it is remembered what it became."""
    words = file_words(file, is_copy=is_copy)
    found = memos.recall(*words)
    if found is not None:
        return account_of(found)
    account = open_file(file, terms, is_copy=is_copy)
    if is_worth_it(file, account):
        memos.keep(account_memo(account), *words)
    return account


def _require_register(accepted: dict[str, pa.Table], sources: list[Source], county_code: str) -> None:
    for contract in ("land_issuer", "land_contractor"):
        if not accepted[contract].num_rows:
            lacking = [f"{s.file_name}: {s.rejected[1]}" for s in sources if s.rejected]
            raise NoRegister(
                f"county {county_code}: no usable {contract} among {len(sources)} tables, so nobody can be scored; "
                f"ask the agriculture bureau for its land register. {'; '.join(lacking)}".strip()
            )


def _settle_all(
    accepted: dict[str, pa.Table], identified: Identified, sources: list[Source]
) -> tuple[dict[str, pa.Table], list[pa.Table]]:
    """Take unrepaired rows out, then settle equal and superseded rows contract by contract."""
    corrections = correcting_sources(sources)
    settled: dict[str, pa.Table] = {}
    outcomes: list[pa.Table] = []
    for contract, rows in accepted.items():
        if not rows.num_rows:  # most deliveries lack some contract
            known = "id_status" in rows.column_names
            settled[contract] = rows.append_column("person_id", pa.array([], pa.string())) if known else rows
            continue
        result = deduplicate(contract, _repaired(rows, identified), corrections)
        settled[contract] = result.standing
        outcomes.append(result.outcomes)
    return settled, outcomes


def _plans_of_this_county(settled: dict[str, pa.Table], county_code: str) -> tuple[dict[str, pa.Table], pa.Table]:
    """Take campaign plans of any other county out: what is to be drawn there, nobody can measure here."""
    plans = settled["campaign_plan"]
    is_own = pc.equal(plans.column("county_code"), county_code)
    others = plans.filter(pc.invert(is_own))
    told = others.append_column("reason_code", pa.array([OTHER_COUNTY] * others.num_rows, pa.string()))
    return {**settled, "campaign_plan": plans.filter(is_own)}, _as_outcomes(told)


def _repaired(rows: pa.Table, identified: Identified) -> pa.Table:
    """Leave out rows whose number stays damaged, and give the others whose they are where they name anybody."""
    is_lost = pc.is_in(rows.column("row_id"), combined(identified.unrepaired.column("row_id")))
    kept = rows.filter(pc.invert(is_lost)) if pc.any(is_lost).as_py() else rows
    if "id_status" not in rows.column_names:
        return kept
    places = pc.index_in(kept.column("row_id"), combined(identified.people.column("row_id")))
    return kept.append_column("person_id", identified.people.column("person_id").take(places))


def _as_outcomes(rows: pa.Table) -> pa.Table:
    return pa.table(
        {
            "row_id": rows["row_id"],
            "outcome": pa.array(["quarantined"] * rows.num_rows, pa.string()),
            "reason_code": rows["reason_code"],
        },
        schema=OUTCOMES,
    )


def _account(
    account: LineAccount, gone: pa.Table, linked: Linked, identified: Identified, settled: dict[str, pa.Table]
) -> Intake:
    """Return each physical line its one outcome, and each late quarantine its finding."""
    connection = query_cursor()
    reconciliation = settle_lines(connection, account, gone)
    connection.register("findings", pa.concat_tables([NO_FINDINGS, *account.findings]))
    connection.register("claimed_twice", linked.findings)
    findings = connection.sql(sql("ingest", "account")).to_arrow_table()
    return Intake(
        account.sources,
        linked.facts,
        linked.links,
        linked.identities,
        identified.places,
        settled,
        reconciliation,
        findings,
        corrections_of(connection, account.sources),
        linked.doubts,
        linked.quality.by_village,
        {
            "name_gap": linked.quality.name_gap,
            "village_gap": linked.quality.village_gap,
            "null_share": linked.quality.null_share,
            "unissued_area_share": linked.unissued_area_share,
            "lists_compared": linked.quality.lists_compared,
            "villages_compared": linked.quality.villages_compared,
        },
        linked.sampled,
        linked.unread,
    )


def outcome_counts(intake: Intake) -> dict[str, int]:
    """Count physical lines by outcome."""
    return dict(sorted(Counter(intake.reconciliation.column("outcome").to_pylist()).items()))
