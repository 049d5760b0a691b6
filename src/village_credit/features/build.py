"""Fact tables become one row of features per household; nothing after `as_of` is seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from village_credit.duckdb_session import query_cursor
from village_credit.features.catalogue import FEATURES
from village_credit.sql_files import sql

FAMILIES = ("land", "economy", "conduct")
FACTS_READ = ("households", "parcels", "leases", "crops", "books", "conducts", "exposures")


def build_features(facts: dict[str, pa.Table], as_of: date, counted_methods: Sequence[str] = ()) -> pa.Table:
    """Return unit_code and one double per feature of the catalogue, ordered by unit_code; null is missing.

    `counted_methods`: how land may have been come by that counts beside family contracts, as the policy has them.
    """
    values = {"as_of": as_of, "counted_methods": list(counted_methods)}
    connection = query_cursor()
    for name in FACTS_READ:
        connection.register(name, facts[name])
    for family in FAMILIES:
        query = sql("features", family)
        asked = {name: value for name, value in values.items() if f"${name}" in query}
        table = connection.sql(query, params=asked).to_arrow_table()
        connection.register(f"family_{family}", table)
    columns = ", ".join(f"round({feature.name}, 6) AS {feature.name}" for feature in FEATURES)
    joins = " ".join(f"JOIN family_{family} USING (unit_code)" for family in FAMILIES)
    return connection.sql(f"SELECT unit_code, {columns} FROM households {joins} ORDER BY unit_code").to_arrow_table()
