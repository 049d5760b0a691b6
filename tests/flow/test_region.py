"""What a region-wide bank delivers once counts in each county; a branch whose code changes keeps its lines."""

from __future__ import annotations

import csv
import json
import logging
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipelines import steps
from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, Scored, copy_of, new_store, put_in_force, score_into
from village_credit.errors import MissingInput, UsageError
from village_credit.extract.inbox import list_inbox
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.publications import publications
from village_credit.services.servicing.acknowledge import Acknowledged, acknowledge
from village_credit.synthetic.identities import ID_CHECKS, ID_WEIGHTS

REGION, LATER = "650000", date(2026, 12, 1)
FOREIGN = "0999,他县分社,653199100,0399\n"
SAME = ("household_key", "decision", "limit_yuan", "reason_codes")


def region_inbox(quiet: Scored, folder: Path) -> Path:
    """The quiet county's inbox, but all that the bank delivers lies in the region's folder."""
    inbox = folder / "inbox"
    shutil.copytree(quiet.inbox, inbox)
    (inbox / REGION).mkdir()
    shutil.move(inbox / COUNTY_OF_TESTS / "信用社", inbox / REGION / "信用社")
    return inbox


@pytest.fixture(scope="module")
def shared(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """The same county out of such an inbox, with a branch of another county and a register where none belongs."""
    folder = tmp_path_factory.mktemp("region")
    inbox = region_inbox(quiet, folder)
    branches = inbox / REGION / "信用社" / "机构.csv"
    branches.write_text(branches.read_text("utf-8-sig") + FOREIGN, "utf-8-sig")
    register = "CBFBM,CBFLX,CBFMC,CBFZJLX,CBFZJHM,CBFDZ\n653199100201010001,1,某某,1,,某处\n"
    (inbox / REGION / "承包方.csv").write_text(register, "utf-8")
    shutil.copy(quiet.store.root.parent / "keys", folder / "keys")
    return score_into(new_store(folder), inbox, COUNTY_OF_TESTS)


def decided(scored: Scored) -> list[dict[str, Any]]:
    path = scored.store.run_folder(scored.run.run_id) / "decisions.parquet"
    return pq.read_table(path, columns=list(SAME)).to_pylist()


def test_a_list_of_the_region_counts_as_one_of_the_county_does(quiet: Scored, shared: Scored):
    assert decided(shared) == decided(quiet)
    branches = pq.read_table(shared.store.run_folder(shared.run.run_id) / "branches.parquet")
    assert "0999" not in branches.column("branch_code").to_pylist()


def test_a_table_of_one_county_in_the_region_s_folder_is_refused_by_name(shared: Scored):
    ((file, why),) = [(item["file"], item["why"]) for item in shared.run.rejected]
    assert file == f"{REGION}/承包方.csv"
    assert why.startswith("NOT_REGION_WIDE: ")


def test_a_region_s_list_is_frozen_under_its_place(shared: Scored):
    names = [item["file_name"] for item in shared.store.manifest(shared.run.run_id)["inputs"]]
    assert f"{REGION}/信用社/风险部/关系人.csv" in names


def test_a_region_s_folder_within_a_county_s_is_named(tmp_path: Path):
    (tmp_path / COUNTY_OF_TESTS / REGION).mkdir(parents=True)
    (tmp_path / COUNTY_OF_TESTS / REGION / "关系人.csv").write_text("x")
    with pytest.raises(MissingInput, match="lies beside it, in 650000/"):
        list_inbox(tmp_path, COUNTY_OF_TESTS)


def test_a_region_s_folder_is_no_county_of_the_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(steps, "get_run_logger", logging.getLogger)
    for name in (REGION, COUNTY_OF_TESTS):
        (tmp_path / name).mkdir()
    assert steps.counties_of.fn(str(tmp_path)) == [COUNTY_OF_TESTS]


@pytest.fixture(scope="module")
def moved(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """The published county a month later, when 0071 has become 6571 and its first branches' list is still the old."""
    scored = copy_of(quiet, tmp_path_factory.mktemp("moved"))
    inbox = region_inbox(quiet, scored.store.root.parent)
    text = "原机构号,现机构号,变更日期\n0071,6571,2026-11-25\n"
    (inbox / REGION / "机构号变更2026.csv").write_text(text, "utf-8")
    later = score_into(scored.store, inbox, COUNTY_OF_TESTS, LATER)
    put_in_force(scored.store, later.run.run_id)
    return later


def packages(scored: Scored, place: int) -> dict[str, Path]:
    told = publications(Ledger.of(scored.store))[place].publication_id
    found = (scored.store.root / "outbox" / COUNTY_OF_TESTS / told).glob("*/manifest.json")
    return {json.loads(path.read_text("utf-8")).get("branch_code"): path.parent for path in found}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_lines_survive_a_new_code_and_stand_in_the_register_under_it(moved: Scored):
    before, now = packages(moved, 0), packages(moved, 1)
    assert {"0071"} == set(before) - set(now)
    assert {"6571"} == set(now) - set(before)
    kept, new = (open_lines(of / "register.csv") for of in (before["0071"], now["6571"]))
    acted = {line(row): row["action"] for row in rows(now["6571"] / "limits.csv")}
    assert len(kept) > 50
    assert kept - new <= set(acted)  # who is no longer there was told
    assert "grant" not in {acted.get(one) for one in kept}
    assert len(acted) < len(kept) / 2  # and most have nothing to be told: their line goes on


def open_lines(path: Path) -> set[tuple[str, str]]:
    return {line(row) for row in rows(path) if row["state"] == "open"}


def line(row: dict[str, str]) -> tuple[str, str]:
    return row["身份证号码"].strip(), row["product"]


def answer(scored: Scored, folder: Path, branch: str) -> Acknowledged:
    """A receipt for the first publication's package, from the branch by a code."""
    first = packages(scored, 0)["0071"]
    told = publications(Ledger.of(scored.store))[0].publication_id
    (row, *_) = rows(first / "limits.csv")
    path = folder / f"receipt_{branch}.csv"
    header = "publication_id,household_ref,outcome,reason,at,branch_limit_yuan"
    path.write_text(f"{header}\n{told},{row['household_ref']},imported,,2026-11-05,\n", "utf-8")
    return acknowledge(scored.store, path, "6006", MODELS / "limit_policy.toml", branch_code=branch)


@pytest.mark.parametrize(("branch", "lines"), [("0071", 1), ("0072", 0)])
def test_before_the_change_a_receipt_counts_from_its_own_branch_alone(
    quiet: Scored, tmp_path: Path, branch: str, lines: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("village_credit.services.servicing.receipt_rules.today", lambda: LATER)
    done = answer(copy_of(quiet, tmp_path), tmp_path, branch)
    assert len(done.findings) == 1 - lines
    with pytest.raises(UsageError, match="no such 机构号"):
        answer(copy_of(quiet, tmp_path / "other"), tmp_path, "6571")


@pytest.mark.parametrize("branch", ["0071", "6571"])
def test_after_it_a_branch_answers_under_either_code(
    quiet: Scored, moved: Scored, tmp_path: Path, branch: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("village_credit.services.servicing.receipt_rules.today", lambda: LATER)
    store = copy_of(quiet, tmp_path)  # published once; the run that knows of the change is staged only
    known = score_into(store.store, moved.inbox, COUNTY_OF_TESTS, LATER)
    assert known.run.as_of == LATER.isoformat() != AS_OF.isoformat()
    assert answer(store, tmp_path, branch).findings == []


def test_a_shared_list_s_faults_weigh_as_they_would_in_the_county_s_own(quiet: Scored, tmp_path: Path):
    """The people of other counties on it make no fault smaller."""
    shares = {}
    for name, others in (("own", 0), ("shared", 400)):
        folder = tmp_path / name
        folder.mkdir()
        inbox = region_inbox(quiet, folder)
        path = inbox / REGION / "信用社" / "风险部" / "负面清单.csv"
        text = path.read_text("utf-8-sig")
        person, name_of = text.split("\n")[1].split(",")[:2]
        bad = f"{person},{name_of},失信被执行人,F01,示例1号,去年,,\n"  # of somebody here, and no day
        foreign = "".join(f"{number},外县人,失信被执行人,F01,示例2号,2026-02-01,,\n" for number in numbers(others))
        path.write_text(text + bad + foreign, "utf-8-sig")
        scored = score_into(new_store(folder), inbox, COUNTY_OF_TESTS)
        shares[name] = next(gate["value"] for gate in scored.run.gates if gate["gate"] == "adverse_rows")
    assert shares["own"] == shares["shared"] > 0


def test_another_region_s_folder_within_one_is_named(tmp_path: Path):
    (tmp_path / COUNTY_OF_TESTS).mkdir()
    (tmp_path / COUNTY_OF_TESTS / "关系人.csv").write_text("x")
    (tmp_path / REGION / "530000").mkdir(parents=True)
    (tmp_path / REGION / "530000" / "关系人.csv").write_text("x")
    with pytest.raises(MissingInput, match="has another region's folder in it"):
        list_inbox(tmp_path, COUNTY_OF_TESTS)


def numbers(count: int) -> list[str]:
    """Whole ID numbers of people of another county."""
    bodies = [f"653199{1950 + n % 50}0{1 + n % 9}1{n % 10}{n:03d}" for n in range(count)]
    return [body + ID_CHECKS[sum(w * int(d) for w, d in zip(ID_WEIGHTS, body, strict=True)) % 11] for body in bodies]
