"""Clauses are answered from a run or a scorecard: a sentence with its figures, each with its field and file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from village_credit.catalogue import terms
from village_credit.features.catalogue import FEATURES
from village_credit.report.clauses import AnswerText, Clause, Figure, Kind, Law, Theirs, answer_texts, laws
from village_credit.report.labels import (
    ATTRIBUTES_ZH,
    DECISIONS_ZH,
    DIRECTIONS_ZH,
    GROUPS_ZH,
    OUTCOMES_ZH,
    RETAINED_ZH,
    STATES_ZH,
)
from village_credit.report.model_page import OUTCOMES_ZH as LOANS_ZH
from village_credit.score.small_counts import hide_small

State = Literal["answered", "shared", "open", "theirs"]
HIDDEN = "—"  # fewer than LEAST_GROUP, or to be had by subtraction: the page's foot says so
VERDICTS_ZH = {"pass": "通过", "warn": "注意", "fail": "不通过"}
FLAGS_ZH = {"true": "是", "false": "否"}
WORDS = (
    {feature.name: feature.meaning_zh for feature in FEATURES}
    | (LOANS_ZH | OUTCOMES_ZH | STATES_ZH | DECISIONS_ZH | ATTRIBUTES_ZH | GROUPS_ZH)
    | {term.name: term.label_zh for term in terms().values() if term.binds}
    | (DIRECTIONS_ZH | RETAINED_ZH | VERDICTS_ZH | FLAGS_ZH)
)
OF_GROUPS = ("manifest.counts.households", "scorecard.training.outcomes")  # counts of households or loans, in no table
ABSENT = {  # a whole source, whatever was asked of it
    "scorecard": "读不到评分卡：冻结件不在，或是旧程序的形式；请恢复备份，或用写它的版本读。",
    "policy": "读不到本批次所用的政策：冻结件不在，或是旧程序的形式；请恢复备份，或用写它的版本读。",
}
Cells = list[tuple[str, int | None]]


class Vanished(Exception):
    """A field that an answer needs is not there."""


@dataclass(frozen=True)
class Source:
    """A file that answers are read from, by a name that says nothing of the machine, and what it holds."""

    file: str
    content: Any


@dataclass(frozen=True)
class Subject:
    """What the clauses are put to: a run or a scorecard, and the sources that it has."""

    kind: Kind
    name: str
    about: dict[str, str]
    sources: Mapping[str, Source]


@dataclass(frozen=True)
class Told:
    """A figure as it is told, with the field and the file that it is of."""

    field: str
    file: str
    figure: str


@dataclass(frozen=True)
class Answer:
    """One sentence, or what to do where a field is `lacking`; and the figures that it rests on."""

    name: str
    sentence: str
    figures: list[Told]
    lacking: str | None


@dataclass(frozen=True)
class Answered:
    """A clause with its answers: answered; shared with whom it names; open, where something is lacking; or theirs.

    `theirs`: who must answer it, and why.
    """

    number: str
    topic: str
    asks: str
    state: State
    answers: list[Answer]
    theirs: dict[str, str] | None


@dataclass(frozen=True)
class LawAnswered:
    """A law with every clause answered."""

    title: str
    text_had: str
    clauses: list[Answered]


def answer_laws(subject: Subject) -> list[LawAnswered]:
    """Put every clause of every law to a run or a scorecard."""
    return [_law(law, subject) for law in laws()]


def _law(law: Law, subject: Subject) -> LawAnswered:
    return LawAnswered(law.title, law.text_had, [_clause(clause, subject) for clause in law.clauses])


def _clause(clause: Clause, subject: Subject) -> Answered:
    answers = [answer(name, subject) for name in clause.answered_by(subject.kind)]
    theirs = clause.theirs_of(subject.kind)
    return Answered(clause.number, clause.topic, clause.asks, _state(theirs, answers), answers, _told_theirs(theirs))


def _told_theirs(theirs: Theirs | None) -> dict[str, str] | None:
    return None if theirs is None else {"who": theirs.who, "why": theirs.why}


def _state(theirs: Theirs | None, answers: list[Answer]) -> State:
    """Say how far a clause is answered; whoever else must speak to it is never passed over."""
    if any(one.lacking for one in answers):
        return "open"
    if theirs is None:
        return "answered"
    return "shared" if answers else "theirs"


def answer(name: str, subject: Subject) -> Answer:
    """Fill one answer's sentence; where a field has vanished it says which one, and what to do."""
    text: AnswerText = answer_texts()[name]
    told: dict[str, Told] = {}
    for place, figure in text.read().items():
        try:
            told[place] = read_figure(figure, subject)
        except Vanished:
            lacking = text.lacking if figure.source in subject.sources else ABSENT.get(figure.source, text.lacking)
            return Answer(name, lacking, list(told.values()), f"{figure.source}.{figure.field}")
    shown = {place: one.figure for place, one in told.items()}
    return Answer(name, text.says.format_map(shown), list(told.values()), None)


def read_figure(figure: Figure, subject: Subject) -> Told:
    """Read one figure; raises Vanished where its source or its field is not there."""
    source = subject.sources.get(figure.source)
    if source is None:
        raise Vanished(figure.source)
    found = _found(figure, source.content)
    return Told(figure.field, source.file, READINGS[figure.reading](found, figure))


