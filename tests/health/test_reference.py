"""The committed reference pages are what the code says today."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from data_contracts.reasons import DECISION_REASONS, EXTRACT_REASONS, ROW_REASONS, SHAPE_REASONS
from tests.conftest import MODELS, ROOT
from village_credit import cli
from village_credit.policy.gate_thresholds import EXACT, GATES
from village_credit.services import reference

REFERENCE = ROOT / "docs" / "reference"


def test_the_committed_pages_are_what_the_code_says():
    stale = reference.not_current(REFERENCE, cli.parser(), MODELS)
    assert [path.name for path in stale] == [], "run `make docs`"


def test_what_is_not_current_is_named_and_written_once(tmp_path: Path):
    everything = reference.write(tmp_path, cli.parser(), MODELS)
    assert {path.name for path in everything} == {path.name for path in REFERENCE.glob("*.md")}
    (tmp_path / "gates.md").write_text("by hand\n", encoding="utf-8")
    assert reference.write(tmp_path, cli.parser(), MODELS) == [tmp_path / "gates.md"]
    assert reference.write(tmp_path, cli.parser(), MODELS) == []


def test_every_verb_has_its_place_under_a_heading():
    text = {path.stem: path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md")}
    verbs = {
        add.__name__.removeprefix("add_").replace("_", "-")
        for users in cli.USERS.values()
        for user in users
        for add in user.VERBS
    }
    headings = {line.removeprefix("## ") for line in text["commands"].splitlines() if line.startswith("## ")}
    assert verbs <= headings
    listed = cli.parser().format_help()
    assert all(f"\n  {heading}:\n" in listed for heading in cli.USERS)


def arguments(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, argparse.Action]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb, words in action.choices.items():
                yield from arguments(words, verb)
        else:
            yield name, action


def test_every_argument_says_what_it_is():
    silent = [(verb, one.dest) for verb, one in arguments(cli.parser()) if not one.help]
    assert silent == []


def test_every_view_reason_and_gate_has_its_line():
    text = {path.stem: path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md")}
    assert all(f"| `{name}` |" in text["views"] for name, _ in reference.views())
    codes = (*DECISION_REASONS, *ROW_REASONS, *EXTRACT_REASONS, *SHAPE_REASONS)
    assert all(f"| `{code}` |" in text["reasons"] for code in codes)
    assert all(f"| `{gate}` |" in text["gates"] for gate in (*EXACT, *GATES))
