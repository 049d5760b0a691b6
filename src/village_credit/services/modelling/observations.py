"""Earlier deliveries and the conduct that followed become observations: features as of a day, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from village_credit import duckdb_session
from village_credit.errors import MissingInput, ModelRefused, UsageError, why_unread
from village_credit.extract.grid import DeliveredFile, Extract
from village_credit.extract.inbox import pull
from village_credit.extract.read import read_files
from village_credit.features.build import build_features
from village_credit.features.catalogue import FEATURES
from village_credit.features.labels import OUTCOMES, label_households
from village_credit.features.leaks import leaking_features
from village_credit.ingest.county import take_in
from village_credit.ingest.relief_proofs import read_declared
from village_credit.intake import Intake
from village_credit.link.names import is_long
from village_credit.relief.apply import Allowed, relieve
from village_credit.score.statistics import Bools, Floats
from village_credit.sql_files import sql
from village_credit.training.table import FeatureFacts
from village_credit.training.train import History
from village_credit.validate.rows import Batch, validate

LOANS = sql("services.modelling", "loans")


@dataclass(frozen=True)
class Observation:
    """One day of one county: its intake (names in memory only), every household's outcome and features."""

    day: date
    county_code: str
    intake: Intake
    features: pa.Table
    outcomes: pa.Table
    input_hashes: list[str]
    truth: pa.Table | None = None  # of a synthetic history: by contractor_code, the parts of each loan's log odds


def day_of(folder: Path) -> date:
    """Read the day that a history folder is named by."""
    try:
        return date.fromisoformat(folder.name)
    except ValueError:
        raise UsageError(f"history folder {folder.name}: name it by its day, as 2024-11-01") from None


def observe_all(folders: list[Path], counties: Sequence[str]) -> list[Observation]:
    """Take in every county of every history folder, days in order, each day's counties in order.

    Of several counties each may lack some days. Raises MissingInput where one has none, or a folder is of none of them.
    """
    folders, counties = sorted(folders, key=day_of), sorted(set(counties))
    if len(counties) == 1:
        return [observe(folder, counties[0]) for folder in folders]
    there = {(folder, county) for folder in folders for county in counties if (folder / "inbox" / county).is_dir()}
    for county in counties:
        if not any(county == found for _, found in there):
            raise MissingInput(f"county {county} is in no history folder; each has its deliveries in inbox/{county}")
    for folder in folders:
        if not any(folder == found for found, _ in there):
            raise MissingInput(f"history {folder.name}: inbox/ has none of the counties {', '.join(counties)}")
    return [observe(folder, county) for folder in folders for county in counties if (folder, county) in there]


def of_last_day(observations: list[Observation]) -> list[Observation]:
    """Return the observations of the last day: one a county that was observed on it."""
    last = max(one.day for one in observations)
    return [one for one in observations if one.day == last]


def observe(folder: Path, county_code: str) -> Observation:
    """Take in a history folder (inbox/, outcome/, and relief/ where something was declared).

    Raises ModelRefused where a feature sees past its day.
    """
    day = day_of(folder)
    delivered = list(pull(folder / "inbox", county_code))
    intake = take_in(delivered, day, county_code)
    require_no_leak(intake, day)
    conduct, hashes = _outcome(folder, county_code)
    units, loans = intake.facts["households"].select(["unit_code"]), loans_of(intake, conduct)
    facts, told, declared = _relieved(folder, intake, loans, day)
    return Observation(
        day,
        county_code,
        intake,
        build_features(facts, day),
        label_households(units, told, day),
        [file.sha256 for file in delivered] + hashes + declared,
        _truth(folder, county_code),
    )


def require_no_leak(intake: Intake, day: date) -> None:
    """Raise ModelRefused where a feature sees past its day."""
    if leaks := leaking_features(build_features, intake.facts, day):
        raise ModelRefused(
            f"features {', '.join(leaks)} change when rows dated after {day} change: they see the future; "
            f"bind them to $as_of"
        )


def loans_of(intake: Intake, conduct: pa.Table) -> pa.Table:
    """Return the loans of an intake's households that accepted rows of conduct tell of, by unit_code."""
    connection = duckdb_session.connect()
    connection.register("identities", intake.identities)
    connection.register("conduct", conduct)
    return connection.sql(LOANS).to_arrow_table()


def _truth(folder: Path, county_code: str) -> pa.Table | None:
    """Read what made a synthetic county's defaults, which no office delivers; None where it is not kept."""
    path = folder / "truth" / county_code / "default_odds.parquet"
    if not path.is_file():
        return None
    try:
        return pq.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        raise MissingInput(
            f"history {folder.name}: truth/{county_code}/default_odds.parquet cannot be read, {why_unread(error)}; "
            f"make the synthetic history anew, or take truth/ away"
        ) from None


