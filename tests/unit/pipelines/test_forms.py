"""What a form shows of a flow, what a flow run is called, and what it leaves on its page."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from prefect.utilities.callables import parameter_schema
from pydantic import TypeAdapter, ValidationError

from pipelines import names
from pipelines.artifacts import run_text
from pipelines.names import called
from pipelines.places import counties_at_once
from pipelines.publish import publish
from pipelines.rescore import rescore
from pipelines.score import _rows, score_all, score_county
from pipelines.serve import require_settings
from pipelines.train import ModelId, train
from pipelines.words import COUNTIES, Inbox, Reason, _service_area, county_code
from village_credit.errors import UsageError, VillageCreditError
from village_credit.services.rules import default_counties


@pytest.mark.parametrize("flow", [score_county, score_all, rescore, publish, train], ids=lambda flow: flow.name)
def test_a_form_explains_every_parameter(flow: Any):
    properties = parameter_schema(flow.fn).model_dump()["properties"]
    assert properties
    assert {name: said.get("description", "") for name, said in properties.items() if "·" not in str(said)} == {}


def test_a_county_is_chosen_by_code_and_name_and_named_in_a_command_by_its_code():
    schema = parameter_schema(rescore.fn).model_dump()["properties"]["county"]
    by_name, by_code = schema["anyOf"]
    assert "659900 沙枣县" in by_name["enum"]
    assert [int(label.partition(" ")[0]) for label in by_name["enum"]] == by_code["enum"]
    assert {county_code(said) for said in (659900, "659900", "659900 沙枣县")} == {"659900"}
    assert set(COUNTIES) == {str(code) for code in by_code["enum"]}


@pytest.mark.parametrize("said", ["659900 别的县", "110101", "659900 ", "", None, 659900190001011237, "6599 00"])
def test_nothing_else_is_a_county(said: object):
    with pytest.raises(ValueError, match="service_area"):
        county_code(said)


def test_a_run_is_called_by_what_it_is_of_unless_a_person_gave_it_a_name(monkeypatch: pytest.MonkeyPatch):
    def named(given: str | None) -> str:
        monkeypatch.setattr(names, "flow_run", type("Run", (), {"name": given, "parameters": {"county": "659900"}}))
        return called(lambda asked: f"score {asked['county']}")()

    assert {named(made_up) for made_up in ("chi-sadr-manifold", "lively-otter", "mu6-nelvana-k", None, "")} == {
        "score 659900"
    }
    assert named("张三 659900199003078515") == "score 659900"
    assert {named(typed) for typed in ("New crop norms", "春耕前重算")} == {"New crop norms", "春耕前重算"}


def test_a_run_leaves_failed_gates_first_and_the_command_that_comes_next():
    run = {
        "county": "659900", "as_of": "2026-11-01", "run_id": "r0", "noop": False, "sum_limit_yuan": 1_500_000,
        "counts": {"households": {"granted": 40}, "lines": {"accepted": 900}, "registered": 60}, "rejected": [],
        "gates": [
            {"gate": "budget", "verdict": "pass", "value": 0.0, "threshold": "a|b"},
            {"gate": "total_change", "verdict": "fail", "value": None, "threshold": "c"},
        ],
    }  # fmt: skip
    text = run_text(run)
    assert text.index("| fail | total_change | missing | c |") < text.index("| pass | budget | 0 | a/b |")
    assert "--override total_change=WHY" in text
    assert "1,500,000 yuan" in text


def test_a_night_names_those_that_failed_first():
    rows = _rows({"659900": "r1", "659999": ""}, {"653199": "no register"}, ["110000"])
    assert [(row["county"], row["end"], row["what"]) for row in rows] == [
        ("653199", "failed", "no register"),
        ("659900 沙枣县", "staged", "r1"),
        ("659999", "left alone", "nothing came"),
        ("110000", "skipped", "a later day is staged"),
    ]


def test_how_many_counties_are_scored_side_by_side_is_a_number(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VILLAGE_CREDIT_AT_ONCE", raising=False)
    assert counties_at_once() == 2
    for said in ("0", "all", "-1", "1.5"):
        monkeypatch.setenv("VILLAGE_CREDIT_AT_ONCE", said)
        with pytest.raises(UsageError, match="whole number"):
            counties_at_once()
    monkeypatch.setenv("VILLAGE_CREDIT_AT_ONCE", "7")
    assert counties_at_once() == 7


@pytest.mark.parametrize(
    "said",
    [
        "659900199003078515",
        "６５９９００１９９００３０７８５１５ x",
        "659900 19900307 8515",
        "张三 六五九九〇〇一九九〇〇三〇七八五一五",
        "138-0013-8000",
        "x" * 81,
        "",
    ],
)
def test_a_reason_holds_no_number_of_a_person_in_whatever_dress(said: str):
    with pytest.raises(ValidationError):
        TypeAdapter(Reason).validate_python(said)
    pattern = TypeAdapter(Reason).json_schema()["pattern"]
    assert not re.search(pattern, said) or len(said) in (0, 81)  # the server refuses it before anything runs


def test_a_reason_may_name_a_day():
    assert TypeAdapter(Reason).validate_python("新作物定额 2026-11-01") == "新作物定额 2026-11-01"


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("VILLAGE_CREDIT_AT_ONCE", "abc"),
        ("VILLAGE_CREDIT_MEMO_MB", "abc"),
        ("VILLAGE_CREDIT_THREADS", "x"),
        ("VILLAGE_CREDIT_MEMORY_MB", "64"),
        ("VILLAGE_CREDIT_ALERTS", "none.toml"),
    ],
)
def test_serve_starts_with_no_setting_that_a_night_would_stumble_over(
    monkeypatch: pytest.MonkeyPatch, variable: str, said: str
):
    require_settings()
    monkeypatch.setenv(variable, said)
    with pytest.raises(VillageCreditError, match=variable):
        require_settings()


@pytest.mark.parametrize("said", ["x659900199003078515", "x-659900-19900307-8515", "x13800138000"])
def test_no_number_of_a_person_names_a_candidate(said: str):
    with pytest.raises(ValidationError):
        TypeAdapter(ModelId).validate_python(said)
    assert TypeAdapter(ModelId).validate_python("trial-2026.11") == "trial-2026.11"


@pytest.mark.parametrize("said", ["/data/659900199003078515", "/data/６５９９００ 19900307 8515/inbox"])
def test_no_number_of_a_person_stands_in_an_inbox_s_place(said: str):
    with pytest.raises(ValidationError):
        TypeAdapter(Inbox).validate_python(said)
    assert TypeAdapter(Inbox).validate_python("/data/inbox/2026-11-01") == "/data/inbox/2026-11-01"


def test_one_county_s_unsound_terms_leave_the_forms_of_all_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copy(default_counties() / "default.toml", tmp_path)
    shutil.copy(default_counties() / "659900.toml", tmp_path)
    (tmp_path / "653199.toml").write_text("county = [", encoding="utf-8")
    monkeypatch.setenv("VILLAGE_CREDIT_COUNTIES", str(tmp_path))
    labels = _service_area()
    assert (labels["653199"], labels["659900"]) == ("653199", "659900 沙枣县")
