"""The two steps of linkage that a flow calls: `identify` the rows, then, once they are settled, `join` them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import duckdb
import pyarrow as pa

from village_credit.duckdb_session import own_tables, with_few_texts
from village_credit.link.divisions import create_divisions, unissued_area_share
from village_credit.link.facts import build_facts, build_identities, create_lone_traders
from village_credit.link.linkage_passes import create_links, subject_details
from village_credit.link.people import REGISTER, identify
from village_credit.link.quality import Quality, measure
from village_credit.link.roster import create_roster, roster_findings
from village_credit.link.unread import UNREAD, create_unread
from village_credit.link.verdicts import RECORD_TEXT, Verdicts, no_verdicts
from village_credit.link.villages import create_places
from village_credit.link.weights import Weights, standard_weights
from village_credit.sql_files import sql

LINK_TEXTS = ("contract", "pass", "agreement", "status", "rules_version")  # a few over millions of rows
PENDING_REASONS = {"excel_damaged": "ID_DAMAGED", "masked": "ID_MASKED", "check_digit": "ID_CHECK_DIGIT"}


UNREPAIRED = sql("link", "unrepaired").format(
    reason_codes="".join((f" WHEN '{status}' THEN '{code}'" for status, code in PENDING_REASONS.items())),
    record_text=RECORD_TEXT,
    statuses=tuple(PENDING_REASONS),
)


@dataclass(frozen=True)
class Identified:
    """`people`: who each row is about; `places`: villages by code; `unrepaired`: row_id, reason_code.

    `name_keys`: see names. `areas`: codes of places that the county's terms name by their present ones.
    """

    people: pa.Table
    places: pa.Table
    unrepaired: pa.Table
    name_keys: pa.Table
    areas: Mapping[str, str]


@dataclass(frozen=True)
class Linked:
    """What linkage hands on.

    `facts` by household, `links` per row, `identities` for the vault, `ambiguous` rows (row_id, reason_code), `doubts`
    for review. `unread`: see unread.
    """

    facts: dict[str, pa.Table]
    links: pa.Table
    identities: pa.Table
    ambiguous: pa.Table
    doubts: pa.Table
    quality: Quality
    findings: pa.Table
    sampled: pa.Table
    unissued_area_share: float | None
    unread: pa.Table


def identify_rows(
    accepted: dict[str, pa.Table],
    hints: pa.Table,
    verdicts: Verdicts | None = None,
    areas: Mapping[str, str] = MappingProxyType({}),
) -> Identified:
    """Resolve villages, complete and repair ID numbers; a number that stays damaged quarantines its row.

    Unless a person has said whose record it is. `areas`: see Identified.
    """
    connection = own_tables()
    (verdicts or no_verdicts()).register(connection)
    create_places(connection, accepted["land_issuer"], areas)
    people = identify(connection, accepted, hints)
    unrepaired = connection.sql(UNREPAIRED).to_arrow_table()
    places = connection.sql("SELECT * FROM places ORDER BY village_code").to_arrow_table()
    name_keys = connection.sql("SELECT * FROM name_keys ORDER BY name").to_arrow_table()
    return Identified(people, places, unrepaired, name_keys, areas)


def join_rows(
    settled: dict[str, pa.Table],
    identified: Identified,
    as_of: date,
    county_code: str,
    weights: Weights | None = None,
    verdicts: Verdicts | None = None,
    unread: pa.Table | None = None,
) -> Linked:
    """Link every settled row to the roster and build the facts.

    `settled`: per contract, standing rows with row_id and source_id (every contract has a table, empty if
    it was not delivered). A row whose village is shared by two townships, and whose ID number does not
    settle which, is ambiguous. `unread`: see unread; none: no row was refused.
    """
    weights = weights or standard_weights()
    connection = own_tables()
    connection.register("identified", identified.people)
    standing = pa.table(
        {"row_id": pa.concat_arrays([chunk for table in settled.values() for chunk in table.column("row_id").chunks])}
    )
    create_divisions(connection, identified.areas)
    connection.register("parcels", settled["land_parcel"])
    connection.register("name_keys", identified.name_keys)
    create_roster(connection, settled["land_contractor"], settled["land_member"])
    connection.register("code_rows", _code_rows(connection, settled))
    connection.register("standing", standing)
    connection.register("unrepaired", identified.unrepaired)
    connection.register("subject_details", subject_details(settled))
    verdicts = verdicts or no_verdicts()
    verdicts.register(connection)
    create_links(connection, weights, verdicts.sample_size)
    quality = measure(connection, weights)
    ambiguous = _ambiguous(connection)
    create_lone_traders(connection, settled["trader_referral"], as_of)
    unread_counts = create_unread(connection, unread if unread is not None else UNREAD.empty_table())
    facts = build_facts(connection, settled, as_of, county_code)
    links = with_few_texts(connection.sql("SELECT * FROM links ORDER BY row_id"), LINK_TEXTS)
    doubts = connection.sql("SELECT * FROM doubts ORDER BY subject_id, unit_code").to_arrow_table()
    sampled = connection.sql("SELECT * FROM sampled ORDER BY pass, subject_id").to_arrow_table()
    return Linked(
        facts,
        links,
        build_identities(connection, as_of),
        ambiguous,
        doubts,
        quality,
        roster_findings(connection),
        sampled,
        unissued_area_share(identified.people),
        unread_counts,
    )


def _code_rows(connection: duckdb.DuckDBPyConnection, settled: dict[str, pa.Table]) -> pa.Table:
    parts = []
    for contract in (*REGISTER, "land_parcel", "land_transfer"):
        connection.register(f"settled_{contract}", settled[contract])
        parts.append(f"SELECT row_id, '{contract}' AS contract, source_id, contractor_code FROM settled_{contract}")
    return connection.sql(" UNION ALL ".join(parts)).to_arrow_table()


def _ambiguous(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Take rows of a shared village name out of the links, unless their household lies in one of the villages."""
    query = sql("link", "ambiguous")
    found = connection.sql(query).to_arrow_table()
    connection.register("ambiguous", found)
    connection.execute("DELETE FROM links WHERE row_id IN (SELECT row_id FROM ambiguous)")
    return found
