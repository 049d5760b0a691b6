"""Score counties again: from their last frozen inputs or a fresh inbox; a dry run writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from village_credit.errors import MissingInput
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.inbox import pull
from village_credit.ledger.ledger import Ledger
from village_credit.services.rules import Request
from village_credit.services.scoring.compute import Progress
from village_credit.services.scoring.stage import StagedRun, frozen_files, score_files
from village_credit.store.store import Store


@dataclass(frozen=True)
class RescoreRequest:
    """How counties are to be scored again; `inbox` only where inputs are to be refreshed."""

    as_of: date | None
    by: str
    models: Path
    policy_file: Path | None
    model_id: str | None
    inbox: Path | None
    counties: Path | None = None
    asked_on: date | None = None


def rescore(store: Store, county_code: str, wish: RescoreRequest, progress: Progress | None = None) -> StagedRun:
    """Stage a county's run again."""
    return score_files(store, _files(store, county_code, wish), _request(store, county_code, wish), progress)


def _files(store: Store, county_code: str, wish: RescoreRequest) -> Iterable[DeliveredFile]:
    return pull(wish.inbox, county_code) if wish.inbox else frozen_files(store, county_code)


def _request(store: Store, county_code: str, wish: RescoreRequest) -> Request:
    return Request(
        county_code,
        wish.as_of or _last_day(store, county_code),
        wish.by,
        wish.models,
        wish.policy_file,
        wish.model_id,
        counties=wish.counties,
        asked_on=wish.asked_on,
    )


def _last_day(store: Store, county_code: str) -> date:
    found = latest_day(store, county_code)
    if found is None:
        raise MissingInput(f"county {county_code} was never scored in this store: score it from its inbox first")
    return found


def latest_day(store: Store, county_code: str) -> date | None:
    """Return the latest day of a county's staged runs, whichever was staged last; None where it was never scored."""
    days = [date.fromisoformat(staged.details["as_of"]) for staged in Ledger.of(store).stagings(county_code)]
    return max(days, default=None)
