"""Records that no whole ID number decides, compared with the rosters of their village."""

from __future__ import annotations

import duckdb

from village_credit.link.names import AGREEMENTS, agreement
from village_credit.link.pairs import choose_pairs
from village_credit.link.weights import Weights
from village_credit.sql_files import sql

# Keys that a person's records share although something in them is wrong; all within one village.
KEYS = {
    "given": "CASE WHEN length(given_skeleton) >= 2 THEN given_skeleton END",
    "sound": "pinyin",
    "father": "CASE WHEN length(father_skeleton) >= 2 THEN father_skeleton || '/' || left(given_skeleton, 1) END",
    "birth": "CASE WHEN regexp_full_match(substr(id_number, 7, 8), '[0-9]{8}') THEN substr(id_number, 7, 8) END",
    "last": "CASE WHEN length(id_number) = 18 AND right(id_number, 4) NOT LIKE '%*%' THEN right(id_number, 4) END",
}

LEFT = sql("link", "left")
RIGHT = sql("link", "right")

BLOCKS = sql("link", "blocks")

COMPARED = sql("link", "compared").format(
    list_agreements=list(AGREEMENTS), agreement_said_theirs=agreement("said", "theirs")
)


def score_residue(connection: duckdb.DuckDBPyConnection, weights: Weights) -> None:
    """Make `best_pairs` of `residue` against the rosters.

    `residue`: subject_id, source_id, is_household_list (one record a household), village_codes, name, id_number,
    person_id, group_no, persons, area_mu. Needs `roster_names` (person_no, unit_code, name, person_id),
    `roster_units` (unit_code, village_code, group_no, persons, area_mu), `name_keys`. `right_id` is a person_no,
    `right_group` a unit_code.
    """
    connection.execute(LEFT)
    connection.execute(RIGHT)
    connection.execute(BLOCKS.format(left=_keyed("left"), right=_keyed("right")), {"pairs": weights.block_pairs})
    connection.execute(COMPARED)
    choose_pairs(connection, weights)
    connection.execute("DROP TABLE left_side; DROP TABLE right_side; DROP TABLE blocks; DROP TABLE pairs")


def _keyed(side: str) -> str:
    """Return every key of one side, a row each."""
    columns = f"{side}_id, village_code"
    return " UNION ALL ".join(
        sql("link", "keyed").format(kind=kind, columns=columns, key=key, side=side) for kind, key in KEYS.items()
    )
