"""What people said of doubtful links: remembered by keyed hashes, never by names or numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from village_credit.duckdb_session import own_function

SAME, OTHER = "same", "other"
VERDICTS = pa.schema([("record_key", pa.string()), ("household_key", pa.string()), ("verdict", pa.string())])

# What a record says about whom it means: the same words in a later file are the same record.
RECORD_TEXT = (
    "concat_ws('|', contract, coalesce(name, ''), coalesce(id_number, ''), "
    "array_to_string(village_codes, '+'), coalesce(CAST(group_no AS VARCHAR), ''))"
)


@dataclass(frozen=True)
class Verdicts:
    """`given`: at most one row per record and household, and one household that a record is the same as.

    The two functions make the keys that it is known by.

    `revoked`: passes that a sample found wrong too often; their links wait for a person. `sample_size`: how many
    automatic links of each pass are wanted with both sides, for a person to check. `content` names all of it, the
    functions' key too: empty where nobody is to remember what was linked by it.
    """

    given: pa.Table
    record_key: Callable[[str], str]
    household_key: Callable[[str], str]
    revoked: tuple[str, ...] = ()
    sample_size: int = 0
    content: str = ""

    def register(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make `verdicts`, `revoked`, and the functions record_key and household_key."""
        connection.register("verdicts", self.given)
        connection.register("revoked", pa.table({"pass": pa.array(self.revoked, pa.string())}))
        own_function(connection, "record_key", self.record_key)
        own_function(connection, "household_key", self.household_key)


def no_verdicts() -> Verdicts:
    """Nobody has said anything yet."""
    return Verdicts(VERDICTS.empty_table(), lambda text: text, lambda code: code)
