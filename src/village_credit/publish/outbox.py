"""What the packages of a publication, a hold or a release are made of: lines, borrowers, branches, who is held."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_contracts.branch import MAX_TERM_MONTHS
from data_contracts.reasons import DECISION_REASONS
from village_credit.catalogue import run_tables
from village_credit.china_calendar import day_in_china
from village_credit.duckdb_session import query_cursor
from village_credit.ledger.balances import drawn_before, owed_by_day
from village_credit.ledger.before import decided_before
from village_credit.ledger.checkpoints import leaves_of, write_checkpoint
from village_credit.ledger.holds import HOLD, RELEASE, held_keys, stops
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.ledger.log import Entry
from village_credit.ledger.opt_outs import opted_out
from village_credit.ledger.publications import Publication
from village_credit.ledger.returned import sealed_rows
from village_credit.policy.branch_recipients import recipients_in
from village_credit.publish.branch_package import PackageInputs, package_rows
from village_credit.publish.contact_list import FOLLOWED, LINE, Usage
from village_credit.publish.office_package import Result, results
from village_credit.publish.warehouse import build_warehouse, is_current
from village_credit.sql_files import sql
from village_credit.store.store import REFERRALS, Store
from village_credit.tables.referrals import PRODUCT

UNKNOWN_LAST = 1_000  # more than there are publications in force for a county


@dataclass(frozen=True)
class Told:
    """An act of which branches are told, and its publication: of a hold or release a small one of its own.

    `gather` returns the publication as it is packed and what from; None of a hold or release in whose county nothing
    was in force yet: nobody is told.
    """

    entry: Entry
    publication: Publication
    gather: Callable[[], tuple[Publication, PackageInputs] | None]


def told_of(store: Store, ledger: Ledger) -> list[Told]:
    """Return the acts of which branches are told, publications first, each kind in the order of the ledger."""
    entries = {entry.number: entry for entry in ledger}
    county_wide = [Told(entries[p.number], p, partial(_of_county, store, ledger, p)) for p in ledger.county_acts]
    of_one = [Told(entry, told, partial(_of_stop, store, ledger, entry, told)) for entry, told in stops(ledger)]
    return county_wide + of_one


def _of_county(store: Store, ledger: Ledger, publication: Publication) -> tuple[Publication, PackageInputs]:
    return publication, package_inputs(store, ledger, publication)


def _of_stop(store: Store, ledger: Ledger, entry: Entry, told: Publication) -> tuple[Publication, PackageInputs] | None:
    county = _of_the_county(ledger, told)
    return None if county is None else (county, _stop_inputs(store, ledger, entry))


def packaged_for_branches(store: Store, ledger: Ledger, publication_id: str) -> tuple[Publication, pa.Table] | None:
    """Return a publication (or the small one of a hold or release) and the rows that its packages told.

    None: no such id.
    """
    found = next((t for t in told_of(store, ledger) if t.publication.publication_id == publication_id), None)
    gathered = found.gather() if found else None
    return None if gathered is None else (gathered[0], package_rows(*gathered))


def _of_the_county(ledger: Ledger, told: Publication) -> Publication | None:
    """Return the small publication of a stop with the run of the whole county that was in force.

    None where none was.
    """
    below = ledger.before(told.number).in_force_of(told.county_code)
    return replace(told, run_id=below[0].run_id) if below else None


def refresh_warehouse(store: Store) -> None:
    """Rebuild the analysts' views where the ledger went on without them, or the store was moved."""
    if not is_current(store):
        build_warehouse(store)


def package_inputs(store: Store, ledger: Ledger, publication: Publication) -> PackageInputs:
    """Gather a publication's tables: its lines, those in force just before, who the borrowers are, and who is held.

    A batch of one product has its own households' lines alone; brought back, it has all that its product then has. A
    withdrawal has none.
    """
    until, county = ledger.before(publication.number), publication.county_code
    decisions = _lines_told(store, ledger, publication)
    earlier = (
        lines_in_force(store, until, county, with_holds=False).select(decisions.column_names).cast(decisions.schema)
    )
    run, below = publication.run_id, until.in_force_of(county)[::-1]
    held = held_keys(until)
    return PackageInputs(
        decisions,
        pa.concat_tables([earlier, _loaded_rows(store, until, publication, earlier)]),
        _borrowers(store, [publication, *below]),
        pq.read_table(store.table(run, "branches"), partitioning=None),
        dict(DECISION_REASONS),
        held,
        _table_of(store, run, "relief_measures") if publication.product is None and not publication.withdraws else None,
        _results(store, publication, decisions, held),
        drawn_before(store, until, _day_after(publication)),
        _table_of(store, run, "charges"),
        _villages(store, run),
        _table_of(store, run, "seasons"),
        ledger[publication.number - 1],
        write_checkpoint(store.keys, leaves_of(ledger[: publication.number])),
        is_first=not below,
        usage=_usage(store, until, run) if publication.product is None and not publication.withdraws else None,
        recipients=partial(_recipients, store, ledger.before(publication.number + 1), county),
    )


