"""The models' folder: which scorecards are there, whose keys count, and who signs one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from village_credit.errors import GateRefused, MissingInput, ModelRefused, RunConflict
from village_credit.pseudonyms import Keys
from village_credit.report.model_page import points_page
from village_credit.score.card import card_text
from village_credit.score.scorecard import (
    SIGNATURE_FORMAT,
    ModelSignature,
    Role,
    Scorecard,
    card_json,
    read_scorecard,
    statement,
)
from village_credit.signatures import same_person, signer
from village_credit.store.whole_files import write_whole


def only_scorecard(folder: Path) -> Path:
    """Find the one scorecard of a candidate's folder; raises MissingInput where there is none or more than one."""
    found = sorted(folder.glob("*.scorecard.json"))
    if len(found) != 1:
        raise MissingInput(
            f"{folder.name or folder}/ holds {len(found)} scorecards (*.scorecard.json); give a folder with one"
        )
    return found[0]


def sign_model(folder: Path, role: Role, by: str, keys: Keys) -> Scorecard:
    """Vouch for a candidate in one role, with the store's key; raises GateRefused for somebody who signed before.

    The signature is over the hash of everything in the file but the signatures. The page beside it is written anew.
    """
    by = signer(by)
    path = only_scorecard(folder)
    card = read_scorecard(path.read_text(encoding="utf-8"))
    for signature in card.signatures:
        if signature.role == role:
            raise RunConflict(f"scorecard {card.model_id}: {signature.by} signed as its {role} already")
        if same_person(signature.by, by):
            raise GateRefused(
                f"scorecard {card.model_id}: {by} is its {signature.role} and cannot be its {role}; ask another person"
            )
    at = datetime.now(UTC).isoformat(timespec="seconds")
    signed = ModelSignature(
        role=role,
        by=by,
        at=at,
        public_key=keys.public_key().hex(),
        signature=keys.sign("model", statement(card.model_id, card.content_sha256, role, by, at)),
        format=SIGNATURE_FORMAT,
    )
    card = card.model_copy(update={"signatures": [*card.signatures, signed]})
    write_whole(path, card_json(card).encode("utf-8"))
    write_pages(folder, card)
    return card


def write_pages(folder: Path, card: Scorecard) -> None:
    """Write a scorecard's points as text and as a page beside it."""
    write_whole(folder / f"{card.model_id}.card.md", card_text(card).encode("utf-8"))
    write_whole(folder / f"{card.model_id}.card.html", points_page(card).encode("utf-8"))


def read_candidate(folder: Path) -> Scorecard:
    """Read a candidate, signed or not; raises ModelRefused where it was altered."""
    path = only_scorecard(folder)
    card = read_scorecard(path.read_text(encoding="utf-8"))
    if path.name != f"{card.model_id}.scorecard.json":
        raise ModelRefused(f"{path.name} holds scorecard {card.model_id}: name the file by its id")
    return card
