"""What is agreed with one county's offices: their headers and labels, and which table is owed by when.

A new county is a file of these terms (`counties/<county>.toml`), not code; `counties/default.toml` holds
for every county, and a county's own file adds to its words and replaces its calendar and checks by contract.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_contracts.fields import Column, ExtractRules, Kind
from data_contracts.prohibited import prohibited_header
from data_contracts.registry import INCOMING, FieldSpec, field_specs, office_of
from data_contracts.toml_file import read_toml

DATED = (Kind.YEAR, Kind.DAY, Kind.MONTH)
PLACED = {"village_name", "contractor_code"}  # what leads from a row to a household and its township
Share = Annotated[float, Field(ge=0, le=1)]
Words = dict[str, dict[str, tuple[str, ...]]]
Labels = dict[str, dict[str, dict[str, str]]]
Ranked = dict[str, dict[str, tuple[tuple[str, ...], ...]]]  # chains of headers, the one that counts first
Areas = dict[str, str]  # a county's, township's or village's code of another time → today's
_PLACE = re.compile("[0-9]{6}(?:[0-9]{3}(?:[0-9]{3})?)?")


class _Terms(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Due(_Terms):
    """One contract's line in the calendar; `dated_by` is the column that says how current a row is.

    A yearly table of year Y is owed by `due` (MM-DD) of year Y + `years_after`; any other dated table is
    stale where its newest day is older than `stale_after_days` before the run's day.
    """

    dated_by: str | None = None
    due: Annotated[str, Field(pattern=r"^(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$")] | None = None
    years_after: Annotated[int, Field(ge=0, le=3)] = 0
    stale_after_days: Annotated[int, Field(ge=1)] | None = None
    is_needed: bool = False  # missing or stale fails the run's gate; otherwise it is a warning
    by_township: bool = False
    townships: tuple[Annotated[str, Field(pattern=r"^[0-9]{9}$")], ...] = ()  # none: all of the register
    minimum_household_share: Share = 0.0  # of a township's households with a current row; below it is partial

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.due or self.stale_after_days) and not self.dated_by:
            raise ValueError("`due` and `stale_after_days` need `dated_by`")
        if self.due and self.stale_after_days:
            raise ValueError("`due` is for yearly tables, `stale_after_days` for the others: give one")
        if (self.townships or self.minimum_household_share) and not self.by_township:
            raise ValueError("`townships` and `minimum_household_share` need `by_township`")
        return self

    def owed_year(self, as_of: date) -> int | None:
        """Return the latest year whose table is due as of a day; None where the table is not yearly."""
        if self.due is None:
            return None
        is_due = as_of.strftime("%m-%d") >= self.due
        return as_of.year - self.years_after - (0 if is_due else 1)


class Checks(_Terms):
    """What a contract's delivery must be as a whole, over all its files: a minimum fails, a maximum warns."""

    minimum_rows: Annotated[int, Field(ge=0)] = 1
    maximum_rows: Annotated[int, Field(ge=1)] | None = None
    minimum_change: Annotated[float, Field(ge=0)] = 0.5  # rows over the rows of the last publication
    maximum_change: Annotated[float, Field(ge=0)] = 2.0
    maximum_duplicate_share: Share = 0.1
    maximum_quarantined_share: Share = 0.25
    minimum_filled: dict[str, Share] = Field(default_factory=dict)  # field → share of rows that have it
    typical: dict[str, tuple[float, float]] = Field(default_factory=dict)  # field → range of its median
    # of those whom the register notes as dead: the share of 60 and more, and of whom no list since last year names
    minimum_dead_of_age: Share | None = None
    minimum_dead_unseen: Share | None = None


Language = Literal["zh", "ug", "kk"]
Telephone = Annotated[str, Field(pattern=r"^[0-9]+(?:-[0-9]+){0,3}$", min_length=5, max_length=20)]
Place = Annotated[str, Field(pattern=r"^\S(?:.{0,58}\S)?$")]


class BranchContact(_Terms):
    """Where a household reaches the branch that serves it."""

    telephone: Telephone
    address: Place | None = None


