"""The committed reference pages are what the code says today."""

from __future__ import annotations

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


def test_every_verb_view_reason_and_gate_has_its_line():
    text = {path.stem: path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md")}
    verbs = {add.__name__.removeprefix("add_").replace("_", "-") for user in cli.USERS for add in user.VERBS}
    headings = {line.removeprefix("## ") for line in text["commands"].splitlines() if line.startswith("## ")}
    assert verbs <= headings
    assert all(f"| `{name}` |" in text["views"] for name, _ in reference.views())
    codes = (*DECISION_REASONS, *ROW_REASONS, *EXTRACT_REASONS, *SHAPE_REASONS)
    assert all(f"| `{code}` |" in text["reasons"] for code in codes)
    assert all(f"| `{gate}` |" in text["gates"] for gate in (*EXACT, *GATES))
