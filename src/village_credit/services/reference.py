"""The reference pages are written from what the code itself asks: commands, views, reasons, gates, policy figures."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

from data_contracts.reasons import DECISION_REASONS, EXTRACT_REASONS, POINTS_LOST, ROW_REASONS, SHAPE_REASONS
from village_credit.policy.gate_thresholds import EXACT, GATE_TEXTS, GATES, Side
from village_credit.policy.model import KEYS, CropNorm, Figure, Policy, load_policy
from village_credit.policy.units import FIGURES as UNITS
from village_credit.publish.views import column_comment, view_comment, view_names
from village_credit.publish.warehouse import empty_warehouse
from village_credit.sql_files import sql

NOTE = "<!-- Written by `make docs`; do not edit. -->"
POLICY_FILE = "limit_policy.toml"


def write(folder: Path, grammar: argparse.ArgumentParser, models: Path) -> list[Path]:
    """Write every page that is not current; return those that were written."""
    stale = not_current(folder, grammar, models)
    folder.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(pages(grammar, models)[path.name], encoding="utf-8")
    return stale


def not_current(folder: Path, grammar: argparse.ArgumentParser, models: Path) -> list[Path]:
    """Return the pages of a folder that are missing, or not what the code says today."""
    return [
        folder / name
        for name, text in pages(grammar, models).items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


UNITS_SAID = (
    "`policy check` refuses a figure in another unit, one that is written as a text, and one that is not plausible."
)


def pages(grammar: argparse.ArgumentParser, models: Path) -> dict[str, str]:
    """Return each page's text by its file name.

    `grammar`: the command's, handed in because services do not know the command line. `models`: the policy's folder.
    """
    policy = load_policy((models / POLICY_FILE).read_text(encoding="utf-8"))
    return {
        "commands.md": _page("Commands", _commands(grammar)),
        "views.md": _page("Views", _views()),
        "reasons.md": _page("Reasons", _reasons()),
        "gates.md": _page("Gates", _gates(policy)),
        "policy.md": _page("Policy figures", _policy(policy)),
    }


def views() -> list[tuple[str, str]]:
    """Return each view with what one row of it is."""
    return [(name, view_comment(name)) for name in view_names()]


def columns() -> list[tuple[str, str, str, str]]:
    """Return view, column, type and comment of every column, in the order of the views."""
    found = empty_warehouse().execute(sql("publish", "warehouse_columns")).fetchall()
    return [(view, column, kind, column_comment(view, column)) for view, column, kind in found]


def _page(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"# {title}", "", NOTE, "", *lines]).rstrip() + "\n"


def _table(headers: tuple[str, ...], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    yield _row(headers)
    yield "|" + "---|" * len(headers)
    for row in rows:
        yield _row(row)
    yield ""


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _commands(grammar: argparse.ArgumentParser) -> Iterator[str]:
    """Write every verb: its sentence, its words, an example; the options that all share come first."""
    verbs = _verbs(grammar)
    shared = set.intersection(*({_named(word) for word in _words(verb)} for verb in verbs.values()))
    yield "What stands in `[ ]` may be left out. Every verb takes these options:"
    yield ""
    first = next(iter(verbs.values()))
    yield from _table(("option", "means"), (_told(word) for word in _words(first) if _named(word) in shared))
    for name, verb in verbs.items():
        yield from [f"## {name}", "", str(verb.description), ""]
        own = [word for word in _words(verb) if _named(word) not in shared]
        yield from _table(("word", "means"), map(_told, own)) if own else ()
        if verb.epilog:
            yield from [f"Example: `{verb.epilog.removeprefix('example: ')}`", ""]


def _verbs(grammar: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return {
        name: verb
        for action in grammar._actions  # noqa: SLF001  # argparse has no other way to ask what it was told
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
        for name, verb in action.choices.items()
    }


def _words(verb: argparse.ArgumentParser) -> list[argparse.Action]:
    return [word for word in verb._actions if word.dest != "help"]  # noqa: SLF001


def _named(word: argparse.Action) -> str:
    """Return a word as it is typed: an option with what it takes, or a place's name."""
    place = str(word.metavar or word.dest.upper())
    if not word.option_strings:
        place = "|".join(map(str, word.choices)) if word.choices else place
        return f"[{place}]" if word.nargs == "?" else place
    if word.nargs == 0:
        return word.option_strings[0]
    taken = "|".join(map(str, word.choices)) if word.choices else place
    return f"{word.option_strings[0]} {taken}" + (" …" if word.nargs == "+" else "")