def _relieved(
    folder: Path, intake: Intake, loans: pa.Table, day: date
) -> tuple[dict[str, pa.Table], pa.Table, list[str]]:
    """Reckon the declarations of the folder's relief/ into the facts of the day and into the conduct after it.

    A declaration made after the day excuses what came after it; the day's own facts know only what had begun by then.
    Gives facts, conduct and the hashes of what was declared.
    """
    paths = sorted((folder / "relief").glob("*.toml"))
    if not paths:
        return intake.facts, loans, []
    declared, proofs, hashes = read_declared(paths)
    last = max([day, *(row for row in loans.column("cutoff_on").to_pylist() if row)])

    def relieved(facts: dict[str, pa.Table], on: date) -> dict[str, pa.Table]:
        return relieve(facts, intake.identities, declared, proofs, on, Allowed()).facts

    after = relieved({**intake.facts, "conducts": loans}, last)["conducts"]
    return relieved(intake.facts, day), after, hashes


def _outcome(folder: Path, county_code: str) -> tuple[pa.Table, list[str]]:
    """Read the conduct that followed, and the hashes of its files."""
    delivered = list(pull(folder / "outcome", county_code))
    tables = conduct_in(delivered, f"history {folder.name}")
    if not tables:
        raise MissingInput(
            f"history {folder.name}: outcome/{county_code} has no bank_conduct table, so there are no labels"
        )
    return pa.concat_tables(tables), [file.sha256 for file in delivered]


def conduct_in(delivered: list[DeliveredFile], where: str) -> list[pa.Table]:
    """Return the accepted rows of each delivered table of conduct; raises MissingInput where one is refused."""
    found = [table for table in read_files(delivered) if isinstance(table, Extract)]
    loans = [table for table in found if table.contract == "bank_conduct"]
    for table in loans:
        if table.rejected:
            raise MissingInput(f"{where}: {table.file.file_name}: {table.rejected[1]}")
    return [validate(Batch(table.contract, table.rows, table.units))[0] for table in loans]


def labelled(observation: Observation) -> pa.Table:
    """Return unit_code, village_code, outcome, is_bad and the features of the households whose outcome teaches."""
    connection = duckdb_session.connect()
    connection.register("features", observation.features)
    connection.register("outcomes", observation.outcomes)
    connection.register("households", observation.intake.facts["households"])
    query = sql("services.modelling", "labelled")
    return connection.sql(query).to_arrow_table()


def to_history(observations: list[Observation]) -> History:
    """Stack observations of several days and counties for training."""
    parts = [labelled(observation) for observation in observations]
    days = sorted({observation.day for observation in observations})
    table = pa.concat_tables(parts)
    counts = dict.fromkeys(OUTCOMES, 0)
    for observation in observations:
        for outcome in observation.outcomes.column("outcome").to_pylist():
            counts[outcome] += 1
    return History(
        values=np.column_stack([table.column(feature.name).to_numpy(zero_copy_only=False) for feature in FEATURES]),
        is_bad=table.column("is_bad").to_numpy(zero_copy_only=False).astype(np.bool_),
        villages=np.array(table.column("village_code").to_pylist(), dtype=np.str_),
        window=np.repeat([days.index(one.day) for one in observations], [part.num_rows for part in parts]),
        windows=[day.isoformat() for day in days],
        outcomes=counts,
        input_hashes=sorted({digest for one in observations for digest in one.input_hashes}),
    )


def feature_facts() -> list[FeatureFacts]:
    """Return the catalogue as a scorecard stores it."""
    return [FeatureFacts(f.name, f.unit, f.sources, f.meaning, f.meaning_zh, f.direction) for f in FEATURES]


def name_shapes(intake: Intake) -> pa.Table:
    """Return unit_code and `long` or `short` by the head's name: for memory only, never stored.

    Long: an interpunct, or five and more characters, which transliterated names have.
    """
    connection = duckdb_session.connect()
    connection.register("identities", intake.identities)
    query = sql("services.modelling", "name_shapes").format(is_long_name=is_long("name"))
    return connection.sql(query).to_arrow_table()


def long_names(observations: list[Observation]) -> Bools:
    """Say of each household of each `features`, in its order, whether its head's name is long; for memory only."""
    return np.concatenate([_long_names(one) for one in observations])


def _long_names(observation: Observation) -> Bools:
    connection = duckdb_session.connect()
    connection.register("features", observation.features)
    connection.register("shapes", name_shapes(observation.intake))
    query = sql("services.modelling", "long_names")
    found: Bools = connection.sql(query).to_arrow_table().column("is_long").to_numpy().astype(np.bool_)
    return found


def feature_matrix(observations: list[Observation]) -> Floats:
    """Return the features of every household of each observation, in their order; shape (households, features)."""
    table = pa.concat_tables([one.features for one in observations])
    columns = [table.column(feature.name).to_numpy() for feature in FEATURES]
    return np.column_stack(columns).astype(np.float64)
