"""Fit a candidate scorecard: deliveries as of earlier days, labels from the conduct after them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from village_credit.acts.intake import take_in
from village_credit.errors import MissingInput
from village_credit.extract.grid import Extract
from village_credit.extract.inbox import pull
from village_credit.extract.read import read_files
from village_credit.features.build import build_features
from village_credit.features.catalogue import FEATURES
from village_credit.score.card import card_text
from village_credit.score.scorecard import Scorecard
from village_credit.score.train import FeatureFacts, History, train
from village_credit.validate.judge import Batch, validate

DEFAULT_DAYS = 90
HORIZON_MONTHS = 12

# Loans drawn in the year after the observation day; proven relief is no default.
LABELS = """
SELECT i.unit_code, bool_or(max_days_overdue > $days AND NOT (coalesce(is_relief = '是', false) AND relief_proof IS NOT NULL)) AS is_bad
FROM conduct AS c JOIN identities AS i ON i.person_id = c.id_number
WHERE c.opened_on > $as_of AND c.opened_on <= CAST($as_of::DATE + INTERVAL 12 MONTH AS DATE) AND c.id_status = 'valid'
GROUP BY i.unit_code ORDER BY i.unit_code
"""


def train_candidate(
    folders: list[Path], county_code: str, model_id: str, valid_from: date | None, out: Path
) -> tuple[Scorecard, Path]:
    """Train on every history folder (named by its day, with inbox/ and outcome/), and write the scorecard."""
    days = [date.fromisoformat(folder.name) for folder in folders]
    parts = [_observe(folder, day, county_code) for folder, day in zip(folders, days, strict=True)]
    table = pa.concat_tables([part[0] for part in parts])
    history = History(
        values=np.column_stack(
            [table.column(feature.name).to_numpy(zero_copy_only=False) for feature in FEATURES]
        ),
        is_bad=table.column("is_bad").to_numpy(zero_copy_only=False).astype(np.bool_),
        villages=np.array(table.column("village_code").to_pylist()),
        windows=[day.isoformat() for day in days],
        input_hashes=sorted({digest for part in parts for digest in part[1]}),
    )
    facts = [FeatureFacts(f.name, f.unit, f.sources, f.meaning, f.meaning_zh, f.direction) for f in FEATURES]
    card = train(
        history, facts, model_id, valid_from or max(days).replace(year=max(days).year + 1), is_synthetic=True
    )
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{model_id}.scorecard.json"
    path.write_text(
        json.dumps(card.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    (out / f"{model_id}.card.md").write_text(card_text(card), encoding="utf-8")
    return card, path


def _observe(folder: Path, day: date, county_code: str) -> tuple[pa.Table, list[str]]:
    """Give one history's drawn households: features as of the day, village, and whether they defaulted."""
    delivered = list(pull(folder / "inbox", county_code))
    intake = take_in(delivered, day, county_code)
    connection = duckdb.connect()
    connection.register("features", build_features(intake.facts, day))
    connection.register("households", intake.facts["households"])
    connection.register("identities", intake.identities)
    connection.register("conduct", _outcome(folder, county_code))
    connection.register(
        "labels", connection.sql(LABELS, params={"days": DEFAULT_DAYS, "as_of": day}).to_arrow_table()
    )
    query = "SELECT f.*, h.village_code, l.is_bad FROM features AS f JOIN labels AS l USING (unit_code) JOIN households AS h USING (unit_code) ORDER BY unit_code"
    return connection.sql(query).to_arrow_table(), [file.sha256 for file in delivered]


def _outcome(folder: Path, county_code: str) -> pa.Table:
    """Read the conduct that followed."""
    tables = [
        validate(Batch(table.contract, table.rows, table.units))[0]
        for table in read_files(pull(folder / "outcome", county_code))
        if isinstance(table, Extract) and table.contract == "bank_conduct"
    ]
    if not tables:
        raise MissingInput(
            f"history {folder.name}: outcome/{county_code} has no bank_conduct table, so there are no labels"
        )
    return pa.concat_tables(tables)
