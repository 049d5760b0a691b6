"""The workshop as its users walk it: train, assess, sign by three, score; and what it refuses."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.browser import browser
from tests.card_page import read_page, score_of
from tests.conftest import AS_OF, MODELS, new_store, request_of
from tests.looked_at import asked_elsewhere, look, look_on_paper, paper_of
from village_credit.cli import main
from village_credit.errors import GateRefused, MissingInput, ModelRefused, RunConflict, UsageError
from village_credit.features.build import build_features
from village_credit.features.leaks import altered_later
from village_credit.policy.least_defaults import least_defaults
from village_credit.policy.model import load_policy
from village_credit.score.apply import score as score_features
from village_credit.score.scorecard import Scorecard
from village_credit.services.modelling import observations as histories
from village_credit.services.modelling import reach
from village_credit.services.modelling import train as act
from village_credit.services.modelling.assess import _concerns as concerns
from village_credit.services.modelling.assess import assess_model
from village_credit.services.modelling.sign import read_candidate, sign_model
from village_credit.services.modelling.train import train_candidate
from village_credit.services.queries.evidence import evidence_of_model
from village_credit.services.scoring import stage as score
from village_credit.synthetic import synthesize
from village_credit.training.train import History

COUNTY = "659900"
POLICY = MODELS / "limit_policy.toml"


@dataclass(frozen=True)
class Workshop:
    histories: list[Path]
    folder: Path
    card: Scorecard
    inbox: Path
    policy: Path


def policy_of_few(folder: Path, least: int = 50) -> Path:
    """The policy, which lets so few defaults teach."""
    text = POLICY.read_text(encoding="utf-8")
    path = folder / "limit_policy.toml"
    path.write_text(
        text.replace('"least_training_defaults", value = 100', f'"least_training_defaults", value = {least}'), "utf-8"
    )
    return path


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A candidate from three small years of a synthetic county."""
    place = tmp_path_factory.mktemp("workshop")
    synthesize(place / "inbox", COUNTY, 8, 800, 3, AS_OF, "none", history=True)
    days = sorted((place / "history").iterdir())
    policy = policy_of_few(place)
    card, _ = train_candidate(days, [COUNTY], "candidate", date(2026, 1, 1), place / "candidate", policy)
    return Workshop(days, place / "candidate", card, place / "inbox", policy)


@pytest.fixture(scope="module")
def assessed(workshop: Workshop) -> dict:
    """Its evidence, with itself as the challenger: figures as stored."""
    found = assess_model(workshop.folder, POLICY, challenger=workshop.folder)
    return json.loads(Path(found.figures).read_text(encoding="utf-8"))


def test_the_evidence_of_a_judged_candidate_lacks_nothing_but_its_signatures(workshop: Workshop, assessed: dict):
    found = evidence_of_model(workshop.folder)
    answers = [one for law in found.laws for clause in law.clauses for one in clause.answers]
    assert {one.name for one in answers if one.lacking} == {"signers"}
    auc = next(row["value"] for row in assessed["out_of_village"] if row["figure"] == "auc")
    assert any(f"AUC {auc:.4g}" in one.sentence for one in answers if one.name == "discrimination")


def test_two_trainings_from_the_same_inputs_give_the_same_bytes(workshop: Workshop, tmp_path: Path):
    # in the other order, too
    train_candidate(workshop.histories[::-1], [COUNTY], "candidate", date(2026, 1, 1), tmp_path, workshop.policy)
    name = "candidate.scorecard.json"
    assert (tmp_path / name).read_bytes() == (workshop.folder / name).read_bytes()


def test_the_card_says_where_it_comes_from(workshop: Workshop):
    training = workshop.card.training
    assert training.windows == [folder.name for folder in workshop.histories]
    assert training.outcomes["never_drawn"] > 0
    assert training.rows == sum(
        training.outcomes[name] for name in ("drawn_repaid", "late", "relief_extended", "overdue_with_proof", "overdue")
    )
    assert training.bads == training.outcomes["overdue"]
    assert training.input_hashes


