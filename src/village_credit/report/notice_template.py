"""The texts that are sent to households in one language: read, checked for what they must say, and filled.

They are data, a file a language in `templates/`; a bank may put reviewed ones of its own in their place.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from data_contracts.branch import PRODUCT_ORDER
from data_contracts.county_terms import Language
from data_contracts.reasons import DECISION_REASONS
from data_contracts.toml_file import Text, names_nobody, read_toml
from village_credit.catalogue import binding_terms
from village_credit.errors import GateRefused, MissingInput, why_unread

SMS_UNITS = 70  # of UTF-16: what one message holds outside the Latin alphabet
RIGHT_TO_LEFT, ISOLATE, FIRST_STRONG, POP = "\u200f", "\u2066", "\u2068", "\u2069"
BOUND = frozenset({*binding_terms(), "budget", "review", "holdout", "relief"})  # what may bind a line that is granted
# Why a line is gone, as far as a letter says so; whatever else may concern one member alone, who is told at the branch
REASONS_TOLD = frozenset(
    {
        *("NOT_IN_PUBLICATION", "WITHDRAWN", "PRODUCT_REPLACED", "FROZEN", "LOWEST_BAND", "BELOW_SMALLEST_TICKET"),
        *("BUDGET_EXHAUSTED", "NO_ROOM_CAPACITY", "NO_ROOM_BAND", "NO_ROOM_NEED", "NO_ROOM_HEADROOM", "NO_ROOM_RISE"),
        *("OUT_OF_AREA", "RENEWAL_DUE"),
    }
)
OTHER = "other"
# What a granted line is told besides what bound it, where a template has the words: a letter must say what it hangs on
GRANTED_BECAUSE = frozenset({"REVIEW_GRANTED", "CONDITIONAL", "RELIEF_KEPT"})
# What would help, as far as a letter says so: land, books and machines of the household, never a loan or a listing,
# which may be one member's alone
HELPED = frozenset(
    {
        *("registered_land", "subsidised_land", "crop", "wages", "livestock_income", "trade_income"),
        *("sheep", "cattle", "machine"),
    }
)
HELP_WORDS = ("label", "lead", "between")
# What stands in braces of each text: what must, and what may.
FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "sms.granted": ({"signature", "limit", "rate", "bound", "telephone"}, {"product", "term"}),
    "sms.lost": ({"signature", "telephone"}, {"product"}),
    "sms.frozen": ({"signature", "telephone"}, {"product"}),
    "letter.greeting": ({"name"}, set()),
    "letter.granted": ({"bank"}, set()),
    "letter.lost": ({"product"}, {"bank"}),
    "letter.frozen": ({"product"}, {"bank"}),
    "letter.declined": ({"product"}, {"bank"}),
    "letter.review": ({"product"}, {"bank"}),
    "letter.season": ({"season", "opens", "closes", "amount", "due"}, set()),
    "letter.sign": ({"branch"}, set()),
    "letter.rights": ({"branch", "telephone"}, set()),
    "units.yuan": ({"figure"}, set()),
    "units.months": ({"figure"}, set()),
    "sheet.lead": ({"bank"}, set()),
    "sheet.range": ({"low", "high"}, set()),
    "sheet.years": ({"figure"}, set()),
    "sheet.since": ({"policy", "day"}, set()),
    "charges.yearly": ({"charge", "payee", "share"}, set()),
    "charges.once": ({"charge", "payee", "share"}, set()),
    "helps.lead": ({"things"}, set()),
    **{f"helps.{what}": ({"amount"}, {"crop"} if what == "crop" else set()) for what in sorted(HELPED)},
}


class Refused(ValueError):
    """A file of texts is unsound."""


class _Texts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Sms(_Texts):
    """One message each: of a line that is granted, gone, or frozen."""

    granted: str
    lost: str
    frozen: str


class Letter(_Texts):
    """The sentences of a letter, in their order."""

    title: str
    greeting: str
    granted: str
    lost: str
    frozen: str
    sign: str
    rights: str
    careful: str
    reference: str
    hand: str
    declined: str = ""  # `notices` alone tells whoever has no line and never had one: none, and it has not the language
    review: str = ""
    season: str = ""  # none: a season's days are not told


class Labels(_Texts):
    """What the figures of a letter are called."""

    product: str
    limit: str
    former: str = ""  # a bank's template of before has none: then a changed limit stands alone
    term: str
    valid: str
    rate: str
    cost: str
    charges: str
    bound: str
    reason: str
    branch: str
    because: str = ""  # none: what cost most points is not told


class Units(_Texts):
    """A figure with its unit."""

    yuan: str
    months: str


class Charges(_Texts):
    """What a product costs beside its interest."""

    none: str
    yearly: str
    once: str


class Sheet(_Texts):
    """What a product's sheet says beside the labels of a letter."""

    title: str
    lead: str
    range: str
    purposes: str
    age: str
    years: str
    repayment: str
    revolving: str
    instalments: str
    draft: str
    policy: str
    since: str


