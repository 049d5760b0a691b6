"""The stored scorecard: bins, points and a probability per whole point, as JSON that a person can check."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from data_contracts.prohibited import prohibited_word
from village_credit.errors import ModelRefused

PPM = 1_000_000


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Bin(_Stored):
    """Values below `below` (and not below the bin before) get these points; the last bin has no upper edge."""

    below: float | None
    points: int
    label: str


class FeaturePoints(_Stored):
    """One feature's bins, and what a missing value gets."""

    name: str
    unit: str
    sources: list[str]
    meaning: str
    meaning_zh: str
    direction: Literal["falls", "rises", "free"]
    bins: list[Bin] = Field(min_length=1, max_length=8)
    missing_points: int

    @property
    def best_points(self) -> int:
        """The most that the feature can give."""
        return max([bin_.points for bin_ in self.bins] + [self.missing_points])

    @model_validator(mode="after")
    def edges_rise(self) -> FeaturePoints:
        """Edges rise and only the last bin is open."""
        edges = [bin_.below for bin_ in self.bins]
        if edges[-1] is not None or any(edge is None for edge in edges[:-1]):
            raise PydanticCustomError("EDGES", "only the last bin has no upper edge")
        closed = [edge for edge in edges if edge is not None]
        if any(low >= high for low, high in pairwise(closed)):
            raise PydanticCustomError("EDGES", "bin edges must rise")
        return self

    @model_validator(mode="after")
    def attribute_is_allowed(self) -> FeaturePoints:
        """No prohibited attribute is a feature."""
        if prohibited_word(f"{self.name} {self.meaning} {self.meaning_zh}"):
            raise PydanticCustomError("PROHIBITED_ATTRIBUTE", "a prohibited attribute cannot be a feature")
        return self


class ProbabilityTable(_Stored):
    """Default probability in ppm for each whole point from `from_points`; below and above the ends' hold."""

    from_points: int
    ppm: list[int] = Field(min_length=2)

    @model_validator(mode="after")
    def falls(self) -> ProbabilityTable:
        """More points never mean a higher probability."""
        if any(low < high for low, high in pairwise(self.ppm)) or not all(
            0 <= value <= PPM for value in self.ppm
        ):
            raise PydanticCustomError(
                "PROBABILITY", "probabilities must fall with points and lie in 0..1,000,000 ppm"
            )
        return self


class Training(_Stored):
    """Where the points come from."""

    is_synthetic: bool
    windows: list[str]
    rows: int
    bads: int
    default_definition: str
    horizon_months: int
    figures: dict[str, float]
    input_hashes: list[str]


class Roles(_Stored):
    """Who developed, validated and approved it; null until signed."""

    developer: str | None = None
    validator: str | None = None
    approver: str | None = None


class Scorecard(_Stored):
    """The whole model."""

    model_id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{2,40}$")
    note: str
    base_points: int
    points_to_double_odds: int
    features: list[FeaturePoints] = Field(min_length=1)
    probability: ProbabilityTable
    training: Training
    roles: Roles
    valid_from: date
    valid_to: date
    impact_assessment: str


def load_scorecard(text: str, as_of: date) -> Scorecard:
    """Read and check a stored scorecard; raises ModelRefused for an unsound or expired one."""
    try:
        card = Scorecard.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise ModelRefused(f"scorecard is not JSON (line {error.lineno})") from None
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise ModelRefused(f"scorecard is unsound: {faults}") from None
    if not card.valid_from <= as_of <= card.valid_to:
        raise ModelRefused(
            f"scorecard {card.model_id} is valid from {card.valid_from} to {card.valid_to}, not on {as_of}"
        )
    return card


def content_hash(card: Scorecard) -> str:
    """Hash what the score depends on."""
    content = card.model_dump(mode="json", include={"model_id", "base_points", "features", "probability"})
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode("utf-8")).hexdigest()