@pytest.fixture(scope="module")
def observed(workshop: Workshop) -> histories.Observation:
    return histories.observe(workshop.histories[-1], COUNTY)


def test_what_a_declared_window_excuses_is_no_default_in_training(
    workshop: Workshop, observed: histories.Observation, tmp_path: Path
):
    folder = tmp_path / workshop.histories[-1].name
    shutil.copytree(workshop.histories[-1], folder)
    (folder / "relief").mkdir()
    day = observed.day
    text = (
        f'cause = "epidemic"\narea_codes = ["{COUNTY}"]\nfrom = {day + timedelta(days=1)}\nto = '
        f'{day.replace(year=day.year + 1)}\ndocument = "(虚构)1号"\n'
    )
    (folder / "relief" / "epidemic.toml").write_text(text, encoding="utf-8")
    told = histories.observe(folder, COUNTY)
    before = dict(zip(*(observed.outcomes.column(name).to_pylist() for name in ("unit_code", "is_bad")), strict=True))
    after = dict(zip(*(told.outcomes.column(name).to_pylist() for name in ("unit_code", "is_bad")), strict=True))
    assert sum(1 for is_bad in before.values() if is_bad) > 3
    assert not any(is_bad for is_bad in after.values())  # every default of the year began in it
    assert {unit for unit, is_bad in before.items() if is_bad is False} <= {
        unit for unit, is_bad in after.items() if is_bad is False
    }
    assert [
        name for name in told.features.column_names if not told.features[name].equals(observed.features[name])
    ] == []  # on the day itself the window had not begun
    assert len(told.input_hashes) == len(observed.input_hashes) + 1


def test_altering_every_row_dated_after_the_day_changes_no_byte_of_the_features(observed: histories.Observation):
    # rows after the day are planted: the offices deliver none
    facts = dict(observed.intake.facts)
    books = facts["books"]
    later = books.set_column(
        books.column_names.index("year"),
        "year",
        pa.array([observed.day.year] * books.num_rows, books.schema.field("year").type),
    )
    facts["books"] = pa.concat_tables([books, later])
    before = build_features(facts, observed.day)
    assert before.equals(build_features(altered_later(facts, observed.day), observed.day))
    assert before.equals(observed.features)


def test_a_feature_that_sees_the_future_stops_the_training(workshop: Workshop, monkeypatch: pytest.MonkeyPatch):
    def leaking(facts: dict[str, pa.Table], as_of: date) -> pa.Table:
        known = build_features(facts, as_of)
        total = sum(value or 0 for value in facts["conducts"].column("max_days_overdue").to_pylist())
        return known.set_column(1, known.column_names[1], pa.array([float(total)] * known.num_rows))

    monkeypatch.setattr(histories, "build_features", leaking)
    # the conduct of the year after, as a careless join would bring it in
    plain = histories.take_in

    def taken_in(*words):
        intake = plain(*words)
        conducts = intake.facts["conducts"]
        later = conducts.set_column(
            conducts.column_names.index("cutoff_on"),
            "cutoff_on",
            pa.array([date(2030, 1, 1)] * conducts.num_rows, pa.date32()),
        )
        intake.facts["conducts"] = pa.concat_tables([conducts, later])
        return intake

    monkeypatch.setattr(histories, "take_in", taken_in)
    with pytest.raises(ModelRefused, match="see the future"):
        histories.observe(workshop.histories[0], COUNTY)


