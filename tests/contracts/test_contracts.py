"""Each contract: one accepted record, one case per required field, and what must hold of all of them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from data_contracts.fields import Contract, Kind
from data_contracts.prohibited import prohibited_header
from data_contracts.reasons import DECISION_REASONS, EXTRACT_REASONS, ROW_REASONS
from data_contracts.registry import INCOMING, OFFICES_ZH, FieldSpec, field_specs, office_of
from village_credit.extract.headers import best_match, plain, split_unit
from village_credit.validate.judge import Batch, validate

ROOT = Path(__file__).resolve().parents[2]
ID, NAME, VILLAGE, CODE = "659900198001010011", "吐尔逊·阿合买提", "团结村", "659900100201010001"
PERSON = {"id_number": ID}

VALID: dict[str, dict[str, str]] = {
    "land_issuer": {"issuer_code": CODE[:14], "issuer_name": "红柳乡团结村一组", "issuer_address": "某县红柳乡"},
    "land_contractor": {
        **PERSON, "contractor_code": CODE, "contractor_type": "1", "contractor_name": NAME, "document_type": "1", "address": "团结村一组",
        "post_code": "840000", "phone": "10000000000", "member_count": "4", "surveyed_on": "2016-05-01",
    },
    "land_member": {
        **PERSON, "contractor_code": CODE, "member_name": NAME, "sex": "1", "document_type": "1", "relation_code": "02", "member_note": "9",
        "note_text": "在外务工", "is_co_owner": "1",
    },
    "land_parcel": {
        "parcel_code": CODE[:14] + "00001", "issuer_code": CODE[:14], "contractor_code": CODE, "method_code": "110", "measured_mu": "2000", "contract_mu": "3",
        "certificate_code": CODE + "J", "is_confirmed_share": "2",
    },
    "land_transfer": {
        "transfer_code": "LZ-1", "contractor_code": CODE, "lessee_code": CODE[:-1] + "2", "transfer_method": "1", "measured_mu": "2000", "contract_mu": "3",
        "starts_on": "2024-01-01", "ends_on": "2028-12-31",
    },
    "land_subsidy": {
        **PERSON, "year": "2026", "payee_name": NAME, "village_name": VILLAGE, "group_name": "一组", "contracted_mu": "12", "leased_out_mu": "0",
        "farmed_for_others_mu": "0", "subsidised_mu": "12", "paid_yuan": "1320.55",
    },
    "crop_declaration": {**PERSON, "year": "2026", "grower_name": NAME, "village_name": VILLAGE, "crop": "棉花", "sown_mu": "12.5", "delivered_kg": "4000"},
    "family_farm": {
        **PERSON, "farm_name": "某家庭农场", "operator_name": NAME, "village_name": VILLAGE, "farm_type": "家庭农场", "managed_mu": "120", "income_yuan": "5万-20万",
    },
    "household_economy": {
        **PERSON, "year": "2025", "head_name": NAME, "township_name": "红柳乡", "village_name": VILLAGE, "group_name": "一组", "persons": "4", "labourers": "2",
        "planting_income_yuan": "30000", "livestock_income_yuan": "0", "wage_income_yuan": "12000", "trade_income_yuan": "0", "transfer_income_yuan": "800",
        "production_cost_yuan": "9000", "living_cost_yuan": "15000", "assets_yuan": "200000", "debts_yuan": "0", "sheep": "10", "cattle": "0",
        "is_cooperative_member": "是", "collected_on": "2026-03-05",
    },
    "monitored_household": {
        **PERSON, "monitored_code": "JC-1", "household_type": "脱贫户", "monitored_class": "脱贫不稳定户", "member_name": NAME, "village_name": VILLAGE,
        "is_resolved": "否", "identified_in": "2024年3月", "resolved_in": "",
    },
    "machinery_subsidy": {
        **PERSON, "year": "2025", "county_name": "某县", "township_name": "红柳乡", "village_name": VILLAGE, "buyer_name": NAME, "machine_type": "轮式拖拉机",
        "model": "某型", "machine_count": "1", "unit_price_yuan": "90000", "unit_subsidy_yuan": "20000", "subsidy_yuan": "20000", "bought_on": "2025-04-01",
        "status": "已结算",
    },
    "bank_exposure": {
        **PERSON, "borrower_name": NAME, "product_name": "农户小额贷款", "credit_yuan": "50000", "balance_yuan": "0", "loan_class": "正常", "guarantee": "信用",
        "due_on": "2027-03-05",
    },
    "bank_conduct": {
        **PERSON, "loan_number": "JJ-1", "opened_on": "2024-03-05", "due_on": "2025-03-05", "max_days_overdue": "3", "days_overdue": "0", "is_relief": "否",
        "relief_cause": "", "relief_proof": "", "cutoff_on": "2026-10-31", "product_name": "农户小额贷款", "loan_yuan": "30000", "overdue_since": "",
        "settled_on": "2025-03-08",
    },
    "credit_line": {
        **PERSON, "borrower_name": NAME, "product_name": "农贷通", "limit_yuan": "50000", "starts_on": "2025-03-05", "ends_on": "2028-03-04", "contract_number": "HT-1",
    },
    "negative_list": {
        **PERSON, "person_name": NAME, "list_category": "失信被执行人", "reason_code": "1", "evidence_number": "（2025）某执1号", "listed_on": "2025-03-05",
        "expires_on": "2027-03-04",
    },
    "related_party": {**PERSON, "person_name": NAME, "relation": "董事", "updated_on": "2026-03-05"},
    "objection": {**PERSON, "objection_type": "拒绝自动化决策", "registered_on": "2026-03-05", "disputed_data": "land_subsidy"},
    "legal_basis": {
        "source": "land_subsidy", "area_code": "659900", "basis_type": "协议", "agreement_number": "某协〔2025〕1号", "starts_on": "2025-01-01", "ends_on": "2027-12-31",
    },
    "branch": {"branch_code": "0101", "branch_name": "红柳支行", "township_code": CODE[:9], "manager_number": "1001"},
    "trader_referral": {
        **PERSON, "referral_batch": "2026-1", "shop_name": "某商店", "operator_name": NAME, "credit_code": "92659900MA00000000", "industry": "零售",
        "applied_yuan": "50000", "referred_on": "2026-09-01", "business_address": "某街1号", "phone": "10000000000",
    },
    "receipt": {
        "publication_id": "p1", "household_ref": "r1", "outcome": "imported", "reason": "已核对", "received_on": "2026-11-05", "branch_limit_yuan": "30000",
    },
    "credit_contract": {"household_ref": "r1", "contract_number": "HT-1", "signed_on": "2026-11-06", "channel": "counter"},
    "draw": {"contract_number": "HT-1", "amount_yuan": "20000", "drawn_on": "2026-11-07", "purpose": "seed"},
    "repayment": {"contract_number": "HT-1", "amount_yuan": "500.5", "paid_on": "2026-12-07"},
    "campaign_plan": {
        "campaign": "春耕", "county_code": "659900", "starts_on": "2027-02-01", "ends_on": "2027-05-31", "planned_yuan": "90000000", "purposes": "种子、化肥",
    },
}  # fmt: skip
REQUIRED = [
    (contract, spec.name) for contract in INCOMING for spec in field_specs(contract) if spec.is_required
]
PERSONAL_KINDS = {Kind.NAME, Kind.ID, Kind.PHONE}
CODES = re.compile(r"'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'")
NO_REASONS = {"VILLAGE_CREDIT_MODELS", "VILLAGE_CREDIT_STORE", "VILLAGE_CREDIT_KEY_FILE", "PROHIBITED_ATTRIBUTE", "GRANT_WITHOUT_LIMIT", "LIMIT_WITHOUT_GRANT"}  # fmt: skip


def record(contract: str, **changes: str) -> Batch:
    """One valid delivered row; a test states only what differs."""
    row = VALID[contract] | changes
    lines = pa.array([2], pa.int32())
    said = {spec.name: spec.column.unit for spec in field_specs(contract) if spec.column.unit}
    return Batch(
        contract,
        pa.table({"line_number": lines, "last_line": lines} | {k: [v] for k, v in row.items()}),
        said,
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


@pytest.mark.parametrize(("header", "why"), [("民族", "attribute"), ("健康状况", "attribute"), ("是否党员", "attribute"), ("银行卡号", "account"), ("一卡通账号", "account"), ("姓名", None)])  # fmt: skip
def test_prohibited_headers_are_told_with_why(header, why):
    assert prohibited_header(header) == why


def test_every_field_says_how_sensitive_it_is_and_no_secret_is_asked_for():
    assert {spec.column.sensitivity for _, spec in all_fields()} == {"C1", "C2"}


def test_every_name_number_and_phone_of_a_person_is_personal():
    open_fields = [
        (c, s.name) for c, s in all_fields() if s.kind in PERSONAL_KINDS and s.column.sensitivity != "C2"
    ]
    assert open_fields == []


def test_what_a_person_earns_owes_or_owns_is_personal():
    kept = re.compile(r"income|debts|assets|balance|limit_yuan|credit_yuan")
    open_fields = [
        (c, s.name) for c, s in all_fields() if kept.search(s.name) and s.column.sensitivity != "C2"
    ]
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
    parts = ["extract", "validate", "link", "acts", "decide", "publish", "report"]
    used = codes_used([f"src/village_credit/{part}" for part in parts] + ["data_contracts"])
    assert {"REQUIRED_EMPTY", "CONFLICTING_ROWS", "UNREADABLE_FILE", "VILLAGE_AMBIGUOUS"} <= used
    assert used - {*ROW_REASONS, *EXTRACT_REASONS, *DECISION_REASONS} <= NO_REASONS


@pytest.mark.parametrize(
    "reasons", [ROW_REASONS, EXTRACT_REASONS, DECISION_REASONS], ids=["row", "extract", "decision"]
)
def test_reasons_are_sentences_that_differ_and_hold_no_latin_jargon(reasons):
    assert len(set(reasons.values())) == len(reasons)
    assert all(re.search(r"[\u4e00-\u9fff]{4}", text) for text in reasons.values())
