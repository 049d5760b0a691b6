"""Every list's record finds its household in the roster, by certainty; each link keeps how it was found.

Stage 1: the contractor code, or the same whole ID number with an agreeing name (`id_and_name`; `id_and_member`: the
name is another member's of that household; `id_only`: the table has no names). Stage 2: the same after a recorded
repair, named by its pass (`repaired_id`, `masked_id`, `mistyped_id`). Stage 3, provisional: the residue
scored within the village (`scored`; `name_and_village` where no number but an equal name told). Refused, or waiting
where a debt or listing must not get lost: `id_without_name`, `id_name_next_door`, `id_of_two_households`.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from village_credit.duckdb_session import query_cursor
from village_credit.link import RULES_VERSION
from village_credit.link.names import AGREEMENTS, FIRM, agreement
from village_credit.link.residue import score_residue
from village_credit.link.verdicts import RECORD_TEXT
from village_credit.link.weights import Weights
from village_credit.sql_files import sql

# One record a household and year; of other lists, one a person.
HOUSEHOLD_LISTS = ("household_economy", "land_subsidy", "crop_declaration")
# What must not get lost where the right number is in doubt: a debt, a listing or an objection under another name, or
# under a number of two households, waits with every household that it may be of until a person settles it.
CONFIRMED_BY_PERSON = ("bank_exposure", "bank_conduct", "negative_list", "related_party", "objection")
PLACES = list(AGREEMENTS)
# Levels at which a name tells one person of a village from the next. Without the father's name it does not.
TELLING = tuple(level for level in FIRM if level != "father")

SUBJECTS = sql("link", "subjects").format(record_text=RECORD_TEXT, household_lists=HOUSEHOLD_LISTS)

ROSTER_NAMES = sql("link", "roster_names")

TOLD = sql("link", "names_told").format(
    places=PLACES, agreement_a_b=agreement("a", "b"), len_places=len(PLACES), telling=TELLING
)

CLAIMS = sql("link", "claims")

NEXT_DOOR = sql("link", "next_door").format(agreement_a_b=agreement("a", "b"), telling=TELLING, places=PLACES)

BY_ID = sql("link", "by_id").format(confirmed_by_person=CONFIRMED_BY_PERSON)

CONTESTED = sql("link", "contested").format(confirmed_by_person=CONFIRMED_BY_PERSON)

REVOKED = "UPDATE id_links SET status = 'provisional' WHERE status = 'automatic' AND pass IN (SELECT pass FROM revoked)"

RESIDUE = sql("link", "residue")

SCORED_LINKS = sql("link", "scored_links")

FOUND = sql("link", "links_found")

DOUBTFUL = sql("link", "doubtful")

DRAWN = sql("link", "drawn")

BOTH_SIDES = sql("link", "both_sides")

SPOKEN = sql("link", "spoken")

SETTLED_BY_PEOPLE = sql("link", "settled_by_people")

LINKS = sql("link", "links").format(rules_version=RULES_VERSION)

TELLS_OF = sql("link", "tells_of").format(confirmed_by_person=CONFIRMED_BY_PERSON)


def create_links(connection: duckdb.DuckDBPyConnection, weights: Weights, sample_size: int = 0) -> None:
    """Make `links`, one row per standing row of a linkable contract.

    Makes also `found` (one per linked record), `doubts` (one per record and household that a person must look at),
    `sampled` (so many automatic links of each pass) and `tells_of` (row_id, contract, unit_code, link_status,
    is_contested: what facts are made of). Needs `register`, `roster`, `parcels`, `identified`, `name_keys`, and:
    `code_rows` (row_id, contract, source_id, contractor_code), `standing` (row_id of rows that were settled as
    standing), `unrepaired` (row_id of rows whose ID number stays damaged: compared for review only), `verdicts` with
    its two functions, `subject_details` (row_id, persons, area_mu).
    """
    for statement in (SUBJECTS, ROSTER_NAMES, TOLD, CLAIMS, NEXT_DOOR, BY_ID, CONTESTED, REVOKED, RESIDUE):
        connection.execute(statement)
    score_residue(connection, weights)
    for statement in (SCORED_LINKS, FOUND, BOTH_SIDES.format(table="doubts", chosen=DOUBTFUL)):
        connection.execute(statement)
    connection.execute(BOTH_SIDES.format(table="sampled", chosen=DRAWN), {"sample_size": sample_size})
    for statement in (SPOKEN, SETTLED_BY_PEOPLE, LINKS, TELLS_OF):
        connection.execute(statement)


def subject_details(settled: dict[str, pa.Table]) -> pa.Table:
    """Return what lists say beside name and number: row_id, persons (the book), area_mu (the subsidy's land)."""
    connection = query_cursor()
    connection.register("books", settled["household_economy"])
    connection.register("subsidies", settled["land_subsidy"])
    return connection.sql("""
        SELECT row_id, CAST(persons AS BIGINT) AS persons, CAST(NULL AS DECIMAL(14, 4)) AS area_mu FROM books
        UNION ALL SELECT row_id, NULL, CAST(contracted_mu AS DECIMAL(14, 4)) FROM subsidies""").to_arrow_table()
