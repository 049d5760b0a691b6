"""The stored scorecard.

Bins, points, a probability per whole point, evidence and signatures, as JSON that a person can check.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from data_contracts.prohibited import prohibited_word
from village_credit.errors import ModelRefused
from village_credit.identifiers import MODEL_ID
from village_credit.signatures import as_signed, canonical_json, folded_name, key_id, verify_signature

PPM = 1_000_000
MAX_BINS = 8
BOTH = "×"  # between the names of a pair's features, and between their bins
MISSING = "missing"  # the bin of a value that is not there
MAX_PAIRS, MAX_GROUPS = 3, 4
MISSING_WORDS = ("", "nan", "NaN", "None", "<NA>", "NaT")  # what other types write for a word that is not there
SIGNATURE_FORMAT = 1  # form 0, of earlier code, signed without a purpose
ROLES = ("developer", "validator", "approver")
Role = Literal["developer", "validator", "approver"]


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Bin(_Stored):
    """Some values of a feature, and the points they get.

    Exactly one of: `below` (values below it and not below the bin before; null in the last range), `special`
    (these very numbers), `categories` (these words; with `is_other` also every word that no bin names).
    `rows`, `bads`: training rows that fell here.
    """

    label: str
    points: int
    rows: int = Field(ge=0)
    bads: int = Field(ge=0)
    below: float | None = None
    special: list[float] | None = None
    categories: list[str] | None = None
    is_other: bool = False


class Missing(_Stored):
    """What a missing value gets; 0, the population's mean, where training had none."""

    points: int
    rows: int = Field(ge=0)
    bads: int = Field(ge=0)


class FeaturePoints(_Stored):
    """One feature's bins: ranges in rising order or categories, then special values; and what a missing value gets."""

    name: str
    unit: str
    sources: list[str]
    meaning: str
    meaning_zh: str
    direction: Literal["falls", "rises", "free"]
    information_value: float = Field(ge=0)
    bins: list[Bin] = Field(min_length=1)
    missing: Missing

    @property
    def is_category(self) -> bool:
        """Say whether the feature's values are words."""
        return self.bins[0].categories is not None

    @property
    def ranges(self) -> list[Bin]:
        """The bins of ordinary numbers."""
        return [bin_ for bin_ in self.bins if bin_.categories is None and bin_.special is None]

    @property
    def best_points(self) -> int:
        """The most that the feature can give."""
        return max([bin_.points for bin_ in self.bins] + [self.missing.points])

    @property
    def worst_points(self) -> int:
        """The least that the feature can give."""
        return min([bin_.points for bin_ in self.bins] + [self.missing.points])

    @model_validator(mode="after")
    def bins_are_sound(self) -> FeaturePoints:
        """Few bins; edges rise and only the last range is open.

        Words and numbers do not mix, and none is named twice.
        """
        if len(self.bins) + (self.missing.rows > 0) > MAX_BINS:
            raise PydanticCustomError("BINS", "more bins than a person reads")
        if self.is_category:
            named = [word for bin_ in self.bins for word in bin_.categories or []]
            if len(named) != len(set(named)) or any(bin_.categories is None for bin_ in self.bins):
                raise PydanticCustomError("BINS", "each category is in exactly one bin, beside no numbers")
            if sum(bin_.is_other for bin_ in self.bins) != 1:
                raise PydanticCustomError("BINS", "exactly one bin takes the categories that no bin names")
            return self
        edges = [bin_.below for bin_ in self.ranges]
        if not edges or edges[-1] is not None or any(edge is None for edge in edges[:-1]):
            raise PydanticCustomError("EDGES", "only the last range has no upper edge")
        closed = [edge for edge in edges if edge is not None]
        if any(low >= high for low, high in pairwise(closed)):
            raise PydanticCustomError("EDGES", "bin edges must rise")
        if any(bin_.categories is not None for bin_ in self.bins):
            raise PydanticCustomError("BINS", "words and numbers do not mix in one feature")
        return self

    @model_validator(mode="after")
    def points_move_as_promised(self) -> FeaturePoints:
        """Where the default probability falls as the value rises, points only rise; and the other way round."""
        ways = {"falls": 1, "rises": -1, "free": 0}[self.direction]
        points = [bin_.points for bin_ in self.ranges]
        if ways and any((high - low) * ways < 0 for low, high in pairwise(points)):
            raise PydanticCustomError("DIRECTION", "points move against the direction that the feature promises")
        return self

    @model_validator(mode="after")
    def attribute_is_allowed(self) -> FeaturePoints:
        """No prohibited attribute is a feature, nor a category of one."""
        words = [word for bin_ in self.bins for word in bin_.categories or []]
        if prohibited_word(" ".join([self.name, self.meaning, self.meaning_zh, *words])):
            raise PydanticCustomError("PROHIBITED_ATTRIBUTE", "a prohibited attribute cannot be a feature")
        return self


class Cell(_Stored):
    """What a pair of features adds in one of its cells; training rows that fell there."""

    points: int
    rows: int = Field(ge=0)
    bads: int = Field(ge=0)


