"""Splink on a public labelled set, in its own environment: `python bench/linkage_splink_sets.py FOLDER FIELD:KIND...`.

Reads `copies.parquet` and `originals.parquet` (id, cluster and text columns), trains on them, predicts, and links each
copy one-to-one to an original, ties dropped; writes `splink.parquet` (left_id, right_group, match_probability).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

COMPARISONS = {
    "name": lambda field: cl.JaroWinklerAtThresholds(field, [0.92, 0.85]).configure(term_frequency_adjustments=True),
    "day": lambda field: cl.DamerauLevenshteinAtThresholds(field, [1, 2]),
    "place": lambda field: cl.JaroWinklerAtThresholds(field, [0.92, 0.85]),
    "number": lambda field: cl.DamerauLevenshteinAtThresholds(field, [1, 2]),
}


def main(folder: Path, words: list[str]) -> None:
    """Train, predict and write; print the seconds."""
    fields = dict(word.split(":") for word in words)
    sides = {name: pq.read_table(folder / f"{name}.parquet") for name in ("copies", "originals")}
    begun = time.perf_counter()
    names, days = ([f for f, kind in fields.items() if kind in kinds] for kinds in ({"name"}, {"day", "number"}))
    blocks = [block_on(*names), *(block_on(field) for field in days)]
    blocks += [block_on(names[0], field) for field, kind in fields.items() if kind == "place"]
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="id",
        comparisons=[COMPARISONS[kind](field) for field, kind in fields.items()],
        blocking_rules_to_generate_predictions=blocks,
    )
    api = DuckDBAPI(connection=duckdb.connect())
    columns = ["id", *fields]
    linker = Linker(
        [api.register(side.select(columns), dataset_display_name=f"{name}_side") for name, side in sides.items()],
        settings,
        log_level=40,
    )
    linker.training.estimate_probability_two_random_records_match([block_on(*names, days[0])], recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for block in (block_on(*names), block_on(days[0])):
        linker.training.estimate_parameters_using_expectation_maximisation(block, record_sample_proportion=1.0)
    pairs = linker.inference.predict(threshold_match_probability=0.05).as_pyarrow_table()
    pq.write_table(_one_to_one(pairs, sides), folder / "splink.parquet")
    print(json.dumps({"seconds": time.perf_counter() - begun}))


def _one_to_one(pairs: object, sides: dict[str, object]) -> object:
    """Keep the best original of each copy, and none where two are equally good."""
    connection = duckdb.connect()
    connection.register("pairs", pairs)
    connection.register("originals", sides["originals"])
    return connection.sql("""
        WITH told AS (
            SELECT CASE WHEN source_dataset_l = 'copies_side' THEN id_l ELSE id_r END AS left_id,
                   CASE WHEN source_dataset_l = 'copies_side' THEN id_r ELSE id_l END AS right_id, match_weight, match_probability FROM pairs
        )
        SELECT left_id, originals.cluster AS right_group, match_probability FROM told JOIN originals ON originals.id = right_id
        QUALIFY row_number() OVER (PARTITION BY left_id ORDER BY match_weight DESC) = 1
            AND count(*) OVER (PARTITION BY left_id, match_weight) = 1
        ORDER BY left_id""").to_arrow_table()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