def _usage(store: Store, until: Ledger, run: str) -> Usage:
    """Return what came back of lines up to an act, and what its run knows of them; a run of older code knows less."""
    draws = sealed_rows(store, until, "draws").group_by(LINE.names).aggregate([("amount_yuan", "sum")])
    drawn = draws.filter(pc.not_equal(draws.column("amount_yuan_sum"), 0))  # what was taken back is none
    follow_up, due = _table_of(store, run, "follow_up"), _table_of(store, run, "renewals_due")
    return Usage(
        sealed_rows(store, until, "contracts").select(LINE.names),
        drawn.select(LINE.names),
        FOLLOWED.empty_table() if follow_up is None else follow_up.select(FOLLOWED.names),
        LINE.empty_table() if due is None else due.select(LINE.names),
        opted_out(until),
        _warned(store, until, run),
    )


def _warned(store: Store, until: Ledger, run: str) -> pa.Table:
    """Return what of draws and debts asks for a look, beside what a run decides; of older code's run no purposes."""
    draws, repayments = (sealed_rows(store, until, name) for name in ("draws", "repayments"))
    allowed = _table_of(store, run, "draw_purposes")
    connection = query_cursor()
    for name, table in {
        "decisions": pq.read_table(store.table(run, "decisions"), partitioning=None),
        "draws": draws,
        "owed": owed_by_day(draws, repayments),
        "allowed": run_tables()["draw_purposes"].schema().empty_table() if allowed is None else allowed,
    }.items():
        connection.register(name, table)
    query = sql("publish", "warned_of_run").format(warnings=sql("publish", "warnings"))
    return connection.sql(query).to_arrow_table()


def _recipients(store: Store, until: Ledger, county: str) -> dict[str, tuple[str, ...]]:
    """Return for whom a county's packages are encrypted, by branch: what the policy of its latest publication says.

    A rollback, a withdrawal or a stop brings no earlier key back: it may have been lost or stolen since. Raises
    MissingInput where that policy is not kept any more: nothing is packed in the clear because of that.
    """
    latest = [act for act in until.county_acts_of(county) if act.restores is None and not act.withdraws][-1]
    manifest = store.manifest(latest.run_id)
    sha256 = manifest["versions"].get("policy_sha256", "")
    if not manifest.get("format") and not (store.root / "frozen" / sha256).is_file():
        return {}  # older code kept no policy, and knew of no recipients
    return recipients_in(store.thaw(sha256).decode("utf-8"))


def _day_after(publication: Publication) -> date:
    """Return the day up to which what is owed counts: that of the run, or the act's own where it came later."""
    acted = day_in_china(publication.published_at) + timedelta(days=1)
    return max(acted, date.fromisoformat(publication.as_of))


def _lines_told(store: Store, ledger: Ledger, publication: Publication) -> pa.Table:
    """Return what a publication decides, as its run stored it.

    Of a batch that is brought back, all lines of its product.
    """
    decisions = pq.read_table(store.table(publication.run_id, "decisions"), partitioning=None)
    if publication.withdraws:
        return decisions.slice(0, 0)
    if publication.product is None or publication.restores is None:
        return decisions
    then = ledger.before(publication.number + 1)
    lines = lines_in_force(store, then, publication.county_code, with_holds=False)
    mine = lines.filter(pc.equal(lines.column("product"), publication.product))
    return mine.select(decisions.column_names).cast(decisions.schema)