def _found(figure: Figure, content: Any) -> Any:
    """Follow a field's path; a table's column, or a list's, comes as an array of the rows that are wanted."""
    if isinstance(content, pa.Table):
        return _column(_wanted(content, figure), figure)
    for name in figure.path:
        if isinstance(content, list):
            return _column(_wanted(_table_of(content, name, figure.key), figure), figure, name)
        if not isinstance(content, Mapping) or name not in content:
            raise Vanished(figure.field)
        content = content[name]
    return content


def _table_of(rows: list[dict[str, Any]], *names: str | None) -> pa.Table:
    """Make a table of some columns of a list of objects; a column that no object has is none."""
    had = [name for name in dict.fromkeys(names) if name and (not rows or any(name in row for row in rows))]
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in had})


def _wanted(rows: pa.Table, figure: Figure) -> pa.Table:
    if figure.key is None or rows.num_rows == 0:
        return rows
    if figure.key not in rows.column_names:
        raise Vanished(figure.field)
    return rows.filter(pc.equal(pc.cast(rows[figure.key], pa.string()), figure.wanted))


def _column(rows: pa.Table, figure: Figure, name: str | None = None) -> Any:
    """Return a column; a table without one is counted, and rows that were asked for by name must be there."""
    name = name or next(iter(figure.path), None)
    if name is None:
        return rows
    if name not in rows.column_names or (figure.key and rows.num_rows == 0):
        raise Vanished(figure.field)
    return rows[name]


def _is_of_groups(figure: Figure) -> bool:
    """Tell whether a figure counts households or loans, of whom few are not told."""
    if figure.table is not None:
        return figure.table.sensitivity == "household"
    return ".".join((figure.source, *figure.path)) in OF_GROUPS


def shown(value: Any) -> str:
    """Write a value in the reader's language."""
    if value is None:
        return "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return WORDS.get(str(value), str(value))


def _value(found: Any, _figure: Figure) -> str:
    """Tell a value; of a list each, of an object each with its name."""
    if isinstance(found, Mapping):
        return "、".join(f"{shown(name)} {shown(value)}" for name, value in found.items()) or "无"
    values = found.to_pylist() if isinstance(found, pa.ChunkedArray) else found if isinstance(found, list) else [found]
    return "、".join(map(shown, values)) or "无"


def _size(found: Any, figure: Figure) -> str:
    """Count rows, or what a list or an object holds."""
    number = found.num_rows if isinstance(found, pa.Table) else len(found)
    return _told(number, number, figure)


def _names(found: Any, _figure: Figure) -> str:
    """Tell the names that an object has."""
    return "、".join(map(shown, sorted(found))) or "无"


def _counts(found: Any, figure: Figure) -> str:
    """Count each value; of an object it holds the counts."""
    if isinstance(found, Mapping):
        cells = [(str(name), int(count)) for name, count in found.items()]
    else:
        counted = pc.value_counts(found.drop_null())
        cells = sorted((str(one["values"].as_py()).lower(), one["counts"].as_py()) for one in counted)
    return "、".join(f"{shown(name)} {_few(count)}" for name, count in _without_few(cells, figure)) or "无"


def _few(count: int | None) -> str:
    return HIDDEN if count is None else f"{count:,}"


def _without_few(cells: list[tuple[str, int]], figure: Figure) -> Cells:
    """Hide small counts of households and what would tell them; nobody is told as nobody."""
    if not _is_of_groups(figure):
        return list(cells)
    rows = [{"group": name, "change": "all", "households": count} for name, count in cells if count]
    told = {row["group"]: row["households"] for row in hide_small(rows)}
    return [(name, told.get(name) if count else 0) for name, count in cells]


def _told(number: int, of: int, figure: Figure) -> str:
    """Tell how many of how many; few households, or all but few, are not told."""
    return _few(_without_few([("these", number), ("others", of - number)], figure)[0][1])


def _trues(found: Any, figure: Figure) -> str:
    return _told(pc.sum(found).as_py() or 0, len(found), figure)


def _filled(found: Any, figure: Figure) -> str:
    """Count the rows with a value; an empty list is none."""
    has = pc.greater(pc.list_value_length(found), 0) if pa.types.is_list(found.type) else pc.is_valid(found)
    return _trues(pc.fill_null(has, fill_value=False), figure)


def _among(found: Any, figure: Figure) -> str:
    """Count the rows that have a word."""
    words = pc.utf8_lower(pc.cast(found, pa.string()))
    return _told(pc.sum(pc.fill_null(pc.equal(words, figure.word), fill_value=False)).as_py() or 0, len(found), figure)


def _with(found: Any, figure: Figure) -> str:
    """Count the rows whose list has a code."""
    return _told(pc.sum(pc.equal(pc.list_flatten(found), figure.word)).as_py() or 0, len(found), figure)


def _least(found: Any, _figure: Figure) -> str:
    return shown(pc.min(found).as_py())


def _most(found: Any, _figure: Figure) -> str:
    return shown(pc.max(found).as_py())


def _sum(found: Any, _figure: Figure) -> str:
    return shown(pc.sum(found).as_py() or 0)


READINGS: dict[str, Callable[[Any, Figure], str]] = {
    "value": _value,
    "size": _size,
    "names": _names,
    "counts": _counts,
    "trues": _trues,
    "filled": _filled,
    "among": _among,
    "with": _with,
    "least": _least,
    "most": _most,
    "sum": _sum,
}
