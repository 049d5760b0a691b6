"""Each contract: one accepted record, one case per required field, and what must hold of all of them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from data_contracts.examples import EXAMPLES as VALID
from data_contracts.fields import Contract, Kind
from data_contracts.prohibited import prohibited_header
from data_contracts.reasons import DECISION_REASONS, EXTRACT_REASONS, ROW_REASONS, SHAPE_REASONS
from data_contracts.registry import INCOMING, OFFICES_ZH, FieldSpec, field_specs, office_of
from village_credit.extract.headers import best_match, plain, split_unit
from village_credit.validate.rows import Batch, validate

ROOT = Path(__file__).resolve().parents[2]
REQUIRED = [(contract, spec.name) for contract in INCOMING for spec in field_specs(contract) if spec.is_required]
PERSONAL_KINDS = {Kind.NAME, Kind.ID, Kind.PHONE}
CODES = re.compile(r"'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'")
NO_REASONS = {
    "VILLAGE_CREDIT_MODELS",
    "VILLAGE_CREDIT_STORE",
    "VILLAGE_CREDIT_KEY_FILE",
    "PROHIBITED_ATTRIBUTE",
    "GRANT_WITHOUT_LIMIT",
    "LIMIT_WITHOUT_GRANT",
}


def record(contract: str, **changes: str) -> Batch:
    """One valid delivered row; a test states only what differs."""
    row = VALID[contract] | changes
    lines = pa.array([2], pa.int32())
    said = {spec.name: spec.column.unit for spec in field_specs(contract) if spec.column.unit}
    return Batch(
        contract, pa.table({"line_number": lines, "last_line": lines} | {k: [v] for k, v in row.items()}), said
    )


def all_fields() -> list[tuple[str, FieldSpec]]:
    return [(contract, spec) for contract in INCOMING for spec in field_specs(contract)]


@pytest.mark.parametrize("contract", INCOMING)
def test_a_contract_accepts_its_valid_record(contract):
    assert set(VALID[contract]) == {spec.name for spec in field_specs(contract)}
    accepted, findings = validate(record(contract))
    assert (accepted.num_rows, findings.to_pylist()) == (1, [])


@pytest.mark.parametrize("contract", INCOMING)
def test_a_contract_accepts_a_record_of_required_fields_only(contract):
    optional = {spec.name: "" for spec in field_specs(contract) if not spec.is_required}
    if contract == "land_transfer":
        del optional["contract_mu"]  # one of its two areas must be known
    accepted, findings = validate(record(contract, **optional))
    assert (accepted.num_rows, findings.to_pylist()) == (1, [])


@pytest.mark.parametrize(("contract", "field"), REQUIRED)
def test_a_required_field_left_empty_quarantines_with_its_name(contract, field):
    accepted, findings = validate(record(contract, **{field: "\u3000"}))
    assert accepted.num_rows == 0
    assert findings.select(["field", "reason_code", "is_quarantine"]).to_pylist() == [
        {"field": field, "reason_code": "REQUIRED_EMPTY", "is_quarantine": True}
    ]


def test_a_lease_without_any_area_is_quarantined():
    _, findings = validate(record("land_transfer", measured_mu="", contract_mu=""))
    assert findings["reason_code"].to_pylist() == ["AREA_MISSING"]


@pytest.mark.parametrize(
    ("contract", "changes", "reason"),
    [
        ("land_parcel", {"contract_mu": "2000"}, "AREA_UNIT_CONFLICT"),
        ("land_transfer", {"contract_mu": "2000"}, "AREA_UNIT_CONFLICT"),
        ("land_transfer", {"ends_on": "2023-12-31"}, "ENDS_BEFORE_START"),
        ("bank_conduct", {"due_on": "2024-03-04"}, "ENDS_BEFORE_START"),
        ("bank_conduct", {"days_overdue": "4"}, "DAYS_DISAGREE"),
        ("credit_line", {"ends_on": "2025-03-04"}, "ENDS_BEFORE_START"),
    ],
)
def test_a_record_that_contradicts_itself_is_quarantined(contract, changes, reason):
    accepted, findings = validate(record(contract, **changes))
    assert (accepted.num_rows, findings["reason_code"].to_pylist()) == (0, [reason])


@pytest.mark.parametrize("contract", INCOMING)
def test_an_undeclared_field_is_no_part_of_a_record(contract):
    model: type[Contract] = INCOMING[contract]
    assert model.model_config["extra"] == "forbid"
    assert model.model_config["hide_input_in_errors"] is True


@pytest.mark.parametrize("contract", INCOMING)
def test_a_contracts_headers_are_unambiguous_within_it(contract):
    owners = Counter()
    for spec in field_specs(contract):
        owners.update({plain(header).upper() for header in (spec.column.header, *spec.column.aliases)})
    assert [header for header, fields in owners.items() if fields > 1] == []


@pytest.mark.parametrize("contract", INCOMING)
def test_no_header_reads_as_another_once_its_unit_is_taken_off(contract):
    for spec in field_specs(contract):
        for header in (spec.column.header, *spec.column.aliases):
            own = "yuan" if header.endswith("_yuan") else None
            assert split_unit(plain(header)) == (plain(header), own)


@pytest.mark.parametrize("contract", INCOMING)
def test_a_contract_is_recognised_by_its_own_headers(contract):
    specs = field_specs(contract)
    whole = best_match([spec.column.header for spec in specs])
    required = best_match([spec.column.header for spec in specs if spec.is_required])
    assert (whole.contract, whole.missing, whole.dropped) == (contract, (), [])
    assert (required.contract, required.missing) == (contract, ())


def test_no_contract_asks_for_what_is_prohibited():
    headers = [header for _, spec in all_fields() for header in (spec.column.header, *spec.column.aliases)]
    assert [header for header in headers if prohibited_header(header)] == []


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("民族", "attribute"),
        ("健康状况", "attribute"),
        ("是否党员", "attribute"),
        ("银行卡号", "account"),
        ("一卡通账号", "account"),
        ("姓名", None),
    ],
)
def test_prohibited_headers_are_told_with_why(header, why):
    assert prohibited_header(header) == why


def test_every_field_says_how_sensitive_it_is_and_no_secret_is_asked_for():
    assert {spec.column.sensitivity for _, spec in all_fields()} == {"C1", "C2"}


def test_every_name_number_and_phone_of_a_person_is_personal():
    open_fields = [(c, s.name) for c, s in all_fields() if s.kind in PERSONAL_KINDS and s.column.sensitivity != "C2"]
    assert open_fields == []


def test_what_a_person_earns_owes_or_owns_is_personal():
    kept = re.compile(r"income|debts|assets|balance|limit_yuan|credit_yuan")
    open_fields = [(c, s.name) for c, s in all_fields() if kept.search(s.name) and s.column.sensitivity != "C2"]
    assert open_fields == []


def test_money_land_and_mass_have_their_canonical_unit():
    units = {Kind.YUAN: "yuan", Kind.MU: "mu", Kind.KILOGRAM: "kilogram"}
    for _, spec in all_fields():
        if spec.kind in (Kind.YUAN, Kind.KILOGRAM):
            assert spec.column.unit == units[spec.kind]
        elif spec.kind is Kind.MU:
            assert spec.column.unit == ("square_metre" if spec.name == "measured_mu" else "mu")
        else:
            assert spec.column.unit is None


@pytest.mark.parametrize("contract", INCOMING)
def test_every_contract_has_an_office_and_keys_among_its_fields(contract):
    assert office_of(contract) in OFFICES_ZH
    names = {spec.name for spec in field_specs(contract)}
    model = INCOMING[contract]
    keys = (*getattr(model, "unique_key", ()), *getattr(model, "superseding_key", ()))
    assert set(keys) <= names
    assert getattr(model, "superseding_order", next(iter(names))) in names


def codes_used(folders: list[str]) -> set[str]:
    """Collect what looks like a reason's code in Python's strings, SQL within them included, and in SQL files."""
    found: set[str] = set()
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            if path.name == "reasons.py":
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.update(CODES.findall(node.value), CODES.findall(f"'{node.value}'"))
        for path in (ROOT / folder).rglob("*.sql"):
            found.update(CODES.findall(path.read_text(encoding="utf-8")))
    return found


def test_every_reason_used_in_code_has_its_chinese_sentence():
    parts = ["extract", "ingest", "shapes", "validate", "link", "acts", "decide", "publish", "report"]
    used = codes_used([f"src/village_credit/{part}" for part in parts] + ["data_contracts"])
    assert {"REQUIRED_EMPTY", "CONFLICTING_ROWS", "UNREADABLE_FILE", "VILLAGE_AMBIGUOUS"} <= used
    assert used - {*ROW_REASONS, *EXTRACT_REASONS, *SHAPE_REASONS, *DECISION_REASONS} <= NO_REASONS


@pytest.mark.parametrize(
    "reasons",
    [ROW_REASONS, EXTRACT_REASONS, SHAPE_REASONS, DECISION_REASONS],
    ids=["row", "extract", "shape", "decision"],
)
def test_reasons_are_sentences_that_differ_and_hold_no_latin_jargon(reasons):
    assert len(set(reasons.values())) == len(reasons)
    assert all(re.search(r"[\u4e00-\u9fff]{4}", text) for text in reasons.values())


@pytest.mark.parametrize(
    ("rent", "is_kept"), [("0", True), ("30", True), ("29.99", False), ("30000", True), ("30000.01", False)]
)
def test_a_rent_that_nobody_pays_is_quarantined(rent: str, is_kept: bool):
    """Three mu: 10 to 10,000 yuan a mu and year, or nothing."""
    accepted, findings = validate(record("land_transfer", rent_yuan=rent))
    assert accepted.num_rows == is_kept
    assert [row["reason_code"] for row in findings.to_pylist()] == ([] if is_kept else ["RENT_IMPLAUSIBLE"])


@pytest.mark.parametrize("rent", ["-2400", "面议", "1200元/亩", "800-1000", "2400.123"])
def test_a_rent_that_cannot_be_read_is_no_rent_of_the_policy_s(rent: str):
    accepted, findings = validate(record("land_transfer", rent_yuan=rent))
    assert (accepted.num_rows, findings.column("is_quarantine").to_pylist()) == (0, [True])


@pytest.mark.parametrize(("day", "is_kept"), [("2024-03-01", True), ("2024-02-29", False), ("9999-12-31", True)])
def test_nobody_leaves_the_list_before_he_was_found(day: str, is_kept: bool):
    accepted, _ = validate(record("monitored_household", identified_in="2024年3月", left_on=day))
    assert accepted.num_rows == is_kept
    assert not is_kept or accepted.column("left_on").null_count == (day == "9999-12-31")


@pytest.mark.parametrize("contract", ["contractor_change", "branch_change"])
def test_a_code_that_changes_into_itself_is_no_change(contract: str):
    code = VALID[contract]["old_code"]
    accepted, findings = validate(record(contract, new_code=code))
    assert (accepted.num_rows, [row["reason_code"] for row in findings.to_pylist()]) == (0, ["SAME_CODE"])


@pytest.mark.parametrize(
    ("word", "cause"), [("合户", "merge"), ("分户", "split"), ("延包", "recode"), ("", None), ("分 户", "split")]
)
def test_the_words_for_a_change_of_code_are_known(word: str, cause: str | None):
    accepted, _ = validate(record("contractor_change", cause=word))
    assert accepted.column("cause").to_pylist() == [cause]


@pytest.mark.parametrize(
    ("contract", "changes", "is_kept"),
    [
        ("negative_list", {"listed_on": "2025-03-05", "repaired_on": "2025-03-05"}, True),
        ("negative_list", {"listed_on": "2025-03-05", "repaired_on": "2025-03-04"}, False),
        ("bank_conduct", {"overdue_since": "2025-03-06", "cured_on": "2025-03-06"}, True),
        ("bank_conduct", {"overdue_since": "2025-03-06", "cured_on": "2025-03-05"}, False),
        ("bank_conduct", {"overdue_since": "", "cured_on": "2025-03-05"}, True),
    ],
)
def test_nothing_is_repaired_before_it_stands(contract: str, changes: dict[str, str], is_kept: bool):
    accepted, findings = validate(record(contract, **changes))
    assert accepted.num_rows == is_kept
    assert [row["reason_code"] for row in findings.to_pylist()] == ([] if is_kept else ["ENDS_BEFORE_START"])