class PairPoints(_Stored):
    """A small grid of points that two features have together, beside the points of either.

    `first_groups` and `second_groups` gather the bins of either feature by their places in its list (the missing value
    has the place behind the last), `cells` has a row a group of the first and a column a group of the second. A bin
    that no group names adds nothing, for training knew nothing of it.
    """

    first: str
    second: str
    first_groups: list[list[int]] = Field(min_length=1, max_length=MAX_GROUPS)
    second_groups: list[list[int]] = Field(min_length=1, max_length=MAX_GROUPS)
    cells: list[list[Cell]]

    @model_validator(mode="after")
    def grid_is_whole(self) -> PairPoints:
        """Two features, a cell for every two groups, and no bin in two groups."""
        shape = [len(self.second_groups)] * len(self.first_groups)
        if self.first == self.second or [len(row) for row in self.cells] != shape:
            raise PydanticCustomError("PAIR", "a pair has two features, and a cell for every two of their groups")
        for groups in (self.first_groups, self.second_groups):
            named = [place for group in groups for place in group]
            if len(named) != len(set(named)) or not all(groups) or min(named) < 0:
                raise PydanticCustomError("PAIR", "each bin is in one group of a pair at most, and no group is empty")
        return self


class ProbabilityTable(_Stored):
    """Default probability in ppm for each whole point from `from_points`; below and above the ends' hold."""

    from_points: int
    ppm: list[int] = Field(min_length=2)

    @model_validator(mode="after")
    def falls(self) -> ProbabilityTable:
        """More points never mean a higher probability."""
        if any(low < high for low, high in pairwise(self.ppm)) or not all(0 <= value <= PPM for value in self.ppm):
            raise PydanticCustomError("PROBABILITY", "probabilities must fall with points and lie in 0..1,000,000 ppm")
        return self


class ScoreRange(_Stored):
    """Training rows whose score lies below `below` and not below the range before; null: no upper end."""

    below: int | None
    rows: int = Field(ge=0)


class Training(_Stored):
    """Where the points come from. `windows`: observation days; `input_hashes`: SHA-256 of every file read."""

    is_synthetic: bool
    windows: list[str]
    rows: int
    bads: int
    outcomes: dict[str, int]
    default_definition: str
    horizon_months: int
    method: str
    figures: dict[str, float]
    score_ranges: list[ScoreRange]
    input_hashes: list[str]


class ModelSignature(_Stored):
    """Who vouches for what the hash names, in which role, when; by which key."""

    role: Role
    by: str
    at: str
    public_key: str = Field(pattern="^[0-9a-f]{64}$")
    signature: str
    format: int = Field(default=0, ge=0, le=SIGNATURE_FORMAT)

    def signed(self, model_id: str, content_sha256: str) -> bytes:
        """Return the bytes that were signed, in the form of their time."""
        said = statement(model_id, content_sha256, self.role, self.by, self.at)
        return as_signed(self.format, "model", canonical_json(said))


class Scorecard(_Stored):
    """The whole model."""

    model_id: str = Field(pattern=f"^{MODEL_ID.pattern}$")
    note: str
    base_points: int
    points_to_double_odds: int
    features: list[FeaturePoints] = Field(min_length=1)
    pairs: list[PairPoints] = Field(default=[], max_length=MAX_PAIRS)
    probability: ProbabilityTable
    training: Training
    valid_from: date
    valid_to: date
    impact_assessment: str = Field(min_length=1)
    content_sha256: str = ""
    signatures: list[ModelSignature] = []

    @model_validator(mode="after")
    def features_are_named_once(self) -> Scorecard:
        """No feature counts twice."""
        names = [feature.name for feature in self.features]
        if len(names) != len(set(names)):
            raise PydanticCustomError("FEATURES", "a feature is named twice")
        return self

    @model_validator(mode="after")
    def pairs_are_of_its_features(self) -> Scorecard:
        """A pair names two features in the scorecard's order, and groups of bins that they have; none comes twice."""
        places = {feature.name: place for place, feature in enumerate(self.features)}
        named = [(pair.first, pair.second) for pair in self.pairs]
        if len(named) != len(set(named)) or any(not {*both} <= {*places} for both in named):
            raise PydanticCustomError("PAIR", "a pair is named twice, or names a feature that the scorecard lacks")
        for pair in self.pairs:
            first, second = (self.features[places[name]] for name in (pair.first, pair.second))
            if places[pair.first] > places[pair.second]:
                raise PydanticCustomError("PAIR", "a pair names its features in the scorecard's order")
            if not (_groups_fit(first, pair.first_groups) and _groups_fit(second, pair.second_groups)):
                raise PydanticCustomError("PAIR", "a pair's groups are runs of ranges, and the missing value is alone")
        return self

    @model_validator(mode="after")
    def pairs_keep_directions(self) -> Scorecard:
        """With all else as it stands, a better value of a directed feature never has fewer points, pairs included."""
        for feature in self.features:
            ways = {"falls": 1, "rises": -1, "free": 0}[feature.direction]
            ranges = len(feature.ranges)
            steps = [ways * (high.points - low.points) for low, high in pairwise(feature.ranges)]
            for grid in [cell_points(self, pair, feature.name) for pair in self.pairs if ways]:
                for place, (low, high) in enumerate(pairwise(grid[:ranges])):
                    steps[place] += min(ways * (b - a) for a, b in zip(low, high, strict=True))
            if any(step < 0 for step in steps):
                raise PydanticCustomError("DIRECTION", "a pair moves against the direction that a feature promises")
        return self

    def signer(self, role: str) -> str | None:
        """Who signed in a role, or None."""
        return next((signature.by for signature in self.signatures if signature.role == role), None)


