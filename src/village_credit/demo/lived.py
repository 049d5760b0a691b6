"""A synthetic county is published, answered, drawn on, repaid and published again, by the product's own services."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from village_credit.china_calendar import as_if_at
from village_credit.errors import ModelRefused
from village_credit.ledger.ledger import Ledger
from village_credit.score.scorecard import Role, card_json, content_hash, load_scorecard
from village_credit.services import rules
from village_credit.services.approval import approve, publish
from village_credit.services.casework.relief import declare
from village_credit.services.modelling.sign import read_candidate, sign_model
from village_credit.services.scoring import stage
from village_credit.services.servicing.acknowledge import acknowledge
from village_credit.services.servicing.usage import record_usage
from village_credit.store import runs
from village_credit.store.store import Store
from village_credit.synthetic import returns, synthesize
from village_credit.synthetic.chance import texts
from village_credit.synthetic.tables import File
from village_credit.synthetic.world import World, build_world
from village_credit.synthetic.write import write_files

AS_OF = date(2026, 11, 1)
BEGUN, ANSWERED = date(2025, 2, 1), date(2025, 2, 14)  # before the first of two springs
SENT_ON = (  # when the core system sends what happened since its last file
    *(date(2025, month, 10) for month in (4, 6, 12)),
    date(2026, 6, 10),
    date(2026, 10, 30),
)
PUBLISHED, LAST = date(2026, 11, 2), date(2026, 11, 12)
PREPARER, SIGNER, SERVICING = "1001", "2002", "6006"
MODEL_OF_BEFORE = "synthetic-2025.1"
MODEL_SIGNERS: dict[Role, str] = {"developer": "3001", "validator": "3002", "approver": "3003"}
DECLARATION = """# A synthetic declaration; no authority made it.
cause = "disaster"
area_codes = ["{township}"]
from = {begins}
to = {ends}
document = "虚构〔{begins:%Y}〕1号"
measures = ["extension", "rate_cut"]
"""
# when it is declared: from when to when; of the county's last township
FROST = date(2025, 2, 1), date(2025, 1, 10), date(2025, 9, 30)
HAIL = date(2026, 10, 31), date(2026, 8, 15), date(2027, 1, 31)
Lap = Callable[[str, float], None]


@dataclass(frozen=True)
class County:
    """A synthetic county: its size and chance, where its files go, and by whose rules it is decided."""

    code: str
    villages: int
    households: int
    seed: int
    inbox: Path
    models: Path
    counties: Path | None = None

    def world(self, as_of: date) -> World:
        """Return what is true of it on a day."""
        return build_world(self.seed, self.code, self.villages, self.households, AS_OF, as_of)

    def deliver(self, inbox: Path, as_of: date) -> None:
        """Write its offices' files of a day, with the plan of that year's spring."""
        write_files(inbox / self.code, [returns.campaign_plan(self.world(as_of), as_of.year)])
        synthesize(inbox, self.code, self.villages, self.households, self.seed, as_of, "typical", born_as_of=AS_OF)

    def beside(self, name: str) -> Path:
        """Return a place beside its inbox, where nothing that is delivered lies."""
        return self.inbox.parent / name


def live(store: Store, county: County, lap: Lap) -> bool:
    """Publish the county in early 2025, and take in what came back of it until the autumn of 2026.

    A county that was published on its last day has lived already: return whether it has.
    """
    if any(publication.as_of == AS_OF.isoformat() for publication in Ledger.of(store).publications_of(county.code)):
        return True
    with _lapped(lap, "2025: deliver, score, sign"), _on(BEGUN):
        county.deliver(county.beside("inbox-2025"), BEGUN)
        models = models_of_before(county, store)
        _declare(store, county, *FROST)
        run_id = _scored(store, county, county.beside("inbox-2025"), BEGUN, models).run_id
        publication_id = publish.publish(store, run_id, PREPARER).publication_id
    told, world = told_of(store, county.code, publication_id), county.world(BEGUN)
    answered = returns.answers(world, told, BEGUN)
    with _lapped(lap, "branches answer"):
        answer(store, county, told, answered, ANSWERED)
    with _lapped(lap, "contracts, draws, repaid"):
        known = returns.usage(world, told, answered, ANSWERED, SENT_ON[-1])
        _send(store, county, known)
        _declare(store, county, *HAIL)
    return False


def _send(store: Store, county: County, known: returns.Usage) -> None:
    """Take in what the core system sends, a file after the other, each on its day."""
    for after, until in zip((ANSWERED, *SENT_ON), SENT_ON, strict=False):
        for path in _written(county, returns.usage_file(known, after, until, f"usage_{until}.zip")):
            with _on(until):
                record_usage(store, path, SERVICING, county.counties)


def _declare(store: Store, county: County, on: date, begins: date, ends: date) -> None:
    """Declare relief for the county's last township."""
    township = county.world(BEGUN).places.township_codes[-1]
    path = county.beside("returns") / f"relief-{on}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(DECLARATION.format(township=township, begins=begins, ends=ends), encoding="utf-8")
    with _on(on):
        declare(store, path, SIGNER)