class NoticeTerms(_Terms):
    """What households are told of the bank: its name, in other languages too, its telephone, its branches.

    `signature`: the short name at the head of an SMS, as the carrier registered it. `languages`: each household gets a
    message in each. A branch that is not named is reached by the bank's own telephone.
    """

    bank: Annotated[str, Field(pattern=r"^\S{2,30}$")]
    signature: Annotated[str, Field(pattern=r"^[^\s【】]{2,16}$")]
    telephone: Telephone
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("zh", "ug")
    bank_names: dict[Language, Place] = Field(default_factory=dict)
    branches: dict[Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,20}$")], BranchContact] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        _known(len(set(self.languages)) == len(self.languages), "languages: each is named once")
        return self

    def name_in(self, language: str) -> str:
        """Return the bank's name in a language, or as it is written."""
        return self.bank_names.get(language, self.bank)  # type: ignore[call-overload, no-any-return]

    def telephone_of(self, branch_code: str) -> str:
        """Return a branch's telephone, or the bank's own."""
        found = self.branches.get(branch_code)
        return found.telephone if found else self.telephone


class _File(_Terms):
    """One file of terms as it is written."""

    county: Annotated[str, Field(pattern=r"^(?:default|[0-9]{6})$")]
    reference: Annotated[str, Field(min_length=1)]
    name: Annotated[str, Field(pattern=r"^(?:[^\W\d_]{2,30})?$")] = ""  # of the county, as people say it
    aliases: Words = Field(default_factory=dict)
    labels: Labels = Field(default_factory=dict)
    ranked: Ranked = Field(default_factory=dict)
    calendar: dict[str, Due] = Field(default_factory=dict)
    checks: dict[str, Checks] = Field(default_factory=dict)
    areas: Areas = Field(default_factory=dict)
    notices: NoticeTerms | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        _known(self.county != "default" or not self.name, "name: one county has it, the default is of all")
        _check_areas(self.areas, self.county)
        for part in (self.aliases, self.labels, self.ranked, self.calendar, self.checks):
            for contract in part:
                _known(contract in INCOMING, f"no contract is named {contract}")
        for contract, due in self.calendar.items():
            kinds = {spec.name: spec.kind for spec in field_specs(contract)}
            _known(due.dated_by is None or kinds.get(due.dated_by) in DATED, f"{contract}.{due.dated_by} is no date")
            _known(due.due is None or kinds.get(str(due.dated_by)) is Kind.YEAR, f"{contract}: `due` needs a year")
            _known(
                not due.by_township or bool(PLACED & set(kinds)), f"{contract} has no household to find a township by"
            )
        for contract, checks in self.checks.items():
            is_asked = (checks.minimum_dead_of_age, checks.minimum_dead_unseen) != (None, None)
            _known(not is_asked or contract == "land_member", f"{contract} notes nobody as dead")
            names = {spec.name for spec in field_specs(contract)}
            for name in (*checks.minimum_filled, *checks.typical):
                _known(name in names, f"{contract} has no field {name}")
        _check_words(self.aliases)
        _check_labels(self.labels)
        for contract, ranks in self.ranked.items():
            for name in ranks:
                _known(name in {spec.name for spec in field_specs(contract)}, f"{contract} has no field {name}")
        return self


def _known(is_known: bool, otherwise: str) -> None:
    if not is_known:
        raise ValueError(otherwise)


def _check_words(aliases: Words) -> None:
    """An added header names one field of its contract, and never what must not be judged."""
    for contract, words in aliases.items():
        taken = {h: s.name for s in field_specs(contract) for h in (s.column.header, *s.column.aliases)}
        for name, headers in words.items():
            _known(name in {spec.name for spec in field_specs(contract)}, f"{contract} has no field {name}")
            for header in headers:
                _known(taken.setdefault(header, name) == name, f"{contract}: {header} already names {taken[header]}")
                _known(not prohibited_header(header), f"{contract}: the header {header} may not be read")


def _check_areas(areas: Areas, county: str) -> None:
    """A code leads to one of its own length in the county, which leads nowhere else: a code is resolved once."""
    for old, current in areas.items():
        is_place = _PLACE.fullmatch(old) and _PLACE.fullmatch(current)
        _known(bool(is_place), f"areas: {old} = {current}: a place has 6, 9 or 12 digits")
        _known(len(old) == len(current), f"areas: {old} = {current}: a place becomes one of its own level")
        _known(current not in areas, f"areas: {old} = {current}, which itself has another code: name the last one")
        is_own = county in ("default", current[:6])
        _known(is_own, f"areas: {old} = {current} is a place of another county than {county}")


