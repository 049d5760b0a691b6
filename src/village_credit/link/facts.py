"""Linked rows become the facts that features, score and decide read: one table per kind, by household."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import duckdb
import pyarrow as pa

from village_credit.link.branches import branch_facts
from village_credit.link.linkage_passes import CONFIRMED_BY_PERSON
from village_credit.link.roster import birthday_limit
from village_credit.sql_files import sql

MINOR_AGE = 14  # PIPL art. 31: younger children's data are sensitive; they become a count
ADULT_AGE = 18
PHONE_SHARERS = 3  # households of a family may share one telephone; more do not

# fact → (contract, selected columns); each reads `t`, the contract's standing rows joined to their links
LISTS: dict[str, tuple[str, str]] = {
    "subsidies": ("land_subsidy", "unit_code, year, subsidised_mu, paid_yuan"),
    "crops": ("crop_declaration", "unit_code, year, crop, sown_mu AS area_mu, delivered_kg"),
    "machines": (
        "machinery_subsidy",
        "unit_code, machine_type, unit_price_yuan, machine_count, bought_on, status AS status, link_status",
    ),
    "exposures": (
        "bank_exposure",
        "unit_code, product_name, credit_yuan, balance_yuan, loan_class, guarantee, due_on, link_status",
    ),
    "conducts": (
        "bank_conduct",
        (
            "unit_code, loan_number, opened_on, due_on, max_days_overdue, days_overdue, "
            "is_relief = '是' AS is_relief, relief_proof, cutoff_on,"
            " product_name, loan_yuan, overdue_since, settled_on, max_overdue_yuan, cured_on, link_status, member_no"
        ),
    ),
    "negatives": (
        "negative_list",
        (
            "unit_code, list_category, reason_code, listed_on, expires_on, repaired_on,"
            " coalesce(is_living AND birth_date <= $adult_born, true) AS member_is_adult_living, link_status, member_no"
        ),
    ),
    "related_parties": ("related_party", "unit_code, updated_on, link_status"),
    "objections": ("objection", "unit_code, objection_type, registered_on, disputed_data, is_contested"),
    "monitored": (
        "monitored_household",
        (
            "unit_code, household_type, monitored_class, is_resolved = '是' AS is_resolved, "
            "has_left = '是' AS has_left, left_on"
        ),
    ),
    "credit_lines": ("credit_line", "unit_code, product_name, limit_yuan, starts_on, ends_on"),
    "farms": ("family_farm", "unit_code, farm_type, managed_mu"),
}

BOOKS = sql("link", "books")
TRADERS = sql("link", "traders")
PARCELS = sql("link", "parcels")
LEASES = sql("link", "leases")
HOUSEHOLDS = sql("link", "households")
MEMBERS = sql("link", "members")
IDENTITIES = sql("link", "identities")
TURNOVER = sql("link", "turnover")
LONE_ROWS = sql("link", "lone_rows")
LONE_TRADERS = sql("link", "lone_traders")
LINK_LONE_TRADERS = sql("link", "link_lone_traders").format(confirmed_by_person=CONFIRMED_BY_PERSON)


def create_lone_traders(connection: duckdb.DuckDBPyConnection, traders: pa.Table, as_of: date) -> None:
    """Make `lone_traders`: sole traders on no register are units of their own, known by their credit code.

    Every row that one was referred in by `as_of` is linked to its unit; a later one stays unlinked.
    """
    connection.register("traders", traders)
    connection.execute(LONE_ROWS, {"as_of": as_of})
    connection.execute(LONE_TRADERS)
    for statement in LINK_LONE_TRADERS.split(";\n"):
        connection.execute(statement)


def build_facts(
    connection: duckdb.DuckDBPyConnection, settled: dict[str, pa.Table], as_of: date, county_code: str
) -> dict[str, pa.Table]:
    """Return every fact table; needs `register`, `roster`, `tells_of`, `parcels`, `lone_traders`, `unread_found`."""
    born = {"minor_born": birthday_limit(as_of, MINOR_AGE)}
    facts = {
        "households": _query(connection, HOUSEHOLDS, {**born, "county": county_code}),
        "members": _query(connection, MEMBERS, born),
    }
    connection.register("transfers", settled["land_transfer"])
    facts["parcels"], facts["leases"] = _query(connection, PARCELS), _query(connection, LEASES)
    for fact, (contract, columns) in LISTS.items():
        _join_links(connection, settled[contract])
        # A fact that keeps its link's status is weighed by it later, and an objection is a right: doubt takes it from
        # nobody. Of every other fact a doubtful link adds nothing.
        certain = "true" if "link_status" in columns or fact == "objections" else "link_status <> 'provisional'"
        parameters = {"adult_born": birthday_limit(as_of, ADULT_AGE)} if "$adult_born" in columns else {}
        facts[fact] = _query(
            connection,
            f"SELECT {columns} FROM t WHERE unit_code IS NOT NULL AND {certain} ORDER BY unit_code, row_id",
            parameters,
        )
    for fact, contract, query, parameters in (
        ("books", "household_economy", BOOKS, {}),
        ("traders", "trader_referral", TRADERS, {"as_of": as_of}),
    ):
        _join_links(connection, settled[contract])
        facts[fact] = _query(connection, query, parameters)
    connection.register("settled_turnover", settled["trader_turnover"])
    facts["turnover"] = _query(connection, TURNOVER)
    connection.register("changes", settled["contractor_change"])
    facts["code_changes"] = _query(
        connection, "SELECT old_code AS from_code, new_code AS to_code, cause, changed_on FROM changes ORDER BY row_id"
    )
    facts.update(branch_facts(connection, settled, as_of, county_code))
    facts["unread_adverse"] = _query(connection, "FROM unread_found ORDER BY ALL")
    facts["sources"] = _query(connection, "SELECT DISTINCT unit_code, contract FROM tells_of ORDER BY ALL")
    connection.register("bases", settled["legal_basis"])
    facts["legal_basis"] = _query(
        connection, "SELECT source AS contract, area_code, starts_on, ends_on FROM bases ORDER BY row_id"
    )
    return facts


def build_identities(connection: duckdb.DuckDBPyConnection, as_of: date) -> pa.Table:
    """Who the units are (C2, for the vault only): unit_code, member_no, relation, name, person_id, phone, address."""
    values = {"minor_born": birthday_limit(as_of, MINOR_AGE), "sharers": PHONE_SHARERS}
    return _query(connection, IDENTITIES, values)


def _join_links(connection: duckdb.DuckDBPyConnection, rows: pa.Table) -> None:
    """Make view `t`: a contract's rows with their household, and the member's number there, age and life."""
    connection.register("rows_of_contract", rows)
    connection.execute(sql("link", "join_links"))


def _query(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object] | None = None
) -> pa.Table:
    return connection.sql(query, params=dict(parameters or {})).to_arrow_table()
