"""Whom each delivered row is about: one table over all contracts, with ID number, name and village."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from data_contracts.registry import office_of
from village_credit.link.names import FIRM, agreement, create_name_keys
from village_credit.link.villages import resolve_villages
from village_credit.sql_files import sql

# contract → (name column, township text, village text, group text); None where the table has no such column
PERSON_COLUMNS: dict[str, tuple[str | None, str | None, str | None, str | None]] = {
    "land_contractor": ("contractor_name", None, None, None),
    "land_member": ("member_name", None, None, None),
    "land_subsidy": ("payee_name", None, "village_name", "group_name"),
    "crop_declaration": ("grower_name", None, "village_name", "village_name"),
    "family_farm": ("operator_name", None, "village_name", "village_name"),
    "household_economy": ("head_name", "township_name", "village_name", "group_name"),
    "monitored_household": ("member_name", None, "village_name", "village_name"),
    "machinery_subsidy": ("buyer_name", "township_name", "village_name", "village_name"),
    "bank_exposure": ("borrower_name", None, None, None),
    "bank_conduct": (None, None, None, None),
    "credit_line": ("borrower_name", None, None, None),
    "negative_list": ("person_name", None, None, None),
    "related_party": ("person_name", None, None, None),
    "objection": (None, None, None, None),
    "trader_referral": ("operator_name", None, None, None),
}
REGISTER = ("land_contractor", "land_member")

COMPLETED = sql("link", "completed")

GROUP_NUMBER = sql("link", "group_number")

PEOPLE = sql("link", "people")

VILLAGE = sql("link", "village")

TOWNSHIPS_TOLD = sql("link", "townships_told")

KNOWN = sql("link", "known_numbers")

BROKEN = sql("link", "broken_numbers")

CANDIDATES = sql("link", "candidates")

REPAIRED = sql("link", "repaired").format(agreement_said_theirs=agreement("said", "theirs"), firm=FIRM)

IDENTIFIED = sql("link", "identified")


def identify(connection: duckdb.DuckDBPyConnection, accepted: dict[str, pa.Table], hints: pa.Table) -> pa.Table:
    """Make `identified` and give it, one row per person-bearing row.

    row_id, contract, source_id, name, id_number, id_status, person_id, village_codes, group_no, is_repaired, and
    repair (repaired_id | masked_id | mistyped_id, null where none was needed or none was certain).
    `accepted`: per contract, rows with row_id and source_id. Needs `places`; makes `name_keys`.
    """
    connection.execute(COMPLETED)
    connection.execute(GROUP_NUMBER)
    connection.register("raw_people", _raw_people(connection, accepted))
    connection.execute(PEOPLE)
    resolve_villages(connection, hints)
    connection.register("offices", _offices())
    create_name_keys(connection, "SELECT name FROM raw_people")
    for statement, done_with in (
        (VILLAGE, ("people",)),
        (TOWNSHIPS_TOLD, ()),
        (KNOWN, ()),
        (BROKEN, ()),
        (CANDIDATES, ("known",)),
        (REPAIRED, ("candidates", "broken")),
        (IDENTIFIED, ("located",)),
    ):
        connection.execute(statement)
        for table in done_with:
            connection.execute(f"DROP TABLE {table}")  # a county's rows are held once, not thrice
    return connection.sql("SELECT * FROM identified ORDER BY row_id").to_arrow_table()


def _offices() -> pa.Table:
    """Say which office each contract comes from: a typing error is confirmed by another office only."""
    return pa.table({"contract": list(PERSON_COLUMNS), "office": [office_of(name) for name in PERSON_COLUMNS]})


def _raw_people(connection: duckdb.DuckDBPyConnection, accepted: dict[str, pa.Table]) -> pa.Table:
    """Bring every person-bearing contract to the same columns."""
    parts = []
    for contract, (name, township, village, group) in PERSON_COLUMNS.items():
        if contract not in accepted:
            continue
        connection.register(f"accepted_{contract}", accepted[contract])
        code = "contractor_code" if contract in REGISTER else "NULL"
        parts.append(
            sql("link", "raw_people").format(
                contract=contract,
                name=name or "NULL",
                township=township or "NULL",
                village=village or "NULL",
                group_name=group or "NULL",
                code=code,
            )
        )
    return connection.sql(" UNION ALL ".join(parts)).to_arrow_table()
