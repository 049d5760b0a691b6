"""Sources without a legal basis in force, and data in dispute, are left out before anything is computed."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from data_contracts.registry import INCOMING, field_specs
from village_credit import catalogue
from village_credit.duckdb_session import query_cursor
from village_credit.sql_files import sql

# fact → the contract that it was delivered under; lists that refuse (negatives, objections…) always count
LEFT_OUT_WITHOUT_BASIS = {name: table.contract for name, table in catalogue.facts().items() if table.contract}
DISPUTABLE = {
    table.contract: name for name, table in catalogue.facts().items() if table.contract and table.is_disputable
}
RENAMED = {"sown_mu": "area_mu"}  # contract field → fact column, where they differ
MUST_STAY = {
    "year",
    "crop",
    "product_name",
    "credit_yuan",
    "balance_yuan",
    "subsidised_mu",
    "sown_mu",
    "area_mu",
    "max_days_overdue",
    "days_overdue",
}

LACKING = sql("decide", "lacking_basis")


def lacking_basis(facts: dict[str, pa.Table], as_of: date, exempt: list[str]) -> pa.Table:
    """Return unit_code and contract where a household depends on a source without a basis in force.

    The most specific area that has any basis decides: an expired township agreement is not mended by the county's.
    """
    connection = query_cursor()
    for name in ("sources", "households", "legal_basis"):
        connection.register(name, facts[name])
    connection.register("exempt", pa.table({"contract": pa.array(exempt, pa.string())}))
    return connection.sql(LACKING, params={"as_of": as_of}).to_arrow_table()


def without_lacking(facts: dict[str, pa.Table], lacking: pa.Table) -> dict[str, pa.Table]:
    """Leave out the rows of sources that lack a basis for their household."""
    kept = dict(facts)
    connection = query_cursor()
    connection.register("lacking", lacking)
    for fact, contract in LEFT_OUT_WITHOUT_BASIS.items():
        connection.register("given", facts[fact])
        query = sql("decide", "without_lacking")
        kept[fact] = connection.sql(query, params={"contract": contract}).to_arrow_table()
    return kept


def disputes(objections: pa.Table) -> tuple[dict[str, list[tuple[str, str]]], list[str]]:
    """Read what is disputed: unit → (fact, column or empty for the whole row); and units whose dispute is unclear."""
    clear: dict[str, list[tuple[str, str]]] = {}
    unclear: list[str] = []
    for row in objections.to_pylist():
        if row["objection_type"] != "数据异议":
            continue
        named = _named(row["disputed_data"] or "")
        if named:
            clear.setdefault(row["unit_code"], []).extend(named)
        else:
            unclear.append(row["unit_code"])
    return clear, unclear


def _named(text: str) -> list[tuple[str, str]]:
    """Find a contract's name and, in the same text, headers of its columns; nothing where a part is unclear."""
    contracts = [contract for contract in INCOMING if contract in text]
    if not contracts or not set(contracts) <= set(DISPUTABLE):
        return []
    for contract in contracts:  # `crop` is a column, and a part of `crop_declaration`
        text = text.replace(contract, "\n")
    return [
        (DISPUTABLE[contract], "" if column in MUST_STAY else RENAMED.get(column, column))
        for contract in contracts
        for column in _columns(contract, text) or ["year"]
    ]


def _columns(contract: str, text: str) -> list[str]:
    """Return the columns that a text names by header or by name, the longest first: 村 is a part of 所在村."""
    words = {word: spec.name for spec in field_specs(contract) for word in (spec.column.header, spec.name)}
    found = []
    for word in sorted(words, key=lambda word: (-len(word), word)):
        if word in text:
            found.append(words[word])
            text = text.replace(word, "\n")
    return sorted(set(found))


def without_disputed(facts: dict[str, pa.Table], clear: dict[str, list[tuple[str, str]]]) -> dict[str, pa.Table]:
    """Leave the disputed data of some households out: a column becomes null, a row without it goes."""
    kept = dict(facts)
    connection = query_cursor()
    pairs = sorted({(fact, column, unit) for unit, named in clear.items() for fact, column in named})
    for fact, column in sorted({(fact, column) for fact, column, _ in pairs}):
        connection.register("given", kept[fact])
        connection.register("units", pa.table({"unit_code": [u for f, c, u in pairs if (f, c) == (fact, column)]}))
        if column and column in kept[fact].column_names:
            query = sql("decide", "without_disputed").format(column=column)
        else:
            query = "SELECT given.* FROM given ANTI JOIN units USING (unit_code)"
        kept[fact] = connection.sql(query).to_arrow_table().cast(kept[fact].schema)
    return kept
