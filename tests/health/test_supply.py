"""The tools of the supply chain can fail: a list that lacks something, and a secret that nobody explained, are refused.

They stand in an environment of their own, which `make sbom` or `make secrets` makes; without it these say so.
"""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

TOOLS = ROOT / ".venv-supply" / "bin" / "python"
pytestmark = pytest.mark.skipif(not TOOLS.is_file(), reason="the tools of `make sbom` and `make secrets` are not here")
LOCK = f"""numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:{"1" * 64} \\
    --hash=sha256:{"2" * 64}
xlsxwriter==3.2.9 \\
    --hash=sha256:{"3" * 64}
"""
LISTS = """import json, sys
from pathlib import Path
from supply import sbom
lock, packages = Path(sys.argv[1]), Path(sys.argv[2])
print(json.dumps(sbom.bill(lock, packages), sort_keys=True))
"""
JUDGES = """import json, sys
from pathlib import Path
from supply.sbom import faults
lock = Path(sys.argv[1]).read_text("utf-8")
print(json.dumps([faults(json.dumps(said), lock) for said in json.load(sys.stdin)]))
"""
SEARCHES = """import json, sys
from pathlib import Path
from supply.secrets import search
print(json.dumps(sorted(search([sys.argv[2], "nothing.txt"], Path(sys.argv[1])).values())))
"""


def tool(code: str, *words: str, text: str = "") -> str:
    done = subprocess.run(
        [str(TOOLS), "-c", code, *words], cwd=ROOT, input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_list_has_each_package_with_hashes_licence_and_machines_and_is_judged_against_the_lock(tmp_path: Path):
    lock = tmp_path / "requirements.lock"
    lock.write_text(LOCK, encoding="utf-8")
    (packages,) = (ROOT / ".venv" / "lib").glob("python3.*/site-packages")
    said = json.loads(tool(LISTS, str(lock), str(packages)))
    numpy, xlsxwriter = said["components"]
    assert (numpy["purl"], numpy["scope"]) == ("pkg:pypi/numpy@2.4.6", "required")
    assert [one["content"][0] for one in numpy["externalReferences"][0]["hashes"]] == ["1", "2"]
    assert {"name": "village-credit:marker", "value": "python_full_version < '3.12'"} in numpy["properties"]
    assert {"name": "village-credit:part:core", "value": "needed"} in xlsxwriter["properties"]

    shorter = said | {"components": [numpy]}
    unsound = said | {"components": [numpy | {"type": "nonsense"}, xlsxwriter]}
    whole, lacks, refused = json.loads(tool(JUDGES, str(lock), text=json.dumps([said, shorter, unsound])))
    assert whole == []
    assert lacks == ["xlsxwriter 3.2.9: not alike in the list and in the lock"]
    assert refused[0].startswith("the list is no CycloneDX 1.6: ")


def test_what_is_planted_is_found_and_a_synthetic_county_s_people_are_not(tmp_path: Path):
    (tmp_path / "nothing.txt").write_text("659900198001010011 网点 0001\n", encoding="utf-8")
    said = tomllib.loads((ROOT / "supply" / "secrets.toml").read_text(encoding="utf-8"))
    assert len(said["planted"]) >= 7
    planted = next(one for one in said["planted"] if one["kind"] == "Resident ID number")
    (tmp_path / "list.csv").write_text("".join(planted["pieces"]) + "\n", encoding="utf-8")
    assert json.loads(tool(SEARCHES, str(tmp_path), "list.csv")) == ["Resident ID number, line 1"]


def test_every_explanation_says_why_and_of_which_file():
    said = tomllib.loads((ROOT / "supply" / "secrets.toml").read_text(encoding="utf-8"))
    for entry in (*said["known"], *said["left_out"]):
        assert len(entry["reason"]) > 20
        assert (ROOT / entry["path"]).exists(), entry["path"]
