"""What laws and standards ask of whoever runs such an algorithm, clause by clause, and which answers speak to it.

Data, in `laws/`: a file a law, and `answers.toml`, whose sentences are filled with figures of a run or a scorecard.
"""

from __future__ import annotations

import re
import string
import tomllib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from village_credit import catalogue

ANSWERS = "answers.toml"
COUNTING = ("size", "counts", "trues", "filled", "among", "with")  # what may be told of households: how many
Kind = Literal["run", "model"]
KINDS: tuple[Kind, ...] = ("run", "model")
ADDRESS = re.compile(
    r"(?P<reading>[a-z]+)(?::(?P<word>\S+))? (?P<source>(?:table\.|act\.)?[a-z_]+)(?P<path>(?:\.\w+)*)"
    r"(?:\[(?P<key>\w+)=(?P<wanted>[^\]]+)\])?"
)


class _Read(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(_Read):
    """One figure of an answer: how it is read (`reading`, with a word), and from which field of which source.

    `key`, `wanted`: of the rows only those whose `key` is so.
    """

    reading: str
    word: str | None
    source: str
    path: tuple[str, ...]
    key: str | None
    wanted: str | None

    @classmethod
    def of(cls, text: str) -> Figure:
        """Read `READING[:WORD] SOURCE.FIELD[KEY=WANTED]`; raises ValueError for another form."""
        found = ADDRESS.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no READING SOURCE.FIELD")
        path = tuple(filter(None, found["path"].split(".")))
        return cls(**{**found.groupdict(), "path": path})

    @property
    def field(self) -> str:
        """The field's address within its source, as it is told."""
        rows = f"[{self.key}={self.wanted}]" if self.key else ""
        return ".".join(self.path) + rows

    @property
    def table(self) -> catalogue.Table | None:
        """The run's table that it is read from, as the catalogue declares it; None: from no table."""
        return catalogue.run_tables()[self.source.removeprefix("table.")] if self.source.startswith("table.") else None


class AnswerText(_Read):
    """A sentence with places for its figures, and what to do where a field that it needs is not there."""

    says: str
    lacking: str
    figures: dict[str, str] = Field(min_length=1)

    @model_validator(mode="after")
    def is_sound(self) -> AnswerText:
        """Every place has its figure, every figure its place, and every column is declared."""
        places = {name for _, name, _, _ in string.Formatter().parse(self.says) if name}
        if places != set(self.figures):
            raise ValueError(f"{self.says!r} has places {sorted(places)} and figures {sorted(self.figures)}")
        for figure in self.read().values():
            columns = figure.table.columns if figure.table else {}
            named = [name for name in (*figure.path, figure.key) if name] if figure.table else []
            if lacking := [name for name in named if name not in columns]:
                raise ValueError(f"table {figure.source} has no column {', '.join(lacking)}")
            if figure.table and figure.table.sensitivity != "none" and figure.reading not in COUNTING:
                raise ValueError(f"{figure.reading} of {figure.source} might tell of one household: count instead")
        return self

    def read(self) -> dict[str, Figure]:
        """Return its figures by the names of their places."""
        return {name: Figure.of(text) for name, text in self.figures.items()}


class Theirs(_Read):
    """What is not for this page to answer: who must, and why; `of`: of a run alone, or of a scorecard alone."""

    who: str = Field(min_length=1)
    why: str = Field(min_length=1)
    of: Kind | None = None


class Clause(_Read):
    """One duty in our own words. `number` empty: not sure of it, the compliance office fills it in."""

    number: str
    topic: str = Field(min_length=1)
    asks: str = Field(min_length=1)
    run: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    theirs: Theirs | None = None

    @model_validator(mode="after")
    def is_answered(self) -> Clause:
        """Nobody leaves a clause without an answer, of a run or of a scorecard."""
        if bare := [kind for kind in KINDS if not self.answered_by(kind) and self.theirs_of(kind) is None]:
            raise ValueError(f"{self.number} {self.topic}: nothing answers it of a {bare[0]}, nor is said who must")
        return self

    def theirs_of(self, kind: Kind) -> Theirs | None:
        """Return who else must answer it, of a run or of a scorecard."""
        return self.theirs if self.theirs and self.theirs.of in (None, kind) else None

    def answered_by(self, kind: Kind) -> tuple[str, ...]:
        """Name the answers that speak to it, of a run or of a scorecard."""
        return self.run if kind == "run" else self.model


class Law(_Read):
    """A law or standard: its place among the others, and how far its text was had when this was written."""

    place: int
    title: str = Field(min_length=1)
    text_had: str = Field(min_length=1)
    clauses: tuple[Clause, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def answers_exist(self) -> Law:
        """Every answer that a clause names is written."""
        named = {name for clause in self.clauses for kind in KINDS for name in clause.answered_by(kind)}
        if unknown := sorted(named - set(answer_texts())):
            raise ValueError(f"{self.title}: no such answer: {', '.join(unknown)}")
        return self


def _folder() -> Traversable:
    return resources.files("village_credit.report").joinpath("laws")


@cache
def answer_texts() -> dict[str, AnswerText]:
    """Read every answer's sentence and figures, by name."""
    text = _folder().joinpath(ANSWERS).read_text(encoding="utf-8")
    return {name: AnswerText.model_validate(said) for name, said in tomllib.loads(text).items()}


def columns_read() -> dict[str, set[str]]:
    """Return which columns of which of a run's tables the answers read; of some no column, only how many rows."""
    found: dict[str, set[str]] = {}
    for figure in (figure for text in answer_texts().values() for figure in text.read().values()):
        if figure.table is not None:
            found.setdefault(figure.table.name, set()).update(filter(None, (*figure.path, figure.key)))
    return found


@cache
def laws() -> tuple[Law, ...]:
    """Read every law, in the order in which they are told."""
    files = (item for item in _folder().iterdir() if item.name.endswith(".toml") and item.name != ANSWERS)
    found = [Law.model_validate(tomllib.loads(item.read_text(encoding="utf-8"))) for item in files]
    return tuple(sorted(found, key=lambda law: law.place))