def test_a_feature_that_tells_the_shape_of_names_stops_the_training(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def telling(observations: list[histories.Observation]) -> np.ndarray:
        matrix = histories.feature_matrix(observations)
        matrix[:, 1] = histories.long_names(observations)
        return matrix

    monkeypatch.setattr(act, "feature_matrix", telling)
    with pytest.raises(ModelRefused, match=r"crop_count .AUC 1.00.*shape of names"):
        train_candidate(workshop.histories[:1], [COUNTY], "candidate", date(2026, 1, 1), tmp_path, workshop.policy)
    assert not list(tmp_path.iterdir())


def test_a_history_with_fewer_defaults_than_the_policy_asks_for_is_refused(
    workshop: Workshop, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(act, "observe_all", lambda *_: [])
    monkeypatch.setattr(act, "_refuse_proxies", lambda _: None)
    monkeypatch.setattr(act, "of_last_day", lambda _: [])
    bads = workshop.card.training.bads
    rows = workshop.card.training.rows
    counted = History(np.zeros((rows, 1)), np.arange(rows) < bads, np.full(rows, "v"), np.zeros(rows, int), [], {}, [])
    monkeypatch.setattr(act, "to_history", lambda _: counted)
    policy = policy_of_few(tmp_path, bads + 1)
    words = [
        "train",
        "--valid-from",
        "2026-01-01",
        "--history",
        str(workshop.histories[0]),
        "--out",
        str(tmp_path / "o"),
        "--policy",
        str(policy),
    ]
    assert main([*words, "--store", str(tmp_path / "s")]) == 7
    told = capsys.readouterr().err
    assert f"{bads} defaults among them; the policy asks for {bads + 1} at least (least_training_defaults)" in told
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("model_id", "sentence"), [("c1", "a model is named by"), ("A B", "a model is named by"), ("good", "named twice")]
)
def test_a_name_that_no_model_has_and_a_history_told_twice_are_refused_before_anything_is_read(
    tmp_path: Path, model_id: str, sentence: str
):
    folders = [tmp_path / "2024-11-01", tmp_path / "other" / ".." / "2024-11-01"]
    with pytest.raises(UsageError, match=sentence):
        train_candidate(folders, [COUNTY], model_id, None, tmp_path / "out", POLICY)
    assert not (tmp_path / "out").exists()


def test_a_policy_that_names_no_least_number_takes_any_history_with_both_kinds(tmp_path: Path):
    text = POLICY.read_text(encoding="utf-8")
    left_out = "".join(line for line in text.splitlines(keepends=True) if "least_training_defaults" not in line)
    assert least_defaults(load_policy(left_out).in_force(AS_OF, COUNTY)) == 1
    assert least_defaults(load_policy(text).in_force(AS_OF, COUNTY)) == 100


def test_counties_are_observed_together_each_on_the_days_that_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(histories, "observe", lambda folder, county: (folder.name, county))
    for day, counties in (("2024-11-01", ["659900"]), ("2025-11-01", ["659900", "653199"])):
        for county in counties:
            (tmp_path / day / "inbox" / county).mkdir(parents=True)
    days = sorted(tmp_path.iterdir())
    found = histories.observe_all(days[::-1], ["659900", "653199"])
    assert found == [("2024-11-01", "659900"), ("2025-11-01", "653199"), ("2025-11-01", "659900")]
    with pytest.raises(MissingInput, match="county 653122 is in no history folder"):
        histories.observe_all(days, ["659900", "653122"])
    (tmp_path / "2025-11-01" / "inbox" / "653122").mkdir()
    with pytest.raises(MissingInput, match="2024-11-01: inbox/ has none of the counties 653122, 653199"):
        histories.observe_all(days, ["653199", "653122"])


def test_two_counties_of_one_day_are_one_window(observed: histories.Observation):
    other = dataclasses.replace(observed, county_code="653199")
    earlier = dataclasses.replace(observed, day=observed.day.replace(year=observed.day.year - 1))
    history = histories.to_history([earlier, observed, other])
    rows = len(history.is_bad) // 3
    assert history.windows == [earlier.day.isoformat(), observed.day.isoformat()]
    assert np.bincount(history.window).tolist() == [rows, 2 * rows]
    assert histories.of_last_day([earlier, observed, other]) == [observed, other]


# the page


@pytest.mark.parametrize("name", ["card", "assessment"])
def test_a_thousand_scores_are_added_up_from_the_page(workshop: Workshop, assessed, name: str):
    page = read_page((workshop.folder / f"candidate.{name}.html").read_text(encoding="utf-8"))
    assert set(page.points) == {feature.name for feature in workshop.card.features}
    chance = np.random.default_rng(0)
    edges = {f.name: [b.below for b in f.bins if b.below is not None] or [0.0] for f in workshop.card.features}
    rows = [
        {
            name: None
            if chance.random() < 0.15
            else float(chance.choice(edge) + chance.choice([0.0, -1e-9, 1.0, -1.0]))
            for name, edge in edges.items()
        }
        for _ in range(1000)
    ]
    columns = {name: pa.array([row[name] for row in rows], pa.float64()) for name in edges}
    given = score_features(pa.table({"unit_code": [f"u{n:05d}" for n in range(1000)], **columns}), workshop.card)
    per_million = {int(level): int(ppm) for level, ppm in page.levels}
    for row, points, ppm in zip(
        rows,
        given.scores.column("points").to_pylist(),
        given.scores.column("default_probability_ppm").to_pylist(),
        strict=True,
    ):
        total = score_of(page, row)
        assert total == points
        assert per_million[total] == ppm


def test_the_page_opens_without_a_network_and_names_what_a_committee_asks(workshop: Workshop, assessed):
    text = (workshop.folder / "candidate.assessment.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|<script|<link|@import", text)
    for words in (
        "区分度",
        "校准",
        "提升度",
        "稳定性",
        "公平性",
        "代理特征",
        "挑战者",
        "评分表",
        "只有用过信的农户才有还款结果",
        "若从未用信者也有结果（敏感度）",
        "各县与各乡镇的校准与稳定性",
        "不够单独建卡",
        "离这个合成世界的上限还有多远",
        "SYNTHETIC",
    ):
        assert words in text


@pytest.mark.browser
def test_a_browser_draws_the_evidence_for_everybody_and_no_drawing_cuts_a_word(
    workshop: Workshop, assessed, tmp_path: Path
):
    cut = """[...document.querySelectorAll("svg text")].filter(one => {
        const word = one.getBoundingClientRect(), place = one.ownerSVGElement.getBoundingClientRect();
        return word.left < place.left - 1 || word.right > place.right + 1 }).map(one => one.textContent)"""
    page = workshop.folder / "candidate.assessment.html"
    with browser(tmp_path) as tab:
        for width in (1400, 390):
            tab.width(width)
            tab.open(page)
            assert look(tab, width, colours=width == 390) == {}, width
            assert tab.run(cut) == []
        assert look_on_paper(tab) == {}
        tab.call("Emulation.setEmulatedMedia", media="print")
        assert tab.run(cut) == []
        assert paper_of(tab, tmp_path / "page.pdf") == {(595, 842)}
        rendered = tab.run("document.documentElement.outerHTML")
        assert (tab.complaints, asked_elsewhere(tab)) == ([], set())
    assert rendered.count("<polyline") >= 4
    assert read_page(rendered).points == read_page(page.read_text(encoding="utf-8")).points


# the evidence


def test_the_evidence_says_how_far_it_reaches(assessed):
    first, *others = assessed["selection"]
    assert first["assumption"] == "drawn_only"
    assert len(others) == 5
    assert assessed["selection_spread"]["bad_rate"][0] < assessed["selection_spread"]["bad_rate"][1]
    (county,) = [row for row in assessed["places"] if row["kind"] == "county"]
    assert (county["place"], county["psi"]) == (COUNTY, None)
    assert county["loans"] == sum(row["loans"] for row in assessed["places"] if row["kind"] == "township")
    assert county["auc"] == pytest.approx(next(r["value"] for r in assessed["out_of_village"] if r["figure"] == "auc"))
    assert not assessed["traders"]["is_enough"]


def test_a_synthetic_card_is_held_against_the_world_that_made_its_history(assessed):
    found = assessed["truth"]
    assert found["card_auc"] == pytest.approx(assessed["places"][0]["auc"])
    assert found["rows"] == sum(row["rows"] for row in assessed["by_fold"])
    assert found["card_auc"] < found["known_auc"] <= found["best_auc"] < 0.95
    assert sum(row["gained"] for row in found["facts"]) == pytest.approx(found["gap"], abs=1e-4)
    assert found["facts"][0]["known"] == "undelivered"  # ability and will, which no office delivers


def test_a_truth_that_is_of_other_loans_or_damaged_is_refused_and_without_one_there_is_none(
    workshop: Workshop, observed: histories.Observation, tmp_path: Path
):
    place = Path(COUNTY) / "default_odds.parquet"
    assert histories._truth(tmp_path, COUNTY) is None
    (tmp_path / "truth" / COUNTY).mkdir(parents=True)
    (tmp_path / "truth" / place).write_bytes(b"PAR1")
    with pytest.raises(MissingInput, match=r"default_odds.parquet cannot be read.*make the synthetic history anew"):
        histories._truth(tmp_path, COUNTY)
    shutil.copy(workshop.histories[0] / "truth" / place, tmp_path / "truth" / place)
    other = dataclasses.replace(observed, truth=histories._truth(tmp_path, COUNTY))
    with pytest.raises(MissingInput, match="does not know every loan whose outcome teaches"):
        reach._truth([other])
    assert reach._truth([dataclasses.replace(observed, truth=None)]) is None


def test_the_evidence_is_of_rows_unseen_and_has_its_intervals(assessed):
    for row in assessed["out_of_village"] + assessed["out_of_time"]:
        assert row["low"] <= row["value"] <= row["high"]
    by_name = {row["figure"]: row["value"] for row in assessed["out_of_village"]}
    assert 0.55 < by_name["auc"] < 0.95
    assert len(assessed["by_fold"]) == 5
    assert sum(row["loans"] for row in assessed["bands"]) == sum(row["rows"] for row in assessed["by_fold"])
    assert sum(row["observed"] for row in assessed["lift"]) == sum(row["bads"] for row in assessed["by_fold"])
    assert assessed["lift"][-1]["caught"] == 1
    for row in assessed["bands"]:
        if row["loans"]:  # 3.5% of margin, 60% lost of what defaults
            assert row["earned_observed"] == pytest.approx(3.5 * (1 - row["observed"]) - 60 * row["observed"], abs=1e-4)
    for price in (assessed["price"], assessed["directions"]):
        assert price["low"] <= price["gap"] <= price["high"]
    for row in assessed["flips"]:
        assert row["loans"] >= 30
        assert (row["low"] > row["usual"]) if row["points"] > 0 else (row["high"] < row["usual"])


@pytest.mark.parametrize(("low", "is_first"), [(0.499, True), (0.5, True), (0.501, False)])
def test_a_card_that_may_know_nothing_is_the_first_thing_to_look_at(assessed, low: float, is_first: bool):
    rows = [{**row, "low": low} if row["figure"] == "auc" else row for row in assessed["out_of_time"]]
    english, chinese = concerns({**assessed, "out_of_time": rows, "flips": [{"feature": "land_mu"}]})[0]
    assert english.startswith("out of time: AUC") == chinese.startswith("跨期 AUC") == is_first


def test_groups_are_compared_and_no_household_s_name_shape_is_stored(workshop: Workshop, assessed):
    attributes = {row["attribute"] for row in assessed["groups"]}
    assert attributes == {"sex", "age", "land", "monitored", "name_shape"}
    for row in assessed["groups"]:
        assert row["is_hidden"] == (row["households"] < 30)
        assert row["group"]  # who is in no group that is known is in the group of these
        if not row["is_hidden"]:
            assert row["low"] <= row["approval"] <= row["high"]
            assert row["is_flagged"] == (row["approval_ratio"] < 0.8)
    assert {row["feature"] for row in assessed["proxies"]} >= {"land_mu", "all together"}
    assert assessed["alternatives"][0]["without"] == ""
    written = [path.name for path in workshop.folder.iterdir()]
    assert not [name for name in written if name.endswith((".parquet", ".csv"))]


def test_a_challenger_is_compared_and_says_that_it_decides_nothing(assessed):
    other = assessed["challenger_card"]
    assert "not authoritative" in other["note"]
    assert other["figures"]["authoritative"] == other["figures"]["challenger"]
    assert other["approved"]["only_challenger"] == other["approved"]["only_authoritative"] == 0
    assert other["approved"]["both"] + other["approved"]["neither"] == other["rows"]


# signing


@pytest.fixture
def candidate(workshop: Workshop, tmp_path: Path) -> Path:
    folder = tmp_path / "candidate"
    shutil.copytree(workshop.folder, folder)
    return folder


def test_three_people_sign_and_then_it_may_decide(candidate: Path, workshop: Workshop, tmp_path: Path):
    store = new_store(tmp_path)
    shutil.copy(POLICY, candidate)
    request = request_of(COUNTY, models=candidate)
    for role, by in (("developer", "11"), ("validator", "22")):
        sign_model(candidate, role, by, store.keys)
        with pytest.raises(ModelRefused, match="not signed by its"):
            score.score_inbox(store, workshop.inbox, request)
    sign_model(candidate, "approver", "33", store.keys)
    run = score.score_inbox(store, workshop.inbox, request)
    assert run.counts["households"]["granted"] > 0
    assert store.manifest(run.run_id)["versions"]["scorecard"] == "candidate"
    # another bank's store does not take this bank's signatures
    with pytest.raises(ModelRefused, match="neither this store's"):
        score.score_inbox(new_store(tmp_path / "other"), workshop.inbox, request)


def test_nobody_signs_twice_and_no_role_is_signed_twice(candidate: Path, tmp_path: Path):
    keys = new_store(tmp_path).keys
    sign_model(candidate, "developer", "Lin", keys)
    with pytest.raises(GateRefused, match="ask another person"):
        sign_model(candidate, "approver", "ＬＩＮ ", keys)
    with pytest.raises(RunConflict, match="already"):
        sign_model(candidate, "developer", "Wang", keys)


def test_a_candidate_that_was_altered_is_neither_signed_nor_assessed(candidate: Path, tmp_path: Path):
    path = candidate / "candidate.scorecard.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"base_points": 6', '"base_points": 7'), encoding="utf-8")
    with pytest.raises(ModelRefused, match="altered"):
        sign_model(candidate, "developer", "11", new_store(tmp_path).keys)
    with pytest.raises(ModelRefused, match="altered"):
        assess_model(candidate, POLICY)


def test_signing_changes_nothing_but_the_signatures(candidate: Path, workshop: Workshop, tmp_path: Path):
    sign_model(candidate, "developer", "11", new_store(tmp_path).keys)
    signed = read_candidate(candidate)
    assert signed.model_copy(update={"signatures": []}) == workshop.card
    assert "11" in (candidate / "candidate.card.html").read_text(encoding="utf-8")


def test_the_commands_say_what_is_wrong_and_what_to_do(candidate: Path, tmp_path: Path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = ["--store", str(tmp_path / "s")]
    assert main(["model", "sign", str(candidate), "--role", "developer", "--by", "11", *store]) == 0
    assert "lacking: validator, approver" in capsys.readouterr().out
    assert main(["model", "sign", str(candidate), "--role", "validator", "--by", "11", *store]) == 4
    assert "ask another person" in capsys.readouterr().err
    assert main(["model", "sign", str(tmp_path), "--role", "validator", "--by", "22", *store]) == 7
    (candidate / "training.json").unlink()
    assert main(["assess-model", str(candidate), *store]) == 7
    assert "training.json" in capsys.readouterr().err
    (tmp_path / "2024-13-01").mkdir()
    assert main(["train", "--history", str(tmp_path / "2024-13-01"), "--out", str(tmp_path / "o"), *store]) == 2
    assert "name it by its day" in capsys.readouterr().err