def _check_labels(labels: Labels) -> None:
    for contract, fields in labels.items():
        for name, words in fields.items():
            spec = next((spec for spec in field_specs(contract) if spec.name == name), None)
            _known(spec is not None and spec.kind is Kind.LABEL, f"{contract}.{name} has no list of values")
            allowed = allowed_values(contract, name)  # none where a pattern rules
            for word, value in words.items():
                _known(
                    not allowed or value in allowed,
                    f"{contract}.{name}: {word} stands for {value}, which is none of {sorted(allowed)}",
                )


def allowed_values(contract: str, name: str) -> frozenset[str]:
    """Return the canonical values of a field with a list of values; none for any other field."""
    return frozenset(_literals(INCOMING[contract].model_fields[name].annotation))


def _literals(annotation: Any) -> list[str]:
    if getattr(annotation, "__origin__", None) is Literal:
        return [str(value) for value in get_args(annotation)]
    return [value for part in get_args(annotation) for value in _literals(part)]


@dataclass(frozen=True, eq=False)
class CountyTerms:
    """The terms in force for a county: contracts' fields with the county's words, calendar and checks.

    `name`: what the county is called; empty where nobody said so. `notices`: what households are told of the bank;
    None where nobody said so.
    """

    specs: Mapping[str, tuple[FieldSpec, ...]]
    calendar: Mapping[str, Due]
    checks: Mapping[str, Checks]
    areas: Mapping[str, str]
    name: str = ""
    notices: NoticeTerms | None = None

    def rules(self, contract: str) -> ExtractRules:
        """Return what one delivered table of a contract must be."""
        return INCOMING[contract].extract_rules

    def check(self, contract: str) -> Checks:
        """Return what all delivered tables of a contract must be together."""
        return self.checks.get(contract) or Checks(minimum_rows=0)


class TermsRefused(ValueError):
    """A file of terms is unsound: says which and why."""


def read_terms(texts: Mapping[str, str]) -> CountyTerms:
    """Merge files of terms, name → TOML text, the most general first; raises TermsRefused."""
    files = [_read(name, text) for name, text in texts.items()]
    specs = {contract: _merged(contract, files) for contract in INCOMING}
    calendar = {contract: due for file in files for contract, due in file.calendar.items()}
    checks = {contract: check for file in files for contract, check in file.checks.items()}
    order = sorted(calendar, key=lambda contract: (office_of(contract), contract))
    areas = {old: current for file in files for old, current in file.areas.items()}
    in_order = {contract: calendar[contract] for contract in order}
    notices = next((file.notices for file in reversed(files) if file.notices), None)
    return CountyTerms(specs, in_order, checks, areas, files[-1].name, notices)


def _read(name: str, text: str) -> _File:
    try:
        file = read_toml(text, _File, TermsRefused)
    except TermsRefused as refusal:
        raise TermsRefused(f"{name}: {refusal}") from None
    if file.county != re.sub(r"\.toml$", "", name):
        raise TermsRefused(f"{name} says that it is of county {file.county}")
    return file


def _merged(contract: str, files: list[_File]) -> tuple[FieldSpec, ...]:
    """Add the counties' words to a contract's fields; its own come first."""
    merged = []
    for spec in field_specs(contract):
        headers = tuple(h for f in files for h in f.aliases.get(contract, {}).get(spec.name, ()))
        words = tuple(pair for f in files for pair in f.labels.get(contract, {}).get(spec.name, {}).items())
        ranked = tuple(chain for f in files for chain in f.ranked.get(contract, {}).get(spec.name, ()))
        column: Column = replace(
            spec.column, aliases=(*spec.column.aliases, *headers), ranked=(*spec.column.ranked, *ranked)
        )
        merged.append(replace(spec, column=column, labels=(*spec.labels, *words)))
    return tuple(merged)


BARE_TERMS = CountyTerms({contract: field_specs(contract) for contract in INCOMING}, {}, {}, {})