def _results(store: Store, publication: Publication, decisions: pa.Table, held: list[str]) -> tuple[Result, ...]:
    """Return what came of the county's referral lists, as the office named the traders.

    Nothing of another product's batch, nor of a withdrawal.
    """
    is_told = publication.product in (None, PRODUCT) and not publication.withdraws
    sealed = store.open_part(publication.run_id, REFERRALS) if is_told else None
    if sealed is None:
        return ()
    listed = pq.read_table(io.BytesIO(sealed), partitioning=None).to_pylist()
    told = decisions.select(["household_key", "product", "decision", "limit_yuan"]).to_pylist()
    return tuple(results(listed, {row["household_key"]: row for row in told}, set(held)))


def _loaded_rows(store: Store, until: Ledger, publication: Publication, earlier: pa.Table) -> pa.Table:
    """Return the bank's own lines that branches have beside those in force, as the publication's run knew them.

    A line of a household that any publication decided, one that was withdrawn too, is the branch's no longer, unless
    what the branch was told last froze it for a person.
    """
    lines = _table_of(store, publication.run_id, "lines_before")
    if lines is None:
        return earlier.slice(0, 0)
    decided = store.table(publication.run_id, "decisions")
    decisions = pq.read_table(decided, partitioning=None).select(earlier.column_names)
    acts = until.county_acts_of(publication.county_code)
    known = decided_before(store, [act for act in acts if not act.withdraws])
    told = earlier
    if acts and acts[-1].withdraws:
        told = lines_in_force(store, until.before(acts[-1].number), publication.county_code, with_holds=False)
    connection = query_cursor()
    for name, table in {"decisions": decisions, "lines": lines, "known": known, "told": told}.items():
        connection.register(name, table)
    values = {"most_months": MAX_TERM_MONTHS}
    return connection.sql(sql("publish", "lines_loaded"), params=values).to_arrow_table().cast(decisions.schema)


def _table_of(store: Store, run_id: str, name: str) -> pa.Table | None:
    """Read a run's table; None of a run that was sealed before there was such a table."""
    path = store.table_if_any(run_id, name)
    return pq.read_table(path, partitioning=None) if path else None


def _stop_inputs(store: Store, ledger: Ledger, entry: Entry) -> PackageInputs:
    """Gather what a branch is told of one household that is held, or released: what is in force for it, stopped or not.

    A review has no limit to go on with: then a release waits for the next publication.
    """
    until, county, key = ledger.before(entry.number), entry.details["county_code"], entry.details["household_key"]
    below = until.in_force_of(county)
    rows = lines_in_force(store, until, county, household_key=key, with_holds=False)
    rows = rows.filter(pc.is_valid(rows.column("valid_to")))  # a line, with a limit or stopped already
    if entry.act == RELEASE:
        rows = rows.filter(pc.not_equal(rows.column("decision"), "manual_review"))
    branches = pq.read_table(store.table(below[0].run_id, "branches"), partitioning=None)
    held = [key] if entry.act == HOLD else []
    borrowers = _borrowers(store, below[::-1])
    villages = _villages(store, below[0].run_id)
    texts = dict(DECISION_REASONS)
    charges = _table_of(store, below[0].run_id, "charges")
    checkpoint = write_checkpoint(store.keys, leaves_of(ledger[: entry.number]))
    return PackageInputs(
        rows, rows, borrowers, branches, texts, held, charges=charges, villages=villages, act=entry,
        checkpoint=checkpoint, is_stop=True, recipients=partial(_recipients, store, until, county),
    )  # fmt: skip


def _villages(store: Store, run_id: str) -> pa.Table:
    """Return what a run's places call each village: village_code, village."""
    columns = ["level", "place_code", "place_name"]
    places = pq.read_table(store.table(run_id, "places"), columns=columns, partitioning=None)
    found = places.filter(pc.equal(places.column("level"), "village"))
    return pa.table({"village_code": found.column("place_code"), "village": found.column("place_name")})


def _borrowers(store: Store, found: list[Publication]) -> pa.Table:
    """Return one identity a household from vaults: of the first publication that knows its borrower's number."""
    connection = query_cursor()
    connection.register(
        "identities", pa.concat_tables([_identities(store, p.run_id, order) for order, p in enumerate(found)])
    )
    return connection.sql(sql("publish", "borrowers")).to_arrow_table()


def _identities(store: Store, run_id: str, order: int) -> pa.Table:
    table = pq.read_table(io.BytesIO(store.open_identities(run_id)), partitioning=None)
    unknown = pc.is_null(table.column("person_id")).cast(pa.int64())
    return table.append_column("rank", pc.add(pc.multiply(unknown, UNKNOWN_LAST), order))