def answer(store: Store, county: County, told: returns.Told, answered: returns.Answers, on: date) -> None:
    """Take in each branch's receipt."""
    policy = county.models / "limit_policy.toml"
    for branch, file in returns.receipts(told, answered).items():
        for path in _written(county, [file], on.isoformat()):
            with _on(on):
                acknowledge(store, path, SERVICING, policy, branch, county.counties)


def score_last(store: Store, county: County, lap: Lap) -> stage.StagedRun:
    """Score the county as it is delivered now, and have it signed."""
    with _on(PUBLISHED):
        return _scored(store, county, county.inbox, AS_OF, county.models, lap)


def publish_last(store: Store, county: County, run_id: str) -> publish.Published:
    """Put the county's last run in force, and take in what its branches answer."""
    with _on(PUBLISHED):
        done = publish.publish(store, run_id, PREPARER)
    told = told_of(store, county.code, done.publication_id)
    answer(store, county, told, returns.answers(county.world(AS_OF), told, PUBLISHED), LAST)
    return done


def _scored(
    store: Store, county: County, inbox: Path, as_of: date, models: Path, lap: Lap = lambda *_: None
) -> stage.StagedRun:
    """Score a delivery, and have the run signed by somebody else."""
    request = rules.Request(county.code, as_of, PREPARER, models, counties=county.counties)
    run = stage.score_inbox(store, inbox, request, lap)
    if not any(entry.act == "approve" and entry.run_id == run.run_id for entry in Ledger.of(store)):
        failed = runs.failed_gates(store, run.run_id)
        approve.approve(store, run.run_id, SIGNER, "demonstration on a synthetic county", failed)
    return run


def models_of_before(county: County, store: Store) -> Path:
    """Write the shipped rules with the synthetic scorecard as if it had been approved a year earlier.

    Three signers who do not exist sign it with the store's key: no other store decides by it.
    """
    folder = county.beside("models-2025")
    folder.mkdir(parents=True, exist_ok=True)
    policy = "limit_policy.toml"
    (folder / policy).write_bytes((county.models / policy).read_bytes())
    path = folder / f"{MODEL_OF_BEFORE}.scorecard.json"
    if path.exists() and _is_signed_by(path, store):
        return folder
    changes = {"model_id": MODEL_OF_BEFORE, "valid_from": BEGUN, "signatures": []}
    card = read_candidate(county.models).model_copy(update=changes)
    path.write_text(card_json(card.model_copy(update={"content_sha256": content_hash(card)})), encoding="utf-8")
    for role, by in MODEL_SIGNERS.items():
        sign_model(folder, role, by, store.keys)
    return folder


def _is_signed_by(path: Path, store: Store) -> bool:
    """Tell whether a card is signed by a store: one that an earlier store left there, or a killed run, is made anew."""
    try:
        load_scorecard(path.read_text(encoding="utf-8"), BEGUN, store.keys.public_keys())
    except ModelRefused:
        return False
    return True


def told_of(store: Store, county_code: str, publication_id: str) -> returns.Told:
    """Return the lines that branches were told to open or change, as their packages have them."""
    rows: list[tuple[str, dict[str, str]]] = []
    for path in sorted((store.root / "outbox" / county_code / publication_id).glob("*/limits.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            opened = (row for row in csv.DictReader(file) if row["action"] in ("grant", "change"))
            rows += [(path.parent.name, row) for row in opened]
    rows.sort(key=lambda pair: (pair[0], pair[1]["身份证号码"], pair[1]["product"]))  # under any key in one order

    def column(name: str) -> list[str]:
        return [row[name].strip() for _, row in rows]

    return returns.Told(
        publication_id,
        texts([branch for branch, _ in rows]),
        texts(column("household_ref")),
        texts(column("身份证号码")),
        texts(column("product")),
        np.array(column("limit_yuan"), dtype=np.int64),
    )


def _written(county: County, files: list[File], folder: str = "") -> list[Path]:
    return write_files(county.beside("returns") / folder, files)


@contextmanager
def _on(day: date) -> Iterator[None]:
    """Do what is done as of noon of a day in China."""
    with as_if_at(datetime(day.year, day.month, day.day, 4, tzinfo=UTC)):
        yield


@contextmanager
def _lapped(lap: Lap, stage_name: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    lap(stage_name, time.perf_counter() - begun)
