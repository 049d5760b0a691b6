"""Every gate in the code has its figures in the policy, a Chinese sentence, and a line in the runbook."""

from __future__ import annotations

import re

from tests.conftest import MODELS, ROOT
from village_credit.policy.gate_thresholds import EXACT, GATE_TEXTS, GATES, OPTIONAL_FIGURES, REQUIRED_FIGURES
from village_credit.policy.model import load_policy

TABLES = ROOT / "src" / "village_credit" / "tables"
SOURCE = "".join((TABLES / f"{name}.py").read_text(encoding="utf-8") for name in ("gates", "delivery_gates"))
RUNBOOK = (ROOT / "docs" / "reference" / "gates.md").read_text(encoding="utf-8")
IN_CODE = set(re.findall(r'(?:gate_of\(\s*policy,\s*|_exact\(\s*)"(\w+)"', SOURCE))


def test_every_gate_in_the_code_has_its_figures():
    assert {*GATES, *EXACT} == IN_CODE
    policy = load_policy((MODELS / "limit_policy.toml").read_text(encoding="utf-8"))
    shipped = {figure.name: figure for figure in policy.figures}
    assert set(REQUIRED_FIGURES) <= set(shipped)
    assert {name for name in shipped if name.startswith("gate_")} <= {*REQUIRED_FIGURES, *OPTIONAL_FIGURES}
    assert all(figure.reference and not figure.verified for name, figure in shipped.items() if name.startswith("gate_"))


def test_no_threshold_is_a_number_in_the_code():
    assert re.findall(r"^[A-Z_, ]+ = .*\d", SOURCE, re.MULTILINE) == []
    assert re.findall(r"\b0\.\d+", SOURCE) == []


def test_every_gate_has_a_chinese_sentence_and_a_line_in_the_runbook():
    assert set(GATE_TEXTS) == IN_CODE
    assert all(told.asks and told.what_to_do and told.sentence_zh for told in GATE_TEXTS.values())
    assert set(re.findall(r"^\| `(\w+)` \|", RUNBOOK, re.MULTILINE)) == IN_CODE
    assert "../reference/gates.md" in (ROOT / "docs" / "committee" / "gates.md").read_text(encoding="utf-8")
