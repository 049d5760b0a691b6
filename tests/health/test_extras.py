"""What only schedules or the synthetic county need is no part of what the machine with the keys installs."""

from __future__ import annotations

import subprocess
import sys
import tomllib

from tests.conftest import ROOT
from village_credit.cli.refusals import EXTRAS, refusal_of

WITHOUT = ("prefect", "apprise", "fastapi", "sqlalchemy", "xlwt", "shapely", "marimo")
RUNS = """import sys
for name in {without!r}:
    sys.modules[name] = None
from village_credit import cli
from village_credit.services.approval import approve, publish, rollback
from village_credit.services.queries import explain, verify
from village_credit.services.scoring import stage
sys.exit(cli.main(["synthesize", "--out", "x", "--as-of", "2026-11-01"]))
"""


def test_what_signs_and_publishes_runs_without_any_extra_and_says_which_one_a_verb_needs():
    done = subprocess.run(
        [sys.executable, "-c", RUNS.format(without=WITHOUT)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr.endswith('xlwt is not installed here: `pip install "village-credit[synthetic]"`\n')


def test_every_extra_is_declared_and_each_of_its_modules_is_known():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(EXTRAS.values()) == set(declared["optional-dependencies"])
    needed = [line for lines in (declared["dependencies"],) for line in lines]
    assert [line for line in needed if line.split(">")[0].split("[")[0] in EXTRAS] == []


def test_a_module_that_is_no_extra_s_is_a_fault_of_ours():
    assert refusal_of(ModuleNotFoundError("No module named 'x'", name="x")) is None
