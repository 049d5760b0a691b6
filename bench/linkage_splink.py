"""Splink on the same records, in its own environment: `python bench/linkage_splink.py FOLDER LIST`.

Reads `left_<LIST>.parquet` (unique_id, is_residue, name, pinyin, given_skeleton, father_skeleton, id_number where it
is whole, birth, village_code, group_no, persons, area_mu) and `right.parquet` (the same of the rosters' persons,
unit_code in place of is_residue). Trains on the whole list, by random pairs and expectation maximisation, then
predicts for the whole list and for the residue that two stages by ID number leave; each one-to-one, ties dropped.
It gets our pinyin keys, blocks and levels, so that what is compared is the weighing. Writes `splink_<LIST>.parquet`.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

NAME = cl.CustomComparison(
    output_column_name="name",
    comparison_levels=[
        cll.NullLevel("pinyin"),
        cll.ExactMatchLevel("name", term_frequency_adjustments=True),
        cll.ExactMatchLevel("pinyin"),
        cll.CustomLevel(
            "given_skeleton_l = given_skeleton_r AND father_skeleton_l = father_skeleton_r AND father_skeleton_l <> ''",
            "both skeletons",
        ),
        cll.JaroWinklerLevel("pinyin", 0.92),
        cll.CustomLevel(
            "given_skeleton_l = given_skeleton_r AND (father_skeleton_l = '' OR father_skeleton_r = '')",
            "father's name missing",
        ),
        cll.JaroWinklerLevel("pinyin", 0.85),
        cll.ElseLevel(),
    ],
)
NUMBER = cl.CustomComparison(
    output_column_name="id_number",
    comparison_levels=[
        cll.NullLevel("id_number"),
        cll.ExactMatchLevel("id_number"),
        cll.DamerauLevenshteinLevel("id_number", 1),
        cll.CustomLevel("birth_l = birth_r", "same day of birth"),
        cll.ElseLevel(),
    ],
)
PERSONS = cl.CustomComparison(
    output_column_name="persons",
    comparison_levels=[
        cll.NullLevel("persons"),
        cll.ExactMatchLevel("persons"),
        cll.CustomLevel("abs(persons_l - persons_r) = 1", "one off"),
        cll.ElseLevel(),
    ],
)
AREA = cl.CustomComparison(
    output_column_name="area_mu",
    comparison_levels=[
        cll.NullLevel("area_mu"),
        cll.CustomLevel("abs(area_mu_l - area_mu_r) <= 0.01 * greatest(area_mu_l, area_mu_r)", "equal"),
        cll.CustomLevel("abs(area_mu_l - area_mu_r) <= 0.10 * greatest(area_mu_l, area_mu_r)", "near"),
        cll.ElseLevel(),
    ],
)
BLOCKS = [
    block_on("id_number"),
    block_on("village_code", "given_skeleton"),
    block_on("village_code", "pinyin"),
    block_on("village_code", "father_skeleton", "substr(given_skeleton, 1, 1)"),
    block_on("village_code", "birth"),
]


def settings(columns: list[str]) -> SettingsCreator:
    """Compare what the list has."""
    comparisons = [NAME, NUMBER, cl.ExactMatch("group_no")]
    comparisons += [PERSONS] if "persons" in columns else []
    comparisons += [AREA] if "area_mu" in columns else []
    return SettingsCreator(
        link_type="link_only", comparisons=comparisons, blocking_rules_to_generate_predictions=BLOCKS
    )


def train(left: pa.Table, right: pa.Table) -> dict[str, object]:
    """Estimate the weights on the whole list."""
    linker = _linker(left, right, settings(left.column_names))
    linker.training.estimate_probability_two_random_records_match([block_on("id_number")], recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(
        block_on("id_number"), record_sample_proportion=1.0
    )
    linker.training.estimate_parameters_using_expectation_maximisation(
        block_on("village_code", "pinyin"), record_sample_proportion=1.0
    )
    return dict(linker.misc.save_model_to_json())


def _linker(left: pa.Table, right: pa.Table, model: SettingsCreator | dict[str, object]) -> Linker:
    api = DuckDBAPI(connection=duckdb.connect())
    shared = [name for name in left.column_names if name in right.column_names]
    sides = [
        api.register(side.select(shared), dataset_display_name=name)
        for name, side in (("listed", left), ("roster", right))
    ]
    return Linker(sides, model, log_level=40)


def links(left: pa.Table, right: pa.Table, model: dict[str, object]) -> pa.Table:
    """Predict, then keep a pair only where it is the best of both its sides, ties dropped."""
    linker = _linker(left, right, model)
    pairs = linker.inference.predict(threshold_match_probability=0.05).as_pyarrow_table()
    connection = duckdb.connect()
    connection.register("pairs", pairs)
    connection.register("listed", left.select(["unique_id"]))
    connection.register("roster", right.select(["unique_id", "unit_code"]))
    query = """
        WITH told AS (
            SELECT CASE WHEN source_dataset_l = 'listed' THEN unique_id_l ELSE unique_id_r END AS listed_id,
                   CASE WHEN source_dataset_l = 'listed' THEN unique_id_r ELSE unique_id_l END AS roster_id, match_weight, match_probability FROM pairs
        ), by_unit AS (
            SELECT listed_id, unit_code, max(match_weight) AS match_weight, max(match_probability) AS match_probability, max_by(roster_id, match_weight) AS roster_id
            FROM told JOIN roster ON roster.unique_id = roster_id GROUP BY ALL
        )
        SELECT *, match_weight - coalesce(lead(match_weight) OVER (PARTITION BY listed_id ORDER BY match_weight DESC), -100) AS margin FROM by_unit
        QUALIFY row_number() OVER (PARTITION BY listed_id ORDER BY match_weight DESC) = 1
    """
    best = connection.sql(query).to_arrow_table()
    connection.register("best", best)
    return connection.sql("""
        SELECT * FROM best WHERE margin > 0
        QUALIFY row_number() OVER (PARTITION BY roster_id ORDER BY match_weight DESC) = 1
            AND count(*) OVER (PARTITION BY roster_id, match_weight) = 1 ORDER BY listed_id""").to_arrow_table()


def main(folder: Path, name: str) -> None:
    """Train, predict twice, write, and print the seconds."""
    left, right = pq.read_table(folder / f"left_{name}.parquet"), pq.read_table(folder / "right.parquet")
    begun = time.perf_counter()
    model = train(left, right)
    trained = time.perf_counter()
    whole = links(left, right, model)
    predicted = time.perf_counter()
    residue = links(left.filter(left.column("is_residue")), right, model)
    done = time.perf_counter()
    for kind, table in (("whole", whole), ("residue", residue)):
        pq.write_table(table, folder / f"splink_{kind}_{name}.parquet")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps({"train": trained - begun, "whole": predicted - trained, "residue": done - predicted, "peak": peak})
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