class NoticeTemplate(_Texts):
    """The texts of one language. `reviewed_by`: who read it for a bank; empty: nobody, and it is not sent."""

    language: Language
    version: Text
    reviewed_by: Annotated[str, AfterValidator(names_nobody)] = Field(max_length=100)  # the ledger keeps it
    direction: Literal["ltr", "rtl"]
    sms: Sms
    letter: Letter
    labels: Labels
    units: Units
    charges: Charges
    sheet: Sheet
    products: dict[str, str]
    bound: dict[str, str]
    bound_text: dict[str, str]
    lost_reasons: dict[str, str]
    helps: dict[str, str] = Field(default_factory=dict)  # none: a letter does not say what would help
    reasons: dict[str, str] = Field(default_factory=dict)  # every code, for who is told more than a letter says
    points_lost: dict[str, str] = Field(default_factory=dict)  # by feature; none: as the scorecard says it

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = [*_lacking(self), *_of_texts(self.model_dump())]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def isolated(self, text: str) -> str:
        """Return figures so that they keep their order within a text that is written from right to left."""
        return f"{ISOLATE}{text}{POP}" if self.direction == "rtl" else text

    def reason_of(self, code: str) -> str:
        """Return the sentence of a reason or of what bound a limit: a letter's own where it has one; empty: no word."""
        own = {**self.reasons, **self.bound_text, **self.lost_reasons}
        return own.get(code) or (DECISION_REASONS.get(code, "") if self.language == "zh" else "")

    def sms_of(self, kind: str, values: Mapping[str, str]) -> str:
        """Write the one message of a kind (granted, lost, frozen)."""
        begins = RIGHT_TO_LEFT if self.direction == "rtl" else ""  # the signature is Chinese, the message is not
        return begins + str(getattr(self.sms, kind)).format(**values)


def _lacking(said: NoticeTemplate) -> list[str]:
    """Say which words a template has not, or has of nothing that is told."""
    asked: dict[str, frozenset[str]] = {
        "products": frozenset(PRODUCT_ORDER),
        "bound": BOUND,
        "bound_text": BOUND,
        "lost_reasons": REASONS_TOLD | {OTHER},
    }
    if said.helps:
        asked["helps"] = HELPED | set(HELP_WORDS)
    if said.reasons:
        asked["reasons"] = frozenset(DECISION_REASONS)
    differ = {part: sorted(getattr(said, part).keys() ^ names) for part, names in asked.items()}
    return [f"{part} lacks, or has beyond what is told: {', '.join(names)}" for part, names in differ.items() if names]


def _of_texts(told: dict[str, Any]) -> list[str]:
    """Say which sentence lacks a field, or names one that nothing fills."""
    faults = []
    for part in ("sms", "letter", "units", "charges", "sheet", "helps"):
        for name, text in told[part].items():
            must, may = FIELDS.get(f"{part}.{name}", (set(), set())) if text else (set(), set())
            found = _fields_of(text)
            if found is None:
                faults.append(f"{part}.{name}: its braces cannot be read")
                continue
            faults += [f"{part}.{name} lacks {{{one}}}" for one in sorted(must - found)]
            faults += [f"{part}.{name}: nothing fills {{{one}}}" for one in sorted(found - must - may)]
    return faults


def _fields_of(text: str) -> set[str] | None:
    """Return the names in a text's braces; None where they cannot be read, or ask for more than a name."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return None
    named = [(name, form, turned) for _, name, form, turned in parts if name is not None]
    return None if any(form or turned for _, form, turned in named) else {name for name, _, _ in named}


def units_of(text: str) -> int:
    """Return how long a message is, as an SMS counts: units of UTF-16."""
    return len(text.encode("utf-16-le")) // 2


@dataclass(frozen=True)
class ReadTemplate:
    """A template and the hash of its file, which the ledger keeps."""

    said: NoticeTemplate
    sha256: str


def read_template(language: str, folder: Path | None = None) -> ReadTemplate:
    """Read a language's texts, of a folder or those that come with the package.

    Raises MissingInput where there are none, or they are unsound: with each fault and its place.
    """
    place = folder or Path(str(resources.files("village_credit.report"))) / "templates"
    path = place / f"{language}.toml"
    if not path.is_file():
        raise MissingInput(f"no notice template {path.name} in {place.name}/: write one, or leave the language out")
    try:
        content = path.read_bytes()
        said = read_toml(content.decode("utf-8"), NoticeTemplate, Refused)
    except Refused as fault:
        raise MissingInput(f"notice template {path.name}: {fault}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise MissingInput(f"notice template {path.name}: {why_unread(error)}") from None
    if said.language != language:
        raise MissingInput(f"notice template {path.name} says that it is of language {said.language}")
    return ReadTemplate(said, hashlib.sha256(content).hexdigest())


def reviewed_templates(languages: Sequence[str], folder: Path | None, *, unreviewed: bool) -> list[ReadTemplate]:
    """Read templates as `read_template` does.

    Raises GateRefused where nobody reviewed one, unless `unreviewed` ones go.
    """
    read = [read_template(language, folder) for language in languages]
    unread = [one.said.version for one in read if not one.said.reviewed_by.strip()]
    if unread and not unreviewed:
        raise GateRefused(
            f"nobody reviewed {', '.join(unread)}: have a native speaker read a copy, say who in `reviewed_by` and "
            f"name its folder with --templates; for a trial that is sent to nobody, --unreviewed"
        )
    return read
