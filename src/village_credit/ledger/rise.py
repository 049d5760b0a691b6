"""What a line may rise from, and what its branch last said of it: both stand over many scorings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from village_credit.duckdb_session import query_cursor
from village_credit.ledger.branch_limits import BranchLimit, branch_words
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import IN_FORCE, decision_files, in_force_rows, lines_of, published_before
from village_credit.ledger.publications import Publication
from village_credit.ledger.returned import sealed_rows
from village_credit.sql_files import sql
from village_credit.store.store import Store

RISE_BASES = pa.schema([("household_key", pa.string()), ("product", pa.string()), ("base_yuan", pa.int64())])
BRANCH_WORDS = pa.schema(
    [("household_key", pa.string()), ("product", pa.string()), ("said_yuan", pa.int64()), ("said_on", pa.date32())]
)


def rise_bases(store: Store, ledger: Ledger, county_code: str, as_of: date) -> pa.Table:
    """Return what each line may rise from (RISE_BASES): what was published, whole yuan, a branch's figure is no base.

    The limit in force on the same day a year before `as_of`; where that was none or 0, the first above 0 that was
    published since. A line that has neither is not there.
    """
    day = a_year_before(as_of)
    since = [p for p in ledger.publications_of(county_code) if day.isoformat() <= p.as_of < as_of.isoformat()]
    connection = query_cursor()
    connection.register("lines", lines_of(store, published_before(ledger, county_code, day)))
    connection.register("since", pa.Table.from_pylist(in_force_rows(since), schema=IN_FORCE))
    connection.register("published", _decisions(store, since))
    return connection.sql(sql("ledger", "rise_bases"), params={"day": day}).to_arrow_table().cast(RISE_BASES)


def _decisions(store: Store, publications: Sequence[Publication]) -> pa.Table:
    """Return what publications decided of each line: run_id, household_key, product, limit_yuan."""
    paths = decision_files(store, publications)
    if not paths:
        return pa.table({"run_id": [], "household_key": [], "product": [], "limit_yuan": []})
    return query_cursor().sql(sql("ledger", "decisions_of"), params={"paths": paths}).to_arrow_table()


def a_year_before(day: date) -> date:
    """Return the same day of the year before; of 29 February the 28th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def standing_words(store: Store, ledger: Ledger, county_code: str) -> pa.Table:
    """Return the last cut or refusal of a branch on each line (BRANCH_WORDS; 0: refused).

    It stands over the publications that follow, until the branch takes it back or says that it imported a larger
    figure. How long at most the policy says. Like a hold it counts whatever the day is as of which one scores: a branch
    that refused yesterday refused, though the figures are those of last month.
    """
    own = {p.publication_id: p for p in ledger.publications_of(county_code)}
    last: dict[tuple[str, str], BranchLimit] = {}
    for (publication_id, household_key, product), words in branch_words(ledger).items():
        if publication_id not in own:
            continue
        before = last.get((household_key, product))
        if before is None or words[-1].received_on >= before.received_on:
            last[household_key, product] = words[-1]
    cuts = [word for word in last.values() if word.limit_yuan < word.published_yuan]
    return _unless_imported_since(store, ledger, list(own.values()), cuts) if cuts else BRANCH_WORDS.empty_table()


def _unless_imported_since(
    store: Store, ledger: Ledger, publications: Sequence[Publication], cuts: list[BranchLimit]
) -> pa.Table:
    names = ("publication_id", "household_key", "product", "limit_yuan", "received_on")
    connection = query_cursor()
    connection.register("cuts", pa.Table.from_pylist([{name: getattr(cut, name) for name in names} for cut in cuts]))
    connection.register("receipts", sealed_rows(store, ledger, "receipts"))
    connection.register("own", pa.Table.from_pylist(in_force_rows(publications), schema=IN_FORCE))
    connection.register("published", _decisions(store, publications))
    return connection.sql(sql("ledger", "branch_words")).to_arrow_table().cast(BRANCH_WORDS)
