"""The evidence of a run and of a scorecard: every clause is answered, from fields that are there; nobody is told."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.browser import browser
from tests.conftest import MODELS, SIGNER, Scored, copy_of
from tests.flow.test_privacy import secrets
from tests.looked_at import asked_elsewhere, look, look_on_paper, paper_of
from village_credit.cli import main
from village_credit.errors import UsageError, VerificationFailed
from village_credit.ledger.erasures import day_of
from village_credit.ledger.ledger import Ledger
from village_credit.report import answers
from village_credit.report.clauses import AnswerText, Clause, Figure, Law, answer_texts, laws
from village_credit.score.statistics import LEAST_GROUP
from village_credit.services.approval.withdraw import withdraw
from village_credit.services.queries import evidence

MADE_OF_CANDIDATE = "assessment"


def clauses(found: evidence.Evidence) -> Iterator[answers.Answered]:
    return (clause for law in found.laws for clause in law.clauses)


@pytest.fixture(scope="module")
def of_run(published: Scored) -> evidence.Evidence:
    return evidence.evidence_of_run(published.store, published.run.run_id)


@pytest.fixture(scope="module")
def of_model() -> evidence.Evidence:
    return evidence.evidence_of_model(MODELS)


def test_every_clause_of_a_published_run_is_answered_and_no_field_has_vanished(of_run: evidence.Evidence):
    found = list(clauses(of_run))
    assert len(found) == sum(len(law.clauses) for law in laws())
    assert [clause.topic for clause in found if not clause.answers and clause.theirs is None] == []
    assert [(one.name, one.lacking) for clause in found for one in clause.answers if one.lacking] == []
    assert all(one.sentence and one.figures for clause in found for one in clause.answers)
    assert all(told.file and told.figure for clause in found for one in clause.answers for told in one.figures)
    named = {one.name for clause in found for one in clause.answers}
    assert {figure.source for name in named for figure in answer_texts()[name].read().values()} >= {
        *("manifest", "ledger", "policy", "scorecard", "act.stage", "act.approve", "act.publish", "table.gates")
    }


def test_every_clause_of_a_scorecard_is_answered_but_for_its_assessment_which_it_asks_for(of_model: evidence.Evidence):
    found = list(clauses(of_model))
    assert [clause.topic for clause in found if not clause.answers and clause.theirs is None] == []
    lacking = {one.lacking.split(".")[0] for clause in found for one in clause.answers if one.lacking}
    assert lacking == {MADE_OF_CANDIDATE}
    assert all("assess-model" in one.sentence for clause in found for one in clause.answers if one.lacking)
    assert of_model.clauses["open"] > 0


def test_a_run_that_nobody_signed_says_that_and_what_to_do(staged: Scored):
    found = evidence.evidence_of_run(staged.store, staged.run.run_id)
    lacking = {one.name: one.sentence for clause in clauses(found) for one in clause.answers if one.lacking}
    assert set(lacking) == {"approved", "published", "proof"}
    assert "尚未签批" in lacking["approved"]


def test_figures_are_those_of_the_tables(of_run: evidence.Evidence, published: Scored):
    folder = published.store.run_folder(published.run.run_id)
    told = {one.name: one for clause in clauses(of_run) for one in clause.answers}
    verdicts = pq.read_table(folder / "gates.parquet")["verdict"].to_pylist()
    assert f"通过 {verdicts.count('pass')}" in told["gates"].sentence
    manual = pc.sum(pc.equal(pq.read_table(folder / "decisions.parquet")["decision"], "manual_review")).as_py()
    assert manual >= LEAST_GROUP
    assert f"转人工复核 {manual:,} 条" in told["human"].sentence
    assert told["gates"].figures[0].file == f"runs/{published.run.run_id}/gates.parquet"
    assert published.store.manifest(published.run.run_id)["versions"]["policy_sha256"] in told["made_of"].sentence


def test_the_same_run_has_the_same_page_and_it_needs_nothing_beside_it(of_run: evidence.Evidence, published: Scored):
    assert evidence.evidence_of_run(published.store, published.run.run_id) == of_run
    assert not re.search(r"https?://|<script|<link|@import", of_run.page)
    for clause in clauses(of_run):
        assert clause.topic in of_run.page
    assert "条号待合规部门核填" in of_run.page


@pytest.mark.browser
def test_a_browser_reads_and_prints_it_at_every_width(
    of_run: evidence.Evidence, of_model: evidence.Evidence, tmp_path: Path
):
    with browser(tmp_path) as tab:
        for found, width in product((of_run, of_model), (1400, 390)):
            page = tmp_path / "evidence.html"
            page.write_text(found.page, "utf-8")
            tab.width(width)
            tab.open(page)
            assert look(tab, width, colours=width == 390) == {}, width
            assert look_on_paper(tab) == {}
        assert paper_of(tab, tmp_path / "page.pdf") == {(595, 842)}
        assert (tab.complaints, asked_elsewhere(tab)) == ([], set())


def test_nobody_of_a_delivery_stands_in_it(delivery: Scored):
    found = evidence.evidence_of_run(delivery.store, delivery.run.run_id)
    text = json.dumps(asdict(found), ensure_ascii=False)
    assert [secret for secret in secrets() if secret in text] == []
    assert not re.search(r"[ht][a-z2-7]{26}", text)


def test_a_run_that_is_not_what_was_sealed_answers_nothing(published: Scored, tmp_path: Path):
    scored = copy_of(published, tmp_path)
    folder = scored.store.run_folder(scored.run.run_id)
    gates = folder / "gates.parquet"
    whole = gates.read_bytes()
    gates.chmod(0o644)
    gates.write_bytes(whole + b" ")
    command = ["evidence", scored.run.run_id, "--store", str(scored.store.root), "--out", str(tmp_path / "page.html")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
        assert main(command) == 6
        assert not (tmp_path / "page.html").exists()
        gates.write_bytes(whole)
        assert main(command) == 0
    manifest = folder / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(VerificationFailed, match="not what was staged"):
        evidence.evidence_of_run(scored.store, scored.run.run_id)


def test_a_page_is_not_written_over_and_data_alone_writes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    folder = shutil.copytree(MODELS, tmp_path / "candidate")
    assert main(["evidence", "candidate", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["kind"], said["page"]) == ("model", None)
    told = [clause["theirs"] for law in said["laws"] for clause in law["clauses"] if clause["state"] == "theirs"]
    assert told
    assert all(set(one) == {"who", "why"} for one in told)
    assert list(tmp_path.glob("*.html")) == []
    assert main(["evidence", "candidate"]) == 0
    (page,) = tmp_path.glob("*.evidence.html")
    assert said["name"] in page.read_text("utf-8")
    assert main(["evidence", str(folder)]) == 2
    assert main(["evidence", str(folder), "--force"]) == 0
    with pytest.raises(UsageError, match="neither"):
        evidence.evidence_of_model(tmp_path / "nothing")


def test_an_assessment_of_another_content_answers_nothing(tmp_path: Path):
    folder = shutil.copytree(MODELS, tmp_path / "candidate")
    card = json.loads(next(folder.glob("*.scorecard.json")).read_text("utf-8"))
    beside = folder / f"{card['model_id']}.assessment.json"
    said = {"content_sha256": card["content_sha256"], "concerns": [["look", "看"]]}
    for content, lacking in ((said, False), (said | {"content_sha256": "0" * 64}, True)):
        beside.write_text(json.dumps(content), "utf-8")
        found = evidence.evidence_of_model(folder)
        (told,) = {one.lacking for clause in clauses(found) for one in clause.answers if one.name == "concerns"}
        assert (told is not None) is lacking


def subject(rows: pa.Table) -> answers.Subject:
    return answers.Subject("run", "r", {}, {"table.decisions": answers.Source("decisions.parquet", rows)})


@pytest.mark.parametrize(
    ("manual", "others", "told"), [(30, 30, "30"), (29, 100, None), (100, 29, None), (0, 100, "0"), (100, 0, "100")]
)
def test_few_households_or_all_but_few_are_not_told(manual: int, others: int, told: str | None):
    rows = pa.table({"decision": ["manual_review"] * manual + ["granted"] * others})
    for reading in ("among:manual_review", "counts"):
        found = answers.read_figure(Figure.of(f"{reading} table.decisions.decision"), subject(rows)).figure
        hidden = answers.HIDDEN in found
        assert hidden is (told is None), found
        assert told is None or re.search(rf"\b{told}\b", found) or not manual


def test_a_clause_that_nothing_answers_is_refused_when_laws_are_read():
    asked = {"number": "1", "topic": "x", "asks": "y"}
    theirs = {"who": "somebody", "why": "it is theirs"}
    assert Clause(**asked, run=("gates",), theirs=theirs | {"of": "model"}).theirs_of("run") is None
    for said in ({"run": ("gates",)}, {"run": ("gates",), "theirs": theirs | {"of": "run"}}, {}):
        with pytest.raises(ValueError, match="nothing answers it"):
            Clause(**asked, **said)
    with pytest.raises(ValueError, match="no such answer: nowhere"):
        Law(place=9, title="x", text_had="y", clauses=[Clause(**asked, run=("nowhere",), model=("gates",))])


def test_a_field_that_no_table_has_and_a_household_s_own_figure_are_refused_when_answers_are_read():
    kept = {"says": "{x}", "lacking": "score again"}
    with pytest.raises(ValueError, match="has no column"):
        AnswerText(**kept, figures={"x": "counts table.gates.nothing"})
    with pytest.raises(ValueError, match="tell of one household"):
        AnswerText(**kept, figures={"x": "most table.decisions.limit_yuan"})
    with pytest.raises(ValueError, match="has places"):
        AnswerText(**kept, figures={"y": "counts table.gates.verdict"})


def test_a_vanished_field_is_named_with_what_to_do():
    bare = answers.Subject("run", "r", {}, {"manifest": answers.Source("manifest.json", {"versions": {}})})
    for name in ("made_of", "gates", "approved"):
        found = answers.answer(name, bare)
        assert found.lacking
        assert found.sentence == answer_texts()[name].lacking
    assert answers.answer("signers", bare).sentence == answers.ABSENT["scorecard"]  # not: nobody signed it


def test_a_run_that_was_withdrawn_says_so_and_keeps_its_acts(published: Scored, tmp_path: Path):
    scored = copy_of(published, tmp_path)
    withdraw(scored.store, scored.county_code, SIGNER, "the policy was wrong")
    found = evidence.evidence_of_run(scored.store, scored.run.run_id)
    act = Ledger.of(scored.store)[-1]
    assert found.about["状态"] == f"已撤回（{day_of(act)}，台账链第 {act.number} 号）"
    told = {one.name: one.sentence for clause in clauses(found) for one in clause.answers}
    assert "withdraw 1" in told["stop"]
    assert "发布" in told["published"]
