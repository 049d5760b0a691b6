"""What a scoring depends on besides the deliveries: policy, scorecard, code, and the limits in force."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path

from data_contracts.county_terms import CountyTerms, TermsRefused, read_terms
from village_credit.errors import MissingInput, UsageError
from village_credit.identifiers import require_county_code, require_model_id
from village_credit.policy.model import Policy
from village_credit.policy.units import policy_in_its_units
from village_credit.score.scorecard import Scorecard, load_scorecard
from village_credit.store.store import sha256_of


@dataclass(frozen=True)
class Request:
    """What is asked: a county as of a day, under which rules, by whom; `counties` none: the terms of the package.

    Raises UsageError where the county is no code.
    """

    county_code: str
    as_of: date
    by: str
    models: Path
    policy_file: Path | None = None
    model_id: str | None = None
    product: str | None = None
    counties: Path | None = None
    asked_on: date | None = None  # the day in China on which somebody asks; none: nobody does, and any day goes

    def __post_init__(self) -> None:
        """Take a county's code and nothing else: whatever names its folder otherwise has no holds and no lines."""
        require_county_code(self.county_code)


@dataclass(frozen=True)
class Rules:
    """The policy, the scorecard and the county's terms of a run, and what each was read from.

    `texts`: the bytes of each by their hash, to be kept with the deliveries.
    """

    policy: Policy
    policy_name: str
    policy_sha256: str
    scorecard: Scorecard
    scorecard_sha256: str
    terms: CountyTerms
    terms_sha256: str
    texts: dict[str, bytes]


def load_rules(request: Request, own_keys: Sequence[bytes]) -> Rules:
    """Read policy, scorecard and county terms; raises MissingInput and its kin where they are absent or unsound.

    Raises UsageError where the county is not in the policy's service area.

    `own_keys`: the store's public keys, whose signatures on a scorecard count beside those of the models' folder.
    """
    policy_path = request.policy_file or request.models / "limit_policy.toml"
    policy = _read(policy_path, "policy")
    card = _read(scorecard_path(request.models, request.model_id), "scorecard")
    terms = _terms_text(request.counties, request.county_code)
    rules = rules_of(policy_path.name, (policy, card, terms), request, own_keys)
    if request.county_code not in rules.policy.service_area:
        raise UsageError(
            f"county {request.county_code} is not in the service area of {policy_path.name} "
            f"({', '.join(rules.policy.service_area)}): check the code, or let the committee add the county"
        )
    return rules


def rules_of(policy_name: str, texts: tuple[str, str, str], request: Request, own_keys: Sequence[bytes]) -> Rules:
    """Make rules of the texts of a policy, a scorecard and a county's terms, as `load_rules` reads them."""
    policy, card, terms = texts
    scorecard = load_scorecard(card, request.as_of, trusted_keys(request.models, own_keys))
    kept = {sha256_of(content): content for content in (text.encode("utf-8") for text in texts)}
    policy_sha256, card_sha256, terms_sha256 = (sha256_of(text.encode("utf-8")) for text in texts)
    terms_read = _terms_of(terms, request.county_code)
    return Rules(
        policy_in_its_units(policy), policy_name, policy_sha256, scorecard, card_sha256, terms_read, terms_sha256, kept
    )


def read_policy(path: Path) -> tuple[Policy, str]:
    """Read a policy file, and its hash; raises MissingInput where there is none, PolicyRefused where it is unsound."""
    text = _read(path, "policy")
    return policy_in_its_units(text), sha256_of(text.encode("utf-8"))


def default_counties() -> Path:
    """The terms that come with the contracts."""
    return Path(str(resources.files("data_contracts"))) / "counties"


def load_terms(folder: Path | None, county_code: str) -> tuple[CountyTerms, str]:
    """Read what is agreed with a county's offices, and its hash; raises MissingInput where it is unsound.

    The default terms come first; a county without a file of its own has them alone.
    """
    text = _terms_text(folder, county_code)
    return _terms_of(text, county_code), sha256_of(text.encode("utf-8"))


def _terms_text(folder: Path | None, county_code: str) -> str:
    """Join the files of a county's terms, each after its name."""
    folder = folder or default_counties()
    names = [name for name in ("default.toml", f"{county_code}.toml") if (folder / name).is_file()]
    if not names:
        raise MissingInput(
            f"no terms for county {county_code} in {folder.name}/: it needs default.toml or {county_code}.toml"
        )
    return "\0".join(f"{name}\0{_read(folder / name, 'terms')}" for name in names)


def _terms_of(text: str, county_code: str) -> CountyTerms:
    parts = text.split("\0")
    try:
        return read_terms(dict(zip(parts[::2], parts[1::2], strict=True)))
    except TermsRefused as refusal:
        raise MissingInput(f"terms of county {county_code}: {refusal}") from None


def _read(path: Path, what: str) -> str:
    if not path.is_file():
        place, otherwise = path.parent.name or ".", ", or train one" if what == "scorecard" else ""
        raise MissingInput(f"{what} file {path.name} is missing from {place}/: give another with an option{otherwise}")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise MissingInput(
            f"{what} file {path.name} is not UTF-8 (byte {error.start + 1:,}): save it as UTF-8 and try again"
        ) from None


TRUSTED = "trusted_keys.json"


def scorecard_path(models: Path, model_id: str | None) -> Path:
    """Find a scorecard by id, or the last of the folder; raises MissingInput where there is none."""
    if model_id:
        return models / f"{require_model_id(model_id)}.scorecard.json"
    found = sorted(models.glob("*.scorecard.json"))
    if not found:
        raise MissingInput(
            f"no scorecard (*.scorecard.json) in {models.name or models}/: train one, or name the folder with --models"
        )
    return found[-1]


def trusted_keys(models: Path, own: Sequence[bytes]) -> list[bytes]:
    """Return the public keys whose signatures count: the store's own, and those that trusted_keys.json names."""
    path = models / TRUSTED
    if not path.is_file():
        return [*own]
    try:
        named = json.loads(path.read_text(encoding="utf-8"))["keys"]
        return [*own, *(bytes.fromhex(one["public_key"]) for one in named)]
    except (ValueError, KeyError, TypeError):
        raise MissingInput(
            f'{TRUSTED} of {models.name}/ is not {{"keys": [{{"public_key": HEX, "whose": TEXT}}]}}'
        ) from None