def _told(word: argparse.Action) -> tuple[str, str]:
    is_optional = bool(word.option_strings) and not word.required
    shown = f"`[{_named(word)}]`" if is_optional else f"`{_named(word)}`"
    default = word.default if is_optional and word.default not in (None, False, []) else None
    told = [word.help] if word.help else []
    told += [f"default: {default}"] if default is not None and "default" not in (word.help or "") else []
    told += ["may be given several times"] if isinstance(word, argparse._AppendAction) else []  # noqa: SLF001
    return shown, "; ".join(dict.fromkeys(told))


def _views() -> Iterator[str]:
    yield "`warehouse.duckdb` has these views. The warehouse itself bears the same comments (`duckdb_columns()`)."
    yield ""
    yield from _table(("view", "one row is"), ((f"`{name}`", grain) for name, grain in views()))
    every = columns()
    for name, grain in views():
        yield from [f"## {name}", "", f"{grain}.", ""]
        rows = ((f"`{column}`", kind, comment) for view, column, kind, comment in every if view == name)
        yield from _table(("column", "type", "means"), rows)


def _reasons() -> Iterator[str]:
    for title, codes in (
        ("Of a decision: what a household reads, binding terms too", DECISION_REASONS),
        ("Of a row: what an office or branch reads", ROW_REASONS),
        ("Of an extract as a whole", EXTRACT_REASONS),
        ("Of a parcel's shape, or a map as a whole", SHAPE_REASONS),
        ("Of points lost", POINTS_LOST),
    ):
        yield from [f"## {title}", ""]
        yield from _table(("code", "sentence"), ((f"`{code}`", text) for code, text in codes.items()))


def _gates(policy: Policy) -> Iterator[str]:
    """Write every gate with the thresholds of the shipped policy."""
    yield f"Thresholds are those of `models/{POLICY_FILE}`, placeholders for a committee."
    yield "Where one is `none`, the gate has no such side."
    yield "How gates are read and overridden is in [gates](../committee/gates.md)."
    yield ""
    yield from _table(("gate", "asks for", "what to do", "unit", "worse", "warn", "fail", "说明"), _gate_rows(policy))


def _gate_rows(policy: Policy) -> Iterator[tuple[str, ...]]:
    for gate in EXACT:
        told = GATE_TEXTS[gate]
        yield f"`{gate}`", told.asks, told.what_to_do, "count", "any", "none", "0, no override", told.sentence_zh
    for gate, asked in GATES.items():
        sides: dict[Side, str] = asked.figures()
        shown = {side: _values(policy, name) for side, name in sides.items()}
        way = "below" if asked.is_low_worse else "above"
        told, limits = GATE_TEXTS[gate], (shown.get("warn", "none"), shown.get("fail", "none"))
        yield f"`{gate}`", told.asks, told.what_to_do, asked.unit, way, *limits, told.sentence_zh


def _values(policy: Policy, name: str) -> str:
    found = [f"{figure.value.normalize():f}" for figure in policy.figures if figure.name == name]
    return ", ".join(found) or "none"


def _policy(policy: Policy) -> Iterator[str]:
    """Write the shipped policy: its figures, crop norms and lists."""
    yield f"What `models/{POLICY_FILE}` holds, with its day and its reference. What is not verified is a placeholder."
    yield from ["", "## Figures", ""]
    yield from _table(("figure", "value", "unit", "for", "from", "verified", "reference"), map(_figure, policy.figures))
    yield from ["## Units", "", UNITS_SAID, ""]
    units = ((f"`{name}`", known.unit, known.text) for name, known in sorted(UNITS.items()))
    yield from _table(("figure", "unit", "plausible"), units)
    yield from ["## Crop norms", ""]
    headers = ("crop", "county", "year", "kg a mu", "yuan a kg", "cost, yuan a mu", "verified")
    yield from _table(headers, map(_norm, policy.crop_norms))
    yield from ["## Products", ""]
    products = ((f"`{name}`", rules.repayment, "、".join(rules.names)) for name, rules in policy.products.items())
    yield from _table(("product", "repayment", "名称"), products)
    yield from ["## What a listing's reason means", ""]
    reasons = (("、".join(reason.codes), reason.meaning, reason.colour) for reason in policy.screen.reasons)
    yield from _table(("codes", "含义", "colour"), reasons)


def _figure(figure: Figure) -> tuple[str, ...]:
    whom = ", ".join(f"{key} {value}" for key, value in zip(KEYS, figure.keys(), strict=True) if value) or "all"
    verified = "yes" if figure.verified else "no"
    value = f"{figure.value.normalize():f}"
    return f"`{figure.name}`", value, figure.unit, whom, str(figure.from_), verified, figure.reference


def _norm(norm: CropNorm) -> tuple[str, ...]:
    yields, price, cost = norm.yield_kg_per_mu, norm.price_yuan_per_kg, norm.cost_yuan_per_mu
    verified = "yes" if norm.verified else "no"
    return norm.crop, norm.county, str(norm.year), f"{yields:f}", f"{price:f}", f"{cost:f}", verified
