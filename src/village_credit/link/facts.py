"""Linked rows become the facts that features, score and decide read: one table per kind, by household."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import duckdb
import pyarrow as pa

from village_credit.link.roster import birthday_limit

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
            "unit_code, loan_number, opened_on, due_on, max_days_overdue, days_overdue, is_relief = '是' AS is_relief, relief_proof, cutoff_on,"
            " product_name, loan_yuan, overdue_since, settled_on, link_status, member_no"
        ),
    ),
    "negatives": (
        "negative_list",
        (
            "unit_code, list_category, reason_code, listed_on, expires_on,"
            " coalesce(is_living AND birth_date <= $adult_born, true) AS member_is_adult_living, link_status, member_no"
        ),
    ),
    "related_parties": ("related_party", "unit_code, updated_on, link_status"),
    "objections": ("objection", "unit_code, objection_type, registered_on, disputed_data, is_contested"),
    "monitored": (
        "monitored_household",
        "unit_code, household_type, monitored_class, is_resolved = '是' AS is_resolved",
    ),
    "credit_lines": ("credit_line", "unit_code, product_name, limit_yuan, starts_on, ends_on"),
    "farms": ("family_farm", "unit_code, farm_type, managed_mu"),
}

# One book per household and year: several members' books of a year (the register may have merged two
# families) cannot be told apart, and the one collected last stands, then the first delivered.
BOOKS = """
SELECT unit_code, year, persons, labourers, planting_income_yuan, livestock_income_yuan, wage_income_yuan, trade_income_yuan,
       transfer_income_yuan, production_cost_yuan, living_cost_yuan, assets_yuan, debts_yuan, sheep, cattle,
       is_cooperative_member = '是' AS is_cooperative_member
FROM t WHERE unit_code IS NOT NULL AND link_status <> 'provisional'
QUALIFY row_number() OVER (PARTITION BY unit_code, year ORDER BY collected_on DESC NULLS LAST, row_id) = 1
ORDER BY unit_code, year
"""
# A row whose day is not come is kept, and counts from that day on.
TRADERS = """
SELECT unit_code, referral_batch, applied_yuan, industry, referred_on FROM t
WHERE unit_code IS NOT NULL AND link_status <> 'provisional' AND referred_on <= $as_of
QUALIFY row_number() OVER (PARTITION BY unit_code ORDER BY referred_on DESC, row_id) = 1 ORDER BY unit_code
"""
PARCELS = """
SELECT contractor_code AS unit_code, method_code, coalesce(contract_mu, measured_mu) AS area_mu
FROM parcels JOIN register ON contractor_code = unit_code LEFT JOIN shared_parcels USING (parcel_code)
WHERE is_of_two IS NULL OR (NOT is_of_two AND counted_row = parcels.row_id)
ORDER BY unit_code, parcels.row_id
"""
LEASES = """
SELECT o.unit_code AS from_unit_code, i.unit_code AS to_unit_code, coalesce(contract_mu, measured_mu) AS area_mu, starts_on, ends_on
FROM transfers LEFT JOIN register AS o ON contractor_code = o.unit_code LEFT JOIN register AS i ON lessee_code = i.unit_code
WHERE o.unit_code IS NOT NULL OR i.unit_code IS NOT NULL ORDER BY transfers.row_id
"""
HOUSEHOLDS = """
SELECT unit_code, county_code, township_code, village_code, false AS is_trader_only,
       count(*) FILTER (is_living AND is_resident) AS persons_register,
       count(*) FILTER (is_living AND is_resident AND birth_date > $minor_born) AS children
FROM register JOIN roster USING (unit_code) GROUP BY ALL
UNION ALL
SELECT unit_code, $county, $county || '000', $county || '000000', true, 1, 0 FROM lone_traders
ORDER BY unit_code
"""
MEMBERS = """
SELECT unit_code, member_no, relation, sex, birth_date, is_living, is_resident, person_id IS NOT NULL AND owns_number AS has_valid_id
FROM roster WHERE birth_date IS NULL OR birth_date <= $minor_born
UNION ALL
SELECT unit_code, 1, 'head', CASE WHEN CAST(substr(person_id, 17, 1) AS INTEGER) % 2 = 1 THEN 1 ELSE 2 END,
       try_strptime(substr(person_id, 7, 8), '%Y%m%d')::DATE, true, true, true
FROM lone_traders
ORDER BY unit_code, member_no
"""
# A number that many households give is the cadre's or the shop's: a household's message must not go there.
IDENTITIES = """
SELECT unit_code, member_no, relation, name, person_id, CASE WHEN coalesce(sharers, 0) <= $sharers THEN phone END AS phone, address
FROM roster JOIN register USING (unit_code)
LEFT JOIN (SELECT phone, count(*) AS sharers FROM register WHERE phone IS NOT NULL GROUP BY phone) USING (phone)
WHERE birth_date IS NULL OR birth_date <= $minor_born
UNION ALL
SELECT unit_code, 1, 'head', operator_name, person_id, phone, business_address FROM lone_traders
ORDER BY unit_code, member_no
"""
LONE_ROWS = """
CREATE TABLE lone_rows AS
SELECT 'T' || credit_code AS unit_code, row_id, traders.source_id, operator_name, traders.person_id, phone, business_address, referred_on
FROM traders JOIN links USING (row_id)
WHERE links.status = 'unlinked' AND traders.person_id IS NOT NULL AND referred_on <= $as_of
"""
# Of several referrals the newest says who it is, as it says what is applied for (TRADERS).
LONE_TRADERS = """
CREATE TABLE lone_traders AS
SELECT * EXCLUDE (referred_on) FROM lone_rows QUALIFY row_number() OVER (PARTITION BY unit_code ORDER BY referred_on DESC, row_id) = 1
"""
LINK_LONE_TRADERS = """
UPDATE links SET unit_code = lone_rows.unit_code, stage = 1, pass = 'credit_code', agreement = 'code', status = 'automatic'
FROM lone_rows WHERE links.row_id = lone_rows.row_id
"""


def create_lone_traders(connection: duckdb.DuckDBPyConnection, traders: pa.Table, as_of: date) -> None:
    """Make `lone_traders`: sole traders on no register are units of their own, known by their credit code.

    Every row that one was referred in by `as_of` is linked to its unit; a later one stays unlinked.
    """
    connection.register("traders", traders)
    connection.execute(LONE_ROWS, {"as_of": as_of})
    connection.execute(LONE_TRADERS)
    connection.execute(LINK_LONE_TRADERS)


def build_facts(
    connection: duckdb.DuckDBPyConnection, settled: dict[str, pa.Table], as_of: date, county_code: str
) -> dict[str, pa.Table]:
    """Return every fact table (columns as their SELECT says); needs `register`, `roster`, `tells_of`, `parcels`, `lone_traders`."""
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
    connection.execute("""
        CREATE OR REPLACE TEMP VIEW t AS
        SELECT r.*, tells_of.unit_code, link_status, is_contested, m.is_living, m.birth_date, m.member_no
        FROM rows_of_contract AS r JOIN tells_of USING (row_id)
        LEFT JOIN (SELECT unit_code, person_id, bool_or(is_living) AS is_living, min(birth_date) AS birth_date, min(member_no) AS member_no
                   FROM roster WHERE person_id IS NOT NULL GROUP BY ALL) AS m
          ON m.unit_code = tells_of.unit_code AND m.person_id = r.person_id""")


def _query(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object] | None = None
) -> pa.Table:
    return connection.sql(query, params=dict(parameters or {})).to_arrow_table()