def _groups_fit(feature: FeaturePoints, groups: list[list[int]]) -> bool:
    """Say whether groups hold bins that a feature has, runs of its ranges, and the missing value by itself."""
    count, ranges = len(feature.bins), len(feature.ranges)
    ordinary = [[place for place in group if place < ranges] for group in groups]
    runs = [run for run in ordinary if run]
    is_run = all(run == list(range(run[0], run[-1] + 1)) for run in runs) and runs == sorted(runs)
    is_alone = all(len(group) == 1 for group in groups if count in group)
    return max(place for group in groups for place in group) <= count and is_run and is_alone


def cell_points(card: Scorecard, pair: PairPoints, name: str) -> list[list[int]]:
    """Return what a pair adds, by the bins of the named feature and those of its other one, missing last."""
    sizes = {feature.name: len(feature.bins) + 1 for feature in card.features}
    found = [[0] * sizes[pair.second] for _ in range(sizes[pair.first])]
    for places, row in zip(pair.first_groups, pair.cells, strict=True):
        for others, cell in zip(pair.second_groups, row, strict=True):
            for place in places:
                for other in others:
                    found[place][other] = cell.points
    if name == pair.first:
        return found
    return [list(column) for column in zip(*found, strict=True)] if name == pair.second else []


def statement(model_id: str, content_sha256: str, role: str, by: str, at: str) -> dict[str, str]:
    """Return what a signer says of a model."""
    return {"model_id": model_id, "content_sha256": content_sha256, "role": role, "by": by, "at": at}


def content_hash(card: Scorecard) -> str:
    """Hash everything but the hash and the signatures."""
    content = card.model_dump(mode="json", exclude={"content_sha256", "signatures"})
    if not card.pairs:
        del content["pairs"]  # as whoever signed a scorecard before there were pairs
    return hashlib.sha256(canonical_json(content)).hexdigest()


def card_json(card: Scorecard) -> str:
    """Write a scorecard as it is stored: JSON by lines, without what is null or by default."""
    content: dict[str, Any] = card.model_dump(mode="json", exclude_defaults=True)
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def read_scorecard(text: str) -> Scorecard:
    """Read a stored scorecard and check that its content is what its hash names; raises ModelRefused."""
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
    if card.content_sha256 != content_hash(card):
        raise ModelRefused(
            f"scorecard {card.model_id} was altered: its content is not what its hash names; take it anew "
            f"from where it was signed"
        )
    return card


def load_scorecard(text: str, as_of: date, trusted_keys: Iterable[bytes]) -> Scorecard:
    """Read a scorecard that may decide on a day; raises ModelRefused for an altered, unsigned or expired one.

    `trusted_keys`: public keys whose signatures count, 32 bytes each.
    """
    card = read_scorecard(text)
    check_signatures(card, trusted_keys)
    if not card.valid_from <= as_of <= card.valid_to:
        raise ModelRefused(
            f"scorecard {card.model_id} is valid from {card.valid_from} to {card.valid_to}, not on {as_of}"
        )
    return card


def check_signatures(card: Scorecard, trusted_keys: Iterable[bytes]) -> None:
    """Ask that three different people vouched for this content; raises ModelRefused with who is lacking and why."""
    trusted = set(trusted_keys)
    for signature in card.signatures:
        key = bytes.fromhex(signature.public_key)
        if not verify_signature(key, signature.signed(card.model_id, card.content_sha256), signature.signature):
            raise ModelRefused(
                f"scorecard {card.model_id}: the {signature.role}'s signature is not over this content; it was "
                f"altered after it was signed"
            )
        if key not in trusted:
            raise ModelRefused(
                f"scorecard {card.model_id}: the {signature.role} signed with key {key_id(key)}, which is neither "
                f"this store's nor among trusted_keys.json"
            )
    by_role = [(signature.role, signature.by) for signature in card.signatures]
    lacking = [role for role in ROLES if role not in {found for found, _ in by_role}]
    if lacking or len(by_role) != len(ROLES):
        raise ModelRefused(
            f"scorecard {card.model_id} is not signed by its {', '.join(lacking) or 'three roles once each'}; "
            f"`village-credit model sign DIR --role ROLE --by NAME`"
        )
    if len({folded_name(by) for _, by in by_role}) != len(ROLES):
        raise ModelRefused(
            f"scorecard {card.model_id}: developer, validator and approver must be three different people"
        )
